//! Settings that hold without a new start: looking on the local network, asking the router, peers to dial. libp2p tells
//! its behaviours of listeners only when they begin, so one that begins later is told of all there are.

#[cfg(test)]
mod tests;

use libp2p::core::transport::ListenerId;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::swarm::{ExpiredListenAddr, FromSwarm, NetworkBehaviour, NewListenAddr};
use libp2p::{Multiaddr, upnp};

use super::build;
use super::task::Task;

/// Addresses remembered. A machine has a few; more are those of one that is being played with.
const LISTENING_COUNT: usize = 256;

/// What may change while the network runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// Whether to find and be found on the local network.
    pub lan: bool,
    /// Whether the router is asked to let others in.
    pub upnp: bool,
    /// Peers to dial; those dialled before stay until the next start.
    pub peers: Vec<String>,
}

/// Where the swarm listens, with the numbers of its listeners.
#[derive(Debug, Default)]
pub(super) struct Listening(Vec<(ListenerId, Multiaddr)>);

impl Listening {
    pub fn begins(&mut self, listener: ListenerId, addr: &Multiaddr) {
        self.ends(addr);
        if self.0.len() < LISTENING_COUNT {
            self.0.push((listener, addr.clone()));
        }
    }

    pub fn ends(&mut self, addr: &Multiaddr) {
        self.0.retain(|(_, known)| known != addr);
    }

    fn tell(&self, behaviour: &mut impl NetworkBehaviour) {
        for (listener_id, addr) in &self.0 {
            let listener_id = *listener_id;
            behaviour.on_swarm_event(FromSwarm::NewListenAddr(NewListenAddr { listener_id, addr }));
        }
    }

    fn untell(&self, behaviour: &mut impl NetworkBehaviour) {
        for (listener_id, addr) in &self.0 {
            let listener_id = *listener_id;
            behaviour.on_swarm_event(FromSwarm::ExpiredListenAddr(ExpiredListenAddr { listener_id, addr }));
        }
    }
}

impl Task {
    /// Follows settings that changed.
    pub fn follow(&mut self, live: &Live) {
        let peer = *self.swarm.local_peer_id();
        let behaviour = self.swarm.behaviour_mut();
        if live.lan != behaviour.mdns.is_enabled() {
            // Tasks of one that is dropped go on for a while: they have nothing to tell any more.
            self.listening.untell(&mut behaviour.mdns);
            behaviour.mdns = Toggle::from(if live.lan { build::discovery(peer) } else { None });
            self.listening.tell(&mut behaviour.mdns);
        }
        if live.upnp != behaviour.mapping.is_enabled() {
            // What the router was asked for lapses within the hour.
            behaviour.mapping = Toggle::from(live.upnp.then(upnp::tokio::Behaviour::default));
            self.listening.tell(&mut behaviour.mapping);
            self.reach.asks_router(live.upnp);
        }
        self.dials.also(&live.peers);
    }
}
