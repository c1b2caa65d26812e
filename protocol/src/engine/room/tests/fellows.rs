//! Members of a room who are no contacts of each other.

use super::super::super::command::{ContactState, Presence};
use super::super::super::live::FrameOut;
use super::super::super::step::Notice;
use super::*;
use crate::content::{Body, Text};
use crate::ids::{ChatId, MessageId};

/// Alice, who knows the others, and a room of hers with all; the others do not know each other.
fn strangers(count: usize, seed: u64) -> (World, RoomId) {
    let mut world = World::new(count, seed);
    for index in 0..count {
        world.start(index);
    }
    for other in 1..count {
        world.befriend(0, other);
    }
    let others: Vec<usize> = (1..count).collect();
    let room = world.room_of(0, &others);
    let all: Vec<usize> = (0..count).collect();
    assert!(world.until(|world| agree(world, room, &all)));
    (world, room)
}

/// Whether one has a live link with another.
fn linked(world: &mut World, a: usize, b: usize) -> bool {
    let device = world.machines[b].device;
    engine(world, a).live_link(device).is_some()
}

/// Whether a message is delivered to all of these.
fn delivered(world: &World, from: usize, message: MessageId, to: &[usize]) -> bool {
    to.iter().all(|to| world.state(from, message, *to) == Some(MessageState::Delivered))
}

#[test]
fn two_who_share_only_a_room_find_each_other_and_talk_without_who_brought_them_together() {
    let (mut world, room) = strangers(3, 520);
    assert!(world.until(|world| linked(world, 1, 2)), "by the cards the room carries");
    assert_eq!(world.standing(1, 2), None, "they are no contacts");
    world.crash(0);
    let said = world.say(1, room, "alice is away").unwrap();
    assert!(world.until(|world| delivered(world, 1, said, &[2])));
    world.say(2, room, "so it seems").unwrap();
    assert!(world.until(|world| shows(world, 1, room, "so it seems")));
    // On and off again: the room is all they have of each other.
    for index in [1, 2] {
        world.crash(index);
        world.start(index);
    }
    let again = world.say(2, room, "still here").unwrap();
    assert!(world.until(|world| delivered(world, 2, again, &[1])));
    world.start(0);
    assert!(
        world.until(|world| shows(world, 0, room, "alice is away") && shows(world, 0, room, "still here"))
    );
}

#[test]
fn fellows_who_moved_are_found_in_the_dht() {
    let mut world = World::new(6, 521);
    world.add_dht(crate::testing::Dht::new(30, 521));
    for index in 0..6 {
        world.start(index);
    }
    world.run(10_000);
    world.befriend(0, 1);
    world.befriend(0, 2);
    let room = world.room_of(0, &[1, 2]);
    assert!(world.until(|world| agree(world, room, &[0, 1, 2])));
    world.run(60_000);
    for index in [0, 1, 2] {
        world.crash(index);
    }
    world.machines[1].place = 7;
    world.machines[2].place = 9;
    world.run(5_000);
    world.start(1);
    world.start(2);
    let said = world.say(1, room, "where are you?").unwrap();
    assert!(world.until(|world| delivered(world, 1, said, &[2])), "{:?}", world.room_texts(2, room));
}

#[test]
fn fellows_on_one_local_network_find_each_other_there() {
    let (mut world, room) = strangers(3, 522);
    world.run(5_000);
    for index in 0..3 {
        world.crash(index);
    }
    // Elsewhere: no address that anybody knew is good.
    world.machines[1].place = 7;
    world.machines[2].place = 7;
    world.run(60_000);
    world.start(1);
    world.start(2);
    world.run(5_000);
    assert!(!linked(&mut world, 1, 2));
    world.meet_on_lan(1, 2);
    assert!(world.until(|world| linked(world, 1, 2)));
    let said = world.say(2, room, "on the same wire").unwrap();
    assert!(world.until(|world| delivered(world, 2, said, &[1])));
}

