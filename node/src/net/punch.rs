//! Holes are punched only for people we know. libp2p's DCUtR begins on every connection that comes through a relay, and
//! tells the caller where we are seen; here it waits until the engine holds the connection: a contact's link is up
//! (docs/spec/07-discovery.md, "Addresses by a relay"). Otherwise whoever knows a relay of ours would learn what a private
//! invite does not say. On connections we make ourselves it need not wait: we chose whom to call.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::dcutr;
use libp2p::swarm::handler::ConnectionEvent;
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    NotifyHandler, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

/// See the module.
pub(super) struct Punch {
    inner: dcutr::Behaviour,
    known: VecDeque<(PeerId, ConnectionId)>,
    waker: Option<Waker>,
}

impl Punch {
    pub fn new(local: PeerId) -> Self {
        Self { inner: dcutr::Behaviour::new(local), known: VecDeque::new(), waker: None }
    }

    /// The connection leads to somebody we know: a hole may be punched. Once per connection.
    pub fn allow(&mut self, peer: PeerId, connection: ConnectionId) {
        self.known.push_back((peer, connection));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// What a handler is told.
#[derive(Debug)]
pub(super) enum Told<E> {
    /// Go ahead.
    Allowed,
    /// For the handler inside.
    Inner(E),
}

/// A handler that does nothing of its own accord until it may.
pub(super) struct Held<H> {
    inner: H,
    allowed: bool,
    waker: Option<Waker>,
}

impl<H> Held<H> {
    fn new(inner: H, allowed: bool) -> Self {
        Self { inner, allowed, waker: None }
    }
}

impl<H: ConnectionHandler> ConnectionHandler for Held<H> {
    type FromBehaviour = Told<H::FromBehaviour>;
    type ToBehaviour = H::ToBehaviour;
    type InboundProtocol = H::InboundProtocol;
    type OutboundProtocol = H::OutboundProtocol;
    type InboundOpenInfo = H::InboundOpenInfo;
    type OutboundOpenInfo = H::OutboundOpenInfo;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol, Self::InboundOpenInfo> {
        self.inner.listen_protocol()
    }

    /// What waits for permission must not keep a stranger's connection.
    fn connection_keep_alive(&self) -> bool {
        self.allowed && self.inner.connection_keep_alive()
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        if self.allowed {
            return self.inner.poll(cx);
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        self.inner.poll_close(cx)
    }

    fn on_behaviour_event(&mut self, told: Self::FromBehaviour) {
        match told {
            Told::Inner(event) => self.inner.on_behaviour_event(event),
            Told::Allowed => {
                self.allowed = true;
                if let Some(waker) = self.waker.take() {
                    waker.wake();
                }
            }
        }
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        self.inner.on_connection_event(event);
    }
}

impl NetworkBehaviour for Punch {
    type ConnectionHandler = Held<THandler<dcutr::Behaviour>>;
    type ToSwarm = dcutr::Event;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let inner = self.inner.handle_established_inbound_connection(connection, peer, local, remote)?;
        Ok(Held::new(inner, false))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        addr: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let inner = self.inner.handle_established_outbound_connection(connection, peer, addr, role, port)?;
        Ok(Held::new(inner, true))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.inner.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        if let Some((peer_id, connection)) = self.known.pop_front() {
            let handler = NotifyHandler::One(connection);
            return Poll::Ready(ToSwarm::NotifyHandler { peer_id, handler, event: Told::Allowed });
        }
        self.waker = Some(cx.waker().clone());
        self.inner.poll(cx).map(|event| event.map_in(Told::Inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::task::noop_waker;
    use libp2p::core::upgrade::DeniedUpgrade;

    /// Says something whenever it is asked, and wants to stay.
    struct Eager;

    impl ConnectionHandler for Eager {
        type FromBehaviour = ();
        type ToBehaviour = ();
        type InboundProtocol = DeniedUpgrade;
        type OutboundProtocol = DeniedUpgrade;
        type InboundOpenInfo = ();
        type OutboundOpenInfo = ();

        fn listen_protocol(&self) -> SubstreamProtocol<DeniedUpgrade> {
            SubstreamProtocol::new(DeniedUpgrade, ())
        }

        fn connection_keep_alive(&self) -> bool {
            true
        }

        fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<DeniedUpgrade, (), ()>> {
            Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(()))
        }

        fn on_behaviour_event(&mut self, (): ()) {}

        fn on_connection_event(&mut self, _: ConnectionEvent<DeniedUpgrade, DeniedUpgrade>) {}
    }

    #[test]
    fn a_caller_who_is_not_known_hears_nothing_and_is_not_kept() {
        let waker = noop_waker();
        let mut cx = Context::from_waker(&waker);
        let mut handler = Held::new(Eager, false);
        assert!(handler.poll(&mut cx).is_pending());
        handler.on_behaviour_event(Told::Inner(()));
        assert!(handler.poll(&mut cx).is_pending());
        assert!(!handler.connection_keep_alive());
        handler.on_behaviour_event(Told::Allowed);
        assert!(handler.poll(&mut cx).is_ready());
        assert!(handler.connection_keep_alive());
    }

    #[test]
    fn who_calls_is_held_and_whom_we_call_is_not() {
        let mut punch = Punch::new(PeerId::random());
        let (relayed, peer) = ("/ip4/1.2.3.4/tcp/1/p2p-circuit".parse().unwrap(), PeerId::random());
        let connection = ConnectionId::new_unchecked(1);
        let called =
            punch.handle_established_inbound_connection(connection, peer, &relayed, &Multiaddr::empty());
        assert!(!called.unwrap().allowed);
        let (role, port) = (Endpoint::Dialer, PortUse::New);
        let calling = punch.handle_established_outbound_connection(connection, peer, &relayed, role, port);
        assert!(calling.unwrap().allowed);
        punch.allow(peer, connection);
        let waker = noop_waker();
        let told = punch.poll(&mut Context::from_waker(&waker));
        assert!(matches!(told, Poll::Ready(ToSwarm::NotifyHandler { event: Told::Allowed, .. })));
    }
}
