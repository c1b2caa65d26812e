//! Contacts who keep mail for each other: asking, agreeing, declining, crossing, and what nobody asked for.

use super::*;
use crate::content::{Body, KeepMail};
use crate::mail::{MailKey, MailboxLink};
use crate::time::{DAY_MS, SECOND_MS};

fn ask(world: &mut World, from: usize, to: usize) -> Result<Reply, Refusal> {
    let account = world.account(to);
    world.command(from, Command::MailboxAsk { account })
}

fn answer_ask(world: &mut World, from: usize, to: usize, agree: bool) -> Result<Reply, Refusal> {
    let account = world.account(to);
    world.command(from, Command::MailboxAnswer { account, agree })
}

fn lists(world: &mut World, at: usize) -> (Vec<MailboxView>, Vec<MailAskView>) {
    match world.command(at, Command::MailboxList) {
        Ok(Reply::Mailboxes { mine, asks }) => (mine, asks),
        other => panic!("{other:?}"),
    }
}

/// What became of questions with another, as a machine was told.
fn told(world: &World, at: usize, with: usize) -> Vec<&'static str> {
    let other = world.account(with);
    let of = |event: &Event| match event {
        Event::MailAsk { account, change } if *account == other => Some(*change),
        _ => None,
    };
    events(world, at).iter().filter_map(of).collect()
}

/// Whether a machine has its mail kept by another, and nowhere else.
fn is_kept_by(world: &mut World, at: usize, by: usize) -> bool {
    let friend = world.account(by);
    let mailbox = MailKey::of(&engine(world, by).own.device).id();
    let mine = lists(world, at).0;
    mine.len() == 1 && mine[0].friend == Some(friend) && mine[0].mailbox == mailbox
}

fn friends(seed: u64) -> World {
    let mut world = World::friends(2, seed);
    world.run(2 * SECOND_MS);
    world
}

#[test]
fn two_who_agree_keep_mail_for_each_other() {
    let mut world = friends(1);
    assert_eq!(ask(&mut world, 0, 1), Ok(Reply::Done));
    let (alice, bob) = (world.account(0), world.account(1));
    assert_eq!(lists(&mut world, 0).1, [MailAskView { account: bob, ours: true }]);
    world.run(2 * SECOND_MS);
    assert_eq!(told(&world, 1, 0), ["asked"]);
    assert_eq!(lists(&mut world, 1).1, [MailAskView { account: alice, ours: false }]);
    assert!(lists(&mut world, 1).0.is_empty(), "nothing is used before bob said so");
    assert_eq!(answer_ask(&mut world, 1, 0, true), Ok(Reply::Done));
    world.run(2 * SECOND_MS);
    assert!(is_kept_by(&mut world, 0, 1) && is_kept_by(&mut world, 1, 0));
    assert_eq!(told(&world, 0, 1), ["agreed"]);
    assert_eq!(told(&world, 1, 0), ["asked", "agreed"]);
    for at in [0, 1] {
        assert!(lists(&mut world, at).1.is_empty());
        assert_eq!(world.machines[at].disk.count(Space::MailAsk), 0);
    }
}

#[test]
fn who_declines_changes_nothing_and_says_so() {
    let mut world = friends(2);
    ask(&mut world, 0, 1).unwrap();
    world.run(2 * SECOND_MS);
    answer_ask(&mut world, 1, 0, false).unwrap();
    world.run(2 * SECOND_MS);
    assert_eq!(told(&world, 0, 1), ["declined"]);
    assert_eq!(told(&world, 1, 0), ["asked", "declined"]);
    for at in [0, 1] {
        assert_eq!(lists(&mut world, at), (Vec::new(), Vec::new()));
    }
}

#[test]
fn two_who_ask_at_once_have_agreed() {
    let mut world = friends(3);
    world.part(0, 1);
    world.run(SECOND_MS);
    ask(&mut world, 0, 1).unwrap();
    ask(&mut world, 1, 0).unwrap();
    world.heal(0, 1);
    world.run(30 * SECOND_MS);
    assert!(is_kept_by(&mut world, 0, 1) && is_kept_by(&mut world, 1, 0));
    assert_eq!((told(&world, 0, 1), told(&world, 1, 0)), (vec!["agreed"], vec!["agreed"]));
}

#[test]
fn who_asks_somebody_who_asked_has_agreed() {
    let mut world = friends(4);
    ask(&mut world, 0, 1).unwrap();
    world.run(2 * SECOND_MS);
    ask(&mut world, 1, 0).unwrap();
    world.run(2 * SECOND_MS);
    assert!(is_kept_by(&mut world, 0, 1) && is_kept_by(&mut world, 1, 0));
}

#[test]
fn a_question_is_still_open_after_a_restart() {
    let mut world = friends(5);
    ask(&mut world, 0, 1).unwrap();
    world.run(2 * SECOND_MS);
    for at in [0, 1] {
        world.crash(at);
        world.start(at);
    }
    world.run(30 * SECOND_MS);
    answer_ask(&mut world, 1, 0, true).unwrap();
    world.run(2 * SECOND_MS);
    assert!(is_kept_by(&mut world, 0, 1) && is_kept_by(&mut world, 1, 0));
}

