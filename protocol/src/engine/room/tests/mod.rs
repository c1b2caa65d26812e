//! Rooms between engines in a test world.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod boxes;
mod fellows;
mod gossip;
mod history;
mod hostile;
mod marks;
mod people;

use super::super::Engine;
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

fn engine(world: &mut World, index: usize) -> &mut Engine {
    world.machines[index].engine.as_mut().expect("the machine is on")
}

/// A command about a room that must be taken.
fn must(world: &mut World, at: usize, command: Command) -> Reply {
    world.command(at, command).unwrap()
}

/// Whether a machine shows a text in a room.
fn shows(world: &World, at: usize, room: RoomId, text: &str) -> bool {
    world.room_texts(at, room).iter().any(|shown| shown == text)
}

/// Whether all of these see the same people in a room, and only these.
fn agree(world: &mut World, room: RoomId, who: &[usize]) -> bool {
    who.iter().all(|at| world.room_members(*at, room) == who)
}
