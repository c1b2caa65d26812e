//! A member who signs what they like: what it costs the others is bounded, and hides nothing of what honest members say.

use super::super::chain::Numbers;
use super::super::giving::Reading;
use super::super::record::{KeptEntry, key};
use super::super::{Room, take};
use super::*;
use crate::content::{Body, Content, RoomKey, RoomSecret, Text};
use crate::engine::{Space, state};
use crate::ids::{ChatId, DeviceId, MessageId};
use crate::room::words::{Ask, Give, Heads};
use crate::room::{self, ADD_UPTO, Add, Entry, EntryBody, Have, Head, HeadRange, OpBody, OpId, Sender};
use std::collections::BTreeSet;

/// Alice (0), Bob (1) and Mallory (2) in a room, who know each other.
fn room_with_mallory(seed: u64) -> (World, RoomId) {
    let mut world = World::friends(3, seed);
    let room = world.room_of(0, &[1, 2]);
    assert!(world.until(|world| agree(world, room, &[0, 1, 2])));
    world.run(5_000);
    (world, room)
}

fn known(world: &World, at: usize, room: RoomId) -> &Room {
    world.machines[at].engine.as_ref().unwrap().room(&room).unwrap()
}

/// A message of a machine that its engine knows nothing of: a head as it would be next, bent, and its plain.
fn forged(
    world: &mut World,
    of: usize,
    room: RoomId,
    text: &str,
    bend: impl Fn(&mut Head),
) -> (Head, Vec<u8>) {
    let engine = engine(world, of);
    let known = engine.room(&room).unwrap();
    let mut head = Head {
        room,
        device: engine.own.device_id,
        seq: known.record.next_seq,
        prev: known.record.prev,
        after: Vec::new(),
        depth: known.record.depth + 1,
        tips: known.log.as_ref().unwrap().tips(),
        session: [9; 32],
        index: 0,
        digest: [0; 32],
        ext: Vec::new(),
    };
    bend(&mut head);
    head.depth = head.depth.max(head.seq);
    if head.seq > 1 && head.prev == [0; 32] {
        head.prev = [1; 32];
    }
    let body = Body::Text(Text { text: text.to_owned(), reply_to: None, ext: Vec::new() });
    let (kind, body) = body.encode().unwrap();
    let msg_id = MessageId(engine.rng.bytes());
    let (conv, seq, sent_at) = (ChatId::from(room), head.seq, 0);
    let content =
        Content { msg_id, conv, seq, prev: [0; 32], seen: Vec::new(), sent_at, kind, body, ext: Vec::new() };
    let plain = room::plain(&content, [3; 16]).unwrap();
    head.digest = room::digest(&plain);
    (head, plain)
}

fn signed(world: &mut World, of: usize, head: &Head, body: EntryBody) -> Entry {
    Entry { head: head.sign(&engine(world, of).own.device).unwrap(), body }
}

/// An opened message of a machine that its engine knows nothing of.
fn opened(world: &mut World, of: usize, room: RoomId, text: &str, bend: impl Fn(&mut Head)) -> Entry {
    let (head, plain) = forged(world, of, room, text, bend);
    signed(world, of, &head, EntryBody::Opened(plain))
}

/// A sealed one whose key nobody is given.
fn sealed(
    world: &mut World,
    of: usize,
    room: RoomId,
    sender: &mut Sender,
    bend: impl Fn(&mut Head),
) -> Entry {
    let (mut head, plain) = forged(world, of, room, "nobody reads this", bend);
    let (session, index, bytes) = sender.seal(&plain, &BTreeSet::new()).unwrap();
    (head.session, head.index) = (session, index);
    signed(world, of, &head, EntryBody::Sealed(bytes))
}

/// Gives something to a machine as if it came on a link with another.
fn give(world: &mut World, from: usize, to: usize, give: Give) {
    let device = world.machines[from].device;
    engine(world, to).on_give(Some(device), give, "direct");
    world.turn(to, Vec::new());
}

