//! Who is not admitted learns nothing: not that there is gossip, nor of what, nor what is said.

use std::slice::from_ref;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::Transport;
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Swarm, SwarmBuilder, gossipsub, identify, identity, noise};
use starling_protocol::engine::net::NetCommand;
use tokio::time::{Instant, timeout};

use super::raw::{self, digits};
use super::{Member, PATIENCE, ROOM, admit, room, settle};
use crate::net::build;

/// What is heard of somebody in this time after all else is done.
const LATER: Duration = Duration::from_millis(300);

/// A swarm of anything, whose only transport is this process.
pub(super) fn memory<B: NetworkBehaviour>(behaviour: B) -> Swarm<B> {
    SwarmBuilder::with_existing_identity(identity::Keypair::generate_ed25519())
        .with_tokio()
        .with_other_transport(|key| {
            MemoryTransport::default()
                .upgrade(Version::V1)
                .authenticate(noise::Config::new(key).unwrap())
                .multiplex(build::multiplexer())
        })
        .unwrap()
        .with_behaviour(|_| behaviour)
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(PATIENCE))
        .build()
}

#[derive(NetworkBehaviour)]
struct Curious {
    identify: identify::Behaviour,
    gossip: gossipsub::Behaviour,
}

/// A gossipsub of the same name that knows the room's topic.
fn curious() -> Swarm<Curious> {
    let config = gossipsub::ConfigBuilder::default()
        .protocol_id("/starling/gossip/1", gossipsub::Version::V1_1)
        .validation_mode(gossipsub::ValidationMode::Anonymous)
        .build()
        .unwrap();
    let mut gossip = gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Anonymous, config).unwrap();
    gossip.subscribe(&gossipsub::IdentTopic::new(digits(&ROOM))).unwrap();
    let key = identity::Keypair::generate_ed25519().public();
    let identify = identify::Behaviour::new(identify::Config::new("/starling/id/1".to_owned(), key));
    memory(Curious { identify, gossip })
}

/// What a stranger came to know.
#[derive(Debug, Default, PartialEq)]
struct Learned {
    protocols: Vec<String>,
    refused: bool,
    topics: usize,
    messages: usize,
}

impl Learned {
    fn take(&mut self, event: SwarmEvent<CuriousEvent>) {
        match event {
            SwarmEvent::Behaviour(CuriousEvent::Identify(identify::Event::Received { info, .. })) => {
                self.protocols = info.protocols.iter().map(ToString::to_string).collect();
            }
            SwarmEvent::Behaviour(CuriousEvent::Gossip(event)) => match event {
                gossipsub::Event::Message { .. } => self.messages += 1,
                gossipsub::Event::Subscribed { .. } => self.topics += 1,
                gossipsub::Event::GossipsubNotSupported { .. } => self.refused = true,
                _ => {}
            },
            _ => {}
        }
    }

    /// Goes on until something is known.
    async fn until(&mut self, swarm: &mut Swarm<Curious>, done: impl Fn(&Self) -> bool) {
        let all = async {
            while !done(self) {
                let event = swarm.select_next_some().await;
                self.take(event);
            }
        };
        timeout(PATIENCE, all).await.expect("never learned");
    }

    async fn later(&mut self, swarm: &mut Swarm<Curious>) {
        let until = Instant::now() + LATER;
        while let Ok(event) = tokio::time::timeout_at(until, swarm.select_next_some()).await {
            self.take(event);
        }
    }

    fn knows_gossip(&self) -> bool {
        self.protocols.iter().any(|name| name.contains("gossip"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_sees_hears_and_says_nothing() {
    let mut members = room(2).await;
    settle(&mut members).await;
    let mut stranger = curious();
    stranger.dial(members[0].addr.clone()).unwrap();
    let mut learned = Learned::default();
    learned.until(&mut stranger, |l| l.refused && !l.protocols.is_empty()).await;
    members[0].says(b"for us").await;
    assert_eq!(members[1].hears().await.data, b"for us");
    let topic = gossipsub::IdentTopic::new(digits(&ROOM));
    let _ = stranger.behaviour_mut().gossip.publish(topic, b"for all".to_vec());
    learned.later(&mut stranger).await;
    assert!(!learned.knows_gossip(), "{learned:?}");
    assert_eq!((learned.topics, learned.messages), (0, 0));
    assert!(members.iter_mut().all(Member::heard_nothing));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_listened_to_learns_that_there_is_gossip_and_nothing_of_it() {
    let mut members = room(2).await;
    settle(&mut members).await;
    let mut half = curious();
    let peer = *half.local_peer_id();
    let mut learned = Learned::default();
    half.dial(members[0].addr.clone()).unwrap();
    let conn = {
        let conn = members[0].conn(peer, 1);
        tokio::pin!(conn);
        loop {
            tokio::select! {
                conn = &mut conn => break conn,
                event = half.select_next_some() => learned.take(event),
            }
        }
    };
    members[0].tell(NetCommand::Admit { conn, both: false }).await;
    learned.until(&mut half, Learned::knows_gossip).await;
    members[0].says(b"for us").await;
    assert_eq!(members[1].hears().await.data, b"for us");
    learned.later(&mut half).await;
    assert_eq!((learned.topics, learned.messages), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_writes_by_hand_goes_nowhere() {
    let mut members = room(2).await;
    settle(&mut members).await;
    let (peer, hand) = raw::mallory(&members[0].addr);
    members[0].conn(peer, 1).await;
    hand.send(raw::subscribe([&ROOM])).await.unwrap();
    hand.send(raw::publish(&ROOM, b"hello")).await.unwrap();
    members[0].says(b"for us").await;
    assert_eq!(members[1].hears().await.data, b"for us");
    tokio::time::sleep(LATER).await;
    assert!(members.iter_mut().all(Member::heard_nothing));
    // Once admitted it is heard, so it was the gate that kept it out.
    members[0].admit(peer, true).await;
    assert_eq!(members[0].hears().await.data, b"hello");
    assert_eq!(members[1].hears().await.data, b"hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_never_admitted_leaves_nothing_behind_and_who_was_may_come_again() {
    let mut alice = Member::new(&[]).await;
    for both in [false, true, false, true] {
        let mut bob = Member::new(from_ref(&alice.addr)).await;
        alice.admit(bob.peer, both).await;
        bob.admit(alice.peer, both).await;
        let peer = bob.peer;
        bob.stop.shutdown().await;
        alice.conns(peer, 0).await;
    }
    let mut bob = Member::new(from_ref(&alice.addr)).await;
    admit(&mut alice, &mut bob).await;
    settle(&mut [alice, bob]).await;
}
