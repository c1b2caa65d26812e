//! Being found: our card in the DHT, in a slot for every contact and every open invite (docs/spec/07-discovery.md,
//! "Publishing"), and where our mailbox is, if it keeps mail for others. Which slots there are follows from these; each
//! has a time at which it is due.
//!
//! ```text
//!            new, card changed, 8 h over, network grew
//!  (wanted) ───────────────► due ──16 at most──► under way ──copies──► good
//!                             ▲                      │ none
//!                             └──── 5 s to 10 min ◄──┘
//!  (not wanted any more) ──► due once more, with nothing in it ──► forgotten
//! ```

use super::command::ContactState;
use super::live::fits;
use super::net::{NetCommand, PublishId};
use super::{Engine, Timer};
use crate::discovery::{self, MADE_STEP_S, Made, Slot, SlotOwner};
use crate::identity::Manifest;
use crate::limits::ADDRESSES;
use crate::mail::{MailKey, Place};
use crate::rng::Rng;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, WallMs};
use crate::wire::Signed;
use std::collections::BTreeMap;

/// Records handed to the network at once. Fewer makes a start with many contacts slow; more crowds out look-ups.
const UNDER_WAY: usize = 16;
/// A record is put out again after this, less up to [`AGAIN_JITTER_MS`]. DHT nodes stay for six hours in the median: of
/// 20 copies about 8 are left after 8 hours, and 1 or 2 after 22, which chance can make none. Shorter costs traffic.
const AGAIN_MS: u64 = 8 * HOUR_MS;
/// Spreads a node's records, and those of all nodes after midnight.
const AGAIN_JITTER_MS: u64 = HOUR_MS;
/// How long a change of the card waits for more changes: addresses come in bursts. Longer delays being found.
const SETTLE_MS: u64 = SECOND_MS;
/// Tomorrow's records go out within this. Sooner crowds out today's when everything starts; later leaves out who is on
/// line for a moment only, and those whose clocks differ by a day, who meet by them.
const LATER_MS: u64 = MINUTE_MS / 2;
/// Copies of a record with which it need not be put out again because the network grew: nearly as many as are made.
pub(super) const MANY_COPIES: u32 = 16;
/// Pauses after nobody took a record, doubled from the first to the last. A shorter first one spins while the network
/// comes up; a longer last one leaves somebody unfindable who is on line.
const FIRST_RETRY_MS: u64 = 5 * SECOND_MS;
const LAST_RETRY_MS: u64 = 10 * MINUTE_MS;
/// How often it is tried to empty a slot. It runs out by itself after its day.
const WITHDRAW_TRIES: u32 = 5;
/// A written time further ahead of the clock than this came from a clock that was wrong, in seconds.
const AHEAD_S: u64 = 86_400;
const DAY_S: u64 = 86_400;

/// What a slot shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Our card.
    Card,
    /// Our card for who holds an invite; a private one has nothing but addresses at relays.
    InviteCard { private: bool },
    /// Where our mailbox is.
    Place,
}

/// What lies, or shall lie, in one slot.
struct Entry {
    shown: Shown,
    /// Not wanted any more: what lies there is to be replaced by nothing.
    gone: bool,
    /// When it is to be put out, on the monotonic clock. `None` only while it is under way.
    due_ms: Option<u64>,
    under_way: bool,
    /// What lies there is what should.
    good: bool,
    failures: u32,
    /// How many nodes took it last.
    copies: u32,
    /// The time written into the last record of this slot, in Unix seconds.
    made_s: u64,
}

/// Everything about own records.
#[derive(Default)]
pub(super) struct Publishing {
    entries: BTreeMap<Slot, Entry>,
    under_way: BTreeMap<PublishId, Slot>,
    /// No record of this run is older, in Unix seconds: an earlier run may have written up to here.
    floor_s: u64,
    /// All records were out there once in this run.
    complete: bool,
    /// The day for which the slots are.
    day: u32,
    /// Others have mail kept here.
    pub keeps_mail: bool,
}

impl Publishing {
    /// `record_s`: the newest time an earlier run wrote, in Unix seconds.
    pub fn after(record_s: u64) -> Self {
        let floor_s = record_s.saturating_add(u64::from(MADE_STEP_S));
        Self { floor_s, ..Self::default() }
    }
}