fn give_entries(world: &mut World, from: usize, to: usize, room: RoomId, entries: Vec<Entry>) {
    give(world, from, to, Give { entries, ..Give::empty(room) });
}

#[test]
fn messages_nobody_can_open_take_bounded_room_and_do_not_end_the_waiting_of_others() {
    let (mut world, room) = room_with_mallory(700);
    for session in 0..3 {
        let mut sender = Sender::new(0);
        for number in 0..400 {
            let seq = session * 400 + number + 1;
            let entry = sealed(&mut world, 2, room, &mut sender, |head| {
                (head.seq, head.depth) = (seq, seq + 10);
            });
            give_entries(&mut world, 2, 1, room, vec![entry]);
        }
    }
    assert!(known(&world, 1, room).waiting.len() <= take::SEALED, "{}", known(&world, 1, room).waiting.len());
    // Of Alice, the second message comes before the first.
    let first = opened(&mut world, 0, room, "first", |_| {});
    let second = opened(&mut world, 0, room, "second", |head| head.seq += 1);
    give_entries(&mut world, 2, 1, room, vec![second]);
    assert!(!shows(&world, 1, room, "second"), "it waits for the first");
    give_entries(&mut world, 2, 1, room, vec![first]);
    assert!(shows(&world, 1, room, "first") && shows(&world, 1, room, "second"));
    world.crash(1);
    world.start(1);
    assert!(known(&world, 1, room).waiting.len() <= take::SEALED);
}

#[test]
fn what_somebody_wrote_beyond_their_cut_is_neither_asked_for_again_nor_waited_for_and_deafens_nobody() {
    let (mut world, room) = room_with_mallory(701);
    world.part(0, 1);
    world.part(0, 2);
    world.run(5_000);
    // Bob alone has what Mallory wrote, twice as deep as one step may go.
    for step in 1..=2 {
        let entry = opened(&mut world, 2, room, "deep", |head| {
            (head.seq, head.depth) = (step, step * room::entry::DEPTH_AHEAD);
        });
        give_entries(&mut world, 2, 1, room, vec![entry]);
    }
    let mallory = world.account(2);
    must(&mut world, 0, Command::RoomRemove { room, account: mallory });
    world.crash(2);
    world.say(1, room, "did you see that?").unwrap();
    world.heal(0, 1);
    assert!(world.until(|world| shows(world, 0, room, "did you see that?")));
    assert!(!shows(&world, 0, room, "deep"));
    world.run(30_000);
    let before = engine(&mut world, 1).rooms.next_read;
    world.run(120_000);
    assert_eq!(engine(&mut world, 1).rooms.next_read, before, "nothing is asked for again");
    world.say(1, room, "another").unwrap();
    world.run(2_000);
    assert!(shows(&world, 0, room, "another"));
}

#[test]
fn a_newcomer_hears_a_room_whose_messages_stand_deep() {
    let mut world = World::friends(4, 702);
    let room = world.room_of(0, &[1, 2]);
    world.run(5_000);
    for step in 1..=3 {
        let entry = opened(&mut world, 2, room, "deep", |head| {
            (head.seq, head.depth) = (step, step * room::entry::DEPTH_AHEAD);
        });
        for to in [0, 1] {
            give_entries(&mut world, 2, to, room, vec![entry.clone()]);
        }
    }
    world.let_in(0, room, 3);
    world.say(0, room, "welcome").unwrap();
    assert!(world.until(|world| shows(world, 3, room, "welcome")));
    assert!(!shows(&world, 3, room, "deep"));
    world.say(3, room, "hello").unwrap();
    assert!(world.until(|world| shows(world, 1, room, "hello")));
    let tail = |world: &World, at| world.room_texts(at, room).into_iter().rev().take(2).collect::<Vec<_>>();
    assert_eq!(tail(&world, 0), ["hello", "welcome"]);
    assert_eq!(tail(&world, 3), ["hello", "welcome"]);
}

