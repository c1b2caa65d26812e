//! A contact who lies: odd numbers, bogus sessions, others' keys. Nothing panics, grows without bound or misfiles.

use super::*;
use crate::identity::{DeviceEntry, DeviceKeys, Manifest, Seed};
use crate::ids::SessionId;

fn bogus(session: u8, order: u64, bytes: usize) -> OlmPart {
    OlmPart {
        session: SessionId([session; 32]),
        order,
        floor: 0,
        msg_id: MessageId([session; 16]),
        attempt: 1,
        prekey: true,
        olm: vec![session; bytes],
    }
}

#[test]
fn bogus_sessions_take_bounded_room_and_leave_real_ones_alone() {
    let mut world = apart(160);
    for session in 0..40u8 {
        for order in (1..200u64).chain([u64::MAX - 2, u64::MAX - 1]) {
            give(&mut world, 0, 1, bogus(session, order, 60_000));
        }
    }
    let bytes: usize = world.machines[1]
        .disk
        .records
        .iter()
        .filter(|((space, _), _)| *space == Space::Held)
        .map(|(_, value)| value.len())
        .sum();
    assert!(bytes <= 8 * 2_200_000, "{bytes} bytes are held");
    assert!(peer(&mut world, 1, 0).reorder.len() <= 8);
    world.send(0, 1, "the real one").unwrap();
    let part = take_parts(&mut world, 0, 1).remove(0);
    give(&mut world, 0, 1, part);
    assert_eq!(world.shown(1, 0), ["the real one"]);
    // Ready ones are refused, with everything that waited for them.
    for session in 0..40u8 {
        give(&mut world, 0, 1, bogus(session, 0, 100));
    }
    world.crash(1);
    world.start(1);
    assert!(peer(&mut world, 1, 0).reorder.len() <= 8);
}

#[test]
fn odd_parts_are_answered_and_harmless() {
    let mut world = apart(161);
    world.send(0, 1, "hello").unwrap();
    let part = take_parts(&mut world, 0, 1).remove(0);
    for (floor, order) in [(5, 3), (0, u64::MAX), (u64::MAX, u64::MAX), (u64::MAX - 1, u64::MAX - 1)] {
        let odd =
            OlmPart { floor, order, msg_id: MessageId([3; 16]), session: SessionId([3; 32]), ..part.clone() };
        assert_eq!(give(&mut world, 0, 1, odd).len(), 1);
    }
    let renamed = OlmPart { msg_id: MessageId([4; 16]), ..part.clone() };
    let answers = give(&mut world, 0, 1, renamed);
    assert!(matches!(answers[0].2, Outcome::Refused(_)));
    assert!(world.shown(1, 0).is_empty());
    let _ = part;
}

#[test]
fn gap_questions_and_answers_of_any_range_are_harmless() {
    let mut world = apart(162);
    world.send(1, 0, "waiting").unwrap();
    let device = world.machines[0].device;
    let edges = [0, 1, 2, 7, u64::MAX - 1, u64::MAX];
    let before = world.machines[1].disk.events.len();
    for from in edges {
        for to in edges {
            let engine = engine(&mut world, 1);
            engine.on_gap_request(device, from, to);
            engine.on_gap_gone(device, from, to);
            let step = engine.flush();
            world.machines[1].disk.commit(&step.changes);
        }
    }
    assert_eq!(world.machines[1].disk.events.len(), before);
}

#[test]
fn a_liar_cannot_close_more_of_a_hole_than_there_is() {
    let mut world = apart(163);
    let (device, chat) = (world.machines[0].device, world.chat(0));
    let engine = engine(&mut world, 1);
    let stream = engine.streams_in.entry((device, chat)).or_default();
    stream.missing = vec![(3, 5), (9, 9)];
    stream.next_seq = 20;
    engine.on_gap_gone(device, 0, u64::MAX);
    let step = engine.flush();
    let closed: Vec<(u64, u64)> = step
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Event(Event::GapClosed { from_seq, count, .. }) => Some((*from_seq, *count)),
            _ => None,
        })
        .collect();
    assert_eq!(closed, [(3, 3), (9, 1)]);
}

#[test]
fn contents_far_ahead_are_parked_within_bounds_and_shown() {
    let mut world = apart(164);
    for n in 0..1_200u64 {
        world.send(0, 1, &n.to_string()).unwrap();
    }
    let device = world.machines[0].device;
    let chat = world.chat(0);
    // Every second number never comes.
    for part in take_parts(&mut world, 0, 1).into_iter().chain(take_parts(&mut world, 0, 1)) {
        let mut content_part = part.clone();
        content_part.floor = content_part.order;
        if part.order % 2 == 0 {
            give(&mut world, 0, 1, content_part);
        }
        let parked = engine(&mut world, 1).parked.len();
        assert!(parked <= 512, "{parked}");
    }
    world.run(3_600_000);
    let engine = engine(&mut world, 1);
    assert!(engine.parked.is_empty());
    assert!(engine.streams_in[&(device, chat)].missing.len() <= state::MISSING_RANGES);
}

