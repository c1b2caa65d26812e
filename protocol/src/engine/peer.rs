//! One device of a contact: its keys, its ratchet sessions, what waits for it, and how it may be reached. Encrypting
//! and resending are decided here, sessions in their own file; the links that carry it are not known here
//! (docs/spec/05-delivery.md).

use super::mail::custody::Overtaken;
use super::state::{DeviceRecord, Kept, OutRow};
use crate::content::Content;
use crate::ids::{AccountId, DeviceId, MailboxId, MessageId, SessionId};
use crate::limits::IN_FLIGHT_MESSAGES;
use crate::session::{OlmPart, Ratchet, Reorder};
use crate::time::DAY_MS;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use vodozemac::olm::Account;

/// Bytes on the way to one device before its answers must come. Lower idles fast links; higher makes a slow link
/// carry things twice when it breaks.
const IN_FLIGHT_BYTES: usize = 1024 * 1024;

/// What changed and must be written when the turn ends.
#[derive(Default)]
pub(super) struct Dirty {
    pub record: bool,
    pub sessions: BTreeSet<SessionId>,
    pub rows: BTreeSet<u64>,
    pub dropped_rows: Vec<u64>,
    /// Rows of which something else is kept in mailboxes than before.
    pub custody: BTreeSet<u64>,
    pub dropped_sessions: Vec<SessionId>,
    pub dropped_held: Vec<(SessionId, u64)>,
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
    /// Rows that have no bytes yet.
    pub unsealed: BTreeSet<u64>,
    /// Rows sent on the present link and not answered, by number.
    pub in_flight: BTreeMap<u64, InFlight>,
    pub in_flight_bytes: usize,
    /// Rows the other side has on disk in front of a ratchet: not sent again on the present link.
    pub held_there: BTreeSet<u64>,
    /// Which mailboxes keep a row, by row.
    pub custody: BTreeMap<u64, Vec<Kept>>,
    /// Envelopes with nothing in them that is waited for, by mailbox and hash.
    pub unwanted: BTreeSet<(MailboxId, [u8; 32])>,
    /// Rows were answered while earlier ones lie in mailboxes.
    pub overtaken: Option<Overtaken>,
    /// When the device last answered anything, on the monotonic clock.
    pub answered_ms: u64,
    /// How often in a row an answer was overdue.
    pub overdue: u32,
    /// The next row to send on the present link.
    pub cursor: u64,
    pub next_row: u64,
    pub recent: VecDeque<(u64, MessageId)>,
    pub recent_set: BTreeSet<MessageId>,
    pub next_seen: u64,
    pub dirty: Dirty,
}

/// A row on its way.
#[derive(Clone, Copy)]
pub(super) struct InFlight {
    /// When it was handed to the link, on the monotonic clock.
    pub at_ms: u64,
    /// Its size.
    pub bytes: usize,
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
            unsealed: BTreeSet::new(),
            in_flight: BTreeMap::new(),
            in_flight_bytes: 0,
            held_there: BTreeSet::new(),
            custody: BTreeMap::new(),
            unwanted: BTreeSet::new(),
            overtaken: None,
            answered_ms: 0,
            overdue: 0,
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
        self.unsealed.insert(number);
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
        self.unsealed.remove(&number);
        self.cursor = self.cursor.min(number);
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

    /// Takes a row's bytes off: its next encryption is a new attempt.
    pub fn unseal_row(&mut self, number: u64) {
        if let Some(row) = self.outbox.get_mut(&number)
            && let Some(part) = row.part.take()
        {
            row.attempt = row.attempt.saturating_add(1);
            self.unsealed.insert(number);
            self.answered(&part);
            self.land(number);
            self.withdraw_row(number);
            self.dirty.rows.insert(number);
        }
    }

    /// Encrypts every row that has no bytes, in order.
    pub fn seal_waiting(&mut self, account: &Account, lived_ms: u64) {
        if self.unsealed.is_empty() || self.sending_session(account, lived_ms).is_none() {
            return;
        }
        for number in self.unsealed.clone() {
            self.encrypt_row(account, number, None, lived_ms);
        }
    }

    /// How long rows without bytes have to wait yet for a session to be made, in milliseconds. `None` when nothing
    /// waits, or when only the device's next card can help.
    pub fn seal_wait_ms(&self, lived_ms: u64) -> Option<u64> {
        let waits = !self.unsealed.is_empty() && self.record.fallback.is_some();
        waits.then(|| self.reset_wait_ms(lived_ms)).filter(|wait| *wait > 0)
    }

