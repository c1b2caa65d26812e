//! The driver: takes inputs, asks the engine for one turn, **commits what changed, and only then acts**. It is the only
//! place where the engine, the store and the network meet; it decides nothing itself.
//!
//! ```text
//!  orders ─┐                      ┌─► store.commit ──► events to subscribers
//!  network ┼─► engine.turn ─► step┤        │ only if that went well
//!  timer  ─┘                      └────────┴─► network commands, replies, notices
//! ```
//! Records that a turn asks for are fetched beside the turns and come back as an input of a later one.
//!
//! When a commit fails nothing of the turn happened: the engine is loaded again from the store, connections are
//! closed (peers send again what was not answered), and who waited for a reply is told why. The same when a read fails:
//! an engine that was told of no records would take them for not there.

pub mod handle;
mod reads;
#[cfg(test)]
mod tests;
mod undo;

use crate::mail::{MailFile, Post, Taken};
use crate::net::Net;
use crate::net::facts::NetFacts;
use crate::network::{Figures, STARTING};
use crate::store::worker::StoreHandle;
use crate::store::{StoreError, StoredEvent};
use handle::{About, COMMAND_QUEUE, EVENT_QUEUE, Facts, NodeEvent, NodeFault, NodeHandle, Order};
use reads::{Fetched, Reads};
use starling_protocol::engine::net::{ConnId, NetCommand, NetEvent};
use starling_protocol::engine::step::Notice;
use starling_protocol::engine::{Action, Engine, Input, LoadError, Reply, RequestNumber, Step};
use starling_protocol::rng::Rng;
use starling_protocol::time::Now;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Inputs taken into one turn, and so into one commit. Fewer cost more writes to the disk; more make the first of
/// them wait longer.
const TURN_INPUTS: usize = 512;
/// The longest sleep without an input. The engine's own timers are at most an hour apart.
const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);
/// How long ending may take the last turn's network commands to leave.
const PARTING: Duration = Duration::from_secs(2);

/// Why a driver ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The store is beyond use.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store gave back records that cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// No randomness from the system.
    #[error("the system gives no randomness")]
    Entropy,
}

/// Both clocks of this machine.
pub(crate) struct Clock(Instant);

impl Clock {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn now(&self) -> Now {
        let mono_ms = u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Now::new(mono_ms, i64::try_from(wall).unwrap_or(i64::MAX))
    }
}

/// A seeded generator from the operating system.
pub(crate) fn rng() -> Result<Rng, DriverError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| DriverError::Entropy)?;
    Ok(Rng::from_seed(seed))
}

/// Everything a driver owns.
struct Driver {
    engine: Engine,
    store: StoreHandle,
    reads: Reads,
    net: Net,
    mail: Option<Post>,
    /// Whether mail is kept for whoever is given a grant; else only while somebody has a box.
    serves_mail: bool,
    clock: Clock,
    orders: mpsc::Receiver<Order>,
    events: broadcast::Sender<Arc<NodeEvent>>,
    stop: watch::Receiver<bool>,
    trouble: watch::Sender<Option<String>>,
    waiting: BTreeMap<RequestNumber, oneshot::Sender<Result<Reply, NodeFault>>>,
    conns: BTreeSet<ConnId>,
    outgoing: VecDeque<NetCommand>,
    next_request: RequestNumber,
    wake_at_ms: Option<u64>,
    net_facts: watch::Receiver<NetFacts>,
    figures: Figures,
    /// When the state of the network stops being "starting"; none once that was told.
    settles: Option<Instant>,
}

/// Starts a driver on its parts, and gives the handle to it. It runs until that says stop.
pub(crate) fn spawn(
    engine: Engine,
    store: StoreHandle,
    net: Net,
    mail: Option<MailFile>,
    clock: Clock,
    about: About,
) -> (NodeHandle, JoinHandle<Result<(), DriverError>>) {
    let (handle, driver) = build(engine, store, net, mail, clock, about);
    (handle, tokio::spawn(driver.run()))
}

