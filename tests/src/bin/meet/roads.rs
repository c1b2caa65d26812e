//! How long it takes until people have each other, by each road.

use super::{PATIENCE, Wanted, times};
use anyhow::{Result, ensure};
use serde_json::json;
use starling_node::api::types::Status;
use starling_tests::figures::Report;
use starling_tests::live::{
    Crowd, Homes, Nat, Net, Talk, acquainted, at_once, free_port, linked, road, roads, wait_for,
};
use std::time::{Duration, Instant};

/// Nodes of the DHT.
const STRANGERS: usize = 20;
/// Messages sent each way once a talk is direct.
const DIRECT: usize = 50;

/// Two people who restart with new ports and peer ids, known to each other only through a DHT on loopback.
pub async fn dht(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let base = tempfile::tempdir()?;
    let crowd = Crowd::on_loopback(base.path(), STRANGERS)?;
    let mut people = acquainted(base.path(), &["alice", "bob"]).await?;
    let mut talk = Talk::default();
    let (mut ready, mut there, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..wanted.rounds {
        let begun = Instant::now();
        at_once(people.iter_mut().enumerate(), |(at, person)| {
            person.port = free_port()?;
            person.start_with(&crowd.peer((round + at * STRANGERS / 2) % STRANGERS)?)
        })?;
        ready.push(begun.elapsed());
        talk.say(&people[0], &people[1]).await?;
        talk.say(&people[1], &people[0]).await?;
        talk.all_there(&people[0], &people[1], PATIENCE).await?;
        there.push(begun.elapsed());
        talk.all_there(&people[1], &people[0], PATIENCE).await?;
        back.push(begun.elapsed());
        talk.judge(&people.iter().collect::<Vec<_>>()).await?;
        for person in &mut people {
            person.terminate()?;
        }
    }
    times(report, "dht_ready", "DHT of 20 on loopback: from start until both nodes take calls", ready);
    times(report, "dht_delivered", "  from start until a message is delivered", there);
    times(report, "dht_both", "  from start until one is delivered each way", back);
    Ok(())
}

/// Two people behind two routers, with one relay.
pub async fn nat(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let Some(net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let mut homes = Homes::new(net, base.path(), Nat::Plain, None).await?;
    let mut talk = Talk::default();
    let (mut first, mut direct, mut share) = (Vec::new(), Vec::new(), 0);
    let rounds = wanted.rounds.div_ceil(2);
    for _ in 0..rounds {
        for person in &mut homes.people {
            person.terminate()?;
            person.port = free_port()?;
        }
        let begun = Instant::now();
        homes.start()?;
        let (alice, bob) = (&homes.people[0], &homes.people[1]);
        talk.arrives(alice, bob, PATIENCE).await?;
        first.push(begun.elapsed());
        while road(alice, bob).await? != "direct" || road(bob, alice).await? != "direct" {
            ensure!(begun.elapsed() < PATIENCE, "not direct within {PATIENCE:?}");
            talk.arrives(bob, alice, PATIENCE).await?;
        }
        direct.push(begun.elapsed());
        for _ in 0..DIRECT {
            talk.arrives(alice, bob, PATIENCE).await?;
        }
        share += roads(bob, alice, DIRECT).await?.iter().filter(|road| *road == "direct").count();
        talk.judge(&[alice, bob]).await?;
    }
    times(report, "nat_first", "two routers, one relay: from start until a message is delivered", first);
    times(report, "nat_direct", "  from start until the link is direct on both sides", direct);
    let percent = share as f64 * 100.0 / (rounds * DIRECT) as f64;
    let words = format!("  messages that go direct from then on: {percent:.1} % of {}", rounds * DIRECT);
    report.line("nat_direct_percent", percent, &words);
    Ok(())
}

/// Three people on a LAN with no way out.
pub async fn lan(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let mut people = acquainted(base.path(), &["alice", "bob", "carol"]).await?;
    let switch = net.switch("lan")?;
    let hosts = (2..5)
        .map(|last| net.host("home", &switch, &format!("192.168.1.{last}/24"), None))
        .collect::<Result<Vec<_>>>()?;
    let mut talk = Talk::default();
    let (mut found, mut told) = (Vec::new(), Vec::new());
    for _ in 0..wanted.rounds.div_ceil(2) {
        let begun = Instant::now();
        at_once(people.iter_mut().zip(&hosts), |(person, host)| {
            person.port = free_port()?;
            person.start_at(host, &[])
        })?;
        for (one, other) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
            linked(&people[one], &people[other], |via| via == "lan", PATIENCE).await?;
        }
        found.push(begun.elapsed());
        for (one, other) in [(0, 1), (1, 2), (2, 0)] {
            talk.arrives(&people[one], &people[other], PATIENCE).await?;
        }
        told.push(begun.elapsed());
        for person in &people {
            let client = person.client().await?;
            wait_for("the network is called a LAN", Duration::from_secs(15), || async {
                let status: Status = client.call("status", json!({})).await?;
                Ok((status.network == "lan").then_some(()))
            })
            .await?;
        }
        talk.judge(&people.iter().collect::<Vec<_>>()).await?;
        for person in &mut people {
            person.terminate()?;
        }
    }
    times(report, "lan_found", "LAN of three, no way out: from start until all have links to all", found);
    times(report, "lan_told", "  from start until everybody has said something to somebody", told);
    Ok(())
}
