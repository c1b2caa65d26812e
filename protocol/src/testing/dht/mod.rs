//! A toy DHT for test worlds: nodes with ids, the records they keep, who knows whom, and nodes that come, go and lie.
//! It answers at once and says how long that takes; [`super::World`] lets the answers arrive (`roads.rs` there).
//!
//! It is no Kademlia: nobody routes. A node knows all that it can reach but a share it has not met, and asks those of
//! them that are nearest to a key, by the distance between hashes, as the real one does.

mod lies;
mod roads;

pub use lies::Lie;

use crate::kdf;
use crate::rng::Rng;
use crate::time::HOUR_MS;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The number of a node. A node that comes back has a new one.
pub(super) type NodeId = u64;
/// How long a holder keeps a record: two days, as nodes do.
const KEEP_MS: u64 = 48 * HOUR_MS;
/// Records one holder keeps, so that a long run ends with memory left.
const RECORDS: usize = 4_096;

/// What a test does to the DHT itself, to see that a suite finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DhtFault {
    /// Of all that is found only the first value reaches who asked.
    FirstOnly,
    /// Holders keep the oldest record of a key instead of the newest.
    OldestWins,
    /// Only the first records a run of a machine puts under a key are kept: later ones vanish, and it is told they
    /// are there.
    SilentMove,
}

/// One publication, as somebody sees it who sees everything.
#[derive(Debug, Clone)]
pub struct Capture {
    /// When, on the world's clock.
    pub at_ms: u64,
    /// Who published.
    pub machine: usize,
    /// Under what.
    pub key: [u8; 32],
    /// What.
    pub value: Vec<u8>,
}

/// Where a node lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One of the crowd.
    Crowd,
    /// One of the crowd that lies.
    Sybil(Lie),
    /// A machine of the world.
    Machine(usize),
}

struct Node {
    id: [u8; 32],
    kind: Kind,
    addr: String,
    store: BTreeMap<[u8; 32], (u64, Arc<[u8]>)>,
}

/// A machine's place in the DHT, new at each start.
pub(super) struct Seat {
    node: NodeId,
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
    published: BTreeSet<[u8; 32]>,
}

/// What a machine can reach just now, besides the crowd.
pub(super) struct Reach {
    /// Machines it is connected to or met on a local network.
    pub near: BTreeSet<usize>,
    /// Machines it could dial.
    pub open: BTreeSet<usize>,
}

/// What became of one question.
pub(super) struct Answers {
    /// Values, and when they come.
    pub values: Vec<(u64, Vec<u8>)>,
    /// Nodes that answered.
    pub asked: u32,
    /// When the last of them did, or was given up.
    pub done_ms: u64,
}

/// Nodes, what they keep, and the knobs.
pub struct Dht {
    /// Nodes a record is put on, and asked for it.
    pub width: usize,
    /// A node answers within this, in milliseconds; a question takes twice as long to reach the last of them.
    pub max_latency_ms: u64,
    /// Of a hundred nodes, how many a node has not met.
    pub unmet_percent: u64,
    /// Of a hundred requests, how many are never answered.
    pub lossy_percent: u64,
    /// Of a hundred nodes of the crowd, how many are replaced in an hour.
    pub churn_percent: u64,
    /// Whether a machine that knows nobody finds the crowd.
    pub bootstraps: bool,
    /// Whether the whole crowd is gone.
    pub dark: bool,
    /// Machines that keep nothing for others.
    pub clients: BTreeSet<usize>,
    /// Machines that cannot reach the crowd.
    pub offline: BTreeSet<usize>,
    /// How often machines look around, in milliseconds.
    pub tick_ms: u64,
    /// Publications asked for.
    pub puts: u64,
    /// Look-ups asked for.
    pub gets: u64,
    /// Bytes handed to holders and back.
    pub bytes: u64,
    /// A planted fault.
    pub fault: Option<DhtFault>,
    /// What forging Sybils answer, by key.
    pub forged: BTreeMap<[u8; 32], Vec<Vec<u8>>>,
    pub(super) seats: BTreeMap<usize, Seat>,
    pub(super) rng: Rng,
    nodes: BTreeMap<NodeId, Node>,
    /// The oldest good record every Sybil knows of: they share what they see.
    pool: BTreeMap<[u8; 32], Arc<[u8]>>,
    next: NodeId,
    churned_at_ms: u64,
    /// Replacements that are due, in hundredths of a node times milliseconds of an hour.
    churn_due: u64,
}