/// Mallory's manifest with a further device: another's.
fn squat(world: &mut World, mallory: usize, entry: DeviceEntry) -> Manifest {
    let held = engine(world, mallory).own.manifest.clone();
    let mut manifest = Manifest::open(&held).unwrap();
    manifest.version += 10;
    manifest.prev = crate::kdf::hash(&held.body);
    manifest.devices.push(entry);
    manifest
}

#[test]
fn a_device_listed_by_somebody_else_is_given_back_to_who_holds_its_keys() {
    // Machine 2 is mallory; 0 knows her before it knows 1, whose keys she lists as hers.
    let mut world = World::new(3, 165);
    (0..3).for_each(|index| world.start(index));
    world.befriend(0, 2);
    let theirs = engine(&mut world, 1).own.manifest.clone();
    let entry = Manifest::open(&theirs).unwrap().devices[0].clone();
    let (device, account) = (entry.id, world.account(2));
    let manifest = squat(&mut world, 2, entry);
    let engine_0 = engine(&mut world, 0);
    engine_0.take_devices(account, &manifest);
    assert_eq!(engine_0.peers[&device].account(), account);
    let step = engine_0.flush();
    world.machines[0].disk.commit(&step.changes);
    world.befriend(0, 1);
    let owner = world.account(1);
    assert_eq!(engine(&mut world, 0).peers[&device].account(), owner);
    let (forth, back) = (world.send(0, 1, "hello bob").unwrap(), world.send(1, 0, "hello alice").unwrap());
    world.run(10_000);
    assert_eq!(world.state(0, forth, 1), Some(MessageState::Delivered));
    assert_eq!(world.state(1, back, 0), Some(MessageState::Delivered));
    assert!(world.shown(2, 0).is_empty() && world.shown(0, 2).is_empty());
    // A restart reads the same.
    world.crash(0);
    world.start(0);
    assert_eq!(engine(&mut world, 0).peers[&device].account(), owner);
}

#[test]
fn a_person_whose_keys_another_lists_is_never_taken_for_the_other() {
    let mut world = World::friends(3, 166);
    world.run(1_000);
    let theirs = engine(&mut world, 1).own.manifest.clone();
    let bob = Manifest::open(&theirs).unwrap().devices[0].clone();
    // A device of mallory's own making with bob's keys for links and ratchets, sorted in front of bob's.
    let sig = (0..=255u8)
        .map(|n| DeviceKeys::from_entropy([n; 64]))
        .find(|keys| keys.id() < bob.id)
        .expect("one of 256 sorts first");
    let entry = DeviceEntry { id: sig.id(), sig: sig.sig_public(), ..bob };
    let account = world.account(2);
    let manifest = squat(&mut world, 2, entry);
    let engine_0 = engine(&mut world, 0);
    engine_0.take_devices(account, &manifest);
    let step = engine_0.flush();
    world.machines[0].disk.commit(&step.changes);
    assert_eq!(engine(&mut world, 0).known_caller(&bob.noise), Some(sig.id()));
    // Bob calls anew.
    world.crash(1);
    world.run(1_000);
    world.deaf.insert(1);
    world.start(1);
    world.run(60_000);
    let id = world.send(1, 0, "it is me, bob").unwrap();
    world.run(30_000);
    assert_eq!(world.state(1, id, 0), Some(MessageState::Delivered));
    assert_eq!(world.shown(0, 1), ["it is me, bob"]);
    assert!(world.shown(0, 2).is_empty());
}

#[test]
fn two_manifests_of_one_number_raise_the_alarm_once() {
    let mut world = World::friends(2, 167);
    world.run(1_000);
    let seed = Seed::from_entropy([5; 32]);
    let held = engine(&mut world, 1).own.manifest.clone();
    let mut other = Manifest::open(&held).unwrap();
    // Signed by another root, it is nobody's business.
    other.account = seed.root().account();
    other.created_s += 1;
    let forged = seed.root().sign_manifest(&other).unwrap();
    let bob = world.account(1);
    let stolen = Signed { body: held.body.clone(), sig: forged.sig };
    assert!(Manifest::open(&stolen).is_err());
    assert!(!view(&mut world, 0, 1).key_changed);
    let _ = bob;
}
