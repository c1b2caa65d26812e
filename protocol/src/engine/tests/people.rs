//! Contacts that are blocked, removed, restored and named alike.

use super::*;

#[test]
fn a_blocked_person_gets_no_byte_and_what_they_wrote_comes_after_the_block() {
    let mut world = World::friends(2, 140);
    world.run(1_000);
    let (alice, bob) = (world.account(0), world.account(1));
    let own = world.send(0, 1, "before").unwrap();
    world.command(0, Command::Block { account: bob }).unwrap();
    world.run(1_000);
    let waiting = world.send(1, 0, "why?").unwrap();
    world.run(600_000);
    assert!(world.shown(0, 1).is_empty());
    assert_eq!(world.state(1, waiting, 0), Some(MessageState::Queued));
    assert_eq!(view(&mut world, 1, 0).presence, Presence::Offline);
    assert!(matches!(world.send(0, 1, "x"), Err(Refusal::Blocked)));
    assert!(world.state(0, own, 1) != Some(MessageState::Queued));
    assert_eq!(view(&mut world, 1, 0).state, ContactState::Accepted, "nobody told bob");
    world.command(0, Command::Unblock { account: bob }).unwrap();
    world.run(600_000);
    assert_eq!(world.shown(0, 1), ["why?"]);
    assert_eq!(world.state(1, waiting, 0), Some(MessageState::Delivered));
    let _ = alice;
}

#[test]
fn a_call_that_comes_through_after_the_block_is_not_taken() {
    let mut world = World::friends(2, 141);
    world.run(1_000);
    let bob = world.account(1);
    for delay in 0..60 {
        world.drop_wires(0, 1);
        world.max_latency_ms = 20;
        world.command(0, Command::Wake).unwrap();
        world.run(delay * 10);
        world.command(0, Command::Block { account: bob }).unwrap();
        let before = world.bytes;
        world.run(10_000);
        let up = engine(&mut world, 0)
            .links
            .values()
            .any(|l| matches!(l.state, crate::engine::links::LinkState::Up(_)));
        assert!(!up, "{delay}");
        assert!(world.bytes - before < 20_000, "{delay}: {} bytes", world.bytes - before);
        world.command(0, Command::Unblock { account: bob }).unwrap();
        world.run(30_000);
        assert!(
            engine(&mut world, 0)
                .links
                .values()
                .any(|l| matches!(l.state, crate::engine::links::LinkState::Up(_))),
            "{delay}"
        );
    }
}

#[test]
fn who_was_removed_can_be_asked_again_from_either_side_and_nothing_between_is_lost() {
    for asks in [0, 1] {
        let mut world = World::friends(2, 142);
        world.run(1_000);
        world.send(0, 1, "old times").unwrap();
        world.run(1_000);
        let bob = world.account(1);
        world.command(0, Command::Remove { account: bob }).unwrap();
        // Bob does not know, and writes.
        let waiting = world.send(1, 0, "are you there?").unwrap();
        world.run(600_000);
        assert_eq!(world.state(1, waiting, 0), Some(MessageState::Queued));
        let link = world.invite(1 - asks, 1, true);
        world.command(asks, Command::Add { link, name: None, note: String::new() }).unwrap();
        world.run(600_000);
        assert!(world.are_friends(0, 1) && world.are_friends(1, 0), "{asks} asks");
        assert_eq!(world.shown(0, 1), ["are you there?"]);
        let back = world.send(0, 1, "again").unwrap();
        world.run(60_000);
        assert_eq!(world.state(0, back, 1), Some(MessageState::Delivered));
        assert_eq!(world.shown(1, 0), ["old times", "again"]);
    }
}

