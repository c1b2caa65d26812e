//! What a person (through the screen, the command line or the API) asks of the engine, and what it answers.

use crate::ids::{AccountId, ChatId, DeviceId, InviteId, MailboxId, MessageId, RoomId};
use crate::time::WallMs;

/// Correlates a command with its [`Reply`].
pub type RequestNumber = u64;

/// A person's wish. Texts are as typed: the engine cleans them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Make an invite.
    InviteNew {
        /// How many people may use it, 1 to 1000.
        uses: u32,
        /// How long it lives, at most 90 days.
        valid_ms: u64,
        /// Put no own address in the link.
        private: bool,
        /// Accept who asks with it without a question.
        auto_accept: bool,
    },
    /// All invites that are not over.
    InviteList,
    /// End an invite.
    InviteRevoke {
        /// Which.
        invite: InviteId,
    },
    /// Ask somebody, by their link.
    Add {
        /// The link as pasted.
        link: String,
        /// A local name for them.
        name: Option<String>,
        /// A note they see with the request.
        note: String,
    },
    /// Open requests of people who ask.
    Requests,
    /// Accept a request.
    RequestAccept {
        /// Who asked.
        account: AccountId,
    },
    /// Drop a request, silently.
    RequestDrop {
        /// Who asked.
        account: AccountId,
    },
    /// All contacts, by name.
    People,
    /// Give a contact another local name.
    Rename {
        /// Who.
        account: AccountId,
        /// The new name.
        name: String,
    },
    /// Refuse everything from a contact, without telling them.
    Block {
        /// Who.
        account: AccountId,
    },
    /// Undo a block.
    Unblock {
        /// Who.
        account: AccountId,
    },
    /// Forget a contact; the chat's history stays.
    Remove {
        /// Who.
        account: AccountId,
    },
    /// Compare three words with a contact who is here; they come to both as [`super::Notice::Words`].
    Compare {
        /// Who.
        account: AccountId,
    },
    /// Who near us, on this local network, wants to be seen.
    Near {
        /// Show oneself to them too for the next minute, or not any more. Nothing changes without it.
        on: Option<bool>,
    },
    /// Say that the safety number was compared and is the same (or take that back).
    Verify {
        /// Who.
        account: AccountId,
        /// Whether it matched.
        matches: bool,
    },
    /// The safety number with a contact.
    SafetyNumber {
        /// Who.
        account: AccountId,
    },
    /// Send a text.
    Send {
        /// To which chat.
        chat: ChatId,
        /// What.
        text: String,
        /// In answer to which message.
        reply_to: Option<MessageId>,
        /// A client's own reference: the same one twice makes one message with one id.
        client_ref: Option<String>,
        /// Refuse unless the contact is verified.
        require_verified: bool,
    },
    /// Change one's own message. The caller has checked that it is one's own.
    Edit {
        /// In which chat.
        chat: ChatId,
        /// Which message.
        message: MessageId,
        /// The new text.
        text: String,
    },
    /// Delete one's own message for everyone.
    Delete {
        /// In which chat.
        chat: ChatId,
        /// Which message.
        message: MessageId,
    },
    /// React to a message; an empty emoji takes the reaction back.
    React {
        /// In which chat.
        chat: ChatId,
        /// Which message.
        message: MessageId,
        /// Its author.
        author: AccountId,
        /// One emoji, or nothing.
        emoji: String,
    },
    /// Pin a message in its chat for all who are in it, or unpin it.
    Pin {
        /// In which chat.
        chat: ChatId,
        /// Which message.
        message: MessageId,
        /// Its author.
        author: AccountId,
        /// Pinned or not.
        on: bool,
        /// Whether it was we who pinned it, for unpinning. The caller has looked.
        ours: bool,
    },
    /// Show a message no more here. Nobody else hears of it.
    Hide {
        /// In which chat.
        chat: ChatId,
        /// Which message.
        message: MessageId,
        /// Its author.
        author: AccountId,
    },
    /// Try an own text again that did not get through, as the same message. The caller has checked that it is one's own.
    Again {
        /// In which chat.
        chat: ChatId,
        /// Which message.
        message: MessageId,
        /// Its text as it is now.
        text: String,
        /// The message it answers.
        reply_to: Option<MessageId>,
        /// The number it last had among our contents there.
        seq: u64,
        /// For whom it failed or expired.
        lack: Vec<AccountId>,
    },
    /// Messages were seen by the person. Sends read receipts if that is on.
    MarkRead {
        /// In which chat.
        chat: ChatId,
        /// Ids of messages of the other side, at most 256.
        messages: Vec<MessageId>,
    },
    /// The person types, or stopped.
    Typing {
        /// In which chat.
        chat: ChatId,
        /// Whether they type now.
        on: bool,
    },
    /// How the person is, shown to contacts with a live link.
    SetPresence {
        /// The state.
        presence: Presence,
    },
    /// Whether a contact is shown how one is and when one types (they are, unless hidden from). Messages flow all the
    /// same.
    SetVisibility {
        /// From whom.
        account: AccountId,
        /// Shown or hidden.
        visible: bool,
    },
    /// Whether read receipts are sent (they are, unless turned off).
    SetReadReceipts {
        /// On or off.
        on: bool,
    },
    /// Change one's own display name.
    SetName {
        /// The new name.
        name: String,
    },
    /// Have mail kept at a mailbox.
    MailboxUse {
        /// Its link as pasted.
        link: String,
    },
    /// The mailboxes that keep mail for us, and open questions about it.
    MailboxList,
    /// Have no mail kept there any more: what lies there is fetched first if the mailbox answers.
    MailboxDrop {
        /// Which.
        mailbox: MailboxId,
    },
    /// A link with which others may use the mailbox this node keeps.
    MailboxGrant {
        /// How many boxes, 1 to 10,000.
        uses: u32,
        /// What each may hold, in MiB, 1 to 1,024.
        quota_mib: u32,
    },
    /// Ask a contact whether to keep mail for each other.
    MailboxAsk {
        /// Whom.
        account: AccountId,
    },
    /// Answer a contact who asked that.
    MailboxAnswer {
        /// Who asked.
        account: AccountId,
        /// Yes or no.
        agree: bool,
    },
    /// Make a room.
    RoomNew {
        /// Its name.
        name: String,
    },
    /// Rooms, by name.
    RoomList,
    /// Who is in a room.
    RoomMembers {
        /// Which.
        room: RoomId,
    },
    /// Ask a contact into a room.
    RoomInvite {
        /// Which.
        room: RoomId,
        /// Whom.
        account: AccountId,
    },
    /// A link by which people may ask to come into a room; who comes by it becomes a contact too.
    RoomLink {
        /// Which.
        room: RoomId,
        /// How many people may use it, 1 to 1000.
        uses: u32,
        /// How long it lives, at most 90 days.
        valid_ms: u64,
        /// Let who asks in without a question.
        auto_accept: bool,
    },
    /// Go into a room one was asked into, or decline that.
    RoomAnswer {
        /// Which.
        room: RoomId,
        /// Yes or no.
        join: bool,
    },
    /// Ask to be let into the room of a link.
    RoomJoin {
        /// The link as pasted.
        link: String,
        /// A note they see with the request.
        note: String,
    },
    /// Leave a room; its history stays.
    RoomLeave {
        /// Which.
        room: RoomId,
    },
    /// Remove somebody from a room.
    RoomRemove {
        /// Which.
        room: RoomId,
        /// Whom.
        account: AccountId,
    },
    /// Make a member an admin, or one of the lower admins a plain member.
    RoomRole {
        /// Which.
        room: RoomId,
        /// Whom.
        account: AccountId,
        /// Admin, or not.
        admin: bool,
    },
    /// Change what a room is called, what it is about, or what of its history late joiners get.
    RoomSet {
        /// Which.
        room: RoomId,
        /// What.
        what: RoomSetting,
    },
    /// Make an open channel, or join it if others are there: anybody reads and writes in it.
    RoomNewOpen {
        /// Its name, which is all there is to know of it.
        name: String,
    },
    /// The same, of a channel that others told us of.
    RoomJoinOpen {
        /// Its name.
        name: String,
    },
    /// Let somebody moderate what is shown here of an open channel, or no more.
    RoomFollow {
        /// Which channel.
        room: RoomId,
        /// Whom.
        account: AccountId,
        /// Follow, or not.
        on: bool,
    },
    /// Show nothing of somebody in an open channel, on this device alone.
    RoomMute {
        /// Which channel.
        room: RoomId,
        /// Whom.
        account: AccountId,
        /// Mute, or not.
        on: bool,
    },
    /// Say to who follows us what they are to be shown of an open channel.
    RoomModerate {
        /// Which channel.
        room: RoomId,
        /// What.
        what: Moderation,
    },
    /// Which mailboxes keep an own message that is not delivered.
    Custody {
        /// Which message.
        message: MessageId,
    },
    /// A summary of the engine's state.
    Status,
    /// Try all waiting dials now (after a resume, or on a person's wish).
    Wake,
}

