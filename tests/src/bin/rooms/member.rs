//! A node made of the product's engine, network and store in memory, driven from here, so that it can be seen by which
//! road each message came and so that some of the gossip can be lost. It commits before it acts, as the product does.

use super::many::Person;
use anyhow::{Context as _, Result};
use starling_node::net::{Net, NetConfig, Stop, start};
use starling_node::store::Store as _;
use starling_node::store::memory::MemoryStore;
use starling_protocol::engine::net::Verdict;
use starling_protocol::engine::{
    Action, Change, Command, Engine, Input, LinkId, LinkProtocol, NetCommand, NetEvent, Record, Refusal,
    Reply,
};
use starling_protocol::ids::AccountId;
use starling_protocol::rng::Rng;
use starling_protocol::time::Now;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Commands that wait for a member.
const ORDERS: usize = 64;
/// The longest sleep of a member.
const LONGEST: Duration = Duration::from_secs(3_600);

/// By which road a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    /// By gossip.
    Gossip,
    /// By a link, from its author.
    Pushed,
    /// By a link, from somebody who had it.
    Mended,
}

/// Where a member is.
struct Place {
    number: usize,
    addrs: Vec<String>,
}

/// What all members share: clocks, addresses, and the book of what was said and shown.
pub struct Shared {
    begun: Instant,
    wall_ms: i64,
    /// Where each of the known addresses is in truth.
    places: Mutex<BTreeMap<String, Place>>,
    /// With so many others a member can connect, at most: those who ask for each other first.
    pub most_links: AtomicUsize,
    pairs: Mutex<BTreeSet<(usize, usize)>>,
    /// Of a thousand pieces of gossip, how many are lost between a member's network and its engine.
    pub lost_permille: AtomicU64,
    /// Pieces of gossip that came to engines, and their bytes.
    pub pieces: AtomicU64,
    /// See [`Self::pieces`].
    pub piece_bytes: AtomicU64,
    /// Bytes that engines wrote on links.
    pub link_bytes: AtomicU64,
    shown: Mutex<BTreeMap<(usize, usize), (Instant, Road)>>,
}

impl Shared {
    /// Begins at a wall time in milliseconds since 1970, with so many links for each member at most.
    pub fn new(wall_ms: i64, links: usize) -> Self {
        Self {
            begun: Instant::now(),
            wall_ms,
            places: Mutex::default(),
            most_links: AtomicUsize::new(links),
            pairs: Mutex::default(),
            lost_permille: AtomicU64::new(0),
            pieces: AtomicU64::new(0),
            piece_bytes: AtomicU64::new(0),
            link_bytes: AtomicU64::new(0),
            shown: Mutex::default(),
        }
    }

    fn now(&self) -> Now {
        let passed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now::new(passed, self.wall_ms.saturating_add(i64::try_from(passed).unwrap_or(0)))
    }

    /// Where these addresses are, of those whom a member can connect with.
    fn real(&self, member: usize, addrs: &[String]) -> Vec<String> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let places = addrs.iter().filter_map(|addr| places.get(addr));
        places
            .filter(|place| self.may_meet(member, place.number))
            .flat_map(|place| place.addrs.clone())
            .collect()
    }

    fn may_meet(&self, one: usize, other: usize) -> bool {
        let most = self.most_links.load(Ordering::Relaxed);
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |who: usize| pairs.iter().filter(|(a, b)| *a == who || *b == who).count();
        let pair = (one.min(other), one.max(other));
        pairs.contains(&pair) || (of(one) < most && of(other) < most && pairs.insert(pair))
    }

    fn show(&self, number: usize, member: usize, road: Road) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.entry((number, member)).or_insert_with(|| (Instant::now(), road));
    }

    /// Who shows a message, when it came and how.
    pub fn shown(&self, number: usize) -> Vec<(usize, Instant, Road)> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let of = shown.range((number, 0)..=(number, usize::MAX));
        of.map(|((_, member), (at, road))| (*member, *at, *road)).collect()
    }

    /// How many of these messages a member shows.
    pub fn count(&self, member: usize, numbers: std::ops::Range<usize>) -> usize {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.filter(|number| shown.contains_key(&(*number, member))).count()
    }
}

