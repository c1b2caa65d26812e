//! What one turn of the engine gives back: changes to commit in one transaction, then actions to take. No action
//! is taken before its changes are on disk.

use super::command::{NearView, Presence, Refusal, Reply, RequestNumber};
use super::net::{NetCommand, Via};
use crate::ids::{AccountId, ChatId, DeviceId, MessageId, RoomId};
use crate::time::WallMs;

/// The outcome of one turn.
#[derive(Debug, Default)]
pub struct Step {
    /// To be committed together, in this order.
    pub changes: Vec<Change>,
    /// To be done after the commit, in this order.
    pub actions: Vec<Action>,
    /// When the engine wants to be woken at the latest, on the monotonic clock in milliseconds.
    pub wake_at_ms: Option<u64>,
}

/// What is done after a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// For the network.
    Net(NetCommand),
    /// The answer to a command.
    Reply {
        /// Which command.
        request: RequestNumber,
        /// Its outcome.
        result: Result<Reply, Refusal>,
    },
    /// Something to show that is not kept.
    Notice(Notice),
    /// Records are wanted back that are not held in memory. Answered by one [`super::Input::Read`], from a store in
    /// which this step's changes are.
    Read(ReadOrder),
}

/// Which records are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOrder {
    /// Comes back with them.
    pub read: u64,
    /// Their space.
    pub space: Space,
    /// The first key.
    pub from: Vec<u8>,
    /// The last key.
    pub to: Vec<u8>,
    /// Stop when the keys and values of those read come to this, in bytes.
    pub bytes: usize,
}

/// A passing fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A contact's presence changed.
    Presence {
        /// Who.
        account: AccountId,
        /// How they are.
        presence: Presence,
        /// The best road to them, if any.
        via: Option<Via>,
    },
    /// A contact types, or stopped.
    Typing {
        /// Where.
        chat: ChatId,
        /// Who.
        account: AccountId,
        /// Whether they type now.
        on: bool,
    },
    /// Three words to compare with a contact.
    Words {
        /// With whom.
        account: AccountId,
        /// What both see, if nobody is in the middle.
        words: [&'static str; 3],
    },
    /// Somebody near says that they are here.
    Near(NearView),
    /// The number of live links or waiting messages changed.
    Network {
        /// Live links to contacts, direct.
        direct: u32,
        /// By relay.
        relayed: u32,
        /// On the LAN.
        lan: u32,
        /// Messages waiting for a signature.
        waiting: u64,
    },
}

/// The engine's private records, by kind. Keys and values are the engine's own encodings; a store keeps them as
/// they are. Numbers are fixed for ever: they are in databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Space {
    /// One record: own identity, device keys, settings.
    Own = 1,
    /// By account.
    Contact = 2,
    /// By device: a peer's device, its card and addresses.
    Device = 3,
    /// By device and session: ratchet state.
    Session = 4,
    /// By device and running number: an undelivered message with its exact bytes.
    Outbox = 5,
    /// By sending device and chat: what was received, and the chain of what was sent.
    Stream = 6,
    /// By session and order: a message that waits for an earlier one in front of a ratchet.
    Held = 7,
    /// By device, chat and sequence: a decrypted content that waits for an earlier one.
    Parked = 8,
    /// By invite.
    Invite = 9,
    /// By account: somebody who asks.
    Request = 10,
    /// By device and running number: the id of a content that was taken in, for refusing it again.
    Seen = 11,
    /// One record: what is remembered of the network.
    Node = 12,
    /// By mailbox: one that keeps mail for us.
    Mailbox = 13,
    /// By rendezvous secret and day: a secret key that mail is sealed to.
    SealKey = 14,
    /// By device and row number: which mailboxes keep an undelivered message.
    Custody = 15,
    /// By account: a question whether to keep mail for each other that is open.
    MailAsk = 16,
    /// By room: what is remembered of it as a whole.
    Room = 17,
    /// By room and operation: a signed change of the room's members or name.
    RoomOp = 18,
    /// By room, device and number: a message of a room, signed, opened or not yet. Read when wanted, never loaded.
    RoomEntry = 19,
    /// By room and device: how much of a device's messages in the room there is here.
    RoomChain = 20,
    /// By room, device and session: a key that opens a device's messages in the room.
    RoomKey = 21,
    /// By room, device and number: a message that is there and cannot be opened yet.
    RoomSealed = 22,
    /// By room and number: a message of ours that not everybody has signed for.
    RoomSent = 23,
    /// By room and device: what a device last signed that it has.
    RoomMark = 24,
    /// By open channel: what is remembered of it as a whole.
    OpenChannel = 25,
    /// By open channel, device and number: a message of it that is kept for who comes later.
    OpenEntry = 26,
    /// By open channel and device: who writes there, and which of their messages were here.
    OpenAuthor = 27,
}

