//! Keeps gossipsub from strangers. By itself it tells everybody who connects what we are subscribed to, which says what
//! rooms we are in. Here it knows of no connection until that one is admitted.
//!
//! ```text
//! shut ── admit(…, false) ──► listening ── admit(…, true) ──► open ──► closed
//!   │                                                           ▲
//!   └───────────────────── admit(…, true) ──────────────────────┘
//! shut: no protocol, no stream; listening: others may open streams, nothing is read or said; open: gossip
//! ```
//!
//! To gossipsub every connection is a neighbour of its own, under a name drawn for it: it says what it is subscribed to on
//! the first connection of a peer only, and so a peer that comes again while its old connection seems to stand would
//! never hear anything. Must not know what is said.

use std::collections::{HashMap, VecDeque};
use std::task::{Context, Poll, Waker};

use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::gossipsub::{Event, MessageAcceptance, MessageId, PublishError, TopicHash};
use libp2p::swarm::behaviour::ConnectionEstablished;
use libp2p::swarm::{
    ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use starling_protocol::engine::net::{Topic, Verdict};

use super::config::{self, Inner, Wanted};
use super::handler::{Door, Spoken, Told};

/// Something came.
#[derive(Debug)]
pub(crate) struct Rumour {
    /// Gossipsub's name for it.
    pub id: MessageId,
    /// Gossipsub's name for the connection it came by.
    pub from: PeerId,
    /// Gossipsub's name for its topic.
    pub topic: TopicHash,
    /// The bytes.
    pub data: Vec<u8>,
}

/// A connection.
struct Conn {
    peer: PeerId,
    endpoint: ConnectedPoint,
    /// Gossipsub's name for it, if it is admitted.
    alias: Option<PeerId>,
    open: bool,
}

/// See the module.
pub(crate) struct Gate {
    inner: Inner,
    wanted: Wanted,
    conns: HashMap<ConnectionId, Conn>,
    aliases: HashMap<PeerId, ConnectionId>,
    /// What handlers are to be told.
    told: VecDeque<(PeerId, ConnectionId, Told)>,
    waker: Option<Waker>,
}

impl Gate {
    /// Fails only if the settings contradict each other.
    pub fn new() -> Result<Self, String> {
        let (inner, wanted) = config::inner()?;
        let (conns, aliases) = (HashMap::new(), HashMap::new());
        Ok(Self { inner, wanted, conns, aliases, told: VecDeque::new(), waker: None })
    }

    /// Lets gossip begin on a connection; `both`: in both directions. Again: nothing happens, but that what was refused for
    /// good begins anew.
    pub fn admit(&mut self, connection: ConnectionId, both: bool) {
        let Some(conn) = self.conns.get_mut(&connection) else { return };
        let alias = match conn.alias {
            Some(alias) => alias,
            None => {
                let alias = PeerId::random();
                let Ok(handler) = welcome(&mut self.inner, connection, alias, &conn.endpoint) else { return };
                conn.alias = Some(alias);
                self.aliases.insert(alias, connection);
                self.told.push_back((conn.peer, connection, Told::Listen(Box::new(handler))));
                alias
            }
        };
        if both && !conn.open {
            conn.open = true;
            self.told.push_back((conn.peer, connection, Told::Speak));
            established(&mut self.inner, connection, alias, &conn.endpoint);
        }
        self.wake();
    }

    /// Hears a topic, and tells on what is good of it.
    pub fn subscribe(&mut self, topic: &Topic) {
        let topic = config::name(topic);
        self.wanted.add(topic.hash());
        let scored = self.inner.set_topic_params(topic.clone(), config::topic_scores(false));
        if let (Err(error), _) | (_, Err(error)) =
            (scored.map_err(str::to_owned), self.inner.subscribe(&topic).map_err(|e| e.to_string()))
        {
            tracing::debug!(error, "not subscribed");
        }
        self.wake();
    }

    /// Hears it no more.
    pub fn unsubscribe(&mut self, topic: &Topic) {
        let topic = config::name(topic);
        self.inner.unsubscribe(&topic);
        self.wanted.remove(&topic.hash());
        let _ = self.inner.set_topic_params(topic, config::topic_scores(true));
        self.wake();
    }

    /// Says something to all neighbours that hear the topic.
    pub fn publish(&mut self, topic: &Topic, data: Vec<u8>) -> Result<(), PublishError> {
        let published = self.inner.publish(config::name(topic), data);
        self.wake();
        published.map(|_| ())
    }

    /// What something that came is worth. Too late, and nothing happens.
    pub fn judge(&mut self, id: &MessageId, from: &PeerId, verdict: Verdict) {
        let acceptance = match verdict {
            Verdict::Accept => MessageAcceptance::Accept,
            Verdict::Ignore => MessageAcceptance::Ignore,
            Verdict::Reject => MessageAcceptance::Reject,
        };
        let known = self.inner.report_message_validation_result(id, from, acceptance);
        tracing::trace!(known, ?verdict, "gossip judged");
        self.wake();
    }

    /// Gossipsub forgets a connection.
    fn forget(&mut self, connection: ConnectionId) {
        let Some(conn) = self.conns.get_mut(&connection) else { return };
        let Some(alias) = conn.alias.take() else { return };
        self.aliases.remove(&alias);
        // It keeps a place for a connection from when it made its handler, and clears it away only after both words.
        if !conn.open {
            established(&mut self.inner, connection, alias, &conn.endpoint);
        }
        conn.open = false;
        self.inner.on_swarm_event(FromSwarm::ConnectionClosed(ConnectionClosed {
            peer_id: alias,
            connection_id: connection,
            endpoint: &conn.endpoint,
            cause: None,
            remaining_established: 0,
        }));
    }

    /// How many topics are heard.
    #[cfg(test)]
    pub fn topics_count(&self) -> usize {
        self.inner.topics().count()
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// The connection of an alias, and who is at its other end.
    fn behind(&self, alias: &PeerId) -> Option<(PeerId, ConnectionId)> {
        let connection = self.aliases.get(alias)?;
        self.conns.get(connection).map(|conn| (conn.peer, *connection))
    }
}

/// A handler of gossipsub's for a connection.
fn welcome(
    inner: &mut Inner,
    connection: ConnectionId,
    alias: PeerId,
    endpoint: &ConnectedPoint,
) -> Result<Spoken, ConnectionDenied> {
    match endpoint {
        ConnectedPoint::Dialer { address, role_override, port_use } => inner
            .handle_established_outbound_connection(connection, alias, address, *role_override, *port_use),
        ConnectedPoint::Listener { local_addr, send_back_addr } => {
            inner.handle_established_inbound_connection(connection, alias, local_addr, send_back_addr)
        }
    }
}

/// Gossipsub is told of a connection, and says there what we are subscribed to.
fn established(inner: &mut Inner, connection: ConnectionId, alias: PeerId, endpoint: &ConnectedPoint) {
    inner.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
        peer_id: alias,
        connection_id: connection,
        endpoint,
        failed_addresses: &[],
        other_established: 0,
    }));
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = Door;
    type ToSwarm = Rumour;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Door::default())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Door::default())
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(new) => {
                let (peer, endpoint) = (new.peer_id, new.endpoint.clone());
                self.conns.insert(new.connection_id, Conn { peer, endpoint, alias: None, open: false });
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.forget(closed.connection_id);
                self.conns.remove(&closed.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        // What a handler says that was replaced since is of no use.
        if let Some(alias) = self.conns.get(&connection).filter(|conn| conn.open).and_then(|conn| conn.alias)
        {
            self.inner.on_connection_handler_event(alias, connection, event);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Rumour, THandlerInEvent<Self>>> {
        loop {
            if let Some((peer_id, connection, event)) = self.told.pop_front() {
                let handler = NotifyHandler::One(connection);
                return Poll::Ready(ToSwarm::NotifyHandler { peer_id, handler, event });
            }
            // Where nobody is admitted nothing is said, and gossipsub's clocks need not wake anybody.
            if self.aliases.is_empty() {
                self.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            match self.inner.poll(cx) {
                Poll::Pending => {
                    self.waker = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                Poll::Ready(ToSwarm::GenerateEvent(Event::Message {
                    propagation_source: from,
                    message_id: id,
                    message,
                })) => {
                    let (topic, data) = (message.topic, message.data);
                    return Poll::Ready(ToSwarm::GenerateEvent(Rumour { id, from, topic, data }));
                }
                Poll::Ready(ToSwarm::GenerateEvent(Event::GossipsubNotSupported { peer_id })) => {
                    if let Some((_, connection)) = self.behind(&peer_id) {
                        tracing::debug!("gossip refused");
                        self.forget(connection);
                    }
                }
                Poll::Ready(ToSwarm::NotifyHandler { peer_id, event, .. }) => {
                    if let Some((peer, connection)) = self.behind(&peer_id) {
                        self.told.push_back((peer, connection, Told::Inner(event)));
                    }
                }
                // It dials nobody: peers are not exchanged here.
                Poll::Ready(_) => {}
            }
        }
    }
}
