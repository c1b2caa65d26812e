//! Questions to the database. Nothing here changes it.

use super::Numbers;
use super::body;
use super::error::{meaning, nonsense};
use super::write::{KIND_CUSTODY, KIND_LATER, KIND_MESSAGE, KIND_RECEIPT};
use crate::store::words::search_words;
use crate::store::{
    Cursor, Custody, EventBody, LogQuery, Page, Placed, Recipient, StoreError, StoreStats, StoredEvent,
    StoredMessage,
};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use starling_protocol::engine::step::{MessageKind, MessageState, ReadOrder, Record, Space};
use starling_protocol::ids::{AccountId, ChatId, MessageId};
use starling_protocol::time::WallMs;

/// Every column of a message, in the order of [`columns`].
macro_rules! message_columns {
    () => {
        "m.row, m.id, m.chat, m.author, m.me, m.kind, m.reply_to, m.sent_at, m.received_at, m.via, m.state, \
         m.reason, m.state_at, m.edited, m.deleted, m.unread, m.depth, m.mark, m.text, \
         m.hidden, m.pinned, m.pinned_by, m.attempt, m.seq"
    };
}

fn small(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A state out of its number.
pub fn state(number: u8) -> Result<MessageState, StoreError> {
    MessageState::from_number(number).ok_or_else(|| nonsense("a message has no known state"))
}

/// What a row says, before it is made sense of.
struct Columns {
    message: StoredMessage,
    kind: u8,
    reply_to: Vec<u8>,
    state: u8,
    pinned_by: Vec<u8>,
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    let reason: String = row.get(11)?;
    let pinned: i64 = row.get(20)?;
    Ok(Columns {
        pinned_by: if pinned == 0 { Vec::new() } else { row.get(21)? },
        kind: row.get(5)?,
        reply_to: row.get(6)?,
        state: row.get(10)?,
        message: StoredMessage {
            row: row.get(0)?,
            place: Placed { depth: row.get(16)?, mark: row.get(17)? },
            id: MessageId(row.get(1)?),
            chat: ChatId(row.get(2)?),
            author: AccountId(row.get(3)?),
            me: row.get(4)?,
            kind: MessageKind::Text,
            text: row.get(18)?,
            reply_to: None,
            sent_at: row.get(7)?,
            received_at: row.get(8)?,
            via: row.get(9)?,
            state: MessageState::Queued,
            reason: Some(reason).filter(|reason| !reason.is_empty()),
            state_at: row.get(12)?,
            edited: row.get(13)?,
            deleted: row.get(14)?,
            unread: row.get(15)?,
            hidden: row.get(19)?,
            pinned: None,
            attempt: row.get(22)?,
            seq: row.get::<_, i64>(23)?.cast_unsigned(),
            reactions: Vec::new(),
            recipients: Vec::new(),
        },
    })
}

/// Makes sense of a row and adds what other tables say of the message.
fn whole(conn: &Connection, columns: Columns) -> Result<StoredMessage, StoreError> {
    let mut message = columns.message;
    message.kind =
        MessageKind::from_number(columns.kind).ok_or_else(|| nonsense("a message has no known kind"))?;
    message.state = state(columns.state)?;
    message.reply_to = match columns.reply_to.as_slice() {
        [] => None,
        id => Some(MessageId::from_slice(id).ok_or_else(|| nonsense("a message answers nonsense"))?),
    };
    message.pinned = match columns.pinned_by.as_slice() {
        [] => None,
        by => Some(AccountId(by.try_into().map_err(|_| nonsense("a message was pinned by nobody"))?)),
    };
    message.reactions = conn
        .prepare_cached("SELECT who, emoji FROM reaction WHERE message_row = ?1")
        .and_then(|mut s| {
            s.query_map([message.row], |row| Ok((AccountId(row.get(0)?), row.get(1)?)))?.collect()
        })
        .map_err(meaning)?;
    if message.me {
        message.recipients = recipients(conn, message.row)?;
    }
    Ok(message)
}

fn recipients(conn: &Connection, row: i64) -> Result<Vec<Recipient>, StoreError> {
    let rows: Vec<(AccountId, u8, WallMs, Custody)> = conn
        .prepare_cached("SELECT account, state, at, kept, until FROM recipient WHERE message_row = ?1")
        .and_then(|mut s| {
            s.query_map([row], |row| {
                let custody = Custody { mailboxes: row.get(3)?, until: row.get(4)? };
                Ok((AccountId(row.get(0)?), row.get(1)?, row.get(2)?, custody))
            })?
            .collect()
        })
        .map_err(meaning)?;
    let whole =
        |(account, number, at, custody)| Ok(Recipient { account, state: state(number)?, at, custody });
    rows.into_iter().map(whole).collect()
}

fn messages(conn: &Connection, sql: &str, values: impl Params) -> Result<Vec<StoredMessage>, StoreError> {
    let rows: Vec<Columns> = conn
        .prepare_cached(sql)
        .and_then(|mut s| s.query_map(values, columns)?.collect())
        .map_err(meaning)?;
    rows.into_iter().map(|columns| whole(conn, columns)).collect()
}

/// The numbers to be given next.
pub fn numbers(conn: &Connection) -> Result<Numbers, StoreError> {
    conn.query_row(
        "SELECT (SELECT coalesce(max(row), 0) FROM message), (SELECT coalesce(max(cursor), 0) FROM event),
           (SELECT coalesce(min(cursor), 1) FROM event)",
        [],
        |row| {
            let cursor: i64 = row.get(1)?;
            let oldest: i64 = row.get(2)?;
            Ok(Numbers {
                row: row.get::<_, i64>(0)?.saturating_add(1),
                cursor: cursor.cast_unsigned().saturating_add(1),
                oldest: oldest.cast_unsigned(),
            })
        },
    )
    .map_err(meaning)
}

/// All records that are loaded, by space and key.
pub fn records(conn: &Connection) -> Result<Vec<Record>, StoreError> {
    let rows: Vec<(u8, Vec<u8>, Vec<u8>)> = conn
        .prepare_cached("SELECT space, key, value FROM record ORDER BY space, key")
        .and_then(|mut s| s.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect())
        .map_err(meaning)?;
    rows.into_iter()
        .map(|(space, key, value)| {
            let space = Space::from_number(space).ok_or_else(|| nonsense("a record has no known space"))?;
            Ok(Record { space, key, value })
        })
        .collect()
}

/// Records of one space in a range of keys, and whether there are more.
pub fn range(conn: &Connection, order: &ReadOrder) -> Result<(Vec<Record>, bool), StoreError> {
    let sql = if order.space.is_loaded() {
        "SELECT key, value FROM record WHERE space = ?1 AND key BETWEEN ?2 AND ?3 ORDER BY key"
    } else {
        "SELECT key, value FROM archive WHERE space = ?1 AND key BETWEEN ?2 AND ?3 ORDER BY key"
    };
    let take = || {
        let mut statement = conn.prepare_cached(sql)?;
        let mut rows = statement.query(params![order.space as u8, order.from, order.to])?;
        let (mut records, mut bytes) = (Vec::new(), 0_usize);
        while let Some(row) = rows.next()? {
            if !records.is_empty() && bytes >= order.bytes {
                return Ok((records, true));
            }
            let record = Record { space: order.space, key: row.get(0)?, value: row.get(1)? };
            bytes = bytes.saturating_add(record.key.len()).saturating_add(record.value.len());
            records.push(record);
        }
        Ok((records, false))
    };
    take().map_err(meaning)
}

/// A page of a chat that ends before a place.
pub(super) const LOG: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM message m INDEXED BY message_place
      WHERE m.chat = ?1 AND (m.depth, m.mark, m.row) < (?2, ?3, ?4) AND m.received_at >= ?5 AND m.hidden = 0
      ORDER BY m.depth DESC, m.mark DESC, m.row DESC LIMIT ?6"
);
/// A page of a chat that begins after a place.
pub(super) const LOG_AFTER: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM message m INDEXED BY message_place
      WHERE m.chat = ?1 AND (m.depth, m.mark, m.row) > (?2, ?3, ?4) AND m.received_at >= ?5 AND m.hidden = 0
      ORDER BY m.depth, m.mark, m.row LIMIT ?6"
);
/// The pinned messages of a chat.
pub(super) const PINNED: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM message m WHERE m.chat = ?1 AND m.pinned > 0 ORDER BY m.depth, m.mark, m.row"
);
/// The first unread messages of a chat.
pub(super) const UNREAD: &str =
    "SELECT id FROM message WHERE chat = ?1 AND unread = 1 ORDER BY depth, mark, row LIMIT ?2";

