//! The mailbox's thread: what waits together becomes one transaction and one write to the disk.

use super::{Figures, Job, MailFile};
use crate::driver::Clock;
use crate::store::StoreError;
use crate::store::mail::MailStore;
use starling_protocol::engine::net::{ConnId, LinkId, NetCommand};
use starling_protocol::mail::server::limits::TICK_MS;
use starling_protocol::mail::server::{MemoryShelf, Output, Server, Shelf, ShelfError};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use zeroize::Zeroizing;

/// Jobs in one transaction. More make the first of them wait longer, fewer cost writes to the disk.
const GROUP: usize = 512;
/// Bytes of answers in one transaction, but for the last page in it. More is memory when many fetch at once, as after a
/// restart; fewer cost writes to the disk.
const GROUP_BYTES: usize = 4 << 20;
/// A file that could not be opened is not tried again sooner.
const RETRY: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(TICK_MS);

/// What the thread shares with the driver.
pub struct Shared {
    pub waiting: Arc<AtomicUsize>,
    pub ending: Arc<AtomicBool>,
}

/// Answers that wait for the commit.
enum Told {
    Figures(oneshot::Sender<Result<Figures, StoreError>>, Figures),
    Revoked(oneshot::Sender<Result<(), StoreError>>),
}

pub struct Keeper {
    server: Server,
    /// In which connection each stream runs, until its end is told.
    conns: BTreeMap<LinkId, ConnId>,
    store: Option<MailStore>,
    /// When the file could not be opened.
    failed: Option<Instant>,
    path: PathBuf,
    key: Zeroizing<[u8; 32]>,
    clock: Clock,
    /// When the time was told, or could not be.
    ticked: Option<Instant>,
    /// Jobs that the last transaction had no room for.
    pub(super) rest: VecDeque<Job>,
    /// The last group was lost: that is in the log already.
    failing: bool,
    commands: mpsc::Sender<NetCommand>,
    keeps: watch::Sender<bool>,
    shared: Shared,
}

impl Keeper {
    pub fn new(
        file: MailFile,
        commands: mpsc::Sender<NetCommand>,
        keeps: watch::Sender<bool>,
        shared: Shared,
    ) -> Self {
        Self {
            server: Server::new(file.mailbox, file.limits),
            conns: BTreeMap::new(),
            store: None,
            failed: None,
            path: file.path,
            key: file.key,
            clock: Clock::start(),
            ticked: None,
            rest: VecDeque::new(),
            failing: false,
            commands,
            keeps,
            shared,
        }
    }

    /// Works until it is asked to end.
    pub fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let mut group = std::mem::take(&mut self.rest);
            // What waited at the end is done, and nothing is waited for.
            let ending = self.shared.ending.load(Ordering::Relaxed);
            let wait = if ending || !group.is_empty() { Duration::ZERO } else { self.due() };
            match jobs.recv_timeout(wait) {
                Ok(job) => group.push_back(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while group.len() < GROUP {
                let Ok(job) = jobs.try_recv() else { break };
                group.push_back(job);
            }
            let idle = group.is_empty();
            self.work(group);
            if self.shared.ending.load(Ordering::Relaxed) && (idle || self.commands.is_closed()) {
                break;
            }
        }
        if let Some(Err(error)) = self.store.as_mut().map(MailStore::flush) {
            tracing::warn!(%error, "the mailbox's file could not be put in order");
        }
    }

    /// How long until the time is told again.
    pub(super) fn due(&self) -> Duration {
        self.ticked.map_or(Duration::ZERO, |at| TICK.saturating_sub(at.elapsed()))
    }

