//! Who knows whom in the toy DHT: machines take a seat at each start, find a way in, and from then on know all they
//! can reach but a share.

use super::{Dht, Kind, Node, NodeId};
use crate::kdf;
use std::collections::BTreeSet;

/// A machine's place in the DHT, new at each start.
pub(in crate::testing) struct Seat {
    pub node: NodeId,
    /// Whether it has found the network.
    pub joined: bool,
    /// Until when it knows Sybils only.
    pub eclipsed_until_ms: u64,
    /// Addresses it was told to begin with.
    pub seeds: Vec<String>,
    /// Machines it met on a local network.
    pub near: BTreeSet<usize>,
    /// What it was told last about its neighbours.
    pub told: Option<u32>,
    /// Keys it has published under in this run.
    pub published: BTreeSet<[u8; 32]>,
}

/// What a machine can reach just now, besides the crowd.
pub(in crate::testing) struct Reach {
    /// Machines it is connected to or met on a local network.
    pub near: BTreeSet<usize>,
    /// Machines it could dial.
    pub open: BTreeSet<usize>,
}

impl Dht {
    /// A machine started: a new id, and nothing kept or known.
    pub(in crate::testing) fn arrive(&mut self, index: usize, addr: String) {
        self.leave(index);
        let node = self.add(Kind::Machine(index), Some(addr));
        let eclipsed_until_ms = 0;
        let seat = Seat {
            node,
            joined: false,
            eclipsed_until_ms,
            seeds: Vec::new(),
            near: BTreeSet::new(),
            told: None,
            published: BTreeSet::new(),
        };
        self.seats.insert(index, seat);
    }

    /// A machine is off.
    pub(in crate::testing) fn leave(&mut self, index: usize) {
        if let Some(seat) = self.seats.remove(&index) {
            self.nodes.remove(&seat.node);
        }
    }

    /// A machine has another address, and is who it was.
    pub(in crate::testing) fn relocate(&mut self, index: usize, addr: String) {
        let node = self.seats.get(&index).map(|seat| seat.node);
        if let Some(node) = node.and_then(|node| self.nodes.get_mut(&node)) {
            node.addr = addr;
        }
    }

    /// A machine looks for a way into the network: somebody near, an address it was told, or a bootstrap node.
    pub(in crate::testing) fn join(&mut self, index: usize, reach: &Reach, now_ms: u64) {
        let Some(seat) = self.seats.get(&index) else { return };
        let crowd = !self.dark && !self.offline.contains(&index);
        let eclipsed = now_ms < seat.eclipsed_until_ms;
        if seat.joined && !eclipsed {
            return;
        }
        let by_seed = seat.seeds.iter().any(|seed| {
            self.nodes.values().any(|node| match node.kind {
                Kind::Crowd => crowd && node.addr == *seed,
                Kind::Machine(other) => reach.open.contains(&other) && node.addr == *seed,
                Kind::Sybil(_) => false,
            })
        });
        let honest = by_seed || !reach.near.is_empty();
        let Some(seat) = self.seats.get_mut(&index) else { return };
        if honest {
            seat.eclipsed_until_ms = 0;
        }
        // A Sybil among the bootstrap nodes is how an eclipse begins.
        seat.joined |= honest || (crowd && (self.bootstraps || eclipsed));
    }

    /// The nodes a machine knows and reaches, nearest to nothing in particular.
    fn view(&self, index: usize, reach: &Reach, now_ms: u64) -> Vec<(NodeId, &Node)> {
        let Some(seat) = self.seats.get(&index) else { return Vec::new() };
        let eclipsed = now_ms < seat.eclipsed_until_ms;
        let crowd = seat.joined && !self.dark && !self.offline.contains(&index);
        let knows = |number: &NodeId, node: &Node| match node.kind {
            Kind::Sybil(_) => crowd,
            Kind::Crowd => crowd && !eclipsed && self.met(seat.node, *number),
            Kind::Machine(other) if other == index || self.clients.contains(&other) => false,
            Kind::Machine(other) if reach.near.contains(&other) => true,
            Kind::Machine(other) => {
                let there = self.seats.get(&other).is_some_and(|other| other.joined);
                let open = there && seat.joined && !eclipsed && reach.open.contains(&other);
                open && self.met(seat.node, *number)
            }
        };
        self.nodes.iter().filter(|(number, node)| knows(number, node)).map(|(n, node)| (*n, node)).collect()
    }

    /// Whether one node has met another: a fixed share has not.
    fn met(&self, one: NodeId, other: NodeId) -> bool {
        let mixed = one.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ other.wrapping_mul(0xd1b5_4a32_d192_ed03);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 32) % 100 >= self.unmet_percent
    }

    /// How many nodes a machine knows and reaches, and the addresses of those worth keeping.
    pub(in crate::testing) fn neighbours(
        &self,
        index: usize,
        reach: &Reach,
        now_ms: u64,
        most: usize,
    ) -> (u32, Vec<String>) {
        let view = self.view(index, reach, now_ms);
        let count = u32::try_from(view.len()).unwrap_or(u32::MAX);
        (count, view.into_iter().take(most).map(|(_, node)| node.addr.clone()).collect())
    }

    pub(in crate::testing) fn nearest(
        &self,
        index: usize,
        key: &[u8; 32],
        reach: &Reach,
        now_ms: u64,
    ) -> Vec<NodeId> {
        let target = kdf::hash(key);
        let mut near: Vec<([u8; 32], NodeId)> = self
            .view(index, reach, now_ms)
            .into_iter()
            .map(|(number, node)| (distance(&node.id, &target), number))
            .collect();
        near.sort_unstable();
        near.into_iter().take(self.width).map(|(_, number)| number).collect()
    }
}

pub(super) fn distance(id: &[u8; 32], target: &[u8; 32]) -> [u8; 32] {
    let mut out = *id;
    for (byte, other) in out.iter_mut().zip(target) {
        *byte ^= other;
    }
    out
}
