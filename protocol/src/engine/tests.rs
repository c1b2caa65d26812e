//! Two and three engines in a world with a hand clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::testing::World;

#[test]
fn two_people_meet_and_talk() {
    let mut world = World::friends(2, 1);
    let hello = world.send(0, 1, "hello bob").unwrap();
    world.send(1, 0, "hello alice").unwrap();
    world.run(500);
    assert_eq!(world.shown(1, 0), ["hello bob"]);
    assert_eq!(world.shown(0, 1), ["hello alice"]);
    assert_eq!(world.state(0, hello, 1), Some(MessageState::Delivered));
}

#[test]
fn what_is_written_to_the_absent_arrives_in_order_when_they_are_back() {
    let mut world = World::friends(2, 2);
    world.crash(1);
    world.run(10_000);
    let texts: Vec<String> = (0..300).map(|n| format!("message {n}")).collect();
    for text in &texts {
        world.send(0, 1, text).unwrap();
    }
    world.crash(0);
    world.run(10_000);
    world.start(1);
    world.start(0);
    world.run(60_000);
    assert_eq!(world.shown(1, 0), texts);
}
