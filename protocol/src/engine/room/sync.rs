//! What is said about a room on live links (docs/spec/09-rooms.md, "Frames of a link"): both tell what they have, each
//! asks for what it lacks and the other has, and gives what it is asked for. Whatever was lost on a faster road comes
//! this way.
//!
//! ```text
//!  news ──100 ms──► Heads ───────────────► compare ──► Ask ──► read ──► Give ──► take ──► news
//!  own message ──► Give at once
//! ```

use super::super::Engine;
use super::super::live::FrameOut;
use super::super::net::{LinkId, Verdict};
use super::super::receive::Road;
use super::super::state::{self, LoadError};
use super::super::step::{Record, Space};
use super::record::{KeptEntry, key};
use super::take::EARLY_MS;
use super::{Room, RoomTimer, setback};
use crate::ids::{AccountId, DeviceId, RoomId};
use crate::room::words::{Ask, Give, Heads, NAMES, RANGES, Words};
use crate::room::{Entry, Have, Head, Inserted, Log, OpError, OpId};
use crate::time::SECOND_MS;
use crate::wire::Signed;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// News are gathered for this long before all neighbours are told. Longer leaves who lost something without it; every
/// message makes everybody tell everybody, so shorter costs much in a large room.
const TELL_MS: u64 = SECOND_MS;
/// Who wrote something that came is told sooner: it is the receipt. Longer makes `delivered` late.
const RECEIPT_MS: u64 = 20;
/// Between two such tellings of a room. Longer makes `delivered` late when many write; shorter signs once for each message.
const RECEIPT_PAUSE_MS: u64 = 100;
/// In rooms of up to so many people everybody is told, with every news, who signed for what, and whose cards there are.
/// In larger ones that would be most of what is said: they are told by the minute.
const SMALL: usize = 20;
const FULL_MS: u64 = 60 * SECOND_MS;
/// What was asked of one neighbour and did not come is asked of another after this.
const ASK_MS: u64 = 5 * SECOND_MS;
/// A message whose key has not come by now is asked for opened.
pub(super) const UNOPENED_MS: u64 = 2 * SECOND_MS;
/// Messages asked for at once. They come in one go, so this bounds what a link has to hold.
const ASK_COUNT: u64 = 256;
/// So many of the newest messages of a device are asked for before older ones of any. They are what a newcomer reads
/// first; more would only let edits among them wait for what they edit.
const NEWEST_COUNT: u64 = 64;
/// Bytes read for one answer.
const GIVE_READ_BYTES: usize = 512 * 1024;
/// Ranges somebody asked for that wait to be read, one after another. What is beyond is forgotten, and asked for again.
/// Fewer makes who lacks much wait; more would only help who asks for everything again and again.
const WANTS: usize = 2 * RANGES;
/// Ranges that were asked of one neighbour and have not come, at most: who says they have everything makes us remember
/// no more.
const ASKED: usize = 4 * RANGES;
/// What nobody could give us opened for a minute is asked for this often.
const SEALED_MS: u64 = crate::time::MINUTE_MS;
/// We tell a neighbour who lacks something what we have again, but not sooner than this.
const REMIND_MS: u64 = 2 * SECOND_MS;

/// What records that were asked for are wanted for.
pub(super) enum Reading {
    /// Messages that wait, to be opened and applied.
    Waiting { room: RoomId, device: DeviceId },
    /// Messages somebody asked for.
    Give { room: RoomId, to: DeviceId, of: DeviceId, open: bool },
    /// Our messages that go to the room's mailboxes.
    Post { room: RoomId },
    /// Our messages whose numbers may have been used before.
    Doubtful { room: RoomId },
}

/// A range of a device's messages that somebody asked for.
pub(super) struct Want {
    room: RoomId,
    range: (DeviceId, u64, u64),
    open: bool,
}

