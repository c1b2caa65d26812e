//! The table of connections the engine knows of. A connection leaves it when its last link has ended. Knows which
//! one goes when strangers crowd in; must not close it.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use libp2p::core::ConnectedPoint;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use starling_protocol::engine::net::{ConnId, LinkId, Via};
use tokio::time::Instant;

use super::addr;
use super::direct::link::Heard;
use super::reach::route;

/// Connections from others, over which the oldest that nobody needs makes room for the newest: who comes last is as
/// likely a contact as who came first. Fewer would push out slow honest callers; each costs a socket and some 50 kB.
pub(super) const STRANGERS_COUNT: usize = 192;
/// The same for a node that serves: twice the places it gives as a relay, which nobody's newcomer takes away.
const SERVED_COUNT: usize = 1_024;
/// The same for those that come through relays, which hide where they come from.
const RELAYED_COUNT: usize = 48;
/// A caller that has had a link for this long and is still not held is no contact: its link does not protect it.
const STRANGE: Duration = Duration::from_secs(15);

/// One connection.
pub(super) struct Conn {
    /// The swarm's number.
    pub connection: ConnectionId,
    /// Who is at the other end.
    pub peer: PeerId,
    /// The remote address without peer id; through a relay with it.
    pub addr: Multiaddr,
    /// What kind of road it is.
    pub via: Via,
    /// Our own end's address, where it is known: not through relays.
    pub local: Option<IpAddr>,
    /// Since when it stands.
    pub since: Instant,
    /// It leads to a contact, and is kept when strangers crowd in.
    pub held: bool,
    /// It has a place at the relay that we are, and is kept too.
    pub placed: bool,
    /// The last round trip of a ping.
    pub round_trip: Option<Duration>,
    /// Whether we dialled.
    pub outbound: bool,
    /// Its links, those being opened included.
    pub links: HashSet<LinkId>,
    /// When something was last read from it.
    pub heard: Arc<Heard>,
    /// Since when its end is asked for, or it has ended and only waits for its links' ends to be told.
    pub ending: Option<Instant>,
    /// It has ended.
    pub gone: bool,
}

/// Over how many connections from others the oldest make room.
pub(super) fn strangers_count(serves: bool) -> usize {
    if serves { SERVED_COUNT } else { STRANGERS_COUNT }
}

/// See the module.
pub(super) struct Conns {
    entries: HashMap<ConnId, Conn>,
    by_connection: HashMap<ConnectionId, ConnId>,
    last: ConnId,
    strangers_count: usize,
}