/// The text of a message, of so many bytes.
pub fn text(number: usize, bytes: usize) -> String {
    format!("word {number} {:x<bytes$}", "").chars().take(bytes).collect()
}

fn number_of(text: &str) -> Option<usize> {
    text.strip_prefix("word ")?.split(' ').next()?.parse().ok()
}

type Answer = oneshot::Sender<Result<Reply, Refusal>>;

/// A running member.
pub struct Member {
    orders: mpsc::Sender<(Command, Answer)>,
    links: Arc<AtomicUsize>,
    task: JoinHandle<Result<()>>,
    stop: Stop,
}

impl Member {
    /// Starts a node on a disk, as the member of this number.
    ///
    /// # Errors
    /// When there is no port, or the disk cannot be read.
    pub async fn start(person: &Person, number: usize, shared: &Arc<Shared>) -> Result<Self> {
        let mut store = MemoryStore::new();
        let put = |((space, key), value): (&(_, Vec<u8>), &Vec<u8>)| {
            Change::Put(Record { space: *space, key: key.clone(), value: value.clone() })
        };
        let changes: Vec<Change> = person.disk.records.iter().map(put).collect();
        let now = shared.now();
        store.commit(&changes, now.wall_ms)?;
        let rng = Rng::from_number(number as u64 ^ 0x6d65_6d62);
        let mut engine = Engine::load(store.load()?, rng, now)?;
        let listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".to_owned()];
        let net = Box::pin(start(NetConfig { listen, ..NetConfig::default() })).await?;
        engine.set_peer_id(net.local_peer.clone());
        let links = Arc::new(AtomicUsize::new(0));
        let place = Place { number, addrs: net.listen.clone() };
        shared.places.lock().unwrap_or_else(PoisonError::into_inner).insert(person.address.clone(), place);
        let Net { commands, events, stop, .. } = net;
        let (orders, orders_in) = mpsc::channel(ORDERS);
        let node = Node {
            number,
            account: person.account,
            address: person.address.clone(),
            engine,
            store,
            shared: Arc::clone(shared),
            rng: Rng::from_number(number as u64),
            outgoing: VecDeque::new(),
            inputs: VecDeque::from([Input::Wake]),
            answers: BTreeMap::new(),
            request: 0,
            wake_at_ms: None,
            open: BTreeSet::new(),
            links: Arc::clone(&links),
        };
        let task = tokio::spawn(node.run(commands, events, orders_in));
        Ok(Self { orders, links, task, stop })
    }

    /// Gives a command. The answer comes after what it changed is in the store.
    ///
    /// # Errors
    /// As the engine refuses, or when the member ended.
    pub async fn command(&self, command: Command) -> Result<Reply> {
        let (answer, reply) = oneshot::channel();
        self.orders.send((command, answer)).await.ok().context("the member ended")?;
        Ok(reply.await.context("the member ended")??)
    }

    /// Live links of this member now.
    pub fn links(&self) -> usize {
        self.links.load(Ordering::Relaxed)
    }

    /// Ends it.
    ///
    /// # Errors
    /// What it ended with before, if it did.
    pub async fn end(self) -> Result<()> {
        let Self { orders, task, stop, .. } = self;
        drop(orders);
        let ended = task.await?;
        stop.shutdown().await;
        ended
    }
}

struct Node {
    number: usize,
    account: AccountId,
    address: String,
    engine: Engine,
    store: MemoryStore,
    shared: Arc<Shared>,
    rng: Rng,
    outgoing: VecDeque<NetCommand>,
    inputs: VecDeque<Input>,
    answers: BTreeMap<u64, Answer>,
    request: u64,
    wake_at_ms: Option<u64>,
    open: BTreeSet<LinkId>,
    links: Arc<AtomicUsize>,
}

