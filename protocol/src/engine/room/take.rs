//! Messages of a room that come, by whatever road (docs/spec/09-rooms.md, "Taking"). Who wrote one, and whether they
//! were a member, is seen from the entry itself; who brought it does not matter.
//!
//! ```text
//!  entry ──members not known yet──► early ──operations came──┐
//!    │◄──────────────────────────────────────────────────────┘
//!    ├── forged, too late, over a bound ──► refused
//!    └── stored ──opened──► waits for what it came after ──► applied
//!           └── no key ──► waits for the key, or for somebody who opened it
//! ```

use super::super::net::Verdict;
use super::super::state;
use super::super::step::{Record, Space};
use super::super::{Engine, Plant};
use super::giving::Reading;
use super::record::{KeptEntry, WaitRecord, key};
use super::{Room, RoomTimer};
use crate::content::{Content, RoomKey};
use crate::ids::{AccountId, DeviceId, RoomId};
use crate::room::{self, Entry, EntryBody, Head, Receiver};

/// Entries kept until the operations they name are here; the oldest make room. They come again when they are asked for.
const EARLY: usize = 64;
/// How long one is kept. Shorter asks for it once more; longer lets who names what does not exist have us ask for it.
pub(super) const EARLY_MS: u64 = crate::time::MINUTE_MS;
/// Messages of one device that are kept though no key opens them, at most. They are asked for opened; fewer would leave
/// more of them where they came from, more would let one member fill our memory with what nobody can read.
pub(super) const SEALED: usize = 256;
/// Keys of one device kept: those of its last sessions. A session is used for a week.
const RECEIVERS: usize = 16;
/// How long a key is kept: as long as a session is used, and as mail made with it may lie about, and some.
const KEY_MS: u64 = 30 * crate::time::DAY_MS;
/// Bytes read at once of what waits.
const READ_BYTES: usize = 4 * 1024 * 1024;

/// Work spent at once on who was a member when a device wrote, in operations looked at (about 1 µs each). Less would hold
/// up who fetches the history of a room that changed often; more lets one member keep us busy for longer.
pub(super) const PATIENCE: u64 = 4_000_000;
/// What comes back of it in a millisecond: with this, one device can keep a tenth of a core busy.
const PATIENCE_A_MS: u64 = 100;

/// How much may be reckoned for one device's messages: who names other operations with each of them makes us reckon the
/// members of another time for each.
#[derive(Default)]
pub(super) struct Patience {
    spent: u64,
    at_ms: u64,
}

impl Patience {
    pub fn allows(&mut self, cost: u64, now_ms: u64) -> bool {
        let back = now_ms.saturating_sub(self.at_ms).saturating_mul(PATIENCE_A_MS);
        self.spent = self.spent.saturating_sub(back);
        self.at_ms = now_ms;
        let allowed = cost == 0 || self.spent.saturating_add(cost) <= PATIENCE;
        if allowed {
            self.spent = self.spent.saturating_add(cost);
        }
        allowed
    }
}

/// An entry whose members we cannot reckon yet.
pub(super) struct Early {
    pub entry: Entry,
    via: &'static str,
    /// Since when, on the monotonic clock.
    pub since_ms: u64,
}

/// A message that is on disk and not applied.
pub(super) struct Waiting {
    /// The session whose key it needs.
    pub session: Option<[u8; 32]>,
    /// Since when, on the monotonic clock.
    pub since_ms: u64,
    /// It, once opened; `None` while it must be read from the store first.
    pub opened: Option<Box<Opened>>,
}

impl Waiting {
    /// One of an earlier run.
    pub fn loaded(record: WaitRecord, now_ms: u64) -> Self {
        Self { session: record.session, since_ms: now_ms, opened: None }
    }
}

/// A message that can be applied.
pub(super) struct Opened {
    pub head: Head,
    pub id: room::EntryId,
    pub content: Content,
    pub author: AccountId,
    pub via: &'static str,
}

