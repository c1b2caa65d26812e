//! What comes back from the DHT: anything at all, until a record opens, what is in it is signed by who was looked for
//! (a card by a device of the person, a place by the mailbox), and it is newer than what is known
//! (docs/spec/07-discovery.md, "Looking up").

use super::dial::DialPurpose;
use super::links::{Link, Purpose};
use super::net::{KNOWN_COPIES, LookUpId};
use super::search::{Best, Edition, Sought};
use super::{Engine, Timer};
use crate::discovery::{self, Slot};
use crate::identity::Card;
use crate::ids::{AccountId, DeviceId};
use crate::kdf;
use crate::mail::Place;
use crate::time::{SECOND_MS, WallMs};

/// Different values of one look-up that are looked at: each costs a hash, and a signature check if it claims to be
/// right.
const VALUES: usize = 512;
/// Values of one look-up whose cards are read. Only who shares the secret can make them.
const CARDS: u32 = 64;
/// So many holders of the same newest card are enough, if it is news...
const AGREED: u32 = 3;
/// ...and if it is the one we have.
const AGREED_OLD: u32 = KNOWN_COPIES as u32;
/// An address is not dialled again within this because somebody still has it.
const DIALED_MS: u64 = 5 * SECOND_MS;
impl Engine {
    pub(super) fn on_found(&mut self, lookup: LookUpId, value: &[u8]) {
        let Some(entry) = self.finding.lookups.get_mut(&lookup) else { return };
        if entry.ended || entry.seen.len() >= VALUES || entry.cards >= CARDS {
            return;
        }
        let hash = kdf::hash(value);
        match entry.seen.insert(hash, None) {
            Some(Some(edition)) => {
                entry.seen.insert(hash, Some(edition));
                return self.count_news(lookup, edition, false);
            }
            Some(None) => return,
            None => {}
        }
        let (sought, slot) = (entry.sought, entry.slot);
        if !self.is_missing(sought) {
            return;
        }
        // What was found last time is not read again.
        let last = self.finding.searches.get(&sought).and_then(|search| search.last);
        let (edition, news) = match last.filter(|(last, _)| *last == hash) {
            Some((_, edition)) => (edition, false),
            None => match self.open_found(lookup, sought, &slot, value) {
                Some(found) => found,
                None => return,
            },
        };
        if let Some(search) = self.finding.searches.get_mut(&sought) {
            search.valid = true;
            search.found = Some(self.now.wall_ms);
            if news || search.last.is_none() {
                search.last = Some((hash, edition));
            }
        }
        if let Some(entry) = self.finding.lookups.get_mut(&lookup) {
            entry.seen.insert(hash, Some(edition));
        }
        self.count_news(lookup, edition, news);
        // A mailbox was called when its place was read.
        if let (Sought::Contact(account) | Sought::Join(account), Some(device)) = (sought, edition.device) {
            self.dial_found(account, device, news);
        }
    }

    /// Reads a value and takes what it tells: which edition, and whether that is newer than the one we had.
    fn open_found(
        &mut self,
        lookup: LookUpId,
        sought: Sought,
        slot: &Slot,
        value: &[u8],
    ) -> Option<(Edition, bool)> {
        let signed = discovery::open(slot, value).ok()?;
        if let Some(entry) = self.finding.lookups.get_mut(&lookup) {
            entry.cards = entry.cards.saturating_add(1);
        }
        let (edition, known) = match sought {
            Sought::Contact(account) | Sought::Join(account) => {
                let (card, manifest) = Card::open(&signed).ok()?;
                if manifest.account != account {
                    return None;
                }
                let edition = Edition { device: Some(card.device), seq: card.seq };
                let known = self.known_seq(sought, edition.device);
                self.take_card(None, &signed)?;
                (edition, known)
            }
            Sought::Mailbox(mailbox) => {
                let place = Place::open(&signed, &mailbox)?;
                let known = self.known_seq(sought, None);
                if place.made_s > known {
                    self.line_place_found(mailbox, place.addrs);
                }
                (Edition { device: None, seq: place.made_s }, known)
            }
        };
        Some((edition, edition.seq > known))
    }

    /// Ends a look-up when enough holders have the same, the newest that is known.
    fn count_news(&mut self, lookup: LookUpId, edition: Edition, news: bool) {
        let Some(sought) = self.finding.lookups.get(&lookup).map(|entry| entry.sought) else { return };
        let known = self.known_seq(sought, edition.device);
        let Some(entry) = self.finding.lookups.get_mut(&lookup) else { return };
        match &mut entry.best {
            Some(best) if best.edition == edition => {
                best.times = best.times.saturating_add(1);
                if best.times >= if best.news { AGREED } else { AGREED_OLD } {
                    self.end_look_up(lookup);
                }
            }
            best if news || (best.is_none() && edition.seq == known) => {
                *best = Some(Best { edition, times: 1, news });
            }
            _ => {}
        }
    }

    /// Dials where a card says, at once if that is news, also while an older address still rings.
    fn dial_found(&mut self, account: AccountId, device: DeviceId, news: bool) {
        let asks =
            self.contacts.get(&account).and_then(|c| c.join.as_ref()).is_some_and(|join| !join.requested);
        let purpose = if asks { DialPurpose::Join(account) } else { DialPurpose::Device(device) };
        let under_way =
            |link: &Link| link.purpose == Purpose::Join(account) || link.purpose == Purpose::Live(device);
        let rings = self.rings(purpose);
        let last = self.finding.dialed.get(&purpose).copied();
        let lately = last.is_some_and(|at| self.now.mono_ms.saturating_sub(at) < DIALED_MS);
        let addrs = self.peers.get(&device).map(|peer| peer.record.addrs.clone()).unwrap_or_default();
        let idle = !self.links.values().any(under_way);
        if !addrs.is_empty() && idle && (news || !(rings || lately)) {
            if purpose == DialPurpose::Device(device) {
                self.timers.clear(&Timer::Dial(device));
            }
            self.dial(addrs, purpose);
        }
    }

    /// When the DHT was last asked for an account, and when it last had a valid card of theirs.
    pub(super) fn looked_up(&self, account: AccountId) -> (Option<WallMs>, Option<WallMs>) {
        let both = [Sought::Contact(account), Sought::Join(account)];
        let searches = || both.iter().filter_map(|sought| self.finding.searches.get(sought));
        (
            searches().filter_map(|search| search.looked_up).max(),
            searches().filter_map(|search| search.found).max(),
        )
    }
}
