//! Who keeps which row until when: taken from promises, told to the screen, over with the row (docs/spec/08-mail.md,
//! "Custody"). Custody is no delivery: a row stays in the outbox until its device has signed for it.

use super::super::Engine;
use super::super::command::CustodyView;
use super::super::peer::Peer;
use super::super::state::{self, Kept, key};
use super::super::step::{Change, Space};
use super::Ask;
use super::post::place_of;
use crate::identity::Mailbox;
use crate::ids::{AccountId, DeviceId, MailboxId, MessageId};
use crate::mail::{BATCH, Request};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, WallMs};
use std::collections::{BTreeMap, BTreeSet};

/// A row that is promised for less than this is deposited again, or when half of what was promised is over. Sooner
/// carries things twice; later leaves a mailbox that is silent for a day with nothing.
const AGAIN_MS: u64 = DAY_MS;
/// A longer promise counts as this: what it says is beyond a message's own life.
const LONGEST_MS: u64 = 60 * DAY_MS;
/// A shorter promise is none: it would be over before anybody comes.
const SHORTEST_MS: u64 = HOUR_MS;
/// When a later row was answered, earlier ones in mailboxes count as lost after this. Shorter takes slow mailboxes for
/// lying ones; longer leaves messages behind.
const OVERTAKEN_MS: u64 = 10 * MINUTE_MS;
/// Mailboxes remembered per row: those of a card, and some of cards before it.
const KEPT: usize = 8;

/// What was answered while other rows lie in mailboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Overtaken {
    /// The last of the answered rows, and when the last of them was left.
    row: u64,
    since_lived_ms: u64,
    /// When those before count as lost.
    due_lived_ms: u64,
}

impl Peer {
    /// Whether a row is to be deposited at a mailbox: it does not keep it, or not for long any more.
    pub fn needs_deposit(&self, row: u64, mailbox: &MailboxId, lived_ms: u64) -> bool {
        self.kept_at(row, mailbox).is_none_or(|kept| kept.again_lived_ms <= lived_ms)
    }

    /// What a mailbox promised for a row.
    pub fn kept_at(&self, row: u64, mailbox: &MailboxId) -> Option<&Kept> {
        self.custody.get(&row)?.iter().find(|kept| kept.mailbox == *mailbox)
    }

    /// Tells a new envelope of rows from those that are running out: a mailbox would only repeat what it promised for the
    /// same bytes.
    pub fn round(&self, rows: &[(u64, u32)], mailboxes: &[MailboxId], lived_ms: u64) -> u64 {
        let kept = rows.iter().flat_map(|(row, _)| mailboxes.iter().filter_map(|id| self.kept_at(*row, id)));
        let over = kept.filter(|kept| kept.again_lived_ms <= lived_ms);
        over.map(|kept| kept.until_lived_ms).max().unwrap_or(0)
    }

    /// A mailbox promised to keep an envelope with this row for so long. False: for too short a time.
    pub fn keep_row(
        &mut self,
        row: u64,
        mailbox: MailboxId,
        envelope: [u8; 32],
        kept_ms: u64,
        now_ms: u64,
    ) -> bool {
        let kept_ms = kept_ms.min(LONGEST_MS);
        if kept_ms < SHORTEST_MS || !self.outbox.contains_key(&row) {
            return false;
        }
        let until_lived_ms = now_ms.saturating_add(kept_ms);
        let again_lived_ms = until_lived_ms.saturating_sub(AGAIN_MS.min(kept_ms / 2));
        let entries = self.custody.entry(row).or_default();
        entries.retain(|kept| kept.mailbox != mailbox);
        if entries.len() >= KEPT {
            entries.remove(0);
        }
        entries.push(Kept { mailbox, envelope, since_lived_ms: now_ms, until_lived_ms, again_lived_ms });
        self.dirty.custody.insert(row);
        true
    }

    /// A card names another queue at a mailbox than the one before it. What lies in the old one may be out of reach: the
    /// box may be a new one.
    pub fn queues_changed(&mut self, before: &[Mailbox], lived_ms: u64) {
        let same = |old: &&Mailbox, new: &Mailbox| old.id == new.id && old.queue != new.queue;
        let changed = before.iter().filter(|old| self.record.mailboxes.iter().any(|new| same(old, new)));
        let changed: BTreeSet<MailboxId> = changed.map(|old| old.id).collect();
        for (row, entries) in &mut self.custody {
            for kept in entries.iter_mut().filter(|kept| changed.contains(&kept.mailbox)) {
                kept.again_lived_ms = kept.again_lived_ms.min(lived_ms);
                self.dirty.custody.insert(*row);
            }
        }
    }

