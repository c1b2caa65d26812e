//! Serves the control API on the profile's socket. Requests of one connection run side by side, started in the
//! order they came; nothing a client does (or leaves undone) slows the node or fills its memory.

use super::feed::Feed;
use super::hub::Hub;
pub use super::hub::WordsFn;
use super::rpc::{self, Fault, Line, Request};
use super::types::{API, LINE_BYTES, Trouble};
use super::{methods, socket, trouble};
use crate::driver::handle::NodeHandle;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::{AbortHandle, JoinSet};

/// Connections at once. Each may hold [`IN_FLIGHT`] requests.
const CONNECTIONS: usize = 64;
/// Requests of one connection at once; then its next line is not read until one is answered.
const IN_FLIGHT: usize = 256;
/// Answers and events on their way to one client. Few: what a slow client does not take stays in the store.
const OUT_QUEUE: usize = 256;
/// Answers written with one call to the system.
const OUT_BATCH: usize = 64;
/// Large answers (pages of history, lists) of one connection made at once.
const LARGE_ANSWERS: usize = 2;
/// Subscriptions of one connection.
const FEEDS: usize = 16;
/// How long a connection that ends may take to write what was asked of it.
const DRAIN: Duration = Duration::from_secs(3);

/// A server that accepts calls.
pub struct Server {
    hub: Arc<Hub>,
    listener: UnixListener,
    path: PathBuf,
    listening: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Listens on `path` (where the profile keeps its socket; the caller holds the profile's lock). Calls are
    /// accepted from here on and answered as soon as [`Self::run`] runs.
    ///
    /// # Errors
    /// The system's, when the socket cannot be made.
    pub async fn bind(handle: NodeHandle, path: &Path, words: Box<WordsFn>) -> std::io::Result<Self> {
        let listener = socket::listen(path)?;
        let (hub, listening) = Hub::start(handle, words).await;
        Ok(Self { hub, listener, path: path.to_owned(), listening })
    }

    /// Serves until the node is asked to end; then answers what is under way, and removes the socket.
    pub async fn run(self) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                () = self.hub.handle.stopping() => break,
            };
            match accepted {
                Ok((stream, _)) if !socket::is_own(&stream) => {
                    tracing::warn!("a process of another user tried the control socket");
                }
                Ok((stream, _)) if connections.len() >= CONNECTIONS => refuse(stream),
                Ok((stream, _)) => {
                    connections.spawn(connection(Arc::clone(&self.hub), stream));
                }
                Err(fault) => {
                    tracing::warn!(%fault, "a connection could not be accepted");
                    // Out of file handles, most likely: let some go before the next attempt.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(self.listener);
        socket::remove(&self.path);
        let rest = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, rest).await.is_err() {
            tracing::info!("some connections did not take their answers in time");
        }
        self.listening.abort();
    }
}

fn refuse(stream: UnixStream) {
    let fault = Trouble::new(
        "E-FULL",
        trouble::FAILED,
        "Too many programs are connected to this node",
        "Nothing was changed.",
        "End one of them and try again.",
    );
    // A fresh socket has room for one line; if not, closing says enough.
    let _ = stream.try_write(&rpc::answer(&Value::Null, &Err(fault.into())));
}

/// One client.
pub struct Connection {
    hub: Arc<Hub>,
    out: mpsc::Sender<Vec<u8>>,
    large: Semaphore,
    feeds: Mutex<Feeds>,
    next_feed: AtomicU64,
}

#[derive(Default)]
struct Feeds {
    /// Made by a request whose answer is not written yet.
    held: Vec<Feed>,
    running: HashMap<u64, AbortHandle>,
}

impl Connection {
    /// What all share.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// To the writer.
    pub fn out(&self) -> mpsc::Sender<Vec<u8>> {
        self.out.clone()
    }

    /// A turn for a large answer.
    pub async fn large_answer(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.large.acquire().await.ok()
    }

    fn feeds(&self) -> MutexGuard<'_, Feeds> {
        // Whole after every statement.
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for a new subscription.
    ///
    /// # Errors
    /// When there are too many.
    pub fn new_feed_number(&self) -> Result<u64, Fault> {
        let mut feeds = self.feeds();
        feeds.running.retain(|_, task| !task.is_finished());
        if feeds.running.len() + feeds.held.len() >= FEEDS {
            return Err(trouble::misuse(
                format!("This connection has {FEEDS} subscriptions already"),
                "End one with `recv.unsubscribe`.",
            )
            .into());
        }
        Ok(self.next_feed.fetch_add(1, Ordering::Relaxed))
    }

    /// Keeps a subscription until its answer is on the way.
    pub fn hold_feed(&self, feed: Feed) {
        self.feeds().held.push(feed);
    }

    /// Lets the kept subscriptions begin: their answers are in the writer's queue.
    fn start_feeds(&self) {
        let mut feeds = self.feeds();
        for feed in std::mem::take(&mut feeds.held) {
            let number = feed.number;
            let task = tokio::spawn(feed.run());
            feeds.running.insert(number, task.abort_handle());
        }
    }

    /// Ends a subscription.
    pub fn end_feed(&self, number: u64) {
        if let Some(task) = self.feeds().running.remove(&number) {
            task.abort();
        }
    }

    fn end_feeds(&self) {
        let mut feeds = self.feeds();
        feeds.held.clear();
        for (_, task) in feeds.running.drain() {
            task.abort();
        }
    }
}

