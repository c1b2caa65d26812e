//! A world for tests: engines with a disk each, a hand clock, and a network of ordered streams with seeded latency
//! that can be cut. Used by this crate's tests and by the simulator; nothing in a node uses it.
//!
//! A machine's disk holds exactly what was committed. [`World::crash`] throws its engine away, [`World::plan`] does
//! so in the middle of a turn: before the commit, or between commit and act; [`World::start`] loads it again.

mod crowd;
mod dht;
mod disk;
mod gossip;
mod mail;
mod relays;
mod rooms;
mod rules;
#[cfg(test)]
mod tests;
mod wires;

pub use crowd::{Keys, ratchet};
pub use dht::{Capture, Dht, DhtFault, Lie};
pub use disk::{Disk, Watch};
pub use mail::{MailFault, MailHost};

use crate::engine::{
    Action, Change, Command, ContactState, Engine, Genesis, Input, LinkId, MessageKind, MessageState,
    NetEvent, Notice, Plant, ReadOrder, Refusal, Reply, Space, Step,
};
use crate::identity::Seed;
use crate::ids::{AccountId, ChatId, DeviceId, MailboxId, MessageId};
use crate::kdf;
use crate::rng::Rng;
use crate::time::Now;
use std::collections::{BTreeMap, BTreeSet};
use wires::{Parcel, Wire};

/// One machine.
pub struct Machine {
    /// Its disk.
    pub disk: Disk,
    /// What was ever committed on it.
    pub watch: Watch,
    /// Its engine, while it runs.
    pub engine: Option<Engine>,
    /// Its account.
    pub account: AccountId,
    /// Its device.
    pub device: DeviceId,
    /// Passing facts it told, in order.
    pub notices: Vec<Notice>,
    /// Milliseconds its wall clock is off by.
    pub wall_skew_ms: i64,
    /// Where it is: changes its address.
    pub place: usize,
    /// The relay it is behind: nobody can dial it, and this is the only address it has.
    relay: Option<usize>,
    seed: [u8; 32],
    /// Its monotonic clock begins anywhere at each start.
    mono_base_ms: u64,
    /// How often it was started: a new peer id each time.
    runs: u64,
    /// When its engine wants to be woken, on the world's clock.
    wake_at_ms: Option<u64>,
    plan: Option<(u64, Crash)>,
    replies: BTreeMap<u64, Result<Reply, Refusal>>,
}

/// Where in a turn the plug is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Nothing of the turn is on disk.
    BeforeCommit,
    /// All of it is on disk, nothing was done about it.
    AfterCommit,
    /// All of it is on disk, and the first of its actions were done.
    AfterActions(usize),
}

/// A planted fault, to see that the laws of a simulation find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Actions are taken before the commit: answers leave for what is not on disk.
    ActFirst,
    /// Which contents were taken in is not written down, and the store takes everything.
    ForgetSeen,
    /// Undelivered messages are not written down.
    ForgetRows,
    /// Ratchet states are not written down after the first time.
    ForgetSessions,
    /// Places in the chains are not written down.
    ForgetStreams,
}

impl Sabotage {
    fn forgets(self, disk: &Disk, change: &Change) -> bool {
        let Change::Put(record) = change else { return false };
        let known = disk.records.contains_key(&(record.space, record.key.clone()));
        match self {
            Self::ActFirst => false,
            Self::ForgetSeen => record.space == Space::Seen,
            Self::ForgetRows => record.space == Space::Outbox,
            Self::ForgetSessions => record.space == Space::Session && known,
            Self::ForgetStreams => record.space == Space::Stream,
        }
    }
}

