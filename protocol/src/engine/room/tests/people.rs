//! How people come into a room and go, and who may say what.

use super::*;

#[test]
fn a_contact_is_asked_in_says_yes_and_both_hear_each_other() {
    let mut world = World::friends(2, 500);
    let room = world.room_of(0, &[1]);
    assert_eq!(world.room_members(0, room), [0, 1]);
    assert!(world.until(|world| world.room_members(1, room) == [0, 1]));
    assert_eq!(happened(&world, 0, room), ["joined", "added"]);
    assert_eq!(happened(&world, 1, room), ["invited", "joined"]);
    let said = world.say(0, room, "hello roof").unwrap();
    assert!(world.until(|world| world.state(0, said, 1) == Some(MessageState::Delivered)));
    world.say(1, room, "hello yourself").unwrap();
    assert!(world.until(|world| world.room_texts(0, room).contains(&"hello yourself".to_owned())));
    assert_eq!(
        world.room_texts(0, room),
        ["You made this room", "bob joined (invited by alice)", "hello roof", "hello yourself"]
    );
    assert_eq!(world.room_texts(1, room), ["You joined (invited by alice)", "hello roof", "hello yourself"]);
}

#[test]
fn who_is_asked_gets_in_whenever_either_side_is_off() {
    // Who is off after the question, after the answer, and for how long.
    for (asker_off, asked_off) in [(true, false), (false, true), (true, true)] {
        let mut world = World::friends(2, 501);
        let room = world.make_room(0, "roof");
        let account = world.account(1);
        let flip = |world: &mut World| {
            for (index, off) in [(0, asker_off), (1, asked_off)] {
                if off {
                    world.crash(index);
                    world.start(index);
                }
            }
        };
        must(&mut world, 0, Command::RoomInvite { room, account });
        flip(&mut world);
        assert!(world.until(|world| world.room_state(1, room) == Some(RoomState::Invited)));
        flip(&mut world);
        if asker_off {
            world.crash(0);
        }
        must(&mut world, 1, Command::RoomAnswer { room, join: true });
        world.run(5_000);
        assert_eq!(
            world.room_state(1, room),
            Some(if asker_off { RoomState::Joining } else { RoomState::Member })
        );
        world.crash(1);
        world.start(1);
        if asker_off {
            world.start(0);
        }
        assert!(world.until(|world| world.room_members(1, room) == [0, 1]), "{asker_off} {asked_off}");
        flip(&mut world);
        world.say(0, room, "are you in?").unwrap();
        world.say(1, room, "I am in").unwrap();
        assert!(
            world.until(|world| shows(world, 1, room, "are you in?") && shows(world, 0, room, "I am in"))
        );
        assert_eq!(happened(&world, 1, room), ["invited", "joined"]);
        assert_eq!(happened(&world, 0, room), ["joined", "added"]);
    }
}

#[test]
fn who_declines_is_not_in_and_can_be_asked_again() {
    let mut world = World::friends(2, 502);
    let room = world.make_room(0, "roof");
    let account = world.account(1);
    must(&mut world, 0, Command::RoomInvite { room, account });
    let again = world.command(0, Command::RoomInvite { room, account });
    assert_eq!(again, Err(Refusal::AlreadyThere));
    assert!(world.until(|world| world.room_state(1, room) == Some(RoomState::Invited)));
    must(&mut world, 1, Command::RoomAnswer { room, join: false });
    assert_eq!(world.room_state(1, room), None, "nothing is left of it");
    assert!(world.until(|world| shows(world, 0, room, "bob does not want to join")));
    assert_eq!(world.room_members(0, room), [0]);
    world.let_in(0, room, 1);
    assert!(agree(&mut world, room, &[0, 1]));
}