impl Space {
    /// All spaces, in order.
    pub const ALL: [Self; 27] = [
        Self::Own,
        Self::Contact,
        Self::Device,
        Self::Session,
        Self::Outbox,
        Self::Stream,
        Self::Held,
        Self::Parked,
        Self::Invite,
        Self::Request,
        Self::Seen,
        Self::Node,
        Self::Mailbox,
        Self::SealKey,
        Self::Custody,
        Self::MailAsk,
        Self::Room,
        Self::RoomOp,
        Self::RoomEntry,
        Self::RoomChain,
        Self::RoomKey,
        Self::RoomSealed,
        Self::RoomSent,
        Self::RoomMark,
        Self::OpenChannel,
        Self::OpenEntry,
        Self::OpenAuthor,
    ];

    /// Whether the records of this space are given to an engine at its start. Those of the others are many, and it asks
    /// for them ([`Action::Read`]).
    pub fn is_loaded(self) -> bool {
        self != Self::RoomEntry
    }

    /// The space of a number in a database.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|space| *space as u8 == number)
    }
}

/// One record of a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its space.
    pub space: Space,
    /// Its key, unique in the space. Keys of one space sort in the order the engine wants them back.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
}

/// Pins of one chat. Higher makes the list of them one that nobody reads; lower loses what was meant to stay.
pub const PINS: usize = 100;

/// How far a message has come. Never goes back within one try ([`Change::Again`] begins another): a store ignores a change
/// to a lower one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum MessageState {
    /// On this disk.
    Queued = 1,
    /// On a mailbox's disk, with its signature.
    Mailbox = 2,
    /// Gave up, for a stated reason.
    Failed = 3,
    /// Time over.
    Expired = 4,
    /// On the disk of a device of every recipient, with its signature.
    Delivered = 5,
    /// Seen by every recipient.
    Read = 6,
}

impl MessageState {
    /// The state of a number in a database.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Queued, Self::Mailbox, Self::Failed, Self::Expired, Self::Delivered, Self::Read]
            .into_iter()
            .find(|state| *state as u8 == number)
    }

    /// The word of the command line and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Mailbox => "mailbox",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

/// What kind of line a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum MessageKind {
    /// A text.
    Text = 1,
    /// Something a newer version sent; `text` says so in words.
    Unknown = 2,
    /// A line by Starling itself ("the key of Ilse changed").
    Notice = 3,
}

impl MessageKind {
    /// The kind of a number in a database.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Text, Self::Unknown, Self::Notice].into_iter().find(|kind| *kind as u8 == number)
    }
}

/// A message as it is first stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Its id: unique per author.
    pub id: MessageId,
    /// Where it stands.
    pub chat: ChatId,
    /// Who wrote it.
    pub author: AccountId,
    /// On which device.
    pub device: DeviceId,
    /// Its number among that device's contents in this chat.
    pub seq: u64,
    /// Whether we wrote it.
    pub me: bool,
    /// What it is.
    pub kind: MessageKind,
    /// Cleaned text.
    pub text: String,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The sender's clock, clamped.
    pub sent_at: WallMs,
    /// Our clock.
    pub received_at: WallMs,
    /// The road it came by: "direct", "lan", "relay", "mailbox", "room", "local".
    pub via: &'static str,
    /// Its state ("delivered" for others' messages).
    pub state: MessageState,
    /// Where it stands in its chat.
    pub place: Place,
}

/// Where a message stands among those of its chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// After everything that is there.
    Last,
    /// In a room: by the number of messages it came after, and then by a mark of its own, so that it stands in the same
    /// place on every device.
    At {
        /// One more than the highest of the messages its author had seen; at most 2^62.
        depth: u64,
        /// Tells messages of one depth apart; at most 2^62.
        mark: u64,
    },
}

