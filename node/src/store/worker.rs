//! The store on threads of its own, behind a handle. One thread writes; with SQLite a second one reads, on its own
//! connection, so that a long search does not hold up a commit. Commits that wait together become one transaction
//! and one write to the disk.

use super::sqlite::SqliteStore;
use super::{
    Batch, ChatChange, ChatSettings, ChatSummary, Cursor, LogQuery, Store, StoreError, StoreStats,
    StoredEvent, StoredMessage,
};
use starling_protocol::engine::step::{Change, ReadOrder, Record};
use starling_protocol::ids::{ChatId, MessageId};
use starling_protocol::time::WallMs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::sync::{mpsc, oneshot};

/// Jobs waiting for a thread. Higher only hides that the disk is the limit.
const QUEUE: usize = 256;
/// Commits put into one transaction. Higher makes the first of them wait longer.
const GROUP_COMMITS: usize = 64;
/// Changes put into one transaction, if there is more than one commit. Bounds the wait and the journal.
const GROUP_CHANGES: usize = 8_192;

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

type Ask = Box<dyn FnOnce(&mut dyn Store) + Send>;

enum Job {
    Commit { batch: Batch, answer: Answer<Vec<StoredEvent>> },
    Call(Ask),
    Close { answer: Answer<()> },
}

/// A handle to a store. Clones are cheap and reach the same store.
#[derive(Clone)]
pub struct StoreHandle {
    write: mpsc::Sender<Job>,
    read: mpsc::Sender<Job>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl std::fmt::Debug for StoreHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreHandle")
    }
}

fn start(name: &str, store: Box<dyn Store>) -> Result<(mpsc::Sender<Job>, JoinHandle<()>), StoreError> {
    let (sender, jobs) = mpsc::channel(QUEUE);
    let thread = thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || serve(store, jobs))
        .map_err(|error| StoreError::Io { what: format!("no thread for the store: {error}") })?;
    Ok((sender, thread))
}

impl StoreHandle {
    /// Opens (or makes, with `create`) a database and starts its threads. Blocks while it looks at the file.
    ///
    /// # Errors
    /// See [`SqliteStore::open`] and [`SqliteStore::create`].
    pub fn spawn_sqlite(path: &Path, key: &[u8; 32], create: bool) -> Result<Self, StoreError> {
        let writer = if create { SqliteStore::create(path, key)? } else { SqliteStore::open(path, key)? };
        let reader = SqliteStore::reader(path, key)?;
        let (write, writes) = start("store", Box::new(writer))?;
        let (read, reads) = start("store-read", Box::new(reader))?;
        Ok(Self { write, read, threads: Arc::new(Mutex::new(vec![reads, writes])) })
    }

    /// Starts one thread that serves a store.
    ///
    /// # Errors
    /// `Io` if the system gives no thread.
    pub fn spawn(store: Box<dyn Store>) -> Result<Self, StoreError> {
        let (write, thread) = start("store", store)?;
        Ok(Self { read: write.clone(), write, threads: Arc::new(Mutex::new(vec![thread])) })
    }

