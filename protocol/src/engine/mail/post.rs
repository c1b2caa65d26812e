//! Rows of absent devices into envelopes, envelopes into mailboxes, promises into custody (docs/spec/08-mail.md,
//! "Posting").
//!
//! ```text
//!  (waiting) ──no link for 2 s, or one that is silent for 15 s──► parcels: rows in order, as many as fit an envelope
//!  parcel ──to each mailbox of the card──► asked ──promise──► custody of its rows ──all mailboxes──► (forgotten)
//!                                            └── refused, no answer: a pause, then the same bytes again
//! ```
//! A parcel holds no bytes: the envelope is made anew each time, and comes out the same.

use super::super::state::OutRow;
use super::super::{Engine, Timer, dial::backoff};
use super::custody::Promised;
use super::parcels::{Parcels, RowAttempt};
use super::{Ask, Place};
use crate::discovery;
use crate::identity::Mailbox;
use crate::ids::{DeviceId, MailboxId};
use crate::kdf;
use crate::mail::envelope::{self, Inner, kind};
use crate::mail::{Answer, Promise, Refused, Request};
use crate::session::OlmPart;
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::wire;
use std::collections::BTreeMap;

/// A row waits so long for a link before it goes by mail, and for more rows. Shorter leaves things at mailboxes for
/// people who are there; longer delays.
const LINK_MS: u64 = 2 * SECOND_MS;
/// The same when the device was tried and is away: only for more rows.
const AWAY_MS: u64 = SECOND_MS / 4;
/// A link on which nothing is answered for so long is not waited for.
const SILENT_MS: u64 = 15 * SECOND_MS;
/// An older key to seal to may be deleted before the envelope is read.
pub(super) const KEY_DAYS: u32 = 14;
/// Pauses after a mailbox did not answer or is busy, doubled from the first to the last; shorter ones spin.
const FIRST_PAUSE_MS: u64 = 5 * SECOND_MS;
const LAST_PAUSE_MS: u64 = 5 * MINUTE_MS;
/// The same after it had no room.
const FIRST_FULL_MS: u64 = MINUTE_MS;
const LAST_FULL_MS: u64 = 30 * MINUTE_MS;
/// After it refused for good: only a newer card helps, and that is not waited for.
const REFUSED_MS: u64 = HOUR_MS;
/// The same when more is asked of it already than may be, or it cannot be called.
const FIRST_CROWDED_MS: u64 = SECOND_MS;
const LAST_CROWDED_MS: u64 = MINUTE_MS;
/// What waits for a device is not left again because it lost its keys more often than this: it may be a lie.
const LEFT_AGAIN_MS: u64 = HOUR_MS / 2;

/// What is under way.
#[derive(Default)]
pub(in super::super) struct Post {
    pub(super) parcels: BTreeMap<DeviceId, Parcels>,
    asked: BTreeMap<u64, Asked>,
    pauses: BTreeMap<(DeviceId, MailboxId), Pause>,
    /// When all that waits for a device was last to be left again because its keys were lost, in lived milliseconds.
    left_again: BTreeMap<DeviceId, u64>,
}

/// A deposit on its way.
struct Asked {
    device: DeviceId,
    mailbox: Mailbox,
    parcel: u64,
    envelope: [u8; 32],
    card: Option<[u8; 32]>,
}

/// A mailbox is not asked for a device for a while.
#[derive(Default)]
struct Pause {
    failures: u32,
    until_ms: u64,
}

/// An envelope for a device, and the hash of the card in it.
pub(super) struct Sealed {
    pub envelope: Vec<u8>,
    pub card: Option<[u8; 32]>,
}

impl Engine {
    // ---- when -------------------------------------------------------------------------------------------------

