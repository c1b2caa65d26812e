//! The only part of the screen that knows the node: it performs effects by calls on the control socket and turns
//! answers and events into messages. If no node runs, `host` starts one in this process, and the screen talks to it
//! over the same socket.

mod calls;
mod either;
mod host;
mod near;
mod open;
mod places;
mod rooms;
mod settings;
mod talk;

use super::msg::{Effect, Msg, Opened, ProfileKind, WordsPut};
use super::settings::load::{Stamp, stamp};
pub use either::Bridge;
use host::Host;
use starling_node::api::client::{Client, ClientError, Subscription, Wanted};
use starling_node::api::trouble::{internal, node_gone};
use starling_node::api::types::{Account, Trouble, V};
use starling_node::keys::KeyFile;
use starling_node::node;
use starling_node::profile::Profile;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use zeroize::Zeroizing;

/// Answers and events waiting for the screen. Full makes the readers wait; the node then tells them to read again.
pub const INBOX: usize = 1_024;
/// Sends, edits, drafts and the like waiting for their turn. A person cannot type that fast; full refuses in words.
const ORDERED: usize = 256;

/// The node, as [`Bridge`] holds it.
pub struct Node {
    shared: Arc<Shared>,
    /// Effects that must reach the node in the order they were made.
    ordered: Option<mpsc::Sender<Effect>>,
    /// How many of them are not answered.
    unanswered: Arc<AtomicUsize>,
    worker: JoinHandle<()>,
    tasks: JoinSet<()>,
}

struct Shared {
    profile: Profile,
    passphrase_file: Option<PathBuf>,
    inbox: mpsc::Sender<Msg>,
    client: Mutex<Option<Client>>,
    host: Mutex<Option<Host>>,
    events: Mutex<Option<JoinHandle<()>>>,
    /// The times of the settings' files when they were last looked at.
    stamp: Mutex<Option<Stamp>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn client(&self) -> Result<Client, Trouble> {
        lock(&self.client).clone().ok_or_else(node_gone)
    }

    async fn tell(&self, msg: Msg) {
        // Nobody to tell means that the screen is gone.
        let _ = self.inbox.send(msg).await;
    }
}

/// Whether there is something to open, and whether it asks for a passphrase.
///
/// # Errors
/// When the key file cannot be read.
pub async fn profile_kind(profile: &Profile, passphrase_file: bool) -> Result<ProfileKind, Trouble> {
    if Client::connect(&profile.socket_to_connect()).await.is_ok() {
        return Ok(ProfileKind::Open);
    }
    if !profile.exists() {
        return Ok(ProfileKind::Missing);
    }
    let locked = KeyFile::read(&profile.keys())?.is_locked();
    Ok(if locked && !passphrase_file { ProfileKind::Locked } else { ProfileKind::Open })
}

impl Node {
    /// A bridge that answers into `inbox`.
    pub fn new(profile: Profile, passphrase_file: Option<PathBuf>, inbox: mpsc::Sender<Msg>) -> Self {
        let stamp = stamp(profile.dir());
        let shared = Arc::new(Shared {
            profile,
            passphrase_file,
            inbox,
            client: Mutex::new(None),
            host: Mutex::new(None),
            events: Mutex::new(None),
            stamp: Mutex::new(Some(stamp)),
        });
        let (ordered, mut queue) = mpsc::channel::<Effect>(ORDERED);
        let own = Arc::clone(&shared);
        let unanswered = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&unanswered);
        let worker = tokio::spawn(async move {
            while let Some(effect) = queue.recv().await {
                let msg = calls::perform(own.client(), effect).await;
                if let Some(msg) = msg {
                    own.tell(msg).await;
                }
                counted.fetch_sub(1, Ordering::Relaxed);
            }
        });
        Self { shared, ordered: Some(ordered), unanswered, worker, tasks: JoinSet::new() }
    }

    /// Whether nothing is under way.
    pub fn idle(&mut self) -> bool {
        while self.tasks.try_join_next().is_some() {}
        self.tasks.is_empty() && self.unanswered.load(Ordering::Relaxed) == 0
    }

    /// The folder of the control socket: only its owner may read it.
    pub fn folder(&self) -> PathBuf {
        let profile = &self.shared.profile;
        profile.socket_to_connect().parent().map_or_else(|| profile.dir().to_owned(), PathBuf::from)
    }

    /// Does what an effect says; the answer comes as a message.
    pub fn perform(&mut self, effect: Effect) {
        // Finished ones make room.
        while self.tasks.try_join_next().is_some() {}
        if calls::ordered(&effect) {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
            if let Some(ordered) = &self.ordered
                && let Err(refused) = ordered.try_send(effect)
            {
                self.unanswered.fetch_sub(1, Ordering::Relaxed);
                let shared = Arc::clone(&self.shared);
                let effect = refused.into_inner();
                self.tasks.spawn(async move {
                    if let Some(msg) = calls::refused(effect, too_much()) {
                        shared.tell(msg).await;
                    }
                });
            }
            return;
        }
        let shared = Arc::clone(&self.shared);
        self.tasks.spawn(async move {
            let msg = match effect {
                Effect::Create { name, passphrase } => {
                    Some(Msg::Created(create(&shared, name, passphrase).await))
                }
                Effect::Open { passphrase } => {
                    let opened = open(&shared, passphrase).await;
                    if opened.as_ref().is_ok_and(|opened| opened.words_later) {
                        shared.tell(places::words_put(&shared.profile)).await;
                    }
                    Some(Msg::Opened(opened))
                }
                Effect::WordsLater(later) => {
                    places::words_later(&shared.profile, later.then(WordsPut::default));
                    None
                }
                Effect::Near(wish) => match shared.client() {
                    Ok(client) => near::perform(&client, wish).await,
                    Err(_) => None,
                },
                Effect::Talk(wish) => talk::perform(shared.client(), wish).await,
                Effect::Setting(wish) => settings::perform(&shared, wish).await,
                Effect::Place(wish) => places::perform(&shared, wish).await,
                other => calls::perform(shared.client(), other).await,
            };
            if let Some(msg) = msg {
                shared.tell(msg).await;
            }
        });
    }

    /// Lets the last calls reach the node, at most `limit`, and ends a node of this process.
    pub async fn finish(mut self, limit: Duration) {
        self.ordered = None;
        let last = tokio::time::timeout(limit, &mut self.worker).await;
        if last.is_err() {
            self.worker.abort();
        }
        self.tasks.abort_all();
        if let Some(events) = lock(&self.shared.events).take() {
            events.abort();
        }
        lock(&self.shared.client).take();
        let host = lock(&self.shared.host).take();
        if let Some(host) = host {
            host.end().await;
        }
    }
}

