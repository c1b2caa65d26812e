//! Queues at the mailboxes that keep mail for us, one for each reader of our card, and what is fetched out of them
//! (docs/spec/08-mail.md, "Own boxes").

use super::super::Engine;
use super::super::command::ContactState;
use super::own::OwnBox;
use super::{Ask, Place};
use crate::identity::{MAILBOX_ADDRESSES, MAILBOXES, Mailbox};
use crate::ids::{AccountId, InviteId, MailboxId, RoomId};
use crate::kdf;
use crate::mail::{BATCH, CARD_BYTES, Entry, QueueId, Request};
use crate::time::{DAY_MS, HOUR_MS};
use std::collections::{BTreeMap, BTreeSet};

/// Queues get new names after this much lived time; the names before are good for as long again. Shorter strands who
/// has an old card; longer lets a mailbox know a correspondent by a queue for longer.
const EPOCH_MS: u64 = 30 * DAY_MS;
/// Of a box, one contact may fill the quarter.
pub(super) const CONTACT_SHARE: u64 = 4;
/// Bytes an invite's queue may hold: a few requests. Anybody who holds the link may write there.
const INVITE_BYTES: u64 = 160 * 1024;
/// Bytes of envelopes asked for at once. Each page is one commit or a few.
const PAGE_BYTES: u32 = 256 * 1024;
/// What was left where it lies is told of again after this, on the same stream. Sooner carries much for nothing; later
/// keeps the room of what is not needed any more.
const AGAIN_MS: u64 = 6 * HOUR_MS;
/// Envelopes that may go, remembered until the mailbox is told. More come again when all is fetched anew.
const SAFE: usize = 8 * BATCH;
/// Bytes of addresses of one mailbox in our card, so that the card fits its record in the DHT whatever friends say.
const CARD_ADDRESS_BYTES: usize = 320;

/// Who writes to a queue of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    Contact(AccountId),
    Invite(InviteId),
    /// Whoever is in a room with us.
    Room(RoomId),
}

fn queue_of(secret: &[u8; 32], rv: &[u8; 32], epoch: u64) -> QueueId {
    kdf::derive_short("mailbox queue", &[secret, rv, &epoch.to_le_bytes()])
}

fn deposit_token(secret: &[u8; 32], rv: &[u8; 32], epoch: u64) -> [u8; 32] {
    kdf::derive("mailbox deposit", &[secret, rv, &epoch.to_le_bytes()])
}

impl Engine {
    /// Where mail for us may be left by whoever finds us by `rv`: for our card.
    pub(super) fn mailboxes_for(&self, rv: &[u8; 32]) -> Vec<Mailbox> {
        let epoch = self.lived_ms() / EPOCH_MS;
        let usable = self.mail.own.boxes.iter().filter(|(_, entry)| entry.is_usable()).take(MAILBOXES);
        let shown = |(id, entry): (&MailboxId, &OwnBox)| {
            let mut room = CARD_ADDRESS_BYTES;
            let mut addrs = self.own_place_of(id).map(|place| place.addrs).unwrap_or_default();
            addrs.retain(|addr| super::super::live::fits(addr));
            addrs.retain(|addr| {
                room.checked_sub(addr.len()).is_some_and(|left| {
                    room = left;
                    true
                })
            });
            addrs.truncate(MAILBOX_ADDRESSES);
            let secret = &entry.record.secret;
            let (queue, deposit) = (queue_of(secret, rv, epoch), deposit_token(secret, rv, epoch));
            Mailbox { id: *id, addrs, queue, deposit }
        };
        usable.map(shown).collect()
    }

    /// Leaves the record of our card that goes into the DHT in the queues of whoever finds us by `rv`, too: for who
    /// has an old card and may ask there. Left out when a mailbox is asked too much already: it comes again.
    pub(in super::super) fn leave_card(&mut self, rv: &[u8; 32], record: &[u8]) {
        let epoch = self.mail.own.epoch;
        let with = |entry: &&OwnBox| entry.opened_ms.is_some() && record.len() <= CARD_BYTES;
        let queues = self.mail.own.boxes.iter().filter(|(_, entry)| with(entry)).map(|(id, entry)| {
            [Some(epoch), epoch.checked_sub(1)]
                .map(|epoch| Some((*id, queue_of(&entry.record.secret, rv, epoch?))))
        });
        let queues: Vec<(MailboxId, QueueId)> = queues.flatten().flatten().collect();
        for (mailbox, queue) in queues {
            let place = Place { id: mailbox, addrs: Vec::new() };
            if self
                .writer_of(&mailbox, &queue)
                .is_some_and(|(_, writer)| matches!(writer, Writer::Contact(_) | Writer::Room(_)))
            {
                let request = Request::PutCard { queue, card: record.to_vec() };
                let _ = self.ask_mailbox(&place, Ask::PutCard, request);
            }
        }
    }

