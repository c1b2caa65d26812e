//! How people come into a room (docs/spec/09-rooms.md, "Joining").
//!
//! ```text
//!  admin: invite ──RoomInvite──► invited ──yes──► joining
//!         asked ◄──RoomAnswer──────────────────────┘
//!           └── Add, RoomWelcome ──► member ──► the rest by the links
//!  by a link: add the admin as a contact ──accepted──► (invited, answered by itself)
//! ```

use super::super::Engine;
use super::super::command::{ContactState, Refusal, Reply, RoomState};
use super::super::state;
use super::super::step::Space;
use super::Room;
use super::people::{count, room_name};
use super::record::{RoomRecord, SecretRecord, key};
use crate::content::{Body, RoomAnswer, RoomInvite, RoomSecret, RoomWelcome};
use crate::ids::{AccountId, DeviceId, InviteId, RoomId};
use crate::invite::Invite;
use crate::limits::{INVITES, REQUESTS};
use crate::room::{ADD_UPTO, Add, Log, MEMBERS, Op, OpBody, OpId, Policy, RoomLink, seal};
use crate::time::DAY_MS;
use crate::wire::Signed;

/// A question that is not answered in this time is forgotten: the message that carries it is over then, too.
const ASKED_MS: u64 = 30 * DAY_MS;
/// Invitations of one contact that wait for our answer, at most. More would only help who wants to fill the list.
const INVITED: usize = 16;
/// Bytes of operations in a welcome. The rest comes by the links; more would not fit a message.
const WELCOME_BYTES: usize = 24 * 1024;
/// Bytes around an operation's body, as a welcome counts them.
const AROUND: usize = 72;
/// Secrets kept of a room: the one in use, those before it, and those whose operation has not come.
const SECRETS: usize = 16;

impl Engine {
    // ---- asking people in -------------------------------------------------------------------------------------

    pub(super) fn room_invite(&mut self, room: RoomId, account: AccountId) -> Result<Reply, Refusal> {
        self.check_may_add(room)?;
        self.check_contact(account)?;
        let lived_ms = self.lived_ms();
        let known = self.room_mut(&room).ok_or(Refusal::NoRoom)?;
        known.record.asked.retain(|(_, at)| lived_ms.saturating_sub(*at) < ASKED_MS);
        let is_member = known.log.as_ref().is_some_and(|log| log.members().is_member(&account));
        if is_member || known.record.asked.iter().any(|(asked, _)| *asked == account) {
            return Err(Refusal::AlreadyThere);
        }
        if known.record.asked.len().saturating_add(known.accounts().len()) >= MEMBERS {
            return Err(Refusal::Full { what: "the room", limit: "1,000 people" });
        }
        let members = count(known.accounts().len());
        let name = known.log.as_ref().map(|log| log.members().name.clone()).unwrap_or_default();
        let invite = RoomInvite { room, name, members, ext: Vec::new() };
        self.send_aside(account, &Body::RoomInvite(invite))?;
        if let Some(known) = self.room_mut(&room) {
            known.record.asked.push((account, lived_ms));
        }
        self.shown_room(room)
    }

    /// Refuses who may not let people in.
    fn check_may_add(&self, room: RoomId) -> Result<(), Refusal> {
        let known = self.room(&room).ok_or(Refusal::NoRoom)?;
        let log = known.log.as_ref().filter(|_| known.is_live()).ok_or(Refusal::NotMember)?;
        let own = log.members().member(&self.own.account).ok_or(Refusal::NotMember)?;
        if own.rank.is_some() { Ok(()) } else { Err(Refusal::NotAllowed) }
    }

    fn check_contact(&self, account: AccountId) -> Result<(), Refusal> {
        match self.contacts.get(&account).map(|contact| contact.state) {
            Some(ContactState::Accepted) => Ok(()),
            Some(ContactState::Pending) => Err(Refusal::NotAccepted),
            Some(ContactState::Blocked) => Err(Refusal::Blocked),
            Some(ContactState::Removed) => Err(Refusal::Removed),
            None => Err(Refusal::NoContact),
        }
    }

