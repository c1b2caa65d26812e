//! What follows when who is in a room, or what is said of it, is another than before, whoever changed it
//! (docs/spec/09-rooms.md, "Who is a member"): what persons are told, who is not waited for any more, and a new topic
//! secret when somebody went who knew it.

use super::super::command::RoomState;
use super::super::net::{ConnId, NetCommand};
use super::super::state;
use super::super::step::{Change, Event, MessageKind, MessageState, NewMessage, Place, Space};
use super::super::{Engine, Timer};
use super::record::{SecretRecord, key};
use super::setback::Signed;
use super::sync::Sync;
use crate::content::{Body, RoomSecret};
use crate::ids::{AccountId, ChatId, DeviceId, MessageId, RoomId};
use crate::room::entry::LAST_SEQ;
use crate::room::{Give, Log, Members, Meta, Op, OpBody, OpId, Policy, Remove, seal};
use std::collections::BTreeSet;

/// Places a line by Starling itself behind all messages of its depth.
const NOTICE_MARK: u64 = (1 << 62) - 1;
/// Members who are told by a message of their own that we leave, at most: others hear it from them. Of those some should
/// be reached soon; more would make leaving a large room a flood.
const FAREWELLS: usize = 4;
/// Whoever was put out has this long to hear of it on the connection there is.
const PART_MS: u64 = 2_000;
const NOT_IN: &str = "you are not in this room any more";
const GONE: &str = "they are not in this room any more";

/// Who said what.
type Said = Vec<(AccountId, OpBody)>;

impl Engine {
    /// Operations changed who is in a room, or what it is called.
    pub(super) fn members_changed(&mut self, room: RoomId, before: &Members, fresh: &[OpId]) {
        let Some(log) = self.room(&room).and_then(|known| known.log.as_ref()) else { return };
        let now = log.members().clone();
        let read = |id: &OpId| {
            let op = Op::read(log.get(id)?).ok()?;
            Some((op.author, op.says().ok()?))
        };
        let said: Said = fresh.iter().filter_map(read).collect();
        let own = self.own.account;
        self.take_member_manifests(before, &now);
        self.prefer_secret(room);
        match (before.is_member(&own), now.is_member(&own)) {
            (false, false) => {}
            (false, true) => self.came_in(room, &now),
            (true, false) => {
                let left = said.iter().any(|(author, says)| *author == own && removed(says) == Some(own));
                if !left {
                    let by = doer(&said, |says| removed(says) == Some(own));
                    self.tell_put_out(room, by);
                }
                self.say_farewell(room, &now, left);
                self.tell_brought(room, before, &now);
                self.go_out(room, if left { RoomState::Left } else { RoomState::Removed });
            }
            (true, true) => {
                self.name_room(room, &now);
                self.tell_people(room, before, &now, &said);
                self.tell_said(room, before, &now, &said);
                self.hear_again(room, &now);
                self.settle_gone(room, before, &now, &said);
                self.drop_marks(room);
            }
        }
        self.sync_fellows();
        self.admit_new(room, before);
        self.part_from_gone(before);
        self.sync_topics();
        self.stale = true;
    }

    /// Newer manifests of contacts come with the operations of their rooms, too.
    fn take_member_manifests(&mut self, before: &Members, now: &Members) {
        for (account, member) in now.iter() {
            let known = before.member(account).map(|before| &before.manifest);
            if known != Some(&member.manifest) && *account != self.own.account {
                let _ = self.take_manifest(&member.manifest);
            }
        }
    }

    /// Links that stand are the room's, too, from now on.
    fn admit_new(&mut self, room: RoomId, before: &Members) {
        for device in self.neighbours(room) {
            let new = self.peers.get(&device).is_some_and(|peer| !before.is_member(&peer.account()));
            if let Some(link) = self.live_link(device).filter(|_| new) {
                self.admit(link);
            }
        }
    }

