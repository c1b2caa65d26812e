//! The mailbox this node keeps for others (docs/spec/08-mail.md, "Server"): a thread with a file of its own. What comes
//! on streams that were opened to it never reaches the engine.
//!
//! ```text
//! driver ── Post ──► queue ──► thread: begin ► server ► commit ──► network commands
//!                                       many messages, one commit
//! ```
//!
//! Nothing leaves before the commit of what it answers. A queue that is full closes the stream that filled it. Must
//! not decide: who may do what is [`starling_protocol::mail::server`]'s business.

mod post;
#[cfg(test)]
mod tests;
mod thread;

pub(crate) use post::{Post, Taken};

use crate::driver::handle::NodeFault;
use crate::store::StoreError;
use starling_protocol::mail::MailKey;
pub use starling_protocol::mail::server::Figures;
use starling_protocol::mail::server::Limits;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Jobs waiting for the thread. A burst of deposits fits; more only hides that the disk is the limit.
const QUEUE: usize = 4_096;
/// Bytes of messages waiting for the thread. More costs memory, fewer close streams of busy writers.
const QUEUE_BYTES: usize = 32 << 20;
/// What of that one stream may fill: eight times what a device has under way (docs/spec/08-mail.md, "Stream"). More lets
/// a few streams close those of everybody; less closes honest ones.
const LINK_BYTES: usize = 2 << 20;
/// What a message counts at least for its stream, so that small ones do not fill the queue either.
const MESSAGE_COST: usize = 8 << 10;
/// How long whoever asks about the mailbox waits for it. It may have much to write, and status must not wait for that.
const ANSWER: Duration = Duration::from_secs(5);

/// Where a mailbox keeps what it holds.
pub(crate) struct MailFile {
    /// The file; made when the first stream comes.
    pub path: PathBuf,
    /// What opens it.
    pub key: Zeroizing<[u8; 32]>,
    /// Who the mailbox is.
    pub mailbox: MailKey,
    /// What it allows.
    pub limits: Limits,
}

enum Job {
    Opened { link: u64, conn: u64, local_peer: Vec<u8>, remote_peer: Vec<u8> },
    Data { link: u64, message: Vec<u8>, waits: Arc<AtomicUsize> },
    Closed { link: u64 },
    Figures { answer: oneshot::Sender<Result<Figures, StoreError>> },
    Revoke { grant: [u8; 16], answer: oneshot::Sender<Result<(), StoreError>> },
    Close,
}

/// What a message counts for its stream while it waits.
fn cost(message: &[u8]) -> usize {
    message.len().max(MESSAGE_COST)
}

/// For the operator: what the mailbox holds.
#[derive(Clone)]
pub(crate) struct MailHandle {
    jobs: SyncSender<Job>,
}

impl MailHandle {
    /// What it holds.
    ///
    /// # Errors
    /// [`NodeFault`]: its file cannot be read, or it is too busy or has ended.
    pub async fn figures(&self) -> Result<Figures, NodeFault> {
        self.ask(|answer| Job::Figures { answer }).await
    }

    /// Takes a grant back.
    ///
    /// # Errors
    /// As [`MailHandle::figures`].
    pub async fn revoke(&self, grant: [u8; 16]) -> Result<(), NodeFault> {
        self.ask(|answer| Job::Revoke { grant, answer }).await
    }

    async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Result<T, NodeFault> {
        let (answer, wait) = oneshot::channel();
        self.jobs.try_send(job(answer)).map_err(|error| match error {
            TrySendError::Full(_) => NodeFault::NoAnswer,
            TrySendError::Disconnected(_) => NodeFault::Stopping,
        })?;
        let answered = tokio::time::timeout(ANSWER, wait).await.map_err(|_| NodeFault::NoAnswer)?;
        let outcome = answered.map_err(|_| NodeFault::Stopping)?;
        outcome.map_err(|error| NodeFault::Store(Arc::new(error)))
    }
}