    /// Somebody we asked answers.
    pub(in super::super) fn on_room_answer(&mut self, author: AccountId, answer: &RoomAnswer) {
        let room = answer.room;
        let asked = self.room(&room).is_some_and(|known| {
            known.is_live() && known.record.asked.iter().any(|(asked, _)| *asked == author)
        });
        if !asked {
            return;
        }
        if let Some(known) = self.room_mut(&room) {
            known.record.asked.retain(|(asked, _)| *asked != author);
        }
        if !answer.join {
            let name = self.name_in(room, author);
            self.room_line(room, &format!("{name} does not want to join"));
            return;
        }
        let is_member = |engine: &Self| {
            let log = engine.room(&room).and_then(|known| known.log.as_ref());
            log.is_some_and(|log| log.members().is_member(&author))
        };
        if !is_member(self)
            && let Some(add) = self.add_of(room, author)
        {
            let _ = self.post_op(room, &OpBody::Add(add));
        }
        if is_member(self)
            && let Some(welcome) = self.welcome(room)
        {
            let _ = self.send_aside(author, &Body::RoomWelcome(welcome));
        }
    }

    /// What lets a contact in.
    fn add_of(&self, room: RoomId, account: AccountId) -> Option<Add> {
        let contact = self.contacts.get(&account).filter(|one| one.state == ContactState::Accepted)?;
        let manifest = contact.manifest.clone()?;
        // What we call somebody is nobody's business; they tell the room what they are called.
        let name = if contact.named_by_us { String::new() } else { contact.name.clone() };
        let known = self.room(&room)?;
        let members = known.log.as_ref()?.members();
        let mut upto: Vec<(DeviceId, u64)> =
            known.chains.iter().map(|(device, chain)| (*device, chain.applied.last())).collect();
        upto.retain(|(_, last)| *last > 0);
        // Those who may still write come first.
        upto.sort_by_key(|(device, _)| (members.account_of(device).is_none(), *device));
        upto.truncate(ADD_UPTO);
        upto.sort_unstable();
        let since = self.history_from(known, members.history);
        Some(Add { account, name, manifest, upto, since })
    }

    /// The depth from which on a newcomer may be given what was written before they came.
    fn history_from(&self, known: &Room, policy: Policy) -> u64 {
        let depth = known.record.depth;
        match policy {
            Policy::None => depth.saturating_add(1),
            Policy::All => 0,
            Policy::Last(count) => depth.saturating_add(1).saturating_sub(u64::from(count)),
            Policy::Days(days) => {
                let first = crate::discovery::day_of(self.now.wall_ms).saturating_sub(days);
                let begun = known.record.days.iter().find(|(day, _)| *day >= first);
                begun.map_or(depth.saturating_add(1), |(_, depth)| *depth)
            }
        }
    }

    /// What a new member begins with: the secret in use, and the first operations.
    fn welcome(&self, room: RoomId) -> Option<RoomWelcome> {
        let known = self.room(&room)?;
        let log = known.log.as_ref()?;
        let secret = self.topic_secret(room)?;
        let named = OpBody::Secret(seal::secret_id(&secret));
        let is_named =
            |signed: &Signed| Op::read(signed).and_then(|op| op.says()).is_ok_and(|says| says == named);
        let op = log.iter().find(|(_, signed)| is_named(signed)).map_or(OpId([0; 32]), |(id, _)| id);
        let mut ops = Vec::new();
        let mut bytes = 0usize;
        for (_, signed) in log.iter() {
            bytes = bytes.saturating_add(signed.body.len()).saturating_add(AROUND);
            if bytes > WELCOME_BYTES || ops.len() >= crate::content::WELCOME_OPS {
                break;
            }
            ops.push(signed.clone());
        }
        Some(RoomWelcome { room, secrets: vec![(op.0, secret)], ops, ext: Vec::new() })
    }

