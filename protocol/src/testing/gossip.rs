//! Gossip of a test world: a piece goes to every neighbour that was admitted on both sides and hears its topic, and on
//! from there once it was judged good. It may be lost, or there may be none at all.

use super::World;
use crate::engine::net::{ConnId, GossipId, NetCommand, NetEvent, Topic, Verdict};
use crate::kdf;
use std::collections::{BTreeMap, BTreeSet};

/// What the network knows of gossip.
#[derive(Default)]
pub(super) struct Gossip {
    topics: BTreeMap<usize, BTreeSet<Topic>>,
    /// Connections by who admitted them, and whether both ways.
    admitted: BTreeMap<(usize, ConnId), bool>,
    /// What waits to be judged.
    pieces: BTreeMap<GossipId, (usize, Topic, Vec<u8>)>,
    /// Who has seen what.
    seen: BTreeSet<(usize, [u8; 32])>,
    /// How often somebody found something to be none.
    rejected: BTreeMap<usize, u64>,
    /// Pieces said, and told on.
    said: BTreeMap<usize, u64>,
}

impl World {
    /// How many pieces of gossip a machine rejected.
    pub fn gossip_rejected(&self, machine: usize) -> u64 {
        self.gossip.rejected.get(&machine).copied().unwrap_or(0)
    }

    /// How many pieces of gossip a machine began.
    pub fn gossip_said(&self, machine: usize) -> u64 {
        self.gossip.said.get(&machine).copied().unwrap_or(0)
    }

    /// Whether one machine lets gossip go to another, and is heard there.
    pub fn gossips_to(&self, from: usize, to: usize) -> bool {
        self.wires.values().any(|wire| {
            let ([first, second], [near, far]) = (wire.ends, wire.conn);
            let (near, far) = if first == from { (near, far) } else { (far, near) };
            let between = [[from, to], [to, from]].contains(&[first, second]);
            between && self.gossip_passes((from, near), (to, far))
        })
    }

    fn gossip_passes(&self, from: (usize, ConnId), to: (usize, ConnId)) -> bool {
        self.gossip.admitted.get(&from) == Some(&true) && self.gossip.admitted.contains_key(&to)
    }

    /// The topics a machine hears.
    pub fn gossip_topics(&self, machine: usize) -> BTreeSet<Topic> {
        self.gossip.topics.get(&machine).cloned().unwrap_or_default()
    }

    /// A machine was started or stopped: its network knows nothing any more.
    pub(super) fn gossip_forget(&mut self, machine: usize) {
        let gossip = &mut self.gossip;
        gossip.topics.remove(&machine);
        gossip.admitted.retain(|(of, _), _| *of != machine);
        gossip.pieces.retain(|_, (of, ..)| *of != machine);
        gossip.seen.retain(|(of, _)| *of != machine);
    }

    pub(super) fn gossip_act(&mut self, from: usize, command: NetCommand) {
        match command {
            NetCommand::Topics { topics } => {
                self.gossip.topics.insert(from, topics.into_iter().collect());
            }
            NetCommand::Admit { conn, both } => {
                self.gossip.admitted.insert((from, conn), both);
            }
            NetCommand::Gossip { topic, data } => {
                *self.gossip.said.entry(from).or_default() += 1;
                self.gossip.seen.insert((from, kdf::hash(&data)));
                self.gossip_spread(from, topic, &data);
            }
            NetCommand::Judge { gossip, verdict } => {
                let Some((_, topic, data)) = self.gossip.pieces.remove(&gossip) else { return };
                match verdict {
                    Verdict::Accept => self.gossip_spread(from, topic, &data),
                    Verdict::Reject => *self.gossip.rejected.entry(from).or_default() += 1,
                    Verdict::Ignore => {}
                }
            }
            _ => {}
        }
    }

    /// Says something about a topic to all neighbours of a machine, as if that machine's own network did.
    pub fn gossip_spread(&mut self, from: usize, topic: Topic, data: &[u8]) {
        if !self.gossip_on {
            return;
        }
        let hash = kdf::hash(data);
        let mut roads = Vec::new();
        for wire in self.wires.values() {
            let ([first, second], [near, far]) = (wire.ends, wire.conn);
            let (to, near, far) = if first == from { (second, near, far) } else { (first, far, near) };
            let hears = self.gossip.topics.get(&to).is_some_and(|topics| topics.contains(&topic));
            let mute = self.mute.contains(&(from.min(to), from.max(to)));
            let passes = wire.ends.contains(&from) && self.gossip_passes((from, near), (to, far));
            if passes && hears && !mute {
                roads.push((to, wire.latency_ms));
            }
        }
        for (to, latency_ms) in roads {
            if self.rng.below(100) < self.gossip_loss_percent || !self.gossip.seen.insert((to, hash)) {
                continue;
            }
            let gossip = self.fresh();
            self.gossip.pieces.insert(gossip, (to, topic, data.to_vec()));
            self.post(to, latency_ms, NetEvent::Gossip { gossip, topic, data: data.to_vec() });
        }
    }
}
