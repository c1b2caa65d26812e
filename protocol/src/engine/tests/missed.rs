//! People who are there and might be missed for long: tries that nobody takes up again, and what hides who moved.

use super::finding::{alone, dials, feed, friends, look_ups};
use super::*;
use crate::discovery::{self, Slot, SlotOwner};
use crate::identity::Card;
use crate::time::{MINUTE_MS, SECOND_MS};

/// The dials a machine begins by itself in some time, in which nothing comes from outside.
fn dials_within(world: &mut World, at: usize, seconds: u64) -> usize {
    (0..seconds).map(|_| dials(&feed(world, at, Vec::new(), SECOND_MS)).len()).sum()
}

#[test]
fn an_inviter_who_moved_is_found_by_who_was_accepted_since() {
    let mut world = friends(2, 700);
    let link = {
        world.machines.push(World::new(3, 701).machines.remove(2));
        world.start(2);
        world.invite(0, 1, false)
    };
    world.command(2, Command::Add { link, name: None, note: String::new() }).unwrap();
    world.run(10 * SECOND_MS);
    // Nobody can call carol, and alice is somewhere else: only by the invite can carol find her.
    world.deaf.insert(2);
    world.crash(2);
    world.crash(0);
    world.machines[0].place += 7;
    world.start(0);
    world.run(MINUTE_MS);
    let secret =
        engine(&mut world, 0).invites.values().find(|invite| !invite.askers.is_empty()).unwrap().secret;
    let account = world.account(2);
    world.command(0, Command::RequestAccept { account }).unwrap();
    world.run(MINUTE_MS);
    world.start(2);
    world.run(MINUTE_MS);
    assert!(world.are_friends(2, 0));
    // Then it is over: nothing of hers lies there any more.
    let day = discovery::day_of(engine(&mut world, 0).now.wall_ms);
    let slot = Slot { rv: secret, who: SlotOwner::Account, day };
    let left = world.dht.as_ref().unwrap().value_of(&discovery::key(&slot)).unwrap();
    assert!(discovery::open(&slot, &left).unwrap().body.is_empty());
}

#[test]
fn a_used_invite_is_not_published_for_who_was_refused() {
    let mut world = friends(1, 702);
    world.machines.push(World::new(2, 703).machines.remove(1));
    world.start(1);
    let link = world.invite(0, 1, false);
    world.command(1, Command::Add { link, name: None, note: String::new() }).unwrap();
    world.run(10 * SECOND_MS);
    let account = world.account(1);
    let secret = engine(&mut world, 0).invites.values().next().unwrap().secret;
    let day = discovery::day_of(engine(&mut world, 0).now.wall_ms);
    let slot = Slot { rv: secret, who: SlotOwner::Account, day };
    let lies_there = |world: &mut World| {
        let value = world.dht.as_ref().unwrap().value_of(&discovery::key(&slot)).unwrap();
        !discovery::open(&slot, &value).unwrap().body.is_empty()
    };
    assert!(lies_there(&mut world), "while they wait");
    world.command(0, Command::RequestDrop { account }).unwrap();
    world.run(10 * SECOND_MS);
    assert!(!lies_there(&mut world));
}

#[test]
fn a_lost_link_does_not_end_the_tries_for_others() {
    let mut world = World::friends(3, 704);
    world.run(SECOND_MS);
    world.crash(2);
    world.run(100);
    let link = engine(&mut world, 0).live_links()[0];
    let begun: Vec<_> = (0..40).flat_map(|_| feed(&mut world, 0, Vec::new(), 100)).collect();
    assert_eq!(dials(&begun).len(), 1);
    let dial = *engine(&mut world, 0).dials.keys().next().unwrap();
    // Carol's dial takes its time, and bob's link goes meanwhile.
    let bob = world.machines[1].device;
    feed(&mut world, 0, vec![NetEvent::LinkClosed { link }], 5 * SECOND_MS);
    feed(&mut world, 0, vec![NetEvent::DialFailed { dial, reason: String::new() }], 10);
    engine(&mut world, 0).timers.clear(&Timer::Dial(bob));
    assert_eq!(dials_within(&mut world, 0, 30), 1, "carol is tried again");
}

#[test]
fn a_dial_that_takes_long_still_counts_when_it_succeeds() {
    let (mut world, _) = alone(705);
    let dial = *engine(&mut world, 0).dials.keys().next().unwrap();
    feed(&mut world, 0, vec![NetEvent::Awake], 3 * SECOND_MS);
    let opened = NetEvent::ConnOpened {
        conn: 9,
        peer: vec![9; 32],
        addr: String::new(),
        outbound: true,
        via: Via::Relay,
    };
    let commands = feed(&mut world, 0, vec![opened, NetEvent::Dialed { dial, conn: 9 }], 0);
    assert!(commands.iter().any(|command| matches!(command, NetCommand::OpenLink { conn: 9, .. })));
}

#[test]
fn whoever_is_written_to_is_looked_for_first() {
    let (mut world, slot) = alone(706);
    for n in 0..30 {
        let account = AccountId([n; 32]);
        let mut contact = crate::engine::people::new_contact(account, [n; 32]);
        (contact.state, contact.rv_in) = (ContactState::Accepted, Some([n; 32]));
        engine(&mut world, 0).contacts.insert(account, contact);
    }
    engine(&mut world, 0).stale = true;
    feed(&mut world, 0, vec![NetEvent::Neighbours { count: 20 }], 0);
    let under_way = look_ups(&feed(&mut world, 0, Vec::new(), 0));
    assert!(under_way.iter().all(|(_, key)| *key != discovery::key(&slot)), "bob's turn is later");
    world.send(0, 1, "hello?").unwrap();
    let none = NetEvent::LookedUp { lookup: under_way[0].0, asked: 20 };
    let next = look_ups(&feed(&mut world, 0, vec![none], 0));
    assert_eq!(next[0].1, discovery::key(&slot));
}

#[test]
fn the_card_of_a_private_invite_names_no_peer_that_the_dht_could_be_asked_for() {
    let (mut world, _) = alone(707);
    let engine = engine(&mut world, 0);
    let card = Card::open(&engine.invite_card(&[0; 32], true).unwrap()).unwrap().0;
    let peer_id = engine.own.peer_id.clone();
    assert!(!peer_id.is_empty());
    assert!(card.addrs.is_empty());
    assert_ne!(card.peer_id, peer_id);
}