    /// Rows to send now on a link, in order, within the window.
    pub fn next_batch(&mut self, now_ms: u64, max_rows: usize, max_bytes: usize) -> Vec<OlmPart> {
        let mut parts = Vec::new();
        let mut bytes = 0usize;
        while parts.len() < max_rows
            && self.in_flight.len() < IN_FLIGHT_MESSAGES
            && self.in_flight_bytes < IN_FLIGHT_BYTES
        {
            let next = self.outbox.range(self.cursor..).find(|(_, row)| row.part.is_some());
            let Some(number) = next.map(|(number, _)| *number) else { break };
            let Some(part) = self.part_of(number) else { break };
            if self.in_flight.contains_key(&number) || self.held_there.contains(&number) {
                self.cursor = number.saturating_add(1);
                continue;
            }
            let size = part.olm.len().saturating_add(128);
            bytes = bytes.saturating_add(size);
            if !parts.is_empty() && bytes > max_bytes {
                break;
            }
            self.cursor = number.saturating_add(1);
            self.in_flight.insert(number, InFlight { at_ms: now_ms, bytes: size });
            self.in_flight_bytes = self.in_flight_bytes.saturating_add(size);
            parts.push(part);
        }
        parts
    }

    /// A row's part as it is sent now: rows before it may have ended since it was encrypted, and nobody must wait for
    /// those.
    pub fn part_of(&self, number: u64) -> Option<OlmPart> {
        let mut part = self.outbox.get(&number)?.part.clone()?;
        part.floor = self.floor(part.session).unwrap_or(part.order).min(part.order);
        Some(part)
    }

    /// The link changed: everything unanswered is to be sent again, from the start.
    pub fn rewind(&mut self) {
        self.held_there.clear();
        self.overdue = 0;
        self.send_again();
    }

    /// An answer never came: everything on the way is to be sent again.
    pub fn send_again(&mut self) {
        self.in_flight.clear();
        self.in_flight_bytes = 0;
        self.cursor = 0;
    }

    /// A row is not on the way any more.
    fn land(&mut self, number: u64) {
        self.held_there.remove(&number);
        if let Some(flight) = self.in_flight.remove(&number) {
            self.in_flight_bytes = self.in_flight_bytes.saturating_sub(flight.bytes);
        }
    }

    /// The other side has a row on disk, but not its turn yet: it is sent again only on another link.
    pub fn hold_there(&mut self, number: u64) {
        self.land(number);
        self.held_there.insert(number);
    }

    /// When the other side holds the first unanswered row of a session, it waits for places that ended elsewhere: the row
    /// goes again, by whatever road, and says which place is the first that will come.
    pub fn unblock(&mut self, session: SessionId, lived_ms: u64) {
        let Some(first) = self.floor(session) else { return };
        let is_first = |part: &OlmPart| part.session == session && part.order == first;
        let is_first =
            |row: &&u64| self.outbox.get(row).and_then(|row| row.part.as_ref()).is_some_and(is_first);
        let Some(number) = self.held_there.iter().find(is_first).copied() else { return };
        self.held_there.remove(&number);
        self.cursor = self.cursor.min(number);
        self.deposit_again(number, lived_ms);
    }

    /// Ends the sender's duty for a row.
    pub fn drop_row(&mut self, number: u64) -> Option<OutRow> {
        let row = self.outbox.remove(&number)?;
        if let Some(part) = &row.part {
            self.answered(part);
        }
        self.by_message.remove(&row.msg_id);
        self.unsealed.remove(&number);
        self.land(number);
        if self.custody.remove(&number).is_some() {
            self.dirty.custody.insert(number);
        }
        self.outbox_bytes = self.outbox_bytes.saturating_sub(row_bytes(&row));
        self.dirty.rows.remove(&number);
        self.dirty.dropped_rows.push(number);
        Some(row)
    }
}

/// The day of a lived time.
pub(super) fn day_of(lived_ms: u64) -> u32 {
    u32::try_from(lived_ms / DAY_MS).unwrap_or(u32::MAX)
}

/// Whether a row is about a room.
pub(super) fn is_of_room(row: &OutRow) -> bool {
    let content = crate::wire::decode::<Content>(&row.content);
    let body = content.and_then(|content| crate::content::Body::decode(content.kind, &content.body));
    body.is_ok_and(|body| body.is_of_room())
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
        } else {
            self.unsealed.insert(number);
        }
        self.next_row = self.next_row.max(number.saturating_add(1));
        self.outbox.insert(number, row);
    }
}
