//! Two and three engines in a world with a hand clock, one file per subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod boxes;
mod compare;
mod contents;
mod finding;
mod hostile;
mod joining;
mod keepers;
mod letters;
mod links;
mod marks;
mod missed;
mod neglect;
mod parts;
mod people;
mod places;
mod posting;
mod sessions;
mod talk;
mod times;
mod visibility;

use super::*;
use crate::session::{Ack, Outcome};
use crate::testing::{Crash, World};

fn engine(world: &mut World, index: usize) -> &mut Engine {
    world.machines[index].engine.as_mut().expect("the machine is on")
}

/// What one machine holds of another's device.
fn peer(world: &mut World, at: usize, of: usize) -> &mut Peer {
    let device = world.machines[of].device;
    engine(world, at).peers.get_mut(&device).expect("they know each other")
}

/// Everything a machine would send another on a new link, taken by hand.
fn take_parts(world: &mut World, from: usize, to: usize) -> Vec<OlmPart> {
    let mut parts = Vec::new();
    peer(world, from, to).rewind();
    loop {
        let batch = peer(world, from, to).next_batch(0, 64, 28 * 1024);
        if batch.is_empty() {
            return parts;
        }
        parts.extend(batch);
    }
}

/// Gives a machine a part by hand, commits, and returns its answers.
fn give(world: &mut World, from: usize, to: usize, part: OlmPart) -> Vec<(MessageId, u32, Outcome)> {
    let device = world.machines[from].device;
    let engine = engine(world, to);
    engine.on_parts(device, vec![part], receive::Road::Link(Via::Direct));
    let answers = engine.acks.remove(&device).unwrap_or_default();
    let step = engine.flush();
    world.machines[to].disk.commit(&step.changes);
    answers
}

/// Brings answers back by hand, and commits.
fn answer(world: &mut World, from: usize, to: usize, items: Vec<(MessageId, u32, Outcome)>) {
    let device = world.machines[from].device;
    let (to_account, to_device) = (world.account(to), world.machines[to].device);
    let ack = Ack { to_account, to_device, from_device: device, items };
    let engine = engine(world, to);
    engine.on_ack(device, &ack);
    let step = engine.flush();
    world.machines[to].disk.commit(&step.changes);
}

/// Two contacts with no connection between them.
fn apart(seed: u64) -> World {
    let mut world = World::friends(2, seed);
    world.run(1_000);
    world.part(0, 1);
    world.run(1_000);
    world
}

/// Loses all sessions of a machine, which goes off and on again for it.
fn forget_sessions(world: &mut World, index: usize) {
    world.crash(index);
    world.machines[index].disk.lose(Space::Session);
    world.machines[index].disk.lose(Space::Held);
    world.machines[index].watch.forget_places();
    world.start(index);
}

fn events(world: &World, index: usize) -> &[Event] {
    &world.machines[index].disk.events
}

fn notices(world: &World, index: usize) -> Vec<&NewMessage> {
    world.machines[index].disk.messages.iter().filter(|m| m.kind == MessageKind::Notice).collect()
}

fn view(world: &mut World, at: usize, of: usize) -> ContactView {
    let account = world.account(of);
    match world.command(at, Command::People) {
        Ok(Reply::People(people)) => people.into_iter().find(|p| p.account == account).expect("a contact"),
        other => panic!("{other:?}"),
    }
}
