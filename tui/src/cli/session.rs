//! The way from a command line to a node: the profile, what opens it, the running node or one started for the
//! duration of a command. The only file of the command line that starts a node.

use super::args::Global;
use super::out::{Out, can_ask};
use starling_node::api::client::{self, Client, ClientError};
use starling_node::api::trouble::{self, LOCKED};
use starling_node::api::types::Trouble;
use starling_node::keys::KeyFile;
use starling_node::profile::Profile;
use starling_node::{RunningNode, Serve, StartOptions, start};
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes of a file with a passphrase or words. A bigger one is another file.
const SECRET_BYTES: u64 = 4_096;

/// A command's connection to a node.
pub struct Session {
    /// The connection.
    pub client: Client,
    /// The node, when it was started for this command.
    own: Option<RunningNode>,
}

/// The profile that the flags, the environment or the system name.
///
/// # Errors
/// When there is no such place.
pub fn profile(global: &Global) -> Result<Profile, Trouble> {
    Ok(Profile::locate(global.dir.clone(), global.profile.as_deref())?)
}

impl Session {
    /// Connects to the running node; with `--start`, to one of its own when none runs.
    ///
    /// # Errors
    /// Exit 3 when none runs; what starting one may fail with.
    pub async fn open(global: &Global) -> Result<Self, Trouble> {
        let profile = profile(global)?;
        match Client::connect(&profile.socket_to_connect()).await {
            Ok(client) => return Ok(Self { client, own: None }),
            Err(ClientError::NoNode) => {}
            Err(fault) => return Err(fault.into()),
        }
        if !global.start {
            return Err(no_node(&profile));
        }
        let node = start_node(global, profile.clone(), StartExtras::default()).await?;
        match Client::connect(&profile.socket_to_connect()).await {
            Ok(client) => Ok(Self { client, own: Some(node) }),
            Err(fault) => {
                node.handle().stop();
                // The connection's fault is the one to tell.
                let _ = node.stopped().await;
                Err(fault.into())
            }
        }
    }

    /// Ends the node if it was started for this command.
    ///
    /// # Errors
    /// When the store could not be closed in order.
    pub async fn close(self) -> Result<(), Trouble> {
        drop(self.client);
        if let Some(node) = self.own {
            node.handle().stop();
            node.stopped().await?;
        }
        Ok(())
    }
}

fn no_node(profile: &Profile) -> Trouble {
    if profile.exists() {
        return client::no_node();
    }
    Trouble::new(
        "E-NODE",
        trouble::NO_NODE,
        "Starling is not running, and there is no profile here yet",
        "Nothing was done.",
        "Begin with `starling`, or with `starling init --name NAME`.",
    )
}

/// What a daemon is given besides its profile.
#[derive(Default)]
pub struct StartExtras {
    /// Where to listen.
    pub listen: Vec<String>,
    /// Whom to connect to.
    pub peers: Vec<String>,
    /// Whether to use the LAN; the configuration decides if absent.
    pub lan: Option<bool>,
    /// What to offer to everybody; the configuration decides if absent.
    pub serve: Option<Serve>,
    /// Where to serve figures; the configuration decides if absent.
    pub web: Option<SocketAddr>,
}

/// Starts the node of a profile in this process.
///
/// # Errors
/// When the profile is locked and nothing opens it (exit 5), and see [`start`].
pub async fn start_node(
    global: &Global,
    profile: Profile,
    extras: StartExtras,
) -> Result<RunningNode, Trouble> {
    if !profile.exists() {
        return Err(no_profile());
    }
    let passphrase = opening(global, &profile)?;
    let StartExtras { listen, peers, lan, serve, web } = extras;
    Ok(start(StartOptions { profile, passphrase, listen, peers, lan, serve, web }).await?)
}

