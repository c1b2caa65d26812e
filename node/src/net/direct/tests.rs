//! Framing and links over in-memory streams.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::io::Cursor;
use futures::{AsyncRead, AsyncWrite};
use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::swarm::behaviour::{ConnectionClosed, ConnectionEstablished};
use libp2p::swarm::{ConnectionId, FromSwarm, NetworkBehaviour, ToSwarm};
use proptest::prelude::*;
use starling_protocol::engine::net::{LinkProtocol, NetEvent};
use tokio::sync::{mpsc, oneshot};

use super::frames::{EmptyMessage, Frames, MESSAGE_BYTES, put};
use super::link::{Heard, Link, queue};
use super::{Direct, Event};

/// Gives bytes in pieces of the given sizes, then its end; takes everything.
struct Pieces {
    bytes: Cursor<Vec<u8>>,
    sizes: Vec<usize>,
    stays: bool,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<std::io::Result<usize>> {
        let size = self.sizes.pop().unwrap_or(usize::MAX).clamp(1, buf.len());
        if self.stays && self.bytes.position() == self.bytes.get_ref().len() as u64 {
            return Poll::Pending;
        }
        Pin::new(&mut self.bytes).poll_read(cx, &mut buf[..size])
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn pieces(bytes: Vec<u8>, sizes: Vec<usize>) -> Pieces {
    Pieces { bytes: Cursor::new(bytes), sizes, stays: false }
}

async fn read_all(mut stream: Pieces) -> Result<Vec<Vec<u8>>, EmptyMessage> {
    let mut frames = Frames::default();
    let mut out = Vec::new();
    loop {
        while let Some(message) = frames.next()? {
            out.push(message);
        }
        if poll_fn(|cx| frames.poll_fill(&mut stream, cx)).await.unwrap() == 0 {
            return Ok(out);
        }
    }
}

proptest! {
    #[test]
    fn messages_survive_any_cutting(
        lengths in prop::collection::vec(prop_oneof![1usize..300, 60_000usize..=MESSAGE_BYTES], 0..12),
        sizes in prop::collection::vec(1usize..5_000, 0..200),
    ) {
        let messages: Vec<Vec<u8>> =
            lengths.iter().enumerate().map(|(i, n)| vec![u8::try_from(i).unwrap(); *n]).collect();
        let mut bytes = Vec::new();
        for message in &messages {
            prop_assert!(put(&mut bytes, message));
        }
        let read = futures::executor::block_on(read_all(pieces(bytes, sizes)));
        prop_assert_eq!(read.unwrap(), messages);
    }

    #[test]
    fn any_bytes_are_read_without_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..70_000),
        sizes in prop::collection::vec(1usize..9_000, 0..50),
    ) {
        let total = bytes.len();
        if let Ok(read) = futures::executor::block_on(read_all(pieces(bytes, sizes))) {
            prop_assert!(read.iter().map(|m| m.len() + 2).sum::<usize>() <= total);
        }
    }
}

#[test]
fn empty_and_oversize_messages_are_not_put() {
    let mut out = Vec::new();
    assert!(!put(&mut out, &[]));
    assert!(!put(&mut out, &vec![0; MESSAGE_BYTES + 1]));
    assert!(out.is_empty());
    assert!(put(&mut out, &vec![0; MESSAGE_BYTES]));
}

#[test]
fn a_message_of_no_bytes_is_a_fault() {
    let read = futures::executor::block_on(read_all(pieces(vec![0, 1, 7, 0, 0], Vec::new())));
    assert_eq!(read, Err(EmptyMessage));
}

/// What keeps a link open.
type Held = (super::link::Writer, oneshot::Sender<()>);

fn link(stream: Pieces, inbound: bool) -> (Link<Pieces>, Held, mpsc::Receiver<NetEvent>) {
    let (signal, gone) = oneshot::channel();
    let (writer, queue) = queue();
    let (events, seen) = mpsc::channel(8);
    (
        Link { link: 1, stream, queue, events, heard: Arc::new(Heard::new()), inbound, gone },
        (writer, signal),
        seen,
    )
}

fn staying(bytes: Vec<u8>) -> Pieces {
    Pieces { bytes: Cursor::new(bytes), sizes: Vec::new(), stays: true }
}

#[tokio::test(start_paused = true)]
async fn an_inbound_link_without_a_first_message_ends_after_10_s() {
    for bytes in [vec![], vec![0], vec![0, 9, 1]] {
        let (link, _writer, _seen) = link(staying(bytes), true);
        let start = tokio::time::Instant::now();
        link.run().await;
        assert_eq!(start.elapsed().as_secs(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quiet_link_stays_and_half_a_message_does_not() {
    let (quiet, writer, mut seen) = link(staying(vec![0, 1, 7]), true);
    let task = tokio::spawn(quiet.run());
    assert_eq!(seen.recv().await, Some(NetEvent::LinkData { link: 1, message: vec![7] }));
    tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
    assert!(!task.is_finished());
    drop(writer);
    task.await.unwrap();

    let (half, _writer, _seen) = link(staying(vec![0, 1, 7, 0, 9]), true);
    let start = tokio::time::Instant::now();
    half.run().await;
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn the_write_queue_is_bounded_by_bytes() {
    let (writer, _queue) = queue();
    let message = vec![0; 64_000];
    let taken = (0..1_000).take_while(|_| writer.write(vec![message.clone()])).count();
    assert_eq!(taken, 4 * 1024 * 1024 / 64_000);
}

fn endpoint() -> ConnectedPoint {
    ConnectedPoint::Dialer {
        address: "/ip4/127.0.0.1/tcp/1".parse().unwrap(),
        role_override: Endpoint::Dialer,
        port_use: PortUse::New,
    }
}

/// What a behaviour wants now: how many notifications to handlers, and which links failed.
fn wants(direct: &mut Direct) -> (usize, Vec<u64>) {
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let (mut notified, mut failed) = (0, Vec::new());
    while let Poll::Ready(event) = direct.poll(&mut cx) {
        match event {
            ToSwarm::NotifyHandler { .. } => notified += 1,
            ToSwarm::GenerateEvent(Event::Failed { link }) => failed.push(link),
            other => panic!("{other:?}"),
        }
    }
    failed.sort_unstable();
    (notified, failed)
}

#[test]
fn opens_are_bounded_and_none_is_forgotten() {
    let mut direct = Direct::default();
    let (connection, peer_id) = (ConnectionId::new_unchecked(7), PeerId::random());
    direct.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
        peer_id,
        connection_id: connection,
        endpoint: &endpoint(),
        failed_addresses: &[],
        other_established: 0,
    }));
    for link in 0..20 {
        direct.open(connection, link, LinkProtocol::Live);
    }
    direct.open(ConnectionId::new_unchecked(8), 99, LinkProtocol::Live);
    assert_eq!(wants(&mut direct), (16, vec![16, 17, 18, 19, 99]));
    direct.on_swarm_event(FromSwarm::ConnectionClosed(ConnectionClosed {
        peer_id,
        connection_id: connection,
        endpoint: &endpoint(),
        cause: None,
        remaining_established: 0,
    }));
    assert_eq!(wants(&mut direct), (0, (0..16).collect()));
    assert_eq!(direct.connection_count(), 0);
}
