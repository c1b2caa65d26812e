//! Identify, less gullible: what peers say of our own address becomes a candidate (to be tried by AutoNAT, to punch
//! holes from) only if it can be true and the peer had a reason to know. Must not confirm anything itself.
//!
//! ```text
//! we dialled, over QUIC or from our TCP port   the address as they see it: it is what our router made of that port
//! we dialled over TCP from another port        their idea of our host, with the port we listen on
//! they dialled                                 what they say they dialled, if it is a port we listen on; it counts
//!                                              once peers of two networks say so
//! through a relay                              nothing
//! ```

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, ListenAddresses, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, identify};
use tokio::time::Instant;

use crate::net::addr;

/// Candidates of one hour. A node that travels has a few; without a bound, peers could have us try, and remember,
/// any number of addresses.
const CANDIDATES_COUNT: usize = 16;
/// How long a candidate that nobody names again is remembered.
const CANDIDATE_AGE: Duration = Duration::from_secs(3_600);
/// Addresses that peers claim to have seen us at, and peers' networks remembered for each.
const VOTES_COUNT: usize = 16;
const VOTERS_COUNT: usize = 4;

/// How a connection came about, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// We dialled from the port we listen on.
    OurPort { far: IpAddr },
    /// We dialled from another port.
    FreshPort { far: IpAddr },
    /// They dialled.
    Theirs { far: IpAddr },
}

/// See the module.
pub(crate) struct Seen {
    identify: identify::Behaviour,
    ways: HashMap<ConnectionId, Way>,
    ours: ListenAddresses,
    /// Addresses on ports we listen on, and the networks of those who see us there; oldest first.
    votes: VecDeque<(Multiaddr, Vec<u32>)>,
    candidates: VecDeque<(Instant, Multiaddr)>,
    next: VecDeque<Multiaddr>,
}

impl Seen {
    pub fn new(config: identify::Config) -> Self {
        Self {
            identify: identify::Behaviour::new(config),
            ways: HashMap::new(),
            ours: ListenAddresses::default(),
            votes: VecDeque::new(),
            candidates: VecDeque::new(),
            next: VecDeque::new(),
        }
    }

    /// Public addresses on a port we listen on at which peers of at least two networks (IPv4 /16, IPv6 /32) see us.
    pub fn agreed(&self) -> impl Iterator<Item = &Multiaddr> {
        self.votes.iter().filter(|(_, voters)| voters.len() >= 2).map(|(addr, _)| addr)
    }

    /// The candidates of the network we are in now.
    pub fn candidates(&self) -> impl Iterator<Item = &Multiaddr> {
        self.candidates.iter().map(|(_, addr)| addr)
    }

    /// Whether it was named lately, in the network we are in now.
    pub fn is_current(&self, addr: &Multiaddr) -> bool {
        self.candidates.iter().any(|(_, known)| known == addr)
    }

    /// The network has changed, for IPv6 or IPv4: what was seen in the old one says nothing of the new one.
    pub fn forget(&mut self, ipv6: bool) {
        let other = |addr: &Multiaddr| addr::parts(addr).is_none_or(|parts| parts.ip.is_ipv6() != ipv6);
        self.votes.retain(|(addr, _)| other(addr));
        self.candidates.retain(|(_, addr)| other(addr));
    }

    /// An address of ours that nobody needs to tell us.
    pub fn propose(&mut self, addr: Multiaddr) {
        let now = Instant::now();
        if let Some((since, _)) = self.candidates.iter_mut().find(|(_, known)| *known == addr) {
            *since = now;
            return;
        }
        self.candidates.retain(|(since, _)| now.duration_since(*since) < CANDIDATE_AGE);
        if self.candidates.len() < CANDIDATES_COUNT {
            self.candidates.push_back((now, addr.clone()));
            self.next.push_back(addr);
        }
    }

