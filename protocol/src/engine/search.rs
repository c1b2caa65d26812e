//! What is known of the searches for others (docs/spec/07-discovery.md, "Looking up"): plain data, which `finding` and
//! `found` work on.

use super::dial::DialPurpose;
use super::net::LookUpId;
use crate::discovery::Slot;
use crate::ids::{AccountId, DeviceId, MailboxId};
use crate::time::WallMs;
use std::collections::{BTreeMap, VecDeque};

/// Who is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sought {
    /// Somebody who gave us a secret to find them by.
    Contact(AccountId),
    /// Somebody whose invite we hold.
    Join(AccountId),
    /// A mailbox we have business with, and cannot reach.
    Mailbox(MailboxId),
}

/// What a value tells, and how new that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edition {
    /// Whose card it is; `None`: it is the place of a mailbox.
    pub device: Option<DeviceId>,
    /// The card's number, or when the place was told. Higher is newer.
    pub seq: u64,
}

/// The search for one.
#[derive(Default)]
pub(super) struct Search {
    /// What is still asked for in this round, and whether only if nothing was found before.
    pub steps: VecDeque<(Slot, bool)>,
    pub lookup: Option<LookUpId>,
    pub queued: bool,
    /// Goes before the others in this round or the next: they were written to.
    pub first: bool,
    /// Nodes that answered the last look-up.
    pub asked: u32,
    /// Rounds since the pauses started anew.
    pub rounds: u32,
    pub started_ms: Option<u64>,
    /// Something valid came in this round.
    pub valid: bool,
    pub looked_up: Option<WallMs>,
    pub found: Option<WallMs>,
    /// The hash of the last value that was news, and what it told.
    pub last: Option<([u8; 32], Edition)>,
}

impl Search {
    pub fn is_busy(&self) -> bool {
        self.queued || self.lookup.is_some()
    }
}

/// One question to the DHT.
pub(super) struct LookUp {
    pub sought: Sought,
    pub slot: Slot,
    /// The hashes of the values that came, and what each tells: nearly all holders have the same bytes.
    pub seen: BTreeMap<[u8; 32], Option<Edition>>,
    pub cards: u32,
    /// The newest that came.
    pub best: Option<Best>,
    pub ended: bool,
}

/// The newest in a look-up.
#[derive(Clone, Copy)]
pub(super) struct Best {
    pub edition: Edition,
    /// How many values carried it.
    pub times: u32,
    /// Whether it is newer than the one we had.
    pub news: bool,
}

/// Everything about finding others.
#[derive(Default)]
pub(super) struct Finding {
    /// DHT nodes there are, as the network says.
    pub neighbours: u32,
    /// The fewest there were since the network last grew.
    pub low: u32,
    pub grown_ms: u64,
    pub growth_pause_ms: u64,
    pub searches: BTreeMap<Sought, Search>,
    pub queue: VecDeque<Sought>,
    pub lookups: BTreeMap<LookUpId, LookUp>,
    /// When each was last dialled.
    pub dialed: BTreeMap<DialPurpose, u64>,
}
