//! Pins in rooms, and another try of a message there.

use super::super::super::step::Change;
use super::*;
use crate::ids::{AccountId, ChatId, MessageId};
use crate::time::{DAY_MS, HOUR_MS};

/// Pins on a machine, in order: which message, who, on, and whether they undo another's.
fn pins(world: &World, at: usize) -> Vec<(MessageId, AccountId, bool, bool)> {
    let pin = |change: &Change| match change {
        Change::Pin { who, message, on, any, .. } => Some((*message, *who, *on, *any && !*on)),
        _ => None,
    };
    world.machines[at].disk.edits.iter().filter_map(pin).collect()
}

fn pin(
    world: &mut World,
    at: usize,
    room: RoomId,
    message: MessageId,
    (on, ours): (bool, bool),
) -> Result<Reply, Refusal> {
    let author = world.account(1);
    world.command(at, Command::Pin { chat: ChatId::from(room), message, author, on, ours })
}

#[test]
fn any_member_pins_and_who_did_it_its_author_and_admins_unpin() {
    let mut world = World::friends(4, 560);
    let room = world.room_of(0, &[1, 2, 3]);
    assert!(world.until(|world| agree(world, room, &[0, 1, 2, 3])));
    let said = world.say(1, room, "the door code is 4711").unwrap();
    assert!(world.until(|world| (0..4).all(|at| shows(world, at, room, "the door code is 4711"))));
    let (admin, author, by) = (world.account(0), world.account(1), world.account(2));
    pin(&mut world, 2, room, said, (true, false)).unwrap();
    let one = [(said, by, true, false)];
    assert!(world.until(|world| (0..4).all(|at| pins(world, at) == one)));
    // Neither here nor, had it said so all the same, on the others' devices.
    assert_eq!(pin(&mut world, 3, room, said, (false, false)), Err(Refusal::NotAllowed));
    pin(&mut world, 3, room, said, (false, true)).unwrap();
    let other = world.account(3);
    assert!(
        world.until(|world| (0..4).all(|at| pins(world, at).last() == Some(&(said, other, false, false))))
    );
    for (at, who) in [(0, admin), (1, author)] {
        pin(&mut world, at, room, said, (false, false)).unwrap();
        assert!(
            world.until(|world| (0..4).all(|at| pins(world, at).last() == Some(&(said, who, false, true))))
        );
    }
}

#[test]
fn who_comes_later_gets_the_pins_of_the_history_they_get() {
    let mut world = World::friends(3, 561);
    let room = world.room_of(0, &[1]);
    must(&mut world, 0, Command::RoomSet { room, what: RoomSetting::History("all".to_owned()) });
    let said = world.say(1, room, "the door code is 4711").unwrap();
    assert!(world.until(|world| shows(world, 0, room, "the door code is 4711")));
    pin(&mut world, 0, room, said, (true, false)).unwrap();
    let admin = world.account(0);
    assert!(world.until(|world| !pins(world, 1).is_empty()));
    world.befriend(0, 2);
    world.let_in(0, room, 2);
    assert!(world.until(|world| shows(world, 2, room, "the door code is 4711")));
    assert!(world.until(|world| pins(world, 2) == [(said, admin, true, false)]));
}

#[test]
fn what_expired_for_somebody_gets_to_them_when_it_is_tried_again() {
    let mut world = World::friends(3, 562);
    let room = world.room_of(0, &[1, 2]);
    assert!(world.until(|world| agree(world, room, &[0, 1, 2])));
    world.crash(2);
    let said = world.say(0, room, "hello").unwrap();
    assert!(world.until(|world| world.state(0, said, 1) == Some(MessageState::Delivered)));
    world.crash(1);
    world.run(30 * DAY_MS + 2 * HOUR_MS);
    assert_eq!(world.state(0, said, 2), Some(MessageState::Expired));
    let again = |lack: AccountId| Command::Again {
        chat: ChatId::from(room),
        message: said,
        text: "hello".to_owned(),
        reply_to: None,
        seq: 1,
        lack: vec![lack],
    };
    assert_eq!(world.command(0, again(AccountId([9; 32]))), Err(Refusal::NobodyLeft));
    let lack = world.account(2);
    must(&mut world, 0, again(lack));
    assert_eq!(world.state(0, said, 2), Some(MessageState::Queued));
    assert_eq!(world.state(0, said, 1), Some(MessageState::Delivered), "what they signed stays");
    world.start(1);
    world.start(2);
    assert!(world.until(|world| world.state(0, said, 2) == Some(MessageState::Delivered)));
    world.run(60_000);
    for at in 0..3 {
        let texts = world.room_texts(at, room);
        assert_eq!(texts.iter().filter(|text| *text == "hello").count(), 1, "{at}: {texts:?}");
    }
}

#[test]
fn nothing_is_pinned_in_an_open_channel() {
    let mut world = World::friends(1, 563);
    let Reply::Room(view) = must(&mut world, 0, Command::RoomNewOpen { name: "lobby".to_owned() }) else {
        panic!("no channel")
    };
    let (message, author) = (MessageId([1; 16]), world.account(0));
    let pin = Command::Pin { chat: ChatId::from(view.room), message, author, on: true, ours: false };
    assert_eq!(world.command(0, pin), Err(Refusal::IsOpen));
    assert!(pins(&world, 0).is_empty());
}