impl Engine {
    /// Says whether this node keeps mail for others: where it is lies in the DHT then, for those who know its mailbox.
    /// Told at the start, and when it changes.
    pub fn set_keeps_mail(&mut self, keeps_mail: bool) {
        self.stale |= std::mem::replace(&mut self.publishing.keeps_mail, keeps_mail) != keeps_mail;
    }

    /// Makes the slots those that should be: after contacts, invites, own devices or the day changed.
    pub(super) fn sync_slots(&mut self) {
        let wanted = self.wanted_slots();
        let today = discovery::day_of(self.now.wall_ms);
        self.publishing.day = today;
        let now_ms = self.now.mono_ms;
        let rng = &mut self.rng;
        let entries = &mut self.publishing.entries;
        entries.retain(|slot, _| slot.day >= today && slot.day <= today.saturating_add(1));
        for (_, entry) in entries.iter_mut().filter(|(slot, _)| !wanted.contains_key(slot)) {
            if !entry.gone {
                (entry.gone, entry.good, entry.failures) = (true, false, 0);
                entry.due_ms = Some(now_ms);
            }
        }
        // A machine that slept: its timers slept too.
        let wall_s = u64::try_from(self.now.wall_ms / 1_000).unwrap_or(0);
        for entry in entries.values_mut().filter(|entry| entry.good) {
            if wall_s.saturating_sub(entry.made_s) > AGAIN_MS / 1_000 {
                (entry.good, entry.due_ms) = (false, Some(now_ms));
            }
        }
        // The day after tomorrow is not urgent for who was published for tomorrow.
        let known: Vec<Slot> = entries.keys().copied().collect();
        for (slot, shown) in wanted {
            let before = Slot { day: slot.day.saturating_sub(1), ..slot };
            let wait = if known.binary_search(&before).is_ok() {
                rng.below(AGAIN_JITTER_MS)
            } else if slot.day > today {
                later(rng, self.now.wall_ms)
            } else {
                0
            };
            let due_ms = Some(now_ms.saturating_add(wait));
            let entry = entries.entry(slot).or_insert(Entry {
                shown,
                gone: false,
                due_ms,
                under_way: false,
                good: false,
                failures: 0,
                made_s: 0,
                copies: 0,
            });
            // Wanted again, or of a day that has come sooner than the clock of timers thought.
            let overdue = slot.day == today && !entry.good && entry.failures == 0 && !entry.under_way;
            if entry.gone || overdue {
                (entry.gone, entry.good) = (false, false);
                entry.due_ms = Some(entry.due_ms.map_or(now_ms, |due| due.min(now_ms)));
            }
        }
        let into_day = u64::try_from(self.now.wall_ms).unwrap_or(0) % DAY_MS;
        let midnight = now_ms.saturating_add(DAY_MS.saturating_sub(into_day));
        self.timers.set(Timer::Day, midnight.saturating_add(SECOND_MS));
        self.publish_due();
    }

    /// A clock that was set is noticed at once: the slots of the right day are published, and asked for.
    pub(super) fn check_day(&mut self) {
        let (today, day) = (discovery::day_of(self.now.wall_ms), self.publishing.day);
        self.stale |= today != day;
        if today != day && today != day.saturating_add(1) && day != 0 {
            self.search_all();
        }
    }

