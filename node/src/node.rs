//! A node from its profile: locks it, opens keys and store, starts network, driver and control API, and ends them in
//! order. Also how a profile begins.

use crate::api::server::Server;
use crate::config::{Config, ConfigError};
use crate::driver::handle::{About, NodeHandle};
use crate::driver::{self, Clock, DriverError};
use crate::keys::{KeyError, KeyFile, Lock};
use crate::logs::Logs;
use crate::mail::MailFile;
use crate::net::{self, Net, NetConfig, NetError, Serve};
use crate::network;
use crate::profile::{InstallError, Profile, ProfileError, ProfileLock};
use crate::reload::Given;
use crate::store::StoreError;
use crate::store::worker::StoreHandle;
use crate::web::Web;
use starling_protocol::engine::{Command, Engine, Genesis, GenesisError, LoadError};
use starling_protocol::identity::{Seed, WordsError};
use starling_protocol::ids::{AccountId, DeviceId};
use starling_protocol::mail::server::Limits;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// The first and last port a profile may draw at its beginning: the range of RFC 6335 for dynamic use.
const PORTS: (u16, u16) = (49_152, 65_535);

/// Files a node that serves may want open: its connections, those being made, and the store's.
const SERVING_FILES: u64 = 4_096;

/// How to start a node.
pub struct StartOptions {
    /// The profile.
    pub profile: Profile,
    /// What opens it, if it is locked.
    pub passphrase: Option<Zeroizing<Vec<u8>>>,
    /// Where to listen instead of what the configuration says.
    pub listen: Vec<String>,
    /// Whom to connect to at start, besides those of the configuration.
    pub peers: Vec<String>,
    /// Whether to find and be found on the LAN; the configuration decides if absent.
    pub lan: Option<bool>,
    /// What to offer to everybody; the configuration decides if absent.
    pub serve: Option<Serve>,
    /// Where figures are served, an address of this machine only; the configuration decides if absent.
    pub web: Option<SocketAddr>,
}

/// Why a node did not start. Nothing of the profile was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder, or another process in it.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The keys, or the passphrase.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record in the database.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The port for figures.
    #[error("figures cannot be served at {addr}: {error}")]
    Web {
        /// Where.
        addr: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The control socket.
    #[error("the control socket cannot be made: {0}")]
    Socket(std::io::Error),
    /// The system gives no randomness, or a thread died.
    #[error("the system failed: {0}")]
    System(String),
}

/// A node that runs.
pub struct RunningNode {
    handle: NodeHandle,
    driver: JoinHandle<Result<(), DriverError>>,
    server: JoinHandle<()>,
    web: Option<(SocketAddr, JoinHandle<()>)>,
    /// Held until the very end.
    _lock: ProfileLock,
}

impl RunningNode {
    /// A handle to it.
    pub fn handle(&self) -> &NodeHandle {
        &self.handle
    }

    /// Where it serves figures, if it does.
    pub fn web(&self) -> Option<SocketAddr> {
        self.web.as_ref().map(|(addr, _)| *addr)
    }

    /// Runs until it is asked to end (by [`NodeHandle::stop`] or the API), and cleans up.
    ///
    /// # Errors
    /// [`StoreError`] when the store made it end, or could not be closed in order.
    pub async fn stopped(self) -> Result<(), StoreError> {
        let outcome = self.driver.await;
        self.handle.stop();
        let _ = self.server.await;
        if let Some((_, web)) = self.web {
            let _ = web.await;
        }
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(DriverError::Store(error))) => Err(error),
            Ok(Err(error)) => Err(StoreError::Damaged { what: error.to_string() }),
            Err(error) => {
                Err(StoreError::Io { what: format!("the node stopped because of a mistake in it: {error}") })
            }
        }
    }
}

/// Starts the node of a profile. When this returns, it listens and takes calls.
///
/// # Errors
/// See [`StartError`].
pub async fn start(options: StartOptions) -> Result<RunningNode, StartError> {
    let StartOptions { profile, passphrase, listen, peers, lan, serve, web } = options;
    let lock = profile.lock()?;
    let config = Config::read(&profile.config())?;
    let web = match web.or(config.web_address()?) {
        Some(addr) => Some(Web::bind(addr).await.map_err(|error| StartError::Web { addr, error })?),
        None => None,
    };
    let path = profile.database();
    let keys = KeyFile::read(&profile.keys())?;
    let (store, mail_key) = tokio::task::spawn_blocking(move || {
        apart(move || -> Result<(StoreHandle, Zeroizing<[u8; 32]>), StartError> {
            let keys = keys.open(passphrase.as_ref().map(|passphrase| passphrase.as_slice()))?;
            Ok((StoreHandle::spawn_sqlite(&path, &keys.database(), false)?, keys.mail_database()))
        })
    })
    .await
    .map_err(|error| StartError::System(error.to_string()))?
    .unwrap_or_else(|| Err(StartError::System("opening the store broke off".to_owned())))?;
    let clock = Clock::start();
    let rng = driver::rng().map_err(|error| StartError::System(error.to_string()))?;
    let engine = Engine::load(store.load().await?, rng, clock.now())?;

    let mut all_peers = config.peers.clone();
    all_peers.extend(peers);
    let listen = if listen.is_empty() { config.listen.clone() } else { listen };
    let serve = match serve {
        Some(serve) => serve,
        None => config.offers()?,
    };
    if serve.any() {
        allow_files();
    }
    let port = if listen.is_empty() { config.port } else { 0 };
    let given = Given { config: Arc::new(Mutex::new(config.clone())), lan, listen: listen.clone() };
    let about = About { config: profile.config(), port, serve, logs: Logs::present(), given };
    let net = start_net(
        NetConfig {
            // A node that only listens to its own machine has nothing to ask the router for.
            upnp: config.upnp && !network::only_loopback(&listen),
            listen,
            lan: lan.unwrap_or(config.lan),
            peers: all_peers,
            serve,
            identity: serve.any().then(|| *engine.fixed_peer_seed()),
        },
        config.port,
    )
    .await?;

    let mail = MailFile {
        path: profile.mail(),
        key: mail_key,
        mailbox: engine.mail_key(),
        limits: Limits { disk_bytes: u64::from(config.mail_disk_mib) << 20, ..Limits::default() },
    };
    let (handle, driver) = driver::spawn(engine, store, net, Some(mail), clock, about);
    // The configuration is the truth about receipts; the engine keeps the last one it was told.
    let _ = handle.command(Command::SetReadReceipts { on: config.read_receipts }).await;
    let socket = profile.socket_to_bind()?;
    let keys_path = profile.keys();
    let words: Box<crate::api::server::WordsFn> =
        Box::new(move |passphrase| read_words(&keys_path, passphrase));
    let server = Server::bind(handle.clone(), &socket, words).await.map_err(StartError::Socket)?;
    profile.link_socket(&socket)?;
    let server = tokio::spawn(server.run());
    let web = web.map(|web| (web.addr(), tokio::spawn(web.run(handle.clone()))));
    Ok(RunningNode { handle, driver, server, web, _lock: lock })
}

