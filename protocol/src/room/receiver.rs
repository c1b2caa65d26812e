//! The key of one Megolm session of one device in one room, as a member holds it (docs/spec/09-rooms.md, "Keys").
//!
//! What was opened in order cannot be opened again with what is left here, so that a seized device tells nothing of
//! it. An index is opened once.
//!
//! ```text
//! first ┐                              the ratchet stands at `first`
//!       0 0 1 1 0 1 0 0 …              opened: ranges above it
//! ```

use super::entry::{Head, LAST_INDEX, digest, read_sealed};
use crate::ids::{DeviceId, RoomId};
use crate::wire;
use serde::{Deserialize, Serialize};
use vodozemac::Ed25519PublicKey;
use vodozemac::megolm::{InboundGroupSession, InboundGroupSessionPickle, SessionConfig, SessionKey};
use zeroize::Zeroizing;

/// Bytes of a session key.
pub const KEY_BYTES: usize = 229;

/// Why a key or a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiverError {
    /// No session key, or one that begins beyond [`LAST_INDEX`].
    #[error("this is no key of a session")]
    Key,
    /// Of another room, device or session.
    #[error("the message is not of this session")]
    Foreign,
    /// Opened before, or before the key begins: there is nothing left to open it with.
    #[error("there is no key for this place in the session (any more)")]
    Passed,
    /// It does not open, or is not what the head speaks of.
    #[error("the message does not open")]
    Decrypt,
    /// The stored state cannot be read or written.
    #[error("the stored session is damaged")]
    Stored,
}

/// An inbound session, bound to the room and the device it came for and from.
pub struct Receiver {
    room: RoomId,
    device: DeviceId,
    session: InboundGroupSession,
    id: [u8; 32],
    /// Opened indices above the ratchet, first and last: in rising order, never touching. No more than
    /// [`LAST_INDEX`] / 2 by their nature.
    opened: Vec<(u32, u32)>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    room: RoomId,
    device: DeviceId,
    #[serde(with = "serde_bytes")]
    pickle: Vec<u8>,
    opened: Vec<(u32, u32)>,
}

impl Receiver {
    /// The session of a key that `device` itself gave for `room`.
    ///
    /// # Errors
    /// [`ReceiverError::Key`].
    pub fn from_key(room: RoomId, device: DeviceId, key: &[u8]) -> Result<Self, ReceiverError> {
        if key.len() != KEY_BYTES {
            return Err(ReceiverError::Key);
        }
        let key = SessionKey::from_bytes(key).map_err(|_| ReceiverError::Key)?;
        let session = InboundGroupSession::new(&key, SessionConfig::version_2());
        if session.first_known_index() > LAST_INDEX {
            return Err(ReceiverError::Key);
        }
        Self::around(room, device, session, Vec::new()).ok_or(ReceiverError::Key)
    }

    fn around(
        room: RoomId,
        device: DeviceId,
        session: InboundGroupSession,
        opened: Vec<(u32, u32)>,
    ) -> Option<Self> {
        let id = *Ed25519PublicKey::from_base64(&session.session_id()).ok()?.as_bytes();
        Some(Self { room, device, session, id, opened })
    }

    /// The session's id: its Ed25519 public key.
    pub fn session_id(&self) -> [u8; 32] {
        self.id
    }

    /// The first index that can be opened.
    pub fn first_index(&self) -> u32 {
        self.session.first_known_index()
    }

    /// Opens the sealed body of the entry with this head, whose signature was checked, once.
    ///
    /// # Errors
    /// [`ReceiverError`]; nothing is opened then, and the same can be tried with other bytes.
    pub fn open(&mut self, head: &Head, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReceiverError> {
        if head.room != self.room || head.device != self.device || head.session != self.id {
            return Err(ReceiverError::Foreign);
        }
        if head.index > LAST_INDEX || self.is_passed(head.index) {
            return Err(ReceiverError::Passed);
        }
        let message = read_sealed(sealed, head).ok_or(ReceiverError::Decrypt)?;
        let plain = self.session.decrypt(&message).map_err(|_| ReceiverError::Decrypt)?.plaintext;
        let plain = Zeroizing::new(plain);
        if digest(&plain) != head.digest {
            return Err(ReceiverError::Decrypt);
        }
        self.pass(head.index);
        Ok(plain)
    }

    /// Whether an index was opened, or lies before the key begins.
    pub fn is_passed(&self, index: u32) -> bool {
        index < self.first_index() || self.opened.iter().any(|(from, to)| (*from..=*to).contains(&index))
    }

    /// Notes an index as opened: the entry is there by another road, or was given up. The key goes as far as all
    /// before it are.
    pub fn pass(&mut self, index: u32) {
        if index > LAST_INDEX || self.is_passed(index) {
            return;
        }
        let at = self.opened.partition_point(|(from, _)| *from < index);
        self.opened.insert(at, (index, index));
        self.opened.dedup_by(|next, before| {
            let touches = before.1.saturating_add(1) == next.0;
            if touches {
                before.1 = next.1;
            }
            touches
        });
        if let Some((from, to)) = self.opened.first().copied()
            && from == self.first_index()
        {
            self.session.advance_to(to.saturating_add(1));
            self.opened.remove(0);
        }
    }

    /// Its stored form, vodozemac's own state as JSON (docs/adr/0008).
    ///
    /// # Errors
    /// [`ReceiverError::Stored`], which no session has been seen to give.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ReceiverError> {
        let pickle = serde_json::to_vec(&self.session.pickle()).map_err(|_| ReceiverError::Stored)?;
        let mut stored = Stored { room: self.room, device: self.device, pickle, opened: self.opened.clone() };
        let bytes = wire::encode(&stored).map_err(|_| ReceiverError::Stored);
        zeroize::Zeroize::zeroize(&mut stored.pickle);
        bytes
    }

    /// A receiver out of its stored form.
    ///
    /// # Errors
    /// [`ReceiverError::Stored`] when it is damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiverError> {
        let stored: Stored = wire::decode(bytes).map_err(|_| ReceiverError::Stored)?;
        let pickle = Zeroizing::new(stored.pickle);
        let pickle: InboundGroupSessionPickle =
            serde_json::from_slice(&pickle).map_err(|_| ReceiverError::Stored)?;
        let session = InboundGroupSession::from_pickle(pickle);
        Self::around(stored.room, stored.device, session, stored.opened).ok_or(ReceiverError::Stored)
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receiver({:?}, {:?}, from {})", self.room, self.device, self.first_index())
    }
}
