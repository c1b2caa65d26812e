//! Being reached: which addresses of ours work from outside, places at relays for a node that has none, and what
//! people are told about it. Strangers learn addresses that were tried; contacts also learn those worth trying. Must
//! not dial.
//!
//! Strangers (identify, and through it the DHT) are told private addresses only in a network that is not the
//! internet: while there is no route out, or no public peer is known.

pub(super) mod carry;
mod own;
mod relays;
pub(super) mod route;
mod seen;
mod verdict;

use std::collections::HashSet;
use std::time::Duration;

use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{ConnectionId, FromSwarm, NetworkBehaviour, NewExternalAddrCandidate};
use libp2p::{Multiaddr, PeerId, Swarm, autonat, dcutr, identify, relay, upnp};
use tokio::time::Instant;

use super::addr;
use super::behaviour::Behaviour;
use super::conns::Conns;
use super::dials::Dials;
use super::facts::{Mapping, NetFacts, OwnAddress, Reach as Verdict};
use relays::Relays;
pub(crate) use seen::Seen;
use verdict::Tests;

/// How often the route is looked for: while there is none, and otherwise. The system is asked, nothing is sent.
const NO_ROUTE_LOOK: Duration = Duration::from_secs(30);
const ROUTE_LOOK: Duration = Duration::from_secs(300);
/// Addresses the router gave that are remembered: four of ours are mapped at most.
const MAPPED_COUNT: usize = 8;

/// Events of the behaviours that are about being reached.
#[derive(Debug)]
pub(super) enum ReachEvent {
    /// Who a peer is, and where it sees us.
    Identify(Box<identify::Event>),
    /// Of our places and roads through relays.
    Relay(relay::client::Event),
    /// Of what we carry for others.
    Carry(relay::Event),
    /// A hole was punched, or not.
    Punch(dcutr::Event),
    /// An address of ours was tried.
    Reachable(autonat::v2::client::Event),
    /// What the router says.
    Mapping(upnp::Event),
}

/// What is looked at besides.
pub(super) struct Around<'a> {
    pub swarm: &'a mut Swarm<Behaviour>,
    pub conns: &'a mut Conns,
    pub dials: &'a Dials,
}

/// See the module.
pub(super) struct Reach {
    /// This node serves: what it listens on is meant to be reached.
    serves: bool,
    /// Loopback addresses were asked for in so many words.
    loopback: bool,
    tests: Tests,
    relays: Relays,
    mapping: Mapping,
    mapped: Vec<Multiaddr>,
    /// Addresses we said are external.
    claimed: HashSet<Multiaddr>,
    told: Vec<OwnAddress>,
    route: bool,
    route_at: Instant,
    punched: u32,
    punch_failed: u32,
    carried: u32,
    changed: bool,
}

impl Reach {
    /// `serves`: this node offers something to everybody. `loopback`: it was told to listen on this machine's own
    /// addresses. `mapping`: the router is asked.
    pub fn new(serves: bool, loopback: bool, mapping: bool) -> Self {
        Self {
            serves,
            loopback,
            tests: Tests::default(),
            relays: Relays::default(),
            mapping: if mapping { Mapping::Asking } else { Mapping::Off },
            mapped: Vec::new(),
            claimed: HashSet::new(),
            told: Vec::new(),
            route: route::is_there(),
            route_at: Instant::now() + NO_ROUTE_LOOK,
            punched: 0,
            punch_failed: 0,
            carried: 0,
            changed: true,
        }
    }

    /// The router is asked from now on, or is not any more.
    pub fn asks_router(&mut self, asks: bool) {
        self.mapping = if asks { Mapping::Asking } else { Mapping::Off };
        self.mapped.clear();
        self.changed = true;
    }

