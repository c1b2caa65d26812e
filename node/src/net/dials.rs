//! Dials on their way: several addresses at once under one number, the first connection wins. Keeps no more
//! attempts under way than the swarm allows; the others wait their turn.

use std::collections::{HashMap, VecDeque};
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
    /// One of the behaviours asked for it: the DHT, or a punched hole.
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
    left: usize,
    timed: bool,
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
    attempts: HashMap<ConnectionId, Purpose>,
    waiting: VecDeque<(Purpose, Multiaddr)>,
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
            deadlines: VecDeque::new(),
            peers,
        }
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
        if self.waiting.len() + addrs.len() > WAITING_COUNT {
            return false;
        }
        self.dials.insert(dial, Dial { left: addrs.len(), timed: false });
        self.waiting.extend(addrs.into_iter().map(|addr| (Purpose::Dial(dial), addr)));
        true
    }

    /// The next attempt to start, if it is its turn.
    pub fn turn(&mut self) -> Option<(Purpose, Multiaddr)> {
        while self.attempts.len() < UNDER_WAY_COUNT {
            let (purpose, addr) = self.waiting.pop_front()?;
            match purpose {
                Purpose::Peer(_) => return Some((purpose, addr)),
                Purpose::Dial(number) => {
                    let Some(dial) = self.dials.get_mut(&number) else { continue };
                    if !dial.timed {
                        dial.timed = true;
                        self.deadlines.push_back((Instant::now() + DIAL_TIMEOUT, number));
                    }
                    return Some((purpose, addr));
                }
            }
        }
        None
    }

    /// An attempt is under way.
    pub fn started(&mut self, connection: ConnectionId, purpose: Purpose) {
        self.attempts.insert(connection, purpose);
    }

    /// An attempt ended in a connection: what for.
    pub fn succeeded(&mut self, connection: ConnectionId) -> Won {
        match self.attempts.remove(&connection) {
            None => Won::Another,
            Some(Purpose::Dial(dial)) if self.dials.remove(&dial).is_some() => Won::Dial(dial),
            Some(Purpose::Dial(_)) => Won::TooLate,
            Some(Purpose::Peer(index)) => {
                if let Some(peer) = self.peers.get_mut(index) {
                    peer.pause = REDIAL_FIRST;
                }
                Won::Peer
            }
        }
    }

    /// An attempt under way reached nobody.
    pub fn failed(&mut self, connection: ConnectionId) -> Failed {
        match self.attempts.remove(&connection) {
            Some(purpose) => self.lost(purpose),
            None => Failed::Nothing,
        }
    }

    /// One attempt less for whoever it was for.
    pub fn lost(&mut self, purpose: Purpose) -> Failed {
        match purpose {
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

    /// When something is to be done next.
    pub fn next_at(&self) -> Option<Instant> {
        let deadline = self.deadlines.front().map(|(at, _)| *at);
        self.peers.iter().filter_map(|p| p.next).chain(deadline).min()
    }

    fn pause(&mut self, index: usize) {
        if let Some(peer) = self.peers.get_mut(index) {
            peer.next = Some(Instant::now() + peer.pause);
            peer.pause = peer.pause.saturating_mul(2).min(REDIAL_LONGEST);
        }
    }
}
