//! Mailboxes that keep mail for us (docs/spec/08-mail.md, "Own boxes"): one box at each, with a queue for every reader
//! of our card.
//!
//! ```text
//!  (used) ──call──► Open ──► Register all queues ──► Settle ──► in our cards
//!     ▲               └────► Fetch from 0 ──► page, page, … ──► end ◄──► News
//!     └── pause ◄── the stream ended
//!  (left) ──► out of our cards ──► fetched to the end ──► Leave ──► forgotten
//! ```

use super::super::command::{MailboxState, MailboxView, Refusal};
use super::super::state::{self, LoadError};
use super::super::step::{Change, Record, Space};
use super::super::{Engine, Timer};
use super::Place;
use super::queues::Writer;
use crate::identity::MAILBOXES;
use crate::ids::{AccountId, MailboxId};
use crate::mail::{Grant, MailboxLink, QueueId, envelope};
use crate::time::{DAY_MS, WallMs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A mailbox that is left is forgotten without its word when it was silent for this much lived time.
const SILENT_MS: u64 = DAY_MS;

/// What is remembered of a mailbox of ours.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BoxRecord {
    /// Its tokens and queues come from this.
    pub(super) secret: [u8; 32],
    pub(super) grant: Grant,
    pub(super) hints: Vec<String>,
    pub(super) friend: Option<AccountId>,
    /// Counts the runs in which we called it.
    pub(super) run: u64,
    /// Queues were there once: our cards name it.
    pub(super) in_use: bool,
    /// Since when we want to leave, in lived milliseconds.
    pub(super) leaving_lived_ms: Option<u64>,
    /// When it last answered, in lived milliseconds and by the wall clock.
    pub(super) heard_lived_ms: u64,
    pub(super) seen: Option<WallMs>,
    pub(super) used_bytes: u64,
    pub(super) quota_bytes: u64,
    pub(super) kept_s: u32,
}

/// A mailbox of ours.
pub(super) struct OwnBox {
    pub(super) record: BoxRecord,
    pub(super) state: MailboxState,
    pub(super) failures: u32,
    /// This run is counted.
    pub(super) counted: bool,
    /// Tells it from another run with the same number: of a disk that was set back.
    pub(super) mark: u16,
    /// Asked to open the box.
    pub(super) calling: bool,
    /// Since when the present stream is ours, on the monotonic clock.
    pub(super) opened_ms: Option<u64>,
    /// The queues we want, and by which secret their writers find us.
    pub(super) queues: BTreeMap<QueueId, ([u8; 32], Writer)>,
    /// What the mailbox was last told on this stream.
    pub(super) registered: BTreeSet<QueueId>,
    /// Batches of queues that it has not answered yet.
    pub(super) registering: u32,
    /// Queues that are not wanted go once all batches are known to be good.
    pub(super) to_settle: bool,
    /// Other queues are wanted since then.
    pub(super) register_again: bool,
    /// Numbers up to this came on this stream.
    pub(super) after: u64,
    /// What the page under way was asked from.
    pub(super) page_after: u64,
    pub(super) fetching: bool,
    /// Something came since the fetch under way was asked for.
    pub(super) again: bool,
    /// Something lies there that came, and must come again.
    pub(super) left_some: bool,
    /// When all was last begun to be fetched, in lived milliseconds.
    pub(super) begun_lived_ms: u64,
    /// All that lay there when this stream began has come.
    pub(super) caught_up: bool,
    /// When it was last fetched to its end in this run, in lived milliseconds.
    pub(super) ended_lived_ms: Option<u64>,
    /// Envelopes that may go, with their sizes, and the bytes of those the mailbox is told of now.
    pub(super) safe: Vec<(u64, u64)>,
    pub(super) freeing_bytes: Option<u64>,
}

impl OwnBox {
    fn new(record: BoxRecord) -> Self {
        Self {
            record,
            state: MailboxState::Silent,
            failures: 0,
            counted: false,
            mark: 0,
            calling: false,
            opened_ms: None,
            queues: BTreeMap::new(),
            registered: BTreeSet::new(),
            registering: 0,
            to_settle: false,
            register_again: false,
            after: 0,
            page_after: 0,
            fetching: false,
            again: false,
            left_some: false,
            begun_lived_ms: 0,
            caught_up: false,
            ended_lived_ms: None,
            safe: Vec::new(),
            freeing_bytes: None,
        }
    }

