//! People's wishes about mailboxes, and the question whether to keep mail for each other (docs/spec/08-mail.md,
//! "Friends").
//!
//! ```text
//!          ask ──► ours ──their link, or their own question──► agreed: each uses the other's mailbox
//!                   └── no link, 30 days ──► declined
//!  they ask ──► theirs ──yes: our link──► agreed          no, 30 days: ──► declined
//! ```

use super::super::Engine;
use super::super::asking::best_hints;
use super::super::command::{Command, ContactState, MailAskView, MailboxView, Refusal, Reply};
use super::super::state::{self, AskRecord, key};
use super::super::step::{Change, Event, Space};
use crate::content::{Body, KeepMail};
use crate::identity::MAILBOXES;
use crate::ids::{AccountId, ChatId, MailboxId};
use crate::mail::{MailKey, MailboxLink};
use crate::time::DAY_MS;
use std::collections::BTreeMap;

/// What a friend's box may hold, in MiB. Less loses mail of a long absence; more lets one friend fill the disk.
const FRIEND_QUOTA_MIB: u32 = 64;
/// A question nobody answered in this time is over, in lived milliseconds.
const ASK_MS: u64 = 30 * DAY_MS;
const MANY: Refusal = Refusal::Full { what: "the list of mailboxes", limit: "three; drop one first" };

/// Questions that are open: at most one with each contact.
#[derive(Default)]
pub(in super::super) struct Friends(BTreeMap<AccountId, AskRecord>);

