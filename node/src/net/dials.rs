//! Dials on their way: several addresses under one number, the better roads a moment before the worse, the first
//! connection wins. Keeps no more attempts under way than the swarm allows; the others wait their turn.
//!
//! ```text
//! at once    QUIC; TCP to hosts that offer no QUIC
//! 100 ms     TCP to hosts that do: where UDP is blocked, QUIC says nothing at all
//! 400 ms     through a relay: a direct road needs two round trips, and most are there by then
//! ```
//! A stage begins at once when everything before it has failed. If a relay wins, direct attempts under way go on:
//! a direct connection is worth having late.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::swarm::ConnectionId;
use starling_protocol::engine::net::DialId;
use tokio::time::Instant;

use super::addr;
use super::build::{DIAL_TIMEOUT, PENDING_COUNT};

/// Addresses of one dial; the rest is left out. A card names at most 8.
const PER_DIAL_COUNT: usize = 16;
/// Attempts under way. Below the swarm's own bound, so that it refuses none.
const UNDER_WAY_COUNT: usize = PENDING_COUNT as usize - 16;
/// Attempts waiting for a turn; a dial that would go over it fails at once.
const WAITING_COUNT: usize = 4_096;
/// The head start of QUIC over TCP to the same host, and of all direct roads over those through a relay. Shorter
/// makes useless connections, longer keeps people waiting where the better road is blocked.
const TCP_AFTER: Duration = Duration::from_millis(100);
const RELAY_AFTER: Duration = Duration::from_millis(400);
/// Configured peers, those of a configuration read again included: a full list of them, a few times over.
pub(super) const PEERS_COUNT: usize = 256;
/// The first pause before a configured peer is dialled again, and the longest.
const REDIAL_FIRST: Duration = Duration::from_secs(5);
const REDIAL_LONGEST: Duration = Duration::from_secs(300);

/// Who an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A dial of the engine.
    Dial(DialId),
    /// A configured peer, by its place in the list.
    Peer(usize),
    /// A direct road of a dial that a relay has won.
    Better,
}

/// What a connection that we began is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Won {
    /// A dial of the engine.
    Dial(DialId),
    /// A configured peer.
    Peer,
    /// Another address of the same dial was faster, or its time was up.
    TooLate,
    /// One of the behaviours asked for it (the DHT, a punched hole), or it is a direct road after a relayed one.
    Another,
}

/// How a failed attempt leaves its dial.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Others are still under way, or nobody waits for it.
    Nothing,
    /// That was the last one.
    Dial(DialId),
}

struct Dial {
    /// In line or under way.
    left: usize,
    /// Not in line yet, and how long after the first.
    later: VecDeque<(Duration, Multiaddr)>,
    /// When its first attempt began.
    began: Option<Instant>,
}

struct Peer {
    addr: Multiaddr,
    pause: Duration,
    /// When to dial next; `None` while connected or under way.
    next: Option<Instant>,
}

/// See the module.
pub(super) struct Dials {
    dials: HashMap<DialId, Dial>,
    attempts: HashMap<ConnectionId, (Purpose, bool)>,
    waiting: VecDeque<(Purpose, Multiaddr)>,
    steps: BTreeSet<(Instant, DialId)>,
    deadlines: VecDeque<(Instant, DialId)>,
    peers: Vec<Peer>,
}

impl Dials {
    pub fn new(peers: &[String]) -> Self {
        let now = Instant::now();
        let peers = peers
            .iter()
            .filter_map(|text| addr::dialable(text))
            .map(|addr| Peer { addr, pause: REDIAL_FIRST, next: Some(now) })
            .collect();
        Self {
            dials: HashMap::new(),
            attempts: HashMap::new(),
            waiting: VecDeque::new(),
            steps: BTreeSet::new(),
            deadlines: VecDeque::new(),
            peers,
        }
    }

    /// Peers to dial beside those that are dialled already; these keep their places.
    pub fn also(&mut self, peers: &[String]) {
        for addr in peers.iter().filter_map(|text| addr::dialable(text)) {
            if self.peers.len() < PEERS_COUNT && !self.peers.iter().any(|peer| peer.addr == addr) {
                self.peers.push(Peer { addr, pause: REDIAL_FIRST, next: Some(Instant::now()) });
            }
        }
    }

    /// Configured peers.
    #[cfg(test)]
    pub fn peers_count(&self) -> usize {
        self.peers.len()
    }