    /// Who shares no room with us any more must not hear of our topics: gossip ends only with the connection it runs on. A
    /// contact calls again.
    fn part_from_gone(&mut self, before: &Members) {
        let gone: Vec<AccountId> = before.accounts().filter(|account| !self.shares_room(account)).collect();
        for link in self.live_links() {
            let Some(entry) = self.links.get(&link) else { continue };
            let (device, conn) = (entry.device, entry.conn);
            let account = device.and_then(|device| self.peers.get(&device)).map(super::super::Peer::account);
            if account.is_some_and(|account| gone.contains(&account)) {
                // What tells them why goes first.
                self.timers.set(Timer::Part(conn), self.now.mono_ms.saturating_add(PART_MS));
            }
        }
    }

    /// Ends a connection to somebody who was put out, unless they came in again.
    pub(in super::super) fn part_now(&mut self, conn: ConnId) {
        let on_it = self.links.values().filter(|link| link.conn == conn).filter_map(|link| link.device);
        let accounts: Vec<AccountId> =
            on_it.filter_map(|device| self.peers.get(&device)).map(super::super::Peer::account).collect();
        if !accounts.iter().any(|account| self.shares_room(account)) {
            self.net(NetCommand::CloseConn { conn });
        }
    }

    // ---- ourselves --------------------------------------------------------------------------------------------

    /// We are in: by what is here, somebody let us.
    fn came_in(&mut self, room: RoomId, now: &Members) {
        let own = self.own.account;
        self.name_room(room, now);
        let by = now.member(&own).map(|member| member.added_by).filter(|by| *by != own);
        let line = match by {
            Some(by) => format!("You joined (invited by {})", self.name_in(room, by)),
            None => "You joined".to_owned(),
        };
        self.room_event(room, "joined", own);
        self.room_line(room, &line);
        let Some(member) = now.member(&own) else { return };
        if let Some(known) = self.room_mut(&room).filter(|known| known.record.depth == 0) {
            // What comes first may stand deep.
            known.record.depth = member.since.saturating_sub(1).min(LAST_SEQ);
        }
        self.hear_again(room, now);
        if now.history == Policy::None {
            // What was written before is not for us: nobody waits for it.
            let device = self.own.device_id;
            for (device, upto) in member.upto.iter().filter(|(other, _)| **other != device) {
                self.void(room, *device, 1, *upto);
            }
        }
        self.tell_own_name(room);
    }

    /// Of devices that are in the room, what was written since we came may come, though it was passed over before.
    fn hear_again(&mut self, room: RoomId, now: &Members) {
        let own = self.own.account;
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        for (device, chain) in known.chains.iter_mut().filter(|(device, _)| now.account_of(device).is_some())
        {
            let before = chain.void.clone();
            chain.void.remove(now.horizon(&own, device).saturating_add(1), u64::MAX);
            if chain.void != before {
                self.rooms.dirty_chains.insert((room, *device));
            }
        }
    }

    fn tell_put_out(&mut self, room: RoomId, by: Option<AccountId>) {
        let line = match by {
            Some(by) => format!("You were removed by {}", self.name_in(room, by)),
            None => "You are not in this room any more".to_owned(),
        };
        self.room_line(room, &line);
    }

    /// Tells some of who stays that we leave: links alone may reach nobody.
    fn say_farewell(&mut self, room: RoomId, now: &Members, left: bool) {
        let Some(words) = self.last_words(room).filter(|_| left) else { return };
        let mut others: Vec<(u32, AccountId)> =
            now.iter().map(|(account, member)| (member.rank.unwrap_or(u32::MAX), *account)).collect();
        others.sort_unstable();
        for (_, account) in others.into_iter().take(FAREWELLS) {
            let _ = self.send_aside(account, &Body::RoomWelcome(words.clone()));
        }
    }

    /// Who was let in by us and is out with us hears it from us: others may not know them.
    fn tell_brought(&mut self, room: RoomId, before: &Members, now: &Members) {
        let own = self.own.account;
        let gone =
            before.iter().filter(|(account, member)| member.added_by == own && !now.is_member(account));
        let gone: Vec<AccountId> =
            gone.map(|(account, _)| *account).filter(|account| *account != own).collect();
        for account in gone {
            if let Some(words) = self.last_words(room) {
                let _ = self.send_aside(account, &Body::RoomWelcome(words));
            }
        }
    }

