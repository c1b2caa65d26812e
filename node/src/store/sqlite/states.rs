//! How far own messages have come: states of recipients, who keeps a message, and the receipts these changes make.

use super::body::{self, ReceiptBody};
use super::write::{Failure, KIND_CUSTODY, KIND_LATER, KIND_RECEIPT};
use super::{SqliteStore, read};
use crate::store::{Custody, EventBody, StoredEvent};
use rusqlite::{OptionalExtension as _, params};
use starling_protocol::engine::step::MessageState;
use starling_protocol::ids::{AccountId, ChatId, MessageId};
use starling_protocol::time::WallMs;

impl SqliteStore {
    pub(super) fn advance(
        &mut self,
        message: MessageId,
        who: AccountId,
        (state, reason, at): (MessageState, Option<&str>, WallMs),
        now: WallMs,
    ) -> Result<Option<StoredEvent>, Failure> {
        let Some(found) = self.own(message)? else { return Ok(None) };
        let row = found.row;
        if state == MessageState::Queued {
            self.conn
                .prepare_cached(
                    "INSERT INTO recipient (message_row, account, state, at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (message_row, account) DO NOTHING",
                )?
                .execute(params![row, who.as_bytes(), state as u8, at])?;
            return Ok(None);
        }
        let moved = self
            .conn
            .prepare_cached(
                "UPDATE recipient SET state = ?3, reason = ?4, at = ?5
                 WHERE message_row = ?1 AND account = ?2 AND state < ?3",
            )?
            .execute(params![row, who.as_bytes(), state as u8, reason.unwrap_or_default(), at])?;
        if moved == 0 {
            return Ok(None);
        }
        self.receipt((message, who), found, (state, reason, at), Custody::default(), now).map(Some)
    }

    pub(super) fn keep(
        &mut self,
        message: MessageId,
        who: AccountId,
        (custody, at): (Custody, WallMs),
        now: WallMs,
    ) -> Result<Option<StoredEvent>, Failure> {
        let Some(found) = self.own(message)? else { return Ok(None) };
        let state = MessageState::Mailbox;
        // Only who has passed to `Mailbox` was ever kept for, so what changes here ends there.
        let moved = self
            .conn
            .prepare_cached(
                "UPDATE recipient SET state = ?3, kept = ?4, until = ?5, at = iif(state < ?3, ?6, at)
                 WHERE message_row = ?1 AND account = ?2 AND state <= ?3 AND (kept <> ?4 OR until <> ?5)",
            )?
            .execute(params![found.row, who.as_bytes(), state as u8, custody.mailboxes, custody.until, at])?;
        if moved == 0 {
            return Ok(None);
        }
        self.receipt((message, who), found, (state, None, at), custody, now).map(Some)
    }

    /// Begins the next try of a message for those of `to` for whom it is over.
    pub(super) fn again(
        &mut self,
        message: MessageId,
        to: &[AccountId],
        (seq, at): (u64, WallMs),
        now: WallMs,
    ) -> Result<Option<StoredEvent>, Failure> {
        let Some(found) = self.own(message)? else { return Ok(None) };
        let mut moved = 0;
        for account in to {
            moved += self
                .conn
                .prepare_cached(
                    "UPDATE recipient SET state = ?3, reason = '', at = ?4, kept = 0, until = 0
                     WHERE message_row = ?1 AND account = ?2 AND state IN (?5, ?6)",
                )?
                .execute(params![
                    found.row,
                    account.as_bytes(),
                    MessageState::Queued as u8,
                    at,
                    MessageState::Failed as u8,
                    MessageState::Expired as u8
                ])?;
        }
        if moved == 0 {
            return Ok(None);
        }
        self.conn
            .prepare_cached(
                "UPDATE message SET state = ?2, reason = '', state_at = ?3, attempt = attempt + 1, seq = ?4
                 WHERE row = ?1",
            )?
            .execute(params![found.row, MessageState::Queued as u8, at, seq.cast_signed()])?;
        self.message_event(found.row, now).map(Some)
    }

    /// Where an own message stands.
    fn own(&self, message: MessageId) -> Result<Option<Own>, Failure> {
        Ok(self
            .conn
            .prepare_cached("SELECT row, chat, state, attempt FROM message WHERE id = ?1 AND me = 1")?
            .query_row([message.as_bytes()], |row| {
                Ok(Own {
                    row: row.get(0)?,
                    chat: ChatId(row.get(1)?),
                    state: row.get(2)?,
                    attempt: row.get(3)?,
                })
            })
            .optional()?)
    }

    /// Moves a message to the least of its recipients' states, one of which just changed, and tells of that one.
    fn receipt(
        &mut self,
        (message, who): (MessageId, AccountId),
        found: Own,
        (state, reason, at): (MessageState, Option<&str>, WallMs),
        custody: Custody,
        now: WallMs,
    ) -> Result<StoredEvent, Failure> {
        let Own { row, chat, state: old, attempt } = found;
        let least: u8 = self
            .conn
            .prepare_cached("SELECT min(state) FROM recipient WHERE message_row = ?1")?
            .query_row([row], |row| row.get(0))?;
        if least > old {
            // The change that moved the least is this one, or one whose state waited for it.
            let why = if least == state as u8 { reason.unwrap_or_default() } else { "" };
            self.conn
                .prepare_cached("UPDATE message SET state = ?2, reason = ?3, state_at = ?4 WHERE row = ?1")?
                .execute(params![row, least, why, at])?;
        }
        let message_state = least.max(old);
        let body = ReceiptBody {
            who,
            state: state as u8,
            reason: reason.unwrap_or_default().to_owned(),
            at,
            message_state,
        };
        let (kind, bytes) = if attempt > 1 {
            (KIND_LATER, body::encode_later(body, custody, attempt)?)
        } else if custody == Custody::default() {
            (KIND_RECEIPT, body::encode(&body)?)
        } else {
            (KIND_CUSTODY, body::encode_custody(body, custody)?)
        };
        let what = EventBody::Receipt {
            message,
            chat,
            who,
            state,
            reason: reason.filter(|reason| !reason.is_empty()).map(str::to_owned),
            at,
            message_state: read::state(message_state)?,
            custody,
            attempt,
        };
        self.event(now, (kind, row, &bytes), what)
    }
}

/// Where an own message stands.
struct Own {
    row: i64,
    chat: ChatId,
    state: u8,
    attempt: u32,
}
