//! Whole nodes with real Kademlia, most of them inside one process without sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod churn;
mod poison;
mod small;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};

use libp2p::core::Transport;
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::{Multiaddr, PeerId, Swarm, SwarmBuilder, identity, memory_connection_limits, noise};
use starling_protocol::discovery::Record;
use starling_protocol::engine::net::{NetCommand, NetEvent};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::PATIENCE;
use crate::net::addr::Parts;
use crate::net::behaviour::Behaviour;
use crate::net::{Net, NetConfig, Stop, build, start};

/// Where the next node listens; this process is its whole world.
static PLACE: AtomicU64 = AtomicU64::new(1_000);

pub(super) fn place() -> Multiaddr {
    format!("/memory/{}", PLACE.fetch_add(1, Ordering::Relaxed)).parse().unwrap()
}

/// A node, its events sorted.
struct Node {
    peer: PeerId,
    addr: Multiaddr,
    commands: mpsc::Sender<NetCommand>,
    answers: mpsc::Receiver<NetEvent>,
    neighbours: watch::Receiver<u32>,
    stop: Stop,
    last: u64,
}

/// What a look-up came to.
struct Looked {
    found: Vec<Vec<u8>>,
    asked: u32,
}

impl Node {
    fn of(net: Net) -> Self {
        let (told, neighbours) = watch::channel(0);
        let (sender, answers) = mpsc::channel(4_096);
        let mut events = net.events;
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                match event {
                    NetEvent::Neighbours { count } => drop(told.send(count)),
                    NetEvent::Published { .. } | NetEvent::Found { .. } | NetEvent::LookedUp { .. } => {
                        sender.try_send(event).unwrap();
                    }
                    _ => {}
                }
            }
        });
        Self {
            peer: PeerId::from_bytes(&net.local_peer).unwrap(),
            addr: net.listen[0].parse().unwrap(),
            commands: net.commands,
            answers,
            neighbours,
            stop: net.stop,
            last: 0,
        }
    }

    /// A node inside this process that knows `others`.
    async fn in_memory(others: &[(PeerId, Multiaddr)]) -> Self {
        let addr = place();
        let mut swarm = memory_swarm();
        swarm.add_external_address(addr.clone());
        for (peer, addr) in others {
            swarm.behaviour_mut().dht.add_address(peer, addr.clone());
        }
        let nowhere = Parts { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 1, quic: false };
        let listens = vec![(addr.to_string(), addr, nowhere)];
        Self::of(start::run(&NetConfig::default(), Box::new(swarm), listens).await.unwrap())
    }

    fn known(&self) -> (PeerId, Multiaddr) {
        (self.peer, self.addr.clone())
    }

    fn tell(&self, command: NetCommand) {
        self.commands.try_send(command).unwrap();
    }

    async fn answer(&mut self) -> NetEvent {
        timeout(PATIENCE, self.answers.recv()).await.expect("no answer").expect("network gone")
    }

    /// How many took it.
    async fn publish(&mut self, record: &Record) -> u32 {
        self.last += 1;
        let publish = self.last;
        self.tell(NetCommand::Publish { publish, key: record.key, value: record.value.clone() });
        match self.answer().await {
            NetEvent::Published { publish: p, copies } if p == publish => copies,
            other => panic!("{other:?}"),
        }
    }

    async fn look_up(&mut self, key: [u8; 32]) -> Looked {
        self.last += 1;
        let lookup = self.last;
        self.tell(NetCommand::LookUp { lookup, key, known: None });
        let mut found = Vec::new();
        loop {
            match self.answer().await {
                NetEvent::Found { lookup: l, value } if l == lookup => found.push(value),
                NetEvent::LookedUp { lookup: l, asked } if l == lookup => return Looked { found, asked },
                other => panic!("{other:?}"),
            }
        }
    }

    async fn has_neighbours(&mut self, count: u32) {
        let there = self.neighbours.wait_for(|there| *there >= count);
        timeout(PATIENCE, there).await.expect("too few neighbours").expect("network gone");
    }

    /// Gone without a word.
    fn crash(self) {
        self.stop.task.abort();
    }
}

/// So many nodes that all know each other, or will soon.
async fn network(count: usize) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for _ in 0..count {
        let known: Vec<_> = nodes.iter().rev().take(3).map(Node::known).collect();
        nodes.push(Node::in_memory(&known).await);
    }
    for node in &mut nodes {
        node.has_neighbours(u32::try_from(count - 1).unwrap().min(15)).await;
    }
    nodes
}

/// A swarm of the product whose only transport is this process.
pub(super) fn memory_swarm() -> Swarm<Behaviour> {
    let mut swarm = SwarmBuilder::with_existing_identity(identity::Keypair::generate_ed25519())
        .with_tokio()
        .with_other_transport(|key| {
            MemoryTransport::default()
                .upgrade(Version::V1)
                .authenticate(noise::Config::new(key).unwrap())
                .multiplex(build::multiplexer())
        })
        .unwrap()
        .with_relay_client(noise::Config::new, build::multiplexer)
        .unwrap()
        .with_behaviour(|key, relay| build::behaviour(key, relay, &NetConfig::default()))
        .unwrap()
        .build();
    // Not one node's memory: that of all.
    swarm.behaviour_mut().memory = memory_connection_limits::Behaviour::with_max_bytes(usize::MAX);
    swarm
}
