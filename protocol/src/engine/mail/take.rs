//! Envelopes that came for us, and the answers to what was in them (docs/spec/08-mail.md, "Taking").
//!
//! ```text
//!  envelope ──known──► its fate is the first copy's
//!     │ queue: who writes there ──► a key of theirs ──► opened ──► card, parts ──► receive
//!     └── nothing for us, for good ──► may go                         │ answers: on a live link, or as a letter
//!                                                                     └──► may go
//! ```

use super::super::net::LinkId;
use super::super::receive::Road;
use super::super::{Engine, Plant, Timer, live::FrameOut};
use super::letters::OnceKept;
use super::queues::Writer;
use crate::identity::Card;
use crate::ids::{AccountId, DeviceId, InviteId, MailboxId};
use crate::kdf;
use crate::limits::REQUESTS;
use crate::mail::Item;
use crate::mail::envelope::{self, Inner, kind};
use crate::session::{Ack, OlmPart};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::wire::{self, Signed};
use std::collections::{BTreeMap, VecDeque};

/// Envelopes remembered in a run, so that a copy of one is not taken for another. Of a forgotten one everything is
/// answered once more.
const KNOWN: usize = 8_192;
/// Copies of one envelope that are remembered until they may go: three mailboxes have one each.
const COPIES: usize = 8;
/// Answers to mail are gathered for this long. Less makes more letters; more lets the other side wait.
const GATHER_MS: u64 = SECOND_MS;
/// Acks of one letter. Each has up to [`crate::limits::ACK_ITEMS`] answers, and all must fit an envelope.
const LETTER_ACKS: usize = 7;
/// Acks for one device that wait for room among the letters. What comes beyond is answered when it comes again.
const GATHERED: usize = 64;
/// They are looked at again after this.
const NO_ROOM_MS: u64 = MINUTE_MS;
/// A link that answers went out on and that says nothing for so long may be dead: they are left as a letter too. Less
/// leaves letters for people who are there; more keeps the mail where it lies for longer.
const UNHEARD_MS: u64 = 15 * SECOND_MS;
/// A contact is told not more often than this that mail of theirs could not be opened. Less lets whoever keeps our mail
/// make us write letters; more delays what an old disk has lost.
const LOST_MS: u64 = HOUR_MS;

/// One envelope that was taken.
struct Taken {
    ticket: u64,
    bytes: u64,
    /// Where it lies.
    copies: Vec<(MailboxId, u64)>,
    /// Whoever sent it will know: it may go, wherever it comes from.
    safe: bool,
}

/// Answers to one device that go by a letter, unless the link they went out on turns out to be alive.
#[derive(Default)]
struct Gathered {
    acks: Vec<Signed>,
    fetched: Vec<(MailboxId, u64)>,
    /// The link on which all of them went out, and when, on the monotonic clock.
    said: Option<(LinkId, u64)>,
}

/// What was taken in this run.
#[derive(Default)]
pub(in super::super) struct Take {
    known: BTreeMap<[u8; 32], Taken>,
    order: VecDeque<[u8; 32]>,
    /// Envelopes by our own number for them: a mailbox may use one of its numbers twice.
    tickets: BTreeMap<u64, [u8; 32]>,
    next_ticket: u64,
    /// What of each device came in this turn.
    fresh: BTreeMap<DeviceId, Vec<(MailboxId, u64)>>,
    gathered: BTreeMap<DeviceId, Gathered>,
    /// When contacts were told that mail of theirs could not be opened, in lived milliseconds.
    lost: BTreeMap<AccountId, u64>,
}

#[cfg(test)]
impl Take {
    /// Envelopes remembered.
    pub fn known_count(&self) -> usize {
        self.known.len().max(self.tickets.len()).max(self.order.len())
    }
}

/// What becomes of an envelope.
enum Fate {
    /// There is nothing in it for us, now or later.
    Nothing,
    /// It cannot be taken now, but perhaps later.
    Later,
    /// It was taken and needs no answer.
    Taken,
    /// It was taken, and its device is answered.
    Answered(DeviceId),
}

