//! What is left at the room's mailboxes (docs/spec/09-rooms.md, "The room's mailbox"): messages of ours that somebody has
//! not signed for, operations of ours, and receipts for whoever left something there and is not linked with us. A
//! promise is custody; a message stays ours until everybody has signed for it.

use super::super::command::CustodyView;
use super::super::mail::Ask;
use super::super::state;
use super::super::step::{Change, Record, Space};
use super::super::{Engine, Timer, dial::backoff};
use super::boxes::BoxKey;
use super::giving::Reading;
use super::record::{KeptAt, KeptEntry, RoomBox, key};
use super::{Room, RoomTimer};
use crate::ids::{DeviceId, MessageId, RoomId};
use crate::kdf;
use crate::mail::{Answer, Promise, Refused, Request};
use crate::room::words::{Give, Words};
use crate::room::{Entry, Head, OpId, seal};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::wire::Signed;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Messages that are read from the store to be left, at once.
const POST: usize = 64;
const READ_BYTES: usize = 512 * 1024;
/// Envelopes for one box on the way at once.
const UNDER_WAY: usize = 4;
/// Operations of ours that wait to be left, in this run. Who misses one gets it by the links.
const OPS: usize = 64;
/// Receipts and operations are gathered for this long.
const GATHER_MS: u64 = 3 * SECOND_MS;
/// Receipts are left in rooms of up to so many people. In larger ones they would be more than the messages.
const RECEIPTS: usize = 20;
/// Pauses after a mailbox did not answer or is busy, after it had no room, and after it refused.
const FIRST_PAUSE_MS: u64 = 5 * SECOND_MS;
const LAST_PAUSE_MS: u64 = 5 * MINUTE_MS;
const FIRST_FULL_MS: u64 = MINUTE_MS;
const LAST_FULL_MS: u64 = 30 * MINUTE_MS;
const REFUSED_MS: u64 = HOUR_MS;
/// A longer promise counts as this, a shorter than the second as none; one that ends within the third is renewed.
const LONGEST_MS: u64 = 60 * DAY_MS;
const SHORTEST_MS: u64 = HOUR_MS;
const AGAIN_MS: u64 = DAY_MS;
/// Promises remembered for a message: those of the boxes named, and of some before them.
const KEPT: usize = 8;

/// Deposits on their way, by number.
#[derive(Default)]
pub(super) struct Deposits(BTreeMap<u64, Deposit>);

struct Deposit {
    room: RoomId,
    at: BoxKey,
    envelope: [u8; 32],
    seqs: Vec<u64>,
    ops: Vec<OpId>,
    /// For whom there is a receipt in it.
    owed: BTreeSet<DeviceId>,
}

/// What of a room waits to be left.
#[derive(Default)]
pub(super) struct Posting {
    reading: bool,
    under_way: usize,
    /// Operations of ours, and where they lie.
    ops: VecDeque<(OpId, Signed, BTreeSet<BoxKey>)>,
    /// Whose messages came out of a box.
    owed: BTreeSet<DeviceId>,
    pauses: BTreeMap<BoxKey, Pause>,
}

#[derive(Default)]
struct Pause {
    failures: u32,
    until_ms: u64,
}

impl Engine {
    // ---- what -------------------------------------------------------------------------------------------------

    /// Operations of ours are to be left for whoever is not linked with us.
    pub(super) fn leave_ops(&mut self, room: RoomId, ops: &[Signed]) {
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let waiting = &mut known.boxes.posting.ops;
        for op in ops {
            waiting.push_back((OpId::of(op), op.clone(), BTreeSet::new()));
        }
        let over = waiting.len().saturating_sub(OPS);
        waiting.drain(..over);
        self.room_timer(room, RoomTimer::Post, GATHER_MS);
    }

    /// Messages came out of a box: their authors are owed a receipt.
    pub(super) fn owe_receipts(&mut self, room: RoomId, entries: &[Entry]) {
        let own = self.own.device_id;
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        if known.log.as_ref().is_none_or(|log| log.members().len() > RECEIPTS) {
            return;
        }
        let heads = entries.iter().filter_map(|entry| Head::peek(&entry.head).ok());
        let stored =
            |head: &Head| known.chains.get(&head.device).is_some_and(|chain| chain.stored.contains(head.seq));
        let new = heads.filter(|head| head.device != own && !stored(head)).map(|head| head.device);
        let new: Vec<DeviceId> = new.collect();
        if !new.is_empty() {
            known.boxes.posting.owed.extend(new);
            self.room_timer(room, RoomTimer::Post, GATHER_MS);
        }
    }

