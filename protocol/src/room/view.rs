//! The last step of the rule (docs/spec/09-rooms.md, "Who is a member"): from what stands to who is in, with which
//! devices and by which name, and what the room is called.

use super::members::{MEMBERS, Member, Members};
use super::op::{Create, Meta, OpBody, OpId};
use super::policy::Policy;
use super::rule::{Fact, Fault, Rule, planted};
use crate::identity::{DeviceEntry, Manifest};
use crate::ids::{AccountId, DeviceId};
use crate::kdf;
use crate::text::{clean_line, clean_name};
use crate::wire::Signed;
use std::collections::{BTreeMap, BTreeSet};

/// Who is in, and what is said of the room.
pub(super) fn members(rule: &mut Rule<'_>) -> Members {
    let mut view = Members {
        members: BTreeMap::new(),
        owners: BTreeMap::new(),
        cut: BTreeMap::new(),
        name: String::new(),
        topic: String::new(),
        history: Policy::None,
        mailboxes: Vec::new(),
        secret: None,
    };
    let manifests = Manifests::gather(rule);
    let inside = inside(rule);
    view.owners = manifests.owners(inside.keys());
    for (account, (rank, entry)) in inside {
        if let Some((signed, devices)) = manifests.of(&account, &view.owners) {
            let (upto, since) = match &entry.says {
                OpBody::Add(add) => (add.upto.iter().copied().collect(), add.since),
                _ => (BTreeMap::new(), 0),
            };
            let (added_by, added, name) = (entry.author, entry.id, String::new());
            let member = Member { rank, name, manifest: signed, devices, added_by, added, upto, since };
            view.members.insert(account, member);
        }
    }
    view.owners.retain(|_, account| view.members.contains_key(account));
    name_members(rule, &mut view);
    cut(rule, &manifests, &mut view);
    say(rule, &mut view);
    view
}

/// Who is in, with their rank and their first way in that nothing undid. If there are too many: those with a rank
/// first, then those who came first.
fn inside<'a>(rule: &mut Rule<'a>) -> BTreeMap<AccountId, (Option<u32>, &'a Fact)> {
    let mut inside = Vec::new();
    for (account, places) in rule.entries.clone() {
        let against = rule.against(&account, true);
        let ways = places.iter().filter_map(|place| rule.fact(*place));
        let ways = ways.filter(|fact| fact.past.covers(&against) || planted(Fault::AddWins));
        // An Add says what the newcomer may read; a promotion is a way in too, if the Add came to nothing.
        let first = ways.min_by_key(|fact| (matches!(fact.says, OpBody::Promote(_)), fact.order()));
        let Some(first) = first else { continue };
        let rank = rule.rank_within(&account, u32::MAX);
        inside.push((rank.is_none(), first.order(), account, rank, first));
    }
    inside.sort_by_key(|(plain, order, account, ..)| (*plain, *order, *account));
    inside.truncate(MEMBERS);
    inside.into_iter().map(|(_, _, account, rank, first)| (account, (rank, first))).collect()
}

/// Every manifest the operations carry. Each is signed by its account, so it does not matter who carried it.
struct Manifests<'a> {
    by_account: BTreeMap<AccountId, Vec<(&'a Fact, &'a Manifest, &'a Signed)>>,
    /// Who signed an operation as whom.
    signed: BTreeSet<(AccountId, DeviceId)>,
}

impl<'a> Manifests<'a> {
    fn gather(rule: &Rule<'a>) -> Self {
        let mut manifests = Self { by_account: BTreeMap::new(), signed: BTreeSet::new() };
        for (_, fact) in rule.all() {
            manifests.signed.insert((fact.author, fact.device));
            if let (Some(manifest), Some(signed)) = (&fact.manifest, fact.says.manifest()) {
                manifests.by_account.entry(manifest.account).or_default().push((fact, manifest, signed));
            }
        }
        manifests
    }

    /// The newest manifest of an account; of two with one version, that with the greater hash.
    fn newest(&self, account: &AccountId) -> Option<(&'a Manifest, &'a Signed)> {
        let all = self.by_account.get(account)?;
        let version = all.iter().map(|(_, manifest, _)| manifest.version).max()?;
        let newest = all.iter().filter(|(_, manifest, _)| manifest.version == version);
        let newest = newest.max_by_key(|(_, _, signed)| kdf::hash(&signed.body))?;
        Some((newest.1, newest.2))
    }

