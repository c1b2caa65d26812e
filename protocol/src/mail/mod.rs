//! Mail for the absent: what is said between a device and a mailbox (docs/spec/08-mail.md), and the sealed envelopes
//! that lie there.
//!
//! A *mailbox* is a node that keeps envelopes. Who uses it has a *box* there, made under a *grant* of its owner, with
//! one *queue* for each person who may write to it. Whoever deposits an envelope gets a signed *promise*.
//!
//! ```text
//!  owner of the box ── Open, Register, Fetch, Ack ──►┐
//!                                                    │ mailbox: boxes ► queues ► envelopes
//!  a contact ───────── Deposit ──► Promise ─────────►┘
//! ```
//!
//! This module must not know contacts or sessions: what is in an envelope is [`crate::engine`]'s business.

pub mod envelope;
mod keys;
mod link;
mod pieces;
mod place;
pub mod server;
#[cfg(test)]
mod tests;
mod words;

pub use keys::{Grant, MailKey, Promise, check_greeting};
pub use link::MailboxLink;
pub use pieces::{Pieces, split};
pub use place::Place;
pub use words::{
    Answer, BATCH, CARD_BYTES, Entry, Item, MESSAGE_BYTES, QueueId, Refused, Request, WordsError,
    shared_queue,
};
