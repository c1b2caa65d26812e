//! Members of our rooms who are no contacts (docs/spec/09-rooms.md, "Fellows"): how they find us and we them. Their
//! devices are reached like any other; only what is about a room is taken from them.
//!
//! ```text
//!  operations, contacts ──► fellows ──► peers, look-ups, slots, queues, knocks
//!  links of a room ──cards──┘
//! ```
//! Somebody who was put out stays one until what they are owed has come: that they were put out.

use super::super::command::ContactState;
use super::super::live::FrameOut;
use super::super::net::LinkId;
use super::super::state::OutRow;
use super::super::{Engine, Timer};
use super::Room;
use crate::identity::{Card, Manifest, ManifestVerdict, judge_manifest};
use crate::ids::{AccountId, ChatId, DeviceId, RoomId};
use crate::kdf;
use crate::room::words::NAMES;
use crate::room::{OpBody, seal};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::wire::Signed;
use std::collections::{BTreeMap, BTreeSet};

/// Live links to members of a room that we see to ourselves. Fewer make a room fall apart when some go; more cost
/// everybody connections.
const NEIGHBOURS: usize = 6;
/// Fellows of a room we try for that, at a time: some are away.
const PICKED: usize = NEIGHBOURS + 2;
/// After this others are picked.
const PICK_MS: u64 = HOUR_MS;
/// A fellow nobody needs is looked at again after this.
const IDLE_MS: u64 = MINUTE_MS;
/// Secrets of a room by which its members find each other: the one in use, and the one before it for who has not heard.
const SECRETS: usize = 2;
/// Secrets by which one fellow is looked for, over all rooms.
const RVS: usize = 4;
/// Who is put out is tried for this much lived time, to be told. Longer calls at the door of somebody who does not open
/// to us any more; shorter leaves who was away to find out by themselves.
const FAREWELL_MS: u64 = 24 * HOUR_MS;
/// Cards of members that are kept, over all rooms, in this run. Each has some 2 kB, 8 at most.
const CARDS: usize = 4_096;

/// Members who are no contacts. Reckoned from the rooms, never stored.
#[derive(Default)]
pub(super) struct Fellows {
    /// Everybody who is in a room with us, contacts too: those change without the rooms.
    members: BTreeMap<AccountId, Fellow>,
    /// Cards as they were made for a room.
    cards: BTreeMap<(RoomId, DeviceId), (u64, Signed)>,
    /// Our own, with the secret they are for.
    mine: BTreeMap<RoomId, ([u8; 32], u64, Signed)>,
}

/// Somebody in a room with us.
struct Fellow {
    /// Which rooms; none when they were put out and are to be told.
    rooms: Vec<RoomId>,
    /// Their newest manifest that we know.
    manifest: Option<Signed>,
    /// Whether we try for a link with them.
    picked: bool,
}

impl Engine {
    // ---- who --------------------------------------------------------------------------------------------------

    /// Whether somebody is known by rooms only: no contact, or one who has not agreed, and not blocked.
    pub(in super::super) fn is_fellow(&self, account: &AccountId) -> bool {
        self.rooms.fellows.members.contains_key(account)
            && !matches!(
                self.contacts.get(account).map(|contact| contact.state),
                Some(ContactState::Accepted | ContactState::Blocked)
            )
    }

    /// Everybody who is known by rooms only.
    pub(in super::super) fn fellows(&self) -> impl Iterator<Item = AccountId> {
        self.rooms.fellows.members.keys().copied().filter(|account| self.is_fellow(account))
    }

