//! Who has what of a room, by their own signatures (docs/spec/09-rooms.md, "Receipts"): what makes a message of ours
//! delivered, and what tells us what to ask for.

use super::super::state;
use super::super::step::{Change, MessageState, Space};
use super::super::{Engine, Plant};
use super::RoomTimer;
use super::record::key;
use crate::ids::{AccountId, DeviceId, RoomId};
use crate::room::have::{DEVICES as HAVE_DEVICES, RANGES as HAVE_RANGES};
use crate::room::{Have, HeadRange};
use crate::time::SECOND_MS;
use crate::wire::Signed;

/// Receipts of others are told on after this, gathered. Sooner is most of what is said in a large room; later shows what
/// was delivered late.
const ROUND_MS: u64 = 2 * SECOND_MS;

/// What a device last signed.
pub(super) struct Mark {
    pub signed: Signed,
    pub have: Have,
}

impl Mark {
    /// One of our own store.
    pub fn loaded(signed: Signed) -> Option<Self> {
        let have = Have::peek(&signed).ok()?;
        Some(Self { signed, have })
    }
}

impl Engine {
    /// Takes what a member's device signed that it has. Returns whether it is news.
    pub(super) fn take_mark(&mut self, room: RoomId, signed: &Signed) -> bool {
        let Ok(have) = Have::peek(signed) else { return false };
        let device = have.device;
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return false };
        let Some(members) = known.log.as_ref().map(crate::room::Log::members) else { return false };
        let of_member = members.account_of(&device).zip(members.device(&device));
        let Some((account, entry)) = of_member else { return false };
        let older = known.marks.get(&device).is_some_and(|mark| mark.have.counter >= have.counter);
        if have.room != room || older || Have::open(signed, &entry.sig).is_err() {
            return false;
        }
        if device == self.own.device_id {
            self.find_forgotten(room, &have);
            return false;
        }
        known.marks.insert(device, Mark { signed: signed.clone(), have });
        self.changes.extend(state::put(Space::RoomMark, key::device(&room, &device), signed));
        self.credit(room, account, device);
        if !self.unlinked(room).is_empty() {
            // Whoever is not linked with us may be with somebody who is: the word goes round.
            self.room_timer(room, RoomTimer::Tell, ROUND_MS);
        }
        true
    }

    /// A device has more of ours than before: its person has it.
    pub(super) fn credit(&mut self, room: RoomId, account: AccountId, device: DeviceId) {
        let own = self.own.device_id;
        let at = self.now.wall_ms;
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        if known.sync.forgotten.is_some() {
            // Perhaps they speak of others of ours.
            return;
        }
        let Some(mark) = known.marks.get(&device) else { return };
        let mut over = Vec::new();
        for (seq, sent) in &mut known.sent {
            if !mark.have.covers(&own, *seq) || !sent.to.contains(&account) {
                continue;
            }
            sent.to.retain(|other| *other != account);
            if sent.visible {
                let (message, state) = (sent.msg_id, MessageState::Delivered);
                self.changes.push(Change::State { message, account, state, reason: None, at });
            }
            if sent.to.is_empty() {
                over.push(*seq);
            } else {
                self.changes.extend(state::put(Space::RoomSent, key::number(&room, *seq), sent));
            }
        }
        for seq in over {
            known.sent.remove(&seq);
            self.changes.push(Change::Drop { space: Space::RoomSent, key: key::number(&room, seq) });
        }
    }

    /// Of devices that are not in the room, nobody wants to know what they have.
    pub(super) fn drop_marks(&mut self, room: RoomId) {
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let Some(members) = known.log.as_ref().map(crate::room::Log::members) else { return };
        let changes = &mut self.changes;
        known.marks.retain(|device, _| {
            let stays = members.account_of(device).is_some();
            if !stays {
                changes.push(Change::Drop { space: Space::RoomMark, key: key::device(&room, device) });
            }
            stays
        });
    }

    /// What we have, signed; a new number only if it changed.
    pub(super) fn own_have(&mut self, room: RoomId) -> Option<Signed> {
        let device = self.own.device_id;
        let planted = self.planted(Plant::RoomSignUnopened);
        let chance = self.rng.below(u64::MAX);
        let known = self.rooms.by_id.get_mut(&room)?;
        if let Some(signed) = known.sync.mine.as_ref().filter(|_| !known.sync.changed) {
            return Some(signed.clone());
        }
        let heads = known.chains.iter().take(HAVE_DEVICES).map(|(device, chain)| {
            let signed = if planted { &chain.stored } else { &chain.applied };
            let upto = signed.upto();
            let mut beyond: Vec<(u64, u64)> =
                signed.ranges().iter().filter(|(from, _)| *from > upto).copied().collect();
            // The newest ranges say most.
            let skip = beyond.len().saturating_sub(HAVE_RANGES);
            beyond.drain(..skip);
            HeadRange { device: *device, upto, beyond }
        });
        let heads = heads.collect();
        known.record.have_counter = known.sync.signed.next(known.record.have_counter, chance);
        let signed = Have::new(room, device, known.record.have_counter, heads).sign(&self.own.device).ok()?;
        known.sync.mine = Some(signed.clone());
        known.sync.changed = false;
        self.rooms.dirty.insert(room);
        Some(signed)
    }
}
