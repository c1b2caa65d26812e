//! Addresses, dials, and the words for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use libp2p::{Multiaddr, PeerId};
use starling_protocol::engine::net::{NetEvent, Via};

use crate::net::dials::{Dials, Failed};
use crate::net::{addr, translate};

#[test]
fn only_hosts_are_dialled() {
    for good in [
        "/ip4/192.168.1.7/tcp/4001",
        "/ip4/203.0.113.7/udp/4001/quic-v1",
        "/ip6/::1/tcp/1",
        "/ip6/2001:db8::1/udp/9/quic-v1",
        "/ip4/127.0.0.1/tcp/9",
    ] {
        assert_eq!(addr::dialable(good).unwrap().to_string(), good);
    }
    for bad in [
        "",
        "nonsense",
        "/ip4/1.2.3.4",
        "/ip4/1.2.3.4/tcp/0",
        "/ip4/0.0.0.0/tcp/1",
        "/ip4/0.1.2.3/tcp/1",
        "/ip4/224.0.0.251/udp/5353/quic-v1",
        "/ip4/255.255.255.255/tcp/1",
        "/ip6/::/tcp/1",
        "/ip6/ff02::fb/udp/5353/quic-v1",
        "/ip6/::ffff:224.0.0.1/tcp/1",
        "/ip6/::ffff:0.0.0.0/tcp/1",
        "/ip4/1.2.3.4/udp/1",
        "/ip4/1.2.3.4/tcp/1/ws",
        "/dns4/example.org/tcp/1",
        "/memory/1",
    ] {
        assert_eq!(addr::dialable(bad), None, "{bad}");
    }
    assert_eq!(addr::dialable(&format!("/ip4/1.2.3.4/tcp/1{}", " ".repeat(300))), None);
}

#[test]
fn peer_ids_are_cut_off() {
    let peer = PeerId::random();
    let addr = addr::dialable(&format!("/ip4/1.2.3.4/tcp/5/p2p/{peer}")).unwrap();
    assert_eq!(addr.to_string(), "/ip4/1.2.3.4/tcp/5");
}

#[test]
fn roads_have_names() {
    let via = |text: &str| addr::via(&text.parse().unwrap());
    assert_eq!(via("/ip4/127.0.0.1/tcp/1"), Via::Lan);
    assert_eq!(via("/ip4/10.1.2.3/udp/1/quic-v1"), Via::Lan);
    assert_eq!(via("/ip6/fe80::1/tcp/1"), Via::Lan);
    assert_eq!(via("/ip6/fd00::1/tcp/1"), Via::Lan);
    assert_eq!(via("/ip4/8.8.8.8/tcp/1"), Via::Direct);
    assert_eq!(via("/ip6/2001:db8::1/tcp/1"), Via::Direct);
    let relay = format!("/ip4/8.8.8.8/tcp/1/p2p/{}/p2p-circuit", PeerId::random());
    assert_eq!(via(&relay), Via::Relay);
}

#[test]
fn loopback_is_told_only_if_asked_for_or_alone() {
    let all: Vec<Multiaddr> =
        ["/ip4/127.0.0.1/tcp/1", "/ip4/192.168.0.2/tcp/1", "/ip4/192.168.0.2/udp/1/quic-v1"]
            .iter()
            .map(|t| t.parse().unwrap())
            .collect();
    let lan = ["/ip4/192.168.0.2/udp/1/quic-v1", "/ip4/192.168.0.2/tcp/1"];
    assert_eq!(addr::tellable(all.iter(), false), lan);
    assert_eq!(addr::tellable(all.iter(), true), [lan[0], lan[1], "/ip4/127.0.0.1/tcp/1"]);
    assert_eq!(addr::tellable(all.iter().take(1), false), ["/ip4/127.0.0.1/tcp/1"]);
    let many: Vec<Multiaddr> = (1..100).map(|i| format!("/ip4/8.8.8.{i}/tcp/1").parse().unwrap()).collect();
    assert_eq!(addr::tellable(many.iter(), false).len(), 8);
}

#[test]
fn found_peers_are_grouped_and_bounded() {
    let (alice, bob) = (PeerId::random(), PeerId::random());
    let at = |text: &str| text.parse::<Multiaddr>().unwrap();
    let mut found = vec![
        (alice, at("/ip4/192.168.0.1/tcp/1")),
        (bob, at("/ip4/192.168.0.2/tcp/2")),
        (bob, at("/ip4/127.0.0.1/tcp/2")),
        (bob, at("/ip4/192.168.0.2/udp/2/quic-v1").with_p2p(bob).unwrap()),
    ];
    let addrs = vec!["/ip4/192.168.0.2/udp/2/quic-v1".to_owned(), "/ip4/192.168.0.2/tcp/2".to_owned()];
    assert_eq!(
        translate::lan_found(&alice, found.clone()),
        [NetEvent::LanFound { peer: bob.to_bytes(), addrs }]
    );
    found.extend((0..1_000).map(|_| (PeerId::random(), at("/ip4/192.168.0.9/tcp/1"))));
    assert_eq!(translate::lan_found(&alice, found).len(), 64);
}

#[test]
fn a_dial_is_capped_and_each_address_tried_once() {
    let many: Vec<String> = (1..=40).map(|i| format!("/ip4/8.8.8.{i}/tcp/1")).collect();
    assert_eq!(Dials::addresses(&many).len(), 16);
    let twice = vec![many[0].clone(), many[0].clone(), "/ip4/0.0.0.0/tcp/1".to_owned()];
    assert_eq!(Dials::addresses(&twice).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn dials_fail_with_their_last_attempt_or_their_time() {
    let mut dials = Dials::new(&[]);
    let addrs = Dials::addresses(&["/ip4/8.8.8.8/tcp/1".to_owned(), "/ip4/8.8.8.8/tcp/2".to_owned()]);
    assert!(dials.add(1, addrs.clone()));
    assert!(dials.add(2, addrs));
    let turns: Vec<_> = std::iter::from_fn(|| dials.turn()).map(|(purpose, _)| purpose).collect();
    assert_eq!(turns.len(), 4);
    assert_eq!(dials.lost(turns[0]), Failed::Nothing);
    assert_eq!(dials.lost(turns[1]), Failed::Dial(1));
    assert_eq!(dials.overdue(tokio::time::Instant::now()), None);
    tokio::time::advance(std::time::Duration::from_secs(11)).await;
    assert_eq!(dials.overdue(tokio::time::Instant::now()), Some(2));
    assert_eq!(dials.lost(turns[2]), Failed::Nothing);
    assert_eq!(dials.len(), 0);
    assert_eq!(dials.next_at(), None);
}
