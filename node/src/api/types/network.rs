//! What is known of the network, and what a test of it finds.

use super::{Peers, v};
use serde::{Deserialize, Serialize};

/// An address contacts are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// A multiaddr.
    pub addr: String,
    /// How it became known: "listen", "confirmed", "mapped" or "relay".
    pub how: String,
    /// For how many seconds.
    #[serde(default)]
    pub since_s: u64,
}

/// A relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// A multiaddr.
    pub addr: String,
    /// Whether it has a place for this node.
    pub reserved: bool,
    /// For how many seconds that is so.
    #[serde(default)]
    pub since_s: u64,
}

/// The DHT.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dht {
    /// Nodes known that can be reached.
    pub known: u32,
    /// Whether this node keeps records for others.
    pub keeps: bool,
    /// Records kept for others.
    pub records: u32,
    /// Own records that are out there as they should be.
    pub published: u32,
    /// Own records that should be.
    pub publishes: u32,
}

object!(/// `net`: all that is known of the network
Net {
    /// As in `network`.
    state: String,
    /// Whether one is invisible.
    invisible: bool,
    /// Whether there is a way to the internet.
    route: bool,
    /// Whether there is any network but this machine.
    network: bool,
    /// Where this node listens, multiaddrs.
    listen: Vec<String>,
    /// What contacts are told.
    addresses: Vec<Address>,
    /// Whether others can begin a connection: "unknown", "public" or "private".
    reach: String,
    /// Asking the router: "off", "asking", "none", "not_public" or "mapped".
    mapping: String,
    /// Relays in use or asked.
    relays: Vec<Relay>,
    /// The DHT.
    dht: Dht,
    /// Contacts by road.
    peers: Peers,
    /// Connections through relays that became direct.
    punched: u32,
    /// And attempts that did not.
    punch_failed: u32,
    /// All connections.
    connections: u32,
    /// Connections of others this node carries now.
    carried: u32,
    /// What this node offers to others.
    serving: Vec<String>,
    /// Own messages waiting for a signature.
    waiting: u64,
    /// Milliseconds until the next attempt to reach somebody.
    next_try_ms: Option<u64>,
    /// Bytes that came since the start, as the streams of all connections carried them.
    down_bytes: u64,
    /// And those that went.
    up_bytes: u64,
    /// Seconds since the start.
    uptime_s: u64,
});

object!(/// `logline`: a line of the node's log
LogLine {
    /// Its number: later ones are higher.
    n: u64,
    /// When, RFC 3339 UTC with milliseconds.
    at: String,
    /// "error", "warn", "info", "debug" or "trace".
    level: String,
    /// The part of the program.
    part: String,
    /// What it says, without names, texts and addresses.
    text: String,
});

object!(/// `test`: one result of `net test` or `doctor`
Test {
    /// What was tried: a word.
    what: String,
    /// Whether it works; none where nothing could be found out.
    ok: Option<bool>,
    /// What was seen.
    text: String,
    /// What to do about it; empty if nothing.
    advice: String,
});
