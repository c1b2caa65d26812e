//! Envelopes that are not rows: answers to messages that came by mail, and requests of people we ask
//! (docs/spec/08-mail.md, "Letters").

use super::super::Engine;
use super::Ask;
use crate::ids::{DeviceId, MailboxId};
use crate::mail::Answer;

/// What waits to be left.
#[derive(Default)]
pub(in super::super) struct Letters {}

/// What is to be done when a mailbox has promised to keep a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum OnceKept {
    /// These envelopes of our own mailboxes were answered with it.
    Answered(Vec<(MailboxId, u64)>),
    /// Our request lies with the inviter.
    Requested(crate::ids::AccountId),
}

impl Engine {
    /// Seals a letter for a device and leaves it at its mailboxes, tried again until one promises or the run ends.
    /// False if its card names no mailbox or no key, and nothing will come of it.
    pub(super) fn post_letter(&mut self, to: DeviceId, kind: u16, body: Vec<u8>, then: OnceKept) -> bool {
        let _ = (to, kind, body, then);
        false
    }

    /// The answer to an ask of this file; `None`: there is none.
    pub(super) fn letter_answered(&mut self, mailbox: MailboxId, ask: Ask, answer: Option<Answer>) {
        let _ = (mailbox, ask, answer);
    }
}
