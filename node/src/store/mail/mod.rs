//! What a mailbox holds for others, in a SQLCipher file of its own: the shelf of
//! [`starling_protocol::mail::server::Server`], with transactions around it. Opened and checked as the profile's
//! database is; its twin in memory is the protocol's, and both pass one suite.

mod shelf;
#[cfg(test)]
mod tests;

use super::StoreError;
use super::sqlite::error::{is_lost_sync, meaning};
use super::sqlite::open::{self, Schema};
use crate::profile::files;
use rusqlite::Connection;
use std::path::Path;

const MAIL: Schema = Schema {
    file: "mail.db",
    application: 1_398_034_541,
    steps: &[include_str!("../migrations/mail_0001_start.sql")],
    vital: "sums",
};

/// A connection to the file. Everything between [`MailStore::begin`] and [`MailStore::commit`] is one transaction.
#[derive(Debug)]
pub struct MailStore {
    conn: Connection,
    /// Set when the system lost a write it had taken: nothing is accepted any more.
    broken: Option<String>,
}

impl MailStore {
    /// Whether there is a file.
    pub fn exists(path: &Path) -> bool {
        files::exists(path)
    }

    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// See [`StoreError`]; what is refused is left as it is.
    pub fn open(path: &Path, key: &[u8; 32]) -> Result<Self, StoreError> {
        open::finish_new(path)?;
        if !files::exists(path) {
            open::prepare_new(&MAIL, path, key, Ok)?;
            open::finish_new(path)?;
        }
        let format = open::check(&MAIL, path, key)?;
        Ok(Self { conn: open::open_checked(&MAIL, path, key, format)?, broken: None })
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn begin(&mut self) -> Result<(), StoreError> {
        if let Some(what) = &self.broken {
            return Err(StoreError::Io { what: what.clone() });
        }
        self.run("BEGIN IMMEDIATE")
    }

    /// Ends it: what was done is on the disk when this returns.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing of the transaction has happened then.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT").inspect_err(|_| self.rollback())
    }

    /// Gives up what was done since [`MailStore::begin`].
    pub fn rollback(&mut self) {
        if !self.conn.is_autocommit() {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }

    /// Brings everything into the main file.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn flush(&mut self) -> Result<(), StoreError> {
        if let Some(what) = &self.broken {
            return Err(StoreError::Io { what: what.clone() });
        }
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(meaning)
    }

    fn run(&mut self, sql: &str) -> Result<(), StoreError> {
        let outcome = self.conn.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        outcome.map(|_| ()).map_err(|error| {
            if is_lost_sync(&error) {
                self.broken = Some(format!("{error}; restart Starling"));
            }
            meaning(error)
        })
    }
}
