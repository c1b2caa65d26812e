//! The locked screen: it lies over everything, whatever happens behind it, and nothing but the right passphrase takes
//! it away.

use super::line::Line;
use super::{Model, Place};

/// Wrong tries that cost nothing: a person mistypes.
const FREE_TRIES: u32 = 2;
/// Milliseconds the longest wait after a wrong try lasts. Higher locks out the owner for the sake of a guess that
/// Argon2 makes slow anyway.
const LONGEST_WAIT_MS: u64 = 60_000;

/// The locked screen.
#[derive(Debug, Clone, Default)]
pub struct Locked {
    /// The passphrase being typed.
    pub passphrase: Line,
    /// Being tried.
    pub busy: bool,
    /// Wrong tries so far.
    pub wrong: u32,
    /// No other try before this, on the monotonic clock.
    pub not_before_ms: u64,
    /// What is wrong, in words.
    pub trouble: Option<String>,
}

impl Locked {
    /// Counts a wrong try: each costs twice the wait of the one before, after the first free ones.
    pub fn tried(&mut self, now_ms: u64) {
        self.busy = false;
        self.passphrase.clear();
        self.wrong = self.wrong.saturating_add(1);
        let doubled = self.wrong.saturating_sub(FREE_TRIES).min(16);
        let wait = if doubled == 0 { 0 } else { (1_000 << doubled).min(LONGEST_WAIT_MS) };
        self.not_before_ms = now_ms + wait;
    }

    /// Milliseconds until the next try may be made.
    pub fn wait_ms(&self, now_ms: u64) -> u64 {
        self.not_before_ms.saturating_sub(now_ms)
    }
}

impl Model {
    /// Whether the screen can be locked: nothing opens it again without a passphrase.
    pub fn can_lock(&self) -> bool {
        self.opened.as_ref().is_some_and(|opened| opened.locked)
    }

    /// When the screen locks by itself if no key is pressed, on the monotonic clock.
    pub fn idle_lock_ms(&self) -> Option<u64> {
        let minutes = u64::from(self.settings.lock_after_min);
        let wanted =
            minutes > 0 && self.locked.is_none() && self.can_lock() && matches!(self.place, Place::Main);
        wanted.then(|| self.pressed_ms.unwrap_or(0).saturating_add(minutes * 60_000))
    }

    /// Unseen messages in all chats that are told of: the only fact a locked screen may show.
    pub fn unread_all(&self) -> u64 {
        let loud = self.chats.iter().filter(|chat| self.is_told(chat));
        loud.fold(0, |sum, chat| sum.saturating_add(chat.unread))
    }
}
