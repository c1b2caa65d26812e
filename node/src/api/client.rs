//! The client of the control API: what the screen and the command line hold of a node. Calls run side by side on
//! one connection; every subscription has a connection of its own, so a slow reader holds up nothing else.

use super::types::{API, Object, Trouble};
use super::{socket, trouble};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

/// Requests on their way to the node.
const REQUEST_QUEUE: usize = 256;
/// Requests written with one call to the system.
const REQUEST_BATCH: usize = 64;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens: no node runs.
    #[error("no node runs")]
    NoNode,
    /// The node refused: another API version, or too many connections.
    #[error(transparent)]
    Refused(#[from] Trouble),
    /// The system's.
    #[error("the control socket: {0}")]
    Io(io::Error),
}

impl From<ClientError> for Trouble {
    fn from(fault: ClientError) -> Self {
        match fault {
            ClientError::Refused(fault) => fault,
            ClientError::NoNode => no_node(),
            ClientError::Io(fault) => Self::new(
                "E-NODE",
                trouble::NO_NODE,
                format!("The running Starling cannot be reached: {fault}"),
                "Nothing was done.",
                "Stop it and start it again with `starling daemon`.",
            ),
        }
    }
}

/// No node runs.
pub fn no_node() -> Trouble {
    Trouble::new(
        "E-NODE",
        trouble::NO_NODE,
        "Starling is not running, so nothing was done",
        "What was stored before is kept.",
        "Start it with `starling daemon`, or add `--start`.",
    )
}

/// What a node says of itself when a client connects.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Welcome {
    /// The API version.
    pub api: u32,
    /// Starling's version.
    pub version: String,
    /// Own account.
    pub account: String,
    /// Own device.
    pub device: String,
    /// Own name.
    pub name: String,
}

#[derive(Serialize)]
struct Call<'a, P> {
    jsonrpc: &'static str,
    id: u64,
    method: &'a str,
    params: &'a P,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<ErrorIn>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Option<Value>,
}

#[derive(Deserialize)]
struct ErrorIn {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Option<Trouble>,
}

impl ErrorIn {
    fn trouble(self) -> Trouble {
        let Self { code, message, data } = self;
        data.unwrap_or_else(|| trouble::other_api(format!("The node answered with error {code}: {message}")))
    }
}

type Callers = HashMap<u64, oneshot::Sender<Result<Value, Trouble>>>;
/// None once the connection has ended.
type Pending = Mutex<Option<Callers>>;

/// A connection to a node. Cheap to clone; ends when the last clone is dropped.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    welcome: Welcome,
    next: AtomicU64,
    requests: mpsc::Sender<Vec<u8>>,
    pending: Arc<Pending>,
}

fn lock(pending: &Pending) -> MutexGuard<'_, Option<Callers>> {
    // Whole after every statement.
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// Connects to the node that listens on `path`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn connect(path: &Path) -> Result<Self, ClientError> {
        let (reader, writer, welcome) = open(path).await?;
        let (requests, queue) = mpsc::channel(REQUEST_QUEUE);
        let pending = Arc::new(Mutex::new(Some(HashMap::new())));
        tokio::spawn(write_requests(writer, queue));
        tokio::spawn(read_answers(reader, Arc::clone(&pending)));
        let path = path.to_owned();
        Ok(Self { inner: Arc::new(Inner { path, welcome, next: AtomicU64::new(1), requests, pending }) })
    }

    /// What the node said of itself.
    pub fn welcome(&self) -> &Welcome {
        &self.inner.welcome
    }

    /// Whether the connection has ended.
    pub fn is_over(&self) -> bool {
        lock(&self.inner.pending).is_none()
    }

    /// Calls a method. Calls of several tasks run side by side.
    ///
    /// # Errors
    /// The node's, in words; and `E-NODE` when the connection ended before the answer.
    pub async fn call<R: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<R, Trouble> {
        let id = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let line = request(id, method, &params)?;
        let (answer, receiver) = oneshot::channel();
        match lock(&self.inner.pending).as_mut() {
            Some(pending) => pending.insert(id, answer),
            None => return Err(trouble::node_gone()),
        };
        let _forget = Forget { pending: &self.inner.pending, id };
        if self.inner.requests.send(line).await.is_err() {
            return Err(trouble::node_gone());
        }
        let result = receiver.await.map_err(|_| trouble::node_gone())??;
        serde_json::from_value(result).map_err(|fault| other_answer(method, &fault))
    }

    /// Subscribes to events on a connection of its own.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn subscribe(&self, wanted: &Wanted) -> Result<Subscription, Trouble> {
        let (reader, mut writer, _) = open(&self.inner.path).await?;
        let line = request(2, "recv.subscribe", wanted)?;
        writer.write_all(&line).await.map_err(|_| trouble::node_gone())?;
        let mut subscription =
            Subscription { reader, _writer: writer, line: Vec::new(), cursor: None, ended: false };
        let answer = subscription.read().await.ok_or_else(trouble::node_gone)?;
        match answer.error {
            Some(error) => Err(error.trouble()),
            None => Ok(subscription),
        }
    }
}

/// Forgets a call that nobody waits for any more.
struct Forget<'a> {
    pending: &'a Pending,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if let Some(pending) = lock(self.pending).as_mut() {
            pending.remove(&self.id);
        }
    }
}

