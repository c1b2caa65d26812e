//! Found by a card in the DHT: what is published when, what is asked when, and what is believed.

use super::*;
use crate::discovery::{self, Made, Slot, SlotOwner};
use crate::identity::Card;
use crate::testing::Dht;
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

/// Friends in a world with a DHT that loses nothing.
pub(super) fn friends(count: usize, seed: u64) -> World {
    let mut world = World::new(count, seed);
    let mut dht = Dht::new(30, seed);
    (dht.unmet_percent, dht.lossy_percent) = (0, 0);
    world.add_dht(dht);
    (0..count).for_each(|machine| world.start(machine));
    for a in 0..count {
        for b in a + 1..count {
            world.befriend(a, b);
        }
    }
    world.run(30_000);
    world
}

/// Both go off and come back somewhere else, with other peer ids.
fn both_move(world: &mut World) {
    for index in [0, 1] {
        world.crash(index);
        world.machines[index].place += 7;
    }
    world.run(1_000);
    (0..2).for_each(|index| world.start(index));
}

/// Gives one engine inputs by hand after some time, commits, and returns what it wants done. The world hears nothing.
pub(super) fn feed(world: &mut World, at: usize, events: Vec<NetEvent>, after_ms: u64) -> Vec<NetCommand> {
    let engine = engine(world, at);
    let wall_ms = engine.now.wall_ms + i64::try_from(after_ms).unwrap();
    let now = Now::new(engine.now.mono_ms + after_ms, wall_ms);
    let step = engine.turn(events.into_iter().map(Input::Net), now);
    world.machines[at].disk.commit(&step.changes);
    let net = |action| if let Action::Net(command) = action { Some(command) } else { None };
    step.actions.into_iter().filter_map(net).collect()
}

pub(super) fn look_ups(commands: &[NetCommand]) -> Vec<(u64, [u8; 32])> {
    let of = |command: &NetCommand| match command {
        NetCommand::LookUp { lookup, key, .. } => Some((*lookup, *key)),
        _ => None,
    };
    commands.iter().filter_map(of).collect()
}

fn publications(commands: &[NetCommand]) -> Vec<(u64, [u8; 32], Vec<u8>)> {
    let of = |command: &NetCommand| match command {
        NetCommand::Publish { publish, key, value } => Some((*publish, *key, value.clone())),
        _ => None,
    };
    commands.iter().filter_map(of).collect()
}

pub(super) fn dials(commands: &[NetCommand]) -> Vec<Vec<String>> {
    let of = |command: &NetCommand| match command {
        NetCommand::Dial { addrs, .. } => Some(addrs.clone()),
        _ => None,
    };
    commands.iter().filter_map(of).collect()
}

fn status(world: &mut World, at: usize) -> StatusView {
    match world.command(at, Command::Status) {
        Ok(Reply::Status(status)) => status,
        other => panic!("{other:?}"),
    }
}

/// Alice alone, her contact bob gone, in no DHT; what bob can put into it is made by hand.
pub(super) fn alone(seed: u64) -> (World, Slot) {
    let mut world = World::friends(2, seed);
    world.run(1_000);
    world.crash(1);
    world.crash(0);
    world.run(MINUTE_MS);
    world.start(0);
    let rv = engine(&mut world, 0).contacts.values().next().unwrap().rv_in.unwrap();
    let day = discovery::day_of(engine(&mut world, 0).now.wall_ms);
    (world, Slot { rv, who: SlotOwner::Account, day })
}

/// A card of a machine as it would be after `more` changes, at an address of its own.
pub(super) fn card(world: &mut World, of: usize, more: u64, addr: &str) -> Signed {
    if !world.is_up(of) {
        world.cut.insert((0, of));
        world.start(of);
        world.crash(of);
        world.cut.clear();
        world.start(of);
    }
    let engine = engine(world, of);
    let mut card = Card::open(&engine.own_card(&[0; 32]).unwrap()).unwrap().0;
    card.seq += more;
    card.addrs = vec![addr.to_owned()];
    card.sign(&engine.own.device).unwrap()
}

/// The value of a slot's record.
pub(super) fn value(slot: &Slot, card: &Signed) -> Vec<u8> {
    discovery::seal(slot, Made(86_400), &[7; 24], card).unwrap().value
}