    fn observed(&mut self, connection: ConnectionId, observed: Multiaddr) {
        let observed = addr::without_peer(observed);
        let Some(way) = self.ways.get(&connection).copied() else { return };
        let Some(seen) = addr::parts(&observed) else { return };
        tracing::trace!(%observed, ?way, "seen");
        let only_loopback = || self.ours.iter().filter_map(addr::parts).all(|own| own.ip.is_loopback());
        let possible = addr::is_public(&observed) || (seen.ip.is_loopback() && only_loopback());
        if !possible {
            return;
        }
        let ports = self.ours.iter().filter_map(addr::parts).filter(|own| own.quic == seen.quic);
        let ports: Vec<u16> = ports.map(|own| own.port).collect();
        let (Way::OurPort { far } | Way::FreshPort { far } | Way::Theirs { far }) = way;
        if ports.contains(&seen.port) && addr::is_public(&observed) {
            self.vote(&observed, network(far));
        }
        match way {
            // Without a listener of the kind it was no port of ours.
            Way::OurPort { .. } if ports.is_empty() => {}
            Way::OurPort { .. } => self.propose(observed),
            Way::FreshPort { .. } => {
                let port = ports.first().copied();
                let translated = port.and_then(|port| observed.replace(1, |_| Some(Protocol::Tcp(port))));
                translated.into_iter().for_each(|addr| self.propose(addr));
            }
            Way::Theirs { .. } => {
                if self.agreed().any(|addr| *addr == observed) {
                    self.propose(observed);
                }
            }
        }
    }

    fn vote(&mut self, observed: &Multiaddr, voter: u32) {
        if let Some((_, voters)) = self.votes.iter_mut().find(|(addr, _)| addr == observed) {
            if voters.len() < VOTERS_COUNT && !voters.contains(&voter) {
                voters.push(voter);
            }
            return;
        }
        if self.votes.len() >= VOTES_COUNT {
            // One voice is cheap: what many agree on stays.
            let weakest = self.votes.iter().position(|(_, voters)| voters.len() < 2).unwrap_or(0);
            self.votes.remove(weakest);
        }
        self.votes.push_back((observed.clone(), vec![voter]));
    }
}

/// A network as its owner gets it from a registry, roughly: two of them are rarely one person's.
pub(super) fn network(ip: IpAddr) -> u32 {
    match ip.to_canonical() {
        IpAddr::V4(v4) => u32::from(v4) >> 16,
        IpAddr::V6(v6) => u32::try_from(u128::from(v6) >> 96).unwrap_or(u32::MAX),
    }
}

fn way(endpoint: &ConnectedPoint) -> Option<Way> {
    if endpoint.is_relayed() {
        return None;
    }
    let far = addr::parts(&addr::without_peer(endpoint.get_remote_address().clone()))?;
    Some(match endpoint {
        ConnectedPoint::Listener { .. } => Way::Theirs { far: far.ip },
        ConnectedPoint::Dialer { port_use, .. } if far.quic || *port_use == PortUse::Reuse => {
            Way::OurPort { far: far.ip }
        }
        ConnectedPoint::Dialer { .. } => Way::FreshPort { far: far.ip },
    })
}

impl NetworkBehaviour for Seen {
    type ConnectionHandler = <identify::Behaviour as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = identify::Event;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.identify.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.identify.handle_established_outbound_connection(connection, peer, remote, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.ours.on_swarm_event(&event);
        match &event {
            FromSwarm::ConnectionEstablished(new) => {
                if let Some(way) = way(new.endpoint) {
                    self.ways.insert(new.connection_id, way);
                }
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.ways.remove(&closed.connection_id);
            }
            _ => {}
        }
        self.identify.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.identify.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            if let Some(addr) = self.next.pop_front() {
                return Poll::Ready(ToSwarm::NewExternalAddrCandidate(addr));
            }
            match self.identify.poll(cx) {
                // Its own idea of candidates mixes up ports; ours are above.
                Poll::Ready(ToSwarm::NewExternalAddrCandidate(_)) => {}
                Poll::Ready(ToSwarm::GenerateEvent(event)) => {
                    if let identify::Event::Received { connection_id, info, .. } = &event {
                        self.observed(*connection_id, info.observed_addr.clone());
                    }
                    return Poll::Ready(ToSwarm::GenerateEvent(event));
                }
                other => return other,
            }
        }
    }
}