    /// Who writes to a queue, and by which secret they find us.
    pub(super) fn writer_of(&self, mailbox: &MailboxId, queue: &QueueId) -> Option<([u8; 32], Writer)> {
        self.mail.own.boxes.get(mailbox)?.queues.get(queue).copied()
    }

    /// Who may write to us, by the secret they find us by.
    fn wanted_writers(&self) -> BTreeMap<[u8; 32], Writer> {
        let contacts = self.contacts.values().filter(|contact| match contact.state {
            ContactState::Accepted => true,
            ContactState::Pending => contact.join.is_some(),
            ContactState::Blocked | ContactState::Removed => false,
        });
        let lived_ms = self.lived_ms();
        let invites = self.invites.iter();
        let invites = invites.filter(|(_, invite)| {
            !self.is_for_who_is_near(invite) && (invite.is_live(lived_ms) || self.is_awaited(invite))
        });
        let invites = invites.map(|(id, invite)| (invite.secret, Writer::Invite(*id)));
        let contacts = contacts.map(|contact| (contact.rv_out, Writer::Contact(contact.account)));
        let rooms = self.room_rvs().into_iter().map(|(room, rv)| (rv, Writer::Room(room)));
        invites.chain(rooms).chain(contacts).collect()
    }

    /// Makes the queues those that should be: after contacts, invites or the epoch changed.
    pub(in super::super) fn sync_queues(&mut self) {
        if self.mail.own.boxes.is_empty() {
            return;
        }
        let (writers, epoch) = (self.wanted_writers(), self.lived_ms() / EPOCH_MS);
        let own = &mut self.mail.own;
        if own.writers == writers && own.epoch == epoch {
            return;
        }
        (own.writers, own.epoch) = (writers, epoch);
        let open: Vec<MailboxId> =
            own.boxes.iter().filter(|(_, entry)| entry.opened_ms.is_some()).map(|(id, _)| *id).collect();
        for mailbox in open {
            self.register(mailbox);
        }
    }

