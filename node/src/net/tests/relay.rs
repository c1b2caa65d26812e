//! Reached through a relay, and directly after: everybody on 127.0.0.1, where holes are easily punched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use starling_protocol::engine::net::{ConnId, NetEvent, Via};
use tokio::time::{Instant, timeout};

use super::{PATIENCE, quic, tcp};
use crate::net::{Net, NetConfig, Serve, start};

async fn relay(listen: &[String]) -> Net {
    let serve = Serve { relay: true, bootstrap: true };
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

async fn from_relay_to_direct(listen: Vec<String>) {