#[test]
fn nothing_but_what_is_about_a_room_is_taken_of_a_fellow() {
    let (mut world, room) = strangers(3, 523);
    assert!(world.until(|world| linked(world, 1, 2)));
    let (bob, carol) = (world.account(1), world.account(2));
    assert!(matches!(world.send(1, 2, "psst"), Err(Refusal::NoContact)));
    // A fellow whose program is not so polite.
    let body = Body::Text(Text { text: "psst".to_owned(), reply_to: None, ext: Vec::new() });
    for body in [body, Body::Name("your friend".to_owned()), Body::Unknown { kind: 77, ignorable: false }] {
        let _ = engine(&mut world, 1).accept(ChatId::from(carol), MessageId([7; 16]), &body, false);
    }
    let (device, typing) = (world.machines[2].device, FrameOut::Typing(true));
    engine(&mut world, 1).frame_to(device, &typing);
    engine(&mut world, 1).frame_to(device, &FrameOut::Presence(Presence::Away));
    world.turn(1, Vec::new());
    world.run(30_000);
    let of_chat = |message: &&crate::engine::NewMessage| message.chat == ChatId::from(bob);
    assert_eq!(world.machines[2].disk.messages.iter().filter(of_chat).count(), 0);
    let told = |notice: &&Notice| match notice {
        Notice::Presence { account, .. } | Notice::Typing { account, .. } | Notice::Words { account, .. } => {
            *account == bob
        }
        Notice::Network { .. } | Notice::Near(_) => false,
    };
    assert_eq!(world.machines[2].notices.iter().filter(told).count(), 0, "no presence, no typing");
    let Reply::People(people) = must(&mut world, 2, Command::People) else { panic!() };
    assert!(people.iter().all(|person| person.account != bob));
    assert!(linked(&mut world, 1, 2), "the link is the room's");
    world.say(1, room, "openly then").unwrap();
    assert!(world.until(|world| shows(world, 2, room, "openly then")));
}

#[test]
fn a_fellow_becomes_a_contact_and_a_fellow_again_and_the_room_goes_on() {
    let (mut world, room) = strangers(3, 524);
    assert!(world.until(|world| linked(world, 1, 2)));
    world.say(1, room, "one").unwrap();
    world.befriend(1, 2);
    let carol = world.account(2);
    world.send(1, 2, "just us").unwrap();
    assert!(world.until(|world| world.shown(2, 1).contains(&"just us".to_owned())));
    let secrets = world.machines[1].disk.secrets();
    assert!(secrets[&carol].0.is_some());
    world.say(2, room, "two").unwrap();
    must(&mut world, 1, Command::Remove { account: carol });
    assert_eq!(world.standing(1, 2), Some(ContactState::Removed));
    world.say(1, room, "three").unwrap();
    world.say(2, room, "four").unwrap();
    assert!(world.until(|world| ["one", "two", "three", "four"].iter().all(|text| shows(
        world, 1, room, text
    ) && shows(
        world, 2, room, text
    ))));
    world.crash(0);
    assert!(world.until(|world| linked(world, 1, 2)));
    let said = world.say(1, room, "five").unwrap();
    assert!(world.until(|world| delivered(world, 1, said, &[2])));
}

#[test]
fn a_blocked_member_is_read_through_others_and_gets_no_link() {
    let mut world = World::friends(3, 525);
    let room = world.room_of(0, &[1, 2]);
    let carol = world.account(2);
    must(&mut world, 1, Command::Block { account: carol });
    world.run(1_000);
    world.say(2, room, "to all").unwrap();
    world.say(1, room, "to all, and to carol").unwrap();
    assert!(
        world.until(|world| {
            shows(world, 1, room, "to all") && shows(world, 2, room, "to all, and to carol")
        })
    );
    assert!(!linked(&mut world, 1, 2));
}

#[test]
fn who_is_in_no_room_with_us_any_more_is_nobody() {
    let (mut world, room) = strangers(3, 526);
    assert!(world.until(|world| linked(world, 1, 2)));
    let devices = |world: &World| world.machines[1].disk.count(crate::engine::Space::Device);
    assert_eq!(devices(&world), 2);
    let carol = world.account(2);
    must(&mut world, 0, Command::RoomRemove { room, account: carol });
    assert!(world.until(|world| world.room_state(2, room) == Some(RoomState::Removed)));
    assert!(world.until(|world| !linked(world, 1, 2)));
    world.run(3_700_000);
    assert_eq!(devices(&world), 1);
    assert_eq!(world.machines[2].disk.count(crate::engine::Space::Device), 1);
    world.crash(1);
    world.start(1);
    world.run(5_000);
    assert!(!linked(&mut world, 1, 2));
}

