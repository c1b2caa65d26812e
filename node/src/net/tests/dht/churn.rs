use std::time::Instant;

use futures::StreamExt;
use futures::stream::iter;

use super::{Node, network};
use crate::net::dht::tests::sealed;

/// As many whole nodes as leave a slow machine with two cores time to answer each other.
const NODES_COUNT: usize = 40;
const RECORDS_COUNT: usize = 80;
/// Nodes that work at once: all of them share one machine.
const AT_ONCE_COUNT: usize = 5;

struct Looks {
    missed_count: usize,
    slowest_s: f64,
    asked_count: u32,
}

/// Every record is looked for, each by one of the nodes.
async fn all_found(nodes: &mut [Node]) -> Looks {
    let count = nodes.len();
    let looks = nodes.iter_mut().enumerate().map(|(place, node)| async move {
        let mut looks = Looks { missed_count: 0, slowest_s: 0.0, asked_count: 0 };
        for n in (0..RECORDS_COUNT).filter(|n| n % count == place) {
            let (began, record) = (Instant::now(), sealed(n as u64, 1, false));
            let looked = node.look_up(record.key).await;
            looks.missed_count += usize::from(!looked.found.contains(&record.value));
            looks.slowest_s = looks.slowest_s.max(began.elapsed().as_secs_f64());
            looks.asked_count += looked.asked;
        }
        looks
    });
    let all: Vec<Looks> = iter(looks).buffer_unordered(AT_ONCE_COUNT).collect().await;
    Looks {
        missed_count: all.iter().map(|l| l.missed_count).sum(),
        slowest_s: all.iter().map(|l| l.slowest_s).fold(0.0, f64::max),
        asked_count: all.iter().map(|l| l.asked_count).sum(),
    }
}

fn print(what: &str, began: Instant, looks: &Looks) {
    println!(
        "{what}: {} of {RECORDS_COUNT} missed, {:.1} s at most, {} nodes answered each, after {:.1} s",
        looks.missed_count,
        looks.slowest_s,
        looks.asked_count / RECORDS_COUNT as u32,
        began.elapsed().as_secs_f64()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_found_when_three_of_ten_nodes_are_gone() {
    let began = Instant::now();
    let mut nodes = network(NODES_COUNT).await;
    println!("{NODES_COUNT} nodes settled after {:.1} s", began.elapsed().as_secs_f64());

    let puts = nodes.iter_mut().enumerate().map(|(place, node)| async move {
        let mut copies = Vec::new();
        // Not those it will look for.
        for n in (0..RECORDS_COUNT).filter(|n| (n + 7) % NODES_COUNT == place) {
            copies.push(node.publish(&sealed(n as u64, 1, false)).await);
        }
        copies
    });
    let copies: Vec<Vec<u32>> = iter(puts).buffer_unordered(AT_ONCE_COUNT).collect().await;
    let mut copies = copies.concat();
    copies.sort_unstable();
    println!("copies: {copies:?} after {:.1} s", began.elapsed().as_secs_f64());
    assert!(copies[RECORDS_COUNT / 20] >= 15, "{copies:?}");

    let looks = all_found(&mut nodes).await;
    print("all there", began, &looks);
    assert_eq!(looks.missed_count, 0);

    let mut place = 0;
    let (gone, mut left): (Vec<_>, Vec<_>) = nodes.into_iter().partition(|_| {
        place += 1;
        place % 10 < 3
    });
    gone.into_iter().for_each(Node::crash);
    let looks = all_found(&mut left).await;
    print("three of ten gone", began, &looks);
    assert!(looks.missed_count * 100 <= RECORDS_COUNT, "{} not found", looks.missed_count);
}
