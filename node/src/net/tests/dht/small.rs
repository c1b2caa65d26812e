use std::time::Duration;

use futures::StreamExt;
use libp2p::Swarm;
use libp2p::swarm::SwarmEvent;
use starling_protocol::engine::net::{KNOWN_COPIES, NetCommand, NetEvent};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Node, memory_swarm, network, place};
use crate::net::behaviour::{Behaviour, BehaviourEvent};
use crate::net::dht::Dht;
use crate::net::dht::tests::sealed;
use crate::net::outbox::Outbox;
use crate::net::tests::{PATIENCE, node, quic, tcp};
use crate::net::{NetConfig, start};

#[tokio::test(flavor = "multi_thread")]
async fn two_on_one_network_are_a_dht() {
    let alice = node(&[tcp(), quic()]).await;
    let config =
        NetConfig { listen: vec![tcp(), quic()], peers: alice.listen.clone(), ..NetConfig::default() };
    let (mut alice, mut bob) = (Node::of(alice), Node::of(start(config).await.unwrap()));
    alice.has_neighbours(1).await;
    bob.has_neighbours(1).await;
    let [from_alice, from_bob] = [1, 2].map(|n| sealed(n, 1, n == 2));
    assert_eq!(alice.publish(&from_alice).await, 1);
    assert_eq!(bob.publish(&from_bob).await, 1);
    assert!(alice.look_up(from_bob.key).await.found.contains(&from_bob.value));
    assert!(bob.look_up(from_alice.key).await.found.contains(&from_alice.value));
}

#[tokio::test(flavor = "multi_thread")]
async fn alone_there_is_nothing_to_wait_for() {
    let mut alice = Node::in_memory(&[]).await;
    let record = sealed(1, 1, false);
    assert_eq!(alice.publish(&record).await, 0);
    assert_eq!(alice.look_up(sealed(2, 1, false).key).await.asked, 0);
    assert!(alice.look_up(record.key).await.found.contains(&record.value), "kept by ourselves for who comes");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_value_is_told_six_times_at_most() {
    let mut nodes = network(9).await;
    let record = sealed(1, 1, false);
    assert_eq!(nodes[0].publish(&record).await, 8);
    let looked = nodes[5].look_up(record.key).await;
    assert_eq!(looked.found.len(), KNOWN_COPIES);
    assert!(looked.found.iter().all(|value| *value == record.value));
    assert!(looked.asked >= 7, "{}", looked.asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn holders_refuse_what_is_old_or_no_record_and_the_publisher_sees_it() {
    let mut nodes = network(5).await;
    let [old, new] = [1, 2].map(|step| sealed(1, step, false));
    assert_eq!(nodes[0].publish(&new).await, 4);
    assert_eq!(nodes[1].publish(&old).await, 0);
    let mut forged = old.clone();
    forged.value[99] ^= 16;
    assert_eq!(nodes[2].publish(&forged).await, 0);
    let found = nodes[3].look_up(new.key).await.found;
    assert!(found.iter().all(|value| *value == new.value) && !found.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_is_ended_is_answered_at_once() {
    let mut nodes = network(4).await;
    let alice = &mut nodes[0];
    let began = Instant::now();
    for lookup in 100..200 {
        alice.tell(NetCommand::LookUp { lookup, key: [7; 32], known: None });
        alice.tell(NetCommand::EndLookUp { lookup });
    }
    let mut ended: Vec<u64> = Vec::new();
    while ended.len() < 100 {
        match alice.answer().await {
            NetEvent::LookedUp { lookup, .. } => ended.push(lookup),
            other => panic!("{other:?}"),
        }
    }
    ended.sort_unstable();
    ended.dedup();
    assert_eq!(ended.len(), 100);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_requests_is_answered_each_once() {
    let mut nodes = network(4).await;
    let alice = &mut nodes[0];
    // More than may wait.
    for n in 0..400 {
        let record = sealed(n, 1, false);
        if n % 2 == 0 {
            alice.tell(NetCommand::Publish { publish: n, key: record.key, value: record.value });
        } else {
            alice.tell(NetCommand::LookUp { lookup: n, key: record.key, known: None });
        }
    }
    let mut answered: Vec<u64> = Vec::new();
    while answered.len() < 400 {
        match alice.answer().await {
            NetEvent::Published { publish: n, .. } | NetEvent::LookedUp { lookup: n, .. } => answered.push(n),
            _ => {}
        }
    }
    answered.sort_unstable();
    answered.dedup();
    assert_eq!(answered.len(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_needs_nobody_but_the_seeds_of_the_last_one() {
    let alice = node(&[tcp()]).await;
    let mut bob = node(&[tcp()]).await;
    // Most of them are long gone.
    let mut addrs: Vec<String> = (1..12).map(|port| format!("/ip4/127.0.0.1/tcp/{port}")).collect();
    addrs.extend(alice.listen.clone());
    let began = Instant::now();
    bob.tell(NetCommand::Seeds { addrs });
    bob.until(|event| matches!(event, NetEvent::Neighbours { count: 1 }).then_some(())).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let seeds = alice.listen.clone();
    let shutdown = tokio::spawn(bob.stop.shutdown());
    let mut told = None;
    while let Ok(Some(event)) = timeout(PATIENCE, bob.events.recv()).await {
        if let NetEvent::GoodPeers { addrs } = event {
            told = Some(addrs);
        }
    }
    shutdown.await.unwrap();
    assert_eq!(told.unwrap()[..1], seeds[..1], "the one who was there comes first next time");
}

/// The DHT's part of a node, without the rest; until `done` is answered.
async fn alone_until<T>(
    mut dht: Dht,
    mut swarm: Swarm<Behaviour>,
    out: &mut Outbox,
    done: oneshot::Receiver<T>,
) -> T {
    tokio::pin!(done);
    loop {
        let next = dht.next_at().unwrap();
        tokio::select! {
            done = &mut done => return done.unwrap(),
            event = swarm.select_next_some() => {
                dht.on_swarm(&mut swarm, &event);
                if let SwarmEvent::Behaviour(BehaviourEvent::Dht(event)) = event {
                    dht.on_event(&mut swarm, out, event);
                }
            }
            () = sleep_until(next) => dht.on_timer(&mut swarm, out),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_reads_back_from_others_and_the_engine_hears_nothing() {
    let nodes = network(4).await;
    let mut swarm = memory_swarm();
    for node in &nodes {
        swarm.behaviour_mut().dht.add_address(&node.peer, node.addr.clone());
    }
    let (sender, mut events) = mpsc::channel(64);
    let (mut dht, mut out) = (Dht::new(), Outbox::new(sender));
    let (answer, done) = oneshot::channel();
    swarm.listen_on(place()).unwrap();
    while swarm.listeners().next().is_none() {
        let event = swarm.select_next_some().await;
        dht.on_swarm(&mut swarm, &event);
    }
    dht.try_out(&mut swarm, &mut out, sealed(7, 1, false), answer);
    let outcome = Box::pin(alone_until(dht, swarm, &mut out, done)).await;
    assert_eq!((outcome.copies, outcome.asked, outcome.read_back), (4, 4, true));
    while let Ok(event) = events.try_recv() {
        assert!(matches!(event, NetEvent::Neighbours { .. }), "{event:?}");
    }
}
