//! What every live suite begins with: two people who know each other.

use super::Person;
use anyhow::{Result, bail};
use serde_json::json;
use starling_node::api::client::Client;
use starling_node::api::types::{Contact, Invite};
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

/// How a node sees somebody, if it knows them.
///
/// # Errors
/// When the call fails.
pub async fn contact(client: &Client, friend: &Person) -> Result<Option<Contact>> {
    let people: Vec<Contact> = client.call("people.list", json!({})).await?;
    Ok(people.into_iter().find(|person| person.name == friend.name))
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
