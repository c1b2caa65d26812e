//! Places at relays: for a node that others cannot reach, up to two of the peers it is connected to that carry bytes
//! for others. Chooses and remembers; must not touch the swarm.
//!
//! ```text
//! idle ── chosen ──► asked ── accepted ──► reserved
//!   ▲                  │ refused, 20 s        │ the place is lost
//!   └── a pause ── resting ◄─────────────────┘          (connection gone: forgotten)
//! ```
//! A place is renewed by libp2p. It is given up only with its connection: libp2p does not stand its listener being
//! taken away while it renews.

use std::time::Duration;

use libp2p::core::transport::ListenerId;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use crate::net::addr;
use crate::net::dials::jittered;
use crate::net::facts::RelayFact;

/// Places held at a time. One may die any moment; each costs a connection, and a line in everything we publish.
const PLACES_COUNT: usize = 2;
/// Relays known at a time. They are among our connections; more than a few are never needed.
const KNOWN_COUNT: usize = 16;
/// Addresses of one relay that others are told: QUIC and TCP.
const TOLD_COUNT: usize = 2;
/// For the answer of a relay.
const ANSWER: Duration = Duration::from_secs(20);
/// A place that was held for this long and is lost is asked for again after [`PAUSE_LOST`]: nobody took it away, the line
/// broke. One that is lost sooner rests like one that was refused.
const HELD: Duration = Duration::from_secs(5);
/// Shorter asks before the new line stands; longer leaves us unreachable.
const PAUSE_LOST: Duration = Duration::from_millis(500);
/// The first pause before a relay that refused is asked again, and the longest.
const PAUSE_FIRST: Duration = Duration::from_secs(10);
const PAUSE_LONGEST: Duration = Duration::from_secs(900);
/// A place that must be renewed more often than this is none: libp2p asks again as often as the relay wants, without a
/// pause if it wants that. Honest ones give an hour, of which the last quarter is left.
const RENEWAL_SHORTEST: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Idle,
    Asked { listener: ListenerId, until: Instant },
    Reserved { listener: ListenerId },
    Resting { until: Instant },
}

#[derive(Debug)]
struct Relay {
    peer: PeerId,
    connection: ConnectionId,
    host: Multiaddr,
    /// Further addresses it says it has, on the same host.
    also: Vec<Multiaddr>,
    preferred: bool,
    pause: Duration,
    state: State,
    /// When it last gave us a place, or renewed it.
    given: Option<Instant>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Relays {
    known: Vec<Relay>,
}

impl Relays {
    /// A peer that we dialled directly carries bytes for others. `preferred`: we were told to use it.
    pub fn found(&mut self, peer: PeerId, connection: ConnectionId, host: Multiaddr, preferred: bool) {
        if self.known.iter().any(|relay| relay.peer == peer) {
            return;
        }
        if self.known.len() >= KNOWN_COUNT {
            let spare = |relay: &Relay| relay.state == State::Idle && !relay.preferred;
            let Some(index) = self.known.iter().position(spare).filter(|_| preferred) else { return };
            self.known.swap_remove(index);
        }
        let (also, state, given) = (Vec::new(), State::Idle, None);
        self.known.push(Relay { peer, connection, host, also, preferred, pause: PAUSE_FIRST, state, given });
    }

    /// It does not any more. A place that stands is kept.
    pub fn stopped(&mut self, peer: &PeerId) {
        self.known.retain(|relay| relay.peer != *peer || matches!(relay.state, State::Reserved { .. }));
    }

    /// The connection is gone, and the place with it; whether there was one.
    pub fn closed(&mut self, connection: ConnectionId) -> bool {
        let before = self.is_reserved();
        self.known.retain(|relay| relay.connection != connection);
        before && !self.is_reserved()
    }

    /// Whom to ask next, if anybody: those we were told to use first, and not two on one host. The caller listens
    /// there and says so by [`Relays::asked`].
    pub fn choice(&self) -> Option<(PeerId, Multiaddr)> {
        let busy = |relay: &&Relay| matches!(relay.state, State::Asked { .. } | State::Reserved { .. });
        let ip = |relay: &Relay| addr::parts(&relay.host).map(|parts| parts.ip);
        let hosts: Vec<_> = self.known.iter().filter(busy).map(ip).collect();
        if hosts.len() >= PLACES_COUNT {
            return None;
        }
        self.known
            .iter()
            .filter(|relay| relay.state == State::Idle && !hosts.contains(&ip(relay)))
            .max_by_key(|relay| (relay.preferred, std::cmp::Reverse(relay.pause)))
            .map(|relay| (relay.peer, relay.host.clone()))
    }