/// Alice's first look-up for bob once the DHT is there.
pub(super) fn first_look_up(world: &mut World, slot: &Slot) -> u64 {
    let commands = feed(world, 0, vec![NetEvent::Neighbours { count: 20 }], 0);
    let later = feed(world, 0, Vec::new(), 0);
    let asked = [look_ups(&commands), look_ups(&later)].concat();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].1, discovery::key(slot));
    asked[0].0
}

#[test]
fn two_who_both_moved_find_each_other() {
    for seed in 0..10 {
        let mut world = friends(2, 500 + seed);
        both_move(&mut world);
        let id = world.send(0, 1, "where are you?").unwrap();
        world.run(10 * SECOND_MS);
        assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered), "seed {seed}");
        assert_eq!(world.shown(1, 0), ["where are you?"]);
        assert!(view(&mut world, 0, 1).found.is_some() || view(&mut world, 1, 0).found.is_some());
    }
}

#[test]
fn nobody_finds_who_moved_without_a_dht() {
    let mut world = World::friends(2, 510);
    world.run(1_000);
    both_move(&mut world);
    let id = world.send(0, 1, "where are you?").unwrap();
    world.run(10 * MINUTE_MS);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Queued));
}

#[test]
fn the_newest_card_wins_over_garbage_and_old_ones() {
    let (mut world, slot) = alone(511);
    let old = value(&slot, &card(&mut world, 1, 10, "/ip4/192.0.2.10/tcp/1"));
    let new = value(&slot, &card(&mut world, 1, 20, "/ip4/192.0.2.20/tcp/1"));
    let lookup = first_look_up(&mut world, &slot);
    let mut bent = new.clone();
    bent[2_000] ^= 1;
    let other = value(&Slot { day: slot.day + 1, ..slot }, &card(&mut world, 1, 30, "/ip4/192.0.2.30/tcp/1"));
    let junk = [Vec::new(), vec![0; 4_096], bent, other, vec![9; 100_000]];
    let found = |value: Vec<u8>| NetEvent::Found { lookup, value };
    let commands = feed(&mut world, 0, junk.into_iter().map(found).collect(), 0);
    assert!(dials(&commands).is_empty(), "nothing of that is believed");
    let commands = feed(&mut world, 0, vec![found(old.clone())], 0);
    assert_eq!(dials(&commands), [["/ip4/192.0.2.10/tcp/1"]], "at once, while it is still asked");
    let commands = feed(&mut world, 0, vec![found(new.clone())], 0);
    assert_eq!(dials(&commands), [["/ip4/192.0.2.20/tcp/1"]], "though the old one still rings");
    let commands = feed(&mut world, 0, vec![found(old.clone()), found(old), found(new.clone())], 0);
    assert!(dials(&commands).is_empty());
    assert!(!commands.contains(&NetCommand::EndLookUp { lookup }), "twice is not enough");
    let commands = feed(&mut world, 0, vec![found(new)], 0);
    assert!(commands.contains(&NetCommand::EndLookUp { lookup }));
    assert_eq!(peer(&mut world, 0, 1).record.addrs, ["/ip4/192.0.2.20/tcp/1"]);
}

#[test]
fn a_card_of_somebody_else_under_a_contacts_key_is_refused() {
    let mut world = World::friends(3, 512);
    world.run(1_000);
    world.crash(1);
    world.run(MINUTE_MS);
    let bob = world.account(1);
    let rv = engine(&mut world, 0).contacts[&bob].rv_in.unwrap();
    let day = discovery::day_of(engine(&mut world, 0).now.wall_ms);
    let slot = Slot { rv, who: SlotOwner::Account, day };
    let lookup = first_look_up(&mut world, &slot);
    // Bob's secret leaked to carol, who is a contact too: only under her own secret is she believed.
    let carols = card(&mut world, 2, 50, "/ip4/192.0.2.66/tcp/1");
    let before = peer(&mut world, 0, 2).record.clone();
    let found = NetEvent::Found { lookup, value: value(&slot, &carols) };
    assert!(dials(&feed(&mut world, 0, vec![found], 0)).is_empty());
    assert_eq!(peer(&mut world, 0, 2).record, before);
    // A stranger's card, and one that says it is bob's and is signed by the stranger.
    let mut forged = Card::open(&carols).unwrap().0;
    forged.device = world.machines[1].device;
    let forged = engine(&mut world, 2).own.device.sign(Card::DOMAIN, &crate::wire::encode(&forged).unwrap());
    let found = NetEvent::Found { lookup, value: value(&slot, &forged) };
    assert!(dials(&feed(&mut world, 0, vec![found], 0)).is_empty());
    assert_eq!(view(&mut world, 0, 1).found, None);
}

