//! What waits, for whom, and what mailboxes keep of it.

use super::Model;

impl Model {
    /// Messages of ours nobody has signed for.
    pub fn waiting(&self) -> u64 {
        self.network.as_ref().map_or(0, |network| network.waiting)
    }

    /// Of the messages nobody has signed for, how many mailboxes keep.
    pub fn in_mailboxes(&self) -> u64 {
        let all = self.people.iter().fold(0_u64, |sum, contact| sum.saturating_add(contact.in_mailboxes));
        all.min(self.waiting())
    }

    /// Whether a contact asks to keep mail for each other.
    pub fn asks(&self, account: &str) -> bool {
        let mut all = self.mailboxes.iter().flatten();
        all.any(|one| one.role == "asks" && one.account.as_deref() == Some(account))
    }

    /// The person of the open chat, while the words under the newest own message say that it waits for them.
    pub fn awaited(&self) -> Option<String> {
        let chat = self.chat().filter(|chat| chat.presence == "offline" || chat.via == "none")?;
        let newest = self.log()?.items.iter().rfind(|item| item.message.from.me)?;
        chat.account.clone().filter(|_| newest.message.state == "queued")
    }
}
