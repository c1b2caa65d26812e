//! Open channels between engines in a test world.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod hostile;
mod moderation;
mod near;
mod table;
mod talk;

use super::super::command::{Command, MemberView, Refusal, Reply, RoomState};
use super::super::step::{MessageState, Space};
use super::super::{Engine, LinkProtocol, Presence};
use super::{LOBBY, channel_of};
use crate::ids::{AccountId, MessageId, RoomId};
use crate::testing::World;

fn lobby() -> RoomId {
    channel_of(LOBBY)
}

fn engine(world: &mut World, index: usize) -> &mut Engine {
    world.machines[index].engine.as_mut().expect("the machine is on")
}

/// Machines of one network, which know nothing of each other.
fn strangers(count: usize, seed: u64) -> World {
    let mut world = World::new(count, seed);
    for machine in 0..count {
        world.start(machine);
    }
    let all: Vec<usize> = (0..count).collect();
    meet(&mut world, &all);
    world
}

/// These find each other on their network.
fn meet(world: &mut World, who: &[usize]) {
    for a in who {
        for b in who.iter().filter(|b| *b != a) {
            world.meet_on_lan(*a, *b);
        }
    }
}

fn must(world: &mut World, at: usize, command: Command) -> Reply {
    world.command(at, command).unwrap()
}

fn join(world: &mut World, at: usize, name: &str) -> RoomId {
    match must(world, at, Command::RoomJoinOpen { name: name.to_owned() }) {
        Reply::Room(view) => view.room,
        other => panic!("{other:?}"),
    }
}

fn shows(world: &World, at: usize, room: RoomId, text: &str) -> bool {
    world.room_texts(at, room).iter().any(|shown| shown == text)
}

/// How far a message of a machine has come in a channel.
fn state(world: &World, at: usize, room: RoomId, message: MessageId) -> MessageState {
    world.machines[at].disk.states[&(message, AccountId(room.0))]
}

fn writers(world: &mut World, at: usize, room: RoomId) -> Vec<MemberView> {
    match must(world, at, Command::RoomMembers { room }) {
        Reply::Members(members) => members,
        other => panic!("{other:?}"),
    }
}

/// How many streams about open channels a machine has.
fn neighbours(world: &mut World, at: usize) -> usize {
    engine(world, at).open.neighbours.by_link.len()
}