impl Engine {
    /// An envelope out of a mailbox of ours.
    pub(super) fn take_item(&mut self, mailbox: MailboxId, item: &Item) {
        let hash = kdf::hash(&item.envelope);
        let bytes = item.envelope.len() as u64;
        let copy = (mailbox, item.number);
        if let Some(taken) = self.mail.take.known.get_mut(&hash) {
            if taken.safe {
                self.may_go(mailbox, item.number, bytes);
            } else if taken.copies.len() < COPIES && !taken.copies.contains(&copy) {
                taken.copies.push(copy);
            }
            return;
        }
        match self.open_item(mailbox, item) {
            Fate::Nothing => self.may_go(mailbox, item.number, bytes),
            Fate::Later => self.fetch_all_again(mailbox),
            Fate::Taken => {
                self.remember_item(hash, bytes, Vec::new(), true);
                self.may_go(mailbox, item.number, bytes);
            }
            Fate::Answered(device) => {
                let ticket = self.remember_item(hash, bytes, vec![copy], false);
                self.mail.take.fresh.entry(device).or_default().push((mailbox, ticket));
                if self.planted(Plant::AckBeforeAnswer) {
                    self.may_go(mailbox, item.number, bytes);
                }
            }
        }
    }

    fn remember_item(
        &mut self,
        hash: [u8; 32],
        bytes: u64,
        copies: Vec<(MailboxId, u64)>,
        safe: bool,
    ) -> u64 {
        let take = &mut self.mail.take;
        take.next_ticket = take.next_ticket.saturating_add(1);
        let ticket = take.next_ticket;
        take.known.insert(hash, Taken { ticket, bytes, copies, safe });
        take.tickets.insert(ticket, hash);
        take.order.push_back(hash);
        if take.order.len() > KNOWN
            && let Some(oldest) = take.order.pop_front().and_then(|hash| take.known.remove(&hash))
        {
            take.tickets.remove(&oldest.ticket);
            for (mailbox, _) in oldest.copies {
                self.fetch_all_again(mailbox);
            }
        }
        ticket
    }

    /// These envelopes are taken, and whoever sent them will know: they may go.
    pub(in super::super) fn mail_is_safe(&mut self, fetched: &[(MailboxId, u64)]) {
        for (_, ticket) in fetched {
            let Some(hash) = self.mail.take.tickets.get(ticket) else { continue };
            let Some(taken) = self.mail.take.known.get_mut(hash) else { continue };
            taken.safe = true;
            let bytes = taken.bytes;
            for (mailbox, number) in std::mem::take(&mut taken.copies) {
                self.may_go(mailbox, number, bytes);
            }
        }
    }

    /// A stream ended: what lies there has to be told anew, perhaps under other numbers.
    pub(super) fn forget_copies(&mut self, mailbox: MailboxId) {
        for taken in self.mail.take.known.values_mut() {
            taken.copies.retain(|(there, _)| *there != mailbox);
        }
    }

    // ---- opening ----------------------------------------------------------------------------------------------

    fn open_item(&mut self, mailbox: MailboxId, item: &Item) -> Fate {
        let Some((rv, writer)) = self.writer_of(&mailbox, &item.queue) else { return Fate::Nothing };
        let Some(hint) = envelope::hint_of(&item.envelope) else { return Fate::Nothing };
        let pairs = self.seal_pairs(&rv, hint);
        let inner = pairs.iter().find_map(|pair| envelope::open(&item.envelope, pair).ok());
        let Some(inner) = inner else {
            return match writer {
                Writer::Contact(account) if pairs.is_empty() && !self.tell_of_lost_key(account) => {
                    Fate::Later
                }
                _ => Fate::Nothing,
            };
        };
        match writer {
            Writer::Contact(account) => self.take_inner(account, &inner),
            Writer::Invite(invite) => self.take_asked(invite, &inner),
            Writer::Room(_) if self.shares_room(&inner.account) => self.take_inner(inner.account, &inner),
            Writer::Room(_) => Fate::Nothing,
        }
    }

