//! What goes by mail, and when; what a promise is worth; what is kept of it.

use super::*;
use crate::ids::MailboxId;
use crate::mail::{Answer, MailKey, Promise, Refused};
use crate::testing::MailFault;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

/// Alice and bob, who uses so many mailboxes and is away since.
fn away(seed: u64, mailboxes: usize) -> World {
    let mut world = World::friends(2, seed);
    for mailbox in 0..mailboxes {
        assert_eq!(world.add_mailbox(), mailbox);
        use_mailbox(&mut world, mailbox);
    }
    world.run(10 * SECOND_MS);
    assert_eq!(view(&mut world, 0, 1).mailboxes as usize, mailboxes);
    world.crash(1);
    world.run(3 * SECOND_MS);
    world
}

fn use_mailbox(world: &mut World, mailbox: usize) {
    let link = world.mail_link(mailbox);
    world.command(1, Command::MailboxUse { link }).unwrap();
}

fn custody(world: &mut World, message: MessageId) -> Vec<CustodyView> {
    match world.command(0, Command::Custody { message }) {
        Ok(Reply::Custody(views)) => views,
        other => panic!("{other:?}"),
    }
}

fn deposits(world: &World) -> Vec<u64> {
    world.mailboxes.iter().map(|mailbox| mailbox.deposits).collect()
}

/// What alice asked mailboxes for bob and was not answered: number, mailbox, queue, hash of the envelope.
fn under_way(world: &mut World) -> Vec<(u64, MailboxId, [u8; 16], [u8; 32])> {
    engine(world, 0).mail.post.under_way()
}

/// Gives alice an answer by hand, and commits.
fn answer_deposit(world: &mut World, number: u64, mailbox: MailboxId, answer: Option<Answer>) {
    let engine = engine(world, 0);
    engine.mail_answered(mailbox, number, answer);
    engine.pump();
    let step = engine.flush();
    world.machines[0].disk.commit(&step.changes);
}

#[test]
fn what_is_for_somebody_away_lies_at_all_their_mailboxes_and_is_not_delivered() {
    let mut world = away(1, 2);
    let message = world.send(0, 1, "for later").unwrap();
    assert_eq!(world.state(0, message, 1), Some(MessageState::Queued));
    world.run(5 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Mailbox));
    let views = custody(&mut world, message);
    assert_eq!(views.len(), 2);
    let now = engine(&mut world, 0).now.wall_ms;
    for view in &views {
        let left = u64::try_from(view.until - now).unwrap();
        assert!((13 * DAY_MS..=14 * DAY_MS).contains(&left), "{left}");
    }
    assert_eq!(deposits(&world), [1, 1]);
    let shown = view(&mut world, 0, 1);
    assert_eq!((shown.waiting, shown.in_mailboxes), (1, 1));
    assert_eq!(peer(&mut world, 0, 1).outbox.len(), 1, "it stays until bob has signed for it");
}

#[test]
fn what_is_said_at_once_goes_in_one_envelope() {
    let mut world = away(2, 1);
    for number in 0..50 {
        world.send(0, 1, &format!("message {number}")).unwrap();
    }
    world.run(5 * SECOND_MS);
    assert_eq!(view(&mut world, 0, 1).in_mailboxes, 50);
    assert!(deposits(&world)[0] <= 2, "{:?}", deposits(&world));
}

#[test]
fn a_link_that_comes_back_first_leaves_nothing_at_a_mailbox() {
    let mut world = World::friends(2, 3);
    world.add_mailbox();
    use_mailbox(&mut world, 0);
    world.run(10 * SECOND_MS);
    world.crash(1);
    let message = world.send(0, 1, "are you there?").unwrap();
    world.start(1);
    world.run(20 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Delivered));
    assert_eq!(deposits(&world), [0]);
    // Nor while it is slow to answer, whatever else calls for the mailbox road.
    world.mute.insert((0, 1));
    world.send(0, 1, "still there?").unwrap();
    let device = world.machines[1].device;
    engine(&mut world, 0).post_soon(device);
    world.turn(0, vec![Input::Wake]);
    world.run(5 * SECOND_MS);
    assert_eq!(deposits(&world), [0]);
}

