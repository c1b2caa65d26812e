//! Five real nodes in a room: how long a message takes until it is shown at all others, and until its author knows that
//! all have it.

use super::{Wanted, times};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use starling_node::api::client::{Client, Wanted as Events};
use starling_node::api::types::{Object, Sent};
use starling_tests::figures::{Report, TEXT_BYTES, ms, percentile, tcp_echo};
use starling_tests::live::{Person, befriend, wait_for};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const NAMES: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];
/// For anything that should take less than a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// Messages shown that wait to be looked at.
const SHOWN: usize = 4_096;
/// Messages before the clock runs: the first of everybody brings their key.
const WARM: usize = 2;

/// Running nodes of people who are all in `#roof` and are contacts of the first of them.
///
/// # Errors
/// When somebody does not get in.
pub async fn roof(base: &Path, names: &[&str]) -> Result<Vec<(Person, Client)>> {
    let mut people: Vec<(Person, Client)> = Vec::new();
    for name in names {
        let mut person = Person::new(base, name)?;
        person.start()?;
        let client = person.client().await?;
        match people.first() {
            None => drop(client.call::<Value>("room.new", json!({ "name": "roof" })).await?),
            Some((first, _)) => befriend(first, &person).await?,
        }
        people.push((person, client));
    }
    let (_, first) = people.first().context("nobody")?;
    let _: Value = first.call("room.history", json!({ "room": "#roof", "policy": "all" })).await?;
    Ok(people)
}

/// Somebody is asked into `#roof` by the first, says yes, and is in it.
///
/// # Errors
/// When they do not get in.
pub async fn let_in(first: &Client, who: &Person, client: &Client) -> Result<()> {
    let _: Value = first.call("room.invite", json!({ "room": "#roof", "who": who.handle() })).await?;
    wait_for("the invitation is there", PATIENCE, || async {
        let asked = client.call::<Value>("room.join", json!({ "room": "#roof" })).await;
        Ok(asked.is_ok().then_some(()))
    })
    .await?;
    is_in(client, 2).await
}

/// Waits until a node sees so many people in `#roof`, at least.
async fn is_in(client: &Client, count: usize) -> Result<()> {
    wait_for("everybody is in the room", PATIENCE, || async {
        let members = client.call::<Vec<Value>>("room.members", json!({ "room": "#roof" })).await;
        Ok(members.is_ok_and(|members| members.len() >= count).then_some(()))
    })
    .await
}

/// A message of somebody's is shown at a node.
struct Shown {
    text: String,
    at: Instant,
}

/// Tells what is shown at a node, from now on.
async fn watch(client: &Client, shown: mpsc::Sender<Shown>) -> Result<()> {
    let wanted =
        Events { chats: vec!["#roof".to_owned()], types: vec!["message".to_owned()], ..Events::since("now") };
    let mut events = client.subscribe(&wanted).await?;
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            let Object::Message(message) = event else { continue };
            if message.from.me {
                continue;
            }
            if shown.send(Shown { text: message.text, at: Instant::now() }).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// See the module.
pub async fn five(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let base = tempfile::tempdir()?;
    let people = roof(base.path(), &NAMES).await?;
    let (_, first) = people.first().context("nobody")?;
    for (person, client) in people.iter().skip(1) {
        let_in(first, person, client).await?;
    }
    let (sender, mut shown) = mpsc::channel(SHOWN);
    for (_, client) in &people {
        is_in(client, NAMES.len()).await?;
        watch(client, sender.clone()).await?;
    }
    let (mut one, mut all, mut delivered) = (Vec::new(), Vec::new(), Vec::new());
    let warm = WARM * NAMES.len();
    for turn in 0..warm + wanted.turns {
        let (_, client) = &people[turn % NAMES.len()];
        let text = format!("{turn:0width$}", width = TEXT_BYTES);
        let begun = Instant::now();
        let params = json!({ "to": "#roof", "text": text, "wait": "delivered" });
        let _: Sent = client.call("send", params).await?;
        let took = begun.elapsed();
        let mut there = Vec::new();
        while there.len() < NAMES.len() - 1 {
            let next = tokio::time::timeout(PATIENCE, shown.recv()).await?;
            let next = next.context("nobody watches")?;
            if next.text == text {
                there.push(next.at.saturating_duration_since(begun));
            }
        }
        if turn >= warm {
            all.push(there.iter().max().copied().unwrap_or_default());
            one.extend(there);
            delivered.push(took);
        }
    }
    let mut echo = tcp_echo(wanted.turns.max(200))?;
    times(report, "five_echo", "five nodes: beside them a raw TCP echo", &mut echo);
    times(report, "five_shown", "  from sent until it is shown at one of the others", &mut one);
    times(report, "five_all", "  until it is shown at all four", &mut all);
    times(report, "five_delivered", "  until its author knows that all have it", &mut delivered);
    let ratio = ms(percentile(&all, 50)) / ms(percentile(&echo, 50)).max(0.001);
    let ratio = ratio.round();
    report.line("five_ratio", ratio, &format!("  shown at all, in echoes: {ratio:.0}"));
    Ok(())
}
