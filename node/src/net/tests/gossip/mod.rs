//! Whole nodes that gossip, most of them inside one process without sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

mod admission;
mod hostile;
mod many;
mod raw;
mod stranger;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use libp2p::{Multiaddr, PeerId};
use starling_protocol::engine::net::{ConnId, NetCommand, NetEvent, Topic, Verdict};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::PATIENCE;
use super::dht::{memory_swarm, place};
use crate::net::addr::Parts;
use crate::net::{Net, NetConfig, Stop, start};

/// What the room of these tests is about.
const ROOM: Topic = [7; 32];

/// Between two tries to reach everybody, for each of them: tries are work for all.
const PROBE: Duration = Duration::from_millis(10);

/// What was said lately is not heard again: every round of words has a number.
static ROUND: AtomicU64 = AtomicU64::new(0);

type Conns = BTreeMap<PeerId, Vec<ConnId>>;

/// Something that came by gossip, and when.
struct Heard {
    topic: Topic,
    data: Vec<u8>,
    at: Instant,
}

/// A node that judges: what begins with `bad` is rejected, all else is good.
struct Member {
    peer: PeerId,
    addr: Multiaddr,
    commands: mpsc::Sender<NetCommand>,
    heard: mpsc::Receiver<Heard>,
    conns: watch::Receiver<Conns>,
    stop: Stop,
}

impl Member {
    fn of(net: Net) -> Self {
        let (told, conns) = watch::channel(Conns::new());
        let (sender, heard) = mpsc::channel(100_000);
        let (mut events, commands) = (net.events, net.commands.clone());
        tokio::spawn(async move {
            let mut peers: BTreeMap<ConnId, PeerId> = BTreeMap::new();
            while let Some(event) = events.recv().await {
                match event {
                    NetEvent::ConnOpened { conn, peer, .. } => {
                        let peer = PeerId::from_bytes(&peer).unwrap();
                        peers.insert(conn, peer);
                        told.send_modify(|conns| conns.entry(peer).or_default().push(conn));
                    }
                    NetEvent::ConnClosed { conn } => {
                        let peer = peers.remove(&conn).unwrap();
                        told.send_modify(|conns| conns.entry(peer).or_default().retain(|c| *c != conn));
                    }
                    NetEvent::Gossip { gossip, topic, data } => {
                        let bad = data.starts_with(b"bad");
                        let verdict = if bad { Verdict::Reject } else { Verdict::Accept };
                        let _ = commands.send(NetCommand::Judge { gossip, verdict }).await;
                        let said = sender.try_send(Heard { topic, data, at: Instant::now() });
                        assert!(!matches!(said, Err(mpsc::error::TrySendError::Full(_))));
                    }
                    _ => {}
                }
            }
        });
        Self {
            peer: PeerId::from_bytes(&net.local_peer).unwrap(),
            addr: net.listen[0].parse().unwrap(),
            commands: net.commands,
            heard,
            conns,
            stop: net.stop,
        }
    }

    /// A node inside this process that hears the room and is connected with `others`.
    async fn new(others: &[Multiaddr]) -> Self {
        let addr = place();
        let mut swarm = memory_swarm();
        for addr in others {
            swarm.dial(addr.clone()).unwrap();
        }
        let nowhere = Parts { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 1, quic: false };
        let listens = vec![(addr.to_string(), addr, nowhere)];
        let net = start::run(&NetConfig::default(), Box::new(swarm), listens).await.unwrap();
        let member = Self::of(net);
        member.tell(NetCommand::Topics { topics: vec![ROOM] }).await;
        member
    }

    async fn tell(&self, command: NetCommand) {
        self.commands.send(command).await.unwrap();
    }

    async fn says(&self, data: &[u8]) {
        self.tell(NetCommand::Gossip { topic: ROOM, data: data.to_vec() }).await;
    }

    /// The connections with a peer, when there are so many.
    async fn conns(&mut self, peer: PeerId, count: usize) -> Vec<ConnId> {
        let there = self.conns.wait_for(|conns| conns.get(&peer).map_or(0, Vec::len) == count);
        let conns = timeout(PATIENCE, there).await.expect("not so many connections").expect("network gone");
        conns.get(&peer).cloned().unwrap_or_default()
    }

