//! Talking: who hears what, and who comes later.

use super::*;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};

#[test]
fn strangers_of_one_network_talk_in_the_lobby_without_becoming_contacts() {
    let mut world = strangers(3, 1);
    world.run(5_000);
    let sent = world.say(0, lobby(), "is anybody here?").unwrap();
    assert_eq!(state(&world, 0, lobby(), sent), MessageState::Queued);
    assert!(world.until(|world| (0..3).all(|at| shows(world, at, lobby(), "is anybody here?"))));
    assert!(world.until(|world| state(world, 0, lobby(), sent) == MessageState::Delivered));
    world.say(1, lobby(), "I am").unwrap();
    assert!(world.until(|world| (0..3).all(|at| shows(world, at, lobby(), "I am"))));
    let names: Vec<String> = writers(&mut world, 2, lobby()).into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["alice", "bob"]);
    for at in 0..3 {
        assert_eq!(must(&mut world, at, Command::People), Reply::People(vec![]));
        assert_eq!(must(&mut world, at, Command::Requests), Reply::Requests(vec![]));
        assert!(
            world.until(|world| world.room_view(at, lobby()).is_some_and(|view| {
                view.open
                    && view.state == RoomState::Member
                    && (view.here, view.members, view.waiting) == (3, 2, 0)
            })),
            "{at}"
        );
        assert_eq!(neighbours(&mut world, at), 2, "one stream with each, whoever called");
    }
    assert_eq!(world.faults, Vec::<String>::new());
}

#[test]
fn a_message_stands_in_the_same_place_everywhere() {
    let mut world = strangers(3, 2);
    world.run(5_000);
    for (at, text) in [(0, "one"), (1, "two"), (2, "three"), (0, "four")] {
        world.say(at, lobby(), text).unwrap();
    }
    assert!(world.until(|world| (0..3).all(|at| world.room_texts(at, lobby()).len() == 4)));
    let shown = world.room_texts(0, lobby());
    assert_eq!((world.room_texts(1, lobby()), world.room_texts(2, lobby())), (shown.clone(), shown));
}

#[test]
fn who_was_given_ones_words_by_another_is_known_to_have_them_at_once() {
    for seed in 40..48 {
        let mut world = World::new(3, seed);
        (0..3).for_each(|at| world.start(at));
        meet(&mut world, &[0, 1]);
        world.say(0, lobby(), "who is there?").unwrap();
        assert!(world.until(|world| shows(world, 1, lobby(), "who is there?")));
        // Whichever of the two they ask first.
        meet(&mut world, &[0, 1, 2]);
        assert!(world.until(|world| shows(world, 2, lobby(), "who is there?")));
        world.run(1_000);
        assert_eq!(world.room_view(0, lobby()).map(|view| view.here), Some(3), "seed {seed}");
    }
}

#[test]
fn who_only_reads_says_nothing_of_themselves() {
    let mut world = strangers(3, 3);
    world.capture = Some(Vec::new());
    world.run(5_000);
    world.say(0, lobby(), "hello").unwrap();
    assert!(world.until(|world| (1..3).all(|at| shows(world, at, lobby(), "hello"))));
    world.run(2 * MINUTE_MS);
    let said: Vec<u8> = world
        .capture
        .take()
        .unwrap()
        .into_iter()
        .filter(|(from, _)| *from == 1)
        .flat_map(|(_, message)| message)
        .collect();
    assert!(!said.is_empty());
    let (account, device) = (world.account(1), world.machines[1].device);
    let has = |bytes: &[u8]| said.windows(bytes.len()).any(|window| window == bytes);
    assert!(!has(&account.0) && !has(&device.0) && !has(b"bob"));
    let device = &engine(&mut world, 1).own.device;
    assert!(!has(&device.sig_public()) && !has(&device.noise_public()), "nor a key");
}

