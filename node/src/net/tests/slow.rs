//! What takes real time: dead peers, silent ports, redials. Each test runs as long as the bound it checks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use starling_protocol::engine::net::NetEvent;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::{node, quic, tcp};
use crate::net::{NetConfig, start};

/// Carries bytes one way until it is told to swallow them.
async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    silent: Arc<AtomicBool>,
) {
    let mut buffer = [0; 4_096];
    while let Ok(count) = from.read(&mut buffer).await {
        if count == 0 {
            return;
        }
        if !silent.load(Ordering::SeqCst) && to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// A road to `port` that can go silent without closing.
async fn road(port: u16) -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("/ip4/127.0.0.1/tcp/{}", listener.local_addr().unwrap().port());
    let silent = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&silent);
    tokio::spawn(async move {
        let (near, _) = listener.accept().await.unwrap();
        let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (near_in, near_out) = near.into_split();
        let (far_in, far_out) = far.into_split();
        tokio::join!(carry(near_in, far_out, silent.clone()), carry(far_in, near_out, silent));
    });
    (at, switch)
}

fn port(listen: &str) -> u16 {
    listen.split('/').nth(4).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_peer_is_noticed_within_10_s() {
    let mut bob = node(&[tcp()]).await;
    let (at, silent) = road(port(&bob.listen[0])).await;
    let mut alice = node(&[tcp()]).await;
    let conn = alice.dial(1, &[at]).await.unwrap();
    assert!(alice.open(2, conn).await);
    alice.write(2, b"last sign of life");
    bob.message().await;
    silent.store(true, Ordering::SeqCst);
    let went = Instant::now();
    alice.write(2, b"anybody there?");
    alice.conn_closed(conn).await;
    bob.until(|e| matches!(e, NetEvent::ConnClosed { .. }).then_some(())).await;
    // Ten seconds, and what a busy machine adds to timers.
    assert!(went.elapsed() < Duration::from_secs(12), "{:?}", went.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_says_nothing_is_a_failed_dial_after_10_s() {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut alice = node(&[tcp()]).await;
    let began = Instant::now();
    let at = format!("/ip4/127.0.0.1/tcp/{}", mute.local_addr().unwrap().port());
    assert_eq!(alice.dial(1, &[at]).await.unwrap_err(), "timed out");
    assert!(began.elapsed() < Duration::from_secs(12));
    alice.settles(|s| s.dials == 0 && s.conns == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_peer_that_comes_back_is_found_again() {
    let bob = node(&[tcp()]).await;
    let peers = bob.listen.clone();
    let config = NetConfig { listen: vec![tcp()], peers: peers.clone(), ..NetConfig::default() };
    let mut alice = start(config).await.unwrap();
    let conn = alice
        .until(|e| match e {
            NetEvent::ConnOpened { conn, .. } => Some(conn),
            _ => None,
        })
        .await;
    bob.stop.shutdown().await;
    alice.conn_closed(conn).await;
    let bob = node(&peers).await;
    let peer = alice
        .until(|e| match e {
            NetEvent::ConnOpened { peer, .. } => Some(peer),
            _ => None,
        })
        .await;
    assert_eq!(peer, bob.local_peer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_peer_is_noticed_within_10_s_while_much_is_under_way() {
    let mut bob = node(&[tcp()]).await;
    // A road that takes nothing at all: every buffer on the way fills up.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("/ip4/127.0.0.1/tcp/{}", mute.local_addr().unwrap().port());
    let bob_port = port(&bob.listen[0]);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let road = tokio::spawn(async move {
        let (mut near, _) = mute.accept().await.unwrap();
        let mut far = TcpStream::connect(("127.0.0.1", bob_port)).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
            _ = stopped => {}
        }
        (near, far)
    });
    let mut alice = node(&[tcp()]).await;
    let conn = alice.dial(1, &[at]).await.unwrap();
    assert!(alice.open(2, conn).await);
    alice.write(2, b"last sign of life");
    bob.message().await;
    stop.send(()).unwrap();
    let held = road.await.unwrap();
    let went = Instant::now();
    for _ in 0..60 {
        alice.write(2, &[1; 65_000]);
    }
    alice.conn_closed(conn).await;
    assert!(went.elapsed() < Duration::from_secs(13), "{:?}", went.elapsed());
    alice.settles(|s| s.links == 0).await;
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_connection_stays() {
    for listen in [tcp(), quic()] {
        let mut bob = node(&[listen]).await;
        let mut alice = node(&[tcp(), quic()]).await;
        let conn = alice.dial(1, &bob.listen).await.unwrap();
        assert!(alice.open(2, conn).await);
        alice.write(2, b"before");
        bob.message().await;
        // Longer than silence is taken for death: only pings pass.
        let quiet = Duration::from_secs(11);
        let ended = alice
            .until(|e| matches!(e, NetEvent::LinkClosed { .. } | NetEvent::ConnClosed { .. }).then_some(e));
        assert!(tokio::time::timeout(quiet, ended).await.is_err());
        alice.write(2, b"after");
        assert_eq!(bob.message().await.1, b"after");
    }
}
