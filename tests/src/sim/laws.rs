//! What must hold after every run, whatever happened in it.

use super::Outcome;
use starling_protocol::engine::{Change, Event, MessageKind, MessageState, NewMessage, Space};
use starling_protocol::ids::{AccountId, MessageId};
use starling_protocol::testing::{Machine, World};
use std::collections::BTreeMap;

/// Whether no engine has anything left to deliver.
pub(super) fn all_quiet(world: &World) -> bool {
    world.machines.iter().all(|machine| {
        machine.disk.count(Space::Outbox) == 0
            && machine.disk.states.values().all(|s| *s != MessageState::Queued)
    })
}

/// Every accepted text that its sender was not told to have failed stands where it was sent to.
pub(super) fn all_shown(world: &World) -> Vec<String> {
    let mut faults = Vec::new();
    for (from, machine) in world.machines.iter().enumerate() {
        for sent in &machine.watch.accepted {
            let there = world.machines.iter().find(|to| to.account == sent.chat.account());
            let Some(to) = there.filter(|to| to.account != machine.account) else { continue };
            let state = machine.disk.states.get(&(sent.id, to.account)).copied();
            let over = matches!(state, Some(MessageState::Failed | MessageState::Expired));
            if !over && !texts_of(to, machine.account).any(|shown| shown.id == sent.id) {
                let text: String = sent.text.chars().take(20).collect();
                faults.push(format!("{from}: {text} did not come by mail; its sender sees {state:?}"));
            }
        }
    }
    faults
}

/// Judges a world that was healed and drained.
pub(super) fn judge(world: &World) -> Outcome {
    let mut outcome =
        Outcome { machines: world.machines.len(), faults: world.faults.clone(), ..Outcome::default() };
    let by_account: BTreeMap<AccountId, usize> =
        world.machines.iter().enumerate().map(|(index, machine)| (machine.account, index)).collect();
    for (from, machine) in world.machines.iter().enumerate() {
        outcome.places += machine.watch.places();
        outcome.faults.extend(machine.watch.faults.iter().map(|fault| format!("{from}: {fault}")));
        conservation(world, from, &by_account, &mut outcome);
        phantoms(world, from, &by_account, &mut outcome);
        order(machine, from, &mut outcome);
        edits(world, from, &by_account, &mut outcome);
        bounds(machine, from, &mut outcome);
    }
    outcome
}

fn texts_of(machine: &Machine, author: AccountId) -> impl Iterator<Item = &NewMessage> {
    machine.disk.messages.iter().filter(move |m| m.author == author && m.kind == MessageKind::Text)
}

/// Every accepted text is shown exactly once where it was sent to, or its sender was told that it failed.
fn conservation(world: &World, from: usize, by_account: &BTreeMap<AccountId, usize>, outcome: &mut Outcome) {
    let Some(machine) = world.machines.get(from) else { return };
    for sent in &machine.watch.accepted {
        let Some(to) = by_account.get(&sent.chat.account()).and_then(|to| world.machines.get(*to)) else {
            continue;
        };
        outcome.accepted += 1;
        let count = texts_of(to, machine.account).filter(|m| m.id == sent.id).count();
        let state = machine.disk.states.get(&(sent.id, to.account)).copied();
        match count {
            0 if matches!(state, Some(MessageState::Failed | MessageState::Expired)) => {}
            0 => {
                outcome.lost += 1;
                outcome.faults.push(format!("{from}: {} is lost; its sender sees {state:?}", sent.text));
            }
            1 => {
                outcome.shown += 1;
                if state != Some(MessageState::Delivered) && state != Some(MessageState::Read) {
                    outcome.faults.push(format!("{from}: shown, but its sender sees {state:?}"));
                }
            }
            _ => {
                outcome.doubled += 1;
                outcome.faults.push(format!("{from}: {} is shown {count} times", sent.text));
            }
        }
    }
}

/// Nothing is shown that its author did not send to this very person, with this very text.
fn phantoms(world: &World, at: usize, by_account: &BTreeMap<AccountId, usize>, outcome: &mut Outcome) {
    let Some(machine) = world.machines.get(at) else { return };
    for shown in machine.disk.messages.iter().filter(|m| !m.me && m.kind == MessageKind::Text) {
        let author = by_account.get(&shown.author).and_then(|author| world.machines.get(*author));
        let sent = author.is_some_and(|author| {
            author.watch.accepted.iter().any(|sent| {
                sent.id == shown.id && sent.text == shown.text && sent.chat.account() == machine.account
            })
        });
        if !sent || shown.chat.account() != shown.author {
            outcome.faults.push(format!("{at}: {} was not sent here", shown.text));
        }
    }
}

