use libp2p::core::Endpoint;
use libp2p::core::transport::ListenerId;
use libp2p::swarm::behaviour::NewListenAddr;
use libp2p::swarm::{ConnectionId, FromSwarm, NetworkBehaviour};
use libp2p::{Multiaddr, PeerId};

use crate::net::dht::Kademlia;
use crate::net::dht::road::Roads;
use crate::net::dht::table::{self, PER_ENTRY_COUNT, PER_NET_COUNT, Table};

fn at(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

fn kademlia() -> Kademlia {
    let mut kad = Kademlia::new(PeerId::random(), Vec::new());
    let (listener_id, addr) = (ListenerId::next(), &at("/ip4/192.168.1.7/tcp/1"));
    kad.on_swarm_event(FromSwarm::NewListenAddr(NewListenAddr { listener_id, addr }));
    kad
}

fn meet(table: &mut Table, kad: &mut Kademlia, told: &[String]) -> Option<PeerId> {
    let peer = PeerId::random();
    table.meet(kad, peer, told.iter().map(|text| at(text))).then_some(peer)
}

#[test]
fn a_peer_without_an_address_to_dial_does_not_get_in() {
    let (mut kad, mut table) = (kademlia(), Table::default());
    for told in [vec![], vec!["/ip4/10.0.0.1/tcp/1".to_owned()], vec!["/ip4/127.0.0.1/tcp/1".to_owned()]] {
        assert_eq!(meet(&mut table, &mut kad, &told), None);
    }
    assert!(meet(&mut table, &mut kad, &["/ip4/192.168.1.9/tcp/1".to_owned()]).is_some());
    assert_eq!(table.neighbours_count(&mut kad), 1);
}

#[test]
fn what_mdns_says_is_an_address_too() {
    let (mut kad, mut table) = (kademlia(), Table::default());
    let peer = PeerId::random();
    table.nearby(peer, &at("/ip4/192.168.1.9/tcp/1").with_p2p(peer).unwrap());
    assert!(table.meet(&mut kad, peer, std::iter::empty()));
}

#[test]
fn one_network_cannot_fill_the_table() {
    let (mut kad, mut table) = (kademlia(), Table::default());
    for (nets, others) in
        [("/ip4/203.0.113.", "/ip4/203.0.114.1"), ("/ip6/2001:db8:0:", "/ip6/2001:db8:1::1")]
    {
        // A few of them may be refused by a full bucket.
        let told = |i: usize| {
            let host = if nets.starts_with("/ip4") { format!("{}", i + 1) } else { format!("{i:x}::1") };
            vec![format!("{nets}{host}/tcp/1")]
        };
        let before = table.neighbours_count(&mut kad);
        for i in 0..60 {
            meet(&mut table, &mut kad, &told(i));
        }
        assert_eq!(table.neighbours_count(&mut kad) - before, PER_NET_COUNT);
        assert!(meet(&mut table, &mut kad, &[format!("{others}/tcp/1")]).is_some());
    }
}

#[test]
fn many_on_our_own_network_are_welcome() {
    let (mut kad, mut table) = (kademlia(), Table::default());
    for i in 0..15 {
        assert!(meet(&mut table, &mut kad, &[format!("/ip4/192.168.1.{}/tcp/1", i + 10)]).is_some());
    }
}

#[test]
fn an_entry_has_few_addresses() {
    let (mut kad, mut table) = (kademlia(), Table::default());
    let told: Vec<String> = (1..100).map(|i| format!("/ip4/8.8.{i}.8/tcp/1")).collect();
    let peer = meet(&mut table, &mut kad, &told).unwrap();
    table.meet(&mut kad, peer, told.iter().rev().map(|text| at(text)));
    let count = |kad: &mut Kademlia| {
        kad.kbucket(peer).unwrap().iter().map(|entry| entry.node.value.len()).sum::<usize>()
    };
    assert_eq!(count(&mut kad), PER_ENTRY_COUNT);
    // Kademlia adds what it has dialled by itself.
    kad.add_address(&peer, at("/ip4/9.9.9.9/tcp/1"));
    Table::trim(&mut kad, peer);
    assert_eq!(count(&mut kad), PER_ENTRY_COUNT);
}

#[test]
fn who_cannot_be_reached_leaves_unless_it_is_we_who_are_away() {
    let (mut kad, mut table) = (kademlia(), Table::default());
    let there = "/ip4/192.168.1.9/tcp/1".to_owned();
    let peer = meet(&mut table, &mut kad, std::slice::from_ref(&there)).unwrap();
    assert!(table.lost(&mut kad, peer, false).is_empty());
    assert_eq!(table.neighbours_count(&mut kad), 0);
    table.reached(&peer);
    assert_eq!(table.neighbours_count(&mut kad), 1);
    assert_eq!(table.lost(&mut kad, peer, true), [at(&there)]);
    table.reached(&peer);
    assert_eq!(table.neighbours_count(&mut kad), 0);
}

#[test]
fn records_are_kept_where_others_can_come() {
    let mut roads = Roads::default();
    let keeps = |external: &[&str], roads: &Roads, internet| {
        let external: Vec<Multiaddr> = external.iter().map(|text| at(text)).collect();
        table::keeps_records(external.iter(), roads, internet)
    };
    let circuit = format!("/ip4/8.8.8.8/tcp/1/p2p/{}/p2p-circuit/p2p/{}", PeerId::random(), PeerId::random());
    assert!(!keeps(&[], &roads, false), "listens nowhere");
    assert!(keeps(&["/ip4/8.8.8.8/tcp/1"], &roads, true), "reachable from outside");
    roads.listening(&at("/ip4/192.168.1.7/tcp/1"));
    assert!(keeps(&[], &roads, false), "a network without internet");
    assert!(!keeps(&[], &roads, true), "behind a router");
    assert!(!keeps(&[&circuit], &roads, true), "behind a relay");
}

#[test]
fn what_others_told_is_not_dialled_past_the_rule() {
    let mut kad = kademlia();
    let peer = PeerId::random();
    for told in
        ["/ip4/127.0.0.1/tcp/22", "/ip4/10.0.0.1/tcp/80", "/ip4/8.8.8.8/tcp/1", "/ip4/192.168.1.9/tcp/1"]
    {
        kad.add_address(&peer, at(told));
    }
    let dialled = kad
        .handle_pending_outbound_connection(ConnectionId::new_unchecked(1), Some(peer), &[], Endpoint::Dialer)
        .unwrap();
    let expected =
        ["/ip4/8.8.8.8/tcp/1", "/ip4/192.168.1.9/tcp/1"].map(|text| at(text).with_p2p(peer).unwrap());
    assert_eq!(dialled, expected);
}
