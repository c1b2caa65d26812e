//! What is given to neighbours who ask, and what is given to us (docs/spec/09-rooms.md, "Frames of a link"): nobody gets
//! what they are not entitled to, and who asks for much waits for themselves.

use super::super::Engine;
use super::super::live::FrameOut;
use super::super::net::Verdict;
use super::super::state;
use super::super::step::{Record, Space};
use super::record::{KeptEntry, key};
use super::{Room, gossip};
use crate::ids::{DeviceId, RoomId};
use crate::room::words::{Ask, Give, RANGES, Words};
use crate::room::{Head, Inserted, OpError, OpId};
use crate::wire::Signed;
use std::collections::VecDeque;

/// Bytes read for one answer.
const GIVE_READ_BYTES: usize = 512 * 1024;
/// Ranges somebody asked for that wait to be read, one after another. What is beyond is forgotten, and asked for again.
/// Fewer makes who lacks much wait; more would only help who asks for everything again and again.
const WANTS: usize = 2 * RANGES;

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

impl Engine {
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

    /// Something given to us, by a link or out of the room's mailbox (then without a device).
    pub(super) fn on_give(&mut self, from: Option<DeviceId>, give: Give, via: &'static str) {
        let room = give.room;
        if !self.room(&room).is_some_and(Room::is_live) {
            return;
        }
        let told: Vec<OpId> = give.ops.iter().map(OpId::of).collect();
        let log = self.room(&room).and_then(|known| known.log.as_ref());
        let is_new = |op: &&Signed| log.is_some_and(|log| !log.contains(&OpId::of(op)));
        let things: Vec<gossip::Thing> = give.ops.iter().filter(is_new).map(gossip::thing_of).collect();
        if self.take_ops(room, give.ops) == Verdict::Accept && from.is_some() {
            things.into_iter().for_each(|thing| self.came_by_link(room, thing));
        }
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
            let thing = gossip::thing_of(&entry).filter(|_| from.is_some());
            if self.take_entry(room, entry, road) == Verdict::Accept {
                self.came_by_link(room, thing);
            }
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