    /// Makes the fellows those that should be: after members or contacts changed.
    pub(in super::super) fn sync_fellows(&mut self) {
        let mut before = std::mem::take(&mut self.rooms.fellows.members);
        let mut members: BTreeMap<AccountId, Fellow> = BTreeMap::new();
        for (room, known) in self.rooms.by_id.iter().filter(|(_, known)| known.is_live()) {
            let Some(log) = known.log.as_ref() else { continue };
            for (account, member) in log.members().iter().filter(|(one, _)| **one != self.own.account) {
                let fellow = members.entry(*account).or_insert_with(|| {
                    let manifest = before.remove(account).and_then(|fellow| fellow.manifest);
                    Fellow { rooms: Vec::new(), manifest, picked: false }
                });
                fellow.rooms.push(*room);
                let held = self.contacts.get(account).and_then(|contact| contact.manifest.as_ref());
                for manifest in [Some(&member.manifest), held].into_iter().flatten() {
                    if is_newer(fellow.manifest.as_ref(), manifest) {
                        fellow.manifest = Some(manifest.clone());
                    }
                }
            }
        }
        let lived_ms = self.lived_ms();
        let owed = |row: &OutRow| lived_ms.saturating_sub(row.accepted_lived_ms) < FAREWELL_MS;
        for peer in self.peers.values().filter(|peer| peer.outbox.values().any(owed)) {
            let account = peer.account();
            if !members.contains_key(&account) && !self.contacts.contains_key(&account) {
                let manifest = before.remove(&account).and_then(|fellow| fellow.manifest);
                members.insert(account, Fellow { rooms: Vec::new(), manifest, picked: false });
            }
        }
        self.rooms.fellows.members = members;
        self.pick_fellows();
        self.sync_fellow_peers();
        let rooms = &self.rooms.by_id;
        let in_room = |room: &RoomId, device: &DeviceId| {
            let log = rooms.get(room).filter(|known| known.is_live()).and_then(|known| known.log.as_ref());
            log.is_some_and(|log| log.members().account_of(device).is_some())
        };
        self.rooms.fellows.cards.retain(|(room, device), _| in_room(room, device));
    }

    /// Chooses whom to try for a link: not the same ones as everybody, and others with time.
    fn pick_fellows(&mut self) {
        let (own, turn) = (self.own.account, self.lived_ms() / PICK_MS);
        let mut picked = BTreeSet::new();
        for known in self.rooms.by_id.values().filter(|known| known.is_live()) {
            let mut others: Vec<([u8; 32], AccountId)> = known
                .accounts()
                .into_iter()
                .filter(|account| self.is_fellow(account))
                .map(|account| {
                    let (low, high) = (own.min(account), own.max(account));
                    (kdf::derive("room pick", &[&low.0, &high.0, &turn.to_le_bytes()]), account)
                })
                .collect();
            others.sort_unstable();
            picked.extend(others.into_iter().take(PICKED).map(|(_, account)| account));
        }
        for (account, fellow) in &mut self.rooms.fellows.members {
            fellow.picked = picked.contains(account);
        }
    }

    /// Fellows have peers for their devices, and who is nobody any more has none.
    fn sync_fellow_peers(&mut self) {
        let fellows: Vec<AccountId> = self.fellows().collect();
        let mut fresh = false;
        for account in fellows {
            let signed = self.rooms.fellows.members.get(&account).and_then(|fellow| fellow.manifest.clone());
            let known: Vec<DeviceId> = self.devices_of(account);
            if let Some(mut manifest) = signed.and_then(|signed| Manifest::open(&signed).ok()) {
                manifest.devices.retain(|entry| entry.id != self.own.device_id);
                let same = known.len() == manifest.devices.len()
                    && known.iter().all(|device| manifest.device(device).is_some());
                if !same {
                    self.take_devices(account, &manifest);
                    fresh = true;
                }
            }
            for device in self.devices_of(account) {
                let due = self.timers.when(&Timer::Dial(device));
                if due.is_none() && self.live_link(device).is_none() {
                    let wait = self.rng.below(SECOND_MS);
                    self.timers.set(Timer::Dial(device), self.now.mono_ms.saturating_add(wait));
                }
            }
        }
        let nobody: Vec<(DeviceId, AccountId)> = self
            .peers
            .values()
            .map(|peer| (peer.id, peer.account()))
            .filter(|(_, account)| {
                !self.contacts.contains_key(account) && !self.rooms.fellows.members.contains_key(account)
            })
            .collect();
        for (device, account) in nobody {
            self.drop_fellow(device, account);
        }
        if fresh && !self.is_invisible() {
            for (peer, addrs) in self.lan.clone() {
                self.on_lan_found(peer, addrs);
            }
        }
    }

