//! What a newcomer is given of what was said before: the newest first, and all of it.

use super::super::super::command::{Command, Reply, RoomSetting};
use super::super::super::step::{Change, Event};
use crate::ids::{ChatId, RoomId};
use crate::testing::World;

/// More than one answer holds, and so many that the newest are not asked for with the oldest.
const SAID: usize = 600;

/// A room of the first machine's with much in it, the first text of which was changed at the end.
fn talkative(world: &mut World) -> RoomId {
    let room = world.make_room(0, "roof");
    let what = RoomSetting::History("all".to_owned());
    world.command(0, Command::RoomSet { room, what }).unwrap();
    let first = world.say(0, room, "text 0").unwrap();
    for number in 1..SAID {
        world.say(0, room, &format!("text {number}")).unwrap();
    }
    let chat = ChatId::from(room);
    let edited =
        world.command(0, Command::Edit { chat, message: first, text: "text 0, better".to_owned() }).unwrap();
    assert!(matches!(edited, Reply::Done), "{edited:?}");
    room
}

/// The numbers of the texts a machine has, in the order in which they came.
fn came(world: &World, at: usize) -> Vec<usize> {
    let texts = world.machines[at].disk.messages.iter();
    texts.filter_map(|message| message.text.strip_prefix("text ")?.parse().ok()).collect()
}

#[test]
fn a_newcomer_reads_the_newest_page_before_the_rest_and_misses_nothing() {
    let mut world = World::friends(2, 1);
    let room = talkative(&mut world);
    world.let_in(0, room, 1);
    assert!(world.until(|world| came(world, 1).len() == SAID));
    let order = came(&world, 1);
    let place = |number: usize| order.iter().position(|one| *one == number).unwrap();
    let page: Vec<usize> = (SAID - 50..SAID).collect();
    let last = page.iter().map(|number| place(*number)).max().unwrap();
    assert!(last < 64, "the page was whole only with {last} others before it");
    assert!((0..SAID).all(|number| order.contains(&number)));
    let shown: Vec<String> =
        world.room_texts(1, room).into_iter().filter(|one| one.starts_with("text ")).collect();
    let said: Vec<String> = (0..SAID).map(|number| format!("text {number}")).collect();
    assert_eq!(shown, said, "each in its place");
}

#[test]
fn a_change_of_an_old_text_waits_for_it() {
    let mut world = World::new(2, 2);
    // One answer after the other, so that it is seen what comes before what.
    world.max_latency_ms = 800;
    (0..2).for_each(|machine| world.start(machine));
    world.befriend(0, 1);
    let room = talkative(&mut world);
    world.let_in(0, room, 1);
    assert!(world.until(|world| !world.machines[1].disk.edits.is_empty()));
    assert!(came(&world, 1).contains(&0), "the text was there before");
    assert!(
        matches!(&world.machines[1].disk.edits[..], [Change::Edit { text, .. }] if text == "text 0, better")
    );
    let gap = |event: &Event| matches!(event, Event::Gap { .. });
    assert!(!world.machines[1].disk.events.iter().any(gap), "nothing is told as missing");
}
