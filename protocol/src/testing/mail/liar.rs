//! How a mailbox lies. What it does with an envelope it decides once, by chance it was given and never by the bytes, so
//! that one seed is one run.

use crate::engine::LinkId;
use crate::kdf;
use crate::mail::server::MemoryShelf;
use crate::mail::{Answer, Item, Request};
use crate::rng::Rng;
use crate::time::{MINUTE_MS, SECOND_MS};
use std::collections::{BTreeMap, BTreeSet};

/// One way of lying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MailFault {
    /// Promises, and keeps half of it.
    Loses,
    /// Promises, and keeps nothing of it.
    LosesAll,
    /// Tells of envelopes again that were told of, taken and acknowledged.
    Replays,
    /// Tells of them in any order.
    Shuffles,
    /// Tells of some much later.
    Withholds,
    /// Says of many a page that there is nothing.
    SaysEmpty,
    /// Goes back to an old disk now and then.
    RollsBack,
    /// Its wall clock jumps by years.
    Jumps,
    /// Answers nothing for minutes.
    Freezes,
    /// Says that it deleted, and does not.
    KeepsAcked,
    /// Tells of each envelope once only.
    ShowsOnce,
    /// Tells each caller of other envelopes.
    Splits,
    /// Its promises are signed by nobody.
    BadPromise,
    /// Its greeting is signed by nobody, half of the time.
    BadWelcome,
    /// Sends what is no word of the protocol.
    Garbage,
    /// Refuses deposits, for all reasons there are.
    Refuses,
}

impl MailFault {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Loses,
        Self::LosesAll,
        Self::Replays,
        Self::Shuffles,
        Self::Withholds,
        Self::SaysEmpty,
        Self::RollsBack,
        Self::Jumps,
        Self::Freezes,
        Self::KeepsAcked,
        Self::ShowsOnce,
        Self::Splits,
        Self::BadPromise,
        Self::BadWelcome,
        Self::Garbage,
        Self::Refuses,
    ];
}

/// Envelopes kept for replaying.
const REPLAYS: usize = 64;
const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// What becomes of an envelope here.
#[derive(Clone, Copy)]
struct Fate {
    lost: bool,
    /// Not told of before, on the world's clock.
    from_ms: u64,
}

/// A liar's mind.
pub(super) struct Liar {
    rng: Rng,
    fates: BTreeMap<[u8; 32], Fate>,
    shown: BTreeSet<[u8; 32]>,
    split: BTreeMap<(LinkId, [u8; 32]), bool>,
    pages: BTreeMap<LinkId, Vec<Item>>,
    replays: Vec<Item>,
    old: Option<MemoryShelf>,
    frozen_until_ms: u64,
}

