//! Open channels of strangers on a local network: they know each other by nothing else, and become nobody's contacts by it.

use super::PATIENCE;
use anyhow::Result;
use serde_json::{Value, json};
use starling_node::api::types::{Contact, Member, Message, Room};
use starling_tests::live::{Host, Net, Person, account, does, shown_in, wait_for};
use std::path::Path;

pub const LOBBY: &str = "#lobby";

/// People who have never met, and machines for them on one LAN without a way out. Their nodes are down.
pub fn strangers(net: &mut Net, base: &Path, names: &[&str]) -> Result<Vec<(Person, Host)>> {
    let lan = net.switch("lan")?;
    let mut all = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let host = net.host(name, &lan, &format!("192.168.1.{}/24", number + 2), None)?;
        all.push((Person::new(base, name)?, host));
    }
    Ok(all)
}

pub fn start(who: &mut (Person, Host)) -> Result<Value> {
    let (person, host) = who;
    person.start_at(host, &[])
}

/// Waits until exactly so many nodes, their own counted, are in a channel around somebody.
pub async fn here(person: &Person, name: &str, count: u32) -> Result<()> {
    let client = person.client().await?;
    wait_for(&format!("{} has {count} in {name}", person.name), PATIENCE, || async {
        let rooms: Vec<Room> = client.call("room.list", json!({})).await?;
        let now = rooms.iter().find(|room| room.open && room.name == name).and_then(|room| room.now.as_ref());
        Ok(now.is_some_and(|now| now.here == count).then_some(()))
    })
    .await
}

/// What somebody is shown in a channel: who wrote, and what.
async fn shown(person: &Person, name: &str) -> Result<Vec<(String, String)>> {
    let all = shown_in(&person.client().await?, name).await?;
    Ok(all.into_iter().map(|message| (message.from.account, message.text)).collect())
}

/// Waits until everybody is shown the same texts in a channel, each once, and the same is said of who wrote them.
async fn all_see(people: &[&Person], name: &str, texts: &[&str]) -> Result<()> {
    let mut wanted: Vec<&str> = texts.to_vec();
    wanted.sort_unstable();
    let mut views = Vec::new();
    for person in people {
        let view = wait_for(&format!("{} is shown all of {name}", person.name), PATIENCE, || async {
            let view = shown(person, name).await?;
            Ok((view.len() >= texts.len()).then_some(view))
        })
        .await?;
        let mut got: Vec<&str> = view.iter().map(|(_, text)| text.as_str()).collect();
        got.sort_unstable();
        assert_eq!(got, wanted, "{}", person.name);
        views.push(view);
    }
    assert!(views.iter().all(|view| view == &views[0]), "{views:?}");
    Ok(())
}

/// Waits until the newest of somebody's own in the lobby is delivered.
async fn delivered(person: &Person) -> Result<()> {
    let client = person.client().await?;
    wait_for(&format!("somebody has what {} wrote", person.name), PATIENCE, || async {
        let own: Vec<Message> =
            shown_in(&client, LOBBY).await?.into_iter().filter(|one| one.from.me).collect();
        Ok(own.last().is_some_and(|one| one.state == "delivered").then_some(()))
    })
    .await
}

