//! Reading the configuration again while a node runs: what can hold at once does, and the rest is named. Must not
//! touch anything if the file does not make sense.

use crate::config::{Config, ConfigError};
use crate::driver::handle::{NodeFault, NodeHandle};
use crate::net::facts::Ask;
use crate::net::live::Live;
use crate::network;
use starling_protocol::engine::Command;
use std::sync::{Arc, Mutex, PoisonError};

/// Settings that hold without a new start.
const AT_ONCE: [&str; 4] = ["lan", "peers", "upnp", "read_receipts"];

/// The configuration a node follows, and what was said beside it at its start.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// As it was read last.
    pub config: Arc<Mutex<Config>>,
    /// What the start said of the local network; it outweighs the file.
    pub lan: Option<bool>,
    /// Where the start said to listen.
    pub listen: Vec<String>,
}

/// What reading again changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Settings that changed and hold now.
    pub now: Vec<&'static str>,
    /// Settings that changed and hold from the next start on.
    pub later: Vec<&'static str>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The node.
    #[error(transparent)]
    Node(#[from] NodeFault),
}

impl NodeHandle {
    /// Reads the configuration again and follows it.
    ///
    /// # Errors
    /// See [`ReloadError`]; a file that does not make sense changes nothing.
    pub async fn reload(&self) -> Result<Changes, ReloadError> {
        let about = &self.facts().about;
        let given = &about.given;
        let new = Config::read(&about.config)?;
        let old = given.config.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let differ = |key: &&&str| old.get(key).ok() != new.get(key).ok();
        let changed: Vec<&'static str> = Config::KEYS.iter().filter(differ).copied().collect();
        let (now, later): (Vec<_>, Vec<_>) = changed.into_iter().partition(|key| AT_ONCE.contains(key));
        if now.contains(&"read_receipts") {
            self.command(Command::SetReadReceipts { on: new.read_receipts }).await?;
        }
        if now.iter().any(|key| *key != "read_receipts") {
            let listen = if given.listen.is_empty() { &new.listen } else { &given.listen };
            let live = Live {
                lan: given.lan.unwrap_or(new.lan),
                upnp: new.upnp && !network::only_loopback(listen),
                peers: new.peers.clone(),
            };
            self.asks.send(Ask::Follow(live)).await.map_err(|_| NodeFault::Stopping)?;
        }
        // What waits is told again until it holds.
        let mut kept = given.config.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &now {
            // Both are of this version: every key is known and every value fits.
            let _ = new.get(key).map(|text| kept.set(key, &text));
        }
        Ok(Changes { now, later })
    }
}
