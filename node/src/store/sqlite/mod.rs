//! The store in one SQLCipher file. This folder is the only place with SQL in it. What cannot be read back is
//! refused, never repaired by forgetting.

mod body;
mod chats;
pub(in crate::store) mod error;
mod marks;
pub(in crate::store) mod open;
mod read;
mod states;
mod write;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;

use super::{
    Batch, ChatChange, ChatSettings, ChatSummary, Cursor, KEEP_EVENTS, LogQuery, Store, StoreError,
    StoreStats, StoredEvent, StoredMessage,
};
use error::meaning;
use open::Mode;
use rusqlite::Connection;
use starling_protocol::engine::step::{Change, ReadOrder, Record};
use starling_protocol::ids::{ChatId, MessageId};
use starling_protocol::time::WallMs;
use std::path::{Path, PathBuf};

/// A connection to the database file.
#[derive(Debug)]
pub struct SqliteStore {
    conn: Connection,
    path: PathBuf,
    next: Numbers,
    keep_events: u64,
    /// Set when the system lost a write it had taken: nothing is accepted any more.
    broken: Option<String>,
}

/// The numbers given next. They follow the database: a transaction that fails gives them back.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    row: i64,
    cursor: Cursor,
    oldest: Cursor,
}

impl SqliteStore {
    /// Opens an existing database with its raw key. Checks first, and leaves what it refuses as it is. A database
    /// that was prepared and not yet put in its place is.
    ///
    /// # Errors
    /// See [`StoreError`]. A key that does not fit is `Damaged` too: nothing can tell the two apart, and the key
    /// file has checked the passphrase before.
    pub fn open(path: &Path, key: &[u8; 32]) -> Result<Self, StoreError> {
        open::finish_new(path)?;
        let format = open::check(&open::STORE, path, key)?;
        Self::around(open::open_checked(&open::STORE, path, key, format)?, path)
    }

    /// Makes a new database and opens it. Refuses to touch an existing one.
    ///
    /// # Errors
    /// See [`StoreError`]; `Damaged` if there is a file already.
    pub fn create(path: &Path, key: &[u8; 32]) -> Result<Self, StoreError> {
        Self::prepare(path, key, &[], 0)?;
        Self::open(path, key)
    }

    /// Makes a new database beside its place, with its first changes in it; the next [`SqliteStore::open`] puts it
    /// there. So a profile can be made in steps of which each may be the last: database, then keys.
    ///
    /// # Errors
    /// See [`StoreError`]; `Damaged` if there is a file already.
    pub fn prepare(path: &Path, key: &[u8; 32], first: &[Change], at: WallMs) -> Result<(), StoreError> {
        open::prepare_new(&open::STORE, path, key, |conn| {
            let mut store = Self::around(conn, path)?;
            store.commit(first, at)?;
            Ok(store.conn)
        })
    }

    /// A second connection for reading, while another store holds the file. Commits are refused on it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn reader(path: &Path, key: &[u8; 32]) -> Result<Self, StoreError> {
        Self::around(open::connect(path, key, Mode::Read)?, path)
    }

    fn around(conn: Connection, path: &Path) -> Result<Self, StoreError> {
        let next = read::numbers(&conn)?;
        Ok(Self { conn, path: path.to_owned(), next, keep_events: KEEP_EVENTS, broken: None })
    }

    /// Keeps fewer events than usual, for tests.
    pub fn set_keep_events(&mut self, count: u64) {
        self.keep_events = count;
    }

    /// Checks every page and index. "ok", or what is wrong. Takes as long as reading the whole file.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn integrity(&mut self) -> Result<String, StoreError> {
        self.conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(meaning)
    }

    /// Lets the database grow by only that many pages more, for trying out a full disk; `None` lifts it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn limit_growth(&mut self, pages: Option<u32>) -> Result<(), StoreError> {
        let now: u32 = self.conn.query_row("PRAGMA page_count", [], |row| row.get(0)).map_err(meaning)?;
        let most = pages.map_or(u32::MAX - 1, |more| now.saturating_add(more));
        self.conn.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(())).map_err(meaning)
    }
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Vec<Record>, StoreError> {
        read::records(&self.conn)
    }

    fn read(&mut self, order: &ReadOrder) -> Result<(Vec<Record>, bool), StoreError> {
        read::range(&self.conn, order)
    }

    fn commit(&mut self, changes: &[Change], at: WallMs) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.transact(&[(changes, at)])?.pop().unwrap_or_default())
    }

    fn commit_group(&mut self, group: &[Batch]) -> Vec<Result<Vec<StoredEvent>, StoreError>> {
        let parts: Vec<_> = group.iter().map(|batch| (batch.changes.as_slice(), batch.at)).collect();
        match self.transact(&parts) {
            Ok(events) => events.into_iter().map(Ok).collect(),
            // After a failure of the disk nobody knows more by trying again, and one batch has no other to blame.
            Err(error @ StoreError::Io { .. }) => group.iter().map(|_| Err(error.clone())).collect(),
            Err(error) if group.len() < 2 => group.iter().map(|_| Err(error.clone())).collect(),
            Err(_) => group.iter().map(|batch| self.commit(&batch.changes, batch.at)).collect(),
        }
    }

    fn log(&mut self, query: &LogQuery) -> Result<Vec<StoredMessage>, StoreError> {
        read::log(&self.conn, query)
    }

    fn message(&mut self, id: MessageId) -> Result<Vec<StoredMessage>, StoreError> {
        read::by_id(&self.conn, id)
    }

    fn find(
        &mut self,
        text: &str,
        chat: Option<ChatId>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        read::find(&self.conn, text, chat, limit)
    }

    fn events(&mut self, since: Cursor, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        read::events(&self.conn, since, limit)
    }

    fn pins(&mut self, chat: ChatId) -> Result<Vec<StoredMessage>, StoreError> {
        read::pins(&self.conn, chat)
    }

    fn set_chat(&mut self, chat: ChatId, change: &ChatChange) -> Result<ChatSettings, StoreError> {
        self.refuse_if_broken()?;
        marks::set_chat(&self.conn, chat, change)
    }

    fn chats(&mut self) -> Result<Vec<ChatSummary>, StoreError> {
        chats::chats(&self.conn)
    }

    fn unread(&mut self, chat: ChatId, limit: usize) -> Result<Vec<MessageId>, StoreError> {
        read::unread(&self.conn, chat, limit)
    }

    fn set_draft(&mut self, chat: ChatId, text: &str) -> Result<(), StoreError> {
        self.refuse_if_broken()?;
        write::set_draft(&self.conn, chat, text)
    }

    fn setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        read::setting(&self.conn, name)
    }

    fn set_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.refuse_if_broken()?;
        write::set_setting(&self.conn, name, value)
    }

    fn stats(&mut self) -> Result<StoreStats, StoreError> {
        let bytes = [self.path.clone()]
            .iter()
            .chain(&open::companions(&self.path).into_iter().take(1).collect::<Vec<_>>())
            .filter_map(|file| std::fs::metadata(file).ok())
            .map(|meta| meta.len())
            .sum();
        Ok(StoreStats { bytes, ..read::stats(&self.conn)? })
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.refuse_if_broken()?;
        if self.conn.is_readonly("main").map_err(meaning)? {
            return Ok(());
        }
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(meaning)
    }
}
