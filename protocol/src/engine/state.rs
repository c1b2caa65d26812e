//! What an engine remembers, and how each piece is written as a [`Record`]. A value is one version byte and the wire
//! encoding of the structs below; a released struct is frozen, a new version gets a new number.

use super::command::ContactState;
use super::older::FirstContact;
use super::step::{Change, Record, Space};
use crate::identity::{Mailbox, SealKey};
use crate::ids::{AccountId, ChatId, DeviceId, InviteId, MailboxId, MessageId};
use crate::session::OlmPart;
use crate::wire::{self, Signed};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The version of records that were never changed.
const FIRST: u8 = 1;
/// The version of own identity, contacts, devices and invites; their first one is in [`super::older`].
const SECOND: u8 = 2;

/// The store gave back something this version cannot read. Nothing is guessed: the profile does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stored {space:?} record cannot be read")]
pub struct LoadError {
    /// Which kind.
    pub space: Space,
}

/// Own identity and settings.
#[derive(Serialize, Deserialize)]
pub(super) struct OwnRecord {
    pub name: String,
    #[serde(with = "serde_bytes")]
    pub device: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub olm: Vec<u8>,
    pub fallback: [u8; 32],
    pub fallback_lived_ms: u64,
    pub manifest: Signed,
    pub card_seq: u64,
    pub lived_ms: u64,
    pub last_wall_ms: i64,
    pub read_receipts: bool,
    pub received_mark: u64,
    /// 1 online, 2 away, 3 busy, 4 invisible.
    pub presence: u8,
    /// The newest time written into a record of ours, in Unix seconds.
    pub record_s: u64,
}

/// How we came to ask somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Join {
    pub secret: [u8; 32],
    pub hints: Vec<String>,
    pub note: String,
    pub until_lived_ms: u64,
    pub requested: bool,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contact {
    pub account: AccountId,
    pub name: String,
    pub named_by_us: bool,
    pub state: ContactState,
    pub reason: Option<String>,
    pub verified: bool,
    pub key_changed: bool,
    pub rv_in: Option<[u8; 32]>,
    pub rv_out: [u8; 32],
    pub manifest: Option<Signed>,
    pub join: Option<Join>,
    pub last_seen: Option<i64>,
    pub hidden: bool,
}

/// What is kept of a peer's device besides its sessions and outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DeviceRecord {
    pub account: AccountId,
    pub sig: [u8; 32],
    pub noise: [u8; 32],
    pub olm: [u8; 32],
    pub fallback: Option<[u8; 32]>,
    pub card_seq: u64,
    pub addrs: Vec<String>,
    pub reset_lived_ms: Option<u64>,
    pub tombstones: Vec<([u8; 32], u64)>,
    pub sending: Option<[u8; 32]>,
    /// What mail to it is sealed to, and where that may be left: of its newest card.
    pub seal: Option<SealKey>,
    pub mailboxes: Vec<Mailbox>,
}

/// An undelivered message for one device.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutRow {
    pub msg_id: MessageId,
    pub chat: ChatId,
    pub seq: u64,
    pub attempt: u32,
    pub visible: bool,
    pub accepted_lived_ms: u64,
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
    pub part: Option<OlmPart>,
}

/// A mailbox that promised to keep a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub mailbox: MailboxId,
    /// The hash of the envelope the row is in.
    pub envelope: [u8; 32],
    /// When it promised, until when, and when to deposit again.
    pub since_lived_ms: u64,
    pub until_lived_ms: u64,
    pub again_lived_ms: u64,
}

/// An open question whether to keep mail for each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AskRecord {
    /// Their link, if they asked; we did otherwise.
    pub link: Option<String>,
    pub since_lived_ms: u64,
}

/// Our own chain in a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutStream {
    pub next_seq: u64,
    pub link: [u8; 32],
}

/// Another device's chain in a chat, as far as we have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InStream {
    pub next_seq: u64,
    pub link: [u8; 32],
    /// Numbers below `next_seq` that never came, as inclusive ranges, oldest first, at most [`MISSING_RANGES`].
    pub missing: Vec<(u64, u64)>,
    /// Kind, message and number of the changes to messages that came while something was missing, so that an older
    /// one that comes late does not undo them; at most [`CHANGED`].
    pub changed: Vec<(u16, MessageId, u64)>,
}

/// Changes remembered per chain while something is missing.
pub(super) const CHANGED: usize = 256;

/// Ranges of missing numbers remembered per chain; older ones are given up.
pub(super) const MISSING_RANGES: usize = 64;

impl Default for InStream {
    fn default() -> Self {
        Self { next_seq: 1, link: [0; 32], missing: Vec::new(), changed: Vec::new() }
    }
}

/// A content that was decrypted before its turn.
#[derive(Serialize, Deserialize)]
pub(super) struct ParkedRecord {
    #[serde(with = "serde_bytes")]
    pub content: Vec<u8>,
    /// [`super::receive::Road::number`].
    pub road: u8,
}

/// An invite of ours.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InviteRecord {
    pub secret: [u8; 32],
    pub hints: Vec<String>,
    pub uses: u32,
    pub until_lived_ms: u64,
    pub until_wall_ms: i64,
    pub auto_accept: bool,
    pub revoked: bool,
    pub private: bool,
    /// Who asked by it and was not met since: they may know no other way to find us. At most [`crate::limits::REQUESTS`].
    pub askers: Vec<AccountId>,
}

impl InviteRecord {
    /// Whether it may still be used.
    pub fn is_live(&self, lived_ms: u64) -> bool {
        !self.revoked && self.uses > 0 && self.until_lived_ms > lived_ms
    }
}

