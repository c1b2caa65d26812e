//! What was said to what is around the screen, and the log as F8 shows it.

use super::Model;
use super::line::Line;
use crate::screen::notify::{self, Muted, Notices, Rules};
use crate::screen::settings::{Notify, NotifyOpen};
use starling_node::api::types::{Chat, LogLine};
use std::collections::VecDeque;

/// Lines of the log held; as many as the node keeps.
const LINES: usize = starling_node::logs::LINES;
/// Levels of the log, the gravest first.
pub const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
/// Milliseconds between two looks at the log while it is open.
pub const LOG_LOOK_MS: u64 = 1_000;

/// What was said outside.
#[derive(Debug, Default)]
pub struct Outside {
    /// Notices told and held back.
    pub notices: Notices,
    /// The window's title; empty: none was given.
    pub title: String,
}

/// F8.
#[derive(Debug, Clone)]
pub struct LogView {
    /// What was typed: only lines with it are shown.
    pub query: Line,
    /// The least grave level shown, an index into [`LEVELS`].
    pub level: usize,
    /// The lines, oldest first.
    pub lines: VecDeque<LogLine>,
    /// The number of the line at the bottom; none follows the end.
    pub bottom: Option<u64>,
    /// When it is read again, on the monotonic clock.
    pub look_ms: u64,
}

impl LogView {
    /// An empty view that follows the end.
    pub fn new(query: Line, look_ms: u64) -> Self {
        Self { query, level: 2, lines: VecDeque::new(), bottom: None, look_ms }
    }

    /// The number of the newest line.
    pub fn newest(&self) -> u64 {
        self.lines.back().map_or(0, |line| line.n)
    }

    /// Takes in what is new.
    pub fn take(&mut self, lines: Vec<LogLine>) {
        let newest = self.newest();
        self.lines.extend(lines.into_iter().filter(|line| line.n > newest));
        let over = self.lines.len().saturating_sub(LINES);
        self.lines.drain(..over);
    }

    /// The lines that fit what was asked for, oldest first.
    pub fn shown(&self) -> impl DoubleEndedIterator<Item = &LogLine> {
        let query = self.query.text().to_lowercase();
        self.lines.iter().filter(move |line| {
            let grave = LEVELS.iter().position(|level| *level == line.level).unwrap_or(LEVELS.len());
            grave <= self.level
                && (query.is_empty()
                    || line.text.to_lowercase().contains(&query)
                    || line.part.to_lowercase().contains(&query))
        })
    }

    /// Scrolls by lines; negative = towards older. The end is followed again once it is reached.
    pub fn scroll(&mut self, by: i64) {
        let numbers: Vec<u64> = self.shown().map(|line| line.n).collect();
        let last = numbers.len().saturating_sub(1);
        let at = match self.bottom {
            Some(bottom) => numbers.iter().rposition(|number| *number <= bottom).unwrap_or(0),
            None => last,
        };
        let at = i64::try_from(at).unwrap_or(0).saturating_add(by).max(0);
        let at = usize::try_from(at).unwrap_or(0);
        self.bottom = if at >= last { None } else { numbers.get(at).copied() };
    }
}

impl Model {
    /// What holds for notices of all chats now.
    pub fn notice_rules(&self) -> Rules {
        let now = self.now();
        let minute = u32::try_from(i32::from(now.hour()) * 60 + i32::from(now.minute())).unwrap_or(0);
        Rules {
            level: self.settings.notify,
            quiet: notify::is_quiet(&self.settings.quiet, minute),
            locked: self.locked.is_some(),
            lock_counts: self.settings.lock_counts,
        }
    }

    /// Whether each message of a chat is told of: it is not muted, and no open channel if those are not.
    pub fn is_told(&self, chat: &Chat) -> bool {
        self.muting(chat) == Muted::No
    }

    /// How a chat is muted now. Of open channels, where anybody writes, only calls by name are told if nothing else is
    /// wanted.
    pub fn muting(&self, chat: &Chat) -> Muted {
        match self.muted(chat) {
            "off" if chat.open && self.settings.notify_open == NotifyOpen::Calls => Muted::ButMentions,
            "off" if chat.open && self.settings.notify_open == NotifyOpen::Off => Muted::Yes,
            "off" => Muted::No,
            "mentions" => Muted::ButMentions,
            _ => Muted::Yes,
        }
    }
}

/// How much is told of a chat, if it has a level of its own.
pub fn level_of(chat: &Chat) -> Option<Notify> {
    match chat.notify.as_str() {
        "text" => Some(Notify::Text),
        "name" => Some(Notify::Name),
        "something" => Some(Notify::Something),
        "off" => Some(Notify::Off),
        _ => None,
    }
}
