//! mallory: a swarm of the same build that writes what it likes into its streams.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Stream, Swarm};
use starling_protocol::engine::net::{LinkProtocol, NetEvent};
use tokio::time::timeout;

use super::{PATIENCE, node, quic, tcp};
use crate::net::behaviour::{Behaviour, BehaviourEvent};
use crate::net::{Net, NetConfig, build, direct};

pub(super) struct Mallory {
    swarm: Swarm<Behaviour>,
    connection: ConnectionId,
    links: u64,
}

impl Mallory {
    pub(super) async fn meets(victim: &Net) -> Self {
        let mut swarm = build::swarm(&NetConfig::default(), &std::sync::Arc::default()).unwrap();
        swarm.dial(victim.listen[0].parse::<libp2p::Multiaddr>().unwrap()).unwrap();
        loop {
            if let SwarmEvent::ConnectionEstablished { connection_id, .. } = swarm.select_next_some().await {
                return Self { swarm, connection: connection_id, links: 0 };
            }
        }
    }

    pub(super) async fn open(&mut self) -> Stream {
        self.links += 2;
        let protocol = LinkProtocol::ALL[usize::try_from(self.links / 2).unwrap() % 3];
        self.swarm.behaviour_mut().direct.open(self.connection, self.links, protocol);
        loop {
            if let SwarmEvent::Behaviour(BehaviourEvent::Direct(direct::Event::Opened { stream, .. })) =
                self.swarm.select_next_some().await
            {
                return stream;
            }
        }
    }

    /// Does something with a stream while the swarm runs on.
    pub(super) async fn while_running<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = self.swarm.select_next_some() => {}
            }
        }
    }
}

/// Somebody honest still gets through.
async fn still_serves(victim: &mut Net) {
    let mut alice = node(&[tcp(), quic()]).await;
    let conn = alice.dial(1, &victim.listen).await.unwrap();
    assert!(alice.open(2, conn).await);
    alice.write(2, b"still there?");
    let (link, _) = victim
        .until(|event| match event {
            NetEvent::LinkData { link, message } if message == b"still there?" => Some((link, message)),
            _ => None,
        })
        .await;
    victim.write(link, b"yes");
    assert_eq!(alice.message().await.1, b"yes");
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_closes_links_and_nothing_else() {
    for listen in [tcp(), quic()] {
        let mut bob = node(&[listen]).await;
        let mut mallory = Mallory::meets(&bob).await;
        let junk: Vec<Vec<u8>> = vec![
            vec![],
            vec![0],
            vec![0, 0],
            vec![0, 0, 0, 0, 0, 0],
            vec![0xff, 0xff],
            vec![0xff, 0xff, 1, 2, 3],
            vec![0, 3, 1],
            vec![0x00, 0x01, 0x41, 0x00],
            [vec![0xff, 0xff], vec![7; 65_535], vec![0, 0]].concat(),
            (0..200_000u32).map(|i| u8::try_from(i.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect(),
        ];
        for bytes in junk {
            let mut stream = mallory.open().await;
            let theirs = bob.accept().await;
            mallory
                .while_running(async {
                    // The victim may cut it off in the middle.
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.flush().await;
                    drop(stream);
                    timeout(PATIENCE, bob.link_closed(theirs)).await.unwrap();
                })
                .await;
        }
        still_serves(&mut bob).await;
        bob.settles(|s| s.links == 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_message_ends_the_link_at_once() {
    let mut bob = node(&[tcp()]).await;
    let mut mallory = Mallory::meets(&bob).await;
    let mut stream = mallory.open().await;
    let theirs = bob.accept().await;
    mallory
        .while_running(async {
            stream.write_all(&[0, 1, 9, 0, 0]).await.unwrap();
            stream.flush().await.unwrap();
            assert_eq!(bob.message().await, (theirs, vec![9]));
            bob.link_closed(theirs).await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            assert!(rest.is_empty());
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_over_the_bound_are_reset_and_counted() {
    let mut bob = node(&[tcp()]).await;
    let mut mallory = Mallory::meets(&bob).await;
    let mut streams = Vec::new();
    for _ in 0..40 {
        let mut stream = mallory.open().await;
        let _ = mallory.while_running(async { stream.write_all(&[0, 1, 7]).await }).await;
        streams.push(stream);
    }
    mallory.while_running(bob.settles(|s| s.refused > 0 && s.links == 8)).await;
    // Places come free again.
    streams.clear();
    mallory.while_running(bob.settles(|s| s.links == 0)).await;
    let _stream = mallory.open().await;
    mallory.while_running(bob.settles(|s| s.links == 1)).await;
    mallory.while_running(Box::pin(still_serves(&mut bob))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_bytes_on_the_port_do_no_harm() {
    use tokio::io::AsyncWriteExt;
    let mut bob = node(&[tcp(), quic()]).await;
    let port = |quic: bool| {
        let text = bob.listen.iter().find(|a| a.contains("quic") == quic).unwrap();
        text.split('/').nth(4).unwrap().parse::<u16>().unwrap()
    };
    let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut held = Vec::new();
    for i in 0..100u8 {
        let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", port(false))).await.unwrap();
        let _ = socket.write_all(&vec![i; 1 + usize::from(i) * 40]).await;
        held.push(socket);
        udp.send_to(&vec![i.wrapping_mul(77); 1_200], ("127.0.0.1", port(true))).await.unwrap();
    }
    drop(held);
    still_serves(&mut bob).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_from_one_peer_waits_for_the_driver() {
    let mut bob = node(&[tcp()]).await;
    let mut mallory = Mallory::meets(&bob).await;
    let mut stream = mallory.open().await;
    let flood = [0, 1, 7].repeat(100_000);
    let writing = mallory.while_running(async {
        stream.write_all(&flood).await.unwrap();
        stream.close().await.unwrap();
        stream
    });
    let reading = async {
        bob.settles(|_| bob.events.len() == crate::net::EVENTS_COUNT).await;
        for _ in 0..100_000 {
            assert_eq!(bob.message().await.1, [7]);
        }
    };
    let (_stream, ()) = tokio::join!(writing, reading);
}