/// A page of a chat.
pub fn log(conn: &Connection, query: &LogQuery) -> Result<Vec<StoredMessage>, StoreError> {
    let at = match query.page {
        Page::Newest => Some((Placed::END, i64::MAX)),
        Page::Before(id) | Page::After(id) | Page::Around(id) => order_of(conn, query.chat, id)?,
    };
    let Some((at, row)) = at else { return Ok(Vec::new()) };
    let since = query.since.unwrap_or(WallMs::MIN);
    let part = |sql, row: i64, limit| {
        if limit == 0 {
            return Ok(Vec::new());
        }
        messages(conn, sql, params![query.chat.as_bytes(), at.depth, at.mark, row, since, small(limit)])
    };
    let (before, after) = query.split();
    let mut page = part(LOG, row, before)?;
    page.reverse();
    let around = matches!(query.page, Page::Around(_));
    page.extend(part(LOG_AFTER, if around { row.saturating_sub(1) } else { row }, after)?);
    Ok(page)
}

/// The pinned messages of a chat.
pub fn pins(conn: &Connection, chat: ChatId) -> Result<Vec<StoredMessage>, StoreError> {
    messages(conn, PINNED, [chat.as_bytes()])
}

/// Where the first message with an id stands in a chat.
fn order_of(conn: &Connection, chat: ChatId, id: MessageId) -> Result<Option<(Placed, i64)>, StoreError> {
    conn.prepare_cached(
        "SELECT depth, mark, row FROM message WHERE id = ?1 AND chat = ?2 ORDER BY row LIMIT 1",
    )
    .and_then(|mut s| {
        s.query_row(params![id.as_bytes(), chat.as_bytes()], |row| {
            Ok((Placed { depth: row.get(0)?, mark: row.get(1)? }, row.get(2)?))
        })
        .optional()
    })
    .map_err(meaning)
}

