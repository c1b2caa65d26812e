//! The DHT: Kademlia under Starling's own protocol name, for records that prove themselves
//! (docs/spec/07-discovery.md).
//!
//! ```text
//! identify, mDNS ─► table ─┐
//! seeds, dials   ─►────────┼─► Kademlia ◄─► other nodes
//! the engine     ─► queries┘      │
//!                                 └─► store (records of others)
//! ```
//!
//! Must not know what is in a record, who looks for whom, or how a connection came about.

mod kademlia;
mod queries;
mod requests;
mod road;
mod seeds;
mod store;
mod table;
#[cfg(test)]
pub(in crate::net) mod tests;
mod trial;

use std::collections::HashMap;
use std::time::Duration;

use libp2p::core::ConnectedPoint;
use libp2p::kad::{self, Mode};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, identify, mdns};
use starling_protocol::engine::net::NetEvent;
use tokio::time::Instant;

use super::addr;
use super::behaviour::{Behaviour, BehaviourEvent};
use super::facts::NetFacts;
use super::outbox::Outbox;
pub(super) use kademlia::Kademlia;
use queries::Queries;
use seeds::Seeds;
use table::Table;
pub(super) use trial::Outcome;
use trial::Trial;

/// Neighbours come in bursts; their number is told when it has rested for this long.
const COUNT_REST: Duration = Duration::from_millis(200);
/// Below this number of neighbours the local network's are dialled, and the table is refreshed more often.
const FEW_COUNT: usize = 20;
/// Between two refreshes of a small table. One asks each neighbour a few times, 4 KiB each: more often would be most
/// of what an idle node sends; less often leaves those who are gone in it.
const REFRESH_FEW: Duration = Duration::from_secs(300);
/// Between two refreshes of a table that is large enough: some 200 questions, 1 MiB.
const REFRESH_MANY: Duration = Duration::from_secs(3_600);
/// After a change of our addresses, for the new ones to work.
const REFRESH_SOON: Duration = Duration::from_secs(1);
/// For how long the internet counts as there after the last connection to it: connections come and go.
const INTERNET_REST: Duration = Duration::from_secs(120);
/// Between two looks for records that are over.
const SWEEP: Duration = Duration::from_secs(600);
/// Peers of the local network that are dialled from one answer of mDNS.
const NEARBY_DIALS_COUNT: usize = 8;
/// Addresses that are read of what a peer says of itself.
const TOLD_COUNT: usize = 8;

/// A direct connection.
struct Met {
    peer: PeerId,
    addr: Multiaddr,
    outbound: bool,
}

/// See the module.
pub(super) struct Dht {
    queries: Queries,
    table: Table,
    seeds: Seeds,
    met: HashMap<ConnectionId, Met>,
    /// Neighbours, as told last; and when to look whether there are more or fewer.
    neighbours_count: u32,
    count_at: Option<Instant>,
    refresh_at: Option<Instant>,
    sweep_at: Instant,
    internet_until: Option<Instant>,
    keeps_records: bool,
    trial: Option<Trial>,
}

impl Dht {
    pub fn new() -> Self {
        Self {
            queries: Queries::default(),
            table: Table::default(),
            seeds: Seeds::default(),
            met: HashMap::new(),
            neighbours_count: 0,
            count_at: None,
            refresh_at: None,
            sweep_at: Instant::now() + SWEEP,
            internet_until: None,
            keeps_records: false,
            trial: None,
        }
    }

    /// DHT nodes of earlier runs.
    pub fn seeds(&mut self, texts: &[String]) {
        self.seeds.add(texts, Instant::now());
    }

    /// Kademlia's own events.
    pub fn on_event(&mut self, swarm: &mut Swarm<Behaviour>, out: &mut Outbox, event: kad::Event) {
        let kad = &mut swarm.behaviour_mut().dht;
        match event {
            kad::Event::OutboundQueryProgressed { id, result, stats, step } => {
                self.queries.on_progress(kad, (id, stats, step), result);
                self.hand_out(swarm, out);
            }
            kad::Event::RoutingUpdated { peer, addresses, .. } => {
                if addresses.len() > table::PER_ENTRY_COUNT {
                    Table::trim(kad, peer);
                }
                self.changed();
            }
            _ => {}
        }
    }