    fn take_inner(&mut self, account: AccountId, inner: &Inner) -> Fate {
        if inner.account != account || !self.may_talk(&account) {
            return Fate::Nothing;
        }
        if let Some(signed) = &inner.card {
            let theirs = Card::open(signed)
                .is_ok_and(|(card, manifest)| card.device == inner.device && manifest.account == account);
            if !theirs || self.take_card(None, signed).is_none() {
                return Fate::Nothing;
            }
        }
        let Some(peer) = self.peers.get(&inner.device) else { return Fate::Later };
        if peer.account() != account {
            return Fate::Nothing;
        }
        match inner.kind {
            kind::PARTS => match wire::decode::<Vec<OlmPart>>(&inner.body) {
                Ok(parts) if !parts.is_empty() => {
                    self.on_parts(inner.device, parts, Road::Mailbox);
                    Fate::Answered(inner.device)
                }
                _ => Fate::Nothing,
            },
            kind::ACKS => {
                let sig = peer.record.sig;
                let Ok(acks) = wire::decode::<Vec<Signed>>(&inner.body) else { return Fate::Nothing };
                if acks.is_empty() {
                    self.leave_all_again(inner.device);
                }
                for ack in acks.iter().filter_map(|signed| Ack::open(signed, &sig)) {
                    self.on_ack(inner.device, &ack);
                }
                Fate::Taken
            }
            _ => Fate::Nothing,
        }
    }

    /// A contact sealed something to a key that is not here: this disk is older than the key, or the key is too old. They
    /// are told with an empty letter, in which our card is; what it was cannot be known any more. False: they cannot be
    /// told now.
    pub(in super::super) fn tell_of_lost_key(&mut self, account: AccountId) -> bool {
        let lived_ms = self.lived_ms();
        let told = self.mail.take.lost.get(&account);
        if !self.is_accepted(&account) || told.is_some_and(|at| lived_ms.saturating_sub(*at) < LOST_MS) {
            return true;
        }
        let devices = self.devices_of(account);
        let mut left = !devices.iter().any(|device| self.takes_letters(*device));
        for device in devices {
            let body = wire::encode(&Vec::<Signed>::new()).unwrap_or_default();
            left |= self.post_letter(device, kind::ACKS, body, OnceKept::Answered(Vec::new()));
            if !self.has_mail_road(device) {
                self.ask_for_card(device, None);
            }
        }
        // Who has no mailbox is told on the next link, by our card there.
        if left {
            self.mail.take.lost.insert(account, lived_ms);
        }
        left
    }

    /// Somebody who holds an invite asks while we were away.
    fn take_asked(&mut self, invite: InviteId, inner: &Inner) -> Fate {
        let signed =
            if inner.kind == kind::REQUEST { wire::decode::<Signed>(&inner.body).ok() } else { None };
        let Some(signed) = signed else { return Fate::Nothing };
        if self.requests.len() >= REQUESTS {
            return Fate::Later;
        }
        let Some((request, card, manifest)) = self.open_request(&signed, invite) else {
            return Fate::Nothing;
        };
        if manifest.account != inner.account || card.device != inner.device {
            return Fate::Nothing;
        }
        match self.take_request(invite, request, manifest.account) {
            Some(()) => Fate::Taken,
            None => Fate::Nothing,
        }
    }

    // ---- answering --------------------------------------------------------------------------------------------

    /// The signed answers of this turn to one device: on the live link, or gathered for a letter.
    pub(in super::super) fn answer(&mut self, device: DeviceId, acks: Vec<Signed>) {
        let fetched = self.mail.take.fresh.remove(&device).unwrap_or_default();
        if self.live_link(device).is_some() {
            return self.answer_on_link(device, acks, fetched);
        }
        if self.takes_letters(device) {
            self.gather(device, acks, fetched, None);
        } else {
            // Nobody can be told: it comes again on the next link, and is answered there.
            self.mail_is_safe(&fetched);
        }
    }

    /// Answers go out on the live link. What was fetched stays where it lies until something is heard on it: a link may be
    /// dead and not known to be.
    pub(super) fn answer_on_link(
        &mut self,
        device: DeviceId,
        acks: Vec<Signed>,
        fetched: Vec<(MailboxId, u64)>,
    ) {
        for ack in &acks {
            self.frame_to(device, &FrameOut::Ack(ack.clone()));
        }
        if !fetched.is_empty() {
            let said = self.live_link(device).map(|link| (link, self.now.mono_ms));
            self.gather(device, acks, fetched, said);
        }
    }

