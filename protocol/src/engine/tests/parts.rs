//! Parts by hand, as no live link would carry them: in any order, lost, twice, to somebody else.

use super::*;

fn shuffled(world: &mut World, mut parts: Vec<OlmPart>) -> Vec<OlmPart> {
    for at in (1..parts.len()).rev() {
        let other = world.rng.below(at as u64 + 1) as usize;
        parts.swap(at, other);
    }
    parts
}

/// One round over a bad road: 30 % of everything is lost, 5 % comes twice, nothing keeps its order.
fn bad_round(world: &mut World, from: usize, to: usize, log: &mut Vec<OlmPart>) {
    let parts = take_parts(world, from, to);
    let parts = shuffled(world, parts);
    for part in parts {
        if world.rng.below(100) < 30 {
            continue;
        }
        log.push(part.clone());
        let mut answers = give(world, from, to, part.clone());
        if world.rng.below(100) < 5 {
            answers = give(world, from, to, part);
        }
        if world.rng.below(100) >= 30 {
            answer(world, to, from, answers);
        }
    }
}

#[test]
fn a_bad_road_loses_nothing_and_shows_everything_once_and_in_order() {
    let mut world = apart(40);
    let mut log = Vec::new();
    let mut texts = [Vec::new(), Vec::new()];
    for round in 0..1_000 {
        for from in [0, 1] {
            for n in 0..world.rng.below(3) {
                let text = format!("{from}: {round}.{n}");
                world.send(from, 1 - from, &text).unwrap();
                texts[from].push(text);
            }
            bad_round(&mut world, from, 1 - from, &mut log);
        }
        if round % 100 == 99 {
            world.crash(round % 2);
            world.start(round % 2);
        }
    }
    for _ in 0..60 {
        bad_round(&mut world, 0, 1, &mut log);
        bad_round(&mut world, 1, 0, &mut log);
    }
    for from in [0, 1] {
        assert_eq!(world.shown(1 - from, from), texts[from]);
        assert!(peer(&mut world, from, 1 - from).outbox.is_empty());
    }
    assert!(texts[0].len() + texts[1].len() > 1_800);
    assert!(!events(&world, 1).iter().any(|event| matches!(event, Event::Gap { .. })));
    // Nothing had to be encrypted a second time: whatever the order, every part was readable.
    assert!(log.iter().all(|part| part.attempt == 1));
    // O6: everything that ever travelled comes once more, also after a restart, and shows nothing.
    for restart in [false, true] {
        if restart {
            world.crash(1);
            world.start(1);
        }
        for part in log.clone() {
            give(&mut world, 0, 1, part);
        }
        assert_eq!(world.shown(1, 0), texts[0]);
    }
}

#[test]
fn a_part_means_nothing_to_anybody_else_or_from_anybody_else() {
    let mut world = World::friends(3, 41);
    world.run(1_000);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        world.part(a, b);
    }
    world.run(100);
    world.send(0, 1, "for bob").unwrap();
    let part = take_parts(&mut world, 0, 1).remove(0);
    for (from, to) in [(0, 2), (1, 2), (2, 1)] {
        let answers = give(&mut world, from, to, part.clone());
        assert!(answers.iter().all(|(_, _, outcome)| matches!(outcome, Outcome::Refused(_))), "{from} {to}");
    }
    assert!(world.shown(2, 0).is_empty() && world.shown(2, 1).is_empty() && world.shown(1, 2).is_empty());
    give(&mut world, 0, 1, part);
    assert_eq!(world.shown(1, 0), ["for bob"]);
}

#[test]
fn a_thousand_and_a_half_backwards_are_bounded_and_come_through() {
    let mut world = apart(42);
    for n in 0..1_500 {
        world.send(0, 1, &n.to_string()).unwrap();
    }
    for _ in 0..40 {
        let mut parts = take_parts(&mut world, 0, 1);
        parts.reverse();
        for part in parts {
            // Olm alone could read 40 of these; with the buffer none is encrypted again.
            assert_eq!(part.attempt, 1);
            let answers = give(&mut world, 0, 1, part);
            let held = peer(&mut world, 1, 0)
                .reorder
                .values()
                .map(crate::session::Reorder::held_count)
                .sum::<usize>();
            assert!(held <= crate::limits::REORDER_MESSAGES);
            answer(&mut world, 1, 0, answers);
        }
    }
    assert_eq!(world.shown(1, 0), (0..1_500).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(world.machines[1].disk.count(Space::Held), 0);
}

#[test]
fn a_held_part_is_answered_held_and_not_sent_again_on_the_same_link() {
    let mut world = apart(43);
    for n in 0..3 {
        world.send(0, 1, &n.to_string()).unwrap();
    }
    let parts = take_parts(&mut world, 0, 1);
    let answers = give(&mut world, 0, 1, parts[2].clone());
    assert_eq!(answers[0].2, Outcome::Held);
    answer(&mut world, 1, 0, answers);
    peer(&mut world, 0, 1).send_again();
    let again = peer(&mut world, 0, 1).next_batch(0, 64, 28 * 1024);
    assert_eq!(again.len(), 2);
    // On another link it is sent again: the answer to its delivery may have been lost.
    peer(&mut world, 0, 1).rewind();
    assert_eq!(peer(&mut world, 0, 1).next_batch(0, 64, 28 * 1024).len(), 3);
    for part in parts {
        give(&mut world, 0, 1, part);
    }
    assert_eq!(world.shown(1, 0), ["0", "1", "2"]);
}

#[test]
fn a_row_that_ended_is_not_waited_for() {
    let mut world = apart(44);
    for n in 0..3 {
        world.send(0, 1, &n.to_string()).unwrap();
    }
    let first = *peer(&mut world, 0, 1).outbox.keys().next().unwrap();
    let device = world.machines[1].device;
    engine(&mut world, 0).end_row(device, first, MessageState::Expired, None);
    let step = engine(&mut world, 0).flush();
    world.machines[0].disk.commit(&step.changes);
    world.heal(0, 1);
    world.run(40_000);
    assert_eq!(world.shown(1, 0), ["1", "2"]);
    assert!(events(&world, 1).iter().any(|event| matches!(event, Event::Gap { missing: 1, .. })));
}

#[test]
fn what_a_floor_makes_ready_is_taken_at_once() {
    let mut world = apart(45);
    for n in 0..4 {
        world.send(0, 1, &n.to_string()).unwrap();
    }
    let parts = take_parts(&mut world, 0, 1);
    give(&mut world, 0, 1, parts[1].clone());
    assert!(world.shown(1, 0).is_empty());
    // The first was answered on another road: the last says that nothing below the second comes any more.
    let floor = parts[1].order;
    give(&mut world, 0, 1, OlmPart { floor, ..parts[3].clone() });
    world.run(11_000);
    assert_eq!(world.shown(1, 0), ["1"]);
    give(&mut world, 0, 1, OlmPart { floor, ..parts[2].clone() });
    assert_eq!(world.shown(1, 0), ["1", "2", "3"]);
}
