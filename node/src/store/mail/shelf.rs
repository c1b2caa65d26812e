//! The SQL of a mailbox's shelf.

use super::MailStore;
use rusqlite::{OptionalExtension as _, Params, Row, params};
use starling_protocol::mail::QueueId;
use starling_protocol::mail::server::shelf::{
    BoxId, BoxRow, EnvelopeRow, GrantUse, Noted, QueueRow, Shelf, ShelfError, Totals,
};

/// Columns of a box, in the order [`box_row`] reads them.
const BOX: &str =
    "SELECT id, token, grant_id, quota_bytes, used_bytes, queues, envelopes, next_number, run, round,
    closed FROM box";
/// Columns of an envelope, in the order [`envelope_row`] reads them. Its length is read without its pages.
const ENVELOPE: &str = "SELECT owner, number, queue, hash, length(envelope), until_ms, at_s FROM envelope";

fn lost(error: rusqlite::Error) -> ShelfError {
    ShelfError(super::meaning(error).to_string())
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

fn box_row(row: &Row<'_>) -> rusqlite::Result<BoxRow> {
    Ok(BoxRow {
        id: number(row, 0)?,
        token: row.get(1)?,
        grant: row.get(2)?,
        quota_bytes: number(row, 3)?,
        used_bytes: number(row, 4)?,
        queues: number(row, 5)?,
        envelopes: number(row, 6)?,
        next_number: number(row, 7)?,
        run: number(row, 8)?,
        round: number(row, 9)?,
        closed: row.get(10)?,
    })
}

fn envelope_row(row: &Row<'_>) -> rusqlite::Result<EnvelopeRow> {
    Ok(EnvelopeRow {
        owner: number(row, 0)?,
        number: number(row, 1)?,
        queue: row.get(2)?,
        hash: row.get(3)?,
        bytes: number(row, 4)?,
        until_ms: number(row, 5)?,
        at_s: number(row, 6)?,
    })
}

impl MailStore {
    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, ShelfError> {
        let mut statement = self.conn.prepare_cached(sql).map_err(lost)?;
        statement.query_row(params, read).optional().map_err(lost)
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, ShelfError> {
        let mut statement = self.conn.prepare_cached(sql).map_err(lost)?;
        let rows = statement.query_map(params, read).map_err(lost)?;
        rows.collect::<rusqlite::Result<_>>().map_err(lost)
    }

    fn change(&self, sql: &str, params: impl Params) -> Result<(), ShelfError> {
        let mut statement = self.conn.prepare_cached(sql).map_err(lost)?;
        statement.execute(params).map(|_| ()).map_err(lost)
    }
}

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Shelf for MailStore {
    fn noted(&mut self) -> Result<Noted, ShelfError> {
        let noted = self.one("SELECT lived_ms, wall_ms FROM sums", [], |row| {
            Ok(Noted { lived_ms: number(row, 0)?, wall_ms: row.get(1)? })
        })?;
        noted.ok_or_else(|| ShelfError("its sums are gone".to_owned()))
    }

    fn note(&mut self, clocks: Noted) -> Result<(), ShelfError> {
        let Noted { lived_ms, wall_ms } = clocks;
        self.change("UPDATE sums SET lived_ms = ?1, wall_ms = ?2", params![lived_ms.cast_signed(), wall_ms])
    }

    fn totals(&mut self) -> Result<Totals, ShelfError> {
        let sql = "SELECT boxes, queues, envelopes, bytes, next_box FROM sums";
        let totals = self.one(sql, [], |row| {
            Ok(Totals {
                boxes: number(row, 0)?,
                queues: number(row, 1)?,
                envelopes: number(row, 2)?,
                bytes: number(row, 3)?,
                next_box: number(row, 4)?,
            })
        })?;
        totals.ok_or_else(|| ShelfError("its sums are gone".to_owned()))
    }

    fn set_totals(&mut self, totals: &Totals) -> Result<(), ShelfError> {
        let Totals { boxes, queues, envelopes, bytes, next_box } = *totals;
        self.change(
            "UPDATE sums SET boxes = ?1, queues = ?2, envelopes = ?3, bytes = ?4, next_box = ?5",
            [boxes, queues, envelopes, bytes, next_box].map(u64::cast_signed),
        )
    }

    fn box_by_token(&mut self, token: &[u8; 32]) -> Result<Option<BoxRow>, ShelfError> {
        self.one(&format!("{BOX} WHERE token = ?1"), [token], box_row)
    }

    fn box_row(&mut self, id: BoxId) -> Result<Option<BoxRow>, ShelfError> {
        self.one(&format!("{BOX} WHERE id = ?1"), [id.cast_signed()], box_row)
    }

    fn put_box(&mut self, row: &BoxRow) -> Result<(), ShelfError> {
        self.change(
            "INSERT INTO box (id, token, grant_id, quota_bytes, used_bytes, queues, envelopes, next_number, run,
               round, closed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (id) DO UPDATE SET quota_bytes = excluded.quota_bytes, used_bytes = excluded.used_bytes,
               queues = excluded.queues, envelopes = excluded.envelopes, next_number = excluded.next_number,
               run = excluded.run, round = excluded.round, closed = excluded.closed",
            params![
                row.id.cast_signed(),
                row.token,
                row.grant,
                row.quota_bytes.cast_signed(),
                row.used_bytes.cast_signed(),
                row.queues.cast_signed(),
                row.envelopes.cast_signed(),
                row.next_number.cast_signed(),
                row.run.cast_signed(),
                row.round.cast_signed(),
                row.closed,
            ],
        )
    }

    fn drop_box(&mut self, id: BoxId) -> Result<(), ShelfError> {
        let id = id.cast_signed();
        self.change("DELETE FROM card WHERE queue IN (SELECT id FROM queue WHERE owner = ?1)", [id])?;
        self.change("DELETE FROM envelope WHERE owner = ?1", [id])?;
        self.change("DELETE FROM queue WHERE owner = ?1", [id])?;
        self.change("DELETE FROM box WHERE id = ?1", [id])
    }

    fn boxes_of(&mut self, grant: &[u8; 16], at_most: usize) -> Result<Vec<BoxId>, ShelfError> {
        let sql = "SELECT id FROM box WHERE grant_id = ?1 ORDER BY id LIMIT ?2";
        self.all(sql, params![grant, limit(at_most)], |row| number(row, 0))
    }

    fn count_boxes(&mut self, grant: &[u8; 16]) -> Result<u64, ShelfError> {
        let sql = "SELECT count(*) FROM box WHERE grant_id = ?1";
        Ok(self.one(sql, [grant], |row| number(row, 0))?.unwrap_or(0))
    }

    fn grants(&mut self, at_most: usize) -> Result<Vec<GrantUse>, ShelfError> {
        let sql = "SELECT grant_id, count(used), total(used), max(gone) FROM (
              SELECT grant_id, used_bytes AS used, 0 AS gone FROM box
              UNION ALL SELECT grant_id, NULL, 1 FROM revoked)
            GROUP BY grant_id ORDER BY grant_id LIMIT ?1";
        self.all(sql, [limit(at_most)], |row| {
            let bytes: f64 = row.get(2)?;
            Ok(GrantUse {
                id: row.get(0)?,
                boxes: number(row, 1)?,
                bytes: bytes as u64,
                revoked: row.get(3)?,
            })
        })
    }

    fn is_revoked(&mut self, grant: &[u8; 16]) -> Result<bool, ShelfError> {
        Ok(self.one("SELECT 1 FROM revoked WHERE grant_id = ?1", [grant], |_| Ok(()))?.is_some())
    }

    fn revoke(&mut self, grant: &[u8; 16]) -> Result<(), ShelfError> {
        self.change("INSERT INTO revoked (grant_id) VALUES (?1) ON CONFLICT DO NOTHING", [grant])
    }

    fn queue(&mut self, queue: &QueueId) -> Result<Option<QueueRow>, ShelfError> {
        let sql = "SELECT owner, deposit, limit_bytes, used_bytes, card_bytes, envelopes, round, spent_bytes,
            spent_at_ms FROM queue WHERE id = ?1";
        self.one(sql, [queue], |row| {
            Ok(QueueRow {
                queue: *queue,
                owner: number(row, 0)?,
                deposit: row.get(1)?,
                limit_bytes: number(row, 2)?,
                used_bytes: number(row, 3)?,
                card_bytes: number(row, 4)?,
                envelopes: number(row, 5)?,
                round: number(row, 6)?,
                spent_bytes: number(row, 7)?,
                spent_at_ms: number(row, 8)?,
            })
        })
    }

    fn put_queue(&mut self, row: &QueueRow) -> Result<(), ShelfError> {
        self.change(
            "INSERT INTO queue (id, owner, deposit, limit_bytes, used_bytes, card_bytes, envelopes, round,
               spent_bytes, spent_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, deposit = excluded.deposit,
               limit_bytes = excluded.limit_bytes, used_bytes = excluded.used_bytes,
               card_bytes = excluded.card_bytes, envelopes = excluded.envelopes, round = excluded.round,
               spent_bytes = excluded.spent_bytes, spent_at_ms = excluded.spent_at_ms",
            params![
                row.queue,
                row.owner.cast_signed(),
                row.deposit,
                row.limit_bytes.cast_signed(),
                row.used_bytes.cast_signed(),
                row.card_bytes.cast_signed(),
                row.envelopes.cast_signed(),
                row.round.cast_signed(),
                row.spent_bytes.cast_signed(),
                row.spent_at_ms.cast_signed(),
            ],
        )
    }

    fn drop_queue(&mut self, queue: &QueueId) -> Result<(), ShelfError> {
        self.change("DELETE FROM envelope WHERE queue = ?1", [queue])?;
        self.change("DELETE FROM card WHERE queue = ?1", [queue])?;
        self.change("DELETE FROM queue WHERE id = ?1", [queue])
    }

    fn stale_queue(&mut self, owner: BoxId, round: u64) -> Result<Option<QueueId>, ShelfError> {
        let sql = "SELECT id FROM queue WHERE owner = ?1 AND round < ?2 LIMIT 1";
        self.one(sql, [owner.cast_signed(), round.cast_signed()], |row| row.get(0))
    }

    fn card(&mut self, queue: &QueueId) -> Result<Option<Vec<u8>>, ShelfError> {
        self.one("SELECT card FROM card WHERE queue = ?1", [queue], |row| row.get(0))
    }

    fn put_card(&mut self, queue: &QueueId, card: &[u8]) -> Result<(), ShelfError> {
        self.change(
            "INSERT INTO card (queue, card) VALUES (?1, ?2) ON CONFLICT (queue) DO UPDATE SET card = excluded.card",
            params![queue, card],
        )
    }

    fn envelope(&mut self, owner: BoxId, at: u64) -> Result<Option<EnvelopeRow>, ShelfError> {
        let sql = format!("{ENVELOPE} WHERE owner = ?1 AND number = ?2");
        self.one(&sql, [owner.cast_signed(), at.cast_signed()], envelope_row)
    }

    fn envelope_by_hash(
        &mut self,
        queue: &QueueId,
        hash: &[u8; 32],
    ) -> Result<Option<EnvelopeRow>, ShelfError> {
        let sql = format!("{ENVELOPE} WHERE queue = ?1 AND hash = ?2");
        self.one(&sql, params![queue, hash], envelope_row)
    }

    fn next_envelope(
        &mut self,
        owner: BoxId,
        after: u64,
    ) -> Result<Option<(EnvelopeRow, Vec<u8>)>, ShelfError> {
        // A number no envelope has: those are counted from 1.
        let Ok(after) = i64::try_from(after) else { return Ok(None) };
        let sql =
            "SELECT owner, number, queue, hash, length(envelope), until_ms, at_s, envelope FROM envelope
            WHERE owner = ?1 AND number > ?2 ORDER BY number LIMIT 1";
        self.one(sql, [owner.cast_signed(), after], |row| Ok((envelope_row(row)?, row.get(7)?)))
    }

    fn put_envelope(&mut self, row: &EnvelopeRow, envelope: &[u8]) -> Result<(), ShelfError> {
        self.change(
            "INSERT INTO envelope (owner, number, queue, hash, until_ms, at_s, envelope)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                row.owner.cast_signed(),
                row.number.cast_signed(),
                row.queue,
                row.hash,
                row.until_ms.cast_signed(),
                row.at_s.cast_signed(),
                envelope,
            ],
        )
    }

    fn renew_envelope(&mut self, owner: BoxId, at: u64, until_ms: u64) -> Result<(), ShelfError> {
        self.change(
            "UPDATE envelope SET until_ms = ?3 WHERE owner = ?1 AND number = ?2",
            [owner, at, until_ms].map(u64::cast_signed),
        )
    }

    fn drop_envelope(&mut self, owner: BoxId, at: u64) -> Result<(), ShelfError> {
        self.change(
            "DELETE FROM envelope WHERE owner = ?1 AND number = ?2",
            [owner.cast_signed(), at.cast_signed()],
        )
    }

    fn expired(&mut self, lived_ms: u64, at_most: usize) -> Result<Vec<EnvelopeRow>, ShelfError> {
        let sql = format!("{ENVELOPE} WHERE until_ms <= ?1 ORDER BY until_ms, owner, number LIMIT ?2");
        self.all(&sql, [lived_ms.cast_signed(), limit(at_most)], envelope_row)
    }
}