    /// The slots something of ours should lie in, and what.
    fn wanted_slots(&self) -> BTreeMap<Slot, Shown> {
        let today = discovery::day_of(self.now.wall_ms);
        let own = SlotOwner::Device(self.own.device_id);
        let several = Manifest::open(&self.own.manifest).is_ok_and(|manifest| manifest.devices.len() > 1);
        let owners = if several { vec![SlotOwner::Account, own] } else { vec![SlotOwner::Account] };
        let contacts = self
            .contacts
            .values()
            .filter(|contact| match contact.state {
                ContactState::Accepted => true,
                ContactState::Pending => contact.join.is_some(),
                ContactState::Blocked | ContactState::Removed => false,
            })
            .flat_map(|contact| owners.iter().map(|who| (contact.rv_out, *who, Shown::Card)));
        let lived_ms = self.lived_ms();
        let invites = self.invites.values().filter(|invite| {
            !self.is_for_who_is_near(invite) && (invite.is_live(lived_ms) || self.is_awaited(invite))
        });
        let invites = invites.map(|invite| {
            let shown = Shown::InviteCard { private: invite.private };
            (invite.secret, SlotOwner::Account, shown)
        });
        let place = self.publishing.keeps_mail.then(|| {
            let rv = Place::rv(&MailKey::of(&self.own.device).id());
            (rv, SlotOwner::Account, Shown::Place)
        });
        let rooms = self.room_rvs().into_iter();
        let rooms = rooms.flat_map(|(_, rv)| owners.iter().map(move |who| (rv, *who, Shown::Card)));
        let mut slots = BTreeMap::new();
        for (rv, who, shown) in contacts.chain(rooms).chain(invites).chain(place) {
            for day in [today, today.saturating_add(1)] {
                slots.insert(Slot { rv, who, day }, shown);
            }
        }
        slots
    }

    /// Everything is to be put out anew, in a moment or at once. What waits already does not wait longer.
    pub(super) fn republish(&mut self, at_once: bool) {
        let settle = if at_once { 0 } else { SETTLE_MS };
        let now_ms = self.now.mono_ms;
        let today = discovery::day_of(self.now.wall_ms);
        for (slot, entry) in self.publishing.entries.iter_mut().filter(|(_, entry)| !entry.gone) {
            let wait = if slot.day > today { later(&mut self.rng, self.now.wall_ms) } else { settle };
            let at = now_ms.saturating_add(wait);
            entry.good = false;
            entry.due_ms = Some(entry.due_ms.map_or(at, |due| due.min(at)));
        }
        self.publish_due();
    }

    /// The network has grown: what lies on few nodes is put out anew. What lies on many stays findable, since a key's
    /// nearest nodes among twice as many are half of them the old ones.
    pub(super) fn publish_thin(&mut self) {
        let now_ms = self.now.mono_ms;
        let thin = |entry: &&mut Entry| !entry.gone && entry.good && entry.copies < MANY_COPIES;
        for entry in self.publishing.entries.values_mut().filter(thin) {
            (entry.good, entry.due_ms) = (false, Some(now_ms));
        }
        self.publish_due();
    }

    /// Puts out what is due, as far as there is anybody to put it at.
    pub(super) fn publish_due(&mut self) {
        if self.finding.neighbours == 0 || self.own.addrs.is_empty() || self.is_invisible() {
            return;
        }
        let now_ms = self.now.mono_ms;
        let waiting = |(slot, entry): (&Slot, &Entry)| {
            entry.due_ms.filter(|_| !entry.under_way).map(|due_ms| (due_ms, slot.day, *slot))
        };
        let mut due: Vec<(u64, u32, Slot)> = self.publishing.entries.iter().filter_map(waiting).collect();
        due.sort_unstable();
        for (due_ms, _, slot) in due {
            if self.publishing.under_way.len() >= UNDER_WAY {
                return;
            }
            if due_ms > now_ms {
                self.timers.set(Timer::Publish, due_ms);
                return;
            }
            self.publish(slot);
        }
    }

    fn publish(&mut self, slot: Slot) {
        let Some(entry) = self.publishing.entries.get(&slot) else { return };
        let (shown, gone, last_s) = (entry.shown, entry.gone, entry.made_s);
        let made_s = self.made_s(last_s);
        let card = match shown {
            _ if gone => Some(Signed { body: Vec::new(), sig: [0; 64] }),
            Shown::Card => self.own_card(&slot.rv),
            Shown::InviteCard { private } => self.invite_card(&slot.rv, private),
            Shown::Place => self.own_place(made_s),
        };
        let nonce = self.rng.bytes();
        let record =
            card.and_then(|card| discovery::seal(&slot, made_of(made_s, slot.day), &nonce, &card).ok());
        let publish = self.number();
        let Some(entry) = self.publishing.entries.get_mut(&slot) else { return };
        let Some(record) = record else {
            // No card yet: the network has not told our peer id.
            entry.due_ms = Some(self.now.mono_ms.saturating_add(FIRST_RETRY_MS));
            return;
        };
        (entry.due_ms, entry.under_way, entry.made_s) = (None, true, made_s);
        self.publishing.under_way.insert(publish, slot);
        if shown == Shown::Card && slot.who == SlotOwner::Account && slot.day == self.publishing.day && !gone
        {
            self.leave_card(&slot.rv, &record.value);
        }
        self.net(NetCommand::Publish { publish, key: record.key, value: record.value });
    }

