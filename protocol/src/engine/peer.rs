//! One device of a contact: its keys, its ratchet sessions, what waits for it, and how it may be reached. Encrypting,
//! decrypting, acking and resending are decided here; the links that carry it are not known here
//! (docs/spec/05-delivery.md).

use super::state::{DeviceRecord, OutRow};
use crate::content::Content;
use crate::ids::{AccountId, DeviceId, MessageId, SessionId};
use crate::limits::{IN_FLIGHT_MESSAGES, RECENT_IDS, SESSIONS};
use crate::session::{OlmPart, Ratchet, RatchetError, RefuseReason, Reorder};
use crate::time::{DAY_MS, HOUR_MS};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use vodozemac::olm::Account;

/// At most one new session per device pair in this time, in milliseconds the engine has lived. Shorter would let a
/// faulty peer make us spend keys; longer delays healing.
const RESET_MS: u64 = HOUR_MS;
/// How long a replaced session is kept for receiving.
const RETIRED_DAYS: u32 = 7;
/// Sessions of one device whose early parts may wait before the session exists.
const UNKNOWN_SESSIONS: usize = 4;

/// What changed and must be written when the turn ends.
#[derive(Default)]
pub(super) struct Dirty {
    pub record: bool,
    pub sessions: BTreeSet<SessionId>,
    pub rows: BTreeSet<u64>,
    pub dropped_rows: Vec<u64>,
    pub dropped_sessions: Vec<SessionId>,
}

/// A device of a contact.
pub(super) struct Peer {
    pub id: DeviceId,
    pub record: DeviceRecord,
    pub sessions: BTreeMap<SessionId, Ratchet>,
    pub reorder: BTreeMap<SessionId, Reorder>,
    pub outbox: BTreeMap<u64, OutRow>,
    pub outbox_bytes: usize,
    /// Row number by message.
    pub by_message: BTreeMap<MessageId, u64>,
    /// Orders of each session that are not answered: the floor of what may still come.
    pub unanswered: BTreeMap<SessionId, BTreeSet<u64>>,
    /// Rows sent on the present link and not answered: number → when, on the monotonic clock.
    pub in_flight: BTreeMap<u64, u64>,
    /// The next row to send on the present link.
    pub cursor: u64,
    pub next_row: u64,
    pub recent: VecDeque<(u64, MessageId)>,
    pub recent_set: BTreeSet<MessageId>,
    pub next_seen: u64,
    pub dirty: Dirty,
}

/// What decrypting a part gave.
pub(super) enum Opened {
    /// A content, from this session and order.
    Content(Box<Content>),
    /// Not decryptable, and why.
    Refused(RefuseReason),
}

impl Peer {
    pub fn new(id: DeviceId, record: DeviceRecord) -> Self {
        Self {
            id,
            record,
            sessions: BTreeMap::new(),
            reorder: BTreeMap::new(),
            outbox: BTreeMap::new(),
            outbox_bytes: 0,
            by_message: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            cursor: 0,
            next_row: 1,
            recent: VecDeque::new(),
            recent_set: BTreeSet::new(),
            next_seen: 1,
            dirty: Dirty { record: true, ..Dirty::default() },
        }
    }

    pub fn account(&self) -> AccountId {
        self.record.account
    }

    // ---- sending ----------------------------------------------------------------------------------------------

    /// Puts a row at the end of the queue, encrypted if that is possible now.
    pub fn enqueue(&mut self, account: &Account, content: &Content, row: OutRow, lived_ms: u64) {
        let number = self.next_row;
        self.next_row = self.next_row.saturating_add(1);
        self.outbox_bytes = self.outbox_bytes.saturating_add(row_bytes(&row));
        self.by_message.insert(row.msg_id, number);
        self.outbox.insert(number, row);
        self.dirty.rows.insert(number);
        self.encrypt_row(account, number, Some(content), lived_ms);
    }