    /// Looks at what happens in the swarm, before anybody else does.
    pub fn on_swarm(&mut self, swarm: &mut Swarm<Behaviour>, event: &SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                peer_id,
                info,
                ..
            })) => self.on_identified(swarm, *peer_id, info),
            SwarmEvent::Behaviour(BehaviourEvent::Mdns(mdns::Event::Discovered(found))) => {
                self.on_nearby(swarm, found);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Mdns(mdns::Event::Expired(gone))) => {
                gone.iter().for_each(|(peer, _)| self.table.not_nearby(peer));
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.on_established(swarm, *connection_id, *peer_id, endpoint);
            }
            SwarmEvent::ConnectionClosed { connection_id, .. } => self.on_closed(swarm, *connection_id),
            SwarmEvent::OutgoingConnectionError { connection_id, peer_id, error } => {
                self.seeds.ended(*connection_id);
                if let Some(peer) = peer_id {
                    self.on_unreached(swarm, *peer, error);
                }
            }
            SwarmEvent::NewListenAddr { .. } => {
                let now = Instant::now();
                self.seeds.begin(now);
                self.refresh_at = Some(now + REFRESH_SOON);
                self.choose_mode(swarm);
            }
            SwarmEvent::ExpiredListenAddr { .. } => {
                Table::forget_far(&mut swarm.behaviour_mut().dht);
                self.changed();
                self.choose_mode(swarm);
            }
            SwarmEvent::ExternalAddrConfirmed { .. } | SwarmEvent::ExternalAddrExpired { .. } => {
                self.choose_mode(swarm);
            }
            _ => {}
        }
    }

    /// Does what is due.
    pub fn on_timer(&mut self, swarm: &mut Swarm<Behaviour>, out: &mut Outbox) {
        let now = Instant::now();
        self.queries.on_timer(&mut swarm.behaviour_mut().dht, now);
        self.hand_out(swarm, out);
        if is_due(&mut self.count_at, now) {
            self.count(swarm, out, now);
        }
        if is_due(&mut self.refresh_at, now) {
            // Fails only if nobody is there; then the seeds' turn comes.
            let _ = swarm.behaviour_mut().dht.bootstrap();
            let few = (self.neighbours_count as usize) < FEW_COUNT;
            self.refresh_at = Some(now + if few { REFRESH_FEW } else { REFRESH_MANY });
        }
        if is_due(&mut self.internet_until, now) {
            self.choose_mode(swarm);
        }
        if self.sweep_at <= now {
            self.sweep_at = now + SWEEP;
            swarm.behaviour_mut().dht.store_mut().sweep(now.into_std());
        }
        for addr in self.seeds.due(now, self.neighbours_count == 0) {
            self.dial_seed(swarm, addr);
        }
        self.tell_good(out, now, false);
    }

    /// When something is due next.
    pub fn next_at(&self) -> Option<Instant> {
        let own = [self.count_at, self.refresh_at, self.internet_until, Some(self.sweep_at)];
        own.into_iter().chain([self.queries.next_at(), self.seeds.next_at()]).flatten().min()
    }

    /// The end: what was learnt is told; last of all where those are who dialled us, for nobody tried that yet.
    pub fn farewell(&mut self, swarm: &mut Swarm<Behaviour>, out: &mut Outbox) {
        for addr in table::places(&mut swarm.behaviour_mut().dht) {
            self.seeds.heard(addr);
        }
        self.tell_good(out, Instant::now(), true);
    }

    /// Fills in what people are told of the DHT.
    pub fn fill(&self, swarm: &mut Swarm<Behaviour>, facts: &mut NetFacts) {
        facts.neighbours = self.neighbours_count;
        facts.keeps_records = self.keeps_records;
        let records_count = swarm.behaviour_mut().dht.store_mut().len();
        facts.records = u32::try_from(records_count).unwrap_or(u32::MAX);
    }

    fn on_identified(&mut self, swarm: &mut Swarm<Behaviour>, peer: PeerId, info: &identify::Info) {
        let kad = &mut swarm.behaviour_mut().dht;
        if info.protocols.contains(&kademlia::PROTOCOL) {
            let dialled: Vec<Multiaddr> = self
                .met
                .values()
                .filter(|met| met.outbound && met.peer == peer)
                .map(|m| m.addr.clone())
                .collect();
            let now = Instant::now();
            dialled.iter().for_each(|addr| self.seeds.proved(addr, now));
            let told = info.listen_addrs.iter().take(TOLD_COUNT).cloned();
            self.table.meet(kad, peer, dialled.into_iter().chain(told));
        } else {
            self.table.leave(kad, peer);
        }
        self.changed();
    }

    /// The local network tells of peers: while we know few, they are dialled.
    fn on_nearby(&mut self, swarm: &mut Swarm<Behaviour>, found: &[(PeerId, Multiaddr)]) {
        let mut dials_count = 0;
        for (peer, addr) in found {
            let allowed = swarm.behaviour().dht.roads().allows(addr);
            if !allowed || peer == swarm.local_peer_id() {
                continue;
            }
            self.table.nearby(*peer, addr);
            let few = (self.neighbours_count as usize) < FEW_COUNT;
            if few && dials_count < NEARBY_DIALS_COUNT && !swarm.is_connected(peer) {
                let opts = DialOpts::peer_id(*peer)
                    .condition(PeerCondition::DisconnectedAndNotDialing)
                    .addresses(vec![addr::without_peer(addr.clone())])
                    .build();
                dials_count += usize::from(swarm.dial(opts).is_ok());
            }
        }
    }

    fn on_established(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        connection: ConnectionId,
        peer: PeerId,
        endpoint: &ConnectedPoint,
    ) {
        self.seeds.ended(connection);
        self.table.reached(&peer);
        if !endpoint.is_relayed() {
            let addr = addr::without_peer(endpoint.get_remote_address().clone());
            self.met.insert(connection, Met { peer, addr, outbound: endpoint.is_dialer() });
        }
        self.changed();
        self.choose_mode(swarm);
    }

    fn on_closed(&mut self, swarm: &mut Swarm<Behaviour>, connection: ConnectionId) {
        let Some(met) = self.met.remove(&connection) else { return };
        if road::public_host(&met.addr).is_some() {
            self.internet_until = Some(Instant::now() + INTERNET_REST);
        }
        self.choose_mode(swarm);
    }

    /// A dial to a peer we know by its id failed.
    fn on_unreached(&mut self, swarm: &mut Swarm<Behaviour>, peer: PeerId, error: &DialError) {
        let online = swarm.connected_peers().any(|other| *other != peer);
        let connected = swarm.is_connected(&peer);
        let kad = &mut swarm.behaviour_mut().dht;
        match error {
            _ if connected => return,
            DialError::WrongPeerId { .. } => self.table.leave(kad, peer),
            DialError::Transport(_) => {
                for addr in self.table.lost(kad, peer, online) {
                    self.seeds.lost(addr);
                }
            }
            _ => return,
        }
        self.changed();
    }

    fn dial_seed(&mut self, swarm: &mut Swarm<Behaviour>, addr: Multiaddr) {
        if self.met.values().any(|met| met.addr == addr) {
            return;
        }
        let opts = DialOpts::unknown_peer_id().address(addr.clone()).build();
        let connection = opts.connection_id();
        if swarm.dial(opts).is_ok() {
            self.seeds.started(connection, addr);
        }
    }

    fn changed(&mut self) {
        self.count_at.get_or_insert_with(|| Instant::now() + COUNT_REST);
    }

    fn count(&mut self, swarm: &mut Swarm<Behaviour>, out: &mut Outbox, now: Instant) {
        let count = self.table.neighbours_count(&mut swarm.behaviour_mut().dht);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if count == 0 {
            self.seeds.nobody(now);
        }
        if count == self.neighbours_count {
            return;
        }
        if self.neighbours_count == 0 {
            self.refresh_at = Some(now + REFRESH_FEW);
        }
        self.neighbours_count = count;
        tracing::debug!(count, "neighbours");
        out.say(NetEvent::Neighbours { count });
    }

    /// Keeps records for others, or stops doing so, as our addresses and connections are now.
    fn choose_mode(&mut self, swarm: &mut Swarm<Behaviour>) {
        let internet = self.internet_until.is_some()
            || self.met.values().any(|met| road::public_host(&met.addr).is_some());
        let roads = swarm.behaviour().dht.roads();
        let keeps = table::keeps_records(swarm.external_addresses(), roads, internet);
        if keeps != self.keeps_records {
            self.keeps_records = keeps;
            tracing::debug!(keeps, "keeping records for others");
            let mode = if keeps { Mode::Server } else { Mode::Client };
            swarm.behaviour_mut().dht.set_mode(Some(mode));
        }
    }

    fn tell_good(&mut self, out: &mut Outbox, now: Instant, last: bool) {
        if let Some(addrs) = self.seeds.tell(now, last) {
            out.say(NetEvent::GoodPeers { addrs });
        }
    }
}

/// Whether a time has come; it is taken away if so.
fn is_due(at: &mut Option<Instant>, now: Instant) -> bool {
    at.take_if(|at| *at <= now).is_some()
}
