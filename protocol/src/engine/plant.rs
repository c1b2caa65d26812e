//! Faults planted in the engine on purpose, to see that the laws of the simulator find them (docs/dev/testing.md). They
//! are there only with the feature `planted`, which no node has, and do nothing until one is switched on.

use super::Engine;

/// A fault, at the place in the engine where it could have been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// Envelopes are acknowledged to a mailbox when they are told of, a turn before they are taken.
    AckBeforeCommit,
    /// Envelopes are acknowledged to a mailbox before whoever sent them can know that they came.
    AckBeforeAnswer,
    /// A message that is sent again is encrypted again.
    Reencrypt,
    /// Which contents were taken in is kept in memory only.
    DedupInMemory,
    /// A message counts as delivered when a mailbox has it.
    DeliveredOnDeposit,
    /// A message is forgotten when a mailbox has it.
    DeleteBeforeAck,
    /// What a mailbox says at the end of a fetch is believed: what it had before is never asked for again.
    TrustPageEnd,
    /// The ratchet's state after a sent message is not kept.
    ReuseChainKey,
    /// What a full mailbox refuses counts as kept by it.
    DropOnFull,
}

impl Plant {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::AckBeforeCommit,
        Self::AckBeforeAnswer,
        Self::Reencrypt,
        Self::DedupInMemory,
        Self::DeliveredOnDeposit,
        Self::DeleteBeforeAck,
        Self::TrustPageEnd,
        Self::ReuseChainKey,
        Self::DropOnFull,
    ];
}

#[cfg(feature = "planted")]
impl Engine {
    /// Switches a fault on.
    pub fn plant(&mut self, plant: Option<Plant>) {
        self.plant = plant;
    }

    pub(super) fn planted(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }
}

#[cfg(not(feature = "planted"))]
impl Engine {
    pub(crate) fn plant(&mut self, _: Option<Plant>) {}

    #[inline]
    pub(super) fn planted(&self, _: Plant) -> bool {
        false
    }
}
