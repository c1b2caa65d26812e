//! What the operations of a room mean together (docs/spec/09-rooms.md, "Who is a member"). A pure function of the set:
//! no clock, no order of arrival, nothing but what was signed and who knew what.
//!
//! ```text
//! rank 0, 1, 2, …:   which acts of this rank's admins stand? ──► let in, promote, put out, demote
//!                    (only what lower ranks did to them, and their own words, can undo an act)
//! then:              who is in ([`super::view`])
//! ```
//!
//! Three things undo an act of A: a removal or demotion of A by somebody of a lower rank number that did not know the
//! act; A's own leaving or stepping down that did not know it; a manifest by which A puts out the device that did it.
//! The last two are A's *own words*. They undo nothing that somebody who put A out or demoted A already knew: otherwise
//! who is put out could take back, afterwards and backdated, everything they ever did for the room.

use super::members::Members;
use super::op::{OpBody, OpId};
use super::past::Past;
use super::view;
use crate::identity::Manifest;
use crate::ids::{AccountId, DeviceId};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Own words of one account and kind that count: those with the newest manifest or the highest number. More could
/// only make everybody reckon longer; it is the account's own loss.
const OWN_WORDS: usize = 64;
/// Promotions of one account to one rank that count: those with the highest numbers.
const PROMOTIONS: usize = 64;

/// An operation that holds by itself: its parents are here, its device is its author's and signed it.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) id: OpId,
    pub(super) author: AccountId,
    pub(super) device: DeviceId,
    pub(super) lamport: u64,
    pub(super) says: OpBody,
    /// The manifest it carries.
    pub(super) manifest: Option<Manifest>,
    /// The newest version of its author's manifests it knew, its own included, that lists its device.
    pub(super) listed: u64,
    /// Whether a manifest it knew already put its device out.
    pub(super) out: bool,
    /// What its author knew when it was made.
    pub(super) past: Past,
}

impl Fact {
    /// What orders two things said of one subject: the later one counts.
    pub(super) fn order(&self) -> (u64, OpId) {
        (self.lamport, self.id)
    }

    /// The account it puts out or demotes.
    fn against(&self) -> Option<AccountId> {
        match &self.says {
            OpBody::Remove(remove) => Some(remove.account),
            OpBody::Demote(account) => Some(*account),
            _ => None,
        }
    }

    /// Whose rank decides whether it has an effect.
    fn about(&self) -> Option<AccountId> {
        match &self.says {
            OpBody::Promote(account) => Some(*account),
            _ => self.against(),
        }
    }
}

/// The members by the facts, or by those of them at the places `only`, which holds the past of each of its own.
pub(super) fn evaluate(facts: &[Fact], only: Option<&Past>) -> Members {
    view::members(&mut Rule::reckoned(facts, only))
}

/// Faults that tests plant, to see that the random executions find them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Who was put out can go on as if they did not know.
    Backdating,
    /// Who was put out can take back what they did before.
    TakingBack,
    /// An add wins over a removal it did not know.
    AddWins,
    /// What came last counts, not what was said last.
    Arrival,
}

#[cfg(test)]
thread_local! {
    pub(super) static FAULT: std::cell::Cell<Option<Fault>> = const { std::cell::Cell::new(None) };
}

/// Whether a fault is planted.
#[cfg(test)]
pub(super) fn planted(fault: Fault) -> bool {
    FAULT.get() == Some(fault)
}

/// Whether a fault is planted: only in tests.
#[cfg(not(test))]
pub(super) const fn planted(_: Fault) -> bool {
    false
}

/// What an account says about itself that can undo its own acts.
#[derive(Default)]
struct OwnWords {
    /// Manifests that stand, posted by the account itself.
    manifests: Vec<usize>,
    /// Leaving and stepping down, as far as it stands.
    exits: Vec<usize>,
}

/// What is reckoned so far. Places are those in `facts`.
pub(super) struct Rule<'a> {
    pub(super) facts: &'a [Fact],
    only: Option<&'a Past>,
    /// What each account did.
    pub(super) acts: BTreeMap<AccountId, Vec<usize>>,
    /// Operations that carry a manifest of an account.
    manifests: BTreeMap<AccountId, Vec<usize>>,
    /// Effective ways in, by who came in.
    pub(super) entries: BTreeMap<AccountId, Vec<usize>>,
    /// Effective promotions by rank and account.
    promotions: BTreeMap<u32, BTreeMap<AccountId, Vec<usize>>>,
    /// Effective removals and demotions of an account by others.
    outs: BTreeMap<AccountId, Vec<usize>>,
    /// Acts of admins that stand.
    pub(super) stands: Past,
    /// Own words by account, as reckoned in this round.
    words: BTreeMap<AccountId, Rc<OwnWords>>,
}

impl<'a> Rule<'a> {
    /// All ranks settled.
    pub(super) fn reckoned(facts: &'a [Fact], only: Option<&'a Past>) -> Self {
        let mut rule = Self::new(facts, only);
        let mut rank = 0;
        while rule.reckon(rank) {
            rank = rank.saturating_add(1);
        }
        rule.words.clear();
        rule
    }

