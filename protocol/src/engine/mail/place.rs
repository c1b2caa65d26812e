//! Mailboxes that moved: who cannot reach one it has business with looks in the DHT for where it says it is
//! (docs/spec/07-discovery.md, "Place"). What is found is for this run; a start finds it again.

use super::super::Engine;
use super::Place;
use crate::ids::MailboxId;
use crate::limits::ADDRESSES;
use crate::time::HOUR_MS;
use std::collections::BTreeMap;

/// Mailboxes of which something is known here. More than streams to mailboxes there can be, so that none is looked for
/// in vain; an attacker with many cards fills no more than this.
const KNOWN: usize = 512;
/// Who was not asked for this long is nobody's business any more. Less forgets mailboxes between two tries to write to
/// them; more looks for those that nobody needs.
const FORGOTTEN_MS: u64 = HOUR_MS;

/// What is known of mailboxes that could not be reached some time.
#[derive(Default)]
pub(in super::super) struct Places(BTreeMap<MailboxId, Known>);

#[derive(Default)]
struct Known {
    /// It could not be reached the last time.
    missed: bool,
    /// When it was called last, on the monotonic clock.
    called_ms: u64,
    /// Where it said it is.
    addrs: Vec<String>,
    /// It said so since it was reached last.
    moved: bool,
}

impl Engine {
    /// A mailbox is called: where to, what was found in front of what was told.
    pub(super) fn call_mailbox(&mut self, place: &Place) -> Vec<String> {
        let Some(known) = self.mail.places.0.get_mut(&place.id) else { return place.addrs.clone() };
        known.called_ms = self.now.mono_ms;
        let told = place.addrs.iter().filter(|addr| !known.addrs.contains(addr));
        known.addrs.iter().chain(told).take(ADDRESSES).cloned().collect()
    }

    /// Where a mailbox that moved said it is.
    pub(super) fn found_at(&self, mailbox: &MailboxId) -> &[String] {
        self.mail.places.0.get(mailbox).map_or(&[], |known| known.addrs.as_slice())
    }

    /// Nobody answered there, or somebody else: it is looked for.
    pub(super) fn mailbox_missed(&mut self, mailbox: MailboxId) {
        let now_ms = self.now.mono_ms;
        let places = &mut self.mail.places.0;
        if places.len() >= KNOWN && !places.contains_key(&mailbox) {
            let oldest = places.iter().min_by_key(|(_, known)| known.called_ms).map(|(id, _)| *id);
            oldest.and_then(|oldest| places.remove(&oldest));
        }
        let known = places.entry(mailbox).or_default();
        (known.missed, known.called_ms) = (true, now_ms);
        self.stale = true;
    }

    /// It is there. If it moved, what waited for it goes now, and those who write to us there are told.
    pub(super) fn mailbox_reached(&mut self, mailbox: MailboxId) {
        let Some(known) = self.mail.places.0.get_mut(&mailbox) else { return };
        known.missed = false;
        if std::mem::take(&mut known.moved) {
            self.post_again(&mailbox);
            if self.is_own_mailbox(&mailbox) {
                self.spread_card();
            }
        }
    }

    /// Mailboxes that we have business with, and could not reach.
    pub(in super::super) fn missed_mailboxes(&self) -> Vec<MailboxId> {
        self.mail.places.0.keys().filter(|id| self.misses_mailbox(id)).copied().collect()
    }

    pub(in super::super) fn misses_mailbox(&self, mailbox: &MailboxId) -> bool {
        let now_ms = self.now.mono_ms;
        self.mail.places.0.get(mailbox).is_some_and(|known| {
            let lately = now_ms.saturating_sub(known.called_ms) < FORGOTTEN_MS;
            known.missed && (lately || self.is_own_mailbox(mailbox))
        })
    }

    /// A mailbox that was looked for says where it is, newer than what it said before: it is called there at once.
    pub(in super::super) fn line_place_found(&mut self, mailbox: MailboxId, mut addrs: Vec<String>) {
        addrs.truncate(ADDRESSES);
        let Some(known) = self.mail.places.0.get_mut(&mailbox) else { return };
        known.moved |= known.addrs != addrs;
        known.addrs.clone_from(&addrs);
        if !addrs.is_empty() && !self.is_invisible() {
            self.call_again(&Place { id: mailbox, addrs });
        }
    }
}
