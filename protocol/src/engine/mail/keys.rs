//! Keys that mail to us is sealed to: one for each reader of our card and day, and the cards that carry them
//! (docs/spec/08-mail.md, "Seal keys"). A key that is gone opens nothing any more, whoever kept the envelope.

use super::super::Engine;
use super::super::live::fits;
use super::super::state::{self, LoadError};
use super::super::step::{Change, Record, Space};
use crate::discovery;
use crate::identity::{Card, SealKey};
use crate::limits::ADDRESSES;
use crate::mail::envelope::{self, SealPair};
use crate::time::DAY_MS;
use crate::wire::Signed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A key is deleted after this much lived time, if all mail was fetched since: nobody seals to one older than 14 days,
/// and no mailbox keeps what was sealed for more than 14. Sooner loses mail; later lets a stolen disk open more.
const LIFE_MS: u64 = 30 * DAY_MS;
/// It is deleted after this in any case.
const LONGEST_MS: u64 = 60 * DAY_MS;
/// Keys for one reader: one for each day of the longest life, and a few for a clock that jumps.
const KEYS: usize = 64;

/// Stands in a card for a peer id that is kept back.
const NO_PEER: [u8; 1] = [0];
/// Numbers a new state of our cards takes: the private card for an invite has the lowest, a contact's the highest, so
/// that whoever gets one of each ends with the one that says most.
const CARD_STEP: u64 = 3;

#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct KeyRecord {
    secret: [u8; 32],
    made_lived_ms: u64,
    /// Of its public half, so that loading many costs nothing.
    hint: [u8; 4],
}

/// All of them, by reader and day.
#[derive(Default)]
pub(in super::super) struct Keys(BTreeMap<[u8; 32], BTreeMap<u32, KeyRecord>>);

fn key_of(rv: &[u8; 32], day: u32) -> Vec<u8> {
    [rv.as_slice(), &day.to_be_bytes()].concat()
}

impl Engine {
    /// The key of today for whoever finds us by `rv`, made if there is none; `None` while we have no mailbox.
    pub(super) fn seal_key_for(&mut self, rv: &[u8; 32]) -> Option<SealKey> {
        if !self.has_mailbox() {
            return None;
        }
        let day = discovery::day_of(self.now.wall_ms);
        if let Some(key) = self.mail.keys.0.get(rv).and_then(|keys| keys.get(&day)) {
            return Some(SealKey { day, ek: SealPair::from_secret(key.secret).public() });
        }
        let pair = SealPair::from_secret(self.rng.bytes());
        let ek = pair.public();
        let made_lived_ms = self.lived_ms();
        let record = KeyRecord { secret: *pair.secret(), made_lived_ms, hint: envelope::hint(&ek) };
        self.changes.extend(state::put(Space::SealKey, key_of(rv, day), &record));
        let keys = self.mail.keys.0.entry(*rv).or_default();
        keys.insert(day, record);
        if keys.len() > KEYS
            && let Some(oldest) = keys.iter().min_by_key(|(day, key)| (key.made_lived_ms, **day))
        {
            let oldest = *oldest.0;
            keys.remove(&oldest);
            self.change(Change::Drop { space: Space::SealKey, key: key_of(rv, oldest) });
        }
        Some(SealKey { day, ek })
    }

    /// The keys an envelope of a reader may be sealed to.
    pub(super) fn seal_pairs(&self, rv: &[u8; 32], hint: [u8; 4]) -> Vec<SealPair> {
        let keys = self.mail.keys.0.get(rv).into_iter().flat_map(BTreeMap::values);
        keys.filter(|key| key.hint == hint).map(|key| SealPair::from_secret(key.secret)).collect()
    }

    /// Deletes keys whose mail must have come.
    pub(in super::super) fn expire_seal_keys(&mut self, lived_ms: u64) {
        let fetched = self.all_fetched_lived_ms();
        let over = |key: &KeyRecord| {
            let due = key.made_lived_ms.saturating_add(LIFE_MS);
            let last = key.made_lived_ms.saturating_add(LONGEST_MS);
            lived_ms >= last || (lived_ms >= due && fetched.is_some_and(|at| at >= due))
        };
        let mut gone = Vec::new();
        for (rv, keys) in &mut self.mail.keys.0 {
            gone.extend(keys.iter().filter(|(_, key)| over(key)).map(|(day, _)| key_of(rv, *day)));
            keys.retain(|_, key| !over(key));
        }
        self.mail.keys.0.retain(|_, keys| !keys.is_empty());
        for key in gone {
            self.change(Change::Drop { space: Space::SealKey, key });
        }
    }

    /// A key out of the store.
    pub(in super::super) fn load_seal_key(&mut self, record: &Record) -> Result<(), LoadError> {
        let broken = LoadError { space: record.space };
        let (rv, day, []) = state::key::split::<32, 4, 0>(&record.key).ok_or_else(|| broken.clone())?;
        self.mail.keys.0.entry(rv).or_default().insert(u32::from_be_bytes(day), state::open(record)?);
        Ok(())
    }

    // ---- cards ------------------------------------------------------------------------------------------------

    /// Our present card for a contact who finds us by `rv`. `None` until the network told our peer id.
    pub(in super::super) fn own_card(&mut self, rv: &[u8; 32]) -> Option<Signed> {
        let seq = self.card_seq();
        self.make_card(seq, rv, self.own.peer_id.clone(), |_| true)
    }

    /// Our card for whoever holds an invite. A private one does not say where we are, only which relay to ask, and does
    /// not name our peer id: the DHT tells the addresses of a peer id to whoever asks.
    pub(in super::super) fn invite_card(&mut self, secret: &[u8; 32], private: bool) -> Option<Signed> {
        let seq = self.card_seq();
        let peer_id = self.own.peer_id.clone();
        match private {
            false => self.make_card(seq.saturating_sub(1), secret, peer_id, |_| true),
            true if peer_id.is_empty() => None,
            true => self.make_card(seq.saturating_sub(2), secret, NO_PEER.to_vec(), |addr| {
                addr.contains("/p2p-circuit")
            }),
        }
    }

    /// The number of the present state of our cards: another one when something in them changed, or a day is over.
    fn card_seq(&mut self) -> u64 {
        let today = discovery::day_of(self.now.wall_ms);
        if self.own.card_day != Some(today) {
            // At least the second of the day: a device set back to an older state is believed again at once.
            let second = u64::try_from(self.now.wall_ms / 1000).unwrap_or(0);
            self.own.card_seq = self.own.card_seq.saturating_add(CARD_STEP).max(second);
            self.own.card_day = Some(today);
            self.own_dirty = true;
        }
        self.own.card_seq
    }

    fn make_card(
        &mut self,
        seq: u64,
        rv: &[u8; 32],
        peer_id: Vec<u8>,
        shown: impl Fn(&str) -> bool,
    ) -> Option<Signed> {
        let (seal, mailboxes) = (self.seal_key_for(rv), self.mailboxes_for(rv));
        let addrs = self.own.addrs.iter().filter(|addr| fits(addr) && shown(addr));
        let card = Card {
            device: self.own.device_id,
            seq,
            peer_id,
            addrs: addrs.take(ADDRESSES).cloned().collect(),
            seal,
            olm_fallback: self.own.fallback,
            mailboxes,
            manifest: self.own.manifest.clone(),
            ext: Vec::new(),
        };
        card.sign(&self.own.device).ok()
    }
}
