//! Nodes that keep and say what they like, in an honest network. They are libp2p's own Kademlia, which keeps
//! everything and tells who published it.

use futures::StreamExt;
use libp2p::core::Transport;
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::kad::store::{MemoryStore, RecordStore};
use libp2p::kad::{self, InboundRequest, Record, RecordKey, StoreInserts};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, identify, identity, noise, yamux};
use tokio::sync::mpsc;

use super::{Node, network, place};
use crate::net::dht::tests::sealed;

#[derive(NetworkBehaviour)]
struct Mallory {
    kad: kad::Behaviour<MemoryStore>,
    identify: identify::Behaviour,
}

/// Starts one that answers with `records`; what others put at it comes out of the channel.
fn mallory(honest: &[Node], records: Vec<Record>) -> mpsc::Receiver<InboundRequest> {
    let mut swarm = swarm();
    let addr = place();
    swarm.listen_on(addr.clone()).unwrap();
    swarm.add_external_address(addr);
    for node in honest {
        swarm.dial(node.addr.clone()).unwrap();
    }
    for record in records {
        swarm.behaviour_mut().kad.store_mut().put(record).unwrap();
    }
    let (sender, requests) = mpsc::channel(1_024);
    tokio::spawn(async move {
        loop {
            if let SwarmEvent::Behaviour(MalloryEvent::Kad(kad::Event::InboundRequest { request })) =
                swarm.select_next_some().await
            {
                let _ = sender.try_send(request);
            }
        }
    });
    requests
}

fn swarm() -> Swarm<Mallory> {
    SwarmBuilder::with_existing_identity(identity::Keypair::generate_ed25519())
        .with_tokio()
        .with_other_transport(|key| {
            MemoryTransport::default()
                .upgrade(Version::V1)
                .authenticate(noise::Config::new(key).unwrap())
                .multiplex(yamux::Config::default())
        })
        .unwrap()
        .with_behaviour(|key| {
            let local = key.public().to_peer_id();
            let mut config = kad::Config::new(StreamProtocol::new("/starling/kad/1"));
            config.set_record_filtering(StoreInserts::FilterBoth);
            let mut kad = kad::Behaviour::with_config(local, MemoryStore::new(local), config);
            kad.set_mode(Some(kad::Mode::Server));
            let identify = identify::Config::new("/mallory/1".to_owned(), key.public());
            Mallory { kad, identify: identify::Behaviour::new(identify) }
        })
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(super::PATIENCE))
        .build()
}

fn raw(key: &[u8], value: Vec<u8>) -> Record {
    Record { key: RecordKey::new(&key), value, publisher: Some(PeerId::random()), expires: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_are_not_handed_up_and_the_truth_is_found_beside_them() {
    let mut nodes = network(6).await;
    let [old, new, other] = [sealed(1, 1, false), sealed(1, 9, true), sealed(2, 9, false)];
    let mut forged = new.value.clone();
    forged[98] ^= 1;
    let lies = [
        b"garbage".to_vec(),
        other.value,
        forged,
        vec![0; 4_096],
        Vec::new(),
        vec![7; 12_000],
        old.value.clone(),
    ];
    let kept = lies.map(|lie| mallory(&nodes, vec![raw(&new.key, lie)]));
    for node in &mut nodes {
        node.has_neighbours(5 + 7).await;
    }
    // Liars say that they take it.
    assert!(nodes[0].publish(&new).await >= 5);
    for node in &mut nodes[1..] {
        let looked = node.look_up(new.key).await;
        assert!(looked.found.contains(&new.value));
        assert!(looked.found.iter().all(|value| *value == new.value || *value == old.value));
        assert!(looked.found.contains(&old.value), "liars were asked too");
    }
    drop(kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_on_the_wire_names_nobody() {
    let mut nodes = network(3).await;
    let mut requests = mallory(&nodes, Vec::new());
    nodes[0].has_neighbours(3).await;
    let record = sealed(1, 1, false);
    nodes[0].publish(&record).await;
    let mut seen_count = 0;
    while seen_count == 0 {
        let request = tokio::time::timeout(super::PATIENCE, requests.recv()).await.unwrap().unwrap();
        match request {
            InboundRequest::PutRecord { record: Some(put), .. } => {
                assert_eq!((put.key.to_vec(), put.value), (record.key.to_vec(), record.value.clone()));
                assert_eq!(put.publisher, None);
                seen_count += 1;
            }
            InboundRequest::AddProvider { .. } | InboundRequest::GetProvider { .. } => {
                panic!("nobody provides anything")
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_forgets_who_published_and_takes_no_providers() {
    let nodes = network(2).await;
    let alice: Multiaddr = nodes[0].addr.clone();
    let record = sealed(1, 1, false);
    let mut swarm = swarm();
    swarm.behaviour_mut().kad.add_address(&nodes[0].peer, alice);
    let key = RecordKey::new(&record.key);
    swarm.behaviour_mut().kad.start_providing(key.clone()).unwrap();
    // Names a publisher.
    swarm.behaviour_mut().kad.put_record(raw(&record.key, record.value.clone()), kad::Quorum::One).unwrap();
    let mut done_count = 0;
    let mut found = None;
    while found.is_none() {
        let event = tokio::time::timeout(super::PATIENCE, swarm.select_next_some()).await.unwrap();
        let SwarmEvent::Behaviour(MalloryEvent::Kad(kad::Event::OutboundQueryProgressed { result, .. })) =
            event
        else {
            continue;
        };
        match result {
            kad::QueryResult::PutRecord(put) => {
                put.unwrap();
                done_count += 1;
            }
            kad::QueryResult::StartProviding(_) => done_count += 1,
            kad::QueryResult::GetRecord(Ok(kad::GetRecordOk::FoundRecord(record))) => {
                found = Some(record.record)
            }
            _ => {}
        }
        if done_count == 2 {
            done_count = 0;
            let kad = &mut swarm.behaviour_mut().kad;
            kad.store_mut().remove(&key);
            kad.get_record(key.clone());
        }
    }
    let found = found.unwrap();
    assert_eq!((found.value, found.publisher), (record.value, None));
    let kad = &mut swarm.behaviour_mut().kad;
    kad.store_mut().remove_provider(&key, &PeerId::random());
    kad.get_providers(RecordKey::new(&[9; 32]));
}
