//! What the benchmarks share: the report, percentiles, what a process uses, and the floor of raw TCP.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Bytes of the text of every message sent.
pub const TEXT_BYTES: usize = 200;

/// Lines for people as they come, or one JSON object at the end.
#[derive(Debug, Default)]
pub struct Report {
    json: bool,
    /// What was measured, by name.
    pub values: Map<String, Value>,
}

impl Report {
    /// Without a line so far; `json`: say nothing until the end.
    pub fn new(json: bool) -> Self {
        Self { json, values: Map::new() }
    }

    /// A figure under its name, and in words.
    #[allow(clippy::print_stdout, reason = "this is what it is for")]
    pub fn line(&mut self, name: &str, value: impl Into<Value>, words: &str) {
        if !self.json {
            println!("{words}");
        }
        self.values.insert(name.to_owned(), value.into());
    }

    /// Prints the object, if it is to be one.
    #[allow(clippy::print_stdout, reason = "this is what it is for")]
    pub fn end(self) {
        if self.json {
            println!("{}", Value::Object(self.values));
        }
    }
}

/// The value below which so many percent lie; `sorted` from small to large.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted
        .get((sorted.len().saturating_mul(percent) / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

/// Milliseconds, to the microsecond.
pub fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// Raw TCP on loopback between two threads, [`TEXT_BYTES`] there and back, sorted.
///
/// # Errors
/// The system's.
pub fn tcp_echo(turns: usize) -> Result<Vec<Duration>> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let addr = listener.local_addr()?;
    let echo = std::thread::spawn(move || -> Result<()> {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut buffer = [0; TEXT_BYTES];
        while stream.read_exact(&mut buffer).is_ok() {
            stream.write_all(&buffer)?;
        }
        Ok(())
    });
    let mut stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    let mut buffer = [7; TEXT_BYTES];
    let mut times = Vec::with_capacity(turns);
    for _ in 0..turns {
        let begun = Instant::now();
        stream.write_all(&buffer)?;
        stream.read_exact(&mut buffer)?;
        times.push(begun.elapsed());
    }
    drop(stream);
    echo.join().ok().context("the echo failed")??;
    times.sort();
    Ok(times)
}

/// The most resident memory a process has had, in MB.
///
/// # Errors
/// When there is no such process.
pub fn peak_mb(pid: u32) -> Result<f64> {
    status_mb(pid, "VmHWM:")
}

fn status_mb(pid: u32, name: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kb: f64 =
        line.and_then(|rest| rest.split_whitespace().next()).with_context(|| name.to_owned())?.parse()?;
    Ok(kb / 1024.0)
}

/// Resident memory in MB and processor time in seconds of a process.
///
/// # Errors
/// When there is no such process.
pub fn usage(pid: u32) -> Result<(f64, f64)> {
    let rss = status_mb(pid, "VmRSS:")?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    Ok((rss, (ticks(11) + ticks(12)) / 100.0))
}

/// Bytes that went over loopback since this machine (or namespace) started, of all processes, headers included.
///
/// # Errors
/// When the system does not count them.
pub fn loopback_bytes() -> Result<u64> {
    let counted = std::fs::read_to_string("/proc/net/dev")?;
    let line = counted.lines().find_map(|line| line.trim_start().strip_prefix("lo:"));
    let first = line.and_then(|line| line.split_whitespace().next()).context("nothing counts loopback")?;
    Ok(first.parse()?)
}

/// Processor time this process has used so far.
///
/// # Errors
/// When the system does not tell.
pub fn own_cpu() -> Result<Duration> {
    let (_, seconds) = usage(std::process::id())?;
    Ok(Duration::from_secs_f64(seconds))
}
