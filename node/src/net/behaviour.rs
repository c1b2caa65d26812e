//! What every connection of the swarm speaks. Only the derive: the order of the fields is the order in which a new
//! connection is asked for, so those that may refuse it come first.

use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{connection_limits, identify, mdns, memory_connection_limits, ping};

use super::direct::Direct;
use super::gate::Gate;

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
    /// Says which protocols are spoken.
    pub identify: identify::Behaviour,
    /// Finds peers on the local network, if wanted.
    pub mdns: Toggle<mdns::tokio::Behaviour>,
    /// Carries the links.
    pub direct: Direct,
}
