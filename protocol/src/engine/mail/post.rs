//! Rows of absent devices into envelopes, envelopes into mailboxes, promises into custody (docs/spec/08-mail.md,
//! "Posting").

use super::super::Engine;
use super::Ask;
use crate::ids::{AccountId, DeviceId, MailboxId};
use crate::mail::Answer;

/// What is under way, and who keeps what.
#[derive(Default)]
pub(in super::super) struct Post {}

impl Engine {
    /// The answer to an ask of this file; `None`: there is none.
    pub(super) fn post_answered(&mut self, mailbox: MailboxId, ask: Ask, answer: Option<Answer>) {
        let _ = (mailbox, ask, answer);
    }

    /// Something happened that may call for the mailbox road: rows wait and no link is up, a card is new, a link was lost.
    pub(in super::super) fn post_soon(&mut self, device: DeviceId) {
        let _ = device;
    }

    /// Of an account's waiting rows, how many some mailbox keeps; and how many mailboxes its devices told us of.
    pub(in super::super) fn mail_figures(&self, account: AccountId) -> (u64, u32) {
        let _ = account;
        (0, 0)
    }
}
