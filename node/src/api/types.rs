//! The objects of the control API and of `--json` (docs/user/api.md): plain data, one JSON object a line, the same
//! for the screen, the command line and scripts. Fields may be added; nothing here changes meaning.

use serde::{Deserialize, Serialize};

/// The version every object carries.
pub const V: u32 = 1;
/// The version of the API that `hello` agrees on.
pub const API: u32 = 1;
/// Bytes of one request line; a longer one is refused. Higher lets a client hold that much of the node's memory.
pub const LINE_BYTES: usize = 1024 * 1024;

fn v() -> u32 {
    V
}

fn first_try() -> u32 {
    1
}

fn off() -> String {
    "off".to_owned()
}

fn default_notify() -> String {
    "default".to_owned()
}

/// Anything the API prints, told apart by `type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Object {
    /// The outcome of `send`.
    Sent(Sent),
    /// A message.
    Message(Box<Message>),
    /// A message is hidden here, by the person.
    Hidden(Hidden),
    /// A recipient's state of an own message.
    Receipt(Receipt),
    /// Somebody asks.
    Request(Request),
    /// A contact.
    Contact(Contact),
    /// A contact's presence.
    Presence(Presence),
    /// A contact types.
    Typing(Typing),
    /// A room made like another.
    RoomCopy(RoomCopy),
    /// Three words to compare.
    Compare(Compare),
    /// Somebody near.
    Near(Near),
    /// The state of the network.
    Network(Network),
    /// All that is known of the network.
    Net(Box<Net>),
    /// One result of a test.
    Test(Test),
    /// A line of the log.
    LogLine(LogLine),
    /// Messages are missing.
    Gap(Gap),
    /// About keeping mail for each other.
    MailAsk(MailAsk),
    /// A room, or something about one.
    Room(Room),
    /// Somebody in a room.
    Member(Member),
    /// A mailbox.
    Mailbox(Mailbox),
    /// A mailbox that keeps a message.
    Kept(KeptAt),
    /// Events were lost to a slow reader: read again from the cursor before.
    Resync(Resync),
    /// A summary of the node.
    Status(Box<Status>),
    /// An invite.
    Invite(Invite),
    /// Own account.
    Account(Account),
    /// A chat of the chat list.
    Chat(Chat),
    /// A safety number.
    Safety(Safety),
    /// What reading the configuration again did.
    Reload(Reload),
    /// Something was done and there is no more to say of it.
    Done(Done),
}

macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            /// Version of the object: [`V`](crate::api::types::V).
            #[serde(default = "v")]
            pub v: u32,
            $($(#[$fdoc])* pub $field: $ty,)*
        }
    };
}

object!(/// `sent`
Sent {
    /// The message's id.
    id: String,
    /// The chat's name (`@ilse`, `me`).
    to: String,
    /// The chat's id.
    chat: String,
    /// How far it is.
    state: String,
    /// When that was reached, RFC 3339 UTC with milliseconds.
    at: String,
});

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct From {
    /// Account id.
    pub account: String,
    /// Local name (one's own display name for oneself).
    pub name: String,
    /// Whether their safety number was compared.
    pub verified: bool,
    /// Whether it is oneself.
    pub me: bool,
}

/// One recipient's state, in the detailed view of an own message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Account id.
    pub account: String,
    /// Local name.
    pub name: String,
    /// How far.
    pub state: String,
    /// When.
    pub at: String,
    /// Mailboxes that keep it for them, in state "mailbox".
    #[serde(default)]
    pub kept: Option<Kept>,
}

