//! Reached through a relay, and directly after: everybody on 127.0.0.1, where holes are easily punched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use starling_protocol::engine::net::{ConnId, NetCommand, NetEvent, Via};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::{PATIENCE, quic, tcp};
use crate::net::facts::Ask;
use crate::net::{Net, NetConfig, Serve, start};

async fn relay(listen: &[String]) -> Net {
    let serve = Serve { relay: true, bootstrap: true, mailbox: false };
    start(NetConfig { listen: listen.to_vec(), serve, ..NetConfig::default() }).await.unwrap()
}

async fn client(listen: &[String], relay: &Net) -> Net {
    let peers = vec![relay.listen[0].clone()];
    start(NetConfig { listen: listen.to_vec(), peers, ..NetConfig::default() }).await.unwrap()
}

impl Net {
    /// The address told to contacts that leads through a relay, as soon as there is one.
    async fn relayed_address(&mut self) -> String {
        self.until(|event| match event {
            NetEvent::Addresses { addrs } => addrs.into_iter().find(|addr| addr.contains("/p2p-circuit")),
            _ => None,
        })
        .await
    }

    async fn opened(&mut self, wanted: impl Fn(Via, &[u8]) -> bool) -> ConnId {
        self.until(|event| match event {
            NetEvent::ConnOpened { conn, via, peer, .. } if wanted(via, &peer) => Some(conn),
            _ => None,
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_at_a_relay_is_found_and_told() {
    let relay = relay(&[tcp(), quic()]).await;
    let began = Instant::now();
    let mut bob = client(&[tcp(), quic()], &relay).await;
    let at = bob.relayed_address().await;
    assert!(at.starts_with(&relay.listen[0]), "{at}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let facts = async {
        loop {
            let facts = bob.facts.borrow_and_update().clone();
            if facts.relays.iter().any(|relay| relay.reserved) {
                return facts;
            }
            bob.facts.changed().await.unwrap();
        }
    };
    let facts = timeout(PATIENCE, facts).await.unwrap();
    assert_eq!(facts.relays.len(), 1);
    assert!(!facts.network, "only loopback");
}

/// Ten times what a punched hole takes on loopback.
const STRANGER: Duration = Duration::from_millis(300);

async fn from_relay_to_direct(listen: Vec<String>) {
    let relay = relay(&listen).await;
    let mut bob = client(&listen, &relay).await;
    let mut alice = client(&listen, &relay).await;
    let at = bob.relayed_address().await;
    let conn = alice.dial(1, &[at]).await.unwrap();
    let called = bob.opened(|via, _| via == Via::Relay).await;
    assert!(alice.open(2, conn).await);
    let theirs = bob.accept().await;
    alice.write(2, b"over the relay");
    assert_eq!(bob.message().await, (theirs, b"over the relay".to_vec()));
    bob.write(theirs, b"and back");
    let bob_peer = bob.local_peer.clone();
    let early = alice.opened(|via, peer| via != Via::Relay && peer == bob_peer);
    assert!(timeout(STRANGER, early).await.is_err(), "bob does not know yet who calls");
    bob.tell(NetCommand::Hold { conn: called });
    let direct = alice.opened(|via, peer| via != Via::Relay && peer == bob_peer).await;
    assert!(alice.open(4, direct).await, "a link on the direct connection");
    alice.write(4, b"directly");
    let message = bob.until(|event| match event {
        NetEvent::LinkData { message, .. } if message == b"directly" => Some(()),
        _ => None,
    });
    message.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayed_connection_becomes_a_direct_one_over_quic() {
    from_relay_to_direct(vec![quic()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayed_connection_becomes_a_direct_one_over_tcp() {
    from_relay_to_direct(vec![tcp()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circuit_that_is_cut_ends_its_links_at_once() {
    let relay = relay(&[tcp(), quic()]).await;
    let mut bob = client(&[tcp()], &relay).await;
    let mut alice = client(&[tcp()], &relay).await;
    let at = bob.relayed_address().await;
    let conn = alice.dial(1, &[at]).await.unwrap();
    assert!(alice.open(2, conn).await);
    let theirs = bob.accept().await;
    alice.write(2, b"hello");
    assert_eq!(bob.message().await.0, theirs);
    let cut = Instant::now();
    relay.stop.shutdown().await;
    alice.link_closed(2).await;
    alice.conn_closed(conn).await;
    bob.link_closed(theirs).await;
    assert!(cut.elapsed() < Duration::from_secs(5), "{:?}", cut.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_at_the_relay_is_not_reached_through_it() {
    let mut relay = relay(&[tcp()]).await;
    let mut alice = client(&[tcp()], &relay).await;
    relay.opened(|_, _| true).await;
    let nobody = libp2p::PeerId::random();
    let relay_peer = libp2p::PeerId::from_bytes(&relay.local_peer).unwrap();
    let at = format!("{}/p2p/{relay_peer}/p2p-circuit/p2p/{nobody}", relay.listen[0]);
    let began = Instant::now();
    assert!(alice.dial(1, &[at]).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_of_the_network_says_what_works() {
    let relay = relay(&[tcp()]).await;
    let mut bob = client(&[tcp()], &relay).await;
    bob.relayed_address().await;
    let (answer, lines) = oneshot::channel();
    let (second, same) = oneshot::channel();
    let began = Instant::now();
    bob.asks.send(Ask::Test(answer)).await.unwrap();
    bob.asks.send(Ask::Test(second)).await.unwrap();
    let lines = timeout(PATIENCE, lines).await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let ok = |what: &str| lines.iter().find(|line| line.what == what).unwrap().ok;
    for what in ["listen", "peers", "dht", "store", "relay"] {
        assert_eq!(ok(what), Some(true), "{what}: {lines:?}");
    }
    assert_eq!(same.await.unwrap(), lines, "who asks meanwhile hears the same");
}