    /// The newest operations, for who may have missed them: somebody who was put out, or whom we tell that we go.
    pub(super) fn last_words(&self, room: RoomId) -> Option<RoomWelcome> {
        let log = self.room(&room)?.log.as_ref()?;
        let all: Vec<&Signed> = log.iter().map(|(_, signed)| signed).collect();
        let mut ops = Vec::new();
        let mut bytes = 0usize;
        for signed in all.into_iter().rev().take(crate::content::WELCOME_OPS) {
            bytes = bytes.saturating_add(signed.body.len()).saturating_add(AROUND);
            if bytes > WELCOME_BYTES {
                break;
            }
            ops.push(signed.clone());
        }
        ops.reverse();
        Some(RoomWelcome { room, secrets: Vec::new(), ops, ext: Vec::new() })
    }

    // ---- being asked ------------------------------------------------------------------------------------------

    /// Somebody asks us into a room.
    pub(in super::super) fn on_room_invite(&mut self, author: AccountId, invite: &RoomInvite) {
        if !self.is_accepted(&author) || self.is_open(&invite.room) {
            return;
        }
        let room = invite.room;
        let state = self.room(&room).map(|known| known.record.state);
        // We said yes already, and say it again: to them, whoever we asked first.
        let wish = state == Some(RoomState::Joining);
        let open = |known: &&Room| {
            known.record.state == RoomState::Invited && known.record.invited_by == Some(author)
        };
        let full = !wish && self.rooms.by_id.values().filter(open).count() >= INVITED;
        if full || state == Some(RoomState::Member) || (state.is_none() && self.check_rooms().is_err()) {
            return;
        }
        let name = room_name(&invite.name);
        let name = self.unique_room_name(if name.is_empty() { "room" } else { &name }, room);
        let entry = self
            .rooms
            .by_id
            .entry(room)
            .or_insert_with(|| Room::new(RoomRecord::new(String::new(), RoomState::Invited, None)));
        let record = &mut entry.record;
        (record.name, record.invited_by, record.told_members) = (name, Some(author), invite.members);
        record.state = if wish { RoomState::Joining } else { RoomState::Invited };
        self.rooms.dirty.insert(room);
        if wish {
            let _ = self.say_yes(room, author);
        } else {
            self.room_event(room, "invited", author);
        }
    }

    fn say_yes(&mut self, room: RoomId, to: AccountId) -> Result<(), Refusal> {
        self.send_aside(to, &Body::RoomAnswer(RoomAnswer { room, join: true, ext: Vec::new() }))
    }

    pub(super) fn room_answer(&mut self, room: RoomId, join: bool) -> Result<Reply, Refusal> {
        let known = self.room(&room).ok_or(Refusal::NoRoom)?;
        let asked = known.record.invited_by.filter(|_| known.record.state == RoomState::Invited);
        let by = asked.ok_or(Refusal::NotInvited)?;
        if join {
            self.say_yes(room, by)?;
        } else {
            // Whoever cannot be told is not told.
            let answer = RoomAnswer { room, join: false, ext: Vec::new() };
            let _ = self.send_aside(by, &Body::RoomAnswer(answer));
        }
        let was_in = known_log(self.room(&room));
        if !join && !was_in {
            let view = self.shown_room(room);
            self.rooms.by_id.remove(&room);
            self.rooms.dirty.remove(&room);
            self.drop_room_record(Space::Room, key::room(&room));
            return view;
        }
        if let Some(known) = self.room_mut(&room) {
            known.record.state = if join { RoomState::Joining } else { RoomState::Left };
        }
        self.shown_room(room)
    }

    /// Somebody let us in, or tells what we may have missed.
    pub(in super::super) fn on_room_welcome(&mut self, author: AccountId, welcome: RoomWelcome) {
        let RoomWelcome { room, secrets, ops, .. } = welcome;
        let Some(known) = self.room(&room) else { return };
        match known.record.state {
            RoomState::Joining if known.record.invited_by == Some(author) => {}
            RoomState::Member => {
                if self.is_of(room, &author) {
                    self.add_secrets(room, secrets);
                }
                self.take_ops(room, ops);
                return;
            }
            _ => return,
        }
        if known.log.is_none() {
            let first = ops.iter().find(|op| OpId::of(op).0 == room.0);
            let Some((log, first)) = first.and_then(|op| Some((Log::create(op).ok()?, op.clone()))) else {
                return;
            };
            let id = OpId::of(&first);
            self.changes.extend(state::put(Space::RoomOp, key::hashed(&room, &id.0), &first));
            if let Some(known) = self.room_mut(&room) {
                known.log = Some(log);
            }
        }
        let since_lived_ms = self.lived_ms();
        if let Some(known) = self.room_mut(&room) {
            known.record.state = RoomState::Member;
            known.record.wish = false;
            known.record.since_lived_ms = since_lived_ms;
        }
        self.add_secrets(room, secrets);
        self.take_ops(room, ops);
        self.sync_fellows();
        self.heads_changed(room);
    }