impl Liar {
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            fates: BTreeMap::new(),
            shown: BTreeSet::new(),
            split: BTreeMap::new(),
            pages: BTreeMap::new(),
            replays: Vec::new(),
            old: None,
            frozen_until_ms: 0,
        }
    }

    /// An answer instead of the server's, which is not even asked.
    pub fn instead(&mut self, faults: &[MailFault], request: Option<&Request>) -> Option<Answer> {
        use crate::mail::Refused::{Busy, Full, Malformed, Unknown};
        match request? {
            Request::Ack(_) if faults.contains(&MailFault::KeepsAcked) => Some(Answer::Done),
            Request::Deposit { .. } if faults.contains(&MailFault::Refuses) => {
                let why = [Full, Busy, Unknown, Malformed];
                let draw = usize::try_from(self.rng.below(6)).unwrap_or(0);
                why.get(draw).copied().map(Answer::Refused)
            }
            _ => None,
        }
    }

    /// What is said instead of an answer.
    pub fn bend(&mut self, faults: &[MailFault], link: LinkId, answer: Answer, now_ms: u64) -> Vec<Answer> {
        if faults.is_empty() {
            return vec![answer];
        }
        if faults.contains(&MailFault::Freezes) && now_ms < self.frozen_until_ms {
            return Vec::new();
        }
        match answer {
            Answer::Promise(mut signed) if faults.contains(&MailFault::BadPromise) => {
                spoil(&mut signed.sig);
                vec![Answer::Promise(signed)]
            }
            Answer::Welcome(mut sig) => {
                if faults.contains(&MailFault::BadWelcome) && self.rng.below(2) == 0 {
                    spoil(&mut sig);
                }
                vec![Answer::Welcome(sig)]
            }
            Answer::Item(item) => {
                if self.tells(faults, link, &item, now_ms) {
                    self.pages.entry(link).or_default().push(item);
                }
                Vec::new()
            }
            Answer::PageEnd { .. } | Answer::ReadEnd { .. } => self.page(faults, link, answer),
            other => vec![other],
        }
    }

    /// Whether an envelope is told of.
    fn tells(&mut self, faults: &[MailFault], link: LinkId, item: &Item, now_ms: u64) -> bool {
        let hash = kdf::hash(&item.envelope);
        let rng = &mut self.rng;
        let fate = *self.fates.entry(hash).or_insert_with(|| Fate {
            lost: rng.below(2) == 0,
            from_ms: now_ms.saturating_add(rng.below(4).saturating_mul(rng.below(10 * MINUTE_MS))),
        });
        let half = *self.split.entry((link, hash)).or_insert_with(|| rng.below(2) == 0);
        let has = |fault| faults.contains(&fault);
        !(has(MailFault::LosesAll)
            || (has(MailFault::Loses) && fate.lost)
            || (has(MailFault::Withholds) && now_ms < fate.from_ms)
            || (has(MailFault::Splits) && half)
            || (has(MailFault::ShowsOnce) && !self.shown.insert(hash)))
    }

    fn page(&mut self, faults: &[MailFault], link: LinkId, end: Answer) -> Vec<Answer> {
        let mut items = self.pages.remove(&link).unwrap_or_default();
        for item in &items {
            if self.replays.len() < REPLAYS {
                self.replays.push(item.clone());
            }
        }
        if faults.contains(&MailFault::SaysEmpty) && self.rng.below(3) > 0 {
            return vec![match end {
                Answer::ReadEnd { last, .. } => Answer::ReadEnd { more: false, last },
                _ => Answer::PageEnd { more: false },
            }];
        }
        if faults.contains(&MailFault::Replays) {
            for _ in 0..self.rng.below(4) {
                let draw = usize::try_from(self.rng.below(REPLAYS as u64)).unwrap_or(0);
                items.extend(self.replays.get(draw).cloned());
            }
        }
        if faults.contains(&MailFault::Shuffles) {
            for place in (1..items.len()).rev() {
                let other = usize::try_from(self.rng.below(place as u64 + 1)).unwrap_or(0);
                items.swap(place, other);
            }
        }
        items.into_iter().map(Answer::Item).chain([end]).collect()
    }

    /// Bytes that mean nothing.
    pub fn garbage(&mut self, faults: &[MailFault]) -> Option<Vec<u8>> {
        (faults.contains(&MailFault::Garbage) && self.rng.below(6) == 0).then(|| {
            let mut message = self.rng.bytes::<64>().to_vec();
            message.truncate(usize::try_from(self.rng.below(65)).unwrap_or(0));
            message
        })
    }

    /// How far off the wall clock shall be from now on; decides also when to answer nothing.
    pub fn clock(&mut self, faults: &[MailFault], now_ms: u64) -> Option<i64> {
        if faults.contains(&MailFault::Freezes) && self.rng.below(4) == 0 {
            self.frozen_until_ms = now_ms.saturating_add(self.rng.below(600) * SECOND_MS);
        }
        if !faults.contains(&MailFault::Jumps) || self.rng.below(4) > 0 {
            return None;
        }
        let skews = [0, YEAR_MS, -YEAR_MS, 74 * YEAR_MS, -56 * YEAR_MS, 3_600_000];
        skews.get(usize::try_from(self.rng.below(6)).unwrap_or(0)).copied()
    }

    /// The old disk to go back to, if it does so now.
    pub fn roll_back(&mut self, faults: &[MailFault], shelf: &MemoryShelf) -> Option<MemoryShelf> {
        if !faults.contains(&MailFault::RollsBack) {
            return None;
        }
        match self.rng.below(12) {
            0 => self.old.clone(),
            1 => {
                self.old = Some(shelf.clone());
                None
            }
            _ => None,
        }
    }
}

fn spoil(sig: &mut [u8; 64]) {
    if let Some(byte) = sig.get_mut(7) {
        *byte ^= 0x55;
    }
}