/// Nothing but the channel came of it: no contacts, no requests.
async fn still_strangers(people: &[&Person]) -> Result<()> {
    for person in people {
        let client = person.client().await?;
        let contacts: Vec<Contact> = client.call("people.list", json!({})).await?;
        let requests: Vec<Value> = client.call("requests.list", json!({})).await?;
        assert!(contacts.is_empty() && requests.is_empty(), "{}", person.name);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_on_a_lan_talk_in_the_lobby_and_who_comes_late_or_again_gets_what_was_said() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let mut all = strangers(&mut net, base.path(), &["alice", "bob", "carol"])?;
    start(&mut all[0])?;
    does(&all[0].0, &["send", LOBBY, "is anybody here?"])?;
    start(&mut all[1])?;
    here(&all[0].0, LOBBY, 2).await?;
    delivered(&all[0].0).await?;
    does(&all[1].0, &["send", LOBBY, "I am"])?;
    all_see(&[&all[0].0, &all[1].0], LOBBY, &["is anybody here?", "I am"]).await?;
    delivered(&all[1].0).await?;

    // Late, with a name that is known by what she wrote alone.
    start(&mut all[2])?;
    let said = ["is anybody here?", "I am"];
    all_see(&[&all[0].0, &all[1].0, &all[2].0], LOBBY, &said).await?;
    let from: Vec<String> =
        shown_in(&all[2].0.client().await?, LOBBY).await?.into_iter().map(|one| one.from.name).collect();
    assert_eq!(from, ["alice", "bob"]);
    let members: Vec<Member> =
        all[2].0.client().await?.call("room.members", json!({ "room": LOBBY })).await?;
    assert!(members.iter().all(|one| !one.me && !one.contact) && members.len() == 2, "{members:?}");

    // One is killed, misses something, and is back.
    all[1].0.kill()?;
    does(&all[0].0, &["send", LOBBY, "bob is gone"])?;
    does(&all[2].0, &["send", LOBBY, "he will be back"])?;
    start(&mut all[1])?;
    let said = ["is anybody here?", "I am", "bob is gone", "he will be back"];
    all_see(&[&all[0].0, &all[1].0, &all[2].0], LOBBY, &said).await?;
    does(&all[1].0, &["send", LOBBY, "here I am"])?;
    let said = ["is anybody here?", "I am", "bob is gone", "he will be back", "here I am"];
    all_see(&[&all[0].0, &all[1].0, &all[2].0], LOBBY, &said).await?;
    for (person, _) in &all {
        here(person, LOBBY, 3).await?;
    }
    still_strangers(&[&all[0].0, &all[1].0, &all[2].0]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_invisible_takes_part_in_nothing_until_they_are_seen_again() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let mut all = strangers(&mut net, base.path(), &["alice", "bob", "carol"])?;
    start(&mut all[2])?;
    does(&all[2].0, &["presence", "invisible"])?;
    does(&all[2].0, &["send", LOBBY, "nobody hears me"])?;
    start(&mut all[0])?;
    start(&mut all[1])?;
    does(&all[0].0, &["send", LOBBY, "one"])?;
    does(&all[1].0, &["send", LOBBY, "two"])?;
    all_see(&[&all[0].0, &all[1].0], LOBBY, &["one", "two"]).await?;
    // All three see each other on the LAN: those two found each other meanwhile.
    for (person, count) in [(&all[0].0, 2), (&all[1].0, 2), (&all[2].0, 1)] {
        here(person, LOBBY, count).await?;
    }
    assert_eq!(shown(&all[2].0, LOBBY).await?, [(account(&all[2].0).await?, "nobody hears me".to_owned())]);
    assert_eq!(shown_in(&all[2].0.client().await?, LOBBY).await?[0].state, "queued");
    does(&all[2].0, &["presence", "online"])?;
    let people = [&all[0].0, &all[1].0, &all[2].0];
    all_see(&people, LOBBY, &["nobody hears me", "one", "two"]).await?;
    delivered(&all[2].0).await?;
    still_strangers(&people).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_of_ones_own_is_read_by_those_alone_who_joined_its_name() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let mut all = strangers(&mut net, base.path(), &["alice", "bob", "carol"])?;
    for one in &mut all {
        start(one)?;
    }
    let [(alice, _), (bob, _), (carol, _)] = &all[..] else { unreachable!() };
    let made = does(alice, &["room", "new", "Town Square", "--open"])?;
    let joined = does(bob, &["room", "join", "#town-square"])?;
    assert_eq!(
        (&made[0]["room"], &made[0]["open"]),
        (&joined[0]["room"], &json!(true)),
        "{made:?} {joined:?}"
    );
    here(alice, "#town-square", 2).await?;
    does(alice, &["send", "#town-square", "welcome"])?;
    does(bob, &["send", "#town-square", "thanks"])?;
    all_see(&[alice, bob], "#town-square", &["welcome", "thanks"]).await?;
    does(carol, &["send", LOBBY, "and I?"])?;
    all_see(&[alice, bob, carol], LOBBY, &["and I?"]).await?;
    // What came after it by the same streams is there, so that would be too.
    let rooms: Vec<Room> = carol.client().await?.call("room.list", json!({})).await?;
    assert_eq!(rooms.iter().map(|room| room.name.as_str()).collect::<Vec<_>>(), [LOBBY]);
    // Whom one ignores is not shown; others see them all the same.
    let ignored = does(alice, &["room", "ignore", LOBBY, "@carol"])?;
    assert!(ignored[0]["what"].as_str().is_some_and(|what| what.contains("carol")), "{ignored:?}");
    does(carol, &["send", LOBBY, "do you hear me?"])?;
    all_see(&[bob, carol], LOBBY, &["and I?", "do you hear me?"]).await?;
    does(carol, &["room", "join", "#town-square"])?;
    all_see(&[alice, bob, carol], "#town-square", &["welcome", "thanks"]).await?;
    assert_eq!(shown(alice, LOBBY).await?.len(), 1);
    does(bob, &["room", "leave", "#town-square"])?;
    here(alice, "#town-square", 2).await?;
    still_strangers(&[alice, bob, carol]).await
}