    fn drop_fellow(&mut self, device: DeviceId, account: AccountId) {
        self.drop_device(device, &[]);
        if self.devices_of(account).is_empty() {
            self.forget_stream(ChatId::from(account));
        }
    }

    /// Whether a link with a fellow's device is wanted: something waits for it, or a room is thinly linked.
    pub(in super::super) fn is_fellow_wanted(&self, device: DeviceId) -> bool {
        let Some(peer) = self.peers.get(&device) else { return false };
        let account = peer.account();
        let Some(fellow) = self.rooms.fellows.members.get(&account) else { return false };
        let thin = |room: &RoomId| self.neighbours(*room).len() < NEIGHBOURS;
        self.is_fellow(&account)
            && (!peer.outbox.is_empty() || (fellow.picked && fellow.rooms.iter().any(thin)))
    }

    /// A fellow's device that is not wanted now may be later.
    pub(in super::super) fn look_again(&mut self, device: DeviceId) {
        if self.peers.get(&device).is_some_and(|peer| self.is_fellow(&peer.account())) {
            self.timers.set_earlier(Timer::Dial(device), self.now.mono_ms.saturating_add(IDLE_MS));
        }
    }

    /// Whether any device of a fellow is wanted.
    pub(in super::super) fn is_fellow_sought(&self, account: AccountId) -> bool {
        self.is_fellow(&account)
            && self.devices_of(account).into_iter().any(|device| self.is_fellow_wanted(device))
    }

    // ---- where ------------------------------------------------------------------------------------------------

    /// By which secrets the members of our rooms find us, the one in use first.
    pub(in super::super) fn room_rvs(&self) -> Vec<(RoomId, [u8; 32])> {
        let live = self.rooms.by_id.iter().filter(|(_, known)| known.is_live());
        let own = self.own.account;
        live.flat_map(|(room, known)| rvs(known, &own).map(|rv| (*room, rv))).collect()
    }

    /// By which secrets we find a fellow.
    pub(in super::super) fn fellow_rvs(&self, account: &AccountId) -> Vec<[u8; 32]> {
        let Some(fellow) = self.rooms.fellows.members.get(account).filter(|_| self.is_fellow(account)) else {
            return Vec::new();
        };
        let rooms = fellow.rooms.iter().filter_map(|room| self.room(room));
        rooms.flat_map(|known| rvs(known, account)).take(RVS).collect()
    }

    /// The secret by which somebody finds us: for the card they get.
    pub(in super::super) fn rv_out_for(&self, account: &AccountId) -> Option<[u8; 32]> {
        let contact = self.contacts.get(account);
        if !self.is_fellow(account) {
            return contact.map(|contact| contact.rv_out);
        }
        let rooms = &self.rooms.fellows.members.get(account)?.rooms;
        let room = rooms.iter().find_map(|room| rvs(self.room(room)?, &self.own.account).next());
        room.or_else(|| contact.map(|contact| contact.rv_out))
    }

    /// Our card for the other side of a link.
    pub(in super::super) fn card_on(&mut self, link: LinkId) -> Option<Signed> {
        let device = self.links.get(&link)?.device?;
        let account = self.peers.get(&device)?.account();
        match self.rv_out_for(&account) {
            Some(rv) => self.own_card(&rv),
            // Who was put out gets one that says nothing: a link begins with one.
            None => self.invite_card(&kdf::derive("room farewell", &[&account.0]), true),
        }
    }

    /// Whether somebody is in a room with us.
    pub(in super::super) fn shares_room(&self, account: &AccountId) -> bool {
        self.rooms.fellows.members.get(account).is_some_and(|fellow| !fellow.rooms.is_empty())
    }

