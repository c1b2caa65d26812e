//! Neighbours: whom we talk with about open channels (docs/spec/10-open-channels.md, "Neighbours"). They are people of
//! this local network, of whom we know nothing, and contacts on whose connection a live link stands.
//!
//! ```text
//!  found on the LAN ──dial──► connection ──┐
//!  contact's live link up (their caller) ──┴──open──► Open stream: tags ◄──► tags, then heads of what both are in
//! ```

use super::super::Engine;
use super::super::dial::{DialPurpose, backoff};
use super::super::links::{LinkState, Purpose};
use super::super::net::{ConnId, LinkId, LinkProtocol, Via};
use super::{Channel, LOBBY, OpenTimer};
use crate::ids::{DeviceId, RoomId};
use crate::room::open::channel_of;
use crate::time::{MINUTE_MS, SECOND_MS};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Neighbours at once, at most.
const NEIGHBOURS: usize = 64;
/// People of this network whom we call ourselves, at most. With fewer a crowded network falls apart into circles; each
/// is told everything that is written.
const CALLED: usize = 16;
/// Who said what no honest node says is not talked with for this time.
const BARRED_MS: u64 = 10 * MINUTE_MS;
/// Barred ones remembered.
const BARRED: usize = 256;
/// Two who find each other: one calls at once, the other if nothing came after this.
const THEIR_TURN_MS: u64 = 2 * SECOND_MS;
/// Waiting times between calls to somebody who does not answer, doubled from the first to the last.
const FIRST_WAIT_MS: u64 = 15 * SECOND_MS;
const LAST_WAIT_MS: u64 = 30 * MINUTE_MS;

/// So much of something at once, and one more every so often.
pub(super) struct Bucket {
    burst: u64,
    per_ms: u64,
    full_ms: u64,
}

impl Bucket {
    pub fn new(burst: u64, per_ms: u64) -> Self {
        Self { burst, per_ms, full_ms: 0 }
    }

    /// Takes some out, if they are there.
    pub fn take(&mut self, count: u64, now_ms: u64) -> bool {
        let full_ms = self.full_ms.max(now_ms).saturating_add(count.saturating_mul(self.per_ms));
        let there = full_ms.saturating_sub(now_ms) <= self.burst.saturating_mul(self.per_ms);
        if there {
            self.full_ms = full_ms;
        }
        there
    }
}

/// Somebody we talk with.
pub(super) struct Neighbour {
    pub conn: ConnId,
    pub local: Vec<u8>,
    pub remote: Vec<u8>,
    outbound: bool,
    /// What they call their channels towards us.
    pub heard: BTreeSet<[u8; 8]>,
    /// Channels both are in.
    pub shared: BTreeSet<RoomId>,
    /// What they have and we want.
    pub wants: VecDeque<(RoomId, DeviceId, u64, u64)>,
    /// Since when an answer is waited for.
    pub asked_ms: Option<u64>,
    /// Whose messages they brought and have not heard of since.
    pub owed: BTreeSet<(RoomId, DeviceId)>,
    /// The highest number of ours they have.
    pub has: BTreeMap<RoomId, u64>,
    /// Signatures we look at.
    pub looks: Bucket,
    /// Questions of theirs that are answered, and tags that are read.
    pub answers: Bucket,
    /// Our questions.
    pub asks: Bucket,
    /// What they last said of themselves to who is near.
    pub near: Option<super::near::Seen>,
    /// How often that is heard.
    pub nears: Bucket,
}

/// A person of this network whom we call.
#[derive(Default, Clone, Copy)]
struct Call {
    next_ms: u64,
    failures: u32,
}

/// All neighbours.
#[derive(Default)]
pub(super) struct Neighbours {
    pub by_link: BTreeMap<LinkId, Neighbour>,
    /// Who is not talked with, by peer id, and until when.
    barred: BTreeMap<Vec<u8>, u64>,
    calls: BTreeMap<Vec<u8>, Call>,
    /// When everybody is told next what we have.
    pub tell_ms: u64,
}

