//! Rooms, in figures: `scripts/bench.sh rooms`. Fifty nodes in one process that gossip over loopback; what a removal, a
//! message and a join cost in a large room; how soon a newcomer reads what was said before; five real nodes.

#![allow(clippy::indexing_slicing, reason = "a list made here has what was put in")]

mod five;
mod gossip;
mod many;
mod member;
mod newcomer;
mod removal;

use anyhow::{Context as _, Result, bail, ensure};
use starling_tests::figures::{Report, ms, percentile, tcp_echo};
use std::time::Duration;

/// All shows, in the order they run.
const SHOWS: [&str; 4] = ["gossip", "removal", "newcomer", "five"];

/// Links of a member of the room that gossips, at least, before the clock runs.
const LINKS: usize = 2;

/// What the command line asks for.
struct Wanted {
    /// Members of the room that gossips.
    nodes: usize,
    /// Others that a member of it can connect with, at most; without a bound as many as the product likes.
    links: usize,
    /// Messages of each part of the shows that count latencies.
    turns: usize,
    /// Members of the large room.
    members: usize,
    /// Messages that are there when a newcomer comes.
    messages: usize,
}

fn secs(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000.0).round() / 1_000.0
}

/// Median, 99th percentile and worst of some times, under `name` and in words.
fn times(report: &mut Report, name: &str, words: &str, all: &mut [Duration]) {
    all.sort();
    let (p50, p99) = (percentile(all, 50), percentile(all, 99));
    let worst = all.last().copied().unwrap_or_default();
    report.values.insert(format!("{name}_p99_ms"), ms(p99).into());
    report.values.insert(format!("{name}_worst_ms"), ms(worst).into());
    let count = all.len();
    report.line(
        &format!("{name}_p50_ms"),
        ms(p50),
        &format!(
            "{words}: median {:.2} ms, p99 {:.2} ms, worst {:.2} ms of {count}",
            ms(p50),
            ms(p99),
            ms(worst)
        ),
    );
}

/// A share in percent, under `name` and in words.
fn share(report: &mut Report, name: &str, words: &str, part: usize, all: usize) {
    let percent = if all == 0 { 0.0 } else { (part as f64 * 10_000.0 / all as f64).round() / 100.0 };
    report.line(&format!("{name}_percent"), percent, &format!("{words}: {percent:.2} % ({part} of {all})"));
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut json = false;
    let mut wanted = Wanted { nodes: 50, links: usize::MAX, turns: 200, members: 250, messages: 10_000 };
    let mut shows = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || -> Result<usize> {
            Ok(args.next().with_context(|| format!("{arg} needs a number"))?.parse()?)
        };
        match arg.as_str() {
            "--json" => json = true,
            "--nodes" => wanted.nodes = number()?,
            "--links" => wanted.links = number()?.max(LINKS),
            "--turns" => wanted.turns = number()?,
            "--members" => wanted.members = number()?,
            "--messages" => wanted.messages = number()?,
            show if SHOWS.contains(&show) => shows.push(arg),
            other => bail!("{other}? There are {}", SHOWS.join(", ")),
        }
    }
    ensure!(wanted.nodes >= 8 && wanted.turns > 0, "at least 8 nodes and one turn");
    ensure!(wanted.members >= 3 && wanted.messages >= 100, "at least 3 members and 100 messages");
    let mut report = Report::new(json);
    let floor = percentile(&tcp_echo(2_000)?, 50);
    report.line("tcp_p50_ms", ms(floor), &format!("raw TCP echo, 200 B: median {:.3} ms", ms(floor)));
    for show in SHOWS {
        if !shows.is_empty() && !shows.iter().any(|one| one == show) {
            continue;
        }
        match show {
            "gossip" => Box::pin(gossip::gossip(&mut report, &wanted)).await?,
            "removal" => removal::removal(&mut report, &wanted)?,
            "newcomer" => newcomer::newcomer(&mut report, &wanted).await?,
            _ => five::five(&mut report, &wanted).await?,
        }
    }
    report.end();
    Ok(())
}
