//! Local networks: people find each other by mDNS alone, with no way out.

use super::PATIENCE;
use anyhow::Result;
use serde_json::json;
use starling_node::api::types::Status;
use starling_tests::live::{Net, Talk, acquainted, free_port, linked, wait_for};
use std::time::{Duration, Instant};

/// From the start of the last node until everybody has a link to everybody.
const FOUND: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_on_a_lan_without_a_way_out_find_each_other_and_talk() -> Result<()> {
    let Some(mut net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let mut people = acquainted(base.path(), &["alice", "bob", "carol"]).await?;
    let lan = net.switch("lan")?;
    let mut hosts = Vec::new();
    for (number, person) in people.iter_mut().enumerate() {
        let host = net.host(&person.name, &lan, &format!("192.168.1.{}/24", number + 2), None)?;
        person.start_at(&host, &[])?;
        hosts.push(host);
    }
    let begun = Instant::now();
    let mut talk = Talk::default();
    for one in &people {
        for other in people.iter().filter(|other| other.name != one.name) {
            linked(one, other, |via| via == "lan", FOUND.saturating_sub(begun.elapsed())).await?;
        }
    }
    eprintln!("three found each other within {:?}", begun.elapsed());
    for one in &people {
        for other in people.iter().filter(|other| other.name != one.name) {
            for _ in 0..5 {
                talk.arrives(one, other, PATIENCE).await?;
            }
        }
    }
    for person in &people {
        let client = person.client().await?;
        wait_for("the network is called a LAN", Duration::from_secs(12), || async {
            let status: Status = client.call("status", json!({})).await?;
            Ok((status.network == "lan").then_some(()))
        })
        .await?;
    }
    // Whoever comes late, with another port and another peer id, is found too.
    people[2].kill()?;
    talk.say(&people[0], &people[2]).await?;
    people[2].port = free_port()?;
    let begun = Instant::now();
    people[2].start_at(&hosts[2], &[])?;
    talk.all_there(&people[0], &people[2], FOUND).await?;
    eprintln!("the latecomer had its message after {:?}", begun.elapsed());
    talk.judge(&people.iter().collect::<Vec<_>>()).await
}
