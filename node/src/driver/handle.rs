//! What the rest of a node holds of its driver: ask the engine, read the store, hear what happens.

use crate::logs::Logs;
use crate::mail::{Figures as MailFigures, MailHandle};
use crate::net::Serve;
use crate::net::facts::{Ask, NetFacts, TestLine};
use crate::net::traffic::Traffic;
use crate::network::Figures;
use crate::reload::Given;
use crate::store::worker::StoreHandle;
use crate::store::{StoreError, StoredEvent};
use starling_protocol::engine::step::Notice;
use starling_protocol::engine::{Command, Refusal, Reply};
use starling_protocol::ids::{AccountId, DeviceId};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// Commands waiting for the driver's next turn. Lower makes busy clients wait sooner; higher only hides that the
/// disk is the limit.
pub const COMMAND_QUEUE: usize = 1_024;
/// Events a subscriber may be behind before it is told to read the store again.
pub const EVENT_QUEUE: usize = 8_192;
/// How long the network may take to try itself: what it promises, and some.
const TEST: Duration = Duration::from_secs(30);

/// Something that happened, for front ends.
#[derive(Debug, Clone)]
pub enum NodeEvent {
    /// Kept, with a cursor.
    Kept(StoredEvent),
    /// Passing; never [`Notice::Network`], which comes as [`NodeEvent::Network`].
    Notice(Notice),
    /// The engine's figures or the network's facts may have changed.
    Network(Figures),
}

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub enum NodeFault {
    /// The engine refused; nothing changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not commit; nothing was accepted.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// The node is ending.
    #[error("the node is stopping")]
    Stopping,
    /// The network gave no answer; it may be busy.
    #[error("the network does not answer")]
    NoAnswer,
}

/// What a node is told about itself at its start.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Its configuration file.
    pub config: PathBuf,
    /// The port of the configuration, if the node listens by it; 0: it does not, or none was drawn.
    pub port: u16,
    /// What it offers to everybody.
    pub serve: Serve,
    /// What was logged of late.
    pub logs: Logs,
    /// The configuration it follows.
    pub given: Given,
}

/// What does not change while a node runs.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Own account.
    pub account: AccountId,
    /// Own device.
    pub device: DeviceId,
    /// What it was told.
    pub about: About,
    /// The addresses the network listens on.
    pub listen: Vec<String>,
    /// When the node started.
    pub started: Instant,
}

pub(crate) struct Order {
    pub command: Command,
    pub answer: oneshot::Sender<Result<Reply, NodeFault>>,
}

/// A handle to a running node. Cheap to clone.
#[derive(Clone)]
pub struct NodeHandle {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) store: StoreHandle,
    pub(crate) events: broadcast::Sender<Arc<NodeEvent>>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) trouble: watch::Receiver<Option<String>>,
    pub(crate) net_facts: watch::Receiver<NetFacts>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) asks: mpsc::Sender<Ask>,
    pub(crate) mail: Option<MailHandle>,
}

impl NodeHandle {
    /// Asks the engine. Returns after what it changed is on disk.
    ///
    /// # Errors
    /// See [`NodeFault`].
    pub async fn command(&self, command: Command) -> Result<Reply, NodeFault> {
        let (answer, reply) = oneshot::channel();
        self.orders.send(Order { command, answer }).await.map_err(|_| NodeFault::Stopping)?;
        reply.await.map_err(|_| NodeFault::Stopping)?
    }

    /// The store, for reading, drafts and settings.
    pub fn store(&self) -> &StoreHandle {
        &self.store
    }

    /// Everything from now on. A subscriber that lags gets `Lagged` and reads the store from its last cursor.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<NodeEvent>> {
        self.events.subscribe()
    }

    /// What does not change.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// A lasting trouble in words (the disk is full), if there is one.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }

    /// The network's situation, now.
    pub fn net_facts(&self) -> NetFacts {
        self.net_facts.borrow().clone()
    }

    /// What went over the network since the start.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Has the network try everything there is; takes up to half a minute.
    ///
    /// # Errors
    /// [`NodeFault::Stopping`] when the network has ended, [`NodeFault::NoAnswer`] when it does not answer in time.
    pub async fn test_network(&self) -> Result<Vec<TestLine>, NodeFault> {
        let (answer, lines) = oneshot::channel();
        let asked = async {
            self.asks.send(Ask::Test(answer)).await.map_err(|_| NodeFault::Stopping)?;
            lines.await.map_err(|_| NodeFault::NoAnswer)
        };
        tokio::time::timeout(TEST, asked).await.unwrap_or(Err(NodeFault::NoAnswer))
    }

    /// What the mailbox of this node holds for others; counts and bytes, no identities.
    ///
    /// # Errors
    /// [`NodeFault`]: its file cannot be read, it is too busy to answer, or has ended.
    pub async fn mail_figures(&self) -> Result<MailFigures, NodeFault> {
        self.mail.as_ref().ok_or(NodeFault::Stopping)?.figures().await
    }

    /// Takes a grant back, by its name: no box is made under it any more, nothing more comes into those there are, and
    /// each goes when it is empty.
    ///
    /// # Errors
    /// As [`NodeHandle::mail_figures`].
    pub async fn revoke_mail_grant(&self, grant: [u8; 16]) -> Result<(), NodeFault> {
        self.mail.as_ref().ok_or(NodeFault::Stopping)?.revoke(grant).await
    }

    /// Asks the node to end: it takes no more work, commits, and closes.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Resolves when the node was asked to end.
    pub async fn stopping(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives in self, so waiting cannot fail.
        let _ = stop.wait_for(|stopping| *stopping).await;
    }
}
