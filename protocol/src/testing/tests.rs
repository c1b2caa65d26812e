//! The test world itself: its DHT keeps, loses and lies as its knobs say, and its relays carry.

use super::wires::Parcel;
use super::{Dht, Lie, World};
use crate::discovery::{self, Made, Record, Slot, SlotOwner};
use crate::engine::{Action, Change, Input, NetCommand, NetEvent, ReadOrder, Space, Via};
use crate::time::{HOUR_MS, MINUTE_MS};
use crate::wire::Signed;

fn record(number: u8, made: u32) -> Record {
    let slot = Slot { rv: [number; 32], who: SlotOwner::Account, day: 20_000 };
    let card = Signed { body: vec![number; 600], sig: [1; 64] };
    discovery::seal(&slot, Made(made), &[number; 24], &card).expect("a record")
}

/// A world of strangers with a DHT that loses nothing.
fn world(machines: usize, crowd: usize) -> World {
    let mut world = World::new(machines, 1);
    let mut dht = Dht::new(crowd, 1);
    (dht.unmet_percent, dht.lossy_percent) = (0, 0);
    world.add_dht(dht);
    for machine in 0..machines {
        world.start(machine);
    }
    world.run(1_000);
    world
}

/// Puts a record and says how many copies were told.
fn put(world: &mut World, from: usize, record: &Record) -> u32 {
    let (key, value) = (record.key, record.value.clone());
    world.act(from, NetCommand::Publish { publish: 900, key, value });
    let told = world.queue.values().find_map(|parcel| match parcel {
        Parcel::Event(to, _, NetEvent::Published { publish: 900, copies }) if *to == from => Some(*copies),
        _ => None,
    });
    world.queue.retain(|_, parcel| !matches!(parcel, Parcel::Event(_, _, NetEvent::Published { .. })));
    told.expect("every publication is answered")
}

/// Looks up and says what comes, in order.
fn get(world: &mut World, from: usize, key: [u8; 32]) -> Vec<Vec<u8>> {
    world.act(from, NetCommand::LookUp { lookup: 901, key, known: None });
    let found = on_the_way(world, from);
    world.act(from, NetCommand::EndLookUp { lookup: 901 });
    assert_eq!(on_the_way(world, from), Vec::<Vec<u8>>::new(), "nothing comes after the end");
    world.queue.retain(|_, parcel| !matches!(parcel, Parcel::Event(_, _, NetEvent::LookedUp { .. })));
    found
}

fn on_the_way(world: &World, from: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut done = 0;
    for parcel in world.queue.values() {
        match parcel {
            Parcel::Event(to, _, NetEvent::Found { lookup: 901, value }) if *to == from => {
                assert_eq!(done, 0, "nothing is found after the end");
                found.push(value.clone());
            }
            Parcel::Event(to, _, NetEvent::LookedUp { lookup: 901, .. }) if *to == from => done += 1,
            _ => {}
        }
    }
    assert_eq!(done, 1, "every look-up ends once");
    found
}

fn neighbours(world: &World, index: usize) -> Option<u32> {
    world.dht.as_ref().and_then(|dht| dht.seats.get(&index)).and_then(|seat| seat.told)
}

#[test]
fn a_record_lies_on_twenty_nodes_and_the_newest_stays() {
    let mut world = world(2, 60);
    let (old, new) = (record(1, 10), record(1, 20));
    assert_eq!(put(&mut world, 0, &old), 20);
    assert_eq!(get(&mut world, 1, old.key), vec![old.value.clone(); 20]);
    assert_eq!(put(&mut world, 0, &new), 20);
    assert_eq!(put(&mut world, 1, &old), 0, "nobody takes the older one again");
    assert_eq!(get(&mut world, 1, old.key), vec![new.value; 20]);
    assert_eq!(get(&mut world, 1, record(2, 10).key), Vec::<Vec<u8>>::new());
    let odd = Record { key: old.key, value: vec![7; 4_096] };
    assert_eq!(put(&mut world, 0, &odd), 0, "what does not prove itself is not kept");
}

#[test]
fn records_end_after_two_days_and_with_their_holders() {
    let mut world = world(2, 40);
    let kept = record(1, 10);
    put(&mut world, 0, &kept);
    world.now_ms += 47 * HOUR_MS;
    assert_eq!(get(&mut world, 1, kept.key).len(), 20);
    world.now_ms += HOUR_MS;
    assert_eq!(get(&mut world, 1, kept.key).len(), 0);

    put(&mut world, 0, &kept);
    let dht = world.dht.as_mut().expect("the DHT");
    dht.churn(world.now_ms);
    dht.churn_percent = 100;
    dht.churn(world.now_ms + HOUR_MS);
    let left = dht.holders(&kept.key);
    assert!((1..18).contains(&left), "{left} of 20 are left after a hundred percent an hour");
    assert_eq!(dht.crowd(), 40);
}

#[test]
fn a_machine_without_a_way_in_has_no_neighbours() {
    let mut world = world(3, 30);
    assert_eq!(neighbours(&world, 0), Some(32));
    world.dht.as_mut().expect("the DHT").dark = true;
    world.run(20_000);
    assert_eq!(neighbours(&world, 0), Some(2), "those who met stay together");
    world.crash(1);
    world.start(1);
    world.run(20_000);
    assert_eq!(neighbours(&world, 1), Some(0), "whoever starts in the dark knows nobody");
    assert_eq!(put(&mut world, 1, &record(1, 10)), 0);
    let seeds = vec![world.address(0)];
    world.act(1, NetCommand::Seeds { addrs: seeds });
    world.run(1_000);
    assert_eq!(neighbours(&world, 1), Some(2), "but for an address of old");
}

