//! Random executions: people on both sides of partitions say all kinds of things, some as if they knew less than they
//! do. Every order in which the operations may come gives the same members, and who was put out changes nothing.
//!
//! Signatures are left out here, they take most of the time: operations go past the check of their signature and
//! through all others.

use super::*;
use crate::ids::DeviceId;
use crate::kdf;
use crate::rng::Rng;
use crate::room::Meta;
use crate::room::members::Members;
use crate::room::rule::{FAULT, Fault, Rule};

/// Executions of a test run. `STARLING_ROOM_RUNS` says otherwise.
const RUNS: u64 = 4_000;
/// Executions in which a planted fault must show.
const FAULT_RUNS: u64 = 10_000;

/// An operation made once, for many logs.
#[derive(Clone)]
struct Made {
    id: OpId,
    op: Op,
    says: OpBody,
    manifest: Option<Manifest>,
    signed: Signed,
}

impl Made {
    fn new(op: Op, manifest: Option<Manifest>) -> Self {
        let signed = Signed { body: crate::wire::encode(&op).unwrap(), sig: [0; 64] };
        Self { id: OpId::of(&signed), says: op.says().unwrap(), manifest, op, signed }
    }
}

impl Log {
    /// Takes an operation whose parents are here without looking at its signature. Whether it was taken.
    fn put(&mut self, made: &Made) -> bool {
        if self.contains(&made.id) || !made.op.parents.iter().all(|id| self.contains(id)) {
            return false;
        }
        let fact = self.fact(made.id, &made.op, made.says.clone(), made.manifest.clone());
        let Ok((fact, _)) = fact else { return false };
        self.take(made.op.clone(), fact, made.signed.clone());
        true
    }

    fn make(&self, by: &Person, device: usize, parents: Vec<OpId>, says: &OpBody, at: i64) -> Made {
        let mut op = self.draft(by.account, by.keys[device].id(), at, says).unwrap();
        op.lamport = self.lamport_after(&parents);
        op.parents = parents;
        let manifest = says.manifest().map(|signed| crate::wire::decode(&signed.body).unwrap());
        Made::new(op, manifest)
    }
}

/// Lets in this many whom nobody knows.
pub(super) fn fill(log: &mut Log, by: &Person, count: usize) {
    for n in 0..count {
        let account = AccountId(kdf::hash(&n.to_le_bytes()));
        let manifest = Manifest {
            account,
            version: 1,
            prev: [0; 32],
            created_s: 0,
            flags: 0,
            devices: vec![DeviceEntry {
                id: DeviceId(kdf::derive_short("test", &[&n.to_le_bytes()])),
                sig: [1; 32],
                noise: [1; 32],
                olm: [1; 32],
                added_day: 0,
                flags: 0,
            }],
            revoked: Vec::new(),
            ext: Ext::new(),
        };
        let signed = Signed { body: crate::wire::encode(&manifest).unwrap(), sig: [0; 64] };
        let says = add_as(account, "somebody", signed);
        let made = log.make(by, 0, log.tips(), &says, 0);
        assert!(log.put(&made));
    }
}

/// What is going on in one execution.
struct Run<'a> {
    rng: Rng,
    people: &'a [Person; 5],
    sides: Vec<Log>,
    pool: Vec<Made>,
}

impl<'a> Run<'a> {
    fn new(people: &'a [Person; 5], first: &Signed, seed: u64) -> Self {
        let side = || Log::create(first).unwrap();
        let mut run = Self {
            rng: Rng::from_number(seed),
            people,
            sides: vec![side(), side(), side()],
            pool: Vec::new(),
        };
        for n in 1..4 {
            run.say(0, &people[0], 0, None, &add(&people[n]));
        }
        for n in 1..3 {
            if run.rng.below(4) > 0 {
                run.say(0, &people[0], 0, None, &promote(&people[n]));
            }
        }
        run.merge(1, 0);
        run.merge(2, 0);
        run
    }

    fn pick(&mut self, count: usize) -> usize {
        usize::try_from(self.rng.below(u64::try_from(count).unwrap())).unwrap()
    }

    fn say(&mut self, side: usize, by: &Person, device: usize, parents: Option<Vec<OpId>>, says: &OpBody) {
        let at = i64::try_from(self.pool.len()).unwrap();
        let parents = parents.unwrap_or_else(|| self.sides[side].tips());
        let made = self.sides[side].make(by, device, parents, says, at);
        if self.sides[side].put(&made) {
            self.pool.push(made);
        }
    }