    /// A row's bytes are not wanted any more: nobody keeps it, and envelopes with nothing else in them may go.
    pub fn withdraw_row(&mut self, row: u64) {
        for kept in self.custody.remove(&row).unwrap_or_default() {
            self.unwanted.insert((kept.mailbox, kept.envelope));
            self.dirty.custody.insert(row);
        }
    }

    /// Envelopes at mailboxes in which nothing is waited for any more.
    pub fn take_unwanted(&mut self) -> BTreeMap<MailboxId, Vec<[u8; 32]>> {
        let mut unwanted = std::mem::take(&mut self.unwanted);
        if !unwanted.is_empty() {
            for kept in self.custody.values().flatten() {
                unwanted.remove(&(kept.mailbox, kept.envelope));
            }
        }
        let mut by_mailbox: BTreeMap<MailboxId, Vec<[u8; 32]>> = BTreeMap::new();
        for (mailbox, envelope) in unwanted {
            by_mailbox.entry(mailbox).or_default().push(envelope);
        }
        by_mailbox
    }

    /// Forgets promises whose time is over.
    pub fn end_custody(&mut self, lived_ms: u64) {
        for (row, entries) in &mut self.custody {
            let before = entries.len();
            entries.retain(|kept| kept.until_lived_ms > lived_ms);
            if entries.len() != before {
                self.dirty.custody.insert(*row);
            }
        }
        self.custody.retain(|_, entries| !entries.is_empty());
    }

    /// A row was answered while others lie in mailboxes that are earlier, or were left there earlier: returns how long
    /// those have yet to be answered.
    pub fn overtake(&mut self, row: u64, lived_ms: u64) -> Option<u64> {
        let own = self.custody.get(&row).into_iter().flatten();
        let since_lived_ms = own.map(|kept| kept.since_lived_ms).max().unwrap_or(0);
        let others = self.custody.len().saturating_sub(usize::from(self.custody.contains_key(&row)));
        if others == 0 {
            return None;
        }
        let due_lived_ms = lived_ms.saturating_add(OVERTAKEN_MS);
        let held = self.overtaken.get_or_insert(Overtaken { row, since_lived_ms, due_lived_ms });
        held.row = held.row.max(row);
        held.since_lived_ms = held.since_lived_ms.max(since_lived_ms);
        Some(held.due_lived_ms.saturating_sub(lived_ms))
    }

    /// Rows that were overtaken and not answered since are to be deposited again. Returns how long to wait yet.
    pub fn check_overtaken(&mut self, lived_ms: u64) -> Option<u64> {
        let Overtaken { row, since_lived_ms, due_lived_ms } = self.overtaken?;
        if due_lived_ms > lived_ms {
            return Some(due_lived_ms.saturating_sub(lived_ms));
        }
        self.overtaken = None;
        let told_ms = due_lived_ms.saturating_sub(OVERTAKEN_MS);
        for (number, entries) in &mut self.custody {
            let earlier = |kept: &&mut Kept| {
                (*number < row && kept.since_lived_ms <= told_ms) || kept.since_lived_ms < since_lived_ms
            };
            for kept in entries.iter_mut().filter(earlier) {
                kept.again_lived_ms = kept.again_lived_ms.min(lived_ms);
                self.dirty.custody.insert(*number);
            }
        }
        None
    }

    /// A row is to be deposited again wherever it lies.
    pub fn deposit_again(&mut self, row: u64, lived_ms: u64) {
        for kept in self.custody.get_mut(&row).into_iter().flatten() {
            kept.again_lived_ms = kept.again_lived_ms.min(lived_ms);
            self.dirty.custody.insert(row);
        }
    }

    /// Takes custody out of the store. What is of rows that are gone is dropped with the next write.
    pub fn load_custody(&mut self, row: u64, entries: Vec<Kept>) {
        if self.outbox.contains_key(&row) {
            self.custody.insert(row, entries);
        } else {
            self.dirty.custody.insert(row);
        }
    }

    /// Custody of these rows, for the store.
    pub fn flush_custody(&self, rows: BTreeSet<u64>, changes: &mut Vec<Change>) {
        for row in rows {
            let key = key::numbered(&self.id, row);
            match self.custody.get(&row) {
                Some(entries) => changes.extend(state::put(Space::Custody, key, entries)),
                None => changes.push(Change::Drop { space: Space::Custody, key }),
            }
        }
    }
}

