//! Which addresses told by strangers this node dials. In the DHT anybody tells anything about anybody, so an address
//! is dialled only where it cannot be used against a third party or against our own local network:
//!
//! - only `ip/tcp` and `ip/udp/quic-v1`, never through a relay; never a multicast or unspecified host, never port 0;
//! - a private address only in a subnet (IPv4 /24, IPv6 /64) of an address we listen on, or of a configured peer;
//! - loopback only if we listen on loopback alone, or all configured peers are there;
//! - at most [`PER_PEER_COUNT`] addresses of one peer, and one public host at most [`PER_HOST_COUNT`] times a minute.
//!
//! Must not look at addresses that people or contacts gave us: those are dialled as they are.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use libp2p::Multiaddr;
use tokio::time::Instant;

use crate::net::addr;

/// Addresses of one peer that are tried. A host with both transports and both families has four; more lets one
/// claim cost us more dials.
pub(super) const PER_PEER_COUNT: usize = 8;
/// Dials to one public host within [`PER_HOST_TIME`], whoever is said to be there. As many as may be in the table
/// from one subnet; more would let liars aim us at a victim.
pub(super) const PER_HOST_COUNT: usize = 10;
/// See [`PER_HOST_COUNT`].
const PER_HOST_TIME: Duration = Duration::from_secs(60);
/// Dials remembered for that. A node that makes more in a minute counts only its latest.
const RECENT_COUNT: usize = 1_024;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Roads {
    /// Where we listen.
    own: Vec<Multiaddr>,
    /// Configured peers.
    named: Vec<Multiaddr>,
    recent: VecDeque<(Instant, IpAddr)>,
}

impl Roads {
    /// `named`: the configured peers.
    pub fn new(named: Vec<Multiaddr>) -> Self {
        Self { named, ..Self::default() }
    }

    /// We listen on this address now.
    pub fn listening(&mut self, addr: &Multiaddr) {
        if !addr::is_relayed(addr) {
            self.own.push(addr.clone());
        }
    }

    /// We no longer listen on this address.
    pub fn expired(&mut self, addr: &Multiaddr) {
        self.own.retain(|own| own != addr);
    }

    /// Whether we listen anywhere ourselves.
    pub fn is_listening(&self) -> bool {
        !self.own.is_empty()
    }

    /// Whether an address that a stranger told may be dialled.
    pub fn allows(&self, told: &Multiaddr) -> bool {
        #[cfg(test)]
        if in_memory(told) && self.own.iter().any(in_memory) {
            return true;
        }
        let near = |ours: &[Multiaddr]| !ours.is_empty() && addr::is_near_or_public(told, ours.iter());
        !addr::is_relayed(told) && (near(&self.own) || near(&self.named))
    }

    /// Of the addresses told for one peer, those to dial now.
    pub fn choose(&mut self, told: Vec<Multiaddr>) -> Vec<Multiaddr> {
        let now = Instant::now();
        while self.recent.front().is_some_and(|(at, _)| now.duration_since(*at) > PER_HOST_TIME) {
            self.recent.pop_front();
        }
        let mut chosen: Vec<Multiaddr> = Vec::new();
        for addr in told {
            if chosen.len() >= PER_PEER_COUNT {
                break;
            }
            if self.allows(&addr) && !chosen.contains(&addr) && self.may_call(&addr, now) {
                chosen.push(addr);
            }
        }
        chosen
    }

    fn may_call(&mut self, addr: &Multiaddr, now: Instant) -> bool {
        let Some(ip) = public_host(addr) else { return true };
        if self.recent.iter().filter(|(_, called)| *called == ip).count() >= PER_HOST_COUNT {
            return false;
        }
        if self.recent.len() >= RECENT_COUNT {
            self.recent.pop_front();
        }
        self.recent.push_back((now, ip));
        true
    }
}

/// The host an address names directly, if it is on the internet.
pub(super) fn public_host(addr: &Multiaddr) -> Option<IpAddr> {
    let addr = addr::without_peer(addr.clone());
    addr::parts(&addr).filter(|_| addr::is_public(&addr)).map(|parts| parts.ip.to_canonical())
}

#[cfg(test)]
fn in_memory(addr: &Multiaddr) -> bool {
    matches!(addr.iter().next(), Some(libp2p::multiaddr::Protocol::Memory(_)))
}