#[test]
fn a_flood_of_real_records_ends() {
    let (mut world, slot) = alone(513);
    let lookup = first_look_up(&mut world, &slot);
    let cards: Vec<NetEvent> = (1..200)
        .map(|n| card(&mut world, 1, n, &format!("/ip4/192.0.2.{n}/tcp/1")))
        .map(|card| NetEvent::Found { lookup, value: value(&slot, &card) })
        .collect();
    assert_eq!(dials(&feed(&mut world, 0, cards, 0)).len(), 64);
}

#[test]
fn a_hundred_forged_values_do_not_hide_a_real_one() {
    let (mut world, slot) = alone(514);
    let lookup = first_look_up(&mut world, &slot);
    let real = value(&slot, &card(&mut world, 1, 1, "/ip4/192.0.2.1/tcp/1"));
    let forged = (0..100_u8).map(|n| {
        let mut value = real.clone();
        value[200] ^= n + 1;
        NetEvent::Found { lookup, value }
    });
    let mut events: Vec<NetEvent> = forged.collect();
    events.push(NetEvent::Found { lookup, value: real.clone() });
    assert_eq!(dials(&feed(&mut world, 0, events, 0)), [["/ip4/192.0.2.1/tcp/1"]]);
}

#[test]
fn a_blocked_contact_finds_nothing_next_day() {
    let mut world = friends(2, 515);
    let reader = world.account(1);
    let secret = world.slot_of(0, 1).unwrap();
    world.command(0, Command::Block { account: reader }).unwrap();
    world.run(MINUTE_MS);
    for day in [secret.day, secret.day + 1] {
        let slot = Slot { day, ..secret };
        let left = world.dht.as_ref().unwrap().value_of(&discovery::key(&slot)).unwrap();
        let inside = discovery::open(&slot, &left).unwrap();
        assert!(inside.body.is_empty(), "what lies there is emptied");
    }
    let captured = world.dht_capture.insert(Vec::new()).len();
    both_move(&mut world);
    world.run(25 * HOUR_MS);
    assert_eq!(captured, 0);
    let keys = [1, 2].map(|later| discovery::key(&Slot { day: secret.day + later, ..secret }));
    assert!(world.dht_capture.as_ref().unwrap().iter().all(|put| !keys.contains(&put.key)));
    assert_eq!(world.links_between(0, 1).1, 0);
}

#[test]
fn publications_are_bounded_and_new_addresses_replace_old_ones() {
    let (mut world, _) = alone(516);
    for n in 0..20 {
        let account = AccountId([n; 32]);
        let mut contact = crate::engine::people::new_contact(account, [n; 32]);
        contact.state = ContactState::Accepted;
        engine(&mut world, 0).contacts.insert(account, contact);
    }
    engine(&mut world, 0).stale = true;
    let mut under_way = publications(&feed(&mut world, 0, vec![NetEvent::Neighbours { count: 20 }], 0));
    under_way.extend(publications(&feed(&mut world, 0, Vec::new(), 0)));
    let mut all = Vec::new();
    // Bob and twenty others, today at once and tomorrow a little later, and no slot twice.
    for (waited, count) in [(0, 21), (600, 42)] {
        for _ in 0..waited {
            under_way.extend(publications(&feed(&mut world, 0, Vec::new(), SECOND_MS)));
        }
        while let Some((publish, key, value)) = under_way.pop() {
            assert!(under_way.len() < 16, "{} at once", under_way.len() + 1);
            assert!(discovery::check(&key, &value).is_ok());
            all.push((key, value));
            let told = NetEvent::Published { publish, copies: 20 };
            under_way.extend(publications(&feed(&mut world, 0, vec![told], 0)));
        }
        let keys: BTreeSet<[u8; 32]> = all.iter().map(|(key, _)| *key).collect();
        assert_eq!((all.len(), keys.len()), (count, count));
    }
    assert_eq!(status(&mut world, 0).published, (21, 21));
    let nothing = feed(&mut world, 0, Vec::new(), 6 * HOUR_MS);
    assert!(publications(&nothing).is_empty());
    // A burst of addresses makes one publication.
    for n in 0..5 {
        let addrs = vec![format!("/ip4/192.0.2.{n}/tcp/1")];
        assert!(publications(&feed(&mut world, 0, vec![NetEvent::Addresses { addrs }], 100)).is_empty());
    }
    let mut again = publications(&feed(&mut world, 0, Vec::new(), 1_000));
    let mut count = 0;
    for second in 0..600 {
        while let Some((publish, key, value)) = again.pop() {
            count += 1;
            let before = all.iter().find(|(old, _)| *old == key).unwrap();
            assert!(discovery::check(&key, &value).unwrap() > discovery::check(&key, &before.1).unwrap());
            let told = NetEvent::Published { publish, copies: 20 };
            again.extend(publications(&feed(&mut world, 0, vec![told], 0)));
        }
        assert!(count >= 21, "today's at once: {count} in {second} s");
        again = publications(&feed(&mut world, 0, Vec::new(), SECOND_MS));
    }
    assert_eq!(count, 42);
}

