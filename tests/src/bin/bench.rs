//! The figures of this version, beside their floors in the same run: `scripts/bench.sh`. Two real nodes on loopback,
//! driven through the control API. Human text, or one JSON object with `--json`.

use anyhow::{Context as _, Result};
use serde_json::json;
use starling_node::api::client::Client;
use starling_node::api::types::{Sent, Status};
use starling_tests::figures::{Report, TEXT_BYTES, ms, percentile, tcp_echo, usage};
use starling_tests::live::{Person, befriend, binary, wait_for};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Messages sent one at a time.
const TURNS: usize = 2_000;
/// Messages sent with many in flight.
const FLOOD: usize = 30_000;
/// Messages that wait for somebody who is away.
const ABSENT: usize = 10_000;

/// One page written and synced, over and over, on the disk the profiles are on.
fn fdatasync(dir: &Path) -> Result<Vec<Duration>> {
    let mut file = std::fs::File::create(dir.join("sync"))?;
    let mut times = Vec::new();
    for _ in 0..500 {
        let begun = Instant::now();
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(times)
}

async fn one_at_a_time(client: &Client, to: &str) -> Result<Vec<Duration>> {
    let text = "x".repeat(TEXT_BYTES);
    let mut times = Vec::with_capacity(TURNS);
    for _ in 0..TURNS {
        let begun = Instant::now();
        let _: Sent = client.call("send", json!({ "to": to, "text": text, "wait": "delivered" })).await?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(times)
}

/// Messages per second until delivered, with `in_flight` calls at once: in all, and by thirds.
async fn flood(client: &Client, to: &str, in_flight: usize, count: usize) -> Result<(f64, Vec<f64>)> {
    let text = Arc::new("y".repeat(TEXT_BYTES));
    let places = Arc::new(Semaphore::new(in_flight));
    let begun = Instant::now();
    let mut thirds = Vec::new();
    let mut since = begun;
    for third in 1..=3usize {
        let part = count / 3;
        for _ in 0..part {
            let place = Arc::clone(&places).acquire_owned().await?;
            let (client, to, text) = (client.clone(), to.to_owned(), Arc::clone(&text));
            tokio::spawn(async move {
                let sent: Result<Sent, _> =
                    client.call("send", json!({ "to": to, "text": *text, "wait": "delivered" })).await;
                drop(place);
                sent.map(|_| ())
            });
        }
        if third == 3 {
            let all = u32::try_from(in_flight)?;
            drop(places.acquire_many(all).await?);
        }
        thirds.push(part as f64 / since.elapsed().as_secs_f64());
        since = Instant::now();
    }
    Ok((count as f64 / begun.elapsed().as_secs_f64(), thirds))
}

async fn absent(alice: &Client, bob: &mut Person) -> Result<(f64, f64)> {
    bob.kill()?;
    let text = "z".repeat(TEXT_BYTES);
    let places = Arc::new(Semaphore::new(256));
    for _ in 0..ABSENT {
        let place = Arc::clone(&places).acquire_owned().await?;
        let (client, text) = (alice.clone(), text.clone());
        tokio::spawn(async move {
            let sent: Result<Sent, _> = client.call("send", json!({ "to": "@bob", "text": text })).await;
            drop(place);
            sent.map(|_| ())
        });
    }
    drop(places.acquire_many(256).await?);
    let waiting = |client: Client| async move {
        let status: Status = client.call("status", json!({})).await?;
        anyhow::Ok(status.outbox.queued)
    };
    let before = waiting(alice.clone()).await?;
    bob.start()?;
    let begun = Instant::now();
    wait_for("everything is delivered", Duration::from_secs(120), || async {
        let left = waiting(alice.clone()).await?;
        Ok(if left == 0 { Some(()) } else { None })
    })
    .await?;
    let last = begun.elapsed();
    anyhow::ensure!(before as usize >= ABSENT, "only {before} of {ABSENT} were waiting");
    Ok((before as f64, last.as_secs_f64()))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut report = Report::new(std::env::args().any(|arg| arg == "--json"));
    let base = tempfile::tempdir()?;
    let size = std::fs::metadata(binary()?)?.len();
    report.line("binary_bytes", size, &format!("binary: {:.1} MB", size as f64 / 1e6));

    let tcp = tcp_echo(TURNS)?;
    let (p50, p99) = (percentile(&tcp, 50), percentile(&tcp, 99));
    report.line(
        "tcp_p50_ms",
        ms(p50),
        &format!("raw TCP echo, 200 B: median {:.3} ms, p99 {:.3} ms", ms(p50), ms(p99)),
    );
    report.values.insert("tcp_p99_ms".to_owned(), ms(p99).into());
    let sync = fdatasync(base.path())?;
    let (p50, p99) = (percentile(&sync, 50), percentile(&sync, 99));
    report.line(
        "fdatasync_p50_ms",
        ms(p50),
        &format!("fdatasync of a page: median {:.3} ms, p99 {:.3} ms", ms(p50), ms(p99)),
    );
    report.values.insert("fdatasync_p99_ms".to_owned(), ms(p99).into());

    let (mut alice, mut bob) = (Person::new(base.path(), "alice")?, Person::new(base.path(), "bob")?);
    let begun = Instant::now();
    alice.start()?;
    let ready = begun.elapsed();
    bob.start()?;
    report.line("start_ms", ms(ready), &format!("a node from start to ready: {:.0} ms", ms(ready)));
    let begun = Instant::now();
    befriend(&alice, &bob).await?;
    let met = begun.elapsed();
    report.line("meet_ms", ms(met), &format!("invite made to both contacts: {:.0} ms", ms(met)));

    let client = alice.client().await?;
    let times = one_at_a_time(&client, "@bob").await?;
    let (p50, p99) = (percentile(&times, 50), percentile(&times, 99));
    report.line(
        "delivered_p50_ms",
        ms(p50),
        &format!(
            "send --wait delivered, {TURNS} messages of 200 B one at a time: median {:.3} ms, p99 {:.3} ms",
            ms(p50),
            ms(p99)
        ),
    );
    report.values.insert("delivered_p99_ms".to_owned(), ms(p99).into());
    for in_flight in [64usize, 256] {
        let (rate, thirds) = flood(&client, "@bob", in_flight, FLOOD).await?;
        let words: Vec<String> = thirds.iter().map(|third| format!("{third:.0}")).collect();
        report.line(
            &format!("rate_{in_flight}"),
            rate.round(),
            &format!(
                "delivered per second with {in_flight} in flight, {FLOOD} messages: {rate:.0} (by thirds {})",
                words.join(", ")
            ),
        );
        report.values.insert(
            format!("rate_{in_flight}_thirds"),
            json!(thirds.iter().map(|t| t.round()).collect::<Vec<_>>()),
        );
    }
    let (waited, seconds) = absent(&client, &mut bob).await?;
    report.line(
        "absent_s",
        seconds,
        &format!(
            "{waited:.0} messages for somebody who was away: all delivered {seconds:.2} s after their start"
        ),
    );

    let loaded = usage(alice.pid().context("no pid")?)?.0;
    report.line(
        "loaded_rss_mb",
        loaded.round(),
        &format!("memory of the sending node after all that: {loaded:.1} MB"),
    );
    drop(client);
    alice.terminate()?;
    bob.terminate()?;
    alice.start()?;
    bob.start()?;
    let pid = alice.pid().context("no pid")?;
    wait_for("contact again", Duration::from_secs(20), || async {
        let status: Status = alice.client().await?.call("status", json!({})).await?;
        Ok((status.peers.lan.saturating_add(status.peers.direct) > 0).then_some(()))
    })
    .await?;
    let (_, before) = usage(pid)?;
    let idle = Duration::from_secs(20);
    tokio::time::sleep(idle).await;
    let (rss, after) = usage(pid)?;
    let cpu = (after - before) / idle.as_secs_f64() * 100.0;
    report.line(
        "idle_rss_mb",
        rss,
        &format!("an idle node with a contact online: {rss:.1} MB, {cpu:.2} % of a core"),
    );
    report.values.insert("idle_cpu_percent".to_owned(), cpu.into());
    report.end();
    Ok(())
}
