//! `DIR/config.toml`: what a person may set. Comments, order and keys of other versions are kept; a file that does
//! not make sense is refused with line and column and left as it is.

#[cfg(test)]
mod tests;

use crate::net::Serve;
use crate::profile::files;
use serde::Deserialize;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml_edit::{Array, DocumentMut, Item, Value, value};

/// Bytes a configuration may have. Larger is not a configuration.
const FILE_BYTES: u64 = 256 * 1024;
/// Addresses in one list.
const ADDRESSES: usize = 64;
/// What `serve` takes.
const ROLES: &str = "a list of \"relay\", \"bootstrap\" and \"mailbox\"";
/// What `web` takes.
const WEB: &str = "an address and port of this machine only, as 127.0.0.1:9464 or [::1]:9464";

/// Mail kept for others, in MiB, if nothing else is said: some hundred people's.
const MAIL_DISK_MIB: u32 = 4_096;

/// What a new file says.
const TEMPLATE: &str = "\
# Starling's configuration. A running node reads it at its next start.

";

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

    /// Reads a file. One that is not there has every setting as it is by itself.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(path, &text(path)?)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml_edit::de::from_str(text).map_err(|error| nonsense(path, text, &error))?;
        for (key, list) in [("listen", &config.listen), ("peers", &config.peers)] {
            if list.len() > ADDRESSES {
                return Err(ConfigError::BadValue { key, expected: "a list of at most 64 addresses" });
            }
        }
        config.offers()?;
        config.web_address()?;
        Ok(config)
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

    /// Keys in the file that this version does not know: kept, and worth a warning.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn unknown_keys(path: &Path) -> Result<Vec<String>, ConfigError> {
        let document = document(path, &text(path)?)?;
        let keys = document.iter().map(|(key, _)| key);
        Ok(keys.filter(|key| !Self::KEYS.contains(key)).map(|key| key.escape_debug().to_string()).collect())
    }

    /// Writes the settings into the file, which keeps its comments and whatever else is in it; all of it or nothing.
    ///
    /// # Errors
    /// See [`ConfigError`]; a file that does not make sense is not touched.
    pub fn save(&self, path: &Path) -> Result<(), ConfigError> {
        let old = text(path)?;
        Self::parse(path, &old)?;
        let mut document = document(path, &old)?;
        put(&mut document, "port", i64::from(self.port).into());
        put(&mut document, "lan", self.lan.into());
        put(&mut document, "read_receipts", self.read_receipts.into());
        put(&mut document, "listen", self.listen.iter().collect::<Array>().into());
        put(&mut document, "peers", self.peers.iter().collect::<Array>().into());
        put(&mut document, "upnp", self.upnp.into());
        put(&mut document, "serve", self.serve.iter().collect::<Array>().into());
        put(&mut document, "mail_disk_mib", i64::from(self.mail_disk_mib).into());
        put(&mut document, "web", self.web.as_str().into());
        let mut new = document.to_string();
        if old.is_empty() {
            new.insert_str(0, TEMPLATE);
        }
        Self::parse(path, &new)?;
        if new == old {
            return Ok(());
        }
        files::replace(path, new.as_bytes()).map_err(|error| ConfigError::Io { path: path.to_owned(), error })
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
            _ => return Err(ConfigError::NoSuchKey { key: key.chars().take(64).collect() }),
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
            _ => return Err(ConfigError::NoSuchKey { key: key.chars().take(64).collect() }),
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

fn text(path: &Path) -> Result<String, ConfigError> {
    let path = path.to_owned();
    match files::read_small(&path, FILE_BYTES) {
        Ok(bytes) => {
            String::from_utf8(bytes).map_err(|_| ConfigError::NotText { path, what: "it is not UTF-8" })
        }
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => Ok(String::new()),
            io::ErrorKind::FileTooLarge => Err(ConfigError::NotText { path, what: "it is too large" }),
            _ => Err(ConfigError::Io { path, error }),
        },
    }
}

fn document(path: &Path, text: &str) -> Result<DocumentMut, ConfigError> {
    text.parse::<DocumentMut>().map_err(|error| nonsense(path, text, &error.into()))
}

fn nonsense(path: &Path, text: &str, error: &toml_edit::de::Error) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    // The reason may quote the file: nothing of it may steer a terminal.
    let what = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let what = what.chars().filter(|c| !c.is_control()).take(200).collect();
    ConfigError::Nonsense { path: path.to_owned(), line, column, what }
}

/// Sets a value where it stands, or at the end; one that says the same already keeps its form and comment.
fn put(document: &mut DocumentMut, key: &str, new: Value) {
    match document.get_mut(key) {
        Some(Item::Value(old)) => {
            if said(old) != said(&new) {
                let surroundings = old.decor().clone();
                *old = new;
                *old.decor_mut() = surroundings;
            }
        }
        _ => {
            document.insert(key, value(new));
        }
    }
}

/// A value without its form.
fn said(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(said).collect(),
        Value::String(text) => vec![text.value().clone()],
        Value::Integer(number) => vec![number.value().to_string()],
        Value::Boolean(on) => vec![on.value().to_string()],
        other => vec![other.to_string()],
    }
}
