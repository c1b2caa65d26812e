//! Mailboxes that keep mail for us (docs/spec/08-mail.md, "Own boxes"): one box at each, with a queue for every reader
//! of our card.
//!
//! ```text
//!  (used) ──call──► Open ──► Register all queues ──► Settle ──► in our cards
//!     ▲               └────► Fetch from 0 ──► page, page, … ──► end ◄──► News
//!     └── pause ◄── the stream ended
//!  (left) ──► out of our cards ──► fetched to the end ──► Leave ──► forgotten
//! ```

use super::super::command::{ContactState, MailboxState, MailboxView, Refusal};
use super::super::dial::backoff;
use super::super::net::{ConnId, NetCommand};
use super::super::state::{self, LoadError};
use super::super::step::{Change, Record, Space};
use super::super::{Engine, Plant, Timer};
use super::{Ask, Place};
use crate::identity::{MAILBOX_ADDRESSES, MAILBOXES, Mailbox};
use crate::ids::{AccountId, DeviceId, InviteId, MailboxId};
use crate::kdf;
use crate::limits::ADDRESSES;
use crate::mail::{Answer, BATCH, Entry, Grant, MailKey, MailboxLink, QueueId, Refused, Request, envelope};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, WallMs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Queues get new names after this much lived time; the names before are good for as long again. Shorter strands who
/// has an old card; longer lets a mailbox know a correspondent by a queue for longer.
const EPOCH_MS: u64 = 30 * DAY_MS;
/// Of a box, one contact may fill the quarter.
const CONTACT_SHARE: u64 = 4;
/// Bytes an invite's queue may hold: a few requests. Anybody who holds the link may write there.
const INVITE_BYTES: u64 = 160 * 1024;
/// Bytes of envelopes asked for at once. Each page is one commit or a few.
const PAGE_BYTES: u32 = 256 * 1024;
/// Pauses between calls, doubled from the first to the last. A longer last one delays mail after a mailbox was away.
const FIRST_WAIT_MS: u64 = 2 * SECOND_MS;
const LAST_WAIT_MS: u64 = 10 * MINUTE_MS;
/// The pause after a mailbox refused us for good, as far as it knows.
const GONE_WAIT_MS: u64 = HOUR_MS;
/// A stream that lived so long was a good one: the next is tried soon.
const GOOD_MS: u64 = MINUTE_MS;
/// A mailbox that is left is forgotten without its word when it was silent for this much lived time.
const SILENT_MS: u64 = DAY_MS;
/// Envelopes that may go, remembered until the mailbox is told. More come again at the next stream.
const SAFE: usize = 8 * BATCH;
/// Bytes of addresses of one mailbox in our card, so that the card fits its record in the DHT whatever friends say.
const CARD_ADDRESS_BYTES: usize = 320;

/// What is remembered of a mailbox of ours.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BoxRecord {
    /// Its tokens and queues come from this.
    secret: [u8; 32],
    grant: Grant,
    hints: Vec<String>,
    friend: Option<AccountId>,
    /// Counts the runs in which we called it.
    run: u64,
    /// Queues were there once: our cards name it.
    in_use: bool,
    /// Since when we want to leave, in lived milliseconds.
    leaving_lived_ms: Option<u64>,
    /// When it last answered, in lived milliseconds and by the wall clock.
    heard_lived_ms: u64,
    seen: Option<WallMs>,
    used_bytes: u64,
    quota_bytes: u64,
    kept_s: u32,
}

/// Who writes to a queue of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    Contact(AccountId),
    Invite(InviteId),
}

/// A mailbox of ours.
struct OwnBox {
    record: BoxRecord,
    state: MailboxState,
    failures: u32,
    /// This run is counted.
    counted: bool,
    /// Asked to open the box.
    calling: bool,
    /// Since when the present stream is ours, on the monotonic clock.
    opened_ms: Option<u64>,
    /// The queues we want, and by which secret their writers find us.
    queues: BTreeMap<QueueId, ([u8; 32], Writer)>,
    /// What the mailbox was last told on this stream.
    registered: BTreeSet<QueueId>,
    /// Numbers up to this came on this stream.
    after: u64,
    fetching: bool,
    /// Something came since the fetch under way was asked for.
    again: bool,
    /// All that lay there when this stream began has come.
    caught_up: bool,
    /// When it was last fetched to its end in this run, in lived milliseconds.
    ended_lived_ms: Option<u64>,
    /// Envelopes that may go, with their sizes, and the bytes of those the mailbox is told of now.
    safe: Vec<(u64, u64)>,
    freeing_bytes: Option<u64>,
}