    fn merge(&mut self, into: usize, from: usize) {
        for id in self.sides[from].missing_for(&self.sides[into].tips()) {
            if !self.sides[into].contains(&id) {
                let made = self.pool.iter().find(|made| made.id == id).unwrap();
                assert!(self.sides[into].put(made));
            }
        }
    }

    /// One or two operations of this side, as what somebody says they know.
    fn little_known(&mut self, side: usize) -> Vec<OpId> {
        let count = 1 + self.pick(2);
        let mut ids: Vec<OpId> = (0..count)
            .map(|_| {
                // Rather early: that is when there is most to be undone.
                let within = 1 + self.pick(self.sides[side].len());
                let place = self.pick(within);
                self.sides[side].iter().nth(place).unwrap().0
            })
            .collect();
        ids.sort();
        ids.dedup();
        ids
    }

    fn something(&mut self) -> OpBody {
        let whom = &self.people[self.pick(5)];
        match self.pick(20) {
            0..5 => add(whom),
            5..9 => remove(whom),
            9..12 => promote(whom),
            12..14 => demote(whom),
            14..17 => OpBody::Devices(whom.manifests[self.pick(3)].clone()),
            17 => OpBody::Name(format!("name {}", self.pool.len())),
            18 => OpBody::Secret([u8::try_from(self.pool.len()).unwrap(); 32]),
            _ => OpBody::Meta(Meta { field: Meta::TOPIC, value: self.pool.len().to_string() }),
        }
    }

    fn go(&mut self) {
        let people = self.people;
        for _ in 0..6 + self.pick(14) {
            // Those who were there first say more: they are admins.
            let (side, by, device) = (self.pick(3), self.pick(5).min(self.pick(5)), self.pick(6) / 5);
            let parents = if self.pick(10) < 3 { Some(self.little_known(side)) } else { None };
            let says = if self.pick(16) == 0 { remove(&people[by]) } else { self.something() };
            self.say(side, &people[by], device, parents, &says);
            if self.pick(4) == 0 {
                let (into, from) = (self.pick(3), self.pick(3));
                self.merge(into, from);
            }
        }
        for from in 1..3 {
            self.merge(0, from);
        }
        for into in 1..3 {
            self.merge(into, 0);
        }
    }

    /// The same operations in another order.
    fn shuffled(&mut self, first: &Signed) -> Log {
        let mut log = Log::create(first).unwrap();
        let mut left = self.pool.clone();
        while !left.is_empty() {
            let made = left.remove(self.pick(left.len()));
            if !log.put(&made) {
                left.push(made);
            }
        }
        log
    }

    /// Whether what the creator said of people holds, as long as nothing can have undone it: who was put out is out unless
    /// somebody who knew it brought them back; who was let in is in unless somebody who did not know it put them out.
    fn is_creator_obeyed(&self) -> bool {
        let (log, creator) = (&self.sides[0], self.people[0].account);
        let about = |made: &Made| match &made.says {
            OpBody::Add(add) => Some((true, add.account)),
            OpBody::Promote(account) => Some((true, *account)),
            OpBody::Remove(remove) => Some((false, remove.account)),
            _ => None,
        };
        let is_undoing = |made: &Made| match &made.says {
            OpBody::Demote(account) => made.op.author == creator && *account == creator,
            OpBody::Remove(remove) => made.op.author == creator && remove.account == creator,
            _ => made.manifest.as_ref().is_some_and(|m| m.account == creator && m.version > 1),
        };
        if self.pool.iter().any(is_undoing) {
            return true;
        }
        self.pool.iter().filter(|made| made.op.author == creator).all(|word| {
            let Some((lets_in, whom)) = about(word).filter(|_| !matches!(word.says, OpBody::Promote(_)))
            else {
                return true;
            };
            // A removal is answered by who knew it; an Add by every removal that it did not know.
            let answers = |made: &Made| match lets_in {
                true => !log.knew(&word.id, &made.id),
                false => log.knew(&made.id, &word.id),
            };
            let against = Some((!lets_in, whom));
            let answered = self.pool.iter().any(|made| about(made) == against && answers(made));
            whom == creator || answered || log.members().is_member(&whom) == lets_in
        })
    }

