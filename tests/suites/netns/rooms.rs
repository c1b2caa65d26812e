//! Rooms on a network that is torn in two and healed: changes on both sides, and in the end the same for everybody.

use super::PATIENCE;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use starling_node::api::types::{Member, Room};
use starling_tests::live::{
    Host, Net, Person, RoomTalk, all_know, does, listed, room_of, sees_room, shown_in, star, wait_for,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// Until everything is the same everywhere after a torn network is whole (F9, F25).
const HEALED: Duration = Duration::from_secs(30);
/// Until those on the other side are missed: two pings, and a moment to close.
const MISSED: Duration = Duration::from_secs(15);

/// Five in a room on one LAN, who all have links to all others.
async fn five_on_a_lan(net: &mut Net, base: &Path) -> Result<(Vec<Person>, Vec<Host>, String)> {
    let lan = net.switch("lan")?;
    lan.tear()?;
    let mut people = star(base, &["alice", "bob", "carol", "dave", "erin"]).await?;
    let room = room_of(&people.iter().collect::<Vec<_>>(), "roof").await?;
    let mut hosts = Vec::new();
    for (number, person) in people.iter_mut().enumerate() {
        person.terminate()?;
        let host = net.host(&person.name, &lan, &format!("192.168.1.{}/24", number + 2), None)?;
        hosts.push(host);
    }
    for (person, host) in people.iter_mut().zip(&hosts) {
        person.start_at(host, &[])?;
    }
    for person in &people {
        here(person, &room, 5, PATIENCE).await?;
    }
    Ok((people, hosts, room))
}

/// Waits until somebody has links to so many of a room, themselves counted.
async fn here(person: &Person, room: &str, count: u32, limit: Duration) -> Result<()> {
    let fits = |room: &Room| room.now.as_ref().is_some_and(|now| now.here == count);
    sees_room(person, room, &format!("has {count} here"), limit, fits).await.map(|_| ())
}

/// What a room is called, and who is in it, as somebody sees it.
async fn seen(person: &Person, room: &str) -> Result<(String, BTreeSet<(String, String)>)> {
    let client = person.client().await?;
    let now = listed(&client, room).await?.context("no room")?;
    let members: Vec<Member> = client.call("room.members", json!({ "room": room })).await?;
    let members = members.into_iter().map(|member| (member.account, member.role)).collect();
    Ok((now.now.context("a room of a list")?.title, members))
}

/// F9, F25: two and three; each side writes, removes somebody of the other side and gives the room a name. What who is
/// removed wrote meanwhile stays with those who heard it, comes to nobody else, and holds up nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_torn_in_two_with_changes_on_both_sides_is_one_again_when_the_network_heals() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let (people, hosts, room) = five_on_a_lan(&mut net, base.path()).await?;
    let everybody: Vec<&Person> = people.iter().collect();
    let [alice, bob, carol, dave, erin] = everybody[..] else { unreachable!() };
    does(alice, &["room", "promote", &room, "@carol"])?;
    let admin = |room: &Room| room.now.as_ref().is_some_and(|now| now.role == "admin");
    sees_room(carol, &room, "has them as an admin", PATIENCE, admin).await?;
    let mut talk = RoomTalk::new(&room);
    talk.all_write(&everybody, 3).await?;
    talk.is_shown(&everybody, &everybody, PATIENCE).await?;
    talk.is_delivered(&everybody, 0, PATIENCE).await?;

    for host in &hosts[2..] {
        host.part()?;
    }
    // Said in the blind moment, when all links still seem to stand.
    talk.all_write(&[alice, carol, dave], 1).await?;
    for (person, count) in [(alice, 2), (bob, 2), (carol, 3), (dave, 3), (erin, 3)] {
        here(person, &room, count, MISSED).await?;
    }
    talk.aside(bob, "bob, where carol cannot hear it").await?;
    talk.aside(erin, "erin, where alice cannot hear it").await?;
    does(alice, &["room", "remove", &room, "@erin"])?;
    does(alice, &["room", "rename", &room, "attic"])?;
    does(carol, &["room", "remove", &room, "@bob"])?;
    does(carol, &["room", "rename", &room, "cellar"])?;
    talk.all_write(&[alice, carol, dave], 10).await?;

    for host in &hosts[2..] {
        host.plug()?;
    }
    let begun = Instant::now();
    let stay = [alice, carol, dave];
    let left = || HEALED.saturating_sub(begun.elapsed());
    for person in [bob, erin] {
        sees_room(person, &room, "has put them out", left(), |room| room.change == "removed").await?;
    }
    all_know(&stay, &room).await?;
    talk.is_shown(&stay, &everybody, left()).await?;
    talk.is_delivered(&stay, 2, left()).await?;
    for (person, unheard) in [(alice, "erin, where"), (carol, "bob, where"), (dave, "bob, where")] {
        let shown = shown_in(&person.client().await?, &room).await?;
        ensure!(shown.iter().all(|message| !message.text.starts_with(unheard)), "{unheard}: {}", person.name);
    }
    wait_for("the room is the same for all who stay", left(), || async {
        let (first, second, third) =
            (seen(alice, &room).await?, seen(carol, &room).await?, seen(dave, &room).await?);
        Ok((first == second && second == third).then_some(()))
    })
    .await?;
    eprintln!("a torn room was one again {:?} after the network healed", begun.elapsed());
    ensure!(begun.elapsed() < HEALED);
    Ok(())
}
