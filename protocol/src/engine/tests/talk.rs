//! Texts: written, carried, shown, answered; power cuts at every point.

use super::*;

#[test]
fn two_people_meet_and_talk() {
    let mut world = World::friends(2, 1);
    let hello = world.send(0, 1, "hello bob").unwrap();
    world.send(1, 0, "hello alice").unwrap();
    world.run(500);
    assert_eq!(world.shown(1, 0), ["hello bob"]);
    assert_eq!(world.shown(0, 1), ["hello alice"]);
    assert_eq!(world.state(0, hello, 1), Some(MessageState::Delivered));
}

#[test]
fn what_is_written_to_the_absent_arrives_in_order_when_they_are_back() {
    let mut world = World::friends(2, 2);
    world.crash(1);
    world.run(10_000);
    let texts: Vec<String> = (0..300).map(|n| format!("message {n}")).collect();
    for text in &texts {
        world.send(0, 1, text).unwrap();
    }
    world.crash(0);
    world.run(10_000);
    world.start(1);
    world.start(0);
    world.run(60_000);
    assert_eq!(world.shown(1, 0), texts);
    assert!(!events(&world, 1).iter().any(|event| matches!(event, Event::Gap { .. })));
}

#[test]
fn the_longest_text_arrives() {
    let mut world = World::friends(2, 3);
    let text = "x".repeat(crate::limits::TEXT_BYTES);
    let id = world.send(0, 1, &text).unwrap();
    let wide = "雪".repeat(crate::limits::TEXT_BYTES / 3);
    world.send(0, 1, &wide).unwrap();
    world.run(1_000);
    assert_eq!(world.shown(1, 0), [text, wide]);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
    let over = world.send(0, 1, &"x".repeat(crate::limits::TEXT_BYTES + 1));
    assert!(matches!(over, Err(Refusal::TooLong { .. })));
}

#[test]
fn a_power_cut_at_any_point_loses_and_doubles_nothing() {
    let mut world = World::friends(2, 4);
    let mut texts = [Vec::new(), Vec::new()];
    for round in 0..1_000u64 {
        let victim = (round % 2) as usize;
        let crash = match world.rng.below(4) {
            0 | 1 => Crash::BeforeCommit,
            2 => Crash::AfterCommit,
            _ => Crash::AfterActions((round % 3) as usize),
        };
        let turns = world.rng.below(8);
        world.plan(victim, turns, crash);
        for from in [0, 1] {
            let text = format!("{from} says {round}");
            if world.send(from, 1 - from, &text).is_ok() {
                texts[from].push(text);
            }
        }
        world.run(300);
        for index in [0, 1] {
            if !world.is_up(index) {
                world.start(index);
            }
        }
        world.run(150);
    }
    for index in [0, 1] {
        world.plan(index, u64::MAX, Crash::BeforeCommit);
    }
    world.run(120_000);
    for from in [0, 1] {
        let accepted: Vec<String> =
            world.machines[from].watch.accepted.iter().map(|message| message.text.clone()).collect();
        assert_eq!(world.shown(1 - from, from), accepted);
        // What was acknowledged to the person is among what was accepted.
        assert!(texts[from].iter().all(|text| accepted.contains(text)));
        // O7: never one place in a session for two ciphertexts.
        assert_eq!(world.machines[from].watch.faults, Vec::<String>::new());
        assert!(world.machines[from].watch.places() >= 400);
    }
}

#[test]
fn a_client_reference_used_twice_makes_one_message() {
    let mut world = apart(5);
    let chat = world.chat(1);
    let send = Command::Send {
        chat,
        text: "once".to_owned(),
        reply_to: None,
        client_ref: Some("job 7".to_owned()),
        require_verified: false,
    };
    let Ok(Reply::Sent { message, repeated: false, .. }) = world.command(0, send.clone()) else { panic!() };
    assert!(
        matches!(world.command(0, send.clone()), Ok(Reply::Sent { message: m, repeated: true, .. }) if m == message)
    );
    world.crash(0);
    world.start(0);
    assert!(
        matches!(world.command(0, send), Ok(Reply::Sent { message: m, repeated: true, .. }) if m == message)
    );
    world.heal(0, 1);
    world.run(60_000);
    assert_eq!(world.shown(1, 0), ["once"]);
    assert_eq!(world.machines[0].disk.count(Space::Outbox), 0);
}

#[test]
fn the_queue_for_an_absent_person_ends_with_a_refusal_and_drains_in_order() {
    let mut world = apart(6);
    // A full queue: rows that wait for nothing else than to be counted.
    for n in 0..2_000 {
        world.send(0, 1, &format!("{n}")).unwrap();
    }
    let held = peer(&mut world, 0, 1).outbox.len();
    assert_eq!(held, 2_000);
    peer(&mut world, 0, 1).outbox_bytes = crate::limits::OUTBOX_BYTES;
    assert!(matches!(world.send(0, 1, "one more"), Err(Refusal::Full { .. })));
    peer(&mut world, 0, 1).outbox_bytes = 0;
    world.heal(0, 1);
    world.run(60_000);
    let shown = world.shown(1, 0);
    assert_eq!(shown.len(), 2_000);
    assert!(shown.iter().enumerate().all(|(n, text)| *text == n.to_string()));
}

#[test]
fn notes_to_oneself_need_nobody() {
    let mut world = World::new(1, 7);
    world.start(0);
    world.send(0, 0, "milk").unwrap();
    assert_eq!(world.shown(0, 0), ["milk"]);
    assert_eq!(world.machines[0].disk.messages[0].state, MessageState::Delivered);
}
