//! People near: who is seen by whom, and how they are asked.

use super::super::super::command::{ContactState, NearView};
use super::super::super::net::NetEvent;
use super::super::super::step::Notice;
use super::table::{PEER, Table};
use super::*;
use crate::room::open::{Near, Words};
use crate::time::{MINUTE_MS, SECOND_MS};
use crate::wire::Frame;

fn look(world: &mut World, at: usize, on: Option<bool>) -> Vec<NearView> {
    match must(world, at, Command::Near { on }) {
        Reply::Near(near) => near,
        other => panic!("{other:?}"),
    }
}

fn sees(world: &mut World, at: usize) -> Vec<String> {
    look(world, at, None).into_iter().map(|one| one.name).collect()
}

/// Frames about who is near that a machine said, of those captured.
fn nears(capture: &[(usize, Vec<u8>)], of: usize) -> usize {
    let said = capture.iter().filter(|(from, _)| *from == of);
    said.filter(|(_, message)| Frame::unpack(message).is_ok_and(|frame| frame.v == 1 && frame.kind == 5))
        .count()
}

#[test]
fn who_looks_is_seen_by_who_looks_and_asked_without_an_address() {
    let mut world = strangers(2, 61);
    world.run(5 * SECOND_MS);
    look(&mut world, 0, Some(true));
    look(&mut world, 1, Some(true));
    assert!(world.until(|world| sees(world, 0) == ["bob"] && sees(world, 1) == ["alice"]));
    let told = |notice: &Notice| matches!(notice, Notice::Near(view) if view.name == "bob");
    assert!(world.machines[0].notices.iter().any(told));
    assert_eq!(must(&mut world, 1, Command::InviteList), Reply::Invites(vec![]), "it is nobody else's");
    let bob = look(&mut world, 0, None).remove(0);
    assert_eq!((bob.account, bob.contact), (world.account(1), false));
    let add = Command::Add { link: bob.link, name: None, note: String::new() };
    must(&mut world, 0, add);
    let asked = |world: &mut World| matches!(must(world, 1, Command::Requests), Reply::Requests(all) if all.len() == 1);
    assert!(world.until(asked));
    let account = world.account(0);
    look(&mut world, 1, Some(false));
    must(&mut world, 1, Command::RequestAccept { account });
    assert!(world.until(|world| world.are_friends(0, 1)));
    // Linked by now: the words can be compared.
    let account = world.account(1);
    assert!(world.until(|world| world.command(0, Command::Compare { account }).is_ok()));
    world.run(2 * SECOND_MS);
    let words = |world: &World, at: usize| {
        let found = world.machines[at].notices.iter().find_map(|notice| match notice {
            Notice::Words { words, .. } => Some(*words),
            _ => None,
        });
        found.unwrap()
    };
    assert_eq!(words(&world, 0), words(&world, 1));
    look(&mut world, 0, Some(true));
    assert!(world.until(|world| look(world, 1, None).iter().any(|one| one.contact)));
    assert_eq!(world.faults, Vec::<String>::new());
}

#[test]
fn nobody_is_told_anything_unless_the_page_is_open() {
    let mut world = strangers(2, 62);
    world.run(5 * SECOND_MS);
    world.capture = Some(Vec::new());
    look(&mut world, 1, Some(true));
    world.run(3 * MINUTE_MS);
    let capture = world.capture.replace(Vec::new()).unwrap();
    assert_eq!(nears(&capture, 0), 0, "who does not look says nothing");
    assert!((10..=14).contains(&nears(&capture, 1)), "a minute long, every 5 s: {}", nears(&capture, 1));
    assert_eq!(sees(&mut world, 0), Vec::<String>::new());
    // Closed, it is over at once, and so is the link.
    look(&mut world, 1, Some(true));
    world.run(SECOND_MS);
    let link = look(&mut world, 0, None).remove(0).link;
    look(&mut world, 1, Some(false));
    world.capture = Some(Vec::new());
    must(&mut world, 0, Command::Add { link, name: None, note: String::new() });
    world.run(MINUTE_MS);
    assert_eq!(nears(&world.capture.take().unwrap(), 1), 0);
    assert_eq!(must(&mut world, 1, Command::Requests), Reply::Requests(vec![]));
    assert_eq!(world.machines[1].disk.count(Space::Invite), 0, "nothing of it was on the disk");
}

#[test]
fn who_comes_to_an_open_page_is_told_at_once_and_who_left_the_lobby_too() {
    let mut world = World::new(2, 63);
    for at in 0..2 {
        world.start(at);
        must(&mut world, at, Command::RoomLeave { room: lobby() });
    }
    look(&mut world, 0, Some(true));
    world.run(SECOND_MS);
    world.meet_on_lan(0, 1);
    world.meet_on_lan(1, 0);
    world.run(3 * SECOND_MS);
    assert_eq!(sees(&mut world, 1), ["alice"]);
    // A page that stays open has a link that can be used.
    let first = look(&mut world, 1, None).remove(0).link;
    for _ in 0..20 {
        look(&mut world, 0, Some(true));
        world.run(MINUTE_MS / 2);
    }
    let later = look(&mut world, 1, None).remove(0);
    assert_ne!(later.link, first);
    must(&mut world, 1, Command::Add { link: later.link, name: None, note: String::new() });
    let asked = |world: &mut World| matches!(must(world, 0, Command::Requests), Reply::Requests(all) if all.len() == 1);
    assert!(world.until(asked));
}

