//! Sessions that are lost, cross, come too often or are set back; rotated keys.

use super::*;
use crate::session::RefuseReason;
use crate::time::{DAY_MS, HOUR_MS};

#[test]
fn lost_sessions_heal_within_one_round_trip() {
    let mut world = World::friends(2, 60);
    world.max_latency_ms = 1;
    let mut sent = [Vec::new(), Vec::new()];
    for round in 0..1_000usize {
        let loser = world.rng.below(2) as usize;
        let (from, wait) = (world.rng.below(2) as usize, world.rng.below(3));
        // Some of it is on the way when the sessions go.
        if wait > 0 {
            let text = format!("{round} before");
            world.send(from, 1 - from, &text).unwrap();
            sent[from].push(text);
            world.run(wait);
        }
        forget_sessions(&mut world, loser);
        world.run(60_000);
        let text = format!("{round} after");
        let id = world.send(from, 1 - from, &text).unwrap();
        sent[from].push(text);
        // To them, their refusal back, and to them again.
        world.run(10);
        assert_eq!(world.state(from, id, 1 - from), Some(MessageState::Delivered), "round {round}");
        world.run(HOUR_MS + 1_000);
    }
    for from in [0, 1] {
        assert_eq!(world.shown(1 - from, from), sent[from]);
        assert!(world.machines[from].disk.count(Space::Session) <= 4);
    }
}

#[test]
fn a_second_loss_within_the_hour_waits_for_it_and_loses_nothing() {
    let mut world = World::friends(2, 61);
    world.run(1_000);
    world.send(1, 0, "thanks").unwrap();
    world.run(1_000);
    for round in 0..3 {
        forget_sessions(&mut world, 1);
        world.run(60_000);
        world.send(0, 1, &format!("{round}")).unwrap();
        world.run(1_000);
        if round == 0 {
            // Only now has alice's new session an answer, and her messages no key to begin it with any more.
            world.send(1, 0, "thanks").unwrap();
            world.run(1_000);
        }
    }
    assert_eq!(world.shown(1, 0), ["0"]);
    world.run(HOUR_MS);
    assert_eq!(world.shown(1, 0), ["0", "1", "2"]);
}

#[test]
fn who_lost_all_sessions_heals_the_other_side_by_writing() {
    let mut world = World::friends(2, 62);
    world.run(1_000);
    world.send(1, 0, "thanks").unwrap();
    world.run(1_000);
    for round in 0..3 {
        forget_sessions(&mut world, 1);
        world.run(60_000);
        world.send(0, 1, &format!("{round}")).unwrap();
        world.run(1_000);
        if round == 0 {
            world.send(1, 0, "thanks").unwrap();
            world.run(1_000);
        }
    }
    assert_eq!(world.shown(1, 0), ["0"]);
    // Bob's own message starts a session: what waits at alice's takes it at once, the hour is not waited for.
    world.send(1, 0, "hello").unwrap();
    world.run(1_000);
    assert_eq!(world.shown(0, 1), ["thanks", "thanks", "hello"]);
    assert_eq!(world.shown(1, 0), ["0", "1", "2"]);
}

#[test]
fn first_sessions_that_cross_both_work() {
    for seed in 0..30 {
        let mut world = World::new(2, 6_300 + seed);
        (0..2).for_each(|index| world.start(index));
        let (one, two) = (world.invite(0, 1, true), world.invite(1, 1, true));
        let add = |link| Command::Add { link, name: None, note: String::new() };
        world.command(0, add(two)).unwrap();
        world.command(1, add(one)).unwrap();
        world.run(30_000);
        assert!(world.are_friends(0, 1) && world.are_friends(1, 0), "seed {seed}");
        for n in 0..5 {
            world.send(0, 1, &n.to_string()).unwrap();
            world.send(1, 0, &n.to_string()).unwrap();
            if seed % 3 == 0 {
                world.crash((seed % 2) as usize);
                world.start((seed % 2) as usize);
            }
            world.run(3_000);
        }
        world.run(30_000);
        assert_eq!(world.shown(0, 1), ["0", "1", "2", "3", "4"], "seed {seed}");
        assert_eq!(world.shown(1, 0), ["0", "1", "2", "3", "4"], "seed {seed}");
    }
}

