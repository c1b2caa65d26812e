//! What is asked of neighbours who have what we lack (docs/spec/09-rooms.md, "Frames of a link"): the newest messages
//! first, each range of one neighbour at a time, and of another when it does not come.

use super::super::Engine;
use super::super::live::FrameOut;
use super::RoomTimer;
use super::take::EARLY_MS;
use crate::ids::{DeviceId, RoomId};
use crate::room::words::{Ask, Heads, RANGES, Words};
use crate::room::{Log, OpId};
use crate::time::SECOND_MS;

/// What was asked of one neighbour and did not come is asked of another after this.
const ASK_MS: u64 = 5 * SECOND_MS;
/// A message whose key has not come by now is asked for opened.
pub(super) const UNOPENED_MS: u64 = 2 * SECOND_MS;
/// Messages asked for at once. They come in one go, so this bounds what a link has to hold.
const ASK_COUNT: u64 = 256;
/// So many of the newest messages of a device are asked for before older ones of any. They are what a newcomer reads
/// first; more would only let edits among them wait for what they edit.
const NEWEST_COUNT: u64 = 64;
/// Ranges that were asked of one neighbour and have not come, at most: who says they have everything makes us remember
/// no more.
const ASKED: usize = 4 * RANGES;
/// What nobody could give us opened for a minute is asked for this often.
const SEALED_MS: u64 = crate::time::MINUTE_MS;

impl Engine {
    /// What to ask for operations with.
    pub(super) fn landmarks(&self, room: RoomId) -> Vec<OpId> {
        self.room(&room).and_then(|known| known.log.as_ref()).map(Log::landmarks).unwrap_or_default()
    }

    /// Asks a neighbour for what it has and we have not.
    pub(super) fn ask_device(&mut self, room: RoomId, device: DeviceId, heads: Option<&Heads>, again: bool) {
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

    pub(super) fn send_ask(&mut self, device: DeviceId, ask: Ask) {
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
}

pub(super) fn empty_ask(room: RoomId) -> Ask {
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