async fn connection(hub: Arc<Hub>, stream: UnixStream) {
    let (read, write) = stream.into_split();
    let (out, answers) = mpsc::channel(OUT_QUEUE);
    let mut writer = tokio::spawn(write_answers(write, answers));
    let connection = Arc::new(Connection {
        hub,
        out,
        large: Semaphore::new(LARGE_ANSWERS),
        feeds: Mutex::default(),
        next_feed: AtomicU64::new(1),
    });
    let mut requests = JoinSet::new();
    let mut reader = BufReader::with_capacity(64 * 1024, read);
    tokio::select! {
        () = read_requests(&connection, &mut reader, &mut requests) => {}
        () = connection.hub.handle.stopping() => {}
        // Nobody takes the answers any more.
        _ = &mut writer => {}
    }
    connection.end_feeds();
    let rest = async {
        while requests.join_next().await.is_some() {}
        connection.end_feeds();
        drop(connection);
        if !writer.is_finished() {
            // It ends when all senders are gone and everything is written; a failure is the client's going.
            let _ = (&mut writer).await;
        }
    };
    if tokio::time::timeout(DRAIN, rest).await.is_err() {
        writer.abort();
    }
}

/// Reads requests until the client ends or breaks the rules.
async fn read_requests(
    connection: &Arc<Connection>,
    reader: &mut BufReader<tokio::net::unix::OwnedReadHalf>,
    requests: &mut JoinSet<()>,
) {
    let mut line = Vec::new();
    let mut greeted = false;
    loop {
        line.clear();
        match rpc::read_line(reader, &mut line).await {
            Ok(Line::Whole) => {}
            Ok(Line::TooLong) => {
                let what = format!("A request has more than {LINE_BYTES} bytes");
                let fault =
                    Fault { code: rpc::INVALID, trouble: trouble::misuse(what, "Ask in smaller pieces.") };
                let _ = connection.out.send(rpc::answer(&Value::Null, &Err(fault))).await;
                return;
            }
            // A broken connection is the client's end.
            Ok(Line::End) | Err(_) => return,
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let request = match parse(&line) {
            Ok(request) => request,
            Err(fault) => {
                if connection.out.send(rpc::answer(&Value::Null, &Err(fault))).await.is_err() {
                    return;
                }
                continue;
            }
        };
        if line.capacity() > 256 * 1024 {
            line = Vec::new();
        }
        if request.method == "hello" || !greeted {
            let id = request.id.clone().unwrap_or(Value::Null);
            let outcome = hello(connection, request).await;
            greeted |= outcome.is_ok();
            if connection.out.send(rpc::answer(&id, &outcome)).await.is_err() {
                return;
            }
            continue;
        }
        while requests.len() >= IN_FLIGHT {
            requests.join_next().await;
        }
        while requests.try_join_next().is_some() {}
        start(connection, request, requests).await;
    }
}

/// Starts a request at once, so that requests reach the node in the order of their lines, and lets it go on in the
/// background if it must wait.
async fn start(connection: &Arc<Connection>, request: Request, requests: &mut JoinSet<()>) {
    // Without the runtime's fairness limits: a first turn that is put off would lose its place.
    let work = tokio::task::coop::unconstrained(handle(Arc::clone(connection), request));
    let mut work: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(work);
    let first = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
    if first.is_pending() {
        requests.spawn(work);
    }
}

async fn handle(connection: Arc<Connection>, request: Request) {
    let id = request.id.clone();
    let stop = request.method == "stop";
    let subscribe = request.method == "recv.subscribe";
    let outcome = methods::call(&connection, request).await;
    let ok = outcome.is_ok();
    if let Some(id) = id {
        // A client that has gone needs no answer.
        let _ = connection.out.send(rpc::answer(&id, &outcome)).await;
    }
    if subscribe && ok {
        connection.start_feeds();
    }
    if stop && ok {
        connection.hub.handle.stop();
    }
}

fn parse(line: &[u8]) -> Result<Request, Fault> {
    serde_json::from_slice::<Request>(line).map_err(|fault| {
        let (code, what) = if fault.is_data() {
            (rpc::INVALID, "A line is not a JSON-RPC request")
        } else {
            (rpc::PARSE, "A line is not JSON")
        };
        Fault { code, trouble: trouble::misuse(what, "docs/user/api.md shows how requests look.") }
    })
}

#[derive(Deserialize)]
struct Hello {
    #[serde(default)]
    api: u32,
}

#[derive(Serialize)]
struct Welcome<'a> {
    api: u32,
    version: &'a str,
    account: String,
    device: String,
    name: &'a str,
}

async fn hello(connection: &Arc<Connection>, request: Request) -> Result<rpc::Body, Fault> {
    if request.method != "hello" {
        return Err(Fault::api("The first call is not `hello`"));
    }
    let hello: Hello =
        serde_json::from_value(request.params).map_err(|fault| Fault::bad_params(&fault.to_string()))?;
    if hello.api != API {
        return Err(Fault::api(format!("This node speaks API {API}, the other program API {}", hello.api)));
    }
    let name = connection.hub.status().await?.name;
    let facts = connection.hub.handle.facts();
    rpc::body(&Welcome {
        api: API,
        version: env!("CARGO_PKG_VERSION"),
        account: facts.account.to_string(),
        device: facts.device.to_string(),
        name: &name,
    })
}

async fn write_answers(mut to: OwnedWriteHalf, mut answers: mpsc::Receiver<Vec<u8>>) {
    let mut batch = Vec::with_capacity(OUT_BATCH);
    let mut bytes: Vec<u8> = Vec::new();
    while answers.recv_many(&mut batch, OUT_BATCH).await > 0 {
        let written = match batch.as_slice() {
            [one] => to.write_all(one).await,
            _ => {
                bytes.clear();
                batch.iter().for_each(|line| bytes.extend_from_slice(line));
                to.write_all(&bytes).await
            }
        };
        batch.clear();
        if bytes.capacity() > 1024 * 1024 {
            bytes = Vec::new();
        }
        if written.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
