//! One message of a room as it travels and is kept (docs/spec/09-rooms.md, "Messages"): a head that anybody can check,
//! and a body that is sealed for the members or, for who may have it later, opened.
//!
//! ```text
//! content ──pad, salt──► plain ──Megolm──► Sealed
//!                          │ digest            │ session, index
//!                          └──────► Head ◄─────┘  signed by the device
//! ```
//!
//! This module must not know who is a member: whether an entry is taken is for [`crate::engine`] to say.

use super::OpId;
use crate::content::{Body, Content};
use crate::identity::{DeviceKeys, device_id};
use crate::ids::{ChatId, DeviceId, RoomId};
use crate::kdf;
use crate::wire::{self, Ext, Signed, WireError};
use serde::{Deserialize, Serialize};
use vodozemac::megolm::MegolmMessage;
use vodozemac::{Ed25519PublicKey, Ed25519Signature};

const DOMAIN: &str = "room entry";

/// Bytes of an entry's encoded head and its body together, at most. An entry with the largest text (32 KiB) has some 42 KiB; higher, and
/// it might not fit a frame with what is around it. (An entry of more than some 31 KiB does not fit a piece of gossip
/// and goes over links only: [`super::seal::GOSSIP_FRAME_BYTES`].)
pub const ENTRY_BYTES: usize = 48 * 1024;
/// Bytes of an encoded head, at most: twice what the fullest head of this version needs, so that a later one may grow.
pub const HEAD_BYTES: usize = 2 * 1024;
/// Entries of other devices named in one head, at most. Fewer would leave what was seen at the same time without order;
/// more would make every message longer.
pub const AFTER: usize = 8;
/// Operations named in one head, at most: as many as an operation names.
pub const TIPS: usize = 16;
/// The highest number of an entry, and the greatest depth: what every reader of JSON can hold exactly.
pub const LAST_SEQ: u64 = (1 << 53) - 1;
/// How far the depth of an entry may lie above the greatest known. Lower would refuse honest members after a long
/// partition; higher would let one member use up the numbers.
pub const DEPTH_AHEAD: u64 = 1_000_000;
/// The highest index of a session that is taken: four times what a sender may use before it makes a new session. It
/// bounds what a receiver remembers.
pub const LAST_INDEX: u32 = 4_095;
/// Bytes of chance before a content. Without them who knows a digest could try out short texts.
pub const SALT_BYTES: usize = 16;

/// The name of an entry: the hash of its head's encoding (32 bytes).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryId(pub [u8; 32]);

impl std::fmt::Debug for EntryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = crate::ids::base32().encode(&self.0);
        write!(f, "EntryId({})", text.get(..8).unwrap_or(&text))
    }
}

/// Why an entry is refused. Always the fault of who made it or passed it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not in the one right form, over a bound, or of a version that must be understood and is not.
    #[error("the entry is malformed or over a bound")]
    Malformed,
    /// Not signed by the device it names.
    #[error("the entry is not signed by its device")]
    Signature,
    /// The body is not what the head speaks of.
    #[error("the body does not belong to the head")]
    Body,
    /// The content is of another room, or has another number.
    #[error("the content does not belong here")]
    Content,
}

impl From<WireError> for EntryError {
    fn from(_: WireError) -> Self {
        Self::Malformed
    }
}

/// What anybody may know of an entry: where it stands, and what its body must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// In which room.
    pub room: RoomId,
    /// Who wrote it.
    pub device: DeviceId,
    /// Its number among the device's entries in the room, from 1 to [`LAST_SEQ`], without holes.
    pub seq: u64,
    /// The [`EntryId`] of the device's entry before it; zeros before the first.
    pub prev: [u8; 32],
    /// The newest entries of other devices that it had seen, by device and number: at most [`AFTER`], in rising order,
    /// one of each device.
    pub after: Vec<(DeviceId, u64)>,
    /// One more than the greatest depth it had seen; from `seq` to [`LAST_SEQ`].
    pub depth: u64,
    /// The newest operations it knew, at most [`TIPS`], in rising order: who was a member for the author.
    pub tips: Vec<OpId>,
    /// The Megolm session it is sealed in: the session's Ed25519 public key.
    pub session: [u8; 32],
    /// The place in that session, at most [`LAST_INDEX`].
    pub index: u32,
    /// [`digest`] of what is sealed.
    pub digest: [u8; 32],
    /// Room for growth.
    pub ext: Ext,
}

impl Head {
    /// Signs it.
    ///
    /// # Errors
    /// [`EntryError::Malformed`] when it is over a bound.
    pub fn sign(&self, device: &DeviceKeys) -> Result<Signed, EntryError> {
        let body = wire::encode(self)?;
        if !self.is_possible() || body.len() > HEAD_BYTES {
            return Err(EntryError::Malformed);
        }
        Ok(device.sign(DOMAIN, &body))
    }

    /// The head in a signed body, *not believed yet*: to learn whose key must have signed it.
    ///
    /// # Errors
    /// [`EntryError::Malformed`].
    pub fn peek(signed: &Signed) -> Result<Self, EntryError> {
        if signed.body.len() > HEAD_BYTES {
            return Err(EntryError::Malformed);
        }
        let head: Self = wire::decode(&signed.body)?;
        if head.is_possible() { Ok(head) } else { Err(EntryError::Malformed) }
    }

