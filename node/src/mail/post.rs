//! The driver's side: sorts out what is the mailbox's, and hands it over.

use super::{Job, LINK_BYTES, MailFile, MailHandle, QUEUE, QUEUE_BYTES, cost, thread};
use crate::store::StoreError;
use starling_protocol::engine::net::{LinkId, LinkProtocol, NetCommand, NetEvent};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};

/// Whose an event is.
pub(crate) enum Taken {
    /// The engine's.
    Not(NetEvent),
    /// The mailbox's; and what the network is to do at once.
    Ours(Option<NetCommand>),
}

/// What the driver holds of the mailbox.
pub(crate) struct Post {
    jobs: SyncSender<Job>,
    /// Bytes of messages that wait in `jobs`.
    pub(super) waiting: Arc<AtomicUsize>,
    /// The mailbox's streams, and what of each waits; none: it was cut because that was too much.
    links: BTreeMap<LinkId, Option<Arc<AtomicUsize>>>,
    /// Streams whose end could not be told yet; each is here once.
    gone: VecDeque<LinkId>,
    /// Whether anything is kept for anybody.
    pub keeps: watch::Receiver<bool>,
    ending: Arc<AtomicBool>,
    over: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Post {
    /// Starts the mailbox.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the system gives no thread.
    pub fn start(file: MailFile, commands: mpsc::Sender<NetCommand>) -> Result<Self, StoreError> {
        let (jobs, todo) = sync_channel(QUEUE);
        let (keeps_out, keeps) = watch::channel(false);
        let waiting = Arc::new(AtomicUsize::new(0));
        let ending = Arc::new(AtomicBool::new(false));
        let (done, over) = oneshot::channel();
        let shared = thread::Shared { waiting: Arc::clone(&waiting), ending: Arc::clone(&ending) };
        let thread = std::thread::Builder::new()
            .name("mailbox".to_owned())
            .spawn(move || {
                thread::Keeper::new(file, commands, keeps_out, shared).run(&todo);
                let _ = done.send(());
            })
            .map_err(|error| StoreError::Io { what: format!("no thread for the mailbox: {error}") })?;
        let (links, gone) = (BTreeMap::new(), VecDeque::new());
        Ok(Self { jobs, waiting, links, gone, keeps, ending, over: Some(over), thread: Some(thread) })
    }

    /// A handle for the operator.
    pub fn handle(&self) -> MailHandle {
        MailHandle { jobs: self.jobs.clone() }
    }

    /// Takes what is the mailbox's.
    pub fn take(&mut self, event: NetEvent) -> Taken {
        while let Some(link) = self.gone.pop_front() {
            if self.jobs.try_send(Job::Closed { link }).is_err() {
                self.gone.push_front(link);
                break;
            }
        }
        match event {
            NetEvent::LinkOpened {
                link,
                protocol: LinkProtocol::Mail,
                outbound: false,
                conn,
                local_peer,
                remote_peer,
            } => {
                let told = self.jobs.try_send(Job::Opened { link, conn, local_peer, remote_peer }).is_ok();
                self.links.insert(link, told.then(Arc::default));
                Taken::Ours((!told).then_some(NetCommand::CloseLink { link }))
            }
            NetEvent::LinkData { link, message } => match self.links.get_mut(&link) {
                None => Taken::Not(NetEvent::LinkData { link, message }),
                Some(None) => Taken::Ours(None),
                Some(open) => {
                    let bytes = message.len();
                    let before = self.waiting.fetch_add(bytes, Ordering::Relaxed);
                    let fits = before.saturating_add(bytes) <= QUEUE_BYTES;
                    let cost = cost(&message);
                    let waits = open.clone().unwrap_or_default();
                    let fair = waits.fetch_add(cost, Ordering::Relaxed).saturating_add(cost) <= LINK_BYTES;
                    if fits && fair && self.jobs.try_send(Job::Data { link, message, waits }).is_ok() {
                        return Taken::Ours(None);
                    }
                    self.waiting.fetch_sub(bytes, Ordering::Relaxed);
                    tracing::debug!(link, "too much waits for the mailbox: a stream is closed");
                    *open = None;
                    self.gone.push_back(link);
                    Taken::Ours(Some(NetCommand::CloseLink { link }))
                }
            },
            NetEvent::LinkClosed { link } => match self.links.remove(&link) {
                None => Taken::Not(NetEvent::LinkClosed { link }),
                Some(None) => Taken::Ours(None),
                Some(Some(_)) => {
                    if self.jobs.try_send(Job::Closed { link }).is_err() {
                        self.gone.push_back(link);
                    }
                    Taken::Ours(None)
                }
            },
            other => Taken::Not(other),
        }
    }

    /// Asks the mailbox to end; resolves when everything that waited is committed and handed to the network.
    pub async fn end(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        // A full queue wakes it as well.
        let _ = self.jobs.try_send(Job::Close);
        if let Some(over) = self.over.take() {
            let _ = over.await;
        }
    }

    /// Waits for its thread. Only after the network has ended: until then it may wait for that.
    pub async fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}
