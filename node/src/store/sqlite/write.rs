//! Changes to the database: one transaction for a turn of the engine, or for several at once. On any failure the
//! transaction is rolled back and the numbers it gave are given back.

use super::body;
use super::error::{is_lost_sync, meaning, nonsense};
use super::marks::bring_back;
use super::{SqliteStore, read};
use crate::store::words::fold;
use crate::store::{
    Cursor, Custody, EventBody, OtherEvent, Placed, StoreError, StoredEvent, StoredMessage, place,
};
use rusqlite::{Connection, OptionalExtension as _, params};
use starling_protocol::engine::step::{Change, MessageKind, NewMessage, Record, Space};
use starling_protocol::ids::{AccountId, ChatId, MessageId};
use starling_protocol::time::WallMs;
use std::collections::HashMap;

/// Events forgotten beyond those made, per commit, while there are too many. Higher makes single commits slow
/// after the bound is lowered; lower takes longer to get there.
const FORGET_EVENTS: u64 = 256;

/// What `event.kind` says.
pub const KIND_MESSAGE: i64 = 1;
/// See [`KIND_MESSAGE`].
pub const KIND_RECEIPT: i64 = 2;
/// See [`KIND_MESSAGE`].
pub const KIND_OTHER: i64 = 3;
/// See [`KIND_MESSAGE`].
pub const KIND_CUSTODY: i64 = 4;

/// See [`KIND_MESSAGE`].
pub const KIND_LATER: i64 = 5;

/// One caller's part of a transaction.
type Part<'a> = (&'a [Change], WallMs);

impl SqliteStore {
    pub(super) fn refuse_if_broken(&self) -> Result<(), StoreError> {
        self.broken.as_ref().map_or(Ok(()), |what| Err(StoreError::Io { what: what.clone() }))
    }

