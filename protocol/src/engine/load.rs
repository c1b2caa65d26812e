//! An engine out of its records, and its records out of an engine.

use super::command::Presence;
use super::genesis::pickle;
use super::older::{FirstContact, FirstDevice, FirstInvite, FirstOwn};
use super::peer::Peer;
use super::publishing::Publishing;
use super::receive::Road;
use super::search::Finding;
use super::seeds::Seeds;
use super::state::{
    self, InStream, Kept, LoadError, NodeRecord, OutRow, OutStream, OwnRecord, ParkedRecord, key,
};
use super::step::{Change, Record, Space};
use super::timers::{Timer, Timers};
use super::{Engine, Own};
use crate::content::Content;
use crate::identity::{DeviceKeys, Manifest};
use crate::ids::{AccountId, ChatId, DeviceId, InviteId, MessageId, SessionId};
use crate::mail::MailKey;
use crate::rng::Rng;
use crate::session::{OlmPart, Ratchet, Reorder};
use crate::time::{DAY_MS, Now};
use crate::wire;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A ratchet with the order it expects next.
#[derive(Serialize, Deserialize)]
struct SessionRecord {
    #[serde(with = "serde_bytes")]
    ratchet: Vec<u8>,
    next: u64,
}

/// A pause between two runs longer than this is a clock that lied, not time that passed.
const BELIEVED_PAUSE_MS: u64 = 60 * DAY_MS;

impl Engine {
    /// The engine of a profile, as its store remembers it. Nothing is dialled before the first turn.
    ///
    /// # Errors
    /// [`LoadError`] when a record is missing or damaged: the profile is not to be touched then.
    pub fn load(records: Vec<Record>, rng: Rng, now: Now) -> Result<Self, LoadError> {
        let mut by_space: BTreeMap<Space, Vec<Record>> = BTreeMap::new();
        for record in records {
            by_space.entry(record.space).or_default().push(record);
        }
        let take =
            |by_space: &mut BTreeMap<Space, Vec<Record>>, space| by_space.remove(&space).unwrap_or_default();
        let own = take(&mut by_space, Space::Own);
        let own = load_own(own.first().ok_or(LoadError { space: Space::Own })?, now)?;
        let mut engine = Self::empty(own, rng, now);
        // An engine that is loaded again within a run must not take links and dials of before for its own.
        engine.next_number = engine.rng.below(1 << 40).saturating_mul(2);
        for record in take(&mut by_space, Space::Contact) {
            let contact = state::open_second::<_, FirstContact>(&record)?;
            engine.contacts.insert(id(&record, AccountId::from_slice)?, contact);
        }
        for record in take(&mut by_space, Space::Invite) {
            let invite = state::open_second::<_, FirstInvite>(&record)?;
            engine.invites.insert(id(&record, InviteId::from_slice)?, invite);
        }
        for record in take(&mut by_space, Space::Request) {
            engine.requests.insert(id(&record, AccountId::from_slice)?, state::open(&record)?);
        }
        for record in take(&mut by_space, Space::Device) {
            let device = id(&record, DeviceId::from_slice)?;
            let mut peer = Peer::new(device, state::open_second::<_, FirstDevice>(&record)?);
            peer.dirty.record = false;
            engine.peers.insert(device, peer);
        }
        if let Some(record) = take(&mut by_space, Space::Node).first() {
            engine.seeds.saved = state::open::<NodeRecord>(record)?.good_peers;
        }
        for space in [
            Space::Session,
            Space::Held,
            Space::Outbox,
            Space::Custody,
            Space::Seen,
            Space::Stream,
            Space::Parked,
        ] {
            for record in take(&mut by_space, space) {
                engine.load_one(&record).ok_or(LoadError { space })??;
            }
        }
        for record in take(&mut by_space, Space::MailAsk) {
            engine.load_ask(id(&record, AccountId::from_slice)?, state::open(&record)?);
        }
        for record in take(&mut by_space, Space::Mailbox) {
            engine.load_own_mailbox(&record)?;
        }
        for record in take(&mut by_space, Space::SealKey) {
            engine.load_seal_key(&record)?;
        }
        for space in [
            Space::Room,
            Space::RoomOp,
            Space::RoomChain,
            Space::RoomKey,
            Space::RoomSealed,
            Space::RoomSent,
            Space::RoomMark,
        ] {
            for record in take(&mut by_space, space) {
                engine.load_room_record(&record)?;
            }
        }
        for space in [Space::OpenChannel, Space::OpenAuthor, Space::OpenEntry] {
            for record in take(&mut by_space, space) {
                engine.load_open_record(&record)?;
            }
        }
        engine.wake_open();
        engine.wake_up();
        engine.wake_rooms()?;
        Ok(engine)
    }

