//! The fast road: what is new in a room goes to members we have no link with, by those who have (docs/spec/09-rooms.md,
//! "Gossip"). It may lose anything; what is lost comes by the links. Nothing that comes here is answered to whoever
//! brought it.
//!
//! ```text
//!  link of a member up ──► Admit (hear), Ready ──► ◄── Ready ──► Admit (both)
//!  ours ──Give with one thing──seal──► topic of today        topic ──open──► one thing ──take──► judged, told on
//! ```

use super::super::Engine;
use super::super::live::FrameOut;
use super::super::net::{ConnId, GossipId, LinkId, NetCommand, Topic, Verdict};
use super::{Room, RoomTimer};
use crate::discovery;
use crate::ids::{DeviceId, RoomId};
use crate::room::seal::{gossip_open, gossip_seal, topic};
use crate::room::words::{Give, Words};
use crate::room::{Entry, EntryBody, Have};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS};
use crate::wire::{Frame, Signed};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Topics heard at once, at most, as many as the network takes: of more rooms than a third of that, the newest secret's
/// of today come first.
const TOPICS: usize = 512;
/// A topic secret is heard for so long, in lived time, after the next one came. Shorter leaves out who was away when it
/// changed; longer lets who was put out follow when something is said in the room.
const OLD_SECRET_MS: u64 = 7 * DAY_MS;
/// Secrets of one room that are heard besides the newest. More would let an admin who makes many fill the list.
const OLD_SECRETS: usize = 3;
/// Pieces under one topic that turned out to be nothing, in a minute: after so many, the rest of that minute is not
/// opened. Fewer lets one liar shut the road for all; more costs work for what nobody wants.
const BAD_PIECES: u32 = 32;
/// Largest room in which receipts are gossiped. In larger ones they would be more than the messages.
const SMALL: usize = 20;
/// A receipt of ours is gossiped not sooner than this after the one before.
const HAVE_MS: u64 = 2 * SECOND_MS;

/// What came by a link is still told on when gossip brings it within this time. Longer lets who repeats old things have
/// them told on once more; shorter stops at neighbours of a far author what their link brought before gossip did.
const CAME_MS: u64 = 10 * SECOND_MS;
/// Things that came by links remembered for that, in one room. Fewer stops gossip in a room where much is said.
const CAME: usize = 512;

/// What a room has of gossip.
#[derive(Default)]
pub(super) struct Topics {
    /// The day and the secrets the topics were made for.
    made_for: Option<(u32, Vec<[u8; 32]>)>,
    /// Secret and day of each topic, and how much came there that was nothing.
    by_topic: BTreeMap<Topic, Heard>,
    /// What we last gossiped that we have, and when, on the monotonic clock.
    said: Option<(Have, u64)>,
    /// What came by links of late and not by gossip yet, with when, on the monotonic clock; the oldest first.
    came: VecDeque<([u8; 32], u64)>,
}

impl Topics {
    /// Something new came by a link.
    fn note(&mut self, thing: [u8; 32], now_ms: u64) {
        let excess = self.came.len().saturating_add(1).saturating_sub(CAME);
        self.came.drain(..excess);
        self.came.push_back((thing, now_ms));
    }

    /// Whether something known is new to gossip: it came by a link just now. Once for each.
    fn is_new(&mut self, thing: &[u8; 32], now_ms: u64) -> bool {
        self.came.retain(|(_, at_ms)| now_ms.saturating_sub(*at_ms) < CAME_MS);
        let at = self.came.iter().position(|(known, _)| known == thing);
        at.is_some_and(|at| self.came.remove(at).is_some())
    }
}

/// A topic of a room.
struct Heard {
    secret: [u8; 32],
    day: u32,
    bad: u32,
    /// When counting began, on the monotonic clock.
    since_ms: u64,
}

impl Heard {
    /// Whether what comes is looked at: not too much of it was nothing of late.
    fn is_open(&mut self, now_ms: u64) -> bool {
        if now_ms.saturating_sub(self.since_ms) >= MINUTE_MS {
            (self.bad, self.since_ms) = (0, now_ms);
        }
        self.bad < BAD_PIECES
    }
}

/// What an engine has of gossip besides its rooms.
#[derive(Default)]
pub(super) struct Gossip {
    /// The topics the network was told.
    told: Vec<Topic>,
    /// Which connections were admitted, and whether both ways.
    admitted: BTreeMap<ConnId, bool>,
    /// Connections whose other side said that it hears.
    ready: BTreeSet<ConnId>,
}

