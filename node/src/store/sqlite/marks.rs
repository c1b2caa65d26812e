//! What a person marks: pinned messages, hidden ones, and how a chat is shown and told.

use super::error::meaning;
use super::write::{Failure, unindex};
use super::{SqliteStore, chats};
use crate::store::{ChatChange, ChatSettings, StoreError, StoredEvent};
use rusqlite::{Connection, OptionalExtension as _, params};
use starling_protocol::engine::step::{Change, PINS};
use starling_protocol::ids::{AccountId, ChatId, MessageId};
use starling_protocol::time::WallMs;

impl SqliteStore {
    /// Pins a message, or (if `any`, whoever pinned it) unpins it.
    pub(super) fn pin(
        &mut self,
        which: (ChatId, AccountId, MessageId),
        who: AccountId,
        (on, any): (bool, bool),
        now: WallMs,
    ) -> Result<Option<StoredEvent>, Failure> {
        let Some(row) = self.row_of(which)? else { return Ok(None) };
        let changed = if on {
            self.conn
                .prepare_cached(
                    "UPDATE message SET pinned_by = ?3, pinned =
                       1 + coalesce((SELECT max(pinned) FROM message WHERE chat = ?2 AND pinned > 0), 0)
                     WHERE row = ?1 AND pinned = 0",
                )?
                .execute(params![row, which.0.as_bytes(), who.as_bytes()])?
        } else {
            self.conn
                .prepare_cached(
                    "UPDATE message SET pinned = 0 WHERE row = ?1 AND pinned > 0 AND (?3 OR pinned_by = ?2)",
                )?
                .execute(params![row, who.as_bytes(), any])?
        };
        if changed == 0 { Ok(None) } else { self.message_event(row, now).map(Some) }
    }

    /// Unpins what one pin too many puts an end to.
    pub(super) fn drop_excess_pin(
        &mut self,
        change: &Change,
        now: WallMs,
    ) -> Result<Option<StoredEvent>, Failure> {
        let Change::Pin { chat, on: true, .. } = change else { return Ok(None) };
        let most = i64::try_from(PINS).unwrap_or(i64::MAX);
        let row: Option<i64> = self
            .conn
            .prepare_cached(
                "SELECT row FROM message WHERE chat = ?1 AND pinned > 0 ORDER BY pinned DESC LIMIT 1 OFFSET ?2",
            )?
            .query_row(params![chat.as_bytes(), most], |row| row.get(0))
            .optional()?;
        let Some(row) = row else { return Ok(None) };
        self.conn.prepare_cached("UPDATE message SET pinned = 0 WHERE row = ?1")?.execute([row])?;
        self.message_event(row, now).map(Some)
    }

    /// Hides a message: its row stays, so that the same message cannot come again.
    pub(super) fn hide(
        &mut self,
        (chat, author, message): (ChatId, AccountId, MessageId),
        now: WallMs,
    ) -> Result<Option<StoredEvent>, Failure> {
        let found: Option<(i64, bool)> = self
            .conn
            .prepare_cached(
                "SELECT row, deleted FROM message WHERE id = ?1 AND author = ?2 AND chat = ?3 AND hidden = 0",
            )?
            .query_row(params![message.as_bytes(), author.as_bytes(), chat.as_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((row, deleted)) = found else { return Ok(None) };
        if !deleted {
            unindex(&self.conn, row)?;
        }
        self.conn
            .prepare_cached(
                "UPDATE message SET text = '', hidden = 1, unread = 0, pinned = 0 WHERE row = ?1",
            )?
            .execute([row])?;
        self.conn.prepare_cached("DELETE FROM reaction WHERE message_row = ?1")?.execute([row])?;
        self.message_event(row, now).map(Some)
    }
}

/// A chat that was put away is there again.
pub(super) fn bring_back(conn: &Connection, chat: ChatId) -> Result<(), Failure> {
    conn.prepare_cached("UPDATE chat_setting SET archived = 0 WHERE chat = ?1 AND archived = 1")?
        .execute([chat.as_bytes()])?;
    Ok(())
}

/// Changes how a chat is shown and told.
pub(super) fn set_chat(
    conn: &Connection,
    chat: ChatId,
    change: &ChatChange,
) -> Result<ChatSettings, StoreError> {
    // Only this connection writes, so nothing comes between reading and writing.
    let new = chats::chat_settings(conn, chat)?.changed(change);
    let ChatSettings { mute, mute_until, pinned, archived, notify } = new;
    conn.prepare_cached(
        "INSERT INTO chat_setting (chat, mute, mute_until, pinned, archived, notify) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (chat) DO UPDATE SET mute = excluded.mute, mute_until = excluded.mute_until,
           pinned = excluded.pinned, archived = excluded.archived, notify = excluded.notify",
    )
    .and_then(|mut s| {
        s.execute(params![chat.as_bytes(), mute as u8, mute_until, pinned, archived, notify as u8])
    })
    .map_err(meaning)?;
    Ok(new)
}