#[test]
fn what_nobody_took_is_tried_again_with_growing_pauses() {
    let (mut world, _) = alone(517);
    let mut waits = Vec::new();
    let first = publications(&feed(&mut world, 0, vec![NetEvent::Neighbours { count: 20 }], 0));
    assert_eq!(first.len(), 1, "today's");
    let (mut publish, today, _) = first[0].clone();
    for _ in 0..10 {
        let mut events = vec![NetEvent::Published { publish, copies: 0 }];
        let mut waited = 0;
        publish = loop {
            let put = publications(&feed(&mut world, 0, std::mem::take(&mut events), 0));
            let put = [put, publications(&feed(&mut world, 0, Vec::new(), SECOND_MS))].concat();
            waited += 1;
            let tomorrow = put.iter().filter(|(_, key, _)| *key != today);
            events.extend(
                tomorrow.map(|(publish, _, _)| NetEvent::Published { publish: *publish, copies: 20 }),
            );
            if let Some((publish, _, _)) = put.iter().find(|(_, key, _)| *key == today) {
                break *publish;
            }
        };
        waits.push(waited);
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    assert_eq!(status(&mut world, 0).published, (0, 1));
}

#[test]
fn records_are_put_out_again_before_they_are_lost_and_for_the_next_day() {
    let mut world = friends(2, 518);
    world.dht_capture = Some(Vec::new());
    world.run(72 * HOUR_MS);
    let mine: Vec<_> = world.dht_capture.take().unwrap().into_iter().filter(|put| put.machine == 0).collect();
    let slot = world.slot_of(0, 1).unwrap();
    for day in [slot.day - 2, slot.day - 1, slot.day] {
        let key = discovery::key(&Slot { day, ..slot });
        let at: Vec<u64> = mine.iter().filter(|put| put.key == key).map(|put| put.at_ms).collect();
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] <= 9 * HOUR_MS), "day {day}: {at:?}");
        assert!((4..=8).contains(&at.len()), "day {day}: {at:?}");
    }
}

#[test]
fn who_slept_for_hours_is_published_anew() {
    let (mut world, _) = alone(527);
    let commands = feed(&mut world, 0, vec![NetEvent::Neighbours { count: 20 }], 0);
    let told = |(publish, _, _)| NetEvent::Published { publish, copies: 20 };
    feed(&mut world, 0, publications(&commands).into_iter().map(told).collect(), 0);
    assert!(publications(&feed(&mut world, 0, vec![NetEvent::Awake], 1_000)).is_empty());
    // Only the wall clock went on.
    let engine = engine(&mut world, 0);
    let now = Now::new(engine.now.mono_ms + 1_000, engine.now.wall_ms + 10 * 3_600_000);
    let step = engine.turn([Input::Net(NetEvent::Awake)], now);
    let again = step.actions.iter().filter(|a| matches!(a, Action::Net(NetCommand::Publish { .. }))).count();
    assert!(again >= 1, "{again}");
}

