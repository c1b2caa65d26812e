use std::time::Duration;

use futures::future::poll_fn;
use libp2p::PeerId;
use libp2p::kad::{Event, QueryId};
use libp2p::swarm::{NetworkBehaviour as _, ToSwarm};
use tokio::time::{Instant, advance, timeout};

use crate::net::dht::Kademlia;

/// Runs a query to its end in a network where nobody answers a dial; who was dialled for it, and how long it took.
async fn run(kad: &mut Kademlia, query: QueryId) -> (Vec<PeerId>, Duration) {
    let (mut dialled, began) = (Vec::new(), Instant::now());
    loop {
        match timeout(Duration::from_secs(30), poll_fn(|cx| kad.poll(cx))).await.expect("the query ends") {
            ToSwarm::Dial { opts } => dialled.extend(opts.get_peer_id()),
            ToSwarm::GenerateEvent(Event::OutboundQueryProgressed { id, step, .. })
                if id == query && step.last =>
            {
                return (dialled, began.elapsed());
            }
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_cannot_be_reached_costs_the_next_query_nothing() {
    let mut kad = Kademlia::new(PeerId::random(), Vec::new());
    let gone = PeerId::random();
    kad.add_address(&gone, "/ip4/127.0.0.1/udp/9/quic-v1".parse().unwrap());
    let query = kad.get_closest_peers(b"first".to_vec());
    let (dialled, took) = run(&mut kad, query).await;
    assert_eq!(dialled, [gone]);
    assert!(took >= Duration::from_secs(1), "it was given no time: {took:?}");
    let query = kad.get_closest_peers(b"second".to_vec());
    let (dialled, took) = run(&mut kad, query).await;
    assert_eq!((dialled, took), (vec![], Duration::ZERO));
    // But he may come back.
    advance(Duration::from_secs(61)).await;
    let query = kad.get_closest_peers(b"third".to_vec());
    assert_eq!(run(&mut kad, query).await.0, [gone]);
}