    /// The boxes that may be asked now. Comes back when others may.
    fn open_boxes(&mut self, room: RoomId) -> Vec<RoomBox> {
        let now_ms = self.now.mono_ms;
        let Some(known) = self.room(&room).filter(|known| known.is_live()) else { return Vec::new() };
        let there = known.record.boxes.iter().filter(|held| held.named || held.over_lived_ms.is_some());
        let pauses = &known.boxes.posting.pauses;
        let until = |held: &&RoomBox| pauses.get(&held.key()).map_or(0, |pause| pause.until_ms);
        let (open, paused): (Vec<&RoomBox>, Vec<&RoomBox>) = there.partition(|held| until(held) <= now_ms);
        let next_ms = paused.iter().filter(|held| held.named).map(until).min();
        let mut open: Vec<RoomBox> = open.into_iter().cloned().collect();
        open.retain(|held| self.has_room_for_ask(&held.place.id));
        if let Some(at_ms) = next_ms {
            self.timers.set_earlier(Timer::Room(room, RoomTimer::Post), at_ms);
        }
        open
    }

    /// Messages of ours that somebody has not got go to the room's mailboxes.
    pub(super) fn post_to_boxes(&mut self, room: RoomId) {
        let own = self.own.device_id;
        if self.is_invisible() {
            return;
        }
        let (open, unlinked) = (self.open_boxes(room), self.unlinked(room));
        let Some(known) = self.rooms.by_id.get_mut(&room).filter(|known| known.is_live()) else { return };
        let posting = &mut known.boxes.posting;
        posting.owed.retain(|device| unlinked.contains(device));
        if unlinked.is_empty() {
            posting.ops.clear();
        }
        if posting.reading || posting.under_way > 0 || open.is_empty() {
            return;
        }
        let lacks = |seq: &&u64| open.iter().any(|held| known.lacks_deposit(**seq, held));
        let seqs: Vec<u64> = known.sent.keys().filter(lacks).take(POST).copied().collect();
        let (Some(first), Some(last)) = (seqs.first(), seqs.last()) else {
            return self.leave(room, &[]);
        };
        known.boxes.posting.reading = true;
        let (from, to) = (key::entry(&room, &own, *first), key::entry(&room, &own, *last));
        self.read(Reading::Post { room }, Space::RoomEntry, from, to, READ_BYTES);
    }

    /// They are here, out of the store.
    pub(super) fn on_post_read(&mut self, room: RoomId, records: &[Record]) {
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        known.boxes.posting.reading = false;
        let kept = records.iter().filter_map(|record| state::open::<KeptEntry>(record).ok());
        let entries = kept.filter_map(|kept| {
            let entry = kept.sealed()?;
            Some((Head::peek(&entry.head).ok()?.seq, entry))
        });
        let entries: Vec<(u64, Entry)> = entries.collect();
        self.leave(room, &entries);
    }

    // ---- leaving ----------------------------------------------------------------------------------------------

    /// Leaves what waits at every box that may be asked.
    fn leave(&mut self, room: RoomId, entries: &[(u64, Entry)]) {
        let open = self.open_boxes(room);
        let owes = self.room(&room).is_some_and(|known| !known.boxes.posting.owed.is_empty());
        let receipt = if owes { self.own_have(room) } else { None };
        for held in open {
            let Some(known) = self.room(&room) else { return };
            let at = held.key();
            let mut give = Give::empty(room);
            let ops = known.boxes.posting.ops.iter().filter(|(_, _, done)| !done.contains(&at));
            give.ops = ops.map(|(_, op, _)| op.clone()).collect();
            if held.named {
                let lacking = entries.iter().filter(|(seq, _)| known.lacks_deposit(*seq, &held));
                give.entries = lacking.map(|(_, entry)| entry.clone()).collect();
                give.marks = receipt.iter().cloned().collect();
            }
            if give == Give::empty(room) {
                continue;
            }
            for batch in Give::batches(give).into_iter().take(UNDER_WAY) {
                self.leave_batch(room, &held, batch);
            }
        }
        if let Some(known) = self.rooms.by_id.get_mut(&room) {
            known.boxes.posting.owed.clear();
        }
    }