    /// Encrypts a row that has no bytes yet. Leaves it so when there is no key to encrypt to.
    pub fn encrypt_row(&mut self, account: &Account, number: u64, content: Option<&Content>, lived_ms: u64) {
        let Some(session) = self.sending_session(account, lived_ms) else { return };
        let floor = self.floor(session);
        let Some(row) = self.outbox.get_mut(&number) else { return };
        if row.part.is_some() {
            return;
        }
        let decoded;
        let content = match content {
            Some(content) => content,
            None => match crate::wire::decode::<Content>(&row.content) {
                Ok(content) => {
                    decoded = content;
                    &decoded
                }
                Err(_) => return,
            },
        };
        let Some(ratchet) = self.sessions.get_mut(&session) else { return };
        let Ok((prekey, olm, order)) = ratchet.encrypt(content) else { return };
        row.part = Some(OlmPart {
            session,
            order,
            floor: floor.unwrap_or(order).min(order),
            msg_id: row.msg_id,
            attempt: row.attempt,
            prekey,
            olm,
        });
        self.unanswered.entry(session).or_default().insert(order);
        self.dirty.sessions.insert(session);
        self.dirty.rows.insert(number);
    }

    /// The least order of a session that is not answered yet.
    fn floor(&self, session: SessionId) -> Option<u64> {
        self.unanswered.get(&session).and_then(|orders| orders.first().copied())
    }

    fn answered(&mut self, part: &OlmPart) {
        if let Some(orders) = self.unanswered.get_mut(&part.session) {
            orders.remove(&part.order);
            if orders.is_empty() {
                self.unanswered.remove(&part.session);
            }
        }
    }

    /// The session to send in: the chosen one, else the one last received on, else a new one to the card's key.
    fn sending_session(&mut self, account: &Account, lived_ms: u64) -> Option<SessionId> {
        if let Some(id) = self.record.sending.map(SessionId)
            && self.sessions.get(&id).is_some_and(|ratchet| !ratchet.retired)
        {
            return Some(id);
        }
        let best =
            self.sessions.values().filter(|r| !r.retired).max_by_key(|r| r.received_mark).map(Ratchet::id);
        best.or_else(|| self.new_session(account, lived_ms)).inspect(|id| {
            self.record.sending = Some(id.0);
            self.dirty.record = true;
        })
    }

    fn new_session(&mut self, account: &Account, lived_ms: u64) -> Option<SessionId> {
        let fallback = self.record.fallback?;
        let ratchet = Ratchet::outbound(account, &self.record.olm, &fallback).ok()?;
        let id = ratchet.id();
        self.sessions.insert(id, ratchet);
        self.dirty.sessions.insert(id);
        self.trim_sessions(id, lived_ms);
        Some(id)
    }

    /// Replaces the sending session, at most once in [`RESET_MS`], and takes the bytes off every waiting row that
    /// was encrypted in `dead`, so that they are encrypted anew. Returns whether there is a live session now.
    pub fn reset(&mut self, account: &Account, dead: SessionId, lived_ms: u64) -> bool {
        if let Some(ratchet) = self.sessions.get_mut(&dead)
            && !ratchet.retired
        {
            ratchet.retired = true;
            ratchet.retired_day = day_of(lived_ms);
            self.dirty.sessions.insert(dead);
        }
        if self.record.sending == Some(dead.0) {
            self.record.sending = None;
            self.dirty.record = true;
        }
        let has_other = self.sessions.values().any(|ratchet| !ratchet.retired);
        if !has_other {
            let recent = self.record.reset_lived_ms.is_some_and(|at| lived_ms.saturating_sub(at) < RESET_MS);
            if recent || self.new_session(account, lived_ms).is_none() {
                return false;
            }
            self.record.reset_lived_ms = Some(lived_ms);
            self.dirty.record = true;
        }
        let stale: Vec<u64> = self
            .outbox
            .iter()
            .filter(|(_, row)| row.part.as_ref().is_some_and(|part| part.session == dead))
            .map(|(number, _)| *number)
            .collect();
        for number in stale {
            self.unseal_row(number);
        }
        self.seal_waiting(account, lived_ms);
        self.rewind();
        true
    }

    /// Takes a row's bytes off: its next encryption is a new attempt.
    pub fn unseal_row(&mut self, number: u64) {
        if let Some(row) = self.outbox.get_mut(&number)
            && let Some(part) = row.part.take()
        {
            row.attempt = row.attempt.saturating_add(1);
            self.answered(&part);
            self.in_flight.remove(&number);
            self.dirty.rows.insert(number);
        }
    }

