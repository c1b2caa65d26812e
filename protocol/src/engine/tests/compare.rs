//! Three words: the same on both sides, and nobody in the middle can make them so.

use super::*;
use crate::engine::compare::Compare;
use crate::engine::live::FrameOut;
use crate::time::SECOND_MS;

/// The words a machine showed for another, in order.
fn words(world: &World, at: usize, of: usize) -> Vec<[&'static str; 3]> {
    let them = world.machines[of].account;
    let shown = |notice: &Notice| match notice {
        Notice::Words { account, words } if *account == them => Some(*words),
        _ => None,
    };
    world.machines[at].notices.iter().filter_map(shown).collect()
}

fn ask(world: &mut World, from: usize, of: usize) -> Result<Reply, Refusal> {
    let account = world.machines[of].account;
    world.command(from, Command::Compare { account })
}

fn said(world: &mut World, from: usize, to: usize, said: Compare) {
    let device = world.machines[from].device;
    engine(world, to).on_compare(device, said);
    world.turn(to, Vec::new());
}

#[test]
fn both_see_the_same_words_and_other_ones_each_time() {
    let mut world = World::friends(2, 91);
    ask(&mut world, 0, 1).unwrap();
    world.run(SECOND_MS);
    let first = words(&world, 0, 1);
    assert_eq!((first.len(), &first), (1, &words(&world, 1, 0)));
    world.run(10 * SECOND_MS);
    ask(&mut world, 1, 0).unwrap();
    world.run(SECOND_MS);
    let second = words(&world, 0, 1);
    assert_eq!((second.len(), &second), (2, &words(&world, 1, 0)));
    assert_ne!(second[0], second[1]);
}

#[test]
fn who_asks_at_the_same_time_sees_one_and_the_same() {
    let mut world = World::friends(2, 92);
    let (a, b) = (world.machines[0].account, world.machines[1].account);
    engine(&mut world, 0).compare(b).unwrap();
    engine(&mut world, 1).compare(a).unwrap();
    world.turn(0, Vec::new());
    world.turn(1, Vec::new());
    world.run(SECOND_MS);
    assert_eq!((words(&world, 0, 1).len(), words(&world, 0, 1)), (1, words(&world, 1, 0)));
}

#[test]
fn who_is_bound_to_other_chance_than_they_reveal_shows_nothing() {
    let mut world = World::friends(2, 93);
    said(&mut world, 0, 1, Compare::Commit([7; 32]));
    said(&mut world, 0, 1, Compare::Reveal([8; 32]));
    assert!(words(&world, 1, 0).is_empty());
    // Nor can an answer or a reveal come out of nothing.
    said(&mut world, 0, 1, Compare::Answer([8; 32]));
    assert!(words(&world, 1, 0).is_empty());
}

#[test]
fn one_question_is_answered_in_a_while_however_many_are_asked() {
    let mut world = World::friends(2, 94);
    for _ in 0..10 {
        ask(&mut world, 0, 1).unwrap();
        world.run(100);
    }
    assert_eq!(words(&world, 1, 0).len(), 1);
}

#[test]
fn who_is_away_or_a_stranger_is_not_compared_with() {
    let mut world = World::friends(3, 95);
    world.command(0, Command::SetPresence { presence: Presence::Invisible }).unwrap();
    world.run(SECOND_MS);
    assert_eq!(ask(&mut world, 0, 1), Err(Refusal::NotHere));
    let account = AccountId([9; 32]);
    assert_eq!(world.command(1, Command::Compare { account }), Err(Refusal::NoContact));
    let (b, c) = (world.machines[1].account, world.machines[2].device);
    world.command(2, Command::Block { account: b }).unwrap();
    let before = world.machines[2].notices.len();
    engine(&mut world, 1).frame_to(c, &FrameOut::Compare(Compare::Commit([1; 32])));
    world.run(SECOND_MS);
    assert!(!world.machines[2].notices[before..].iter().any(|n| matches!(n, Notice::Words { .. })));
}
