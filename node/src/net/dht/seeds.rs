//! Where to begin: addresses of DHT nodes of earlier runs, and of those lost in this one. They are dialled a few at a
//! time until somebody is there, and those that proved good are told for the next start. Must not know peer ids:
//! they change at every start, ports do not.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::swarm::ConnectionId;
use starling_protocol::engine::net::GOOD_PEERS;
use tokio::time::Instant;

use crate::net::addr;

/// Dialled at once. Half of them may be shut laptops; more is a burst that routers notice.
const AT_ONCE_COUNT: usize = 8;
/// Between two such rounds, while nobody is there.
const ROUND: Duration = Duration::from_secs(2);
/// When all were tried: the first pause, and the longest. Whoever is offline for a night need not dial all night;
/// a new network begins anew.
const PAUSE_FIRST: Duration = Duration::from_secs(30);
/// See [`PAUSE_FIRST`].
const PAUSE_LONGEST: Duration = Duration::from_secs(600);
/// After the first good one, for others to be told with it.
const TELL_FIRST: Duration = Duration::from_secs(10);
/// Between two tellings: each is written to disk.
const TELL_AGAIN: Duration = Duration::from_secs(300);
/// Good addresses remembered in a run; the one met longest ago goes first.
const GOOD_COUNT: usize = 4 * GOOD_PEERS;

struct Good {
    /// Its place among the seeds, if it was one: those come first.
    age: usize,
    met: Instant,
}

/// See the module.
#[derive(Default)]
pub(in crate::net) struct Seeds {
    waiting: VecDeque<Multiaddr>,
    /// Dials of this round still to come; 0: the list is through.
    left: usize,
    under_way: HashMap<ConnectionId, Multiaddr>,
    next: Option<Instant>,
    pause: Option<Duration>,
    good: HashMap<Multiaddr, Good>,
    tell: Option<Instant>,
    told_at: Option<Instant>,
    told: Vec<String>,
}

impl Seeds {
    /// Takes the seeds of earlier runs, best first.
    pub fn add(&mut self, texts: &[String], now: Instant) {
        for text in texts.iter().take(GOOD_PEERS) {
            if let Some(addr) = addr::dialable(text).filter(|addr| !addr::is_relayed(addr)) {
                self.push(addr);
            }
        }
        self.begin(now);
    }

    /// Somebody of the table was lost there; perhaps he comes back.
    pub fn lost(&mut self, addr: Multiaddr) {
        self.good.remove(&addr);
        self.push(addr);
    }

    /// Somebody of the table says that he is there.
    pub fn heard(&mut self, addr: Multiaddr) {
        if !self.good.contains_key(&addr) {
            self.push(addr);
        }
    }

    /// The network is another one: what could not be reached may be near.
    pub fn begin(&mut self, now: Instant) {
        self.pause = None;
        self.left = self.waiting.len();
        self.next = Some(now);
    }

    /// The addresses to dial now, if nobody is there.
    pub fn due(&mut self, now: Instant, nobody: bool) -> Vec<Multiaddr> {
        if self.next.is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.next = None;
        if !nobody || self.waiting.is_empty() {
            return Vec::new();
        }
        if self.left == 0 {
            self.left = self.waiting.len();
        }
        let count = AT_ONCE_COUNT.min(self.left);
        self.left -= count;
        // To the back, so that every address gets its turn.
        let now_due: Vec<Multiaddr> = self.waiting.drain(..count.min(self.waiting.len())).collect();
        self.waiting.extend(now_due.iter().cloned());
        self.next = Some(now + if self.left > 0 { ROUND } else { self.longer_pause() });
        now_due
    }

    /// Nobody is there any longer.
    pub fn nobody(&mut self, now: Instant) {
        if self.next.is_none() {
            self.left = self.waiting.len();
            self.next = Some(now + ROUND);
        }
    }

    /// A dial is under way.
    pub fn started(&mut self, connection: ConnectionId, addr: Multiaddr) {
        self.under_way.insert(connection, addr);
    }

    /// A dial has ended, one way or the other.
    pub fn ended(&mut self, connection: ConnectionId) {
        self.under_way.remove(&connection);
    }

    /// We have dialled a DHT node there.
    pub fn proved(&mut self, addr: &Multiaddr, now: Instant) {
        if self.good.contains_key(addr) {
            return;
        }
        let age = self.waiting.iter().position(|seed| seed == addr).unwrap_or(usize::MAX);
        self.waiting.retain(|seed| seed != addr);
        self.left = self.left.min(self.waiting.len());
        if self.good.len() >= GOOD_COUNT {
            let oldest = self.good.iter().min_by_key(|(_, good)| good.met).map(|(addr, _)| addr.clone());
            oldest.map(|addr| self.good.remove(&addr));
        }
        self.good.insert(addr.clone(), Good { age, met: now });
        let soonest = self.told_at.map_or(now + TELL_FIRST, |at| (at + TELL_AGAIN).max(now));
        self.tell.get_or_insert(soonest);
    }

    /// What is worth trying first at the next start, if it is time to tell and there is news; `last`: tell it anyway.
    pub fn tell(&mut self, now: Instant, last: bool) -> Option<Vec<String>> {
        if !last && self.tell.is_none_or(|at| at > now) {
            return None;
        }
        self.tell = None;
        let best = self.best();
        if best == self.told || self.good.is_empty() {
            return None;
        }
        self.told_at = Some(now);
        self.told.clone_from(&best);
        Some(best)
    }

    /// When something is to be done next.
    pub fn next_at(&self) -> Option<Instant> {
        [self.next, self.tell].into_iter().flatten().min()
    }

    /// Good ones first, those of earlier runs before those of this, and one of each network before the second of any;
    /// then the seeds that were not met.
    fn best(&self) -> Vec<String> {
        let mut good: Vec<_> = self.good.iter().map(|(addr, good)| (good.age, good.met, addr)).collect();
        good.sort();
        let (mut firsts, mut others, mut nets) = (Vec::new(), Vec::new(), HashSet::new());
        for (_, _, addr) in good {
            let another = addr::parts(addr).is_some_and(|parts| nets.insert(region(parts.ip)));
            if another { firsts.push(addr) } else { others.push(addr) }
        }
        let all = firsts.into_iter().chain(others).chain(&self.waiting);
        all.take(GOOD_PEERS).map(ToString::to_string).collect()
    }

    fn push(&mut self, addr: Multiaddr) {
        if !self.waiting.contains(&addr) {
            if self.waiting.len() >= GOOD_PEERS {
                self.waiting.pop_back();
            }
            self.waiting.push_back(addr);
        }
    }

    fn longer_pause(&mut self) -> Duration {
        let pause = self.pause.map_or(PAUSE_FIRST, |pause| pause.saturating_mul(2).min(PAUSE_LONGEST));
        self.pause = Some(pause);
        pause
    }
}

/// Machines that are likely to vanish together: an IPv4 /16, an IPv6 /32.
fn region(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) >> 16 << 16).into()),
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 96 << 96).into()),
    }
}