    /// The newest of them.
    async fn conn(&mut self, peer: PeerId, count: usize) -> ConnId {
        *self.conns(peer, count).await.last().unwrap()
    }

    async fn admit(&mut self, peer: PeerId, both: bool) {
        let conn = self.conn(peer, 1).await;
        self.tell(NetCommand::Admit { conn, both }).await;
    }

    /// The next thing that comes and was not only said to find out whether all are there.
    async fn hears(&mut self) -> Heard {
        loop {
            let heard = timeout(PATIENCE, self.heard.recv()).await.expect("nothing heard");
            let heard = heard.expect("network gone");
            if !heard.data.starts_with(b"probe ") {
                return heard;
            }
        }
    }

    /// Whether nothing else has come by now.
    fn heard_nothing(&mut self) -> bool {
        std::iter::from_fn(|| self.heard.try_recv().ok()).all(|heard| heard.data.starts_with(b"probe "))
    }

    /// Waits until all of these have come, whatever else comes.
    async fn hears_all(&mut self, wanted: impl IntoIterator<Item = Vec<u8>>) {
        let mut wanted: BTreeSet<Vec<u8>> = wanted.into_iter().collect();
        while !wanted.is_empty() {
            let missing = wanted.len();
            let heard = timeout(PATIENCE, self.heard.recv()).await;
            let heard = heard.unwrap_or_else(|_| panic!("{missing} never came")).expect("network gone");
            assert_eq!(heard.topic, ROOM);
            wanted.remove(&heard.data);
        }
    }
}

/// Two members of a room admit each other, as their engines would.
async fn admit(a: &mut Member, b: &mut Member) {
    let (alice, bob) = (a.peer, b.peer);
    a.admit(bob, false).await;
    b.admit(alice, false).await;
    a.admit(bob, true).await;
    b.admit(alice, true).await;
}

/// So many members, each connected with all others and admitted by them.
async fn room(count: usize) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for _ in 0..count {
        let addrs: Vec<_> = members.iter().map(|member| member.addr.clone()).collect();
        let mut new = Member::new(&addrs).await;
        for member in &mut members {
            admit(member, &mut new).await;
        }
        members.push(new);
    }
    members
}

/// Waits until what any of them says reaches all others. What was said to find out does not come again.
async fn settle(members: &mut [Member]) {
    for speaker in 0..members.len() {
        reaches_all(members, speaker).await;
    }
}

/// Waits until what one of them says reaches all others.
async fn reaches_all(members: &mut [Member], speaker: usize) {
    let mut missing: BTreeSet<usize> = (0..members.len()).filter(|member| *member != speaker).collect();
    let probe = format!("probe {} ", ROUND.fetch_add(1, Ordering::Relaxed));
    let until = Instant::now() + PATIENCE;
    for n in 0_u32.. {
        assert!(Instant::now() < until, "{speaker} never reached {missing:?}");
        members[speaker].says(format!("{probe}{n}").as_bytes()).await;
        let next = Instant::now() + PROBE * u32::try_from(members.len()).unwrap();
        for (n, member) in members.iter_mut().enumerate() {
            while missing.contains(&n)
                && let Ok(heard) = timeout_at(next, member.heard.recv()).await
            {
                if heard.expect("network gone").data.starts_with(probe.as_bytes()) {
                    missing.remove(&n);
                }
            }
        }
        if missing.is_empty() {
            return;
        }
    }
}

/// Everybody says so many things; all come to all.
async fn all_reach_all(members: &mut [Member], count: usize) {
    let round = ROUND.fetch_add(1, Ordering::Relaxed);
    let words = |speaker: usize| (0..count).map(move |n| format!("word {round} {speaker} {n}").into_bytes());
    for (speaker, member) in members.iter().enumerate() {
        for word in words(speaker) {
            member.says(&word).await;
        }
    }
    let speakers = members.len();
    for (n, member) in members.iter_mut().enumerate() {
        member.hears_all((0..speakers).filter(|s| *s != n).flat_map(words)).await;
    }
}