/// All machines and the network between them.
pub struct World {
    /// The machines.
    pub machines: Vec<Machine>,
    /// The hand clock, in milliseconds.
    pub now_ms: u64,
    /// Chance for everything the world decides.
    pub rng: Rng,
    /// Latency of a connection is drawn below this, in milliseconds.
    pub max_latency_ms: u64,
    /// Pairs that cannot reach each other, smaller index first.
    pub cut: BTreeSet<(usize, usize)>,
    /// Pairs whose bytes vanish without a word, smaller index first.
    pub mute: BTreeSet<(usize, usize)>,
    /// Machines that nobody can dial.
    pub deaf: BTreeSet<usize>,
    /// Bytes that travelled, for the curious.
    pub bytes: u64,
    /// Every message written on a link and who wrote it, if recording is on.
    pub capture: Option<Vec<(usize, Vec<u8>)>>,
    /// The DHT, if there is one: see [`World::add_dht`].
    pub dht: Option<Dht>,
    /// Every publication, if recording is on.
    pub dht_capture: Option<Vec<Capture>>,
    /// Every address a machine of this world has ever had.
    pub told: BTreeSet<String>,
    /// Who dialled an address that no machine ever had, and which.
    pub strange: BTreeSet<(usize, String)>,
    /// The mailboxes: see [`World::add_mailbox`].
    pub mailboxes: Vec<MailHost>,
    /// What mailboxes promised in earnest, and who: the hashes of envelopes.
    pub promised: BTreeSet<(MailboxId, [u8; 32])>,
    /// Rules that were broken on the way, in words.
    pub faults: Vec<String>,
    /// Whether there is gossip.
    pub gossip_on: bool,
    /// Of a hundred pieces of gossip, how many are lost on each way.
    pub gossip_loss_percent: u64,
    /// A planted fault of the disk.
    pub sabotage: Option<Sabotage>,
    /// A planted fault of the engines.
    pub plant: Option<Plant>,
    /// Turns taken.
    pub turns: u64,
    /// What every turn did, without the bytes, as one running hash.
    pub trace: [u8; 32],
    gossip: gossip::Gossip,
    /// Whether each relay is up.
    relays: Vec<bool>,
    wires: BTreeMap<u64, Wire>,
    queue: BTreeMap<(u64, u64), Parcel>,
    counter: u64,
}

/// Both halves of a read of the disk take less than this, in milliseconds. Higher than a disk's, so that other turns come
/// between.
const READ_MS: u64 = 4;

const WALL_START_MS: i64 = 1_790_000_000_000;

impl World {
    /// `count` machines with accounts of their own, none running, decided by `seed`.
    pub fn new(count: usize, seed: u64) -> Self {
        let mut rng = Rng::from_number(seed);
        let machines = (0..count).filter_map(|index| Machine::new(index, &mut rng)).collect();
        Self {
            machines,
            now_ms: 1_000,
            rng,
            max_latency_ms: 20,
            cut: BTreeSet::new(),
            mute: BTreeSet::new(),
            deaf: BTreeSet::new(),
            bytes: 0,
            capture: None,
            dht: None,
            dht_capture: None,
            told: BTreeSet::new(),
            strange: BTreeSet::new(),
            mailboxes: Vec::new(),
            promised: BTreeSet::new(),
            faults: Vec::new(),
            gossip_on: true,
            gossip_loss_percent: 0,
            sabotage: None,
            plant: None,
            turns: 0,
            trace: [0; 32],
            gossip: gossip::Gossip::default(),
            relays: Vec::new(),
            wires: BTreeMap::new(),
            queue: BTreeMap::new(),
            counter: 0,
        }
    }

    /// `count` machines, running, every pair of them contacts.
    ///
    /// # Panics
    /// When they do not become contacts, which is a fault of the protocol.
    pub fn friends(count: usize, seed: u64) -> Self {
        let mut world = Self::new(count, seed);
        for machine in 0..count {
            world.start(machine);
        }
        for a in 0..count {
            for b in a.saturating_add(1)..count {
                world.befriend(a, b);
            }
        }
        world
    }

    /// Makes two running machines contacts, by an invite of the first.
    ///
    /// # Panics
    /// When that fails.
    #[allow(clippy::panic)]
    pub fn befriend(&mut self, a: usize, b: usize) {
        let link = self.invite(a, 1, true);
        let added = self.command(b, Command::Add { link, name: None, note: String::new() });
        assert!(added.is_ok(), "add failed: {added:?}");
        for _ in 0..200 {
            self.run(100);
            if self.are_friends(a, b) && self.are_friends(b, a) {
                return;
            }
        }
        panic!("{a} and {b} did not become contacts");
    }