impl Engine {
    /// Takes a message in. The answer is what it is worth telling on.
    pub(super) fn take_entry(&mut self, room: RoomId, entry: Entry, via: &'static str) -> Verdict {
        let Ok(head) = Head::peek(&entry.head) else { return Verdict::Reject };
        let Some(known) = self.rooms.by_id.get_mut(&room).filter(|known| known.is_live()) else {
            return Verdict::Ignore;
        };
        let Some(log) = &mut known.log else { return Verdict::Ignore };
        if head.room != room || entry.size() > room::entry::ENTRY_BYTES {
            return Verdict::Reject;
        }
        // First of all who signed it: to reckon the members of some time may be dear.
        if log.key_of(&head.device).is_some_and(|key| entry.open_head(&key).is_err()) {
            return Verdict::Reject;
        }
        if !head.tips.iter().all(|tip| log.contains(tip)) {
            if !known.early.iter().any(|early| early.entry == entry) {
                let excess = known.early.len().saturating_add(1).saturating_sub(EARLY);
                known.early.drain(..excess);
                known.early.push(Early { entry, via, since_ms: self.now.mono_ms });
            }
            self.ask_ops(room);
            return Verdict::Ignore;
        }
        if log.key_of(&head.device).is_none() {
            return Verdict::Reject;
        }
        let patience = known.patience.entry(head.device).or_default();
        if !patience.allows(log.cost_at(&head.tips), self.now.mono_ms) {
            // It is asked for again, when there is time for it.
            return Verdict::Ignore;
        }
        let Some(author) = author_of(log, &head) else { return Verdict::Reject };
        if entry.check_body(&head).is_err() {
            return Verdict::Reject;
        }
        if let Some(cut) = log.members().cut(&head.device).filter(|cut| head.seq > *cut) {
            self.pass_over(room, &head, cut);
            return Verdict::Ignore;
        }
        self.keep_entry(room, entry, head, author, via)
    }

    /// A message of somebody who is out, and beyond what counts of theirs: nobody waits for it or asks for it again. Who
    /// took it before they knew stands deeper since.
    fn pass_over(&mut self, room: RoomId, head: &Head, cut: u64) {
        let today = crate::discovery::day_of(self.now.wall_ms);
        if let Some(known) = self.room_mut(&room).filter(|known| !known.is_too_deep(head)) {
            known.record.note_depth(head.depth, today);
        }
        self.void(room, head.device, cut.saturating_add(1), head.seq);
    }