#[test]
fn a_disk_that_was_set_back_delivers_what_is_new_and_warns_the_other_side() {
    for seed in 0..20 {
        let mut world = World::friends(2, 6_400 + seed);
        for n in 0..30 {
            world.send(0, 1, &format!("old {n}")).unwrap();
            world.send(1, 0, &format!("old {n}")).unwrap();
            world.run(200);
        }
        let backup = world.machines[0].disk.clone();
        let ahead = world.rng.below(40);
        for n in 0..ahead {
            world.send(0, 1, &format!("forgotten {n}")).unwrap();
            if seed % 2 == 0 {
                world.send(1, 0, &format!("forgotten {n}")).unwrap();
            }
            world.run(200);
        }
        world.set_back(0, backup);
        world.start(0);
        world.run(5_000);
        for n in 0..50 {
            let forth = world.send(0, 1, &format!("new {n}")).unwrap();
            let back = world.send(1, 0, &format!("new {n}")).unwrap();
            world.run(2_000);
            if n == 49 {
                assert_eq!(world.state(0, forth, 1), Some(MessageState::Delivered), "seed {seed}");
                assert_eq!(world.state(1, back, 0), Some(MessageState::Delivered), "seed {seed}");
            }
        }
        for at in [0, 1] {
            let shown = world.shown(at, 1 - at);
            for n in 0..50 {
                assert_eq!(
                    shown.iter().filter(|text| **text == format!("new {n}")).count(),
                    1,
                    "seed {seed}"
                );
            }
        }
        if ahead > 0 {
            assert!(notices(&world, 1).iter().any(|line| line.text.contains("set back")), "seed {seed}");
        }
    }
}

#[test]
fn a_fallback_key_lives_on_after_its_rotation() {
    let mut world = World::friends(3, 65);
    world.run(1_000);
    world.part(0, 1);
    let old = engine(&mut world, 1).own.fallback;
    // Alice must start anew, and knows only bob's old key, while he rotates.
    world.crash(0);
    world.machines[0].disk.lose(Space::Session);
    world.start(0);
    world.send(0, 1, "to the key of before").unwrap();
    world.run(15 * DAY_MS + 2 * HOUR_MS);
    assert_ne!(engine(&mut world, 1).own.fallback, old);
    let part = take_parts(&mut world, 0, 1).remove(0);
    assert_eq!(give(&mut world, 0, 1, part)[0].2, Outcome::Delivered);
    assert_eq!(world.shown(1, 0), ["to the key of before"]);
}

#[test]
fn a_key_that_is_too_old_is_answered_and_replaced_by_the_newest_card() {
    let mut world = World::friends(2, 66);
    world.run(1_000);
    world.part(0, 1);
    forget_sessions(&mut world, 0);
    // Bob loses his sessions too, and rotates twice: the part can never be opened.
    world.run(8 * DAY_MS);
    for machine in [0, 1] {
        forget_sessions(&mut world, machine);
    }
    world.run(8 * DAY_MS);
    world.send(0, 1, "to a key long gone").unwrap();
    world.run(16 * DAY_MS);
    world.heal(0, 1);
    world.run(30_000);
    assert_eq!(world.shown(1, 0), ["to a key long gone"]);
}

#[test]
fn a_replaced_session_leaves_a_tombstone_and_its_messages_stay_shut() {
    let mut world = apart(67);
    world.send(0, 1, "first").unwrap();
    let old = take_parts(&mut world, 0, 1).remove(0);
    let answers = give(&mut world, 0, 1, old.clone());
    answer(&mut world, 1, 0, answers);
    let lived = engine(&mut world, 1).lived_ms();
    peer(&mut world, 1, 0).drop_session(old.session, lived);
    let forged = OlmPart { msg_id: MessageId([7; 16]), ..old.clone() };
    assert_eq!(give(&mut world, 0, 1, forged)[0].2, Outcome::Refused(RefuseReason::Session));
    assert_eq!(give(&mut world, 0, 1, old)[0].2, Outcome::Delivered);
    assert_eq!(world.shown(1, 0), ["first"]);
}
