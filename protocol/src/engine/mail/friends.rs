//! People's wishes about mailboxes, and the question whether to keep mail for each other (docs/spec/08-mail.md,
//! "Friends").

use super::super::Engine;
use super::super::command::{Command, MailboxView, Refusal, Reply};
use crate::content::KeepMail;
use crate::ids::AccountId;

/// Questions that are open.
#[derive(Default)]
pub(in super::super) struct Friends {}

impl Engine {
    pub(in super::super) fn mail_command(&mut self, command: Command) -> Result<Reply, Refusal> {
        let _ = command;
        Err(Refusal::NoMailbox)
    }

    /// A contact asks, or answers.
    pub(in super::super) fn on_keep_mail(&mut self, account: AccountId, keep: KeepMail) {
        let _ = (account, keep);
    }

    pub(in super::super) fn mailbox_views(&self) -> Vec<MailboxView> {
        Vec::new()
    }
}