    /// Keeps a message that is its author's.
    fn keep_entry(
        &mut self,
        room: RoomId,
        entry: Entry,
        head: Head,
        author: AccountId,
        via: &'static str,
    ) -> Verdict {
        let (device, seq) = (head.device, head.seq);
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return Verdict::Ignore };
        let chain = known.chains.entry(device).or_default();
        if chain.stored.contains(seq) {
            let sealed = known.waiting.get(&(device, seq)).is_some_and(|waiting| waiting.session.is_some());
            if sealed && matches!(entry.body, EntryBody::Opened(_)) {
                self.open_waiting(room, &entry, &head, author, via);
            }
            return Verdict::Ignore;
        }
        if known.is_too_deep(&head) {
            return Verdict::Ignore;
        }
        let opened = open(known, &entry, &head);
        if opened.is_none() && known.sealed_of(&device) >= SEALED {
            return Verdict::Ignore;
        }
        if !known.chains.entry(device).or_default().stored.insert(seq, seq) {
            return Verdict::Ignore;
        }
        self.rooms.dirty_chains.insert((room, device));
        if device == self.own.device_id {
            self.find_own(room, &head, &entry);
        }
        match opened {
            Some((plain, content)) => {
                let whole = Entry { head: entry.head.clone(), body: EntryBody::Opened(plain) };
                self.put_entry(room, &head, &whole);
                let id = entry.id();
                self.rooms.dirty_receivers.insert((room, device, head.session));
                match content {
                    Some(content) => self.wait_or_apply(room, Opened { head, id, content, author, via }),
                    // Its author wrote what is no message: it is here, and there is nothing to show.
                    None => self.done_with(room, &head),
                }
            }
            None => {
                self.put_entry(room, &head, &entry);
                self.put_waiting(room, (device, seq), Some(head.session), None);
                self.room_timer(room, RoomTimer::Ask, super::asking::UNOPENED_MS);
            }
        }
        self.heads_changed(room);
        Verdict::Accept
    }

    fn put_entry(&mut self, room: RoomId, head: &Head, entry: &Entry) {
        let key = key::entry(&room, &head.device, head.seq);
        self.changes.extend(state::put(Space::RoomEntry, key, &KeptEntry::of(entry)));
    }

    pub(super) fn put_waiting(
        &mut self,
        room: RoomId,
        at: (DeviceId, u64),
        session: Option<[u8; 32]>,
        opened: Option<Box<Opened>>,
    ) {
        let key = key::entry(&room, &at.0, at.1);
        if !self.planted(Plant::RoomForgetWaiting) {
            self.changes.extend(state::put(Space::RoomSealed, key, &WaitRecord { session }));
        }
        let since_ms = self.now.mono_ms;
        if let Some(known) = self.rooms.by_id.get_mut(&room) {
            known.waiting.insert(at, Waiting { session, since_ms, opened });
        }
        self.room_timer(room, RoomTimer::Gap, super::apply::GAP_MS);
    }

    /// A message of ours that others have and we have not: this disk was set back. Its number is used.
    fn find_own(&mut self, room: RoomId, head: &Head, entry: &Entry) {
        let Some(known) = self.room_mut(&room) else { return };
        if head.seq >= known.record.next_seq {
            known.record.next_seq = head.seq.saturating_add(1);
            known.record.prev = entry.id().0;
            // Its session is at a place that is used up.
            known.sender = None;
            known.record.sender = Vec::new();
        }
    }

    /// Operations came: what waited for them is looked at again.
    pub(super) fn take_early(&mut self, room: RoomId) {
        let early = self.rooms.by_id.get_mut(&room).map(|known| std::mem::take(&mut known.early));
        for Early { entry, via, .. } in early.unwrap_or_default() {
            self.take_entry(room, entry, via);
        }
    }

    /// A message that waited for its key, and came opened.
    fn open_waiting(
        &mut self,
        room: RoomId,
        entry: &Entry,
        head: &Head,
        author: AccountId,
        via: &'static str,
    ) {
        let EntryBody::Opened(plain) = &entry.body else { return };
        let content = room::content_of(plain, head);
        self.put_entry(room, head, entry);
        self.opened_later(room, head, entry.id(), author, content.ok(), via);
    }

    fn opened_later(
        &mut self,
        room: RoomId,
        head: &Head,
        id: room::EntryId,
        author: AccountId,
        content: Option<Content>,
        via: &'static str,
    ) {
        let at = (head.device, head.seq);
        if let Some(known) = self.rooms.by_id.get_mut(&room) {
            known.waiting.remove(&at);
        }
        match content {
            Some(content) => {
                self.wait_or_apply(room, Opened { head: head.clone(), id, content, author, via });
            }
            None => self.done_with(room, head),
        }
    }

    // ---- keys -------------------------------------------------------------------------------------------------

    /// A device tells the key of its messages.
    pub(in super::super) fn on_room_key(&mut self, account: AccountId, device: DeviceId, told: &RoomKey) {
        let (room, lived_ms) = (told.room, self.lived_ms());
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let Some(log) = &known.log else { return };
        if !log.members().is_member(&account) && log.members().cut(&device).is_none() {
            // Its Add may be on the way: keys come before or after it.
            if log.members().len() >= room::MEMBERS {
                return;
            }
        }
        let Ok(receiver) = Receiver::from_key(room, device, &told.key) else { return };
        let session = receiver.session_id();
        if known.receivers.contains_key(&(device, session)) {
            return;
        }
        let of_device: Vec<[u8; 32]> = known
            .receivers
            .range((device, [0; 32])..=(device, [0xff; 32]))
            .map(|((_, session), _)| *session)
            .collect();
        if of_device.len() >= RECEIVERS {
            let since =
                |session: &[u8; 32]| known.receivers.get(&(device, *session)).map(|(_, since)| *since);
            let oldest = of_device.into_iter().min_by_key(since);
            if let Some(oldest) = oldest {
                known.receivers.remove(&(device, oldest));
                self.drop_room_record(Space::RoomKey, key::session(&room, &device, &oldest));
            }
        }
        if let Some(known) = self.rooms.by_id.get_mut(&room) {
            known.receivers.insert((device, session), (receiver, lived_ms));
        }
        self.rooms.dirty_receivers.insert((room, device, session));
        self.read_waiting(room, device, Some(session));
    }

    /// Reads what waits of a device, or of a session of it, out of the store, to be opened.
    fn read_waiting(&mut self, room: RoomId, device: DeviceId, session: Option<[u8; 32]>) {
        let Some(known) = self.room(&room) else { return };
        let mut unread = known
            .waiting
            .range((device, 0)..=(device, u64::MAX))
            .filter(|(_, waiting)| waiting.opened.is_none())
            .filter(|(_, waiting)| session.is_none() || waiting.session == session)
            .map(|((_, seq), _)| *seq);
        let Some(first) = unread.next() else { return };
        let last = unread.next_back().unwrap_or(first);
        let (from, to) = (key::entry(&room, &device, first), key::entry(&room, &device, last));
        self.read(Reading::Waiting { room, device }, Space::RoomEntry, from, to, READ_BYTES);
    }

    /// What waited when the last run ended.
    pub(super) fn wake_waiting(&mut self, room: RoomId) {
        let Some(known) = self.room(&room).filter(|known| known.is_live()) else { return };
        let mut devices: Vec<DeviceId> = known.waiting.keys().map(|(device, _)| *device).collect();
        devices.dedup();
        if !devices.is_empty() {
            self.room_timer(room, RoomTimer::Gap, super::apply::GAP_MS);
            self.room_timer(room, RoomTimer::Ask, super::asking::UNOPENED_MS);
        }
        for device in devices {
            self.read_waiting(room, device, None);
        }
    }

    /// Messages that wait, out of the store.
    pub(super) fn on_waiting_read(&mut self, room: RoomId, device: DeviceId, records: &[Record]) {
        for record in records {
            let entry = state::open::<KeptEntry>(record).ok().and_then(|kept| kept.best());
            let Some(entry) = entry else { continue };
            let Ok(head) = Head::peek(&entry.head) else { continue };
            let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
            let waits =
                known.waiting.get(&(device, head.seq)).is_some_and(|waiting| waiting.opened.is_none());
            let author = known.log.as_ref().and_then(|log| author_of(log, &head));
            let (true, Some(author)) = (waits, author) else { continue };
            if let Some((plain, content)) = open(known, &entry, &head) {
                let whole = Entry { head: entry.head.clone(), body: EntryBody::Opened(plain) };
                self.rooms.dirty_receivers.insert((room, device, head.session));
                self.put_entry(room, &head, &whole);
                self.opened_later(room, &head, entry.id(), author, content, "room");
            }
        }
        self.heads_changed(room);
    }

    /// Keys nobody will need: of sessions long over.
    pub(super) fn expire_receivers(&mut self, room: RoomId, lived_ms: u64) {
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let over = |since: u64| lived_ms.saturating_sub(since) >= KEY_MS;
        let over: Vec<(DeviceId, [u8; 32])> =
            known.receivers.iter().filter(|(_, (_, since))| over(*since)).map(|(at, _)| *at).collect();
        for (device, session) in over {
            if let Some(known) = self.rooms.by_id.get_mut(&room) {
                known.receivers.remove(&(device, session));
            }
            self.drop_room_record(Space::RoomKey, key::session(&room, &device, &session));
        }
    }
}