#[test]
fn a_network_that_grows_is_published_to_and_asked_anew() {
    let (mut world, _) = alone(519);
    let first = feed(&mut world, 0, vec![NetEvent::Neighbours { count: 1 }], 0);
    assert_eq!(publications(&first).len(), 1);
    let today = publications(&first)[0].1;
    let of_today = |commands: &[NetCommand]| -> usize {
        publications(commands).iter().filter(|(_, key, _)| *key == today).count()
    };
    let told = |(publish, _, _)| NetEvent::Published { publish, copies: 1 };
    let asked = feed(&mut world, 0, publications(&first).into_iter().map(told).collect(), 0);
    let lookup = look_ups(&asked)[0].0;
    feed(&mut world, 0, vec![NetEvent::LookedUp { lookup, asked: 1 }], 0);
    // Not at every new neighbour, and not more often than every ten seconds.
    let grown = feed(&mut world, 0, vec![NetEvent::Neighbours { count: 2 }], 100);
    assert!(publications(&grown).is_empty());
    let commands = feed(&mut world, 0, Vec::new(), 10_000);
    assert_eq!(of_today(&commands), 1);
    feed(&mut world, 0, publications(&commands).into_iter().map(told).collect(), 0);
    assert_eq!(of_today(&feed(&mut world, 0, vec![NetEvent::Neighbours { count: 3 }], HOUR_MS / 2)), 0);
    // Who was cut off and comes back meets another network.
    feed(&mut world, 0, vec![NetEvent::Neighbours { count: 0 }], 1_000);
    let back = feed(&mut world, 0, vec![NetEvent::Neighbours { count: 3 }], 1_000);
    assert_eq!(of_today(&back), 1);
    // What lies on many nodes stays where it is, however the network grows.
    let told = |(publish, _, _)| NetEvent::Published { publish, copies: 20 };
    feed(&mut world, 0, publications(&back).into_iter().map(told).collect(), 0);
    let grown = feed(&mut world, 0, vec![NetEvent::Neighbours { count: 90 }], 5 * MINUTE_MS);
    assert_eq!(of_today(&grown), 0);
}

#[test]
fn a_card_that_is_known_ends_a_look_up_later_than_news() {
    let (mut world, slot) = alone(528);
    let stale = value(&slot, &card(&mut world, 1, 10, "/ip4/192.0.2.10/tcp/1"));
    let known = value(&slot, &card(&mut world, 1, 20, "/ip4/192.0.2.20/tcp/1"));
    let lookup = first_look_up(&mut world, &slot);
    let found = |lookup, value: &Vec<u8>| NetEvent::Found { lookup, value: value.clone() };
    let commands = feed(&mut world, 0, vec![found(lookup, &known); 3], 0);
    assert!(commands.contains(&NetCommand::EndLookUp { lookup }), "three who have news are enough");
    feed(&mut world, 0, vec![NetEvent::LookedUp { lookup, asked: 3 }], 0);
    let key = discovery::key(&slot);
    let asked = feed(&mut world, 0, Vec::new(), 80_000);
    let (lookup, _) = *look_ups(&asked).iter().find(|(_, asked)| *asked == key).unwrap();
    let end = NetCommand::EndLookUp { lookup };
    assert!(!feed(&mut world, 0, vec![found(lookup, &stale); 20], 0).contains(&end), "older than known");
    assert!(!feed(&mut world, 0, vec![found(lookup, &known); 5], 0).contains(&end), "nothing new yet");
    assert!(feed(&mut world, 0, vec![found(lookup, &known)], 0).contains(&end));
}

#[test]
fn an_old_dial_does_not_hold_up_a_new_one() {
    let (mut world, slot) = alone(529);
    let there = value(&slot, &card(&mut world, 1, 10, "/ip4/192.0.2.10/tcp/1"));
    let lookup = first_look_up(&mut world, &slot);
    let commands = feed(&mut world, 0, vec![NetEvent::Found { lookup, value: there }], 0);
    assert_eq!(dials(&commands).len(), 1);
    feed(&mut world, 0, vec![NetEvent::Awake], 1_000);
    assert!(dials(&feed(&mut world, 0, Vec::new(), 500)).is_empty(), "it may still succeed");
    feed(&mut world, 0, vec![NetEvent::Awake], 1_000);
    assert_eq!(dials(&feed(&mut world, 0, Vec::new(), 500)).len(), 1);
}

