//! Rooms of real nodes that mostly know each other through the room alone: killed while they write, removed, let in by a
//! link, never on line together, given what was written before they came.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

use anyhow::{Context as _, Result};
use starling_protocol::rng::Rng;
use starling_tests::live::{
    Person, RoomTalk, all_know, comes_in, does, keeper, lines, room_of, sees_room, send_surely, shown_in,
    star, texts, use_all, wait_for,
};
use std::time::Duration;

/// For what must simply come.
const PATIENCE: Duration = Duration::from_secs(60);
const QUOTA_MIB: u32 = 16;

/// F1, F2, F25: everybody writes, one is killed and catches up, one is removed and is told nothing more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_who_know_one_of_them_write_at_once_and_who_is_removed_gets_nothing_more() -> Result<()> {
    let base = tempfile::tempdir()?;
    let mut people = star(base.path(), &["alice", "bob", "carol", "dave", "erin"]).await?;
    let room = room_of(&people.iter().collect::<Vec<_>>(), "roof").await?;
    let mut talk = RoomTalk::new(&room);
    talk.all_write(&people.iter().collect::<Vec<_>>(), 10).await?;
    people[3].kill()?;
    let [alice, bob, carol, _, erin] = &people[..] else { unreachable!() };
    talk.all_write(&[alice, bob, carol, erin], 10).await?;
    people[3].start()?;
    let everybody: Vec<&Person> = people.iter().collect();
    talk.all_write(&everybody[3..4], 10).await?;
    let took = talk.is_shown(&everybody, &everybody, PATIENCE).await?;
    eprintln!("100 messages were with all five {took:?} after the last was accepted");
    talk.is_delivered(&everybody, 0, PATIENCE).await?;
    let by_command = does(everybody[3], &["log", "#roof", "--limit", "1000"])?;
    let orders: Vec<&str> = by_command.iter().filter_map(|line| line["order"].as_str()).collect();
    assert!(orders.len() >= 100 && orders.is_sorted(), "{orders:?}");

    // Out.
    let (stay, erin) = (&everybody[..4], everybody[4]);
    let before = shown_in(&erin.client().await?, &room).await?;
    does(stay[0], &["room", "remove", "#roof", "@erin"])?;
    sees_room(erin, &room, "has put them out", PATIENCE, |room| room.change == "removed").await?;
    let rooms = does(erin, &["room", "list"])?;
    let roof = rooms.iter().find(|one| one["room"] == room.as_str()).context("the room is listed")?;
    assert_eq!(roof["change"], "removed", "{rooms:?}");
    all_know(stay, &room).await?;
    talk.all_write(stay, 5).await?;
    talk.is_shown(stay, &everybody, PATIENCE).await?;
    talk.is_delivered(stay, 0, PATIENCE).await?;
    let refused = erin.run(&["send", "#roof", "let me in"])?;
    assert_eq!(refused.code, 6, "{refused:?}");
    // What alice says to erin alone comes by the same link, after all that the room might have said there.
    send_surely(stay[0], "@erin", "farewell").await?;
    wait_for("erin is told farewell", PATIENCE, || async {
        Ok(texts(&erin.client().await?, "@alice").await?.contains(&"farewell".to_owned()).then_some(()))
    })
    .await?;
    let after = shown_in(&erin.client().await?, &room).await?;
    assert_eq!(lines(&after), lines(&before));
    Ok(())
}

/// A stranger with a link is in the room without anybody's hand, and talks with members they never met.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_comes_in_by_a_link() -> Result<()> {
    let base = tempfile::tempdir()?;
    let people = star(base.path(), &["alice", "bob"]).await?;
    let [alice, bob] = &people[..] else { unreachable!() };
    let room = room_of(&[alice, bob], "roof").await?;
    let mut stranger = Person::new(base.path(), "carol")?;
    stranger.start()?;
    let made = does(alice, &["room", "link", "#roof", "--auto-accept"])?;
    let link = made[0]["link"].as_str().context("a link")?;
    let joined = does(&stranger, &["room", "join", link, "--note", "it is me"])?;
    assert_eq!(joined[0]["room"], room.as_str(), "{joined:?}");
    all_know(&[alice, bob, &stranger], &room).await?;
    let mut talk = RoomTalk::new(&room);
    let everybody = [alice, bob, &stranger];
    talk.all_write(&everybody, 5).await?;
    talk.is_shown(&everybody, &everybody, PATIENCE).await?;
    talk.is_delivered(&everybody, 0, PATIENCE).await
}