#[test]
fn a_large_room_of_strangers_is_linked_well_enough_and_not_everybody_with_everybody() {
    let (mut world, room) = strangers(14, 527);
    world.run(60_000);
    world.crash(0);
    world.run(60_000);
    let links: Vec<usize> =
        (1..14).map(|a| (1..14).filter(|b| *b != a && linked(&mut world, a, *b)).count()).collect();
    assert!(links.iter().all(|count| *count >= 3), "{links:?}");
    let said = world.say(5, room, "does it go round?").unwrap();
    let others: Vec<usize> = (1..14).filter(|other| *other != 5).collect();
    assert!(world.until(|world| delivered(world, 5, said, &others)));
}

#[test]
fn mail_of_a_fellow_is_taken_and_a_contact_has_a_queue_of_their_own() {
    let (mut world, room) = strangers(3, 528);
    let mailbox = world.add_mailbox();
    let link = world.mail_link(mailbox);
    must(&mut world, 2, Command::MailboxUse { link });
    assert!(world.until(|world| linked(world, 1, 2)));
    let device = world.machines[2].device;
    let queue = |world: &mut World| {
        engine(world, 1).peers[&device].record.mailboxes.first().map(|mailbox| mailbox.queue)
    };
    assert!(world.until(|world| queue(world).is_some()), "the room's card says where mail may be left");
    world.crash(0);
    world.crash(2);
    world.say(1, room, "with a key").unwrap();
    world.run(30_000);
    let (bob, key) = (world.machines[1].device, |world: &mut World, from| {
        let known = engine(world, 2).room(&room).unwrap();
        known.receivers.keys().any(|(device, _)| *device == from)
    });
    world.crash(1);
    world.start(2);
    assert!(world.until(|world| key(world, bob)), "the key came by the mailbox");
    world.start(1);
    assert!(world.until(|world| shows(world, 2, room, "with a key")));
    let before = queue(&mut world);
    world.befriend(1, 2);
    world.run(5_000);
    assert_ne!(queue(&mut world), before);
}

#[test]
fn a_fellow_who_becomes_a_contact_is_seen_to_be_there_at_once() {
    let (mut world, _) = strangers(3, 529);
    assert!(world.until(|world| linked(world, 1, 2)));
    world.befriend(1, 2);
    world.run(2_000);
    for (at, of) in [(1, 2), (2, 1)] {
        let account = world.account(of);
        let Reply::People(people) = must(&mut world, at, Command::People) else { panic!() };
        let person = people.iter().find(|person| person.account == account).unwrap();
        assert_eq!(person.presence, Presence::Online, "{at} sees {of}");
    }
}

#[test]
fn contacts_who_both_moved_find_each_other_by_the_cards_of_a_room() {
    let mut world = World::friends(3, 530);
    let room = world.room_of(0, &[1, 2]);
    assert!(world.until(|world| agree(world, room, &[0, 1, 2])));
    world.run(5_000);
    for index in [1, 2] {
        world.crash(index);
    }
    for (index, place) in [(1, 7), (2, 9)] {
        world.machines[index].place = place;
        world.start(index);
    }
    assert!(world.until(|world| linked(world, 1, 2)));
}

#[test]
fn a_new_name_is_told_to_who_knows_us_by_a_room_only() {
    let (mut world, room) = strangers(3, 531);
    must(&mut world, 1, Command::SetName { name: "robert".to_owned() });
    let bob = world.account(1);
    assert!(world.until(|world| {
        let Reply::Members(members) = must(world, 2, Command::RoomMembers { room }) else { panic!() };
        members.iter().any(|member| member.account == bob && member.name == "robert" && !member.contact)
    }));
}