/// What a node remembers of the network.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NodeRecord {
    pub good_peers: Vec<String>,
}

/// Somebody who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RequestRecord {
    pub name: String,
    pub note: String,
    pub card: Signed,
    pub rv_in: [u8; 32],
    pub at: i64,
}

/// A record around a value.
pub(super) fn put<T: Serialize>(space: Space, key: Vec<u8>, value: &T) -> Option<Change> {
    put_as(FIRST, space, key, value)
}

/// A record around a value whose form was changed once.
pub(super) fn put_second<T: Serialize>(space: Space, key: Vec<u8>, value: &T) -> Option<Change> {
    put_as(SECOND, space, key, value)
}

fn put_as<T: Serialize>(version: u8, space: Space, key: Vec<u8>, value: &T) -> Option<Change> {
    let mut bytes = vec![version];
    bytes.extend(wire::encode(value).ok()?);
    Some(Change::Put(Record { space, key, value: bytes }))
}

/// The value of a record.
pub(super) fn open<T: Serialize + DeserializeOwned>(record: &Record) -> Result<T, LoadError> {
    match record.value.split_first() {
        Some((&FIRST, bytes)) => wire::decode(bytes).map_err(|_| LoadError { space: record.space }),
        _ => Err(LoadError { space: record.space }),
    }
}

/// The value of a record whose form was changed once, from either form.
pub(super) fn open_second<T, Old>(record: &Record) -> Result<T, LoadError>
where
    T: Serialize + DeserializeOwned + From<Old>,
    Old: Serialize + DeserializeOwned,
{
    match record.value.split_first() {
        Some((&SECOND, bytes)) => wire::decode(bytes).map_err(|_| LoadError { space: record.space }),
        _ => open::<Old>(record).map(T::from),
    }
}

/// Keys of records: fixed-width parts, numbers big-endian so that they sort.
pub(super) mod key {
    use super::*;
    use crate::ids::SessionId;

    fn join(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    pub fn own() -> Vec<u8> {
        b"own".to_vec()
    }
    pub fn account(id: &AccountId) -> Vec<u8> {
        id.0.to_vec()
    }
    pub fn device(id: &DeviceId) -> Vec<u8> {
        id.0.to_vec()
    }
    pub fn invite(id: &InviteId) -> Vec<u8> {
        id.0.to_vec()
    }
    pub fn session(device: &DeviceId, session: &SessionId) -> Vec<u8> {
        join(&[&device.0, &session.0])
    }
    pub fn numbered(device: &DeviceId, number: u64) -> Vec<u8> {
        join(&[&device.0, &number.to_be_bytes()])
    }
    pub fn stream(device: &DeviceId, chat: &ChatId) -> Vec<u8> {
        join(&[&device.0, &chat.0])
    }
    pub fn held(device: &DeviceId, session: &SessionId, order: u64) -> Vec<u8> {
        join(&[&device.0, &session.0, &order.to_be_bytes()])
    }
    pub fn parked(device: &DeviceId, chat: &ChatId, seq: u64) -> Vec<u8> {
        join(&[&device.0, &chat.0, &seq.to_be_bytes()])
    }

    /// Splits a key into its fixed-width parts.
    pub fn split<const A: usize, const B: usize, const C: usize>(
        key: &[u8],
    ) -> Option<([u8; A], [u8; B], [u8; C])> {
        let (a, rest) = key.split_first_chunk::<A>()?;
        let (b, rest) = rest.split_first_chunk::<B>()?;
        let c = <[u8; C]>::try_from(rest).ok()?;
        Some((*a, *b, c))
    }
}

/// The message and the part in a stored outbox row, for test worlds that watch a disk.
#[doc(hidden)]
pub fn stored_part(record: &Record) -> Option<(MessageId, Option<OlmPart>)> {
    (record.space == Space::Outbox)
        .then(|| open::<OutRow>(record).ok())
        .flatten()
        .map(|row| (row.msg_id, row.part))
}

/// Whose a stored contact is, the secret we find them by, and the one they find us by, for test worlds.
#[doc(hidden)]
pub fn stored_secrets(record: &Record) -> Option<(AccountId, Option<[u8; 32]>, [u8; 32])> {
    (record.space == Space::Contact)
        .then(|| open_second::<Contact, FirstContact>(record).ok())
        .flatten()
        .map(|contact| (contact.account, contact.rv_in, contact.rv_out))
}

/// The message and the attempt in a stored outbox row, for test worlds.
#[doc(hidden)]
pub fn stored_attempt(record: &Record) -> Option<(MessageId, u32)> {
    let row = (record.space == Space::Outbox).then(|| open::<OutRow>(record).ok()).flatten()?;
    Some((row.msg_id, row.attempt))
}

/// The message in a content that waits for an earlier one, for test worlds.
#[doc(hidden)]
pub fn stored_parked(record: &Record) -> Option<MessageId> {
    let parked = (record.space == Space::Parked).then(|| open::<ParkedRecord>(record).ok()).flatten()?;
    wire::decode::<crate::content::Content>(&parked.content).ok().map(|content| content.msg_id)
}

/// Who keeps a row, and the hashes of the envelopes it is in, for test worlds that watch a disk.
#[doc(hidden)]
pub fn stored_custody(record: &Record) -> Option<Vec<(MailboxId, [u8; 32])>> {
    let kept = (record.space == Space::Custody).then(|| open::<Vec<Kept>>(record).ok()).flatten()?;
    Some(kept.into_iter().map(|kept| (kept.mailbox, kept.envelope)).collect())
}
