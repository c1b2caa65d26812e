//! Which of our addresses contacts are told, and in what order. Plain choices; must not know how addresses are found.

use libp2p::Multiaddr;
use starling_protocol::limits::{ADDRESS_BYTES, ADDRESSES};

use crate::net::addr;
use crate::net::facts::{OwnAddress, Source};

/// Places among the addresses that are kept for roads through relays, and for those of the local network, if there
/// are any: whatever the others promise, one of these may be the only one that works.
const RELAY_PLACES: usize = 2;
const LOCAL_PLACES: usize = 2;

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Where we listen.
    pub listen: Vec<Multiaddr>,
    /// Public ones that were tried, or that others agree on.
    pub confirmed: Vec<Multiaddr>,
    /// Given by the router.
    pub mapped: Vec<Multiaddr>,
    /// Through relays.
    pub relays: Vec<Multiaddr>,
}

/// What contacts are told, best first, at most [`ADDRESSES`]: public and direct, QUIC before TCP; then those of the
/// local network; then relays. `loopback`: this machine's own were asked for in so many words.
pub(super) fn told(known: &Known, loopback: bool) -> Vec<OwnAddress> {
    let outside = sources(&known.confirmed, Source::Confirmed).chain(sources(&known.mapped, Source::Mapped));
    let listen = sources(&known.listen, Source::Listen);
    let (mut direct, local): (Vec<_>, Vec<_>) =
        outside.chain(listen).partition(|(addr, _)| addr::is_public(addr));
    direct.sort_by_key(|(addr, _)| addr::rank_of(addr));
    let local_texts = addr::tellable(local.iter().map(|(addr, _)| addr), loopback);
    let mut direct = texts(direct);
    let mut local: Vec<_> = local_texts.into_iter().map(|text| (text, Source::Listen)).collect();
    let only_loopback = |text: &str| text.starts_with("/ip4/127.") || text.starts_with("/ip6/::1/");
    if !loopback && !direct.is_empty() {
        local.retain(|(text, _)| !only_loopback(text));
    }
    let mut relays = texts(known.relays.iter().map(|addr| (addr.clone(), Source::Relay)).collect());
    let (for_relays, for_local) = (relays.len().min(RELAY_PLACES), local.len().min(LOCAL_PLACES));
    direct.truncate(ADDRESSES - for_relays - for_local);
    local.truncate(ADDRESSES - for_relays - direct.len());
    relays.truncate(ADDRESSES - direct.len() - local.len());
    direct.extend(local);
    direct.extend(relays);
    direct.into_iter().map(|(addr, source)| OwnAddress { addr, source, since: None }).collect()
}

fn sources(addrs: &[Multiaddr], source: Source) -> impl Iterator<Item = (Multiaddr, Source)> {
    addrs.iter().map(move |addr| (addr::without_peer(addr.clone()), source))
}

/// As texts, each once, none too long.
fn texts(addrs: Vec<(Multiaddr, Source)>) -> Vec<(String, Source)> {
    let mut texts: Vec<(String, Source)> = Vec::new();
    for (addr, source) in addrs {
        let text = addr.to_string();
        if text.len() <= ADDRESS_BYTES && !texts.iter().any(|(known, _)| *known == text) {
            texts.push((text, source));
        }
    }
    texts
}

#[cfg(test)]
mod tests;
