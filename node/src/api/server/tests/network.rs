//! What the API says of the network.

use super::*;
use crate::api::types::{Net, Network, Test};
use crate::net::facts::{Ask, TestLine};
use crate::network::Figures;

/// A network that finds the route and nothing else.
pub async fn tested(mut asks: mpsc::Receiver<Ask>) {
    while let Some(Ask::Test(answer)) = asks.recv().await {
        let line = |what, ok| TestLine { what, ok, text: "seen".to_owned(), advice: String::new() };
        let _ = answer.send(vec![line("route", Some(true)), line("dht", None)]);
    }
}

async fn next(events: &mut crate::api::client::Subscription) -> Network {
    match tokio::time::timeout(Duration::from_secs(10), events.next()).await.expect("an event in time") {
        Some(Object::Network(network)) => network,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_state_of_the_network_is_told_when_it_changes_and_only_then() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let mut events = client.subscribe(&Wanted::since("now")).await.unwrap();
    let say = |figures| fake.handle.events.send(Arc::new(NodeEvent::Network(figures))).unwrap();
    let near = Figures { lan: 1, ..Figures::default() };
    say(near);
    // Facts that mean nothing for the state, and the same figures again.
    fake.net.send_modify(|facts| facts.records = 7);
    say(near);
    say(Figures { invisible: true, ..near });
    let (first, second) = (next(&mut events).await, next(&mut events).await);
    assert_eq!((first.state.as_str(), first.lan, first.invisible), ("lan", 1, false));
    assert_eq!((second.state.as_str(), second.invisible), ("lan", true));
    fake.net.send_modify(|facts| facts.route = true);
    say(near);
    assert_eq!(next(&mut events).await.state, "direct");
}

#[tokio::test]
async fn what_is_known_and_what_a_test_finds() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    fake.net.send_modify(|facts| {
        facts.network = true;
        facts.route = true;
        facts.neighbours = 3;
    });
    let net: Net = client.call("net", json!({})).await.unwrap();
    assert_eq!((net.state.as_str(), net.dht.known, net.reach.as_str()), ("direct", 3, "unknown"));
    let status: Status = client.call("status", json!({})).await.unwrap();
    assert_eq!((status.network.as_str(), status.peers.dht), ("direct", 3));
    let found: Vec<Test> = client.call("net.test", json!({})).await.unwrap();
    let found: Vec<_> = found.iter().map(|one| (one.what.as_str(), one.ok)).collect();
    assert_eq!(found, [("route", Some(true)), ("dht", None)]);
    let found: Vec<Test> = client.call("doctor", json!({ "what": "network" })).await.unwrap();
    let found: Vec<_> = found.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(found, ["port", "config", "route", "dht"]);
    assert!(client.call::<Value>("doctor", json!({ "what": "weather" })).await.is_err());
}
