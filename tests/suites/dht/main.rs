//! People who find each other through a DHT of leavers and liars: nearly always the right one, never a wrong one.
//! `STARLING_DHT_ROUNDS` says how often the suites with shares in them scatter everybody.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

mod attacks;
mod churn;
mod privacy;
mod times;

use starling_protocol::testing::Dht;
use starling_tests::sim::finding::{Figures, Finding, Meeting};

/// Rounds of the suites with shares in them, unless the environment says otherwise: some hundred meetings each.
const ROUNDS: u64 = 4;
/// People in those suites.
const PEOPLE: usize = 6;

fn rounds() -> u64 {
    std::env::var("STARLING_DHT_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

/// Scatters a world again and again, letting hours pass between, and judges it.
fn scattered(world: &mut Finding, rounds: u64, hours_between: u64) -> Vec<Meeting> {
    let mut meetings = Vec::new();
    for _ in 0..rounds {
        meetings.extend(world.scatter(30_000));
        world.world.run(hours_between * 3_600_000);
    }
    assert_eq!(world.judge(), Vec::<String>::new());
    meetings
}

/// A DHT of 200 nodes.
fn large(seed: u64) -> Dht {
    Dht::new(200, seed)
}

/// Prints the figures of a suite and asserts the share, in thousandths.
fn expect(name: &str, meetings: &[Meeting], per_mille: usize) {
    let figures = Figures::of(meetings);
    println!("{name}: {figures}");
    let missed: Vec<&Meeting> = meetings.iter().filter(|meeting| meeting.ms.is_none()).take(5).collect();
    assert!(figures.wanted > 0 && figures.at_least(per_mille), "{name}: {figures}; {missed:?}");
}