/// A node that serves holds many connections, each with an open file: as many as the system allows without asking.
fn allow_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if setrlimit(Resource::Nofile, most).is_err() || limit.maximum.is_some_and(|files| files < SERVING_FILES)
    {
        tracing::warn!("this node serves, but may open few files: raise the limit (`ulimit -n 8192`)");
    }
}

/// Does work with the database on a thread that has ended when this returns; none if it panicked. OpenSSL keeps
/// something for every thread that used it and takes it down when the process exits: a pooled thread that ends in
/// that very moment would free it a second time.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| scope.spawn(work).join().ok())
}

/// The network on the profile's port; on any other port, with a warning, when that one is taken.
async fn start_net(mut config: NetConfig, port: u16) -> Result<Net, NetError> {
    if !config.listen.is_empty() {
        return Box::pin(net::start(config)).await;
    }
    config.listen = NetConfig::everywhere(port);
    match Box::pin(net::start(config.clone())).await {
        Err(NetError::PortTaken { addr }) => {
            tracing::warn!(%addr, "the port is taken by another program: another one is used for this run");
            config.listen = NetConfig::everywhere(0);
            Box::pin(net::start(config)).await
        }
        other => other,
    }
}

/// What a new profile is.
#[derive(Debug)]
pub struct InitOutcome {
    /// The account.
    pub account: AccountId,
    /// Its first device.
    pub device: DeviceId,
    /// The 24 words.
    pub words: Zeroizing<String>,
}

/// Why a profile could not begin. Nothing was made, or what was made was removed again.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is one already.
    #[error("this profile has an account already")]
    Exists,
    /// The words given are not 24 good ones.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// The name is empty, or no keys could be made.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The folder, or another process in it.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The key file or the database.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    Entropy,
}

/// Makes an account and its first device.
///
/// # Errors
/// See [`InitError`].
pub fn init(profile: &Profile, name: &str, lock: Option<&[u8]>) -> Result<InitOutcome, InitError> {
    begin(profile, name, Seed::from_entropy(*entropy::<32>()?), lock, false)
}

/// Makes a new device for the account of 24 words.
///
/// # Errors
/// See [`InitError`].
pub fn restore(
    profile: &Profile,
    name: &str,
    words: &str,
    lock: Option<&[u8]>,
) -> Result<InitOutcome, InitError> {
    begin(profile, name, Seed::from_words(words)?, lock, true)
}

/// The 24 words of a profile. The node need not run.
///
/// # Errors
/// [`KeyError`] when the passphrase is wrong or the key file cannot be read.
pub fn words(profile: &Profile, passphrase: Option<&[u8]>) -> Result<Zeroizing<String>, KeyError> {
    read_words(&profile.keys(), passphrase)
}

fn read_words(keys: &std::path::Path, passphrase: Option<&[u8]>) -> Result<Zeroizing<String>, KeyError> {
    let seed = KeyFile::read(keys)?.seed(passphrase)?;
    Ok(Seed::from_entropy(*seed).words())
}

fn begin(
    profile: &Profile,
    name: &str,
    seed: Seed,
    lock: Option<&[u8]>,
    restored: bool,
) -> Result<InitOutcome, InitError> {
    let mut profile = profile.clone();
    profile.make_folder()?;
    let _held = profile.lock()?;
    if profile.exists() {
        return Err(InitError::Exists);
    }
    let now = Clock::start().now();
    let genesis = Genesis::new(&seed, name, *entropy::<64>()?, now, restored)?;
    if Config::read(&profile.config())?.port == 0 {
        Config::write(&profile.config(), "port", &draw_port()?.to_string())?;
    }
    let lock = lock.map_or(Lock::None, Lock::Passphrase);
    apart(|| profile.install(&lock, seed.as_bytes(), &genesis.changes, now.wall_ms))
        .ok_or(InitError::Entropy)??;
    Ok(InitOutcome { account: genesis.account, device: genesis.device, words: seed.words() })
}

/// The port a profile keeps: drawn once, so that contacts who remember an address find it again.
fn draw_port() -> Result<u16, InitError> {
    let (first, last) = PORTS;
    Ok(first.saturating_add(u16::from_le_bytes(*entropy::<2>()?) % (last - first)))
}

fn entropy<const N: usize>() -> Result<Zeroizing<[u8; N]>, InitError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| InitError::Entropy)?;
    Ok(bytes)
}