    pub fn on_event(&mut self, around: Around<'_>, event: ReachEvent) {
        let changed = std::mem::replace(&mut self.changed, true);
        match event {
            ReachEvent::Identify(event) => match *event {
                identify::Event::Received { connection_id, peer_id, info } => {
                    self.identified(around, connection_id, peer_id, info);
                }
                // A push that came in counts as received; the other events are of what we said.
                _ => self.changed = changed,
            },
            ReachEvent::Relay(relay::client::Event::ReservationReqAccepted { relay_peer_id, .. }) => {
                if !self.relays.reserved(&relay_peer_id, Instant::now()) {
                    tracing::debug!("a relay wants its place renewed all the time, left");
                    let _ = around.swarm.disconnect_peer_id(relay_peer_id);
                }
            }
            ReachEvent::Relay(_) => self.changed = changed,
            ReachEvent::Carry(event) => self.on_carry(around.conns, &event),
            ReachEvent::Punch(dcutr::Event { result: Ok(_), .. }) => self.punched += 1,
            ReachEvent::Punch(dcutr::Event { result: Err(error), .. }) => {
                tracing::debug!(%error, "no hole punched");
                self.punch_failed += 1;
            }
            ReachEvent::Reachable(event) => {
                tracing::debug!(addr = %event.tested_addr, ok = event.result.is_ok(), "tried from outside");
                self.tests.tried(event.tested_addr, event.result.is_ok());
            }
            ReachEvent::Mapping(event) => self.on_mapping(event),
        }
    }

    fn identified(
        &mut self,
        around: Around<'_>,
        connection: ConnectionId,
        peer: PeerId,
        info: identify::Info,
    ) {
        self.carries(&around, connection, peer, &info);
        let Around { swarm, conns, .. } = around;
        let conn = conns.number(connection).and_then(|number| conns.get(number));
        let Some(conn) = conn.filter(|conn| !conn.outbound && addr::is_public(&conn.addr)) else { return };
        let Some(from) = addr::parts(&conn.addr).map(|parts| parts.ip) else { return };
        let reached = addr::without_peer(info.observed_addr);
        // Whoever also comes through a relay may have come through a hole we made for them.
        let may_know = swarm.behaviour().identify.is_current(&reached)
            || self.mapped.contains(&reached)
            || swarm.listeners().any(|own| *own == reached);
        if may_know && addr::is_public(&reached) && !conns.is_relayed(&peer) {
            self.tests.came(reached, from);
        }
    }

    fn carries(
        &mut self,
        around: &Around<'_>,
        connection: ConnectionId,
        peer: PeerId,
        info: &identify::Info,
    ) {
        let Some(conn) = around.conns.number(connection).and_then(|number| around.conns.get(number)) else {
            return;
        };
        if !info.protocols.contains(&relay::HOP_PROTOCOL_NAME) {
            self.relays.stopped(&peer);
        } else if conn.outbound && addr::parts(&conn.addr).is_some() {
            let preferred = around.dials.peers().any(|addr| *addr == conn.addr);
            self.relays.found(peer, connection, conn.addr.clone(), preferred);
        }
    }

    fn on_carry(&mut self, conns: &mut Conns, event: &relay::Event) {
        match event {
            relay::Event::ReservationReqAccepted { src_peer_id, .. } => conns.place(src_peer_id, true),
            relay::Event::ReservationTimedOut { src_peer_id } => conns.place(src_peer_id, false),
            relay::Event::CircuitReqAccepted { .. } => self.carried += 1,
            relay::Event::CircuitClosed { .. } => self.carried = self.carried.saturating_sub(1),
            _ => {}
        }
    }

    fn on_mapping(&mut self, event: upnp::Event) {
        match event {
            upnp::Event::NewExternalAddr { external_addr, .. } => {
                self.mapping = Mapping::Mapped;
                if self.mapped.len() < MAPPED_COUNT && !self.mapped.contains(&external_addr) {
                    self.mapped.push(external_addr);
                }
            }
            upnp::Event::ExpiredExternalAddr { external_addr, .. } => {
                self.mapped.retain(|addr| *addr != external_addr);
                if self.mapped.is_empty() {
                    self.mapping = Mapping::Asking;
                }
            }
            upnp::Event::GatewayNotFound => self.mapping = Mapping::NoGateway,
            upnp::Event::NonRoutableGateway => self.mapping = Mapping::NotPublic,
        }
    }

