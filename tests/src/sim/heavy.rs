//! Single heavy situations with mailboxes: much that waits, first words that cross, an old disk.

use super::laws;
use starling_protocol::engine::{Command, MessageState, Refusal};
use starling_protocol::testing::{Crash, Disk, World};

const MINUTE_MS: u64 = 60_000;

/// Two people with a mailbox each that both use, who have met and are both away.
///
/// # Panics
/// When the mailboxes cannot be used.
#[allow(clippy::panic)]
fn two(mailboxes: usize, seed: u64) -> World {
    let mut world = World::friends(2, seed);
    for mailbox in 0..mailboxes {
        world.add_mailbox();
        for person in 0..2 {
            let link = world.mail_link_for(mailbox, 10, 1_024);
            if let Err(refusal) = world.command(person, Command::MailboxUse { link }) {
                panic!("no mailbox: {refusal}");
            }
        }
    }
    world.run(MINUTE_MS);
    for person in 0..2 {
        world.crash(person);
    }
    world.run(5_000);
    world.part(0, 1);
    world
}

fn judged(world: &World) -> Vec<String> {
    let mut faults = laws::all_shown(world);
    faults.extend(laws::judge(world).faults.into_iter().filter(|fault| !fault.contains("waiting rows")));
    faults
}

/// Somebody writes `count` texts while away from everybody, goes, and the other comes. Returns how long the other took
/// to have them all, in milliseconds, and what was broken.
pub fn drain(count: usize, seed: u64) -> (u64, Vec<String>) {
    let mut world = two(2, seed);
    world.start(0);
    for number in 0..count {
        if let Err(refusal) = world.send(0, 1, &format!("text {number}")) {
            return (0, vec![format!("text {number} was refused: {refusal}")]);
        }
        if number % 500 == 0 {
            world.run(1_000);
        }
    }
    world.run(10 * MINUTE_MS);
    world.crash(0);
    world.run(MINUTE_MS);
    world.start(1);
    let begin = world.now_ms;
    while world.shown(1, 0).len() < count && world.now_ms < begin + 60 * MINUTE_MS {
        world.run(100);
    }
    let took = world.now_ms - begin;
    // Its answers are left for the sender.
    world.run(5 * MINUTE_MS);
    world.crash(1);
    world.start(0);
    world.run(10 * MINUTE_MS);
    let mut faults = judged(&world);
    faults.extend((!laws::all_quiet(&world)).then(|| "the sender still waits".to_owned()));
    (took, faults)
}

/// Two who lost all their sessions write first, both, while away from each other; in half of the crossings one loses
/// power in the middle. Then they meet, and must reach each other within a minute.
pub fn crossing(seed: u64) -> Vec<String> {
    let mut world = two(1 + usize::try_from(seed % 3).unwrap_or(0), seed);
    for person in 0..2 {
        if let Some(machine) = world.machines.get_mut(person) {
            machine.disk.lose(starling_protocol::engine::Space::Session);
            machine.watch.forget_places();
        }
        world.start(person);
    }
    let first = world.send(0, 1, "crossing, from the first");
    let second = world.send(1, 0, "crossing, from the second");
    if seed.is_multiple_of(2) {
        let crash = [Crash::BeforeCommit, Crash::AfterCommit, Crash::AfterActions(1)];
        let crash = crash.get(usize::try_from(seed / 2 % 3).unwrap_or(0)).copied();
        world.plan(1, seed / 6 % 12, crash.unwrap_or(Crash::AfterCommit));
    }
    world.run(MINUTE_MS);
    for person in 0..2 {
        if world.is_up(person) {
            world.plan(person, u64::MAX, Crash::BeforeCommit);
        } else {
            world.start(person);
        }
    }
    world.run(30 * MINUTE_MS);
    let mut faults = judged(&world);
    for (from, sent) in [(0, first), (1, second)] {
        let state = sent.ok().and_then(|id| world.state(from, id, 1 - from));
        if state != Some(MessageState::Delivered) {
            faults.push(format!("{from}: the first word is {state:?}"));
        }
    }
    world.heal(0, 1);
    world.run(MINUTE_MS);
    faults.extend(laws::canaries(&mut world));
    faults
}

/// Somebody's disk is a week old: what they wrote and took since is gone with it. What both write after it, while they are
/// never there together, is shown once at the latest when they meet.
///
/// # Errors
/// When a text is refused.
pub fn week_old_disk(seed: u64) -> Result<Vec<String>, Refusal> {
    let mut world = two(2, seed);
    let mut old: Option<Disk> = None;
    for day in 0..8 {
        for person in 0..2 {
            world.start(person);
            world.send(person, 1 - person, &format!("day {day} of {person}"))?;
            world.run(20 * MINUTE_MS);
            world.crash(person);
        }
        if day == 0 {
            old = world.machines.get(1).map(|machine| machine.disk.clone());
        }
        world.run(24 * 60 * MINUTE_MS);
    }
    if let Some(old) = old {
        world.set_back(1, old);
    }
    let mut late = Vec::new();
    for round in 0..40 {
        for person in 0..2 {
            world.start(person);
            if round < 2 {
                late.push((person, world.send(person, 1 - person, &format!("after {round} of {person}"))?));
            }
            world.run(10 * MINUTE_MS);
            world.crash(person);
        }
    }
    (0..2).for_each(|person| world.start(person));
    world.heal(0, 1);
    world.run(2 * 60 * MINUTE_MS);
    let mut faults = Vec::new();
    for (from, id) in late {
        let shown = world
            .machines
            .get(1 - from)
            .map_or(0, |machine| machine.disk.messages.iter().filter(|message| message.id == id).count());
        if shown != 1 {
            faults.push(format!("{from}: a text after the restore is shown {shown} times"));
        }
    }
    faults.extend(laws::canaries(&mut world));
    Ok(faults)
}
