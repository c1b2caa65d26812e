//! Addresses, dials, and the words for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use starling_protocol::engine::net::{NetEvent, Via};

use crate::net::conns::Conns;
use crate::net::dials::{Dials, Failed};
use crate::net::watch::{Found, Watch};
use crate::net::{addr, translate};
use tokio::time::{Instant, advance};

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
    assert_eq!(dials.overdue(Instant::now()), None);
    advance(Duration::from_secs(11)).await;
    assert_eq!(dials.overdue(Instant::now()), Some(2));
    assert_eq!(dials.lost(turns[2]), Failed::Nothing);
    assert_eq!(dials.len(), 0);
    assert_eq!(dials.next_at(), None);
}

fn one_conn() -> (Conns, u64) {
    let mut conns = Conns::new(false);
    let endpoint = ConnectedPoint::Dialer {
        address: "/ip4/127.0.0.1/tcp/1".parse().unwrap(),
        role_override: Endpoint::Dialer,
        port_use: PortUse::New,
    };
    let conn = conns.add(ConnectionId::new_unchecked(1), PeerId::random(), &endpoint);
    (conns, conn)
}

/// Looks whenever the watch wants to, for `seconds`; what it found and after how many seconds.
async fn looked(watch: &mut Watch, conns: &Conns, seconds: u64) -> Option<(Found, u64)> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep_until(watch.next_at()?).await;
        let found = watch.look(Instant::now(), false, conns);
        if found != Found::default() {
            return Some((found, began.elapsed().as_secs()));
        }
    }
    None
}

#[tokio::test(start_paused = true)]
async fn silence_and_stuck_closes_are_found_in_time() {
    let (mut conns, conn) = one_conn();
    let mut watch = Watch::new();
    watch.opened();
    let silent = Found { silent: vec![conn], ..Found::default() };
    assert_eq!(looked(&mut watch, &conns, 60).await, Some((silent, 10)));
    conns.get_mut(conn).unwrap().ending = Some(Instant::now());
    watch.closing();
    let stuck = Found { stuck: vec![conn], ..Found::default() };
    assert_eq!(looked(&mut watch, &conns, 60).await, Some((stuck, 1)));
    conns.closed(ConnectionId::new_unchecked(1));
    assert!(conns.reap(conn));
    assert_eq!(looked(&mut watch, &conns, 60).await, None);
    assert_eq!(watch.next_at(), None);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_heard_stays() {
    let (conns, conn) = one_conn();
    let mut watch = Watch::new();
    watch.opened();
    let heard = conns.get(conn).unwrap().heard.clone();
    let talking = async {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_secs(5)).await;
            heard.touch();
        }
    };
    let ((), found) = tokio::join!(talking, looked(&mut watch, &conns, 200));
    assert_eq!(found, Some((Found { silent: vec![conn], ..Found::default() }, 110)));
}

#[tokio::test(start_paused = true)]
async fn our_own_sleep_is_not_their_silence() {
    let (conns, conn) = one_conn();
    let mut watch = Watch::new();
    watch.opened();
    advance(Duration::from_secs(3_600)).await;
    let awake = Found { awake: true, ..Found::default() };
    assert_eq!(watch.look(Instant::now(), false, &conns), awake);
    let silent = Found { silent: vec![conn], ..Found::default() };
    assert_eq!(looked(&mut watch, &conns, 60).await, Some((silent, 10)));
}

#[tokio::test(start_paused = true)]
async fn changed_interfaces_are_told_once_and_soon() {
    let (conns, mut watch) = (Conns::new(false), Watch::new());
    let began = Instant::now();
    for _ in 0..20 {
        watch.stirred();
        advance(Duration::from_millis(10)).await;
        assert_eq!(watch.look(Instant::now(), false, &conns), Found::default());
    }
    assert_eq!(watch.next_at(), Some(began + Duration::from_millis(500)));
    advance(Duration::from_millis(300)).await;
    assert!(watch.look(Instant::now(), false, &conns).awake);
    assert_eq!(watch.next_at(), None, "and an idle node has nothing to wake up for");
    assert!(!watch.look(Instant::now(), false, &conns).awake);
}

#[test]
fn a_clock_on_the_wall_that_gained_means_sleep() {
    let mut watch = Watch::new();
    let (now, wall) = (Instant::now(), std::time::SystemTime::now());
    watch.slept(now, wall);
    let later =
        |ran: u64, wall_ran: u64| (now + Duration::from_secs(ran), wall + Duration::from_secs(wall_ran));
    let (now, wall) = later(10, 10);
    assert!(!watch.slept(now, wall));
    let (now, wall) = later(20, 24);
    assert!(!watch.slept(now, wall), "somebody set the clock");
    let (now, wall) = later(30, 634);
    assert!(watch.slept(now, wall));
    let (now, wall) = later(40, 20);
    assert!(!watch.slept(now, wall), "a clock set back is no sleep");
}