impl Engine {
    // ---- whom we call -----------------------------------------------------------------------------------------

    /// Somebody was found on this network.
    pub(in super::super) fn neighbour_found(&mut self, peer: &[u8]) {
        let wait_ms = if self.own.peer_id.as_slice() < peer { 0 } else { THEIR_TURN_MS };
        let call = Call { next_ms: self.now.mono_ms.saturating_add(wait_ms), failures: 0 };
        let lan = &self.lan;
        self.open.neighbours.calls.retain(|peer, _| lan.contains_key(peer));
        self.open.neighbours.calls.insert(peer.to_vec(), call);
        self.open_timer(OpenTimer::Tick, wait_ms);
        // Whom we talk with already is of this network: there is more to talk about.
        let links = self.open.neighbours.by_link.iter().filter(|(_, one)| one.remote == peer);
        for link in links.map(|(link, _)| *link).collect::<Vec<_>>() {
            self.say_tags(link);
            self.share(link);
        }
    }

    /// An engine that took over from another looks anew for everybody of this network.
    pub(in super::super) fn find_neighbours_again(&mut self) {
        for peer in self.lan.keys().cloned().collect::<Vec<_>>() {
            self.neighbour_found(&peer);
        }
    }

    /// Calls who is to be called now.
    fn call_neighbours(&mut self) {
        let now_ms = self.now.mono_ms;
        let calls = &self.open.neighbours.calls;
        let due: Vec<Vec<u8>> =
            calls.iter().filter(|(_, call)| call.next_ms <= now_ms).map(|(peer, _)| peer.clone()).collect();
        for peer in due {
            let called = self.open.neighbours.by_link.values().filter(|one| self.is_near(one.conn)).count();
            let known = self.has_neighbour(&peer) || self.is_barred(&peer);
            let Some(call) = self.open.neighbours.calls.get_mut(&peer) else { continue };
            call.failures = if known { 0 } else { call.failures.saturating_add(1) };
            let wait_ms = backoff(FIRST_WAIT_MS, LAST_WAIT_MS, call.failures);
            call.next_ms = now_ms.saturating_add(wait_ms);
            if known || called >= self.called_at_most() {
                continue;
            }
            let standing = self.conns.iter().find(|(_, conn)| conn.peer == peer).map(|(id, _)| *id);
            match (standing, self.lan.get(&peer).cloned()) {
                (Some(conn), _) => self.open_with(conn),
                (None, Some(addrs)) => self.dial(addrs, DialPurpose::Lan),
                (None, None) => {}
            }
        }
    }

    /// Opens a stream about open channels on a connection, unless there is one with whom it leads to.
    pub(in super::super) fn open_with(&mut self, conn: ConnId) {
        let Some(peer) = self.conns.get(&conn).map(|conn| conn.peer.clone()) else { return };
        let begun = self.links.values().any(|link| link.conn == conn && link.protocol == LinkProtocol::Open);
        if !begun
            && !self.has_neighbour(&peer)
            && !self.is_barred(&peer)
            && (!self.channels_on(conn).is_empty() || self.shows_itself_on(conn))
        {
            self.open_link(conn, LinkProtocol::Open, Purpose::Open);
        }
    }

    /// A live link has come up. Who was called opens: the caller's side is up by then.
    pub(in super::super) fn open_beside(&mut self, link: LinkId) {
        if let Some(entry) = self.links.get(&link).filter(|entry| !entry.initiator) {
            self.open_with(entry.conn);
        }
    }

    fn has_neighbour(&self, peer: &[u8]) -> bool {
        self.open.neighbours.by_link.values().any(|one| one.remote == peer)
    }

    fn is_barred(&self, peer: &[u8]) -> bool {
        self.open.neighbours.barred.get(peer).is_some_and(|until_ms| self.now.mono_ms < *until_ms)
    }