    fn gather(
        &mut self,
        device: DeviceId,
        acks: Vec<Signed>,
        fetched: Vec<(MailboxId, u64)>,
        said: Option<(LinkId, u64)>,
    ) {
        let room = self.has_room_for_letter(device, 0);
        let gathered = self.mail.take.gathered.entry(device).or_default();
        if gathered.acks.len() >= GATHERED {
            return self.not_answered(&fetched);
        }
        // All count as said only if all went out on the same link.
        let link = |said: Option<(LinkId, u64)>| said.map(|(link, _)| link);
        let together = gathered.acks.is_empty() || link(gathered.said) == link(said);
        gathered.said = said.filter(|_| together);
        gathered.acks.extend(acks);
        gathered.fetched.extend(fetched);
        let wait = match gathered.said {
            Some(_) => UNHEARD_MS,
            None if gathered.acks.len() >= LETTER_ACKS && room => 0,
            None => GATHER_MS,
        };
        self.timers.set_earlier(Timer::Answers(device), self.now.mono_ms.saturating_add(wait));
    }

    /// Something came on a live link: answers that went out on it before have come too.
    pub(in super::super) fn answers_heard(&mut self, device: DeviceId, on: LinkId) {
        let said = self.mail.take.gathered.get(&device).and_then(|gathered| gathered.said);
        if said.is_some_and(|(link, at_ms)| link == on && at_ms < self.now.mono_ms) {
            self.forget_answers(device);
        }
    }

    /// These envelopes lie where they lay, and when they come again their answer is given anew.
    fn not_answered(&mut self, fetched: &[(MailboxId, u64)]) {
        for (mailbox, ticket) in fetched {
            let take = &mut self.mail.take;
            if let Some(hash) = take.tickets.remove(ticket) {
                take.known.remove(&hash);
                take.order.retain(|known| *known != hash);
            }
            self.fetch_all_again(*mailbox);
        }
    }

    /// A device is not answered any more.
    pub(super) fn forget_answers(&mut self, device: DeviceId) {
        self.timers.clear(&Timer::Answers(device));
        if let Some(gathered) = self.mail.take.gathered.remove(&device) {
            self.mail_is_safe(&gathered.fetched);
        }
    }

    /// The turn ends: what was not answered in it lies where it lay.
    pub(in super::super) fn end_taking(&mut self) {
        self.mail.take.fresh.clear();
    }

    fn takes_letters(&self, device: DeviceId) -> bool {
        let record = self.peers.get(&device).map(|peer| &peer.record);
        record.is_some_and(|record| record.seal.is_some() && !record.mailboxes.is_empty())
    }

    /// Answers were gathered for long enough, or their link has been silent.
    pub(in super::super) fn on_answers_due(&mut self, device: DeviceId) {
        let link = self.live_link(device);
        let said = self.mail.take.gathered.get(&device).and_then(|gathered| gathered.said);
        let unsaid = link.is_some() && said.map(|(link, _)| link) != link;
        if !unsaid && self.has_mail_road(device) && !self.has_room_for_letter(device, 0) {
            self.timers.set(Timer::Answers(device), self.now.mono_ms.saturating_add(NO_ROOM_MS));
            return;
        }
        let Some(Gathered { acks, fetched, .. }) = self.mail.take.gathered.remove(&device) else { return };
        if unsaid {
            self.answer_on_link(device, acks, fetched);
        } else if !self.takes_letters(device) {
            self.mail_is_safe(&fetched);
        } else if !self.has_mail_road(device) {
            // Their key is too old, or our clock is wrong: it lies where it lies until there is a newer card.
            self.ask_for_card(device, None);
            self.not_answered(&fetched);
        } else {
            self.leave_answers(device, acks, fetched);
        }
    }

    /// Answers become letters.
    fn leave_answers(&mut self, device: DeviceId, mut acks: Vec<Signed>, mut fetched: Vec<(MailboxId, u64)>) {
        while !acks.is_empty() {
            let rest = acks.split_off(acks.len().min(LETTER_ACKS));
            let body = wire::encode(&std::mem::replace(&mut acks, rest)).unwrap_or_default();
            // Only the last letter frees anything: the others were taken before it, and are asked for in order.
            let frees = if acks.is_empty() { std::mem::take(&mut fetched) } else { Vec::new() };
            if !self.post_letter(device, kind::ACKS, body, OnceKept::Answered(frees.clone())) {
                self.not_answered(&frees);
                return self.not_answered(&fetched);
            }
        }
    }

    /// What came last of the envelopes of a device that are not answered yet.
    pub(super) fn last_unanswered(&self, device: DeviceId) -> Option<u64> {
        let gathered = self.mail.take.gathered.get(&device).into_iter().flat_map(|g| &g.fetched);
        gathered.chain(self.answered_by_letters(device)).map(|(_, ticket)| *ticket).max()
    }
}