fn build(
    mut engine: Engine,
    store: StoreHandle,
    net: Net,
    mail: Option<MailFile>,
    clock: Clock,
    about: About,
) -> (NodeHandle, Driver) {
    engine.set_peer_id(net.local_peer.clone());
    let serves_mail = about.serve.mailbox;
    engine.set_keeps_mail(serves_mail);
    let mail = mail.and_then(|file| {
        let started = Post::start(file, net.commands.clone());
        started.inspect_err(|error| tracing::error!(%error, "no mail is kept for others")).ok()
    });
    let (orders, orders_in) = mpsc::channel(COMMAND_QUEUE);
    let (events, _) = broadcast::channel(EVENT_QUEUE);
    let (stop, stop_in) = watch::channel(false);
    let (trouble_out, trouble) = watch::channel(None);
    let facts = Facts {
        account: engine.account(),
        device: engine.device(),
        about,
        listen: net.listen.clone(),
        started: Instant::now(),
    };
    let handle = NodeHandle {
        orders,
        store: store.clone(),
        events: events.clone(),
        facts: Arc::new(facts),
        stop,
        trouble,
        net_facts: net.facts.clone(),
        traffic: Arc::clone(&net.traffic),
        asks: net.asks.clone(),
        mail: mail.as_ref().map(Post::handle),
    };
    let net_facts = net.facts.clone();
    let driver = Driver {
        engine,
        reads: Reads::new(store.clone()),
        store,
        net,
        mail,
        serves_mail,
        clock,
        orders: orders_in,
        events,
        stop: stop_in,
        trouble: trouble_out,
        waiting: BTreeMap::new(),
        conns: BTreeSet::new(),
        outgoing: VecDeque::new(),
        next_request: 0,
        wake_at_ms: Some(0),
        net_facts,
        figures: Figures::default(),
        settles: Instant::now().checked_add(STARTING),
    };
    (handle, driver)
}

