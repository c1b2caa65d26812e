//! Streams between two nodes, opened by connection: any number at once, each answered, nothing kept of a closed
//! connection. Must not choose connections, dial, or read what it carries (docs/spec/03-live.md).

pub(super) mod frames;
mod handler;
pub(super) mod link;
#[cfg(test)]
mod tests;
mod upgrade;

use std::collections::{HashMap, HashSet, VecDeque};
use std::task::{Context, Poll, Waker};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream};
use starling_protocol::engine::net::{LinkId, LinkProtocol};

pub(crate) use handler::Slot;
use handler::{Handler, Note, Open, Order};

/// Streams of one connection being opened at a time. More is a mistake of ours, or a connection that hangs.
const PENDING_COUNT: usize = 16;

/// What happened to the streams.
#[derive(Debug)]
pub(crate) enum Event {
    /// Our stream is open.
    Opened {
        /// Its number.
        link: LinkId,
        /// Where.
        connection: ConnectionId,
        /// What it speaks.
        protocol: LinkProtocol,
        /// The stream.
        stream: Stream,
    },
    /// Our stream could not be opened.
    Failed {
        /// Its number.
        link: LinkId,
    },
    /// The peer opened a stream.
    Inbound {
        /// Where.
        connection: ConnectionId,
        /// What it speaks.
        protocol: LinkProtocol,
        /// The stream.
        stream: Stream,
        /// To be held as long as the stream.
        slot: Slot,
    },
    /// A peer opened more streams than it may; they were reset.
    Refused {
        /// Where.
        connection: ConnectionId,
    },
}

#[derive(Debug)]
struct Connection {
    peer: PeerId,
    pending: HashSet<LinkId>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    connections: HashMap<ConnectionId, Connection>,
    events: VecDeque<ToSwarm<Event, Order>>,
    waker: Option<Waker>,
}

impl Direct {
    /// Opens a stream. Answered by [`Event::Opened`] or [`Event::Failed`], also if the connection is gone.
    pub fn open(&mut self, connection: ConnectionId, link: LinkId, protocol: LinkProtocol) {
        let event = match self.connections.get_mut(&connection) {
            Some(state) if state.pending.len() < PENDING_COUNT => {
                state.pending.insert(link);
                ToSwarm::NotifyHandler {
                    peer_id: state.peer,
                    handler: NotifyHandler::One(connection),
                    event: Order::Open(Open { link, protocol }),
                }
            }
            _ => ToSwarm::GenerateEvent(Event::Failed { link }),
        };
        self.events.push_back(event);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Keeps a connection though no stream is open on it.
    pub fn keep(&mut self, connection: ConnectionId) {
        if let Some(state) = self.connections.get(&connection) {
            let handler = NotifyHandler::One(connection);
            self.events.push_back(ToSwarm::NotifyHandler {
                peer_id: state.peer,
                handler,
                event: Order::Keep,
            });
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }

    /// Connections known.
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    fn settled(&mut self, connection: ConnectionId, link: LinkId) -> bool {
        self.connections.get_mut(&connection).is_some_and(|c| c.pending.remove(&link))
    }
}

impl NetworkBehaviour for Direct {
    type ConnectionHandler = Handler;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(new) => {
                let state = Connection { peer: new.peer_id, pending: HashSet::new() };
                self.connections.insert(new.connection_id, state);
            }
            FromSwarm::ConnectionClosed(closed) => {
                let pending = self.connections.remove(&closed.connection_id).map(|c| c.pending);
                for link in pending.into_iter().flatten() {
                    self.events.push_back(ToSwarm::GenerateEvent(Event::Failed { link }));
                }
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        connection: ConnectionId,
        note: THandlerOutEvent<Self>,
    ) {
        let event = match note {
            Note::Opened { link, protocol, stream } if self.settled(connection, link) => {
                Event::Opened { link, connection, protocol, stream }
            }
            Note::Failed { link } if self.settled(connection, link) => Event::Failed { link },
            Note::Opened { .. } | Note::Failed { .. } => return,
            Note::Inbound { protocol, stream, slot } => Event::Inbound { connection, protocol, stream, slot },
            Note::Refused => Event::Refused { connection },
        };
        self.events.push_back(ToSwarm::GenerateEvent(event));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(event);
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
