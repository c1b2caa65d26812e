//! The room's mailbox: what reaches who is away, what is told of it, and what is not for those who were put out.

use super::*;
use crate::engine::room::record::RoomBox;
use crate::ids::MessageId;
use crate::mail::QueueId;
use crate::mail::server::Shelf;
use crate::testing::MailFault;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};

fn shows(world: &World, at: usize, room: RoomId, text: &str) -> bool {
    world.room_texts(at, room).iter().any(|shown| shown == text)
}

fn state(world: &World, at: usize, said: MessageId, to: usize) -> MessageState {
    world.state(at, said, to).unwrap()
}

/// Three in a room that has a box, by the first's mailbox; everybody has everybody's key, and all are off then.
fn asleep(seed: u64) -> (World, RoomId) {
    let mut world = awake(seed, 100);
    let room = world.room_of(0, &[1, 2]);
    assert!(world.until(|world| world.room_view(2, room).is_some_and(|view| view.mailboxes == 1)));
    for from in 0..3 {
        world.say(from, room, "hello").unwrap();
    }
    world.run(MINUTE_MS);
    (0..3).for_each(|at| world.crash(at));
    world.run(1_000);
    (world, room)
}

/// Three friends, of whom the first uses a mailbox under a grant with so many uses.
fn awake(seed: u64, uses: u32) -> World {
    let mut world = World::friends(3, seed);
    world.add_mailbox();
    let link = world.mail_link_for(0, uses, 64);
    world.command(0, Command::MailboxUse { link }).unwrap();
    world.run(MINUTE_MS);
    world
}

/// The boxes of a room, as a machine that is on knows them.
fn boxes(world: &World, at: usize, room: RoomId) -> Vec<RoomBox> {
    world.machines[at].engine.as_ref().unwrap().room(&room).unwrap().record.boxes.clone()
}

fn lying(world: &mut World, queue: &QueueId) -> u64 {
    world.mailboxes[0].shelf.queue(queue).unwrap().map_or(0, |queue| queue.envelopes)
}

/// A machine lives some days at once, and an hour.
fn lives(world: &mut World, at: usize, days: u64) {
    world.run(1_000);
    world.machines[at].engine.as_mut().unwrap().own.lived_ms += days * DAY_MS;
    world.run(HOUR_MS);
}

fn alone(world: &mut World, at: usize, ms: u64) {
    world.start(at);
    world.run(ms);
    world.crash(at);
    world.run(1_000);
}

#[test]
fn a_message_reaches_who_is_never_there_together_with_its_author() {
    let (mut world, room) = asleep(620);
    world.start(1);
    let said = world.say(1, room, "for later").unwrap();
    assert_eq!(state(&world, 1, said, 2), MessageState::Queued);
    world.run(20_000);
    assert_eq!([0, 2].map(|to| state(&world, 1, said, to)), [MessageState::Mailbox; 2]);
    let Ok(Reply::Custody(views)) = world.command(1, Command::Custody { message: said }) else { panic!() };
    let accounts: Vec<_> = views.iter().map(|view| view.account).collect();
    let mut wanted = vec![world.account(0), world.account(2)];
    wanted.sort();
    assert_eq!(accounts, wanted);
    assert!(views.iter().all(|view| view.mailbox == world.mailboxes[0].id()));
    world.crash(1);
    alone(&mut world, 2, 20_000);
    assert!(shows(&world, 2, room, "for later"));
    let via = |world: &World| {
        let messages = &world.machines[2].disk.messages;
        messages.iter().find(|message| message.text == "for later").map(|message| message.via)
    };
    assert_eq!(via(&world), Some("mailbox"));
    alone(&mut world, 1, 20_000);
    assert_eq!(state(&world, 1, said, 2), MessageState::Delivered, "the receipt came the same way");
    assert_eq!(state(&world, 1, said, 0), MessageState::Mailbox);
    alone(&mut world, 0, 20_000);
    assert!(shows(&world, 0, room, "for later"), "nobody took it away");
}

#[test]
fn what_was_read_is_not_read_again_and_what_was_left_is_not_left_again() {
    let (mut world, room) = asleep(621);
    world.start(1);
    for number in 0..30 {
        world.say(1, room, &format!("message {number}")).unwrap();
    }
    world.run(30_000);
    let queue = boxes(&world, 1, room)[0].queue();
    let deposits = world.mailboxes[0].deposits;
    assert!(lying(&mut world, &queue) < 12, "many go in one envelope");
    world.run(3 * HOUR_MS);
    assert_eq!(world.mailboxes[0].deposits, deposits);
    world.crash(1);
    world.start(2);
    world.run(20_000);
    assert!((0..30).all(|number| shows(&world, 2, room, &format!("message {number}"))));
    let upto = boxes(&world, 2, room)[0].upto;
    assert!(upto >= lying(&mut world, &queue));
}

#[test]
fn what_is_promised_is_left_again_before_it_runs_out() {
    let (mut world, room) = asleep(622);
    world.start(1);
    world.say(1, room, "for much later").unwrap();
    world.run(20_000);
    let deposits = world.mailboxes[0].deposits;
    for (days, again) in [(12, 0), (1, 1)] {
        lives(&mut world, 1, days);
        assert_eq!(world.mailboxes[0].deposits, deposits + again);
    }
    let queue = boxes(&world, 1, room)[0].queue();
    let there = lying(&mut world, &queue);
    world.crash(1);
    alone(&mut world, 2, 30_000);
    assert!(shows(&world, 2, room, "for much later"));
    assert_eq!(lying(&mut world, &queue), there + 1, "the same bytes lie there once, and a receipt");
}