    /// Who was put out by somebody else, and not also by their own wish.
    fn put_out(&self) -> Vec<&'a Person> {
        let log = &self.sides[0];
        let mut rule = Rule::reckoned(&log.facts, None);
        let mut is_out = |person: &&Person| {
            let mut outs = rule.outs_of(&person.account).into_iter();
            let removed = outs.any(|place| matches!(log.facts[place].says, OpBody::Remove(_)));
            removed && rule.exits_of(&person.account).is_empty() && !log.members().is_member(&person.account)
        };
        self.people.iter().filter(|person| is_out(person)).collect()
    }

    /// Lets those who were put out say things in all ways, and looks whether something changes.
    fn changed_by_those_put_out(&mut self) -> bool {
        let before = self.sides[0].members().clone();
        for person in self.put_out() {
            for _ in 0..6 {
                let says = match self.pick(8) {
                    0..2 => OpBody::Devices(person.manifests[self.pick(3)].clone()),
                    2..4 => remove(person),
                    4 => demote(person),
                    _ => match self.something() {
                        OpBody::Devices(_) => add(person),
                        says => says,
                    },
                };
                let parents = self.little_known(0);
                let device = self.pick(2);
                self.say(0, person, device, Some(parents), &says);
            }
        }
        !same_for_those_inside(&before, self.sides[0].members())
    }
}

fn same_for_those_inside(before: &Members, now: &Members) -> bool {
    let mut now = now.clone();
    now.cut.retain(|device, _| before.cut.contains_key(device));
    *before == now
}

/// What went wrong in an execution.
fn failure(people: &[Person; 5], first: &Signed, seed: u64) -> Option<&'static str> {
    let mut run = Run::new(people, first, seed);
    run.go();
    let orders = [run.shuffled(first), run.shuffled(first)];
    let members = run.sides[0].members();
    if run.sides.iter().chain(&orders).any(|log| log.members() != members) {
        return Some("two orders give two results");
    }
    let tips = run.sides[0].tips();
    if !run.sides[0].is_frayed() && orders.iter().any(|log| *log.members_at(&tips).unwrap() != *members) {
        return Some("the members then are not the members now");
    }
    if !run.is_creator_obeyed() {
        return Some("the creator is not obeyed");
    }
    run.changed_by_those_put_out().then_some("who was put out changed something")
}

#[test]
fn every_order_gives_the_same_members_and_who_is_out_changes_nothing() {
    let runs = std::env::var("STARLING_ROOM_RUNS").ok().and_then(|runs| runs.parse().ok());
    let people = people();
    let first = create(&people[0]);
    for seed in 0..runs.unwrap_or(RUNS) {
        assert_eq!(failure(&people, &first, seed), None, "seed {seed}");
    }
}

#[test]
fn random_executions_find_planted_faults() {
    let people = people();
    let first = create(&people[0]);
    for fault in [Fault::Backdating, Fault::TakingBack, Fault::AddWins, Fault::Arrival] {
        FAULT.set(Some(fault));
        let found = (0..FAULT_RUNS).find(|seed| failure(&people, &first, *seed).is_some());
        FAULT.set(None);
        assert!(found.is_some(), "{fault:?}");
    }
}

#[test]
fn ten_thousand_operations_are_reckoned() {
    let people = people();
    let [alice, bob, ..] = &people;
    let mut log = room(alice, &[bob]);
    say(&mut log, alice, &promote(bob));
    fill(&mut log, bob, 900);
    let mut n = 0;
    while log.len() < 10_000 {
        n += 1;
        let by = &people[n % 2];
        let says = match n % 4 {
            0 => OpBody::Name(format!("name {n}")),
            1 => OpBody::Meta(Meta { field: Meta::TOPIC, value: n.to_string() }),
            2 => remove(&people[2]),
            _ => add(&people[2]),
        };
        let made = log.make(by, 0, log.tips(), &says, 0);
        assert!(log.put(&made));
    }
    assert_eq!(log.members().topic, "9097");
    assert_eq!(log.members().len(), 903);
    for _ in 0..std::env::var("STARLING_ROOM_REPEAT").map_or(0, |n| n.parse().unwrap()) {
        log.members = std::sync::OnceLock::new();
        assert_eq!(log.members().len(), 903);
    }
}