    /// The devices of an account: those of its newest manifest that no manifest ever revoked.
    fn devices(&self, account: &AccountId) -> Vec<&'a DeviceEntry> {
        let Some((newest, _)) = self.newest(account) else { return Vec::new() };
        let all = self.by_account.get(account).into_iter().flatten();
        let revoked: BTreeSet<DeviceId> =
            all.flat_map(|(_, manifest, _)| manifest.revoked.iter().map(|revoked| revoked.id)).collect();
        newest.devices.iter().filter(|device| !revoked.contains(&device.id)).collect()
    }

    /// Whose each device of these accounts is. One that two accounts claim belongs to the one that signed with it, or
    /// else to the one that was first to name it.
    fn owners<'b>(&self, accounts: impl Iterator<Item = &'b AccountId>) -> BTreeMap<DeviceId, AccountId> {
        let mut claims: BTreeMap<DeviceId, (bool, (u64, OpId), AccountId)> = BTreeMap::new();
        for account in accounts {
            for device in self.devices(account) {
                let all = self.by_account.get(account).into_iter().flatten();
                let naming = all.filter(|(_, manifest, _)| manifest.device(&device.id).is_some());
                let Some(first) = naming.map(|(fact, ..)| fact.order()).min() else { continue };
                let claim = (!self.signed.contains(&(*account, device.id)), first, *account);
                let known = claims.entry(device.id).or_insert(claim);
                *known = claim.min(*known);
            }
        }
        claims.into_iter().map(|(device, (_, _, account))| (device, account)).collect()
    }

    /// An account's newest manifest and those of its devices that are its own.
    fn of(
        &self,
        account: &AccountId,
        owners: &BTreeMap<DeviceId, AccountId>,
    ) -> Option<(Signed, Vec<DeviceEntry>)> {
        let (_, signed) = self.newest(account)?;
        let devices = self.devices(account).into_iter();
        let devices = devices.filter(|device| owners.get(&device.id) == Some(account)).cloned();
        Some((signed.clone(), devices.collect()))
    }
}

/// What members are called: what they said last, or what was said when they were let in, whichever is later.
fn name_members(rule: &mut Rule<'_>, view: &mut Members) {
    let mut names: BTreeMap<AccountId, ((u64, OpId), &str)> = BTreeMap::new();
    for (place, fact) in rule.all() {
        let (account, name) = match &fact.says {
            OpBody::Add(add) if rule.stands.contains(place) => (add.account, &add.name),
            OpBody::Name(name) if !fact.out && !rule.is_disowned(place) => (fact.author, name),
            _ => continue,
        };
        let known = names.entry(account).or_insert((fact.order(), name));
        if known.0 < fact.order() {
            *known = (fact.order(), name);
        }
    }
    for (account, member) in &mut view.members {
        member.name = names.get(account).map(|(_, name)| clean_name(name)).unwrap_or_default();
    }
}

/// Up to which number messages count of those who were let in once and are not in. Who was put out has no say in it: of
/// those who left, their own word counts.
fn cut(rule: &mut Rule<'_>, manifests: &Manifests<'_>, view: &mut Members) {
    let named: BTreeSet<AccountId> = rule
        .all()
        .filter_map(|(_, fact)| match &fact.says {
            OpBody::Create(_) => Some(fact.author),
            OpBody::Add(add) => Some(add.account),
            _ => None,
        })
        .collect();
    for account in named.iter().filter(|account| !view.members.contains_key(account)) {
        let all = manifests.by_account.get(account).into_iter().flatten();
        for device in all.flat_map(|(_, manifest, _)| &manifest.devices) {
            if !view.owners.contains_key(&device.id) {
                view.cut.entry(device.id).or_default();
            }
        }
        let is_removal =
            |place: &usize| rule.fact(*place).is_some_and(|fact| matches!(fact.says, OpBody::Remove(_)));
        let by_others: Vec<usize> = rule.outs_of(account).into_iter().filter(is_removal).collect();
        let words = if by_others.is_empty() { rule.exits_of(account) } else { by_others };
        for place in words {
            let Some(OpBody::Remove(remove)) = rule.fact(place).map(|fact| &fact.says) else { continue };
            for (device, upto) in &remove.upto {
                if let Some(cut) = view.cut.get_mut(device) {
                    *cut = (*cut).max(*upto);
                }
            }
        }
    }
}

/// What admins said of the room, in order, so that the last word counts.
fn say(rule: &Rule<'_>, view: &mut Members) {
    let mut said: Vec<&Fact> =
        rule.all().filter(|(place, _)| rule.stands.contains(*place)).map(|(_, fact)| fact).collect();
    if !planted(Fault::Arrival) {
        said.sort_by_key(|fact| fact.order());
    }
    for fact in said {
        match &fact.says {
            OpBody::Create(Create { name, history, .. }) => {
                view.name = clean_name(name);
                view.history = *history;
            }
            OpBody::Meta(Meta { field: Meta::NAME, value }) => view.name = clean_name(value),
            OpBody::Meta(Meta { field: Meta::TOPIC, value }) => view.topic = clean_line(value),
            OpBody::Meta(Meta { field: Meta::HISTORY, value }) => {
                view.history = value.parse().unwrap_or(view.history);
            }
            OpBody::Mailboxes(boxes) => view.mailboxes.clone_from(boxes),
            OpBody::Secret(id) => view.secret = Some(*id),
            _ => {}
        }
    }
}
