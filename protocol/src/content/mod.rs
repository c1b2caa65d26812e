//! What a message says (docs/spec/04-contents.md): the envelope-independent content with its place in the sender's
//! chain, the kinds of body, and the padding that hides its length.
//!
//! A [`Content`] is made once, when the person's wish is accepted, and is the same for every recipient device and
//! every attempt. Decoding gives [`Body::Unknown`] for kinds this version does not know.

mod body;
mod room;
#[cfg(test)]
mod tests;

pub use body::{Accept, Body, Edit, KeepMail, Moderate, Pin, Reaction, Target, Text};
pub use room::{
    RoomAnswer, RoomInvite, RoomKey, RoomRead, RoomSecret, RoomWelcome, WELCOME_BYTES, WELCOME_OPS,
    WELCOME_SECRETS,
};

use crate::ids::{ChatId, DeviceId, MessageId};
use crate::kdf;
use crate::wire::{self, Ext, WireError};
use serde::{Deserialize, Serialize};

/// Smallest padded size in bytes. Every padded size is this times a power of two: lower leaks more of the length,
/// higher wastes more of the road.
pub const PAD_BYTES: usize = 256;
/// Above this many bytes the padded size grows in steps of [`STEP_BYTES`]: doubled once more it would not fit into a
/// frame.
pub const DOUBLED_BYTES: usize = 32 * 1024;
/// Step of the largest padded sizes in bytes.
pub const STEP_BYTES: usize = 8 * 1024;

/// One entry of a device's chain in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its id, unique per author.
    pub msg_id: MessageId,
    /// Where it goes: the recipient's account for one-to-one chats, one's own for notes to oneself, or a room.
    pub conv: ChatId,
    /// Its number among this device's contents in `conv`, from 1.
    pub seq: u64,
    /// [`Content::link`] of the content before it (zeros before the first).
    pub prev: [u8; 32],
    /// Heads of other devices' chains the sender had seen, at most 8.
    pub seen: Vec<(DeviceId, u64)>,
    /// The sender's wall clock, milliseconds since 1970.
    pub sent_at: i64,
    /// Kind of the body.
    pub kind: u16,
    /// The encoded body.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
    /// Room for growth.
    pub ext: Ext,
}

/// The extension of a content that is another try of one: the number of the try before, a u64 in 8 bytes, little-endian.
const TRY_BEFORE: u16 = 2;

impl Content {
    /// The extension that says which number the try before this one had.
    pub fn of_try_before(seq: u64) -> Ext {
        vec![(TRY_BEFORE, seq.to_le_bytes().to_vec())]
    }

    /// The number of the try before this one, if it is another try: that one does not come any more.
    pub fn try_before(&self) -> Option<u64> {
        let (_, bytes) = self.ext.iter().find(|(id, _)| *id == TRY_BEFORE)?;
        let before = u64::from_le_bytes(bytes.as_slice().try_into().ok()?);
        (before > 0 && before < self.seq).then_some(before)
    }

    /// The hash that the next content of the chain carries as `prev`.
    pub fn link(&self) -> [u8; 32] {
        kdf::derive(
            "content link",
            &[
                &self.prev,
                &self.msg_id.0,
                &self.conv.0,
                &self.seq.to_le_bytes(),
                &self.kind.to_le_bytes(),
                &self.body,
            ],
        )
    }

    /// The bytes that go into the ratchet: `len u32 LE || content || zeros`, in all [`PAD_BYTES`]·2^k, or steps of 8 KiB above 32 KiB.
    ///
    /// # Errors
    /// [`WireError`] when the content is over the limits.
    pub fn pad(&self) -> Result<Vec<u8>, WireError> {
        let bytes = wire::encode(self)?;
        let len = u32::try_from(bytes.len()).map_err(|_| WireError::Malformed)?;
        let total = padded_len(bytes.len().saturating_add(4));
        let mut out = Vec::with_capacity(total);
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&bytes);
        out.resize(total, 0);
        Ok(out)
    }

    /// The content out of padded bytes. Every padding byte is checked.
    ///
    /// # Errors
    /// [`WireError::NotCanonical`] for padding that is not exactly what [`Content::pad`] makes.
    pub fn unpad(padded: &[u8]) -> Result<Self, WireError> {
        let (head, rest) = padded.split_first_chunk::<4>().ok_or(WireError::Malformed)?;
        let len = usize::try_from(u32::from_le_bytes(*head)).map_err(|_| WireError::Malformed)?;
        let (bytes, zeros) = rest.split_at_checked(len).ok_or(WireError::Malformed)?;
        if padded.len() != padded_len(len.saturating_add(4)) || zeros.iter().any(|byte| *byte != 0) {
            return Err(WireError::NotCanonical);
        }
        wire::decode(bytes)
    }
}

/// The padded size of `len` bytes: the smallest [`PAD_BYTES`]·2^k up to [`DOUBLED_BYTES`], and above it the smallest
/// multiple of [`STEP_BYTES`].
pub(crate) fn padded_len(len: usize) -> usize {
    if len > DOUBLED_BYTES {
        return len.div_ceil(STEP_BYTES).saturating_mul(STEP_BYTES);
    }
    len.div_ceil(PAD_BYTES).max(1).next_power_of_two().saturating_mul(PAD_BYTES)
}
