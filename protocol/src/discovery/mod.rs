//! What lies in the DHT: records that only those who share a secret can make, find and read, and that anybody who
//! holds one can check (docs/spec/07-discovery.md, docs/adr/0012).
//!
//! This module must not keep state, know who is a contact, or know what a DHT is. A *slot* says who may find which
//! device on which day; it gives a key pair for one record, the record's key in the DHT and the key its card is
//! encrypted with. Without the secret in the slot none of them can be guessed, and no two slots' records show that
//! they belong together.

mod record;
#[cfg(test)]
mod tests;

pub use record::{HEADER_BYTES, MADE_MAX_S, MADE_STEP_S, Made, RECORD_BYTES, Record, RecordError};
pub use record::{check, key, open, seal};

use crate::ids::DeviceId;
use crate::time::{DAY_MS, WallMs};

/// Which of an account's devices a slot is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SlotOwner {
    /// Any of them: every device publishes here too, and a reader takes the newest. For who knows no device yet, or
    /// only ones that are gone.
    Account,
    /// One of them.
    Device(DeviceId),
}

impl SlotOwner {
    /// 16 bytes that stand for it in derivations: zeros, or the device's id.
    pub fn bytes(&self) -> [u8; 16] {
        match self {
            Self::Account => [0; 16],
            Self::Device(device) => device.0,
        }
    }
}

/// One place in the DHT, for one day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The rendezvous secret: of a contact, or of an invite.
    pub rv: [u8; 32],
    /// Whose card lies there.
    pub who: SlotOwner,
    /// Days since 1970-01-01 UTC.
    pub day: u32,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("who", &self.who).field("day", &self.day).finish_non_exhaustive()
    }
}

/// The day of a wall time, as slots count them.
pub fn day_of(wall_ms: WallMs) -> u32 {
    u64::try_from(wall_ms).ok().and_then(|wall_ms| u32::try_from(wall_ms / DAY_MS).ok()).unwrap_or(0)
}