/// There is no account here.
pub fn no_profile() -> Trouble {
    Trouble::new(
        "E-PROFILE",
        trouble::FAILED,
        "There is no profile here yet",
        "Nothing was done.",
        "Begin with `starling`, or with `starling init --name NAME`; `--dir` and `--profile` name another place.",
    )
}

/// What opens a profile: nothing when it has no lock.
///
/// # Errors
/// Exit 5 when it is locked and there is nothing to open it with.
pub fn opening(global: &Global, profile: &Profile) -> Result<Option<Zeroizing<Vec<u8>>>, Trouble> {
    let keys = KeyFile::read(&profile.keys())?;
    if !keys.is_locked() {
        return Ok(None);
    }
    if let Some(file) = &global.passphrase_file {
        return passphrase_file(file).map(Some);
    }
    if can_ask(global.no_input) {
        return ask("Passphrase: ").map(Some);
    }
    Err(Trouble::new(
        "E-LOCK",
        LOCKED,
        "This profile is locked, and there is nothing to open it with",
        "Nothing is lost.",
        "Give `--passphrase-file FILE`, or start it in a terminal.",
    ))
}

/// The lock of a new profile: none with `--no-passphrase`.
///
/// # Errors
/// Exit 2 when it was not said and nobody can be asked.
pub fn new_lock(global: &Global, none: bool) -> Result<Option<Zeroizing<Vec<u8>>>, Trouble> {
    if none {
        return Ok(None);
    }
    if let Some(file) = &global.passphrase_file {
        return passphrase_file(file).map(Some);
    }
    if !can_ask(global.no_input) {
        return Err(trouble::misuse(
            "It is not said what locks the profile",
            "Give `--passphrase-file FILE` or `--no-passphrase`.",
        ));
    }
    let first = ask("A passphrase for this profile: ")?;
    if first.is_empty() {
        return Err(trouble::misuse("The passphrase is empty", "Try again, or give `--no-passphrase`."));
    }
    let second = ask("The same again: ")?;
    if *first != *second {
        return Err(trouble::misuse("The two passphrases differ", "Try again."));
    }
    Ok(Some(first))
}

/// Asks for a secret on the terminal.
///
/// # Errors
/// When the terminal goes away.
pub fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let answer = rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|fault| {
        Trouble::new(
            "E-LOCK",
            LOCKED,
            format!("No passphrase could be read: {fault}"),
            "Nothing was done.",
            "Try again.",
        )
    })?;
    Ok(Zeroizing::new(answer.as_bytes().to_vec()))
}

/// The content of a passphrase file, without the line end.
///
/// # Errors
/// When it cannot be read, is empty, or too big.
pub fn passphrase_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let mut secret = secret_file(path)?;
    while secret.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        secret.pop();
    }
    if secret.is_empty() {
        return Err(trouble::misuse(format!("{} holds no passphrase", path.display()), "Give another file."));
    }
    Ok(secret)
}

/// A small file with a secret; `-` is stdin.
///
/// # Errors
/// When it cannot be read or is too big.
pub fn secret_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let wrong = |fault: std::io::Error| {
        trouble::misuse(format!("{} cannot be read: {fault}", path.display()), "Give another file.")
    };
    // Room for all of it at once: growing would leave copies behind.
    let mut secret = Zeroizing::new(Vec::with_capacity(usize::try_from(SECRET_BYTES).unwrap_or(4_096) + 1));
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(SECRET_BYTES + 1).read_to_end(&mut secret)
    } else {
        std::fs::File::open(path).map_err(wrong)?.take(SECRET_BYTES + 1).read_to_end(&mut secret)
    };
    let read = read.map_err(wrong)?;
    if read as u64 > SECRET_BYTES {
        return Err(trouble::misuse(
            format!("{} has more than {SECRET_BYTES} bytes", path.display()),
            "Give another file.",
        ));
    }
    Ok(secret)
}

/// How a command prints.
pub fn out(global: &Global) -> Out {
    Out { json: global.json, quiet: global.quiet }
}