#[test]
fn a_link_that_is_silent_for_15_seconds_is_not_waited_for() {
    let mut world = World::friends(2, 4);
    world.add_mailbox();
    use_mailbox(&mut world, 0);
    world.run(10 * SECOND_MS);
    world.mute.insert((0, 1));
    let message = world.send(0, 1, "hello?").unwrap();
    world.run(13 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Queued));
    world.run(6 * SECOND_MS);
    assert!(world.state(0, message, 1) >= Some(MessageState::Mailbox));
    // Bob has it from there, and says so by the same road.
    world.run(10 * SECOND_MS);
    assert_eq!(world.shown(1, 0), ["hello?"]);
}

#[test]
fn a_new_card_with_another_mailbox_has_waiting_messages_left_there_too() {
    let mut world = away(5, 1);
    let message = world.send(0, 1, "follow me").unwrap();
    world.run(5 * SECOND_MS);
    assert_eq!(custody(&mut world, message).len(), 1);
    let new = world.add_mailbox();
    // Bob comes back where alice is not, moves, and his card reaches alice by hand.
    world.part(0, 1);
    world.start(1);
    world.run(SECOND_MS);
    use_mailbox(&mut world, new);
    let first = mailbox_views(&mut world, 1)[0].mailbox;
    world.command(1, Command::MailboxDrop { mailbox: first }).unwrap();
    world.stop_mailbox(0);
    world.run(10 * SECOND_MS);
    let alice = world.account(0);
    let rv = engine(&mut world, 1).contacts[&alice].rv_out;
    let card = engine(&mut world, 1).own_card(&rv).unwrap();
    world.crash(1);
    engine(&mut world, 0).take_card(None, &card).unwrap();
    world.turn(0, vec![Input::Wake]);
    world.run(10 * SECOND_MS);
    let ids: Vec<MailboxId> = custody(&mut world, message).iter().map(|view| view.mailbox).collect();
    assert!(ids.contains(&world.mailboxes[new].id()), "{ids:?}");
}

