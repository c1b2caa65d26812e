#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::Live;
use crate::net::facts::{Ask, Mapping, NetFacts};
use crate::net::{Net, NetConfig, start};
use std::time::Duration;

/// Longer than any of this takes; a test that needs it has failed.
const LONG: Duration = Duration::from_secs(20);

async fn until(net: &mut Net, wanted: impl FnMut(&NetFacts) -> bool) {
    tokio::time::timeout(LONG, net.facts.wait_for(wanted)).await.expect("in time").expect("it runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_and_the_router_are_followed_while_it_runs() {
    let listen = vec!["/ip4/127.0.0.1/tcp/0".to_owned()];
    let other = start(NetConfig { listen: listen.clone(), ..NetConfig::default() }).await.unwrap();
    let mut net = start(NetConfig { listen, ..NetConfig::default() }).await.unwrap();
    until(&mut net, |facts| facts.mapping == Mapping::Off && facts.conns == 0).await;
    let live = Live { lan: true, upnp: true, peers: other.listen.clone() };
    net.asks.send(Ask::Follow(live.clone())).await.unwrap();
    until(&mut net, |facts| facts.mapping != Mapping::Off && facts.conns > 0).await;
    // The same again changes nothing; without the router it is off again, and who is connected stays.
    net.asks.send(Ask::Follow(live.clone())).await.unwrap();
    net.asks.send(Ask::Follow(Live { upnp: false, lan: false, ..live })).await.unwrap();
    until(&mut net, |facts| facts.mapping == Mapping::Off).await;
    assert!(net.facts.borrow().conns > 0);
    net.stop.shutdown().await;
    other.stop.shutdown().await;
}

#[test]
fn peers_of_many_readings_are_bounded() {
    let mut dials = crate::net::dials::Dials::new(&[]);
    for reading in 0..64 {
        let peers: Vec<String> =
            (0..64).map(|port| format!("/ip4/192.0.2.{reading}/tcp/{}", 1_000 + port)).collect();
        dials.also(&peers);
        dials.also(&peers);
    }
    assert_eq!(dials.peers_count(), crate::net::dials::PEERS_COUNT);
}
