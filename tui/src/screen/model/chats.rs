//! The chat list as it is shown: which chats, in which order, and when that order may change. A chat never moves under
//! the hand of somebody who is typing.

use super::Model;
use super::overlay::Overlay;
use starling_node::api::types::Chat;

/// Milliseconds without a key before the list may take another order. Less moves a chat away under a finger that is on
/// its way to Alt-3.
pub const ORDER_MS: u64 = 3_000;
/// Days until the reminder of the 24 words comes again, by how often it was put off.
const WORDS_DAYS: [i64; 4] = [0, 1, 3, 10];
const DAY_S: i64 = 86_400;

impl Model {
    /// The chats of the list: those put away only while they are open.
    pub fn shown_chats(&self) -> impl Iterator<Item = &Chat> {
        self.chats.iter().filter(|chat| !chat.archived || Some(&chat.chat) == self.open.as_ref())
    }

    /// The chats that were put away.
    pub fn archived_chats(&self) -> impl Iterator<Item = &Chat> {
        self.chats.iter().filter(|chat| chat.archived)
    }

    /// Where the open chat stands in the list.
    pub fn open_place(&self) -> Option<usize> {
        self.shown_chats().position(|chat| Some(&chat.chat) == self.open.as_ref())
    }

    /// How a chat is muted now: "off", "all" or "mentions".
    pub fn muted<'a>(&self, chat: &'a Chat) -> &'a str {
        let until = chat.mute_until.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        if until.is_some_and(|until| until <= self.wall) { "off" } else { &chat.mute }
    }

    /// Whether the list may change its order now: nobody typed for a moment, and it is not being chosen from.
    pub fn order_may_change(&self) -> bool {
        let quiet = self.pressed_ms.is_none_or(|pressed| self.now_ms >= pressed + ORDER_MS);
        (quiet || !self.focus) && !matches!(self.overlay, Some(Overlay::Chats { .. }))
    }

    /// When the list takes its new order, on the monotonic clock.
    pub fn order_ms(&self) -> Option<u64> {
        let chosen_from = matches!(self.overlay, Some(Overlay::Chats { .. }));
        let at = self.pressed_ms.unwrap_or(0).saturating_add(ORDER_MS).max(self.now_ms);
        (self.order_stale && !chosen_from).then_some(at)
    }

    /// When the reminder of the 24 words comes (again), in Unix seconds; none if they were checked.
    fn words_due_s(&self) -> Option<i64> {
        let later = self.opened.as_ref().is_some_and(|opened| opened.words_later);
        let longest = WORDS_DAYS.last().copied().unwrap_or(0);
        let days = WORDS_DAYS.get(usize::from(self.words_put.times)).copied().unwrap_or(longest);
        later.then(|| self.words_put.at_s.saturating_add(days * DAY_S))
    }

    /// The same on the monotonic clock.
    pub fn words_due_ms(&self) -> Option<u64> {
        let left = self.words_due_s()?.saturating_sub(self.wall.as_second());
        Some(self.now_ms.saturating_add(u64::try_from(left).unwrap_or(0).saturating_mul(1_000)))
    }

    /// Whether the list has the line that reminds of the 24 words.
    pub fn words_due(&self) -> bool {
        self.words_due_s().is_some_and(|at| at <= self.wall.as_second())
    }
}
