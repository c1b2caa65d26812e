//! `DIR/config.toml`: what a person may set. Comments, order and keys of other versions are kept; a file that does
//! not make sense is refused with line and column and left as it is. The table `[screen]` in it belongs to the screen,
//! which judges it itself.

mod layers;
mod pairs;
#[cfg(test)]
mod tests;

pub use layers::{Layers, Origin, variable_of, write};
pub use pairs::{Pair, pairs};
pub use toml_edit::Value;

use crate::net::Serve;
use serde::Deserialize;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml_edit::Array;

/// Addresses in one list.
const ADDRESSES: usize = 64;
/// What `serve` takes.
const ROLES: &str = "a list of \"relay\", \"bootstrap\" and \"mailbox\"";
/// What `web` takes.
const WEB: &str = "an address and port of this machine only, as 127.0.0.1:9464 or [::1]:9464";

/// Mail kept for others, in MiB, if nothing else is said: some hundred people's.
const MAIL_DISK_MIB: u32 = 4_096;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// TCP and UDP port to listen on, drawn once when the account is made. 0: not drawn, the system picks one each
    /// time.
    pub port: u16,
    /// Whether contacts are looked for on the local network.
    pub lan: bool,
    /// Whether others are told that their messages were read.
    pub read_receipts: bool,
    /// Addresses to listen on (multiaddr), instead of all with `port`.
    pub listen: Vec<String>,
    /// Addresses to connect to at the start (multiaddr).
    pub peers: Vec<String>,
    /// Whether the router is asked to let others in.
    pub upnp: bool,
    /// What is offered to others: "relay", "bootstrap", "mailbox".
    pub serve: Vec<String>,
    /// How much mail is kept for others, in MiB.
    pub mail_disk_mib: u32,
    /// Where figures for Prometheus are served; empty: nowhere.
    pub web: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            lan: true,
            read_receipts: true,
            listen: Vec::new(),
            peers: Vec::new(),
            upnp: true,
            serve: Vec::new(),
            mail_disk_mib: MAIL_DISK_MIB,
            web: String::new(),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file does not make sense.
    #[error("{}, line {line}, column {column}: {what}", .path.display())]
    Nonsense {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// In words.
        what: String,
    },
    /// The file is not text, or much too large.
    #[error("{} is not a configuration: {what}", .path.display())]
    NotText {
        /// Which file.
        path: PathBuf,
        /// In words.
        what: &'static str,
    },
    /// There is no such setting.
    #[error("there is no setting {key:?}; there are: {}", Config::KEYS.join(", "))]
    NoSuchKey {
        /// What was asked for.
        key: String,
    },
    /// A variable says something that is not a value of its setting.
    #[error("the variable {name}: {fault}")]
    BadVariable {
        /// Which variable.
        name: String,
        /// What is wrong with it.
        fault: Box<ConfigError>,
    },
    /// Not a value of this setting.
    #[error("{key} must be {expected}")]
    BadValue {
        /// Which setting.
        key: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// Reading or writing failed.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl Config {
    /// All settings.
    pub const KEYS: [&str; 9] =
        ["port", "lan", "read_receipts", "listen", "peers", "upnp", "serve", "mail_disk_mib", "web"];

    /// What holds for a profile: the variables, its own file, the machine's file, the standard.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::of(&Layers::read(path)?)
    }

    /// What the layers say together.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn of(layers: &Layers) -> Result<Self, ConfigError> {
        let mut config: Self = layers.parse()?;
        for key in Self::KEYS {
            if let Some(text) = layers.variable(key) {
                let bad = |fault| ConfigError::BadVariable { name: variable_of(key), fault: Box::new(fault) };
                config.set(key, &text).map_err(bad)?;
            }
        }
        for (key, list) in [("listen", &config.listen), ("peers", &config.peers)] {
            if list.len() > ADDRESSES {
                return Err(ConfigError::BadValue { key, expected: "a list of at most 64 addresses" });
            }
        }
        config.offers()?;
        config.web_address()?;
        Ok(config)
    }

    /// Changes one setting in a profile's file, by text as [`Config::set`] takes it.
    ///
    /// # Errors
    /// See [`ConfigError`]; a file that does not make sense is not touched.
    pub fn write(path: &Path, key: &str, text: &str) -> Result<(), ConfigError> {
        Layers::read(path)?.parse::<Self>()?;
        let mut config = Self::default();
        config.set(key, text)?;
        write(path, key, config.value(key)?)
    }

    /// What `serve` says, as the network takes it.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] for a word that is none of the roles.
    pub fn offers(&self) -> Result<Serve, ConfigError> {
        let mut offers = Serve::default();
        for word in &self.serve {
            match word.as_str() {
                "relay" => offers.relay = true,
                "bootstrap" => offers.bootstrap = true,
                "mailbox" => offers.mailbox = true,
                _ => return Err(ConfigError::BadValue { key: "serve", expected: ROLES }),
            }
        }
        Ok(offers)
    }

    /// What `web` says; none if it says nothing.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] as [`web_address`].
    pub fn web_address(&self) -> Result<Option<SocketAddr>, ConfigError> {
        if self.web.is_empty() { Ok(None) } else { web_address(&self.web).map(Some) }
    }

    /// A setting as the file writes it.
    fn value(&self, key: &str) -> Result<Value, ConfigError> {
        let list = |list: &[String]| Value::from(list.iter().collect::<Array>());
        Ok(match key {
            "port" => i64::from(self.port).into(),
            "lan" => self.lan.into(),
            "read_receipts" => self.read_receipts.into(),
            "listen" => list(&self.listen),
            "peers" => list(&self.peers),
            "upnp" => self.upnp.into(),
            "serve" => list(&self.serve),
            "mail_disk_mib" => i64::from(self.mail_disk_mib).into(),
            "web" => self.web.as_str().into(),
            _ => return Err(no_such(key)),
        })
    }

    /// A setting as text: lists one address a line.
    ///
    /// # Errors
    /// [`ConfigError::NoSuchKey`].
    pub fn get(&self, key: &str) -> Result<String, ConfigError> {
        Ok(match key {
            "port" => self.port.to_string(),
            "lan" => self.lan.to_string(),
            "read_receipts" => self.read_receipts.to_string(),
            "listen" => self.listen.join("\n"),
            "peers" => self.peers.join("\n"),
            "upnp" => self.upnp.to_string(),
            "serve" => self.serve.join("\n"),
            "mail_disk_mib" => self.mail_disk_mib.to_string(),
            "web" => self.web.clone(),
            _ => return Err(no_such(key)),
        })
    }

    /// Changes a setting by text: lists are separated by spaces, commas or lines.
    ///
    /// # Errors
    /// [`ConfigError::NoSuchKey`] and `BadValue`.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), ConfigError> {
        match key {
            "port" => self.port = parsed("port", "a number from 0 to 65535", text)?,
            "lan" => self.lan = parsed("lan", "true or false", text)?,
            "read_receipts" => self.read_receipts = parsed("read_receipts", "true or false", text)?,
            "listen" => self.listen = list("listen", text)?,
            "peers" => self.peers = list("peers", text)?,
            "upnp" => self.upnp = parsed("upnp", "true or false", text)?,
            "serve" => {
                let new = Self { serve: words(text), ..Self::default() };
                new.offers()?;
                self.serve = new.serve;
            }
            "mail_disk_mib" => {
                self.mail_disk_mib = parsed("mail_disk_mib", "a number of MiB", text)?;
            }
            "web" => {
                let new = Self { web: text.trim().to_owned(), ..Self::default() };
                new.web_address()?;
                self.web = new.web;
            }
            _ => return Err(no_such(key)),
        }
        Ok(())
    }
}

/// Where figures are to be served: an address and port that nobody but this machine reaches.
///
/// # Errors
/// [`ConfigError::BadValue`] for anything else; no name is looked up.
pub fn web_address(text: &str) -> Result<SocketAddr, ConfigError> {
    let addr: Option<SocketAddr> = text.parse().ok();
    addr.filter(|addr| addr.ip().is_loopback()).ok_or(ConfigError::BadValue { key: "web", expected: WEB })
}

fn no_such(key: &str) -> ConfigError {
    ConfigError::NoSuchKey { key: key.chars().take(64).collect() }
}

fn parsed<T: std::str::FromStr>(
    key: &'static str,
    expected: &'static str,
    text: &str,
) -> Result<T, ConfigError> {
    text.trim().parse().map_err(|_| ConfigError::BadValue { key, expected })
}

fn list(key: &'static str, text: &str) -> Result<Vec<String>, ConfigError> {
    let list = words(text);
    let fits = list.len() <= ADDRESSES && list.iter().all(|part| part.starts_with('/'));
    if fits {
        Ok(list)
    } else {
        Err(ConfigError::BadValue { key, expected: "a list of at most 64 addresses" })
    }
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| c.is_whitespace() || c == ',').filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}
