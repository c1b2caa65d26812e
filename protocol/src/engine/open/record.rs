//! What is remembered of open channels, and how it is written: our own business (docs/spec/10-open-channels.md describes
//! none of it). A released struct is frozen, as in [`super::super::state`].

use crate::ids::{AccountId, DeviceId, MessageId, RoomId};
use crate::wire::Signed;
use serde::{Deserialize, Serialize};

/// Where we stand in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Standing {
    Joined,
    Left,
}

/// A channel as a whole.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChannelRecord {
    /// As [`crate::room::open::channel_name`] gave it.
    pub name: String,
    pub standing: Standing,
    /// Whether we made it rather than heard of it.
    pub founder: bool,
    /// The number of our next message, and the hash of the head of our last.
    pub next_seq: u64,
    pub prev: [u8; 32],
    /// The highest depth of any message that was here.
    pub depth: u64,
    /// Newest messages, by device, that no other message here came after.
    pub front: Vec<(DeviceId, u64)>,
    /// Whose moderation counts here.
    pub follows: Vec<AccountId>,
    /// Of whom nothing is shown here.
    pub mutes: Vec<AccountId>,
}

impl ChannelRecord {
    pub fn new(name: String, founder: bool) -> Self {
        Self {
            name,
            standing: Standing::Joined,
            founder,
            next_seq: 1,
            prev: [0; 32],
            depth: 0,
            front: Vec::new(),
            follows: Vec::new(),
            mutes: Vec::new(),
        }
    }
}

/// A message that is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EntryRecord {
    pub head: Signed,
    #[serde(with = "serde_bytes")]
    pub plain: Vec<u8>,
    /// When it was written, as far as we know: in lived milliseconds, which may lie before our own beginning.
    pub written_ms: i64,
    /// A message of ours that nobody else is known to have, and is a line of its own.
    pub waits: Option<MessageId>,
}

/// Who writes in a channel.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AuthorRecord {
    /// A signed [`crate::room::open::OpenAuthor`].
    pub signed: Signed,
    /// Numbers of theirs that were here, in rising order: they are not taken again.
    pub had: Vec<(u64, u64)>,
    /// When something of theirs was last written, as in [`EntryRecord::written_ms`].
    pub written_ms: i64,
}

/// Keys of records.
pub(super) mod key {
    use super::*;

    pub fn channel(channel: &RoomId) -> Vec<u8> {
        channel.0.to_vec()
    }
    pub fn device(channel: &RoomId, device: &DeviceId) -> Vec<u8> {
        [channel.0.as_slice(), &device.0].concat()
    }
    pub fn entry(channel: &RoomId, device: &DeviceId, seq: u64) -> Vec<u8> {
        [channel.0.as_slice(), &device.0, &seq.to_be_bytes()].concat()
    }
}
