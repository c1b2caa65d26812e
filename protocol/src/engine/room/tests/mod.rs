//! Rooms between engines in a test world.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod history;
mod boxes;
mod gossip;
mod people;

use super::super::command::{Command, Refusal, Reply, Role, RoomSetting, RoomState};
use super::super::step::{Event, MessageState};
use crate::ids::RoomId;
use crate::testing::World;

/// What happened to a room here, in order, without who.
fn happened(world: &World, at: usize, room: RoomId) -> Vec<&'static str> {
    let events = world.machines[at].disk.events.iter();
    let of_room = |event: &Event| match event {
        Event::Room { room: of, change, .. } if *of == room => Some(*change),
        _ => None,
    };
    events.filter_map(of_room).collect()
}