    /// Whether a connection leads to somebody of this network.
    pub(super) fn is_near(&self, conn: ConnId) -> bool {
        let conn = self.conns.get(&conn);
        conn.is_some_and(|conn| conn.via == Via::Lan || self.lan.contains_key(&conn.peer))
    }

    /// Whether a live link with a contact runs in a connection.
    fn is_contacts(&self, conn: ConnId) -> bool {
        self.links.values().any(|link| {
            let account = link.device.and_then(|device| self.peers.get(&device)).map(|peer| peer.account());
            link.conn == conn
                && matches!(link.state, LinkState::Up(_))
                && account.is_some_and(|account| self.is_accepted(&account))
        })
    }

    /// The channels that may be spoken of on a connection: the lobby is for this network alone.
    pub(super) fn channels_on(&self, conn: ConnId) -> Vec<RoomId> {
        let near = self.is_near(conn);
        if !near && !self.is_contacts(conn) {
            return Vec::new();
        }
        let lobby = channel_of(LOBBY);
        let joined = self.open.channels.iter().filter(|(_, channel)| channel.is_joined());
        joined.map(|(id, _)| *id).filter(|id| near || *id != lobby).collect()
    }

    // ---- coming and going -------------------------------------------------------------------------------------

    /// A stream about open channels is ready.
    pub(in super::super) fn neighbour_came(&mut self, link: LinkId) {
        let Some(entry) = self.links.get(&link) else { return };
        let (conn, outbound) = (entry.conn, entry.initiator);
        let (local, remote) = (entry.local_peer.clone(), entry.remote_peer.clone());
        let welcome = !self.is_invisible()
            && !self.is_barred(&remote)
            && self.open.neighbours.by_link.len() < NEIGHBOURS
            && (self.is_near(conn) || self.is_contacts(conn));
        if !welcome {
            return self.close_link(link);
        }
        // Of two streams between the same nodes that of the smaller peer id stays, of equal ones the newer.
        let stays = outbound == (local < remote);
        let others = self.open.neighbours.by_link.iter().filter(|(_, one)| one.remote == remote);
        let others: Vec<(LinkId, bool)> = others.map(|(id, one)| (*id, one.outbound)).collect();
        if others.iter().any(|(_, other)| *other != outbound && !stays) {
            return self.close_link(link);
        }
        for (other, _) in others {
            self.close_link(other);
        }
        let new = Neighbour {
            conn,
            local,
            remote,
            outbound,
            heard: BTreeSet::new(),
            shared: BTreeSet::new(),
            wants: VecDeque::new(),
            asked_ms: None,
            owed: BTreeSet::new(),
            has: BTreeMap::new(),
            looks: Bucket::new(super::speak::LOOKS, super::speak::LOOK_MS),
            answers: Bucket::new(super::speak::ANSWERS, super::speak::ASK_MS),
            asks: Bucket::new(super::speak::ASKS, super::speak::ASK_MS),
            near: None,
            nears: Bucket::new(super::near::HEARD, super::near::HEARD_MS),
        };
        self.open.neighbours.by_link.insert(link, new);
        self.say_tags(link);
        self.say_near(&[link]);
        self.open_timer(OpenTimer::Tick, super::speak::TELL_MS);
    }

    /// Something came on such a stream.
    pub(in super::super) fn neighbour_says(&mut self, link: LinkId, message: &[u8]) {
        if self.hear_neighbour(link, message).is_none() {
            self.bar(link);
        }
    }

    /// Ends a stream on which came what no honest node says.
    fn bar(&mut self, link: LinkId) {
        if let Some(one) = self.open.neighbours.by_link.get(&link) {
            let (peer, now_ms) = (one.remote.clone(), self.now.mono_ms);
            let barred = &mut self.open.neighbours.barred;
            barred.retain(|_, until_ms| now_ms < *until_ms);
            if barred.len() >= BARRED {
                barred.pop_first();
            }
            barred.insert(peer, now_ms.saturating_add(BARRED_MS));
        }
        self.close_link(link);
    }