    fn is_of(&self, room: RoomId, account: &AccountId) -> bool {
        let log = self.room(&room).and_then(|known| known.log.as_ref());
        log.is_some_and(|log| log.members().is_member(account))
    }

    // ---- topic secrets ----------------------------------------------------------------------------------------

    /// A topic secret that a member tells.
    pub(in super::super) fn on_room_secret(&mut self, author: AccountId, told: &RoomSecret) {
        let log = self.room(&told.room).filter(|known| known.is_live()).and_then(|known| known.log.as_ref());
        let may = log.map(Log::members).is_some_and(|members| {
            let named = members.secret == Some(seal::secret_id(&told.secret));
            members.member(&author).is_some_and(|member| member.rank.is_some() || named)
        });
        if may {
            self.add_secret(told.room, told.secret);
            self.sync_fellows();
            self.sync_topics();
            self.stale = true;
        }
    }

    fn add_secrets(&mut self, room: RoomId, secrets: Vec<([u8; 32], [u8; 32])>) {
        for (_, secret) in secrets.into_iter().take(SECRETS) {
            self.add_secret(room, secret);
        }
    }

    /// Keeps a secret. It is used when an operation names it; until then it stands behind all others.
    pub(super) fn add_secret(&mut self, room: RoomId, secret: [u8; 32]) {
        let since_lived_ms = self.lived_ms();
        let Some(known) = self.room_mut(&room) else { return };
        let secrets = &mut known.record.secrets;
        if secrets.iter().all(|one| one.secret != secret) {
            if secrets.len() >= SECRETS {
                secrets.remove(0);
            }
            secrets.insert(0, SecretRecord { secret, since_lived_ms });
        }
        self.prefer_secret(room);
    }

    /// Puts the secret that the operations name last.
    pub(super) fn prefer_secret(&mut self, room: RoomId) {
        let lived_ms = self.lived_ms();
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let Some(id) = known.log.as_ref().and_then(|log| log.members().secret) else { return };
        let secrets = &mut known.record.secrets;
        let at = secrets.iter().position(|one| seal::secret_id(&one.secret) == id);
        if let Some(at) = at.filter(|at| at.saturating_add(1) < secrets.len()) {
            let mut used = secrets.remove(at);
            used.since_lived_ms = lived_ms;
            secrets.push(used);
            self.rooms.dirty.insert(room);
        }
    }

    /// The topic secret in use, as far as we know.
    pub(super) fn topic_secret(&self, room: RoomId) -> Option<[u8; 32]> {
        self.room(&room)?.record.secrets.last().map(|one| one.secret)
    }

    /// Topic secrets nobody uses any more: what was sealed with them lies nowhere by now.
    pub(super) fn expire_secrets(&mut self, room: RoomId, lived_ms: u64) {
        const USELESS_MS: u64 = 15 * DAY_MS;
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let secrets = &mut known.record.secrets;
        let Some(newest) = secrets.last().copied() else { return };
        let count = secrets.len();
        if lived_ms.saturating_sub(newest.since_lived_ms) >= USELESS_MS {
            secrets.retain(|one| {
                one.secret == newest.secret || lived_ms.saturating_sub(one.since_lived_ms) < USELESS_MS
            });
        }
        if secrets.len() != count {
            self.rooms.dirty.insert(room);
            self.stale = true;
        }
    }

    // ---- links ------------------------------------------------------------------------------------------------

