//! One signed change of a room (docs/spec/09-rooms.md, "Operations"): who belongs to it, who may say so, what it is
//! called. An operation names the ones its author knew, so all of them together form a graph without cycles.
//!
//! Here is only what one operation says and whether it has the right shape. What many of them mean together is
//! the rule's business.

use super::policy::Policy;
use crate::identity::{DeviceKeys, MAILBOX_ADDRESSES, Manifest};
use crate::ids::{AccountId, DeviceId, MailboxId, RoomId};
use crate::kdf;
use crate::limits::ADDRESS_BYTES;
use crate::time::WallMs;
use crate::wire::{self, Ext, Signed, WireError, ext_understood};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Operations an operation may name as the ones before it. Fewer would leave loose ends after a partition into many
/// parts; more make every operation longer.
pub const PARENTS: usize = 16;
/// Bytes of an encoded operation. Room for the largest manifest, or for three mailboxes with all their addresses,
/// beside a full list of parents; more would only help who wants to fill our memory.
pub const OP_BYTES: usize = 8 * 1024;
/// Bytes (UTF-8) of a name, a topic or another text of an operation, before cleaning.
pub const OP_TEXT_BYTES: usize = 1_024;
/// Devices in a removal: all that a manifest can list or call revoked.
pub const UPTO: usize = crate::limits::DEVICES + crate::limits::REVOKED;
/// Devices in an admission, so that it stays below [`OP_BYTES`]: of a room where more have written, newcomers get a little
/// more than the policy says.
pub const ADD_UPTO: usize = 128;
/// Mailboxes a room may have.
pub const ROOM_MAILBOXES: usize = 3;

/// An operation: BLAKE3 of its signed body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpId(pub [u8; 32]);

impl OpId {
    /// The id of a signed operation.
    pub fn of(signed: &Signed) -> Self {
        Self(kdf::hash(&signed.body))
    }
}

impl std::fmt::Debug for OpId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "OpId({a:02x}{b:02x}{c:02x}{d:02x})")
    }
}

/// Why an operation is refused. Always the fault of who made it or passed it on, but for [`OpError::Full`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpError {
    /// Not an operation, or a known kind with a body that is none.
    #[error("the operation cannot be read: {0}")]
    Wire(#[from] WireError),
    /// Too many parents, not in order, or a parent where none may be, or none where one must be.
    #[error("the operation's parents are not in order")]
    Parents,
    /// Of another room.
    #[error("the operation is of another room")]
    Room,
    /// A count that does not follow from the operations before it.
    #[error("the operation's number does not follow from those before it")]
    Lamport,
    /// A manifest in it that does not hold, or is another account's.
    #[error("a manifest in the operation does not hold")]
    Manifest,
    /// No manifest of its author, as far as the operation knew, lists the device.
    #[error("the operation's device is not known to be its author's")]
    Device,
    /// Not signed by its device.
    #[error("the operation is not signed by its device")]
    Signature,
    /// The room has as many operations as it may have.
    #[error("the room has as many operations as it may have")]
    Full,
}

/// The first operation of a room. Its hash is the room's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Create {
    /// The room's first name, at most [`OP_TEXT_BYTES`].
    pub name: String,
    /// What newcomers may be given at first.
    pub history: Policy,
    /// The creator's manifest.
    pub manifest: Signed,
    /// Chance, so that two rooms are never one.
    pub nonce: [u8; 16],
}

/// Somebody is let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Add {
    /// Who.
    pub account: AccountId,
    /// What they are called, at most [`OP_TEXT_BYTES`].
    pub name: String,
    /// Their manifest.
    pub manifest: Signed,
    /// What was written before they came: by device, strictly ascending, at most [`ADD_UPTO`], the number of the last
    /// message. Later ones are for them, and all of devices that are not named, unless the list is full.
    pub upto: Vec<(DeviceId, u64)>,
    /// Of what was written before, they may be given messages of this depth and above: by the room's history policy,
    /// as the author reckoned it. For none it is one more than the greatest depth the author knew. What they hear first
    /// may stand as deep as this.
    pub since: u64,
}

/// Somebody is put out, or leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remove {
    /// Who; the author's own account to leave.
    pub account: AccountId,
    /// By device of theirs, strictly ascending, at most [`UPTO`]: the number of the last message that counts. Devices
    /// that are not named have none.
    pub upto: Vec<(DeviceId, u64)>,
}

/// Something said about the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// [`Meta::NAME`], [`Meta::TOPIC`] or [`Meta::HISTORY`]; others are kept and mean nothing.
    pub field: u8,
    /// The new value, at most [`OP_TEXT_BYTES`]; a history policy in its text form.
    pub value: String,
}