/// Two members who are never on line together, while a third is gone altogether: the room's mailbox has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_who_are_never_on_line_together_read_each_other_by_the_rooms_mailbox() -> Result<()> {
    let base = tempfile::tempdir()?;
    let keeper = keeper(base.path(), "keeper", &[])?;
    let mut people = star(base.path(), &["alice", "bob", "carol"]).await?;
    for person in &people {
        use_all(person, &[&keeper], QUOTA_MIB).await?;
    }
    let room = room_of(&people.iter().collect::<Vec<_>>(), "roof").await?;
    for person in &people {
        let fits =
            |room: &starling_node::api::types::Room| room.now.as_ref().is_some_and(|now| now.mailboxes == 1);
        sees_room(person, &room, "has a mailbox", PATIENCE, fits).await?;
    }
    for person in &mut people {
        person.terminate()?;
    }
    // Alice is gone. Bob has never written there: the key of his words has to find carol as they do.
    let mut talk = RoomTalk::new(&room);
    let [_, bob, carol] = &mut people[..] else { unreachable!() };
    bob.start()?;
    talk.all_write(&[bob], 10).await?;
    kept(bob, &room).await?;
    bob.terminate()?;
    carol.start()?;
    wait_for("carol reads what bob wrote", PATIENCE, || async {
        Ok((shown_in(&carol.client().await?, &room).await?.len() == 10).then_some(()))
    })
    .await?;
    talk.all_write(&[carol], 10).await?;
    kept(carol, &room).await?;
    carol.terminate()?;
    bob.start()?;
    let client = bob.client().await?;
    wait_for("bob reads what carol wrote, and knows that she read his", PATIENCE, || async {
        let all = shown_in(&client, &room).await?;
        let own = |message: &&starling_node::api::types::Message| message.from.me;
        let signed =
            all.iter().filter(own).all(|message| message.counts.is_some_and(|counts| counts.delivered == 1));
        Ok((all.len() == 20 && signed).then_some(()))
    })
    .await?;
    Ok(())
}

/// Waits until the room's mailbox keeps everything of somebody that not all have.
async fn kept(person: &Person, room: &str) -> Result<()> {
    let client = person.client().await?;
    wait_for(&format!("the room's mailbox keeps all of {}", person.name), PATIENCE, || async {
        let shown = shown_in(&client, room).await?;
        Ok(shown
            .iter()
            .filter(|message| message.from.me)
            .all(|message| message.state == "mailbox")
            .then_some(()))
    })
    .await
}

/// What is given of the history is what the room says, and each message stands under who wrote it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_is_given_the_history_that_the_room_gives() -> Result<()> {
    let base = tempfile::tempdir()?;
    let people = star(base.path(), &["alice", "bob", "carol", "dave"]).await?;
    let [alice, bob, carol, dave] = &people[..] else { unreachable!() };
    let room = room_of(&[alice, bob], "roof").await?;
    let mut talk = RoomTalk::new(&room);
    talk.all_write(&[alice, bob], 100).await?;
    talk.is_shown(&[alice, bob], &[alice, bob], PATIENCE).await?;
    let said = does(alice, &["room", "history", "#roof", "none"])?;
    assert_eq!(said[0]["history"], "none", "{said:?}");
    comes_in(alice, carol, &room).await?;
    does(alice, &["room", "history", "#roof", "all"])?;
    comes_in(alice, dave, &room).await?;
    let everybody = [alice, bob, carol, dave];
    all_know(&everybody, &room).await?;
    let took = talk.is_shown(&[alice, bob, dave], &everybody, PATIENCE).await?;
    eprintln!("200 messages were with the newcomer {took:?} after all knew of them");
    talk.all_write(&everybody, 1).await?;
    talk.is_shown(&[alice, bob, dave], &everybody, PATIENCE).await?;
    talk.is_delivered(&everybody, 0, PATIENCE).await?;
    let carols = shown_in(&carol.client().await?, &room).await?;
    let names: Vec<&str> = carols.iter().map(|message| message.from.name.as_str()).collect();
    assert_eq!(carols.len(), 4, "{names:?}");
    Ok(())
}

/// F1, F2 in a room: whoever is killed when, nothing is lost and nothing is there twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_of_members_while_all_write_loses_and_doubles_nothing() -> Result<()> {
    let base = tempfile::tempdir()?;
    let mut people = star(base.path(), &["alice", "bob", "carol", "dave"]).await?;
    let room = room_of(&people.iter().collect::<Vec<_>>(), "roof").await?;
    let mut talk = RoomTalk::new(&room);
    let mut rng = Rng::from_number(5);
    for _ in 0..kills(10) {
        let writers: Vec<_> = people.iter().map(|person| talk.writes(person, 5)).collect();
        let victim = usize::try_from(rng.below(people.len() as u64))?;
        // A random moment while messages, keys and receipts are under way.
        std::thread::sleep(Duration::from_micros(rng.below(60_000)));
        people[victim].kill()?;
        people[victim].start()?;
        for writer in writers {
            writer.await??;
        }
    }
    let everybody: Vec<&Person> = people.iter().collect();
    let took = talk.is_shown(&everybody, &everybody, PATIENCE).await?;
    eprintln!("{} messages were with all {took:?} after the last kill", talk.count());
    talk.is_delivered(&everybody, 0, PATIENCE).await
}

/// The short run of every test, or what `STARLING_KILLS` says (`messages,kills`).
fn kills(short: usize) -> usize {
    let long = std::env::var("STARLING_KILLS").ok();
    long.and_then(|text| text.split_once(',')?.1.parse().ok()).unwrap_or(short)
}
