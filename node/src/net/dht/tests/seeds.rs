use std::time::Duration;

use libp2p::Multiaddr;
use tokio::time::{Instant, advance};

use crate::net::dht::seeds::Seeds;

fn texts(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|i| format!("/ip4/8.{i}.8.8/tcp/1")).collect()
}

fn at(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn seeds_are_dialled_eight_at_a_time_until_somebody_is_there() {
    let mut seeds = Seeds::default();
    seeds.add(&texts(0..20), Instant::now());
    let mut rounds = Vec::new();
    for _ in 0..4 {
        let now = seeds.next_at().unwrap();
        advance(now.duration_since(Instant::now())).await;
        rounds.push((seeds.due(now, true).len(), seeds.next_at().unwrap().duration_since(now).as_secs()));
    }
    assert_eq!(rounds, [(8, 2), (8, 2), (4, 30), (8, 2)]);
    let now = seeds.next_at().unwrap();
    assert!(seeds.due(now, false).is_empty());
    assert_eq!(seeds.next_at(), None);
    seeds.nobody(now);
    assert!(seeds.next_at().is_some());
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_to_ten_minutes_and_a_new_network_begins_anew() {
    let mut seeds = Seeds::default();
    seeds.add(&texts(0..1), Instant::now());
    let mut pauses = Vec::new();
    for _ in 0..7 {
        let now = seeds.next_at().unwrap();
        seeds.due(now, true);
        pauses.push(seeds.next_at().unwrap().duration_since(now).as_secs());
    }
    assert_eq!(pauses, [30, 60, 120, 240, 480, 600, 600]);
    seeds.begin(Instant::now());
    assert_eq!(seeds.due(Instant::now(), true).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn good_ones_are_told_old_ones_and_other_networks_first() {
    let mut seeds = Seeds::default();
    let mut known = texts(1..3);
    seeds.add(&known, Instant::now());
    for addr in ["/ip4/9.9.1.1/tcp/1", "/ip4/9.9.2.2/tcp/1", "/ip4/7.7.7.7/tcp/1"] {
        seeds.proved(&at(addr), Instant::now());
        advance(Duration::from_secs(1)).await;
    }
    seeds.proved(&at(&known[1]), Instant::now());
    assert_eq!(seeds.tell(Instant::now(), false), None, "others may come");
    advance(Duration::from_secs(10)).await;
    let expected: Vec<String> = vec![
        known.remove(1),
        "/ip4/9.9.1.1/tcp/1".to_owned(),
        "/ip4/7.7.7.7/tcp/1".to_owned(),
        "/ip4/9.9.2.2/tcp/1".to_owned(),
        known.remove(0),
    ];
    assert_eq!(seeds.tell(Instant::now(), false), Some(expected));
    assert_eq!(seeds.tell(Instant::now(), true), None, "no news");
    seeds.proved(&at("/ip4/6.6.6.6/tcp/1"), Instant::now());
    advance(Duration::from_secs(60)).await;
    assert_eq!(seeds.tell(Instant::now(), false), None, "not so soon");
    assert!(seeds.tell(Instant::now(), true).is_some(), "but at the end");
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_has_bounds() {
    let mut seeds = Seeds::default();
    for n in 0..250 {
        seeds.add(&texts(0..250), Instant::now());
        seeds.lost(at(&format!("/ip4/9.{n}.8.8/tcp/1")));
        seeds.proved(&at(&format!("/ip4/10.0.{n}.8/tcp/1")), Instant::now());
        seeds.proved(&at(&format!("/ip4/10.1.{n}.8/tcp/1")), Instant::now());
    }
    assert_eq!(seeds.tell(Instant::now(), true).unwrap().len(), 64);
}