    /// Encrypts every row that has no bytes, in order.
    pub fn seal_waiting(&mut self, account: &Account, lived_ms: u64) {
        let waiting: Vec<u64> =
            self.outbox.iter().filter(|(_, row)| row.part.is_none()).map(|(number, _)| *number).collect();
        for number in waiting {
            self.encrypt_row(account, number, None, lived_ms);
        }
    }

    /// Rows to send now on a link, in order, within the window.
    pub fn next_batch(&mut self, now_ms: u64, max_rows: usize, max_bytes: usize) -> Vec<OlmPart> {
        let mut parts = Vec::new();
        let mut bytes = 0usize;
        while parts.len() < max_rows && self.in_flight.len() < IN_FLIGHT_MESSAGES {
            let Some((number, row)) = self.outbox.range(self.cursor..).find(|(_, row)| row.part.is_some())
            else {
                break;
            };
            let number = *number;
            let Some(part) = row.part.clone() else { break };
            if self.in_flight.contains_key(&number) {
                self.cursor = number.saturating_add(1);
                continue;
            }
            bytes = bytes.saturating_add(part.olm.len().saturating_add(128));
            if !parts.is_empty() && bytes > max_bytes {
                break;
            }
            self.cursor = number.saturating_add(1);
            self.in_flight.insert(number, now_ms);
            parts.push(part);
        }
        parts
    }

    /// Everything unanswered is to be sent again, from the start: the link changed, or an answer never came.
    pub fn rewind(&mut self) {
        self.in_flight.clear();
        self.cursor = 0;
    }

    /// Ends the sender's duty for a row.
    pub fn drop_row(&mut self, number: u64) -> Option<OutRow> {
        let row = self.outbox.remove(&number)?;
        if let Some(part) = &row.part {
            self.answered(part);
        }
        self.by_message.remove(&row.msg_id);
        self.in_flight.remove(&number);
        self.outbox_bytes = self.outbox_bytes.saturating_sub(row_bytes(&row));
        self.dirty.rows.remove(&number);
        self.dirty.dropped_rows.push(number);
        Some(row)
    }

    // ---- receiving --------------------------------------------------------------------------------------------

    /// Whether a content of this id was taken in before (among the last [`RECENT_IDS`]).
    pub fn knows(&self, id: &MessageId) -> bool {
        self.recent_set.contains(id)
    }

    /// Remembers a content's id. Returns (number of the new memory, number of the one forgotten for it).
    pub fn remember(&mut self, id: MessageId) -> (u64, Option<u64>) {
        let number = self.next_seen;
        self.next_seen = self.next_seen.saturating_add(1);
        self.recent.push_back((number, id));
        self.recent_set.insert(id);
        let forgotten = if self.recent.len() > RECENT_IDS {
            self.recent.pop_front().map(|(number, id)| {
                self.recent_set.remove(&id);
                number
            })
        } else {
            None
        };
        (number, forgotten)
    }

    /// Whether this session is one that was dropped: its messages are never to be opened again.
    pub fn is_tombstone(&self, session: &SessionId) -> bool {
        self.record.tombstones.iter().any(|(id, _)| id == &session.0)
    }

    /// Whether parts of a session that does not exist (yet) may be kept.
    pub fn may_hold(&self, session: &SessionId) -> bool {
        self.sessions.contains_key(session)
            || self.reorder.contains_key(session)
            || self.reorder.len() < SESSIONS.saturating_add(UNKNOWN_SESSIONS)
    }

