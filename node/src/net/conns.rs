//! The table of connections the engine knows of. A connection leaves it when its last link has ended.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use libp2p::core::ConnectedPoint;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use starling_protocol::engine::net::{ConnId, LinkId};
use tokio::time::Instant;

use super::addr;
use super::direct::link::Heard;

/// One connection.
pub(super) struct Conn {
    /// The swarm's number.
    pub connection: ConnectionId,
    /// Who is at the other end.
    pub peer: PeerId,
    /// The remote address without peer id.
    pub addr: Multiaddr,
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

/// See the module.
#[derive(Default)]
pub(super) struct Conns {
    entries: HashMap<ConnId, Conn>,
    by_connection: HashMap<ConnectionId, ConnId>,
    last: ConnId,
}

impl Conns {
    pub fn len(&self) -> usize {
        self.entries.len().max(self.by_connection.len())
    }

    /// A new connection; its number.
    pub fn add(&mut self, connection: ConnectionId, peer: PeerId, endpoint: &ConnectedPoint) -> ConnId {
        self.last += 1;
        let conn = Conn {
            connection,
            peer,
            addr: addr::without_peer(endpoint.get_remote_address().clone()),
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
}
