//! Who is in the routing table, and who of them can be reached. A peer gets in if it says that it speaks our DHT, and
//! at an address that we may dial; what it says of others does not count. Must not dial.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use libp2p::{Multiaddr, PeerId};

use super::kademlia::Kademlia;
use super::road::{self, Roads};
use crate::net::addr;

/// Addresses of one entry: both transports and both families. With more, an answer that carries a record of 8 KiB and
/// twenty entries would not fit into a packet.
pub(super) const PER_ENTRY_COUNT: usize = 4;
/// Entries of one public network (IPv4 /24, IPv6 /56). More, and whoever rents one network could fill our buckets;
/// fewer shuts out a provider's honest customers.
pub(super) const PER_NET_COUNT: usize = 10;
/// Peers whose addresses the local network told.
const NEARBY_COUNT: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(in crate::net) struct Table {
    /// Entries that could not be reached when we last tried.
    away: HashSet<PeerId>,
    /// What mDNS says.
    nearby: HashMap<PeerId, Vec<Multiaddr>>,
}

impl Table {
    /// The local network says where a peer is.
    pub fn nearby(&mut self, peer: PeerId, addr: &Multiaddr) {
        if !self.nearby.contains_key(&peer) && self.nearby.len() >= NEARBY_COUNT {
            return;
        }
        let addr = addr::without_peer(addr.clone());
        let addrs = self.nearby.entry(peer).or_default();
        if addrs.len() < PER_ENTRY_COUNT && !addrs.contains(&addr) {
            addrs.push(addr);
        }
    }

    /// The local network says that it is there no longer.
    pub fn not_nearby(&mut self, peer: &PeerId) {
        self.nearby.remove(peer);
    }

    /// A peer speaks our DHT: puts it into the table with those of its addresses that we may dial, the first first.
    /// Whether it is in the table now.
    pub fn meet(&mut self, kad: &mut Kademlia, peer: PeerId, told: impl Iterator<Item = Multiaddr>) -> bool {
        self.away.remove(&peer);
        let nearby = self.nearby.get(&peer).cloned().unwrap_or_default();
        let mut known: Vec<Multiaddr> = addresses(kad, peer);
        for addr in told.chain(nearby).map(addr::without_peer) {
            if known.len() >= PER_ENTRY_COUNT {
                break;
            }
            if !known.contains(&addr) && kad.roads().allows(&addr) && has_room(kad, peer, &addr) {
                kad.add_address(&peer, addr.clone());
                known.push(addr);
            }
        }
        is_in(kad, peer)
    }

    /// A peer does not speak our DHT (any longer), or somebody else is where it was.
    pub fn leave(&mut self, kad: &mut Kademlia, peer: PeerId) {
        self.away.remove(&peer);
        kad.remove_peer(&peer);
    }

    /// A peer of the table could not be reached. If others can be (`online`), it leaves the table; otherwise it is
    /// we who are away. Where it was, if it left.
    pub fn lost(&mut self, kad: &mut Kademlia, peer: PeerId, online: bool) -> Vec<Multiaddr> {
        if !is_in(kad, peer) {
            return Vec::new();
        }
        if !online {
            self.away.insert(peer);
            return Vec::new();
        }
        let addrs = addresses(kad, peer);
        self.leave(kad, peer);
        addrs
    }

    /// A peer was reached.
    pub fn reached(&mut self, peer: &PeerId) {
        self.away.remove(peer);
    }

    /// Kademlia has added an address it dialled: keeps the entry within its bound.
    pub fn trim(kad: &mut Kademlia, peer: PeerId) {
        for addr in addresses(kad, peer).into_iter().skip(PER_ENTRY_COUNT) {
            kad.remove_address(&peer, &addr);
        }
    }

    /// Our own addresses have changed: who is only in a network that we have left is of no use.
    pub fn forget_far(kad: &mut Kademlia) {
        for peer in peers(kad) {
            if !addresses(kad, peer).iter().any(|addr| kad.roads().allows(addr)) {
                kad.remove_peer(&peer);
            }
        }
    }

    /// Entries that can be reached, as far as we know.
    pub fn neighbours_count(&mut self, kad: &mut Kademlia) -> usize {
        let all: HashSet<PeerId> = peers(kad).into_iter().collect();
        self.away.retain(|peer| all.contains(peer));
        all.len() - self.away.len()
    }
}

/// The addresses of an entry, without peer ids.
fn addresses(kad: &mut Kademlia, peer: PeerId) -> Vec<Multiaddr> {
    let Some(bucket) = kad.kbucket(peer) else { return Vec::new() };
    let entry = bucket.iter().find(|entry| *entry.node.key.preimage() == peer);
    entry.map_or_else(Vec::new, |entry| entry.node.value.iter().cloned().map(addr::without_peer).collect())
}

/// One address of each entry.
pub(super) fn places(kad: &mut Kademlia) -> Vec<Multiaddr> {
    peers(kad).into_iter().filter_map(|peer| addresses(kad, peer).into_iter().next()).collect()
}

fn is_in(kad: &mut Kademlia, peer: PeerId) -> bool {
    kad.kbucket(peer).is_some_and(|bucket| bucket.iter().any(|entry| *entry.node.key.preimage() == peer))
}

/// Everybody in the table.
pub(super) fn peers(kad: &mut Kademlia) -> Vec<PeerId> {
    kad.kbuckets().flat_map(|b| b.iter().map(|e| *e.node.key.preimage()).collect::<Vec<_>>()).collect()
}

/// Whether the table has room for one more peer in the network of an address.
fn has_room(kad: &mut Kademlia, peer: PeerId, addr: &Multiaddr) -> bool {
    let Some(net) = net(addr) else { return true };
    let mut there_count = 0;
    for bucket in kad.kbuckets() {
        let others = bucket.iter().filter(|entry| *entry.node.key.preimage() != peer);
        there_count += others.filter(|e| e.node.value.iter().any(|a| self::net(a) == Some(net))).count();
    }
    there_count < PER_NET_COUNT
}

/// The public network an address is in.
fn net(addr: &Multiaddr) -> Option<IpAddr> {
    road::public_host(addr).map(|ip| match ip {
        IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) >> 8 << 8).into()),
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 72 << 72).into()),
    })
}

/// Whether this node keeps records for others: if others can come to it. That is so at an address that was tried
/// from outside (not through a relay, which would pay for it), and on a network without internet, where everybody
/// who is there can come. Behind a router with the internet on the other side, only the router's own network could.
pub(super) fn keeps_records<'a>(
    mut external: impl Iterator<Item = &'a Multiaddr>,
    roads: &Roads,
    internet: bool,
) -> bool {
    external.any(|addr| !addr::is_relayed(addr)) || (roads.is_listening() && !internet)
}
