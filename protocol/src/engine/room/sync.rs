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
use super::super::net::LinkId;
use super::super::receive::Road;
use super::super::state::LoadError;
use super::super::step::Space;
use super::asking::empty_ask;
use super::{Room, RoomTimer, setback};
use crate::ids::{AccountId, DeviceId, RoomId};
use crate::room::words::{Ask, Give, Heads, NAMES, Words};
use crate::room::{Entry, Have, Log, OpId};
use crate::time::SECOND_MS;
use crate::wire::Signed;
use std::collections::{BTreeMap, BTreeSet};

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
/// We tell a neighbour who lacks something what we have again, but not sooner than this.
const REMIND_MS: u64 = 2 * SECOND_MS;

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
    pub theirs: BTreeMap<DeviceId, Have>,
    /// When we told them last.
    told_ms: BTreeMap<DeviceId, u64>,
    /// When we told them last of others' receipts and cards.
    full_ms: BTreeMap<DeviceId, u64>,
    /// Neighbours who wrote something we have not signed for, and when we last signed for anything.
    owed: BTreeSet<DeviceId>,
    paid_ms: u64,
    /// What was asked of whom, and when.
    pub asked: BTreeMap<(DeviceId, u64), (u64, DeviceId, u64)>,
    pub ops_asked_ms: Option<u64>,
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
}
