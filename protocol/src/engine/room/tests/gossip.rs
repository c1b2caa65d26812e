//! The fast road: whom it reaches, what it is not relied on for, and what is refused there.

use super::*;
use crate::discovery;
use crate::engine::net::{NetCommand, NetEvent, Topic, Verdict};
use crate::engine::room::record::{KeptEntry, key};
use crate::engine::{Action, Engine, Input, Presence, Space, state};
use crate::room::seal::{gossip_seal, topic};
use crate::room::words::{Ask, Give, Words};
use crate::room::{Entry, Have, OpBody};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::wire::Signed;

fn engine(world: &mut World, at: usize) -> &mut Engine {
    world.machines[at].engine.as_mut().unwrap()
}

fn shows(world: &World, at: usize, room: RoomId, text: &str) -> bool {
    world.room_texts(at, room).iter().any(|shown| shown == text)
}

/// A room of five where everybody has links with their neighbours in a row only.
fn row(seed: u64) -> (World, RoomId) {
    let mut world = World::friends(5, seed);
    let room = world.room_of(0, &[1, 2, 3, 4]);
    for from in 0..5 {
        world.say(from, room, "everybody has everybody's key").unwrap();
        assert!(world.until(|world| (0..5).all(|at| world.room_members(at, room).len() == 5)));
    }
    world.run(10_000);
    for a in 0..5 {
        for b in a + 2..5 {
            world.part(a, b);
        }
    }
    world.run(MINUTE_MS);
    (world, room)
}

#[test]
fn a_message_runs_along_a_row_faster_than_links_can_compare() {
    for gossip in [true, false] {
        let (mut world, room) = row(600);
        world.gossip_on = gossip;
        let said = world.say(0, room, "pass it on").unwrap();
        world.run(4 * world.max_latency_ms);
        assert_eq!(shows(&world, 4, room, "pass it on"), gossip);
        let delivered =
            |world: &mut World| (1..5).all(|to| world.state(0, said, to) == Some(MessageState::Delivered));
        assert!(world.until(delivered), "gossip: {gossip}");
        assert_eq!((0..5).map(|at| world.gossip_rejected(at)).sum::<u64>(), 0);
    }
}

#[test]
fn what_gossip_loses_comes_by_the_links() {
    let (mut world, room) = row(601);
    world.gossip_loss_percent = 30;
    let texts: Vec<String> = (0..20).map(|number| format!("message {number}")).collect();
    for (number, text) in texts.iter().enumerate() {
        world.say(number % 5, room, text).unwrap();
        world.run(50);
    }
    for at in 0..5 {
        assert!(world.until(|world| texts.iter().all(|text| shows(world, at, room, text))), "{at}");
    }
    let order = world.room_texts(0, room);
    let tail = |texts: &[String]| texts[texts.len() - 20..].to_vec();
    assert!((1..5).all(|at| tail(&world.room_texts(at, room)) == tail(&order)), "the same order everywhere");
}

#[test]
fn what_is_too_large_for_gossip_goes_over_links_only() {
    let (mut world, room) = row(602);
    let before = world.gossip_said(0);
    world.say(0, room, "short").unwrap();
    assert_eq!(world.gossip_said(0), before + 1);
    let long = "x".repeat(32 * 1024);
    world.say(0, room, &long).unwrap();
    assert_eq!(world.gossip_said(0), before + 1);
    assert!(world.until(|world| shows(world, 4, room, &long)));
}

#[test]
fn nothing_is_gossiped_when_everybody_is_linked() {
    let mut world = World::friends(2, 603);
    let room = world.room_of(0, &[1]);
    world.run(10_000);
    let before = world.gossip_said(0) + world.gossip_said(1);
    world.say(0, room, "between us").unwrap();
    world.run(10_000);
    assert_eq!(world.gossip_said(0) + world.gossip_said(1), before);
}

