//! The store: one encrypted SQLite file, behind a handle. The only place that knows SQL (docs/spec does not cover
//! it; `docs/adr/` says why SQLCipher).
//!
//! A [`Store`] is synchronous and single-threaded; [`worker`] gives it a thread of its own and an async handle.
//! [`memory`] is its twin for tests and simulations, held to the same conformance suite.

mod chat;
mod event;
pub mod mail;
pub mod memory;
mod place;
pub mod sqlite;
pub mod words;
pub mod worker;

#[cfg(test)]
pub mod conformance;

pub use chat::{ChatChange, ChatSettings, ChatSummary, Mute, Notify};
pub use event::{EventBody, OtherEvent, StoredEvent};
pub use place::Placed;
use starling_protocol::engine::step::{Change, MessageKind, MessageState, NewMessage, ReadOrder, Record};
use starling_protocol::ids::{AccountId, ChatId, MessageId};
use starling_protocol::time::WallMs;

/// The number of an event. Starts at 1, grows by any positive step, never reused; text form: decimal.
pub type Cursor = u64;

/// Why the store could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk (or a quota) is full. Nothing of the transaction is kept; later ones may succeed.
    #[error("the disk is full")]
    Full,
    /// The file is not a Starling database, or damaged. Nothing was changed.
    #[error("the database is damaged: {what}")]
    Damaged {
        /// In words.
        what: String,
    },
    /// The key does not open it. Nothing was changed.
    #[error("the key does not open the database")]
    WrongKey,
    /// Written by a newer Starling. Nothing was changed.
    #[error("the database has format {found}, this Starling knows up to {known}")]
    Newer {
        /// The format found.
        found: u32,
        /// The newest this version knows.
        known: u32,
    },
    /// Reading or writing failed. What was committed before is kept; this transaction is not, unless the failure
    /// was in the last step, which then is told after the next start.
    #[error("the disk failed: {what}")]
    Io {
        /// In words.
        what: String,
    },
    /// The store's thread has ended.
    #[error("the store is closed")]
    Closed,
}

/// A message with everything a front end shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its number in the order of arrival, over all chats.
    pub row: i64,
    /// Where it stands in its chat: see [`StoredMessage::order`].
    pub place: Placed,
    /// Its id.
    pub id: MessageId,
    /// Where it stands.
    pub chat: ChatId,
    /// Who wrote it.
    pub author: AccountId,
    /// Whether that is us.
    pub me: bool,
    /// What it is.
    pub kind: MessageKind,
    /// Its text; empty when deleted.
    pub text: String,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The sender's clock.
    pub sent_at: WallMs,
    /// Our clock.
    pub received_at: WallMs,
    /// The road: see `NewMessage::via`.
    pub via: String,
    /// The least state over its recipients.
    pub state: MessageState,
    /// Why, for `Failed`.
    pub reason: Option<String>,
    /// When the state was reached.
    pub state_at: WallMs,
    /// Whether the text was changed.
    pub edited: bool,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Whether it has not been seen here.
    pub unread: bool,
    /// Whether it is shown no more. Of its kind only who wrote it, where and how far it is, is still known.
    pub hidden: bool,
    /// Who pinned it, if it is pinned.
    pub pinned: Option<AccountId>,
    /// Which try of an own message this is, from 1.
    pub attempt: u32,
    /// Its number among its device's contents in the chat; of an own message that of the last try.
    pub seq: u64,
    /// Who reacted with what, by account.
    pub reactions: Vec<(AccountId, String)>,
    /// For own messages: how far for each recipient, by account.
    pub recipients: Vec<Recipient>,
}

/// How far an own message has come for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub account: AccountId,
    /// How far.
    pub state: MessageState,
    /// When the state was reached.
    pub at: WallMs,
    /// Who keeps it for them; as it last was, for a state past `Mailbox`.
    pub custody: Custody,
}

/// Mailboxes that keep an own message for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Custody {
    /// How many.
    pub mailboxes: u8,
    /// Until when the last of them promised to, by our clock; 0 for none.
    pub until: WallMs,
}

impl Custody {
    /// `mailboxes` until then; until never for none.
    pub(crate) fn new(mailboxes: u8, until: WallMs) -> Self {
        if mailboxes == 0 { Self::default() } else { Self { mailboxes, until } }
    }
}

impl StoredMessage {
    /// Sorts the messages of a chat as they are shown.
    pub fn order(&self) -> (Placed, i64) {
        (self.place, self.row)
    }

    /// A message as it is right after it was stored.
    pub(crate) fn fresh(row: i64, place: Placed, new: &NewMessage, unread: bool) -> Self {
        Self {
            row,
            place,
            id: new.id,
            chat: new.chat,
            author: new.author,
            me: new.me,
            kind: new.kind,
            text: new.text.clone(),
            reply_to: new.reply_to,
            sent_at: new.sent_at,
            received_at: new.received_at,
            via: new.via.to_owned(),
            state: new.state,
            reason: None,
            state_at: new.received_at,
            edited: false,
            deleted: false,
            unread,
            hidden: false,
            pinned: None,
            attempt: 1,
            seq: new.seq,
            reactions: Vec::new(),
            recipients: Vec::new(),
        }
    }
}

