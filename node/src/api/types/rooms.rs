//! Rooms, who is in them, and how many of them have a message.

use super::v;
use serde::{Deserialize, Serialize};

object!(/// `room`: something about a room; in a listing, how it is
Room {
    /// The event's cursor; empty in a listing.
    cursor: String,
    /// The room's id.
    room: String,
    /// The room's name (`#roof`).
    name: String,
    /// Whether it is an open channel.
    open: bool,
    /// `invited`, `joined`, `left`, `added`, `removed`, `promoted`, `demoted` or `renamed`; in a listing where we
    /// stand: `invited`, `joining`, `member`, `left` or `removed`.
    change: String,
    /// Account id of whom it is about (who invited, for `invited`; who did it, for `renamed`); in a listing who asked
    /// us in, or oneself.
    who: String,
    /// Their name here.
    #[serde(default)]
    who_name: String,
    /// How many members there are now.
    members: u32,
    /// Changes whenever the keys of our messages there do. None in an event.
    epoch: Option<String>,
    /// How it is, in a listing.
    #[serde(flatten)]
    now: Option<RoomNow>,
});

/// What a listing says of a room besides what an event does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomNow {
    /// The id of its chat.
    pub chat: String,
    /// Its name as it was given, without the `#`.
    pub title: String,
    /// What we may do: "creator", "admin" or "member".
    pub role: String,
    /// Name of who asked us in, for `invited` and `joining`.
    pub by: Option<String>,
    /// What it is about.
    pub topic: String,
    /// Members who are connected with us, ourselves included; in an open channel the nodes around us that have all we
    /// wrote, and ourselves.
    pub here: u32,
    /// What of the history late joiners get: "none", "last N", "days N" or "all".
    pub history: String,
    /// Mailboxes that keep mail for those of the room who are away.
    pub mailboxes: u32,
    /// Messages of ours that not everybody has signed for.
    pub waiting: u64,
    /// In an open channel: seconds between two texts of one person, as moderators one follows say; 0 for none.
    #[serde(default)]
    pub slow_s: u32,
}

object!(/// `member`: somebody in a room
Member {
    /// The room's id.
    room: String,
    /// Account id.
    account: String,
    /// The contact's local name, else what the room knows them by.
    name: String,
    /// "creator", "admin" or "member".
    role: String,
    /// Whether it is oneself.
    me: bool,
    /// Whether they are a contact as well.
    #[serde(default)]
    contact: bool,
    /// "direct", "lan", "relay" or "none".
    #[serde(default)]
    via: String,
    /// When a link to them last ended; in an open channel when they last wrote.
    #[serde(default)]
    last_seen: Option<String>,
    /// In an open channel: whether nothing of them is shown here.
    #[serde(default)]
    ignored: bool,
    /// In an open channel: whether what they say as a moderator counts here.
    #[serde(default)]
    followed: bool,
});

/// How many of a room have an own message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// A device of theirs signed for it.
    pub delivered: u32,
    /// Of these, how many have read it.
    pub read: u32,
    /// Only mailboxes have it.
    pub mailbox: u32,
    /// It waits here for them.
    pub queued: u32,
    /// It will not reach them any more.
    pub failed: u32,
    /// To how many it goes.
    pub of: u32,
}
