//! What is said between two people about a room (docs/spec/04-contents.md, kinds 9 to 14; docs/spec/09-rooms.md).

use crate::ids::{MessageId, RoomId};
use crate::limits::{ACK_ITEMS, TEXT_BYTES};
use crate::wire::{self, Ext, Signed};
use serde::{Deserialize, Serialize};

/// Bytes of a room's name, before cleaning.
const NAME_BYTES: usize = 1_024;
/// Topic secrets in one welcome, at most: those of the days its reader may still be told of.
pub const WELCOME_SECRETS: usize = 64;
/// Operations in one welcome, at most.
pub const WELCOME_OPS: usize = 256;
/// Bytes of what is in a welcome, at most, so that it is no larger than the longest text: each secret counts as 64,
/// each operation as its body and 72.
pub const WELCOME_BYTES: usize = TEXT_BYTES;
/// Bytes of a session key: what a Megolm session's key takes.
const KEY_BYTES: usize = 229;

/// "Will you join this room?"
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInvite {
    /// Which.
    pub room: RoomId,
    /// What it is called, at most 1,024 bytes.
    pub name: String,
    /// How many belong to it.
    pub members: u32,
    /// Room for growth.
    pub ext: Ext,
}

/// The answer to that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomAnswer {
    /// Which room.
    pub room: RoomId,
    /// Yes or no.
    pub join: bool,
    /// Room for growth.
    pub ext: Ext,
}

/// What a new member begins with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomWelcome {
    /// Which room.
    pub room: RoomId,
    /// Topic secrets after the operations that brought them; at most 64.
    pub secrets: Vec<([u8; 32], [u8; 32])>,
    /// The first operations, as many as fit; at most 256.
    pub ops: Vec<Signed>,
    /// Room for growth.
    pub ext: Ext,
}

/// The key of the session that the sending device writes in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomKey {
    /// In which room.
    pub room: RoomId,
    /// The session's key, 229 bytes.
    #[serde(with = "serde_bytes")]
    pub key: Vec<u8>,
    /// Room for growth.
    pub ext: Ext,
}

/// A new topic secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSecret {
    /// Of which room.
    pub room: RoomId,
    /// The operation that says it is in use.
    pub op: [u8; 32],
    /// The secret.
    pub secret: [u8; 32],
    /// Room for growth.
    pub ext: Ext,
}

/// Messages of the recipient that were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRead {
    /// In which room.
    pub room: RoomId,
    /// Which, at most 256.
    pub messages: Vec<MessageId>,
    /// Room for growth.
    pub ext: Ext,
}

impl RoomInvite {
    pub(super) fn fits(&self) -> bool {
        self.name.len() <= NAME_BYTES && wire::ext_understood(&self.ext)
    }
}

impl RoomAnswer {
    pub(super) fn fits(&self) -> bool {
        wire::ext_understood(&self.ext)
    }
}

impl RoomWelcome {
    pub(super) fn fits(&self) -> bool {
        self.secrets.len() <= WELCOME_SECRETS
            && self.ops.len() <= WELCOME_OPS
            && self.size() <= WELCOME_BYTES
            && wire::ext_understood(&self.ext)
    }

    /// What counts towards [`WELCOME_BYTES`].
    fn size(&self) -> usize {
        let ops: usize = self.ops.iter().map(|op| op.body.len().saturating_add(72)).sum();
        self.secrets.len().saturating_mul(64).saturating_add(ops)
    }
}

impl RoomKey {
    pub(super) fn fits(&self) -> bool {
        self.key.len() == KEY_BYTES && wire::ext_understood(&self.ext)
    }
}

impl RoomSecret {
    pub(super) fn fits(&self) -> bool {
        wire::ext_understood(&self.ext)
    }
}

impl RoomRead {
    pub(super) fn fits(&self) -> bool {
        self.messages.len() <= ACK_ITEMS && wire::ext_understood(&self.ext)
    }
}

impl std::fmt::Debug for RoomWelcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RoomWelcome({:?}, {} secrets, {} ops)", self.room, self.secrets.len(), self.ops.len())
    }
}

impl std::fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RoomKey({:?}, ..)", self.room)
    }
}

impl std::fmt::Debug for RoomSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RoomSecret({:?}, ..)", self.room)
    }
}