    /// A link to one machine that `uses` people may use.
    ///
    /// # Panics
    /// When none can be made.
    #[allow(clippy::panic)]
    pub fn invite(&mut self, of: usize, uses: u32, auto_accept: bool) -> String {
        let invite = Command::InviteNew { uses, valid_ms: 86_400_000, private: false, auto_accept };
        match self.command(of, invite) {
            Ok(Reply::Invite(invite)) => invite.link,
            other => panic!("no invite: {other:?}"),
        }
    }

    /// Whether `a` holds `b` as an accepted contact.
    pub fn are_friends(&mut self, a: usize, b: usize) -> bool {
        self.standing(a, b) == Some(ContactState::Accepted)
    }

    /// How `a` holds `b`.
    pub fn standing(&mut self, a: usize, b: usize) -> Option<ContactState> {
        let other = self.account(b);
        match self.command(a, Command::People) {
            Ok(Reply::People(people)) => {
                people.iter().find(|person| person.account == other).map(|person| person.state)
            }
            _ => None,
        }
    }

    /// The account of a machine.
    pub fn account(&self, machine: usize) -> AccountId {
        self.machines.get(machine).map_or(AccountId([0; 32]), |machine| machine.account)
    }

    /// The chat between a machine and another, as the first names it.
    pub fn chat(&self, with: usize) -> ChatId {
        ChatId::from(self.account(with))
    }

    /// Sends a text. Returns its id.
    ///
    /// # Errors
    /// As the engine refuses.
    pub fn send(&mut self, from: usize, to: usize, text: &str) -> Result<MessageId, Refusal> {
        let chat = self.chat(to);
        let text = text.to_owned();
        let command = Command::Send { chat, text, reply_to: None, client_ref: None, require_verified: false };
        match self.command(from, command)? {
            Reply::Sent { message, .. } => Ok(message),
            _ => Err(Refusal::Empty),
        }
    }

    /// The texts a machine shows of another's, in order.
    pub fn shown(&self, at: usize, from: usize) -> Vec<String> {
        let author = self.account(from);
        let of_them = |m: &&crate::engine::NewMessage| m.author == author && m.kind == MessageKind::Text;
        self.machines.get(at).map_or_else(Vec::new, |machine| {
            machine.disk.messages.iter().filter(of_them).map(|message| message.text.clone()).collect()
        })
    }

    /// How far an own message has come for a recipient.
    pub fn state(&self, at: usize, message: MessageId, to: usize) -> Option<MessageState> {
        let account = self.account(to);
        self.machines.get(at).and_then(|machine| machine.disk.states.get(&(message, account)).copied())
    }

    // ---- machines ---------------------------------------------------------------------------------------------

    /// Starts a machine from its disk.
    ///
    /// # Panics
    /// When its disk cannot be read: the engine wrote what it cannot read.
    #[allow(clippy::panic)]
    pub fn start(&mut self, index: usize) {
        let (seed, base) = (self.rng.bytes(), self.rng.below(1_000_000_000));
        if let Some(machine) = self.machines.get_mut(index) {
            machine.runs = machine.runs.saturating_add(1);
            machine.mono_base_ms = base;
        }
        let now = self.now(index);
        let peer_id = self.peer_of(index);
        let Some(machine) = self.machines.get_mut(index) else { return };
        let mut engine = match Engine::load(machine.disk.load(), Rng::from_seed(seed), now) {
            Ok(engine) => engine,
            Err(error) => panic!("machine {index}: {error}"),
        };
        engine.set_peer_id(peer_id);
        engine.plant(self.plant);
        machine.engine = Some(engine);
        self.dht_arrive(index);
        self.tell_addresses(index);
    }

    /// Whether a machine runs.
    pub fn is_up(&self, index: usize) -> bool {
        self.machines.get(index).is_some_and(|machine| machine.engine.is_some())
    }

    /// Pulls the plug: the engine and all its connections are gone; what was committed stays.
    pub fn crash(&mut self, index: usize) {
        if let Some(machine) = self.machines.get_mut(index) {
            machine.engine = None;
            machine.wake_at_ms = None;
            machine.plan = None;
        }
        self.dht_leave(index);
        self.gossip_forget(index);
        let wires: Vec<u64> =
            self.wires.iter().filter(|(_, wire)| wire.ends.contains(&index)).map(|(id, _)| *id).collect();
        for wire in wires {
            // What had been handed to the network may still arrive.
            if self.rng.below(2) == 0 { self.close_wire(wire) } else { self.let_run_dry(wire) }
        }
    }