    // ---- manifests --------------------------------------------------------------------------------------------

    /// The newest manifest of a fellow.
    pub(in super::super) fn fellow_manifest(&self, account: &AccountId) -> Option<&Signed> {
        self.rooms.fellows.members.get(account)?.manifest.as_ref()
    }

    /// Judges a manifest of somebody who is no contact at all. `None` when it is forged, or of nobody.
    pub(in super::super) fn take_fellow_manifest(
        &mut self,
        account: AccountId,
        signed: &Signed,
    ) -> Option<()> {
        let fellow = self.rooms.fellows.members.get_mut(&account)?;
        let (mut manifest, verdict) = judge_manifest(fellow.manifest.as_ref(), signed).ok()?;
        match verdict {
            ManifestVerdict::Same | ManifestVerdict::Older | ManifestVerdict::Conflict => return Some(()),
            ManifestVerdict::First | ManifestVerdict::Newer | ManifestVerdict::NewerRestored => {}
        }
        fellow.manifest = Some(signed.clone());
        manifest.devices.retain(|entry| entry.id != self.own.device_id);
        self.take_devices(account, &manifest);
        self.pass_on_manifest(account, signed);
        Some(())
    }

    /// A member's newer manifest becomes the rooms'. One admin is enough, and an admin it must be: what a device that is
    /// gone knows is replaced with it.
    pub(in super::super) fn pass_on_manifest(&mut self, account: AccountId, signed: &Signed) {
        for room in self.rooms_with(&account) {
            let log = self.room(&room).and_then(|known| known.log.as_ref());
            let older = log.is_some_and(|log| {
                let admin = log.members().member(&self.own.account).is_some_and(|own| own.rank.is_some());
                let held = log.members().member(&account).map(|member| &member.manifest);
                admin && held.is_some() && is_newer(held, signed)
            });
            if older {
                let _ = self.post_op(room, &OpBody::Devices(signed.clone()));
            }
        }
    }

    // ---- cards ------------------------------------------------------------------------------------------------

    /// Makes our own cards for rooms anew, where something in them changed.
    pub(in super::super) fn sync_room_cards(&mut self) {
        let today = crate::discovery::day_of(self.now.wall_ms);
        let stands = self.own.card_day == Some(today);
        let mut wanted: BTreeMap<RoomId, [u8; 32]> = BTreeMap::new();
        for (room, rv) in self.room_rvs() {
            wanted.entry(room).or_insert(rv);
        }
        self.rooms.fellows.mine.retain(|room, _| wanted.contains_key(room));
        for (room, rv) in wanted {
            let last = self.rooms.fellows.mine.get(&room);
            let same = |(of, seq, _): &([u8; 32], u64, Signed)| *of == rv && *seq == self.own.card_seq;
            if self.own.peer_id.is_empty() || (stands && last.is_some_and(same)) {
                continue;
            }
            if let Some(card) = self.own_card(&rv) {
                self.rooms.fellows.mine.insert(room, (rv, self.own.card_seq, card));
                self.heads_changed(room);
            }
        }
    }

    /// Cards of members' devices that we have, and their numbers.
    pub(super) fn room_cards(&self, room: RoomId) -> Vec<(DeviceId, u64)> {
        let fellows = &self.rooms.fellows;
        let mine = fellows.mine.get(&room).map(|(_, seq, _)| (self.own.device_id, *seq));
        let others = fellows.cards.range((room, DeviceId([0; 16]))..=(room, DeviceId([0xff; 16])));
        mine.into_iter().chain(others.map(|((_, device), (seq, _))| (*device, *seq))).take(NAMES).collect()
    }