    fn leave_batch(&mut self, room: RoomId, held: &RoomBox, batch: Give) {
        let Some(known) = self.room(&room) else { return };
        let Some(secret) = known.secret() else { return };
        let owed = if batch.marks.is_empty() { BTreeSet::new() } else { known.boxes.posting.owed.clone() };
        let seqs = batch.entries.iter().filter_map(|entry| Head::peek(&entry.head).ok());
        let seqs: Vec<u64> = seqs.map(|head| head.seq).collect();
        let ops: Vec<OpId> = batch.ops.iter().map(OpId::of).collect();
        let frame = Words::Give(Box::new(batch)).encode().ok();
        let Some(envelope) = frame.and_then(|frame| seal::box_seal(&secret, &frame)) else { return };
        let (number, place) = (self.number(), self.place_of_box(held));
        let deposit = Deposit { room, at: held.key(), envelope: kdf::hash(&envelope), seqs, ops, owed };
        let token = seal::box_deposit(&held.place.secret);
        let request = Request::Deposit { queue: held.queue(), token, envelope };
        if !self.ask_mailbox(&place, Ask::RoomDeposit(number), request) {
            return self.pause_deposits(&deposit, FIRST_PAUSE_MS, LAST_PAUSE_MS);
        }
        self.rooms.deposits.0.insert(number, deposit);
        if let Some(known) = self.rooms.by_id.get_mut(&room) {
            known.boxes.posting.under_way = known.boxes.posting.under_way.saturating_add(1);
        }
    }

    /// The answer to a deposit; `None`: there is none.
    pub(super) fn deposit_left(&mut self, number: u64, answer: Option<Answer>) {
        let Some(deposit) = self.rooms.deposits.0.remove(&number) else { return };
        let Some(known) = self.rooms.by_id.get_mut(&deposit.room) else { return };
        known.boxes.posting.under_way = known.boxes.posting.under_way.saturating_sub(1);
        match answer {
            Some(Answer::Promise(signed)) => {
                let (mailbox, queue) = deposit.at;
                let promise = Promise::open(&signed, &mailbox, &queue, &deposit.envelope);
                let kept_ms = promise.map_or(0, |said| u64::from(said.kept_s).saturating_mul(SECOND_MS));
                if kept_ms < SHORTEST_MS {
                    self.pause_deposits(&deposit, REFUSED_MS, REFUSED_MS);
                } else {
                    self.deposit_kept(&deposit, kept_ms.min(LONGEST_MS));
                }
            }
            Some(Answer::Refused(Refused::Full)) => {
                self.pause_deposits(&deposit, FIRST_FULL_MS, LAST_FULL_MS);
            }
            Some(Answer::Refused(Refused::Unknown | Refused::Malformed | Refused::Grant)) => {
                self.pause_deposits(&deposit, REFUSED_MS, REFUSED_MS);
            }
            _ => self.pause_deposits(&deposit, FIRST_PAUSE_MS, LAST_PAUSE_MS),
        }
        self.room_timer(deposit.room, RoomTimer::Post, 0);
    }

    /// A box is left alone for a while; what was to lie there waits. Several answers at once count once.
    fn pause_deposits(&mut self, deposit: &Deposit, first_ms: u64, last_ms: u64) {
        let now_ms = self.now.mono_ms;
        let Some(known) = self.rooms.by_id.get_mut(&deposit.room) else { return };
        let posting = &mut known.boxes.posting;
        posting.owed.extend(&deposit.owed);
        let pause = posting.pauses.entry(deposit.at).or_default();
        if pause.until_ms <= now_ms {
            pause.failures = pause.failures.saturating_add(1);
            pause.until_ms = now_ms.saturating_add(backoff(first_ms, last_ms, pause.failures));
        }
        let until_ms = pause.until_ms;
        self.timers.set_earlier(Timer::Room(deposit.room, RoomTimer::Post), until_ms);
    }