    /// Shows somebody who is not in a room, and whose newest operations are `theirs`, what put them out: no more, since
    /// the rest is not for them.
    pub(super) fn show_out(&mut self, room: RoomId, device: DeviceId, theirs: &[OpId]) {
        let Some(account) = self.peers.get(&device).map(super::super::Peer::account) else { return };
        let Some(log) = self.room(&room).and_then(|known| known.log.as_ref()) else { return };
        if theirs.is_empty() || log.members().is_member(&account) {
            return;
        }
        let against = against(log, account);
        let shown = |id: &OpId| against.iter().any(|act| log.knew(act, id));
        let missing = log.missing_for(theirs).into_iter().filter(shown);
        let ops: Vec<_> = missing.filter_map(|id| log.get(&id).cloned()).collect();
        if !ops.is_empty() {
            self.send_give(device, Give { ops, ..Give::empty(room) });
        }
    }

    /// We are out: nothing is waited for, told or kept ready any more. What was written stays.
    pub(super) fn go_out(&mut self, room: RoomId, state: RoomState) {
        let waiting: Vec<u64> =
            self.room(&room).map(|known| known.sent.keys().copied().collect()).unwrap_or_default();
        for seq in waiting {
            self.end_sent(room, seq, MessageState::Failed, Some(NOT_IN));
        }
        self.show_what_waits(room);
        let own = self.own.account;
        if let Some(known) = self.room_mut(&room) {
            let record = &mut known.record;
            record.state = state;
            record.invited_by = None;
            record.secrets.clear();
            record.sender.clear();
            record.wishing.clear();
            record.asked.clear();
            record.invites.clear();
            known.sender = None;
            known.sync = Sync::default();
            known.sync.signed = Signed::new(known.record.have_counter);
            known.early.clear();
        }
        let left = state == RoomState::Left;
        if left {
            self.room_line(room, "You left");
        }
        self.room_event(room, if left { "left" } else { "removed" }, own);
        self.sync_fellows();
        self.sync_topics();
        self.stale = true;
    }

    // ---- others -----------------------------------------------------------------------------------------------

    fn tell_people(&mut self, room: RoomId, before: &Members, now: &Members, said: &Said) {
        for (account, member) in now.iter().filter(|(account, _)| !before.is_member(account)) {
            let (name, by) = (self.name_in(room, *account), self.name_in(room, member.added_by));
            self.room_event(room, "added", *account);
            self.room_line(room, &format!("{name} joined (invited by {by})"));
        }
        for (account, member) in before.iter().filter(|(account, _)| !now.is_member(account)) {
            let name = self.name_of_gone(room, account, &member.name);
            let (change, line) = match doer(said, |says| removed(says) == Some(*account)) {
                Some(by) if by == *account => ("left", format!("{name} left")),
                Some(by) => ("removed", format!("{name} was removed by {}", self.name_in(room, by))),
                // Whoever let them in was out by then.
                None => ("removed", format!("{name} is not in this room any more")),
            };
            self.room_event(room, change, *account);
            self.room_line(room, &line);
        }
        for (account, member) in now.iter() {
            let Some(earlier) = before.member(account) else { continue };
            let (is, verb) = match (earlier.rank.is_some(), member.rank.is_some()) {
                (false, true) => ("promoted", "an admin now"),
                (true, false) => ("demoted", "not an admin any more"),
                _ => continue,
            };
            let own = *account == self.own.account;
            let who = if own { "You are".to_owned() } else { format!("{} is", self.name_in(room, *account)) };
            self.room_event(room, is, *account);
            self.room_line(room, &format!("{who} {verb}"));
        }
    }

    fn name_of_gone(&self, room: RoomId, account: &AccountId, name: &str) -> String {
        let known = self.contacts.get(account).is_some_and(|contact| !contact.name.is_empty());
        if known || name.is_empty() { self.name_in(room, *account) } else { name.to_owned() }
    }