    /// Where our mailbox is: wherever we are.
    fn own_place(&self, made_s: u64) -> Option<Signed> {
        let addrs = self.own.addrs.iter().filter(|addr| fits(addr)).take(ADDRESSES).cloned();
        Place { addrs: addrs.collect(), made_s }.sign(&MailKey::of(&self.own.device))
    }

    /// The time for a record: the clock's, in steps, but later than in any record of that slot before, also in earlier
    /// runs.
    fn made_s(&mut self, last_s: u64) -> u64 {
        let step = u64::from(MADE_STEP_S);
        let wall_s = u64::try_from(self.now.wall_ms / 1_000).unwrap_or(0);
        let believed = |time_s: u64| if time_s > wall_s.saturating_add(AHEAD_S) { 0 } else { time_s };
        let floor_s = believed(self.publishing.floor_s);
        let last_s = believed(last_s.saturating_add(step));
        let made_s = (wall_s / step).saturating_mul(step).max(floor_s).max(last_s);
        self.own.record_s = believed(self.own.record_s).max(made_s);
        self.own_dirty = true;
        made_s
    }

    pub(super) fn on_published(&mut self, publish: PublishId, copies: u32) {
        let Some(slot) = self.publishing.under_way.remove(&publish) else { return };
        let now_ms = self.now.mono_ms;
        let again = AGAIN_MS.saturating_sub(self.rng.below(AGAIN_JITTER_MS));
        let Some(entry) = self.publishing.entries.get_mut(&slot) else { return self.publish_due() };
        entry.under_way = false;
        entry.copies = copies;
        if copies > 0 {
            entry.failures = 0;
            if entry.due_ms.is_none() {
                entry.good = true;
                entry.due_ms = Some(now_ms.saturating_add(again));
            }
        } else {
            entry.failures = entry.failures.saturating_add(1);
            let wait = super::dial::backoff(FIRST_RETRY_MS, LAST_RETRY_MS, entry.failures);
            let at = now_ms.saturating_add(wait);
            entry.due_ms = Some(entry.due_ms.map_or(at, |due| due.min(at)));
        }
        if entry.gone && (entry.good || entry.failures >= WITHDRAW_TRIES) {
            self.publishing.entries.remove(&slot);
        }
        let (done, wanted) = self.published();
        if done == wanted && !std::mem::replace(&mut self.publishing.complete, true) {
            // Who started together with us may have asked before this, and may be out there by now.
            self.search_all();
        }
        self.publish_due();
    }

    /// Own records of today that are out there as they should be, of how many.
    pub(super) fn published(&self) -> (u32, u32) {
        let count = |entries: usize| u32::try_from(entries).unwrap_or(u32::MAX);
        let today = discovery::day_of(self.now.wall_ms);
        let of_today = |slot: &Slot, entry: &Entry| slot.day == today && !entry.gone;
        let wanted = || self.publishing.entries.iter().filter(|(slot, entry)| of_today(slot, entry));
        (count(wanted().filter(|(_, entry)| entry.good).count()), count(wanted().count()))
    }
}

/// How long tomorrow's record may wait: today's is what is looked for now, and the two need not go out together.
fn later(rng: &mut Rng, wall_ms: WallMs) -> u64 {
    let left = DAY_MS.saturating_sub(u64::try_from(wall_ms).unwrap_or(0) % DAY_MS);
    rng.below(LATER_MS.min(left / 2).max(1))
}

/// A time as a record of a day carries it.
fn made_of(made_s: u64, day: u32) -> Made {
    let begin_s = u64::from(day.saturating_sub(1)).saturating_mul(DAY_S);
    Made(u32::try_from(made_s.saturating_sub(begin_s)).unwrap_or(u32::MAX))
}