    pub(super) fn room_link(
        &mut self,
        room: RoomId,
        uses: u32,
        valid_ms: u64,
        auto_accept: bool,
    ) -> Result<Reply, Refusal> {
        self.check_may_add(room)?;
        let Reply::Invite(mut view) = self.invite_new(uses, valid_ms, false, auto_accept)? else {
            return Err(Refusal::NoInvite);
        };
        let invites: Vec<InviteId> = self.invites.keys().copied().collect();
        if let Some(known) = self.room_mut(&room) {
            known.record.invites.retain(|invite| invites.contains(invite));
            known.record.invites.push(view.invite);
            let excess = known.record.invites.len().saturating_sub(INVITES);
            known.record.invites.drain(..excess);
        }
        view.link = self.link_text(view.invite).unwrap_or(view.link);
        Ok(Reply::Invite(view))
    }

    /// The link of an invite that is for a room.
    pub(in super::super) fn link_text(&self, id: InviteId) -> Option<String> {
        let record = self.invites.get(&id)?;
        let of = |known: &&Room| known.record.invites.contains(&id);
        let (room, known) = self.rooms.by_id.iter().find(|(_, known)| of(known))?;
        let invite = Invite { root: self.own.account, secret: record.secret, hints: record.hints.clone() };
        let name = known.log.as_ref().map(|log| log.members().name.clone()).unwrap_or_default();
        Some(RoomLink { invite, room: *room, name }.to_link())
    }

    pub(super) fn room_join(&mut self, link: &str, note: &str) -> Result<Reply, Refusal> {
        let link =
            RoomLink::from_link(link).map_err(|error| Refusal::BadLink { reason: error.to_string() })?;
        let (room, by) = (link.room, link.invite.root);
        if self.is_open(&room) {
            return Err(Refusal::IsOpen);
        }
        match self.room(&room) {
            Some(known) if known.record.state == RoomState::Member => return Err(Refusal::AlreadyThere),
            Some(_) => {}
            None => self.check_rooms()?,
        }
        self.add_by(link.invite, None, note)?;
        let name = room_name(&link.name);
        let name = self.unique_room_name(if name.is_empty() { "room" } else { &name }, room);
        let entry = self
            .rooms
            .by_id
            .entry(room)
            .or_insert_with(|| Room::new(RoomRecord::new(name.clone(), RoomState::Joining, None)));
        let record = &mut entry.record;
        (record.name, record.state, record.wish) = (name, RoomState::Joining, true);
        record.invited_by = Some(by);
        self.rooms.dirty.insert(room);
        self.shown_room(room)
    }

    /// Somebody asks by an invite. If it is one for a room, they are asked in when they are accepted.
    pub(in super::super) fn note_wish(&mut self, invite: InviteId, account: AccountId) {
        let by_link = |known: &Room| known.record.invites.contains(&invite);
        let rooms: Vec<RoomId> =
            self.rooms.by_id.iter().filter(|(_, known)| by_link(known)).map(|(room, _)| *room).collect();
        for room in rooms {
            if let Some(known) = self.room_mut(&room) {
                let wishing = &mut known.record.wishing;
                wishing.retain(|one| *one != account);
                wishing.push(account);
                let excess = wishing.len().saturating_sub(REQUESTS);
                wishing.drain(..excess);
            }
        }
    }

    /// Somebody who came by a room's link is a contact now (or will not be one).
    pub(in super::super) fn end_wish(&mut self, account: AccountId, accepted: bool) {
        let wishes = |known: &Room| known.record.wishing.contains(&account);
        let rooms: Vec<RoomId> =
            self.rooms.by_id.iter().filter(|(_, known)| wishes(known)).map(|(room, _)| *room).collect();
        for room in rooms {
            if let Some(known) = self.room_mut(&room) {
                known.record.wishing.retain(|one| *one != account);
                // They ask again: the answer to an earlier question may be lost with their disk.
                known.record.asked.retain(|(asked, _)| *asked != account);
            }
            if accepted {
                let _ = self.room_invite(room, account);
            }
        }
    }
}

fn known_log(known: Option<&Room>) -> bool {
    known.is_some_and(|known| known.log.is_some())
}