    /// Whether cards may name it.
    pub(super) fn is_usable(&self) -> bool {
        self.record.in_use && self.record.leaving_lived_ms.is_none() && self.state != MailboxState::Gone
    }
}

/// All of them.
#[derive(Default)]
pub(in super::super) struct Own {
    pub(super) boxes: BTreeMap<MailboxId, OwnBox>,
    /// The queues of all are made for this.
    pub(super) epoch: u64,
    pub(super) writers: BTreeMap<[u8; 32], Writer>,
    /// When others were last told that a friend with a mailbox of ours moved, on the monotonic clock.
    pub(super) moved_ms: Option<u64>,
    /// This disk was set back, and that is dealt with.
    pub(super) set_back: bool,
}

#[cfg(test)]
impl Own {
    /// Queues wanted at a mailbox.
    pub fn queue_count(&self, mailbox: &MailboxId) -> usize {
        self.boxes.get(mailbox).map_or(0, |entry| entry.queues.len())
    }

    /// As if there were queues at all of them.
    pub fn put_in_use(&mut self) {
        self.boxes.values_mut().for_each(|entry| entry.record.in_use = true);
    }

    /// Envelopes that may go.
    pub fn safe_count(&self) -> usize {
        self.boxes.values().map(|entry| entry.safe.len()).max().unwrap_or(0)
    }
}

impl Engine {
    // ---- which ------------------------------------------------------------------------------------------------

    /// Has mail kept at a mailbox from now on.
    ///
    /// # Errors
    /// [`Refusal`] when it is our own, or there are as many as a card can name.
    pub(super) fn use_mailbox(
        &mut self,
        link: &MailboxLink,
        friend: Option<AccountId>,
    ) -> Result<(), Refusal> {
        if link.mailbox == self.own.mailbox {
            return Err(Refusal::OwnLink);
        }
        let boxes = &mut self.mail.own.boxes;
        if !boxes.contains_key(&link.mailbox) && boxes.len() >= MAILBOXES {
            return Err(Refusal::Full { what: "the list of mailboxes", limit: "3; stop using one first" });
        }
        let secret = self.rng.bytes();
        let heard_lived_ms = self.lived_ms();
        let entry = self.mail.own.boxes.entry(link.mailbox).or_insert_with(|| {
            OwnBox::new(BoxRecord {
                secret,
                grant: link.grant.clone(),
                hints: Vec::new(),
                friend: None,
                run: 0,
                in_use: false,
                leaving_lived_ms: None,
                heard_lived_ms,
                seen: None,
                used_bytes: 0,
                quota_bytes: 0,
                kept_s: 0,
            })
        });
        entry.record.grant = link.grant.clone();
        entry.record.hints = link.hints.clone();
        entry.record.friend = friend.or(entry.record.friend);
        entry.failures = 0;
        let (was_leaving, in_use) = (entry.record.leaving_lived_ms.take().is_some(), entry.record.in_use);
        self.put_box(link.mailbox);
        if was_leaving && in_use {
            self.spread_card();
        }
        // What was not wanted while we were leaving is registered again on a new stream.
        self.hang_up(&link.mailbox);
        self.timers.set(Timer::Mailbox(link.mailbox), self.now.mono_ms);
        Ok(())
    }

    /// Has no mail kept there any more: what lies there is fetched first, if the mailbox answers within a day.
    ///
    /// # Errors
    /// [`Refusal::NoMailbox`].
    pub(super) fn drop_mailbox(&mut self, mailbox: MailboxId) -> Result<(), Refusal> {
        let lived_ms = self.lived_ms();
        let entry = self.mail.own.boxes.get_mut(&mailbox).ok_or(Refusal::NoMailbox)?;
        entry.record.leaving_lived_ms.get_or_insert(lived_ms);
        let silent = entry.opened_ms.is_none()
            && (!entry.record.in_use || lived_ms.saturating_sub(entry.record.heard_lived_ms) >= SILENT_MS);
        if silent {
            self.forget_mailbox(mailbox);
        } else {
            self.put_box(mailbox);
            self.fetch(mailbox);
            self.timers.set_earlier(Timer::Mailbox(mailbox), self.now.mono_ms);
        }
        self.spread_card();
        Ok(())
    }