#[test]
fn who_comes_late_is_given_the_last_day_and_no_more() {
    let mut world = World::new(3, 4);
    for at in 0..2 {
        world.start(at);
    }
    meet(&mut world, &[0, 1]);
    world.say(0, lobby(), "old").unwrap();
    world.run(2 * HOUR_MS);
    world.say(0, lobby(), "new").unwrap();
    world.run(22 * HOUR_MS + 10 * MINUTE_MS);
    world.crash(0);
    world.start(2);
    meet(&mut world, &[1, 2]);
    assert!(world.until(|world| shows(world, 2, lobby(), "new")));
    world.run(MINUTE_MS);
    assert!(!shows(&world, 2, lobby(), "old"), "that is over a day old");
    assert!(shows(&world, 1, lobby(), "old"), "who was there keeps it in the chat");
    // What was given is as old as it is, not as old as it was given.
    world.run(2 * HOUR_MS);
    assert_eq!(world.machines[2].disk.count(Space::OpenEntry), 0);
    assert_eq!(world.machines[1].disk.count(Space::OpenEntry), 0);
}

#[test]
fn a_long_talk_is_caught_up_with_whole_however_fast_it_is_given() {
    let mut world = World::new(3, 5);
    for at in 0..2 {
        world.start(at);
    }
    meet(&mut world, &[0, 1]);
    world.run(1_000);
    for number in 0..300 {
        world.say(0, lobby(), &format!("message {number}")).unwrap();
        world.run(2_000);
    }
    world.start(2);
    meet(&mut world, &[1, 2]);
    assert!(world.until(|world| world.room_texts(2, lobby()).len() == 300));
    assert_eq!(world.room_texts(2, lobby()), world.room_texts(0, lobby()));
}

#[test]
fn what_was_written_alone_waits_and_is_over_after_a_day() {
    let mut world = World::new(2, 6);
    world.start(0);
    let sent = world.say(0, lobby(), "anybody?").unwrap();
    world.run(HOUR_MS);
    assert_eq!(state(&world, 0, lobby(), sent), MessageState::Queued);
    assert_eq!(world.room_view(0, lobby()).unwrap().waiting, 1);
    world.run(DAY_MS);
    assert_eq!(state(&world, 0, lobby(), sent), MessageState::Expired);
    assert_eq!(world.machines[0].disk.count(Space::OpenEntry), 0);
}

#[test]
fn a_restart_keeps_what_is_here_and_what_was() {
    let mut world = strangers(2, 7);
    world.run(5_000);
    world.say(0, lobby(), "before").unwrap();
    assert!(world.until(|world| shows(world, 1, lobby(), "before")));
    for at in 0..2 {
        world.crash(at);
        world.start(at);
    }
    meet(&mut world, &[0, 1]);
    let sent = world.say(0, lobby(), "after").unwrap();
    assert!(world.until(|world| shows(world, 1, lobby(), "after")));
    assert!(world.until(|world| state(world, 0, lobby(), sent) == MessageState::Delivered));
    assert_eq!(world.room_texts(1, lobby()), ["before", "after"]);
    assert_eq!(world.room_texts(0, lobby()), ["before", "after"]);
    assert!(world.machines[1].watch.faults.is_empty(), "{:?}", world.machines[1].watch.faults);
}

#[test]
fn a_disk_that_was_set_back_goes_on_behind_what_others_have() {
    let mut world = strangers(2, 8);
    world.run(5_000);
    world.say(0, lobby(), "one").unwrap();
    assert!(world.until(|world| shows(world, 1, lobby(), "one")));
    let older = world.machines[0].disk.clone();
    for text in ["two", "three", "four"] {
        world.say(0, lobby(), text).unwrap();
    }
    assert!(world.until(|world| shows(world, 1, lobby(), "four")));
    world.set_back(0, older);
    world.start(0);
    let sent = world.say(0, lobby(), "again").unwrap();
    meet(&mut world, &[0, 1]);
    assert!(world.until(|world| shows(world, 1, lobby(), "again")));
    assert!(world.until(|world| state(world, 0, lobby(), sent) == MessageState::Delivered));
    assert!(shows(&world, 0, lobby(), "three"), "what was lost comes back");
}

#[test]
fn the_lobby_stays_on_this_network_and_other_channels_go_with_contacts() {
    let mut world = World::friends(2, 9);
    let roof = join(&mut world, 0, "#Roof");
    assert_eq!(join(&mut world, 1, "roof"), roof);
    world.run(5_000);
    world.say(0, roof, "here").unwrap();
    world.say(0, lobby(), "near").unwrap();
    assert!(world.until(|world| shows(world, 1, roof, "here")));
    world.run(2 * MINUTE_MS);
    assert!(!shows(&world, 1, lobby(), "near"), "they are in another town");
    meet(&mut world, &[0, 1]);
    assert!(world.until(|world| shows(world, 1, lobby(), "near")));
}

