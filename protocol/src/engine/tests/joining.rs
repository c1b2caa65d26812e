//! Invites: every way in, every way it can go wrong, power cuts at every step.

use super::*;

fn two(seed: u64) -> World {
    let mut world = World::new(2, seed);
    (0..2).for_each(|index| world.start(index));
    world
}

fn add(world: &mut World, index: usize, link: &str) -> Result<Reply, Refusal> {
    world.command(index, Command::Add { link: link.to_owned(), name: None, note: "it is me".to_owned() })
}

fn requests(world: &mut World, index: usize) -> Vec<RequestView> {
    match world.command(index, Command::Requests) {
        Ok(Reply::Requests(views)) => views,
        other => panic!("{other:?}"),
    }
}

/// Whether both hold each other as contacts and a text goes each way.
fn talk(world: &mut World, a: usize, b: usize) -> bool {
    if !(world.are_friends(a, b) && world.are_friends(b, a)) {
        return false;
    }
    let (forth, back) = (world.send(a, b, "hello").unwrap(), world.send(b, a, "hello").unwrap());
    world.run(60_000);
    world.state(a, forth, b) == Some(MessageState::Delivered)
        && world.state(b, back, a) == Some(MessageState::Delivered)
}

#[test]
fn a_request_waits_for_its_answer_and_nothing_is_told_before() {
    let mut world = two(120);
    let link = world.invite(0, 1, false);
    add(&mut world, 1, &link).unwrap();
    world.run(60_000);
    let asked = requests(&mut world, 0);
    assert_eq!((asked[0].name.as_str(), asked[0].note.as_str()), ("bob", "it is me"));
    assert_eq!(world.standing(0, 1), None);
    assert_eq!(world.standing(1, 0), Some(ContactState::Pending));
    assert_eq!(view(&mut world, 1, 0).presence, Presence::Offline);
    assert!(view(&mut world, 1, 0).name.starts_with("invited-"));
    assert!(matches!(world.send(1, 0, "hello?"), Err(Refusal::NotAccepted)));
    let account = world.account(1);
    world.command(0, Command::RequestAccept { account }).unwrap();
    world.run(60_000);
    assert!(talk(&mut world, 0, 1));
    assert_eq!(view(&mut world, 1, 0).name, "alice");
}

#[test]
fn a_dropped_request_is_silent_and_ends_with_the_invite() {
    let mut world = two(121);
    let link = world.invite(0, 1, false);
    add(&mut world, 1, &link).unwrap();
    world.run(10_000);
    let account = world.account(1);
    world.command(0, Command::RequestDrop { account }).unwrap();
    world.run(3_600_000);
    assert!(requests(&mut world, 0).is_empty());
    assert_eq!(world.standing(1, 0), Some(ContactState::Pending));
    world.run(8 * crate::time::DAY_MS);
    assert_eq!(world.standing(1, 0), Some(ContactState::Removed));
}

#[test]
fn used_up_and_revoked_invites_let_nobody_in() {
    let mut world = World::new(3, 122);
    (0..3).for_each(|index| world.start(index));
    let link = world.invite(0, 1, true);
    add(&mut world, 1, &link).unwrap();
    world.run(30_000);
    assert!(talk(&mut world, 0, 1));
    add(&mut world, 2, &link).unwrap();
    world.run(60_000);
    assert_eq!(world.standing(0, 2), None);
    let other = world.invite(0, 5, true);
    let Ok(Reply::Invites(open)) = world.command(0, Command::InviteList) else { panic!() };
    assert_eq!(open.len(), 1);
    world.command(0, Command::InviteRevoke { invite: open[0].invite }).unwrap();
    add(&mut world, 2, &other).unwrap();
    world.run(60_000);
    assert_eq!(world.standing(0, 2), None);
    assert!(matches!(add(&mut world, 0, &other), Err(Refusal::OwnLink)));
    assert!(matches!(add(&mut world, 0, "starling:nonsense"), Err(Refusal::BadLink { .. })));
}

#[test]
fn a_power_cut_at_any_step_of_either_side_only_delays_joining() {
    for accept in [true, false] {
        for victim in [0, 1] {
            for turns in 0..14u64 {
                for crash in
                    [Crash::BeforeCommit, Crash::AfterCommit, Crash::AfterActions(1), Crash::AfterActions(2)]
                {
                    let case = format!("{accept} {victim} {turns} {crash:?}");
                    let mut world = two(12_300 + turns);
                    let link = world.invite(0, 1, accept);
                    add(&mut world, 1, &link).unwrap();
                    world.plan(victim, turns, crash);
                    for _ in 0..60 {
                        world.run(1_000);
                        if !accept && world.is_up(0) {
                            let account = world.account(1);
                            let _ = world.command(0, Command::RequestAccept { account });
                        }
                        if !world.is_up(victim) {
                            world.start(victim);
                        }
                    }
                    world.plan(victim, u64::MAX, crash);
                    assert!(talk(&mut world, 0, 1), "{case}");
                }
            }
        }
    }
}

#[test]
fn a_joiner_nobody_can_dial_gets_in_though_the_word_of_receipt_was_lost() {
    let mut lost = 0;
    for turns in 0..12 {
        let mut world = two(124);
        world.deaf.insert(1);
        let link = world.invite(0, 1, false);
        add(&mut world, 1, &link).unwrap();
        // The inviter's power fails; in one of the runs when the request is on disk and before it says so.
        world.plan(0, turns, Crash::AfterCommit);
        world.run(4_000);
        world.plan(0, u64::MAX, Crash::AfterCommit);
        if !world.is_up(0) {
            world.start(0);
            let account = world.account(0);
            let told =
                engine(&mut world, 1).contacts[&account].join.as_ref().is_some_and(|join| join.requested);
            lost += u32::from(!requests(&mut world, 0).is_empty() && !told);
        }
        world.run(30_000);
        let account = world.account(1);
        world.command(0, Command::RequestAccept { account }).unwrap();
        world.run(1_300_000);
        assert!(talk(&mut world, 0, 1), "{turns}");
    }
    assert!(lost > 0);
}

#[test]
fn two_who_ask_each_other_at_once_are_contacts_without_a_question() {
    for seed in 0..20 {
        let mut world = two(12_500 + seed);
        world.max_latency_ms = 400;
        let (one, two) = (world.invite(0, 1, false), world.invite(1, 1, false));
        add(&mut world, 0, &two).unwrap();
        world.run(seed * 40);
        add(&mut world, 1, &one).unwrap();
        world.run(60_000);
        assert!(talk(&mut world, 0, 1), "seed {seed}");
        assert!(requests(&mut world, 0).is_empty() && requests(&mut world, 1).is_empty());
    }
}

#[test]
fn asking_back_is_accepting() {
    let mut world = two(126);
    let (one, two) = (world.invite(0, 1, false), world.invite(1, 1, false));
    add(&mut world, 1, &one).unwrap();
    world.run(10_000);
    assert_eq!(requests(&mut world, 0).len(), 1);
    add(&mut world, 0, &two).unwrap();
    world.run(60_000);
    assert!(talk(&mut world, 0, 1));
}

#[test]
fn many_join_by_one_invite() {
    let mut world = World::new(6, 127);
    (0..6).for_each(|index| world.start(index));
    let link = world.invite(0, 5, true);
    for index in 1..6 {
        add(&mut world, index, &link).unwrap();
    }
    world.run(60_000);
    for index in 1..6 {
        assert!(talk(&mut world, 0, index), "{index}");
    }
}