    /// A relay was asked; `None`: the attempt failed at once.
    pub fn asked(&mut self, peer: &PeerId, listener: Option<ListenerId>) {
        let Some(relay) = self.known.iter_mut().find(|relay| relay.peer == *peer) else { return };
        match listener {
            Some(listener) => relay.state = State::Asked { listener, until: Instant::now() + ANSWER },
            None => rest(relay),
        }
    }

    /// A relay has given us a place, or renewed it; `false` if it wants us to come back so often that the connection
    /// is better ended.
    pub fn reserved(&mut self, peer: &PeerId, now: Instant) -> bool {
        let Some(relay) = self.known.iter_mut().find(|relay| relay.peer == *peer) else { return true };
        let before = relay.given.replace(now);
        match relay.state {
            State::Asked { listener, .. } => {
                relay.state = State::Reserved { listener };
                relay.pause = PAUSE_FIRST;
                true
            }
            State::Reserved { .. } => before.is_none_or(|at| now.duration_since(at) >= RENEWAL_SHORTEST),
            State::Idle | State::Resting { .. } => true,
        }
    }

    /// A relay says where else it can be reached; believed on the host where we reach it ourselves.
    pub fn also_at(&mut self, listener: ListenerId, told: &Multiaddr) {
        let is_it = |relay: &&mut Relay| matches!(relay.state, State::Asked { listener: l, .. } | State::Reserved { listener: l } if l == listener);
        let Some(relay) = self.known.iter_mut().find(is_it) else { return };
        let Some(circuit) = addr::circuit(told).filter(|circuit| circuit.relay == relay.peer) else { return };
        let Some(parts) = addr::parts(&circuit.host).filter(|parts| parts.port != 0) else { return };
        let ours = addr::parts(&relay.host);
        let new = circuit.host != relay.host && !relay.also.contains(&circuit.host);
        if ours.is_some_and(|ours| ours.ip == parts.ip) && new && relay.also.len() + 1 < TOLD_COUNT {
            relay.also.push(circuit.host);
        }
    }

    /// A listener has ended: the relay refused, or the place is lost. Whether it was one of these.
    pub fn listener_closed(&mut self, listener: ListenerId) -> bool {
        let is_it = |relay: &&mut Relay| matches!(relay.state, State::Asked { listener: l, .. } | State::Reserved { listener: l } if l == listener);
        match self.known.iter_mut().find(is_it) {
            Some(relay) => {
                let held = relay.given.is_some_and(|at| at.elapsed() >= HELD);
                if matches!(relay.state, State::Reserved { .. }) && held {
                    // Its line broke; another line to the same relay may stand.
                    relay.state = State::Resting { until: Instant::now() + PAUSE_LOST };
                    relay.also.clear();
                } else {
                    rest(relay);
                }
                true
            }
            None => false,
        }
    }

    /// The addresses at which `me` is found through the relays, the best of each first.
    pub fn addresses(&self, me: PeerId) -> Vec<Multiaddr> {
        let reserved = || self.known.iter().filter(|relay| matches!(relay.state, State::Reserved { .. }));
        let first = reserved().map(|relay| addr::through(&relay.host, relay.peer, me));
        let also = reserved()
            .flat_map(|relay| relay.also.iter().map(move |host| addr::through(host, relay.peer, me)));
        first.chain(also).collect()
    }

    /// Whether there is a place.
    pub fn is_reserved(&self) -> bool {
        self.known.iter().any(|relay| matches!(relay.state, State::Reserved { .. }))
    }

    /// Those in use or asked.
    pub fn facts(&self) -> Vec<RelayFact> {
        let used = self.known.iter().filter(|relay| relay.state != State::Idle);
        used.map(|relay| RelayFact {
            addr: relay.host.to_string(),
            reserved: matches!(relay.state, State::Reserved { .. }),
            since: None,
        })
        .collect()
    }

    /// When a state ends by itself.
    pub fn next_at(&self) -> Option<Instant> {
        let end = |relay: &Relay| match relay.state {
            State::Asked { until, .. } | State::Resting { until } => Some(until),
            State::Idle | State::Reserved { .. } => None,
        };
        self.known.iter().filter_map(end).min()
    }

    /// Ends what is over by now; to be called whenever [`Relays::next_at`] has come, wanted or not.
    pub fn wake(&mut self, now: Instant) {
        for relay in &mut self.known {
            match relay.state {
                State::Asked { until, .. } if until <= now => rest(relay),
                State::Resting { until } if until <= now => relay.state = State::Idle,
                _ => {}
            }
        }
    }
}

fn rest(relay: &mut Relay) {
    relay.state = State::Resting { until: Instant::now() + jittered(relay.pause) };
    relay.also.clear();
    relay.pause = relay.pause.saturating_mul(2).min(PAUSE_LONGEST);
}