#[test]
fn who_asks_for_much_leaves_answers_for_others() {
    let (mut world, room) = room_with_mallory(703);
    for number in 0..10 {
        world.say(0, room, &format!("number {number}")).unwrap();
    }
    world.run(5_000);
    let (alice, bob, mallory) =
        (world.machines[0].device, world.machines[1].device, world.machines[2].device);
    let ask =
        |ranges| Ask { room, tips: Vec::new(), ranges, open: false, marks: Vec::new(), cards: Vec::new() };
    let engine = engine(&mut world, 0);
    for _ in 0..1_000 {
        engine.on_ask(mallory, &ask(vec![(alice, 1, 10); 64]));
    }
    let pending = engine.rooms.reads.len();
    engine.on_ask(bob, &ask(vec![(alice, 1, 10)]));
    let for_bob = |reading: &Reading| matches!(reading, Reading::Give { to, .. } if *to == bob);
    assert!(pending <= 64 && engine.rooms.reads.values().any(for_bob), "{pending}");
}

#[test]
fn who_wants_messages_opened_is_not_given_them_sealed() {
    let (mut world, room) = room_with_mallory(704);
    let mallory = world.machines[2].device;
    let mut sender = Sender::new(0);
    let entry = sealed(&mut world, 2, room, &mut sender, |_| {});
    let seq = Head::peek(&entry.head).unwrap().seq;
    give_entries(&mut world, 2, 1, room, vec![entry.clone()]);
    give_entries(&mut world, 2, 0, room, vec![entry]);
    world.run(15_000);
    let at = (Space::RoomEntry, key::entry(&room, &mallory, seq));
    let value = world.machines[1].disk.records[&at].clone();
    let record = crate::engine::Record { space: at.0, key: at.1, value };
    assert!(state::open::<KeptEntry>(&record).unwrap().plain.is_none());
    let alice = world.machines[0].device;
    let engine = engine(&mut world, 1);
    engine.actions.clear();
    engine.give_read(room, (alice, mallory), true, std::slice::from_ref(&record));
    assert!(engine.actions.is_empty() && engine.writes.is_empty());
    engine.give_read(room, (alice, mallory), false, &[record]);
    assert!(!engine.writes.is_empty() || !engine.actions.is_empty());
}

#[test]
fn keys_that_open_nothing_here_cost_no_reading() {
    let (mut world, room) = room_with_mallory(705);
    let mut sender = Sender::new(0);
    let entry = sealed(&mut world, 2, room, &mut sender, |_| {});
    give_entries(&mut world, 2, 1, room, vec![entry]);
    let (account, device) = (world.account(2), world.machines[2].device);
    let engine = engine(&mut world, 1);
    let before = engine.rooms.next_read;
    for _ in 0..100 {
        let told = RoomKey { room, key: Sender::new(0).key(), ext: Vec::new() };
        engine.on_room_key(account, device, &told);
    }
    assert_eq!(engine.rooms.next_read, before);
    let of_device = engine.room(&room).unwrap().receivers.keys().filter(|(of, _)| *of == device).count();
    assert!(of_device <= 16, "{of_device}");
}

#[test]
fn who_may_read_all_is_not_told_that_something_never_comes() {
    let mut world = World::friends(4, 706);
    let room = world.room_of(0, &[1, 2]);
    must(&mut world, 0, Command::RoomSet { room, what: RoomSetting::History("all".to_owned()) });
    for number in 0..5 {
        world.say(0, room, &format!("number {number}")).unwrap();
    }
    world.run(5_000);
    world.crash(1);
    for other in [0, 1] {
        world.part(3, other);
    }
    world.run(1_000);
    world.heal(3, 0);
    world.let_in(0, room, 3);
    let alice = world.machines[0].device;
    give(&mut world, 2, 3, Give { void: vec![(alice, 1, 5)], ..Give::empty(room) });
    assert!(known(&world, 3, room).chains.get(&alice).is_none_or(|chain| chain.void == Numbers::default()));
    assert!(world.until(|world| shows(world, 3, room, "number 0") && shows(world, 3, room, "number 4")));
}