object!(/// `message`
Message {
    /// The event's cursor; empty in `log` and `find`.
    cursor: String,
    /// The message's id.
    id: String,
    /// The chat's id.
    chat: String,
    /// The chat's name (`@ilse`, `me`).
    chat_name: String,
    /// Who wrote it.
    from: From,
    /// The sender's clock.
    at: String,
    /// Our clock.
    received: String,
    /// Sorts the messages of a chat as they are shown, compared as text; a late one may stand before others. Empty for
    /// one whose place is not known yet.
    #[serde(default)]
    order: String,
    /// Its text.
    text: String,
    /// The message it answers.
    reply_to: Option<String>,
    /// Whether the text was changed.
    edited: bool,
    /// Whether it was deleted.
    deleted: bool,
    /// Emoji to the names of those who reacted with it.
    reactions: std::collections::BTreeMap<String, Vec<String>>,
    /// Files (none yet).
    files: Vec<serde_json::Value>,
    /// The road it came by.
    via: String,
    /// How far it is.
    state: String,
    /// Why, for `failed`.
    reason: Option<String>,
    /// When the state was reached.
    state_at: String,
    /// Whether it has not been seen here.
    unread: bool,
    /// "text", "unknown" or "notice".
    kind: String,
    /// For own messages: each recipient's state. In rooms of many only `message` says it. An open channel is its own
    /// recipient: "delivered" when somebody else has it.
    recipients: Vec<Recipient>,
    /// For own messages in private rooms: how many have it; none while that is not known, or where nobody else is.
    #[serde(default)]
    counts: Option<Counts>,
    /// Mailboxes that keep it, in state "mailbox": the least over the recipients.
    #[serde(default)]
    kept: Option<Kept>,
    /// Whether it is pinned in its chat, for all who are in it.
    #[serde(default)]
    pinned: bool,
    /// For own messages: which try this is, from 1. `again` begins the next; a state never goes back within one.
    #[serde(default = "first_try")]
    attempt: u32,
});

object!(/// `hidden`: a message that is not shown here any more, nor anything of it
Hidden {
    /// The event's cursor.
    cursor: String,
    /// The message's id.
    id: String,
    /// The chat's id.
    chat: String,
});

object!(/// `receipt`
Receipt {
    /// The event's cursor.
    cursor: String,
    /// The message's id.
    id: String,
    /// The chat's id.
    chat: String,
    /// Account id of the recipient.
    who: String,
    /// How far.
    state: String,
    /// Why, for `failed`.
    reason: Option<String>,
    /// When.
    at: String,
    /// The state of the whole message after it.
    message_state: String,
    /// Mailboxes that keep it for them, in state "mailbox".
    #[serde(default)]
    kept: Option<Kept>,
    /// Which try of the message this is about, from 1.
    #[serde(default = "first_try")]
    attempt: u32,
});

object!(/// `request`
Request {
    /// The event's cursor; empty in `requests`.
    cursor: String,
    /// What `requests accept` and `drop` take: the account id.
    id: String,
    /// Account id.
    account: String,
    /// The name they gave.
    name: String,
    /// Their note.
    note: String,
    /// When it came.
    at: String,
});

object!(/// `contact`
Contact {
    /// The event's cursor; empty in `people`.
    cursor: String,
    /// Account id.
    account: String,
    /// Local name.
    name: String,
    /// "pending", "accepted", "blocked" or "removed".
    state: String,
    /// Whether the safety number was compared.
    verified: bool,
    /// Whether the key changed since.
    key_changed: bool,
    /// Why, for `removed`.
    reason: Option<String>,
    /// "online", "away", "busy", "offline", or "hidden" (they are connected and do not show how they are).
    presence: String,
    /// "direct", "lan", "relay" or "none".
    via: String,
    /// When a link to them last ended.
    last_seen: Option<String>,
    /// Messages waiting for them.
    waiting: u64,
    /// Of these, how many some mailbox keeps.
    #[serde(default)]
    in_mailboxes: u64,
    /// Mailboxes they told us of: without one, messages wait here until they are reached.
    #[serde(default)]
    mailboxes: u32,
    /// Milliseconds until the next attempt to reach them.
    next_try_ms: Option<u64>,
    /// Whether one's own presence and typing are kept from them.
    #[serde(default)]
    hidden: bool,
    /// When the DHT was last asked for them, since the node's start.
    #[serde(default)]
    looked_up: Option<String>,
    /// When the DHT last had something of theirs that holds, since the node's start.
    #[serde(default)]
    found: Option<String>,
});