    /// One group of jobs: all of it is committed, or none of it has happened.
    pub(super) fn work(&mut self, group: VecDeque<Job>) {
        // Who keeps nothing for anybody has no file.
        let needs = group.iter().any(|job| matches!(job, Job::Data { .. } | Job::Revoke { .. }));
        let mut told = Vec::new();
        let ready = if needs || MailStore::exists(&self.path) { self.open() } else { Ok(()) };
        let outcome = self.transact(group, ready, &mut told);
        if let Err(error) = &outcome {
            // Once: everybody comes again, and whoever likes to can make it fail again.
            if !self.failing {
                tracing::error!(%error, "the mailbox cannot work: its streams are closed");
            }
            self.server.undo();
        }
        self.failing = outcome.is_err();
        for told in told {
            // Who asked may have gone.
            match (told, &outcome) {
                (Told::Figures(answer, figures), Ok(())) => drop(answer.send(Ok(figures))),
                (Told::Revoked(answer), Ok(())) => drop(answer.send(Ok(()))),
                (Told::Figures(answer, _), Err(error)) => drop(answer.send(Err(error.clone()))),
                (Told::Revoked(answer), Err(error)) => drop(answer.send(Err(error.clone()))),
            }
        }
        for output in self.server.outputs() {
            let command = match output {
                Output::Write { link, messages } => NetCommand::Write { link, messages },
                Output::Close { link } => NetCommand::CloseLink { link },
                Output::Hold { link } => match self.conns.get(&link) {
                    Some(conn) => NetCommand::Hold { conn: *conn },
                    None => continue,
                },
            };
            // Waits while the network has much to do; meanwhile the queue fills, and its bound holds.
            if self.commands.blocking_send(command).is_err() {
                return;
            }
        }
    }

    /// Opens the file, if it is not open.
    fn open(&mut self) -> Result<(), StoreError> {
        if self.store.is_some() {
            return Ok(());
        }
        if self.failed.is_some_and(|at| at.elapsed() < RETRY) {
            return Err(StoreError::Io { what: "the mailbox's file cannot be opened".to_owned() });
        }
        match MailStore::open(&self.path, &self.key) {
            Ok(store) => {
                self.store = Some(store);
                Ok(())
            }
            Err(error) => {
                self.failed = Some(Instant::now());
                Err(error)
            }
        }
    }

    fn transact(
        &mut self,
        group: VecDeque<Job>,
        ready: Result<(), StoreError>,
        told: &mut Vec<Told>,
    ) -> Result<(), StoreError> {
        let ready = ready.and_then(|()| self.store.as_mut().map_or(Ok(()), MailStore::begin));
        let mut store = self.store.take();
        // Without a file there is nothing, and nothing that would change it is in the group.
        let mut none = MemoryShelf::default();
        let shelf = store.as_mut().map_or(&mut none as &mut dyn Shelf, |store| store);
        let mut outcome = self.serve(group, ready, shelf, told);
        if let Some(store) = &mut store {
            outcome = outcome.and_then(|()| store.commit());
            store.rollback();
        }
        self.store = store;
        outcome
    }

    fn serve(
        &mut self,
        mut group: VecDeque<Job>,
        mut ready: Result<(), StoreError>,
        shelf: &mut dyn Shelf,
        told: &mut Vec<Told>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        // Noted before anything can fail: what fails is not tried again at once for ever.
        let ticks = self.due().is_zero();
        if ticks {
            self.ticked = Some(Instant::now());
        }
        while let Some(job) = group.pop_front() {
            let done = match job {
                Job::Opened { link, conn, local_peer, remote_peer } => {
                    self.conns.insert(link, conn);
                    self.server.opened(link, local_peer, remote_peer, now);
                    Ok(())
                }
                Job::Closed { link } => {
                    self.conns.remove(&link);
                    self.server.closed(link);
                    Ok(())
                }
                Job::Data { link, message, waits } => {
                    waits.fetch_sub(super::cost(&message), Ordering::Relaxed);
                    self.shared.waiting.fetch_sub(message.len(), Ordering::Relaxed);
                    // After a failure nothing counts any more, but who is there and who is not.
                    if ready.is_ok() { self.server.message(link, &message, shelf, now) } else { Ok(()) }
                }
                Job::Figures { answer } => {
                    let figures = self.server.figures(shelf);
                    told.push(Told::Figures(answer, figures.clone().unwrap_or_default()));
                    figures.map(|_| ())
                }
                Job::Revoke { grant, answer } => {
                    told.push(Told::Revoked(answer));
                    self.server.revoke(&grant, shelf)
                }
                Job::Close => Ok(()),
            };
            ready = ready.and_then(|()| done.map_err(lost));
            if self.server.answers_bytes() >= GROUP_BYTES {
                break;
            }
        }
        self.rest = group;
        ready?;
        if ticks {
            self.server.tick(shelf, now).map_err(lost)?;
        }
        let keeps = shelf.totals().map_err(lost)?.boxes > 0;
        self.keeps.send_if_modified(|before| std::mem::replace(before, keeps) != keeps);
        Ok(())
    }
}

fn lost(error: ShelfError) -> StoreError {
    StoreError::Io { what: error.0 }
}
