//! What comes back from the DHT: anything at all, until a record opens, a card in it is signed by a device of the
//! person who was looked for, and it is newer than what is known (docs/spec/07-discovery.md, "Looking up").

use super::dial::DialPurpose;
use super::finding::{Best, Sought};
use super::links::{Link, Purpose};
use super::net::{KNOWN_COPIES, LookUpId};
use super::{Engine, Timer};
use crate::discovery::{self, Slot};
use crate::identity::Card;
use crate::ids::{AccountId, DeviceId};
use crate::kdf;
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
            Some(Some((device, seq))) => {
                entry.seen.insert(hash, Some((device, seq)));
                return self.count_news(lookup, device, seq, false);
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
        let (device, seq, news) = match last.filter(|(last, ..)| *last == hash) {
            Some((_, device, seq)) => (device, seq, false),
            None => match self.open_found(lookup, sought.account(), &slot, value) {
                Some(found) => found,
                None => return,
            },
        };
        if let Some(search) = self.finding.searches.get_mut(&sought) {
            search.valid = true;
            search.found = Some(self.now.wall_ms);
            if news || search.last.is_none() {
                search.last = Some((hash, device, seq));
            }
        }
        if let Some(entry) = self.finding.lookups.get_mut(&lookup) {
            entry.seen.insert(hash, Some((device, seq)));
        }
        self.count_news(lookup, device, seq, news);
        self.dial_found(sought, device, news);
    }

    /// Reads a value: the device, the number of its card, and whether that is higher than the one we had.
    fn open_found(
        &mut self,
        lookup: LookUpId,
        account: AccountId,
        slot: &Slot,
        value: &[u8],
    ) -> Option<(DeviceId, u64, bool)> {
        let signed = discovery::open(slot, value).ok()?;
        if let Some(entry) = self.finding.lookups.get_mut(&lookup) {
            entry.cards = entry.cards.saturating_add(1);
        }
        let (card, manifest) = Card::open(&signed).ok()?;
        if manifest.account != account {
            return None;
        }
        let known = self.peers.get(&card.device).map_or(0, |peer| peer.record.card_seq);
        self.take_card(None, &signed)?;
        Some((card.device, card.seq, card.seq > known))
    }

    /// Ends a look-up when enough holders have the same card, the newest that is known.
    fn count_news(&mut self, lookup: LookUpId, device: DeviceId, seq: u64, news: bool) {
        let known = self.peers.get(&device).map_or(0, |peer| peer.record.card_seq);
        let Some(entry) = self.finding.lookups.get_mut(&lookup) else { return };
        match &mut entry.best {
            Some(best) if best.device == device && best.seq == seq => {
                best.times = best.times.saturating_add(1);
                if best.times >= if best.news { AGREED } else { AGREED_OLD } {
                    self.end_look_up(lookup);
                }
            }
            best if news || (best.is_none() && seq == known) => {
                *best = Some(Best { device, seq, times: 1, news });
            }
            _ => {}
        }
    }

    /// Dials where a card says, at once if that is news, also while an older address still rings.
    fn dial_found(&mut self, sought: Sought, device: DeviceId, news: bool) {
        let account = sought.account();
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
