//! What every live suite begins with: two people who know each other.

use super::{Person, free_port};
use anyhow::{Result, bail};
use serde_json::json;
use starling_node::api::client::Client;
use starling_node::api::types::{Contact, Invite};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often [`wait_for`] looks again.
const LOOK: Duration = Duration::from_millis(5);

/// Looks until `look` gives something, or fails with `what` after `limit`.
///
/// # Errors
/// When the limit is reached, or as `look` fails.
pub async fn wait_for<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if begun.elapsed() > limit {
            bail!("{what}: not within {limit:?}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Makes two people with running nodes contacts of each other.
///
/// # Errors
/// When that does not happen within 20 s.
pub async fn befriend(inviter: &Person, joiner: &Person) -> Result<()> {
    let (one, other) = (inviter.client().await?, joiner.client().await?);
    let invite: Invite = one.call("invite.new", json!({ "auto_accept": true })).await?;
    let _: Contact = other.call("add", json!({ "link": invite.link })).await?;
    for (client, friend) in [(&one, joiner), (&other, inviter)] {
        wait_for("both hold the other as a contact", Duration::from_secs(20), || async {
            let contact = contact(client, friend).await?;
            Ok(contact.filter(|c| c.state == "accepted" && c.presence == "online").map(|_| ()))
        })
        .await?;
    }
    Ok(())
}

/// People who have met on this machine and gone away from there: their nodes are down, their ports are others, and
/// what they know of each other's addresses is worth nothing any more.
///
/// # Errors
/// As [`befriend`].
pub async fn acquainted(base: &Path, names: &[&str]) -> Result<Vec<Person>> {
    let mut people: Vec<Person> = Vec::new();
    for name in names {
        let mut person = Person::new(base, name)?;
        person.start()?;
        for friend in &people {
            befriend(friend, &person).await?;
        }
        people.push(person);
    }
    for person in &mut people {
        person.terminate()?;
        person.port = free_port()?;
    }
    Ok(people)
}

/// How a node sees somebody, if it knows them.
///
/// # Errors
/// When the call fails.
pub async fn contact(client: &Client, friend: &Person) -> Result<Option<Contact>> {
    let people: Vec<Contact> = client.call("people.list", json!({})).await?;
    Ok(people.into_iter().find(|person| person.name == friend.name))
}

/// The road by which `person` has a link to `friend` now: "direct", "lan", "relay" or "none".
///
/// # Errors
/// When the call fails.
pub async fn road(person: &Person, friend: &Person) -> Result<String> {
    let contact = contact(&person.client().await?, friend).await?;
    Ok(contact.map_or_else(|| "none".to_owned(), |contact| contact.via))
}

/// Waits until `person` has a live link to `friend` by a road that `by` accepts ("direct", "lan", "relay"), and says
/// how long that took.
///
/// # Errors
/// When that does not happen within `limit`.
pub async fn linked(
    person: &Person,
    friend: &Person,
    by: impl Fn(&str) -> bool,
    limit: Duration,
) -> Result<Duration> {
    let begun = Instant::now();
    let what = format!("{} has a link to {}", person.name, friend.name);
    let client = person.client().await?;
    wait_for(&what, limit, || async {
        Ok(contact(&client, friend).await?.filter(|c| c.via != "none" && by(&c.via)).map(|_| ()))
    })
    .await?;
    Ok(begun.elapsed())
}
