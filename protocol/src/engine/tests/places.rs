//! Where mailboxes are: told by those who keep mail for others, found by those who have business with them.

use super::finding::{alone, dials, feed, look_ups, value};
use super::*;
use crate::discovery::{self, Slot, SlotOwner};
use crate::engine::mail::{self, Ask};
use crate::identity::DeviceKeys;
use crate::mail::{MailKey, Place, Request};
use crate::time::MINUTE_MS;

fn slot_of(engine: &Engine) -> Slot {
    let rv = Place::rv(&MailKey::of(&engine.own.device).id());
    Slot { rv, who: SlotOwner::Account, day: discovery::day_of(engine.now.wall_ms) }
}

fn published(commands: &[NetCommand], slot: &Slot) -> Option<(u64, Signed)> {
    commands.iter().find_map(|command| match command {
        NetCommand::Publish { publish, key, value } if *key == discovery::key(slot) => {
            Some((*publish, discovery::open(slot, value).unwrap()))
        }
        _ => None,
    })
}

#[test]
fn who_keeps_mail_for_others_tells_where_and_takes_it_back() {
    let (mut world, _) = alone(900);
    let slot = slot_of(engine(&mut world, 0));
    let commands = feed(&mut world, 0, vec![NetEvent::Neighbours { count: 20 }], 0);
    assert_eq!(published(&commands, &slot), None, "a mailbox nobody uses is nobody's business");
    engine(&mut world, 0).set_keeps_mail(true);
    let (publish, signed) = published(&feed(&mut world, 0, Vec::new(), 0), &slot).unwrap();
    let mailbox = MailKey::of(&engine(&mut world, 0).own.device).id();
    let place = Place::open(&signed, &mailbox).unwrap();
    assert_eq!(place.addrs, [world.address(0)]);
    let told = NetEvent::Published { publish, copies: 20 };
    assert_eq!(published(&feed(&mut world, 0, vec![told], 0), &slot), None);
    // It moved.
    let addrs = vec!["/ip4/192.0.2.7/tcp/1".to_owned()];
    feed(&mut world, 0, vec![NetEvent::Addresses { addrs: addrs.clone() }], 0);
    let (publish, signed) = published(&feed(&mut world, 0, Vec::new(), MINUTE_MS), &slot).unwrap();
    let later = Place::open(&signed, &mailbox).unwrap();
    assert_eq!(later.addrs, addrs);
    assert!(later.made_s > place.made_s);
    feed(&mut world, 0, vec![NetEvent::Published { publish, copies: 20 }], 0);
    engine(&mut world, 0).set_keeps_mail(false);
    let (_, signed) = published(&feed(&mut world, 0, Vec::new(), 0), &slot).unwrap();
    assert!(signed.body.is_empty(), "what lies there is emptied");
}

/// Somebody's mailbox, of which alice knows an address that is worth nothing any more.
fn moved() -> (MailKey, mail::Place) {
    let key = MailKey::of(&DeviceKeys::from_entropy([7; 64]));
    let place = mail::Place { id: key.id(), addrs: vec!["/ip4/192.0.2.1/tcp/1".to_owned()] };
    (key, place)
}

/// Alice has something for a mailbox and does not reach it. What she does then.
fn call_in_vain(world: &mut World, place: &mail::Place) -> Vec<NetCommand> {
    assert!(engine(world, 0).ask_mailbox(place, Ask::Withdraw, Request::Settle));
    let commands = feed(world, 0, Vec::new(), 0);
    let dial = |command: &NetCommand| match command {
        NetCommand::Dial { dial, addrs } if addrs.contains(&place.addrs[0]) => Some(*dial),
        _ => None,
    };
    let dial = commands.iter().find_map(dial).unwrap();
    let failed = NetEvent::DialFailed { dial, reason: String::new() };
    let mut commands = feed(world, 0, vec![failed], 0);
    commands.extend(feed(world, 0, Vec::new(), 0));
    commands
}