fn mailbox_views(world: &mut World, at: usize) -> Vec<MailboxView> {
    match world.command(at, Command::MailboxList) {
        Ok(Reply::Mailboxes { mine, .. }) => mine,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mailbox_that_refuses_does_not_keep_others_from_taking_it() {
    let mut world = away(6, 2);
    world.mailboxes[0].faults = vec![MailFault::Refuses];
    let message = world.send(0, 1, "for the other one").unwrap();
    world.run(10 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Mailbox));
    let views = custody(&mut world, message);
    assert_eq!(views.len(), 1);
    assert_eq!(views[0].mailbox, world.mailboxes[1].id());
    // It has room again: within half an hour it is asked again.
    world.mailboxes[0].faults.clear();
    world.run(2 * HOUR_MS);
    assert_eq!(custody(&mut world, message).len(), 2);
}

#[test]
fn a_message_waits_while_every_mailbox_is_full() {
    let mut world = away(7, 1);
    let message = world.send(0, 1, "no room").unwrap();
    stop_answers(&mut world);
    world.run(3 * SECOND_MS);
    let (number, mailbox, ..) = under_way(&mut world)[0];
    answer_deposit(&mut world, number, mailbox, Some(Answer::Refused(Refused::Full)));
    assert_eq!(world.state(0, message, 1), Some(MessageState::Queued));
    assert!(custody(&mut world, message).is_empty());
    world.run(40 * SECOND_MS);
    assert!(under_way(&mut world).is_empty(), "it is not asked again at once");
}

/// Nothing comes from mailboxes any more, and nothing is noticed of it yet.
fn stop_answers(world: &mut World) {
    for mailbox in 0..world.mailboxes.len() {
        let end = world.mailbox_end(mailbox);
        world.mute.insert((0, end));
    }
}

#[test]
fn a_promise_of_somebody_else_or_for_something_else_is_worth_nothing() {
    let entropy = [9; 64];
    let key = MailKey::of(&DeviceKeys::from_entropy(entropy));
    for wrong in 0..5 {
        let mut world = away(8, 1);
        // The mailbox of bob's card is one whose key this test has.
        let record = &mut peer(&mut world, 0, 1).record;
        record.mailboxes[0].id = key.id();
        stop_answers(&mut world);
        let message = world.send(0, 1, "who keeps it?").unwrap();
        world.run(3 * SECOND_MS);
        let (number, mailbox, queue, envelope) = under_way(&mut world)[0];
        let mut promise =
            Promise { queue: crate::kdf::hash(&queue), envelope, kept_s: 14 * 86_400, at_s: 1_790_000_000 };
        match wrong {
            1 => promise.queue = crate::kdf::hash(b"another"),
            2 => promise.envelope[0] ^= 1,
            3 => promise.kept_s = 3_599,
            _ => {}
        }
        let mut signed = key.promise(&promise).unwrap();
        if wrong == 4 {
            signed.sig[0] ^= 1;
        }
        answer_deposit(&mut world, number, mailbox, Some(Answer::Promise(signed)));
        let kept = usize::from(wrong == 0);
        assert_eq!(custody(&mut world, message).len(), kept, "case {wrong}");
        let state = if wrong == 0 { MessageState::Mailbox } else { MessageState::Queued };
        assert_eq!(world.state(0, message, 1), Some(state), "case {wrong}");
    }
}

#[test]
fn a_promise_for_a_thousand_years_counts_as_one_for_60_days() {
    let mut world = away(9, 1);
    let key = MailKey::of(&DeviceKeys::from_entropy([9; 64]));
    peer(&mut world, 0, 1).record.mailboxes[0].id = key.id();
    stop_answers(&mut world);
    let message = world.send(0, 1, "for ever").unwrap();
    world.run(3 * SECOND_MS);
    let (number, mailbox, queue, envelope) = under_way(&mut world)[0];
    let promise = Promise { queue: crate::kdf::hash(&queue), envelope, kept_s: u32::MAX, at_s: 0 };
    let signed = key.promise(&promise).unwrap();
    answer_deposit(&mut world, number, mailbox, Some(Answer::Promise(signed)));
    let until = custody(&mut world, message)[0].until;
    let now = engine(&mut world, 0).now.wall_ms;
    let left = u64::try_from(until - now).unwrap();
    assert!((60 * DAY_MS - MINUTE_MS..=60 * DAY_MS).contains(&left), "{left}");
}

#[test]
fn an_answer_that_was_lost_makes_no_second_envelope() {
    let mut world = away(10, 1);
    let message = world.send(0, 1, "once").unwrap();
    world.run(5 * SECOND_MS);
    let before = peer(&mut world, 0, 1).custody.values().next().unwrap()[0].envelope;
    // The promise is on the mailbox's disk only.
    let device = world.machines[1].device;
    let row = *peer(&mut world, 0, 1).custody.keys().next().unwrap();
    peer(&mut world, 0, 1).custody.clear();
    engine(&mut world, 0).mail.post = mail::post::Post::default();
    engine(&mut world, 0).mail.cards = mail::cards::Cards::default();
    // Some time later, and after a message that came since.
    world.run(MINUTE_MS);
    engine(&mut world, 0).post_soon(device);
    world.turn(0, vec![Input::Wake]);
    world.run(5 * SECOND_MS);
    assert_eq!(peer(&mut world, 0, 1).custody[&row][0].envelope, before);
    assert_eq!(custody(&mut world, message).len(), 1);
}

#[test]
fn a_mailbox_that_was_silent_gets_what_it_missed() {
    let mut world = away(11, 2);
    world.stop_mailbox(0);
    let first = world.send(0, 1, "one").unwrap();
    world.run(20 * SECOND_MS);
    let second = world.send(0, 1, "two").unwrap();
    world.run(20 * SECOND_MS);
    assert_eq!(custody(&mut world, first).len(), 1);
    world.start_mailbox(0);
    world.run(6 * MINUTE_MS);
    assert_eq!(custody(&mut world, first).len(), 2);
    assert_eq!(custody(&mut world, second).len(), 2);
    assert_eq!(world.mailboxes[1].deposits, 2, "who has it is not asked again");
}

#[test]
fn a_message_that_is_encrypted_again_is_in_nobodys_custody_and_its_envelope_is_withdrawn() {
    let mut world = away(12, 1);
    let message = world.send(0, 1, "again").unwrap();
    world.run(5 * SECOND_MS);
    let held = |world: &World| world.mailboxes[0].shelf.clone();
    let envelopes = |world: &World| {
        let mut shelf = held(world);
        crate::mail::server::Shelf::totals(&mut shelf).unwrap().envelopes
    };
    assert_eq!(envelopes(&world), 1);
    let lived_ms = engine(&mut world, 0).lived_ms();
    let (device, number) = (world.machines[1].device, peer(&mut world, 0, 1).by_message[&message]);
    let bob = engine(&mut world, 0);
    let peer = bob.peers.get_mut(&device).unwrap();
    peer.unseal_row(number);
    peer.seal_waiting(&bob.own.olm, lived_ms);
    bob.active_peers.insert(device);
    world.turn(0, vec![Input::Wake]);
    assert!(custody(&mut world, message).is_empty());
    world.run(10 * SECOND_MS);
    assert_eq!(custody(&mut world, message).len(), 1);
    assert_eq!(envelopes(&world), 1, "the first one is gone");
    assert_eq!(deposits(&world), [2]);
}

#[test]
fn who_keeps_a_message_is_known_after_a_restart_and_it_is_not_left_twice() {
    let mut world = away(13, 2);
    let message = world.send(0, 1, "remember").unwrap();
    world.run(5 * SECOND_MS);
    let before = custody(&mut world, message);
    world.crash(0);
    world.start(0);
    world.run(MINUTE_MS);
    let after = custody(&mut world, message);
    let ids = |views: &[CustodyView]| views.iter().map(|view| view.mailbox).collect::<Vec<_>>();
    assert_eq!(ids(&after), ids(&before));
    assert_eq!(after[0].until, before[0].until);
    assert_eq!(deposits(&world), [1, 1]);
}

#[test]
fn what_was_promised_is_left_again_before_it_runs_out_as_another_envelope() {
    let mut world = away(14, 1);
    let message = world.send(0, 1, "a long time").unwrap();
    world.run(5 * SECOND_MS);
    let first = peer(&mut world, 0, 1).custody.values().next().unwrap()[0].clone();
    let key = crate::discovery::day_of(engine(&mut world, 0).now.wall_ms);
    // The key of the card may be used for 14 days: it is a newer one by then.
    peer(&mut world, 0, 1).record.seal.as_mut().unwrap().day = key + 20;
    world.run(13 * DAY_MS + 2 * HOUR_MS);
    let second = peer(&mut world, 0, 1).custody.values().next().unwrap()[0].clone();
    assert_ne!(first.envelope, second.envelope);
    assert!(second.until_lived_ms > first.until_lived_ms + 12 * DAY_MS);
    assert_eq!(custody(&mut world, message).len(), 1);
    assert_eq!(deposits(&world), [2]);
}

#[test]
fn a_promise_that_is_over_is_not_shown_any_more() {
    let mut world = away(15, 1);
    let message = world.send(0, 1, "a long time").unwrap();
    world.run(5 * SECOND_MS);
    world.stop_mailbox(0);
    world.run(15 * DAY_MS);
    assert!(custody(&mut world, message).is_empty());
    assert_eq!(view(&mut world, 0, 1).in_mailboxes, 0);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Mailbox), "a state never goes back");
    assert_eq!(world.machines[0].disk.count(Space::Custody), 0);
}