impl Room {
    /// The secret things are said with now.
    pub(super) fn secret(&self) -> Option<[u8; 32]> {
        self.record.secrets.last().map(|known| known.secret)
    }

    /// Secrets whose topics are heard, the newest first.
    fn heard_secrets(&self, lived_ms: u64) -> Vec<[u8; 32]> {
        let secrets = &self.record.secrets;
        let next = secrets.iter().skip(1).map(|next| Some(next.since_lived_ms)).chain([None]);
        let fresh = |since: Option<u64>| since.is_none_or(|at| lived_ms.saturating_sub(at) < OLD_SECRET_MS);
        let heard = secrets.iter().zip(next).filter(|(_, next)| fresh(*next)).map(|(known, _)| known.secret);
        let mut heard: Vec<[u8; 32]> = heard.collect();
        heard.reverse();
        heard.truncate(OLD_SECRETS.saturating_add(1));
        heard
    }

    /// Makes the topics those of these secrets around this day.
    /// Returns whether the secrets are others.
    fn make_topics(&mut self, today: u32, secrets: Vec<[u8; 32]>) -> bool {
        let before = self.gossip.made_for.as_ref();
        let same = before.is_some_and(|(_, held)| *held == secrets);
        if same && before.is_some_and(|(day, _)| *day == today) {
            return false;
        }
        let days = [today.saturating_sub(1), today, today.saturating_add(1)];
        let all = secrets.iter().flat_map(|secret| days.map(|day| (topic(secret, day), *secret, day)));
        let mut before = std::mem::take(&mut self.gossip.by_topic);
        self.gossip.by_topic = all
            .map(|(topic, secret, day)| {
                let fresh = Heard { secret, day, bad: 0, since_ms: 0 };
                (topic, before.remove(&topic).unwrap_or(fresh))
            })
            .collect();
        self.gossip.made_for = Some((today, secrets));
        !same
    }
}

impl Engine {
    // ---- who and what is heard --------------------------------------------------------------------------------

    /// Makes the topics we hear those that should be: after rooms, their secrets or the day changed. Links of members
    /// are admitted.
    pub(in super::super) fn sync_topics(&mut self) {
        let (today, lived_ms) = (discovery::day_of(self.now.wall_ms), self.lived_ms());
        let (mut wanted, mut changed) = (Vec::new(), Vec::new());
        for (room, known) in &mut self.rooms.by_id {
            let secrets = if known.is_live() { known.heard_secrets(lived_ms) } else { Vec::new() };
            let newest = secrets.first().copied();
            if known.make_topics(today, secrets) {
                changed.push(*room);
            }
            let rank = |heard: &Heard| (Some(heard.secret) != newest, heard.day.abs_diff(today));
            wanted.extend(known.gossip.by_topic.iter().map(|(topic, heard)| (rank(heard), *topic)));
        }
        if self.is_invisible() {
            wanted.clear();
        }
        wanted.sort_unstable();
        wanted.truncate(TOPICS);
        let mut topics: Vec<Topic> = wanted.into_iter().map(|(_, topic)| topic).collect();
        topics.sort_unstable();
        topics.dedup();
        if self.rooms.gossip.told != topics {
            self.rooms.gossip.told.clone_from(&topics);
            self.net(NetCommand::Topics { topics });
        }
        changed.into_iter().for_each(|room| self.reread_boxes(room));
        if !self.rooms.by_id.is_empty() {
            for link in self.live_links() {
                self.admit_fellow(link);
            }
        }
    }

    /// Gossip may be heard on the connection of a link, which is a member's. The other side is told, once for a connection.
    pub(super) fn admit(&mut self, link: LinkId) {
        let Some(conn) = self.links.get(&link).map(|entry| entry.conn) else { return };
        let (both, gossip) = (self.rooms.gossip.ready.contains(&conn), &mut self.rooms.gossip.admitted);
        let before = gossip.insert(conn, both);
        if before != Some(both) {
            self.net(NetCommand::Admit { conn, both });
        }
        if before.is_none() {
            self.frame_on(link, &FrameOut::Room(Box::new(Words::Ready)));
        }
    }

    /// A live link stands: it is admitted if it is a member's.
    fn admit_fellow(&mut self, link: LinkId) {
        let Some(entry) = self.links.get(&link) else { return };
        let (conn, device) = (entry.conn, entry.device);
        let both = self.rooms.gossip.ready.contains(&conn);
        if self.rooms.gossip.admitted.get(&conn) == Some(&both) {
            return;
        }
        let account = device.and_then(|device| self.peers.get(&device)).map(super::super::Peer::account);
        if account.is_some_and(|account| !self.rooms_with(&account).is_empty()) {
            self.admit(link);
        }
    }