#[test]
fn who_is_invisible_is_refused_and_tells_nobody() {
    let mut world = strangers(2, 64);
    world.run(5 * SECOND_MS);
    look(&mut world, 0, Some(true));
    world.run(SECOND_MS);
    world.capture = Some(Vec::new());
    must(&mut world, 0, Command::SetPresence { presence: Presence::Invisible });
    assert_eq!(world.command(0, Command::Near { on: Some(true) }), Err(Refusal::Invisible));
    world.run(MINUTE_MS);
    assert_eq!(nears(&world.capture.take().unwrap(), 0), 0);
    must(&mut world, 0, Command::SetPresence { presence: Presence::Online });
    world.run(MINUTE_MS);
    assert_eq!(sees(&mut world, 1), Vec::<String>::new(), "the page is not open again by itself");
}

fn near(account: u8, name: &str) -> Words {
    let (account, name) = (AccountId([account; 32]), name.to_owned());
    Words::Near(Near { name, account, secret: [9; 32], ext: Vec::new() })
}

fn on_lan(seed: u64) -> Table {
    let mut table = Table::new(seed);
    let addrs = vec!["/ip4/192.168.1.9/tcp/1".to_owned()];
    table.event(NetEvent::LanFound { peer: PEER.to_vec(), addrs });
    table
}

/// Names that are shown.
fn shown(table: &mut Table) -> Vec<String> {
    let listed = table.world.machines[0].engine.as_mut().unwrap().near(None);
    match listed.unwrap() {
        Reply::Near(near) => near.into_iter().map(|one| one.name).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_neighbour_is_one_person_heard_now_and_then_for_a_while() {
    let mut table = on_lan(65);
    for number in 1..=200 {
        table.say(&near(number, &format!("mallory {number}")));
    }
    assert_eq!((shown(&mut table), table.closed), (vec!["mallory 2".to_owned()], false));
    table.wait(3 * SECOND_MS);
    table.say(&near(3, "mallory again"));
    assert_eq!(shown(&mut table), ["mallory again"]);
    table.wait(14 * SECOND_MS);
    assert_eq!(shown(&mut table).len(), 1);
    table.wait(SECOND_MS);
    assert_eq!(shown(&mut table), Vec::<String>::new());
    table.say(&near(4, "mallory"));
    table.event(NetEvent::LinkClosed { link: table.link });
    assert_eq!(shown(&mut table), Vec::<String>::new());
}

#[test]
fn names_are_cleaned_and_nonsense_is_left_out() {
    let mut table = on_lan(66);
    let own = table.world.account(0);
    let of_us = Near { name: "me".to_owned(), account: own, secret: [9; 32], ext: Vec::new() };
    table.say(&Words::Near(of_us));
    table.wait(3 * SECOND_MS);
    table.say(&near(1, "\u{202e}\u{200b}"));
    assert_eq!((shown(&mut table), table.closed), (Vec::<String>::new(), false));
    table.wait(10 * SECOND_MS);
    table.say(&near(1, "\u{1b}[31mEve\u{202e}\n"));
    assert!(
        shown(&mut table)
            .iter()
            .all(|name| name.contains("Eve") && !name.contains(['\u{1b}', '\u{202e}', '\n']))
    );
    let long = near(1, &"a".repeat(1_025));
    assert!(long.encode().is_err());
    table.say_bytes(Frame::pack(5, &"no such thing").unwrap());
    assert!(table.closed);
}

#[test]
fn of_who_is_blocked_and_who_is_far_nothing_is_shown() {
    let mut world = World::friends(2, 67);
    let far = world.account(1);
    // A contact's link from elsewhere, about a channel: the page is for this network.
    for at in 0..2 {
        join(&mut world, at, "roof");
    }
    assert!(world.until(|world| neighbours(world, 0) == 1));
    look(&mut world, 1, Some(true));
    world.run(10 * SECOND_MS);
    assert_eq!(sees(&mut world, 0), Vec::<String>::new());
    meet(&mut world, &[0, 1]);
    assert!(world.until(|world| sees(world, 0) == ["bob"]));
    must(&mut world, 0, Command::Block { account: far });
    look(&mut world, 1, Some(true));
    world.run(20 * SECOND_MS);
    assert_eq!(sees(&mut world, 0), Vec::<String>::new());
    assert_eq!(world.standing(0, 1), Some(ContactState::Blocked));
}
