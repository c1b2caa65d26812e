//! The one task that owns the swarm. Takes commands, tells events, decides nothing, waits for nobody.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::swarm::SwarmEvent;
use libp2p::{PeerId, Stream, Swarm, mdns, ping};
use starling_protocol::engine::net::{ConnId, LinkId, LinkProtocol, NetCommand, NetEvent};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::addr::{self, Parts};
use super::behaviour::{Behaviour, BehaviourEvent};
use super::conns::Conns;
use super::dht::Dht;
use super::dials::Dials;
use super::direct::{self, Slot};
use super::facts::{Ask, Facts};
use super::gossip::Gossip;
use super::links::{Links, Opened, Start};
use super::live::Listening;
use super::outbox::{Drained, Outbox};
use super::probe::Probe;
use super::reach::{Reach, ReachEvent};
use super::watch::Watch;
use super::{Gauge, start, translate};

/// Commands taken in one turn of the loop: fewer turns under load, and events are not kept waiting.
const BATCH_COUNT: usize = 64;
/// At the end, for links to flush what is queued.
const FLUSH: Duration = Duration::from_millis(500);
/// At the end, for connections to close in good order.
const GOODBYE: Duration = Duration::from_secs(1);
/// At the very end, for the ports to be free again; and how often to look.
const DRAIN: Duration = Duration::from_millis(400);
const DRAIN_LOOK: Duration = Duration::from_millis(5);

/// See the module.
pub(super) struct Task {
    /// Boxed: it is large, and futures carry it about.
    pub swarm: Box<Swarm<Behaviour>>,
    pub outbox: Outbox,
    pub links: Links,
    pub conns: Conns,
    pub dials: Dials,
    pub watch: Watch,
    pub dht: Dht,
    pub gossip: Gossip,
    pub reach: Reach,
    pub facts: Facts,
    pub listening: Listening,
    pub probe: Option<Probe>,
    /// Whether addresses are told as they change; not while the start still gathers them.
    pub settled: bool,
    pub gauge: Arc<Gauge>,
}

impl Task {
    /// Runs until asked to stop or nobody is left to work for.
    pub async fn run(
        mut self,
        mut commands: mpsc::Receiver<NetCommand>,
        mut asks: mpsc::Receiver<Ask>,
        mut stop: oneshot::Receiver<()>,
    ) {
        let mut batch = Vec::with_capacity(BATCH_COUNT);
        loop {
            let times = [
                self.dials.next_at(),
                self.watch.next_at(),
                self.dht.next_at(),
                self.reach.next_at(),
                self.facts.next_at(),
                self.probe.as_ref().map(Probe::next_at),
            ];
            let timer = times.into_iter().flatten().min();
            let free = !self.outbox.is_busy();
            tokio::select! {
                count = commands.recv_many(&mut batch, BATCH_COUNT), if free => {
                    if count == 0 { break }
                    batch.drain(..).for_each(|command| self.on_command(command));
                }
                event = self.swarm.select_next_some(), if free => self.on_swarm(event),
                Some(link) = self.links.ended(), if !self.links.is_idle() => self.on_link_ended(link),
                drained = self.outbox.drain(), if !self.outbox.is_empty() => match drained {
                    Drained::Empty => {}
                    Drained::Start(start) => self.links.start(start),
                    Drained::Closed => break,
                },
                () = sleep_until(timer.unwrap_or_else(Instant::now)), if timer.is_some() => self.on_timer(),
                Some(ask) = asks.recv() => self.on_ask(ask),
                _ = &mut stop => break,
            }
            self.settle();
            self.measure();
        }
        // What was asked for before the end still counts.
        commands.close();
        while let Ok(command) = commands.try_recv() {
            self.on_command(command);
        }
        self.wind_down().await;
    }