    /// Dials, attempts under way and attempts waiting, together.
    pub fn len(&self) -> usize {
        self.dials.len() + self.attempts.len() + self.waiting.len()
    }

    pub fn contains(&self, dial: DialId) -> bool {
        self.dials.contains_key(&dial)
    }

    /// The addresses of a dial that may be dialled, each once.
    pub fn addresses(texts: &[String]) -> Vec<Multiaddr> {
        let mut addrs: Vec<Multiaddr> = Vec::new();
        for addr in texts.iter().take(PER_DIAL_COUNT).filter_map(|text| addr::dialable(text)) {
            if !addrs.contains(&addr) {
                addrs.push(addr);
            }
        }
        addrs
    }

    /// Takes on a dial; `false` if too much waits already.
    pub fn add(&mut self, dial: DialId, addrs: Vec<Multiaddr>) -> bool {
        if self.waiting.len() + addrs.len() > WAITING_COUNT || self.dials.len() >= WAITING_COUNT {
            return false;
        }
        let mut later = staged(addrs);
        let first = take(&mut later, Duration::ZERO);
        self.dials.insert(dial, Dial { left: first.len(), later, began: None });
        self.waiting.extend(first.into_iter().map(|addr| (Purpose::Dial(dial), addr)));
        true
    }

    /// The next attempt to start, if it is its turn.
    pub fn turn(&mut self) -> Option<(Purpose, Multiaddr)> {
        while self.attempts.len() < UNDER_WAY_COUNT {
            let (purpose, addr) = self.waiting.pop_front()?;
            let Purpose::Dial(number) = purpose else { return Some((purpose, addr)) };
            let Some(dial) = self.dials.get_mut(&number) else { continue };
            if dial.began.is_none() {
                let now = Instant::now();
                dial.began = Some(now);
                self.deadlines.push_back((now + DIAL_TIMEOUT, number));
                self.steps.extend(dial.later.front().map(|(after, _)| (now + *after, number)));
            }
            return Some((purpose, addr));
        }
        None
    }

    /// Puts what is due by now in line.
    pub fn step(&mut self, now: Instant) {
        while let Some((at, number)) = self.steps.pop_first() {
            if at > now {
                self.steps.insert((at, number));
                return;
            }
            let Some(dial) = self.dials.get_mut(&number) else { continue };
            let Some(began) = dial.began else { continue };
            let due = take(&mut dial.later, now.duration_since(began));
            dial.left += due.len();
            self.waiting.extend(due.into_iter().map(|addr| (Purpose::Dial(number), addr)));
            self.steps.extend(dial.later.front().map(|(after, _)| (began + *after, number)));
        }
    }

    /// An attempt is under way; `relayed`: through a relay.
    pub fn started(&mut self, connection: ConnectionId, purpose: Purpose, relayed: bool) {
        self.attempts.insert(connection, (purpose, relayed));
    }

    /// An attempt ended in a connection: what for.
    pub fn succeeded(&mut self, connection: ConnectionId) -> Won {
        let Some((purpose, relayed)) = self.attempts.remove(&connection) else { return Won::Another };
        match purpose {
            Purpose::Better => Won::Another,
            Purpose::Dial(dial) if self.dials.remove(&dial).is_some() => {
                if relayed {
                    self.keep_better(dial);
                }
                Won::Dial(dial)
            }
            Purpose::Dial(_) => Won::TooLate,
            Purpose::Peer(index) => {
                if let Some(peer) = self.peers.get_mut(index) {
                    peer.pause = REDIAL_FIRST;
                }
                Won::Peer
            }
        }
    }

    fn keep_better(&mut self, dial: DialId) {
        for (purpose, relayed) in self.attempts.values_mut() {
            if *purpose == Purpose::Dial(dial) && !*relayed {
                *purpose = Purpose::Better;
            }
        }
    }

    /// An attempt under way reached nobody.
    pub fn failed(&mut self, connection: ConnectionId) -> Failed {
        match self.attempts.remove(&connection) {
            Some((purpose, _)) => self.lost(purpose),
            None => Failed::Nothing,
        }
    }

    /// One attempt less for whoever it was for.
    pub fn lost(&mut self, purpose: Purpose) -> Failed {
        match purpose {
            Purpose::Better => Failed::Nothing,
            Purpose::Peer(index) => {
                self.pause(index);
                Failed::Nothing
            }
            Purpose::Dial(number) => {
                let Some(dial) = self.dials.get_mut(&number) else { return Failed::Nothing };
                dial.left = dial.left.saturating_sub(1);
                if dial.left > 0 {
                    return Failed::Nothing;
                }
                let next = dial.later.front().map(|(after, _)| *after);
                if let Some(next) = next {
                    let due = take(&mut dial.later, next);
                    dial.left = due.len();
                    self.waiting.extend(due.into_iter().map(|addr| (Purpose::Dial(number), addr)));
                    return Failed::Nothing;
                }
                self.dials.remove(&number);
                Failed::Dial(number)
            }
        }
    }

