//! Pins, messages hidden on one device, and another try of what did not get through.

use super::*;
use crate::time::{DAY_MS, HOUR_MS};

/// Pins and what was hidden on a machine, in order: which message, by whom, on.
fn pins(world: &World, index: usize) -> Vec<(MessageId, AccountId, bool)> {
    let pin = |change: &Change| match change {
        Change::Pin { who, message, on, any: true, .. } => Some((*message, *who, *on)),
        _ => None,
    };
    world.machines[index].disk.edits.iter().filter_map(pin).collect()
}

fn again(world: &mut World, message: MessageId, text: &str) -> Result<Reply, Refusal> {
    let (chat, lack, text) = (world.chat(1), vec![world.account(1)], text.to_owned());
    let seq = world.machines[0].disk.messages.iter().find(|one| one.id == message).unwrap().seq;
    world.command(0, Command::Again { chat, message, text, reply_to: None, seq, lack })
}

fn gaps(world: &World, index: usize) -> usize {
    events(world, index).iter().filter(|event| matches!(event, Event::Gap { .. })).count()
}

#[test]
fn either_of_two_pins_and_unpins() {
    let mut world = World::friends(2, 700);
    let (alice, bob) = (world.account(0), world.account(1));
    let id = world.send(0, 1, "the door code is 4711").unwrap();
    let (chat, back) = (world.chat(1), world.chat(0));
    world.run(500);
    let pin = |chat, on| Command::Pin { chat, message: id, author: alice, on, ours: false };
    world.command(1, pin(back, true)).unwrap();
    world.run(500);
    world.command(0, pin(chat, false)).unwrap();
    world.run(500);
    for index in [0, 1] {
        assert_eq!(pins(&world, index), [(id, bob, true), (id, alice, false)]);
    }
}

#[test]
fn notes_to_oneself_are_pinned_here() {
    let mut world = World::new(1, 701);
    world.start(0);
    let (me, chat) = (world.account(0), world.chat(0));
    let id = world.send(0, 0, "milk").unwrap();
    world.command(0, Command::Pin { chat, message: id, author: me, on: true, ours: false }).unwrap();
    assert_eq!(pins(&world, 0), [(id, me, true)]);
}

#[test]
fn what_is_hidden_here_is_told_to_nobody() {
    let mut world = World::friends(2, 702);
    let id = world.send(0, 1, "hello").unwrap();
    world.run(500);
    let (alice, bytes) = (world.account(0), world.bytes);
    let hide = Command::Hide { chat: world.chat(0), message: id, author: alice };
    assert_eq!(world.command(1, hide), Ok(Reply::Done));
    assert_eq!(peer(&mut world, 1, 0).outbox.len(), 0);
    assert_eq!(world.bytes, bytes, "nothing travels");
    let hidden = |change: &Change| matches!(change, Change::Hide { message, .. } if *message == id);
    assert!(world.machines[1].disk.edits.iter().any(hidden));
    assert!(world.machines[0].disk.edits.is_empty());
}

#[test]
fn what_expired_gets_through_when_it_is_tried_again() {
    let mut world = World::friends(2, 703);
    world.run(1_000);
    world.crash(1);
    let id = world.send(0, 1, "hello?").unwrap();
    world.run(30 * DAY_MS + 2 * HOUR_MS);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Expired));
    assert!(
        matches!(again(&mut world, id, "hello?"), Ok(Reply::Sent { message, repeated: false, .. }) if message == id)
    );
    assert_eq!(world.state(0, id, 1), Some(MessageState::Queued));
    // While it is on its way there is nothing to do.
    assert!(matches!(again(&mut world, id, "hello?"), Ok(Reply::Sent { repeated: true, .. })));
    assert_eq!(peer(&mut world, 0, 1).outbox.len(), 1);
    world.start(1);
    world.run(5_000);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
    assert_eq!(world.shown(1, 0), ["hello?"], "it does not wait for the first try");
    world.send(0, 1, "there you are").unwrap();
    world.run(60_000);
    assert_eq!(world.shown(1, 0), ["hello?", "there you are"]);
    assert_eq!((gaps(&world, 1), notices(&world, 1).len()), (0, 0));
}