#[test]
fn a_topic_secret_is_an_admins_word() {
    let (mut world, room) = room_with_mallory(707);
    let (alice, mallory) = (world.account(0), world.account(2));
    let engine = engine(&mut world, 1);
    let before = engine.room(&room).unwrap().record.secrets.len();
    for number in 0..40 {
        let told = RoomSecret { room, op: [0; 32], secret: [number; 32], ext: Vec::new() };
        engine.on_room_secret(mallory, &told);
    }
    assert_eq!(engine.room(&room).unwrap().record.secrets.len(), before);
    engine.on_room_secret(alice, &RoomSecret { room, op: [0; 32], secret: [77; 32], ext: Vec::new() });
    assert_eq!(engine.room(&room).unwrap().record.secrets.len(), before + 1);
}

#[test]
fn a_neighbour_who_has_everything_makes_us_remember_little() {
    let (mut world, room) = room_with_mallory(708);
    let mallory = world.machines[2].device;
    let tips = known(&world, 0, room).log.as_ref().unwrap().tips();
    for number in 0..500_u64 {
        let device = |place: u64| {
            let mut id = [0xee; 16];
            id[..8].copy_from_slice(&(number * 64 + place).to_be_bytes());
            HeadRange { device: DeviceId(id), upto: 1, beyond: Vec::new() }
        };
        let heads = (0..64).map(device).collect();
        let have = Have::new(room, mallory, 1_000_000 + number, heads);
        let have = have.sign(&engine(&mut world, 2).own.device).unwrap();
        let heads = Heads { room, tips: tips.clone(), have, marks: Vec::new(), cards: Vec::new() };
        engine(&mut world, 0).on_heads(mallory, &heads);
        world.turn(0, Vec::new());
    }
    let known = known(&world, 0, room);
    assert!(known.sync.asked.len() <= 1_024, "{}", known.sync.asked.len());
    assert!(known.chains.len() <= 3);
}

#[test]
fn what_names_unknown_operations_waits_for_a_while_and_not_in_the_way_of_others() {
    let (mut world, room) = room_with_mallory(709);
    for number in 0..100 {
        let entry = opened(&mut world, 2, room, "early", |head| {
            head.tips = vec![OpId([number; 32])];
        });
        give_entries(&mut world, 2, 1, room, vec![entry]);
    }
    assert!(known(&world, 1, room).early.len() <= 64);
    let last = known(&world, 1, room).early.last().unwrap();
    assert_eq!(Head::peek(&last.entry.head).unwrap().tips, [OpId([99; 32])], "the newest are kept");
    world.run(120_000);
    assert!(known(&world, 1, room).early.is_empty(), "nobody waits for ever");
}

#[test]
fn a_gap_of_a_million_is_closed_at_once() {
    let mut gaps = Numbers::default();
    gaps.insert(1, 1 << 53);
    gaps.remove(5, (1 << 53) - 5);
    assert_eq!(gaps.ranges(), [(1, 4), ((1 << 53) - 4, 1 << 53)]);
    gaps.remove(0, u64::MAX);
    assert_eq!(gaps.ranges(), []);
}

