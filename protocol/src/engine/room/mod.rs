//! Rooms, as an engine takes part in them (docs/spec/09-rooms.md). The rules of membership, keys and messages are in
//! [`crate::room`]; here they meet contacts, links, mailboxes and the store.
//!
//! ```text
//!  commands ──► people ──► operations ──┐                 ┌──► links: heads, asks, gives (sync)
//!  texts ─────► post ──► entries ───────┤──► log, chains ─┼──► gossip
//!  links, gossip, mailbox ──► take ─────┘        │        └──► the room's mailbox (boxes)
//!                                                └──► applied in order ──► shown; signed for (marks)
//! ```
//!
//! * `people`: what persons change; `joining`: how people come in; `changes`: what follows. `fellows`: members who are
//!   no contacts, and their cards.
//! * `post`: our messages, and who holds the key they are made with.
//! * `take`: messages that come, by whatever road; `apply`: what they do, in causal order, and gaps.
//! * `sync`: what is said about a room on live links. `marks`: who signed for what.
//! * `setback`: what is done when others know more of us than we do.
//! * `gossip`: the fast road. `boxes`, `reading`, `deposits`: the one for the absent.
//! * `chain`, `record`: what is here of each device; how it is written.

mod apply;
mod asking;
mod boxes;
mod chain;
mod changes;
mod deposits;
mod fellows;
mod giving;
mod gossip;
mod joining;
mod marks;
mod people;
mod post;
mod reading;
mod record;
mod setback;
mod sync;
mod take;
#[cfg(test)]
mod tests;

use super::command::{Command, Refusal, Reply, RoomState};
use super::state::{self, LoadError};
use super::step::{Action, Change, ReadOrder, Record, Space};
use super::{Engine, Timer};
use crate::ids::{AccountId, DeviceId, MessageId, RoomId};
use crate::room::{Log, Receiver, Sender};
use chain::Chain;
use record::{KeyRecord, RoomRecord, SentRecord, WaitRecord, key};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Rooms of an account, those left too. More are refused; each costs memory while the node runs.
pub(super) const ROOMS: usize = 512;

/// A room.
struct Room {
    record: RoomRecord,
    /// Its members; `None` until we were let in.
    log: Option<Log>,
    sender: Option<Sender>,
    chains: BTreeMap<DeviceId, Chain>,
    /// With when each came, in lived milliseconds.
    receivers: BTreeMap<(DeviceId, [u8; 32]), (Receiver, u64)>,
    /// Messages that are here and wait: for a key, or for messages before them.
    waiting: BTreeMap<(DeviceId, u64), take::Waiting>,
    sent: BTreeMap<u64, SentRecord>,
    marks: BTreeMap<DeviceId, marks::Mark>,
    sync: sync::Sync,
    gossip: gossip::Topics,
    boxes: boxes::Boxes,
    /// Entries whose members or names we do not know yet.
    early: Vec<take::Early>,
    /// What may still be reckoned for a device; as many as the operations ever named.
    patience: BTreeMap<DeviceId, take::Patience>,
    /// Who wrote the messages that were shown last in this run: they are told when those are read.
    authors: VecDeque<(MessageId, AccountId)>,
}

impl Room {
    fn new(record: RoomRecord) -> Self {
        Self {
            record,
            log: None,
            sender: None,
            chains: BTreeMap::new(),
            receivers: BTreeMap::new(),
            waiting: BTreeMap::new(),
            sent: BTreeMap::new(),
            marks: BTreeMap::new(),
            sync: sync::Sync::default(),
            gossip: gossip::Topics::default(),
            boxes: boxes::Boxes::default(),
            early: Vec::new(),
            patience: BTreeMap::new(),
            authors: VecDeque::new(),
        }
    }

    /// Whether we are in it: may write, and are told what is written.
    fn is_live(&self) -> bool {
        self.record.state == RoomState::Member && self.log.is_some()
    }

    /// Accounts in it, ourselves included.
    fn accounts(&self) -> Vec<AccountId> {
        self.log.as_ref().map(|log| log.members().accounts().collect()).unwrap_or_default()
    }
}

/// All rooms of an engine.
#[derive(Default)]
pub(super) struct Rooms {
    by_id: BTreeMap<RoomId, Room>,
    /// Whose record is to be written.
    dirty: BTreeSet<RoomId>,
    dirty_chains: BTreeSet<(RoomId, DeviceId)>,
    dirty_receivers: BTreeSet<(RoomId, DeviceId, [u8; 32])>,
    fellows: fellows::Fellows,
    gossip: gossip::Gossip,
    deposits: deposits::Deposits,
    /// What records that were asked for are wanted for.
    reads: BTreeMap<u64, giving::Reading>,
    /// What is to be read after that, by who asked for it.
    wants: BTreeMap<DeviceId, VecDeque<giving::Want>>,
    next_read: u64,
}