fn too_much() -> Trouble {
    Trouble::new(
        "E-BUSY",
        1,
        "The node has not answered for a while",
        "This was not done.",
        "Wait a moment and try again.",
    )
}

async fn create(
    shared: &Shared,
    name: String,
    passphrase: Option<Zeroizing<String>>,
) -> Result<Zeroizing<String>, Trouble> {
    let profile = shared.profile.clone();
    tokio::task::spawn_blocking(move || {
        let lock = passphrase.as_ref().map(|passphrase| passphrase.as_bytes());
        node::init(&profile, &name, lock).map(|made| made.words).map_err(Trouble::from)
    })
    .await
    .map_err(|error| internal(format!("Making the keys broke off: {error}")))?
}

/// Attaches to the running node, or starts one here and attaches to that.
async fn open(shared: &Arc<Shared>, passphrase: Option<Zeroizing<String>>) -> Result<Opened, Trouble> {
    let socket = shared.profile.socket_to_connect();
    let client = match Client::connect(&socket).await {
        Ok(client) => client,
        Err(ClientError::NoNode) => {
            start(shared, passphrase).await?;
            Client::connect(&socket).await?
        }
        Err(fault) => return Err(fault.into()),
    };
    // Before anything is read, so that nothing is missed in between.
    let events = client.subscribe(&Wanted::since("now")).await?;
    let welcome = client.welcome().clone();
    *lock(&shared.client) = Some(client);
    let pump = tokio::spawn(pump(Arc::clone(shared), events));
    if let Some(before) = lock(&shared.events).replace(pump) {
        before.abort();
    }
    let account = Account { v: V, account: welcome.account, device: welcome.device, name: welcome.name };
    let locked = KeyFile::read(&shared.profile.keys()).is_ok_and(|keys| keys.is_locked());
    Ok(Opened {
        account,
        in_process: lock(&shared.host).is_some(),
        locked,
        words_later: places::words_file(&shared.profile).exists(),
    })
}

async fn start(shared: &Shared, passphrase: Option<Zeroizing<String>>) -> Result<(), Trouble> {
    let passphrase = match (passphrase, &shared.passphrase_file) {
        (Some(passphrase), _) => Some(Zeroizing::new(passphrase.as_bytes().to_vec())),
        (None, Some(file)) => Some(crate::cli::session::passphrase_file(file)?),
        (None, None) => None,
    };
    let host = Host::start(shared.profile.clone(), passphrase).await?;
    *lock(&shared.host) = Some(host);
    Ok(())
}

/// Hands events on until the node ends.
async fn pump(shared: Arc<Shared>, mut events: Subscription) {
    while let Some(object) = events.next().await {
        shared.tell(Msg::Event(Box::new(object))).await;
    }
    lock(&shared.client).take();
    // A node of this process that ended has nothing left to hold.
    lock(&shared.host).take();
    shared.tell(Msg::Closed(node_gone())).await;
}
