//! Mail: what we keep at mailboxes of others for people who are away, and what is kept for us (docs/spec/08-mail.md).
//!
//! ```text
//!  outbox rows ──► post ──► deposits ──┐                    ┌──► own ──► fetch ──► take ──► receive
//!  answers ──────► letters ────────────┤──► line (a stream  ├── promises ──► post ──► custody
//!  requests ─────►─────────────────────┘    to a mailbox) ──┘
//! ```
//!
//! * `line`: one stream to each mailbox: dialling, who it is, questions in order, answers to whoever asked.
//! * `place`: mailboxes that moved, and where they were found.
//! * `own`: mailboxes that keep mail for us: which, how they are, leaving them; `call`: calling them, their answers.
//! * `queues`: the queues there, fetching, what is safe here and may go there.
//! * `keys`: keys that mail to us is sealed to, and the card each reader of ours gets.
//! * `take`: envelopes that came, and the answers to them.
//! * `post`: rows of absent devices into envelopes, envelopes into mailboxes, promises into custody.
//! * `cards`: our card in envelopes, theirs out of card slots.
//! * `parcels`: which rows go in one envelope.
//! * `custody`: who keeps which row until when.
//! * `letters`: envelopes that are not rows: answers and requests.
//! * `friends`: people's wishes, and the question whether to keep mail for each other.

pub(super) mod call;
pub(super) mod cards;
pub(super) mod custody;
pub(super) mod friends;
pub(super) mod keys;
pub(super) mod letters;
pub(super) mod line;
pub(super) mod own;
pub(super) mod parcels;
pub(super) mod place;
pub(super) mod post;
pub(super) mod queues;
pub(super) mod take;

use crate::ids::{DeviceId, MailboxId, RoomId};
use crate::mail::QueueId;

/// Where a mailbox is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub id: MailboxId,
    /// Multiaddr texts without `/p2p`.
    pub addrs: Vec<String>,
}

/// What a mailbox was asked, for whoever gets the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    // Of `own`.
    Open,
    Register,
    Settle,
    Fetch,
    /// These numbers may go.
    Safe(Vec<u64>),
    PutCard,
    Leave,
    // Of `post` and `letters`, by their number.
    Deposit(u64),
    Letter(u64),
    Withdraw,
    GetCard(DeviceId),
    // Of rooms: of a room's box, by its queue, or of a deposit, by its number.
    RoomKeep(RoomId, QueueId),
    RoomRead(RoomId, QueueId),
    RoomDeposit(u64),
}

/// All that an engine has of mail.
#[derive(Default)]
pub(super) struct Mail {
    pub lines: line::Lines,
    pub own: own::Own,
    pub places: place::Places,
    pub keys: keys::Keys,
    pub take: take::Take,
    pub post: post::Post,
    pub cards: cards::Cards,
    pub letters: letters::Letters,
    pub friends: friends::Friends,
}