    async fn call<T: Send + 'static>(
        &self,
        to: &mpsc::Sender<Job>,
        ask: impl FnOnce(&mut dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, wait) = oneshot::channel();
        let job = Job::Call(Box::new(move |store: &mut dyn Store| {
            // Nobody waiting for the answer is no error.
            let _ = answer.send(ask(store));
        }));
        to.send(job).await.map_err(|_| StoreError::Closed)?;
        wait.await.map_err(|_| StoreError::Closed)?
    }

    /// See [`Store::load`].
    ///
    /// # Errors
    /// See [`StoreError`]; so for all methods.
    pub async fn load(&self) -> Result<Vec<Record>, StoreError> {
        self.call(&self.write, |store| store.load()).await
    }

    /// See [`Store::read`]. Sees every commit whose answer has come.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn read(&self, order: ReadOrder) -> Result<(Vec<Record>, bool), StoreError> {
        self.call(&self.read, move |store| store.read(&order)).await
    }

    /// See [`Store::commit`]. Commits are applied in the order in which they were begun to be sent. Once it has
    /// been sent it happens, even if nobody waits any more.
    ///
    /// # Errors
    /// See [`StoreError`]. `Closed` says nothing of whether it is on the disk.
    pub async fn commit(&self, changes: Vec<Change>, at: WallMs) -> Result<Vec<StoredEvent>, StoreError> {
        let (answer, wait) = oneshot::channel();
        let job = Job::Commit { batch: Batch { changes, at }, answer };
        self.write.send(job).await.map_err(|_| StoreError::Closed)?;
        wait.await.map_err(|_| StoreError::Closed)?
    }

    /// See [`Store::log`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn log(&self, query: LogQuery) -> Result<Vec<StoredMessage>, StoreError> {
        self.call(&self.read, move |store| store.log(&query)).await
    }

    /// See [`Store::message`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn message(&self, id: MessageId) -> Result<Vec<StoredMessage>, StoreError> {
        self.call(&self.read, move |store| store.message(id)).await
    }

    /// See [`Store::find`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn find(
        &self,
        text: String,
        chat: Option<ChatId>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        self.call(&self.read, move |store| store.find(&text, chat, limit)).await
    }

    /// See [`Store::events`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn events(&self, since: Cursor, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.call(&self.read, move |store| store.events(since, limit)).await
    }

    /// See [`Store::pins`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn pins(&self, chat: ChatId) -> Result<Vec<StoredMessage>, StoreError> {
        self.call(&self.read, move |store| store.pins(chat)).await
    }

    /// See [`Store::set_chat`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_chat(&self, chat: ChatId, change: ChatChange) -> Result<ChatSettings, StoreError> {
        self.call(&self.write, move |store| store.set_chat(chat, &change)).await
    }

    /// See [`Store::chats`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn chats(&self) -> Result<Vec<ChatSummary>, StoreError> {
        self.call(&self.read, |store| store.chats()).await
    }

    /// See [`Store::unread`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn unread(&self, chat: ChatId, limit: usize) -> Result<Vec<MessageId>, StoreError> {
        self.call(&self.read, move |store| store.unread(chat, limit)).await
    }

    /// See [`Store::set_draft`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_draft(&self, chat: ChatId, text: String) -> Result<(), StoreError> {
        self.call(&self.write, move |store| store.set_draft(chat, &text)).await
    }

    /// See [`Store::setting`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn setting(&self, name: String) -> Result<Option<String>, StoreError> {
        self.call(&self.read, move |store| store.setting(&name)).await
    }

    /// See [`Store::set_setting`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_setting(&self, name: String, value: String) -> Result<(), StoreError> {
        self.call(&self.write, move |store| store.set_setting(&name, &value)).await
    }

    /// See [`Store::stats`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn stats(&self) -> Result<StoreStats, StoreError> {
        self.call(&self.read, |store| store.stats()).await
    }

    /// Does what was asked before, brings everything into the main file and ends the threads. Later calls, and
    /// those of clones, get `Closed`.
    ///
    /// # Errors
    /// Of the last flush. The threads have ended in any case.
    pub async fn close(&self) -> Result<(), StoreError> {
        let reads = if self.read.same_channel(&self.write) { Ok(()) } else { close(&self.read).await };
        let writes = close(&self.write).await;
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // Each has answered with its last breath, so this does not wait. Its store is gone either way.
            let _ = thread.join();
        }
        writes.and(reads)
    }
}

async fn close(to: &mpsc::Sender<Job>) -> Result<(), StoreError> {
    let (answer, wait) = oneshot::channel();
    to.send(Job::Close { answer }).await.map_err(|_| StoreError::Closed)?;
    wait.await.map_err(|_| StoreError::Closed)?
}

fn serve(mut store: Box<dyn Store>, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.blocking_recv() {
        let mut next = Some(job);
        while let Some(job) = next.take() {
            match job {
                Job::Commit { batch, answer } => {
                    next = commit_all(store.as_mut(), &mut jobs, batch, answer);
                }
                Job::Call(ask) => ask(store.as_mut()),
                Job::Close { answer } => {
                    let outcome = store.flush();
                    drop(store);
                    drop(jobs);
                    let _ = answer.send(outcome);
                    return;
                }
            }
        }
    }
}

/// Commits this one and those that wait right behind it. Returns the job that ended the row, if there is one.
fn commit_all(
    store: &mut dyn Store,
    jobs: &mut mpsc::Receiver<Job>,
    first: Batch,
    answer: Answer<Vec<StoredEvent>>,
) -> Option<Job> {
    let mut changes = first.changes.len();
    let (mut group, mut answers, mut next) = (vec![first], vec![answer], None);
    while group.len() < GROUP_COMMITS && changes < GROUP_CHANGES {
        match jobs.try_recv() {
            Ok(Job::Commit { batch, answer }) => {
                changes += batch.changes.len();
                group.push(batch);
                answers.push(answer);
            }
            Ok(other) => {
                next = Some(other);
                break;
            }
            Err(_) => break,
        }
    }
    for (answer, outcome) in answers.into_iter().zip(store.commit_group(&group)) {
        // Nobody waiting for the answer is no error.
        let _ = answer.send(outcome);
    }
    next
}

#[cfg(test)]
mod tests;