#[test]
fn a_mailbox_that_refuses_keeps_nothing_from_anybody() {
    let (mut world, room) = asleep(623);
    world.mailboxes[0].faults = vec![MailFault::Refuses, MailFault::BadPromise];
    world.start(1);
    let said = world.say(1, room, "hard to leave").unwrap();
    world.run(2 * HOUR_MS);
    assert_eq!(state(&world, 1, said, 2), MessageState::Queued);
    world.mailboxes[0].faults.clear();
    world.run(2 * HOUR_MS);
    assert_eq!(state(&world, 1, said, 2), MessageState::Mailbox);
    world.start(2);
    assert!(world.until(|world| state(world, 1, said, 2) == MessageState::Delivered));
}

#[test]
fn a_change_of_the_room_reaches_who_is_away() {
    let (mut world, room) = asleep(624);
    world.start(0);
    let what = RoomSetting::Topic("the roof leaks".to_owned());
    world.command(0, Command::RoomSet { room, what }).unwrap();
    world.run(20_000);
    world.crash(0);
    world.start(2);
    world.run(20_000);
    assert_eq!(world.room_view(2, room).unwrap().topic, "the roof leaks");
}

#[test]
fn a_mailbox_for_one_person_serves_their_rooms_too() {
    let mut world = awake(625, 1);
    let room = world.room_of(0, &[1, 2]);
    world.run(5 * MINUTE_MS);
    assert_eq!(world.room_view(0, room).unwrap().mailboxes, 1);
}

#[test]
fn a_room_that_was_there_first_gets_a_box_when_its_creator_gets_a_mailbox_and_loses_it_with_that() {
    let mut world = World::friends(2, 626);
    let room = world.room_of(0, &[1]);
    world.add_mailbox();
    let link = world.mail_link(0);
    world.command(0, Command::MailboxUse { link }).unwrap();
    let has = |count| move |world: &mut World| world.room_view(1, room).unwrap().mailboxes == count;
    assert!(world.until(has(1)));
    let mailbox = world.mailboxes[0].id();
    world.command(0, Command::MailboxDrop { mailbox }).unwrap();
    assert!(world.until(has(0)));
}

#[test]
fn who_was_put_out_reads_nothing_new() {
    let mut world = awake(627, 100);
    let room = world.room_of(0, &[1, 2]);
    assert!(world.until(|world| world.room_view(2, room).is_some_and(|view| view.mailboxes == 1)));
    world.run(MINUTE_MS);
    let old = boxes(&world, 2, room)[0].queue();
    let account = world.account(2);
    world.command(0, Command::RoomRemove { room, account }).unwrap();
    world.run(MINUTE_MS);
    let new: Vec<RoomBox> = boxes(&world, 1, room).into_iter().filter(|held| held.named).collect();
    assert_eq!(new.len(), 1);
    let new = new[0].queue();
    assert_ne!(old, new);
    let before = lying(&mut world, &old);
    world.crash(0);
    let said = world.say(1, room, "without carol").unwrap();
    world.run(MINUTE_MS);
    assert_eq!(state(&world, 1, said, 0), MessageState::Mailbox);
    assert!(lying(&mut world, &new) > 0);
    assert_eq!(lying(&mut world, &old), before);
    assert!(
        boxes(&world, 2, room).iter().all(|held| held.queue() != new),
        "the name of the new one is not told"
    );
    world.start(0);
    lives(&mut world, 0, 13);
    assert!(world.mailboxes[0].shelf.queue(&old).unwrap().is_some());
    lives(&mut world, 0, 2);
    assert_eq!(world.mailboxes[0].shelf.queue(&old).unwrap(), None, "the old one goes");
}

#[test]
fn what_is_sealed_with_a_secret_that_comes_later_is_read_then() {
    let mut world = awake(628, 100);
    world.add_mailbox();
    let link = world.mail_link(1);
    world.command(1, Command::MailboxUse { link }).unwrap();
    let room = world.room_of(0, &[1, 2]);
    assert!(world.until(|world| world.room_view(1, room).is_some_and(|view| view.mailboxes == 1)));
    for from in 0..3 {
        world.say(from, room, "hello").unwrap();
    }
    world.run(10 * MINUTE_MS);
    world.crash(1);
    let account = world.account(2);
    world.command(0, Command::RoomRemove { room, account }).unwrap();
    world.run(1_000);
    world.say(0, room, "a new beginning").unwrap();
    world.run(MINUTE_MS);
    world.crash(0);
    // The secret comes by their own mail, which cannot be reached yet.
    let own = world.mailbox_end(1);
    world.part(1, own);
    world.start(1);
    world.run(20_000);
    assert!(!shows(&world, 1, room, "a new beginning"));
    world.heal(1, own);
    assert!(world.until(|world| shows(world, 1, room, "a new beginning")));
    assert_eq!(world.room_members(1, room), [0, 1]);
}
