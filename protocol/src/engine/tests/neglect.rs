//! Mail when somebody in it does not do their part: mailboxes that are nowhere, answers nobody takes, boxes made anew.

use super::letters::{both, envelopes, use_mailbox};
use super::*;
use crate::engine::mail::letters::OnceKept;
use crate::mail::envelope::kind;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

/// Bob takes a message of alice out of his mailbox while hers, and she, are away.
fn taken_and_not_answered(world: &mut World) -> MessageId {
    world.crash(1);
    let message = world.send(0, 1, "good night").unwrap();
    world.run(10 * SECOND_MS);
    world.crash(0);
    world.stop_mailbox(0);
    world.start(1);
    world.run(MINUTE_MS);
    assert_eq!(world.shown(1, 0), ["good night"]);
    message
}

#[test]
fn a_mailbox_without_an_address_is_not_tried_every_second() {
    let mut world = both(1);
    world.crash(1);
    peer(&mut world, 0, 1).record.mailboxes[0].addrs.clear();
    world.send(0, 1, "where to?").unwrap();
    world.run(2 * MINUTE_MS);
    let device = world.machines[1].device;
    let engine = engine(&mut world, 0);
    let due = engine.timers.when(&Timer::Post(device)).unwrap_or(u64::MAX);
    assert!(due.saturating_sub(engine.now.mono_ms) > 10 * SECOND_MS, "{due}");
    let mailbox = engine.peers[&device].record.mailboxes[0].id;
    assert!(engine.missed_mailboxes().contains(&mailbox), "it is looked for in the DHT");
}

#[test]
fn one_contact_whose_mailbox_is_gone_does_not_keep_others_from_being_answered() {
    let mut world = both(2);
    world.crash(0);
    world.stop_mailbox(0);
    world.run(10 * SECOND_MS);
    let device = world.machines[0].device;
    for _ in 0..2_000 {
        engine(&mut world, 1).post_letter_for_test(
            device,
            kind::ACKS,
            vec![0],
            OnceKept::Answered(Vec::new()),
        );
    }
    let (count, _) = engine(&mut world, 1).letters_for_test();
    assert!(count <= 32, "{count} letters to one device");
}

#[test]
fn what_could_not_be_answered_for_want_of_room_is_answered_when_there_is_some() {
    let mut world = both(3);
    world.crash(1);
    let message = world.send(0, 1, "good night").unwrap();
    world.run(10 * SECOND_MS);
    world.crash(0);
    world.stop_mailbox(0);
    world.start(1);
    let device = world.machines[0].device;
    world.run(500);
    for _ in 0..2_000 {
        engine(&mut world, 1).post_letter_for_test(
            device,
            kind::ACKS,
            vec![0],
            OnceKept::Answered(Vec::new()),
        );
    }
    world.run(MINUTE_MS);
    assert_eq!(world.shown(1, 0), ["good night"]);
    world.start_mailbox(0);
    world.run(30 * MINUTE_MS);
    assert_eq!(envelopes(&mut world, 1), 0, "it goes without a restart");
    world.crash(1);
    world.start(0);
    world.run(20 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Delivered));
}

#[test]
fn who_is_blocked_is_not_answered_by_mail_any_more() {
    let mut world = both(4);
    taken_and_not_answered(&mut world);
    let account = world.account(0);
    world.command(1, Command::Block { account }).unwrap();
    world.start_mailbox(0);
    world.run(20 * MINUTE_MS);
    assert_eq!(envelopes(&mut world, 0), 0, "no word to who is blocked");
}

#[test]
fn a_box_made_anew_at_the_same_mailbox_gets_what_lay_in_the_old_one() {
    let mut world = both(5);
    world.crash(1);
    let message = world.send(0, 1, "follow me").unwrap();
    world.run(10 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Mailbox));
    // Bob gives his mailbox up after it was silent for a day, and takes it anew when it is back.
    world.part(0, 1);
    world.stop_mailbox(1);
    world.start(1);
    world.run(DAY_MS + 2 * HOUR_MS);
    let mailbox = world.mailboxes[1].id();
    world.command(1, Command::MailboxDrop { mailbox }).unwrap();
    world.run(MINUTE_MS);
    world.start_mailbox(1);
    use_mailbox(&mut world, 1, 1);
    world.run(MINUTE_MS);
    assert_eq!(world.shown(1, 0), Vec::<String>::new());
    let alice = world.account(0);
    let rv = engine(&mut world, 1).contacts[&alice].rv_out;
    let card = engine(&mut world, 1).own_card(&rv).unwrap();
    engine(&mut world, 0).take_card(None, &card).unwrap();
    world.turn(0, vec![Input::Wake]);
    world.run(10 * MINUTE_MS);
    assert_eq!(world.shown(1, 0), ["follow me"]);
}