    /// The head, if the device with this signing key signed it and is the one it names.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn open(signed: &Signed, device_key: &[u8; 32]) -> Result<Self, EntryError> {
        let head = Self::peek(signed)?;
        if head.device != device_id(device_key) {
            return Err(EntryError::Signature);
        }
        kdf::verify(device_key, DOMAIN, &signed.body, &signed.sig).map_err(|_| EntryError::Signature)?;
        Ok(head)
    }

    fn is_possible(&self) -> bool {
        (1..=LAST_SEQ).contains(&self.seq)
            && (self.seq == 1) == (self.prev == [0; 32])
            && (self.seq..=LAST_SEQ).contains(&self.depth)
            && self.after.len() <= AFTER
            && self.after.is_sorted_by(|(a, _), (b, _)| a < b)
            && self.after.iter().all(|(device, seq)| *device != self.device && (1..=LAST_SEQ).contains(seq))
            && self.tips.len() <= TIPS
            && self.tips.is_sorted_by(|a, b| a < b)
            && self.index <= LAST_INDEX
            && wire::ext_understood(&self.ext)
    }
}

/// What is said.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryBody {
    /// A Megolm message.
    Sealed(#[serde(with = "serde_bytes")] Vec<u8>),
    /// What is in that message: for who is entitled to it and has no key.
    Opened(#[serde(with = "serde_bytes")] Vec<u8>),
}

impl std::fmt::Debug for EntryBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sealed(bytes) => write!(f, "Sealed({} bytes)", bytes.len()),
            Self::Opened(bytes) => write!(f, "Opened({} bytes)", bytes.len()),
        }
    }
}

/// One message of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// A signed [`Head`].
    pub head: Signed,
    /// What is said.
    pub body: EntryBody,
}

impl Entry {
    /// Its name, whether or not it is believed.
    pub fn id(&self) -> EntryId {
        EntryId(kdf::hash(&self.head.body))
    }

    /// The head, if the device with this signing key signed it; see [`Head::open`]. Says nothing of the body.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn open_head(&self, device_key: &[u8; 32]) -> Result<Head, EntryError> {
        Head::open(&self.head, device_key)
    }

    /// Whether the body is what `head` (of this entry) speaks of, as far as one can tell without a key: an opened one
    /// has its digest; a sealed one is the one message that the session's own key signed for this index. So a relay
    /// cannot put rubbish in its place.
    ///
    /// # Errors
    /// [`EntryError::Body`].
    pub fn check_body(&self, head: &Head) -> Result<(), EntryError> {
        let fits = match &self.body {
            EntryBody::Opened(plain) => digest(plain) == head.digest,
            EntryBody::Sealed(sealed) => is_of_session(sealed, head),
        };
        if fits { Ok(()) } else { Err(EntryError::Body) }
    }

    /// Bytes of its encoded head and its body, which [`ENTRY_BYTES`] bounds.
    pub fn size(&self) -> usize {
        let (EntryBody::Sealed(body) | EntryBody::Opened(body)) = &self.body;
        self.head.body.len().saturating_add(body.len())
    }

    /// Bytes of its encoding, or a little more.
    pub(super) fn framed(&self) -> usize {
        self.size().saturating_add(64 + 2 * super::words::AROUND)
    }
}

/// Whether `sealed` is the one form of a Megolm message of the head's session and index, signed by that session.
fn is_of_session(sealed: &[u8], head: &Head) -> bool {
    let (Some(message), Ok(key)) = (read_sealed(sealed, head), Ed25519PublicKey::from_slice(&head.session))
    else {
        return false;
    };
    let signed = sealed.len().saturating_sub(Ed25519Signature::LENGTH);
    sealed.get(..signed).is_some_and(|signed| key.verify(signed, message.signature()).is_ok())
}

/// The Megolm message in `sealed`, if it has the head's index and this is its one form: unknown fields would be ignored
/// by its signature.
pub(super) fn read_sealed(sealed: &[u8], head: &Head) -> Option<MegolmMessage> {
    if sealed.len() > ENTRY_BYTES {
        return None;
    }
    let message = MegolmMessage::from_bytes(sealed).ok()?;
    (message.message_index() == head.index && message.to_bytes() == sealed).then_some(message)
}

/// What a head says of what is sealed.
pub fn digest(plain: &[u8]) -> [u8; 32] {
    kdf::derive("room digest", &[plain])
}

/// What is sealed: the salt, which is chance, and the padded content.
///
/// # Errors
/// [`EntryError::Malformed`] when the content is over the limits.
pub fn plain(content: &Content, salt: [u8; SALT_BYTES]) -> Result<Vec<u8>, EntryError> {
    Ok([&salt[..], &content.pad()?].concat())
}

/// The content in what was sealed, or came opened, under `head`.
///
/// # Errors
/// [`EntryError::Body`] when it is not what the head speaks of, [`EntryError::Malformed`] when it is no content in its
/// one form, [`EntryError::Content`] when it is of another room or number.
pub fn content_of(plain: &[u8], head: &Head) -> Result<Content, EntryError> {
    if digest(plain) != head.digest {
        return Err(EntryError::Body);
    }
    let (_, padded) = plain.split_at_checked(SALT_BYTES).ok_or(EntryError::Malformed)?;
    let content = Content::unpad(padded)?;
    if content.conv != ChatId::from(head.room) || content.seq != head.seq {
        return Err(EntryError::Content);
    }
    let sound = content.seen.len() <= AFTER
        && wire::ext_understood(&content.ext)
        && Body::decode(content.kind, &content.body).is_ok();
    if sound { Ok(content) } else { Err(EntryError::Malformed) }
}

/// Where an entry stands in its chat, the same on every device: `(depth, mark)`, both below 2^62, as
/// [`crate::engine::Place::At`] wants them.
pub fn place(depth: u64, id: &EntryId) -> (u64, u64) {
    let first = id.0.first_chunk::<8>().copied().unwrap_or_default();
    (depth.min((1 << 62) - 1), u64::from_be_bytes(first) >> 2)
}