#[test]
fn an_account_restored_from_its_words_is_a_new_device_of_the_same_person() {
    for asks in [0, 1] {
        let mut world = World::friends(3, 143);
        world.run(1_000);
        world.send(0, 1, "old").unwrap();
        world.run(1_000);
        world.crash(0);
        world.run(5_000);
        let waiting = world.send(1, 0, "while you were away").unwrap();
        let before = view(&mut world, 1, 0);
        world.restore_from_words(0);
        world.start(0);
        world.run(60_000);
        assert_eq!(world.standing(0, 1), None);
        let link = world.invite(1 - asks, 1, true);
        world.command(asks, Command::Add { link, name: None, note: String::new() }).unwrap();
        world.run(60_000);
        assert!(world.are_friends(0, 1) && world.are_friends(1, 0), "{asks} asks");
        // What waited for the old device goes to the new one.
        assert_eq!(world.shown(0, 1), ["while you were away"]);
        assert_eq!(world.state(1, waiting, 0), Some(MessageState::Delivered));
        let after = view(&mut world, 1, 0);
        assert_eq!(before.account, after.account);
        assert!(after.key_changed && !after.verified);
        assert!(notices(&world, 1).iter().any(|line| line.text.contains("restored")));
        let id = world.send(0, 1, "I am back").unwrap();
        world.run(5_000);
        assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
        assert_eq!(world.shown(1, 0), ["old", "I am back"]);
        let devices = world.machines[1].disk.count(Space::Device);
        assert_eq!(devices, 2, "the old device is gone");
    }
}

#[test]
fn safety_numbers_are_equal_on_both_sides_and_survive_a_new_device() {
    let mut world = World::friends(2, 144);
    let (alice, bob) = (world.account(0), world.account(1));
    let number = |world: &mut World, at, account| match world.command(at, Command::SafetyNumber { account }) {
        Ok(Reply::SafetyNumber(number)) => number,
        other => panic!("{other:?}"),
    };
    let (one, two) = (number(&mut world, 0, bob), number(&mut world, 1, alice));
    assert_eq!(one, two);
    assert_eq!(one.split(' ').count(), 12);
    world.command(1, Command::Verify { account: alice, matches: true }).unwrap();
    world.restore_from_words(0);
    world.start(0);
    let link = world.invite(0, 1, true);
    world.command(1, Command::Add { link, name: None, note: String::new() }).unwrap();
    world.run(60_000);
    assert_eq!(number(&mut world, 1, alice), one);
    let chat = world.chat(0);
    let send = Command::Send {
        chat,
        text: "secret".to_owned(),
        reply_to: None,
        client_ref: None,
        require_verified: true,
    };
    assert!(matches!(world.command(1, send.clone()), Err(Refusal::NotVerified)));
    world.command(1, Command::Verify { account: alice, matches: true }).unwrap();
    assert!(world.command(1, send).is_ok());
}

#[test]
fn no_two_people_look_alike() {
    let mut world = World::new(5, 145);
    (0..5).for_each(|index| world.start(index));
    let names = ["dave", "Dаve", "DAVE", "d\u{200b}ave"];
    for (index, name) in (1..5).zip(names) {
        world.command(index, Command::SetName { name: name.to_owned() }).unwrap();
        world.befriend(0, index);
    }
    world.run(10_000);
    let Ok(Reply::People(people)) = world.command(0, Command::People) else { panic!() };
    let looks: BTreeSet<String> = people.iter().map(|p| crate::text::skeleton(&p.name)).collect();
    let handles: BTreeSet<String> = people.iter().map(|p| crate::text::handle(&p.name)).collect();
    assert_eq!((looks.len(), handles.len()), (4, 4), "{people:?}");
    // One who takes another's marked name is marked once more.
    let marked = people.iter().find(|p| p.name != "dave").unwrap().name.clone();
    let plain = people.iter().find(|p| p.name == "dave").unwrap().account;
    let thief = (1..5).find(|index| world.account(*index) == plain).unwrap();
    world.command(thief, Command::SetName { name: marked.clone() }).unwrap();
    world.run(5_000);
    let Ok(Reply::People(people)) = world.command(0, Command::People) else { panic!() };
    assert_eq!(people.iter().filter(|p| p.name == marked).count(), 1);
    assert_eq!(people.iter().map(|p| p.name.clone()).collect::<BTreeSet<_>>().len(), 4);
}
