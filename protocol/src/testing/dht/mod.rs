//! A toy DHT for test worlds: nodes with ids, the records they keep, who knows whom, and nodes that come, go and lie.
//! It answers at once and says how long that takes; [`super::World`] lets the answers arrive (`roads.rs` there).
//!
//! It is no Kademlia: nobody routes. A node knows all that it can reach but a share it has not met, and asks those of
//! them that are nearest to a key, by the distance between hashes, as the real one does.

mod lies;
mod roads;
mod view;

pub(super) use view::{Reach, Seat};

pub use lies::Lie;

use crate::discovery::{self, Made};
use crate::kdf;
use crate::rng::Rng;
use crate::time::HOUR_MS;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The number of a node. A node that comes back has a new one.
pub(super) type NodeId = u64;
/// How long a holder keeps a record: two days, as nodes do.
const KEEP_MS: u64 = 48 * HOUR_MS;
/// How long one waits for a node that does not answer.
const LOST_MS: u64 = 2_000;
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
    store: BTreeMap<[u8; 32], Kept>,
}

/// A record at a holder.
#[derive(Clone)]
struct Kept {
    /// Since when, on the world's clock.
    at_ms: u64,
    /// By its own word.
    made: Made,
    value: Arc<[u8]>,
}

impl Kept {
    fn is_fresh(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.at_ms) < KEEP_MS
    }

    /// The holder's rule between two good records: the newer stays, and the same one again counts as new.
    fn gives_way_to(&self, newer: &Self) -> bool {
        newer.made > self.made || newer.value == self.value
    }
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

    /// How many honest nodes hold something under a key, as of the last look around.
    pub fn holders(&self, key: &[u8; 32]) -> usize {
        self.nodes
            .values()
            .filter_map(|node| node.store.get(key))
            .filter(|held| held.is_fresh(self.churned_at_ms))
            .count()
    }

    /// The newest record any honest node holds under a key.
    pub fn value_of(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        let kept = self.nodes.values().filter_map(|node| node.store.get(key));
        kept.max_by_key(|kept| kept.made).map(|kept| kept.value.to_vec())
    }

    /// Takes a record from the honest holders of a key, but for the `keep` nearest of them.
    pub fn lose_copies(&mut self, key: &[u8; 32], keep: usize) {
        let target = kdf::hash(key);
        let held = self.nodes.values_mut().filter(|node| node.store.contains_key(key));
        let mut held: Vec<&mut Node> = held.collect();
        held.sort_by_key(|node| view::distance(&node.id, &target));
        for node in held.into_iter().skip(keep) {
            node.store.remove(key);
        }
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
        let made = discovery::check(&key, value).ok();
        let kept = made.map(|made| Kept { at_ms: now_ms, made, value: value.into() });
        let again = self.seats.get_mut(&index).is_some_and(|seat| !seat.published.insert(key));
        let swallowed = again && self.fault == Some(DhtFault::SilentMove);
        let (mut copies, mut done_ms) = (0u32, self.delay());
        for number in self.nearest(index, &key, reach, now_ms) {
            let lost = self.is_lost();
            done_ms = done_ms.max(self.delay().saturating_add(if lost { LOST_MS } else { 0 }));
            let Some(kept) = kept.as_ref().filter(|_| !lost) else { continue };
            self.bytes = self.bytes.saturating_add(value.len() as u64);
            if swallowed || self.keep(number, key, kept) {
                copies = copies.saturating_add(1);
            }
        }
        (copies, done_ms)
    }

    /// Whether a node says that it took a record.
    fn keep(&mut self, number: NodeId, key: [u8; 32], new: &Kept) -> bool {
        let Some(node) = self.nodes.get_mut(&number) else { return false };
        if let Kind::Sybil(lie) = node.kind {
            if self.pool.len() < RECORDS {
                self.pool.entry(key).or_insert_with(|| Arc::clone(&new.value));
            }
            return lie.claims();
        }
        node.store.retain(|_, held| held.is_fresh(new.at_ms));
        let full = node.store.len() >= RECORDS;
        match node.store.get(&key) {
            Some(_) if self.fault == Some(DhtFault::OldestWins) => return true,
            Some(held) if !held.gives_way_to(new) => return false,
            None if full => return false,
            _ => {}
        }
        node.store.insert(key, new.clone());
        true
    }

    /// Asks the nearest nodes the machine knows.
    pub(super) fn get(&mut self, index: usize, key: &[u8; 32], reach: &Reach, now_ms: u64) -> Answers {
        self.gets = self.gets.saturating_add(1);
        let way = self.delay();
        let mut answers = Answers { values: Vec::new(), asked: 0, done_ms: way };
        for number in self.nearest(index, key, reach, now_ms) {
            // Liars are quick.
            let lies = self.nodes.get(&number).is_some_and(|node| matches!(node.kind, Kind::Sybil(_)));
            let at = way.saturating_add(if lies { 0 } else { self.delay() });
            if !lies && self.is_lost() {
                answers.done_ms = answers.done_ms.max(way.saturating_add(LOST_MS));
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
        let fresh = node.store.get(key).filter(|held| held.is_fresh(now_ms));
        fresh.map(|held| held.value.to_vec()).into_iter().collect()
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