#[test]
fn only_contacts_may_ask_and_only_admins_let_in() {
    let mut world = World::friends(3, 503);
    let room = world.room_of(0, &[1]);
    let carol = world.account(2);
    assert_eq!(world.command(1, Command::RoomInvite { room, account: carol }), Err(Refusal::NotAllowed));
    let nobody = crate::ids::AccountId([9; 32]);
    assert_eq!(world.command(0, Command::RoomInvite { room, account: nobody }), Err(Refusal::NoContact));
    // A member who is no admin sends the question all the same: what it would lead to is not done.
    let invite = crate::content::RoomInvite { room, name: "roof".to_owned(), members: 2, ext: Vec::new() };
    let bob = world.account(1);
    engine(&mut world, 1).send_aside(carol, &crate::content::Body::RoomInvite(invite)).unwrap();
    world.turn(1, Vec::new());
    assert!(world.until(|world| world.room_view(2, room).is_some_and(|view| view.invited_by == Some(bob))));
    must(&mut world, 2, Command::RoomAnswer { room, join: true });
    world.run(20_000);
    assert_eq!(world.room_state(2, room), Some(RoomState::Joining));
    assert!(agree(&mut world, room, &[0, 1]));
    // An admin's question opens the door that is knocked on.
    must(&mut world, 0, Command::RoomInvite { room, account: carol });
    assert!(world.until(|world| agree(world, room, &[0, 1, 2])));
}

#[test]
fn a_link_lets_people_in_at_once_or_when_their_request_is_accepted() {
    for auto_accept in [true, false] {
        let mut world = World::new(2, 504);
        world.start(0);
        world.start(1);
        world.run(1_000);
        let room = world.make_room(0, "roof");
        let link = Command::RoomLink { room, uses: 1, valid_ms: 86_400_000, auto_accept };
        let Reply::Invite(invite) = must(&mut world, 0, link) else { panic!() };
        assert!(crate::room::RoomLink::from_link(&invite.link).is_ok_and(|link| link.name == "roof"));
        let Reply::Invites(listed) = must(&mut world, 0, Command::InviteList) else { panic!() };
        assert_eq!(listed[0].link, invite.link);
        let join = Command::RoomJoin { link: invite.link.clone(), note: "it is me".to_owned() };
        assert!(matches!(world.command(0, join.clone()), Err(Refusal::AlreadyThere)));
        must(&mut world, 1, join);
        assert_eq!(world.room_state(1, room), Some(RoomState::Joining));
        world.crash(1);
        world.start(1);
        if !auto_accept {
            world.run(30_000);
            assert_eq!(world.room_state(1, room), Some(RoomState::Joining));
            world.crash(0);
            world.start(0);
            world.run(1_000);
            let account = world.account(1);
            must(&mut world, 0, Command::RequestAccept { account });
        }
        assert!(world.until(|world| agree(world, room, &[0, 1])), "{auto_accept}");
        assert!(world.are_friends(0, 1) && world.are_friends(1, 0));
        assert_eq!(happened(&world, 1, room), ["joined"]);
        world.say(1, room, "here").unwrap();
        assert!(world.until(|world| shows(world, 0, room, "here")));
    }
}

