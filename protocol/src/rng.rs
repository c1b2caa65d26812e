//! The one source of chance the protocol's decisions draw on: a seeded ChaCha20 stream. A simulator that gives
//! the same seed and the same inputs sees the same actions.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// A seeded generator. Not `Clone`: two copies would give two messages one id.
pub struct Rng(ChaCha20Rng);

impl Rng {
    /// A generator from 32 bytes: from the operating system in a node, from a number in a simulation.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// A generator from a small number, for tests and simulations only.
    pub fn from_number(number: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(number))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.0.fill_bytes(&mut out);
        out
    }

    /// A number below `bound` (0 when `bound` is 0). The bias of the modulo is below 2^-32 for every bound used.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.0.next_u64() % bound }
    }
}

impl std::fmt::Debug for Rng {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rng(..)")
    }
}
