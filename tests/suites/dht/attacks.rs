//! Nodes that lie, crowd around a key, or are all a newcomer knows.

use crate::{PEOPLE, expect, large, rounds, scattered};
use starling_protocol::discovery::{self, Made, Slot, SlotOwner};
use starling_protocol::engine::{Command, Input, NetEvent};
use starling_protocol::invite::Invite;
use starling_protocol::testing::{Dht, DhtFault, Lie, World};
use starling_tests::sim::finding::{Figures, Finding, Meeting};

/// Where nobody ever was: who dials it believed a forger.
const TRAP: &str = "/ip4/203.0.113.66/udp/66/quic-v1";

#[test]
fn a_dht_with_thirty_percent_liars_still_finds_everybody() {
    let mut dht = Dht::new(140, 1);
    dht.add_sybils(30);
    assert_eq!(dht.crowd(), 200);
    let mut world = Finding::new(PEOPLE, dht, 11);
    let meetings = scattered(&mut world, rounds(), 1);
    expect("30 % liars", &meetings, 990);
}

/// Liars who know a contact's keys of the day and crowd around them. Nobody promises that such a contact is found by
/// the DHT while it lasts; what is promised is that nobody wrong is, and that others are found as ever.
#[test]
fn liars_around_a_contacts_keys_never_lead_to_a_wrong_person() {
    for (count, what) in [(20, Around::Today), (60, Around::Today), (60, Around::OneSide), (60, Around::All)]
    {
        let mut meetings: Vec<Meeting> = Vec::new();
        for (seed, lie) in [Lie::Replay, Lie::Flood, Lie::Liar].into_iter().enumerate() {
            let mut world = Finding::new(3, large(20), 20 + seed as u64);
            crowd_around(&mut world, count, what, lie);
            world.leave(0);
            world.leave(1);
            world.come_back(0);
            world.world.run(60_000);
            world.come_back(1);
            meetings.extend(world.meet(&[(1, 0), (0, 1)]));
            let others = world.meet(&[(2, 0), (2, 1)]);
            expect("beside the swarm", &others, 1_000);
            assert!(world.world.strange.is_empty(), "{:?}", world.world.strange);
        }
        let figures = Figures::of(&meetings);
        println!("{count} liars around {what:?}: {figures}");
        assert!(what == Around::All || figures.at_least(990), "{count} around {what:?}: {figures}");
    }
}

/// Which keys are crowded around, of the two that two people publish for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Today's of one.
    Today,
    /// Yesterday's, today's and tomorrow's of one.
    OneSide,
    /// All of both.
    All,
}

fn crowd_around(world: &mut Finding, count: usize, what: Around, lie: Lie) {
    let sides = if what == Around::All { vec![(0, 1), (1, 0)] } else { vec![(0, 1)] };
    for (owner, reader) in sides {
        let slot = world.world.slot_of(owner, reader).expect("a slot");
        let days = if what == Around::Today { slot.day..=slot.day } else { slot.day - 1..=slot.day + 1 };
        for day in days {
            world.dht().swarm(&discovery::key(&Slot { day, ..slot }), count, lie);
        }
    }
}

/// A hundred and twenty-eight poisoned values and one good one.
#[test]
fn one_honest_copy_among_poison_is_enough() {
    for seed in 0..4 {
        let mut dht = large(seed);
        (dht.lossy_percent, dht.unmet_percent) = (0, 0);
        let mut world = Finding::new(2, dht, seed);
        world.leave(1);
        world.world.run(1_000);
        let place = world.new_place();
        world.world.roam(0, place);
        world.world.run(30_000);
        let slot = world.world.slot_of(0, 1).expect("a slot");
        for day in [slot.day - 1, slot.day, slot.day + 1] {
            let key = discovery::key(&Slot { day, ..slot });
            world.dht().swarm(&key, 2, Lie::Flood);
            world.dht().lose_copies(&key, usize::from(day == slot.day));
        }
        // The other way is closed: whoever comes back is not found by their own record.
        let slot = world.world.slot_of(1, 0).expect("a slot");
        for day in [slot.day - 1, slot.day, slot.day + 1] {
            world.dht().swarm(&discovery::key(&Slot { day, ..slot }), 30, Lie::Liar);
        }
        world.come_back(1);
        let meetings = world.meet(&[(1, 0)]);
        expect("one of 129", &meetings, 1_000);
        assert_eq!(world.judge(), Vec::<String>::new());
    }
}

#[test]
fn a_newcomer_among_liars_is_found_after_the_first_honest_neighbour() {
    let mut meetings = Vec::new();
    for seed in 0..3 {
        let mut dht = Dht::new(100, seed);
        dht.add_sybils(30);
        let mut world = Finding::new(3, dht, 30 + seed);
        for index in 0..3 {
            world.leave(index);
        }
        world.come_back(0);
        world.come_back(2);
        world.world.run(60_000);
        // No peers of old: a new installation would know liars only.
        world.world.machines[1].disk.lose(starling_protocol::engine::Space::Node);
        world.come_back(1);
        let honest_at = world.world.now_ms + 60_000;
        world.dht().eclipse(1, honest_at);
        world.world.run(60_000);
        assert_eq!(world.world.strange.len(), 0);
        meetings.extend(world.meet(&[(1, 0), (0, 1), (1, 2)]));
        assert_eq!(world.judge(), Vec::<String>::new());
    }
    expect("after an eclipse", &meetings, 1_000);
}