    /// Of such cards, those that are newer than ours.
    pub(super) fn wanted_cards(&self, room: RoomId, theirs: &[(DeviceId, u64)]) -> Vec<DeviceId> {
        let Some(log) = self.room(&room).and_then(|known| known.log.as_ref()) else { return Vec::new() };
        let newer = |(device, seq): &&(DeviceId, u64)| {
            *device != self.own.device_id
                && log.members().account_of(device).is_some()
                && self.rooms.fellows.cards.get(&(room, *device)).is_none_or(|(have, _)| have < seq)
        };
        theirs.iter().filter(newer).map(|(device, _)| *device).collect()
    }

    /// A member's card, as it was made for a room.
    pub(super) fn card_in_room(&self, room: RoomId, device: &DeviceId) -> Option<Signed> {
        if *device == self.own.device_id {
            return self.rooms.fellows.mine.get(&room).map(|(_, _, card)| card.clone());
        }
        self.rooms.fellows.cards.get(&(room, *device)).map(|(_, card)| card.clone())
    }

    /// A member's card that somebody of the room gave us.
    pub(super) fn take_room_card(&mut self, room: RoomId, signed: &Signed) {
        let Ok((card, manifest)) = Card::open(signed) else { return };
        let log = self.room(&room).and_then(|known| known.log.as_ref());
        let owner = log.and_then(|log| log.members().account_of(&card.device));
        let (device, account) = (card.device, manifest.account);
        let known = self.rooms.fellows.cards.get(&(room, device)).map(|(seq, _)| *seq);
        let full = self.rooms.fellows.cards.len() >= CARDS && known.is_none();
        if owner != Some(account)
            || device == self.own.device_id
            || full
            || known.is_some_and(|seq| seq >= card.seq)
        {
            return;
        }
        self.rooms.fellows.cards.insert((room, device), (card.seq, signed.clone()));
        if self.is_fellow(&account) {
            let _ = self.take_card(None, signed);
        } else if self.is_accepted(&account) {
            self.take_addresses(device, &card);
        }
        self.heads_changed(room);
    }

    /// Where a contact is, by a card that was not made for us: the rest of it is not ours to use.
    fn take_addresses(&mut self, device: DeviceId, card: &Card) {
        let Some(peer) = self.peers.get_mut(&device) else { return };
        if card.seq <= peer.record.card_seq || card.addrs == peer.record.addrs {
            return;
        }
        peer.record.addrs.clone_from(&card.addrs);
        peer.record.addrs.truncate(crate::limits::ADDRESSES);
        peer.dirty.record = true;
        self.active_peers.insert(device);
        if self.live_link(device).is_none() {
            self.failures.remove(&device);
            self.timers.set_earlier(Timer::Dial(device), self.now.mono_ms);
        }
    }

    /// A fellow becomes a contact, or the other way round: of each device the next card counts, though it has the number
    /// of one that was made for somebody else.
    pub(in super::super) fn await_card(&mut self, account: AccountId) {
        if !self.shares_room(&account) {
            return;
        }
        for device in self.devices_of(account) {
            if let Some(peer) = self.peers.get_mut(&device) {
                peer.record.card_seq = 0;
                peer.dirty.record = true;
                self.active_peers.insert(device);
            }
        }
    }

    /// A fellow became a contact while linked: both are told how the other is.
    pub(in super::super) fn meet_fellow(&mut self, account: AccountId) {
        let presence = self.presence_for(account);
        for device in self.devices_of(account) {
            if self.frame_to(device, &FrameOut::Presence(presence)) {
                self.presence_changed(device);
            }
        }
    }
}

/// By which secrets an account of a room is found, the one in use first.
fn rvs<'a>(known: &'a Room, account: &'a AccountId) -> impl Iterator<Item = [u8; 32]> + 'a {
    known.record.secrets.iter().rev().take(SECRETS).map(|one| seal::rv(&one.secret, account))
}

/// Whether a manifest is of a higher version. Both were signed by the same account.
fn is_newer(held: Option<&Signed>, new: &Signed) -> bool {
    let version = |signed: &Signed| crate::wire::decode::<Manifest>(&signed.body).map(|m| m.version).ok();
    held.is_none_or(|held| held != new && version(held) < version(new))
}