    /// Pulls the plug in the turn after `turns` more.
    pub fn plan(&mut self, index: usize, turns: u64, crash: Crash) {
        if let Some(machine) = self.machines.get_mut(index) {
            machine.plan = Some((turns, crash));
        }
    }

    /// Puts an older disk into a machine that is down.
    pub fn set_back(&mut self, index: usize, disk: Disk) {
        self.crash(index);
        if let Some(machine) = self.machines.get_mut(index) {
            machine.disk = disk;
            machine.watch.forget_places();
        }
    }

    /// A machine that lost everything but the 24 words: a new disk with a new device of the same account.
    pub fn restore_from_words(&mut self, index: usize) {
        self.crash(index);
        let (entropy, now) = (self.rng.bytes(), self.now(index));
        let Some(machine) = self.machines.get_mut(index) else { return };
        let Ok(genesis) = Genesis::new(&Seed::from_entropy(machine.seed), "restored", entropy, now, true)
        else {
            return;
        };
        machine.disk = Disk::default();
        machine.disk.commit(&genesis.changes);
        machine.device = genesis.device;
        machine.watch.forget_places();
    }

    /// Gives a command and returns its reply. `Refusal::Empty` when the machine is off or goes off by it.
    ///
    /// # Errors
    /// As the engine refuses.
    pub fn command(&mut self, index: usize, command: Command) -> Result<Reply, Refusal> {
        let request = self.fresh();
        self.turn(index, vec![Input::Command { request, command }]);
        self.machines
            .get_mut(index)
            .and_then(|machine| machine.replies.remove(&request))
            .unwrap_or(Err(Refusal::Empty))
    }

    /// Lets a machine find another on its local network.
    pub fn meet_on_lan(&mut self, index: usize, other: usize) {
        let event = NetEvent::LanFound { peer: self.peer_of(other), addrs: vec![self.address(other)] };
        self.told.insert(self.address(other));
        self.dht_near(index, other);
        self.turn(index, vec![Input::Net(event)]);
    }

    fn now(&self, index: usize) -> Now {
        let (skew, base) =
            self.machines.get(index).map_or((0, 0), |machine| (machine.wall_skew_ms, machine.mono_base_ms));
        let wall = WALL_START_MS.saturating_add(i64::try_from(self.now_ms).unwrap_or(i64::MAX));
        Now::new(self.now_ms.saturating_add(base), wall.saturating_add(skew))
    }

    /// Lets a machine take one turn.
    pub fn turn(&mut self, index: usize, inputs: Vec<Input>) {
        let now = self.now(index);
        let Some(machine) = self.machines.get_mut(index) else { return };
        let Some(engine) = machine.engine.as_mut() else { return };
        self.turns = self.turns.saturating_add(1);
        let mut step = engine.turn(inputs, now);
        if let Some(sabotage) = self.sabotage {
            machine.disk.careless = sabotage == Sabotage::ForgetSeen;
            step.changes.retain(|change| !sabotage.forgets(&machine.disk, change));
        }
        let crash = match &mut machine.plan {
            Some((0, crash)) => Some(*crash),
            Some((turns, _)) => {
                *turns = turns.saturating_sub(1);
                None
            }
            None => None,
        };
        if crash == Some(Crash::BeforeCommit) {
            if self.sabotage == Some(Sabotage::ActFirst) {
                step.actions.into_iter().for_each(|action| self.perform(index, action));
            }
            self.crash(index);
            return;
        }
        machine.wake_at_ms = step.wake_at_ms.map(|at| at.saturating_sub(machine.mono_base_ms));
        machine.disk.commit(&step.changes);
        machine.watch.see(machine.account, &step.changes);
        self.watch(index, &step.changes);
        self.trace(index, &step);
        let count = match crash {
            None => step.actions.len(),
            Some(Crash::AfterActions(count)) => count,
            Some(_) => 0,
        };
        for action in step.actions.into_iter().take(count) {
            self.perform(index, action);
        }
        if crash.is_some() {
            self.crash(index);
        }
    }

