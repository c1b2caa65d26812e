//! The network: the only place that knows libp2p. It moves sealed bytes between peers whose ids are thrown away at
//! every start; who they are and what they say is the engine's business (docs/spec/03-live.md).
//!
//! ```text
//! driver ── NetCommand ──► task (owns the swarm) ──► a writer per link ──► peers
//!        ◄── NetEvent ──── task and links        ◄── a reader per link ◄──
//! ```
//!
//! Must not decide: it does not choose addresses, retry links, or know a contact from a stranger.

mod addr;
mod behaviour;
mod build;
mod calls;
mod config;
mod conns;
mod dht;
mod dials;
mod direct;
pub mod facts;
mod gate;
mod gossip;
mod links;
pub mod live;
mod muxer;
mod outbox;
mod probe;
mod punch;
mod reach;
mod start;
mod status;
mod task;
#[cfg(test)]
mod tests;
pub mod traffic;
mod translate;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use starling_protocol::engine::net::{NetCommand, NetEvent};
use tokio::sync::{mpsc, oneshot, watch as latest};
use tokio::task::JoinHandle;

pub use config::{NetConfig, Serve};
use facts::{Ask, NetFacts};
pub use start::start;

/// Commands waiting for the network. The driver never waits: a full queue means the network is stuck on a driver
/// that takes no events.
pub const COMMANDS_COUNT: usize = 1_024;
/// Events waiting for the driver. More hides a slow driver from fast peers and costs up to 64 KiB each; fewer makes
/// readers wait at every burst.
pub const EVENTS_COUNT: usize = 512;
/// Questions of front ends waiting for the network. People ask; a few at a time are plenty.
const ASKS_COUNT: usize = 8;

/// Why the network did not start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Another program has the port. Another port may do.
    #[error("{addr} is taken by another program")]
    PortTaken {
        /// The address asked for.
        addr: String,
    },
    /// Not an address we can listen on.
    #[error("{addr} is not an address to listen on")]
    BadAddress {
        /// The text given.
        addr: String,
    },
    /// The system refused.
    #[error("cannot listen on {addr}: {what}")]
    Listen {
        /// The address asked for.
        addr: String,
        /// The system's words.
        what: String,
    },
    /// The transports could not be built. Nothing a user can change.
    #[error("the network cannot start: {what}")]
    Transport {
        /// In words.
        what: String,
    },
}

/// Whether a text is an address this network can listen on or dial.
pub fn is_address(text: &str) -> bool {
    addr::listenable(text).is_some()
}

/// A running network.
#[derive(Debug)]
pub struct Net {
    /// What it shall do. Bounded ([`COMMANDS_COUNT`]): use `try_send`.
    pub commands: mpsc::Sender<NetCommand>,
    /// What it did. Bounded ([`EVENTS_COUNT`]): while it is full, peers are made to wait.
    pub events: mpsc::Receiver<NetEvent>,
    /// This start's peer id, as bytes.
    pub local_peer: Vec<u8>,
    /// Where it listens now, as multiaddr texts with the real ports. Later changes come as events.
    pub listen: Vec<String>,
    /// Its figures.
    pub gauge: Arc<Gauge>,
    /// What went over it.
    pub traffic: Arc<traffic::Traffic>,
    /// Its situation, for people.
    pub facts: latest::Receiver<NetFacts>,
    /// What people ask of it.
    pub asks: mpsc::Sender<Ask>,
    /// Ends it.
    pub stop: Stop,
}

/// Ends a network, in good order by [`Stop::shutdown`]; if dropped, it ends by itself soon after.
#[derive(Debug)]
pub struct Stop {
    signal: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Stop {
    /// Flushes links, closes connections and listeners. Returns within 2 s; ports are free then.
    pub async fn shutdown(self) {
        let _ = self.signal.send(());
        let _ = self.task.await;
    }
}

/// How much a network holds at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Connections.
    pub conns: usize,
    /// Links, those being opened included.
    pub links: usize,
    /// Dials and their attempts.
    pub dials: usize,
    /// Events that did not fit into the queue.
    pub waiting: usize,
    /// How often peers had streams refused since the start.
    pub refused: u64,
}

/// A network's figures, readable from anywhere.
#[derive(Debug, Default)]
pub struct Gauge {
    conns: AtomicUsize,
    links: AtomicUsize,
    dials: AtomicUsize,
    waiting: AtomicUsize,
    refused: AtomicU64,
}

impl Gauge {
    /// The figures after the last turn of the network's loop.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            conns: self.conns.load(Ordering::Relaxed),
            links: self.links.load(Ordering::Relaxed),
            dials: self.dials.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    fn set(&self, conns: usize, links: usize, dials: usize, waiting: usize) {
        self.conns.store(conns, Ordering::Relaxed);
        self.links.store(links, Ordering::Relaxed);
        self.dials.store(dials, Ordering::Relaxed);
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}