impl Engine {
    pub(super) fn room_command(&mut self, command: Command) -> Result<Reply, Refusal> {
        if let Some(done) = self.open_room_command(&command) {
            return done;
        }
        match command {
            Command::RoomNew { name } => self.room_new(&name),
            Command::RoomList => Ok(self.room_list()),
            Command::RoomMembers { room } => self.room_members(room),
            Command::RoomInvite { room, account } => self.room_invite(room, account),
            Command::RoomLink { room, uses, valid_ms, auto_accept } => {
                self.room_link(room, uses, valid_ms, auto_accept)
            }
            Command::RoomAnswer { room, join } => self.room_answer(room, join),
            Command::RoomJoin { link, note } => self.room_join(&link, &note),
            Command::RoomLeave { room } => self.room_leave(room),
            Command::RoomRemove { room, account } => self.room_remove(room, account),
            Command::RoomRole { room, account, admin } => self.room_role(room, account, admin),
            Command::RoomSet { room, what } => self.room_set(room, what),
            _ => Err(Refusal::NoRoom),
        }
    }

    fn room(&self, room: &RoomId) -> Option<&Room> {
        self.rooms.by_id.get(room)
    }

    /// A room whose record is written at the end of the turn.
    fn room_mut(&mut self, room: &RoomId) -> Option<&mut Room> {
        let found = self.rooms.by_id.get_mut(room)?;
        self.rooms.dirty.insert(*room);
        Some(found)
    }

    /// Whether a chat is a room of ours, private or open.
    pub(super) fn is_room(&self, chat: &crate::ids::ChatId) -> bool {
        self.is_private(&chat.room()) || self.is_open(&chat.room())
    }

    /// Whether it is a private room of ours.
    pub(super) fn is_private(&self, room: &RoomId) -> bool {
        self.rooms.by_id.contains_key(room)
    }

    /// Somebody asked us into a room that bears the id of an open channel: there can be no such room.
    pub(super) fn drop_false_room(&mut self, room: RoomId) {
        if self.rooms.by_id.remove(&room).is_some() {
            self.drop_room_record(Space::Room, key::room(&room));
        }
    }

    /// Timers of rooms.
    pub(super) fn on_room_due(&mut self, room: RoomId, due: RoomTimer) {
        match due {
            RoomTimer::Tell => self.tell_heads(room),
            RoomTimer::Receipt => self.pay_receipts(room),
            RoomTimer::Gap => self.on_room_gap(room),
            RoomTimer::Ask => self.ask_again(room),
            RoomTimer::Post => self.post_to_boxes(room),
            RoomTimer::Box => self.read_boxes(room),
        }
    }

    /// Expiry, rotation and whatever else is looked at by the hour.
    pub(super) fn rooms_hour(&mut self, lived_ms: u64) {
        let rooms: Vec<RoomId> = self.rooms.by_id.keys().copied().collect();
        for room in rooms {
            self.expire_sent(room, lived_ms);
            self.renew_deposits(room, lived_ms);
            self.expire_secrets(room, lived_ms);
            self.expire_receivers(room, lived_ms);
        }
        self.sync_topics();
    }

    // ---- records ----------------------------------------------------------------------------------------------

    /// Asks for records; they come to `purpose` later, from a store that has what this turn wrote.
    fn read(&mut self, purpose: giving::Reading, space: Space, from: Vec<u8>, to: Vec<u8>, bytes: usize) {
        self.rooms.next_read = self.rooms.next_read.saturating_add(1);
        let read = self.rooms.next_read;
        self.rooms.reads.insert(read, purpose);
        self.actions.push(Action::Read(ReadOrder { read, space, from, to, bytes }));
    }

    /// Records that were asked for.
    pub(super) fn on_read(&mut self, read: u64, records: &[Record]) {
        if let Some(purpose) = self.rooms.reads.remove(&read) {
            self.on_room_read(purpose, records);
        }
    }