#[test]
fn only_links_of_members_carry_gossip() {
    let mut world = World::friends(3, 604);
    assert!(!world.gossips_to(0, 1));
    let room = world.room_of(0, &[1]);
    world.run(5_000);
    assert!(world.gossips_to(0, 1) && world.gossips_to(1, 0));
    assert!(!world.gossips_to(0, 2) && !world.gossips_to(2, 0));
    world.let_in(0, room, 2);
    world.run(5_000);
    assert!(world.gossips_to(0, 2) && world.gossips_to(2, 0) && world.gossips_to(1, 2));
    world.crash(2);
    world.start(2);
    world.run(MINUTE_MS);
    assert!(world.gossips_to(0, 2) && world.gossips_to(2, 0), "on the next connection again");
}

#[test]
fn topics_are_those_of_three_days_and_of_no_day_while_invisible() {
    let mut world = World::friends(2, 605);
    let room = world.room_of(0, &[1]);
    world.run(1_000);
    let topics = world.gossip_topics(0);
    assert_eq!((topics.len(), &topics), (3, &world.gossip_topics(1)));
    let (secret, today) = (secret_of(&mut world, 0, room), day(&mut world, 0));
    assert_eq!(topics, [today - 1, today, today + 1].map(|day| topic(&secret, day)).into());
    world.run(DAY_MS);
    assert_eq!(world.gossip_topics(0), [today, today + 1, today + 2].map(|day| topic(&secret, day)).into());
    let presence = |world: &mut World, presence| world.command(0, Command::SetPresence { presence }).unwrap();
    presence(&mut world, Presence::Invisible);
    assert_eq!(world.gossip_topics(0).len(), 0);
    presence(&mut world, Presence::Online);
    assert_eq!(world.gossip_topics(0).len(), 3);
    world.command(0, Command::RoomLeave { room }).unwrap();
    world.run(1_000);
    assert_eq!(world.gossip_topics(0).len(), 0);
}

#[test]
fn an_old_secret_is_heard_for_a_week() {
    let mut world = World::friends(3, 606);
    let room = world.room_of(0, &[1, 2]);
    let account = world.account(2);
    world.command(0, Command::RoomRemove { room, account }).unwrap();
    world.run(MINUTE_MS);
    assert_eq!(world.gossip_topics(0).len(), 6);
    assert_eq!(world.gossip_topics(1), world.gossip_topics(0));
    assert!(!world.gossip_topics(2).contains(&topic(&secret_of(&mut world, 0, room), day(&mut world, 0))));
    world.run(7 * DAY_MS + 2 * HOUR_MS);
    assert_eq!(world.gossip_topics(0).len(), 3);
}

// ---- by hand ------------------------------------------------------------------------------------------------------

fn secret_of(world: &mut World, at: usize, room: RoomId) -> [u8; 32] {
    engine(world, at).room(&room).unwrap().secret().unwrap()
}

fn day(world: &mut World, at: usize) -> u32 {
    discovery::day_of(engine(world, at).now.wall_ms)
}

/// What machine 0 says of a piece, and the commands it gives besides.
fn judged(world: &mut World, topic: Topic, data: Vec<u8>) -> (Verdict, Vec<NetCommand>) {
    let engine = engine(world, 0);
    let piece = NetEvent::Gossip { gossip: 7, topic, data };
    let step = engine.turn([Input::Net(piece)], engine.now);
    world.machines[0].disk.commit(&step.changes);
    let net = |action| if let Action::Net(command) = action { Some(command) } else { None };
    let mut commands: Vec<NetCommand> = step.actions.into_iter().filter_map(net).collect();
    let judge = |command: &NetCommand| matches!(command, NetCommand::Judge { gossip: 7, .. });
    let at = commands.iter().position(judge).expect("it is judged");
    let NetCommand::Judge { verdict, .. } = commands.remove(at) else { panic!() };
    (verdict, commands)
}

/// What machine 0 says of words under today's topic.
fn judge(world: &mut World, room: RoomId, words: &Words) -> Verdict {
    let (secret, today) = (secret_of(world, 0, room), day(world, 0));
    let data = gossip_seal(&secret, today, &[3; 24], &words.encode().unwrap()).unwrap();
    judged(world, topic(&secret, today), data).0
}

fn give(room: RoomId, ops: &[&Signed], entries: &[&Entry], marks: &[&Signed]) -> Words {
    let cloned = |all: &[&Signed]| all.iter().map(|one| (*one).clone()).collect();
    let (ops, marks) = (cloned(ops), cloned(marks));
    let entries = entries.iter().map(|one| (*one).clone()).collect();
    Words::Give(Box::new(Give { ops, entries, marks, ..Give::empty(room) }))
}

