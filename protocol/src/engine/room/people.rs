//! What persons change in rooms, and how a room is shown (docs/spec/09-rooms.md, "Operations"). How people come in is in
//! `joining`; what follows from a change, whoever made it, in `changes`.

use super::super::Engine;
use super::super::command::{MemberView, Refusal, Reply, Role, RoomSetting, RoomState, RoomView};
use super::super::state;
use super::super::step::{Change, MessageState, Space};
use super::record::{RoomRecord, SecretRecord, key};
use super::{ROOMS, Room};
use crate::content::{Body, RoomRead};
use crate::ids::{AccountId, ChatId, MessageId, RoomId};
use crate::room::{Create, Log, Meta, OP_TEXT_BYTES, Op, OpBody, OpId, Policy, Remove, seal};
use crate::text;
use std::collections::BTreeMap;

/// Read receipts are told in rooms of up to so many people. In larger ones they would be most of what is said.
const RECEIPTS: usize = 20;
/// Shown messages per room whose authors are remembered for that, in this run.
const AUTHORS: usize = 512;

impl Engine {
    pub(super) fn room_new(&mut self, name: &str) -> Result<Reply, Refusal> {
        let name = room_name(name);
        if name.is_empty() {
            return Err(Refusal::Empty);
        }
        self.check_rooms()?;
        let (manifest, nonce) = (self.own.manifest.clone(), self.rng.bytes());
        let create = Create { name: name.clone(), history: Policy::None, manifest, nonce };
        let op = Op::create(self.own.account, self.own.device_id, self.now.wall_ms, create);
        let signed = op.and_then(|op| op.sign(&self.own.device)).map_err(|_| TOO_BIG)?;
        let log = Log::create(&signed).map_err(|_| Refusal::NotAllowed)?;
        let room = log.room();
        let name = self.unique_room_name(&name, room);
        let mut entry = Room::new(RoomRecord::new(name, RoomState::Member, None));
        let since_lived_ms = self.lived_ms();
        let secret: [u8; 32] = self.rng.bytes();
        entry.record.since_lived_ms = since_lived_ms;
        entry.record.secrets.push(SecretRecord { secret, since_lived_ms });
        entry.log = Some(log);
        self.changes.extend(state::put(Space::RoomOp, key::hashed(&room, &OpId::of(&signed).0), &signed));
        self.rooms.by_id.insert(room, entry);
        self.rooms.dirty.insert(room);
        self.post_op(room, &OpBody::Secret(seal::secret_id(&secret)))?;
        self.room_event(room, "joined", self.own.account);
        self.room_line(room, "You made this room");
        self.shown_room(room)
    }

    pub(super) fn check_rooms(&self) -> Result<(), Refusal> {
        if self.rooms.by_id.len() < ROOMS {
            return Ok(());
        }
        Err(Refusal::Full { what: "the list of rooms", limit: "512" })
    }

    pub(super) fn room_list(&self) -> Reply {
        let mut views: Vec<RoomView> =
            self.rooms.by_id.iter().map(|(room, known)| self.room_view(*room, known)).collect();
        views.extend(self.open_views());
        views.sort_by_key(|view| (view.name.to_lowercase(), view.room));
        Reply::Rooms(views)
    }

    pub(super) fn shown_room(&self, room: RoomId) -> Result<Reply, Refusal> {
        let known = self.room(&room).ok_or(Refusal::NoRoom)?;
        Ok(Reply::Room(self.room_view(room, known)))
    }

    fn room_view(&self, room: RoomId, known: &Room) -> RoomView {
        let record = &known.record;
        let members = known.log.as_ref().map(Log::members).filter(|_| record.state == RoomState::Member);
        let linked = self.linked_accounts();
        let here = members.map_or(0, |members| {
            members.accounts().filter(|one| *one == self.own.account || linked.contains(one)).count()
        });
        let own = members.and_then(|members| members.member(&self.own.account));
        RoomView {
            room,
            name: record.name.clone(),
            topic: members.map(|members| members.topic.clone()).unwrap_or_default(),
            open: false,
            state: record.state,
            role: role(own.and_then(|own| own.rank)),
            members: members.map_or(record.told_members, |members| count(members.len())),
            here: count(here),
            history: members.map_or(Policy::None, |members| members.history).to_string(),
            invited_by: record
                .invited_by
                .filter(|_| matches!(record.state, RoomState::Invited | RoomState::Joining)),
            mailboxes: members.map_or(0, |members| count(members.mailboxes.len())),
            waiting: known.sent.values().filter(|sent| sent.visible).count() as u64,
            slow_s: 0,
            epoch: known.sender.as_ref().map(|sender| mark(&sender.id())).unwrap_or_default(),
        }
    }