#[test]
fn a_key_that_is_too_old_is_not_sealed_to() {
    let mut world = away(16, 1);
    world.run(15 * DAY_MS);
    let message = world.send(0, 1, "wait").unwrap();
    world.run(MINUTE_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Queued));
    assert_eq!(deposits(&world), [0]);
}

#[test]
fn who_is_blocked_has_nothing_left_at_mailboxes() {
    let mut world = away(17, 1);
    let message = world.send(0, 1, "never mind").unwrap();
    world.run(5 * SECOND_MS);
    let account = world.account(1);
    world.command(0, Command::Block { account }).unwrap();
    world.run(5 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Failed));
    assert_eq!(world.machines[0].disk.count(Space::Custody), 0);
    assert_eq!(crate::mail::server::Shelf::totals(&mut world.mailboxes[0].shelf).unwrap().envelopes, 0);
}

#[test]
fn nothing_is_left_anywhere_while_invisible_and_all_of_it_afterwards() {
    let mut world = away(18, 1);
    world.command(0, Command::SetPresence { presence: Presence::Invisible }).unwrap();
    let message = world.send(0, 1, "quietly").unwrap();
    world.run(10 * MINUTE_MS);
    assert_eq!(deposits(&world), [0]);
    world.command(0, Command::SetPresence { presence: Presence::Online }).unwrap();
    world.run(10 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Mailbox));
}

