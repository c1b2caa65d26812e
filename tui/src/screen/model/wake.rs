//! When the model wants to be woken.

use super::overlay::Overlay;
use super::{Model, NETWORK_LASTS_MS, Place, READ_MS, TWICE_MS};

impl Model {
    /// When chats say that the network is another one than before, if it stays so.
    pub fn network_telling_ms(&self) -> Option<u64> {
        let told = self.network_told.as_deref()?;
        (told != self.network_key()).then(|| self.network_since_ms + NETWORK_LASTS_MS)
    }

    /// Whether seconds are shown that run down.
    fn counts_down(&self) -> bool {
        let network = self.geometry().card > 0
            && self.network_next_ms.is_some_and(|at| at > self.now_ms)
            && self.network_key() == "offline";
        let person = self.awaited().is_some_and(|account| self.next_try_ms(&account).is_some());
        matches!(self.place, Place::Main) && (network || person)
    }

    /// When the model wants [`crate::screen::msg::Msg::Tick`] at the latest; none = it can sleep for ever.
    pub fn next_wake(&self) -> Option<u64> {
        let mut wake: Option<u64> = None;
        let mut at = |time: u64| wake = Some(wake.map_or(time, |known: u64| known.min(time)));
        for until in self.typing.values() {
            at(*until);
        }
        if self.focus && self.overlay.is_none() && self.locked.is_none() {
            for since in self.seen.values() {
                at(since + READ_MS);
            }
        }
        if let Some(time) = self.draft_at {
            at(time);
        }
        if let Some(time) = self.people_at {
            at(time);
        }
        if let Some(time) = self.interrupted {
            at(time + TWICE_MS);
        }
        if let Some(time) = self.idle_lock_ms() {
            at(time);
        }
        if let Some(locked) = self.locked.as_ref().filter(|locked| locked.wait_ms(self.now_ms) > 0) {
            at(locked.not_before_ms.min(self.now_ms + 1_000));
        }
        if let Some(time) = self.order_ms() {
            at(time);
        }
        if let Some(time) = self.words_due_ms().filter(|time| *time > self.now_ms) {
            at(time);
        }
        if let Some(undo) = self.undoable() {
            at(undo.until_ms);
        }
        if self.counts_down() {
            at(self.now_ms + 1_000);
        }
        if let Some(time) = self.network_telling_ms() {
            at(time);
        }
        if let Some(Overlay::Network(view)) = &self.overlay {
            at(view.look_ms);
        }
        if let Some(Overlay::Near(page)) = &self.overlay
            && self.locked.is_none()
        {
            at(page.look_ms);
        }
        if let Some(Overlay::Log(view)) = &self.overlay {
            at(view.look_ms);
        }
        if let Some(time) = self.outside.notices.next_ms() {
            at(time);
        }
        if let Some(Overlay::Found(found)) = &self.overlay
            && let Some(time) = found.due_ms
        {
            at(time);
        }
        if let Some(Overlay::GoTo(goto)) = &self.overlay
            && let Some(time) = goto.find_ms
        {
            at(time);
        }
        if let Some(time) = self.rooms.look_ms {
            at(time);
        }
        if self.geometry().card > 0 && matches!(self.network_key(), "offline" | "lan") {
            let minutes = self.now_ms.saturating_sub(self.network_since_ms) / 60_000;
            at(self.network_since_ms + (minutes + 1) * 60_000);
        }
        wake
    }
}