impl Dht {
    /// A crowd of honest nodes, decided by `seed`.
    pub fn new(crowd: usize, seed: u64) -> Self {
        let mut dht = Self {
            width: 20,
            max_latency_ms: 300,
            unmet_percent: 10,
            lossy_percent: 5,
            churn_percent: 0,
            bootstraps: true,
            dark: false,
            clients: BTreeSet::new(),
            offline: BTreeSet::new(),
            tick_ms: 10_000,
            puts: 0,
            gets: 0,
            bytes: 0,
            fault: None,
            forged: BTreeMap::new(),
            seats: BTreeMap::new(),
            rng: Rng::from_number(seed ^ 0x6468_7473),
            nodes: BTreeMap::new(),
            pool: BTreeMap::new(),
            next: 0,
            churned_at_ms: 0,
            churn_due: 0,
        };
        for _ in 0..crowd {
            dht.add(Kind::Crowd, None);
        }
        dht
    }

    fn add(&mut self, kind: Kind, addr: Option<String>) -> NodeId {
        self.next = self.next.saturating_add(1);
        let number = self.next;
        let addr = addr.unwrap_or_else(|| {
            format!("/ip4/100.{}.{}.1/udp/4164/quic-v1", 64 + number / 250 % 64, number % 250)
        });
        let id = kdf::hash(&self.rng.bytes::<32>());
        self.nodes.insert(number, Node { id, kind, addr, store: BTreeMap::new() });
        number
    }

    /// Nodes of the crowd, honest and lying.
    pub fn crowd(&self) -> usize {
        self.nodes.values().filter(|node| !matches!(node.kind, Kind::Machine(_))).count()
    }

    /// How many honest nodes hold something under a key.
    pub fn holders(&self, key: &[u8; 32]) -> usize {
        self.nodes
            .values()
            .filter(|node| !matches!(node.kind, Kind::Sybil(_)) && node.store.contains_key(key))
            .count()
    }

    /// Takes a record from the honest holders of a key, but for `keep` of them.
    pub fn lose_copies(&mut self, key: &[u8; 32], keep: usize) {
        let held = self.nodes.values_mut().filter(|node| node.store.contains_key(key));
        for node in held.skip(keep) {
            node.store.remove(key);
        }
    }

    // ---- machines ---------------------------------------------------------------------------------------------

