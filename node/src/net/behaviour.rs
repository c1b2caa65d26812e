//! What every connection of the swarm speaks. Only the derive: the order of the fields is the order in which a new
//! connection is asked for, so those that may refuse it come first.

use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{autonat, connection_limits, mdns, memory_connection_limits, ping, relay, upnp};

use super::dht;
use super::direct::Direct;
use super::gate::Gate;
use super::gossip;
use super::punch::Punch;
use super::reach::Seen;

/// The parts of the swarm.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    /// How many connections there may be.
    pub limits: connection_limits::Behaviour,
    /// How much memory may be in use before new connections are refused.
    pub memory: memory_connection_limits::Behaviour,
    /// How many may come from one place.
    pub gate: Gate,
    /// Notices dead peers.
    pub ping: ping::Behaviour,
    /// Says which protocols are spoken, and where we are seen.
    pub identify: Seen,
    /// Finds peers on the local network, if wanted.
    pub mdns: Toggle<mdns::tokio::Behaviour>,
    /// Keeps records for others, and finds ours.
    pub dht: dht::Kademlia,
    /// Lets others reach us through a relay, and us them.
    pub relay: relay::client::Behaviour,
    /// Carries bytes for others, if this node serves as a relay.
    pub carry: Toggle<relay::Behaviour>,
    /// Turns a connection through a relay into a direct one.
    pub punch: Punch,
    /// Asks others whether they can reach us.
    pub reachable: autonat::v2::client::Behaviour,
    /// Tells others whether we can reach them, if this node serves.
    pub prober: Toggle<autonat::v2::server::Behaviour>,
    /// Asks the router to let others in, if wanted.
    pub mapping: Toggle<upnp::tokio::Behaviour>,
    /// Tells rooms' news to neighbours.
    pub gossip: gossip::Gate,
    /// Carries the links.
    pub direct: Direct,
}
