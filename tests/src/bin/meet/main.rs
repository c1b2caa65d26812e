//! How people find each other, in figures: `scripts/bench.sh discovery`. Real nodes: through a DHT on loopback, through
//! two routers and a relay, on a LAN; what an idle node costs; what somebody on the wire can read. The last four need
//! network namespaces (root, `ip`, `nft`).

#![allow(clippy::indexing_slicing, reason = "a list made here has what was put in")]

mod cost;
mod roads;
mod town;

use anyhow::{Context as _, Result, bail};
use starling_tests::figures::{Report, ms, percentile, tcp_echo};
use std::time::Duration;

/// All shows, in the order they run.
const SHOWS: [&str; 5] = ["dht", "nat", "lan", "idle", "wire"];
/// Times a thing that should take seconds may take before the show is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the command line asks for.
struct Wanted {
    rounds: usize,
    minutes: u64,
}

/// Median, worst and all of some times, under `name` and in words.
fn times(report: &mut Report, name: &str, words: &str, mut all: Vec<Duration>) {
    let in_order: Vec<f64> = all.iter().copied().map(ms).collect();
    all.sort();
    let (median, worst) = (percentile(&all, 50), all.last().copied().unwrap_or_default());
    report.values.insert(format!("{name}_ms"), in_order.into());
    report.values.insert(format!("{name}_worst_ms"), ms(worst).into());
    let line = format!("{words}: median {:.2} s, worst {:.2} s of {}", secs(median), secs(worst), all.len());
    report.line(&format!("{name}_median_ms"), ms(median), &line);
}

fn secs(time: Duration) -> f64 {
    time.as_secs_f64()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let (mut json, mut wanted, mut shows) = (false, Wanted { rounds: 20, minutes: 10 }, Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().with_context(|| format!("{arg} needs a number"));
        match arg.as_str() {
            "--json" => json = true,
            "--rounds" => wanted.rounds = number()?.parse()?,
            "--minutes" => wanted.minutes = number()?.parse::<u64>()?.max(2),
            show if SHOWS.contains(&show) => shows.push(arg),
            other => bail!("{other}? There are {}", SHOWS.join(", ")),
        }
    }
    let mut report = Report::new(json);
    let floor = percentile(&tcp_echo(2_000)?, 50);
    report.line("tcp_p50_ms", ms(floor), &format!("raw TCP echo, 200 B: median {:.3} ms", ms(floor)));
    for show in SHOWS {
        if !shows.is_empty() && !shows.iter().any(|one| one == show) {
            continue;
        }
        match show {
            "dht" => roads::dht(&mut report, &wanted).await?,
            "nat" => roads::nat(&mut report, &wanted).await?,
            "lan" => roads::lan(&mut report, &wanted).await?,
            "idle" => cost::idle(&mut report, &wanted).await?,
            _ => cost::wire(&mut report).await?,
        }
    }
    report.end();
    Ok(())
}