impl Engine {
    /// Tells of every message whose custody changed in this turn.
    pub(in super::super) fn tell_custody(&mut self) {
        let mut told: BTreeSet<(AccountId, MessageId)> = BTreeSet::new();
        for device in &self.active_peers {
            let Some(peer) = self.peers.get(device) else { continue };
            for row in peer.dirty.custody.iter().filter_map(|number| peer.outbox.get(number)) {
                if row.visible && row.chat.account() == peer.account() {
                    told.insert((peer.account(), row.msg_id));
                }
            }
        }
        let mut devices: (Option<AccountId>, Vec<DeviceId>) = (None, Vec::new());
        for (account, message) in told {
            if devices.0 != Some(account) {
                devices = (Some(account), self.devices_of(account));
            }
            let (mailboxes, until) = self.kept(&devices.1, message);
            let mailboxes = u8::try_from(mailboxes.len()).unwrap_or(u8::MAX);
            let at = self.now.wall_ms;
            self.change(Change::Custody { message, account, mailboxes, until, at });
        }
    }

    /// Asks mailboxes to throw away what nobody waits for any more.
    pub(in super::super) fn withdraw(&mut self, device: DeviceId) {
        if self.is_invisible() {
            return;
        }
        let Some(peer) = self.peers.get_mut(&device).filter(|peer| !peer.unwanted.is_empty()) else { return };
        let unwanted = peer.take_unwanted();
        for mailbox in self.mailboxes_of(device) {
            for hashes in unwanted.get(&mailbox.id).into_iter().flat_map(|hashes| hashes.chunks(BATCH)) {
                let (queue, token, hashes) = (mailbox.queue, mailbox.deposit, hashes.to_vec());
                let request = Request::Withdraw { queue, token, hashes };
                // Not asked, or not answered: it runs out by itself.
                let _ = self.ask_mailbox(&place_of(&mailbox), Ask::Withdraw, request);
            }
        }
    }

    /// Which mailboxes keep a message for some of these devices, and until when the last of them does (wall time).
    fn kept(&self, devices: &[DeviceId], message: MessageId) -> (BTreeMap<MailboxId, WallMs>, WallMs) {
        let lived_ms = self.lived_ms();
        let mut mailboxes = BTreeMap::new();
        for peer in devices.iter().filter_map(|device| self.peers.get(device)) {
            let entries = peer.by_message.get(&message).and_then(|row| peer.custody.get(row));
            for kept in entries.into_iter().flatten() {
                let left = kept.until_lived_ms.saturating_sub(lived_ms);
                let until = self.now.wall_ms.saturating_add(i64::try_from(left).unwrap_or(i64::MAX));
                let held = mailboxes.entry(kept.mailbox).or_insert(until);
                *held = until.max(*held);
            }
        }
        let last = mailboxes.values().copied().max().unwrap_or(self.now.wall_ms);
        (mailboxes, last)
    }

    /// Which mailboxes keep an own message that is not delivered, by account.
    pub(super) fn custody_of(&self, message: MessageId) -> Vec<CustodyView> {
        let waits = |peer: &&Peer| peer.by_message.contains_key(&message);
        let accounts: BTreeSet<AccountId> = self.peers.values().filter(waits).map(Peer::account).collect();
        let views = accounts.into_iter().flat_map(|account| {
            let (mailboxes, _) = self.kept(&self.devices_of(account), message);
            mailboxes.into_iter().map(move |(mailbox, until)| CustodyView { account, mailbox, until })
        });
        views.chain(self.room_custody(message)).collect()
    }

    /// Promises that are over, and rows that need a new one.
    pub(in super::super) fn check_custody(&mut self) {
        let lived_ms = self.lived_ms();
        for peer in self.peers.values_mut() {
            peer.end_custody(lived_ms);
        }
    }

    /// Of an account's waiting rows, how many some mailbox keeps; and how many mailboxes its devices told us of, not
    /// counting ours.
    pub(in super::super) fn mail_figures(&self, account: AccountId) -> (u64, u32) {
        let (mut kept, mut mailboxes) = (0, BTreeSet::new());
        let own = self.own.mailbox;
        for peer in self.peers.values().filter(|peer| peer.account() == account) {
            let visible = |row: &&u64| peer.outbox.get(row).is_some_and(|row| row.visible);
            kept = kept.max(peer.custody.keys().filter(visible).count() as u64);
            mailboxes.extend(peer.record.mailboxes.iter().map(|mailbox| mailbox.id).filter(|id| *id != own));
        }
        (kept, u32::try_from(mailboxes.len()).unwrap_or(u32::MAX))
    }
}

/// What came of a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promised {
    /// It is none.
    Nothing,
    /// None of what is in the envelope is waited for any more.
    Unwanted,
    /// It keeps rows.
    Kept,
}