    /// The other side of a link hears gossip. Whether it may hear ours is for us to know.
    pub(super) fn on_ready(&mut self, link: LinkId) {
        let Some(conn) = self.links.get(&link).map(|entry| entry.conn) else { return };
        self.rooms.gossip.ready.insert(conn);
        self.admit_fellow(link);
    }

    /// A connection is gone.
    pub(in super::super) fn gossip_conn_closed(&mut self, conn: ConnId) {
        self.rooms.gossip.admitted.remove(&conn);
        self.rooms.gossip.ready.remove(&conn);
    }

    // ---- ours -------------------------------------------------------------------------------------------------

    /// A message of ours, if some member's device has no link with us.
    pub(super) fn gossip_entry(&mut self, room: RoomId, entry: &Entry) {
        if !self.unlinked(room).is_empty() {
            self.gossip_give(room, &Give { entries: vec![entry.clone()], ..Give::empty(room) });
        }
    }

    /// Anything of ours: each thing is a piece. What does not fit one is not gossiped.
    pub(super) fn gossip_give(&mut self, room: RoomId, give: &Give) {
        let Some(secret) = self.room(&room).filter(|known| known.is_live()).and_then(Room::secret) else {
            return;
        };
        if self.is_invisible() {
            return;
        }
        let today = discovery::day_of(self.now.wall_ms);
        let ops = give.ops.iter().map(|op| Give { ops: vec![op.clone()], ..Give::empty(room) });
        let marks = give.marks.iter().map(|mark| Give { marks: vec![mark.clone()], ..Give::empty(room) });
        let entries =
            give.entries.iter().map(|entry| Give { entries: vec![entry.clone()], ..Give::empty(room) });
        let pieces: Vec<Give> = ops.chain(entries).chain(marks).collect();
        for piece in pieces {
            let nonce = self.rng.bytes();
            let Ok(frame) = Words::Give(Box::new(piece)).encode() else { continue };
            if let Some(data) = gossip_seal(&secret, today, &nonce, &frame) {
                self.net(NetCommand::Gossip { topic: topic(&secret, today), data });
            }
        }
    }

    /// What we have, for those whose messages it speaks of and who have no link with us.
    pub(super) fn gossip_have(&mut self, room: RoomId) {
        if self.neighbours(room).is_empty() {
            // Nobody would hear, and few receipts in a run tell one that was forgotten from them.
            return;
        }
        let (now_ms, unlinked) = (self.now.mono_ms, self.unlinked(room));
        let Some(known) = self.room(&room).filter(|known| known.is_live()) else { return };
        if unlinked.is_empty() || known.log.as_ref().is_none_or(|log| log.members().len() > SMALL) {
            return;
        }
        let Some(mark) = self.own_have(room) else { return };
        let Ok(have) = Have::peek(&mark) else { return };
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let said = known.gossip.said.as_ref();
        let news = |device: &DeviceId| have.heads.iter().find(|head| head.device == *device);
        let told = |device: &DeviceId| {
            said.and_then(|(said, _)| said.heads.iter().find(|head| head.device == *device))
        };
        if !unlinked.iter().any(|device| news(device).is_some() && news(device) != told(device)) {
            return;
        }
        let due_ms = said.map_or(0, |(_, at_ms)| at_ms.saturating_add(HAVE_MS));
        if due_ms > now_ms {
            self.room_timer(room, RoomTimer::Tell, due_ms.saturating_sub(now_ms));
            return;
        }
        known.gossip.said = Some((have, now_ms));
        self.gossip_give(room, &Give { marks: vec![mark], ..Give::empty(room) });
    }

    /// Devices of members that have no live link with us.
    pub(super) fn unlinked(&self, room: RoomId) -> BTreeSet<DeviceId> {
        let Some(log) = self.room(&room).and_then(|known| known.log.as_ref()) else { return BTreeSet::new() };
        let linked: BTreeSet<DeviceId> = self.neighbours(room).into_iter().collect();
        let devices = log.members().devices().map(|(_, device)| device.id);
        devices.filter(|device| *device != self.own.device_id && !linked.contains(device)).collect()
    }

    // ---- theirs -----------------------------------------------------------------------------------------------

    /// Something came by gossip.
    pub(in super::super) fn on_gossip(&mut self, gossip: GossipId, topic: Topic, data: &[u8]) {
        let verdict = self.judge_gossip(&topic, data);
        self.net(NetCommand::Judge { gossip, verdict });
    }