/// The message of a row.
pub fn by_row(conn: &Connection, row: i64) -> Result<Option<StoredMessage>, StoreError> {
    const SQL: &str = concat!("SELECT ", message_columns!(), " FROM message m WHERE m.row = ?1");
    let found =
        conn.prepare_cached(SQL).and_then(|mut s| s.query_row([row], columns).optional()).map_err(meaning)?;
    found.map(|columns| whole(conn, columns)).transpose()
}

/// Messages of an id.
pub fn by_id(conn: &Connection, id: MessageId) -> Result<Vec<StoredMessage>, StoreError> {
    const SQL: &str =
        concat!("SELECT ", message_columns!(), " FROM message m WHERE m.id = ?1 ORDER BY m.row");
    messages(conn, SQL, [id.as_bytes()])
}

/// Messages that have all words.
pub fn find(
    conn: &Connection,
    text: &str,
    chat: Option<ChatId>,
    limit: usize,
) -> Result<Vec<StoredMessage>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        message_columns!(),
        " FROM word CROSS JOIN message m ON m.row = word.rowid
          WHERE word MATCH ?1 AND (?2 IS NULL OR m.chat = ?2) ORDER BY word.rowid DESC LIMIT ?3"
    );
    let words = search_words(text);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    // Words are letters and digits only, so nothing in the quotes can be an operator.
    let expression = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" AND ");
    conn.execute_batch("PRAGMA cache_size = -65536").map_err(meaning)?;
    let found = messages(conn, SQL, params![expression, chat.as_ref().map(ChatId::as_bytes), small(limit)]);
    conn.execute_batch("PRAGMA cache_size = -8192").map_err(meaning)?;
    found.map(|mut page| {
        page.reverse();
        page
    })
}