    fn on_command(&mut self, command: NetCommand) {
        match command {
            NetCommand::Dial { dial, addrs } => self.dial(dial, &addrs),
            NetCommand::OpenLink { link, conn, protocol } => self.open_link(link, conn, protocol),
            NetCommand::Write { link, messages } if self.links.is_opening(link) => {
                tracing::debug!(link, count = messages.len(), "write before the link is open, link dropped");
                self.on_link_ended(link);
            }
            NetCommand::Write { link, messages } => self.links.write(link, messages),
            NetCommand::CloseLink { link } if self.links.is_opening(link) => self.on_link_ended(link),
            NetCommand::CloseLink { link } => self.links.finish(link),
            NetCommand::CloseConn { conn } => self.close_conn(conn),
            NetCommand::Hold { conn } => {
                if let Some(state) = self.conns.get_mut(conn).filter(|state| !state.held) {
                    state.held = true;
                    self.swarm.behaviour_mut().punch.allow(state.peer, state.connection);
                }
            }
            NetCommand::Seeds { addrs } => self.dht.seeds(&addrs),
            NetCommand::Publish { publish, key, value } => {
                self.dht.publish(&mut self.swarm, &mut self.outbox, publish, key, value);
            }
            NetCommand::LookUp { lookup, key, known } => {
                self.dht.look_up(&mut self.swarm, &mut self.outbox, lookup, key, known);
            }
            NetCommand::EndLookUp { lookup } => self.dht.end(&mut self.swarm, &mut self.outbox, lookup),
            NetCommand::Topics { topics } => {
                self.gossip.topics(&mut self.swarm.behaviour_mut().gossip, topics);
            }
            NetCommand::Gossip { topic, data } => {
                self.gossip.publish(&mut self.swarm.behaviour_mut().gossip, &topic, data);
            }
            NetCommand::Admit { conn, both } => {
                if let Some(state) = self.conns.get(conn) {
                    self.swarm.behaviour_mut().gossip.admit(state.connection, both);
                }
            }
            NetCommand::Judge { gossip, verdict } => {
                self.gossip.judge(&mut self.swarm.behaviour_mut().gossip, gossip, verdict);
            }
        }
    }

    fn open_link(&mut self, link: LinkId, conn: ConnId, protocol: LinkProtocol) {
        if self.links.contains(link) {
            tracing::debug!(link, "a link of this number exists");
            return;
        }
        match self.conns.get_mut(conn) {
            Some(state) if state.ending.is_none() => {
                state.links.insert(link);
                let connection = state.connection;
                self.links.opening(link, conn);
                self.swarm.behaviour_mut().direct.open(connection, link, protocol);
            }
            _ => self.outbox.say(NetEvent::LinkClosed { link }),
        }
    }