    /// We knock at an address: who comes from there afterwards may come through the hole that made.
    pub fn called(&mut self, addr: &Multiaddr) {
        if let Some(parts) = addr::parts(addr) {
            self.tests.called(parts.ip);
        }
    }

    /// A connection has come or gone.
    pub fn counted(&mut self) {
        self.changed = true;
    }

    /// A connection is gone.
    pub fn closed(&mut self, connection: ConnectionId) {
        self.changed = true;
        self.relays.closed(connection);
    }

    /// There is another address to listen on. Whether it is one of this machine, not a place at a relay.
    pub fn new_listen(&mut self, listener: ListenerId, at: &Multiaddr) -> bool {
        self.changed = true;
        if addr::is_relayed(at) {
            self.relays.also_at(listener, at);
            return false;
        }
        self.look();
        true
    }

    /// An address of this machine is gone: what was found out about the network it belonged to no longer holds.
    pub fn lost_listen(&mut self, swarm: &mut Swarm<Behaviour>, at: &Multiaddr) -> bool {
        self.changed = true;
        let Some(lost) = addr::parts(at) else { return false };
        swarm.behaviour_mut().identify.forget(lost.ip.is_ipv6());
        let stale: Vec<Multiaddr> = swarm
            .external_addresses()
            .filter(|own| addr::parts(own).is_some_and(|own| own.ip.is_ipv6() == lost.ip.is_ipv6()))
            .cloned()
            .collect();
        for addr in stale {
            swarm.remove_external_address(&addr);
            self.claimed.remove(&addr);
        }
        self.look();
        true
    }

    /// A listener has ended.
    pub fn listener_closed(&mut self, listener: ListenerId) {
        self.changed = true;
        self.relays.listener_closed(listener);
    }

    /// When something is to be done next.
    pub fn next_at(&self) -> Option<Instant> {
        self.relays.next_at().into_iter().chain([self.route_at]).min()
    }

    /// Does what is due.
    pub fn on_timer(&mut self, now: Instant) {
        if self.route_at <= now {
            self.look();
        }
        if self.relays.next_at().is_some_and(|at| at <= now) {
            self.changed = true;
        }
    }

    /// Looks for a route out; whether there is one.
    pub fn look(&mut self) -> bool {
        let route = route::is_there();
        self.changed |= route != self.route;
        self.route = route;
        self.route_at = Instant::now() + if route { ROUTE_LOOK } else { NO_ROUTE_LOOK };
        route
    }

    /// Brings everything in line after changes: external addresses, places at relays. What contacts are to be told,
    /// if that has changed; whether anything has.
    pub fn settle(&mut self, around: Around<'_>) -> (bool, Option<Vec<String>>) {
        if !std::mem::take(&mut self.changed) {
            return (false, None);
        }
        let Around { swarm, conns, dials } = around;
        let listen: Vec<Multiaddr> =
            swarm.listeners().filter(|addr| addr::parts(addr).is_some()).cloned().collect();
        let internet = self.route
            && (dials.peers().any(addr::is_public)
                || conns.standing_or_ending().any(|(_, c)| addr::is_public(&c.addr)));
        self.claim(swarm, &listen, internet);
        offer_holes(swarm);
        self.reserve(swarm, &listen);
        let told = own::told(&self.known(swarm, listen), self.loopback);
        if told == self.told {
            return (true, None);
        }
        self.told = told;
        tracing::trace!(addrs = ?self.told, "addresses told");
        (true, Some(self.told.iter().map(|own| own.addr.clone()).collect()))
    }

    fn known(&self, swarm: &Swarm<Behaviour>, listen: Vec<Multiaddr>) -> own::Known {
        let external = swarm.external_addresses().filter(|addr| addr::is_public(addr));
        let agreed = swarm.behaviour().identify.agreed();
        let confirmed =
            external.chain(agreed).filter(|addr| !self.mapped.contains(addr) && !listen.contains(addr));
        own::Known {
            confirmed: confirmed.cloned().collect(),
            mapped: self.mapped.clone(),
            relays: self.relays.addresses(*swarm.local_peer_id()),
            listen,
        }
    }

