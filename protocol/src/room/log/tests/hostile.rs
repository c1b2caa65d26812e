//! What must not be taken, and what must not fill anything.

use super::*;
use crate::room::{MEMBERS, OP_BYTES, OP_TEXT_BYTES, OpError, PARENTS, UPTO, WAITING};
use crate::wire::WireError;

fn refused(log: &mut Log, op: &Op, keys: &DeviceKeys) -> OpError {
    let (ops, tips) = (log.len(), log.tips());
    let error = log.insert(op.sign(keys).unwrap()).unwrap_err();
    assert_eq!((log.len(), log.tips()), (ops, tips));
    error
}

#[test]
fn what_is_not_signed_by_its_author_is_refused() {
    let [alice, bob, carol, ..] = people();
    let mut log = room(&alice, &[&bob]);
    let draft = log.draft(alice.account, alice.keys[0].id(), 0, &add(&carol)).unwrap();
    assert_eq!(refused(&mut log, &draft, &bob.keys[0]), OpError::Signature);
    // In alice's name with bob's device; with a device nobody named; by somebody nobody named.
    let mut op = draft.clone();
    op.device = bob.keys[0].id();
    assert_eq!(refused(&mut log, &op, &bob.keys[0]), OpError::Device);
    op.device = alice.keys[1].id();
    assert_eq!(refused(&mut log, &op, &alice.keys[1]), OpError::Device);
    (op.author, op.device) = (carol.account, carol.keys[0].id());
    assert_eq!(refused(&mut log, &op, &carol.keys[0]), OpError::Device);
    op.kind = 6;
    op.body = crate::wire::encode(&carol.manifests[0]).unwrap();
    assert_eq!(refused(&mut log, &op, &carol.keys[0]), OpError::Device);
    // A signature for another purpose.
    let body = draft.sign(&alice.keys[0]).unwrap().body;
    let other = alice.keys[0].sign("manifest", &body);
    assert_eq!(log.insert(other), Err(OpError::Signature));
}

#[test]
fn a_new_device_brings_the_manifest_that_lists_it() {
    let [alice, bob, ..] = people();
    let mut log = room(&alice, &[&bob]);
    say_with(&mut log, &bob, 1, &OpBody::Devices(bob.manifests[1].clone()));
    assert_eq!(log.members().account_of(&bob.keys[1].id()), Some(bob.account));
    // A manifest that lists it among another's devices proves nothing.
    let liar = manifest(&alice.root, 5, &[&alice.keys[0], &alice.keys[1]], &[]);
    let mut op = log.draft(bob.account, alice.keys[1].id(), 0, &OpBody::Devices(liar)).unwrap();
    assert_eq!(refused(&mut log, &op, &alice.keys[1]), OpError::Device);
    op.author = alice.account;
    assert!(matches!(log.insert(op.sign(&alice.keys[1]).unwrap()), Ok(Inserted::New(_))));
}

#[test]
fn manifests_that_do_not_hold_are_refused() {
    let [alice, bob, carol, ..] = people();
    let mut log = room(&alice, &[&bob]);
    let mut forged = carol.manifests[0].clone();
    forged.sig[0] ^= 1;
    let swapped = bob.manifests[0].clone();
    let mut weak: Manifest = crate::wire::decode(&carol.manifests[0].body).unwrap();
    weak.devices[0].noise = [0; 32];
    assert!(carol.root.sign_manifest(&weak).is_err());
    let weak = Signed { body: crate::wire::encode(&weak).unwrap(), sig: carol.manifests[0].sig };
    for manifest in [forged, swapped, weak] {
        let add = add_as(carol.account, "", manifest);
        let op = log.draft(alice.account, alice.keys[0].id(), 0, &add).unwrap();
        assert_eq!(refused(&mut log, &op, &alice.keys[0]), OpError::Manifest);
    }
}

#[test]
fn an_operation_of_another_room_is_refused() {
    let [alice, bob, carol, ..] = people();
    let mut log = room(&alice, &[&bob]);
    let mut other = Log::create(&create(&bob)).unwrap();
    say(&mut other, &bob, &add(&alice));
    let replay = signed(&other, &alice, 0, &add(&carol));
    assert_eq!(log.insert(replay), Err(OpError::Room));
    assert_eq!(log.insert(create(&bob)), Err(OpError::Room));
    assert_eq!(log.insert(create(&alice)), Ok(Inserted::Known));
    assert_eq!(Log::create(&signed(&log, &alice, 0, &add(&carol))).err(), Some(OpError::Parents));
    // Its parents are in the other room: it waits and is never anything.
    let mut op = other.draft(alice.account, alice.keys[0].id(), 0, &add(&carol)).unwrap();
    op.room = log.room();
    assert_eq!(log.insert(op.sign(&alice.keys[0]).unwrap()), Ok(Inserted::Waits));
}

