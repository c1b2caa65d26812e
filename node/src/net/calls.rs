//! The network task's dials and connections: from an address to a connection the engine knows of, and to its end. Must
//! not know what runs over them.

use libp2p::core::ConnectedPoint;
use libp2p::swarm::ConnectionId;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::{Multiaddr, PeerId};
use starling_protocol::engine::net::{ConnId, DialId, LinkId, NetEvent};
use tokio::time::{Duration, Instant};

use super::dials::{Dials, Failed, Purpose, Won};
use super::task::Task;
use super::{addr, translate};

impl Task {
    pub fn dial(&mut self, dial: DialId, texts: &[String]) {
        if self.dials.contains(dial) {
            tracing::debug!(dial, "a dial of this number is under way");
            return;
        }
        let addrs = Dials::addresses(texts);
        if let Some(conn) = addrs.iter().find_map(|addr| self.conns.standing(addr)) {
            self.outbox.say(NetEvent::Dialed { dial, conn });
        } else if addrs.is_empty() {
            self.dial_failed(dial, "no address that can be dialled".to_owned());
        } else if self.dials.add(dial, addrs) {
            self.start_dials();
        } else {
            self.dial_failed(dial, "too many dials at once".to_owned());
        }
    }

    /// Starts the attempts whose turn it is.
    pub fn start_dials(&mut self) {
        while let Some((purpose, addr)) = self.dials.turn() {
            let relayed = addr::is_relayed(&addr);
            self.reach.called(&addr);
            tracing::trace!(%addr, ?purpose, "dials");
            let opts = dial_opts(addr, purpose);
            let connection = opts.connection_id();
            match self.swarm.dial(opts) {
                Ok(()) => self.dials.started(connection, purpose, relayed),
                Err(error) => {
                    let failed = self.dials.lost(purpose);
                    self.attempt_failed(failed, translate::dial_reason(&error));
                }
            }
        }
    }

    pub fn attempt_failed(&mut self, failed: Failed, reason: String) {
        if let Failed::Dial(dial) = failed {
            self.dial_failed(dial, reason);
        }
    }

    pub fn dial_failed(&mut self, dial: DialId, reason: String) {
        tracing::debug!(dial, reason, "dial failed");
        self.outbox.say(NetEvent::DialFailed { dial, reason });
    }

    pub fn close_conn(&mut self, conn: ConnId) {
        let Some(state) = self.conns.get_mut(conn).filter(|state| state.ending.is_none()) else { return };
        state.ending = Some(Instant::now());
        self.watch.closing();
        self.swarm.close_connection(state.connection);
    }

    pub fn on_established(&mut self, connection: ConnectionId, peer: PeerId, endpoint: &ConnectedPoint) {
        let mut dialed = None;
        if endpoint.is_dialer() {
            let won = self.dials.succeeded(connection);
            self.start_dials();
            match won {
                Won::TooLate => {
                    self.swarm.close_connection(connection);
                    return;
                }
                Won::Dial(dial) => dialed = Some(dial),
                Won::Peer => self.swarm.behaviour_mut().direct.keep(connection),
                Won::Another => {}
            }
        }
        self.watch.opened();
        self.reach.counted();
        let conn = self.conns.add(connection, peer, endpoint);
        let Some(state) = self.conns.get(conn) else { return };
        tracing::debug!(conn, addr = %state.addr, outbound = state.outbound, "connection open");
        self.outbox.say(translate::conn_opened(conn, state));
        if let Some(dial) = dialed {
            self.outbox.say(NetEvent::Dialed { dial, conn });
        }
        if let Some(crowded_out) = self.conns.crowded_out() {
            tracing::debug!(conn = crowded_out, "too many connections, the oldest stranger's closed");
            self.close_conn(crowded_out);
        }
    }

    pub fn on_closed(&mut self, connection: ConnectionId) {
        self.reach.closed(connection);
        let Some((conn, links)) = self.conns.closed(connection) else { return };
        for link in links {
            if self.links.is_opening(link) {
                self.on_link_ended(link);
            } else {
                self.links.conn_gone(link);
            }
        }
        self.reap(conn);
    }

    /// Says that an ended connection has ended, once all its links have.
    pub fn reap(&mut self, conn: ConnId) {
        let Some(addr) = self.conns.get(conn).filter(|c| c.outbound).map(|c| c.addr.clone()) else {
            if self.conns.reap(conn) {
                self.outbox.say(NetEvent::ConnClosed { conn });
            }
            return;
        };
        if self.conns.reap(conn) {
            self.outbox.say(NetEvent::ConnClosed { conn });
            self.dials.gone(&addr);
        }
    }

    pub fn on_pong(&mut self, connection: ConnectionId, round_trip: Duration) {
        if let Some(conn) = self.conns.number(connection).and_then(|conn| self.conns.get_mut(conn)) {
            conn.heard.touch();
            conn.round_trip = Some(round_trip);
        }
    }

    /// Gives up a connection that does not close: its peer takes nothing any more.
    pub fn give_up(&mut self, conn: ConnId) {
        let Some(state) = self.conns.get(conn) else { return };
        let connection = state.connection;
        let links: Vec<LinkId> = state.links.iter().copied().collect();
        links.into_iter().for_each(|link| self.links.cut(link));
        self.on_closed(connection);
    }
}

/// One attempt at one address, whoever may be there. Towards configured peers TCP comes from the port we
/// listen on, so that they see, and our router learns, the port that others may find us at. Towards contacts it takes
/// a fresh port: a reused one can only have one connection to the same place, and two that dial each other from
/// their listening ports at once meet in a way that neither understands.
fn dial_opts(addr: Multiaddr, purpose: Purpose) -> DialOpts {
    let quic = addr::parts(&addr).is_some_and(|parts| parts.quic);
    let opts = DialOpts::unknown_peer_id().address(addr);
    let from_our_port = quic || matches!(purpose, Purpose::Peer(_));
    if from_our_port { opts.build() } else { opts.allocate_new_port().build() }
}
