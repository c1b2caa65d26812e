//! Nodes of the toy DHT that lie, and the ways they do.

use super::{Dht, Kind};
use crate::kdf;
use std::sync::Arc;

/// Poisoned values in one answer of a flooding node.
const FLOOD: usize = 64;

/// What a Sybil answers. All of them share what any of them was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Random bytes of any length.
    Garbage,
    /// A good value that belongs under another key.
    OtherKey,
    /// A good value, cut.
    Truncated,
    /// A good value with one bit changed.
    Flipped,
    /// The oldest good value any of them has seen.
    Replay,
    /// Nothing, and it takes nothing.
    Silent,
    /// Many poisoned values at once.
    Flood,
    /// It says that it keeps a record, and answers nothing.
    Liar,
    /// What [`Dht::forged`] has for the key: made by somebody who knows the secret.
    Forger,
}

impl Lie {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Garbage,
        Self::OtherKey,
        Self::Truncated,
        Self::Flipped,
        Self::Replay,
        Self::Silent,
        Self::Flood,
        Self::Liar,
        Self::Forger,
    ];

    /// Whether it says that it keeps what it is given.
    pub(super) fn claims(self) -> bool {
        self != Self::Silent
    }
}

impl Dht {
    /// Adds lying nodes, evenly of all kinds, until they are `percent` of the crowd.
    pub fn add_sybils(&mut self, percent: usize) {
        let honest = self.crowd();
        let count = honest.saturating_mul(percent) / 100usize.saturating_sub(percent).max(1);
        for lie in Lie::ALL.into_iter().cycle().take(count) {
            self.add(Kind::Sybil(lie), None);
        }
    }

    /// Adds `count` lying nodes that are nearer to a key than anybody honest.
    pub fn swarm(&mut self, key: &[u8; 32], count: usize, lie: Lie) {
        let target = kdf::hash(key);
        for number in 0..count {
            let node = self.add(Kind::Sybil(lie), None);
            if let Some(node) = self.nodes.get_mut(&node) {
                node.id = target;
                if let Some(last) = node.id.last_mut() {
                    *last ^= u8::try_from(number % 256).unwrap_or(0);
                }
            }
        }
    }

    /// For some time a machine knows Sybils only, unless it meets somebody honest by itself.
    pub fn eclipse(&mut self, index: usize, until_ms: u64) {
        if let Some(seat) = self.seats.get_mut(&index) {
            seat.eclipsed_until_ms = until_ms;
        }
    }

    /// The oldest record any Sybil was given under a key.
    pub fn seen_by_sybils(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        self.pool.get(key).map(|value| value.to_vec())
    }

    pub(super) fn lie(&mut self, lie: Lie, key: &[u8; 32]) -> Vec<Vec<u8>> {
        let known = self.pool.get(key).map(Arc::clone);
        match (lie, known) {
            (Lie::Silent | Lie::Liar, _) => Vec::new(),
            (Lie::Forger, _) => self.forged.get(key).cloned().unwrap_or_default(),
            (Lie::OtherKey, _) => {
                let others = self.pool.iter().filter(|(other, _)| *other != key);
                others.map(|(_, value)| value.to_vec()).take(1).collect()
            }
            (Lie::Replay, Some(value)) => vec![value.to_vec()],
            (Lie::Truncated, Some(value)) => {
                let keep = usize::try_from(self.rng.below(value.len() as u64)).unwrap_or(0);
                vec![value.iter().copied().take(keep).collect()]
            }
            (Lie::Flipped, Some(value)) => vec![self.flip(&value)],
            (Lie::Flood, Some(value)) => (0..FLOOD).map(|_| self.flip(&value)).collect(),
            (Lie::Flood, None) => (0..FLOOD).map(|_| self.garbage()).collect(),
            (Lie::Garbage | Lie::Truncated | Lie::Flipped | Lie::Replay, _) => vec![self.garbage()],
        }
    }

    fn flip(&mut self, value: &[u8]) -> Vec<u8> {
        let mut out = value.to_vec();
        let at = usize::try_from(self.rng.below(out.len() as u64)).unwrap_or(0);
        let bit = self.rng.below(8);
        if let Some(byte) = out.get_mut(at) {
            *byte ^= 1 << bit;
        }
        out
    }

    fn garbage(&mut self) -> Vec<u8> {
        let length = match self.rng.below(4) {
            0 => 4_096,
            1 => 8_192,
            _ => usize::try_from(self.rng.below(9_000)).unwrap_or(0),
        };
        let mut out = Vec::with_capacity(length.saturating_add(32));
        while out.len() < length {
            out.extend_from_slice(&self.rng.bytes::<32>());
        }
        out.truncate(length);
        out
    }
}