/// Two members without a link, and the entries of the second that the first has not got.
fn apart(seed: u64, count: u64) -> (World, RoomId, Vec<KeptEntry>) {
    let mut world = World::friends(2, seed);
    let room = world.room_of(0, &[1]);
    let first = world.say(1, room, "known").unwrap();
    assert!(world.until(|world| world.state(1, first, 0) == Some(MessageState::Delivered)));
    world.part(0, 1);
    world.run(1_000);
    let device = world.machines[1].device;
    let entries = (2..2 + count).map(|seq| {
        world.say(1, room, &format!("number {seq}")).unwrap();
        let at = (Space::RoomEntry, key::entry(&room, &device, seq));
        let value = world.machines[1].disk.records[&at].clone();
        state::open(&crate::engine::Record { space: at.0, key: at.1, value }).unwrap()
    });
    let entries = entries.collect();
    (world, room, entries)
}

#[test]
fn a_sealed_message_is_told_on_once_and_nobody_is_answered() {
    let (mut world, room, entries) = apart(607, 1);
    let (secret, today) = (secret_of(&mut world, 0, room), day(&mut world, 0));
    let words = give(room, &[], &[&entries[0].sealed().unwrap()], &[]);
    for (number, verdict) in [Verdict::Accept, Verdict::Ignore].into_iter().enumerate() {
        let nonce = [number as u8; 24];
        let data = gossip_seal(&secret, today, &nonce, &words.encode().unwrap()).unwrap();
        let (said, commands) = judged(&mut world, topic(&secret, today), data);
        assert_eq!((said, commands), (verdict, vec![]));
    }
    assert!(shows(&world, 0, room, "number 2"));
}

#[test]
fn what_a_link_brought_before_gossip_did_is_told_on_once_and_not_when_it_is_old() {
    let (mut world, room, entries) = apart(610, 2);
    let from = world.machines[1].device;
    let by_link = |world: &mut World, at: usize| {
        let entry = entries[at].sealed().unwrap();
        engine(world, 0).on_give(Some(from), Give { entries: vec![entry], ..Give::empty(room) }, "direct");
        world.turn(0, Vec::new());
    };
    let words = |at: usize| give(room, &[], &[&entries[at].sealed().unwrap()], &[]);
    by_link(&mut world, 0);
    assert_eq!(judge(&mut world, room, &words(0)), Verdict::Accept);
    assert_eq!(judge(&mut world, room, &words(0)), Verdict::Ignore);
    by_link(&mut world, 1);
    world.run(11_000);
    world.turn(0, Vec::new());
    assert_eq!(judge(&mut world, room, &words(1)), Verdict::Ignore);
    // An operation too.
    let says = OpBody::Name("Bob of the roof".to_owned());
    let bob = engine(&mut world, 1);
    let id = bob.post_op(room, &says).unwrap();
    let op = bob.room(&room).unwrap().log.as_ref().unwrap().get(&id).unwrap().clone();
    engine(&mut world, 0).on_give(Some(from), Give { ops: vec![op.clone()], ..Give::empty(room) }, "direct");
    world.turn(0, Vec::new());
    let words = give(room, &[&op], &[], &[]);
    assert_eq!(judge(&mut world, room, &words), Verdict::Accept);
    assert_eq!(judge(&mut world, room, &words), Verdict::Ignore);
}

#[test]
fn what_no_member_would_gossip_is_rejected() {
    let (mut world, room, entries) = apart(608, 2);
    let (first, second) = (entries[0].sealed().unwrap(), entries[1].sealed().unwrap());
    let mut forged = first.clone();
    forged.head.sig[0] ^= 1;
    let other = RoomId([9; 32]);
    let mut more = give(room, &[], &[&first], &[]);
    let Words::Give(inner) = &mut more else { panic!() };
    inner.more = true;
    let ask = Ask { room, tips: vec![], ranges: vec![], open: false, marks: vec![], cards: vec![] };
    let all = [
        ("two things", give(room, &[], &[&first, &second], &[])),
        ("nothing", give(room, &[], &[], &[])),
        ("opened", give(room, &[], &[&entries[0].best().unwrap()], &[])),
        ("another room's", give(other, &[], &[&first], &[])),
        ("forged", give(room, &[], &[&forged], &[])),
        ("more of it", more),
        ("a question", Words::Ask(Box::new(ask))),
        ("not of gossip", Words::Ready),
    ];
    for (what, words) in &all {
        assert_eq!(judge(&mut world, room, words), Verdict::Reject, "{what}");
    }
    assert_eq!(judge(&mut world, room, &give(room, &[], &[&first], &[])), Verdict::Accept);
    assert!(!shows(&world, 0, room, "number 3"));
}