impl OwnBox {
    fn new(record: BoxRecord) -> Self {
        Self {
            record,
            state: MailboxState::Silent,
            failures: 0,
            counted: false,
            calling: false,
            opened_ms: None,
            queues: BTreeMap::new(),
            registered: BTreeSet::new(),
            after: 0,
            fetching: false,
            again: false,
            caught_up: false,
            ended_lived_ms: None,
            safe: Vec::new(),
            freeing_bytes: None,
        }
    }

    /// Whether cards may name it.
    fn is_usable(&self) -> bool {
        self.record.in_use && self.record.leaving_lived_ms.is_none() && self.state != MailboxState::Gone
    }
}

/// All of them.
#[derive(Default)]
pub(in super::super) struct Own {
    boxes: BTreeMap<MailboxId, OwnBox>,
    /// The queues of all are made for this.
    epoch: u64,
    writers: BTreeMap<[u8; 32], Writer>,
    /// This disk was set back, and that is dealt with.
    set_back: bool,
}

#[cfg(test)]
impl Own {
    /// Queues wanted at a mailbox.
    pub fn queue_count(&self, mailbox: &MailboxId) -> usize {
        self.boxes.get(mailbox).map_or(0, |entry| entry.queues.len())
    }

    /// Envelopes that may go.
    pub fn safe_count(&self) -> usize {
        self.boxes.values().map(|entry| entry.safe.len()).max().unwrap_or(0)
    }
}

fn owner_token(secret: &[u8; 32]) -> [u8; 32] {
    kdf::derive("mailbox owner", &[secret])
}

fn queue_of(secret: &[u8; 32], rv: &[u8; 32], epoch: u64) -> QueueId {
    kdf::derive_short("mailbox queue", &[secret, rv, &epoch.to_le_bytes()])
}

