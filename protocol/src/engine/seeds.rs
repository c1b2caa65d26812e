//! DHT nodes that were good in earlier runs, so that a start needs no bootstrap node once this node has ever run.
//! They are addresses the network chose; the engine only keeps them.

use super::Engine;
use super::live::fits;
use super::net::{GOOD_PEERS, NetCommand};
use super::state::{self, NodeRecord, key};
use super::step::Space;

/// What is known of good nodes.
#[derive(Default)]
pub(super) struct Seeds {
    /// What is on disk.
    pub saved: Vec<String>,
    told: bool,
}

impl Engine {
    /// Tells the network the nodes of earlier runs, once.
    pub(super) fn tell_seeds(&mut self) {
        if !std::mem::replace(&mut self.seeds.told, true) && !self.seeds.saved.is_empty() {
            self.net(NetCommand::Seeds { addrs: self.seeds.saved.clone() });
        }
    }

    /// The network has another list; it says so every few minutes at most, and when it ends. An empty one says that it
    /// knows nobody now, not that nobody is good.
    pub(super) fn on_good_peers(&mut self, addrs: Vec<String>) {
        let addrs: Vec<String> = addrs.into_iter().filter(|addr| fits(addr)).take(GOOD_PEERS).collect();
        if !addrs.is_empty() && addrs != self.seeds.saved {
            let record = NodeRecord { good_peers: addrs.clone() };
            self.seeds.saved = addrs;
            self.changes.extend(state::put(Space::Node, key::own(), &record));
        }
    }
}