/// Lets every look-up find nothing, for some time. Returns when rounds began, in milliseconds from now.
fn ask_in_vain(world: &mut World, for_ms: u64, key: &[u8; 32]) -> Vec<u64> {
    let mut at = Vec::new();
    let mut begun = 0;
    while begun < for_ms {
        let mut commands = feed(world, 0, Vec::new(), 100);
        begun += 100;
        loop {
            let asked = look_ups(&commands);
            if asked.iter().any(|(_, asked)| asked == key) {
                at.push(begun);
            }
            if asked.is_empty() {
                break;
            }
            let none = |(lookup, _)| NetEvent::LookedUp { lookup, asked: 20 };
            commands = feed(world, 0, asked.into_iter().map(none).collect(), 0);
        }
    }
    at
}

#[test]
fn pauses_between_look_ups_grow_and_start_anew() {
    let (mut world, slot) = alone(520);
    let lookup = first_look_up(&mut world, &slot);
    let key = discovery::key(&slot);
    let none = |lookup| vec![NetEvent::LookedUp { lookup, asked: 20 }];
    assert!(look_ups(&feed(&mut world, 0, none(lookup), 0)).is_empty());
    let grows = |at: &[u64], first: u64, last: u64, doublings: usize| {
        let waits: Vec<u64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        waits.iter().enumerate().all(|(n, wait)| {
            let pause = (first << (doublings * n).min(20)).min(last);
            (pause..=pause + pause / 4 + 200).contains(wait)
        })
    };
    let at = ask_in_vain(&mut world, 5 * HOUR_MS, &key);
    assert!((60_000..=75_200).contains(&at[0]) && at.len() >= 6 && grows(&at, 480_000, HOUR_MS, 3), "{at:?}");
    // Something to say brings it forward, and asks for the days around too.
    world.send(0, 1, "hello?").unwrap();
    let mut commands = feed(&mut world, 0, Vec::new(), 0);
    for day in [slot.day, slot.day + 1, slot.day - 1] {
        let (lookup, asked) = look_ups(&commands)[0];
        assert_eq!(asked, discovery::key(&Slot { day, ..slot }));
        commands = feed(&mut world, 0, none(lookup), 0);
    }
    // And the pauses stay short.
    let at = ask_in_vain(&mut world, HOUR_MS, &key);
    assert!(at[0] <= 2_700 && at.len() > 25 && grows(&at, 4_000, 2 * MINUTE_MS, 1), "{at:?}");
    // So does waking up, but not again and again.
    feed(&mut world, 0, vec![NetEvent::Awake], 0);
    let at = ask_in_vain(&mut world, 2_000, &key);
    assert!(at[0] <= 200, "{at:?}");
    let mut count = 0;
    for _ in 0..5 {
        world.send(0, 1, "hello?").unwrap();
        count += ask_in_vain(&mut world, 1_000, &key).len();
    }
    assert!(count <= 4, "{count} rounds in five seconds");
}

#[test]
fn look_ups_are_bounded_and_take_turns() {
    let (mut world, _) = alone(521);
    for n in 0..30 {
        let account = AccountId([n; 32]);
        let mut contact = crate::engine::people::new_contact(account, [n; 32]);
        (contact.state, contact.rv_in) = (ContactState::Accepted, Some([n; 32]));
        engine(&mut world, 0).contacts.insert(account, contact);
    }
    engine(&mut world, 0).stale = true;
    feed(&mut world, 0, vec![NetEvent::Neighbours { count: 20 }], 0);
    let mut under_way = look_ups(&feed(&mut world, 0, Vec::new(), 0));
    let mut first: Vec<[u8; 32]> = Vec::new();
    while first.len() < 31 {
        assert!((1..=8).contains(&under_way.len()));
        let (lookup, key) = under_way.remove(0);
        assert!(!first.contains(&key), "somebody is asked twice before all are asked once");
        first.push(key);
        let none = NetEvent::LookedUp { lookup, asked: 20 };
        under_way.extend(look_ups(&feed(&mut world, 0, vec![none], 0)));
    }
}

#[test]
fn an_invite_whose_addresses_are_old_is_found_by_its_card() {
    for private in [false, true] {
        let mut world = friends(1, 522);
        let invite = Command::InviteNew { uses: 1, valid_ms: 86_400_000, private, auto_accept: true };
        let relay = world.add_relay();
        if private {
            world.crash(0);
            world.put_behind(0, Some(relay));
            world.start(0);
        }
        let Ok(Reply::Invite(invite)) = world.command(0, invite) else { panic!("no invite") };
        world.run(5_000);
        world.crash(0);
        world.machines[0].place = 9;
        world.start(0);
        world.run(5_000);
        world.machines.push(World::new(2, 523).machines.remove(1));
        world.start(1);
        world.run(2_000);
        world.command(1, Command::Add { link: invite.link, name: None, note: String::new() }).unwrap();
        world.run(20_000);
        assert!(world.are_friends(1, 0), "private: {private}");
    }
}