impl Meta {
    /// The room's name.
    pub const NAME: u8 = 1;
    /// What the room is about.
    pub const TOPIC: u8 = 2;
    /// Its history policy.
    pub const HISTORY: u8 = 3;
}

/// A box for members who are away.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMailbox {
    /// Which mailbox.
    pub id: MailboxId,
    /// Where it is, at most [`MAILBOX_ADDRESSES`] of at most [`ADDRESS_BYTES`].
    pub addrs: Vec<String>,
    /// What its tokens are made from.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for RoomMailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RoomMailbox({:?}, ..)", self.id)
    }
}

/// What an operation says. Numbers of kinds are fixed for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpBody {
    /// 1: the room begins.
    Create(Create),
    /// 2: somebody is let in.
    Add(Add),
    /// 3: somebody is put out, or leaves.
    Remove(Remove),
    /// 4: somebody becomes an admin, one rank below the author.
    Promote(AccountId),
    /// 5: somebody is no admin any more, by one of a higher rank or by their own wish.
    Demote(AccountId),
    /// 6: an account's manifest. It proves itself, so anybody may pass it on.
    Devices(Signed),
    /// 7: the hash of the topic secret in use.
    Secret([u8; 32]),
    /// 8: something about the room.
    Meta(Meta),
    /// 9: what the author is called here.
    Name(String),
    /// 10: the boxes for the absent, at most [`ROOM_MAILBOXES`]; an empty list takes them away.
    Mailboxes(Vec<RoomMailbox>),
    /// Something of a newer version: kept and passed on, without effect.
    Unknown(u16),
}

impl OpBody {
    /// Kind and encoded body.
    ///
    /// # Errors
    /// [`WireError`] over the limits, or for [`OpBody::Unknown`], which is never written.
    pub fn encode(&self) -> Result<(u16, Vec<u8>), WireError> {
        let (kind, bytes) = match self {
            Self::Create(create) => (Op::CREATE, wire::encode(create)?),
            Self::Add(add) => (2, wire::encode(add)?),
            Self::Remove(remove) => (3, wire::encode(remove)?),
            Self::Promote(account) => (4, wire::encode(account)?),
            Self::Demote(account) => (5, wire::encode(account)?),
            Self::Devices(manifest) => (6, wire::encode(manifest)?),
            Self::Secret(id) => (7, wire::encode(id)?),
            Self::Meta(meta) => (8, wire::encode(meta)?),
            Self::Name(name) => (9, wire::encode(name)?),
            Self::Mailboxes(boxes) => (10, wire::encode(boxes)?),
            Self::Unknown(_) => return Err(WireError::Malformed),
        };
        // What nobody would read is not written either.
        Self::decode(kind, &bytes)?;
        Ok((kind, bytes))
    }

    /// The body of a kind.
    ///
    /// # Errors
    /// [`WireError`] for a known kind whose body is malformed or over its bounds.
    pub fn decode(kind: u16, bytes: &[u8]) -> Result<Self, WireError> {
        Ok(match kind {
            Op::CREATE => Self::Create(bounded(bytes, |c: &Create| is_short(&c.name))?),
            2 => Self::Add(bounded(bytes, |a: &Add| {
                is_short(&a.name) && a.upto.len() <= ADD_UPTO && a.upto.is_sorted_by(|(a, _), (b, _)| a < b)
            })?),
            3 => Self::Remove(bounded(bytes, |r: &Remove| {
                r.upto.len() <= UPTO && r.upto.is_sorted_by(|(a, _), (b, _)| a < b)
            })?),
            4 => Self::Promote(wire::decode(bytes)?),
            5 => Self::Demote(wire::decode(bytes)?),
            6 => Self::Devices(wire::decode(bytes)?),
            7 => Self::Secret(wire::decode(bytes)?),
            8 => Self::Meta(bounded(bytes, |m: &Meta| {
                is_short(&m.value) && (m.field != Meta::HISTORY || m.value.parse::<Policy>().is_ok())
            })?),
            9 => Self::Name(bounded(bytes, |name: &String| is_short(name))?),
            10 => Self::Mailboxes(bounded(bytes, |boxes: &Vec<RoomMailbox>| {
                boxes.len() <= ROOM_MAILBOXES
                    && boxes.iter().all(|mailbox| {
                        mailbox.addrs.len() <= MAILBOX_ADDRESSES
                            && mailbox.addrs.iter().all(|addr| addr.len() <= ADDRESS_BYTES)
                    })
            })?),
            kind => Self::Unknown(kind),
        })
    }

