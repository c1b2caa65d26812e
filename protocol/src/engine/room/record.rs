//! What is remembered of rooms, and how it is written (docs/spec/09-rooms.md describes none of it: it is our own
//! business). A released struct is frozen, as in [`super::super::state`].

use super::super::command::RoomState;
use crate::ids::{AccountId, DeviceId, InviteId, MailboxId, MessageId, RoomId};
use crate::mail::QueueId;
use crate::room::{Entry, EntryBody, RoomMailbox, seal};
use crate::wire::Signed;
use serde::{Deserialize, Serialize};

/// A room as a whole. Written again with every message of ours: it holds the key they are made with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RoomRecord {
    /// Its name here.
    pub name: String,
    pub state: RoomState,
    /// Who asked us in.
    pub invited_by: Option<AccountId>,
    /// How many members there were, as they said.
    pub told_members: u32,
    /// We asked by a link: an invitation by its maker is answered by itself.
    pub wish: bool,
    /// Topic secrets, newest last.
    pub secrets: Vec<SecretRecord>,
    /// The session our messages are made with.
    #[serde(with = "serde_bytes")]
    pub sender: Vec<u8>,
    /// The number of our next message, and the hash of the head of our last.
    pub next_seq: u64,
    pub prev: [u8; 32],
    /// The highest depth of any message here.
    pub depth: u64,
    /// Newest messages, by device, that no other message here came after.
    pub front: Vec<(DeviceId, u64)>,
    /// Counts what we signed that we have.
    pub have_counter: u64,
    /// Links to this room.
    pub invites: Vec<InviteId>,
    /// Whom we asked, and when in lived milliseconds.
    pub asked: Vec<(AccountId, u64)>,
    /// Who came by a link to this room and is asked in once they are a contact.
    pub wishing: Vec<AccountId>,
    /// When we came in, in lived milliseconds.
    pub since_lived_ms: u64,
    /// The depth at the beginning of days, newest last: so that the history of some days can be told from the rest.
    pub days: Vec<(u32, u64)>,
    /// The room's mailboxes, and those before them.
    pub boxes: Vec<RoomBox>,
}

/// Days whose first depth is remembered.
const DAYS: usize = 400;

impl RoomRecord {
    /// A message of this depth is here, on this day.
    pub fn note_depth(&mut self, depth: u64, today: u32) {
        if self.days.last().is_none_or(|(day, _)| *day < today) {
            self.days.push((today, self.depth.saturating_add(1)));
            if self.days.len() > DAYS {
                self.days.remove(0);
            }
        }
        self.depth = self.depth.max(depth);
    }
}

impl RoomRecord {
    /// A room we know of and are not in.
    pub fn new(name: String, state: RoomState, invited_by: Option<AccountId>) -> Self {
        Self {
            name,
            state,
            invited_by,
            told_members: 0,
            wish: false,
            secrets: Vec::new(),
            sender: Vec::new(),
            next_seq: 1,
            prev: [0; 32],
            depth: 0,
            front: Vec::new(),
            have_counter: 0,
            invites: Vec::new(),
            asked: Vec::new(),
            wishing: Vec::new(),
            since_lived_ms: 0,
            days: Vec::new(),
            boxes: Vec::new(),
        }
    }
}

/// A topic secret.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SecretRecord {
    pub secret: [u8; 32],
    /// When it came, in lived milliseconds.
    pub since_lived_ms: u64,
}

/// A message of ours that not everybody has signed for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SentRecord {
    pub msg_id: MessageId,
    /// Whether it is a line of its own, with states to show.
    pub visible: bool,
    pub accepted_lived_ms: u64,
    /// Who has not signed for it.
    pub to: Vec<AccountId>,
    /// The room's mailboxes that promised to keep it.
    pub kept: Vec<KeptAt>,
}

/// A promise of one of the room's mailboxes for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptAt {
    pub mailbox: MailboxId,
    pub queue: QueueId,
    /// Until when, in lived milliseconds.
    pub until_lived_ms: u64,
}

/// One of a room's mailboxes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RoomBox {
    /// As the room names it.
    pub place: RoomMailbox,
    /// Whether the room names it now; if not, and [`Self::over_lived_ms`] is `None`, it is being made.
    pub named: bool,
    /// What names the topic secret that was in use when it was first named.
    pub under: Option<[u8; 32]>,
    /// Since when it is not named any more, in lived milliseconds.
    pub over_lived_ms: Option<u64>,
    /// Up to this number everything there was read and understood.
    pub upto: u64,
    /// What its owner's token comes from, if it is ours.
    pub owner: Option<[u8; 32]>,
}

impl RoomBox {
    /// Its queue, which names it.
    pub fn queue(&self) -> QueueId {
        seal::box_queue(&self.place.secret)
    }
}

/// A message as it is kept: opened, or sealed as it came. Of our own both: it is handed on sealed where others may look.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptEntry {
    pub head: Signed,
    pub plain: Option<serde_bytes::ByteBuf>,
    pub sealed: Option<serde_bytes::ByteBuf>,
}

impl KeptEntry {
    pub fn of(entry: &Entry) -> Self {
        let (plain, sealed) = match &entry.body {
            EntryBody::Opened(plain) => (Some(serde_bytes::ByteBuf::from(plain.clone())), None),
            EntryBody::Sealed(sealed) => (None, Some(serde_bytes::ByteBuf::from(sealed.clone()))),
        };
        Self { head: entry.head.clone(), plain, sealed }
    }

    /// As it is given to who may read it: opened if it can be.
    pub fn best(&self) -> Option<Entry> {
        self.opened().or_else(|| self.sealed())
    }

    /// As it is given to who cannot open it.
    pub fn opened(&self) -> Option<Entry> {
        let body = EntryBody::Opened(self.plain.as_ref()?.to_vec());
        Some(Entry { head: self.head.clone(), body })
    }

    /// As it is left where others may look.
    pub fn sealed(&self) -> Option<Entry> {
        Some(Entry { head: self.head.clone(), body: self.sealed_body()? })
    }

    fn sealed_body(&self) -> Option<EntryBody> {
        self.sealed.as_ref().map(|sealed| EntryBody::Sealed(sealed.to_vec()))
    }
}

/// The key of a device's messages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    #[serde(with = "serde_bytes")]
    pub receiver: Vec<u8>,
    /// When it came, in lived milliseconds.
    pub since_lived_ms: u64,
}

/// Why a message that is here is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WaitRecord {
    /// The session whose key it needs; `None` when it is opened and waits for others.
    pub session: Option<[u8; 32]>,
}

/// Keys of records.
pub(super) mod key {
    use super::*;

    pub fn room(room: &RoomId) -> Vec<u8> {
        room.0.to_vec()
    }
    pub fn hashed(room: &RoomId, hash: &[u8; 32]) -> Vec<u8> {
        [room.0.as_slice(), hash].concat()
    }
    pub fn device(room: &RoomId, device: &DeviceId) -> Vec<u8> {
        [room.0.as_slice(), &device.0].concat()
    }
    pub fn entry(room: &RoomId, device: &DeviceId, seq: u64) -> Vec<u8> {
        [room.0.as_slice(), &device.0, &seq.to_be_bytes()].concat()
    }
    pub fn session(room: &RoomId, device: &DeviceId, session: &[u8; 32]) -> Vec<u8> {
        [room.0.as_slice(), &device.0, session].concat()
    }
    pub fn number(room: &RoomId, seq: u64) -> Vec<u8> {
        [room.0.as_slice(), &seq.to_be_bytes()].concat()
    }
}