    /// Something happened that may call for the mailbox road: rows wait and no link is up, a card is new, a link was
    /// lost.
    pub(in super::super) fn post_soon(&mut self, device: DeviceId) {
        let Some(peer) = self.peers.get(&device) else { return };
        if peer.outbox.is_empty() || peer.record.mailboxes.is_empty() {
            return;
        }
        let away = self.failures.contains_key(&device);
        let wait = if away { AWAY_MS } else { LINK_MS };
        self.timers.set_earlier(Timer::Post(device), self.now.mono_ms.saturating_add(wait));
    }

    /// Rows were handed to a link: if it stays silent they go by mail.
    pub(in super::super) fn post_if_silent(&mut self, device: DeviceId) {
        if self.peers.get(&device).is_some_and(|peer| !peer.record.mailboxes.is_empty()) {
            self.timers.set_earlier(Timer::Post(device), self.now.mono_ms.saturating_add(SILENT_MS));
        }
    }

    /// A device cannot open what lies in mailboxes for it: all of it is left again, sealed to the key of its newest card.
    pub(in super::super) fn leave_all_again(&mut self, device: DeviceId) {
        let lived_ms = self.lived_ms();
        let last = self.mail.post.left_again.get(&device);
        if last.is_some_and(|last| lived_ms.saturating_sub(*last) < LEFT_AGAIN_MS) {
            return;
        }
        self.mail.post.left_again.insert(device, lived_ms);
        if let Some(peer) = self.peers.get_mut(&device) {
            for row in peer.custody.keys().copied().collect::<Vec<_>>() {
                peer.deposit_again(row, lived_ms);
            }
            self.active_peers.insert(device);
        }
    }

    /// A card of a device names other mailboxes than the one before it.
    pub(in super::super) fn mailboxes_changed(&mut self, device: DeviceId) {
        self.mail.post.pauses.retain(|(of, _), _| *of != device);
        self.mail.cards.ask_again(device);
        self.post_soon(device);
    }

    /// A mailbox that was away is there again: whoever has mail for it need not wait longer.
    pub(super) fn post_again(&mut self, mailbox: &MailboxId) {
        let pauses = &mut self.mail.post.pauses;
        let devices: Vec<DeviceId> =
            pauses.keys().filter(|(_, of)| of == mailbox).map(|(device, _)| *device).collect();
        pauses.retain(|(_, of), _| of != mailbox);
        for device in devices {
            self.timers.set_earlier(Timer::Post(device), self.now.mono_ms);
        }
    }

    /// A device is gone: nothing is under way to it.
    pub(in super::super) fn forget_post(&mut self, device: DeviceId) {
        let post = &mut self.mail.post;
        post.parcels.remove(&device);
        post.asked.retain(|_, asked| asked.device != device);
        post.pauses.retain(|(of, _), _| *of != device);
        post.left_again.remove(&device);
        self.mail.cards.forget(device);
        self.timers.clear(&Timer::Post(device));
    }

    pub(in super::super) fn on_post_due(&mut self, device: DeviceId) {
        let lived_ms = self.lived_ms();
        if !self.goes_by_mail(device) {
            return;
        }
        let Some(peer) = self.peers.get_mut(&device) else { return };
        if peer.overtaken.is_some() {
            match peer.check_overtaken(lived_ms) {
                Some(wait) => {
                    self.timers.set_earlier(Timer::Post(device), self.now.mono_ms.saturating_add(wait));
                }
                // Custody changed. Only then: whoever is active is posted for again.
                None => {
                    self.active_peers.insert(device);
                }
            }
        }
        if self.seal_key_of(device).is_none() {
            self.ask_for_card(device, None);
            return;
        }
        self.form_parcels(device);
        self.deposit(device);
    }

    /// Whether no link carries what waits for a device: there is none, or it has been silent. Comes back when it may be.
    fn goes_by_mail(&mut self, device: DeviceId) -> bool {
        if self.is_invisible() {
            return false;
        }
        let Some(peer) = self.peers.get(&device) else { return false };
        if self.live_link(device).is_none() {
            return true;
        }
        let Some(oldest) = peer.in_flight.values().map(|flight| flight.at_ms).min() else { return false };
        let due = oldest.max(peer.answered_ms).saturating_add(SILENT_MS);
        if due > self.now.mono_ms {
            self.timers.set_earlier(Timer::Post(device), due);
        }
        due <= self.now.mono_ms
    }