#[test]
fn who_is_put_out_learns_it_gets_nothing_new_and_the_others_agree() {
    let mut world = World::friends(3, 505);
    let room = world.room_of(0, &[1, 2]);
    world.say(0, room, "all of us").unwrap();
    world.run(5_000);
    let (before, carol) = (engine(&mut world, 1).topic_secret(room), world.account(2));
    world.crash(2);
    let owed = world.say(1, room, "carol is away").unwrap();
    world.run(5_000);
    must(&mut world, 0, Command::RoomRemove { room, account: carol });
    world.say(0, room, "without carol").unwrap();
    assert!(world.until(|world| agree(world, room, &[0, 1])));
    world.run(5_000);
    assert!(world.room_texts(1, room).contains(&"carol was removed by alice".to_owned()));
    assert_eq!(world.state(1, owed, 2), Some(MessageState::Failed), "nobody waits for her");
    let after = engine(&mut world, 1).topic_secret(room);
    assert!(after.is_some() && after != before, "what she knows is replaced");
    assert_eq!(engine(&mut world, 0).topic_secret(room), after);
    world.start(2);
    assert!(world.until(|world| world.room_state(2, room) == Some(RoomState::Removed)));
    world.say(1, room, "still without carol").unwrap();
    world.run(20_000);
    assert!(shows(&world, 2, room, "You were removed by alice"));
    assert!(!shows(&world, 2, room, "without carol") && !shows(&world, 2, room, "still without carol"));
    assert!(shows(&world, 1, room, "without carol") && shows(&world, 0, room, "still without carol"));
    assert_eq!(world.say(2, room, "hello?"), Err(Refusal::NotMember));
    assert_eq!(engine(&mut world, 2).topic_secret(room), None);
    // And back in: the same room, with a line where she was away.
    world.let_in(0, room, 2);
    world.say(2, room, "back").unwrap();
    world.say(1, room, "welcome back").unwrap();
    assert!(world.until(|world| shows(world, 1, room, "back") && shows(world, 2, room, "welcome back")));
    assert!(!shows(&world, 2, room, "without carol"));
}

#[test]
fn who_leaves_is_gone_for_all_though_nobody_was_there_to_hear_it() {
    let mut world = World::friends(3, 506);
    let room = world.room_of(0, &[1, 2]);
    world.run(5_000);
    world.crash(0);
    world.crash(2);
    let waiting = world.say(1, room, "nobody is there").unwrap();
    must(&mut world, 1, Command::RoomLeave { room });
    assert_eq!(world.room_state(1, room), Some(RoomState::Left));
    assert_eq!(world.state(1, waiting, 0), Some(MessageState::Failed));
    let secret = engine(&mut world, 1).topic_secret(room);
    assert_eq!(secret, None);
    world.crash(1);
    world.start(1);
    world.start(0);
    assert!(world.until(|world| agree(world, room, &[0, 2]) || world.room_members(0, room) == [0, 2]));
    world.crash(1);
    world.start(2);
    assert!(world.until(|world| agree(world, room, &[0, 2])), "carol hears it from alice");
    assert!(shows(&world, 2, room, "bob left") && happened(&world, 2, room).contains(&"left"));
    world.say(0, room, "bob is gone").unwrap();
    world.start(1);
    assert!(world.until(|world| shows(world, 2, room, "bob is gone")));
    world.run(20_000);
    assert!(!shows(&world, 1, room, "bob is gone"));
    assert_eq!(world.room_state(1, room), Some(RoomState::Left));
}

#[test]
fn admins_are_made_and_unmade_and_the_room_is_called_what_they_say() {
    let mut world = World::friends(3, 507);
    let room = world.room_of(0, &[1, 2]);
    let (bob, carol) = (world.account(1), world.account(2));
    let set = |what| Command::RoomSet { room, what };
    assert_eq!(world.command(1, set(RoomSetting::Name("cellar".to_owned()))), Err(Refusal::NotAllowed));
    must(&mut world, 0, Command::RoomRole { room, account: bob, admin: true });
    assert!(world.until(|world| world.room_view(1, room).is_some_and(|view| view.role == Role::Admin)));
    must(&mut world, 1, set(RoomSetting::Name("#  cellar ".to_owned())));
    must(&mut world, 1, set(RoomSetting::Topic("what is below".to_owned())));
    must(&mut world, 1, set(RoomSetting::History("last 5".to_owned())));
    assert!(matches!(
        world.command(1, set(RoomSetting::History("some".to_owned()))),
        Err(Refusal::OutOfRange { .. })
    ));
    assert!(world.until(|world| {
        (0..3).all(|at| {
            world.room_view(at, room).is_some_and(|view| {
                (view.name.as_str(), view.topic.as_str(), view.history.as_str())
                    == ("cellar", "what is below", "last 5")
            })
        })
    }));
    assert!(shows(&world, 2, room, "bob is an admin now"));
    assert!(shows(&world, 1, room, "You are an admin now"));
    assert!(shows(&world, 2, room, "The room is called #cellar now (by bob)"));
    must(&mut world, 1, Command::RoomRemove { room, account: carol });
    assert!(world.until(|world| agree(world, room, &[0, 1])));
    must(&mut world, 0, Command::RoomRole { room, account: bob, admin: false });
    assert!(world.until(|world| shows(world, 1, room, "You are not an admin any more")));
    assert_eq!(world.command(1, Command::RoomInvite { room, account: carol }), Err(Refusal::NotAllowed));
    assert_eq!(
        world.command(0, Command::RoomRole { room, account: carol, admin: true }),
        Err(Refusal::NotTheirs)
    );
    assert_eq!(
        happened(&world, 0, room),
        ["joined", "added", "added", "promoted", "renamed", "removed", "demoted"]
    );
}