/// Resolves when somebody has the first box here, or nobody any more; never if no mail is kept.
async fn keeps_changed(mail: &mut Option<Post>) {
    if let Some(mail) = mail
        && mail.keeps.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// What ended a sleep.
enum Woken {
    Stop,
    Room,
    Facts,
    Mail,
    Fetched(Fetched),
    Event(NetEvent),
    Order(Order),
    Time,
}

impl Driver {
    /// Runs until the node is asked to end. Everything accepted is committed when it returns.
    async fn run(mut self) -> Result<(), DriverError> {
        let outcome = self.turns().await;
        // Nobody waits for an answer any more.
        self.orders.close();
        self.waiting.clear();
        if let Some(mail) = &mut self.mail {
            let _ = tokio::time::timeout(PARTING, mail.end()).await;
        }
        let _ = tokio::time::timeout(PARTING, self.flush_outgoing()).await;
        self.net.stop.shutdown().await;
        // What it still waited to say is said to nobody now.
        if let Some(mail) = &mut self.mail {
            mail.join().await;
        }
        // What the network learnt in this run, for the next one. Everything else it still said is over with it.
        let said = std::iter::from_fn(|| self.net.events.try_recv().ok());
        if let Some(learnt) = said.filter(|event| matches!(event, NetEvent::GoodPeers { .. })).last() {
            let now = self.clock.now();
            let step = self.engine.turn(vec![Input::Net(learnt)], now);
            if let Err(error) = self.store.commit(step.changes, now.wall_ms).await {
                tracing::debug!(%error, "what the network learnt is not kept");
            }
        }
        let closed = self.store.close().await;
        outcome?;
        closed.map_err(DriverError::from)
    }

    async fn turns(&mut self) -> Result<(), DriverError> {
        loop {
            let mut inputs = Vec::new();
            let sleep = self.sleep();
            let woken = tokio::select! {
                biased;
                // Set once, to true; an error means that no handle is left.
                _ = self.stop.changed() => Woken::Stop,
                permit = self.net.commands.reserve(), if !self.outgoing.is_empty() => {
                    // Used at once: given back, it would go to the mailbox whenever that waits too.
                    if let (Ok(permit), Some(command)) = (permit, self.outgoing.pop_front()) {
                        permit.send(command);
                    }
                    Woken::Room
                }
                fetched = self.reads.next() => Woken::Fetched(fetched),
                event = self.net.events.recv() => event.map_or(Woken::Stop, Woken::Event),
                // An error means that the network has ended.
                changed = self.net_facts.changed() => changed.map_or(Woken::Stop, |()| Woken::Facts),
                () = keeps_changed(&mut self.mail) => Woken::Mail,
                order = self.orders.recv() => order.map_or(Woken::Stop, Woken::Order),
                () = tokio::time::sleep(sleep) => Woken::Time,
            };
            match woken {
                Woken::Stop => return Ok(()),
                Woken::Room => {
                    self.act_outgoing();
                    continue;
                }
                Woken::Facts => {
                    self.tell_network();
                    continue;
                }
                Woken::Mail => {
                    self.tell_keeping();
                    inputs.push(Input::Wake);
                }
                Woken::Fetched(Ok(records)) => inputs.push(records),
                Woken::Fetched(Err(error)) => {
                    self.undo(error, Vec::new()).await?;
                    continue;
                }
                Woken::Event(event) => self.take_event(event, &mut inputs),
                Woken::Order(order) => self.take_order(order, &mut inputs),
                Woken::Time => inputs.push(Input::Wake),
            }
            self.take_more(&mut inputs);
            self.turn(inputs).await?;
        }
    }

    fn sleep(&self) -> Duration {
        let now_ms = self.clock.now().mono_ms;
        let settles = self.settles.map_or(LONGEST_SLEEP, |at| at.saturating_duration_since(Instant::now()));
        self.wake_at_ms
            .map_or(LONGEST_SLEEP, |at| Duration::from_millis(at.saturating_sub(now_ms)))
            .min(LONGEST_SLEEP)
            .min(settles)
    }

    fn take_event(&mut self, event: NetEvent, inputs: &mut Vec<Input>) {
        let taken = match &mut self.mail {
            Some(mail) => mail.take(event),
            None => Taken::Not(event),
        };
        let event = match taken {
            Taken::Not(event) => event,
            Taken::Ours(command) => {
                self.outgoing.extend(command);
                return;
            }
        };
        match &event {
            NetEvent::ConnOpened { conn, .. } => drop(self.conns.insert(*conn)),
            NetEvent::ConnClosed { conn } => drop(self.conns.remove(conn)),
            _ => {}
        }
        inputs.push(Input::Net(event));
    }

    /// Somebody has a box here now, or nobody has any more.
    fn tell_keeping(&mut self) {
        let keeps = self.mail.as_ref().is_some_and(|mail| *mail.keeps.borrow());
        self.engine.set_keeps_mail(self.serves_mail || keeps);
    }

    fn take_order(&mut self, order: Order, inputs: &mut Vec<Input>) {
        self.next_request = self.next_request.saturating_add(1);
        self.waiting.insert(self.next_request, order.answer);
        inputs.push(Input::Command { request: self.next_request, command: order.command });
    }

    /// What else has come meanwhile shares this turn's commit.
    fn take_more(&mut self, inputs: &mut Vec<Input>) {
        while inputs.len() < TURN_INPUTS {
            let before = inputs.len();
            if let Ok(event) = self.net.events.try_recv() {
                self.take_event(event, inputs);
            }
            if let Ok(order) = self.orders.try_recv() {
                self.take_order(order, inputs);
            }
            if inputs.len() == before {
                return;
            }
        }
    }

    async fn turn(&mut self, inputs: Vec<Input>) -> Result<(), DriverError> {
        let now = self.clock.now();
        let step = self.engine.turn(inputs, now);
        self.wake_at_ms = step.wake_at_ms;
        let Step { changes, actions, .. } = step;
        let kept = if changes.is_empty() {
            Vec::new()
        } else {
            match self.store.commit(changes, now.wall_ms).await {
                Ok(kept) => kept,
                Err(error) => return self.undo(error, actions).await,
            }
        };
        if self.trouble.borrow().is_some() {
            tracing::info!("the store accepts writes again");
            self.trouble.send_replace(None);
        }
        self.tell(kept);
        self.act(actions);
        let invisible = self.engine.is_invisible();
        let settled = self.settles.is_some_and(|at| at <= Instant::now());
        if settled || invisible != self.figures.invisible {
            self.figures.invisible = invisible;
            self.settles = self.settles.filter(|_| !settled);
            self.tell_network();
        }
        Ok(())
    }

    /// Says that the state of the network may be another one.
    fn tell_network(&self) {
        // Without a subscriber there is nobody to tell; whoever asks is answered from the newest facts.
        let _ = self.events.send(Arc::new(NodeEvent::Network(self.figures)));
    }

    fn tell(&self, kept: Vec<StoredEvent>) {
        for event in kept {
            // Without a subscriber there is nobody to tell; the store has it.
            let _ = self.events.send(Arc::new(NodeEvent::Kept(event)));
        }
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Net(command) => self.outgoing.push_back(command),
                Action::Reply { request, result } => {
                    if let Some(answer) = self.waiting.remove(&request) {
                        // The asker may have gone.
                        let _ = answer.send(result.map_err(NodeFault::from));
                    }
                }
                Action::Notice(Notice::Network { direct, relayed, lan, waiting }) => {
                    self.figures = Figures { direct, relayed, lan, waiting, ..self.figures };
                    self.tell_network();
                }
                Action::Read(order) => self.reads.order(order),
                Action::Notice(notice) => drop(self.events.send(Arc::new(NodeEvent::Notice(notice)))),
            }
        }
        self.act_outgoing();
    }

    /// Hands over what the network takes now; the rest waits for room.
    fn act_outgoing(&mut self) {
        while let Some(command) = self.outgoing.pop_front() {
            match self.net.commands.try_send(command) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(command)) => {
                    self.outgoing.push_front(command);
                    return;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return,
            }
        }
    }

    async fn flush_outgoing(&mut self) {
        while let Some(command) = self.outgoing.pop_front() {
            if self.net.commands.send(command).await.is_err() {
                return;
            }
        }
    }
}
