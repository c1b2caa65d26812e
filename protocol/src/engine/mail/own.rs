//! Mailboxes that keep mail for us (docs/spec/08-mail.md, "Own boxes").

use super::super::Engine;
use super::Ask;
use crate::identity::Mailbox;
use crate::ids::MailboxId;
use crate::mail::Answer;

/// All of them.
#[derive(Default)]
pub(in super::super) struct Own {}

impl Engine {
    /// The answer to an ask of this file; `None`: there is none, the stream ended or could not be had.
    pub(super) fn own_answered(&mut self, mailbox: MailboxId, ask: Ask, answer: Option<Answer>) {
        let _ = (mailbox, ask, answer);
    }

    /// Where mail for us may be left by whoever finds us by `rv`: for our card.
    pub(super) fn mailboxes_for(&self, rv: &[u8; 32]) -> Vec<Mailbox> {
        let _ = rv;
        Vec::new()
    }

    /// These envelopes are taken, and whoever sent them will know: they may go.
    pub(super) fn mail_is_safe(&mut self, fetched: &[(MailboxId, u64)]) {
        let _ = fetched;
    }
}
