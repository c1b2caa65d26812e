//! The chat list out of the database.

use super::error::meaning;
use crate::store::{ChatSettings, ChatSummary, Mute, Notify, StoreError};
use rusqlite::{Connection, OptionalExtension as _, Row};
use starling_protocol::ids::ChatId;

/// All chats: jumps from chat to chat in the index instead of reading every message.
pub fn chats(conn: &Connection) -> Result<Vec<ChatSummary>, StoreError> {
    conn.prepare_cached(
        "WITH RECURSIVE
           talked (chat) AS (
             SELECT min(chat) FROM message
             UNION ALL
             SELECT (SELECT min(chat) FROM message WHERE chat > talked.chat) FROM talked WHERE chat IS NOT NULL),
           every (chat) AS (
             SELECT chat FROM talked WHERE chat IS NOT NULL UNION SELECT chat FROM draft UNION SELECT chat FROM chat_setting)
         SELECT every.chat,
           coalesce((SELECT received_at FROM message m WHERE m.chat = every.chat AND m.hidden = 0
                     ORDER BY m.depth DESC, m.mark DESC, m.row DESC LIMIT 1), 0),
           (SELECT count(*) FROM message m WHERE m.chat = every.chat AND m.unread = 1),
           (SELECT text FROM draft d WHERE d.chat = every.chat),
           coalesce(s.mute, 0), coalesce(s.mute_until, 0), coalesce(s.pinned, 0), coalesce(s.archived, 0),
           coalesce(s.notify, 0)
         FROM every LEFT JOIN chat_setting s ON s.chat = every.chat ORDER BY every.chat",
    )
    .and_then(|mut s| {
        s.query_map([], |row| {
            Ok(ChatSummary {
                chat: ChatId(row.get(0)?),
                last_at: row.get(1)?,
                unread: row.get::<_, i64>(2)?.cast_unsigned(),
                draft: row.get(3)?,
                settings: settings(row, 4)?,
            })
        })?
        .collect()
    })
    .map_err(meaning)
}

/// How a chat is shown and told.
pub fn chat_settings(conn: &Connection, chat: ChatId) -> Result<ChatSettings, StoreError> {
    let found = conn
        .prepare_cached("SELECT mute, mute_until, pinned, archived, notify FROM chat_setting WHERE chat = ?1")
        .and_then(|mut s| s.query_row([chat.as_bytes()], |row| settings(row, 0)).optional())
        .map_err(meaning)?;
    Ok(found.unwrap_or_default())
}

/// Settings of a row, from a column on. A number of a newer version is as if nothing was set.
fn settings(row: &Row<'_>, from: usize) -> rusqlite::Result<ChatSettings> {
    Ok(ChatSettings {
        mute: Mute::from_number(row.get(from)?).unwrap_or_default(),
        mute_until: row.get(from + 1)?,
        pinned: row.get(from + 2)?,
        archived: row.get(from + 3)?,
        notify: Notify::from_number(row.get(from + 4)?).unwrap_or_default(),
    })
}
