//! Mail for the absent, in figures: `scripts/bench.sh mail`. Real nodes on loopback: two people who are never on line
//! together, and a mailbox that holds a hundred thousand envelopes.

mod absent;
mod office;

use anyhow::{Context as _, Result, bail};
use starling_tests::figures::{Report, ms, percentile, tcp_echo};
use std::time::Duration;

/// All shows, in the order they run.
const SHOWS: [&str; 3] = ["gone", "drain", "office"];

/// What the command line asks for.
struct Wanted {
    rounds: usize,
    messages: usize,
    envelopes: usize,
}

fn secs(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000.0).round() / 1_000.0
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut json = false;
    let mut wanted = Wanted { rounds: 3, messages: 10_000, envelopes: 100_000 };
    let mut shows = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || -> Result<usize> {
            Ok(args.next().with_context(|| format!("{arg} needs a number"))?.parse()?)
        };
        match arg.as_str() {
            "--json" => json = true,
            "--rounds" => wanted.rounds = number()?,
            "--messages" => wanted.messages = number()?,
            "--envelopes" => wanted.envelopes = number()?,
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
            "gone" => absent::gone(&mut report, &wanted).await?,
            "drain" => absent::drain(&mut report, &wanted).await?,
            _ => office::office(&mut report, &wanted).await?,
        }
    }
    report.end();
    Ok(())
}