#[test]
fn parents_and_numbers_must_be_in_order() {
    let [alice, bob, carol, ..] = people();
    let mut log = room(&alice, &[&bob]);
    let keys = &alice.keys[0];
    let draft = log.draft(alice.account, keys.id(), 0, &add(&carol)).unwrap();
    let mut op = draft.clone();
    op.lamport += 1;
    assert_eq!(refused(&mut log, &op, keys), OpError::Lamport);
    op.lamport = u64::MAX;
    assert_eq!(refused(&mut log, &op, keys), OpError::Lamport);
    let many = (0..=PARENTS).map(|n| OpId([u8::try_from(n).unwrap(); 32])).collect();
    let twice = vec![draft.parents[0]; 2];
    let down = vec![OpId([9; 32]), OpId([8; 32])];
    for parents in [Vec::new(), many, twice, down] {
        let op = Op { parents, ..draft.clone() };
        assert_eq!(refused(&mut log, &op, keys), OpError::Parents);
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let [alice, bob, ..] = people();
    let mut log = room(&alice, &[&bob]);
    let long = "x".repeat(OP_TEXT_BYTES + 1);
    assert!(log.draft(alice.account, alice.keys[0].id(), 0, &OpBody::Name(long.clone())).is_err());
    let mut op = log.draft(alice.account, alice.keys[0].id(), 0, &OpBody::Name(String::new())).unwrap();
    op.body = crate::wire::encode(&long).unwrap();
    assert!(matches!(refused(&mut log, &op, &alice.keys[0]), OpError::Wire(_)));
    op.body = vec![0; OP_BYTES];
    assert!(matches!(op.sign(&alice.keys[0]), Err(WireError::TooLarge { .. })));
    let huge = alice.keys[0].sign(Op::DOMAIN, &crate::wire::encode(&op).unwrap());
    assert!(matches!(log.insert(huge), Err(OpError::Wire(WireError::TooLarge { .. }))));
    let id = |n: usize| crate::ids::DeviceId([u8::try_from(n).unwrap(); 16]);
    for upto in [(0..=UPTO).map(|n| (id(n), 1)).collect(), vec![(id(2), 1), (id(1), 1)], vec![(id(1), 1); 2]]
    {
        assert!(OpBody::Remove(Remove { account: bob.account, upto }).encode().is_err());
    }
    let fits = OpBody::Remove(Remove { account: bob.account, upto: (0..UPTO).map(|n| (id(n), 1)).collect() });
    assert!(fits.encode().is_ok());
}

#[test]
fn what_waits_is_bounded_and_what_is_true_comes_again() {
    let [alice, bob, carol, ..] = people();
    let mut log = room(&alice, &[&bob]);
    let mut ahead = fork(&log);
    let first = signed(&ahead, &alice, 0, &add(&carol));
    ahead.insert(first.clone()).unwrap();
    let second = signed(&ahead, &alice, 0, &remove(&bob));
    ahead.insert(second.clone()).unwrap();
    assert_eq!(log.insert(second.clone()), Ok(Inserted::Waits));
    assert_eq!(log.insert(second.clone()), Ok(Inserted::Known));
    assert_eq!(log.wanted(), [OpId::of(&first)]);
    // The same with a signature that does not hold neither takes its place nor is taken with it.
    let mut bent = second.clone();
    bent.sig[3] ^= 1;
    assert_eq!(log.insert(bent), Ok(Inserted::Waits));
    assert_eq!(log.insert(first.clone()), Ok(Inserted::New(vec![OpId::of(&first), OpId::of(&second)])));
    assert!(log.wanted().is_empty());

    let draft = log.draft(bob.account, bob.keys[0].id(), 0, &OpBody::Name("b".into())).unwrap();
    for n in 0..3 * WAITING {
        let mut op = draft.clone();
        op.parents = vec![OpId(crate::kdf::hash(&n.to_le_bytes()))];
        op.at = 1;
        let flood = Signed { body: crate::wire::encode(&op).unwrap(), sig: [0; 64] };
        assert_eq!(log.insert(flood), Ok(Inserted::Waits));
    }
    assert_eq!(log.wanted().len(), WAITING);
    assert_eq!(who(&log, &people()), "alice0 carol");
}

#[test]
fn loose_ends_are_told_and_tied_step_by_step() {
    let [alice, bob, ..] = people();
    let mut log = room(&alice, &[&bob]);
    let base = fork(&log);
    for n in 0..40 {
        log.insert(signed(&base, &bob, 0, &OpBody::Name(format!("bob {n}")))).unwrap();
    }
    assert!(log.is_frayed());
    assert_eq!(log.tips().len(), PARENTS);
    for _ in 0..3 {
        say(&mut log, &alice, &OpBody::Name("alice".into()));
    }
    assert!(!log.is_frayed());
    assert_eq!(log.missing_for(&log.tips()), []);
}

#[test]
fn a_full_room_takes_no_more_people() {
    let [alice, ..] = people();
    let mut log = Log::create(&create(&alice)).unwrap();
    let crowd: Vec<Person> = (0..5).map(|n| Person::new(100 + n, "crowd")).collect();
    random::fill(&mut log, &alice, MEMBERS - 1);
    assert_eq!(log.members().len(), MEMBERS);
    let one = &crowd[0];
    assert!(!log.members().may(&alice.account, &add(one)));
    say(&mut log, &alice, &add(one));
    assert_eq!(log.members().len(), MEMBERS);
    assert!(!log.members().is_member(&one.account));
    // An admin has their place before all others.
    say(&mut log, &alice, &promote(one));
    assert!(log.members().is_member(&one.account));
    assert_eq!(log.members().len(), MEMBERS);
}
