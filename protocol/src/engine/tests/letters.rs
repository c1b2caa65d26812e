//! Envelopes that are not rows: answers to what came by mail, and requests to inviters who are away.

use super::*;
use crate::engine::mail::letters::OnceKept;
use crate::mail::envelope::kind;
use crate::mail::server::Shelf;
use crate::time::{MINUTE_MS, SECOND_MS};

pub(super) fn use_mailbox(world: &mut World, at: usize, mailbox: usize) {
    let link = world.mail_link(mailbox);
    world.command(at, Command::MailboxUse { link }).unwrap();
}

/// Two contacts, each with a mailbox of their own.
pub(super) fn both(seed: u64) -> World {
    let mut world = World::friends(2, seed);
    for at in [0, 1] {
        world.add_mailbox();
        use_mailbox(&mut world, at, at);
    }
    world.run(10 * SECOND_MS);
    world
}

pub(super) fn envelopes(world: &mut World, mailbox: usize) -> u64 {
    world.mailboxes[mailbox].shelf.totals().unwrap().envelopes
}

#[test]
fn two_who_are_never_there_together_hear_that_their_messages_came() {
    let mut world = both(1);
    world.crash(1);
    let message = world.send(0, 1, "good night").unwrap();
    world.run(10 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Mailbox));
    world.crash(0);
    world.start(1);
    world.run(10 * SECOND_MS);
    assert_eq!(world.shown(1, 0), ["good night"]);
    assert_eq!(envelopes(&mut world, 1), 0, "it is answered, and goes");
    assert_eq!(envelopes(&mut world, 0), 1, "the answer lies with alice's mailbox");
    world.crash(1);
    world.start(0);
    world.run(10 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Delivered));
    assert_eq!(envelopes(&mut world, 0), 0);
    assert_eq!(world.machines[0].disk.count(Space::Custody), 0);
}

#[test]
fn what_is_not_answered_yet_stays_at_the_mailbox() {
    let mut world = both(2);
    world.crash(1);
    let message = world.send(0, 1, "good night").unwrap();
    world.run(10 * SECOND_MS);
    world.crash(0);
    world.stop_mailbox(0);
    world.start(1);
    world.run(MINUTE_MS);
    assert_eq!(world.shown(1, 0), ["good night"]);
    assert_eq!(envelopes(&mut world, 1), 1, "alice does not know yet that it came");
    world.start_mailbox(0);
    world.run(10 * MINUTE_MS);
    assert_eq!(envelopes(&mut world, 1), 0);
    world.crash(1);
    world.start(0);
    world.run(10 * SECOND_MS);
    assert_eq!(world.state(0, message, 1), Some(MessageState::Delivered));
}

#[test]
fn a_letter_nobody_can_take_is_said_to_be_none() {
    let mut world = World::friends(2, 3);
    let device = world.machines[1].device;
    let then = OnceKept::Answered(Vec::new());
    assert!(!engine(&mut world, 0).post_letter_for_test(device, kind::ACKS, vec![0], then));
}

#[test]
fn letters_are_bounded() {
    let mut world = both(4);
    world.crash(1);
    world.stop_mailbox(1);
    world.run(10 * SECOND_MS);
    let device = world.machines[1].device;
    for _ in 0..2_000 {
        let then = OnceKept::Answered(Vec::new());
        engine(&mut world, 0).post_letter_for_test(device, kind::ACKS, vec![0; 30_000], then);
    }
    let (count, bytes) = engine(&mut world, 0).letters_for_test();
    assert!(count <= 512 && bytes <= 8 * 1024 * 1024, "{count} letters, {bytes} bytes");
}

#[test]
fn somebody_is_asked_and_accepts_without_ever_meeting() {
    let mut world = World::new(2, 5);
    world.add_dht(crate::testing::Dht::new(30, 501));
    for at in [0, 1] {
        world.start(at);
        world.add_mailbox();
        use_mailbox(&mut world, at, at);
    }
    world.run(20 * SECOND_MS);
    let link = world.invite(0, 1, false);
    world.run(10 * SECOND_MS);
    world.crash(0);
    world.command(1, Command::Add { link, name: None, note: "it is me".to_owned() }).unwrap();
    world.run(MINUTE_MS);
    assert_eq!(envelopes(&mut world, 0), 1, "the request lies with alice's mailbox");
    world.crash(1);
    world.start(0);
    world.run(20 * SECOND_MS);
    let bob = world.account(1);
    let asked = |event: &&Event| matches!(event, Event::Request { account, .. } if *account == bob);
    assert_eq!(events(&world, 0).iter().filter(asked).count(), 1);
    world.command(0, Command::RequestAccept { account: bob }).unwrap();
    world.run(20 * SECOND_MS);
    world.crash(0);
    world.start(1);
    world.run(20 * SECOND_MS);
    assert!(world.are_friends(1, 0), "the consent came by mail");
}
