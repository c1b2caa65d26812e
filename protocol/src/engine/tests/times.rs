//! Clocks that lie, time that passes, keys and messages that end.

use super::*;
use crate::time::{DAY_MS, HOUR_MS};

const YEAR_MS: i64 = 365 * 86_400_000;

#[test]
fn a_clock_that_jumps_loses_and_expires_nothing() {
    let jumps =
        [3_600_000, -3_600_000, YEAR_MS, -YEAR_MS, -57 * YEAR_MS, 74 * YEAR_MS, i64::MAX / 2, i64::MIN / 2];
    for (seed, jump) in jumps.into_iter().enumerate() {
        for victim in [0, 1] {
            let mut world = World::friends(2, 8_000 + seed as u64);
            world.crash(1);
            for n in 0..20 {
                world.send(0, 1, &format!("{n}")).unwrap();
                if n == 10 {
                    world.machines[victim].wall_skew_ms = jump;
                }
                if n == 15 {
                    world.crash(0);
                    world.start(0);
                }
                world.run(HOUR_MS);
            }
            world.start(1);
            world.run(60_000);
            world.machines[victim].wall_skew_ms = 0;
            world.crash(victim);
            world.start(victim);
            world.send(1, 0, "and back").unwrap();
            world.run(120_000);
            assert_eq!(
                world.shown(1, 0),
                (0..20).map(|n| n.to_string()).collect::<Vec<_>>(),
                "{jump} {victim}"
            );
            assert_eq!(world.shown(0, 1), ["and back"], "{jump} {victim}");
            assert!(!world.machines[0].disk.states.values().any(|s| *s == MessageState::Expired));
            assert!(
                world.machines[1]
                    .disk
                    .messages
                    .iter()
                    .all(|m| (0..=crate::time::WALL_MAX_MS).contains(&m.sent_at))
            );
        }
    }
}

#[test]
fn a_message_nobody_signs_for_expires_after_thirty_days_lived() {
    let mut world = World::friends(2, 80);
    world.run(1_000);
    world.crash(1);
    let id = world.send(0, 1, "hello?").unwrap();
    world.run(29 * DAY_MS);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Queued));
    // Days the computer was off count as well.
    world.crash(0);
    world.run(DAY_MS);
    world.start(0);
    world.run(2 * HOUR_MS);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Expired));
    assert_eq!(world.machines[0].disk.count(Space::Outbox), 0);
    // The one after it goes through, and the hole is shown.
    let next = world.send(0, 1, "still there?").unwrap();
    world.start(1);
    world.run(60_000);
    assert_eq!(world.state(0, next, 1), Some(MessageState::Delivered));
    assert_eq!(world.shown(1, 0), ["still there?"]);
    assert!(events(&world, 1).iter().any(|event| matches!(event, Event::GapClosed { filled: false, .. })));
}

#[test]
fn a_healed_partition_is_noticed_within_half_a_minute() {
    for (seed, away) in [10_000, HOUR_MS, 24 * HOUR_MS].into_iter().enumerate() {
        let mut world = World::friends(2, 8_100 + seed as u64);
        world.run(1_000);
        world.part(0, 1);
        let id = world.send(0, 1, "are you back?").unwrap();
        world.run(away);
        world.heal(0, 1);
        world.run(30_000);
        assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered), "{away}");
    }
}

#[test]
fn a_long_sleep_is_one_hour_of_work() {
    let mut world = World::friends(2, 82);
    world.run(1_000);
    let turns = world.turns;
    // Suspended: no wake for eight days, then the clock is far on.
    world.now_ms += 8 * DAY_MS;
    world.run(10_000);
    assert!(world.turns - turns < 60);
    let id = world.send(0, 1, "good morning").unwrap();
    world.run(1_000);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
}

#[test]
fn an_invite_ends_when_its_time_is_over() {
    let mut world = World::new(2, 83);
    (0..2).for_each(|index| world.start(index));
    let link = world.invite(0, 1, true);
    world.run(2 * DAY_MS);
    world.command(1, Command::Add { link, name: None, note: String::new() }).unwrap();
    world.run(DAY_MS);
    assert_eq!(world.standing(1, 0), Some(ContactState::Pending));
    assert_eq!(world.standing(0, 1), None);
    world.run(7 * DAY_MS);
    assert_eq!(world.standing(1, 0), Some(ContactState::Removed));
    assert_eq!(view(&mut world, 1, 0).reason.as_deref(), Some("no answer"));
    assert_eq!(world.machines[0].disk.count(Space::Invite), 0);
}