/// What a subscriber wants: the parameters of `recv.subscribe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// A cursor, "last" or "now".
    pub since: String,
    /// Only of these chats; all when empty.
    pub chats: Vec<String>,
    /// Only these types; all when empty.
    pub types: Vec<String>,
    /// At most this many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// Whether to go on after the kept events.
    pub follow: bool,
}

impl Wanted {
    /// Everything after a cursor, "last" or "now", and on.
    pub fn since(since: impl Into<String>) -> Self {
        Self { since: since.into(), chats: Vec::new(), types: Vec::new(), max: None, follow: true }
    }
}

/// A stream of events.
pub struct Subscription {
    reader: BufReader<OwnedReadHalf>,
    /// Kept: closing it would end the subscription.
    _writer: OwnedWriteHalf,
    line: Vec<u8>,
    cursor: Option<String>,
    ended: bool,
}

impl Subscription {
    /// The next event; none at the end ([`Self::ended`] tells which end). May be cancelled without losing anything.
    pub async fn next(&mut self) -> Option<Object> {
        while !self.ended {
            let message = self.read().await?;
            let mut params = message.params.unwrap_or_default();
            match message.method.as_deref() {
                Some("event") => {
                    let event = params.get_mut("event").map(Value::take).unwrap_or_default();
                    // A type that a newer node knows is passed over.
                    if let Ok(object) = serde_json::from_value(event) {
                        return Some(object);
                    }
                }
                Some("end") => {
                    self.ended = true;
                    self.cursor = params.get("cursor").and_then(Value::as_str).map(str::to_owned);
                }
                _ => {}
            }
        }
        None
    }

    /// Whether everything that was asked for came; otherwise the connection broke or the node ended.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The cursor at the end.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    async fn read(&mut self) -> Option<Answer> {
        // What was read so far stays in `self.line` when this is cancelled.
        let read = self.reader.read_until(b'\n', &mut self.line).await;
        if read.is_err() || self.line.last() != Some(&b'\n') {
            return None;
        }
        let answer = serde_json::from_slice(&self.line).ok();
        self.line.clear();
        answer
    }
}

fn request<P: Serialize>(id: u64, method: &str, params: &P) -> Result<Vec<u8>, Trouble> {
    let mut line = Vec::with_capacity(256);
    serde_json::to_writer(&mut line, &Call { jsonrpc: "2.0", id, method, params })
        .map_err(|fault| trouble::internal(format!("A request cannot be written: {fault}")))?;
    line.push(b'\n');
    Ok(line)
}

fn other_answer(method: &str, fault: &serde_json::Error) -> Trouble {
    trouble::other_api(format!("The node's answer to {method} cannot be read ({fault})"))
}

/// Connects and says hello.
async fn open(path: &Path) -> Result<(BufReader<OwnedReadHalf>, OwnedWriteHalf, Welcome), ClientError> {
    let stream = socket::connect(path).await.map_err(|fault| match fault.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ClientError::NoNode,
        _ => ClientError::Io(fault),
    })?;
    own_node(&stream)?;
    let (read, mut writer) = stream.into_split();
    let mut reader = BufReader::with_capacity(64 * 1024, read);
    let hello = request(1, "hello", &serde_json::json!({ "api": API, "client": "starling" }))?;
    writer.write_all(&hello).await.map_err(ClientError::Io)?;
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).await.map_err(ClientError::Io)?;
    if line.is_empty() {
        // It ended while we connected.
        return Err(ClientError::NoNode);
    }
    let answer: Answer =
        serde_json::from_slice(&line).map_err(|fault| ClientError::Refused(other_answer("hello", &fault)))?;
    if let Some(error) = answer.error {
        return Err(ClientError::Refused(error.trouble()));
    }
    let welcome = serde_json::from_value(answer.result.unwrap_or_default())
        .map_err(|fault| ClientError::Refused(other_answer("hello", &fault)))?;
    Ok((reader, writer, welcome))
}

fn own_node(stream: &UnixStream) -> Result<(), ClientError> {
    if socket::is_own(stream) {
        return Ok(());
    }
    Err(ClientError::Io(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user")))
}

async fn write_requests(mut to: OwnedWriteHalf, mut queue: mpsc::Receiver<Vec<u8>>) {
    let mut batch = Vec::with_capacity(REQUEST_BATCH);
    let mut bytes = Vec::new();
    while queue.recv_many(&mut batch, REQUEST_BATCH).await > 0 {
        bytes.clear();
        batch.drain(..).for_each(|line| bytes.extend_from_slice(&line));
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn read_answers(mut reader: BufReader<OwnedReadHalf>, pending: Arc<Pending>) {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).await;
        if read.is_err() || line.is_empty() {
            break;
        }
        let Ok(answer) = serde_json::from_slice::<Answer>(&line) else { break };
        let Some(id) = answer.id else { continue };
        let caller = lock(&pending).as_mut().and_then(|pending| pending.remove(&id));
        if let Some(caller) = caller {
            let outcome = match answer.error {
                Some(error) => Err(error.trouble()),
                None => Ok(answer.result.unwrap_or_default()),
            };
            // A caller that gave up is gone.
            let _ = caller.send(outcome);
        }
    }
    // Dropping the senders tells every caller that the node is gone.
    lock(&pending).take();
}