object!(/// `presence`
Presence {
    /// The newest durable cursor when it happened.
    cursor: String,
    /// Account id.
    account: String,
    /// "online", "away", "busy", "offline" or "hidden".
    state: String,
    /// "direct", "lan", "relay" or "none".
    via: String,
    /// A status text (none yet).
    text: Option<String>,
});

object!(/// `typing`
Typing {
    /// The newest durable cursor when it happened.
    cursor: String,
    /// The chat's id.
    chat: String,
    /// Account id.
    account: String,
    /// Whether they type now.
    on: bool,
});

object!(/// `compare`
Compare {
    /// The newest durable cursor when it happened.
    cursor: String,
    /// Account id.
    account: String,
    /// Three words that both see, if nobody is in the middle.
    words: Vec<String>,
});

object!(/// `roomcopy`: a room made like another.
RoomCopy {
    /// The new room's id.
    room: String,
    /// Its local name.
    name: String,
    /// Account ids of those who were asked into it.
    asked: Vec<String>,
    /// Account ids of members of the old one who could not be asked: they are no contacts.
    not_asked: Vec<String>,
});

object!(/// `network`
Network {
    /// The newest durable cursor when it happened.
    cursor: String,
    /// "starting", "direct", "relayed", "lan" or "offline".
    state: String,
    /// Contacts with a direct link.
    direct: u32,
    /// Contacts by relay.
    relayed: u32,
    /// Contacts on the LAN.
    lan: u32,
    /// Own messages waiting for a signature.
    waiting: u64,
    /// Milliseconds until the next attempt to reach somebody.
    next_try_ms: Option<u64>,
    /// Whether one is invisible: nobody is called or answered.
    #[serde(default)]
    invisible: bool,
});

object!(/// `mailask`: about keeping mail for each other
MailAsk {
    /// The event's cursor.
    cursor: String,
    /// Account id of the contact.
    account: String,
    /// `asked`, `agreed` or `declined`.
    change: String,
});

object!(/// `gap`
Gap {
    /// The event's cursor.
    cursor: String,
    /// The chat's id.
    chat: String,
    /// How many are missing; 0 when the gap is over.
    missing: u64,
    /// Account id of the sender.
    from: String,
});

object!(/// `resync`
Resync {
    /// The last cursor before the loss.
    cursor: String,
    /// How many events were lost to this reader (they are in the store).
    lost: u64,
});

mod mail;
mod near;
mod network;
mod reload;
mod rooms;
pub use mail::{Kept, KeptAt, Mailbox, ServingMail};
pub use near::Near;
pub use network::{Address, Dht, LogLine, Net, Relay, Test};
pub use reload::Reload;
pub use rooms::{Counts, Member, Room, RoomNow};

/// Links to contacts, by road.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peers {
    /// Direct.
    pub direct: u32,
    /// By relay.
    pub relayed: u32,
    /// On the LAN.
    pub lan: u32,
    /// Nodes of the DHT that are known.
    pub dht: u32,
}

/// Own messages that wait.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// On this disk.
    pub queued: u64,
    /// In mailboxes.
    pub mailbox: u64,
}

/// What the store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreFigures {
    /// Messages.
    pub messages: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

object!(/// `status`
Status {
    /// Account id.
    account: String,
    /// Device id.
    device: String,
    /// Own name.
    name: String,
    /// Starling's version.
    version: String,
    /// API version.
    api: u32,
    /// Process id.
    pid: u32,
    /// Seconds since the start.
    uptime_s: u64,
    /// As in `network`.
    network: String,
    /// Own addresses.
    listen: Vec<String>,
    /// Links.
    peers: Peers,
    /// Waiting messages.
    outbox: Outbox,
    /// Mailboxes that keep one's mail.
    mailboxes: Vec<Mailbox>,
    /// What this node offers to others: "mailbox", "relay", "bootstrap".
    serving: Vec<String>,
    /// What it keeps for others, if it keeps mail for anybody or offers to.
    #[serde(default)]
    serving_mail: Option<ServingMail>,
    /// Whether one is invisible.
    #[serde(default)]
    invisible: bool,
    /// The store.
    store: StoreFigures,
    /// Open requests.
    requests: u32,
    /// The newest event.
    cursor: String,
    /// A lasting trouble in words ("the disk is full ..."), if there is one.
    trouble: Option<String>,
});

