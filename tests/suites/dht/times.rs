//! Clocks that are off by a day, and people who were blocked.

use crate::{expect, large};
use starling_protocol::discovery::{Slot, key, open};
use starling_protocol::engine::Command;
use starling_protocol::identity::Card;
use starling_tests::sim::finding::Finding;

const DAY_MS: i64 = 86_400_000;

#[test]
fn clocks_a_day_off_still_meet() {
    let mut meetings = Vec::new();
    for (seed, skews) in [[DAY_MS, 0], [0, -DAY_MS], [DAY_MS, 0], [-DAY_MS, 0]].into_iter().enumerate() {
        let seed = seed as u64;
        let mut world = Finding::new(2, large(seed), seed);
        for (index, skew) in skews.into_iter().enumerate() {
            world.world.machines[index].wall_skew_ms = skew;
        }
        // Somewhere in the day.
        world.world.run(seed * 7 * 3_600_000);
        meetings.extend(world.scatter(10_000));
        assert_eq!(world.judge(), Vec::<String>::new());
    }
    expect("clocks a day off", &meetings, 1_000);
}

/// On how many days around a slot's there is a record that says something to who may read it.
fn shown(world: &mut Finding, slot: Slot) -> usize {
    let days = slot.day - 2..slot.day + 5;
    let slots = days.map(|day| Slot { day, ..slot });
    let values: Vec<_> = slots.filter_map(|slot| Some((slot, world.dht().value_of(&key(&slot))?))).collect();
    values
        .iter()
        .filter(|(slot, value)| open(slot, value).is_ok_and(|card| Card::open(&card).is_ok()))
        .count()
}

/// Whoever was blocked learns nothing any more: what lay there for them is taken back, and nothing new comes.
#[test]
fn who_was_blocked_finds_nothing_the_next_day() {
    let mut world = Finding::new(3, large(6), 6);
    let blocked = world.world.account(1);
    assert!(world.world.command(0, Command::Block { account: blocked }).is_ok());
    let slot = world.world.slot_of(0, 1).expect("a slot");
    world.world.run(60_000);
    assert_eq!(shown(&mut world, slot), 0, "what was there is taken back");
    world.leave(0);
    world.come_back(0);
    world.world.run(24 * 3_600_000);
    assert_eq!(shown(&mut world, slot), 0);
    let other = world.world.slot_of(0, 2).expect("a slot");
    assert!(shown(&mut world, other) > 0);
    let meetings = world.meet(&[(1, 0)]);
    assert!(meetings.iter().all(|meeting| meeting.ms.is_none()));
}