    /// Everything of rooms that changed, as changes.
    pub(super) fn flush_rooms(&mut self) {
        for room in std::mem::take(&mut self.rooms.dirty) {
            if let Some(entry) = self.rooms.by_id.get(&room) {
                self.changes.extend(state::put(Space::Room, key::room(&room), &entry.record));
            }
        }
        for (room, device) in std::mem::take(&mut self.rooms.dirty_chains) {
            let chain = self.rooms.by_id.get(&room).and_then(|entry| entry.chains.get(&device));
            if let Some(chain) = chain {
                self.changes.extend(state::put(Space::RoomChain, key::device(&room, &device), chain));
            }
        }
        for (room, device, session) in std::mem::take(&mut self.rooms.dirty_receivers) {
            let entry = self.rooms.by_id.get(&room);
            let receiver = entry.and_then(|entry| entry.receivers.get(&(device, session)));
            if let Some((receiver, since_lived_ms)) = receiver
                && let Ok(receiver) = receiver.to_bytes()
            {
                let record = KeyRecord { receiver, since_lived_ms: *since_lived_ms };
                let key = key::session(&room, &device, &session);
                self.changes.extend(state::put(Space::RoomKey, key, &record));
            }
        }
    }

    /// One record of a room. Those of rooms that are gone are skipped.
    pub(super) fn load_room_record(&mut self, record: &Record) -> Result<(), LoadError> {
        let broken = LoadError { space: record.space };
        let (room, rest) = record.key.split_first_chunk::<32>().ok_or_else(|| broken.clone())?;
        let room = RoomId(*room);
        if record.space == Space::Room {
            let stored: RoomRecord = state::open(record)?;
            let mut entry = Room::new(stored);
            entry.sync.signed = setback::Signed::new(entry.record.have_counter);
            if !entry.record.sender.is_empty() {
                let sender = Sender::from_bytes(&entry.record.sender).map_err(|_| broken)?;
                entry.sender = Some(sender);
            }
            self.rooms.by_id.insert(room, entry);
            return Ok(());
        }
        let Some(entry) = self.rooms.by_id.get_mut(&room) else { return Ok(()) };
        match record.space {
            Space::RoomOp => {
                let signed = state::open(record)?;
                entry.sync.load_op(signed);
            }
            Space::RoomChain => {
                let device = DeviceId::from_slice(rest).ok_or(broken)?;
                entry.chains.insert(device, state::open(record)?);
            }
            Space::RoomKey => {
                let (device, session, []) =
                    state::key::split::<16, 32, 0>(rest).ok_or_else(|| broken.clone())?;
                let stored: KeyRecord = state::open(record)?;
                let receiver = Receiver::from_bytes(&stored.receiver).map_err(|_| broken)?;
                entry.receivers.insert((DeviceId(device), session), (receiver, stored.since_lived_ms));
            }
            Space::RoomSealed => {
                let (device, seq, []) = state::key::split::<16, 8, 0>(rest).ok_or(broken)?;
                let wait: WaitRecord = state::open(record)?;
                let at = (DeviceId(device), u64::from_be_bytes(seq));
                entry.waiting.insert(at, take::Waiting::loaded(wait, self.now.mono_ms));
            }
            Space::RoomSent => {
                let seq = <[u8; 8]>::try_from(rest).map_err(|_| broken)?;
                entry.sent.insert(u64::from_be_bytes(seq), state::open(record)?);
            }
            Space::RoomMark => {
                let device = DeviceId::from_slice(rest).ok_or(broken.clone())?;
                let mark = marks::Mark::loaded(state::open(record)?).ok_or(broken)?;
                entry.marks.insert(device, mark);
            }
            _ => {}
        }
        Ok(())
    }

    /// All records are there: the members are reckoned, and what waits is taken up again.
    pub(super) fn wake_rooms(&mut self) -> Result<(), LoadError> {
        let rooms: Vec<RoomId> = self.rooms.by_id.keys().copied().collect();
        for room in rooms {
            self.load_log(room)?;
            self.wake_waiting(room);
        }
        self.sync_fellows();
        self.sync_topics();
        Ok(())
    }
}

/// What of a room may come due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RoomTimer {
    /// Tell others what we have.
    Tell,
    /// Sign for what came, to who wrote it.
    Receipt,
    /// What waits for messages before it waited long enough.
    Gap,
    /// What was asked for did not come.
    Ask,
    /// Messages that somebody has not got go to the room's mailboxes.
    Post,
    /// The room's mailboxes are asked for what is new.
    Box,
}

impl Engine {
    fn room_timer(&mut self, room: RoomId, due: RoomTimer, wait_ms: u64) {
        let at = self.now.mono_ms.saturating_add(wait_ms);
        self.timers.set_earlier(Timer::Room(room, due), at);
    }

    /// Drops a record of a room.
    fn drop_room_record(&mut self, space: Space, key: Vec<u8>) {
        self.change(Change::Drop { space, key });
    }
}
