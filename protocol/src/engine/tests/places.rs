//! Where mailboxes are: told by those who keep mail for others, found by those who have business with them.

use super::finding::{alone, feed};
use super::*;
use crate::discovery::{self, Slot, SlotOwner};
use crate::mail::{MailKey, Place};
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