    fn new(facts: &'a [Fact], only: Option<&'a Past>) -> Self {
        let mut rule = Self {
            facts,
            only,
            acts: BTreeMap::new(),
            manifests: BTreeMap::new(),
            entries: BTreeMap::new(),
            promotions: BTreeMap::new(),
            outs: BTreeMap::new(),
            stands: Past::default(),
            words: BTreeMap::new(),
        };
        for (place, fact) in rule.all() {
            rule.acts.entry(fact.author).or_default().push(place);
            if let Some(manifest) = &fact.manifest {
                rule.manifests.entry(manifest.account).or_default().push(place);
            }
            if matches!(fact.says, OpBody::Create(_)) {
                rule.entries.insert(fact.author, vec![place]);
                rule.promotions.entry(0).or_default().insert(fact.author, vec![place]);
            }
        }
        rule
    }

    /// The facts looked at, by place.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &'a Fact)> + use<'a> {
        let only = self.only;
        let facts = self.facts.iter().enumerate();
        facts.filter(move |(place, _)| only.is_none_or(|only| only.contains(*place)))
    }

    pub(super) fn fact(&self, place: usize) -> Option<&'a Fact> {
        self.facts.get(place)
    }

    /// Whether who made `later` knew `earlier`.
    fn knew(&self, later: usize, earlier: usize) -> bool {
        self.fact(later).is_some_and(|fact| fact.past.contains(earlier))
    }

    /// Settles what admins of a rank did. `false` if there are none.
    fn reckon(&mut self, rank: u32) -> bool {
        let Some(mut promoted) = self.promotions.remove(&rank) else { return false };
        self.words.clear();
        for places in promoted.values_mut() {
            self.keep_highest(places, PROMOTIONS);
        }
        self.promotions.insert(rank, promoted.clone());
        let mut standing = Vec::new();
        for (account, promotions) in &promoted {
            let acts = self.acts.get(account).cloned().unwrap_or_default();
            for act in acts {
                if !self.stands.contains(act) && self.is_standing(act, promotions) {
                    standing.push(act);
                }
            }
        }
        // All acts of a rank are judged before one of them has its effect: none of them comes first.
        let about = standing.iter().filter_map(|act| self.fact(*act)?.about());
        let about: BTreeSet<AccountId> = about.collect();
        let shielded: BTreeSet<AccountId> =
            about.into_iter().filter(|account| self.rank_within(account, rank).is_some()).collect();
        for act in standing {
            self.apply(act, rank, &shielded);
        }
        true
    }

    /// Whether an act counts as an admin's who became one by one of these promotions.
    fn is_standing(&mut self, act: usize, promotions: &[usize]) -> bool {
        let Some(fact) = self.fact(act) else { return false };
        if fact.out || self.is_disowned(act) {
            return false;
        }
        let undone = self.undone_by(act);
        promotions.iter().any(|promotion| {
            (*promotion == act || fact.past.contains(*promotion))
                && self.fact(*promotion).is_some_and(|promotion| promotion.past.covers(&undone))
        })
    }

    /// What takes its author's rank and did not know this act.
    fn undone_by(&mut self, act: usize) -> Past {
        let mut undone = Past::default();
        let Some(fact) = self.fact(act) else { return undone };
        let words = self.own_words(&fact.author);
        let exits = words.exits.iter().filter(|exit| **exit != act && !self.is_sealed(act, **exit));
        for out in self.outs.get(&fact.author).into_iter().flatten().chain(exits) {
            if !self.knew(*out, act) && !planted(Fault::Backdating) {
                undone.insert(*out);
            }
        }
        undone
    }

    /// Lets an act that stands do what it says. `shielded`: who has this rank or a lower one.
    fn apply(&mut self, act: usize, rank: u32, shielded: &BTreeSet<AccountId>) {
        self.stands.insert(act);
        let Some(fact) = self.fact(act) else { return };
        match &fact.says {
            OpBody::Add(add) => self.entries.entry(add.account).or_default().push(act),
            OpBody::Promote(account) if !shielded.contains(account) && self.knew_manifest(act, account) => {
                self.entries.entry(*account).or_default().push(act);
                let below = self.promotions.entry(rank.saturating_add(1)).or_default();
                below.entry(*account).or_default().push(act);
            }
            OpBody::Remove(_) | OpBody::Demote(_) => {
                let target = fact.against().filter(|account| *account != fact.author);
                if let Some(account) = target.filter(|account| !shielded.contains(account)) {
                    self.outs.entry(account).or_default().push(act);
                }
            }
            _ => {}
        }
    }

    /// Whether an operation knew who an account is.
    fn knew_manifest(&self, act: usize, account: &AccountId) -> bool {
        self.manifests.get(account).into_iter().flatten().any(|place| self.knew(act, *place))
    }

    /// The lowest rank up to `rank` an account has by a promotion that nothing undid.
    pub(super) fn rank_within(&mut self, account: &AccountId, rank: u32) -> Option<u32> {
        let promotions: Vec<(u32, Vec<usize>)> = self
            .promotions
            .range(..=rank)
            .filter_map(|(rank, promoted)| Some((*rank, promoted.get(account)?.clone())))
            .collect();
        if promotions.is_empty() {
            return None;
        }
        let against = self.against(account, false);
        let holds = |place: &usize| self.fact(*place).is_some_and(|fact| fact.past.covers(&against));
        promotions.into_iter().find(|(_, places)| places.iter().any(holds)).map(|(rank, _)| rank)
    }

    /// All that puts an account out, or takes its rank unless `removals_only`.
    pub(super) fn against(&mut self, account: &AccountId, removals_only: bool) -> Past {
        let mut against = Past::default();
        for place in self.outs_of(account).into_iter().chain(self.exits_of(account)) {
            let removes = self.fact(place).is_some_and(|fact| matches!(fact.says, OpBody::Remove(_)));
            if removes || !removals_only {
                against.insert(place);
            }
        }
        against
    }

    /// What others did against an account.
    pub(super) fn outs_of(&self, account: &AccountId) -> Vec<usize> {
        self.outs.get(account).cloned().unwrap_or_default()
    }

    /// An account's leaving and stepping down, as far as it stands.
    pub(super) fn exits_of(&mut self, account: &AccountId) -> Vec<usize> {
        self.own_words(account).exits.clone()
    }

    /// Whether a manifest its author posted puts the device of this act out, and did not know the act.
    pub(super) fn is_disowned(&mut self, act: usize) -> bool {
        let Some(fact) = self.fact(act) else { return true };
        let words = self.own_words(&fact.author);
        words.manifests.iter().any(|word| self.disowns(*word, act))
    }

    fn disowns(&self, word: usize, act: usize) -> bool {
        let (Some(said), Some(fact)) = (self.fact(word), self.fact(act)) else { return false };
        let Some(manifest) = &said.manifest else { return false };
        let puts_out = manifest.is_revoked(&fact.device)
            || (manifest.version > fact.listed && manifest.device(&fact.device).is_none());
        puts_out && word != act && !said.past.contains(act) && !self.is_sealed(act, word)
    }

    /// Whether somebody who put its author out or demoted them knew this act, and not the author's own word against it.
    fn is_sealed(&self, act: usize, word: usize) -> bool {
        let Some(fact) = self.fact(act) else { return false };
        let outs = self.outs.get(&fact.author).into_iter().flatten();
        outs.into_iter().any(|out| self.knew(*out, act) && !self.knew(*out, word))
            && !planted(Fault::TakingBack)
    }

    fn own_words(&mut self, account: &AccountId) -> Rc<OwnWords> {
        if let Some(words) = self.words.get(account) {
            return Rc::clone(words);
        }
        let mut words = OwnWords::default();
        for place in self.own_manifests(account) {
            // Newest first: what puts a device out is settled before what that device said.
            if !words
                .manifests
                .iter()
                .any(|newer| self.is_newer(*newer, place) && self.disowns(*newer, place))
            {
                words.manifests.push(place);
            }
        }
        let exits = self.acts.get(account).into_iter().flatten().copied();
        let mut exits: Vec<usize> = exits
            .filter(|place| {
                self.fact(*place).is_some_and(|fact| !fact.out && fact.against() == Some(fact.author))
                    && !words.manifests.iter().any(|word| self.disowns(*word, *place))
            })
            .collect();
        self.keep_highest(&mut exits, OWN_WORDS);
        words.exits = exits;
        let words = Rc::new(words);
        self.words.insert(*account, Rc::clone(&words));
        words
    }

    /// Manifests an account posted itself by a device that is in them, newest first.
    fn own_manifests(&self, account: &AccountId) -> Vec<usize> {
        let acts = self.acts.get(account).into_iter().flatten().copied();
        let mut own: Vec<(u64, OpId, usize)> = acts
            .filter_map(|place| {
                let fact = self.fact(place).filter(|fact| !fact.out)?;
                let manifest = fact.manifest.as_ref().filter(|manifest| manifest.account == *account)?;
                manifest.device(&fact.device)?;
                Some((manifest.version, fact.id, place))
            })
            .collect();
        own.sort_by_key(|(version, id, _)| std::cmp::Reverse((*version, *id)));
        own.into_iter().map(|(_, _, place)| place).take(OWN_WORDS).collect()
    }

    fn is_newer(&self, newer: usize, older: usize) -> bool {
        let version = |place| self.fact(place).and_then(|fact| fact.manifest.as_ref()).map(|m| m.version);
        version(newer) > version(older)
    }

    /// Keeps the `count` places with the highest (number, id).
    fn keep_highest(&self, places: &mut Vec<usize>, count: usize) {
        if places.len() > count {
            places.sort_by_key(|place| std::cmp::Reverse(self.fact(*place).map(Fact::order)));
            places.truncate(count);
        }
    }
}
