//! Finding others: look-ups in the DHT for who is missing (docs/spec/07-discovery.md, "Looking up"). Nothing that comes
//! back is believed but for what is signed inside it.
//!
//! ```text
//!  (missing) ──pause──► round: slot, slot, … ──► (missing, longer pause)
//!                         │ valid card with news
//!                         └──► dialled at once, while the rest of the round goes on
//! ```
//! Pauses start anew when something happened that may have changed what is found.

use super::command::ContactState;
use super::dial::{DialPurpose, backoff};
use super::net::{LookUpId, NetCommand};
use super::publishing::MANY_COPIES;
use super::search::{LookUp, Sought};
use super::{Engine, Timer};
use crate::discovery::{self, Slot, SlotOwner};
use crate::identity::Manifest;
use crate::ids::{AccountId, DeviceId};
use crate::mail::Place;
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Look-ups at once. Fewer makes a start with many contacts slow; more floods a home line (each asks some 20 nodes
/// and costs some 100 kB).
const LOOK_UPS: usize = 8;
/// Pauses between the rounds for one contact, eight times as long each time from the first to the last. Who comes back
/// looks for us and calls, so rounds are only for two who start together and miss each other's first records. A round
/// costs some 100 kB: fifty absent contacts cost 1.4 kB/s at the last pause, more with a shorter one; a longer one would
/// leave two people apart for longer who missed each other all the same.
const FIRST_PAUSE_MS: u64 = MINUTE_MS;
const LAST_PAUSE_MS: u64 = HOUR_MS;
/// Pauses while messages wait for the contact, doubled from the first to the last.
const FIRST_WAITING_MS: u64 = 2 * SECOND_MS;
const LAST_WAITING_MS: u64 = 2 * MINUTE_MS;
/// The same for a mailbox from [`FIRST_WAITING_MS`] on. It does not call when it is back, so it is asked for more often
/// than a person; a shorter last one costs more for each that is gone for good (0.1 kB/s with this).
const LAST_PLACE_MS: u64 = 15 * MINUTE_MS;
/// Something to say, or a link that was lost, starts a round unless one started less than this ago.
pub(super) const EAGER_GAP_MS: u64 = 10 * SECOND_MS;
/// Anything else that may have changed what is found does so after this.
const RESET_GAP_MS: u64 = SECOND_MS;
/// The network has grown: what few nodes took or answered is published and asked for again, not sooner than this after
/// the last time, and twice as long each time up to the longest. Forgotten after an hour.
const FIRST_GROWTH_MS: u64 = 10 * SECOND_MS;
const LAST_GROWTH_MS: u64 = MINUTE_MS;

impl Engine {
    // ---- when -------------------------------------------------------------------------------------------------

    /// The number of DHT nodes changed.
    pub(super) fn on_neighbours(&mut self, count: u32) {
        // Who came due while there was nobody to ask.
        self.stale |= self.finding.neighbours == 0;
        self.finding.neighbours = count;
        self.finding.low = self.finding.low.min(count);
        self.check_growth();
    }

    /// Whether there are twice as many nodes as there were at some time since the last publication: a partition
    /// healed, or a network grew, and new nodes are nearest to many keys.
    pub(super) fn check_growth(&mut self) {
        let (now_ms, finding) = (self.now.mono_ms, &mut self.finding);
        if finding.neighbours < finding.low.saturating_mul(2).max(1) {
            return;
        }
        let due_ms = finding.grown_ms.saturating_add(finding.growth_pause_ms);
        if now_ms < due_ms {
            self.timers.set(Timer::Grown, due_ms);
            return;
        }
        let doubled = finding.growth_pause_ms.saturating_mul(2).clamp(FIRST_GROWTH_MS, LAST_GROWTH_MS);
        let quiet = now_ms.saturating_sub(due_ms) >= HOUR_MS;
        finding.growth_pause_ms = if quiet { FIRST_GROWTH_MS } else { doubled };
        finding.grown_ms = now_ms;
        finding.low = finding.neighbours;
        self.publish_thin();
        for sought in self.missing() {
            // Where many nodes were asked already, the network was no smaller.
            if self.finding.searches.get(&sought).is_none_or(|search| search.asked < MANY_COPIES) {
                self.search_soon(sought, RESET_GAP_MS);
            }
        }
    }

    /// Starts a search for everybody who is missing now, and lets those go who are nobody any more.
    pub(super) fn sync_searches(&mut self) {
        let fellows: BTreeSet<AccountId> = self.fellows().collect();
        let contacts = &self.contacts;
        let missed = self.missed_mailboxes();
        self.finding.searches.retain(|sought, _| match sought {
            Sought::Contact(account) | Sought::Join(account) => {
                contacts.contains_key(account) || fellows.contains(account)
            }
            Sought::Mailbox(mailbox) => missed.contains(mailbox),
        });
        let peers = &self.peers;
        self.finding.dialed.retain(|purpose, _| match purpose {
            DialPurpose::Device(device) => peers.contains_key(device),
            DialPurpose::Join(account) => contacts.contains_key(account),
            DialPurpose::Lan | DialPurpose::Mailbox(_) => false,
        });
        for sought in self.missing() {
            let idle = self.finding.searches.get(&sought).is_none_or(|search| !search.is_busy());
            if idle && self.timers.when(&Timer::Find(sought)).is_none() {
                self.search_soon(sought, EAGER_GAP_MS);
            }
        }
    }

    /// Whoever is missing is looked for now, and the pauses start anew.
    pub(super) fn search_all(&mut self) {
        for sought in self.missing() {
            self.search_soon(sought, RESET_GAP_MS);
        }
    }

    /// An account is looked for now, and the pauses start anew: there is something to say, or its link was lost.
    pub(super) fn search_account(&mut self, account: AccountId) {
        for sought in [Sought::Contact(account), Sought::Join(account)] {
            self.search_soon(sought, EAGER_GAP_MS);
            if let Some(search) = self.finding.searches.get_mut(&sought) {
                search.first = true;
                if search.queued {
                    self.finding.queue.retain(|queued| *queued != sought);
                    self.finding.queue.push_front(sought);
                }
            }
        }
    }

    fn search_soon(&mut self, sought: Sought, gap_ms: u64) {
        if !self.is_missing(sought) {
            return;
        }
        let search = self.finding.searches.entry(sought).or_default();
        search.rounds = 0;
        if !search.is_busy() {
            let after = search.started_ms.map_or(0, |at| at.saturating_add(gap_ms));
            self.timers.set_earlier(Timer::Find(sought), after.max(self.now.mono_ms));
        }
    }

    /// Whoever has come needs no look-up.
    pub(super) fn end_search(&mut self, account: AccountId) {
        for sought in [Sought::Contact(account), Sought::Join(account)] {
            if !self.is_missing(sought) {
                self.stop(sought);
            }
        }
    }

    /// No look-ups for anybody.
    pub(super) fn end_searches(&mut self) {
        let all: Vec<Sought> = self.finding.searches.keys().copied().collect();
        for sought in all {
            self.stop(sought);
        }
    }

    fn stop(&mut self, sought: Sought) {
        self.timers.clear(&Timer::Find(sought));
        self.finding.queue.retain(|queued| *queued != sought);
        let Some(search) = self.finding.searches.get_mut(&sought) else { return };
        (search.queued, search.first) = (false, false);
        search.steps.clear();
        if let Some(lookup) = search.lookup {
            self.end_look_up(lookup);
        }
    }

    fn missing(&self) -> Vec<Sought> {
        let linked = self.linked_accounts();
        let known: BTreeSet<AccountId> = self.contacts.keys().copied().chain(self.fellows()).collect();
        let absent = known.into_iter().filter(|account| !linked.contains(account));
        absent
            .flat_map(|account| [Sought::Contact(account), Sought::Join(account)])
            .chain(self.missed_mailboxes().into_iter().map(Sought::Mailbox))
            .filter(|sought| self.is_sought(*sought))
            .collect()
    }

    pub(super) fn is_missing(&self, sought: Sought) -> bool {
        self.is_sought(sought)
            && match sought {
                Sought::Contact(account) | Sought::Join(account) => self.best_via(account).is_none(),
                Sought::Mailbox(_) => true,
            }
    }

    /// Whether somebody is to be looked for while there is no link.
    fn is_sought(&self, sought: Sought) -> bool {
        if self.is_invisible() {
            return false;
        }
        match sought {
            Sought::Contact(account) => {
                self.contacts.get(&account).is_some_and(|contact| {
                    contact.rv_in.is_some()
                        && match contact.state {
                            ContactState::Accepted => true,
                            ContactState::Pending => contact.join.is_some(),
                            ContactState::Blocked | ContactState::Removed => false,
                        }
                }) || self.is_fellow_sought(account)
            }
            Sought::Join(account) => {
                let join = self.contacts.get(&account).and_then(|contact| contact.join.as_ref());
                join.is_some_and(|join| join.requested || self.join_failures.contains_key(&account))
            }
            Sought::Mailbox(mailbox) => self.misses_mailbox(&mailbox),
        }
    }

    // ---- rounds -----------------------------------------------------------------------------------------------

    /// A pause is over.
    pub(super) fn on_find_due(&mut self, sought: Sought) {
        // Without a DHT there is nobody to ask; that it came up is told.
        if self.finding.neighbours == 0 || !self.is_missing(sought) {
            return;
        }
        let steps = self.steps(sought, self.is_urgent(sought));
        let search = self.finding.searches.entry(sought).or_default();
        if search.is_busy() {
            return;
        }
        search.steps = steps;
        search.valid = false;
        search.started_ms = Some(self.now.mono_ms);
        self.enqueue(sought);
        self.look_up_next();
    }

    /// By which secrets we find somebody: as a contact, else by the rooms of both.
    pub(super) fn rvs_in(&self, account: &AccountId) -> Vec<[u8; 32]> {
        let contact = self.contacts.get(account).and_then(|contact| contact.rv_in);
        contact.into_iter().chain(self.fellow_rvs(account)).collect()
    }

    /// The slots of a round, in order.
    fn steps(&self, sought: Sought, spare: bool) -> VecDeque<(Slot, bool)> {
        let contact = |account| self.contacts.get(&account);
        let rvs: Vec<[u8; 32]> = match sought {
            Sought::Contact(account) => self.rvs_in(&account),
            Sought::Join(account) => {
                let join = contact(account).and_then(|contact| contact.join.as_ref());
                join.map(|join| join.secret).into_iter().collect()
            }
            Sought::Mailbox(mailbox) => vec![Place::rv(&mailbox)],
        };
        let Some(rv) = rvs.first().copied() else { return VecDeque::new() };
        let today = discovery::day_of(self.now.wall_ms);
        let account = |day| Slot { rv, who: SlotOwner::Account, day };
        let of_today = |rv: &[u8; 32]| (Slot { rv: *rv, who: SlotOwner::Account, day: today }, false);
        let mut steps: VecDeque<(Slot, bool)> = rvs.iter().map(of_today).collect();
        if let Sought::Contact(account) = sought {
            let manifest = contact(account).and_then(|contact| contact.manifest.as_ref());
            let manifest = manifest.or_else(|| self.fellow_manifest(&account));
            let manifest = manifest.and_then(|signed| Manifest::open(signed).ok());
            let devices = manifest.map(|manifest| manifest.devices).unwrap_or_default();
            if devices.len() > 1 {
                let slot = |device| Slot { rv, who: SlotOwner::Device(device), day: today };
                steps.extend(devices.iter().map(|entry| (slot(entry.id), false)));
            }
        }
        if spare {
            steps.push_back((account(today.saturating_add(1)), true));
            steps.push_back((account(today.saturating_sub(1)), true));
        }
        steps
    }

    /// Asks the next questions, one slot of one search at a time, in turns.
    fn look_up_next(&mut self) {
        while self.finding.lookups.len() < LOOK_UPS {
            let Some(sought) = self.finding.queue.pop_front() else { return };
            let Some(search) = self.finding.searches.get_mut(&sought) else { continue };
            search.queued = false;
            let valid = search.valid;
            let next = std::iter::from_fn(|| search.steps.pop_front()).find(|(_, spare)| !(*spare && valid));
            let Some((slot, _)) = next else {
                self.round_over(sought);
                continue;
            };
            let lookup = self.number();
            if let Some(search) = self.finding.searches.get_mut(&sought) {
                search.lookup = Some(lookup);
            }
            let entry = LookUp { sought, slot, seen: BTreeMap::new(), cards: 0, best: None, ended: false };
            self.finding.lookups.insert(lookup, entry);
            let known = self.known_value(sought);
            self.net(NetCommand::LookUp { lookup, key: discovery::key(&slot), known });
        }
    }

    /// The hash of the value that would tell nothing new: its card is the newest we have of that device.
    fn known_value(&self, sought: Sought) -> Option<[u8; 32]> {
        let (hash, edition) = self.finding.searches.get(&sought)?.last?;
        (self.known_seq(sought, edition.device) == edition.seq).then_some(hash)
    }

    /// The newest that is known of what a value tells.
    pub(super) fn known_seq(&self, sought: Sought, device: Option<DeviceId>) -> u64 {
        match device {
            Some(device) => self.peers.get(&device).map_or(0, |peer| peer.record.card_seq),
            None => {
                let last = self.finding.searches.get(&sought).and_then(|search| search.last);
                last.map_or(0, |(_, edition)| edition.seq)
            }
        }
    }

    pub(super) fn on_looked_up(&mut self, lookup: LookUpId, asked: u32) {
        let Some(LookUp { sought, .. }) = self.finding.lookups.remove(&lookup) else { return };
        let missing = self.is_missing(sought);
        if let Some(search) = self.finding.searches.get_mut(&sought) {
            search.lookup = None;
            search.asked = asked;
            search.looked_up = Some(self.now.wall_ms);
            if missing {
                self.enqueue(sought);
            }
        }
        self.look_up_next();
    }

    fn enqueue(&mut self, sought: Sought) {
        let Some(search) = self.finding.searches.get_mut(&sought) else { return };
        search.queued = true;
        if search.first {
            self.finding.queue.push_front(sought);
        } else {
            self.finding.queue.push_back(sought);
        }
    }

    /// Whether something waits for who is sought: messages, or our request.
    fn is_urgent(&self, sought: Sought) -> bool {
        match sought {
            Sought::Contact(account) => {
                let devices = self.devices_of(account);
                devices.iter().filter_map(|device| self.peers.get(device)).any(|peer| !peer.outbox.is_empty())
            }
            Sought::Join(_) | Sought::Mailbox(_) => true,
        }
    }

    fn round_over(&mut self, sought: Sought) {
        let waiting = self.is_urgent(sought);
        let Some(search) = self.finding.searches.get_mut(&sought) else { return };
        search.rounds = search.rounds.saturating_add(1);
        search.first = false;
        let pause = match sought {
            Sought::Mailbox(_) => backoff(FIRST_WAITING_MS, LAST_PLACE_MS, search.rounds),
            _ if waiting => backoff(FIRST_WAITING_MS, LAST_WAITING_MS, search.rounds),
            _ => backoff(FIRST_PAUSE_MS, LAST_PAUSE_MS, search.rounds.saturating_mul(3).saturating_sub(2)),
        };
        let pause = pause.saturating_add(self.rng.below(pause / 4));
        self.timers.set(Timer::Find(sought), self.now.mono_ms.saturating_add(pause));
    }

    pub(super) fn end_look_up(&mut self, lookup: LookUpId) {
        if let Some(entry) = self.finding.lookups.get_mut(&lookup)
            && !std::mem::replace(&mut entry.ended, true)
        {
            self.net(NetCommand::EndLookUp { lookup });
        }
    }
}
