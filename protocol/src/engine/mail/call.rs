//! Calling the mailboxes that keep mail for us, and what they answer (docs/spec/08-mail.md, "Own boxes").

use super::super::command::MailboxState;
use super::super::dial::backoff;
use super::super::net::{ConnId, NetCommand};
use super::super::{Engine, Plant, Timer};
use super::own::{BoxRecord, OwnBox};
use super::{Ask, Place};
use crate::ids::{AccountId, DeviceId, MailboxId};
use crate::kdf;
use crate::limits::ADDRESSES;
use crate::mail::{Answer, Refused, Request};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use std::collections::BTreeSet;

/// Pauses between calls, doubled from the first to the last. A longer last one delays mail after a mailbox was away.
const FIRST_WAIT_MS: u64 = 2 * SECOND_MS;
const LAST_WAIT_MS: u64 = 10 * MINUTE_MS;
/// The pause after a mailbox refused us for good, as far as it knows.
const GONE_WAIT_MS: u64 = HOUR_MS;
/// A stream that lived so long was a good one: the next is tried soon.
const GOOD_MS: u64 = MINUTE_MS;

/// That a friend moved is told others not more often than this. Each time costs a card for everybody, and a friend could
/// move without end.
const MOVED_MS: u64 = MINUTE_MS;

fn owner_token(secret: &[u8; 32]) -> [u8; 32] {
    kdf::derive("mailbox owner", &[secret])
}

/// A run as the mailbox is told: its number (24 bits, rising), a mark that two runs with one number do not share (16), and
/// a tag (24) without which the mailbox could make up that there was another run.
fn told_run(record: &BoxRecord, mark: u16) -> u64 {
    let run = record.run & 0xff_ffff;
    let numbered = run << 16 | u64::from(mark);
    numbered << 24 | run_tag(&record.secret, numbered)
}

/// The number and mark of a run of ours that a mailbox heard of; zero if we never told that.
fn heard_run(secret: &[u8; 32], told: u64) -> (u64, u16) {
    let numbered = told >> 24;
    let ours = told & 0xff_ffff == run_tag(secret, numbered);
    if ours { (numbered >> 16, (numbered & 0xffff) as u16) } else { (0, 0) }
}

fn run_tag(secret: &[u8; 32], numbered: u64) -> u64 {
    let [a, b, c] = kdf::derive_short("mailbox run", &[secret, &numbered.to_le_bytes()]);
    u64::from(u32::from_be_bytes([0, a, b, c]))
}

impl Engine {
    /// Where a mailbox of ours is: where its friend is, and where its link said.
    pub(super) fn own_place_of(&self, mailbox: &MailboxId) -> Option<Place> {
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
        let Some(place) = self.own_place_of(&mailbox).filter(|_| !self.is_invisible()) else { return };
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        if entry.opened_ms.is_some() || std::mem::replace(&mut entry.calling, true) {
            return;
        }
        if !std::mem::replace(&mut entry.counted, true) {
            entry.record.run = entry.record.run.saturating_add(1);
            entry.mark = u16::from_be_bytes(self.rng.bytes());
        }
        let token = owner_token(&entry.record.secret);
        let (grant, run) = (Some(entry.record.grant.clone()), told_run(&entry.record, entry.mark));
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
            let told_ms = self.mail.own.moved_ms.map_or(0, |at| at.saturating_add(MOVED_MS));
            self.timers.set_earlier(Timer::Moved, told_ms.max(self.now.mono_ms));
        }
    }

    /// Everybody is told where our mailboxes are now.
    pub(in super::super) fn tell_moved(&mut self) {
        self.mail.own.moved_ms = Some(self.now.mono_ms);
        self.spread_card();
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
        (entry.registering, entry.to_settle, entry.register_again) = (0, false, false);
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
    pub(super) fn ask_own(&mut self, mailbox: MailboxId, ask: Ask, request: Request) {
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
            (Ask::Register | Ask::Settle, Answer::Refused(Refused::Busy)) => self.hang_up(&mailbox),
            (Ask::Register, Answer::Done) => self.registered(mailbox, true),
            (Ask::Register, Answer::Refused(why)) => {
                self.refused_by_own(mailbox, why);
                self.registered(mailbox, false);
            }
            (Ask::Settle, Answer::Refused(why)) => {
                self.refused_by_own(mailbox, why);
                self.settled(mailbox);
            }
            (Ask::Settle, Answer::Done) => {
                let new = !std::mem::replace(&mut entry.record.in_use, true);
                if new && entry.record.leaving_lived_ms.is_none() {
                    self.put_box(mailbox);
                    self.spread_card();
                }
                self.settled(mailbox);
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
        let (now_ms, lived_ms) = (self.now.mono_ms, self.lived_ms());
        let Some(entry) = self.mail.own.boxes.get_mut(&mailbox) else { return };
        let was_gone = entry.state == MailboxState::Gone;
        (entry.state, entry.opened_ms) = (MailboxState::Ok, Some(now_ms));
        (entry.left_some, entry.begun_lived_ms) = (false, lived_ms);
        let (heard, mark) = heard_run(&entry.record.secret, last_run);
        let set_back = heard > entry.record.run || (heard == entry.record.run && mark != entry.mark);
        entry.record.run = entry.record.run.max(heard);
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