    /// A dial's time is up: it is forgotten, and what still comes of it will be closed.
    pub fn overdue(&mut self, now: Instant) -> Option<DialId> {
        while let Some((deadline, dial)) = self.deadlines.front().copied() {
            let over = !self.dials.contains_key(&dial);
            if !over && deadline > now {
                return None;
            }
            self.deadlines.pop_front();
            if !over {
                self.dials.remove(&dial);
                return Some(dial);
            }
        }
        None
    }

    /// Configured peers whose time has come: those not connected by `standing` get in line.
    pub fn redial(&mut self, now: Instant, standing: impl Fn(&Multiaddr) -> bool) {
        for (index, peer) in self.peers.iter_mut().enumerate() {
            if peer.next.is_none_or(|at| at > now) {
                continue;
            }
            if standing(&peer.addr) {
                peer.next = Some(now + REDIAL_FIRST);
            } else {
                peer.next = None;
                self.waiting.push_back((Purpose::Peer(index), peer.addr.clone()));
            }
        }
    }

    /// The connection to this address has ended: a configured peer is dialled again after the first pause.
    pub fn gone(&mut self, addr: &Multiaddr) {
        let now = Instant::now();
        for peer in self.peers.iter_mut().filter(|p| p.addr == *addr && p.next.is_none()) {
            peer.next = Some(now + peer.pause);
        }
    }

    /// The network has changed: configured peers that are waited for are dialled now.
    pub fn hurry(&mut self) {
        let now = Instant::now();
        for peer in self.peers.iter_mut().filter(|peer| peer.next.is_some()) {
            peer.pause = REDIAL_FIRST;
            peer.next = Some(now);
        }
    }

    /// The configured peers' addresses.
    pub fn peers(&self) -> impl Iterator<Item = &Multiaddr> {
        self.peers.iter().map(|peer| &peer.addr)
    }

    /// When something is to be done next.
    pub fn next_at(&self) -> Option<Instant> {
        let deadline = self.deadlines.front().map(|(at, _)| *at);
        let step = self.steps.first().map(|(at, _)| *at);
        self.peers.iter().filter_map(|p| p.next).chain(deadline).chain(step).min()
    }

    fn pause(&mut self, index: usize) {
        if let Some(peer) = self.peers.get_mut(index) {
            peer.next = Some(Instant::now() + jittered(peer.pause));
            peer.pause = peer.pause.saturating_mul(2).min(REDIAL_LONGEST);
        }
    }
}

/// The addresses with their head starts, best first; the first has none.
fn staged(addrs: Vec<Multiaddr>) -> VecDeque<(Duration, Multiaddr)> {
    let quic: Vec<IpAddr> = addrs.iter().filter_map(addr::parts).filter(|p| p.quic).map(|p| p.ip).collect();
    let after = |addr: &Multiaddr| match addr::parts(addr) {
        None => RELAY_AFTER,
        Some(parts) if !parts.quic && quic.contains(&parts.ip) => TCP_AFTER,
        Some(_) => Duration::ZERO,
    };
    let mut staged: Vec<_> = addrs.into_iter().map(|addr| (after(&addr), addr)).collect();
    staged.sort_by_key(|(after, _)| *after);
    let first = staged.first().map_or(Duration::ZERO, |(after, _)| *after);
    staged.into_iter().map(|(after, addr)| (after.saturating_sub(first), addr)).collect()
}

/// Takes what is due after this time.
fn take(later: &mut VecDeque<(Duration, Multiaddr)>, after: Duration) -> Vec<Multiaddr> {
    let count = later.iter().take_while(|(due, _)| *due <= after).count();
    later.drain(..count).map(|(_, addr)| addr).collect()
}

/// A pause made longer by up to a quarter, so that nodes that lost the same peer do not come back as one.
pub(super) fn jittered(pause: Duration) -> Duration {
    let chance = RandomState::new().hash_one(pause) % 256;
    pause + pause.mul_f64(f64::from(u8::try_from(chance).unwrap_or(0)) / 1_024.0)
}