    /// A machine started: a new id, and nothing kept or known.
    pub(super) fn arrive(&mut self, index: usize, addr: String) {
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
    pub(super) fn leave(&mut self, index: usize) {
        if let Some(seat) = self.seats.remove(&index) {
            self.nodes.remove(&seat.node);
        }
    }

    /// A machine has another address, and is who it was.
    pub(super) fn relocate(&mut self, index: usize, addr: String) {
        let node = self.seats.get(&index).map(|seat| seat.node);
        if let Some(node) = node.and_then(|node| self.nodes.get_mut(&node)) {
            node.addr = addr;
        }
    }

    /// A machine looks for a way into the network: somebody near, an address it was told, or a bootstrap node.
    pub(super) fn join(&mut self, index: usize, reach: &Reach, now_ms: u64) {
        let Some(seat) = self.seats.get(&index) else { return };
        let crowd = !self.dark && !self.offline.contains(&index);
        let eclipsed = now_ms < seat.eclipsed_until_ms;
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
    pub(super) fn neighbours(
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

    fn nearest(&self, index: usize, key: &[u8; 32], reach: &Reach, now_ms: u64) -> Vec<NodeId> {
        let target = kdf::hash(key);
        let mut near: Vec<([u8; 32], NodeId)> = self
            .view(index, reach, now_ms)
            .into_iter()
            .map(|(number, node)| (distance(&node.id, &target), number))
            .collect();
        near.sort_unstable();
        near.into_iter().take(self.width).map(|(_, number)| number).collect()
    }

    // ---- records ----------------------------------------------------------------------------------------------

    /// Puts a record on the nearest nodes the machine knows. Returns how many say they took it, and when the last
    /// of them said so.
    pub(super) fn put(
        &mut self,
        index: usize,
        key: [u8; 32],
        value: &[u8],
        reach: &Reach,
        now_ms: u64,
    ) -> (u32, u64) {
        self.puts = self.puts.saturating_add(1);
        let value: Arc<[u8]> = value.into();
        let again = self.seats.get_mut(&index).is_some_and(|seat| !seat.published.insert(key));
        let swallowed = again && self.fault == Some(DhtFault::SilentMove);
        let (mut copies, mut done_ms) = (0u32, self.delay());
        for number in self.nearest(index, &key, reach, now_ms) {
            let lost = self.is_lost();
            done_ms = done_ms.max(self.delay().saturating_add(if lost { 2_000 } else { 0 }));
            if lost {
                continue;
            }
            self.bytes = self.bytes.saturating_add(value.len() as u64);
            if swallowed || self.keep(number, key, &value, now_ms) {
                copies = copies.saturating_add(1);
            }
        }
        (copies, done_ms)
    }

    /// Whether a node says that it took a record.
    fn keep(&mut self, number: NodeId, key: [u8; 32], value: &Arc<[u8]>, now_ms: u64) -> bool {
        let oldest_wins = self.fault == Some(DhtFault::OldestWins);
        let Some(node) = self.nodes.get_mut(&number) else { return false };
        if let Kind::Sybil(lie) = node.kind {
            if self.pool.len() < RECORDS {
                self.pool.entry(key).or_insert_with(|| Arc::clone(value));
            }
            return lie.claims();
        }
        node.store.retain(|_, (at, _)| now_ms.saturating_sub(*at) < KEEP_MS);
        let held = node.store.get(&key).map(|(_, held)| held);
        let full = node.store.len() >= RECORDS && held.is_none();
        let takes = takes(held.map(AsRef::as_ref), &key, value);
        if full || !(takes || oldest_wins) {
            return false;
        }
        if held.is_none() || !oldest_wins {
            node.store.insert(key, (now_ms, Arc::clone(value)));
        }
        true
    }

    /// Asks the nearest nodes the machine knows.
    pub(super) fn get(&mut self, index: usize, key: &[u8; 32], reach: &Reach, now_ms: u64) -> Answers {
        self.gets = self.gets.saturating_add(1);
        let way = self.delay();
        let mut answers = Answers { values: Vec::new(), asked: 0, done_ms: way };
        for number in self.nearest(index, key, reach, now_ms) {
            let at = way.saturating_add(self.delay());
            if self.is_lost() {
                answers.done_ms = answers.done_ms.max(way.saturating_add(2_000));
                continue;
            }
            answers.asked = answers.asked.saturating_add(1);
            answers.done_ms = answers.done_ms.max(at);
            for value in self.answer(number, key, now_ms) {
                self.bytes = self.bytes.saturating_add(value.len() as u64);
                answers.values.push((at, value));
            }
        }
        // In the order of their coming: equal times as drawn.
        answers.values.sort_by_key(|(at, _)| *at);
        if self.fault == Some(DhtFault::FirstOnly) {
            answers.values.truncate(1);
        }
        answers
    }

    fn answer(&mut self, number: NodeId, key: &[u8; 32], now_ms: u64) -> Vec<Vec<u8>> {
        let Some(node) = self.nodes.get(&number) else { return Vec::new() };
        if let Kind::Sybil(lie) = node.kind {
            return self.lie(lie, key);
        }
        let fresh = node.store.get(key).filter(|(at, _)| now_ms.saturating_sub(*at) < KEEP_MS);
        fresh.map(|(_, value)| value.to_vec()).into_iter().collect()
    }

    fn delay(&mut self) -> u64 {
        self.rng.below(self.max_latency_ms.max(1)).saturating_add(1)
    }

    fn is_lost(&mut self) -> bool {
        self.rng.below(100) < self.lossy_percent
    }

    // ---- coming and going -------------------------------------------------------------------------------------

    /// Nodes of the crowd that should have left since the last time have, and others came: new ids, empty stores,
    /// half of them at the old address.
    pub(super) fn churn(&mut self, now_ms: u64) {
        let elapsed = now_ms.saturating_sub(std::mem::replace(&mut self.churned_at_ms, now_ms));
        let honest: Vec<NodeId> =
            self.nodes.iter().filter(|(_, node)| node.kind == Kind::Crowd).map(|(n, _)| *n).collect();
        let rate = self.churn_percent.saturating_mul(honest.len() as u64);
        self.churn_due = self.churn_due.saturating_add(rate.saturating_mul(elapsed));
        while self.churn_due >= 100 * HOUR_MS && !honest.is_empty() {
            self.churn_due = self.churn_due.saturating_sub(100 * HOUR_MS);
            let at = usize::try_from(self.rng.below(honest.len() as u64)).unwrap_or(0);
            let Some(node) = honest.get(at).and_then(|number| self.nodes.remove(number)) else { continue };
            let stays = self.rng.below(2) == 0;
            self.add(Kind::Crowd, stays.then_some(node.addr));
        }
    }
}

/// The holder's rule: the last word wins.
fn takes(_held: Option<&[u8]>, _key: &[u8; 32], _value: &[u8]) -> bool {
    true
}

fn distance(id: &[u8; 32], target: &[u8; 32]) -> [u8; 32] {
    let mut out = *id;
    for (byte, other) in out.iter_mut().zip(target) {
        *byte ^= other;
    }
    out
}