    fn empty(own: Own, rng: Rng, now: Now) -> Self {
        let record_s = own.record_s;
        Self {
            own,
            rng,
            now,
            contacts: BTreeMap::new(),
            peers: BTreeMap::new(),
            invites: BTreeMap::new(),
            requests: BTreeMap::new(),
            streams_out: BTreeMap::new(),
            streams_in: BTreeMap::new(),
            parked: BTreeMap::new(),
            presence: BTreeMap::new(),
            comparing: BTreeMap::new(),
            recent_sent: VecDeque::new(),
            warned: BTreeSet::new(),
            join_failures: BTreeMap::new(),
            links_up: 0,
            conns: BTreeMap::new(),
            links: BTreeMap::new(),
            dials: BTreeMap::new(),
            failures: BTreeMap::new(),
            lan: BTreeMap::new(),
            next_number: 0,
            timers: Timers::default(),
            changes: Vec::new(),
            actions: Vec::new(),
            writes: BTreeMap::new(),
            acks: BTreeMap::new(),
            own_dirty: true,
            dirty_contacts: BTreeSet::new(),
            dirty_out: BTreeSet::new(),
            dirty_in: BTreeSet::new(),
            active_peers: BTreeSet::new(),
            figures: (0, 0, 0, u64::MAX),
            publishing: Publishing::after(record_s),
            finding: Finding::default(),
            seeds: Seeds::default(),
            mail: super::mail::Mail::default(),
            rooms: super::room::Rooms::default(),
            open: super::open::Open::default(),
            #[cfg(feature = "planted")]
            plant: None,
            stale: true,
        }
    }