object!(/// `invite`
Invite {
    /// Its id.
    id: String,
    /// The link.
    link: String,
    /// Uses left.
    uses: u32,
    /// When it ends.
    until: String,
    /// Whether it was revoked.
    revoked: bool,
});

object!(/// `account`
Account {
    /// Account id.
    account: String,
    /// Device id.
    device: String,
    /// Own name.
    name: String,
});

object!(/// `chat`: a row of the chat list
Chat {
    /// The chat's id.
    chat: String,
    /// Its name: `@ilse`, `me`.
    name: String,
    /// The display name: "Ilse Brandt", "Notes to self".
    title: String,
    /// "person", "room" or "me".
    kind: String,
    /// Whether it is an open channel, which anybody reads and writes.
    #[serde(default)]
    open: bool,
    /// The contact's account; none for `me` and rooms.
    account: Option<String>,
    /// The contact's state; "accepted" for `me`; for a room "invited", "joining", "member", "left" or "removed".
    state: String,
    /// Whether verified.
    verified: bool,
    /// Whether the key changed.
    key_changed: bool,
    /// "online", "away", "busy", "offline" or "hidden".
    presence: String,
    /// "direct", "lan", "relay" or "none".
    via: String,
    /// When a link to them last ended.
    last_seen: Option<String>,
    /// Messages not seen here.
    unread: u64,
    /// Of these, in a room, how many name oneself (of the newest ones that are looked at).
    #[serde(default)]
    mentions: u64,
    /// Unsent text.
    draft: Option<String>,
    /// When the newest message came.
    last_at: Option<String>,
    /// "off", "all" (nothing of it is told), or "mentions" (only what names oneself is).
    #[serde(default = "off")]
    mute: String,
    /// When that is over by itself; none for never.
    #[serde(default)]
    mute_until: Option<String>,
    /// Whether it stands before the others.
    #[serde(default)]
    pinned: bool,
    /// Whether it is put away. The next message brings it back.
    #[serde(default)]
    archived: bool,
    /// How its messages are told: "text", "name", "something", "off", or "default".
    #[serde(default = "default_notify")]
    notify: String,
});

object!(/// `safety`: the safety number with a contact
Safety {
    /// Account id.
    account: String,
    /// Local name.
    name: String,
    /// 60 digits in twelve groups.
    number: String,
    /// Whether it was compared.
    verified: bool,
    /// Whether the key changed since.
    key_changed: bool,
});

object!(/// `done`
Done {
    /// What was done, in words.
    what: String,
});

/// The `type` of every error: it takes no room and can be nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErrorWord;

impl Serialize for ErrorWord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("error")
    }
}

impl<'de> Deserialize<'de> for ErrorWord {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|_| Self)
    }
}

/// An error as the command line and the API say it: what happened, what it means for the person's messages, what
/// to do. `exit` is the exit code of the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{what}. {means} {do_}")]
pub struct Trouble {
    /// Version of the object.
    #[serde(default = "v")]
    pub v: u32,
    /// Always "error".
    #[serde(rename = "type")]
    pub kind: ErrorWord,
    /// A word to search for: "E-NODE".
    pub code: String,
    /// The exit code.
    pub exit: u8,
    /// What happened.
    pub what: String,
    /// What it means for the person's messages.
    pub means: String,
    /// What to do.
    #[serde(rename = "do")]
    pub do_: String,
    /// With `E-WAIT`: the message, which is stored and will still go, as it stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Box<Sent>>,
}

impl Trouble {
    /// An error in three sentences (each with its full stop, except `what`).
    pub fn new(
        code: &str,
        exit: u8,
        what: impl Into<String>,
        means: impl Into<String>,
        do_: impl Into<String>,
    ) -> Self {
        Self {
            v: V,
            kind: ErrorWord,
            code: code.to_owned(),
            exit,
            what: what.into(),
            means: means.into(),
            do_: do_.into(),
            sent: None,
        }
    }
}