    fn perform(&mut self, index: usize, action: Action) {
        match action {
            Action::Net(command) => self.act(index, command),
            Action::Reply { request, result } => {
                if let Some(machine) = self.machines.get_mut(index) {
                    machine.replies.insert(request, result);
                }
            }
            Action::Notice(notice) => {
                if let Some(machine) = self.machines.get_mut(index) {
                    machine.notices.push(notice);
                }
            }
            Action::Read(order) => self.order(index, order),
        }
    }

    /// A disk takes a moment until it reads, and another until the answer is there: turns in between may change what was
    /// read.
    fn order(&mut self, index: usize, order: ReadOrder) {
        let (run, delay_ms) = (self.run_of(index).unwrap_or(0), self.rng.below(READ_MS));
        self.put_parcel(delay_ms, Parcel::Order(index, run, order));
    }

    fn fetch(&mut self, index: usize, order: ReadOrder) {
        let (run, delay_ms) = (self.run_of(index).unwrap_or(0), self.rng.below(READ_MS));
        let Some(machine) = self.machines.get(index) else { return };
        let (records, more) = machine.disk.read(&order);
        self.put_parcel(
            delay_ms,
            Parcel::Records(index, run, Input::Read { read: order.read, records, more }),
        );
    }

    /// What a step did, without key bytes and what depends on them: the kinds and sizes of everything.
    fn trace(&mut self, index: usize, step: &Step) {
        use crate::engine::NetCommand;
        let mut words = format!("{index} {}:", self.now_ms);
        for change in &step.changes {
            let word = match change {
                Change::Put(record) => format!("put {:?}", record.space),
                Change::Drop { space, .. } => format!("drop {space:?}"),
                Change::Message(message) => format!("{:?} {} {}", message.id, message.seq, message.text),
                other => format!("{other:?}"),
            };
            words.push_str(&word);
        }
        for action in &step.actions {
            let word = match action {
                Action::Net(NetCommand::Write { link, messages }) => {
                    format!("write {link} {:?}", messages.iter().map(Vec::len).collect::<Vec<_>>())
                }
                Action::Net(NetCommand::Publish { publish, key, value }) => {
                    format!("publish {publish} {key:?} {}", value.len())
                }
                Action::Net(NetCommand::LookUp { lookup, key, known }) => {
                    format!("look up {lookup} {key:?} {}", known.is_some())
                }
                // Sealed with keys that differ from run to run.
                Action::Net(NetCommand::Gossip { topic, data }) => format!("gossip {topic:?} {}", data.len()),
                Action::Net(command) => format!("{command:?}"),
                Action::Reply { request, result } => format!("reply {request} {}", result.is_ok()),
                Action::Notice(notice) => format!("{notice:?}"),
                Action::Read(order) => format!("{order:?}"),
            };
            words.push_str(&word);
        }
        self.trace = kdf::derive("test trace", &[&self.trace, words.as_bytes()]);
    }

    // ---- time -------------------------------------------------------------------------------------------------

    /// Lets the world run for some milliseconds.
    pub fn run(&mut self, ms: u64) {
        let end = self.now_ms.saturating_add(ms);
        while self.step_until(end) {}
        self.now_ms = end;
    }

    /// Does the next thing due before `end`. Returns whether there was one.
    pub fn step_until(&mut self, end: u64) -> bool {
        let parcel = self.queue.first_key_value().map(|((at, _), _)| *at);
        let wake = self
            .machines
            .iter()
            .enumerate()
            .filter_map(|(index, machine)| machine.wake_at_ms.map(|at| (at, index)))
            .min();
        let next = [parcel, wake.map(|(at, _)| at)].into_iter().flatten().min();
        let Some(next) = next.filter(|at| *at <= end) else { return false };
        self.now_ms = self.now_ms.max(next);
        if parcel.is_some_and(|at| at <= self.now_ms) {
            if let Some((_, parcel)) = self.queue.pop_first() {
                self.arrive(parcel);
            }
        } else if let Some((_, index)) = wake {
            if let Some(machine) = self.machines.get_mut(index) {
                machine.wake_at_ms = None;
            }
            self.turn(index, vec![Input::Wake]);
        }
        true
    }