#[test]
fn the_card_of_a_private_invite_tells_no_address() {
    let (mut world, _) = alone(524);
    let relayed = "/ip4/198.51.100.1/tcp/1/p2p/r/p2p-circuit/p2p/me".to_owned();
    let addrs = vec!["/ip4/192.0.2.1/tcp/1".to_owned(), relayed.clone()];
    feed(&mut world, 0, vec![NetEvent::Addresses { addrs: addrs.clone() }], 0);
    for private in [true, false] {
        let invite = Command::InviteNew { uses: 1, valid_ms: 86_400_000, private, auto_accept: false };
        world.command(0, invite).unwrap();
    }
    let day = discovery::day_of(engine(&mut world, 0).now.wall_ms);
    let mut commands = feed(&mut world, 0, vec![NetEvent::Neighbours { count: 20 }], 2_000);
    commands.extend(feed(&mut world, 0, Vec::new(), 2_000));
    let put = publications(&commands);
    assert_eq!(put.len(), 3);
    let mut seqs = Vec::new();
    let invites = engine(&mut world, 0).invites.clone();
    for record in invites.into_values().filter(|record| record.uses > 0) {
        let slot = Slot { rv: record.secret, who: SlotOwner::Account, day };
        let (_, _, value) = put.iter().find(|(_, key, _)| *key == discovery::key(&slot)).unwrap();
        let card = Card::open(&discovery::open(&slot, value).unwrap()).unwrap().0;
        let shown = if record.private { vec![relayed.clone()] } else { addrs.clone() };
        assert_eq!(card.addrs, shown);
        seqs.push((record.private, card.seq));
    }
    seqs.sort_unstable();
    assert!(seqs[0].1 > seqs[1].1, "the whole card is the newer one");
}

#[test]
fn a_restart_within_ten_seconds_writes_later_records() {
    let (mut world, _) = alone(525);
    let mut last = None;
    for _ in 0..3 {
        world.crash(0);
        world.start(0);
        let mut commands = feed(&mut world, 0, vec![NetEvent::Neighbours { count: 20 }], 0);
        commands.extend(feed(&mut world, 0, Vec::new(), 10));
        let made: Vec<Made> = publications(&commands)
            .iter()
            .map(|(_, key, value)| discovery::check(key, value).unwrap())
            .collect();
        let today = made.iter().max().copied();
        assert!(today > last, "{today:?} after {last:?}");
        last = today;
    }
}

#[test]
fn good_nodes_are_remembered_over_a_restart() {
    let (mut world, _) = alone(526);
    let list = |n: usize| (0..n).map(|n| format!("/ip4/192.0.2.{n}/tcp/1")).collect::<Vec<_>>();
    feed(&mut world, 0, vec![NetEvent::GoodPeers { addrs: list(100) }], 0);
    // Nobody is not a change.
    feed(&mut world, 0, vec![NetEvent::GoodPeers { addrs: Vec::new() }], 1_000);
    let seeds = |world: &mut World| {
        world.crash(0);
        let records = world.machines[0].disk.records.clone();
        world.start(0);
        world.crash(0);
        let load = |((space, key), value)| Record { space, key, value };
        let records: Vec<Record> = records.into_iter().map(load).collect();
        let now = Now::new(5, 1_790_000_100_000);
        let mut engine = Engine::load(records, Rng::from_number(1), now).unwrap();
        let step = engine.turn([], now);
        world.start(0);
        step.actions
            .into_iter()
            .find_map(|action| match action {
                Action::Net(NetCommand::Seeds { addrs }) => Some(addrs),
                _ => None,
            })
            .unwrap()
    };
    assert_eq!(seeds(&mut world), list(64));
    feed(&mut world, 0, vec![NetEvent::GoodPeers { addrs: list(3) }], 0);
    // What is told last of all, as the node ends, counts however soon it comes.
    feed(&mut world, 0, vec![NetEvent::GoodPeers { addrs: list(4) }], 1_000);
    assert_eq!(seeds(&mut world), list(4));
}
