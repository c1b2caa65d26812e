//! Events as a store keeps them: numbered, in order, with what they say.

use super::{Cursor, Custody, StoredMessage};
use starling_protocol::engine::step::{Event, MessageState};
use starling_protocol::ids::{AccountId, ChatId, DeviceId, MessageId, RoomId};
use starling_protocol::time::WallMs;

/// A kept event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number.
    pub cursor: Cursor,
    /// When it was committed, on our clock.
    pub at: WallMs,
    /// What happened.
    pub what: EventBody,
}

/// What a kept event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventBody {
    /// A message is new, or was edited, deleted or reacted to; as it is now.
    Message(Box<StoredMessage>),
    /// A message is shown here no more.
    Hidden {
        /// Which.
        message: MessageId,
        /// In which chat.
        chat: ChatId,
    },
    /// A recipient's state of an own message went forward, or other mailboxes keep it for them now.
    Receipt {
        /// Which message.
        message: MessageId,
        /// In which chat.
        chat: ChatId,
        /// For whom.
        who: AccountId,
        /// How far.
        state: MessageState,
        /// Why, for `Failed`.
        reason: Option<String>,
        /// When.
        at: WallMs,
        /// The state of the whole message after it.
        message_state: MessageState,
        /// Who keeps it for them, if that is what changed.
        custody: Custody,
        /// Which try of the message it is about, from 1.
        attempt: u32,
    },
    /// One of the engine's own.
    Other(OtherEvent),
}

/// [`Event`] as it comes back from the store (its words are owned).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherEvent {
    /// Somebody asks.
    Request {
        /// Who.
        account: AccountId,
        /// Their name.
        name: String,
        /// Their note.
        note: String,
    },
    /// A contact's standing changed.
    Contact {
        /// Who.
        account: AccountId,
        /// The local name.
        name: String,
        /// The word.
        state: String,
        /// Whether verified.
        verified: bool,
        /// Whether the key changed.
        key_changed: bool,
    },
    /// About keeping mail for each other.
    MailAsk {
        /// With whom.
        account: AccountId,
        /// The word.
        change: String,
    },
    /// About a room.
    Room {
        /// Which.
        room: RoomId,
        /// Its name, without the `#`.
        name: String,
        /// Whether it is an open channel.
        open: bool,
        /// The word.
        change: String,
        /// Whom it is about.
        who: AccountId,
        /// How many members there are now.
        members: u32,
    },
    /// Messages are missing.
    Gap {
        /// Where.
        chat: ChatId,
        /// From whom.
        account: AccountId,
        /// From which device.
        device: DeviceId,
        /// First missing number.
        from_seq: u64,
        /// How many.
        missing: u64,
    },
    /// A gap is over.
    GapClosed {
        /// Where.
        chat: ChatId,
        /// From which device.
        device: DeviceId,
        /// First number.
        from_seq: u64,
        /// How many.
        count: u64,
        /// Whether they came.
        filled: bool,
    },
}

impl From<Event> for OtherEvent {
    fn from(event: Event) -> Self {
        match event {
            Event::Request { account, name, note } => Self::Request { account, name, note },
            Event::Contact { account, name, state, verified, key_changed } => {
                Self::Contact { account, name, state: state.to_owned(), verified, key_changed }
            }
            Event::MailAsk { account, change } => Self::MailAsk { account, change: change.to_owned() },
            Event::Room { room, name, open, change, who, members } => {
                Self::Room { room, name, open, change: change.to_owned(), who, members }
            }
            Event::Gap { chat, account, device, from_seq, missing } => {
                Self::Gap { chat, account, device, from_seq, missing }
            }
            Event::GapClosed { chat, device, from_seq, count, filled } => {
                Self::GapClosed { chat, device, from_seq, count, filled }
            }
        }
    }
}
