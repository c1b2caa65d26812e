//! The streams of one connection: opens them when told to, hands out those the peer opens, a bounded number at a
//! time. Must not read or write them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::Stream;
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol};
use starling_protocol::engine::net::{LinkId, LinkProtocol};

use super::upgrade::{Any, Only};

/// Inbound links of one connection at a time. An honest peer needs one or two; each costs a task and buffers.
pub(super) const INBOUND_COUNT: usize = 8;
/// For opening a stream and agreeing on its protocol.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// One of a connection's places for inbound links; dropping it frees the place.
#[derive(Debug, Clone)]
pub(crate) struct Slot(#[expect(dead_code, reason = "held for its count")] Arc<()>);

/// What the handler is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// To open a stream.
    Open(Open),
    /// To keep the connection though nothing runs over it.
    Keep,
}

/// A stream to be opened.
#[derive(Debug)]
pub(crate) struct Open {
    /// The number the link shall have.
    pub link: LinkId,
    /// What it shall speak.
    pub protocol: LinkProtocol,
}

/// What the handler tells.
#[derive(Debug)]
pub(crate) enum Note {
    /// Our stream is open.
    Opened {
        /// Its number.
        link: LinkId,
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
        /// What it speaks.
        protocol: LinkProtocol,
        /// The stream.
        stream: Stream,
        /// To be held as long as the stream.
        slot: Slot,
    },
    /// The peer opened one stream too many; it was reset.
    Refused,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Handler {
    opens: VecDeque<Open>,
    notes: VecDeque<Note>,
    inbound: Arc<()>,
    keep: bool,
}

impl Handler {
    fn on_inbound(&mut self, protocol: LinkProtocol, stream: Stream) {
        // The handler holds one count itself.
        if Arc::strong_count(&self.inbound) > INBOUND_COUNT {
            drop(stream);
            if !matches!(self.notes.back(), Some(Note::Refused)) {
                self.notes.push_back(Note::Refused);
            }
            return;
        }
        let slot = Slot(Arc::clone(&self.inbound));
        self.notes.push_back(Note::Inbound { protocol, stream, slot });
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Order;
    type ToBehaviour = Note;
    type InboundProtocol = Any;
    type OutboundProtocol = Only;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Open;

    fn listen_protocol(&self) -> SubstreamProtocol<Any> {
        SubstreamProtocol::new(Any, ()).with_timeout(OPEN_TIMEOUT)
    }

    // Open streams keep the connection by themselves; what still waits to be opened must too.
    fn connection_keep_alive(&self) -> bool {
        self.keep || !self.opens.is_empty()
    }

    fn on_behaviour_event(&mut self, order: Order) {
        match order {
            Order::Open(open) => self.opens.push_back(open),
            Order::Keep => self.keep = true,
        }
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Only, Open, Note>> {
        if let Some(note) = self.notes.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(note));
        }
        if let Some(open) = self.opens.pop_front() {
            let upgrade = Only(open.protocol);
            let protocol = SubstreamProtocol::new(upgrade, open).with_timeout(OPEN_TIMEOUT);
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Any, Only, (), Open>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. }) => {
                self.on_inbound(protocol.0, protocol.1);
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol: stream, info }) => {
                self.notes.push_back(Note::Opened { link: info.link, protocol: info.protocol, stream });
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, .. }) => {
                self.notes.push_back(Note::Failed { link: info.link });
            }
            _ => {}
        }
    }
}
