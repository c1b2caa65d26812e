//! What a node's network is told at its start. Plain data; nothing here opens a socket (docs/spec/03-live.md).

/// Where to listen and whom to look for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetConfig {
    /// Multiaddr texts to listen on, such as `/ip4/0.0.0.0/udp/4001/quic-v1`. Each of them must come up, but for
    /// `/ip6/::`, which a machine without IPv6 does without. Empty: [`NetConfig::everywhere`] on ports the system
    /// picks.
    pub listen: Vec<String>,
    /// Whether to find and be found on the local network (mDNS).
    pub lan: bool,
    /// Multiaddr texts that are dialled at start and again, with growing pauses, whenever the connection is gone.
    pub peers: Vec<String>,
    /// Whether the router is asked to let others in (UPnP).
    pub upnp: bool,
    /// What this node does for others.
    pub serve: Serve,
    /// The Ed25519 secret of a peer id that stays, for a node that serves. Without it every start has another.
    pub identity: Option<[u8; 32]>,
}

/// What a node offers to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Serve {
    /// To carry bytes for those who cannot be reached.
    pub relay: bool,
    /// To be a first address of the DHT, and to tell others whether they can be reached.
    pub bootstrap: bool,
    /// To keep mail, for whoever holds a grant of its own; grants may be for many.
    pub mailbox: bool,
}

impl Serve {
    /// Whether anything is offered.
    pub fn any(self) -> bool {
        self.relay || self.bootstrap || self.mailbox
    }

    /// The words of the command line and the API.
    pub fn words(self) -> Vec<&'static str> {
        let roles = [(self.relay, "relay"), (self.bootstrap, "bootstrap"), (self.mailbox, "mailbox")];
        roles.into_iter().filter(|(on, _)| *on).map(|(_, word)| word).collect()
    }
}

impl NetConfig {
    /// All interfaces with one port for everything, for nodes that keep their port over restarts. QUIC first: it
    /// needs fewer round trips to a first message.
    pub fn everywhere(port: u16) -> Vec<String> {
        ["/ip4/0.0.0.0", "/ip6/::"]
            .into_iter()
            .flat_map(|host| [format!("{host}/udp/{port}/quic-v1"), format!("{host}/tcp/{port}")])
            .collect()
    }

    /// What to listen on, in order.
    pub(super) fn listens(&self) -> Vec<String> {
        if self.listen.is_empty() { Self::everywhere(0) } else { self.listen.clone() }
    }
}

/// "All IPv6 interfaces" may mean none: many machines have no IPv6.
pub(super) fn may_be_missing(listen: &str) -> bool {
    listen.starts_with("/ip6/::/")
}