#[test]
fn what_was_overtaken_by_a_later_answer_is_left_again() {
    let mut world = away(19, 1);
    let send = |world: &mut World, text| {
        let message = world.send(0, 1, text).unwrap();
        world.run(5 * SECOND_MS);
        message
    };
    // Our card is told, and nothing before the next is open: its envelope would be the same again.
    let zero = send(&mut world, "zero");
    answer(&mut world, 1, 0, vec![(zero, 1, Outcome::Delivered)]);
    let (first, second) = (send(&mut world, "one"), send(&mut world, "two"));
    assert_eq!(deposits(&world), [3]);
    let row = peer(&mut world, 0, 1).by_message[&first];
    let before = peer(&mut world, 0, 1).custody[&row][0].envelope;
    answer(&mut world, 1, 0, vec![(second, 1, Outcome::Delivered)]);
    world.run(9 * MINUTE_MS);
    assert_eq!(deposits(&world), [3]);
    world.run(2 * MINUTE_MS);
    assert_eq!(deposits(&world), [4]);
    assert_eq!(custody(&mut world, first).len(), 1);
    let after = peer(&mut world, 0, 1).custody[&row][0].envelope;
    assert_ne!(before, after, "the same bytes would only be promised as before");
}

#[test]
fn what_was_left_before_something_that_is_answered_is_left_again_whatever_its_number() {
    let mut world = away(23, 1);
    let send = |world: &mut World, text| {
        let message = world.send(0, 1, text).unwrap();
        world.run(5 * SECOND_MS);
        message
    };
    let (first, _) = (send(&mut world, "one"), send(&mut world, "two"));
    let row = peer(&mut world, 0, 1).by_message[&first];
    let lived_ms = engine(&mut world, 0).lived_ms();
    peer(&mut world, 0, 1).deposit_again(row, lived_ms);
    let device = world.machines[1].device;
    engine(&mut world, 0).post_soon(device);
    world.turn(0, vec![Input::Wake]);
    world.run(10 * SECOND_MS);
    assert_eq!(deposits(&world), [3]);
    answer(&mut world, 1, 0, vec![(first, 1, Outcome::Delivered)]);
    world.run(11 * MINUTE_MS);
    assert_eq!(deposits(&world), [4]);
}

#[test]
fn many_messages_are_left_in_full_envelopes_a_few_at_a_time() {
    let mut world = away(20, 1);
    for number in 0..2_000 {
        world.send(0, 1, &format!("message {number}")).unwrap();
    }
    let mut most = 0;
    for _ in 0..200 {
        world.run(100);
        most = most.max(under_way(&mut world).len());
    }
    assert_eq!(view(&mut world, 0, 1).in_mailboxes, 2_000);
    assert!(most <= 4, "{most}");
    assert!(deposits(&world)[0] < 40, "{:?}", deposits(&world));
}

#[test]
fn a_newer_card_is_found_in_the_slot_of_its_mailbox_when_the_key_is_too_old() {
    let mut world = World::friends(2, 21);
    world.add_dht(crate::testing::Dht::new(30, 2_101));
    world.add_mailbox();
    use_mailbox(&mut world, 0);
    world.run(MINUTE_MS);
    world.crash(1);
    let record = &mut peer(&mut world, 0, 1).record;
    record.seal.as_mut().unwrap().day -= 20;
    record.card_seq -= 2;
    // Only the mailbox tells it.
    world.dht.take();
    let message = world.send(0, 1, "wait").unwrap();
    world.run(20 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Mailbox));
}