impl Node {
    /// Runs until nobody holds the member any more. One input a turn: what it shows is known to have come by that.
    async fn run(
        mut self,
        commands: mpsc::Sender<NetCommand>,
        mut events: mpsc::Receiver<NetEvent>,
        mut orders: mpsc::Receiver<(Command, Answer)>,
    ) -> Result<()> {
        loop {
            while let Some(input) = self.inputs.pop_front() {
                self.turn(input)?;
            }
            let now_ms = self.shared.now().mono_ms;
            let wait = self.wake_at_ms.map(|at| Duration::from_millis(at.saturating_sub(now_ms)));
            tokio::select! {
                biased;
                permit = commands.reserve(), if !self.outgoing.is_empty() => {
                    let Ok(permit) = permit else { return Ok(()) };
                    if let Some(command) = self.outgoing.pop_front() {
                        permit.send(command);
                    }
                }
                event = events.recv() => {
                    let Some(event) = event else { return Ok(()) };
                    self.take(event);
                }
                order = orders.recv() => {
                    let Some((command, answer)) = order else { return Ok(()) };
                    self.request = self.request.saturating_add(1);
                    self.answers.insert(self.request, answer);
                    self.inputs.push_back(Input::Command { request: self.request, command });
                }
                () = tokio::time::sleep(wait.unwrap_or(LONGEST)) => self.inputs.push_back(Input::Wake),
            }
        }
    }

    fn take(&mut self, event: NetEvent) {
        let event = match event {
            NetEvent::Addresses { .. } => NetEvent::Addresses { addrs: vec![self.address.clone()] },
            NetEvent::Gossip { gossip, .. }
                if self.rng.below(1_000) < self.shared.lost_permille.load(Ordering::Relaxed) =>
            {
                self.outgoing.push_back(NetCommand::Judge { gossip, verdict: Verdict::Ignore });
                return;
            }
            event => event,
        };
        match &event {
            NetEvent::Gossip { data, .. } => {
                self.shared.pieces.fetch_add(1, Ordering::Relaxed);
                self.shared.piece_bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
            }
            NetEvent::LinkOpened { link, protocol: LinkProtocol::Live, .. } => {
                self.open.insert(*link);
            }
            NetEvent::LinkClosed { link } => {
                self.open.remove(link);
            }
            _ => {}
        }
        self.links.store(self.open.len(), Ordering::Relaxed);
        self.inputs.push_back(Input::Net(event));
    }

    fn turn(&mut self, input: Input) -> Result<()> {
        let by_gossip = matches!(input, Input::Net(NetEvent::Gossip { .. }));
        let now = self.shared.now();
        let step = self.engine.turn(vec![input], now);
        self.wake_at_ms = step.wake_at_ms;
        self.store.commit(&step.changes, now.wall_ms)?;
        for change in &step.changes {
            let Change::Message(message) = change else { continue };
            let Some(number) = number_of(&message.text).filter(|_| message.author != self.account) else {
                continue;
            };
            let road = match message.via {
                _ if by_gossip => Road::Gossip,
                "room" => Road::Mended,
                _ => Road::Pushed,
            };
            self.shared.show(number, self.number, road);
        }
        for action in step.actions {
            match action {
                Action::Net(command) => self.act(command),
                Action::Reply { request, result } => {
                    if let Some(answer) = self.answers.remove(&request) {
                        // Whoever asked may have gone.
                        let _ = answer.send(result);
                    }
                }
                Action::Read(order) => {
                    let (records, more) = self.store.read(&order)?;
                    self.inputs.push_back(Input::Read { read: order.read, records, more });
                }
                Action::Notice(_) => {}
            }
        }
        Ok(())
    }

    /// Addresses are those of the world the room was made in; of the DHT there is none.
    fn act(&mut self, command: NetCommand) {
        let event = match command {
            NetCommand::Dial { dial, addrs } => {
                let addrs = self.shared.real(self.number, &addrs);
                if !addrs.is_empty() {
                    self.outgoing.push_back(NetCommand::Dial { dial, addrs });
                    return;
                }
                NetEvent::DialFailed { dial, reason: "nobody is there".to_owned() }
            }
            NetCommand::Publish { publish, .. } => NetEvent::Published { publish, copies: 0 },
            NetCommand::LookUp { lookup, .. } => NetEvent::LookedUp { lookup, asked: 0 },
            NetCommand::EndLookUp { .. } | NetCommand::Seeds { .. } => return,
            command => {
                if let NetCommand::Write { messages, .. } = &command {
                    let bytes = messages.iter().map(|message| message.len() as u64).sum();
                    self.shared.link_bytes.fetch_add(bytes, Ordering::Relaxed);
                }
                self.outgoing.push_back(command);
                return;
            }
        };
        self.inputs.push_back(Input::Net(event));
    }
}
