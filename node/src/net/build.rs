//! Builds the swarm: identity, transports, limits and timings. Must not listen or dial.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use libp2p::connection_limits::ConnectionLimits;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{
    PeerId, Swarm, Transport, autonat, connection_limits, identify, identity, mdns, memory_connection_limits,
};
use libp2p::{noise, ping, quic, relay, tcp, upnp, yamux};

use super::addr;
use super::behaviour::Behaviour;
use super::conns::strangers_count;
use super::dht;
use super::direct::Direct;
use super::gate::Gate;
use super::gossip;
use super::muxer::Yamux;
use super::punch::Punch;
use super::reach::{self, Seen};
use super::traffic::{Metered, Traffic};
use super::{NetConfig, NetError};

/// Between two pings: `watch` knows what their silence means. Shorter wakes idle laptops.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// For the answer to a ping. Shorter would call a peer behind a busy radio dead.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection on which nothing is open is closed after this time: long enough to open another link without a new
/// handshake, short enough that strangers cannot hold places for nothing.
const IDLE: Duration = Duration::from_secs(25);
/// For one attempt, handshakes included.
pub(super) const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections we are making at a time.
pub(super) const PENDING_COUNT: u32 = 64;
/// Connections others are making. Fewer, and a few hundred half handshakes, each good for ten seconds, keep contacts
/// out; more would use up the files a process may open, of which there are often 1,024.
const PENDING_IN_COUNT: u32 = 400;
/// Connections with one peer id: both sides may dial at once over two transports.
const PER_PEER_COUNT: u32 = 4;
/// Connections from others, those being closed included: so many times the number at which the oldest make room.
/// Those we make are not counted, so a flood does not keep us from our contacts.
const INBOUND_FACTOR: usize = 2;
/// Memory of the whole process over which no new connection is taken.
const MEMORY_BYTES: usize = 1024 * 1024 * 1024;
/// Streams of one connection, both ways: ours, ping and identify, with room for bursts.
const STREAMS_COUNT: u32 = 64;
/// Inbound streams of one connection that are still agreeing on a protocol.
const NEGOTIATING_COUNT: usize = 32;
/// Bytes under way on one QUIC stream, and on one QUIC connection. Lower slows distant peers, higher is memory
/// for whoever connects.
const QUIC_STREAM_BYTES: u32 = 2 * 1024 * 1024;
const QUIC_CONNECTION_BYTES: u32 = 4 * 1024 * 1024;
/// A silent QUIC connection is over after this time; keep-alives are sent well within it.
const QUIC_IDLE_MS: u32 = 10_000;
/// What identify says we are: the same for every version, so that nothing can be told from it.
const AGENT: &str = "starling";
/// The protocol family identify names.
const IDENTIFY: &str = "/starling/id/1";

/// A swarm, with an identity made for this start alone unless the configuration has one.
pub(super) fn swarm(config: &NetConfig, traffic: &Arc<Traffic>) -> Result<Swarm<Behaviour>, NetError> {
    let identity = match config.identity {
        Some(secret) => identity::Keypair::ed25519_from_bytes(secret)
            .map_err(|e| NetError::Transport { what: e.to_string() })?,
        None => identity::Keypair::generate_ed25519(),
    };
    let swarm = libp2p::SwarmBuilder::with_existing_identity(identity)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, || Yamux {
            traffic: Some(Arc::clone(traffic)),
            ..multiplexer()
        })
        .map_err(|e| NetError::Transport { what: e.to_string() })?
        .with_other_transport(|keypair| quic(keypair, Arc::clone(traffic)))
        .map_err(|e| NetError::Transport { what: e.to_string() })?
        .with_relay_client(noise::Config::new, multiplexer)
        .map_err(|e| NetError::Transport { what: e.to_string() })?
        .with_behaviour(|keypair, relay| behaviour(keypair, relay, config))
        .map_err(|e| NetError::Transport { what: e.to_string() })?
        .with_swarm_config(|config| {
            config
                .with_idle_connection_timeout(IDLE)
                .with_max_negotiating_inbound_streams(NEGOTIATING_COUNT)
                .with_per_connection_event_buffer_size(32)
        })
        .with_connection_timeout(DIAL_TIMEOUT)
        .build();
    Ok(swarm)
}

