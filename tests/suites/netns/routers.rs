//! People behind routers, and one relay: reached at once, direct as soon as a hole is punched, by relay where none can
//! be; and a router that gets another address in the middle of a talk.

use super::PATIENCE;
use anyhow::{Result, ensure};
use serde_json::json;
use starling_node::api::types::Status;
use starling_tests::live::{Homes, Nat, Net, Talk, linked, road, roads, wait_for};
use std::time::{Duration, Instant};

/// From a link by relay until there is a direct one.
const PUNCHED: Duration = Duration::from_secs(15);
/// From a router's new address until messages go both ways again.
const REBOUND: Duration = Duration::from_secs(15);

async fn a_hole_is_punched(banned: &str) -> Result<()> {
    let Some(net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let homes = Homes::new(net, base.path(), Nat::Plain, Some(banned)).await?;
    let [alice, bob] = &homes.people[..] else { unreachable!() };
    let mut talk = Talk::default();
    let first = talk.arrives(alice, bob, PATIENCE).await?;
    // Messages go on while the talk moves from the relay to the direct link.
    let begun = Instant::now();
    while road(alice, bob).await? != "direct" || road(bob, alice).await? != "direct" {
        ensure!(begun.elapsed() < PUNCHED, "not direct within {PUNCHED:?}");
        talk.arrives(bob, alice, PATIENCE).await?;
    }
    let direct = begun.elapsed();
    eprintln!("without {banned}: the first message after {first:?}, direct after {direct:?} more");
    for _ in 0..20 {
        talk.arrives(alice, bob, PATIENCE).await?;
        talk.say(bob, alice).await?;
    }
    let roads = roads(bob, alice, 20).await?;
    ensure!(roads.iter().all(|road| road == "direct"), "{roads:?}");
    talk.judge(&[alice, bob]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_two_routers_a_hole_is_punched_over_quic() -> Result<()> {
    a_hole_is_punched("tcp").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_two_routers_a_hole_is_punched_over_tcp() -> Result<()> {
    a_hole_is_punched("udp").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_hole_can_be_punched_the_relay_carries_and_the_screen_says_so() -> Result<()> {
    let Some(net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let homes = Homes::new(net, base.path(), Nat::Symmetric, None).await?;
    let [alice, bob] = &homes.people[..] else { unreachable!() };
    let mut talk = Talk::default();
    for _ in 0..20 {
        talk.arrives(alice, bob, PATIENCE).await?;
        talk.arrives(bob, alice, PATIENCE).await?;
    }
    let roads = roads(bob, alice, 20).await?;
    ensure!(roads.iter().all(|road| road == "relay"), "{roads:?}");
    for person in [alice, bob] {
        let client = person.client().await?;
        wait_for("the network is called relayed", PATIENCE, || async {
            let status: Status = client.call("status", json!({})).await?;
            Ok((status.network == "relayed" && status.peers.relayed == 1).then_some(()))
        })
        .await?;
    }
    talk.judge(&[alice, bob]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_with_another_address_in_the_middle_of_a_talk_loses_nothing() -> Result<()> {
    let Some(net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let mut homes = Homes::new(net, base.path(), Nat::Plain, None).await?;
    let mut talk = Talk::default();
    {
        let [alice, bob] = &homes.people[..] else { unreachable!() };
        talk.arrives(alice, bob, PATIENCE).await?;
        linked(alice, bob, |via| via == "direct", PUNCHED).await?;
    }
    for (router, number) in [(0, 11), (1, 21)] {
        homes.routers[router].rebind(number)?;
        let [alice, bob] = &homes.people[..] else { unreachable!() };
        talk.say(bob, alice).await?;
        let took = talk.arrives(alice, bob, REBOUND).await?;
        talk.all_there(bob, alice, REBOUND.saturating_sub(took)).await?;
        eprintln!("both heard again {took:?} after a router's new address");
    }
    talk.judge(&[&homes.people[0], &homes.people[1]]).await
}
