//! What is not shown, because we do not want it or people we follow say so.

use super::super::super::command::Moderation;
use super::*;
use crate::engine::Change;
use crate::time::MINUTE_MS;

fn deleted(world: &World, at: usize, message: MessageId) -> bool {
    let is = |change: &Change| matches!(change, Change::Delete { message: of, .. } if *of == message);
    world.machines[at].disk.edits.iter().any(is)
}

fn follow(world: &mut World, at: usize, whom: usize, on: bool) {
    let account = world.account(whom);
    must(world, at, Command::RoomFollow { room: lobby(), account, on });
}

fn moderate(world: &mut World, at: usize, what: Moderation) {
    must(world, at, Command::RoomModerate { room: lobby(), what });
    world.run(1_000);
}

#[test]
fn whom_we_mute_is_not_shown_here_and_is_elsewhere() {
    let mut world = strangers(3, 21);
    world.run(5_000);
    world.say(0, lobby(), "first").unwrap();
    assert!(world.until(|world| shows(world, 1, lobby(), "first")));
    let account = world.account(0);
    must(&mut world, 1, Command::RoomMute { room: lobby(), account, on: true });
    assert!(writers(&mut world, 1, lobby()).iter().any(|one| one.account == account && one.muted));
    world.say(0, lobby(), "second").unwrap();
    assert!(world.until(|world| shows(world, 2, lobby(), "second")));
    world.run(MINUTE_MS);
    assert!(!shows(&world, 1, lobby(), "second"));
    must(&mut world, 1, Command::RoomMute { room: lobby(), account, on: false });
    world.say(0, lobby(), "third").unwrap();
    assert!(world.until(|world| shows(world, 1, lobby(), "third")));
}

#[test]
fn a_moderator_counts_for_who_follows_them() {
    let mut world = strangers(4, 22);
    world.run(5_000);
    follow(&mut world, 1, 0, true);
    let rude = world.say(3, lobby(), "rude").unwrap();
    assert!(world.until(|world| (0..3).all(|at| shows(world, at, lobby(), "rude"))));
    let author = world.account(3);
    moderate(&mut world, 0, Moderation::Hide { author, message: rude });
    assert!(deleted(&world, 0, rude) && deleted(&world, 1, rude), "the moderator and who follows");
    assert!(!deleted(&world, 2, rude) && !deleted(&world, 3, rude));
    moderate(&mut world, 0, Moderation::Mute { account: author, seconds: 60 });
    world.say(3, lobby(), "ruder").unwrap();
    assert!(world.until(|world| shows(world, 2, lobby(), "ruder")));
    assert!(!shows(&world, 1, lobby(), "ruder"));
    world.run(MINUTE_MS);
    world.say(3, lobby(), "sorry").unwrap();
    assert!(world.until(|world| shows(world, 1, lobby(), "sorry")), "a mute ends");
    // Whoever follows later is shown no more of it either.
    follow(&mut world, 2, 0, true);
    assert!(deleted(&world, 2, rude));
    // And who follows no more decides alone again.
    follow(&mut world, 1, 0, false);
    moderate(&mut world, 0, Moderation::Mute { account: author, seconds: 600 });
    world.say(3, lobby(), "here I am").unwrap();
    assert!(world.until(|world| shows(world, 1, lobby(), "here I am")));
}

#[test]
fn what_is_hidden_before_it_comes_is_not_shown() {
    let mut world = strangers(3, 23);
    world.run(5_000);
    let rude = world.say(1, lobby(), "rude").unwrap();
    assert!(world.until(|world| shows(world, 0, lobby(), "rude")));
    let author = world.account(1);
    world.crash(2);
    moderate(&mut world, 0, Moderation::Hide { author, message: rude });
    world.machines[2].disk = crate::testing::Disk::default();
    let mut fresh = World::new(1, 99);
    std::mem::swap(&mut world.machines[2].disk, &mut fresh.machines[0].disk);
    world.start(2);
    follow(&mut world, 2, 0, true);
    meet(&mut world, &[0, 2]);
    world.say(0, lobby(), "welcome").unwrap();
    assert!(world.until(|world| shows(world, 2, lobby(), "welcome")));
    world.run(MINUTE_MS);
    assert!(!shows(&world, 2, lobby(), "rude") || deleted(&world, 2, rude));
}

#[test]
fn slow_mode_holds_for_who_follows() {
    let mut world = strangers(3, 24);
    world.run(5_000);
    follow(&mut world, 1, 0, true);
    moderate(&mut world, 0, Moderation::Slow { seconds: 60 });
    world.say(1, lobby(), "one").unwrap();
    assert!(matches!(world.say(1, lobby(), "two"), Err(Refusal::TooFast { .. })), "who follows keeps to it");
    for text in ["a", "b"] {
        world.say(2, lobby(), text).unwrap();
        world.run(5_000);
    }
    assert!(shows(&world, 1, lobby(), "a") && !shows(&world, 1, lobby(), "b"));
    world.run(MINUTE_MS);
    world.say(2, lobby(), "c").unwrap();
    assert!(world.until(|world| shows(world, 1, lobby(), "c")));
    moderate(&mut world, 0, Moderation::Slow { seconds: 0 });
    world.say(1, lobby(), "two").unwrap();
    world.say(1, lobby(), "three").unwrap();
}