#[test]
fn a_question_nobody_answers_is_over_after_30_days() {
    let mut world = friends(6);
    ask(&mut world, 0, 1).unwrap();
    world.run(2 * SECOND_MS);
    world.run(30 * DAY_MS);
    world.run(2 * 3_600_000);
    assert_eq!((told(&world, 0, 1), told(&world, 1, 0)), (vec!["declined"], vec!["asked", "declined"]));
    assert_eq!(answer_ask(&mut world, 1, 0, true), Err(Refusal::NoAsk));
}

#[test]
fn an_answer_nobody_asked_for_is_nothing() {
    let mut world = friends(7);
    let link = engine(&mut world, 1).mail_link_for_test();
    for (link, answer) in [(Some(link), true), (None, true), (None, false), (Some("junk".to_owned()), false)]
    {
        let chat = world.chat(0);
        let body = Body::KeepMail(KeepMail { link, answer, ext: Vec::new() });
        engine(&mut world, 1).send_control(chat, &body).unwrap();
        world.turn(1, vec![Input::Wake]);
        world.run(2 * SECOND_MS);
    }
    assert_eq!(lists(&mut world, 0), (Vec::new(), Vec::new()));
    assert!(told(&world, 0, 1).is_empty());
    assert!(peer(&mut world, 1, 0).outbox.is_empty(), "all of it came");
}

#[test]
fn only_contacts_are_asked_and_only_questions_are_answered() {
    let mut world = World::friends(2, 8);
    let stranger = AccountId([9; 32]);
    assert_eq!(world.command(0, Command::MailboxAsk { account: stranger }), Err(Refusal::NoContact));
    assert_eq!(answer_ask(&mut world, 0, 1, true), Err(Refusal::NoAsk));
    ask(&mut world, 0, 1).unwrap();
    assert_eq!(answer_ask(&mut world, 0, 1, true), Err(Refusal::NoAsk), "one's own question");
    let account = world.account(1);
    world.command(0, Command::Block { account }).unwrap();
    assert_eq!(ask(&mut world, 0, 1), Err(Refusal::Blocked));
    assert!(lists(&mut world, 0).1.is_empty(), "a question to somebody blocked is over");
}

#[test]
fn nobody_has_more_than_three_mailboxes_or_their_own() {
    let mut world = friends(9);
    let own = engine(&mut world, 0).mail_link_for_test();
    assert!(world.command(0, Command::MailboxUse { link: own }).is_err());
    assert!(matches!(
        world.command(0, Command::MailboxUse { link: "starling:nonsense".to_owned() }),
        Err(Refusal::BadLink { .. })
    ));
    for mailbox in 0..3 {
        world.add_mailbox();
        let link = world.mail_link(mailbox);
        assert!(matches!(world.command(0, Command::MailboxUse { link }), Ok(Reply::Mailbox(_))));
    }
    world.add_mailbox();
    let link = world.mail_link(3);
    assert!(matches!(world.command(0, Command::MailboxUse { link }), Err(Refusal::Full { .. })));
    assert!(matches!(ask(&mut world, 0, 1), Err(Refusal::Full { .. })));
}

#[test]
fn a_grant_is_a_link_to_ones_own_mailbox_within_bounds() {
    let mut world = friends(10);
    let grant =
        |world: &mut World, uses, quota_mib| world.command(0, Command::MailboxGrant { uses, quota_mib });
    for (uses, quota_mib) in [(0, 1), (10_001, 1), (1, 0), (1, 1_025)] {
        assert!(matches!(grant(&mut world, uses, quota_mib), Err(Refusal::OutOfRange { .. })));
    }
    let Ok(Reply::MailboxLink { grant, link }) = grant(&mut world, 5, 64) else { panic!("no link") };
    let link = MailboxLink::from_link(&link).unwrap();
    let key = MailKey::of(&engine(&mut world, 0).own.device);
    assert_eq!((link.mailbox, link.grant.id), (key.id(), grant));
    assert!(key.gave(&link.grant));
    assert!(!link.hints.is_empty());
}

#[test]
fn a_friend_who_moves_without_end_does_not_make_us_tell_everybody_without_end() {
    let mut world = friends(12);
    ask(&mut world, 0, 1).unwrap();
    world.run(2 * SECOND_MS);
    answer_ask(&mut world, 1, 0, true).unwrap();
    world.run(30 * SECOND_MS);
    assert!(is_kept_by(&mut world, 0, 1));
    engine(&mut world, 0).mail.own.put_in_use();
    let alice = world.account(0);
    // The number of a card is the second it was made in, or more.
    engine(&mut world, 0).spread_card();
    let before = engine(&mut world, 0).own.card_seq;
    for number in 0..100 {
        let bob = engine(&mut world, 1);
        bob.own.addrs = vec![format!("/ip4/192.0.2.{number}/udp/4164/quic-v1")];
        bob.own.card_day = None;
        let rv = bob.contacts[&alice].rv_out;
        let card = bob.own_card(&rv).unwrap();
        engine(&mut world, 0).take_card(None, &card).unwrap();
        world.turn(0, vec![Input::Wake]);
    }
    world.run(2 * SECOND_MS);
    let after = engine(&mut world, 0).own.card_seq;
    assert!(after > before, "it is told");
    assert!(after <= before + 6, "{} cards", (after - before) / 3);
}
