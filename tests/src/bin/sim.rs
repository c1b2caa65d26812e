//! Runs many seeds of the simulator: `sim --seeds N --from S [--scenario FILE | --mail [--keepers HOW] | --rooms [--star] [--members WEIGHT] [--loss PERCENT]]`,
//! where `--mail` has people who never meet, and mailboxes that are `honest`, `one-honest` (without a word), `late` or
//! `liars`; `--rooms` has a room, with `--star` of people who know only who made it. Prints the figures and every seed that broke a law, and ends with 1 if there was one.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use anyhow::{Context as _, bail};
use starling_tests::sim::mail::{self, Absent, Keepers};
use starling_tests::sim::rooms::{self, Rooms};
use starling_tests::sim::{Outcome, Scenario, run_all, run_as};

fn main() -> anyhow::Result<()> {
    let (mut seeds, mut from, mut scenario) = (200u64, 1u64, Scenario::default());
    let (mut absent, mut with_rooms) = (None, None::<Rooms>);
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
            "--rooms" => with_rooms = Some(with_rooms.unwrap_or_default()),
            "--members" => {
                let members = value()?.parse()?;
                with_rooms = Some(Rooms { members, ..with_rooms.unwrap_or_default() });
            }
            "--loss" => {
                let loss = value()?.parse()?;
                with_rooms = Some(Rooms { loss, ..with_rooms.unwrap_or_default() });
            }
            "--star" => with_rooms = Some(Rooms { star: true, ..with_rooms.unwrap_or_default() }),
            "--mail" => absent = Some(Absent::default()),
            "--keepers" => {
                let keepers = match value()?.as_str() {
                    "honest" => Keepers::Honest,
                    "one-honest" => Keepers::OneHonest,
                    "late" => Keepers::Late,
                    "liars" => Keepers::Liars,
                    other => bail!("no mailboxes are {other}"),
                };
                absent = Some(Absent { keepers, ..Absent::default() });
            }
            other => bail!("unknown argument {other}"),
        }
    }
    let end = from.saturating_add(seeds);
    let outcomes: Vec<Outcome> = match (&absent, &with_rooms) {
        (Some(absent), _) => run_all(from..end, |seed| mail::run(absent, seed)),
        (None, Some(with)) => run_all(from..end, |seed| rooms::run_as(with, seed)),
        (None, None) => run_all(from..end, |seed| run_as(&scenario, seed)),
    };
    let name = match (&absent, &with_rooms) {
        (Some(_), _) => "absent",
        (None, Some(_)) => "rooms",
        (None, None) => scenario.name.as_str(),
    };
    let sum = |part: fn(&Outcome) -> usize| outcomes.iter().map(part).sum::<usize>();
    println!(
        "{} seeds of {:?}: {} accepted, {} shown, {} lost, {} doubled, {} gaps shown, {} places, {} envelopes, longest drain {} s",
        outcomes.len(),
        name,
        sum(|o| o.accepted),
        sum(|o| o.shown),
        sum(|o| o.lost),
        sum(|o| o.doubled),
        sum(|o| o.gaps),
        sum(|o| o.places),
        outcomes.iter().map(|o| o.mailed).sum::<u64>(),
        outcomes.iter().map(|o| o.drained_ms).max().unwrap_or(0) / 1000,
    );
    let bad: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.faults.is_empty()).collect();
    for outcome in &bad {
        println!("seed {}: {} faults", outcome.seed, outcome.faults.len());
        for fault in outcome.faults.iter().take(5) {
            println!("  {}", fault.chars().take(160).collect::<String>());
        }
    }
    println!("{} seeds broke a law", bad.len());
    std::process::exit(i32::from(!bad.is_empty()))
}
