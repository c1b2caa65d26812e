//! What an engine answers, and how it describes what it knows: contacts, rooms, mailboxes, itself.

use super::{Presence, Via};
use crate::ids::{AccountId, DeviceId, InviteId, MailboxId, MessageId, RoomId};
use crate::time::WallMs;

/// The answer to a [`super::Command`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done.
    Done,
    /// Accepted onto this disk.
    Sent {
        /// Its id.
        message: MessageId,
        /// When.
        at: WallMs,
        /// Whether this client reference had been used before (nothing new was made).
        repeated: bool,
    },
    /// One invite.
    Invite(InviteView),
    /// Invites, oldest first.
    Invites(Vec<InviteView>),
    /// One contact (after `Add` and the changes to one).
    Contact(ContactView),
    /// Contacts by name.
    People(Vec<ContactView>),
    /// Open requests, oldest first.
    Requests(Vec<RequestView>),
    /// Who is near and wants to be seen, longest here first.
    Near(Vec<NearView>),
    /// 60 digits, in twelve groups of five separated by spaces.
    SafetyNumber(String),
    /// One room (after the changes to one).
    Room(RoomView),
    /// Rooms by name.
    Rooms(Vec<RoomView>),
    /// Members of a room, creator and admins first.
    Members(Vec<MemberView>),
    /// One mailbox.
    Mailbox(MailboxView),
    /// Mailboxes that keep mail for us, and questions that are open.
    Mailboxes {
        /// Them.
        mine: Vec<MailboxView>,
        /// Them, by account.
        asks: Vec<MailAskView>,
    },
    /// A link to this node's mailbox.
    MailboxLink {
        /// The grant's name, by which the mailbox's operator finds it again.
        grant: [u8; 16],
        /// The link.
        link: String,
    },
    /// Who keeps a message.
    Custody(Vec<CustodyView>),
    /// A summary.
    Status(StatusView),
}

/// Where we stand in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RoomState {
    /// Somebody asked us in; we have not answered.
    Invited,
    /// We said yes, or asked by a link, and wait to be let in.
    Joining,
    /// In it.
    Member,
    /// We left.
    Left,
    /// We were removed.
    Removed,
}

/// What somebody may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Made it.
    Creator,
    /// May add and remove people.
    Admin,
    /// Reads and writes.
    Member,
}

impl Role {
    /// The word of the command line and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Creator => "creator",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }
}

/// A room as others may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// Its id.
    pub room: RoomId,
    /// Its name here, cleaned, unique among rooms, without the `#`.
    pub name: String,
    /// What it is about, cleaned.
    pub topic: String,
    /// Whether anybody may read and write who knows its name.
    pub open: bool,
    /// Where we stand.
    pub state: RoomState,
    /// What we may do; in an open channel, whether we made it.
    pub role: Role,
    /// How many members there are; for `Invited`, as the inviter said; for an open channel, how many wrote in the last day.
    pub members: u32,
    /// How many of them have a live link with us, ourselves included; for an open channel, how many nodes we are linked
    /// with have all we wrote, and ourselves.
    pub here: u32,
    /// What late joiners get: "none", "last N", "days N" or "all".
    pub history: String,
    /// Who asked us in, for `Invited` and `Joining`.
    pub invited_by: Option<AccountId>,
    /// How many mailboxes keep mail for those of the room who are away.
    pub mailboxes: u32,
    /// Messages of ours that not everybody has signed for.
    pub waiting: u64,
    /// In an open channel: seconds between two texts of one person, as moderators we follow say; 0 for none.
    pub slow_s: u32,
    /// Changes whenever the keys of our messages there do; empty before the first message.
    pub epoch: String,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub account: AccountId,
    /// Their name: the contact's local one, else what the room knows them by, cleaned.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether it is us.
    pub me: bool,
    /// Whether they are an accepted contact.
    pub contact: bool,
    /// The best live link to them.
    pub via: Option<Via>,
    /// When such a link last ended (wall time), if none stands; in an open channel, when they last wrote.
    pub last_seen: Option<WallMs>,
    /// In an open channel: whether nothing of them is shown here.
    pub muted: bool,
    /// In an open channel: whether what they say as a moderator counts here.
    pub followed: bool,
}

/// How a mailbox of ours is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxState {
    /// It answers.
    Ok,
    /// It does not answer now.
    Silent,
    /// It has no room for more.
    Full,
    /// It refused us: the grant is used up or taken back, or it has forgotten the box.
    Gone,
}