    /// A stream about open channels ended, or never began.
    pub(in super::super) fn neighbour_went(&mut self, link: LinkId, conn: ConnId) {
        if let Some(gone) = self.open.neighbours.by_link.remove(&link)
            && self.lan.contains_key(&gone.remote)
        {
            let call = self.open.neighbours.calls.entry(gone.remote).or_default();
            call.next_ms = self.now.mono_ms.saturating_add(FIRST_WAIT_MS);
            self.open_timer(OpenTimer::Tick, FIRST_WAIT_MS);
        }
        self.drop_unused(conn);
    }

    /// We joined or left a channel: everybody is told, and who was of no use may be now.
    pub(super) fn channels_changed(&mut self) {
        let links: Vec<LinkId> = self.open.neighbours.by_link.keys().copied().collect();
        for link in links {
            self.say_tags(link);
            self.share(link);
        }
        let up: Vec<ConnId> = self
            .links
            .values()
            .filter(|link| matches!(link.state, LinkState::Up(_)))
            .map(|link| link.conn)
            .collect();
        for conn in up {
            self.open_with(conn);
        }
        self.call_neighbours_anew();
    }

    /// Everybody of this network with whom we do not talk is called at once.
    pub(super) fn call_neighbours_anew(&mut self) {
        for call in self.open.neighbours.calls.values_mut() {
            call.next_ms = 0;
        }
        if !self.open.neighbours.calls.is_empty() {
            self.open_timer(OpenTimer::Tick, 0);
        }
    }

    /// How many of this network we call: who looks for people wants to see all of them.
    fn called_at_most(&self) -> usize {
        if self.is_page_open() { NEIGHBOURS } else { CALLED }
    }

    /// How many neighbours have all we wrote in a channel.
    pub(super) fn neighbours_with(&self, room: RoomId) -> usize {
        let own = self.own.device_id;
        let newest = self.channel(&room).and_then(|channel| channel.newest_of(own)).unwrap_or(0);
        let in_it = self.open.neighbours.by_link.values().filter(|one| one.shared.contains(&room));
        in_it.filter(|one| one.has.get(&room).copied().unwrap_or(0) >= newest).count()
    }

    // ---- now and then -----------------------------------------------------------------------------------------

    pub(super) fn open_tick(&mut self) {
        self.expire_kept();
        if self.is_invisible() {
            return;
        }
        let now_ms = self.now.mono_ms;
        let strangers = self.open.neighbours.by_link.iter();
        let strangers = strangers.filter(|(_, one)| !self.is_near(one.conn) && !self.is_contacts(one.conn));
        for link in strangers.map(|(link, _)| *link).collect::<Vec<_>>() {
            self.close_link(link);
        }
        if self.open.neighbours.tell_ms <= now_ms {
            self.open.neighbours.tell_ms = now_ms.saturating_add(super::speak::TELL_MS);
            self.tell_neighbours();
        }
        self.call_neighbours();
        let next_ms = self.open.neighbours.calls.values().map(|call| call.next_ms).min();
        let kept = self.open.channels.values().any(|channel| !channel.entries.is_empty());
        let tell_ms =
            (kept || !self.open.neighbours.by_link.is_empty()).then_some(self.open.neighbours.tell_ms);
        if let Some(at_ms) = next_ms.into_iter().chain(tell_ms).min() {
            self.open_timer(OpenTimer::Tick, at_ms.saturating_sub(now_ms).max(1));
        }
    }
}

impl Channel {
    /// The highest number of a device's kept messages.
    fn newest_of(&self, device: DeviceId) -> Option<u64> {
        self.entries.range((device, 0)..=(device, u64::MAX)).next_back().map(|((_, seq), _)| *seq)
    }
}