#[test]
fn forged_bodies_and_heads_of_others_change_nothing() {
    let (mut world, room) = room_with_mallory(710);
    let other = world.make_room(0, "other");
    let before = world.room_texts(1, room).len();
    // Alice's message signed by Mallory; another body; another room; one of Mallory's in the name of Alice's device.
    let alice = world.machines[0].device;
    let (head, plain) = forged(&mut world, 0, room, "I owe Mallory a house", |_| {});
    let by_mallory = signed(&mut world, 2, &head, EntryBody::Opened(plain.clone()));
    let mut other_body = opened(&mut world, 0, room, "true", |_| {});
    other_body.body = EntryBody::Opened(plain);
    let other_room = opened(&mut world, 0, room, "elsewhere", |head| head.room = other);
    let as_alice = opened(&mut world, 2, room, "I am Alice", |head| head.device = alice);
    give_entries(&mut world, 2, 1, room, vec![by_mallory, other_body, other_room, as_alice]);
    assert_eq!(world.room_texts(1, room).len(), before);
    // Two of one number: the first counts, here.
    let one = opened(&mut world, 2, room, "one", |_| {});
    let two = opened(&mut world, 2, room, "two", |_| {});
    give_entries(&mut world, 2, 1, room, vec![one.clone(), two, one]);
    assert_eq!(world.room_texts(1, room).len(), before + 1);
}

#[test]
fn who_was_put_out_is_given_nothing_they_ask_for() {
    let (mut world, room) = room_with_mallory(711);
    let (account, mallory, alice) = (world.account(2), world.machines[2].device, world.machines[0].device);
    world.say(0, room, "before").unwrap();
    must(&mut world, 0, Command::RoomRemove { room, account });
    world.run(5_000);
    let ask = Ask {
        room,
        tips: vec![OpId(room.0)],
        ranges: vec![(alice, 1, 9)],
        open: false,
        marks: vec![alice],
        cards: vec![alice],
    };
    let engine = engine(&mut world, 0);
    engine.on_ask(mallory, &ask);
    assert!(engine.rooms.reads.is_empty() && engine.writes.is_empty());
}

#[test]
fn who_was_put_out_and_writes_as_if_not_is_not_heard() {
    let (mut world, room) = room_with_mallory(712);
    let account = world.account(2);
    let backdated = opened(&mut world, 2, room, "as before", |_| {});
    must(&mut world, 0, Command::RoomRemove { room, account });
    world.run(5_000);
    for (from, to) in [(0, 1), (1, 0)] {
        give_entries(&mut world, from, to, room, vec![backdated.clone()]);
        assert!(!shows(&world, to, room, "as before"));
    }
    // Let in again, they are heard again.
    must(&mut world, 0, Command::RoomInvite { room, account });
    assert!(world.until(|world| world.room_state(2, room) == Some(RoomState::Invited)));
    must(&mut world, 2, Command::RoomAnswer { room, join: true });
    assert!(world.until(|world| agree(world, room, &[0, 1, 2])));
    world.say(2, room, "sorry").unwrap();
    assert!(world.until(|world| shows(world, 0, room, "sorry") && shows(world, 1, room, "sorry")));
}

#[test]
fn receipts_of_devices_that_are_out_are_let_go() {
    let (mut world, room) = room_with_mallory(713);
    world.say(2, room, "here").unwrap();
    world.run(10_000);
    let (account, mallory) = (world.account(2), world.machines[2].device);
    assert!(known(&world, 0, room).marks.contains_key(&mallory));
    let marks = world.machines[0].disk.count(Space::RoomMark);
    must(&mut world, 0, Command::RoomRemove { room, account });
    world.run(5_000);
    assert!(!known(&world, 0, room).marks.contains_key(&mallory));
    assert_eq!(world.machines[0].disk.count(Space::RoomMark), marks - 1);
}