    /// What admins said of the room.
    fn tell_said(&mut self, room: RoomId, before: &Members, now: &Members, said: &Said) {
        let by = |field| doer(said, |says| matches!(says, OpBody::Meta(meta) if meta.field == field));
        let changed = [
            (before.name != now.name, Meta::NAME, format!("The room is called #{} now", now.name)),
            (
                before.topic != now.topic,
                Meta::TOPIC,
                match now.topic.as_str() {
                    "" => "The room has no topic any more".to_owned(),
                    topic => format!("The topic is now: {topic}"),
                },
            ),
            (before.history != now.history, Meta::HISTORY, history_line(now.history)),
        ];
        for (_, field, line) in changed.into_iter().filter(|(changed, ..)| *changed) {
            let by = by(field);
            let name = by.map(|by| format!(" (by {})", self.name_in(room, by))).unwrap_or_default();
            if field == Meta::NAME {
                self.room_event(room, "renamed", by.unwrap_or(self.own.account));
            }
            self.room_line(room, &format!("{line}{name}"));
        }
    }

    /// The room's name here follows the one its admins gave it.
    fn name_room(&mut self, room: RoomId, now: &Members) {
        let name = super::people::room_name(&now.name);
        let name = self.unique_room_name(if name.is_empty() { "room" } else { &name }, room);
        if let Some(known) = self.room_mut(&room) {
            known.record.name = name;
        }
    }

    /// Nobody waits for who went; they are told if it was us who put them out, and what they know is replaced.
    fn settle_gone(&mut self, room: RoomId, before: &Members, now: &Members, said: &Said) {
        let own = self.own.account;
        let gone: Vec<AccountId> = before.accounts().filter(|account| !now.is_member(account)).collect();
        self.end_for(room, &gone);
        let mut replace =
            said.iter().any(|(author, says)| *author == own && matches!(says, OpBody::Devices(_)));
        for account in gone {
            match doer(said, |says| removed(says) == Some(account)).filter(|by| *by != account) {
                Some(by) if by == own => {
                    replace = true;
                    if let Some(words) = self.last_words(room) {
                        let _ = self.send_aside(account, &Body::RoomWelcome(words));
                    }
                }
                Some(_) => {}
                // Who leaves cannot replace what they know. The first of who stays does.
                None => {
                    replace |= first_admin(now) == Some(own);
                    let brought = before.member(&account).is_some_and(|member| member.added_by == own);
                    if let Some(words) = self.last_words(room).filter(|_| brought) {
                        let _ = self.send_aside(account, &Body::RoomWelcome(words));
                    }
                }
            }
        }
        if replace {
            self.replace_secret(room);
        }
    }

    /// Messages of ours do not wait for these people any more.
    fn end_for(&mut self, room: RoomId, gone: &[AccountId]) {
        let at = self.now.wall_ms;
        let Some(known) = self.rooms.by_id.get_mut(&room).filter(|_| !gone.is_empty()) else { return };
        let mut over = Vec::new();
        for (seq, sent) in &mut known.sent {
            let count = sent.to.len();
            for account in sent.to.iter().filter(|account| gone.contains(account) && sent.visible) {
                let (message, reason) = (sent.msg_id, Some(GONE.to_owned()));
                let state = MessageState::Failed;
                self.changes.push(Change::State { message, account: *account, state, reason, at });
            }
            sent.to.retain(|account| !gone.contains(account));
            if sent.to.is_empty() {
                over.push(*seq);
            } else if sent.to.len() != count {
                self.changes.extend(state::put(Space::RoomSent, key::number(&room, *seq), sent));
            }
        }
        for seq in over {
            self.end_sent(room, seq, MessageState::Failed, None);
        }
    }

