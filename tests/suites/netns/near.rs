//! People near: strangers of a local network who look for each other, ask, and compare words.

use super::PATIENCE;
use super::open::{LOBBY, here, start, strangers};
use anyhow::{Context, Result};
use serde_json::json;
use starling_node::api::client::{Subscription, Wanted};
use starling_node::api::types::{Contact, Invite, Near, Object, Request};
use starling_tests::live::{Net, Person, account, does, linked, wait_for};
use std::time::{Duration, Instant};

/// From a look until somebody who looks too is seen.
const SEEN: Duration = Duration::from_secs(6);

async fn look(person: &Person, on: bool) -> Result<Vec<Near>> {
    Ok(person.client().await?.call("near", json!({ "on": on })).await?)
}

/// Waits until somebody who looks sees another.
async fn sees(person: &Person, other: &Person) -> Result<Near> {
    let wanted = account(other).await?;
    wait_for(&format!("{} sees {}", person.name, other.name), SEEN, || async {
        Ok(look(person, true).await?.into_iter().find(|one| one.account == wanted))
    })
    .await
}

async fn words(events: &mut Subscription) -> Result<Vec<String>> {
    let next = async {
        while let Some(object) = events.next().await {
            if let Object::Compare(compare) = object {
                return Some(compare.words);
            }
        }
        None
    };
    tokio::time::timeout(PATIENCE, next).await?.context("no words came")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_who_look_see_each_other_ask_and_compare_words() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let mut all = strangers(&mut net, base.path(), &["alice", "bob", "carol"])?;
    for one in &mut all {
        start(one)?;
    }
    let [(alice, _), (bob, _), (carol, _)] = &all[..] else { unreachable!() };
    here(alice, LOBBY, 3).await?;
    let begun = Instant::now();
    look(alice, true).await?;
    let seen = sees(bob, alice).await?;
    eprintln!("seen after {:?}", begun.elapsed());
    assert_eq!((seen.name.as_str(), seen.contact), ("alice", false));
    sees(alice, bob).await?;
    // Carol does not look: she is shown to nobody, and told nobody's link on purpose alone.
    let of_carol = account(carol).await?;
    for person in [alice, bob] {
        assert!(look(person, true).await?.iter().all(|one| one.account != of_carol), "{}", person.name);
    }
    let invites: Vec<Invite> = alice.client().await?.call("invite.list", json!({})).await?;
    assert!(invites.is_empty());

    let begun = Instant::now();
    does(bob, &["add", &seen.link])?;
    let client = alice.client().await?;
    let asks = wait_for("alice is asked", PATIENCE, || async {
        let requests: Vec<Request> = client.call("requests.list", json!({})).await?;
        Ok(requests.into_iter().next())
    })
    .await?;
    eprintln!("asked after {:?}", begun.elapsed());
    assert_eq!(asks.account, account(bob).await?);
    look(alice, false).await?;
    let _: Contact = client.call("requests.accept", json!({ "id": asks.account })).await?;
    linked(bob, alice, |via| via == "lan", PATIENCE).await?;
    linked(alice, bob, |via| via == "lan", PATIENCE).await?;

    let wanted = Wanted { types: vec!["compare".to_owned()], ..Wanted::since("now") };
    let (of_alice, of_bob) = (alice.client().await?, bob.client().await?);
    let mut of_alice = of_alice.subscribe(&wanted).await?;
    let mut of_bob_events = of_bob.subscribe(&wanted).await?;
    let _: Contact = of_bob.call("people.compare", json!({ "who": "@alice" })).await?;
    let (one, other) = (words(&mut of_alice).await?, words(&mut of_bob_events).await?);
    assert_eq!((one.len(), &one), (3, &other));

    // The command line finds who looks, and the link of a closed page is worth nothing.
    look(carol, true).await?;
    let found = does(bob, &["near", "--for", "7s"])?;
    assert!(found.iter().any(|near| near["account"] == of_carol.as_str()), "{found:?}");
    let link = sees(bob, carol).await?.link;
    look(carol, false).await?;
    does(bob, &["add", &link])?;
    does(bob, &["send", LOBBY, "after that"])?;
    let carols = carol.client().await?;
    wait_for("carol reads the lobby", PATIENCE, || async {
        let all = starling_tests::live::shown_in(&carols, LOBBY).await?;
        Ok(all.iter().any(|one| one.text == "after that").then_some(()))
    })
    .await?;
    let requests: Vec<Request> = carols.call("requests.list", json!({})).await?;
    assert!(requests.is_empty());
    Ok(())
}
