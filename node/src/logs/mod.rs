//! What was logged of late, for a person who looks (F8, `starling logs`): the newest lines, in memory only. Names,
//! texts, ids and addresses become short tags before a line is kept, the same tag for the same word as long as the
//! process runs; what was never kept cannot leak. Must not write anywhere.

mod redact;
#[cfg(test)]
mod tests;

use redact::Redactor;
use serde::Deserialize;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Lines kept. Fewer lose the beginning of what went wrong; more is memory for what nobody reads.
pub const LINES: usize = 2_000;
/// Bytes of text kept in all: what an answer of the API can carry.
const BYTES: usize = 512 * 1024;
/// Bytes kept of one line; the rest of a longer one is cut off.
const LINE_BYTES: usize = 1_024;

/// How grave a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something does not work.
    Error,
    /// Something may not work.
    Warn,
    /// Something a person may care about.
    Info,
    /// What is needed to understand the rest.
    Debug,
    /// Everything.
    #[default]
    Trace,
}

impl Level {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    fn of(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::TRACE => Self::Trace,
        }
    }
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1; later ones are higher.
    pub number: u64,
    /// When, milliseconds since 1970.
    pub wall_ms: i64,
    /// How grave.
    pub level: Level,
    /// The part of the program.
    pub part: &'static str,
    /// What it says.
    pub text: String,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Line>,
    bytes: usize,
    last: u64,
}

#[derive(Debug, Default)]
struct Shared {
    redactor: Option<Redactor>,
    kept: Mutex<Kept>,
}

/// The newest lines: a layer for `tracing`, and what reads them. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Logs(Arc<Shared>);

impl Logs {
    /// An empty log; `private` keeps names, texts and addresses as they are.
    pub fn new(private: bool) -> Self {
        let redactor = (!private).then(Redactor::default);
        Self(Arc::new(Shared { redactor, kept: Mutex::default() }))
    }

    /// The log that this process writes, if its set-up has one; else an empty one.
    pub fn present() -> Self {
        tracing::dispatcher::get_default(|dispatch| dispatch.downcast_ref::<Self>().cloned())
            .unwrap_or_default()
    }

    /// The lines after a number that are at least so grave, oldest first.
    pub fn lines(&self, since: u64, level: Level) -> Vec<Line> {
        let kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lines.iter().filter(|line| line.number > since && line.level <= level).cloned().collect()
    }

    fn keep(&self, level: Level, part: &'static str, text: &str) {
        let mut end = text.len().min(LINE_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut text = text.get(..end).unwrap_or_default().to_owned();
        // A line is one line, and steers nothing.
        text.retain(|c| !c.is_control());
        let wall_ms = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let wall_ms = wall_ms.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        // Whole after every statement.
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        kept.bytes += text.len();
        let number = kept.last;
        kept.lines.push_back(Line { number, wall_ms, level, part, text });
        while kept.lines.len() > LINES || kept.bytes > BYTES {
            let Some(gone) = kept.lines.pop_front() else { break };
            kept.bytes -= gone.text.len();
        }
    }
}

impl<S: Subscriber> Layer<S> for Logs {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text =
            Words { redactor: self.0.redactor.as_ref(), message: String::new(), rest: String::new() };
        event.record(&mut text);
        let metadata = event.metadata();
        self.keep(Level::of(*metadata.level()), metadata.target(), &format!("{}{}", text.message, text.rest));
    }
}

/// The words of one event.
struct Words<'a> {
    redactor: Option<&'a Redactor>,
    message: String,
    rest: String,
}

impl Words<'_> {
    fn take(&mut self, field: &Field, value: &str) {
        let name = field.name();
        let value = match self.redactor {
            Some(redactor) => redactor.field(name, value),
            None => value.to_owned(),
        };
        if name == "message" {
            self.message = value;
        } else {
            // Writing into a String cannot fail.
            let _ = write!(self.rest, " {name}={value}");
        }
    }
}

impl Visit for Words<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value);
    }
}
