use std::time::Instant;

use futures::future::join_all;

use super::{Node, network};
use crate::net::dht::tests::sealed;

/// As many whole nodes as this takes seconds, roughly, on two slow cores.
const NODES_COUNT: usize = 60;
const RECORDS_COUNT: u64 = 200;

/// Every node looks for some of the records, all nodes at once; how many were not found, and how long each took.
async fn all_look(nodes: &mut [Node]) -> (u64, Vec<f64>) {
    let count = nodes.len() as u64;
    let looks = nodes.iter_mut().zip(0u64..).map(|(node, place)| async move {
        let (mut missed_count, mut times) = (0, Vec::new());
        for n in (0..RECORDS_COUNT).filter(|n| n % count == place) {
            let began = Instant::now();
            let record = sealed(n, 1, false);
            let looked = node.look_up(record.key).await;
            missed_count += u64::from(!looked.found.contains(&record.value));
            times.push(began.elapsed().as_secs_f64());
        }
        (missed_count, times)
    });
    let all = join_all(looks).await;
    let missed_count = all.iter().map(|(missed, _)| missed).sum();
    let mut times: Vec<f64> = all.into_iter().flat_map(|(_, times)| times).collect();
    times.sort_by(f64::total_cmp);
    (missed_count, times)
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_found_when_three_of_ten_nodes_are_gone() {
    let began = Instant::now();
    let mut nodes = network(NODES_COUNT).await;
    println!("{NODES_COUNT} nodes settled after {:.1} s", began.elapsed().as_secs_f64());

    let puts = nodes.iter_mut().zip(0u64..).map(|(node, place)| async move {
        let mut fewest = u32::MAX;
        // Not those it will look for.
        for n in (0..RECORDS_COUNT).filter(|n| (n + 7) % NODES_COUNT as u64 == place) {
            fewest = fewest.min(node.publish(&sealed(n, 1, false)).await);
        }
        fewest
    });
    let fewest = join_all(puts).await.into_iter().min().unwrap();
    println!(
        "{RECORDS_COUNT} records out after {:.1} s, {fewest} copies or more",
        began.elapsed().as_secs_f64()
    );
    assert!(fewest >= 15, "{fewest}");

    let (missed_count, times) = all_look(&mut nodes).await;
    println!("all there: {missed_count} missed, {:?} s at most", times.last());
    assert_eq!(missed_count, 0);

    let mut place = 0;
    let (gone, mut left): (Vec<_>, Vec<_>) = nodes.into_iter().partition(|_| {
        place += 1;
        place % 10 < 3
    });
    let gone_count = gone.len();
    gone.into_iter().for_each(Node::crash);
    let (missed_count, times) = all_look(&mut left).await;
    println!("{gone_count} gone: {missed_count} missed, {:?} s at most", times.last());
    println!("done after {:.1} s", began.elapsed().as_secs_f64());
    assert!(missed_count * 100 <= RECORDS_COUNT, "{missed_count} of {RECORDS_COUNT} not found");
}
