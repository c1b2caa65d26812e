//! Mailboxes, and who keeps a message for whom.

use super::v;
use serde::{Deserialize, Serialize};

/// Mailboxes that keep a message for a recipient who has not fetched it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// How many; 0 once their time is over or they lost it, and it waits here again.
    pub mailboxes: u8,
    /// Until when the last of them promised to; none for none.
    pub until: Option<String>,
}

object!(/// `mailbox`: one that keeps mail for us, one we granted, one this node keeps, or a question about one
Mailbox {
    /// The mailbox; of a grant its name; of a question the account; of this node's own "here".
    id: String,
    /// The link, for a new grant.
    link: Option<String>,
    /// "mine" (keeps mail for us), "serving" (this node's own), "grant" (leave to use that), "asked" (we asked them to
    /// keep mail for each other), "asks" (they ask us).
    role: String,
    /// Whose it is, if a contact told; whom a question is with.
    account: Option<String>,
    /// Their local name.
    name: Option<String>,
    /// "ok", "silent", "full", "gone" (of a grant: taken back) or "damaged" (this node's own: its file cannot be used);
    /// of a question "open".
    state: String,
    /// Since when the state is so, or when it last answered.
    seen: Option<String>,
    /// Until when it would keep what comes now.
    until: Option<String>,
    /// Letters it holds, where that is known (this node's own).
    holding: u64,
    /// People it keeps mail for, where that is known (this node's own).
    #[serde(default)]
    boxes: u64,
    /// Bytes it holds.
    bytes: u64,
    /// Bytes it may hold.
    quota: u64,
});

/// What this node keeps for others: counts and bytes, no identities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServingMail {
    /// People, by their boxes.
    pub boxes: u64,
    /// Queues in those: one for each who may write to them.
    pub queues: u64,
    /// Letters.
    pub letters: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Bytes it may hold.
    pub limit: u64,
    /// Streams that stand.
    pub streams: u64,
}

object!(/// `kept`: a mailbox that keeps an own message for somebody
KeptAt {
    /// The message's id.
    message: String,
    /// Account id of the recipient.
    account: String,
    /// Their local name.
    name: String,
    /// The mailbox.
    mailbox: String,
    /// Until when it promised to.
    until: String,
});