/// Alice in a DHT that finds nobody she looked for until now.
fn alone_in_a_dht(seed: u64) -> World {
    let (mut world, _) = alone(seed);
    let mut commands = feed(&mut world, 0, vec![NetEvent::Neighbours { count: 20 }], 0);
    commands.extend(feed(&mut world, 0, Vec::new(), 0));
    let over = |(lookup, _)| NetEvent::LookedUp { lookup, asked: 20 };
    feed(&mut world, 0, look_ups(&commands).into_iter().map(over).collect(), 0);
    world
}

fn asked(commands: &[NetCommand], slot: &Slot) -> Option<u64> {
    let key = discovery::key(slot);
    look_ups(commands).into_iter().find(|(_, asked)| *asked == key).map(|(lookup, _)| lookup)
}

#[test]
fn a_mailbox_that_moved_is_called_where_it_says_it_is_and_nowhere_else() {
    let mut world = alone_in_a_dht(901);
    let (key, place) = moved();
    let day = discovery::day_of(engine(&mut world, 0).now.wall_ms);
    let slot = Slot { rv: Place::rv(&place.id), who: SlotOwner::Account, day };
    let lookup = asked(&call_in_vain(&mut world, &place), &slot).unwrap();
    let told = |key: &MailKey, at: &str, made_s| {
        let told = Place { addrs: vec![at.to_owned()], made_s };
        NetEvent::Found { lookup, value: value(&slot, &told.sign(key).unwrap()) }
    };
    // Everybody who knows the mailbox can write there.
    let mallory = MailKey::of(&DeviceKeys::from_entropy([8; 64]));
    let card = finding::card(&mut world, 1, 9, "/ip4/192.0.2.66/tcp/1");
    let forged = vec![
        told(&mallory, "/ip4/192.0.2.66/tcp/1", 9),
        NetEvent::Found { lookup, value: value(&slot, &card) },
        NetEvent::Found { lookup, value: vec![0; 4_096] },
    ];
    assert!(dials(&feed(&mut world, 0, forged, 0)).is_empty());
    let there = feed(&mut world, 0, vec![told(&key, "/ip4/192.0.2.2/tcp/1", 5)], 0);
    assert_eq!(dials(&there), [["/ip4/192.0.2.2/tcp/1"]]);
    let older = feed(&mut world, 0, vec![told(&key, "/ip4/192.0.2.3/tcp/1", 4)], 0);
    assert!(dials(&older).is_empty(), "an older word");
    let newer = feed(&mut world, 0, vec![told(&key, "/ip4/192.0.2.4/tcp/1", 6)], 0);
    assert_eq!(dials(&newer), [["/ip4/192.0.2.4/tcp/1"]]);
    let enough = feed(&mut world, 0, vec![told(&key, "/ip4/192.0.2.4/tcp/1", 6); 2], 0);
    assert!(enough.contains(&NetCommand::EndLookUp { lookup }));
}

#[test]
fn a_mailbox_that_is_gone_for_good_is_asked_for_ever_more_rarely() {
    let mut world = alone_in_a_dht(902);
    let (_, place) = moved();
    let day = discovery::day_of(engine(&mut world, 0).now.wall_ms);
    let slot = Slot { rv: Place::rv(&place.id), who: SlotOwner::Account, day };
    let mut commands = call_in_vain(&mut world, &place);
    let mut rounds = 0;
    for _ in 0..3 * 60 {
        rounds += usize::from(asked(&commands, &slot).is_some());
        let over = |(lookup, _)| NetEvent::LookedUp { lookup, asked: 20 };
        let over: Vec<NetEvent> = look_ups(&commands).into_iter().map(over).collect();
        commands = feed(&mut world, 0, over, 0);
        commands.extend(feed(&mut world, 0, Vec::new(), MINUTE_MS));
    }
    // Nobody asked it anything for an hour after the first: it is nobody's business.
    assert!((5..=14).contains(&rounds), "{rounds}");
    assert!(!engine(&mut world, 0).misses_mailbox(&place.id));
}