    /// The manifest it carries.
    pub fn manifest(&self) -> Option<&Signed> {
        match self {
            Self::Create(Create { manifest, .. })
            | Self::Add(Add { manifest, .. })
            | Self::Devices(manifest) => Some(manifest),
            _ => None,
        }
    }
}

fn is_short(text: &str) -> bool {
    text.len() <= OP_TEXT_BYTES
}

fn bounded<T: Serialize + DeserializeOwned>(bytes: &[u8], fits: impl Fn(&T) -> bool) -> Result<T, WireError> {
    let value = wire::decode::<T>(bytes)?;
    if fits(&value) { Ok(value) } else { Err(WireError::TooLarge { limit_bytes: OP_BYTES }) }
}

/// One change of a room, as it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// Which room; zeros in the one that makes it.
    pub room: RoomId,
    /// The newest operations the author knew, strictly ascending, 1 to [`PARENTS`]; none in the first.
    pub parents: Vec<OpId>,
    /// Who says it.
    pub author: AccountId,
    /// The device of theirs that signs it.
    pub device: DeviceId,
    /// One more than the largest among the parents; 0 in the first.
    pub lamport: u64,
    /// The author's wall clock, milliseconds since 1970. Shown, never decided on.
    pub at: WallMs,
    /// Kind of the body.
    pub kind: u16,
    /// The encoded body.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
    /// Room for growth.
    pub ext: Ext,
}

impl Op {
    /// The domain of the device's signature.
    pub const DOMAIN: &'static str = "room op";
    /// The kind of the first operation.
    pub const CREATE: u16 = 1;
    /// What stands for the room in the operation that makes it.
    pub const NO_ROOM: RoomId = RoomId([0; 32]);

    /// The first operation of a new room.
    ///
    /// # Errors
    /// [`WireError`] when what it says is over the limits.
    pub fn create(
        author: AccountId,
        device: DeviceId,
        at: WallMs,
        create: Create,
    ) -> Result<Self, WireError> {
        let (kind, body) = OpBody::Create(create).encode()?;
        let (room, parents) = (Self::NO_ROOM, Vec::new());
        Ok(Self { room, parents, author, device, lamport: 0, at, kind, body, ext: Ext::new() })
    }

    /// The operation under its device's signature.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] over [`OP_BYTES`].
    pub fn sign(&self, keys: &DeviceKeys) -> Result<Signed, WireError> {
        let body = wire::encode(self)?;
        if body.len() > OP_BYTES {
            return Err(WireError::TooLarge { limit_bytes: OP_BYTES });
        }
        Ok(keys.sign(Self::DOMAIN, &body))
    }

    /// Reads an operation and checks its shape. Whether it is signed by who it says can only be known with those
    /// before it: the log of the room.
    ///
    /// # Errors
    /// [`OpError::Wire`] and [`OpError::Parents`]; [`OpError::Room`] for a first operation that names a room.
    pub fn read(signed: &Signed) -> Result<Self, OpError> {
        if signed.body.len() > OP_BYTES {
            return Err(WireError::TooLarge { limit_bytes: OP_BYTES }.into());
        }
        let op: Self = wire::decode(&signed.body)?;
        let first = op.kind == Self::CREATE;
        if first != op.parents.is_empty()
            || op.parents.len() > PARENTS
            || !op.parents.is_sorted_by(|a, b| a < b)
        {
            return Err(OpError::Parents);
        }
        if first != (op.room == Self::NO_ROOM) {
            return Err(OpError::Room);
        }
        Ok(op)
    }

    /// What it says. Something of a newer version if one of its extensions must be understood and is not.
    ///
    /// # Errors
    /// [`OpError::Wire`] for a known kind whose body is malformed or over its bounds.
    pub fn says(&self) -> Result<OpBody, OpError> {
        if self.kind != Self::CREATE && !ext_understood(&self.ext) {
            return Ok(OpBody::Unknown(self.kind));
        }
        Ok(OpBody::decode(self.kind, &self.body)?)
    }

    /// The manifest an operation carries, checked as far as it can be alone.
    ///
    /// # Errors
    /// [`OpError::Manifest`] if it does not hold, or is not of the account the operation is about.
    pub(super) fn open_manifest(&self, says: &OpBody) -> Result<Option<Manifest>, OpError> {
        let Some(signed) = says.manifest() else { return Ok(None) };
        let manifest = Manifest::open(signed).map_err(|_| OpError::Manifest)?;
        let fits = match says {
            OpBody::Create(_) => manifest.account == self.author,
            OpBody::Add(add) => manifest.account == add.account,
            _ => true,
        };
        if fits { Ok(Some(manifest)) } else { Err(OpError::Manifest) }
    }
}