    /// Where mail for a device may be left: not at our own mailbox, where it would be no nearer to them.
    pub(super) fn mailboxes_of(&self, device: DeviceId) -> Vec<Mailbox> {
        let Some(peer) = self.peers.get(&device).filter(|peer| !peer.record.mailboxes.is_empty()) else {
            return Vec::new();
        };
        let own = self.own.mailbox;
        peer.record.mailboxes.iter().filter(|mailbox| mailbox.id != own).cloned().collect()
    }

    /// The key mail to a device is sealed to, unless it is too old to be used.
    fn seal_key_of(&self, device: DeviceId) -> Option<Vec<u8>> {
        let seal = self.peers.get(&device)?.record.seal.as_ref()?;
        let today = discovery::day_of(self.now.wall_ms);
        (today.saturating_sub(seal.day) <= KEY_DAYS).then(|| seal.ek.clone())
    }

    /// Whether letters and rows can be left for a device at all.
    pub(super) fn has_mail_road(&self, device: DeviceId) -> bool {
        self.seal_key_of(device).is_some() && !self.mailboxes_of(device).is_empty()
    }

    // ---- parcels ----------------------------------------------------------------------------------------------

    /// Leaves parcels at every mailbox of a device, as many at once as may be.
    fn deposit(&mut self, device: DeviceId) {
        for mailbox in self.mailboxes_of(device) {
            let pause = self.mail.post.pauses.get(&(device, mailbox.id));
            if let Some(until) = pause.map(|pause| pause.until_ms).filter(|until| *until > self.now.mono_ms) {
                if self.next_parcel(device, &mailbox.id).is_some() {
                    self.timers.set_earlier(Timer::Post(device), until);
                }
                continue;
            }
            while let Some(number) = self.next_parcel(device, &mailbox.id) {
                if self.deposit_one(device, &mailbox, number).is_none() {
                    self.pause(device, mailbox.id, FIRST_CROWDED_MS, LAST_CROWDED_MS);
                    let until = self.mail.post.pauses.get(&(device, mailbox.id)).map(|pause| pause.until_ms);
                    self.timers.set_earlier(Timer::Post(device), until.unwrap_or(self.now.mono_ms));
                    break;
                }
            }
        }
    }

    /// `None`: it cannot be asked now.
    fn deposit_one(&mut self, device: DeviceId, mailbox: &Mailbox, number: u64) -> Option<()> {
        #[cfg(feature = "planted")]
        if self.planted(super::super::Plant::Reencrypt) {
            let parcel = self.mail.post.parcels.get(&device)?.by_number.get(&number)?;
            let rows = if parcel.tried.contains(&mailbox.id) { parcel.rows.clone() } else { Vec::new() };
            self.planted_retry(device, &rows);
        }
        // Sealing is dear: nothing is sealed that cannot be asked.
        if !self.has_room_for_ask(&mailbox.id) {
            return None;
        }
        let parcel = self.mail.post.parcels.get(&device)?.by_number.get(&number)?;
        let peer = self.peers.get(&device)?;
        let parts: Vec<OlmPart> = parcel.rows.iter().filter_map(|(row, _)| peer.part_of(*row)).collect();
        let (with_card, round) = (parcel.with_card, parcel.round);
        let Some(sealed) = self.seal_for(device, kind::PARTS, wire::encode(&parts).ok()?, with_card, round)
        else {
            // Its key is none: only a newer card helps.
            self.pause(device, mailbox.id, REFUSED_MS, REFUSED_MS);
            return None;
        };
        let envelope = kdf::hash(&sealed.envelope);
        let asked = Asked { device, mailbox: mailbox.clone(), parcel: number, envelope, card: sealed.card };
        let ask = self.number();
        let (queue, token) = (mailbox.queue, mailbox.deposit);
        let request = Request::Deposit { queue, token, envelope: sealed.envelope };
        if !self.ask_mailbox(&place_of(mailbox), Ask::Deposit(ask), request) {
            return None;
        }
        self.mail.post.asked.insert(ask, asked);
        let parcel = self.mail.post.parcels.get_mut(&device)?.by_number.get_mut(&number)?;
        parcel.asked.insert(mailbox.id);
        parcel.tried.insert(mailbox.id);
        Some(())
    }

