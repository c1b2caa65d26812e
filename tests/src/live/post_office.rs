//! Mailboxes as processes, and people who use them and are not on line together.

use super::{Person, befriend, contact, wait_for};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use starling_node::api::types::{Mailbox, Status};
use std::path::Path;
use std::time::Duration;

/// For a mailbox to be used, a card to arrive, a deposit to be promised.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a node that keeps mail for others, with more arguments to `daemon`.
///
/// # Errors
/// When it does not start.
pub fn keeper(base: &Path, name: &str, args: &[&str]) -> Result<Person> {
    let mut keeper = Person::new(base, name)?;
    open(&mut keeper, args)?;
    Ok(keeper)
}

/// Starts a keeper again.
///
/// # Errors
/// When it does not start.
pub fn open(keeper: &mut Person, args: &[&str]) -> Result<()> {
    let mut all = vec!["--serve", "mailbox"];
    all.extend(args);
    keeper.start_with(&all).map(|_| ())
}

/// A link to a keeper's mailbox.
///
/// # Errors
/// When the node gives none.
pub async fn grant(keeper: &Person, uses: u32, quota_mib: u32) -> Result<String> {
    let params = json!({ "uses": uses, "quota": quota_mib });
    let granted: Mailbox = keeper.client().await?.call("mailbox.grant", params).await?;
    granted.link.context("a grant without a link")
}

/// Has somebody use these keepers, and waits until they answered.
///
/// # Errors
/// When they do not.
pub async fn use_all(person: &Person, keepers: &[&Person], quota_mib: u32) -> Result<()> {
    let client = person.client().await?;
    for keeper in keepers {
        let link = grant(keeper, 1, quota_mib).await?;
        let _: Value = client.call("mailbox.use", json!({ "link": link })).await?;
    }
    let what = format!("{} has {} mailboxes that answer", person.name, keepers.len());
    wait_for(&what, PATIENCE, || async {
        let all: Vec<Mailbox> = client.call("mailbox.list", json!({})).await?;
        let good = all.iter().filter(|one| one.role == "mine" && one.state == "ok").count();
        Ok((good >= keepers.len()).then_some(()))
    })
    .await
}

/// Waits until `person` knows so many mailboxes of a friend.
///
/// # Errors
/// When that does not come.
pub async fn knows_mailboxes(person: &Person, friend: &Person, count: u64) -> Result<()> {
    let client = person.client().await?;
    let what = format!("{} knows {count} mailboxes of {}", person.name, friend.name);
    wait_for(&what, PATIENCE, || async {
        let known = contact(&client, friend).await?;
        Ok(known.filter(|friend| u64::from(friend.mailboxes) == count).map(|_| ()))
    })
    .await
}

/// Two friends who both use all these keepers, know that of each other, and are both gone again.
///
/// # Errors
/// When that does not come about.
pub async fn friends_with(base: &Path, keepers: &[&Person], quota_mib: u32) -> Result<(Person, Person)> {
    let (mut alice, mut bob) = (Person::new(base, "alice")?, Person::new(base, "bob")?);
    alice.start()?;
    bob.start()?;
    befriend(&alice, &bob).await?;
    let count = u64::try_from(keepers.len())?;
    for (one, other) in [(&alice, &bob), (&bob, &alice)] {
        use_all(one, keepers, quota_mib).await?;
        knows_mailboxes(other, one, count).await?;
    }
    alice.terminate()?;
    bob.terminate()?;
    Ok((alice, bob))
}

/// Waits until mailboxes keep everything that waits at a node, and so much does.
///
/// # Errors
/// When they do not.
pub async fn posted(person: &Person, count: u64) -> Result<()> {
    let what = format!("mailboxes keep {count} messages of {}", person.name);
    wait_for(&what, PATIENCE, || async {
        let Ok(client) = person.client().await else { return Ok(None) };
        let status: Status = client.call("status", json!({})).await?;
        let outbox = &status.outbox;
        Ok((outbox.mailbox >= count && outbox.queued == 0).then_some(()))
    })
    .await
}

/// Fails if a node has a live link to somebody: the test would show nothing about mailboxes.
///
/// # Errors
/// When it has, or the call fails.
pub async fn is_alone(person: &Person, friend: &Person) -> Result<()> {
    let seen = contact(&person.client().await?, friend).await?;
    ensure!(seen.is_none_or(|contact| contact.via == "none"), "{} and {} met", person.name, friend.name);
    Ok(())
}
