//! Which addresses are told, dialled and in what order; who goes when strangers crowd in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use starling_protocol::engine::net::Via;
use tokio::time::{Instant, advance};

use crate::net::addr;
use crate::net::conns::{Conns, STRANGERS_COUNT};
use crate::net::dials::{Dials, Failed, Purpose, Won};

fn at(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

#[test]
fn a_road_through_a_relay_has_one_shape() {
    let (relay, peer) = (PeerId::random(), PeerId::random());
    let host = "/ip4/203.0.113.7/udp/4001/quic-v1";
    let good = format!("{host}/p2p/{relay}/p2p-circuit/p2p/{peer}");
    let circuit = addr::circuit(&addr::dialable(&good).unwrap()).unwrap();
    assert_eq!((circuit.host, circuit.relay, circuit.peer), (at(host), relay, peer));
    assert_eq!(addr::through(&at(host), relay, peer).to_string(), good);
    assert_eq!(addr::without_peer(at(&good)).to_string(), good, "whom to reach is part of it");
    assert!(good.len() <= starling_protocol::limits::ADDRESS_BYTES);
    for bad in [
        format!("{host}/p2p/{relay}/p2p-circuit"),
        format!("{host}/p2p-circuit/p2p/{peer}"),
        format!("/p2p/{relay}/p2p-circuit/p2p/{peer}"),
        format!("{host}/p2p/{relay}/p2p-circuit/p2p/{relay}"),
        format!("{host}/p2p/{relay}/p2p-circuit/p2p/{relay}/p2p-circuit/p2p/{peer}"),
        format!("/ip4/224.0.0.1/tcp/1/p2p/{relay}/p2p-circuit/p2p/{peer}"),
        format!("/ip4/1.2.3.4/tcp/0/p2p/{relay}/p2p-circuit/p2p/{peer}"),
        format!("/dns4/example.org/tcp/1/p2p/{relay}/p2p-circuit/p2p/{peer}"),
    ] {
        assert_eq!(addr::dialable(&bad), None, "{bad}");
    }
}

#[test]
fn strangers_do_not_point_us_at_our_neighbours() {
    let ours = [at("/ip4/192.168.1.5/tcp/1"), at("/ip4/127.0.0.1/tcp/1"), at("/ip6/fd00:1::5/tcp/1")];
    let may = |text: &str| addr::is_near_or_public(&at(text), ours.iter());
    for good in ["/ip4/8.8.8.8/tcp/1", "/ip4/192.168.1.77/udp/9/quic-v1", "/ip6/fd00:1::9/tcp/1"] {
        assert!(may(good), "{good}");
    }
    for bad in [
        "/ip4/192.168.2.1/tcp/1",
        "/ip4/10.0.0.1/tcp/1",
        "/ip4/127.0.0.1/tcp/9",
        "/ip6/::1/tcp/9",
        "/ip6/::ffff:127.0.0.1/tcp/9",
        "/ip6/::ffff:10.0.0.1/tcp/9",
        "/ip4/169.254.1.1/tcp/9",
        "/ip4/100.64.0.1/tcp/9",
        "/ip6/fe80::1/tcp/9",
        "/ip6/fd00:2::1/tcp/9",
        "/ip4/8.8.8.8/tcp/0",
        "/ip4/0.0.0.0/tcp/1",
        "/ip4/239.1.1.1/udp/1/quic-v1",
        "/dns4/example.org/tcp/1",
    ] {
        assert!(!may(bad), "{bad}");
    }
    let circuit = addr::through(&at("/ip4/10.0.0.1/tcp/1"), PeerId::random(), PeerId::random());
    assert!(!addr::is_near_or_public(&circuit, ours.iter()), "a relay in somebody's private network");
    let alone = [at("/ip4/127.0.0.1/tcp/1")];
    assert!(addr::is_near_or_public(&at("/ip4/127.0.0.1/tcp/9"), alone.iter()));
    assert!(!addr::is_near_or_public(&at("/ip4/127.0.0.1/tcp/9"), [].iter()));
}

fn turns(dials: &mut Dials) -> Vec<String> {
    std::iter::from_fn(|| dials.turn()).map(|(_, addr)| addr.to_string()).collect()
}

/// A relay, both transports of a public host, TCP alone of another.
fn roads() -> Vec<String> {
    let relay = addr::through(&at("/ip4/9.9.9.9/tcp/1"), PeerId::random(), PeerId::random()).to_string();
    let direct = ["/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.8/udp/1/quic-v1", "/ip4/192.168.0.9/tcp/1"];
    [relay].into_iter().chain(direct.map(str::to_owned)).collect()
}

#[tokio::test(start_paused = true)]
async fn better_roads_get_a_head_start() {
    let mut dials = Dials::new(&[]);
    let roads = roads();
    assert!(dials.add(1, Dials::addresses(&roads)));
    let began = Instant::now();
    assert_eq!(
        turns(&mut dials),
        [roads[2].clone(), roads[3].clone()],
        "QUIC, and TCP where there is no QUIC"
    );
    advance(Duration::from_millis(99)).await;
    dials.step(Instant::now());
    assert!(turns(&mut dials).is_empty());
    assert_eq!(dials.next_at(), Some(began + Duration::from_millis(100)));
    advance(Duration::from_millis(1)).await;
    dials.step(Instant::now());
    assert_eq!(turns(&mut dials), [roads[1].clone()], "TCP");
    advance(Duration::from_millis(300)).await;
    dials.step(Instant::now());
    assert_eq!(turns(&mut dials), [roads[0].clone()], "the relay");
    assert!(dials.next_at().unwrap() > Instant::now(), "nothing left but the deadline");
}

#[tokio::test(start_paused = true)]
async fn a_stage_begins_at_once_when_all_before_it_has_failed() {
    let mut dials = Dials::new(&[]);
    let roads = roads();
    assert!(dials.add(1, Dials::addresses(&roads)));
    turns(&mut dials);
    assert_eq!(dials.lost(Purpose::Dial(1)), Failed::Nothing);
    assert!(turns(&mut dials).is_empty(), "one of the first is still under way");
    assert_eq!(dials.lost(Purpose::Dial(1)), Failed::Nothing);
    assert_eq!(turns(&mut dials), [roads[1].clone()]);
    assert_eq!(dials.lost(Purpose::Dial(1)), Failed::Nothing);
    assert_eq!(turns(&mut dials), [roads[0].clone()]);
    assert_eq!(dials.lost(Purpose::Dial(1)), Failed::Dial(1));
    let relay_alone = Dials::addresses(&roads[..1]);
    assert!(dials.add(2, relay_alone));
    assert_eq!(turns(&mut dials), [roads[0].clone()], "waiting for nothing helps nobody");
}

#[tokio::test(start_paused = true)]
async fn a_direct_connection_is_welcome_after_a_relayed_one_and_not_the_other_way_round() {
    let connection = ConnectionId::new_unchecked;
    let mut dials = Dials::new(&[]);
    for (dial, relay_wins) in [(1, true), (2, false)] {
        dials.add(dial, Dials::addresses(&roads()));
        let base = usize::try_from(dial).unwrap() * 10;
        dials.started(connection(base), Purpose::Dial(dial), false);
        dials.started(connection(base + 1), Purpose::Dial(dial), true);
        let (first, second) = if relay_wins { (base + 1, base) } else { (base, base + 1) };
        assert_eq!(dials.succeeded(connection(first)), Won::Dial(dial));
        let late = dials.succeeded(connection(second));
        assert_eq!(late, if relay_wins { Won::Another } else { Won::TooLate });
    }
}

fn from(number: usize, remote: &str) -> ConnectedPoint {
    if number == 0 {
        let (address, role_override, port_use) = (at(remote), Endpoint::Dialer, PortUse::New);
        return ConnectedPoint::Dialer { address, role_override, port_use };
    }
    ConnectedPoint::Listener { local_addr: at("/ip4/10.0.0.1/tcp/1"), send_back_addr: at(remote) }
}

fn relayed() -> ConnectedPoint {
    let send_back_addr = Multiaddr::empty().with(libp2p::multiaddr::Protocol::P2p(PeerId::random()));
    ConnectedPoint::Listener { local_addr: at("/ip4/9.9.9.9/tcp/1/p2p-circuit"), send_back_addr }
}

#[tokio::test(start_paused = true)]
async fn the_oldest_stranger_makes_room_and_a_contact_never() {
    let mut conns = Conns::new(false);
    let add = |conns: &mut Conns, number, endpoint: &ConnectedPoint| {
        conns.add(ConnectionId::new_unchecked(number), PeerId::random(), endpoint)
    };
    let ours = add(&mut conns, 0, &from(0, "/ip4/8.8.8.8/tcp/1"));
    let held = add(&mut conns, 1, &from(1, "/ip4/8.8.8.8/tcp/2"));
    let linked = add(&mut conns, 2, &from(2, "/ip4/8.8.8.8/tcp/3"));
    let oldest = add(&mut conns, 3, &from(3, "/ip4/8.8.8.8/tcp/4"));
    conns.get_mut(held).unwrap().held = true;
    conns.get_mut(linked).unwrap().links.insert(7);
    for number in 4..=STRANGERS_COUNT {
        add(&mut conns, number, &from(number, "/ip4/8.8.8.8/tcp/9"));
        assert_eq!(conns.crowded_out(), None);
    }
    add(&mut conns, 1_000, &from(1, "/ip4/8.8.8.8/tcp/9"));
    assert_eq!(conns.crowded_out(), Some(oldest));
    conns.get_mut(oldest).unwrap().ending = Some(Instant::now());
    assert_eq!(conns.crowded_out(), None, "one is going already");
    add(&mut conns, 1_001, &from(1, "/ip4/8.8.8.8/tcp/9"));
    assert_eq!(conns.crowded_out(), Some(oldest + 1));
    // A link protects for as long as a handshake takes.
    advance(Duration::from_secs(16)).await;
    assert_eq!(conns.crowded_out(), Some(linked));
    assert!(conns.get(ours).is_some());
}

#[tokio::test(start_paused = true)]
async fn those_behind_relays_crowd_out_each_other_only() {
    let mut conns = Conns::new(false);
    let stranger =
        conns.add(ConnectionId::new_unchecked(1), PeerId::random(), &from(1, "/ip4/8.8.8.8/tcp/1"));
    let mut first = None;
    for number in 2..60 {
        let conn = conns.add(ConnectionId::new_unchecked(number), PeerId::random(), &relayed());
        assert_eq!(conns.get(conn).unwrap().via, Via::Relay);
        first.get_or_insert(conn);
    }
    assert_eq!(conns.crowded_out(), first);
    assert_ne!(conns.crowded_out(), Some(stranger));
}

#[test]
fn connections_that_came_over_a_lost_address_are_known() {
    let mut conns = Conns::new(false);
    let inbound =
        conns.add(ConnectionId::new_unchecked(1), PeerId::random(), &from(1, "/ip4/10.0.0.9/tcp/1"));
    let outbound =
        conns.add(ConnectionId::new_unchecked(2), PeerId::random(), &from(0, "/ip4/127.0.0.1/tcp/1"));
    assert_eq!(conns.over("10.0.0.1".parse().unwrap()), [inbound]);
    assert_eq!(
        conns.over("127.0.0.1".parse().unwrap()),
        [outbound],
        "from where the system reaches that host"
    );
    assert!(conns.over("10.0.0.2".parse().unwrap()).is_empty());
}
