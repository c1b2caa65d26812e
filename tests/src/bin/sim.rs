//! Runs many seeds of the simulator: `sim --seeds N --from S [--scenario FILE]`. Prints the figures and every seed
//! that broke a law, and ends with 1 if there was one.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use anyhow::{Context as _, bail};
use starling_tests::sim::{Outcome, Scenario, run_as};
use std::sync::atomic::{AtomicU64, Ordering};

fn main() -> anyhow::Result<()> {
    let (mut seeds, mut from, mut scenario) = (200u64, 1u64, Scenario::default());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--seeds" => seeds = value()?.parse()?,
            "--from" => from = value()?.parse()?,
            "--scenario" => {
                let path = value()?;
                let text = std::fs::read_to_string(&path)?;
                scenario = Scenario::parse(&path, &text).map_err(anyhow::Error::msg)?;
            }
            other => bail!("unknown argument {other}"),
        }
    }
    let next = AtomicU64::new(from);
    let end = from.saturating_add(seeds);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end {
                    return done;
                }
                done.push(run_as(&scenario, seed));
            }
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    let sum = |part: fn(&Outcome) -> usize| outcomes.iter().map(part).sum::<usize>();
    println!(
        "{} seeds of {:?}: {} accepted, {} shown, {} lost, {} doubled, {} gaps shown, {} places, longest drain {} s",
        outcomes.len(),
        scenario.name,
        sum(|o| o.accepted),
        sum(|o| o.shown),
        sum(|o| o.lost),
        sum(|o| o.doubled),
        sum(|o| o.gaps),
        sum(|o| o.places),
        outcomes.iter().map(|o| o.drained_ms).max().unwrap_or(0) / 1000,
    );
    let mut bad: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.faults.is_empty()).collect();
    bad.sort_by_key(|outcome| outcome.seed);
    for outcome in &bad {
        println!("seed {}: {} faults", outcome.seed, outcome.faults.len());
        for fault in outcome.faults.iter().take(5) {
            println!("  {}", fault.chars().take(160).collect::<String>());
        }
    }
    if outcomes.len() as u64 != seeds {
        bail!("{} of {seeds} seeds did not end", seeds.saturating_sub(outcomes.len() as u64));
    }
    println!("{} seeds broke a law", bad.len());
    std::process::exit(i32::from(!bad.is_empty()))
}