#[test]
fn after_a_partition_in_which_admins_undo_each_other_all_agree() {
    let mut world = World::friends(5, 508);
    let room = world.room_of(0, &[1, 2]);
    let accounts: Vec<_> = (0..5).map(|index| world.account(index)).collect();
    must(&mut world, 0, Command::RoomRole { room, account: accounts[1], admin: true });
    assert!(world.until(|world| world.room_view(1, room).is_some_and(|view| view.role == Role::Admin)));
    world.run(5_000);
    // Alice and the removed on one side, bob and the new one on the other.
    for (a, b) in [(0, 1), (0, 3), (2, 1), (2, 3), (0, 4), (2, 4)] {
        world.part(a, b);
    }
    must(&mut world, 0, Command::RoomRemove { room, account: accounts[2] });
    must(&mut world, 0, Command::RoomRemove { room, account: accounts[1] });
    world.let_in(1, room, 3);
    world.say(1, room, "said apart").unwrap();
    world.run(5_000);
    for (a, b) in [(0, 1), (0, 3), (2, 1), (2, 3), (0, 4), (2, 4)] {
        world.heal(a, b);
    }
    world.run(60_000);
    assert_eq!(world.room_state(1, room), Some(RoomState::Removed));
    assert_eq!(world.room_state(2, room), Some(RoomState::Removed));
    // Dave was let in by somebody who was put out meanwhile without knowing it: the rule says whether he stays, and it
    // says the same to both.
    let alice = world.room_members(0, room);
    assert!(alice == [0] || alice == [0, 3], "{alice:?}");
    let dave_in = world.room_state(3, room) == Some(RoomState::Member);
    assert_eq!(dave_in, alice == [0, 3]);
    world.say(0, room, "after").unwrap();
    world.run(20_000);
    assert!(!shows(&world, 1, room, "after") && !shows(&world, 2, room, "after"));
    assert_eq!(shows(&world, 3, room, "after"), dave_in);
}

#[test]
fn read_receipts_go_to_the_author_in_a_small_room() {
    let mut world = World::friends(3, 509);
    let room = world.room_of(0, &[1, 2]);
    let said = world.say(0, room, "read me").unwrap();
    assert!(world.until(|world| shows(world, 1, room, "read me")));
    must(&mut world, 1, Command::MarkRead { chat: room.into(), messages: vec![said] });
    assert!(world.until(|world| world.state(0, said, 1) == Some(MessageState::Read)));
    assert_eq!(world.state(0, said, 2), Some(MessageState::Delivered));
    must(&mut world, 2, Command::SetReadReceipts { on: false });
    must(&mut world, 2, Command::MarkRead { chat: room.into(), messages: vec![said] });
    world.run(5_000);
    assert_eq!(world.state(0, said, 2), Some(MessageState::Delivered));
}