/// How far we and our neighbours are.
#[derive(Default)]
pub(super) struct Sync {
    /// Operations out of the store, until all are there.
    loaded: Vec<Signed>,
    /// What we have changed since [`Self::mine`] was signed.
    pub changed: bool,
    pub mine: Option<Signed>,
    /// What we signed; what we signed and do not know.
    pub signed: setback::Signed,
    pub forgotten: Option<setback::Forgotten>,
    theirs: BTreeMap<DeviceId, Have>,
    /// When we told them last.
    told_ms: BTreeMap<DeviceId, u64>,
    /// When we told them last of others' receipts and cards.
    full_ms: BTreeMap<DeviceId, u64>,
    /// Neighbours who wrote something we have not signed for, and when we last signed for anything.
    owed: BTreeSet<DeviceId>,
    paid_ms: u64,
    /// What was asked of whom, and when.
    pub asked: BTreeMap<(DeviceId, u64), (u64, DeviceId, u64)>,
    ops_asked_ms: Option<u64>,
    /// When something came that was written before we did.
    pub history_ms: Option<u64>,
}

impl Sync {
    pub fn load_op(&mut self, signed: Signed) {
        self.loaded.push(signed);
    }
}

/// Why a neighbour is told what we have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// They wrote something that came.
    Receipt,
    /// Something is new, or they are.
    News,
}