    pub(super) fn room_members(&self, room: RoomId) -> Result<Reply, Refusal> {
        let known = self.room(&room).ok_or(Refusal::NoRoom)?;
        let log = known.log.as_ref().ok_or(Refusal::NotMember)?;
        let mut views: Vec<MemberView> = log
            .members()
            .iter()
            .map(|(account, member)| MemberView {
                account: *account,
                name: self.name_in(room, *account),
                role: role(member.rank),
                me: *account == self.own.account,
                contact: self.is_accepted(account),
                via: self.best_via(*account),
                last_seen: self.contacts.get(account).and_then(|contact| contact.last_seen),
                muted: false,
                followed: false,
            })
            .collect();
        views.sort_by_key(|view| (view.role, view.name.to_lowercase(), view.account));
        Ok(Reply::Members(views))
    }

    /// What somebody is called in a room: the contact's name, else what the room knows them by.
    pub(super) fn name_in(&self, room: RoomId, account: AccountId) -> String {
        if account == self.own.account {
            return self.own.name.clone();
        }
        let contact = self.contacts.get(&account).map(|contact| &contact.name);
        let log = self.room(&room).and_then(|known| known.log.as_ref());
        let member = log.and_then(|log| log.members().member(&account)).map(|member| &member.name);
        let named = contact.into_iter().chain(member).find(|name| !name.is_empty());
        named.cloned().unwrap_or_else(|| format!("guest-{}", super::super::people::short(&account)))
    }

    // ---- changes ----------------------------------------------------------------------------------------------

    pub(super) fn room_leave(&mut self, room: RoomId) -> Result<Reply, Refusal> {
        match self.room(&room).ok_or(Refusal::NoRoom)?.record.state {
            RoomState::Invited => return self.room_answer(room, false),
            RoomState::Joining => {
                if let Some(known) = self.room_mut(&room) {
                    known.record.state = RoomState::Left;
                    known.record.wish = false;
                }
                self.room_event(room, "left", self.own.account);
            }
            RoomState::Member => {
                let account = self.own.account;
                let left = self
                    .post_op(room, &OpBody::Remove(Remove { account, upto: self.upto_of(room, account) }));
                // Who is not let in by what is here has nothing to take back.
                if left == Err(Refusal::NotAllowed) {
                    self.go_out(room, RoomState::Left);
                } else {
                    left?;
                }
            }
            RoomState::Left | RoomState::Removed => return Err(Refusal::NotMember),
        }
        self.shown_room(room)
    }

    pub(super) fn room_remove(&mut self, room: RoomId, account: AccountId) -> Result<Reply, Refusal> {
        if account == self.own.account {
            return self.room_leave(room);
        }
        self.check_theirs(room, &account)?;
        self.post_op(room, &OpBody::Remove(Remove { account, upto: self.upto_of(room, account) }))?;
        self.shown_room(room)
    }

    /// Up to which numbers we have messages of somebody's devices.
    fn upto_of(&self, room: RoomId, account: AccountId) -> Vec<(crate::ids::DeviceId, u64)> {
        let Some(known) = self.room(&room) else { return Vec::new() };
        let Some(member) = known.log.as_ref().and_then(|log| log.members().member(&account)) else {
            return Vec::new();
        };
        let last = |device| known.chains.get(&device).map_or(0, |chain| chain.applied.last());
        let mut upto: Vec<_> = member.devices.iter().map(|device| (device.id, last(device.id))).collect();
        upto.retain(|(_, last)| *last > 0);
        upto.sort_unstable();
        upto.truncate(crate::room::UPTO);
        upto
    }