/// Events after a cursor.
pub fn events(conn: &Connection, since: Cursor, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
    type Kept = (i64, WallMs, i64, i64, Vec<u8>);
    let since = i64::try_from(since).unwrap_or(i64::MAX);
    let rows: Vec<Kept> = conn
        .prepare_cached(
            "SELECT cursor, at, kind, message_row, body FROM event WHERE cursor > ?1 ORDER BY cursor LIMIT ?2",
        )
        .and_then(|mut s| {
            s.query_map([since, small(limit)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })?
            .collect()
        })
        .map_err(meaning)?;
    rows.into_iter()
        .map(|(cursor, at, kind, row, bytes)| {
            let what = event_body(conn, kind, row, &bytes)?;
            Ok(StoredEvent { cursor: cursor.cast_unsigned(), at, what })
        })
        .collect()
}

fn event_body(conn: &Connection, kind: i64, row: i64, bytes: &[u8]) -> Result<EventBody, StoreError> {
    match kind {
        KIND_MESSAGE => {
            let message = by_row(conn, row)?.ok_or_else(|| nonsense("an event is about no message"))?;
            Ok(message_body(message))
        }
        KIND_RECEIPT | KIND_CUSTODY | KIND_LATER => {
            let (receipt, custody, attempt) = match kind {
                KIND_RECEIPT => (body::receipt(bytes)?, Custody::default(), 1),
                KIND_CUSTODY => body::custody(bytes).map(|(receipt, custody)| (receipt, custody, 1))?,
                _ => body::later(bytes)?,
            };
            let (message, chat) = conn
                .prepare_cached("SELECT id, chat FROM message WHERE row = ?1")
                .and_then(|mut s| {
                    s.query_row([row], |row| Ok((MessageId(row.get(0)?), ChatId(row.get(1)?)))).optional()
                })
                .map_err(meaning)?
                .ok_or_else(|| nonsense("an event is about no message"))?;
            Ok(EventBody::Receipt {
                message,
                chat,
                who: receipt.who,
                state: state(receipt.state)?,
                reason: Some(receipt.reason).filter(|reason| !reason.is_empty()),
                at: receipt.at,
                message_state: state(receipt.message_state)?,
                custody,
                attempt,
            })
        }
        _ => Ok(EventBody::Other(body::other(bytes)?)),
    }
}

/// What an event about a message says.
pub fn message_body(message: StoredMessage) -> EventBody {
    if message.hidden {
        return EventBody::Hidden { message: message.id, chat: message.chat };
    }
    EventBody::Message(Box::new(message))
}

/// Unread messages of a chat.
pub fn unread(conn: &Connection, chat: ChatId, limit: usize) -> Result<Vec<MessageId>, StoreError> {
    conn.prepare_cached(UNREAD)
        .and_then(|mut s| {
            s.query_map(params![chat.as_bytes(), small(limit)], |row| Ok(MessageId(row.get(0)?)))?.collect()
        })
        .map_err(meaning)
}

/// A small value.
pub fn setting(conn: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    conn.prepare_cached("SELECT value FROM setting WHERE name = ?1")
        .and_then(|mut s| s.query_row([name], |row| row.get(0)).optional())
        .map_err(meaning)
}

/// Figures, without the size of the file. Messages are numbered from 1 and never removed, so the greatest number
/// is their count.
pub fn stats(conn: &Connection) -> Result<StoreStats, StoreError> {
    conn.prepare_cached(
        "SELECT (SELECT coalesce(max(row), 0) FROM message),
           (SELECT count(*) FROM message WHERE me = 1 AND state < 3 AND state = ?1),
           (SELECT count(*) FROM message WHERE me = 1 AND state < 3 AND state = ?2),
           (SELECT coalesce(max(cursor), 0) FROM event), (SELECT coalesce(min(cursor), 0) FROM event)",
    )
    .and_then(|mut s| {
        s.query_row([MessageState::Queued as u8, MessageState::Mailbox as u8], |row| {
            let number = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
            Ok(StoreStats {
                messages: number(0)?,
                bytes: 0,
                queued: number(1)?,
                mailbox: number(2)?,
                newest: number(3)?,
                oldest: number(4)?,
            })
        })
    })
    .map_err(meaning)
}