#[test]
fn who_leaves_hears_no_more_also_after_a_restart() {
    let mut world = strangers(2, 10);
    world.run(5_000);
    must(&mut world, 1, Command::RoomLeave { room: lobby() });
    world.run(1_000);
    world.say(0, lobby(), "hello").unwrap();
    world.run(MINUTE_MS);
    assert!(!shows(&world, 1, lobby(), "hello"));
    assert_eq!(world.say(1, lobby(), "?"), Err(Refusal::NotMember));
    world.crash(1);
    world.start(1);
    meet(&mut world, &[0, 1]);
    world.run(MINUTE_MS);
    assert_eq!(world.room_state(1, lobby()), Some(RoomState::Left));
    assert!(!shows(&world, 1, lobby(), "hello"));
    join(&mut world, 1, "#lobby");
    assert!(world.until(|world| shows(world, 1, lobby(), "hello")), "for a day it is there");
}

#[test]
fn who_is_invisible_opens_nothing_and_answers_nobody() {
    let mut world = strangers(2, 11);
    world.run(5_000);
    assert_eq!(neighbours(&mut world, 1), 1);
    must(&mut world, 1, Command::SetPresence { presence: Presence::Invisible });
    world.run(1_000);
    assert_eq!((neighbours(&mut world, 0), neighbours(&mut world, 1)), (0, 0));
    world.capture = Some(Vec::new());
    meet(&mut world, &[0, 1]);
    world.say(0, lobby(), "hello").unwrap();
    world.run(5 * MINUTE_MS);
    assert_eq!(neighbours(&mut world, 1), 0);
    assert!(world.capture.take().unwrap().iter().all(|(from, _)| *from != 1), "not a byte");
    must(&mut world, 1, Command::SetPresence { presence: Presence::Online });
    assert!(world.until(|world| shows(world, 1, lobby(), "hello")));
}

#[test]
fn edits_reactions_and_deletions_are_those_of_their_author() {
    let mut world = strangers(2, 12);
    world.run(5_000);
    let sent = world.say(0, lobby(), "helo").unwrap();
    let (chat, author) = (lobby().into(), world.account(0));
    assert!(world.until(|world| shows(world, 1, lobby(), "helo")));
    must(&mut world, 0, Command::Edit { chat, message: sent, text: "hello".to_owned() });
    let react = Command::React { chat, message: sent, author, emoji: "👍".to_owned() };
    must(&mut world, 1, react);
    must(&mut world, 0, Command::Delete { chat, message: sent });
    world.run(1_000);
    let edits = |world: &World, at: usize| world.machines[at].disk.edits.len();
    assert_eq!((edits(&world, 0), edits(&world, 1)), (3, 3));
}

#[test]
fn what_belongs_to_private_rooms_is_refused_with_words() {
    let mut world = World::friends(2, 13);
    let account = world.account(1);
    let invite = Command::RoomInvite { room: lobby(), account };
    assert_eq!(world.command(0, invite), Err(Refusal::IsOpen));
    let remove = Command::RoomRemove { room: lobby(), account };
    assert_eq!(world.command(0, remove), Err(Refusal::IsOpen));
    let room = world.make_room(0, "lobby");
    let view = world.room_view(0, room).unwrap();
    assert_ne!(view.name, "lobby", "a private room does not pass for the lobby");
    assert_eq!(world.command(0, Command::RoomMute { room, account, on: true }), Err(Refusal::NotOpen));
    let long = "a".repeat(4_097);
    assert!(matches!(world.say(0, lobby(), &long), Err(Refusal::TooLong { .. })));
    for _ in 0..20 {
        world.say(0, lobby(), "spam").unwrap();
    }
    assert!(matches!(world.say(0, lobby(), "spam"), Err(Refusal::TooFast { wait_s: 2, .. })));
    world.run(2_000);
    world.say(0, lobby(), "and one more").unwrap();
    for number in 0..31 {
        join(&mut world, 0, &format!("channel {number}"));
    }
    let full = world.command(0, Command::RoomJoinOpen { name: "one more".to_owned() });
    assert!(matches!(full, Err(Refusal::Full { .. })));
}