    /// An envelope for a device: the same for the same body, key, card and round. `None` if there is no key.
    pub(super) fn seal_for(
        &mut self,
        device: DeviceId,
        kind: u16,
        body: Vec<u8>,
        with_card: bool,
        round: u64,
    ) -> Option<Sealed> {
        let ek = self.seal_key_of(device)?;
        let card = if with_card { self.news_for(device) } else { None };
        let secret = kdf::derive("seal round", &[&self.own.device.seal_seed()[..], &round.to_le_bytes()]);
        let hash = card.as_ref().map(|card| kdf::hash(&card.body));
        let (account, own) = (self.own.account, self.own.device_id);
        let mut inner = Inner { account, device: own, card, kind, body };
        if let Ok(envelope) = envelope::seal(&ek, &secret, &inner) {
            return Some(Sealed { envelope, card: hash });
        }
        // The card did not fit beside it, or the key is none.
        inner.card = None;
        envelope::seal(&ek, &secret, &inner).ok().map(|envelope| Sealed { envelope, card: None })
    }

    // ---- answers ----------------------------------------------------------------------------------------------

    /// The answer to an ask of this file; `None`: there is none.
    pub(super) fn post_answered(&mut self, mailbox: MailboxId, ask: Ask, answer: Option<Answer>) {
        match (ask, answer) {
            (Ask::Deposit(number), answer) => {
                if let Some(asked) = self.mail.post.asked.remove(&number) {
                    self.deposit_answered(asked, answer);
                }
            }
            (Ask::GetCard(device), Some(Answer::Card(Some(card)))) => self.on_card_slot(device, &card),
            // What cannot be withdrawn runs out by itself; a card that is not there may come by another road.
            _ => {
                let _ = mailbox;
            }
        }
    }

    fn deposit_answered(&mut self, asked: Asked, answer: Option<Answer>) {
        let (device, mailbox) = (asked.device, asked.mailbox.id);
        let parcel = self.mail.post.parcels.get_mut(&device).and_then(|p| p.by_number.get_mut(&asked.parcel));
        let rows = parcel.map(|parcel| {
            parcel.asked.remove(&mailbox);
            if matches!(answer, Some(Answer::Promise(_) | Answer::Refused(_))) {
                parcel.tried.remove(&mailbox);
            }
            parcel.rows.clone()
        });
        #[cfg(feature = "planted")]
        self.planted_answer(device, rows.as_deref().unwrap_or_default(), answer.as_ref());
        match answer {
            Some(Answer::Promise(signed)) => {
                let promise = Promise::open(&signed, &mailbox, &asked.mailbox.queue, &asked.envelope);
                let kept_ms =
                    promise.map_or(0, |promise| u64::from(promise.kept_s).saturating_mul(SECOND_MS));
                match self.keep_rows(&asked, &rows.unwrap_or_default(), kept_ms) {
                    Promised::Nothing => self.pause(device, mailbox, REFUSED_MS, REFUSED_MS),
                    Promised::Unwanted | Promised::Kept => self.parcel_kept(&asked),
                }
            }
            Some(Answer::Refused(Refused::Full)) => self.pause(device, mailbox, FIRST_FULL_MS, LAST_FULL_MS),
            Some(Answer::Refused(Refused::Unknown | Refused::Malformed | Refused::Grant)) => {
                self.pause(device, mailbox, REFUSED_MS, REFUSED_MS);
                self.ask_for_card(device, Some(mailbox));
            }
            _ => self.pause(device, mailbox, FIRST_PAUSE_MS, LAST_PAUSE_MS),
        }
        if self.goes_by_mail(device) {
            self.deposit(device);
        }
    }