    /// Says which addresses strangers may be told.
    fn claim(&mut self, swarm: &mut Swarm<Behaviour>, listen: &[Multiaddr], internet: bool) {
        let v6 = |addr: &&Multiaddr| addr::parts(addr).is_some_and(|parts| parts.ip.is_ipv6());
        let public = listen.iter().filter(|addr| addr::is_public(addr));
        // A public IPv4 address on an interface is a server's. Every home has public IPv6 addresses, and a firewall.
        let open = public.clone().filter(|addr| self.serves || !v6(addr));
        let mut wanted: HashSet<Multiaddr> = open.cloned().collect();
        let seen = &mut swarm.behaviour_mut().identify;
        public.for_each(|addr| seen.propose(addr.clone()));
        if self.serves {
            wanted.extend(seen.agreed().cloned());
        }
        wanted.extend(self.tests.open().filter(|addr| seen.is_current(addr)).cloned());
        if !internet {
            let texts = addr::tellable(listen.iter().filter(|addr| !addr::is_public(addr)), self.loopback);
            wanted.extend(texts.iter().filter_map(|text| text.parse().ok()));
        }
        for gone in self.claimed.difference(&wanted) {
            swarm.remove_external_address(gone);
        }
        for new in wanted.difference(&self.claimed) {
            swarm.add_external_address(new.clone());
        }
        self.claimed = wanted;
    }

    /// Asks relays for places as long as others cannot come by themselves, over IPv4 as most must.
    fn reserve(&mut self, swarm: &mut Swarm<Behaviour>, listen: &[Multiaddr]) {
        self.relays.wake(Instant::now());
        let v4 = |addr: &&Multiaddr| addr::parts(addr).is_some_and(|parts| parts.ip.is_ipv4());
        let seen = &swarm.behaviour().identify;
        let open = listen.iter().chain(&self.mapped).any(|addr| v4(&addr) && addr::is_public(addr))
            || self.tests.came_to().any(|addr| v4(&addr) && seen.is_current(addr));
        if open || self.serves {
            return;
        }
        while let Some((peer, host)) = self.relays.choice() {
            let place = host.with(Protocol::P2p(peer)).with(Protocol::P2pCircuit);
            self.relays.asked(&peer, swarm.listen_on(place).ok());
        }
    }

    /// Fills in what is known here.
    pub fn fill(&self, swarm: &Swarm<Behaviour>, facts: &mut NetFacts) {
        facts.network = swarm.listeners().filter_map(addr::parts).any(|parts| !parts.ip.is_loopback());
        let listen = swarm.listeners().filter(|addr| addr::parts(addr).is_some());
        facts.listen = listen.map(ToString::to_string).collect();
        facts.addrs = self.told.clone();
        facts.reach = self.verdict(swarm);
        facts.route = self.route;
        facts.mapping = self.mapping;
        facts.relays = self.relays.facts();
        facts.punched = self.punched;
        facts.punch_failed = self.punch_failed;
        facts.carried = self.carried;
    }

    fn verdict(&self, swarm: &Swarm<Behaviour>) -> Verdict {
        let seen = &swarm.behaviour().identify;
        let current = |addr: &Multiaddr| seen.is_current(addr) || swarm.listeners().any(|own| own == addr);
        if !self.mapped.is_empty() || self.tests.open().any(current) {
            Verdict::Public
        } else if self.tests.shut().any(current) {
            Verdict::Private
        } else {
            Verdict::Unknown
        }
    }
}

/// Tells who punches holes where we are seen. The swarm does not, of addresses that it holds for confirmed.
fn offer_holes(swarm: &mut Swarm<Behaviour>) {
    let behaviour = swarm.behaviour_mut();
    for addr in behaviour.identify.candidates() {
        let new = FromSwarm::NewExternalAddrCandidate(NewExternalAddrCandidate { addr });
        behaviour.punch.on_swarm_event(new);
    }
}

#[cfg(test)]
mod tests;
