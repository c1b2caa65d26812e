use std::collections::BTreeSet;
use std::time::Duration;

use libp2p::PeerId;
use libp2p::kad::{Record, RecordKey};
use starling_protocol::engine::net::NetEvent;
use tokio::time::{Instant, advance};

use crate::net::dht::Kademlia;
use crate::net::dht::queries::{Queries, UNDER_WAY_COUNT, WAITING_COUNT};

fn record(n: u64) -> Record {
    Record { key: RecordKey::new(&n.to_be_bytes()), value: vec![], publisher: None, expires: None }
}

fn answers(queries: &mut Queries) -> Vec<(char, u64)> {
    let kind = |event| match event {
        NetEvent::Published { publish, copies: 0 } => ('p', publish),
        NetEvent::LookedUp { lookup, asked: 0 } => ('l', lookup),
        other => panic!("{other:?}"),
    };
    std::iter::from_fn(|| queries.said()).map(kind).collect()
}

/// Kademlia that is never polled: it loses every query.
#[tokio::test(start_paused = true)]
async fn every_request_is_answered_once_even_if_its_query_is_lost() {
    let mut kad = Kademlia::new(PeerId::random(), Vec::new());
    let mut queries = Queries::default();
    let room = (UNDER_WAY_COUNT + WAITING_COUNT) as u64;
    let all = room + 100;
    for n in 0..all {
        if n % 2 == 0 {
            queries.publish(&mut kad, n, record(n));
        } else {
            queries.look_up(&mut kad, n, record(n).key, None);
        }
    }
    let over = answers(&mut queries);
    assert_eq!(over.len(), 100, "what is over the bound is answered at once");
    assert_eq!(kad.iter_queries().count(), UNDER_WAY_COUNT);
    let mut answered: BTreeSet<u64> = over.iter().map(|(_, n)| *n).collect();
    let began = Instant::now();
    while answered.len() < all as usize {
        assert!(began.elapsed() < Duration::from_secs(600));
        let wait = queries.next_at().unwrap().duration_since(Instant::now());
        advance(wait).await;
        queries.on_timer(&mut kad, Instant::now());
        for (kind, n) in answers(&mut queries) {
            assert_eq!(kind, if n % 2 == 0 { 'p' } else { 'l' });
            assert!(answered.insert(n), "{n} answered twice");
        }
    }
    assert_eq!(queries.next_at(), None);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_is_lost_for_at_most_30_s() {
    let mut kad = Kademlia::new(PeerId::random(), Vec::new());
    let mut queries = Queries::default();
    queries.look_up(&mut kad, 1, record(1).key, None);
    let began = Instant::now();
    while let Some(at) = queries.next_at() {
        advance(at.duration_since(Instant::now())).await;
        queries.on_timer(&mut kad, Instant::now());
    }
    assert!(began.elapsed() <= Duration::from_secs(30));
    assert_eq!(answers(&mut queries), [('l', 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_waits_can_be_ended() {
    let mut kad = Kademlia::new(PeerId::random(), Vec::new());
    let mut queries = Queries::default();
    let last = UNDER_WAY_COUNT as u64;
    (0..=last).for_each(|n| queries.look_up(&mut kad, n, record(n).key, None));
    queries.end(&mut kad, last);
    queries.end(&mut kad, last);
    assert_eq!(answers(&mut queries), [('l', last)]);
}
