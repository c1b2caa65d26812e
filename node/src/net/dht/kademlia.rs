//! libp2p's Kademlia with our settings, and with three things it does not do by itself: it dials only the addresses
//! that [`Roads`] allows, it tells the store who sends a record, and it gives up on a peer whose dial is slow. Must
//! not choose what to ask, nor who gets into the table.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::kad;
use libp2p::swarm::behaviour::DialFailure;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, DialError, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, StreamProtocol};
use tokio::time::{Instant, Sleep, sleep_until};

use super::road::Roads;
use super::store::{KEPT, Store};

/// The name of our DHT: another network's nodes never get into it.
pub(super) const PROTOCOL: StreamProtocol = StreamProtocol::new("/starling/kad/1");
/// Nodes that hold a record, and entries of a bucket. Fewer, and a record is gone with a few laptops that are shut;
/// more costs every publication and look-up as many questions.
pub(super) const COPIES_COUNT: usize = 20;
/// Disjoint paths of a query, with one question under way on each. One liar can spoil one path.
const PATHS_COUNT: usize = 3;
/// For a query as a whole. Ours are ended earlier by [`super::queries`]; this bounds the table's own.
const QUERY_TIME: Duration = Duration::from_secs(15);
/// For a peer to answer on a standing connection. Longer lets one mute node hold up a path; shorter calls a peer
/// behind a busy radio dead.
const ANSWER_TIME: Duration = Duration::from_secs(4);
/// After this a query goes on without a peer that is still being dialled: many of the nodes others tell of are shut
/// laptops, and a dial to one takes 10 s to fail. Longer, and a few of them in a row make a look-up take that much
/// longer each; shorter leaves out the far ends of slow lines (a TCP handshake is four round trips).
const DIAL_TIME: Duration = Duration::from_millis(1_500);
/// Queries do without such a peer for so long, unless it is reached in the meantime: the next query would lose the
/// same time on it.
const SLOW_TIME: Duration = Duration::from_secs(60);
/// Such peers remembered; the oldest goes first. More than any query meets.
const SLOW_COUNT: usize = 256;
/// The largest message: a record of 8 KiB and 20 nodes with four addresses each, 15 KiB.
const PACKET_BYTES: usize = 16 * 1024;

type Inner = kad::Behaviour<Store>;

/// See the module.
pub(in crate::net) struct Kademlia {
    inner: Inner,
    roads: Roads,
    /// Dials of ours under way, and when each is slow, soonest first.
    dialling: HashMap<ConnectionId, PeerId>,
    slow: VecDeque<(Instant, ConnectionId)>,
    /// Peers that were slow lately, and until when that counts, soonest first.
    lately: VecDeque<(Instant, PeerId)>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Kademlia {
    /// `named`: the configured peers.
    pub fn new(local: PeerId, named: Vec<Multiaddr>) -> Self {
        Self {
            inner: Inner::with_config(local, Store::new(local), config()),
            roads: Roads::new(named),
            dialling: HashMap::new(),
            slow: VecDeque::new(),
            lately: VecDeque::new(),
            sleep: None,
        }
    }

    /// Which addresses may be dialled.
    pub(super) fn roads(&self) -> &Roads {
        &self.roads
    }

    /// Lets queries go on without peers whose dial takes long.
    fn give_up_slow(&mut self, cx: &mut Context<'_>) {
        loop {
            while self.slow.front().is_some_and(|(_, connection)| !self.dialling.contains_key(connection)) {
                self.slow.pop_front();
            }
            let Some((at, connection)) = self.slow.front().copied() else {
                self.sleep = None;
                return;
            };
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
            if sleep.deadline() != at {
                sleep.as_mut().reset(at);
            }
            if sleep.as_mut().poll(cx).is_pending() {
                return;
            }
            self.slow.pop_front();
            if let Some(peer) = self.dialling.remove(&connection) {
                if self.lately.len() >= SLOW_COUNT {
                    self.lately.pop_front();
                }
                self.lately.push_back((Instant::now() + SLOW_TIME, peer));
                self.go_on_without(peer, connection);
            }
        }
    }

    fn go_on_without(&mut self, peer: PeerId, connection_id: ConnectionId) {
        let failure = DialFailure { peer_id: Some(peer), error: &DialError::Aborted, connection_id };
        self.inner.on_swarm_event(FromSwarm::DialFailure(failure));
    }

    fn was_slow(&mut self, peer: &PeerId) -> bool {
        let now = Instant::now();
        while self.lately.front().is_some_and(|(until, _)| *until <= now) {
            self.lately.pop_front();
        }
        self.lately.iter().any(|(_, slow)| slow == peer)
    }
}

fn config() -> kad::Config {
    let mut config = kad::Config::new(PROTOCOL);
    let copies = NonZeroUsize::new(COPIES_COUNT).unwrap_or(kad::K_VALUE);
    config
        .set_replication_factor(copies)
        .set_kbucket_size(copies)
        .set_parallelism(NonZeroUsize::new(PATHS_COUNT).unwrap_or(kad::ALPHA_VALUE))
        .disjoint_query_paths(true)
        .set_query_timeout(QUERY_TIME)
        .set_substreams_timeout(ANSWER_TIME)
        .set_max_packet_size(PACKET_BYTES)
        .set_kbucket_inserts(kad::BucketInserts::Manual)
        // The store judges every record itself, and its refusal is seen by the sender.
        .set_record_filtering(kad::StoreInserts::Unfiltered)
        .set_record_ttl(Some(KEPT))
        .set_replication_interval(None)
        .set_publication_interval(None)
        .set_provider_record_ttl(None)
        .set_provider_publication_interval(None)
        .set_caching(kad::Caching::Disabled)
        .set_periodic_bootstrap_interval(None);
    config
}

impl Deref for Kademlia {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl DerefMut for Kademlia {
    fn deref_mut(&mut self) -> &mut Inner {
        &mut self.inner
    }
}

impl NetworkBehaviour for Kademlia {
    type ConnectionHandler = <Inner as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = kad::Event;

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addrs: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let told = self.inner.handle_pending_outbound_connection(connection, peer, addrs, role)?;
        Ok(self.roads.choose(told))
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        addr: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_outbound_connection(connection, peer, addr, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match &event {
            FromSwarm::NewListenAddr(new) => self.roads.listening(new.addr),
            FromSwarm::ExpiredListenAddr(old) => self.roads.expired(old.addr),
            FromSwarm::ConnectionEstablished(new) => {
                self.dialling.remove(&new.connection_id);
                self.lately.retain(|(_, slow)| *slow != new.peer_id);
            }
            FromSwarm::DialFailure(failure) => drop(self.dialling.remove(&failure.connection_id)),
            _ => {}
        }
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.inner.store_mut().sent_by(Some(peer));
        self.inner.on_connection_handler_event(peer, connection, event);
        self.inner.store_mut().sent_by(None);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.give_up_slow(cx);
        loop {
            let polled = self.inner.poll(cx);
            if let Poll::Ready(ToSwarm::Dial { opts }) = &polled
                && let Some(peer) = opts.get_peer_id()
            {
                if self.was_slow(&peer) {
                    self.go_on_without(peer, opts.connection_id());
                    continue;
                }
                self.dialling.insert(opts.connection_id(), peer);
                self.slow.push_back((Instant::now() + DIAL_TIME, opts.connection_id()));
            }
            return polled;
        }
    }
}
