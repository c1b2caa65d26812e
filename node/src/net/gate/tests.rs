//! Places and their bounds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use libp2p::core::transport::ListenerId;
use libp2p::swarm::NewListenAddr;

use super::*;

fn at(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

fn calls(gate: &mut Gate, number: usize, from: &str) -> bool {
    let ours = at("/ip4/8.8.8.8/tcp/1");
    gate.handle_pending_inbound_connection(ConnectionId::new_unchecked(number), &ours, &at(from)).is_ok()
}

#[test]
fn one_place_gets_so_many_and_others_still_get_in() {
    let mut gate = Gate::default();
    for number in 0..PER_PLACE_COUNT {
        assert!(calls(&mut gate, number, &format!("/ip4/9.9.9.9/tcp/{}", number + 1)));
    }
    assert!(!calls(&mut gate, 100, "/ip4/9.9.9.9/udp/1/quic-v1"));
    assert!(calls(&mut gate, 101, "/ip4/9.9.9.8/tcp/1"));
    gate.leave(ConnectionId::new_unchecked(0));
    assert!(calls(&mut gate, 102, "/ip4/9.9.9.9/tcp/1"));
    assert!(!calls(&mut gate, 103, "/ip4/9.9.9.9/tcp/1"));
}

#[test]
fn an_ipv6_network_is_one_place() {
    let mut gate = Gate::default();
    for number in 0..PER_PLACE_COUNT {
        assert!(calls(&mut gate, number, &format!("/ip6/2001:db8:1:1::{number:x}/tcp/1")));
    }
    assert!(!calls(&mut gate, 100, "/ip6/2001:db8:1:1:ffff::1/tcp/1"));
    assert!(calls(&mut gate, 101, "/ip6/2001:db8:1:2::1/tcp/1"));
}

#[test]
fn this_machine_and_relays_are_no_places() {
    let mut gate = Gate::default();
    for number in 0..1_000 {
        assert!(calls(&mut gate, number, "/ip4/127.0.0.1/tcp/1"));
        assert!(calls(&mut gate, 1_000 + number, &format!("/p2p/{}", PeerId::random())));
    }
    assert!(gate.places.is_empty() && gate.connections.is_empty());
}

#[test]
fn nothing_is_kept_of_those_who_left() {
    let mut gate = Gate::default();
    for number in 0..10_000 {
        assert!(calls(&mut gate, number, &format!("/ip4/9.9.{}.{}/tcp/1", number / 250, number % 250 + 1)));
        gate.leave(ConnectionId::new_unchecked(number));
    }
    assert!(gate.places.is_empty() && gate.connections.is_empty());
}

#[test]
fn behaviours_do_not_dial_into_private_networks() {
    let mut gate = Gate::default();
    let addr = at("/ip4/192.168.1.5/tcp/1");
    gate.on_swarm_event(FromSwarm::NewListenAddr(NewListenAddr {
        listener_id: ListenerId::next(),
        addr: &addr,
    }));
    let mut dials = |peer: Option<PeerId>, addrs: &[&str]| {
        let addrs: Vec<Multiaddr> = addrs.iter().map(|text| at(text)).collect();
        let id = ConnectionId::new_unchecked(1);
        gate.handle_pending_outbound_connection(id, peer, &addrs, Endpoint::Dialer).is_ok()
    };
    let somebody = Some(PeerId::random());
    assert!(dials(somebody, &["/ip4/9.9.9.9/tcp/1", "/ip4/192.168.1.9/tcp/1"]));
    assert!(!dials(somebody, &["/ip4/9.9.9.9/tcp/1", "/ip4/192.168.2.1/tcp/80"]));
    assert!(!dials(somebody, &["/ip4/9.9.9.9/tcp/1"; PER_DIAL_COUNT + 1]));
    assert!(dials(None, &["/ip4/192.168.2.1/tcp/80"]), "what a person or a card says");
    assert!(dials(somebody, &[]));
}
