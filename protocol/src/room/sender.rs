//! A device's own Megolm session in a room, and who holds its key (docs/spec/09-rooms.md, "Keys").
//!
//! ```text
//! new ──key to all──► holders == devices of the members ──seal──► … ──one too many, too old, used up──► thrown away
//! ```
//!
//! What it is for: that nothing is ever sealed for anybody who is not a member now. [`Sender::seal`] refuses it.

use crate::ids::DeviceId;
use crate::time::DAY_MS;
use crate::wire;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use vodozemac::Ed25519PublicKey;
use vodozemac::megolm::{GroupSession, GroupSessionPickle, SessionConfig};
use zeroize::Zeroizing;

/// Messages sealed in one session in a room of up to [`SMALL_ROOM`] members. Lower would send keys more often; higher
/// would show more to who gets hold of one key.
pub const MESSAGES: u32 = 100;
/// The same in larger rooms, where a new session costs more.
pub const MESSAGES_LARGE: u32 = 1_000;
/// Members up to which [`MESSAGES`] counts.
pub const SMALL_ROOM: usize = 300;
/// How long a session is used, in milliseconds of lived time.
pub const AGE_MS: u64 = 7 * DAY_MS;
/// Devices that may hold one session: those of a room as full as can be.
pub const HOLDERS: usize = 8_000;

/// Why nothing is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SenderError {
    /// The key is not with exactly those it must be with.
    #[error("the holders of the session are not the devices of the members")]
    Holders,
    /// The session is used up.
    #[error("the session must be replaced")]
    UsedUp,
    /// The stored state cannot be read or written.
    #[error("the stored session is damaged")]
    Stored,
}

/// An outbound session and its policy.
pub struct Sender {
    session: GroupSession,
    id: [u8; 32],
    made_lived_ms: u64,
    holders: BTreeSet<DeviceId>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(with = "serde_bytes")]
    pickle: Vec<u8>,
    made_lived_ms: u64,
    holders: BTreeSet<DeviceId>,
}

impl Sender {
    /// A new session that nobody holds, made after so many milliseconds of lived time. Its keys come from the operating
    /// system.
    pub fn new(lived_ms: u64) -> Self {
        Self::around(GroupSession::new(SessionConfig::version_2()), lived_ms, BTreeSet::new())
    }

    fn around(session: GroupSession, made_lived_ms: u64, holders: BTreeSet<DeviceId>) -> Self {
        // What a session prints as its id is its key, which reads back.
        let id = Ed25519PublicKey::from_base64(&session.session_id()).map(|key| *key.as_bytes());
        Self { session, id: id.unwrap_or_default(), made_lived_ms, holders }
    }

    /// The session's id: its Ed25519 public key.
    pub fn id(&self) -> [u8; 32] {
        self.id
    }

    /// How many messages were sealed: the index of the next one.
    pub fn index(&self) -> u32 {
        self.session.message_index()
    }

    /// The key that opens the next message and all after it, none before: 229 bytes for
    /// [`super::Receiver::from_key`].
    pub fn key(&self) -> Vec<u8> {
        self.session.session_key().to_bytes()
    }

    /// The devices of `devices` that do not hold the key yet.
    pub fn missing(&self, devices: &BTreeSet<DeviceId>) -> Vec<DeviceId> {
        devices.difference(&self.holders).copied().collect()
    }

    /// Notes that the key is on its way to these devices: from now on it counts as known there. At most 8,000 are
    /// noted; for one more, sealing is refused.
    pub fn give(&mut self, devices: impl IntoIterator<Item = DeviceId>) {
        for device in devices {
            if self.holders.len() < HOLDERS {
                self.holders.insert(device);
            }
        }
    }

    /// Whether a new session is needed before the next message to exactly these devices: somebody holds the key who
    /// must not read on, or it is used up or old. `members` counts people.
    pub fn must_rotate(&self, devices: &BTreeSet<DeviceId>, lived_ms: u64, members: usize) -> bool {
        let messages = if members > SMALL_ROOM { MESSAGES_LARGE } else { MESSAGES };
        !self.holders.is_subset(devices)
            || self.index() >= messages
            || lived_ms.saturating_sub(self.made_lived_ms) >= AGE_MS
    }

    /// Seals what [`super::plain`] made, for `devices`: those of the members now, without this one. Gives the session's
    /// id, the index in it and a Megolm message.
    ///
    /// # Errors
    /// [`SenderError::Holders`] unless exactly these hold the key, [`SenderError::UsedUp`] after 1,000 messages;
    /// nothing is sealed then.
    pub fn seal(
        &mut self,
        plain: &[u8],
        devices: &BTreeSet<DeviceId>,
    ) -> Result<([u8; 32], u32, Vec<u8>), SenderError> {
        if self.holders != *devices {
            return Err(SenderError::Holders);
        }
        if self.index() >= MESSAGES_LARGE {
            return Err(SenderError::UsedUp);
        }
        let index = self.index();
        let bytes = self.session.encrypt(plain).to_bytes();
        Ok((self.id, index, bytes))
    }

    /// Its stored form, vodozemac's own state as JSON (docs/adr/0008).
    ///
    /// # Errors
    /// [`SenderError::Stored`], which no session has been seen to give.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SenderError> {
        let pickle = serde_json::to_vec(&self.session.pickle()).map_err(|_| SenderError::Stored)?;
        let mut stored = Stored { pickle, made_lived_ms: self.made_lived_ms, holders: self.holders.clone() };
        let bytes = wire::encode(&stored).map_err(|_| SenderError::Stored);
        zeroize::Zeroize::zeroize(&mut stored.pickle);
        bytes
    }

    /// A sender out of its stored form.
    ///
    /// # Errors
    /// [`SenderError::Stored`] when it is damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SenderError> {
        let stored: Stored = wire::decode(bytes).map_err(|_| SenderError::Stored)?;
        let pickle = Zeroizing::new(stored.pickle);
        let pickle: GroupSessionPickle = serde_json::from_slice(&pickle).map_err(|_| SenderError::Stored)?;
        Ok(Self::around(GroupSession::from_pickle(pickle), stored.made_lived_ms, stored.holders))
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sender(index {}, {} holders)", self.index(), self.holders.len())
    }
}
