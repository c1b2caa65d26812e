//! `logs`, and where this process writes its own: to stderr (the daemon), and into memory, from where F8 and `logs`
//! read.

use super::args::Global;
use super::out::{Out, guard_line};
use super::session::Session;
use clap::ValueEnum;
use serde_json::json;
use starling_node::api::types::{LogLine, Object, Trouble};
use starling_node::logs::Logs;
use std::io::IsTerminal;
use std::time::Duration;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// How often `logs --follow` looks.
const LOOK: Duration = Duration::from_millis(500);
/// What is kept in memory, in `tracing`'s words. What others do wrong in the DHT is not its user's business.
const KEPT: &str = "info,libp2p_kad=error,libp2p_gossipsub=off,libp2p_mdns=warn,libp2p_swarm=warn,starling_node=debug,starling_protocol=debug,starling_tui=debug";

/// How grave a line must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Something does not work.
    Error,
    /// Something may not work.
    Warn,
    /// Something a person may care about.
    Info,
    /// What is needed to understand the rest.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Keeps the newest lines of this process in memory; a daemon also writes to stderr, without colour unless that is a
/// terminal. STARLING_LOG says what goes to stderr, in `tracing`'s words.
pub fn begin(global: &Global, stderr: bool) {
    let usual = match global.verbose {
        // A lone node is nothing to warn of.
        0 => "warn,libp2p_kad=error,libp2p_gossipsub=off,starling_node=info,starling_tui=info",
        1 => "info,starling_node=debug,starling_protocol=debug",
        _ => "debug",
    };
    let filter = std::env::var("STARLING_LOG").unwrap_or_else(|_| usual.to_owned());
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(usual));
    let ansi = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let written = stderr.then(|| {
        tracing_subscriber::fmt::layer()
            // A log that cannot be written (a full disk) must not end the node: the default tells of it on stderr,
            // which panics if that is the log.
            .log_internal_errors(false)
            .with_writer(std::io::stderr)
            .with_ansi(ansi)
            .with_filter(filter)
    });
    let kept = Logs::new(global.log_private).with_filter(EnvFilter::new(KEPT));
    // A second subscriber in one process would be a test's; the first one stays.
    let _ = tracing_subscriber::registry().with(written).with(kept).try_init();
}

/// `logs`.
///
/// # Errors
/// The node's, in words.
pub async fn logs(session: &Session, out: Out, follow: bool, level: Option<LogLevel>) -> Result<(), Trouble> {
    let level = level.unwrap_or(LogLevel::Trace).word();
    let mut since = 0;
    loop {
        let lines: Vec<LogLine> =
            session.client.call("logs", json!({ "since": since, "level": level })).await?;
        for one in &lines {
            since = one.n;
            out.object(&Object::LogLine(one.clone()), || line(one));
        }
        if !follow {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A line in words.
pub fn line(one: &LogLine) -> String {
    format!("{} {:<5} {}: {}", one.at, one.level, guard_line(&one.part), guard_line(&one.text))
}