    /// Applies all parts in one transaction and says which events each made.
    pub(super) fn transact(&mut self, parts: &[Part<'_>]) -> Result<Vec<Vec<StoredEvent>>, StoreError> {
        self.refuse_if_broken()?;
        if parts.iter().all(|(changes, _)| changes.is_empty()) {
            return Ok(parts.iter().map(|_| Vec::new()).collect());
        }
        let before = self.next;
        let outcome = self.within_transaction(parts);
        outcome.map_err(|error| {
            self.next = before;
            if !self.conn.is_autocommit() {
                let _ = self.conn.execute_batch("ROLLBACK");
            }
            if let Failure::Sql(sql) = &error
                && is_lost_sync(sql)
            {
                self.broken = Some(format!("{sql}; restart Starling"));
            }
            error.into()
        })
    }

    fn within_transaction(&mut self, parts: &[Part<'_>]) -> Result<Vec<Vec<StoredEvent>>, Failure> {
        run(&self.conn, "BEGIN IMMEDIATE")?;
        let last = last_writes(parts);
        let mut number = 0;
        let mut made = Vec::with_capacity(parts.len());
        for (changes, at) in parts {
            let mut events = Vec::new();
            for change in *changes {
                let superseded =
                    record_key(change).is_some_and(|key| last.get(&key).is_some_and(|l| *l != number));
                number += 1;
                if !superseded {
                    events.extend(self.apply(change, *at)?);
                    events.extend(self.drop_excess_pin(change, *at)?);
                }
            }
            made.push(events);
        }
        self.forget_events(made.iter().map(|events| events.len() as u64).sum())?;
        run(&self.conn, "COMMIT")?;
        Ok(made)
    }

    fn apply(&mut self, change: &Change, now: WallMs) -> Result<Option<StoredEvent>, Failure> {
        match change {
            Change::Put(record) => put(&self.conn, record).map(|()| None),
            Change::Drop { space, key } => drop_record(&self.conn, *space, key).map(|()| None),
            Change::Message(message) => self.insert(message, now),
            Change::State { message, account, state, reason, at } => {
                self.advance(*message, *account, (*state, reason.as_deref(), *at), now)
            }
            Change::Custody { message, account, mailboxes, until, at } => {
                self.keep(*message, *account, (Custody::new(*mailboxes, *until), *at), now)
            }
            Change::Edit { chat, author, message, text, at: _ } => {
                self.rewrite((*chat, *author, *message), Some(text), now)
            }
            Change::Delete { chat, author, message, at: _ } => {
                self.rewrite((*chat, *author, *message), None, now)
            }
            Change::React { chat, who, author, message, emoji, at: _ } => {
                self.react((*chat, *author, *message), *who, emoji, now)
            }
            Change::Pin { chat, who, author, message, on, any } => {
                self.pin((*chat, *author, *message), *who, (*on, *any), now)
            }
            Change::Hide { chat, author, message } => self.hide((*chat, *author, *message), now),
            Change::Again { message, to, seq, at } => self.again(*message, to, (*seq, *at), now),
            Change::MarkRead { chat, messages } => mark_read(&self.conn, *chat, messages).map(|()| None),
            Change::Event(event) => {
                let other = OtherEvent::from(event.clone());
                let bytes = body::encode_other(other.clone())?;
                self.event(now, (KIND_OTHER, 0, &bytes), EventBody::Other(other)).map(Some)
            }
        }
    }

    pub(super) fn event(
        &mut self,
        at: WallMs,
        (kind, row, bytes): (i64, i64, &[u8]),
        what: EventBody,
    ) -> Result<StoredEvent, Failure> {
        let cursor = self.next.cursor;
        self.conn
            .prepare_cached(
                "INSERT INTO event (cursor, at, kind, message_row, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![cursor.cast_signed(), at, kind, row, bytes])?;
        self.next.cursor += 1;
        Ok(StoredEvent { cursor, at, what })
    }

    fn insert(&mut self, new: &NewMessage, now: WallMs) -> Result<Option<StoredEvent>, Failure> {
        let row = self.next.row;
        let unread = !new.me && new.kind != MessageKind::Notice;
        let reply_to = new.reply_to.as_ref().map_or(&[][..], |id| id.as_bytes().as_slice());
        let (depth, mark) = place::parts(new.place, row);
        let depth: Option<i64> = self
            .conn
            .prepare_cached(
                "INSERT INTO message (row, id, chat, author, device, seq, me, kind, reply_to, sent_at, received_at,
                   via, state, state_at, unread, text, mark, depth)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                   coalesce(?18, (SELECT depth FROM message WHERE chat = ?3 ORDER BY depth DESC LIMIT 1), 0)
                 WHERE NOT EXISTS (SELECT 1 FROM message WHERE id = ?2 AND author = ?4)
                 RETURNING depth",
            )?
            .query_row(params![
                row,
                new.id.as_bytes(),
                new.chat.as_bytes(),
                new.author.as_bytes(),
                new.device.as_bytes(),
                new.seq.cast_signed(),
                new.me,
                new.kind as u8,
                reply_to,
                new.sent_at,
                new.received_at,
                new.via,
                new.state as u8,
                new.received_at,
                unread,
                new.text,
                mark,
                depth,
            ], |row| row.get(0))
            .optional()?;
        let Some(depth) = depth else { return Ok(None) };
        self.next.row += 1;
        if new.kind != MessageKind::Notice {
            bring_back(&self.conn, new.chat)?;
        }
        index(&self.conn, row, &new.text)?;
        let message = StoredMessage::fresh(row, Placed { depth, mark }, new, unread);
        self.event(now, (KIND_MESSAGE, row, &[]), EventBody::Message(Box::new(message))).map(Some)
    }

    pub(super) fn row_of(
        &self,
        (chat, author, message): (ChatId, AccountId, MessageId),
    ) -> Result<Option<i64>, Failure> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT row FROM message
                 WHERE id = ?1 AND author = ?2 AND chat = ?3 AND deleted = 0 AND hidden = 0",
            )?
            .query_row(params![message.as_bytes(), author.as_bytes(), chat.as_bytes()], |row| row.get(0))
            .optional()?)
    }

    /// Gives a message another text, or (with `None`) takes it away.
    fn rewrite(
        &mut self,
        which: (ChatId, AccountId, MessageId),
        text: Option<&str>,
        now: WallMs,
    ) -> Result<Option<StoredEvent>, Failure> {
        let Some(row) = self.row_of(which)? else { return Ok(None) };
        unindex(&self.conn, row)?;
        if let Some(text) = text {
            index(&self.conn, row, text)?;
            self.conn
                .prepare_cached("UPDATE message SET text = ?2, edited = 1 WHERE row = ?1")?
                .execute(params![row, text])?;
        } else {
            self.conn
                .prepare_cached("UPDATE message SET text = '', deleted = 1, pinned = 0 WHERE row = ?1")?
                .execute([row])?;
            self.conn.prepare_cached("DELETE FROM reaction WHERE message_row = ?1")?.execute([row])?;
        }
        self.message_event(row, now).map(Some)
    }

    fn react(
        &mut self,
        which: (ChatId, AccountId, MessageId),
        who: AccountId,
        emoji: &str,
        now: WallMs,
    ) -> Result<Option<StoredEvent>, Failure> {
        let Some(row) = self.row_of(which)? else { return Ok(None) };
        let changed = if emoji.is_empty() {
            self.conn
                .prepare_cached("DELETE FROM reaction WHERE message_row = ?1 AND who = ?2")?
                .execute(params![row, who.as_bytes()])?
        } else {
            self.conn
                .prepare_cached(
                    "INSERT INTO reaction (message_row, who, emoji) VALUES (?1, ?2, ?3)
                     ON CONFLICT (message_row, who) DO UPDATE SET emoji = excluded.emoji
                       WHERE excluded.emoji <> emoji",
                )?
                .execute(params![row, who.as_bytes(), emoji])?
        };
        if changed == 0 { Ok(None) } else { self.message_event(row, now).map(Some) }
    }

    pub(super) fn message_event(&mut self, row: i64, now: WallMs) -> Result<StoredEvent, Failure> {
        let message = read::by_row(&self.conn, row)?.ok_or_else(|| nonsense("a message vanished"))?;
        self.event(now, (KIND_MESSAGE, row, &[]), read::message_body(message))
    }

    /// Forgets the oldest events while there are more than are kept: a few with each commit.
    fn forget_events(&mut self, made: u64) -> Result<(), Failure> {
        let keep_from = self.next.cursor.saturating_sub(self.keep_events);
        let first_kept: Cursor =
            keep_from.min(self.next.oldest.saturating_add(made).saturating_add(FORGET_EVENTS));
        if first_kept > self.next.oldest {
            self.conn
                .prepare_cached("DELETE FROM event WHERE cursor < ?1")?
                .execute([first_kept.cast_signed()])?;
            self.next.oldest = first_kept;
        }
        Ok(())
    }
}

