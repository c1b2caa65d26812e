//! Envelopes that are not rows: answers to messages that came by mail, and requests of people we ask
//! (docs/spec/08-mail.md, "Letters"). They are kept in memory only: what is lost with a run is asked for or said again.

use super::super::net::LinkId;
use super::super::{Engine, Timer, dial::backoff};
use super::Ask;
use super::post::{Sealed, place_of};
use crate::identity::Mailbox;
use crate::ids::{AccountId, DeviceId, MailboxId};
use crate::kdf;
use crate::mail::envelope::kind;
use crate::mail::{Answer, Promise, Refused, Request};
use crate::time::{MINUTE_MS, SECOND_MS};
use crate::wire;
use std::collections::{BTreeMap, BTreeSet};

/// Letters that wait, and their bytes: what is over is not left, and said again in another run.
const LETTERS: usize = 512;
const LETTERS_BYTES: usize = 8 * 1024 * 1024;
/// Letters that wait for one device: somebody whose mailbox is gone must not take the room of all others.
const LETTERS_EACH: usize = 16;
/// Pauses between the attempts for one letter, doubled from the first to the last. Shorter ones spin while a mailbox is
/// gone; longer ones leave the other side without an answer.
const FIRST_PAUSE_MS: u64 = 5 * SECOND_MS;
const LAST_PAUSE_MS: u64 = 5 * MINUTE_MS;

/// What waits to be left.
#[derive(Default)]
pub(in super::super) struct Letters {
    waiting: BTreeMap<u64, Letter>,
    /// Whom we left our request with, in this run.
    requested: BTreeSet<AccountId>,
}

struct Letter {
    to: DeviceId,
    kind: u16,
    body: Vec<u8>,
    then: OnceKept,
    /// A link stood when it was written, and was not heard.
    silent: Option<LinkId>,
    /// Which mailboxes were asked, and with which envelope (its hash): none is asked twice at once.
    asked: BTreeMap<MailboxId, Left>,
    /// Mailboxes that have it.
    kept: BTreeSet<MailboxId>,
    failures: u32,
}

/// A letter on its way to one mailbox.
struct Left {
    mailbox: Mailbox,
    envelope: [u8; 32],
    card: Option<[u8; 32]>,
}

/// What is to be done when a mailbox has promised to keep a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum OnceKept {
    /// These envelopes of our own mailboxes were answered with it.
    Answered(Vec<(MailboxId, u64)>),
    /// Our request lies with the inviter.
    Requested(AccountId),
}

impl OnceKept {
    /// The envelopes that were answered.
    fn fetched(self) -> Option<Vec<(MailboxId, u64)>> {
        match self {
            Self::Answered(fetched) => Some(fetched),
            Self::Requested(_) => None,
        }
    }
}

impl Engine {
    /// Seals a letter for a device and leaves it at its mailboxes, tried again until one promises or the run ends.
    /// False if its card names no mailbox or no key, or too many wait: nothing will come of it.
    pub(super) fn post_letter(&mut self, to: DeviceId, kind: u16, body: Vec<u8>, then: OnceKept) -> bool {
        if !self.has_mail_road(to) || !self.has_room_for_letter(to, body.len()) {
            return false;
        }
        let number = self.number();
        let (asked, kept) = (BTreeMap::new(), BTreeSet::new());
        let silent = self.live_link(to);
        let letter = Letter { to, kind, body, then, silent, asked, kept, failures: 0 };
        self.mail.letters.waiting.insert(number, letter);
        self.try_letter(number);
        true
    }

    /// Whether one more letter of so many bytes may wait for a device.
    pub(super) fn has_room_for_letter(&self, to: DeviceId, body_bytes: usize) -> bool {
        let waiting = &self.mail.letters.waiting;
        let bytes: usize = waiting.values().map(|letter| letter.body.len()).sum();
        waiting.len() < LETTERS
            && bytes.saturating_add(body_bytes) <= LETTERS_BYTES
            && waiting.values().filter(|letter| letter.to == to).count() < LETTERS_EACH
    }

    /// Leaves a letter wherever it is not yet.
    pub(in super::super) fn try_letter(&mut self, number: u64) {
        let Some(letter) = self.mail.letters.waiting.get(&number) else { return };
        let (to, kind, body, silent) = (letter.to, letter.kind, letter.body.clone(), letter.silent);
        if !self.peers.contains_key(&to) {
            // Nobody is there to be answered.
            return self.letter_done(number);
        }
        if kind == kind::ACKS && self.live_link(to).is_some_and(|link| silent != Some(link)) {
            self.timers.clear(&Timer::Letter(number));
            let then = self.mail.letters.waiting.remove(&number).map(|letter| letter.then);
            let fetched = then.and_then(OnceKept::fetched).unwrap_or_default();
            return self.answer_on_link(to, wire::decode(&body).unwrap_or_default(), fetched);
        }
        self.letter_again(number);
        let Some(Sealed { envelope, card }) = self.seal_for(to, kind, body, true, 0) else { return };
        let hash = kdf::hash(&envelope);
        for mailbox in self.mailboxes_of(to) {
            let place = place_of(&mailbox);
            let Some(letter) = self.mail.letters.waiting.get_mut(&number) else { return };
            if letter.asked.contains_key(&mailbox.id) || letter.kept.contains(&mailbox.id) {
                continue;
            }
            let (queue, token, envelope) = (mailbox.queue, mailbox.deposit, envelope.clone());
            if self.ask_mailbox(&place, Ask::Letter(number), Request::Deposit { queue, token, envelope }) {
                let left = Left { mailbox, envelope: hash, card };
                if let Some(letter) = self.mail.letters.waiting.get_mut(&number) {
                    letter.asked.insert(place.id, left);
                }
            }
        }
    }