    pub(super) fn room_role(
        &mut self,
        room: RoomId,
        account: AccountId,
        admin: bool,
    ) -> Result<Reply, Refusal> {
        self.check_theirs(room, &account)?;
        let log = self.room(&room).and_then(|known| known.log.as_ref());
        let is_admin = log.is_some_and(|log| log.members().admins().any(|one| one == account));
        if is_admin != admin {
            let says = if admin { OpBody::Promote(account) } else { OpBody::Demote(account) };
            self.post_op(room, &says)?;
        }
        self.shown_room(room)
    }

    /// Refuses what is about somebody who is not in a room, or in one that we are not in.
    fn check_theirs(&self, room: RoomId, account: &AccountId) -> Result<(), Refusal> {
        let known = self.room(&room).ok_or(Refusal::NoRoom)?;
        let log = known.log.as_ref().filter(|_| known.is_live()).ok_or(Refusal::NotMember)?;
        if log.members().is_member(account) { Ok(()) } else { Err(Refusal::NotTheirs) }
    }

    pub(super) fn room_set(&mut self, room: RoomId, what: RoomSetting) -> Result<Reply, Refusal> {
        let (field, value) = match what {
            RoomSetting::Name(name) => (Meta::NAME, room_name(&name)),
            RoomSetting::Topic(topic) => (Meta::TOPIC, text::clean_line(&topic)),
            RoomSetting::History(history) => (Meta::HISTORY, history.trim().to_owned()),
        };
        if field == Meta::NAME && value.is_empty() {
            return Err(Refusal::Empty);
        }
        if value.len() > OP_TEXT_BYTES {
            return Err(Refusal::TooLong { what: "a topic", limit: "1,024 bytes" });
        }
        if field == Meta::HISTORY && value.parse::<Policy>().is_err() {
            let range = "none, last N, days N or all";
            return Err(Refusal::OutOfRange { what: "the history for late joiners", range });
        }
        self.post_op(room, &OpBody::Meta(Meta { field, value }))?;
        self.shown_room(room)
    }

    /// Our own name is another one: every room is told.
    pub(in super::super) fn rename_in_rooms(&mut self) {
        let rooms: Vec<RoomId> = self.rooms.by_id.keys().copied().collect();
        for room in rooms {
            self.tell_own_name(room);
        }
    }

    /// Tells a room what we are called, unless it knows.
    pub(super) fn tell_own_name(&mut self, room: RoomId) {
        let log = self.room(&room).filter(|known| known.is_live()).and_then(|known| known.log.as_ref());
        let own = log.and_then(|log| log.members().member(&self.own.account));
        if own.is_some_and(|own| own.name != self.own.name) {
            let name = self.own.name.clone();
            let _ = self.post_op(room, &OpBody::Name(name));
        }
    }

    /// Says something as an operation of a room: signed, on disk, told to who is there.
    pub(super) fn post_op(&mut self, room: RoomId, says: &OpBody) -> Result<OpId, Refusal> {
        let (account, device, at) = (self.own.account, self.own.device_id, self.now.wall_ms);
        let known = self.rooms.by_id.get_mut(&room).ok_or(Refusal::NoRoom)?;
        if !known.is_live() {
            return Err(Refusal::NotMember);
        }
        let log = known.log.as_mut().ok_or(Refusal::NotMember)?;
        if !log.members().may(&account, says) {
            return Err(Refusal::NotAllowed);
        }
        let before = log.members().clone();
        let op = log.draft(account, device, at, says).and_then(|op| op.sign(&self.own.device));
        let signed = op.map_err(|_| TOO_BIG)?;
        log.insert(signed.clone())
            .map_err(|_| Refusal::Full { what: "the room's list of changes", limit: "20,000 changes" })?;
        let id = OpId::of(&signed);
        self.changes.extend(state::put(Space::RoomOp, key::hashed(&room, &id.0), &signed));
        self.push_ops(room, vec![signed]);
        self.members_changed(room, &before, &[id]);
        self.heads_changed(room);
        Ok(id)
    }