#[test]
fn a_contact_cannot_fill_the_list_of_rooms() {
    let mut world = World::friends(2, 510);
    let bob = world.account(1);
    for number in 0..40u8 {
        let room = RoomId([number; 32]);
        let invite = crate::content::RoomInvite { room, name: "x".to_owned(), members: 1, ext: Vec::new() };
        engine(&mut world, 0).send_aside(bob, &crate::content::Body::RoomInvite(invite)).unwrap();
    }
    world.turn(0, Vec::new());
    world.run(10_000);
    let Reply::Rooms(mut rooms) = must(&mut world, 1, Command::RoomList) else { panic!() };
    rooms.retain(|room| !room.open);
    assert_eq!(rooms.len(), 16);
    let names: std::collections::BTreeSet<_> = rooms.iter().map(|room| room.name.clone()).collect();
    assert_eq!(names.len(), 16, "each has a name of its own");
}

#[test]
fn who_knows_a_room_by_name_only_is_told_nothing() {
    let mut world = World::friends(3, 511);
    let room = world.room_of(0, &[1]);
    world.say(0, room, "between us").unwrap();
    world.run(5_000);
    let (alice, mallory) = (world.machines[0].device, engine(&mut world, 2));
    let (tips, marks, cards) = (Vec::new(), Vec::new(), vec![alice]);
    let ask = crate::room::Ask { room, tips, ranges: vec![(alice, 1, 1)], open: true, marks, cards };
    let words = crate::room::Words::Ask(Box::new(ask));
    mallory.frame_to(alice, &super::super::super::live::FrameOut::Room(Box::new(words)));
    world.capture = Some(Vec::new());
    world.turn(2, Vec::new());
    world.run(500);
    let by_alice = world.capture.take().unwrap().into_iter().filter(|(from, _)| *from == 0).count();
    assert_eq!(by_alice, 0);
}

#[test]
fn newcomers_are_given_what_the_room_says_and_wait_for_nothing_else() {
    for (history, given) in [("none", 0), ("last 2", 2), ("all", 4)] {
        let mut world = World::friends(3, 512);
        let room = world.room_of(0, &[1]);
        must(&mut world, 0, Command::RoomSet { room, what: RoomSetting::History(history.to_owned()) });
        for (from, text) in [(0, "one"), (1, "two"), (0, "three"), (1, "four")] {
            world.say(from, room, text).unwrap();
            world.run(3_000);
        }
        world.let_in(0, room, 2);
        world.say(1, room, "five").unwrap();
        world.run(30_000);
        let shown =
            ["one", "two", "three", "four"].iter().filter(|text| shows(&world, 2, room, text)).count();
        assert_eq!(shown, given, "{history}: {:?}", world.room_texts(2, room));
        assert!(shows(&world, 2, room, "five"));
        let gaps = |event: &&Event| matches!(event, Event::Gap { .. });
        assert_eq!(world.machines[2].disk.events.iter().filter(gaps).count(), 0, "{history}");
    }
}

#[test]
fn who_was_let_in_by_somebody_who_was_out_by_then_learns_it_from_whoever_can_tell() {
    // Dave knows both, and only alice comes back to him; or he knows bob only.
    for knows_alice in [true, false] {
        let mut world = World::new(3, 513);
        for index in 0..3 {
            world.start(index);
        }
        world.befriend(0, 1);
        world.befriend(1, 2);
        if knows_alice {
            world.befriend(0, 2);
        }
        let room = world.room_of(0, &[1]);
        let bob = world.account(1);
        must(&mut world, 0, Command::RoomRole { room, account: bob, admin: true });
        assert!(world.until(|world| world.room_view(1, room).is_some_and(|view| view.role == Role::Admin)));
        world.run(5_000);
        world.part(0, 1);
        world.part(0, 2);
        must(&mut world, 0, Command::RoomRemove { room, account: bob });
        world.let_in(1, room, 2);
        world.run(5_000);
        if knows_alice {
            world.crash(1);
        }
        world.heal(0, 1);
        world.heal(0, 2);
        assert!(
            world.until(|world| world.room_state(2, room) == Some(RoomState::Removed)),
            "knows alice: {knows_alice}"
        );
        assert_eq!(world.room_members(0, room), [0]);
    }
}