/// What a moderator of an open channel does, for those who follow them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moderation {
    /// A message is not shown.
    Hide {
        /// Who wrote it.
        author: AccountId,
        /// Which.
        message: MessageId,
    },
    /// Nothing of somebody is shown for a while.
    Mute {
        /// Of whom.
        account: AccountId,
        /// How long, 1 s to a day.
        seconds: u32,
    },
    /// Everybody but moderators is shown one text in this time; 0 ends it.
    Slow {
        /// At most an hour.
        seconds: u32,
    },
}

/// What of a room is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomSetting {
    /// Its name.
    Name(String),
    /// What it is about.
    Topic(String),
    /// What of its history late joiners get: "none", "last N", "days N" or "all".
    History(String),
}

/// How a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// There.
    Online,
    /// Not at the keyboard.
    Away,
    /// There, but not to be disturbed.
    Busy,
    /// No live link.
    Offline,
    /// Only of oneself, and kept over restarts: calls nobody, answers nobody, publishes nothing. Messages wait.
    Invisible,
    /// Only of others: a live link stands, and they do not show how they are.
    Hidden,
}

/// The answer to a [`Command`].
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

/// Why a command was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The link is not a Starling link, or damaged.
    #[error("the link is not a whole Starling invite: {reason}")]
    BadLink {
        /// What is wrong with it.
        reason: String,
    },
    /// One's own link.
    #[error("this is your own invite")]
    OwnLink,
    /// They are not connected.
    #[error("they are not here now")]
    NotHere,
    /// Who is invisible is shown to nobody.
    #[error("you are invisible: nobody near you is told that you are here")]
    Invisible,
    /// Nobody by that id.
    #[error("there is no such person")]
    NoContact,
    /// No such invite.
    #[error("there is no such invite")]
    NoInvite,
    /// No such request.
    #[error("there is no such request")]
    NoRequest,
    /// The contact has not accepted yet.
    #[error("they have not accepted yet")]
    NotAccepted,
    /// The contact is blocked.
    #[error("you have blocked them")]
    Blocked,
    /// The contact was removed.
    #[error("you have removed them")]
    Removed,
    /// `require_verified`, and they are not, or their key changed.
    #[error("the safety number is not verified, or changed since")]
    NotVerified,
    /// Nothing to send.
    #[error("there is nothing in it")]
    Empty,
    /// Over a bound.
    #[error("too long: {what} may have at most {limit}")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The bound with its unit.
        limit: &'static str,
    },
    /// A queue or list is full.
    #[error("{what} is full: {limit}")]
    Full {
        /// Which.
        what: &'static str,
        /// The bound with its unit.
        limit: &'static str,
    },
    /// A number out of range.
    #[error("{what} must be {range}")]
    OutOfRange {
        /// Which.
        what: &'static str,
        /// The range.
        range: &'static str,
    },
    /// No such mailbox.
    #[error("there is no such mailbox")]
    NoMailbox,
    /// No such room.
    #[error("there is no such room")]
    NoRoom,
    /// We are not in it (any more, or yet).
    #[error("you are not a member of this room")]
    NotMember,
    /// They are not in it.
    #[error("they are not a member of this room")]
    NotTheirs,
    /// Only an admin of a higher rank may do that.
    #[error("you may not do that in this room")]
    NotAllowed,
    /// Whoever lacks the message has left the room.
    #[error("who did not get it is not in this room any more")]
    NobodyLeft,
    /// They are in it, or have been asked, already.
    #[error("they are in this room, or were asked already")]
    AlreadyThere,
    /// Nobody asked us into it.
    #[error("nobody asked you into this room")]
    NotInvited,
    /// An open channel has no members, roles, links or settings.
    #[error("this channel is open, not private: anybody reads and writes in it, and nobody can be put out")]
    IsOpen,
    /// A private room is not moderated so.
    #[error("this room is private, no open channel")]
    NotOpen,
    /// Too much at once.
    #[error("too fast: {what}; the next may be written in {wait_s} s")]
    TooFast {
        /// What was done too fast, with its bound.
        what: &'static str,
        /// Seconds until it may be done again.
        wait_s: u64,
    },
    /// Nobody asked that.
    #[error("there is no such question open")]
    NoAsk,
    /// A device's keys cannot be used.
    #[error("their keys cannot be used: {reason}")]
    BadKeys {
        /// Why.
        reason: String,
    },
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

pub use super::net::Via;

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
