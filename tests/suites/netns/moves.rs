//! Cables pulled, cards switched off, addresses changed, networks torn in two: delivery goes on by itself.

use super::PATIENCE;
use anyhow::Result;
use starling_tests::live::{Host, Net, Person, Talk, acquainted, contact, linked, wait_for};
use std::path::Path;
use std::time::{Duration, Instant};

/// Until a message sent while the other's card was off, or its address changed, is there (RELIABILITY of the field
/// asks for 15 s).
const RESUMED: Duration = Duration::from_secs(15);
/// Until one is there after a torn network is whole.
const HEALED: Duration = Duration::from_secs(30);
/// Until somebody who vanished without a word is no longer called online: two pings, and a moment to close.
const NOTICED: Duration = Duration::from_secs(11);

/// Two people on the internet itself, linked, the second of whom has said hello.
async fn two_on_the_internet(net: &mut Net, base: &Path) -> Result<(Vec<Person>, Vec<Host>, Talk)> {
    let internet = net.internet()?;
    let mut people = acquainted(base, &["alice", "bob"]).await?;
    let hosts = vec![net.public("alice", &internet, 10)?, net.public("bob", &internet, 20)?];
    for (person, host) in people.iter_mut().zip(&hosts) {
        // mDNS once, since nothing else tells them where the other is now.
        person.start_at(host, &[])?;
    }
    linked(&people[0], &people[1], |_| true, PATIENCE).await?;
    let mut talk = Talk::default();
    talk.arrives(&people[1], &people[0], PATIENCE).await?;
    talk.arrives(&people[0], &people[1], PATIENCE).await?;
    for (person, host) in people.iter_mut().zip(&hosts) {
        person.terminate()?;
        person.start_at(host, &["--no-lan"])?;
    }
    linked(&people[0], &people[1], |_| true, PATIENCE).await?;
    Ok((people, hosts, talk))
}

/// Waits until `person` no longer calls `friend` online; how long that took.
async fn misses(person: &Person, friend: &Person, limit: Duration) -> Result<Duration> {
    let begun = Instant::now();
    let client = person.client().await?;
    wait_for(&format!("{} is missed", friend.name), limit, || async {
        Ok(contact(&client, friend).await?.filter(|c| c.via == "none").map(|_| ()))
    })
    .await?;
    Ok(begun.elapsed())
}

/// Both say something at once; how long until both were heard.
async fn both_heard(talk: &mut Talk, people: &[Person], limit: Duration) -> Result<Duration> {
    let begun = Instant::now();
    talk.say(&people[0], &people[1]).await?;
    talk.say(&people[1], &people[0]).await?;
    talk.all_there(&people[0], &people[1], limit).await?;
    talk.all_there(&people[1], &people[0], limit.saturating_sub(begun.elapsed())).await?;
    Ok(begun.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_vanishes_is_missed_and_delivery_resumes_when_the_network_heals() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let (people, hosts, mut talk) = two_on_the_internet(&mut net, base.path()).await?;
    hosts[1].unplug()?;
    // Said in the blind moment, when the link still seems to stand.
    talk.say(&people[0], &people[1]).await?;
    talk.say(&people[1], &people[0]).await?;
    let (one, other) =
        tokio::try_join!(misses(&people[0], &people[1], NOTICED), misses(&people[1], &people[0], NOTICED))?;
    eprintln!("missed after {one:?} and {other:?}");
    hosts[1].plug()?;
    eprintln!("delivery after healing: {:?}", both_heard(&mut talk, &people, HEALED).await?);
    talk.judge(&people.iter().collect::<Vec<_>>()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_switched_off_and_on_resumes_delivery() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let (people, hosts, mut talk) = two_on_the_internet(&mut net, base.path()).await?;
    hosts[1].down()?;
    talk.say(&people[0], &people[1]).await?;
    talk.say(&people[1], &people[0]).await?;
    misses(&people[1], &people[0], NOTICED).await?;
    misses(&people[0], &people[1], NOTICED).await?;
    hosts[1].up()?;
    eprintln!("delivery after the card is on: {:?}", both_heard(&mut talk, &people, RESUMED).await?);
    // And a short one, that nobody had time to notice.
    hosts[1].down()?;
    hosts[1].up()?;
    eprintln!("delivery after a flicker: {:?}", both_heard(&mut talk, &people, RESUMED).await?);
    talk.judge(&people.iter().collect::<Vec<_>>()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_address_resumes_delivery_both_ways() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let (people, mut hosts, mut talk) = two_on_the_internet(&mut net, base.path()).await?;
    for (at, number) in [(1, 21), (0, 11), (1, 22)] {
        hosts[at].renumber(&format!("44.{number}.0.1/8"))?;
        let took = both_heard(&mut talk, &people, RESUMED).await?;
        eprintln!("delivery after {} moved: {took:?}", people[at].name);
    }
    talk.judge(&people.iter().collect::<Vec<_>>()).await
}