impl Room {
    /// Whether a message stands further ahead than one step may go.
    fn is_too_deep(&self, head: &Head) -> bool {
        head.depth > self.record.depth.saturating_add(room::entry::DEPTH_AHEAD)
    }

    /// Messages of a device that no key opens.
    fn sealed_of(&self, device: &DeviceId) -> usize {
        let of_device = self.waiting.range((*device, 0)..=(*device, u64::MAX));
        of_device.filter(|(_, waiting)| waiting.session.is_some()).count()
    }
}

/// Whose device it is, or was.
pub(super) fn owner_of(known: &Room, device: &DeviceId) -> Option<AccountId> {
    known.log.as_ref()?.members().account_of(device)
}

/// Whose message it is: by the members its author knew.
fn author_of(log: &room::Log, head: &Head) -> Option<AccountId> {
    log.members_at(&head.tips)?.account_of(&head.device)
}

/// What is in an entry, if it can be opened here, and the content in that, if it is one.
fn open(known: &mut Room, entry: &Entry, head: &Head) -> Option<(Vec<u8>, Option<Content>)> {
    let receiver = known.receivers.get_mut(&(head.device, head.session)).map(|(receiver, _)| receiver);
    let plain = match &entry.body {
        EntryBody::Opened(plain) => {
            // Who has the key of the rest must not be able to open this one again.
            if let Some(receiver) = receiver {
                receiver.pass(head.index);
            }
            plain.clone()
        }
        EntryBody::Sealed(sealed) => receiver?.open(head, sealed).ok()?.to_vec(),
    };
    let content = room::content_of(&plain, head).ok();
    Some((plain, content))
}
