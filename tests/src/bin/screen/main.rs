//! How fast the screen is: the real program in a pseudo terminal, from the key that is pressed to the output that shows
//! it. `scripts/bench.sh screen [--json] [--messages N] [--rounds N] [--keys N] [--rate N] [start|open|keys|idle ...]`

mod pty;

use anyhow::{Context as _, Result};
use pty::{Pty, SIZE};
use serde_json::{Value, json};
use starling_node::api::client::Client;
use starling_node::api::types::Sent;
use starling_tests::figures::{Report, ms, percentile, usage};
use starling_tests::live::{Person, befriend};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Calls in flight while a chat is filled.
const IN_FLIGHT: u32 = 256;
/// Messages sent before it is waited for that they are there.
const WAITING: usize = 10_000;
/// Time of nothing that is looked at.
const IDLE: Duration = Duration::from_secs(10);
/// Between two keys, and every third time a little more, so that keys do not keep step with frames.
const BETWEEN_KEYS: Duration = Duration::from_millis(23);

/// What was asked for.
struct Wanted {
    json: bool,
    messages: usize,
    rounds: usize,
    keys: usize,
    rate: u64,
    parts: Vec<String>,
}

impl Wanted {
    fn of(args: impl Iterator<Item = String>) -> Result<Self> {
        let mut wanted =
            Self { json: false, messages: 100_000, rounds: 10, keys: 400, rate: 1_000, parts: Vec::new() };
        let mut args = args;
        while let Some(arg) = args.next() {
            let mut number = || -> Result<usize> { Ok(args.next().context("a number is missing")?.parse()?) };
            match arg.as_str() {
                "--json" => wanted.json = true,
                "--messages" => wanted.messages = number()?,
                "--rounds" => wanted.rounds = number()?.max(1),
                "--keys" => wanted.keys = number()?.max(10),
                "--rate" => wanted.rate = u64::try_from(number()?)?.max(100),
                part => wanted.parts.push(part.to_owned()),
            }
        }
        Ok(wanted)
    }

    fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|one| one == part)
    }
}

/// Middle, 99th part of a hundred, and worst.
fn spread(report: &mut Report, name: &str, mut times: Vec<Duration>, words: &str) {
    times.sort();
    let (p50, p99) = (percentile(&times, 50), percentile(&times, 99));
    let worst = times.last().copied().unwrap_or_default();
    let values = json!({ "p50_ms": ms(p50), "p99_ms": ms(p99), "worst_ms": ms(worst), "count": times.len() });
    let line = format!("{words}: median {:.3} ms, p99 {:.3} ms, worst {:.3} ms", ms(p50), ms(p99), ms(worst));
    report.line(name, values, &line);
}

/// Starts the screen and presses a key until it is in the editor; says how long that took.
fn start(dir: &Path) -> Result<Duration> {
    let mut pty = Pty::start(dir, &["chat", "me"])?;
    // A key pressed while the program is not there yet may get lost: pressed again until it shows.
    let shown = loop {
        pty.send("x")?;
        let end = Instant::now() + Duration::from_millis(2);
        let seen = |screen: &vt100::Screen| Pty::editor(screen).is_some_and(|line| line.starts_with('x'));
        if let Some(at) = pty.until_or(end, seen) {
            break at;
        }
    };
    let took = shown.duration_since(pty.started);
    pty.end()?;
    Ok(took)
}

/// Fills the chat of two people with delivered messages.
async fn fill(client: &Client, to: &str, count: usize) -> Result<()> {
    let places = Arc::new(Semaphore::new(usize::try_from(IN_FLIGHT)?));
    for nth in 0..count {
        if nth > 0 && nth.is_multiple_of(WAITING) {
            // An outbox takes no more than 20,000 that wait.
            drop(places.acquire_many(IN_FLIGHT).await?);
            deliver(client, to, "so far").await?;
        }
        let place = Arc::clone(&places).acquire_owned().await?;
        let (client, to) = (client.clone(), to.to_owned());
        tokio::spawn(async move {
            let text = format!("message {nth} of many, as long as people write them, more or less");
            let sent: Result<Sent, _> = client.call("send", json!({ "to": to, "text": text })).await;
            drop(place);
            sent.map(|_| ())
        });
    }
    drop(places.acquire_many(IN_FLIGHT).await?);
    deliver(client, to, "the last one").await?;
    // Its place in the list is known: behind the notes.
    let _: Value = client.call("chats.set", json!({ "to": to, "pinned": true })).await?;
    Ok(())
}

/// Sends one, and waits until it and all before it are there.
async fn deliver(client: &Client, to: &str, text: &str) -> Result<()> {
    let wish = json!({ "to": to, "text": text, "wait": "delivered", "timeout_ms": 120_000 });
    let _: Sent = client.call("send", wish).await?;
    Ok(())
}

/// From the key to the chat's last message, in a screen that has not had that chat open.
fn open(dir: &Path) -> Result<Duration> {
    let mut pty = Pty::start(dir, &["chat", "me"])?;
    pty.until("the notes", |screen| screen.contents().contains("Note to self"))?;
    pty.listen(Duration::from_millis(300));
    let begun = Instant::now();
    pty.send("\x1b2")?;
    let shown = pty.until("the chat", |screen| {
        let text = screen.contents();
        text.contains("the last one") && !text.contains("Note to self")
    })?;
    let took = shown.duration_since(begun);
    pty.end()?;
    Ok(took)
}