#[test]
fn an_eclipsed_newcomer_knows_liars_until_it_meets_somebody() {
    let mut world = world(2, 30);
    world.dht.as_mut().expect("the DHT").add_sybils(30);
    let kept = record(1, 10);
    put(&mut world, 0, &kept);
    world.crash(1);
    // A newcomer: it remembers no good nodes.
    world.machines[1].disk.lose(Space::Node);
    world.start(1);
    let until = world.now_ms + 5 * MINUTE_MS;
    world.dht.as_mut().expect("the DHT").eclipse(1, until);
    world.run(2_000);
    assert!(neighbours(&world, 1).is_some_and(|count| (1..20).contains(&count)));
    assert!(
        !get(&mut world, 1, kept.key)
            .iter()
            .any(|value| discovery::check(&kept.key, value).is_ok_and(|made| made > Made(10)))
    );
    world.meet_on_lan(1, 0);
    world.run(1_000);
    assert!(neighbours(&world, 1).is_some_and(|count| count > 30));
    assert!(get(&mut world, 1, kept.key).contains(&kept.value));
}

#[test]
fn every_lie_is_told_and_none_is_a_record_that_was_not_made() {
    let mut world = world(2, 20);
    let (old, new, other) = (record(1, 10), record(1, 20), record(2, 10));
    for lie in Lie::ALL {
        world.dht.as_mut().expect("the DHT").swarm(&old.key, 2, lie);
    }
    for record in [&old, &other, &new] {
        put(&mut world, 0, record);
    }
    world.dht.as_mut().expect("the DHT").forged.insert(old.key, vec![vec![5; 4_096]]);
    let found = get(&mut world, 1, old.key);
    assert!(found.len() > 2 * 64);
    let good: Vec<_> = found.iter().filter(|value| discovery::check(&old.key, value).is_ok()).collect();
    assert!(good.iter().any(|value| **value == new.value) && good.iter().any(|value| **value == old.value));
    assert!(good.iter().all(|value| **value == new.value || **value == old.value));
    assert!(found.contains(&vec![5; 4_096]));
}

#[test]
fn a_relay_carries_to_a_machine_nobody_can_dial() {
    let mut world = World::friends(2, 3);
    let relay = world.add_relay();
    world.crash(1);
    world.put_behind(1, Some(relay));
    world.start(1);
    assert_eq!(world.addresses(1), vec![world.relayed_address(relay, 1)]);
    assert_eq!(world.road(0, &world.address(1)), None);
    let road = world.relayed_address(relay, 1);
    assert_eq!(world.road(0, &road), Some((1, Some(relay))));
    world.act(0, NetCommand::Dial { dial: 900, addrs: vec![road.clone()] });
    let via = world.queue.values().find_map(|parcel| match parcel {
        Parcel::Event(0, _, NetEvent::ConnOpened { via, addr, .. }) if *addr == road => Some(*via),
        _ => None,
    });
    assert_eq!(via, Some(Via::Relay));
    world.set_relay(relay, false);
    assert_eq!(world.road(0, &road), None);
    assert_eq!(world.wires.values().filter(|wire| wire.relay.is_some()).count(), 0);
    assert!(world.strange.is_empty(), "{:?}", world.strange);
}

fn entry(key: u8) -> crate::engine::Record {
    crate::engine::Record { space: Space::RoomEntry, key: vec![key], value: vec![key; 9] }
}

fn order(read: u64, bytes: usize) -> Action {
    Action::Read(ReadOrder { read, space: Space::RoomEntry, from: vec![2], to: vec![4], bytes })
}

/// What the disks of a world are about to answer: order, keys, and whether there are more.
fn answers(world: &World) -> Vec<(u64, Vec<u8>, bool)> {
    let mut found: Vec<_> = world
        .queue
        .values()
        .filter_map(|parcel| match parcel {
            Parcel::Records(_, _, Input::Read { read, records, more }) => {
                Some((*read, records.iter().flat_map(|record| record.key.clone()).collect(), *more))
            }
            _ => None,
        })
        .collect();
    found.sort();
    found
}

/// Runs until every order was read, and no answer has arrived.
fn until_read(world: &mut World) {
    while world.queue.values().any(|parcel| matches!(parcel, Parcel::Order(..))) {
        let due = world.queue.keys().next().expect("an order").0;
        world.step_until(due);
    }
}

#[test]
fn a_disk_answers_reads_in_a_later_turn_with_what_it_has_then() {
    let mut world = World::new(1, 1);
    world.start(0);
    let put: Vec<_> = (1..=5).map(entry).map(Change::Put).collect();
    world.machines[0].disk.commit(&put);
    let turns = world.turns;
    world.perform(0, order(7, 100));
    world.perform(0, order(8, 10));
    assert_eq!((world.turns, answers(&world)), (turns, vec![]));
    // The machine wants nothing else meanwhile.
    world.machines[0].wake_at_ms = None;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let found = answers(&world);
        seen.extend(found.into_iter().filter(|one| !seen.contains(one)).collect::<Vec<_>>());
        assert!(world.step_until(world.now_ms + 100), "an order is lost");
    }
    seen.sort();
    assert_eq!(seen, [(7, vec![2, 3, 4], false), (8, vec![2], true)]);
    world.run(100);
    assert_eq!(world.turns, turns + 2);
}

#[test]
fn what_a_disk_was_about_to_answer_is_lost_with_its_machine() {
    for read in [false, true] {
        let mut world = World::new(1, 1);
        world.start(0);
        world.perform(0, order(7, 100));
        if read {
            until_read(&mut world);
        }
        world.crash(0);
        world.start(0);
        world.machines[0].wake_at_ms = None;
        let turns = world.turns;
        world.run(100);
        assert_eq!(world.turns, turns, "answered after a crash");
    }
}
