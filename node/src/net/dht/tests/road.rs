use libp2p::{Multiaddr, PeerId};

use crate::net::dht::road::{PER_HOST_COUNT, PER_PEER_COUNT, Roads};

fn at(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

fn roads(listening: &[&str], named: &[&str]) -> Roads {
    let mut roads = Roads::new(named.iter().map(|text| at(text)).collect());
    listening.iter().for_each(|text| roads.listening(&at(text)));
    roads
}

const PUBLIC: [&str; 2] = ["/ip4/8.8.8.8/udp/1/quic-v1", "/ip6/2001:db8::1/tcp/1"];

#[test]
fn a_stranger_cannot_point_dials_at_another_private_network() {
    let home = roads(&["/ip4/192.168.1.7/tcp/1", "/ip6/fd00:0:0:1::7/tcp/1"], &[]);
    for good in ["/ip4/192.168.1.200/tcp/9", "/ip6/fd00:0:0:1::99/udp/9/quic-v1"].iter().chain(&PUBLIC) {
        assert!(home.allows(&at(good)), "{good}");
    }
    let relay = PeerId::random();
    let circuit = format!("/ip4/8.8.8.8/tcp/1/p2p/{relay}/p2p-circuit/p2p/{}", PeerId::random());
    for bad in [
        "/ip4/192.168.2.1/tcp/9",
        "/ip4/10.0.0.1/tcp/9",
        "/ip4/172.16.0.1/udp/9/quic-v1",
        "/ip4/169.254.1.1/tcp/9",
        "/ip4/100.64.0.1/tcp/9",
        "/ip4/127.0.0.1/tcp/9",
        "/ip4/127.0.0.53/udp/53/quic-v1",
        "/ip4/0.0.0.0/tcp/9",
        "/ip4/224.0.0.251/udp/5353/quic-v1",
        "/ip4/255.255.255.255/tcp/9",
        "/ip4/8.8.8.8/tcp/0",
        "/ip6/::1/tcp/9",
        "/ip6/::/tcp/9",
        "/ip6/ff02::1/tcp/9",
        "/ip6/fd00:0:0:2::1/tcp/9",
        "/ip6/fe80::1/tcp/9",
        "/ip6/::ffff:127.0.0.1/tcp/9",
        "/ip6/::ffff:10.0.0.1/tcp/9",
        "/dns4/example.org/tcp/1",
        "/memory/7",
        &circuit,
    ] {
        assert!(!home.allows(&at(bad)), "{bad}");
    }
}

#[test]
fn loopback_is_for_those_who_are_nowhere_else() {
    let there = at("/ip4/127.0.0.1/tcp/9");
    assert!(roads(&["/ip4/127.0.0.1/tcp/1"], &[]).allows(&there));
    assert!(!roads(&["/ip4/127.0.0.1/tcp/1", "/ip4/192.168.1.7/tcp/1"], &[]).allows(&there));
    assert!(!roads(&[], &[]).allows(&there));
    assert!(roads(&["/ip4/192.168.1.7/tcp/1"], &["/ip4/127.0.0.1/tcp/2"]).allows(&there));
}

#[test]
fn the_network_of_a_configured_peer_is_ours() {
    let roads = roads(&["/ip4/10.1.0.7/tcp/1"], &["/ip4/10.9.0.1/tcp/2"]);
    assert!(roads.allows(&at("/ip4/10.9.0.44/tcp/9")));
    assert!(!roads.allows(&at("/ip4/10.8.0.44/tcp/9")));
}

#[test]
fn a_network_that_was_left_is_no_longer_ours() {
    let mut roads = roads(&["/ip4/192.168.1.7/tcp/1", "/ip4/10.0.0.7/tcp/1"], &[]);
    roads.expired(&at("/ip4/192.168.1.7/tcp/1"));
    assert!(!roads.allows(&at("/ip4/192.168.1.200/tcp/9")));
    assert!(roads.allows(&at("/ip4/10.0.0.200/tcp/9")));
}

#[test]
fn ten_thousand_addresses_of_a_peer_are_a_few_dials() {
    let mut roads = roads(&["/ip4/192.168.1.7/tcp/1"], &[]);
    let told = (0..10_000).map(|i| at(&format!("/ip4/8.8.{}.{}/tcp/1", i / 250, i % 250 + 1))).collect();
    assert_eq!(roads.choose(told).len(), PER_PEER_COUNT);
}

#[test]
fn many_liars_cannot_aim_at_one_host() {
    let mut roads = roads(&["/ip4/192.168.1.7/tcp/1"], &[]);
    let victim = |port: u16| vec![at(&format!("/ip4/203.0.113.7/tcp/{port}"))];
    let dials: usize = (1..1_000).map(|port| roads.choose(victim(port)).len()).sum();
    assert_eq!(dials, PER_HOST_COUNT);
    assert_eq!(roads.choose(vec![at("/ip4/203.0.113.8/tcp/1")]).len(), 1);
}