/// From a key to its letter in the editor.
fn keys(pty: &mut Pty, count: usize) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    let mut line = String::new();
    for (nth, letter) in ('a'..='z').cycle().take(count).enumerate() {
        line.push(letter);
        let begun = Instant::now();
        pty.send(&letter.to_string())?;
        let shown = pty
            .until("the letter", |screen| Pty::editor(screen).is_some_and(|text| text.starts_with(&line)))?;
        times.push(shown.duration_since(begun));
        pty.listen(BETWEEN_KEYS + Duration::from_millis(if nth.is_multiple_of(3) { 4 } else { 0 }));
        if line.len() >= 40 {
            line.clear();
            pty.send("\x15")?;
            pty.until("an empty line", |screen| {
                Pty::editor(screen).is_some_and(|text| !text.starts_with(|c: char| c.is_ascii_lowercase()))
            })?;
        }
    }
    pty.send("\x15")?;
    pty.listen(BETWEEN_KEYS);
    Ok(times)
}

/// Sends so many messages a second until told to stop; counts them.
fn flood(client: Client, to: String, rate: u64, stop: Arc<AtomicBool>, sent: Arc<AtomicU64>) {
    tokio::spawn(async move {
        let places = Arc::new(Semaphore::new(1_024));
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        while !stop.load(Ordering::Relaxed) {
            tick.tick().await;
            for _ in 0..rate / 100 {
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else { break };
                let (client, to, sent) = (client.clone(), to.clone(), Arc::clone(&sent));
                tokio::spawn(async move {
                    let nth = sent.load(Ordering::Relaxed);
                    let text = format!("{nth} things happen at once and all of them are told");
                    let done: Result<Sent, _> = client.call("send", json!({ "to": to, "text": text })).await;
                    if done.is_ok() {
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                    drop(place);
                });
            }
        }
    });
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let wanted = Wanted::of(std::env::args().skip(1))?;
    let mut report = Report::new(wanted.json);
    let base = tempfile::tempdir()?;
    let (mut alice, mut bob) = (Person::new(base.path(), "alice")?, Person::new(base.path(), "bob")?);
    let dir = alice.dir.clone();
    if wanted.has("start") {
        let times = (0..wanted.rounds).map(|_| start(&dir)).collect::<Result<Vec<_>>>()?;
        spread(
            &mut report,
            "start_alone",
            times,
            "start to the first key shown, without a node (aim 150 ms)",
        );
    }
    alice.start()?;
    if wanted.has("start") {
        let times = (0..wanted.rounds).map(|_| start(&dir)).collect::<Result<Vec<_>>>()?;
        spread(&mut report, "start_attached", times, "start to the first key shown, with a node (aim 20 ms)");
    }
    if !["open", "keys", "idle"].iter().any(|part| wanted.has(part)) {
        report.end();
        return Ok(());
    }
    bob.start()?;
    befriend(&alice, &bob).await?;
    let (client, others) = (alice.client().await?, bob.client().await?);
    if wanted.has("open") {
        let begun = Instant::now();
        fill(&client, "@bob", wanted.messages).await?;
        let words =
            format!("a chat of {} messages, made in {:.0} s", wanted.messages, begun.elapsed().as_secs_f64());
        report.line("messages", wanted.messages, &words);
        let times = (0..wanted.rounds).map(|_| open(&dir)).collect::<Result<Vec<_>>>()?;
        spread(&mut report, "open", times, "that chat opened, key to picture (aim 15 ms)");
    }
    let mut pty = Pty::start(&dir, &["chat", "@bob"])?;
    pty.until("the chat", |screen| screen.contents().contains("> Message bob"))?;
    pty.listen(Duration::from_secs(1));
    if wanted.has("keys") {
        let times = keys(&mut pty, wanted.keys)?;
        spread(&mut report, "key_idle", times, "key to paint, nothing else going on (aim 0.5 ms)");
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        flood(others, "@alice".to_owned(), wanted.rate, Arc::clone(&stop), Arc::clone(&sent));
        pty.until("the flood", |screen| screen.contents().contains("things happen at once"))?;
        let (begun, before, frames) = (Instant::now(), sent.load(Ordering::Relaxed), pty.frames);
        let times = keys(&mut pty, wanted.keys)?;
        let seconds = begun.elapsed().as_secs_f64();
        let rate = (sent.load(Ordering::Relaxed) - before) as f64 / seconds;
        let frames = (pty.frames - frames) as f64 / seconds;
        stop.store(true, Ordering::Relaxed);
        let words = format!("key to paint while {rate:.0} messages a second arrive (aim 2 ms, worst 8 ms)");
        spread(&mut report, "key_busy", times, &words);
        report.values.insert("busy_rate".to_owned(), rate.round().into());
        report.line(
            "busy_frames",
            frames.round(),
            &format!("frames a second meanwhile: {frames:.0} (62 at most)"),
        );
    }
    if wanted.has("idle") {
        // What is still under way, and the line that tells of the network after ten seconds.
        pty.listen(Duration::from_secs(12));
        let (bytes, frames) = (pty.bytes, pty.frames);
        pty.listen(IDLE);
        let (bytes, frames) = (pty.bytes - bytes, pty.frames - frames);
        report.line(
            "idle_frames",
            frames,
            &format!("in {IDLE:?} of nothing: {frames} frames, {bytes} bytes (aim 0)"),
        );
        report.values.insert("idle_bytes".to_owned(), bytes.into());
        let (rss, _) = usage(pty.pid()?)?;
        let words =
            format!("memory of the attached screen at {}x{}: {rss:.1} MB (aim 16 MB)", SIZE.0, SIZE.1);
        report.line("rss_mb", rss, &words);
    }
    pty.end()?;
    report.end();
    Ok(())
}