/// A mailbox that keeps mail for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxView {
    /// Its name.
    pub mailbox: MailboxId,
    /// The contact whose it is, if one told us.
    pub friend: Option<AccountId>,
    /// How it is.
    pub state: MailboxState,
    /// Since when it is so, or when it last answered (wall time).
    pub seen: Option<WallMs>,
    /// Bytes it holds for us, as it last said.
    pub used_bytes: u64,
    /// Bytes it may hold for us.
    pub quota_bytes: u64,
    /// How long it keeps an envelope, in seconds.
    pub kept_s: u32,
}

/// An open question whether to keep mail for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAskView {
    /// With whom.
    pub account: AccountId,
    /// Whether we asked; otherwise they did, and we may answer.
    pub ours: bool,
}

/// A mailbox that keeps a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodyView {
    /// For whom.
    pub account: AccountId,
    /// Which mailbox.
    pub mailbox: MailboxId,
    /// Until when, by our clock.
    pub until: WallMs,
}

/// Where a contact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ContactState {
    /// We asked; they have not answered.
    Pending,
    /// Both agreed.
    Accepted,
    /// We refuse everything from them.
    Blocked,
    /// Forgotten; the history stays.
    Removed,
}

/// A contact as others may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactView {
    /// Their account.
    pub account: AccountId,
    /// The local name, cleaned, unique among contacts.
    pub name: String,
    /// Where they stand.
    pub state: ContactState,
    /// Why, for `Removed`.
    pub reason: Option<String>,
    /// Whether the safety number was compared.
    pub verified: bool,
    /// Whether their keys changed since.
    pub key_changed: bool,
    /// How they are now.
    pub presence: Presence,
    /// Whether one's own presence and typing are kept from them.
    pub hidden: bool,
    /// The road of the best live link.
    pub via: Option<Via>,
    /// When a live link to them last ended (wall time), if none stands.
    pub last_seen: Option<WallMs>,
    /// Messages of ours no device of theirs has signed for.
    pub waiting: u64,
    /// Of these, how many some mailbox keeps.
    pub in_mailboxes: u64,
    /// How many mailboxes their devices told us of: none means that messages wait here until they are reached.
    pub mailboxes: u32,
    /// When the next attempt to reach them is due, in milliseconds from now.
    pub next_try_ms: Option<u64>,
    /// When the DHT was last asked for them in this run (wall time).
    pub looked_up: Option<WallMs>,
    /// When the DHT last had a card of theirs that holds, in this run (wall time).
    pub found: Option<WallMs>,
}

/// Somebody near who wants to be seen. None of it is proven.
#[derive(Clone, PartialEq, Eq)]
pub struct NearView {
    /// Who they say they are.
    pub account: AccountId,
    /// What they want to be called, cleaned.
    pub name: String,
    /// The link to ask them with.
    pub link: String,
    /// Whether that account is an accepted contact.
    pub contact: bool,
    /// When they last said so.
    pub seen: WallMs,
}

impl std::fmt::Debug for NearView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NearView({:?})", self.account)
    }
}

/// Somebody who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    /// Their account.
    pub account: AccountId,
    /// The name they gave, cleaned.
    pub name: String,
    /// Their note, cleaned.
    pub note: String,
    /// When it came.
    pub at: WallMs,
}

/// An invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteView {
    /// Its id.
    pub invite: InviteId,
    /// The link; whoever has it can ask.
    pub link: String,
    /// Uses left.
    pub uses: u32,
    /// When it ends.
    pub until: WallMs,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// A summary of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusView {
    /// Own account.
    pub account: AccountId,
    /// Own device.
    pub device: DeviceId,
    /// Own name.
    pub name: String,
    /// Own addresses.
    pub addrs: Vec<String>,
    /// Live links to devices of contacts: direct over the internet.
    pub direct: u32,
    /// Live links by relay.
    pub relayed: u32,
    /// Live links on the local network.
    pub lan: u32,
    /// Messages of ours that some recipient has not signed for.
    pub waiting: u64,
    /// Open requests.
    pub requests: u32,
    /// When the next dial is due, in milliseconds from now.
    pub next_dial_ms: Option<u64>,
    /// Whether nobody is called or answered now ([`Presence::Invisible`]).
    pub invisible: bool,
    /// Own records in the DHT: how many are out there as they should be, of how many.
    pub published: (u32, u32),
    /// Of the waiting messages, how many some mailbox keeps.
    pub in_mailboxes: u64,
    /// Mailboxes that keep mail for us.
    pub mailboxes: Vec<MailboxView>,
}