    /// What was on the way to a machine that went down since is lost.
    fn arrive(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Event(end, run, event) if self.run_of(end) == Some(run) => match Self::mailbox_of(end) {
                Some(mailbox) => self.mailbox_event(mailbox, event),
                None => self.turn(end, vec![Input::Net(event)]),
            },
            Parcel::Order(index, run, order) if self.run_of(index) == Some(run) => self.fetch(index, order),
            Parcel::Records(index, run, input) if self.run_of(index) == Some(run) => {
                self.turn(index, vec![input])
            }
            Parcel::Look(index, run) if self.run_of(index) == Some(run) => self.dht_looks(index, false),
            Parcel::Tick(number) => self.dht_tick(number),
            Parcel::Mailbox(mailbox) => self.mailbox_tick(mailbox),
            Parcel::Event(..) | Parcel::Look(..) | Parcel::Order(..) | Parcel::Records(..) => {}
        }
    }

    fn post(&mut self, to: usize, delay_ms: u64, event: NetEvent) {
        let run = self.run_of(to).unwrap_or(0);
        self.put_parcel(delay_ms, Parcel::Event(to, run, event));
    }

    /// How often the machine or mailbox at an end was started.
    fn run_of(&self, end: usize) -> Option<u64> {
        match Self::mailbox_of(end) {
            Some(mailbox) => self.mailboxes.get(mailbox).map(|host| host.runs),
            None => self.machines.get(end).map(|machine| machine.runs),
        }
    }

    fn put_parcel(&mut self, delay_ms: u64, parcel: Parcel) {
        let order = self.fresh();
        let at = self.now_ms.saturating_add(delay_ms);
        self.queue.insert((at, order), parcel);
    }

    /// Opens a link by hand, from a machine that is only an address: for strangers and liars. The network's events
    /// for it go to `to`; what `to` writes is in [`World::capture`].
    pub fn inject(&mut self, to: usize, event: NetEvent) {
        self.turn(to, vec![Input::Net(event)]);
    }

    /// The present address of a machine.
    pub fn address(&self, index: usize) -> String {
        if let Some(mailbox) = Self::mailbox_of(index) {
            return format!("/ip4/10.251.0.{}/udp/4164/quic-v1", mailbox.saturating_add(2));
        }
        let place = self.machines.get(index).map_or(0, |machine| machine.place);
        format!("/ip4/10.{}.{}.{}/udp/4164/quic-v1", place % 250, index / 250, index % 250 + 2)
    }

    /// The present peer id of a machine.
    pub fn peer_of(&self, index: usize) -> Vec<u8> {
        let runs = self.run_of(index).unwrap_or(0);
        format!("peer-{index}-{runs}").into_bytes()
    }

    fn machine_at(&self, addr: &str) -> Option<usize> {
        let machine = (0..self.machines.len()).find(|index| self.address(*index) == addr);
        machine.or_else(|| self.mailbox_at(addr))
    }

    /// The links a machine's engine would have to write on: numbers of standing ones.
    pub fn open_links(&self, index: usize) -> Vec<LinkId> {
        self.wires
            .values()
            .filter_map(|wire| wire.ends.iter().position(|end| *end == index).map(|side| (wire, side)))
            .flat_map(|(wire, side)| wire.links.values().filter_map(move |links| links.get(side).copied()))
            .collect()
    }
}

impl Machine {
    fn new(index: usize, rng: &mut Rng) -> Option<Self> {
        let seed = rng.bytes();
        let names = ["alice", "bob", "carol", "dave"];
        let name = names.get(index).map_or_else(|| format!("person {index}"), |name| (*name).to_owned());
        let now = Now::new(0, WALL_START_MS);
        let genesis = Genesis::new(&Seed::from_entropy(seed), &name, rng.bytes(), now, false).ok()?;
        let mut disk = Disk::default();
        disk.commit(&genesis.changes);
        Some(Self {
            disk,
            watch: Watch::default(),
            engine: None,
            account: genesis.account,
            device: genesis.device,
            notices: Vec::new(),
            wall_skew_ms: 0,
            place: 0,
            relay: None,
            seed,
            mono_base_ms: 0,
            runs: 0,
            wake_at_ms: None,
            plan: None,
            replies: BTreeMap::new(),
        })
    }
}