    /// Sets when a letter is tried again.
    fn letter_again(&mut self, number: u64) {
        let Some(letter) = self.mail.letters.waiting.get_mut(&number) else { return };
        letter.failures = letter.failures.saturating_add(1);
        let wait = backoff(FIRST_PAUSE_MS, LAST_PAUSE_MS, letter.failures);
        let at_ms = self.now.mono_ms.saturating_add(wait).saturating_add(self.rng.below(wait / 4));
        self.timers.set(Timer::Letter(number), at_ms);
    }

    /// The answer to an ask of this file; `None`: there is none.
    pub(super) fn letter_answered(&mut self, mailbox: MailboxId, ask: Ask, answer: Option<Answer>) {
        let Ask::Letter(number) = ask else { return };
        let crowded = answer == Some(Answer::Refused(Refused::Full)) && self.own_room_is_scarce();
        let Some(letter) = self.mail.letters.waiting.get_mut(&number) else { return };
        let Some(left) = letter.asked.remove(&mailbox) else { return };
        if crowded {
            self.make_room(number);
        }
        let Some(letter) = self.mail.letters.waiting.get_mut(&number) else { return };
        if let Some(Answer::Promise(signed)) = answer
            && Promise::open(&signed, &mailbox, &left.mailbox.queue, &left.envelope).is_some()
        {
            letter.kept.insert(mailbox);
            let to = letter.to;
            self.card_told(to, left.card);
        }
        let Some(letter) = self.mail.letters.waiting.get(&number) else { return };
        // Where it is asked for still, it may yet be kept too; where that failed, once is enough.
        if !letter.kept.is_empty() && letter.asked.is_empty() {
            self.letter_done(number);
        }
    }

    /// Their box is full, perhaps because they wait for room in ours: what we have taken of theirs makes some. Not what came
    /// last: should this run end before there is room for its answer, it is answered in another, and that has them leave
    /// again what went unanswered.
    fn make_room(&mut self, number: u64) {
        let Some(to) = self.mail.letters.waiting.get(&number).map(|letter| letter.to) else { return };
        let last = self.last_unanswered(to);
        let Some(letter) = self.mail.letters.waiting.get_mut(&number) else { return };
        let OnceKept::Answered(fetched) = &mut letter.then else { return };
        let (stays, goes) =
            std::mem::take(fetched).into_iter().partition(|(_, ticket)| Some(*ticket) == last);
        *fetched = stays;
        let goes: Vec<(MailboxId, u64)> = goes;
        self.mail_is_safe(&goes);
    }

    /// What is answered by the letters that wait for a device.
    pub(super) fn answered_by_letters(&self, device: DeviceId) -> impl Iterator<Item = &(MailboxId, u64)> {
        let theirs = self.mail.letters.waiting.values().filter(move |letter| letter.to == device);
        theirs
            .filter_map(|letter| match &letter.then {
                OnceKept::Answered(fetched) => Some(fetched),
                OnceKept::Requested(_) => None,
            })
            .flatten()
    }

    /// A letter lies at a mailbox, or is not needed.
    fn letter_done(&mut self, number: u64) {
        self.timers.clear(&Timer::Letter(number));
        match self.mail.letters.waiting.remove(&number).map(|letter| letter.then) {
            Some(OnceKept::Answered(fetched)) => self.mail_is_safe(&fetched),
            Some(OnceKept::Requested(_)) | None => {}
        }
    }

    // ---- asking who is away -----------------------------------------------------------------------------------

    /// Leaves our request at the mailboxes of somebody we ask, besides bringing it: once in a run.
    pub(in super::super) fn leave_request(&mut self, account: AccountId) {
        if self.mail.letters.requested.contains(&account) || self.is_invisible() {
            return;
        }
        let Some(invite) = self.join_invite(account) else { return };
        let devices = self.devices_of(account);
        let Some(device) = devices.into_iter().find(|device| self.has_mail_road(*device)) else { return };
        let request = self.request_for(&invite).and_then(|request| wire::encode(&request).ok());
        if let Some(body) = request
            && self.post_letter(device, kind::REQUEST, body, OnceKept::Requested(account))
        {
            self.mail.letters.requested.insert(account);
        }
    }

    /// Somebody is asked anew.
    pub(in super::super) fn forget_request(&mut self, account: AccountId) {
        self.mail.letters.requested.remove(&account);
        self.drop_letters(|letter| letter.then == OnceKept::Requested(account));
    }

    /// Somebody is no contact any more: nothing is said to them.
    pub(in super::super) fn forget_letters(&mut self, device: DeviceId) {
        self.drop_letters(|letter| letter.to == device);
        self.forget_answers(device);
    }

    fn drop_letters(&mut self, which: impl Fn(&Letter) -> bool) {
        let old: Vec<u64> =
            self.mail.letters.waiting.iter().filter(|(_, letter)| which(letter)).map(|(n, _)| *n).collect();
        for number in old {
            self.mail.letters.waiting.remove(&number);
            self.timers.clear(&Timer::Letter(number));
        }
    }
}

#[cfg(test)]
impl Engine {
    pub(in super::super) fn post_letter_for_test(
        &mut self,
        to: DeviceId,
        kind: u16,
        body: Vec<u8>,
        then: OnceKept,
    ) -> bool {
        self.post_letter(to, kind, body, then)
    }

    /// Letters that wait, and their bytes.
    pub fn letters_for_test(&self) -> (usize, usize) {
        let waiting = &self.mail.letters.waiting;
        (waiting.len(), waiting.values().map(|letter| letter.body.len()).sum())
    }
}
