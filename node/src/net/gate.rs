//! Who may come in and what may be dialled. At most so many inbound connections from one place on the internet, so
//! that one machine with many throw-away peer ids cannot take every place there is. And no dial to where a stranger
//! points us: hole punching, dial-backs and relays name addresses, and the internet has no business in our local
//! network. Must not look at anything but addresses.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, ListenAddresses, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use super::addr;

/// Inbound connections, standing or being made, from one IPv4 address or one IPv6 /64. A household or office
/// behind one address fits; lower values would lock out the honest behind a shared address.
const PER_PLACE_COUNT: usize = 32;

/// Addresses a behaviour may want dialled at once. Peers name them; more is meant to make us knock at many doors.
const PER_DIAL_COUNT: usize = 24;

/// Too many connections from one place.
#[derive(Debug, thiserror::Error)]
#[error("too many connections from one address")]
struct TooMany;

/// An address that must not be dialled from here, or too many of them.
#[derive(Debug, thiserror::Error)]
#[error("not an address to dial from here")]
pub(super) struct NotFromHere;

/// Counts inbound connections by place. Keeps nothing of a closed connection.
#[derive(Debug, Default)]
pub(super) struct Gate {
    ours: ListenAddresses,
    places: HashMap<IpAddr, usize>,
    connections: HashMap<ConnectionId, IpAddr>,
}

impl Gate {
    fn enter(&mut self, connection: ConnectionId, remote: &Multiaddr) -> Result<(), ConnectionDenied> {
        let Some(place) = addr::parts(&addr::without_peer(remote.clone())).and_then(|p| place(p.ip)) else {
            return Ok(());
        };
        let count = self.places.entry(place).or_default();
        if *count >= PER_PLACE_COUNT {
            return Err(ConnectionDenied::new(TooMany));
        }
        *count += 1;
        self.connections.insert(connection, place);
        Ok(())
    }

    fn leave(&mut self, connection: ConnectionId) {
        let Some(place) = self.connections.remove(&connection) else { return };
        if let Some(count) = self.places.get_mut(&place) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.places.remove(&place);
            }
        }
    }
}

/// What counts as one place; `None` for this machine itself.
fn place(ip: IpAddr) -> Option<IpAddr> {
    match ip.to_canonical() {
        ip if ip.is_loopback() => None,
        IpAddr::V6(v6) => Some(IpAddr::V6((u128::from(v6) >> 64 << 64).into())),
        v4 => Some(v4),
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.enter(connection, remote)
    }

    /// Our own dials name no peer id, but for those through a relay; their addresses come from cards and settings
    /// and were looked at. The others come from behaviours, which believe what peers tell them.
    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        addrs: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let may = |addr: &Multiaddr| addr::is_near_or_public(addr, self.ours.iter());
        if peer.is_some() && (addrs.len() > PER_DIAL_COUNT || !addrs.iter().all(may)) {
            return Err(ConnectionDenied::new(NotFromHere));
        }
        Ok(Vec::new())
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.ours.on_swarm_event(&event);
        match event {
            FromSwarm::ConnectionClosed(closed) => self.leave(closed.connection_id),
            FromSwarm::ListenFailure(failure) => self.leave(failure.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
