//! The buffer in front of a ratchet: releases the parts of one session in order (docs/spec/05-delivery.md, "Order").
//! Olm keeps only 40 skipped keys, so feeding it out of order would lose messages.
//!
//! ```text
//!            order == next            order > next               order < next
//!   offer ───────────────► Ready   ───────────────► Held     ───────────────► Past
//!                            │ next += 1              │ the missing ones come, or it waited too long,
//!                            └──── take_ready() ◄─────┘ or there is no more room: force()
//! ```

use super::part::OlmPart;
use crate::limits::REORDER_MESSAGES;
use crate::time::HOUR_MS;
use std::collections::BTreeMap;

/// How long a part waits for an earlier one, in milliseconds on the monotonic clock. Shorter would give up on mail
/// that travels by slow roads; longer delays what can be shown.
pub const HELD_MS: u64 = 6 * HOUR_MS;

/// Bytes held in front of one session; more is forced. A sender keeps at most one mebibyte on the way.
const REORDER_BYTES: usize = 2 * 1024 * 1024;

/// Where an offered part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Next in order: decrypt it now.
    Ready,
    /// Before its turn: keep it.
    Held,
    /// Its turn is over: seen before, or skipped.
    Past,
}

/// One session's incoming order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reorder {
    next: u64,
    floor: u64,
    held: BTreeMap<u64, (OlmPart, u64)>,
    bytes: usize,
}

impl Reorder {
    /// A buffer that expects `next`.
    pub fn expecting(next: u64) -> Self {
        Self { next, floor: 0, held: BTreeMap::new(), bytes: 0 }
    }

    /// The next order expected.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// How many wait.
    pub fn held_count(&self) -> usize {
        self.held.len()
    }

    /// The orders of those that wait, least first.
    pub fn held_orders(&self) -> impl Iterator<Item = u64> + '_ {
        self.held.keys().copied()
    }

    /// Everything that waits, least order first; the buffer is empty then.
    pub fn take_all(&mut self) -> Vec<OlmPart> {
        self.bytes = 0;
        std::mem::take(&mut self.held).into_values().map(|(part, _)| part).collect()
    }

    /// Where a part stands. The sender's floor moves the expectation on.
    pub fn place(&mut self, part: &OlmPart) -> Place {
        self.floor = self.floor.max(part.floor);
        self.raise();
        match part.order.cmp(&self.next) {
            std::cmp::Ordering::Equal => Place::Ready,
            std::cmp::Ordering::Greater => Place::Held,
            std::cmp::Ordering::Less => Place::Past,
        }
    }

    /// Moves the expectation to the floor unless something held comes before it.
    fn raise(&mut self) {
        let first_held = self.held.keys().next().copied().unwrap_or(u64::MAX);
        self.next = self.next.max(self.floor.min(first_held));
    }

    /// Keeps a part that came before its turn.
    pub fn hold(&mut self, part: OlmPart, now_ms: u64) {
        let size = part.olm.len();
        if let std::collections::btree_map::Entry::Vacant(place) = self.held.entry(part.order) {
            place.insert((part, now_ms));
            self.bytes = self.bytes.saturating_add(size);
        }
    }

    /// Marks `order` as done and expects the one after.
    pub fn advance_past(&mut self, order: u64) {
        self.next = self.next.max(order.saturating_add(1));
    }

    /// A held part whose turn has come.
    pub fn take_ready(&mut self) -> Option<OlmPart> {
        self.raise();
        let (part, _) = self.held.remove(&self.next)?;
        self.bytes = self.bytes.saturating_sub(part.olm.len());
        Some(part)
    }

    /// Gives up on the missing ones when the oldest held part waited [`HELD_MS`] or there is no more room: the
    /// expectation moves to the first held part. Returns whether it did.
    pub fn force(&mut self, now_ms: u64) -> bool {
        let overfull = self.held.len() >= REORDER_MESSAGES || self.bytes >= REORDER_BYTES;
        let Some((order, (_, since))) = self.held.first_key_value() else { return false };
        if !overfull && now_ms.saturating_sub(*since) < HELD_MS {
            return false;
        }
        self.next = self.next.max(*order);
        true
    }

    /// When [`Reorder::force`] will next give up, on the monotonic clock in milliseconds.
    pub fn due_ms(&self) -> Option<u64> {
        self.held.first_key_value().map(|(_, (_, since))| since.saturating_add(HELD_MS))
    }
}
