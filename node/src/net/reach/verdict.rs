//! What trying our addresses from outside has come to. Must not judge by what we think of ourselves.

use std::collections::VecDeque;
use std::net::IpAddr;

use libp2p::Multiaddr;

/// Results remembered: a node has a few addresses at a time, and libp2p tries each only once in its life, so those of
/// earlier networks are kept for when they come again.
const RESULTS_COUNT: usize = 64;
/// Hosts we called lately: who comes from one of them may come through the hole our call made.
const CALLED_COUNT: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Result {
    /// Nobody got through.
    Shut,
    /// Somebody we asked, and so had a connection with, got through. Some routers let in whoever we talk with.
    Tried,
    /// Somebody came whom we had never called.
    Came,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Tests {
    results: VecDeque<(Multiaddr, Result)>,
    called: VecDeque<IpAddr>,
}

impl Tests {
    /// Somebody tried an address because we asked.
    pub fn tried(&mut self, addr: Multiaddr, ok: bool) {
        self.put(addr, if ok { Result::Tried } else { Result::Shut });
    }

    /// Somebody came to an address, from a host. It shows that anybody can only if we never called there.
    pub fn came(&mut self, addr: Multiaddr, from: IpAddr) {
        if !self.called.contains(&from) {
            self.put(addr, Result::Came);
        }
    }

    /// We called at a host.
    pub fn called(&mut self, host: IpAddr) {
        if self.called.contains(&host) {
            return;
        }
        if self.called.len() >= CALLED_COUNT {
            self.called.pop_front();
        }
        self.called.push_back(host);
    }

    /// Addresses where somebody got through.
    pub fn open(&self) -> impl Iterator<Item = &Multiaddr> {
        self.with(|result| result != Result::Shut)
    }

    /// Addresses where a stranger came by himself.
    pub fn came_to(&self) -> impl Iterator<Item = &Multiaddr> {
        self.with(|result| result == Result::Came)
    }

    /// Addresses where nobody got through.
    pub fn shut(&self) -> impl Iterator<Item = &Multiaddr> {
        self.with(|result| result == Result::Shut)
    }

    fn with(&self, wanted: impl Fn(Result) -> bool) -> impl Iterator<Item = &Multiaddr> {
        self.results.iter().filter(move |(_, result)| wanted(*result)).map(|(addr, _)| addr)
    }

    fn put(&mut self, addr: Multiaddr, new: Result) {
        if let Some((_, result)) = self.results.iter_mut().find(|(known, _)| *known == addr) {
            if !(*result == Result::Came && new == Result::Tried) {
                *result = new;
            }
            return;
        }
        if self.results.len() >= RESULTS_COUNT {
            self.results.pop_front();
        }
        self.results.push_back((addr, new));
    }
}