    /// Handles one swarm event.
    pub fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        self.dht.on_swarm(&mut self.swarm, &event);
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.on_established(connection_id, peer_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed { connection_id, .. } => self.on_closed(connection_id),
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                let failed = self.dials.failed(connection_id);
                self.attempt_failed(failed, translate::dial_reason(&error));
                self.start_dials();
            }
            SwarmEvent::NewListenAddr { listener_id, address } => self.on_new_address(listener_id, &address),
            SwarmEvent::ExpiredListenAddr { address, .. } => self.on_lost_address(&address),
            SwarmEvent::ListenerClosed { listener_id, addresses, .. } => {
                self.reach.listener_closed(listener_id);
                addresses.iter().for_each(|address| self.on_lost_address(address));
            }
            _ => {}
        }
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Direct(event) => self.on_direct(event),
            BehaviourEvent::Ping(ping::Event { connection, result: Ok(time), .. }) => {
                self.on_pong(connection, time);
            }
            BehaviourEvent::Mdns(mdns::Event::Discovered(found)) => {
                let ourselves = *self.swarm.local_peer_id();
                for event in translate::lan_found(&ourselves, found) {
                    self.outbox.say(event);
                }
            }
            BehaviourEvent::Dht(event) => self.dht.on_event(&mut self.swarm, &mut self.outbox, event),
            BehaviourEvent::Gossip(rumour) => {
                self.gossip.on_rumour(&mut self.swarm.behaviour_mut().gossip, &mut self.outbox, rumour);
            }
            BehaviourEvent::Identify(event) => self.on_reach(ReachEvent::Identify(Box::new(event))),
            BehaviourEvent::Relay(event) => self.on_reach(ReachEvent::Relay(event)),
            BehaviourEvent::Carry(event) => self.on_reach(ReachEvent::Carry(event)),
            BehaviourEvent::Punch(event) => self.on_reach(ReachEvent::Punch(event)),
            BehaviourEvent::Reachable(event) => self.on_reach(ReachEvent::Reachable(event)),
            BehaviourEvent::Mapping(event) => self.on_reach(ReachEvent::Mapping(event)),
            _ => {}
        }
    }

    fn on_direct(&mut self, event: direct::Event) {
        match event {
            direct::Event::Opened { link, connection, protocol, stream } => {
                // A link that was closed while it was being opened, or whose connection has ended, is forgotten:
                // the stream is dropped.
                if let (Some(conn), true) = (self.conns.number(connection), self.links.is_opening(link)) {
                    self.link_opened(link, conn, protocol, stream, None);
                }
            }
            direct::Event::Failed { link } => {
                if self.links.is_opening(link) {
                    self.on_link_ended(link);
                }
            }
            direct::Event::Inbound { connection, protocol, stream, slot } => {
                if let Some(conn) = self.conns.number(connection) {
                    let link = self.links.inbound_number();
                    self.link_opened(link, conn, protocol, stream, Some(slot));
                }
            }
            direct::Event::Refused { connection } => {
                self.gauge.refuse();
                tracing::debug!(conn = self.conns.number(connection), "too many streams from a peer, reset");
            }
        }
    }

    fn link_opened(
        &mut self,
        link: LinkId,
        conn: ConnId,
        protocol: LinkProtocol,
        stream: Stream,
        slot: Option<Slot>,
    ) {
        let local_peer = self.swarm.local_peer_id().to_bytes();
        let Some(state) = self.conns.get_mut(conn) else { return };
        state.links.insert(link);
        let heard = Arc::clone(&state.heard);
        let remote_peer = state.peer.to_bytes();
        let outbound = slot.is_none();
        tracing::trace!(link, conn, ?protocol, outbound, "link open");
        self.outbox.say(NetEvent::LinkOpened { link, conn, protocol, outbound, local_peer, remote_peer });
        let start: Start = self.links.opened(Opened { link, conn, stream, slot, heard });
        if let Some(start) = self.outbox.start(start) {
            self.links.start(start);
        }
    }

    /// A link has ended or will never open: says so, and says that its connection has ended if that waited for it.
    pub fn on_link_ended(&mut self, link: LinkId) {
        let Some(conn) = self.links.remove(link) else { return };
        tracing::trace!(link, conn, "link closed");
        self.outbox.say(NetEvent::LinkClosed { link });
        if let Some(state) = self.conns.get_mut(conn) {
            state.links.remove(&link);
        }
        self.reap(conn);
    }

    fn on_timer(&mut self) {
        let now = Instant::now();
        self.dht.on_timer(&mut self.swarm, &mut self.outbox);
        while let Some(dial) = self.dials.overdue(now) {
            self.dial_failed(dial, "timed out".to_owned());
        }
        let conns = &self.conns;
        self.dials.step(now);
        self.dials.redial(now, |addr| conns.standing(addr).is_some());
        self.start_dials();
        self.reach.on_timer(now);
        let found = self.watch.look(now, self.outbox.is_busy(), &self.conns);
        if found.awake {
            self.on_awake();
        }
        self.look_at_probe(now);
        for conn in found.silent {
            tracing::debug!(conn, "silent, closed");
            self.close_conn(conn);
        }
        found.stuck.into_iter().for_each(|conn| self.give_up(conn));
    }

    fn measure(&self) {
        let direct = self.swarm.behaviour().direct.connection_count();
        self.gauge.set(self.conns.len().max(direct), self.links.len(), self.dials.len(), self.outbox.len());
    }

    /// Flushes what is queued, closes every connection and listener, and returns within 2 s whatever peers do.
    async fn wind_down(mut self) {
        self.dht.farewell(&mut self.swarm, &mut self.outbox);
        self.links.finish_all();
        let _ = timeout(FLUSH, async {
            while !self.links.is_idle() {
                tokio::select! {
                    _ = self.swarm.select_next_some() => {}
                    _ = self.links.ended() => {}
                }
            }
        })
        .await;
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let _ = timeout(GOODBYE, async {
            while self.swarm.network_info().num_peers() > 0 {
                self.swarm.select_next_some().await;
            }
        })
        .await;
        let ports: Vec<Parts> = self.swarm.listeners().filter_map(addr::parts).collect();
        drop(self);
        // QUIC keeps its socket for the moment a connection takes to drain.
        let _ = timeout(DRAIN, async {
            while ports.iter().any(|parts| start::is_taken(*parts)) {
                sleep(DRAIN_LOOK).await;
            }
        })
        .await;
    }
}