    // ---- custody ----------------------------------------------------------------------------------------------

    fn deposit_kept(&mut self, deposit: &Deposit, kept_ms: u64) {
        let until_lived_ms = self.lived_ms().saturating_add(kept_ms);
        let (room, (mailbox, queue)) = (deposit.room, deposit.at);
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let posting = &mut known.boxes.posting;
        posting.pauses.remove(&deposit.at);
        for (op, _, done) in &mut posting.ops {
            if deposit.ops.contains(op) {
                done.insert(deposit.at);
            }
        }
        let boxes: Vec<BoxKey> =
            known.record.boxes.iter().filter(|held| held.named).map(RoomBox::key).collect();
        let everywhere = |done: &BTreeSet<BoxKey>| boxes.iter().all(|at| done.contains(at));
        posting.ops.retain(|(_, _, done)| !everywhere(done));
        let mut told = Vec::new();
        for seq in &deposit.seqs {
            let Some(sent) = known.sent.get_mut(seq) else { continue };
            sent.kept.retain(|kept| (kept.mailbox, kept.queue) != deposit.at);
            if sent.kept.len() >= KEPT {
                sent.kept.remove(0);
            }
            sent.kept.push(KeptAt { mailbox, queue, until_lived_ms });
            self.changes.extend(state::put(Space::RoomSent, key::number(&room, *seq), sent));
            if sent.visible {
                told.push((sent.msg_id, sent.to.clone(), sent.kept.clone()));
            }
        }
        for (message, to, kept) in told {
            let (mailboxes, until) = (mailboxes(&kept), self.wall_of(&kept));
            for account in to {
                let at = self.now.wall_ms;
                self.change(Change::Custody { message, account, mailboxes, until, at });
            }
        }
    }

    /// When the last of some promises ends, by the wall clock.
    fn wall_of(&self, kept: &[KeptAt]) -> crate::time::WallMs {
        let last = kept.iter().map(|kept| kept.until_lived_ms).max().unwrap_or(0);
        let left_ms = i64::try_from(last.saturating_sub(self.lived_ms())).unwrap_or(i64::MAX);
        self.now.wall_ms.saturating_add(left_ms)
    }

    /// Which mailboxes keep a message of ours in a room, by account that has not signed for it.
    pub(in super::super) fn room_custody(&self, message: MessageId) -> Vec<CustodyView> {
        let lived_ms = self.lived_ms();
        let mut sent = self.rooms.by_id.values().flat_map(|known| known.sent.values());
        let Some(sent) = sent.find(|sent| sent.msg_id == message) else { return Vec::new() };
        let kept = sent.kept.iter().filter(|kept| kept.until_lived_ms > lived_ms);
        let views = kept.flat_map(|kept| {
            let until = self.wall_of(&[*kept]);
            sent.to.iter().map(move |account| CustodyView { account: *account, mailbox: kept.mailbox, until })
        });
        views.collect()
    }

    /// What is promised for little longer is left once more; what could not be left is tried again.
    pub(super) fn renew_deposits(&mut self, room: RoomId, lived_ms: u64) {
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        for (seq, sent) in &mut known.sent {
            let before = sent.kept.len();
            sent.kept.retain(|kept| kept.until_lived_ms > lived_ms.saturating_add(AGAIN_MS));
            if sent.kept.len() != before {
                self.changes.extend(state::put(Space::RoomSent, key::number(&room, *seq), sent));
            }
        }
        if !known.sent.is_empty() {
            self.room_timer(room, RoomTimer::Post, 0);
        }
    }
}

impl Room {
    /// Whether a message of ours should lie in a box and does not.
    fn lacks_deposit(&self, seq: u64, held: &RoomBox) -> bool {
        let kept = |kept: &KeptAt| (kept.mailbox, kept.queue) == held.key();
        held.named && self.sent.get(&seq).is_some_and(|sent| !sent.kept.iter().any(kept))
    }
}

/// How many mailboxes promised something.
fn mailboxes(kept: &[KeptAt]) -> u8 {
    let all: BTreeSet<_> = kept.iter().map(|kept| kept.mailbox).collect();
    u8::try_from(all.len()).unwrap_or(u8::MAX)
}
