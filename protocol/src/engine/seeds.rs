//! DHT nodes that were good in earlier runs, so that a start needs no bootstrap node once this node has ever run.
//! They are addresses the network chose; the engine only keeps them.

use super::live::fits;
use super::net::{GOOD_PEERS, NetCommand};
use super::state::{self, NodeRecord, key};
use super::step::Space;
use super::{Engine, Timer};
use crate::time::MINUTE_MS;

/// The list is written at most this often, in milliseconds. More often wears the disk for nothing; less often loses
/// more when the power goes.
const WRITE_MS: u64 = 10 * MINUTE_MS;

/// What is known of good nodes.
#[derive(Default)]
pub(super) struct Seeds {
    /// What is on disk.
    pub saved: Vec<String>,
    /// What the network said last.
    latest: Vec<String>,
    written_ms: Option<u64>,
    told: bool,
}

impl Engine {
    /// Tells the network the nodes of earlier runs, once.
    pub(super) fn tell_seeds(&mut self) {
        if !std::mem::replace(&mut self.seeds.told, true) && !self.seeds.saved.is_empty() {
            self.net(NetCommand::Seeds { addrs: self.seeds.saved.clone() });
        }
    }

    /// The network has another list. An empty one says that it knows nobody now, not that nobody is good.
    pub(super) fn on_good_peers(&mut self, addrs: Vec<String>) {
        let addrs: Vec<String> = addrs.into_iter().filter(|addr| fits(addr)).take(GOOD_PEERS).collect();
        if !addrs.is_empty() {
            self.seeds.latest = addrs;
            self.write_seeds();
        }
    }

    /// Writes the list if it changed and it is time.
    pub(super) fn write_seeds(&mut self) {
        let seeds = &mut self.seeds;
        if seeds.latest.is_empty() || seeds.latest == seeds.saved {
            return;
        }
        let due_ms = seeds.written_ms.map_or(0, |at| at.saturating_add(WRITE_MS));
        if self.now.mono_ms < due_ms {
            self.timers.set(Timer::Seeds, due_ms);
            return;
        }
        seeds.written_ms = Some(self.now.mono_ms);
        seeds.saved = seeds.latest.clone();
        let record = NodeRecord { good_peers: seeds.saved.clone() };
        self.changes.extend(state::put(Space::Node, key::own(), &record));
    }
}
