//! People who both moved and know each other only through the DHT.

use super::PATIENCE;
use anyhow::Result;
use serde_json::json;
use starling_node::api::types::Status;
use starling_tests::live::{Crowd, Host, Net, Person, Talk, acquainted, free_port, wait_for};

/// Strangers that make the DHT; the first [`BOOTSTRAP`] of them are told to others by hand.
const STRANGERS: usize = 6;
const BOOTSTRAP: usize = 2;

fn town(net: &mut Net) -> Result<(Vec<Host>, Vec<Host>)> {
    let internet = net.internet()?;
    let strangers =
        (0..STRANGERS).map(|n| net.public("stranger", &internet, 100 + n as u8)).collect::<Result<_>>()?;
    let homes = vec![net.public("alice", &internet, 10)?, net.public("bob", &internet, 20)?];
    Ok((strangers, homes))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_both_moved_find_each_other_through_the_dht() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let (strangers, homes) = town(&mut net)?;
    let crowd = Crowd::on(base.path(), &strangers, BOOTSTRAP, "bootstrap")?;
    let mut people = acquainted(base.path(), &["alice", "bob"]).await?;
    let mut talk = Talk::default();
    for _ in 0..2 {
        for (at, person) in people.iter_mut().enumerate() {
            person.port = free_port()?;
            let mut args = vec!["--no-lan"];
            args.extend(crowd.peer(at)?);
            person.start_at(&homes[at], &args)?;
        }
        let took = talk.arrives(&people[0], &people[1], PATIENCE).await?;
        eprintln!("found and told after {took:?}");
        talk.arrives(&people[1], &people[0], PATIENCE).await?;
        talk.judge(&people.iter().collect::<Vec<_>>()).await?;
        for person in &mut people {
            person.terminate()?;
        }
    }
    Ok(())
}

/// Waits until a person's node has more than `count` DHT nodes in its table.
async fn knows_more_than(person: &Person, count: usize) -> Result<()> {
    wait_for("more nodes of the DHT are met", PATIENCE, || async {
        let status: Status = person.client().await?.call("status", json!({})).await?;
        Ok((status.peers.dht as usize > count).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_all_bootstrap_nodes_dead_two_who_both_restart_find_each_other() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let (strangers, homes) = town(&mut net)?;
    let mut crowd = Crowd::on(base.path(), &strangers, BOOTSTRAP, "bootstrap")?;
    let mut people = acquainted(base.path(), &["alice", "bob"]).await?;
    let mut talk = Talk::default();
    for bootstrap_lives in [true, false] {
        for (at, person) in people.iter_mut().enumerate() {
            person.port = free_port()?;
            let mut args = vec!["--no-lan"];
            args.extend(crowd.peer(at)?);
            person.start_at(&homes[at], &args)?;
        }
        let took = talk.arrives(&people[0], &people[1], PATIENCE).await?;
        eprintln!("bootstrap lives: {bootstrap_lives}; found and told after {took:?}");
        talk.arrives(&people[1], &people[0], PATIENCE).await?;
        for person in &mut people {
            if bootstrap_lives {
                // Whoever ends before others were met than those two has nobody to begin with: the two and the friend
                // are not there next time.
                knows_more_than(person, BOOTSTRAP + 1).await?;
            }
            person.terminate()?;
        }
        for dead in crowd.people.iter_mut().take(BOOTSTRAP) {
            dead.kill()?;
        }
    }
    for (person, host) in people.iter_mut().zip(&homes) {
        person.start_at(host, &["--no-lan"])?;
    }
    talk.judge(&people.iter().collect::<Vec<_>>()).await
}
