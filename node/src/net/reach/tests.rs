//! Places at relays, event by event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::identity::Keypair;
use libp2p::{StreamProtocol, relay};

use super::*;
use crate::net::{NetConfig, build};

const HOST: &str = "/ip4/192.0.2.1/udp/4001/quic-v1";

/// Longer than a relay may take to answer, and than the first pause.
const ANSWERED_BY: Duration = Duration::from_secs(60);

/// A node that has dialled a relay, which is not known as one yet.
struct Client {
    swarm: Swarm<Behaviour>,
    conns: Conns,
    dials: Dials,
    reach: Reach,
    relay: Keypair,
    connection: ConnectionId,
}

impl Client {
    fn new() -> Self {
        let relay = Keypair::generate_ed25519();
        let connection = ConnectionId::new_unchecked(7);
        let mut conns = Conns::new(false);
        let endpoint = ConnectedPoint::Dialer {
            address: HOST.parse().unwrap(),
            role_override: Endpoint::Dialer,
            port_use: PortUse::Reuse,
        };
        conns.add(connection, relay.public().to_peer_id(), &endpoint);
        let swarm = build::swarm(&NetConfig::default(), &std::sync::Arc::default()).unwrap();
        let reach = Reach::new(false, false, false);
        Self { swarm, conns, dials: Dials::new(&[]), reach, relay, connection }
    }

    fn on(&mut self, event: ReachEvent) {
        let around = Around { swarm: &mut self.swarm, conns: &mut self.conns, dials: &self.dials };
        self.reach.on_event(around, event);
        let around = Around { swarm: &mut self.swarm, conns: &mut self.conns, dials: &self.dials };
        self.reach.settle(around);
    }

    fn timer(&mut self) {
        self.reach.on_timer(Instant::now());
        let around = Around { swarm: &mut self.swarm, conns: &mut self.conns, dials: &self.dials };
        self.reach.settle(around);
    }

    /// What one who speaks these protocols says.
    fn info(&self, protocols: &[StreamProtocol]) -> identify::Info {
        identify::Info {
            public_key: self.relay.public(),
            protocol_version: String::new(),
            agent_version: String::new(),
            listen_addrs: Vec::new(),
            protocols: protocols.to_vec(),
            observed_addr: HOST.parse().unwrap(),
            signed_peer_record: None,
        }
    }

    fn received(&mut self, protocols: &[StreamProtocol]) {
        let (connection_id, peer_id) = (self.connection, self.relay.public().to_peer_id());
        let info = self.info(protocols);
        let event = identify::Event::Received { connection_id, peer_id, info };
        self.on(ReachEvent::Identify(Box::new(event)));
    }

    fn accepted(&mut self, renewal: bool) {
        let relay_peer_id = self.relay.public().to_peer_id();
        let event = relay::client::Event::ReservationReqAccepted { relay_peer_id, renewal, limit: None };
        self.on(ReachEvent::Relay(event));
    }

    /// Relays asked and those of them that gave a place.
    fn places(&self) -> (usize, usize) {
        let relays = self.reach.relays.facts();
        (relays.len(), relays.iter().filter(|relay| relay.reserved).count())
    }
}

#[tokio::test]
async fn what_we_say_of_ourselves_is_not_taken_for_what_the_relay_says() {
    let mut client = Client::new();
    client.received(&[relay::HOP_PROTOCOL_NAME]);
    assert_eq!(client.places(), (1, 0), "asked");
    let (connection_id, peer_id) = (client.connection, client.relay.public().to_peer_id());
    let info = client.info(&[]);
    let pushed = identify::Event::Pushed { connection_id, peer_id, info };
    client.on(ReachEvent::Identify(Box::new(pushed)));
    client.accepted(false);
    assert_eq!(client.places(), (1, 1));
    assert!(client.reach.told.iter().any(|own| own.addr.contains("/p2p-circuit")), "{:?}", client.reach.told);
}

#[tokio::test]
async fn a_relay_that_stops_before_it_has_answered_is_forgotten() {
    let mut client = Client::new();
    client.received(&[relay::HOP_PROTOCOL_NAME]);
    client.received(&[]);
    assert_eq!(client.places(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_wants_its_place_renewed_all_the_time_is_left() {
    let (mut relays, relay) = (Relays::default(), PeerId::random());
    relays.found(relay, ConnectionId::new_unchecked(7), HOST.parse().unwrap(), false);
    relays.asked(&relay, Some(ListenerId::next()));
    let now = Instant::now();
    assert!(relays.reserved(&relay, now), "the place itself");
    assert!(relays.reserved(&relay, now + Duration::from_secs(2_700)), "an honest renewal");
    assert!(!relays.reserved(&relay, now + Duration::from_secs(2_701)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_ends_when_no_relay_is_needed_any_more_is_over() {
    let mut client = Client::new();
    client.received(&[relay::HOP_PROTOCOL_NAME]);
    client.reach.mapped.push("/ip4/192.0.2.9/udp/4001/quic-v1".parse().unwrap());
    tokio::time::advance(ANSWERED_BY).await;
    client.timer();
    tokio::time::advance(ANSWERED_BY).await;
    client.timer();
    assert!(client.reach.next_at().unwrap() > Instant::now(), "it would spin");
}

#[tokio::test(start_paused = true)]
async fn a_place_that_was_held_and_is_lost_is_asked_for_again_at_once() {
    for (held_ms, soon) in [(4_999, false), (5_000, true)] {
        let (mut relays, relay, listener) = (Relays::default(), PeerId::random(), ListenerId::next());
        relays.found(relay, ConnectionId::new_unchecked(7), HOST.parse().unwrap(), false);
        relays.asked(&relay, Some(listener));
        assert!(relays.reserved(&relay, Instant::now()));
        tokio::time::advance(Duration::from_millis(held_ms)).await;
        assert!(relays.listener_closed(listener));
        let mut choice_after = async |ms| {
            tokio::time::advance(Duration::from_millis(ms)).await;
            relays.wake(Instant::now());
            relays.choice().is_some()
        };
        assert!(!choice_after(499).await, "the new line is to stand first");
        assert_eq!(choice_after(1).await, soon, "{held_ms} ms");
        assert!(choice_after(60_000).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_refuses_rests_though_it_gave_a_place_long_ago() {
    let (mut relays, relay) = (Relays::default(), PeerId::random());
    relays.found(relay, ConnectionId::new_unchecked(7), HOST.parse().unwrap(), false);
    let first = ListenerId::next();
    relays.asked(&relay, Some(first));
    assert!(relays.reserved(&relay, Instant::now()));
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(relays.listener_closed(first));
    tokio::time::advance(Duration::from_millis(500)).await;
    relays.wake(Instant::now());
    let second = ListenerId::next();
    relays.asked(&relay, Some(second));
    assert!(relays.listener_closed(second), "refused");
    tokio::time::advance(Duration::from_millis(500)).await;
    relays.wake(Instant::now());
    assert!(relays.choice().is_none());
}
