//! Mailboxes that keep mail for us (docs/spec/08-mail.md, "Own boxes").

use super::super::Engine;
use super::super::command::{MailboxView, Refusal};
use super::super::net::ConnId;
use super::Ask;
use crate::identity::Mailbox;
use crate::ids::{AccountId, MailboxId};
use crate::mail::{Answer, MailboxLink};

/// All of them.
#[derive(Default)]
pub(in super::super) struct Own {}

impl Engine {
    /// Has mail kept at a mailbox from now on.
    ///
    /// # Errors
    /// [`Refusal`] when it is our own, or there are as many as a card can name.
    pub(super) fn use_mailbox(
        &mut self,
        link: &MailboxLink,
        friend: Option<AccountId>,
    ) -> Result<(), Refusal> {
        let _ = (link, friend);
        Ok(())
    }

    /// Has no mail kept there any more.
    ///
    /// # Errors
    /// [`Refusal::NoMailbox`].
    pub(super) fn drop_mailbox(&mut self, mailbox: MailboxId) -> Result<(), Refusal> {
        let _ = mailbox;
        Err(Refusal::NoMailbox)
    }

    /// The mailboxes that keep mail for us, and how they are.
    pub(super) fn own_mailboxes(&self) -> Vec<MailboxView> {
        Vec::new()
    }

    pub(super) fn is_own_mailbox(&self, mailbox: &MailboxId) -> bool {
        let _ = mailbox;
        false
    }

    /// A connection to the friend whose mailbox this is, if one stands.
    pub(super) fn road_to_own(&self, mailbox: &MailboxId) -> Option<ConnId> {
        let _ = mailbox;
        None
    }

    /// Something came there.
    pub(super) fn own_news(&mut self, mailbox: MailboxId) {
        let _ = mailbox;
    }

    /// The stream ended, and every question was given back.
    pub(super) fn own_line_ended(&mut self, mailbox: MailboxId) {
        let _ = mailbox;
    }

    /// The answer to an ask of this file; `None`: there is none, the stream ended or could not be had.
    pub(super) fn own_answered(&mut self, mailbox: MailboxId, ask: Ask, answer: Option<Answer>) {
        let _ = (mailbox, ask, answer);
    }

    /// Where mail for us may be left by whoever finds us by `rv`: for our card.
    pub(in super::super) fn mailboxes_for(&self, rv: &[u8; 32]) -> Vec<Mailbox> {
        let _ = rv;
        Vec::new()
    }

    /// These envelopes are taken, and whoever sent them will know: they may go.
    pub(super) fn mail_is_safe(&mut self, fetched: &[(MailboxId, u64)]) {
        let _ = fetched;
    }
}