#[test]
fn nobody_signs_for_another_and_what_was_delivered_stays_so() {
    let (mut world, room) = room_with_mallory(714);
    world.part(0, 1);
    world.part(1, 2);
    world.run(5_000);
    let said = world.say(0, room, "to both").unwrap();
    world.run(5_000);
    assert_eq!(world.state(0, said, 2), Some(MessageState::Delivered));
    let (alice, bob, mallory) =
        (world.machines[0].device, world.machines[1].device, world.machines[2].device);
    let all = vec![HeadRange { device: alice, upto: 1_000, beyond: Vec::new() }];
    let none = Vec::new();
    for (device, heads, counter) in [(bob, all, 9_999), (mallory, none, u64::MAX)] {
        let have = Have::new(room, device, counter, heads).sign(&engine(&mut world, 2).own.device).unwrap();
        give(&mut world, 2, 0, Give { marks: vec![have], ..Give::empty(room) });
    }
    assert_eq!(world.state(0, said, 1), Some(MessageState::Queued));
    assert_eq!(world.state(0, said, 2), Some(MessageState::Delivered));
}

#[test]
fn a_list_that_leaves_devices_out_does_not_give_their_past_to_a_newcomer() {
    let mut world = World::friends(4, 715);
    let room = world.room_of(0, &[1, 2]);
    world.run(5_000);
    let (account, alice) = (world.account(3), world.machines[0].device);
    let manifest = engine(&mut world, 3).own.manifest.clone();
    let upto = (0..ADD_UPTO).map(|number| (DeviceId([u8::try_from(number).unwrap(); 16]), 1)).collect();
    let add = Add { account, name: String::new(), manifest, upto, since: 1_000 };
    engine(&mut world, 0).post_op(room, &OpBody::Add(add)).unwrap();
    world.turn(0, Vec::new());
    let members = known(&world, 0, room).log.as_ref().unwrap().members();
    assert!(!members.is_for(&account, &alice, 1, 1));
    assert!(members.is_for(&account, &alice, 1, 1_000));
}

#[test]
fn what_is_written_after_a_disk_was_set_back_is_delivered_under_a_new_number_and_not_called_so_before() {
    let (mut world, room) = room_with_mallory(716);
    world.say(0, room, "before").unwrap();
    world.run(5_000);
    let disk = world.machines[0].disk.clone();
    let lost = world.say(0, room, "lost here").unwrap();
    assert!(world.until(|world| world.state(0, lost, 1) == Some(MessageState::Delivered)));
    world.run(3_000);
    world.set_back(0, disk);
    world.part(0, 1);
    world.part(0, 2);
    world.start(0);
    let said = world.say(0, room, "under a number that is taken").unwrap();
    world.heal(0, 1);
    world.heal(0, 2);
    world.run(60_000);
    let shown = shows(&world, 1, room, "under a number that is taken");
    assert!(shown, "it was taken under another number");
    assert_eq!(world.state(0, said, 1), Some(MessageState::Delivered));
}

#[test]
fn who_makes_us_reckon_the_members_of_many_times_waits_and_nobody_else_does() {
    let (mut world, room) = room_with_mallory(95);
    let mallory = world.machines[2].device;
    let before = known(&world, 1, room).log.as_ref().unwrap().tips();
    world.command(0, Command::RoomSet { room, what: RoomSetting::Topic("another".to_owned()) }).unwrap();
    world.run(5_000);
    // Written as one who does not know the topic yet: the members of that time must be reckoned.
    let entry = opened(&mut world, 2, room, "late", |head| head.tips = before.clone());
    let now_ms = engine(&mut world, 1).now.mono_ms;
    let known_mut = engine(&mut world, 1).rooms.by_id.get_mut(&room).unwrap();
    known_mut.log.as_mut().unwrap().forget_views();
    assert!(known_mut.patience.entry(mallory).or_default().allows(take::PATIENCE, now_ms));
    give_entries(&mut world, 2, 1, room, vec![entry.clone()]);
    assert!(!shows(&world, 1, room, "late"));
    world.say(0, room, "on time").unwrap();
    world.run(100);
    assert!(shows(&world, 1, room, "on time"));
    world.run(5_000);
    give_entries(&mut world, 2, 1, room, vec![entry]);
    assert!(shows(&world, 1, room, "late"));
}