    /// Decrypts a part in its session, making the session when it begins with this part.
    pub fn open_part(&mut self, account: &mut Account, part: &OlmPart, mark: u64, lived_ms: u64) -> Opened {
        let refused = |error: RatchetError| {
            Opened::Refused(match error {
                RatchetError::Content => RefuseReason::Content,
                _ => RefuseReason::Session,
            })
        };
        if let Some(ratchet) = self.sessions.get_mut(&part.session) {
            return match ratchet.decrypt(part.prekey, &part.olm) {
                Ok(content) if content.msg_id == part.msg_id => {
                    ratchet.received_mark = mark;
                    let retired = ratchet.retired;
                    self.dirty.sessions.insert(part.session);
                    if !retired && self.record.sending != Some(part.session.0) {
                        self.record.sending = Some(part.session.0);
                        self.dirty.record = true;
                    }
                    Opened::Content(Box::new(content))
                }
                Ok(_) | Err(RatchetError::Content) => {
                    self.dirty.sessions.insert(part.session);
                    Opened::Refused(RefuseReason::Content)
                }
                Err(error) => refused(error),
            };
        }
        if !part.prekey || Ratchet::session_of(&part.olm) != Some(part.session) {
            return Opened::Refused(RefuseReason::Session);
        }
        match Ratchet::inbound(account, &self.record.olm, &part.olm) {
            Ok((_, content)) if content.msg_id != part.msg_id => Opened::Refused(RefuseReason::Content),
            // A message we have: the session is thrown away, so that a replay cannot move our sending to it.
            Ok((_, content)) if self.knows(&content.msg_id) => Opened::Content(Box::new(content)),
            Ok((mut ratchet, content)) => {
                ratchet.received_mark = mark;
                self.record.sending = Some(part.session.0);
                self.dirty.record = true;
                self.dirty.sessions.insert(part.session);
                self.sessions.insert(part.session, ratchet);
                self.trim_sessions(part.session, lived_ms);
                Opened::Content(Box::new(content))
            }
            Err(error) => refused(error),
        }
    }

    /// Keeps at most [`SESSIONS`], the ones last received on; the rest leave a tombstone. Retired sessions go after
    /// their days.
    fn trim_sessions(&mut self, keep: SessionId, lived_ms: u64) {
        let today = day_of(lived_ms);
        let old: Vec<SessionId> = self
            .sessions
            .values()
            .filter(|r| r.retired && today.saturating_sub(r.retired_day) > RETIRED_DAYS)
            .map(Ratchet::id)
            .collect();
        for id in old {
            self.drop_session(id, lived_ms);
        }
        while self.sessions.len() > SESSIONS {
            let in_use: BTreeSet<SessionId> =
                self.outbox.values().filter_map(|row| row.part.as_ref().map(|part| part.session)).collect();
            let oldest = self
                .sessions
                .values()
                .filter(|r| r.id() != keep)
                .min_by_key(|r| (!r.retired, in_use.contains(&r.id()), r.received_mark, r.id()))
                .map(Ratchet::id);
            match oldest {
                Some(id) => self.drop_session(id, lived_ms),
                None => break,
            }
        }
    }

    /// Drops a session and leaves its tombstone.
    pub fn drop_session(&mut self, id: SessionId, lived_ms: u64) {
        if self.sessions.remove(&id).is_none() {
            return;
        }
        self.reorder.remove(&id);
        if self.record.sending == Some(id.0) {
            self.record.sending = None;
        }
        self.record.tombstones.push((id.0, lived_ms));
        if self.record.tombstones.len() > 64 {
            self.record.tombstones.remove(0);
        }
        self.dirty.record = true;
        self.dirty.sessions.remove(&id);
        self.dirty.dropped_sessions.push(id);
    }

    /// Forgets tombstones whose fallback key is gone by now: their prekey messages cannot be opened anyway.
    pub fn forget_tombstones(&mut self, before_lived_ms: u64) {
        let count = self.record.tombstones.len();
        self.record.tombstones.retain(|(_, at)| *at >= before_lived_ms);
        self.dirty.record |= self.record.tombstones.len() != count;
    }
}

/// The day of a lived time.
pub(super) fn day_of(lived_ms: u64) -> u32 {
    u32::try_from(lived_ms / DAY_MS).unwrap_or(u32::MAX)
}

fn row_bytes(row: &OutRow) -> usize {
    row.content.len().saturating_mul(2).saturating_add(256)
}

impl Peer {
    /// Takes a row out of the store into the queue.
    pub fn load_row(&mut self, number: u64, row: OutRow) {
        self.outbox_bytes = self.outbox_bytes.saturating_add(row_bytes(&row));
        self.by_message.insert(row.msg_id, number);
        if let Some(part) = &row.part {
            self.unanswered.entry(part.session).or_default().insert(part.order);
        }
        self.next_row = self.next_row.max(number.saturating_add(1));
        self.outbox.insert(number, row);
    }
}