impl Engine {
    /// The members of a room out of its stored operations.
    pub(super) fn load_log(&mut self, room: RoomId) -> Result<(), LoadError> {
        let broken = || LoadError { space: Space::RoomOp };
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return Ok(()) };
        let mut ops = std::mem::take(&mut known.sync.loaded);
        if ops.is_empty() {
            return Ok(());
        }
        let first = ops.iter().position(|op| OpId::of(op).0 == room.0).ok_or_else(broken)?;
        let mut log = Log::create(&ops.swap_remove(first)).map_err(|_| broken())?;
        for op in ops {
            log.insert(op).map_err(|_| broken())?;
        }
        known.log = Some(log);
        known.sync.changed = true;
        Ok(())
    }

    // ---- telling ----------------------------------------------------------------------------------------------

    /// What we have of a room is not what we told.
    pub(super) fn heads_changed(&mut self, room: RoomId) {
        let Some(known) = self.rooms.by_id.get_mut(&room).filter(|known| known.is_live()) else { return };
        known.sync.changed = true;
        self.room_timer(room, RoomTimer::Tell, TELL_MS);
    }

    /// A message of a device is here: if it has a link with us, it is soon told.
    pub(super) fn owe_receipt(&mut self, room: RoomId, device: DeviceId) {
        if device == self.own.device_id || self.live_link(device).is_none() {
            return;
        }
        let now_ms = self.now.mono_ms;
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        known.sync.owed.insert(device);
        let pause_ms = RECEIPT_PAUSE_MS.saturating_sub(now_ms.saturating_sub(known.sync.paid_ms));
        self.room_timer(room, RoomTimer::Receipt, pause_ms.max(RECEIPT_MS));
    }

    pub(super) fn pay_receipts(&mut self, room: RoomId) {
        let now_ms = self.now.mono_ms;
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        known.sync.paid_ms = now_ms;
        for device in std::mem::take(&mut known.sync.owed) {
            self.tell_heads_to(room, device, Telling::Receipt);
        }
    }

    pub(super) fn tell_heads(&mut self, room: RoomId) {
        for device in self.neighbours(room) {
            self.tell_heads_to(room, device, Telling::News);
        }
        self.gossip_have(room);
    }

    fn tell_heads_to(&mut self, room: RoomId, device: DeviceId, telling: Telling) {
        let Some(have) = self.own_have(room) else { return };
        let (now_ms, all_cards) = (self.now.mono_ms, self.room_cards(room));
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let Some(log) = &known.log else { return };
        let small = log.members().len() <= SMALL;
        let full_ms = known.sync.full_ms.get(&device).copied();
        let due = full_ms.is_none_or(|at_ms| now_ms.saturating_sub(at_ms) >= FULL_MS);
        let (mut marks, mut cards) = (Vec::new(), Vec::new());
        if telling == Telling::News && (small || due) {
            cards = all_cards;
            // Who has just come needs to know where others are, and not yet who signed for what.
            if small || full_ms.is_some() {
                let held = known.marks.iter().map(|(device, mark)| (*device, mark.have.counter));
                marks = held.take(NAMES).collect();
            }
            known.sync.full_ms.insert(device, now_ms);
        }
        let heads = Heads { room, tips: log.tips(), have, marks, cards };
        known.sync.told_ms.insert(device, now_ms);
        self.frame_to(device, &FrameOut::Room(Box::new(Words::Heads(Box::new(heads)))));
        if let Some(link) = self.live_link(device) {
            self.admit(link);
        }
    }

    /// Devices of members that have a live link with us.
    pub(super) fn neighbours(&self, room: RoomId) -> Vec<DeviceId> {
        let Some(known) = self.room(&room).filter(|known| known.is_live()) else { return Vec::new() };
        let Some(log) = &known.log else { return Vec::new() };
        let linked: BTreeSet<DeviceId> =
            self.live_links().into_iter().filter_map(|link| self.links.get(&link)?.device).collect();
        linked
            .into_iter()
            .filter(|device| {
                let account = self.peers.get(device).map(super::super::Peer::account);
                account.is_some_and(|account| log.members().is_member(&account))
            })
            .collect()
    }

    /// Rooms that somebody is in with us.
    pub(super) fn rooms_with(&self, account: &AccountId) -> Vec<RoomId> {
        let shared = |known: &Room| {
            known.is_live() && known.log.as_ref().is_some_and(|log| log.members().is_member(account))
        };
        self.rooms.by_id.iter().filter(|(_, known)| shared(known)).map(|(room, _)| *room).collect()
    }

    /// A live link came up: what is there of the rooms of both is told.
    pub(in super::super) fn rooms_link_up(&mut self, device: DeviceId) {
        let Some(account) = self.peers.get(&device).map(super::super::Peer::account) else { return };
        for room in self.rooms_with(&account) {
            self.tell_heads_to(room, device, Telling::News);
        }
    }

    /// The last live link to a device is gone.
    pub(in super::super) fn rooms_link_lost(&mut self, device: DeviceId) {
        self.rooms.wants.remove(&device);
        for known in self.rooms.by_id.values_mut() {
            known.sync.theirs.remove(&device);
            known.sync.told_ms.remove(&device);
            known.sync.full_ms.remove(&device);
            known.sync.owed.remove(&device);
        }
    }

    /// A message of ours goes at once to whoever is there.
    pub(super) fn push_entry(&mut self, room: RoomId, entry: Entry) {
        let give = Give { entries: vec![entry], ..Give::empty(room) };
        for device in self.neighbours(room) {
            self.frame_to(device, &FrameOut::Room(Box::new(Words::Give(Box::new(give.clone())))));
        }
    }

    /// Operations of ours go at once to whoever is there, and by gossip.
    pub(super) fn push_ops(&mut self, room: RoomId, ops: Vec<Signed>) {
        let give = Give { ops, ..Give::empty(room) };
        for device in self.neighbours(room) {
            self.frame_to(device, &FrameOut::Room(Box::new(Words::Give(Box::new(give.clone())))));
        }
        self.gossip_give(room, &give);
        self.leave_ops(room, &give.ops);
        self.stale = true;
    }

    // ---- hearing ----------------------------------------------------------------------------------------------

    /// Something about a room on a live link.
    pub(in super::super) fn on_room_words(
        &mut self,
        link: LinkId,
        device: DeviceId,
        words: Words,
        road: Road,
    ) {
        match words {
            Words::Heads(heads) => self.on_heads(device, &heads),
            Words::Ask(ask) => self.on_ask(device, &ask),
            Words::Give(give) => self.on_give(Some(device), *give, road.name()),
            Words::Ready => self.on_ready(link),
        }
    }

    pub(super) fn is_of_room(&self, room: RoomId, device: DeviceId) -> bool {
        let account = self.peers.get(&device).map(super::super::Peer::account);
        let log = self.room(&room).filter(|known| known.is_live()).and_then(|known| known.log.as_ref());
        account.zip(log).is_some_and(|(account, log)| log.members().is_member(&account))
    }

    pub(super) fn on_heads(&mut self, device: DeviceId, heads: &Heads) {
        let room = heads.room;
        let Some(known) = self.room(&room).filter(|known| known.is_live()) else { return };
        let Some(log) = &known.log else { return };
        let news = heads.tips.iter().any(|tip| !log.contains(tip));
        if !self.is_of_room(room, device) {
            // Perhaps let in by somebody whose word has not come yet: then they can show it.
            if news {
                self.send_ask(device, Ask { tips: self.landmarks(room), ..empty_ask(room) });
            }
            self.show_out(room, device, &heads.tips);
            return;
        }
        let own = self.own.device_id;
        if heads.marks.iter().any(|(of, counter)| *of == own && !known.sync.signed.knows(*counter)) {
            // They have something by us that we know nothing of: that first.
            return self.send_ask(device, Ask { marks: vec![own], ..empty_ask(room) });
        }
        self.take_mark(room, &heads.have);
        let Ok(have) = Have::peek(&heads.have) else { return };
        if have.device != device || have.room != room {
            return;
        }
        let now_ms = self.now.mono_ms;
        let behind = self.is_behind(room, &have, &heads.tips);
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let told_ms = known.sync.told_ms.get(&device).copied().unwrap_or(0);
        known.sync.theirs.insert(device, have);
        if behind && now_ms.saturating_sub(told_ms) >= REMIND_MS {
            self.tell_heads_to(room, device, Telling::News);
        }
        self.ask_device(room, device, Some(heads), false);
    }

    /// What to ask for operations with.
    fn landmarks(&self, room: RoomId) -> Vec<OpId> {
        self.room(&room).and_then(|known| known.log.as_ref()).map(Log::landmarks).unwrap_or_default()
    }

    /// Whether a neighbour lacks something that we have.
    fn is_behind(&self, room: RoomId, have: &Have, tips: &[OpId]) -> bool {
        let Some(known) = self.room(&room) else { return false };
        let lacks = |(device, chain): (&DeviceId, &super::chain::Chain)| {
            let last = chain.applied.last();
            last > 0 && !have.covers(device, last)
        };
        known.chains.iter().any(lacks)
            || known.log.as_ref().is_some_and(|log| log.tips().iter().any(|tip| !tips.contains(tip)))
    }

    /// Asks a neighbour for what it has and we have not.
    fn ask_device(&mut self, room: RoomId, device: DeviceId, heads: Option<&Heads>, again: bool) {
        let (mut ask, now_ms) = (empty_ask(room), self.now.mono_ms);
        if let Some(heads) = heads {
            let cards = self.wanted_cards(room, &heads.cards);
            let Some(known) = self.room(&room) else { return };
            let newer = |(device, counter): &&(DeviceId, u64)| {
                *device != self.own.device_id
                    && known.marks.get(device).is_none_or(|mark| mark.have.counter < *counter)
            };
            ask.marks = heads.marks.iter().filter(newer).map(|(device, _)| *device).collect();
            ask.cards = cards;
            if known.log.as_ref().is_some_and(|log| heads.tips.iter().any(|tip| !log.contains(tip))) {
                ask.tips = self.landmarks(room);
            }
        }
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let sync = &mut known.sync;
        let Some(theirs) = sync.theirs.get(&device) else { return };
        let free = ASKED.saturating_sub(sync.asked.values().filter(|(_, of, _)| *of == device).count());
        let (mut newest, mut older) = (Vec::new(), Vec::new());
        for head in &theirs.heads {
            let last = head.beyond.last().map_or(head.upto, |(_, to)| *to);
            let wanted = known.chains.entry(head.device).or_default().wanted(last);
            let theirs = [(1, head.upto)].into_iter().chain(head.beyond.iter().copied());
            for (from, to) in overlaps(&wanted, &theirs.collect::<Vec<_>>()) {
                let first = last.saturating_sub(NEWEST_COUNT).saturating_add(1).max(from);
                if first <= to {
                    newest.push((head.device, first, to));
                }
                if from < first {
                    older.push((head.device, from, to.min(first.saturating_sub(1))));
                }
            }
        }
        let mut left = ASK_COUNT;
        let count = newest.len();
        for (at, (of, from, to)) in newest.into_iter().chain(older).enumerate() {
            if at == count && !ask.ranges.is_empty() {
                break;
            }
            let busy = sync.asked.get(&(of, from)).is_some_and(|(_, asked, at_ms)| {
                (*asked == device && !again) || now_ms.saturating_sub(*at_ms) < ASK_MS
            });
            if busy || left == 0 || ask.ranges.len() >= RANGES.min(free) {
                continue;
            }
            let to = to.min(from.saturating_add(left.saturating_sub(1)));
            left = left.saturating_sub(to.saturating_sub(from).saturating_add(1));
            sync.asked.insert((of, from), (to, device, now_ms));
            ask.ranges.push((of, from, to));
        }
        known.chains.retain(|_, chain| *chain != super::chain::Chain::default());
        if !ask.ranges.is_empty() {
            self.room_timer(room, RoomTimer::Ask, ASK_MS);
        }
        self.send_ask(device, ask);
    }

    fn send_ask(&mut self, device: DeviceId, ask: Ask) {
        let empty =
            ask.tips.is_empty() && ask.ranges.is_empty() && ask.marks.is_empty() && ask.cards.is_empty();
        if !empty {
            self.frame_to(device, &FrameOut::Room(Box::new(Words::Ask(Box::new(ask)))));
        }
    }

    /// Operations are named that we do not have.
    pub(super) fn ask_ops(&mut self, room: RoomId) {
        let now_ms = self.now.mono_ms;
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        if known.sync.ops_asked_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < SECOND_MS) {
            self.room_timer(room, RoomTimer::Ask, ASK_MS);
            return;
        }
        known.sync.ops_asked_ms = Some(now_ms);
        let tips = self.landmarks(room);
        for device in self.neighbours(room) {
            self.send_ask(device, Ask { tips: tips.clone(), ..empty_ask(room) });
        }
    }

    /// What was asked for and did not come is asked of others; what cannot be opened, of somebody who can.
    pub(super) fn ask_again(&mut self, room: RoomId) {
        let now_ms = self.now.mono_ms;
        let mut neighbours = self.neighbours(room);
        if !neighbours.is_empty() {
            // Not the same first each time: it may be the one that does not answer.
            let first = usize::try_from(self.rng.below(neighbours.len() as u64)).unwrap_or(0);
            neighbours.rotate_left(first);
        }
        let Some(known) = self.rooms.by_id.get_mut(&room).filter(|known| known.is_live()) else { return };
        let sync = &mut known.sync;
        sync.asked.retain(|(device, from), (to, _, at_ms)| {
            let missing = known.chains.get(device).is_none_or(|chain| !chain.wanted(*to).is_empty());
            missing && *from <= *to && now_ms.saturating_sub(*at_ms) < ASK_MS
        });
        known.early.retain(|early| now_ms.saturating_sub(early.since_ms) < EARLY_MS);
        let early = !known.early.is_empty();
        let sealed = known.waiting.iter().filter(|(_, waiting)| waiting.session.is_some());
        let newest_ms = sealed.clone().map(|(_, waiting)| waiting.since_ms).max().unwrap_or(0);
        let fresh = now_ms.saturating_sub(newest_ms) < SEALED_MS;
        let mut sealed: Vec<(DeviceId, u64)> = sealed.map(|(at, _)| *at).collect();
        if sealed.len() > RANGES {
            // Not the same first each time: nobody may have their key.
            let first = usize::try_from(self.rng.below(sealed.len() as u64)).unwrap_or(0);
            sealed.rotate_left(first);
            sealed.truncate(RANGES);
        }
        let asked = !sync.asked.is_empty();
        if early {
            self.ask_ops(room);
        }
        for device in &neighbours {
            self.ask_device(room, *device, None, true);
        }
        if let Some(device) = neighbours.first().filter(|_| !sealed.is_empty()) {
            let ranges = sealed.iter().map(|(device, seq)| (*device, *seq, *seq)).collect();
            self.send_ask(*device, Ask { ranges, open: true, ..empty_ask(room) });
        }
        if asked || early || !sealed.is_empty() {
            self.room_timer(room, RoomTimer::Ask, if asked || early || fresh { ASK_MS } else { SEALED_MS });
        }
    }

    // ---- giving -----------------------------------------------------------------------------------------------

    pub(super) fn on_ask(&mut self, device: DeviceId, ask: &Ask) {
        let room = ask.room;
        if !self.is_of_room(room, device) {
            return;
        }
        let Some(known) = self.room(&room) else { return };
        let mut give = Give::empty(room);
        if let Some(log) = known.log.as_ref().filter(|_| !ask.tips.is_empty()) {
            give.ops = log.missing_for(&ask.tips).iter().filter_map(|id| log.get(id).cloned()).collect();
        }
        let marks = ask.marks.iter().filter_map(|device| known.marks.get(device));
        give.marks = marks.map(|mark| mark.signed.clone()).collect();
        give.cards = ask.cards.iter().filter_map(|device| self.card_in_room(room, device)).collect();
        if !(give.ops.is_empty() && give.marks.is_empty() && give.cards.is_empty()) {
            self.send_give(device, give);
        }
        let wants = self.rooms.wants.entry(device).or_default();
        let ranges = ask.ranges.iter().map(|range| Want { room, range: *range, open: ask.open });
        wants.extend(ranges.take(WANTS.saturating_sub(wants.len())));
        self.read_wanted(device);
    }

    /// Reads the next of what somebody asked for: one at a time, so that who asks for much is in nobody's way.
    fn read_wanted(&mut self, to: DeviceId) {
        let is_theirs =
            |reading: &Reading| matches!(reading, Reading::Give { to: other, .. } if *other == to);
        if self.rooms.reads.values().any(is_theirs) {
            return;
        }
        match self.rooms.wants.get_mut(&to).and_then(VecDeque::pop_front) {
            Some(Want { room, range: (of, from, last), open }) => {
                let (first, last) = (key::entry(&room, &of, from), key::entry(&room, &of, last));
                self.read(
                    Reading::Give { room, to, of, open },
                    Space::RoomEntry,
                    first,
                    last,
                    GIVE_READ_BYTES,
                );
            }
            None => {
                self.rooms.wants.remove(&to);
            }
        }
    }

    pub(super) fn send_give(&mut self, device: DeviceId, give: Give) {
        for batch in Give::batches(give) {
            self.frame_to(device, &FrameOut::Room(Box::new(Words::Give(Box::new(batch)))));
        }
    }

    /// Messages somebody asked for, out of the store: those they are entitled to.
    pub(super) fn give_read(
        &mut self,
        room: RoomId,
        (to, of): (DeviceId, DeviceId),
        open: bool,
        records: &[Record],
    ) {
        if !self.is_of_room(room, to) {
            return;
        }
        let account = self.peers.get(&to).map(super::super::Peer::account);
        let log = self.room(&room).and_then(|known| known.log.as_ref());
        let (Some(account), Some(log)) = (account, log) else { return };
        let mut give = Give::empty(room);
        let mut void = 0;
        for record in records {
            let Ok(kept) = state::open::<KeptEntry>(record) else { continue };
            let Ok(head) = Head::peek(&kept.head) else { continue };
            if log.members().is_for(&account, &of, head.seq, head.depth) {
                give.entries.extend(if open { kept.opened() } else { kept.best() });
            } else {
                void = head.seq;
            }
        }
        if void > 0 {
            give.void.push((of, 1, void));
        }
        if open && give == Give::empty(room) {
            return;
        }
        // What we do not have ourselves is not here: the other asks somebody else, and us for what did not fit.
        self.send_give(to, give);
    }

    /// Records that were asked for are here.
    pub(super) fn on_room_read(&mut self, purpose: Reading, records: &[Record]) {
        match purpose {
            Reading::Waiting { room, device } => self.on_waiting_read(room, device, records),
            Reading::Give { room, to, of, open } => {
                self.give_read(room, (to, of), open, records);
                self.read_wanted(to);
            }
            Reading::Post { room } => self.on_post_read(room, records),
            Reading::Doubtful { room } => self.on_doubtful_read(room, records),
        }
    }

    // ---- taking -----------------------------------------------------------------------------------------------

    /// Something given to us, by a link or out of the room's mailbox (then without a device).
    pub(super) fn on_give(&mut self, from: Option<DeviceId>, give: Give, via: &'static str) {
        let room = give.room;
        if !self.room(&room).is_some_and(Room::is_live) {
            return;
        }
        let told: Vec<OpId> = give.ops.iter().map(OpId::of).collect();
        self.take_ops(room, give.ops);
        if let Some(from) = from.filter(|from| !told.is_empty() && !self.is_of_room(room, *from)) {
            self.show_out(room, from, &told);
        }
        if from.is_some_and(|from| !self.is_of_room(room, from)) {
            return;
        }
        for card in &give.cards {
            self.take_room_card(room, card);
        }
        for entry in give.entries {
            let road = match Head::peek(&entry.head) {
                Ok(head) if from.is_none_or(|from| from == head.device) => via,
                _ => "room",
            };
            self.take_entry(room, entry, road);
        }
        for (device, first, last) in give.void {
            if self.is_before_us(room, &device, last) {
                self.void(room, device, first, last);
            }
        }
        for mark in &give.marks {
            self.take_mark(room, mark);
        }
        if let Some(from) = from.filter(|_| !give.more) {
            self.forget_asked(room);
            self.ask_device(room, from, None, false);
        }
    }

    /// Whether numbers up to this were written before we came in: only such may be kept from us.
    fn is_before_us(&self, room: RoomId, device: &DeviceId, last: u64) -> bool {
        let log = self.room(&room).and_then(|known| known.log.as_ref());
        log.is_some_and(|log| {
            let (members, own) = (log.members(), &self.own.account);
            // Who may read all there is is kept from nothing.
            members.member(own).is_some_and(|own| own.since > 0) && members.horizon(own, device) >= last
        })
    }

    fn forget_asked(&mut self, room: RoomId) {
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let chains = &known.chains;
        known.sync.asked.retain(|(device, from), (to, _, _)| {
            let missing =
                |chain: &super::chain::Chain| chain.wanted(*to).iter().any(|(a, b)| *a <= *to && *from <= *b);
            chains.get(device).is_none_or(missing)
        });
    }

    /// Operations that came. What they change is told, and what waited for them is looked at again.
    /// The answer is what they are worth telling on.
    pub(super) fn take_ops(&mut self, room: RoomId, ops: Vec<Signed>) -> Verdict {
        let Some(known) = self.rooms.by_id.get_mut(&room).filter(|_| !ops.is_empty()) else {
            return Verdict::Ignore;
        };
        let Some(log) = &mut known.log else { return Verdict::Ignore };
        let before = log.members().clone();
        let (mut fresh, mut verdict) = (Vec::new(), Verdict::Ignore);
        for op in ops {
            match log.insert(op) {
                Ok(Inserted::New(ids)) => {
                    fresh.extend(ids.iter().filter_map(|id| log.get(id).map(|signed| (*id, signed.clone()))))
                }
                Ok(Inserted::Known | Inserted::Waits) | Err(OpError::Full) => {}
                Err(_) => verdict = Verdict::Reject,
            }
        }
        if fresh.is_empty() {
            return verdict;
        }
        for (id, signed) in &fresh {
            self.changes.extend(state::put(Space::RoomOp, key::hashed(&room, &id.0), signed));
        }
        let ids: Vec<OpId> = fresh.into_iter().map(|(id, _)| id).collect();
        self.members_changed(room, &before, &ids);
        self.stale = true;
        self.take_early(room);
        self.heads_changed(room);
        Verdict::Accept
    }
}

fn empty_ask(room: RoomId) -> Ask {
    let (tips, ranges, marks, cards) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Ask { room, tips, ranges, open: false, marks, cards }
}

/// What is in a range of both.
fn overlaps(ours: &[(u64, u64)], theirs: &[(u64, u64)]) -> Vec<(u64, u64)> {
    ours.iter()
        .flat_map(|(a, b)| theirs.iter().map(move |(c, d)| ((*a).max(*c), (*b).min(*d))))
        .filter(|(from, to)| from <= to)
        .collect()
}