/// Why a transaction failed.
pub(super) enum Failure {
    Sql(rusqlite::Error),
    Other(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Other(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sql(error) => meaning(error),
            Failure::Other(error) => error,
        }
    }
}

fn run(conn: &Connection, sql: &str) -> Result<(), Failure> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

fn record_key(change: &Change) -> Option<(Space, &[u8])> {
    match change {
        Change::Put(record) => Some((record.space, &record.key)),
        Change::Drop { space, key } => Some((*space, key)),
        _ => None,
    }
}

/// For each record that is changed, the number of its last change: only that needs writing.
fn last_writes<'a>(parts: &[Part<'a>]) -> HashMap<(Space, &'a [u8]), usize> {
    let changes = parts.iter().flat_map(|(changes, _)| changes.iter());
    changes.enumerate().filter_map(|(number, change)| record_key(change).map(|key| (key, number))).collect()
}

fn put(conn: &Connection, record: &Record) -> Result<(), Failure> {
    conn.prepare_cached(if record.space.is_loaded() {
        "INSERT INTO record (space, key, value) VALUES (?1, ?2, ?3)
         ON CONFLICT (space, key) DO UPDATE SET value = excluded.value"
    } else {
        "INSERT INTO archive (space, key, value) VALUES (?1, ?2, ?3)
         ON CONFLICT (space, key) DO UPDATE SET value = excluded.value"
    })?
    .execute(params![record.space as u8, record.key, record.value])?;
    Ok(())
}

fn drop_record(conn: &Connection, space: Space, key: &[u8]) -> Result<(), Failure> {
    conn.prepare_cached(if space.is_loaded() {
        "DELETE FROM record WHERE space = ?1 AND key = ?2"
    } else {
        "DELETE FROM archive WHERE space = ?1 AND key = ?2"
    })?
    .execute(params![space as u8, key])?;
    Ok(())
}

/// Takes a message's text out of the index of words.
pub(super) fn unindex(conn: &Connection, row: i64) -> Result<(), Failure> {
    let old: String =
        conn.prepare_cached("SELECT text FROM message WHERE row = ?1")?.query_row([row], |row| row.get(0))?;
    conn.prepare_cached("INSERT INTO word (word, rowid, text) VALUES ('delete', ?1, ?2)")?
        .execute(params![row, fold(&old)])?;
    Ok(())
}

fn index(conn: &Connection, row: i64, text: &str) -> Result<(), Failure> {
    conn.prepare_cached("INSERT INTO word (rowid, text) VALUES (?1, ?2)")?
        .execute(params![row, fold(text)])?;
    Ok(())
}

fn mark_read(conn: &Connection, chat: ChatId, messages: &[MessageId]) -> Result<(), Failure> {
    let mut statement = conn.prepare_cached(
        "UPDATE message SET unread = 0 WHERE id = ?1 AND chat = ?2 AND me = 0 AND unread = 1",
    )?;
    for message in messages {
        statement.execute(params![message.as_bytes(), chat.as_bytes()])?;
    }
    Ok(())
}

/// Keeps or forgets the unsent text of a chat.
pub fn set_draft(conn: &Connection, chat: ChatId, text: &str) -> Result<(), StoreError> {
    let outcome = if text.is_empty() {
        conn.prepare_cached("DELETE FROM draft WHERE chat = ?1")
            .and_then(|mut s| s.execute([chat.as_bytes()]))
    } else {
        conn.prepare_cached(
            "INSERT INTO draft (chat, text) VALUES (?1, ?2) ON CONFLICT (chat) DO UPDATE SET text = excluded.text",
        )
        .and_then(|mut s| s.execute(params![chat.as_bytes(), text]))
    };
    outcome.map(|_| ()).map_err(meaning)
}

/// Sets a small value.
pub fn set_setting(conn: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .and_then(|mut s| s.execute([name, value]))
    .map(|_| ())
    .map_err(meaning)
}