impl Conns {
    /// For a node that serves, or does not.
    pub fn new(serves: bool) -> Self {
        Self {
            entries: HashMap::new(),
            by_connection: HashMap::new(),
            last: 0,
            strangers_count: strangers_count(serves),
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len().max(self.by_connection.len())
    }

    /// Connections that stand.
    pub fn count(&self) -> u32 {
        u32::try_from(self.by_connection.len()).unwrap_or(u32::MAX)
    }

    /// A new connection; its number.
    pub fn add(&mut self, connection: ConnectionId, peer: PeerId, endpoint: &ConnectedPoint) -> ConnId {
        self.last += 1;
        let (addr, local) = ends(endpoint);
        let conn = Conn {
            connection,
            peer,
            via: addr::via(&addr),
            addr,
            local,
            since: Instant::now(),
            held: false,
            placed: false,
            round_trip: None,
            outbound: endpoint.is_dialer(),
            links: HashSet::new(),
            heard: Arc::new(Heard::new()),
            ending: None,
            gone: false,
        };
        self.entries.insert(self.last, conn);
        self.by_connection.insert(connection, self.last);
        self.last
    }

    /// All that have not ended.
    pub fn standing_or_ending(&self) -> impl Iterator<Item = (ConnId, &Conn)> {
        self.entries.iter().filter(|(_, conn)| !conn.gone).map(|(number, conn)| (*number, conn))
    }

    pub fn get(&self, conn: ConnId) -> Option<&Conn> {
        self.entries.get(&conn)
    }

    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut Conn> {
        self.entries.get_mut(&conn)
    }

    /// The number of a connection that has not ended.
    pub fn number(&self, connection: ConnectionId) -> Option<ConnId> {
        self.by_connection.get(&connection).copied()
    }

    /// A connection we made to this very address and that is not ending.
    pub fn standing(&self, addr: &Multiaddr) -> Option<ConnId> {
        self.entries
            .iter()
            .find(|(_, c)| c.outbound && c.ending.is_none() && c.addr == *addr)
            .map(|(id, _)| *id)
    }

    /// The swarm says it has ended; its number and links.
    pub fn closed(&mut self, connection: ConnectionId) -> Option<(ConnId, Vec<LinkId>)> {
        let number = self.by_connection.remove(&connection)?;
        let conn = self.entries.get_mut(&number)?;
        conn.ending.get_or_insert_with(Instant::now);
        conn.gone = true;
        Some((number, conn.links.iter().copied().collect()))
    }

    /// Forgets an ended connection without links; whether it did.
    pub fn reap(&mut self, conn: ConnId) -> bool {
        if self.entries.get(&conn).is_some_and(|c| c.gone && c.links.is_empty()) {
            self.entries.remove(&conn);
            return true;
        }
        false
    }

    /// A peer got a place at the relay that we are, or lost it.
    pub fn place(&mut self, peer: &PeerId, placed: bool) {
        self.entries.values_mut().filter(|conn| conn.peer == *peer).for_each(|conn| conn.placed = placed);
    }

    /// Whether one of the connections with a peer runs through a relay.
    pub fn is_relayed(&self, peer: &PeerId) -> bool {
        self.entries.values().any(|conn| conn.peer == *peer && conn.via == Via::Relay)
    }

    /// The connection from a stranger that goes to make room, if there are too many. Held ones never do, and those
    /// with an open link only if there is nobody else.
    pub fn crowded_out(&self) -> Option<ConnId> {
        let inbound = || self.standing_or_ending().filter(|(_, c)| !c.outbound && c.ending.is_none());
        let relayed = || inbound().filter(|(_, c)| c.via == Via::Relay);
        if relayed().count() > RELAYED_COUNT {
            return first_to_go(relayed());
        }
        (inbound().count() > self.strangers_count).then(|| first_to_go(inbound())).flatten()
    }

    /// Connections that run over this address of ours.
    pub fn over(&self, local: IpAddr) -> Vec<ConnId> {
        let over = self.entries.iter().filter(|(_, conn)| conn.local == Some(local) && conn.ending.is_none());
        over.map(|(number, _)| *number).collect()
    }
}

fn first_to_go<'a>(conns: impl Iterator<Item = (ConnId, &'a Conn)>) -> Option<ConnId> {
    conns
        .filter(|(_, conn)| !conn.held && !conn.placed)
        .min_by_key(|(number, conn)| (!conn.links.is_empty() && conn.since.elapsed() < STRANGE, *number))
        .map(|(number, _)| number)
}

/// The remote address, and our own where it is known. Of who comes through a relay only the relay is known.
fn ends(endpoint: &ConnectedPoint) -> (Multiaddr, Option<IpAddr>) {
    match endpoint {
        ConnectedPoint::Listener { local_addr, send_back_addr } if endpoint.is_relayed() => {
            (send_back_addr.iter().fold(local_addr.clone(), |addr, part| addr.with(part)), None)
        }
        ConnectedPoint::Listener { local_addr, send_back_addr } => {
            let addr = addr::without_peer(send_back_addr.clone());
            let told = addr::parts(local_addr).map(|parts| parts.ip).filter(|ip| !ip.is_unspecified());
            let local = told.or_else(|| towards(&addr));
            (addr, local)
        }
        ConnectedPoint::Dialer { address, .. } => {
            let addr = addr::without_peer(address.clone());
            let local = towards(&addr);
            (addr, local)
        }
    }
}

/// The address of ours that the system takes for a remote one: QUIC does not say.
fn towards(addr: &Multiaddr) -> Option<IpAddr> {
    addr::parts(addr).and_then(|parts| route::towards(parts.ip))
}