    fn judge_gossip(&mut self, topic: &Topic, data: &[u8]) -> Verdict {
        let now_ms = self.now.mono_ms;
        if self.is_invisible() {
            return Verdict::Ignore;
        }
        let mut rooms = self.rooms.by_id.iter_mut();
        let heard = rooms.find_map(|(room, known)| Some((*room, known.gossip.by_topic.get_mut(topic)?)));
        let Some((room, heard)) = heard else { return Verdict::Ignore };
        if !heard.is_open(now_ms) {
            return Verdict::Ignore;
        }
        let frame = gossip_open(&heard.secret, heard.day, data);
        let verdict = match frame.and_then(|frame| give_of(&frame)).filter(|give| give.room == room) {
            Some(give) => self.take_piece(give),
            None => Verdict::Reject,
        };
        if verdict == Verdict::Reject
            && let Some(known) = self.rooms.by_id.get_mut(&room)
            && let Some(heard) = known.gossip.by_topic.get_mut(topic)
        {
            heard.bad = heard.bad.saturating_add(1);
        }
        verdict
    }

    /// One thing of a room. More than one, or what is not for all, no honest node gossips.
    fn take_piece(&mut self, give: Give) -> Verdict {
        let Give { room, mut ops, mut entries, mut marks, cards, void, more } = give;
        if more || !cards.is_empty() || !void.is_empty() {
            return Verdict::Reject;
        }
        match (ops.pop(), entries.pop(), marks.pop()) {
            (Some(op), None, None) if ops.is_empty() => {
                let thing = thing_of(&op);
                let verdict = self.take_ops(room, vec![op]);
                self.tell_on(room, thing, verdict)
            }
            (None, Some(entry), None) if entries.is_empty() => match &entry.body {
                EntryBody::Sealed(_) => {
                    let thing = thing_of(&entry);
                    let verdict = self.take_entry(room, entry, "room");
                    self.tell_on(room, thing, verdict)
                }
                EntryBody::Opened(_) => Verdict::Reject,
            },
            (None, None, Some(mark)) if marks.is_empty() => self.judge_mark(room, &mark),
            _ => Verdict::Reject,
        }
    }

    /// What is known already is told on if a link brought it just before: else gossip would end at everybody who has a
    /// link with the author.
    fn tell_on(&mut self, room: RoomId, thing: Thing, verdict: Verdict) -> Verdict {
        let now_ms = self.now.mono_ms;
        let Some(known) = self.rooms.by_id.get_mut(&room).filter(|_| verdict == Verdict::Ignore) else {
            return verdict;
        };
        if thing.is_some_and(|thing| known.gossip.is_new(&thing, now_ms)) { Verdict::Accept } else { verdict }
    }

    /// Something new came by a link.
    pub(super) fn came_by_link(&mut self, room: RoomId, thing: Thing) {
        let now_ms = self.now.mono_ms;
        if let (Some(known), Some(thing)) = (self.rooms.by_id.get_mut(&room), thing) {
            known.gossip.note(thing, now_ms);
        }
    }

    fn judge_mark(&mut self, room: RoomId, mark: &Signed) -> Verdict {
        let Ok(have) = Have::peek(mark) else { return Verdict::Reject };
        let Some(known) = self.room(&room).filter(|_| have.room == room) else { return Verdict::Reject };
        let older = known.marks.get(&have.device).is_some_and(|held| held.have.counter >= have.counter);
        let owner = super::take::owner_of(known, &have.device);
        let own = have.device == self.own.device_id;
        match self.take_mark(room, mark) {
            true => Verdict::Accept,
            // Of somebody we do not know yet, or who is gone; or it came before.
            false if older || own || owner.is_none() => Verdict::Ignore,
            false => Verdict::Reject,
        }
    }
}

/// What gossip knows a message or an operation again by: the hash of all its bytes.
pub(super) type Thing = Option<[u8; 32]>;

/// The [`Thing`] of a message or an operation.
pub(super) fn thing_of<T: serde::Serialize>(value: &T) -> Thing {
    crate::wire::encode(value).ok().map(|bytes| crate::kdf::hash(&bytes))
}

/// What is given in a frame, if it is one that gives something.
pub(super) fn give_of(frame: &[u8]) -> Option<Give> {
    let frame = Frame::unpack(frame).ok().filter(|frame| frame.v == Frame::VERSION)?;
    match Words::decode(frame.kind, &frame.body) {
        Ok(Some(Words::Give(give))) => Some(*give),
        _ => None,
    }
}
