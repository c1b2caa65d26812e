//! Addresses as text at the border, as multiaddrs inside: which may be dialled, which are told to others, and
//! what kind of road they are. Must not resolve names: no address of ours ever asks a name server.

use std::net::IpAddr;

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use starling_protocol::engine::net::Via;
use starling_protocol::limits::{ADDRESS_BYTES, ADDRESSES};

/// What an address says, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    /// The host.
    pub ip: IpAddr,
    /// The port, TCP or UDP.
    pub port: u16,
    /// QUIC over UDP, or else TCP.
    pub quic: bool,
}

/// Takes an address apart if it is one of the shapes we speak: `ip/tcp` or `ip/udp/quic-v1`.
pub(super) fn parts(addr: &Multiaddr) -> Option<Parts> {
    let mut protocols = addr.iter();
    let ip = match protocols.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    let (port, quic) = match (protocols.next()?, protocols.next(), protocols.next()) {
        (Protocol::Tcp(port), None, None) => (port, false),
        (Protocol::Udp(port), Some(Protocol::QuicV1), None) => (port, true),
        _ => return None,
    };
    Some(Parts { ip, port, quic })
}

/// A road through a relay, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Circuit {
    /// Where the relay is.
    pub host: Multiaddr,
    /// The relay.
    pub relay: PeerId,
    /// Who is to be reached.
    pub peer: PeerId,
}

/// Takes a road through a relay apart: `HOST/p2p/RELAY/p2p-circuit/p2p/PEER`, one hop, nothing else.
pub(super) fn circuit(addr: &Multiaddr) -> Option<Circuit> {
    let mut host = addr.clone();
    let (Some(Protocol::P2p(peer)), Some(Protocol::P2pCircuit), Some(Protocol::P2p(relay))) =
        (host.pop(), host.pop(), host.pop())
    else {
        return None;
    };
    (parts(&host).is_some() && relay != peer).then_some(Circuit { host, relay, peer })
}

/// The text others need to reach `peer` through a relay.
pub(super) fn through(host: &Multiaddr, relay: PeerId, peer: PeerId) -> Multiaddr {
    host.clone().with(Protocol::P2p(relay)).with(Protocol::P2pCircuit).with(Protocol::P2p(peer))
}

/// Whether it leads through a relay.
pub(super) fn is_relayed(addr: &Multiaddr) -> bool {
    addr.iter().any(|p| matches!(p, Protocol::P2pCircuit))
}

/// The address without a closing `/p2p/…`: peer ids are thrown away at every start and never told. Only behind a
/// relay nobody can be found without.
pub(super) fn without_peer(mut addr: Multiaddr) -> Multiaddr {
    if matches!(addr.iter().last(), Some(Protocol::P2p(_))) && !is_relayed(&addr) {
        addr.pop();
    }
    addr
}

/// Reads an address to dial; `None` for what is malformed, of another transport, or must never be dialled:
/// unspecified, multicast and broadcast hosts and port 0 (somebody else named it, perhaps to hurt a third party).
/// Of a road through a relay this is asked of the relay's address.
pub(super) fn dialable(text: &str) -> Option<Multiaddr> {
    let addr = readable(text)?;
    let Parts { ip, port, .. } = parts(&host(&addr)?)?;
    (port != 0 && is_a_host(ip)).then_some(addr)
}

/// The address that is really dialled: the relay's, if it leads through one.
fn host(addr: &Multiaddr) -> Option<Multiaddr> {
    if is_relayed(addr) { circuit(addr).map(|circuit| circuit.host) } else { Some(addr.clone()) }
}