#[test]
fn receipts_and_operations_are_judged_by_their_signatures() {
    let (mut world, room, _) = apart(609, 1);
    let bob = engine(&mut world, 1);
    let mark = bob.own_have(room).unwrap();
    let before = bob.room(&room).unwrap().log.as_ref().unwrap().tips();
    bob.post_op(room, &OpBody::Name("bobby".to_owned())).unwrap();
    let log = bob.room(&room).unwrap().log.as_ref().unwrap();
    let op = log.get(&log.tips()[0]).unwrap().clone();
    bob.post_op(room, &OpBody::Name("robert".to_owned())).unwrap();
    let log = bob.room(&room).unwrap().log.as_ref().unwrap();
    let later = log.get(&log.tips()[0]).unwrap().clone();
    let old = log.get(&before[0]).unwrap().clone();
    let spoiled = |signed: &Signed| {
        let mut spoiled = signed.clone();
        spoiled.sig[5] ^= 1;
        spoiled
    };
    assert_eq!(judge(&mut world, room, &give(room, &[], &[], &[&spoiled(&mark)])), Verdict::Reject);
    assert_eq!(judge(&mut world, room, &give(room, &[], &[], &[&mark])), Verdict::Accept);
    assert_eq!(judge(&mut world, room, &give(room, &[], &[], &[&mark])), Verdict::Ignore);
    let keys = &engine(&mut world, 1).own.device;
    let foreign = Have::new(RoomId([9; 32]), keys.id(), 99, vec![]).sign(keys).unwrap();
    assert_eq!(judge(&mut world, room, &give(room, &[], &[], &[&foreign])), Verdict::Reject);
    assert_eq!(judge(&mut world, room, &give(room, &[&later], &[], &[])), Verdict::Ignore, "it waits");
    assert_eq!(judge(&mut world, room, &give(room, &[&old], &[], &[])), Verdict::Ignore);
    assert_eq!(judge(&mut world, room, &give(room, &[&spoiled(&op)], &[], &[])), Verdict::Reject);
    assert_eq!(judge(&mut world, room, &give(room, &[&op], &[], &[])), Verdict::Accept);
    let members = engine(&mut world, 0).room(&room).unwrap().log.as_ref().unwrap().members();
    assert!(members.iter().any(|(_, member)| member.name == "robert"), "what waited came with it");
}

#[test]
fn rubbish_shuts_a_topic_for_a_minute_and_no_other() {
    let (mut world, room, entries) = apart(610, 2);
    let (secret, today) = (secret_of(&mut world, 0, room), day(&mut world, 0));
    assert_eq!(judged(&mut world, [1; 32], vec![0; 512]).0, Verdict::Ignore, "not ours");
    let mut verdicts = Vec::new();
    for _ in 0..40 {
        verdicts.push(judged(&mut world, topic(&secret, today), vec![0; 512]).0);
    }
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Reject).count(), 32);
    let first = give(room, &[], &[&entries[0].sealed().unwrap()], &[]);
    let second = give(room, &[], &[&entries[1].sealed().unwrap()], &[]);
    assert_eq!(judge(&mut world, room, &first), Verdict::Ignore);
    let tomorrow = today + 1;
    let data = gossip_seal(&secret, tomorrow, &[3; 24], &first.encode().unwrap()).unwrap();
    assert_eq!(judged(&mut world, topic(&secret, tomorrow), data).0, Verdict::Accept);
    world.run(2 * MINUTE_MS);
    assert_eq!(judge(&mut world, room, &second), Verdict::Accept);
}