    /// One record that belongs to a device. `None` for a key of the wrong form; records of devices that are gone
    /// are skipped.
    fn load_one(&mut self, record: &Record) -> Option<Result<(), LoadError>> {
        let broken = LoadError { space: record.space };
        match record.space {
            Space::Session => {
                let (device, session, _) = key::split::<16, 32, 0>(&record.key)?;
                let peer = self.peers.get_mut(&DeviceId(device));
                Some(peer.map_or(Ok(()), |peer| {
                    let stored: SessionRecord = state::open(record)?;
                    let ratchet = Ratchet::from_bytes(&stored.ratchet).map_err(|_| broken)?;
                    peer.sessions.insert(SessionId(session), ratchet);
                    peer.reorder.insert(SessionId(session), Reorder::expecting(stored.next));
                    Ok(())
                }))
            }
            Space::Held => {
                let (device, session, _) = key::split::<16, 32, 8>(&record.key)?;
                let now_ms = self.now.mono_ms;
                let peer = self.peers.get_mut(&DeviceId(device));
                Some(peer.map_or(Ok(()), |peer| {
                    let part: OlmPart = state::open(record)?;
                    peer.reorder.entry(SessionId(session)).or_default().hold(part, now_ms);
                    Ok(())
                }))
            }
            Space::Outbox => {
                let (device, number, _) = key::split::<16, 8, 0>(&record.key)?;
                let number = u64::from_be_bytes(number);
                let peer = self.peers.get_mut(&DeviceId(device));
                Some(peer.map_or(Ok(()), |peer| {
                    state::open::<OutRow>(record).map(|row| peer.load_row(number, row))
                }))
            }
            Space::Custody => {
                let (device, number, _) = key::split::<16, 8, 0>(&record.key)?;
                let number = u64::from_be_bytes(number);
                let peer = self.peers.get_mut(&DeviceId(device));
                Some(peer.map_or(Ok(()), |peer| {
                    state::open::<Vec<Kept>>(record).map(|kept| peer.load_custody(number, kept))
                }))
            }
            Space::Seen => {
                let (device, number, _) = key::split::<16, 8, 0>(&record.key)?;
                let number = u64::from_be_bytes(number);
                let peer = self.peers.get_mut(&DeviceId(device));
                Some(peer.map_or(Ok(()), |peer| {
                    let message: MessageId = state::open(record)?;
                    peer.recent.push_back((number, message));
                    peer.recent_set.insert(message);
                    peer.next_seen = number.saturating_add(1);
                    Ok(())
                }))
            }
            Space::Stream => {
                let (device, chat, _) = key::split::<16, 32, 0>(&record.key)?;
                let (device, chat) = (DeviceId(device), ChatId(chat));
                Some(if device == self.own.device_id {
                    state::open::<OutStream>(record).map(|stream| {
                        self.streams_out.insert(chat, stream);
                    })
                } else {
                    state::open::<InStream>(record).map(|stream| {
                        self.streams_in.insert((device, chat), stream);
                    })
                })
            }
            Space::Parked => {
                let (device, chat, seq) = key::split::<16, 32, 8>(&record.key)?;
                let at = (DeviceId(device), ChatId(chat), u64::from_be_bytes(seq));
                Some(state::open::<ParkedRecord>(record).and_then(|parked| {
                    let content = wire::decode::<Content>(&parked.content).map_err(|_| broken)?;
                    self.parked.insert(at, (content, Road::of_number(parked.road)));
                    Ok(())
                }))
            }
            _ => Some(Ok(())),
        }
    }

    /// Sets the timers of a new run.
    fn wake_up(&mut self) {
        self.timers.set(Timer::Hourly, self.now.mono_ms);
        let devices: Vec<DeviceId> = self.peers.keys().copied().collect();
        for device in devices {
            self.timers.set(Timer::Dial(device), self.now.mono_ms);
            if let Some(peer) = self.peers.get(&device)
                && let Some(due) = peer.reorder.values().filter_map(Reorder::due_ms).min()
            {
                self.timers.set(Timer::Held(device), due);
            }
        }
        self.call_own_mailboxes();
        let joins: Vec<AccountId> = self
            .contacts
            .values()
            .filter(|contact| contact.join.is_some())
            .map(|contact| contact.account)
            .collect();
        for account in joins {
            self.timers.set(Timer::Join(account), self.now.mono_ms);
        }
        let parked: BTreeSet<(DeviceId, ChatId)> =
            self.parked.keys().map(|(device, chat, _)| (*device, *chat)).collect();
        for (device, chat) in parked {
            self.timers
                .set(Timer::Gap(device, chat), self.now.mono_ms.saturating_add(super::contents::GAP_MS));
        }
    }

    /// Everything dirty, as changes.
    pub(super) fn flush_records(&mut self) {
        if std::mem::take(&mut self.own_dirty) {
            self.put_own();
        }
        for account in std::mem::take(&mut self.dirty_contacts) {
            if let Some(contact) = self.contacts.get(&account) {
                self.changes.extend(state::put_second(Space::Contact, key::account(&account), contact));
            }
        }
        for chat in std::mem::take(&mut self.dirty_out) {
            if let Some(stream) = self.streams_out.get(&chat) {
                self.changes.extend(state::put(
                    Space::Stream,
                    key::stream(&self.own.device_id, &chat),
                    stream,
                ));
            }
        }
        for (device, chat) in std::mem::take(&mut self.dirty_in) {
            if let Some(stream) = self.streams_in.get(&(device, chat)) {
                self.changes.extend(state::put(Space::Stream, key::stream(&device, &chat), stream));
            }
        }
        for device in std::mem::take(&mut self.active_peers) {
            if let Some(peer) = self.peers.get_mut(&device) {
                flush_peer(peer, &mut self.changes);
            }
        }
    }