/// Whether an address that a stranger named may be dialled from here. A public one may. A private one only if we
/// are in the same network (IPv4 /24, IPv6 /64): elsewhere it is somebody else's machine, and who named it perhaps
/// wants it knocked at. One of this machine only if we listen nowhere else.
pub(super) fn is_near_or_public<'a>(addr: &Multiaddr, mut ours: impl Iterator<Item = &'a Multiaddr>) -> bool {
    let Some(Parts { ip, port, .. }) = host(&without_peer(addr.clone())).and_then(|host| parts(&host)) else {
        return false;
    };
    let ip = ip.to_canonical();
    if port == 0 || !is_a_host(ip) {
        return false;
    }
    let mut ours = ours.by_ref().filter_map(parts).map(|parts| parts.ip.to_canonical()).peekable();
    if ip.is_loopback() {
        return ours.peek().is_some() && ours.all(|own| own.is_loopback());
    }
    !is_local(ip) || ours.any(|own| same_network(own, ip))
}

fn same_network(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => u32::from(a) >> 8 == u32::from(b) >> 8,
        (IpAddr::V6(a), IpAddr::V6(b)) => u128::from(a) >> 64 == u128::from(b) >> 64,
        _ => false,
    }
}

/// Whether it is an address of the internet, dialled directly.
pub(super) fn is_public(addr: &Multiaddr) -> bool {
    parts(addr).is_some_and(|parts| parts.port != 0 && is_a_host(parts.ip) && !is_local(parts.ip))
}

/// Reads an address to listen on: any shape we speak, wildcards and port 0 included.
pub(super) fn listenable(text: &str) -> Option<(Multiaddr, Parts)> {
    let addr = readable(text)?;
    let parts = parts(&addr)?;
    Some((addr, parts))
}

/// What kind of road leads there.
pub(super) fn via(addr: &Multiaddr) -> Via {
    if is_relayed(addr) {
        return Via::Relay;
    }
    match parts(&without_peer(addr.clone())) {
        Some(parts) if is_local(parts.ip) => Via::Lan,
        _ => Via::Direct,
    }
}

/// The addresses worth telling others, best first, at most [`ADDRESSES`]: public before private, QUIC before TCP.
/// Loopback only if `loopback` (asked for in so many words) or if there is nothing else.
pub(super) fn tellable<'a>(all: impl Iterator<Item = &'a Multiaddr>, loopback: bool) -> Vec<String> {
    let mut ranked: Vec<_> = all
        .map(|addr| without_peer(addr.clone()))
        .filter_map(|addr| parts(&addr).map(|parts| (rank(parts), addr.to_string())))
        .filter(|((never, ..), text)| !never && text.len() <= ADDRESS_BYTES)
        .collect();
    if !loopback && ranked.iter().any(|((_, back, ..), _)| !back) {
        ranked.retain(|((_, back, ..), _)| !back);
    }
    ranked.sort();
    ranked.dedup();
    ranked.truncate(ADDRESSES);
    ranked.into_iter().map(|(_, text)| text).collect()
}

/// What is told first: IPv4 before IPv6, QUIC before TCP.
pub(super) fn rank_of(addr: &Multiaddr) -> (bool, bool) {
    parts(addr).map_or((true, true), |parts| (parts.ip.is_ipv6(), !parts.quic))
}

/// (never to be told, loopback, private, IPv6, TCP): `false` sorts first.
fn rank(parts: Parts) -> (bool, bool, bool, bool, bool) {
    let Parts { ip, port, quic } = parts;
    // A link-local IPv6 address means nothing without the interface it is on.
    let needs_scope = matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
    (port == 0 || !is_a_host(ip) || needs_scope, ip.is_loopback(), is_local(ip), ip.is_ipv6(), !quic)
}

fn readable(text: &str) -> Option<Multiaddr> {
    if text.len() > ADDRESS_BYTES {
        return None;
    }
    text.parse().ok().map(without_peer)
}

pub(super) fn is_a_host(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => !(v4.octets().first() == Some(&0) || v4.is_multicast() || v4.is_broadcast()),
        IpAddr::V6(v6) => !(v6.is_unspecified() || v6.is_multicast()),
    }
}

/// Of this machine, or of a network that is not the internet. Carriers' shared addresses (100.64.0.0/10) count as
/// such: nobody outside reaches them.
pub(super) fn is_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || u32::from(v4) >> 22 == 0x0191
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