/// Events kept. Older ones are forgotten, a few with each commit; a reader that was away longer starts at the oldest.
/// Higher costs about 100 bytes of disk each; lower makes slow scripts miss some.
pub const KEEP_EVENTS: u64 = 1_000_000;

/// What one [`Store::commit`] is given, for committing several at once.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// In this order.
    pub changes: Vec<Change>,
    /// Our clock.
    pub at: WallMs,
}

/// Which messages of a chat are on a page. Of an id that is not in the chat, none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The newest.
    Newest,
    /// The last ones shown before this one.
    Before(MessageId),
    /// The first ones shown after it.
    After(MessageId),
    /// It, with half of the page before it.
    Around(MessageId),
}

/// What a page of history holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Of which chat.
    pub chat: ChatId,
    /// At most how many that fit the rest of the query.
    pub limit: usize,
    /// Which of them.
    pub page: Page,
    /// Only messages whose `received_at` is at or after this.
    pub since: Option<WallMs>,
}

impl LogQuery {
    /// How many messages before and from the place of the page there may be.
    pub(crate) fn split(&self) -> (usize, usize) {
        match self.page {
            Page::Newest | Page::Before(_) => (self.limit, 0),
            Page::After(_) => (0, self.limit),
            Page::Around(_) => (self.limit / 2, self.limit - self.limit / 2),
        }
    }
}

/// Figures for `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreStats {
    /// Messages kept.
    pub messages: u64,
    /// Bytes of the database file and its journal.
    pub bytes: u64,
    /// Own messages in state queued.
    pub queued: u64,
    /// Own messages in state mailbox.
    pub mailbox: u64,
    /// The newest event, 0 if none.
    pub newest: Cursor,
    /// The oldest event still kept, 0 if none.
    pub oldest: Cursor,
}

/// What a store does. One conformance suite holds every implementation to it.
pub trait Store: Send {
    /// The engine's records, by space and key, without those of spaces that are not loaded.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn load(&mut self) -> Result<Vec<Record>, StoreError>;

    /// Records of one space from the first key to the last, by key, and whether there are more of them. At least one,
    /// if there is one; over `bytes` by at most the last.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn read(&mut self, order: &ReadOrder) -> Result<(Vec<Record>, bool), StoreError>;

    /// Applies the changes in one durable transaction and returns the events they made, in order.
    ///
    /// # Errors
    /// Nothing of the transaction is kept on any error.
    fn commit(&mut self, changes: &[Change], at: WallMs) -> Result<Vec<StoredEvent>, StoreError>;

    /// Commits several transactions that belong to different callers, if possible with one write to the disk. Each
    /// has its own outcome, and each is whole or not at all.
    fn commit_group(&mut self, group: &[Batch]) -> Vec<Result<Vec<StoredEvent>, StoreError>> {
        group.iter().map(|batch| self.commit(&batch.changes, batch.at)).collect()
    }

    /// A page of a chat, oldest first, without hidden messages. Unknown chats are empty.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn log(&mut self, query: &LogQuery) -> Result<Vec<StoredMessage>, StoreError>;

    /// Every message with this id (one per author; nearly always at most one), hidden or not.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn message(&mut self, id: MessageId) -> Result<Vec<StoredMessage>, StoreError>;

    /// Messages whose text has all words of `text` (case and accents folded), newest `limit`, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn find(
        &mut self,
        text: &str,
        chat: Option<ChatId>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError>;

    /// Events after `since`, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn events(&mut self, since: Cursor, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// The pinned messages of a chat as they stand in it, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn pins(&mut self, chat: ChatId) -> Result<Vec<StoredMessage>, StoreError>;

    /// Changes how a chat is shown and told; gives what holds then.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn set_chat(&mut self, chat: ChatId, change: &ChatChange) -> Result<ChatSettings, StoreError>;

    /// All chats that have a message, a draft or settings.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn chats(&mut self) -> Result<Vec<ChatSummary>, StoreError>;

    /// Ids of the unread messages of a chat, oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn unread(&mut self, chat: ChatId, limit: usize) -> Result<Vec<MessageId>, StoreError>;

    /// Keeps (or, with an empty text, forgets) the unsent text of a chat.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn set_draft(&mut self, chat: ChatId, text: &str) -> Result<(), StoreError>;

    /// A small value of a front end by name ("recv.cursor").
    ///
    /// # Errors
    /// See [`StoreError`].
    fn setting(&mut self, name: &str) -> Result<Option<String>, StoreError>;

    /// Sets such a value.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn set_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError>;

    /// Figures.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn stats(&mut self) -> Result<StoreStats, StoreError>;

    /// Brings everything into the main file, before an orderly end.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing is lost by it.
    fn flush(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