#[test]
fn a_gap_left_by_what_expired_is_filled_when_it_is_tried_again() {
    let mut world = World::friends(2, 708);
    world.run(1_000);
    world.crash(1);
    let id = world.send(0, 1, "first").unwrap();
    world.run(30 * DAY_MS + 2 * HOUR_MS);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Expired));
    // Cut off while the answer about what is missing is on its way, so that the gap stays.
    let parts = {
        world.send(0, 1, "second").unwrap();
        take_parts(&mut world, 0, 1)
    };
    world.part(0, 1);
    world.start(1);
    give(&mut world, 0, 1, parts[0].clone());
    world.run(11_000);
    assert_eq!((gaps(&world, 1), world.shown(1, 0)), (1, vec!["second".to_owned()]));
    again(&mut world, id, "first").unwrap();
    world.heal(0, 1);
    world.run(60_000);
    assert_eq!(world.shown(1, 0), ["second", "first"]);
    let closed = |event: &Event| matches!(event, Event::GapClosed { from_seq: 1.., count: 1, .. });
    assert!(events(&world, 1).iter().any(closed));
    let device = world.machines[0].device;
    let chat = world.chat(0);
    assert!(engine(&mut world, 1).streams_in[&(device, chat)].missing.is_empty());
    assert_eq!(notices(&world, 1).len(), 0, "nobody was set back");
}

#[test]
fn who_has_the_first_try_shows_the_second_not_and_misses_nothing() {
    let mut world = World::friends(2, 704);
    let id = world.send(0, 1, "hello").unwrap();
    world.run(500);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
    again(&mut world, id, "hello").unwrap();
    world.run(500);
    assert!(peer(&mut world, 0, 1).outbox.is_empty(), "it is answered");
    world.send(0, 1, "and on").unwrap();
    world.run(60_000);
    assert_eq!(world.shown(1, 0), ["hello", "and on"]);
    assert_eq!(gaps(&world, 1), 0, "no number is missing");
    assert_eq!(notices(&world, 1), Vec::<&NewMessage>::new());
}

#[test]
fn a_second_try_that_comes_out_of_order_waits_like_any_other() {
    let mut world = apart(705);
    world.heal(0, 1);
    let id = world.send(0, 1, "first").unwrap();
    world.run(5_000);
    world.part(0, 1);
    world.run(1_000);
    world.send(0, 1, "between").unwrap();
    again(&mut world, id, "first").unwrap();
    world.send(0, 1, "last").unwrap();
    let parts = take_parts(&mut world, 0, 1);
    for part in [parts[2].clone(), parts[1].clone(), parts[0].clone(), parts[1].clone()] {
        give(&mut world, 0, 1, part);
    }
    assert_eq!(world.shown(1, 0), ["first", "between", "last"]);
    world.run(30_000);
    assert_eq!(gaps(&world, 1), 0);
}

#[test]
fn nothing_is_tried_again_for_somebody_who_is_blocked() {
    let mut world = apart(706);
    let id = world.send(0, 1, "hello").unwrap();
    let account = world.account(1);
    world.command(0, Command::Block { account }).unwrap();
    assert_eq!(world.state(0, id, 1), Some(MessageState::Failed));
    assert_eq!(again(&mut world, id, "hello"), Err(Refusal::Blocked));
    world.command(0, Command::Unblock { account }).unwrap();
    again(&mut world, id, "hello").unwrap();
    world.heal(0, 1);
    world.run(60_000);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
    assert_eq!(world.shown(1, 0), ["hello"]);
}

#[test]
fn a_dial_that_rings_does_not_hold_up_the_next_while_something_waits() {
    let mut world = apart(707);
    world.send(0, 1, "hello").unwrap();
    let device = world.machines[1].device;
    let engine = engine(&mut world, 0);
    let rings = |engine: &mut Engine, at_ms: u64| {
        engine.now.mono_ms = at_ms;
        engine.dial_device(device);
        let dials = |action: &Action| matches!(action, Action::Net(NetCommand::Dial { .. }));
        engine.flush().actions.iter().filter(|action| dials(action)).count()
    };
    let quiet = |engine: &mut Engine| {
        engine.dials.clear();
        engine.failures.clear();
        engine.timers.clear(&Timer::Dial(device));
    };
    quiet(engine);
    let start_ms = engine.now.mono_ms;
    assert_eq!(rings(engine, start_ms), 1);
    assert_eq!(
        engine.timers.when(&Timer::Dial(device)),
        Some(start_ms + 3_000),
        "it is looked after in time"
    );
    assert_eq!(rings(engine, start_ms + 2_999), 0, "it may still be answered");
    assert_eq!(rings(engine, start_ms + 3_000), 1);
    // That is done a few times, not for ever.
    let later = (2..20).map(|n| rings(engine, start_ms + n * 3_000)).sum::<usize>();
    assert_eq!(later, 2);
    // And only while something waits.
    let start_ms = engine.now.mono_ms + 60_000;
    quiet(engine);
    engine.peers.get_mut(&device).unwrap().outbox.clear();
    assert_eq!(rings(engine, start_ms), 1);
    assert_eq!(rings(engine, start_ms + 3_000), 0);
}