    /// Tells a mailbox which queues we want: the new ones, or, when there are some to go, all, and that the rest goes.
    pub(super) fn register(&mut self, mailbox: MailboxId) {
        if self.mail.own.writers.is_empty() {
            (self.mail.own.writers, self.mail.own.epoch) =
                (self.wanted_writers(), self.lived_ms() / EPOCH_MS);
        }
        let (writers, epoch) = (&self.mail.own.writers, self.mail.own.epoch);
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        if entry.to_settle {
            // What is wanted now would count as registered together with what was.
            entry.register_again = true;
            return;
        }
        let secret = entry.record.secret;
        let contact_bytes = entry.record.quota_bytes / CONTACT_SHARE;
        entry.queues.clear();
        let mut entries = Vec::new();
        for epoch in [Some(epoch), epoch.checked_sub(1)].into_iter().flatten() {
            for (rv, writer) in writers {
                let queue = queue_of(&secret, rv, epoch);
                let deposit = kdf::hash(&deposit_token(&secret, rv, epoch));
                let limit_bytes = match writer {
                    Writer::Contact(_) | Writer::Room(_) => contact_bytes,
                    Writer::Invite(_) => INVITE_BYTES,
                };
                entry.queues.insert(queue, (*rv, *writer));
                entries.push(Entry { queue, deposit, limit_bytes });
            }
        }
        if entry.record.leaving_lived_ms.is_some() {
            return;
        }
        let settle = entry.registered.is_empty()
            || entry.registered.iter().any(|queue| !entry.queues.contains_key(queue));
        if !settle {
            entries.retain(|new| !entry.registered.contains(&new.queue));
        }
        entry.registered = entry.queues.keys().copied().collect();
        entry.to_settle = settle;
        for batch in entries.chunks(BATCH) {
            if let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) {
                entry.registering = entry.registering.saturating_add(1);
            }
            self.ask_own(mailbox, Ask::Register, Request::Register(batch.to_vec()));
        }
        self.settle_when_known(mailbox);
    }

    /// Has what is not wanted thrown away, once every batch that was told is known to be there.
    fn settle_when_known(&mut self, mailbox: MailboxId) {
        let entry = self.mail.own.boxes.get(&mailbox);
        if entry.is_some_and(|entry| entry.to_settle && entry.registering == 0) {
            self.ask_own(mailbox, Ask::Settle, Request::Settle);
        }
    }

    /// A batch of queues was answered. Only after the last, and if all are good, the rest may go: a batch that was refused
    /// would go with its mail.
    pub(super) fn registered(&mut self, mailbox: MailboxId, good: bool) {
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        entry.registering = entry.registering.saturating_sub(1);
        if !good {
            (entry.to_settle, entry.registered) = (false, BTreeSet::new());
        }
        self.settle_when_known(mailbox);
    }

    /// What was not wanted is gone, or stays.
    pub(super) fn settled(&mut self, mailbox: MailboxId) {
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        entry.to_settle = false;
        if std::mem::take(&mut entry.register_again) {
            self.register(mailbox);
        }
    }

    // ---- fetching ---------------------------------------------------------------------------------------------

    /// Something came there.
    pub(super) fn own_news(&mut self, mailbox: MailboxId) {
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        if entry.fetching {
            entry.again = true;
        }
        self.fetch(mailbox);
    }

    /// Asks for the next page, if none is under way.
    pub(super) fn fetch(&mut self, mailbox: MailboxId) {
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        if entry.opened_ms.is_none() || std::mem::replace(&mut entry.fetching, true) {
            return;
        }
        entry.page_after = entry.after;
        let request = Request::Fetch { after: entry.after, bytes: PAGE_BYTES };
        self.ask_own(mailbox, Ask::Fetch, request);
    }

    pub(super) fn page_ended(&mut self, mailbox: MailboxId, more: bool) {
        let lived_ms = self.lived_ms();
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        entry.fetching = false;
        if more && entry.after == entry.page_after {
            // There is more, and none of it came: this would go round for ever.
            return self.hang_up(&mailbox);
        }
        if more || std::mem::take(&mut entry.again) {
            return self.fetch(mailbox);
        }
        (entry.caught_up, entry.ended_lived_ms) = (true, Some(lived_ms));
        if entry.record.leaving_lived_ms.is_some() {
            self.ask_own(mailbox, Ask::Leave, Request::Leave);
        }
    }

    /// An envelope of so many bytes may go.
    pub(super) fn may_go(&mut self, mailbox: MailboxId, number: u64, bytes: u64) {
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        if entry.safe.len() < SAFE {
            entry.safe.push((number, bytes));
        } else {
            entry.left_some = true;
        }
    }

    /// Something was left where it lies that has to be told of again.
    pub(super) fn fetch_all_again(&mut self, mailbox: MailboxId) {
        if let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) {
            entry.left_some = true;
        }
    }

    /// Begins from the start when something was left, but not too often: whoever writes to us may see to it that
    /// something is.
    pub(super) fn fetch_by_hour(&mut self, mailbox: MailboxId, lived_ms: u64) {
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        let due = lived_ms.saturating_sub(entry.begun_lived_ms) >= AGAIN_MS;
        if entry.left_some && due && !entry.fetching {
            (entry.left_some, entry.caught_up, entry.after) = (false, false, 0);
            entry.begun_lived_ms = lived_ms;
        }
        self.fetch(mailbox);
    }

    /// Tells mailboxes what may go, once a turn and one batch at a time.
    pub(in super::super) fn flush_safe(&mut self) {
        let ready = |entry: &OwnBox| {
            entry.opened_ms.is_some() && entry.freeing_bytes.is_none() && !entry.safe.is_empty()
        };
        let ready: Vec<MailboxId> =
            self.mail.own.boxes.iter().filter(|(_, entry)| ready(entry)).map(|(id, _)| *id).collect();
        for mailbox in ready {
            let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { continue };
            let rest = entry.safe.split_off(entry.safe.len().min(BATCH));
            let batch = std::mem::replace(&mut entry.safe, rest);
            entry.freeing_bytes = Some(batch.iter().map(|(_, bytes)| bytes).sum());
            let numbers: Vec<u64> = batch.into_iter().map(|(number, _)| number).collect();
            self.ask_own(mailbox, Ask::Safe(numbers.clone()), Request::Ack(numbers));
        }
    }
}
