//! What a person (through the screen, the command line or the API) asks of the engine, and what it answers.

mod refusal;
mod views;

pub use super::net::Via;
pub use refusal::Refusal;
pub use views::*;

use crate::ids::{AccountId, ChatId, InviteId, MailboxId, MessageId, RoomId};

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