    /// What a promise says of the rows in an envelope, as far as they are still what was in it.
    fn keep_rows(&mut self, asked: &Asked, rows: &[RowAttempt], kept_ms: u64) -> Promised {
        let lived_ms = self.lived_ms();
        let Some(peer) = self.peers.get_mut(&asked.device) else { return Promised::Unwanted };
        self.active_peers.insert(asked.device);
        let same = |row: &OutRow, attempt: u32| row.attempt == attempt && row.part.is_some();
        let rows: Vec<u64> = rows
            .iter()
            .filter(|(row, attempt)| peer.outbox.get(row).is_some_and(|row| same(row, *attempt)))
            .map(|(row, _)| *row)
            .collect();
        let mut outcome = Promised::Unwanted;
        for row in rows {
            outcome = Promised::Nothing;
            if !peer.keep_row(row, asked.mailbox.id, asked.envelope, kept_ms, lived_ms) {
                return outcome;
            }
            outcome = Promised::Kept;
        }
        if outcome == Promised::Unwanted && kept_ms > 0 {
            peer.unwanted.insert((asked.mailbox.id, asked.envelope));
        }
        outcome
    }

    fn parcel_kept(&mut self, asked: &Asked) {
        let (device, mailbox) = (asked.device, asked.mailbox.id);
        self.mail.post.pauses.remove(&(device, mailbox));
        self.card_told(device, asked.card);
        let everywhere = self.mailboxes_of(device);
        let Some(parcels) = self.mail.post.parcels.get_mut(&device) else { return };
        let Some(parcel) = parcels.by_number.get_mut(&asked.parcel) else { return };
        parcel.done.insert(mailbox);
        if parcel.asked.is_empty() && everywhere.iter().all(|mailbox| parcel.done.contains(&mailbox.id)) {
            for (row, _) in parcels.by_number.remove(&asked.parcel).map(|p| p.rows).unwrap_or_default() {
                parcels.of_row.remove(&row);
            }
        }
    }

    /// A mailbox is not asked for a device for a while. Several answers at once count once.
    fn pause(&mut self, device: DeviceId, mailbox: MailboxId, first_ms: u64, last_ms: u64) {
        let pause = self.mail.post.pauses.entry((device, mailbox)).or_default();
        if pause.until_ms > self.now.mono_ms {
            return;
        }
        pause.failures = pause.failures.saturating_add(1);
        let wait = backoff(first_ms, last_ms, pause.failures);
        pause.until_ms = self.now.mono_ms.saturating_add(wait).saturating_add(self.rng.below(wait / 4));
    }
}

/// Where a mailbox of a card is.
pub(super) fn place_of(mailbox: &Mailbox) -> Place {
    Place { id: mailbox.id, addrs: mailbox.addrs.clone() }
}

#[cfg(test)]
impl Post {
    /// What was asked and not answered: number, mailbox, queue, hash of the envelope.
    pub fn under_way(&self) -> Vec<(u64, MailboxId, [u8; 16], [u8; 32])> {
        let each = |(number, asked): (&u64, &Asked)| {
            (*number, asked.mailbox.id, asked.mailbox.queue, asked.envelope)
        };
        self.asked.iter().map(each).collect()
    }
}

#[cfg(test)]
impl Engine {
    /// An answer to a deposit, as if it had come.
    pub fn mail_answered(&mut self, mailbox: MailboxId, number: u64, answer: Option<Answer>) {
        self.post_answered(mailbox, Ask::Deposit(number), answer);
    }
}