#[test]
fn answers_on_a_link_that_is_dead_and_not_known_to_be_go_by_mail_too() {
    let mut world = both(6);
    world.mute.insert((0, 1));
    let message = world.send(0, 1, "hello?").unwrap();
    world.run(25 * SECOND_MS);
    assert_eq!(world.shown(1, 0), ["hello?"], "it came by mail");
    assert_eq!(envelopes(&mut world, 1), 1, "alice has not heard of it");
    assert_ne!(world.state(0, message, 1), Some(MessageState::Delivered));
    world.run(25 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Delivered));
    assert_eq!(envelopes(&mut world, 1), 0);
}

#[test]
fn answers_on_a_link_that_is_alive_need_no_letter() {
    let mut world = both(7);
    world.crash(1);
    world.send(0, 1, "good night").unwrap();
    world.run(10 * SECOND_MS);
    world.start(1);
    world.run(5 * SECOND_MS);
    assert_eq!(world.shown(1, 0), ["good night"]);
    world.send(0, 1, "good morning").unwrap();
    world.run(MINUTE_MS);
    assert_eq!(envelopes(&mut world, 1), 0);
    assert_eq!(world.mailboxes[0].deposits, 0, "nothing was left for alice");
}

#[test]
fn mail_that_cannot_be_answered_yet_because_a_key_looks_too_old_stays_where_it_lies() {
    let mut world = both(8);
    world.crash(1);
    let message = world.send(0, 1, "good night").unwrap();
    world.run(10 * SECOND_MS);
    world.crash(0);
    world.machines[1].wall_skew_ms = 365 * 86_400_000;
    world.start(1);
    world.run(MINUTE_MS);
    assert_eq!(world.shown(1, 0), ["good night"]);
    assert_eq!(envelopes(&mut world, 1), 1);
    world.crash(1);
    world.machines[1].wall_skew_ms = 0;
    world.start(1);
    world.run(MINUTE_MS);
    assert_eq!(envelopes(&mut world, 1), 0);
    world.crash(1);
    world.start(0);
    world.run(10 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Delivered));
}

/// Bob's disk is older than the key that alice seals to, and she has left `count` messages. They are never there together.
fn sealed_to_a_key_that_is_lost(seed: u64, count: usize) -> (World, Vec<MessageId>) {
    let mut world = both(seed);
    let old = world.machines[1].disk.clone();
    world.run(2 * DAY_MS);
    world.crash(1);
    let send = |number| world.send(0, 1, &format!("number {number}")).unwrap();
    let messages = (0..count).map(send).collect();
    world.run(MINUTE_MS);
    world.crash(0);
    world.set_back(1, old);
    (world, messages)
}

#[test]
fn what_was_sealed_to_a_key_that_an_old_disk_lost_is_left_again() {
    let (mut world, messages) = sealed_to_a_key_that_is_lost(9, 3);
    for turn in 0..40 {
        world.start((turn + 1) % 2);
        world.run(10 * MINUTE_MS);
        world.crash((turn + 1) % 2);
    }
    assert_eq!(world.shown(1, 0), ["number 0", "number 1", "number 2"]);
    for message in messages {
        assert_eq!(world.state(0, message, 1), Some(MessageState::Delivered));
    }
}

#[test]
fn who_sends_what_cannot_be_opened_is_told_once_an_hour() {
    let (mut world, _) = sealed_to_a_key_that_is_lost(10, 1);
    world.start(1);
    world.run(MINUTE_MS);
    assert_eq!(world.mailboxes[0].deposits, 1, "one letter for alice");
    let alice = world.account(0);
    let engine = engine(&mut world, 1);
    for _ in 0..100 {
        engine.tell_of_lost_key(alice);
    }
    assert_eq!(engine.letters_for_test().0, 0);
    world.run(HOUR_MS);
    self::engine(&mut world, 1).tell_of_lost_key(alice);
    assert_eq!(self::engine(&mut world, 1).letters_for_test().0, 1);
}

#[test]
fn a_device_that_says_it_lost_its_keys_is_believed_once_in_half_an_hour() {
    let mut world = both(11);
    world.crash(1);
    world.send(0, 1, "good night").unwrap();
    world.run(MINUTE_MS);
    let device = world.machines[1].device;
    let before = world.mailboxes[1].deposits;
    for _ in 0..10 {
        engine(&mut world, 0).leave_all_again(device);
        world.turn(0, vec![Input::Wake]);
        world.run(20 * SECOND_MS);
    }
    assert_eq!(world.mailboxes[1].deposits, before + 1);
}