impl Engine {
    pub(in super::super) fn mail_command(&mut self, command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::MailboxUse { link } => {
                let link = MailboxLink::from_link(&link)
                    .map_err(|error| Refusal::BadLink { reason: error.to_string() })?;
                self.use_mailbox(&link, None)?;
                self.mailbox_reply(link.mailbox)
            }
            Command::MailboxList => {
                let asks = self.mail.friends.0.iter();
                let asks =
                    asks.map(|(account, ask)| MailAskView { account: *account, ours: ask.link.is_none() });
                Ok(Reply::Mailboxes { mine: self.mailbox_views(), asks: asks.collect() })
            }
            Command::MailboxDrop { mailbox } => self.drop_mailbox(mailbox).map(|()| Reply::Done),
            Command::MailboxGrant { uses, quota_mib } => self.mailbox_grant(uses, quota_mib),
            Command::MailboxAsk { account } => self.mailbox_ask(account),
            Command::MailboxAnswer { account, agree } => self.mailbox_answer(account, agree),
            Command::Custody { message } => Ok(Reply::Custody(self.custody_of(message))),
            _ => Err(Refusal::NoMailbox),
        }
    }

    pub(in super::super) fn mailbox_views(&self) -> Vec<MailboxView> {
        self.own_mailboxes()
    }

    fn mailbox_reply(&self, mailbox: MailboxId) -> Result<Reply, Refusal> {
        let view = self.own_mailboxes().into_iter().find(|view| view.mailbox == mailbox);
        view.map(Reply::Mailbox).ok_or(Refusal::NoMailbox)
    }

    fn mailbox_grant(&mut self, uses: u32, quota_mib: u32) -> Result<Reply, Refusal> {
        if !(1..=10_000).contains(&uses) {
            return Err(Refusal::OutOfRange { what: "uses", range: "1 to 10,000" });
        }
        if !(1..=1_024).contains(&quota_mib) {
            return Err(Refusal::OutOfRange { what: "the quota", range: "1 to 1,024 MiB" });
        }
        let link = self.own_link(uses, quota_mib);
        Ok(Reply::MailboxLink { grant: link.grant.id, link: link.to_link() })
    }

    /// A link to our own mailbox.
    fn own_link(&mut self, uses: u32, quota_mib: u32) -> MailboxLink {
        let key = MailKey::of(&self.own.device);
        let grant = key.grant(self.rng.bytes(), uses, quota_mib);
        MailboxLink { mailbox: key.id(), grant, hints: best_hints(&self.own.addrs) }
    }

    // ---- our side ---------------------------------------------------------------------------------------------

    fn mailbox_ask(&mut self, account: AccountId) -> Result<Reply, Refusal> {
        match self.mail.friends.0.get(&account) {
            // They asked already: both want it.
            Some(AskRecord { link: Some(_), .. }) => return self.mailbox_answer(account, true),
            Some(_) => return Ok(Reply::Done),
            None => {}
        }
        self.check_friend(account)?;
        let link = self.own_link(1, FRIEND_QUOTA_MIB).to_link();
        self.tell_friend(account, Some(link), false)?;
        self.put_ask(account, AskRecord { link: None, since_lived_ms: self.lived_ms() });
        Ok(Reply::Done)
    }

    fn mailbox_answer(&mut self, account: AccountId, agree: bool) -> Result<Reply, Refusal> {
        let ask = self.mail.friends.0.get(&account).ok_or(Refusal::NoAsk)?;
        let theirs = ask.link.clone().ok_or(Refusal::NoAsk)?;
        if !agree {
            self.tell_friend(account, None, true)?;
            self.end_ask(account, "declined");
            return Ok(Reply::Done);
        }
        self.check_friend(account)?;
        let theirs = MailboxLink::from_link(&theirs)
            .map_err(|error| Refusal::BadLink { reason: error.to_string() })?;
        let ours = self.own_link(1, FRIEND_QUOTA_MIB).to_link();
        // All that can be refused is asked first.
        self.check_room(ChatId::from(account), ours.len())?;
        self.use_mailbox(&theirs, Some(account))?;
        self.tell_friend(account, Some(ours), true)?;
        self.end_ask(account, "agreed");
        Ok(Reply::Done)
    }

    /// Whether we could use a mailbox of a contact.
    fn check_friend(&self, account: AccountId) -> Result<(), Refusal> {
        match self.contacts.get(&account).map(|contact| contact.state) {
            Some(ContactState::Accepted) => {}
            Some(ContactState::Pending) => return Err(Refusal::NotAccepted),
            Some(ContactState::Blocked) => return Err(Refusal::Blocked),
            Some(ContactState::Removed) => return Err(Refusal::Removed),
            None => return Err(Refusal::NoContact),
        }
        let mine = self.own_mailboxes();
        let theirs = mine.iter().any(|view| view.friend == Some(account));
        if mine.len() >= MAILBOXES && !theirs { Err(MANY) } else { Ok(()) }
    }

    fn tell_friend(&mut self, account: AccountId, link: Option<String>, answer: bool) -> Result<(), Refusal> {
        self.send_control(ChatId::from(account), &Body::KeepMail(KeepMail { link, answer, ext: Vec::new() }))
    }

    // ---- their side -------------------------------------------------------------------------------------------

    /// A contact asks, or answers.
    pub(in super::super) fn on_keep_mail(&mut self, account: AccountId, keep: KeepMail) {
        if !self.is_accepted(&account) {
            return;
        }
        let open = self.mail.friends.0.get(&account);
        let we_asked = open.is_some_and(|ask| ask.link.is_none());
        let link = keep.link.filter(|link| MailboxLink::from_link(link).is_ok());
        match (link, keep.answer) {
            // Their answer, or a question that crossed ours: both want it.
            (Some(link), _) if we_asked => {
                let used = MailboxLink::from_link(&link).is_ok_and(|link| {
                    // There may be three by now.
                    self.use_mailbox(&link, Some(account)).is_ok()
                });
                self.end_ask(account, if used { "agreed" } else { "declined" });
            }
            (Some(link), false) => {
                let news = open.is_none();
                self.put_ask(account, AskRecord { link: Some(link), since_lived_ms: self.lived_ms() });
                if news {
                    self.change(Change::Event(Event::MailAsk { account, change: "asked" }));
                }
            }
            // An answer to nothing.
            (Some(_), true) => {}
            (None, answer) => {
                // Declined by an answer, or a question taken back.
                if open.is_some() && we_asked == answer {
                    self.end_ask(account, "declined");
                }
            }
        }
    }

    // ---- questions --------------------------------------------------------------------------------------------

    fn put_ask(&mut self, account: AccountId, ask: AskRecord) {
        self.changes.extend(state::put(Space::MailAsk, key::account(&account), &ask));
        self.mail.friends.0.insert(account, ask);
    }

    pub(in super::super) fn load_ask(&mut self, account: AccountId, ask: AskRecord) {
        self.mail.friends.0.insert(account, ask);
    }

    /// A question is over. Nothing happens when there is none.
    pub(in super::super) fn end_ask(&mut self, account: AccountId, change: &'static str) {
        if self.mail.friends.0.remove(&account).is_some() {
            self.change(Change::Drop { space: Space::MailAsk, key: key::account(&account) });
            self.change(Change::Event(Event::MailAsk { account, change }));
        }
    }

    pub(in super::super) fn expire_mail_asks(&mut self, lived_ms: u64) {
        let over = |ask: &AskRecord| lived_ms.saturating_sub(ask.since_lived_ms) >= ASK_MS;
        let old: Vec<AccountId> =
            self.mail.friends.0.iter().filter(|(_, ask)| over(ask)).map(|(account, _)| *account).collect();
        for account in old {
            self.end_ask(account, "declined");
        }
    }
}

#[cfg(test)]
impl Engine {
    /// A link to our own mailbox.
    pub fn mail_link_for_test(&mut self) -> String {
        self.own_link(1, 1).to_link()
    }
}