pub(super) fn multiplexer() -> Yamux {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(STREAMS_COUNT as usize);
    Yamux { config, traffic: None }
}

/// QUIC whose streams are counted.
fn quic(
    keypair: &identity::Keypair,
    traffic: Arc<Traffic>,
) -> impl Transport<
    Output = (PeerId, Metered<quic::Connection>),
    Error = quic::Error,
    ListenerUpgrade: Send,
    Dial: Send,
> + Send
+ Unpin
+ use<> {
    let config = quic_config(quic::Config::new(keypair));
    quic::tokio::Transport::new(config)
        .map(move |(peer, connection), _| (peer, Metered::new(connection, Some(Arc::clone(&traffic)))))
}

fn quic_config(mut config: quic::Config) -> quic::Config {
    config.handshake_timeout = DIAL_TIMEOUT;
    config.max_idle_timeout = QUIC_IDLE_MS;
    config.keep_alive_interval = PING_INTERVAL;
    config.max_concurrent_stream_limit = STREAMS_COUNT;
    config.max_stream_data = QUIC_STREAM_BYTES;
    config.max_connection_data = QUIC_CONNECTION_BYTES;
    config
}

/// The parts of the swarm. Fails only if settings of ours contradict each other.
pub(super) fn behaviour(
    keypair: &identity::Keypair,
    relay: relay::client::Behaviour,
    config: &NetConfig,
) -> Result<Behaviour, Box<dyn Error + Send + Sync>> {
    let local = keypair.public().to_peer_id();
    let named = config.peers.iter().filter_map(|text| addr::dialable(text)).collect();
    let serves = config.serve.any();
    let inbound_count = u32::try_from(INBOUND_FACTOR * strangers_count(serves)).unwrap_or(u32::MAX);
    let limits = ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING_IN_COUNT))
        .with_max_pending_outgoing(Some(PENDING_COUNT))
        .with_max_established_incoming(Some(inbound_count))
        .with_max_established_per_peer(Some(PER_PEER_COUNT));
    let identify = identify::Config::new(IDENTIFY.to_owned(), keypair.public())
        .with_agent_version(AGENT.to_owned())
        .with_push_listen_addr_updates(false)
        .with_hide_listen_addrs(true)
        .with_cache_size(0);
    Ok(Behaviour {
        limits: connection_limits::Behaviour::new(limits),
        memory: memory_connection_limits::Behaviour::with_max_bytes(MEMORY_BYTES),
        gate: Gate::default(),
        ping: ping::Behaviour::new(
            ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_TIMEOUT),
        ),
        identify: Seen::new(identify),
        mdns: Toggle::from(if config.lan { discovery(local) } else { None }),
        dht: dht::Kademlia::new(local, named),
        relay,
        carry: Toggle::from(config.serve.relay.then(|| relay::Behaviour::new(local, reach::carry::limits()))),
        punch: Punch::new(local),
        reachable: autonat::v2::client::Behaviour::default(),
        prober: Toggle::from(serves.then(autonat::v2::server::Behaviour::default)),
        mapping: Toggle::from(asks_router(config).then(upnp::tokio::Behaviour::default)),
        gossip: gossip::Gate::new()?,
        direct: Direct::default(),
    })
}

/// Whether the router is asked to let others in: if wanted, and if there can be one on the way here.
pub(super) fn asks_router(config: &NetConfig) -> bool {
    let outside = |text: &String| addr::listenable(text).is_some_and(|(_, parts)| !parts.ip.is_loopback());
    config.upnp && config.listens().iter().any(outside)
}

/// mDNS, or nothing where the system does not allow it: the rest of the node works without.
pub(super) fn discovery(peer: PeerId) -> Option<mdns::tokio::Behaviour> {
    mdns::tokio::Behaviour::new(mdns::Config::default(), peer)
        .inspect_err(|error| tracing::warn!(%error, "no discovery on the local network"))
        .ok()
}
