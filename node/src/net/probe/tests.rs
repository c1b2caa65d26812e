//! The words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::net::facts::RelayFact;

fn words(
    facts: &NetFacts,
    peers: &[PeerSeen],
    outcome: Option<Outcome>,
) -> Vec<(&'static str, Option<bool>)> {
    lines(facts, peers, outcome).iter().map(|line| (line.what, line.ok)).collect()
}

#[test]
fn a_machine_without_any_network_hears_what_is_missing() {
    let wanted = [
        ("route", Some(false)),
        ("listen", Some(false)),
        ("peers", None),
        ("dht", Some(false)),
        ("store", None),
        ("reach", None),
        ("router", None),
        ("relay", None),
    ];
    assert_eq!(words(&NetFacts::default(), &[], None), wanted);
    let lines = lines(&NetFacts::default(), &[], None);
    assert!(lines.iter().filter(|line| line.ok == Some(false)).all(|line| !line.advice.is_empty()));
}

#[test]
fn what_works_is_said_with_figures() {
    let facts = NetFacts {
        listen: vec!["/ip4/192.168.0.2/tcp/4001".to_owned()],
        network: true,
        route: true,
        neighbours: 12,
        reach: Reach::Private,
        relays: vec![RelayFact { addr: "/ip4/9.9.9.9/tcp/1".to_owned(), reserved: true, since: None }],
        ..NetFacts::default()
    };
    let peers = [
        PeerSeen { addr: "/ip4/9.9.9.9/tcp/1".to_owned(), connected: Some(Some(Duration::from_millis(31))) },
        PeerSeen { addr: "/ip4/9.9.9.8/tcp/1".to_owned(), connected: None },
    ];
    let outcome = Outcome { copies: 11, asked: 14, read_back: true, took: Duration::from_millis(420) };
    let texts: Vec<String> = lines(&facts, &peers, Some(outcome)).into_iter().map(|line| line.text).collect();
    assert_eq!(
        texts,
        [
            "This computer has a way to the internet.",
            "This node listens on /ip4/192.168.0.2/tcp/4001.",
            "/ip4/9.9.9.9/tcp/1 answers within 31 ms.",
            "/ip4/9.9.9.8/tcp/1 does not answer.",
            "12 nodes of the DHT are reached.",
            "A record was kept by 11 nodes and read back in 420 ms; 14 nodes answered.",
            "Others who tried could not begin a connection to this node.",
            "The router was not asked to let others in.",
            "Others reach this node through /ip4/9.9.9.9/tcp/1.",
        ]
    );
}

#[test]
fn the_record_of_a_trial_is_one_that_holders_take() {
    let (one, other) = (throw_away().unwrap(), throw_away().unwrap());
    assert!(discovery::check(&one.key, &one.value).is_ok());
    assert_ne!(one.key, other.key);
}
