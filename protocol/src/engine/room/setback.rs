//! A disk that was set back (docs/spec/09-rooms.md, "Receipts"): others have a receipt of ours that we know nothing of,
//! so numbers that we think free are used. What of ours nobody has signed for yet may stand under such a number, where
//! somebody signed for what we forgot: it is written again, as the same message under a new number.
//!
//! ```text
//!  a neighbour names an unknown receipt ──► asked for ──ours?──► read what is doubtful ──► written again, counted on
//! ```

use super::super::Engine;
use super::super::state;
use super::super::step::{MessageState, Record, Space};
use super::giving::Reading;
use super::record::{KeptEntry, key};
use crate::content::Body;
use crate::ids::{DeviceId, RoomId};
use crate::room::{self, Have, Head};
use std::collections::BTreeSet;

/// Receipts of ours in this run that are known one by one. Others hold the newest.
const SIGNED: usize = 256;
/// Bits of a receipt's counter that are chance: so that one of a forgotten run is told from one of this run.
const CHANCE_BITS: u32 = 16;
/// Bytes of messages read at once to be written again.
const READ_BYTES: usize = 512 * 1024;
const LOST: &str = "this device was set back, and the message could not be sent again";

/// A later run that this disk has forgotten, by its receipt.
#[derive(Clone, Copy)]
pub(super) struct Forgotten {
    counter: u64,
    /// The last number of ours that was used.
    last: u64,
}

/// The receipts this disk knows of.
#[derive(Default)]
pub(super) struct Signed {
    /// Counters up to this one were used before this run, or long ago.
    upto: u64,
    since: BTreeSet<u64>,
}

impl Signed {
    /// At the start of a run, or when we are in a room again.
    pub fn new(upto: u64) -> Self {
        Self { upto, since: BTreeSet::new() }
    }

    /// Whether a receipt of ours is known here.
    pub fn knows(&self, counter: u64) -> bool {
        counter <= self.upto || self.since.contains(&counter)
    }

    fn note(&mut self, counter: u64) {
        self.since.insert(counter);
        if self.since.len() > SIGNED {
            self.upto = self.since.pop_first().unwrap_or(0).max(self.upto);
        }
    }

    /// The counter of the next receipt. The first of a run is a small step, so that it does not put one that was
    /// forgotten out of others' minds before we hear of it.
    pub fn next(&mut self, last: u64, chance: u64) -> u64 {
        let chance = chance & ((1 << CHANCE_BITS) - 1);
        let next = if self.since.is_empty() {
            last.saturating_add(1).saturating_add(chance)
        } else {
            last.saturating_add(2 << CHANCE_BITS).saturating_add(chance)
        };
        self.note(next);
        next
    }
}

impl Engine {
    /// A receipt of our own. If we do not know it, this disk was set back.
    pub(super) fn find_forgotten(&mut self, room: RoomId, have: &Have) {
        let own = self.own.device_id;
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        if known.sync.signed.knows(have.counter) || known.sync.forgotten.is_some() {
            return;
        }
        let ours = have.heads.iter().find(|head| head.device == own);
        let last = ours.map_or(0, |head| head.beyond.last().map_or(head.upto, |(_, last)| *last));
        known.sync.forgotten = Some(Forgotten { counter: have.counter, last });
        self.read_doubtful(room, own);
    }

    /// Reads what of ours may stand under a number that was used before; if there is nothing more, we count on from what
    /// was forgotten.
    fn read_doubtful(&mut self, room: RoomId, own: DeviceId) {
        let Some(known) = self.room_mut(&room) else { return };
        let Some(Forgotten { counter, last }) = known.sync.forgotten else { return };
        if known.record.next_seq <= last {
            known.record.next_seq = last.saturating_add(1);
            // Its session is at a place that is used up.
            known.sender = None;
            known.record.sender.clear();
        }
        let mut doubtful = known.sent.range(..=last).map(|(seq, _)| *seq);
        if let Some(first) = doubtful.next() {
            let to = doubtful.next_back().unwrap_or(first);
            let (from, to) = (key::entry(&room, &own, first), key::entry(&room, &own, to));
            return self.read(Reading::Doubtful { room }, Space::RoomEntry, from, to, READ_BYTES);
        }
        known.sync.forgotten = None;
        known.record.have_counter = known.record.have_counter.max(counter);
        known.sync.signed.note(counter);
        let devices: Vec<DeviceId> = known.marks.keys().copied().collect();
        for device in devices {
            if let Some(account) = self.room(&room).and_then(|known| super::take::owner_of(known, &device)) {
                self.credit(room, account, device);
            }
        }
        self.heads_changed(room);
    }

    /// What is doubtful, out of the store: it is written again.
    pub(super) fn on_doubtful_read(&mut self, room: RoomId, records: &[Record]) {
        let own = self.own.device_id;
        for record in records {
            let Some((head, plain)) = opened(record) else { continue };
            let sent = self.room(&room).and_then(|known| known.sent.get(&head.seq)).cloned();
            let (Some(sent), Ok(content)) = (sent, room::content_of(&plain, &head)) else { continue };
            let Ok(body) = Body::decode(content.kind, &content.body) else { continue };
            if self.room_post(room, content.msg_id, &body, sent.visible).is_ok() {
                if let Some(known) = self.rooms.by_id.get_mut(&room) {
                    known.sent.remove(&head.seq);
                }
                self.drop_room_record(Space::RoomSent, key::number(&room, head.seq));
            } else {
                self.end_sent(room, head.seq, MessageState::Failed, Some(LOST));
            }
        }
        if records.is_empty() {
            self.end_doubtful(room);
        }
        self.read_doubtful(room, own);
    }

    /// What is doubtful and not on the disk.
    fn end_doubtful(&mut self, room: RoomId) {
        let Some(known) = self.room(&room) else { return };
        let Some(Forgotten { last, .. }) = known.sync.forgotten else { return };
        let lost: Vec<u64> = known.sent.range(..=last).map(|(seq, _)| *seq).collect();
        for seq in lost {
            self.end_sent(room, seq, MessageState::Failed, Some(LOST));
        }
    }
}

fn opened(record: &Record) -> Option<(Head, Vec<u8>)> {
    let kept = state::open::<KeptEntry>(record).ok()?;
    Some((Head::peek(&kept.head).ok()?, kept.plain?.into_vec()))
}