    fn put_own(&mut self) {
        let Some(olm) = pickle(&self.own.olm) else { return };
        let record = OwnRecord {
            name: self.own.name.clone(),
            device: self.own.device.to_bytes().to_vec(),
            olm: olm.to_vec(),
            fallback: self.own.fallback,
            fallback_lived_ms: self.own.fallback_lived_ms,
            manifest: self.own.manifest.clone(),
            card_seq: self.own.card_seq,
            lived_ms: self.lived_ms(),
            last_wall_ms: self.now.wall_ms,
            read_receipts: self.own.read_receipts,
            received_mark: self.own.received_mark,
            presence: self.own.presence.number(),
            record_s: self.own.record_s,
        };
        self.changes.extend(state::put_second(Space::Own, key::own(), &record));
    }
}

fn load_own(record: &Record, now: Now) -> Result<Own, LoadError> {
    let broken = || LoadError { space: Space::Own };
    let own: OwnRecord = state::open_second::<_, FirstOwn>(record)?;
    let manifest = Manifest::open(&own.manifest).map_err(|_| broken())?;
    let device = DeviceKeys::from_bytes(own.device.as_slice().try_into().map_err(|_| broken())?);
    let olm = serde_json::from_slice(&own.olm).map_err(|_| broken())?;
    let pause = u64::try_from(now.wall_ms.saturating_sub(own.last_wall_ms)).unwrap_or(0);
    let pause = if pause > BELIEVED_PAUSE_MS { 0 } else { pause };
    Ok(Own {
        account: manifest.account,
        name: own.name,
        device_id: device.id(),
        mailbox: MailKey::of(&device).id(),
        device,
        olm: vodozemac::olm::Account::from_pickle(olm),
        fallback: own.fallback,
        fallback_lived_ms: own.fallback_lived_ms,
        manifest: own.manifest,
        card_seq: own.card_seq,
        lived_ms: own.lived_ms.saturating_add(pause),
        lived_at_mono: now.mono_ms,
        last_wall_ms: own.last_wall_ms,
        read_receipts: own.read_receipts,
        received_mark: own.received_mark,
        presence: match Presence::of_number(own.presence) {
            Presence::Hidden => Presence::Invisible,
            presence => presence,
        },
        record_s: own.record_s,
        addrs: Vec::new(),
        peer_id: Vec::new(),
        card_day: None,
    })
}

fn id<T>(record: &Record, parse: impl Fn(&[u8]) -> Option<T>) -> Result<T, LoadError> {
    parse(&record.key).ok_or(LoadError { space: record.space })
}

fn flush_peer(peer: &mut Peer, changes: &mut Vec<Change>) {
    let dirty = std::mem::take(&mut peer.dirty);
    if dirty.record {
        changes.extend(state::put_second(Space::Device, key::device(&peer.id), &peer.record));
    }
    for session in dirty.dropped_sessions {
        changes.push(Change::Drop { space: Space::Session, key: key::session(&peer.id, &session) });
    }
    for (session, order) in dirty.dropped_held {
        changes.push(Change::Drop { space: Space::Held, key: key::held(&peer.id, &session, order) });
    }
    for session in dirty.sessions {
        if let Some(ratchet) = peer.sessions.get(&session).and_then(|ratchet| ratchet.to_bytes().ok()) {
            let next = peer.reorder.get(&session).map_or(0, Reorder::next);
            changes.extend(state::put(
                Space::Session,
                key::session(&peer.id, &session),
                &SessionRecord { ratchet, next },
            ));
        }
    }
    for number in dirty.rows {
        if let Some(row) = peer.outbox.get(&number) {
            changes.extend(state::put(Space::Outbox, key::numbered(&peer.id, number), row));
        }
    }
    peer.flush_custody(dirty.custody, changes);
    for number in dirty.dropped_rows {
        changes.push(Change::Drop { space: Space::Outbox, key: key::numbered(&peer.id, number) });
    }
}
