//! Two people compare three words (docs/spec/03-live.md, "Comparing"): the talk of the two devices. Nothing of it is
//! kept; what the people find is told by [`super::command::Command::Verify`].
//!
//! ```text
//!  asks ── Commit ──► answers          neither can choose the words: who asks is bound before they see the other's
//!       ◄─ Answer ──                   chance, who answers has not seen the asker's
//!       ── Reveal ──► checks; both show
//! ```

use super::command::{Refusal, Reply};
use super::live::FrameOut;
use super::step::{Action, Notice};
use super::{Engine, Peer};
use crate::identity::{Chance, commitment, compared_words};
use crate::ids::{AccountId, DeviceId};
use crate::time::SECOND_MS;
use serde::{Deserialize, Serialize};

/// A comparison that is not over by now is forgotten. Shorter fails on slow relays; longer leaves old ones about.
const LASTS_MS: u64 = 30 * SECOND_MS;
/// One device may have us answer once in this time: each answer shows words, and whoever had many tries could wait for
/// words that fit.
const PAUSE_MS: u64 = 5 * SECOND_MS;

/// What is said in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Compare {
    /// Who asks is bound to their chance.
    Commit([u8; 32]),
    /// The other's chance.
    Answer(Chance),
    /// The asker's chance.
    Reveal(Chance),
}

/// A comparison under way with a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comparing {
    chance: Chance,
    /// What the other is bound to, if they asked.
    bound: Option<[u8; 32]>,
    since_ms: u64,
    done: bool,
}

impl Engine {
    /// Asks a contact who is here to compare.
    pub(super) fn compare(&mut self, account: AccountId) -> Result<Reply, Refusal> {
        self.contacts.get(&account).ok_or(Refusal::NoContact)?;
        if !self.is_accepted(&account) {
            return Err(Refusal::NotAccepted);
        }
        let here = self.devices_of(account).into_iter().find(|device| self.live_link(*device).is_some());
        let device = here.ok_or(Refusal::NotHere)?;
        let chance: Chance = self.rng.bytes();
        let bound = commitment(&self.own.account, &account, &chance);
        let since_ms = self.now.mono_ms;
        self.comparing.insert(device, Comparing { chance, bound: None, since_ms, done: false });
        self.frame_to(device, &FrameOut::Compare(Compare::Commit(bound)));
        Ok(Reply::Done)
    }

    /// Something said in a comparison, by a device.
    pub(super) fn on_compare(&mut self, device: DeviceId, said: Compare) {
        let Some(account) = self.peers.get(&device).map(Peer::account) else { return };
        if !self.is_accepted(&account) {
            return;
        }
        let (now_ms, own) = (self.now.mono_ms, self.own.account);
        let known = self.comparing.get(&device).copied();
        let fresh = known.filter(|known| !known.done && now_ms.saturating_sub(known.since_ms) < LASTS_MS);
        match said {
            Compare::Commit(bound) => {
                // Both asked at once: the smaller account's question counts.
                let ours_counts = fresh.is_some_and(|known| known.bound.is_none()) && own < account;
                let too_soon = known.is_some_and(|known| {
                    known.bound.is_some() && now_ms.saturating_sub(known.since_ms) < PAUSE_MS
                });
                if ours_counts || too_soon {
                    return;
                }
                let chance: Chance = self.rng.bytes();
                let comparing = Comparing { chance, bound: Some(bound), since_ms: now_ms, done: false };
                self.comparing.insert(device, comparing);
                self.frame_to(device, &FrameOut::Compare(Compare::Answer(chance)));
            }
            Compare::Answer(theirs) => {
                let Some(ours) = fresh.filter(|known| known.bound.is_none()) else { return };
                self.frame_to(device, &FrameOut::Compare(Compare::Reveal(ours.chance)));
                self.show_words(device, account, compared_words((&own, &ours.chance), (&account, &theirs)));
            }
            Compare::Reveal(theirs) => {
                let Some(ours) = fresh else { return };
                if ours.bound != Some(commitment(&account, &own, &theirs)) {
                    return;
                }
                self.show_words(device, account, compared_words((&account, &theirs), (&own, &ours.chance)));
            }
        }
    }

    fn show_words(&mut self, device: DeviceId, account: AccountId, words: [&'static str; 3]) {
        if let Some(known) = self.comparing.get_mut(&device) {
            known.done = true;
        }
        self.actions.push(Action::Notice(Notice::Words { account, words }));
    }
}