/// Peers of earlier runs end an eclipse at once.
#[test]
fn a_remembered_peer_ends_an_eclipse() {
    let mut dht = Dht::new(100, 7);
    dht.add_sybils(30);
    let mut world = Finding::new(2, dht, 37);
    world.world.run(3_600_000);
    world.leave(0);
    world.leave(1);
    world.come_back(0);
    world.come_back(1);
    let now = world.world.now_ms;
    world.dht().eclipse(1, now + 3_600_000);
    let meetings = world.meet(&[(1, 0)]);
    expect("an eclipse that ends", &meetings, 1_000);
}

/// Who knows an invite's secret can write under its key, and puts their own card and broken ones there.
#[test]
fn forged_cards_under_an_invite_lead_nobody_astray() {
    let (inviter, joiner, mallory) = (0, 1, 2);
    let mut people = World::new(3, 8);
    (0..3).for_each(|index| people.start(index));
    people.befriend(inviter, mallory);
    let mut world = Finding::with(people, large(8), 8);
    let link = world.world.invite(inviter, 3, true);
    let invite = Invite::from_link(&link).expect("an invite");
    world.world.run(10_000);
    // Mallory's card names a place where nobody is.
    let told = NetEvent::Addresses { addrs: vec![TRAP.to_owned()] };
    world.world.turn(mallory, vec![Input::Net(told)]);
    world.world.run(10_000);
    let slot = world.world.slot_of(mallory, inviter).expect("a slot");
    let value = world.dht().value_of(&discovery::key(&slot)).expect("mallory's record");
    let card = discovery::open(&slot, &value).expect("mallory's card");
    for day in [slot.day - 1, slot.day, slot.day + 1] {
        let slot = Slot { rv: invite.secret, who: SlotOwner::Account, day };
        let made = |made| discovery::seal(&slot, Made(made), &[9; 24], &card).expect("a record");
        let mut broken = card.clone();
        broken.body[5] ^= 1;
        let broken = discovery::seal(&slot, Made(30), &[8; 24], &broken).expect("a record");
        let key = discovery::key(&slot);
        world.dht().forged.insert(key, vec![made(10).value, made(200_000).value, broken.value]);
        world.dht().swarm(&key, 5, Lie::Forger);
    }
    // The inviter is not where the link says any more.
    world.leave(inviter);
    world.come_back(inviter);
    world.world.run(5_000);
    let added = world.world.command(joiner, Command::Add { link, name: None, note: String::new() });
    assert!(added.is_ok(), "{added:?}");
    world.world.run(120_000);
    assert!(world.world.are_friends(joiner, inviter), "the inviter was not found");
    assert!(!world.world.are_friends(joiner, mallory), "mallory became a contact");
    // The inviter, whose contact Mallory is, may dial what Mallory says; the joiner must not.
    assert!(!world.world.strange.contains(&(joiner, TRAP.to_owned())), "the trap was dialled");
}

/// The trap works: a card that is really theirs may say anything, and is believed.
#[test]
fn the_trap_is_dialled_if_a_contact_says_so() {
    let mut world = Finding::new(2, large(9), 9);
    world.leave(0);
    world.world.run(1_000);
    world.world.deaf.insert(1);
    let told = NetEvent::Addresses { addrs: vec![TRAP.to_owned()] };
    world.world.turn(1, vec![Input::Net(told)]);
    world.world.run(10_000);
    world.come_back(0);
    world.world.run(60_000);
    assert!(world.world.strange.contains(&(0, TRAP.to_owned())));
    assert!(world.judge().iter().any(|fault| fault.contains("forged")));
}

/// Whoever can be found is, within this. Later it is the others who found the seeker.
const FOUND_MS: u64 = 10_000;

/// The suites bite: each planted fault is seen by how many meet, and how soon.
#[test]
fn planted_faults_are_seen() {
    for fault in [None, Some(DhtFault::FirstOnly), Some(DhtFault::OldestWins), Some(DhtFault::SilentMove)] {
        let mut dht = Dht::new(70, 1);
        dht.add_sybils(30);
        dht.fault = fault;
        let mut meetings = Vec::new();
        let mut world = Finding::new(3, dht, 40);
        for _ in 0..3 {
            // Everybody has moved twice since, without a restart, while one was away.
            world.leave(0);
            for _ in 0..2 {
                for index in [1, 2] {
                    let place = world.new_place();
                    world.world.roam(index, place);
                }
                world.world.run(30_000);
            }
            world.come_back(0);
            meetings.extend(world.meet(&[(0, 1), (0, 2)]));
        }
        let figures = Figures::of(&meetings);
        println!("{fault:?}: {figures}");
        let found = figures.at_least(990) && figures.worst_ms < FOUND_MS;
        assert_eq!(found, fault.is_none(), "{fault:?}: {figures}");
    }
}