fn deposit_token(secret: &[u8; 32], rv: &[u8; 32], epoch: u64) -> [u8; 32] {
    kdf::derive("mailbox deposit", &[secret, rv, &epoch.to_le_bytes()])
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
        if link.mailbox == MailKey::of(&self.own.device).id() {
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

    fn forget_mailbox(&mut self, mailbox: MailboxId) {
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

    pub(super) fn is_own_mailbox(&self, mailbox: &MailboxId) -> bool {
        self.mail.own.boxes.contains_key(mailbox)
    }

    /// Where mail for us may be left by whoever finds us by `rv`: for our card.
    pub(super) fn mailboxes_for(&self, rv: &[u8; 32]) -> Vec<Mailbox> {
        let epoch = self.lived_ms() / EPOCH_MS;
        let usable = self.mail.own.boxes.iter().filter(|(_, entry)| entry.is_usable()).take(MAILBOXES);
        let shown = |(id, entry): (&MailboxId, &OwnBox)| {
            let mut room = CARD_ADDRESS_BYTES;
            let mut addrs = self.place_of(id).map(|place| place.addrs).unwrap_or_default();
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

    /// Whether any mailbox keeps mail for us now.
    pub(super) fn has_mailbox(&self) -> bool {
        self.mail.own.boxes.values().any(OwnBox::is_usable)
    }

    /// Since when every mailbox of ours was fetched to its end, in lived milliseconds; `None` while one was not.
    pub(super) fn all_fetched_lived_ms(&self) -> Option<u64> {
        let ends = self.mail.own.boxes.values().map(|entry| entry.ended_lived_ms);
        ends.min().unwrap_or(Some(u64::MAX))
    }

    /// Who writes to a queue, and by which secret they find us.
    pub(super) fn writer_of(&self, mailbox: &MailboxId, queue: &QueueId) -> Option<([u8; 32], Writer)> {
        self.mail.own.boxes.get(mailbox)?.queues.get(queue).copied()
    }

    // ---- calling ----------------------------------------------------------------------------------------------

    /// Where a mailbox of ours is: where its friend is, and where its link said.
    fn place_of(&self, mailbox: &MailboxId) -> Option<Place> {
        let record = &self.mail.own.boxes.get(mailbox)?.record;
        let devices = record.friend.map(|friend| self.devices_of(friend)).unwrap_or_default();
        let peers = devices.iter().filter_map(|device| self.peers.get(device));
        let mut addrs: Vec<String> = Vec::new();
        let friends = peers.flat_map(|peer| &peer.record.addrs);
        for addr in friends.chain(self.found_at(mailbox)).chain(&record.hints) {
            if !addrs.contains(addr) && addrs.len() < ADDRESSES {
                addrs.push(addr.clone());
            }
        }
        Some(Place { id: *mailbox, addrs })
    }

    /// A connection to the friend whose mailbox this is, if one stands; after a failure the addresses are tried.
    pub(super) fn road_to_own(&self, mailbox: &MailboxId) -> Option<ConnId> {
        let entry = self.mail.own.boxes.get(mailbox).filter(|entry| entry.failures % 2 == 0)?;
        let devices = self.devices_of(entry.record.friend?);
        let link = devices.into_iter().find_map(|device| self.live_link(device))?;
        self.links.get(&link).map(|link| link.conn)
    }

    /// Asks a mailbox to open our box.
    pub(in super::super) fn call_own_mailbox(&mut self, mailbox: MailboxId) {
        let Some(place) = self.place_of(&mailbox).filter(|_| !self.is_invisible()) else { return };
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        if entry.opened_ms.is_some() || std::mem::replace(&mut entry.calling, true) {
            return;
        }
        if !std::mem::replace(&mut entry.counted, true) {
            entry.record.run = entry.record.run.saturating_add(1);
        }
        let token = owner_token(&entry.record.secret);
        let (grant, run) = (Some(entry.record.grant.clone()), entry.record.run);
        self.put_box(mailbox);
        if !self.ask_mailbox(&place, Ask::Open, Request::Open { token, grant, run }) {
            self.own_line_ended(mailbox);
        }
    }

    /// All that are not there are called soon: the network changed, or a new run begins.
    pub(in super::super) fn call_own_mailboxes(&mut self) {
        let away: Vec<MailboxId> =
            self.mail.own.boxes.iter().filter(|(_, e)| e.opened_ms.is_none()).map(|(id, _)| *id).collect();
        for mailbox in away {
            self.call_soon(mailbox);
        }
    }

    fn call_soon(&mut self, mailbox: MailboxId) {
        if let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) {
            entry.failures = 0;
        }
        let spread = self.rng.below(SECOND_MS);
        self.timers.set_earlier(Timer::Mailbox(mailbox), self.now.mono_ms.saturating_add(spread));
    }

    /// A friend is here: so is the mailbox they keep for us.
    pub(in super::super) fn friend_here(&mut self, account: AccountId) {
        let theirs = |entry: &OwnBox| entry.record.friend == Some(account) && entry.opened_ms.is_none();
        let away: Vec<MailboxId> =
            self.mail.own.boxes.iter().filter(|(_, entry)| theirs(entry)).map(|(id, _)| *id).collect();
        for mailbox in away {
            self.call_soon(mailbox);
        }
    }

    /// A friend is somewhere else: so is the mailbox they keep for us, and our card says so.
    pub(in super::super) fn friend_moved(&mut self, account: AccountId) {
        self.friend_here(account);
        let theirs = |entry: &OwnBox| entry.record.friend == Some(account) && entry.is_usable();
        if self.mail.own.boxes.values().any(theirs) {
            self.spread_card();
        }
    }

    /// The stream ended or never began, and every question was given back.
    pub(super) fn own_line_ended(&mut self, mailbox: MailboxId) {
        let now_ms = self.now.mono_ms;
        self.forget_copies(mailbox);
        let believed = self.planted(Plant::TrustPageEnd);
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        if entry.opened_ms.take().is_some_and(|at| now_ms.saturating_sub(at) >= GOOD_MS) {
            entry.failures = 0;
        }
        entry.failures = entry.failures.saturating_add(1);
        (entry.fetching, entry.again, entry.caught_up) = (false, false, false);
        entry.after = if believed { entry.after } else { 0 };
        entry.calling = false;
        (entry.freeing_bytes, entry.safe, entry.registered) = (None, Vec::new(), BTreeSet::new());
        let wait = if entry.state == MailboxState::Gone {
            GONE_WAIT_MS
        } else {
            entry.state = MailboxState::Silent;
            backoff(FIRST_WAIT_MS, LAST_WAIT_MS, entry.failures)
        };
        let wait = wait.saturating_add(self.rng.below(wait / 4));
        self.timers.set(Timer::Mailbox(mailbox), now_ms.saturating_add(wait));
    }

    // ---- what it says -----------------------------------------------------------------------------------------

    /// An ask of this file. If it cannot be put, the stream is of no use and begins anew.
    fn ask_own(&mut self, mailbox: MailboxId, ask: Ask, request: Request) {
        let place = Place { id: mailbox, addrs: Vec::new() };
        if !self.mailbox_is_up(&mailbox) || !self.ask_mailbox(&place, ask, request) {
            self.hang_up(&mailbox);
        }
    }

    /// The answer to an ask of this file; `None`: there is none, the stream ended or could not be had.
    pub(super) fn own_answered(&mut self, mailbox: MailboxId, ask: Ask, answer: Option<Answer>) {
        let (lived_ms, wall_ms) = (self.lived_ms(), self.now.wall_ms);
        // What a stream that ended has to do with it says `own_line_ended`.
        let (Some(entry), Some(answer)) = (self.mail.own.boxes.get_mut(&mailbox), answer) else { return };
        (entry.record.heard_lived_ms, entry.record.seen) = (lived_ms, Some(wall_ms));
        match (ask, answer) {
            (Ask::Open, Answer::Opened { quota_bytes, used_bytes, kept_s, last_run }) => {
                let record = &mut entry.record;
                (record.quota_bytes, record.used_bytes, record.kept_s) = (quota_bytes, used_bytes, kept_s);
                self.own_opened(mailbox, last_run);
            }
            (Ask::Open, Answer::Refused(why)) => {
                self.refused_by_own(mailbox, why);
                self.hang_up(&mailbox);
            }
            (Ask::Register | Ask::Settle, Answer::Refused(why)) => self.refused_by_own(mailbox, why),
            (Ask::Settle, Answer::Done) => {
                let new = !std::mem::replace(&mut entry.record.in_use, true);
                if new && entry.record.leaving_lived_ms.is_none() {
                    self.put_box(mailbox);
                    self.spread_card();
                }
            }
            (Ask::Fetch, Answer::Item(item)) => {
                let bytes = item.envelope.len() as u64;
                if item.number <= entry.after {
                    return self.hang_up(&mailbox);
                }
                entry.after = item.number;
                if entry.caught_up {
                    entry.record.used_bytes = entry.record.used_bytes.saturating_add(bytes);
                }
                self.take_item(mailbox, &item);
            }
            (Ask::Fetch, Answer::PageEnd { more }) => self.page_ended(mailbox, more),
            (Ask::Fetch, _) => self.hang_up(&mailbox),
            (Ask::Safe(_), _) => {
                let freed = entry.freeing_bytes.take().unwrap_or(0);
                entry.record.used_bytes = entry.record.used_bytes.saturating_sub(freed);
            }
            (Ask::Leave, _) => self.forget_mailbox(mailbox),
            _ => {}
        }
    }

    fn own_opened(&mut self, mailbox: MailboxId, last_run: u64) {
        let now_ms = self.now.mono_ms;
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        let was_gone = entry.state == MailboxState::Gone;
        (entry.state, entry.opened_ms) = (MailboxState::Ok, Some(now_ms));
        let set_back = last_run > entry.record.run;
        entry.record.run = entry.record.run.max(last_run);
        if was_gone && entry.is_usable() {
            self.spread_card();
        }
        self.timers.clear(&Timer::Mailbox(mailbox));
        self.put_box(mailbox);
        let conn = self.line_conn(&mailbox);
        if let Some(conn) = conn {
            self.net(NetCommand::Hold { conn });
        }
        self.register(mailbox);
        self.fetch(mailbox);
        if set_back && !std::mem::replace(&mut self.mail.own.set_back, true) {
            self.disk_was_set_back();
        }
    }

    fn refused_by_own(&mut self, mailbox: MailboxId, why: Refused) {
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        let was_usable = entry.is_usable();
        entry.state = match why {
            Refused::Full => MailboxState::Full,
            Refused::Busy => MailboxState::Silent,
            Refused::Unknown | Refused::Malformed | Refused::Grant => MailboxState::Gone,
        };
        if was_usable && !entry.is_usable() {
            self.spread_card();
        }
    }

    // ---- queues -----------------------------------------------------------------------------------------------

    /// Who may write to us, by the secret they find us by.
    fn wanted_writers(&self) -> BTreeMap<[u8; 32], Writer> {
        let contacts = self.contacts.values().filter(|contact| match contact.state {
            ContactState::Accepted => true,
            ContactState::Pending => contact.join.is_some(),
            ContactState::Blocked | ContactState::Removed => false,
        });
        let lived_ms = self.lived_ms();
        let invites = self.invites.iter();
        let invites = invites.filter(|(_, invite)| invite.is_live(lived_ms) || self.is_awaited(invite));
        let invites = invites.map(|(id, invite)| (invite.secret, Writer::Invite(*id)));
        let contacts = contacts.map(|contact| (contact.rv_out, Writer::Contact(contact.account)));
        invites.chain(contacts).collect()
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
    fn register(&mut self, mailbox: MailboxId) {
        if self.mail.own.writers.is_empty() {
            (self.mail.own.writers, self.mail.own.epoch) =
                (self.wanted_writers(), self.lived_ms() / EPOCH_MS);
        }
        let (writers, epoch) = (&self.mail.own.writers, self.mail.own.epoch);
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        let secret = entry.record.secret;
        let contact_bytes = entry.record.quota_bytes / CONTACT_SHARE;
        entry.queues.clear();
        let mut entries = Vec::new();
        for epoch in [Some(epoch), epoch.checked_sub(1)].into_iter().flatten() {
            for (rv, writer) in writers {
                let queue = queue_of(&secret, rv, epoch);
                let deposit = kdf::hash(&deposit_token(&secret, rv, epoch));
                let limit_bytes = match writer {
                    Writer::Contact(_) => contact_bytes,
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
        for batch in entries.chunks(BATCH) {
            self.ask_own(mailbox, Ask::Register, Request::Register(batch.to_vec()));
        }
        if settle {
            self.ask_own(mailbox, Ask::Settle, Request::Settle);
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
    fn fetch(&mut self, mailbox: MailboxId) {
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        if entry.opened_ms.is_none() || std::mem::replace(&mut entry.fetching, true) {
            return;
        }
        let request = Request::Fetch { after: entry.after, bytes: PAGE_BYTES };
        self.ask_own(mailbox, Ask::Fetch, request);
    }

    fn page_ended(&mut self, mailbox: MailboxId, more: bool) {
        let lived_ms = self.lived_ms();
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        entry.fetching = false;
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
        if let Some(entry) = self.mail.own.boxes.get_mut(&mailbox)
            && entry.safe.len() < SAFE
        {
            entry.safe.push((number, bytes));
        }
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
                self.fetch(mailbox);
            }
        }
    }

    fn put_box(&mut self, mailbox: MailboxId) {
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

    /// A mailbox heard of a later run of this device: this disk is an old copy. Ratchets that were set back must not be
    /// used again.
    fn disk_was_set_back(&mut self) {
        let lived_ms = self.lived_ms();
        let devices: Vec<DeviceId> =
            self.peers.values().filter(|peer| !peer.sessions.is_empty()).map(|peer| peer.id).collect();
        let mut told = BTreeSet::new();
        for device in devices {
            let Some(peer) = self.peers.get_mut(&device) else { continue };
            peer.retire_all(&self.own.olm, lived_ms);
            self.active_peers.insert(device);
            let account = peer.account();
            if told.insert(account) {
                self.notice_line(account.into(), SET_BACK);
            }
        }
    }
}

const SET_BACK: &str =
    "This device was set back to an older state. Messages it had taken since may be missing here.";
