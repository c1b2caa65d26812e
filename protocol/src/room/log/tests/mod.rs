//! The log and the rule: cases by hand, hostile input, and random executions.

mod cases;
mod hostile;
mod random;

use super::{Inserted, Log};
use crate::identity::{DeviceEntry, DeviceKeys, Manifest, Revoked, RootKey, Seed};
use crate::ids::AccountId;
use crate::room::{Add, Create, Op, OpBody, OpId, Policy, Remove};
use crate::wire::{Ext, Signed};

/// Somebody with two devices. Version 1 lists the first, 2 both, 3 only the second and revokes the first.
struct Person {
    root: RootKey,
    account: AccountId,
    name: &'static str,
    keys: [DeviceKeys; 2],
    manifests: [Signed; 3],
}

impl Person {
    fn new(number: u8, name: &'static str) -> Self {
        let root = Seed::from_entropy([number; 32]).root();
        let account = root.account();
        let keys = [0, 1].map(|device| {
            let mut entropy = [number; 64];
            entropy[0] = device;
            entropy[40] = device;
            DeviceKeys::from_entropy(entropy)
        });
        let manifests = [
            manifest(&root, 1, &[&keys[0]], &[]),
            manifest(&root, 2, &[&keys[0], &keys[1]], &[]),
            manifest(&root, 3, &[&keys[1]], &[&keys[0]]),
        ];
        Self { root, account, name, keys, manifests }
    }
}

fn manifest(root: &RootKey, version: u64, devices: &[&DeviceKeys], revoked: &[&DeviceKeys]) -> Signed {
    let entry = |keys: &&DeviceKeys| DeviceEntry {
        id: keys.id(),
        sig: keys.sig_public(),
        noise: keys.noise_public(),
        olm: keys.noise_public(),
        added_day: 1,
        flags: 0,
    };
    let manifest = Manifest {
        account: root.account(),
        version,
        prev: if version == 1 { [0; 32] } else { [1; 32] },
        created_s: 0,
        flags: 0,
        devices: devices.iter().map(entry).collect(),
        revoked: revoked.iter().map(|keys| Revoked { id: keys.id(), at_day: 2 }).collect(),
        ext: Ext::new(),
    };
    root.sign_manifest(&manifest).unwrap()
}

/// alice, bob, carol, dave, mallory.
fn people() -> [Person; 5] {
    let names = ["alice", "bob", "carol", "dave", "mallory"];
    let mut number = 10;
    names.map(|name| {
        number += 1;
        Person::new(number, name)
    })
}

fn create(by: &Person) -> Signed {
    let create = Create {
        name: "Garden".into(),
        history: Policy::Last(50),
        manifest: by.manifests[0].clone(),
        nonce: [7; 16],
    };
    Op::create(by.account, by.keys[0].id(), 0, create).unwrap().sign(&by.keys[0]).unwrap()
}

fn add(who: &Person) -> OpBody {
    add_as(who.account, who.name, who.manifests[0].clone())
}

fn add_as(account: AccountId, name: &str, manifest: Signed) -> OpBody {
    OpBody::Add(Add { account, name: name.into(), manifest, upto: Vec::new(), since: 0 })
}

fn remove(who: &Person) -> OpBody {
    OpBody::Remove(Remove { account: who.account, upto: Vec::new() })
}

fn promote(who: &Person) -> OpBody {
    OpBody::Promote(who.account)
}

fn demote(who: &Person) -> OpBody {
    OpBody::Demote(who.account)
}

fn signed(log: &Log, by: &Person, device: usize, says: &OpBody) -> Signed {
    let keys = &by.keys[device];
    log.draft(by.account, keys.id(), 0, says).unwrap().sign(keys).unwrap()
}

/// Says something after all that is in the log.
fn say(log: &mut Log, by: &Person, says: &OpBody) -> OpId {
    say_with(log, by, 0, says)
}

fn say_with(log: &mut Log, by: &Person, device: usize, says: &OpBody) -> OpId {
    let op = signed(log, by, device, says);
    let id = OpId::of(&op);
    assert_eq!(log.insert(op), Ok(Inserted::New(vec![id])));
    id
}

/// A room of alice's with these people in it.
fn room(alice: &Person, others: &[&Person]) -> Log {
    let mut log = Log::create(&create(alice)).unwrap();
    for other in others {
        say(&mut log, alice, &add(other));
    }
    log
}

/// What somebody has who knows the same now.
fn fork(log: &Log) -> Log {
    let mut ops = log.iter();
    let mut fork = Log::create(ops.next().unwrap().1).unwrap();
    for (_, op) in ops {
        assert!(matches!(fork.insert(op.clone()), Ok(Inserted::New(_))));
    }
    fork
}

/// Everything of each reaches the other.
fn heal(a: &mut Log, b: &mut Log) {
    for id in a.missing_for(&b.tips()) {
        b.insert(a.get(&id).unwrap().clone()).unwrap();
    }
    for id in b.missing_for(&a.tips()) {
        a.insert(b.get(&id).unwrap().clone()).unwrap();
    }
    assert_eq!(a.members(), b.members());
    assert_eq!(a.tips(), b.tips());
}

/// Who is in, with ranks, by name.
fn who(log: &Log, people: &[Person]) -> String {
    let members = log.members();
    let told = people.iter().filter_map(|person| {
        let member = members.member(&person.account)?;
        let rank = member.rank.map(|rank| rank.to_string()).unwrap_or_default();
        Some(format!("{}{rank}", person.name))
    });
    told.collect::<Vec<_>>().join(" ")
}