    /// A new topic secret, for everybody who is in now.
    fn replace_secret(&mut self, room: RoomId) {
        let secret: [u8; 32] = self.rng.bytes();
        let since_lived_ms = self.lived_ms();
        if let Some(known) = self.room_mut(&room) {
            // First, so that it is there when its operation says that it is in use.
            known.record.secrets.insert(0, SecretRecord { secret, since_lived_ms });
        }
        let Ok(op) = self.post_op(room, &OpBody::Secret(seal::secret_id(&secret))) else {
            if let Some(known) = self.room_mut(&room) {
                known.record.secrets.retain(|one| one.secret != secret);
            }
            return;
        };
        let told = Body::RoomSecret(RoomSecret { room, op: op.0, secret, ext: Vec::new() });
        let own = self.own.account;
        let accounts = self.room(&room).map(super::Room::accounts).unwrap_or_default();
        for account in accounts.into_iter().filter(|account| *account != own) {
            // Who cannot be told now finds the others by the links, and is told by nobody else: as with a key.
            let _ = self.send_aside(account, &told);
        }
    }

    // ---- telling ----------------------------------------------------------------------------------------------

    pub(super) fn room_event(&mut self, room: RoomId, change: &'static str, who: AccountId) {
        let Some(known) = self.room(&room) else { return };
        let members = match known.record.state {
            RoomState::Invited | RoomState::Joining => known.record.told_members,
            _ => super::people::count(known.accounts().len()),
        };
        let name = known.record.name.clone();
        self.change(Change::Event(Event::Room { room, name, open: false, change, who, members }));
    }

    /// A line by Starling itself, where it happened.
    pub(super) fn room_line(&mut self, room: RoomId, text: &str) {
        let Some(depth) = self.room(&room).map(|known| known.record.depth) else { return };
        let (id, at, chat) = (MessageId(self.rng.bytes()), self.now.wall_ms, ChatId::from(room));
        self.change(Change::Message(NewMessage {
            id,
            chat,
            author: chat.account(),
            device: self.own.device_id,
            seq: 0,
            me: false,
            kind: MessageKind::Notice,
            text: text.to_owned(),
            reply_to: None,
            sent_at: at,
            received_at: at,
            via: "local",
            state: MessageState::Delivered,
            place: Place::At { depth, mark: NOTICE_MARK },
        }));
    }
}

fn history_line(history: Policy) -> String {
    let given = match history {
        Policy::None => "nothing".to_owned(),
        Policy::Last(count) => format!("the last {count} messages"),
        Policy::Days(days) => format!("the messages of the last {days} days"),
        Policy::All => "everything".to_owned(),
    };
    format!("Who joins from now on is shown {given} of what was written before")
}

/// The operations that put somebody out: those against them, and against who let them in, and so on.
fn against(log: &Log, account: AccountId) -> Vec<OpId> {
    /// Steps from who was let in to who let them in. The chain ends at the creator; a longer one is not followed.
    const STEPS: usize = 16;
    let ops: Vec<(OpId, AccountId, OpBody)> = log
        .iter()
        .filter_map(|(id, signed)| {
            let op = Op::read(signed).ok()?;
            Some((id, op.author, op.says().ok()?))
        })
        .collect();
    let mut people = BTreeSet::from([account]);
    for _ in 0..STEPS {
        let count = people.len();
        let adders = ops.iter().filter_map(|(_, author, says)| match says {
            OpBody::Add(add) if people.contains(&add.account) => Some(*author),
            _ => None,
        });
        let adders: Vec<AccountId> = adders.collect();
        people.extend(adders);
        if people.len() == count {
            break;
        }
    }
    let is_against = |says: &OpBody| match says {
        OpBody::Remove(Remove { account, .. }) | OpBody::Demote(account) => people.contains(account),
        _ => false,
    };
    ops.iter().filter(|(_, _, says)| is_against(says)).map(|(id, ..)| *id).collect()
}

/// Whom it puts out.
fn removed(says: &OpBody) -> Option<AccountId> {
    match says {
        OpBody::Remove(Remove { account, .. }) => Some(*account),
        _ => None,
    }
}

/// Who said something like this, the last if several did.
fn doer(said: &Said, is: impl Fn(&OpBody) -> bool) -> Option<AccountId> {
    said.iter().rev().find(|(_, says)| is(says)).map(|(author, _)| *author)
}

/// The admin of the highest rank.
fn first_admin(now: &Members) -> Option<AccountId> {
    let admins = now.iter().filter_map(|(account, member)| Some((member.rank?, *account)));
    admins.min().map(|(_, account)| account)
}
