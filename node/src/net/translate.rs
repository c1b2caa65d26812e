//! What the swarm says, in the engine's words. One function per kind of event, each with at most one answer; must
//! not change anything.

use std::collections::BTreeMap;
use std::io;

use libp2p::core::transport::TransportError;
use libp2p::swarm::DialError;
use libp2p::{Multiaddr, PeerId};
use starling_protocol::engine::net::{ConnId, NetEvent};
use starling_protocol::limits::ADDRESSES;

use super::addr;
use super::conns::Conn;
use super::gate::NotFromHere;

/// Peers of one discovery answer; the rest shows up in the next.
const FOUND_COUNT: usize = 64;

/// A connection stands.
pub(super) fn conn_opened(number: ConnId, conn: &Conn) -> NetEvent {
    NetEvent::ConnOpened {
        conn: number,
        peer: conn.peer.to_bytes(),
        addr: conn.addr.to_string(),
        outbound: conn.outbound,
        via: conn.via,
    }
}

/// Peers found on the local network, one event each. Loopback addresses and nonsense are left out.
pub(super) fn lan_found(ourselves: &PeerId, found: Vec<(PeerId, Multiaddr)>) -> Vec<NetEvent> {
    let mut peers: BTreeMap<PeerId, Vec<Multiaddr>> = BTreeMap::new();
    for (peer, addr) in found {
        let known = peers.len();
        if peer == *ourselves || (known >= FOUND_COUNT && !peers.contains_key(&peer)) {
            continue;
        }
        let addrs = peers.entry(peer).or_default();
        if addrs.len() < 4 * ADDRESSES {
            addrs.push(addr);
        }
    }
    peers
        .into_iter()
        .map(|(peer, addrs)| (peer, addr::tellable(addrs.iter(), false)))
        .filter(|(_, addrs)| !addrs.is_empty())
        .map(|(peer, addrs)| NetEvent::LanFound { peer: peer.to_bytes(), addrs })
        .collect()
}

/// Why an attempt failed, in words of our own: nothing a peer said gets in.
pub(super) fn dial_reason(error: &DialError) -> String {
    match error {
        // The swarm leaves out what it listens on itself.
        DialError::NoAddresses | DialError::LocalPeerId { .. } => "that is this node itself".to_owned(),
        DialError::Denied { cause } if cause.downcast_ref::<NotFromHere>().is_some() => {
            "not an address to dial from here".to_owned()
        }
        DialError::Denied { .. } => "too many connections".to_owned(),
        DialError::Transport(errors) => match errors.first() {
            Some((_, TransportError::Other(error))) => kind(error),
            Some((_, TransportError::MultiaddrNotSupported(_))) => "no way to such an address".to_owned(),
            None => "unreachable".to_owned(),
        },
        _ => "unreachable".to_owned(),
    }
}

/// libp2p wraps the system's error in types that cannot be taken apart, so its text is looked at, and never shown:
/// part of it may come from the peer.
fn kind(error: &io::Error) -> String {
    let text = error.to_string().to_lowercase();
    let known = [
        ("refused", "connection refused"),
        ("timeout", "timed out"),
        ("timed out", "timed out"),
        ("unreachable", "unreachable"),
        ("no route", "unreachable"),
        ("reset", "connection reset"),
    ];
    let words = known.iter().find(|(part, _)| text.contains(part)).map(|(_, words)| *words);
    words.unwrap_or("no answer that makes sense").to_owned()
}