/// One change to commit. A store applies them in order, all or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Insert or replace a record.
    Put(Record),
    /// Delete a record (no error if it is not there).
    Drop {
        /// Its space.
        space: Space,
        /// Its key.
        key: Vec<u8>,
    },
    /// A new message, and a `message` event. Ignored (with its event) if (author, id) is there already.
    Message(NewMessage),
    /// A state of an own message for one recipient. `Queued` names the recipient and makes no event; any other
    /// state moves a named recipient forward, makes a `receipt` event if it does, and is ignored for an account
    /// that was not named: nobody signs for another. The message's own state is the least of its recipients'.
    State {
        /// Which message of ours.
        message: MessageId,
        /// For whom.
        account: AccountId,
        /// How far.
        state: MessageState,
        /// Why, for `Failed`.
        reason: Option<String>,
        /// When.
        at: WallMs,
    },
    /// How many mailboxes keep an own message for one recipient, and until when the last of them does. Moves a named
    /// recipient forward to `Mailbox` if any does; a `receipt` event if anything changed and the recipient is not past
    /// `Mailbox`. Ignored for an account that was not named. None any more does not move the state back.
    Custody {
        /// Which message of ours.
        message: MessageId,
        /// For whom.
        account: AccountId,
        /// How many keep it now.
        mailboxes: u8,
        /// Until when the last of them promised to, by our clock.
        until: WallMs,
        /// When.
        at: WallMs,
    },
    /// New text for a message, if `author` wrote it; a `message` event with `edited`. An edit whose (author, chat,
    /// message) is not there is ignored.
    Edit {
        /// In which chat.
        chat: ChatId,
        /// Who edits.
        author: AccountId,
        /// Which message.
        message: MessageId,
        /// Cleaned text.
        text: String,
        /// When.
        at: WallMs,
    },
    /// Remove a message's text, if `author` wrote it; a `message` event with `deleted`.
    Delete {
        /// In which chat.
        chat: ChatId,
        /// Who deletes.
        author: AccountId,
        /// Which message.
        message: MessageId,
        /// When.
        at: WallMs,
    },
    /// `who` reacts to a message (one reaction per person and message; empty takes it back); a `message` event.
    React {
        /// In which chat.
        chat: ChatId,
        /// Who reacts.
        who: AccountId,
        /// Whose message.
        author: AccountId,
        /// Which message.
        message: MessageId,
        /// One emoji, or nothing.
        emoji: String,
        /// When.
        at: WallMs,
    },
    /// A message is pinned by `who`, or unpinned by them; a `message` event if that changed anything. In one chat the
    /// [`PINS`] last pinned stay so.
    Pin {
        /// In which chat.
        chat: ChatId,
        /// Who pins or unpins.
        who: AccountId,
        /// Whose message.
        author: AccountId,
        /// Which message.
        message: MessageId,
        /// Pinned or not.
        on: bool,
        /// For unpinning: also if somebody else pinned it.
        any: bool,
    },
    /// A message is shown no more on this node: its text and all that was said of it goes, the fact that it was here stays,
    /// so that it cannot come again. A `hidden` event.
    Hide {
        /// In which chat.
        chat: ChatId,
        /// Who wrote it.
        author: AccountId,
        /// Which message.
        message: MessageId,
    },
    /// The next try of an own message begins: for those of `to` for whom it failed or expired it is `Queued` again. A
    /// `message` event; nothing if there is nobody like that.
    Again {
        /// Which message of ours.
        message: MessageId,
        /// Whom it goes to now.
        to: Vec<AccountId>,
        /// Its number among our contents in that chat from now on.
        seq: u64,
        /// When.
        at: WallMs,
    },
    /// Messages of others in a chat were seen here: not unread any more. No event.
    MarkRead {
        /// In which chat.
        chat: ChatId,
        /// Which.
        messages: Vec<MessageId>,
    },
    /// An event that is kept, besides those the other changes make.
    Event(Event),
}

/// An event with a durable cursor. The store numbers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody asks.
    Request {
        /// Who.
        account: AccountId,
        /// The cleaned name they gave.
        name: String,
        /// Their cleaned note.
        note: String,
    },
    /// A contact's standing changed.
    Contact {
        /// Who.
        account: AccountId,
        /// The local name.
        name: String,
        /// "pending", "accepted", "blocked" or "removed".
        state: &'static str,
        /// Whether verified.
        verified: bool,
        /// Whether the key changed.
        key_changed: bool,
    },
    /// A contact asks whether to keep mail for each other, or a question of ours was answered, or it is over.
    MailAsk {
        /// Who.
        account: AccountId,
        /// "asked" (they ask us), "agreed" (both keep mail for each other now), "declined" (by either).
        change: &'static str,
    },
    /// Something about a room.
    Room {
        /// Which.
        room: RoomId,
        /// Its name, cleaned, without the `#`.
        name: String,
        /// Whether it is an open channel.
        open: bool,
        /// "invited", "joined", "left", "added", "removed", "promoted", "demoted" or "renamed".
        change: &'static str,
        /// Whom it is about (who invited, for "invited"; who did it, for "renamed").
        who: AccountId,
        /// How many members there are now.
        members: u32,
    },
    /// Messages are missing in a chat.
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
    /// A gap was filled or found to be beyond repair; the screen may drop its line.
    GapClosed {
        /// Where.
        chat: ChatId,
        /// From which device.
        device: DeviceId,
        /// First number.
        from_seq: u64,
        /// How many.
        count: u64,
        /// Whether the messages came after all.
        filled: bool,
    },
}