/// The texts of one device stand in its order, except where a gap was shown.
fn order(machine: &Machine, at: usize, outcome: &mut Outcome) {
    let mut gaps = Vec::new();
    for event in &machine.disk.events {
        if let Event::Gap { device, from_seq, missing, .. } = event {
            outcome.gaps += 1;
            gaps.push((*device, *from_seq, from_seq + missing));
        }
    }
    let mut newest = BTreeMap::new();
    for shown in machine.disk.messages.iter().filter(|m| !m.me && m.kind == MessageKind::Text) {
        let last = newest.entry(shown.device).or_insert(0);
        let in_gap = gaps
            .iter()
            .any(|(device, from, to)| *device == shown.device && (*from..*to).contains(&shown.seq));
        if shown.seq <= *last && !in_gap {
            outcome.faults.push(format!("{at}: number {} stands after {last}", shown.seq));
        }
        *last = shown.seq.max(*last);
    }
}

/// The last edit of every message is the same on both sides, and so are the last reaction and the last pin.
fn edits(world: &World, from: usize, by_account: &BTreeMap<AccountId, usize>, outcome: &mut Outcome) {
    let Some(machine) = world.machines.get(from) else { return };
    for sent in &machine.watch.accepted {
        let Some(to) = by_account.get(&sent.chat.account()).and_then(|to| world.machines.get(*to)) else {
            continue;
        };
        let (mine, theirs) =
            (last_edit(machine, machine.account, sent.id), last_edit(to, machine.account, sent.id));
        if mine != theirs {
            outcome.faults.push(format!("{from}: last edit {mine:?}, there {theirs:?}"));
        }
        if reaction(machine, sent.id) != reaction(to, sent.id) {
            outcome.faults.push(format!("{from}: the reactions to {} differ", sent.text));
        }
        if pin(machine, sent.id) != pin(to, sent.id) {
            outcome.faults.push(format!("{from}: {} is pinned for one of two", sent.text));
        }
    }
}

fn last_edit(machine: &Machine, by: AccountId, of: MessageId) -> Option<String> {
    machine.disk.edits.iter().rev().find_map(|change| match change {
        Change::Edit { author, message, text, .. } if *author == by && *message == of => Some(text.clone()),
        _ => None,
    })
}

fn reaction(machine: &Machine, of: MessageId) -> Option<&str> {
    machine.disk.edits.iter().rev().find_map(|change| match change {
        Change::React { message, emoji, .. } if *message == of => Some(emoji.as_str()),
        _ => None,
    })
}

/// What was last said of a message's pin.
fn pin(machine: &Machine, of: MessageId) -> Option<bool> {
    machine.disk.edits.iter().rev().find_map(|change| match change {
        Change::Pin { message, on, .. } if *message == of => Some(*on),
        _ => None,
    })
}

/// Nothing is left lying about.
fn bounds(machine: &Machine, at: usize, outcome: &mut Outcome) {
    let peers = machine.disk.count(Space::Device);
    let checks = [
        ("sessions", machine.disk.count(Space::Session), peers * 4),
        ("parked contents", machine.disk.count(Space::Parked), 0),
        ("waiting rows", machine.disk.count(Space::Outbox), 0),
    ];
    for (what, count, limit) in checks {
        if count > limit {
            outcome.faults.push(format!("{at}: {count} {what}, at most {limit}"));
        }
    }
}

/// Everybody writes to everybody once more; it must arrive within a minute.
pub(super) fn canaries(world: &mut World) -> Vec<String> {
    let count = world.machines.len();
    let pairs: Vec<(usize, usize)> =
        (0..count).flat_map(|a| (0..count).map(move |b| (a, b))).filter(|(a, b)| a != b).collect();
    let sent: Vec<_> = pairs.iter().map(|(a, b)| world.send(*a, *b, "are you there?")).collect();
    world.run(60_000);
    let mut faults = Vec::new();
    for ((a, b), sent) in pairs.into_iter().zip(sent) {
        match sent {
            Ok(id) if world.state(a, id, b) == Some(MessageState::Delivered) => {}
            Ok(id) => faults.push(format!("{a} to {b}: the canary is {:?}", world.state(a, id, b))),
            Err(refusal) => faults.push(format!("{a} to {b}: the canary was refused: {refusal}")),
        }
    }
    faults
}
