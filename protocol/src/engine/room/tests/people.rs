//! How people come into a room and go, and who may say what.

use super::*;

#[test]
fn a_contact_is_asked_in_says_yes_and_both_hear_each_other() {
    let mut world = World::friends(2, 500);
    let room = world.room_of(0, &[1]);
    assert_eq!(world.room_members(0, room), [0, 1]);
    assert!(world.until(|world| world.room_members(1, room) == [0, 1]));
    assert_eq!(happened(&world, 0, room), ["joined", "added"]);
    assert_eq!(happened(&world, 1, room), ["invited", "joined"]);
    let said = world.say(0, room, "hello roof").unwrap();
    assert!(world.until(|world| world.state(0, said, 1) == Some(MessageState::Delivered)));
    world.say(1, room, "hello yourself").unwrap();
    assert!(world.until(|world| world.room_texts(0, room).contains(&"hello yourself".to_owned())));
    assert_eq!(
        world.room_texts(0, room),
        ["You made this room", "bob joined (invited by alice)", "hello roof", "hello yourself"]
    );
    assert_eq!(world.room_texts(1, room), ["You joined (invited by alice)", "hello roof", "hello yourself"]);
}
