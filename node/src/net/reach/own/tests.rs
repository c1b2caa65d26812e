//! Ranking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use libp2p::PeerId;

use super::*;

fn addrs(texts: &[&str]) -> Vec<Multiaddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn texts(known: &Known, loopback: bool) -> Vec<String> {
    told(known, loopback).into_iter().map(|own| own.addr).collect()
}

fn circuit(host: &str) -> Multiaddr {
    addr::through(&host.parse().unwrap(), PeerId::random(), PeerId::random())
}

#[test]
fn public_before_local_before_relays() {
    let relay = circuit("/ip4/9.9.9.9/tcp/1");
    let known = Known {
        listen: addrs(&[
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/192.168.0.2/tcp/1",
            "/ip4/192.168.0.2/udp/1/quic-v1",
            "/ip6/2a00::1/udp/1/quic-v1",
        ]),
        confirmed: addrs(&["/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.8/udp/1/quic-v1"]),
        mapped: addrs(&["/ip4/8.8.8.8/tcp/1"]),
        relays: vec![relay.clone()],
    };
    let wanted = [
        ("/ip4/8.8.8.8/udp/1/quic-v1", Source::Confirmed),
        ("/ip4/8.8.8.8/tcp/1", Source::Confirmed),
        ("/ip6/2a00::1/udp/1/quic-v1", Source::Listen),
        ("/ip4/192.168.0.2/udp/1/quic-v1", Source::Listen),
        ("/ip4/192.168.0.2/tcp/1", Source::Listen),
        (&relay.to_string(), Source::Relay),
    ];
    let told: Vec<_> = told(&known, false).into_iter().map(|own| (own.addr, own.source)).collect();
    assert_eq!(told, wanted.map(|(addr, source)| (addr.to_owned(), source)));
}

#[test]
fn many_public_ones_leave_places_for_local_ones_and_relays() {
    let many =
        |host: &str| (1..20).map(|port| format!("{host}/tcp/{port}").parse().unwrap()).collect::<Vec<_>>();
    let relays: Vec<_> = (0..5).map(|_| circuit("/ip4/9.9.9.9/tcp/1")).collect();
    let mut known = Known {
        listen: many("/ip4/192.168.0.2"),
        confirmed: many("/ip4/8.8.8.8"),
        mapped: Vec::new(),
        relays: relays.clone(),
    };
    let count = |texts: &[String], part: &str| texts.iter().filter(|text| text.contains(part)).count();
    let all = texts(&known, false);
    assert_eq!(all.len(), ADDRESSES);
    assert_eq!(["8.8.8.8", "192.168", "p2p-circuit"].map(|part| count(&all, part)), [4, 2, 2]);
    known.confirmed.clear();
    assert_eq!(["192.168", "p2p-circuit"].map(|part| count(&texts(&known, false), part)), [6, 2]);
    known.listen.clear();
    assert_eq!(count(&texts(&known, false), "p2p-circuit"), 5);
}

#[test]
fn this_machines_own_only_if_asked_for_or_alone() {
    let mut known = Known { listen: addrs(&["/ip4/127.0.0.1/tcp/1"]), ..Known::default() };
    assert_eq!(texts(&known, false), ["/ip4/127.0.0.1/tcp/1"]);
    known.confirmed = addrs(&["/ip4/8.8.8.8/tcp/1"]);
    assert_eq!(texts(&known, false), ["/ip4/8.8.8.8/tcp/1"]);
    assert_eq!(texts(&known, true), ["/ip4/8.8.8.8/tcp/1", "/ip4/127.0.0.1/tcp/1"]);
}