    /// A name no other room of ours has, nor one that looks the same.
    pub(super) fn unique_room_name(&self, name: &str, room: RoomId) -> String {
        let taken = |name: &str| {
            let (handle, skeleton) = (text::handle(name), text::skeleton(name));
            self.rooms.by_id.iter().any(|(other, known)| {
                let record = &known.record;
                *other != room
                    && !matches!(record.state, RoomState::Left | RoomState::Removed)
                    && (text::handle(&record.name) == handle || text::skeleton(&record.name) == skeleton)
            })
        };
        if !taken(name) && !self.is_open_name(name) {
            return name.to_owned();
        }
        let id = crate::ids::base32().encode(&room.0);
        (1..=6usize)
            .filter_map(|step| id.get(..step.saturating_mul(4)))
            .map(|mark| text::clean_name(&format!("{mark} {name}")))
            .find(|marked| !taken(marked))
            .unwrap_or_else(|| id.chars().take(32).collect())
    }

    // ---- aside ------------------------------------------------------------------------------------------------

    /// A content to a contact or a fellow that is no line of a chat.
    pub(super) fn send_aside(&mut self, account: AccountId, body: &Body) -> Result<(), Refusal> {
        let chat = ChatId::from(account);
        if !self.is_fellow(&account) {
            return self.send_control(chat, body);
        }
        self.check_room(chat, 256)?;
        let id = MessageId(self.rng.bytes());
        self.accept(chat, id, body, false).map(|_| ())
    }

    /// Whether every other member of a room is a contact whose safety number was compared.
    pub(in super::super) fn room_is_verified(&self, room: RoomId) -> bool {
        let verified = |account: &AccountId| {
            *account == self.own.account
                || self.contacts.get(account).is_some_and(|one| one.verified && !one.key_changed)
        };
        self.room(&room).is_some_and(|known| known.accounts().iter().all(verified))
    }

    /// Whether we are an admin of a room.
    pub(in super::super) fn is_room_admin(&self, room: RoomId) -> bool {
        let members = self.room(&room).and_then(|known| known.log.as_ref()).map(|log| log.members());
        members.and_then(|members| members.member(&self.own.account)?.rank).is_some()
    }

    /// A message of a room was shown: its author is told when it is read.
    pub(super) fn note_author(&mut self, room: RoomId, message: MessageId, author: AccountId) {
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        known.authors.push_back((message, author));
        if known.authors.len() > AUTHORS {
            known.authors.pop_front();
        }
    }

    /// Messages of ours in a room were read there.
    pub(in super::super) fn on_room_was_read(&mut self, author: AccountId, read: &RoomRead) {
        let log = self.room(&read.room).and_then(|known| known.log.as_ref());
        if !log.is_some_and(|log| log.members().is_member(&author)) {
            return;
        }
        let at = self.now.wall_ms;
        for message in read.messages.iter().copied() {
            let state = MessageState::Read;
            self.change(Change::State { message, account: author, state, reason: None, at });
        }
    }

    /// Messages of a room were read here: their authors are told, in a small room.
    pub(in super::super) fn room_was_read(&mut self, room: RoomId, messages: &[MessageId]) {
        let Some(known) = self.room(&room).filter(|known| known.is_live()) else { return };
        let small = known.log.as_ref().is_some_and(|log| log.members().len() <= RECEIPTS);
        if !self.own.read_receipts || !small {
            return;
        }
        let mut by_author: BTreeMap<AccountId, Vec<MessageId>> = BTreeMap::new();
        for (message, author) in known.authors.iter().filter(|(message, _)| messages.contains(message)) {
            by_author.entry(*author).or_default().push(*message);
        }
        by_author.remove(&self.own.account);
        for (author, messages) in by_author {
            // Who cannot be told is not told: reading must not fail for it.
            let _ = self.send_aside(author, &Body::RoomRead(RoomRead { room, messages, ext: Vec::new() }));
        }
    }
}

const TOO_BIG: Refusal = Refusal::TooLong { what: "what is said about a room", limit: "8 KiB" };

/// A room's name, cleaned, without the `#` it is typed with; may be empty.
pub(super) fn room_name(typed: &str) -> String {
    text::clean_name(text::clean_name(typed).trim_start_matches(['#', ' ']))
}

/// A few characters of a key.
fn mark(id: &[u8; 32]) -> String {
    crate::ids::base32().encode(id).chars().take(8).collect()
}

pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn role(rank: Option<u32>) -> Role {
    match rank {
        Some(0) => Role::Creator,
        Some(_) => Role::Admin,
        None => Role::Member,
    }
}