    pub(super) fn forget_mailbox(&mut self, mailbox: MailboxId) {
        if self.mail.own.boxes.remove(&mailbox).is_some() {
            self.change(Change::Drop { space: Space::Mailbox, key: mailbox.0.to_vec() });
            self.timers.clear(&Timer::Mailbox(mailbox));
            self.hang_up(&mailbox);
        }
    }

    /// The mailboxes that keep mail for us, and how they are.
    pub(in super::super) fn own_mailboxes(&self) -> Vec<MailboxView> {
        let kept = self.mail.own.boxes.iter().filter(|(_, entry)| entry.record.leaving_lived_ms.is_none());
        let view = |(mailbox, entry): (&MailboxId, &OwnBox)| {
            let record = &entry.record;
            let room = record.quota_bytes.saturating_sub(record.used_bytes);
            let full = entry.state == MailboxState::Ok && room < envelope::LARGEST as u64;
            MailboxView {
                mailbox: *mailbox,
                friend: record.friend,
                state: if full { MailboxState::Full } else { entry.state },
                seen: record.seen,
                used_bytes: record.used_bytes,
                quota_bytes: record.quota_bytes,
                kept_s: record.kept_s,
            }
        };
        kept.map(view).collect()
    }

    /// Whether somebody's queue of ours may be full: a box holds half of what one contact may fill.
    pub(super) fn own_room_is_scarce(&self) -> bool {
        let scarce =
            |record: &BoxRecord| record.used_bytes >= record.quota_bytes / (2 * super::queues::CONTACT_SHARE);
        self.mail.own.boxes.values().any(|entry| scarce(&entry.record))
    }

    pub(super) fn is_own_mailbox(&self, mailbox: &MailboxId) -> bool {
        self.mail.own.boxes.contains_key(mailbox)
    }

    /// The mailboxes that keep mail for us now: where they are, and the leave we have there.
    pub(in super::super) fn usable_mailboxes(&self) -> Vec<(Place, Grant)> {
        let usable = self.mail.own.boxes.iter().filter(|(_, entry)| entry.is_usable());
        usable.filter_map(|(id, entry)| Some((self.own_place_of(id)?, entry.record.grant.clone()))).collect()
    }

    /// Whether any mailbox keeps mail for us now.
    pub(super) fn has_mailbox(&self) -> bool {
        self.mail.own.boxes.values().any(OwnBox::is_usable)
    }

    /// Since when every mailbox of ours was fetched to its end, in lived milliseconds; `None` while one was not.
    pub(super) fn all_fetched_lived_ms(&self) -> Option<u64> {
        let ends = self.mail.own.boxes.values().map(|entry| entry.ended_lived_ms);
        ends.min().unwrap_or(Some(u64::MAX))
    }

    // ---- by the hour, and over runs ---------------------------------------------------------------------------

    /// Fetches again, lest news got lost; forgets who was left and is silent.
    pub(in super::super) fn own_mailboxes_hour(&mut self, lived_ms: u64) {
        let all: Vec<MailboxId> = self.mail.own.boxes.keys().copied().collect();
        for mailbox in all {
            let Some(entry) = self.mail.own.boxes.get(&mailbox) else { continue };
            let heard = entry.record.heard_lived_ms;
            let left = entry.record.leaving_lived_ms.map(|at| at.max(heard));
            if left.is_some_and(|at| lived_ms.saturating_sub(at) >= SILENT_MS) {
                self.forget_mailbox(mailbox);
            } else {
                self.put_box(mailbox);
                self.fetch_by_hour(mailbox, lived_ms);
            }
        }
    }

    pub(super) fn put_box(&mut self, mailbox: MailboxId) {
        if let Some(entry) = self.mail.own.boxes.get(&mailbox) {
            self.changes.extend(state::put(Space::Mailbox, mailbox.0.to_vec(), &entry.record));
        }
    }

    /// A mailbox of ours out of the store.
    pub(in super::super) fn load_own_mailbox(&mut self, record: &Record) -> Result<(), LoadError> {
        let id = MailboxId::from_slice(&record.key).ok_or(LoadError { space: record.space })?;
        self.mail.own.boxes.insert(id, OwnBox::new(state::open(record)?));
        Ok(())
    }
}
