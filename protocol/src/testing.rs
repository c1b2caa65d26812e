//! A world for tests: engines with a disk each, a hand clock, and a network of ordered streams with seeded latency
//! that can be cut. Used by this crate's tests and by the simulator; nothing in a node uses it.
//!
//! A machine's disk holds exactly what was committed. [`World::crash`] throws its engine away between commit and
//! act, or before the commit; [`World::start`] loads it again.

use crate::engine::{
    Action, Change, Command, ConnId, Engine, Genesis, Input, LinkId, LinkProtocol, NetCommand, NetEvent, NewMessage,
    Notice, Record, Refusal, Reply, Space, Via,
};
use crate::identity::Seed;
use crate::ids::{AccountId, ChatId, DeviceId, MessageId};
use crate::rng::Rng;
use crate::time::Now;
use crate::engine::{Event, MessageState};
use std::collections::{BTreeMap, BTreeSet};

/// What one machine has on its disk: the engine's records and what a store would show.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    /// The engine's records.
    pub records: BTreeMap<(Space, Vec<u8>), Vec<u8>>,
    /// Messages in the order they were stored.
    pub messages: Vec<NewMessage>,
    /// States of own messages.
    pub states: BTreeMap<(MessageId, AccountId), MessageState>,
    /// Kept events, in order.
    pub events: Vec<Event>,
    /// Edits, deletions and reactions applied, in order.
    pub edits: Vec<Change>,
}

impl Disk {
    /// Applies one step's changes, as a store would.
    pub fn commit(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Put(record) => {
                    self.records.insert((record.space, record.key.clone()), record.value.clone());
                }
                Change::Drop { space, key } => {
                    self.records.remove(&(*space, key.clone()));
                }
                Change::Message(message) => {
                    let known = self.messages.iter().any(|m| m.id == message.id && m.author == message.author);
                    if !known {
                        self.messages.push(message.clone());
                    }
                }
                Change::State { message, account, state, .. } => {
                    let key = (*message, *account);
                    if *state == MessageState::Queued {
                        self.states.entry(key).or_insert(*state);
                    } else if let Some(held) = self.states.get_mut(&key) {
                        *held = (*held).max(*state);
                    }
                }
                Change::Event(event) => self.events.push(event.clone()),
                Change::Edit { .. } | Change::Delete { .. } | Change::React { .. } => self.edits.push(change.clone()),
                Change::MarkRead { .. } => {}
            }
        }
    }

    fn load(&self) -> Vec<Record> {
        self.records
            .iter()
            .map(|((space, key), value)| Record { space: *space, key: key.clone(), value: value.clone() })
            .collect()
    }
}

/// One machine.
pub struct Machine {
    /// Its disk.
    pub disk: Disk,
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
    /// How often it was started: a new peer id each time.
    runs: u64,
    wake_at_ms: Option<u64>,
    replies: BTreeMap<u64, Result<Reply, Refusal>>,
}

struct Wire {
    ends: [usize; 2],
    conn: [ConnId; 2],
    links: BTreeMap<u64, [LinkId; 2]>,
    latency_ms: u64,
}

/// Something on its way.
enum Parcel {
    Event(usize, u64, NetEvent),
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
    /// Bytes that travelled, for the curious.
    pub bytes: u64,
    /// Every message written on a link, if recording is on.
    pub capture: Option<Vec<Vec<u8>>>,
    wires: BTreeMap<u64, Wire>,
    queue: BTreeMap<(u64, u64), Parcel>,
    counter: u64,
}

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
            bytes: 0,
            capture: None,
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
        let invite = Command::InviteNew { uses: 1, valid_ms: 86_400_000, private: false, auto_accept: true };
        let Ok(Reply::Invite(invite)) = self.command(a, invite) else { panic!("no invite") };
        let added = self.command(b, Command::Add { link: invite.link, name: None, note: String::new() });
        assert!(added.is_ok(), "add failed: {added:?}");
        for _ in 0..200 {
            self.run(100);
            if self.are_friends(a, b) && self.are_friends(b, a) {
                return;
            }
        }
        panic!("{a} and {b} did not become contacts");
    }

    /// Whether `a` holds `b` as an accepted contact.
    pub fn are_friends(&mut self, a: usize, b: usize) -> bool {
        let other = self.account(b);
        match self.command(a, Command::People) {
            Ok(Reply::People(people)) => people
                .iter()
                .any(|person| person.account == other && person.state == crate::engine::ContactState::Accepted),
            _ => false,
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
        let command =
            Command::Send { chat, text: text.to_owned(), reply_to: None, client_ref: None, require_verified: false };
        match self.command(from, command)? {
            Reply::Sent { message, .. } => Ok(message),
            _ => Err(Refusal::Empty),
        }
    }

    /// The texts a machine shows of another's, in order.
    pub fn shown(&self, at: usize, from: usize) -> Vec<String> {
        let author = self.account(from);
        self.machines
            .get(at)
            .map(|machine| {
                machine
                    .disk
                    .messages
                    .iter()
                    .filter(|message| message.author == author && message.kind == crate::engine::MessageKind::Text)
                    .map(|message| message.text.clone())
                    .collect()
            })
            .unwrap_or_default()
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
        let seed = self.rng.bytes();
        let now = self.now(index);
        let Some(machine) = self.machines.get_mut(index) else { return };
        machine.runs = machine.runs.saturating_add(1);
        let mut engine = match Engine::load(machine.disk.load(), Rng::from_seed(seed), now) {
            Ok(engine) => engine,
            Err(error) => panic!("machine {index}: {error}"),
        };
        engine.set_peer_id(peer_id(index, machine.runs));
        machine.engine = Some(engine);
        let addrs = vec![address(index)];
        self.turn(index, vec![Input::Net(NetEvent::Addresses { addrs })], Crash::No);
    }

    /// Pulls the plug: the engine and all its connections are gone; what was committed stays.
    pub fn crash(&mut self, index: usize) {
        if let Some(machine) = self.machines.get_mut(index) {
            machine.engine = None;
            machine.wake_at_ms = None;
        }
        let wires: Vec<u64> =
            self.wires.iter().filter(|(_, wire)| wire.ends.contains(&index)).map(|(id, _)| *id).collect();
        for wire in wires {
            self.close_wire(wire);
        }
    }

    /// Takes one input and pulls the plug after the commit, before anything is done about it.
    pub fn crash_after_commit(&mut self, index: usize, command: Command) {
        self.counter = self.counter.saturating_add(1);
        let request = self.counter;
        self.turn(index, vec![Input::Command { request, command }], Crash::AfterCommit);
    }

    /// Gives a command and returns its reply. `Refusal::Empty` when the machine is off.
    ///
    /// # Errors
    /// As the engine refuses.
    pub fn command(&mut self, index: usize, command: Command) -> Result<Reply, Refusal> {
        self.counter = self.counter.saturating_add(1);
        let request = self.counter;
        self.turn(index, vec![Input::Command { request, command }], Crash::No);
        self.machines
            .get_mut(index)
            .and_then(|machine| machine.replies.remove(&request))
            .unwrap_or(Err(Refusal::Empty))
    }

    fn now(&self, index: usize) -> Now {
        let skew = self.machines.get(index).map_or(0, |machine| machine.wall_skew_ms);
        let wall = WALL_START_MS.saturating_add(i64::try_from(self.now_ms).unwrap_or(i64::MAX)).saturating_add(skew);
        Now::new(self.now_ms, wall)
    }

    fn turn(&mut self, index: usize, inputs: Vec<Input>, crash: Crash) {
        let now = self.now(index);
        let Some(machine) = self.machines.get_mut(index) else { return };
        let Some(engine) = machine.engine.as_mut() else { return };
        let step = engine.turn(inputs, now);
        machine.wake_at_ms = step.wake_at_ms;
        machine.disk.commit(&step.changes);
        if crash == Crash::AfterCommit {
            self.crash(index);
            return;
        }
        for action in step.actions {
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
            }
        }
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
            if let Some((_, Parcel::Event(index, run, event))) = self.queue.pop_first() {
                // What was on the way to a machine that went down since is lost.
                if self.machines.get(index).is_some_and(|machine| machine.runs == run) {
                    self.turn(index, vec![Input::Net(event)], Crash::No);
                }
            }
        } else if let Some((_, index)) = wake {
            if let Some(machine) = self.machines.get_mut(index) {
                machine.wake_at_ms = None;
            }
            self.turn(index, vec![Input::Wake], Crash::No);
        }
        true
    }

    fn post(&mut self, to: usize, delay_ms: u64, event: NetEvent) {
        self.counter = self.counter.saturating_add(1);
        let run = self.machines.get(to).map_or(0, |machine| machine.runs);
        let at = self.now_ms.saturating_add(delay_ms);
        self.queue.insert((at, self.counter), Parcel::Event(to, run, event));
    }

    // ---- network ----------------------------------------------------------------------------------------------

    /// Whether two machines can reach each other now.
    pub fn reachable(&self, a: usize, b: usize) -> bool {
        !self.cut.contains(&(a.min(b), a.max(b)))
            && self.machines.get(b).is_some_and(|machine| machine.engine.is_some())
    }

    /// Cuts the connections between two machines and keeps them apart.
    pub fn part(&mut self, a: usize, b: usize) {
        self.cut.insert((a.min(b), a.max(b)));
        self.drop_wires(a, b);
    }

    /// Lets two machines reach each other again.
    pub fn heal(&mut self, a: usize, b: usize) {
        self.cut.remove(&(a.min(b), a.max(b)));
    }

    /// Cuts the present connections between two machines; what is on the way in them is lost.
    pub fn drop_wires(&mut self, a: usize, b: usize) {
        let wires: Vec<u64> = self
            .wires
            .iter()
            .filter(|(_, wire)| wire.ends.contains(&a) && wire.ends.contains(&b))
            .map(|(id, _)| *id)
            .collect();
        for wire in wires {
            self.close_wire(wire);
        }
    }

    fn close_wire(&mut self, id: u64) {
        let Some(wire) = self.wires.remove(&id) else { return };
        // What is on the way in this wire is lost with it.
        let doomed: BTreeSet<LinkId> = wire.links.values().flatten().copied().collect();
        self.queue.retain(|_, parcel| {
            let Parcel::Event(_, _, event) = parcel;
            !matches!(event, NetEvent::LinkData { link, .. } | NetEvent::LinkOpened { link, .. } if doomed.contains(link))
        });
        for (end, conn) in wire.ends.into_iter().zip(wire.conn) {
            let side = usize::from(wire.ends.first() != Some(&end));
            for links in wire.links.values() {
                if let Some(link) = links.get(side) {
                    self.post(end, 1, NetEvent::LinkClosed { link: *link });
                }
            }
            self.post(end, 1, NetEvent::ConnClosed { conn });
        }
    }

    fn act(&mut self, from: usize, command: NetCommand) {
        match command {
            NetCommand::Dial { dial, addrs } => {
                let to = addrs.iter().filter_map(|addr| machine_at(addr)).find(|to| *to != from && self.reachable(from, *to));
                match to {
                    Some(to) => {
                        let conn = self.connect(from, to);
                        let latency = self.latency_of(conn);
                        self.post(from, latency, NetEvent::Dialed { dial, conn });
                    }
                    None => self.post(from, 50, NetEvent::DialFailed { dial, reason: "nobody there".to_owned() }),
                }
            }
            NetCommand::OpenLink { link, conn, protocol } => self.open(from, link, conn, protocol),
            NetCommand::Write { link, messages } => {
                let Some((wire, side, key)) = self.find_link(from, link) else { return };
                let Some((to, remote, latency)) = self.other_end(wire, side, key) else { return };
                for message in messages {
                    self.bytes = self.bytes.saturating_add(message.len() as u64);
                    if let Some(capture) = &mut self.capture {
                        capture.push(message.clone());
                    }
                    self.post(to, latency, NetEvent::LinkData { link: remote, message });
                }
            }
            NetCommand::CloseLink { link } => {
                let Some((wire, side, key)) = self.find_link(from, link) else { return };
                if let Some((to, remote, latency)) = self.other_end(wire, side, key) {
                    self.post(to, latency, NetEvent::LinkClosed { link: remote });
                }
                if let Some(wire) = self.wires.get_mut(&wire) {
                    wire.links.remove(&key);
                }
            }
            NetCommand::CloseConn { conn } => {
                let wire = self
                    .wires
                    .iter()
                    .find(|(_, wire)| wire.ends.iter().zip(wire.conn).any(|(end, id)| *end == from && id == conn))
                    .map(|(id, _)| *id);
                if let Some(wire) = wire {
                    self.close_wire(wire);
                }
            }
        }
    }

    fn connect(&mut self, from: usize, to: usize) -> ConnId {
        let wire = self.fresh();
        let (near, far) = (self.fresh(), self.fresh());
        let latency_ms = self.rng.below(self.max_latency_ms.max(1)).saturating_add(1);
        self.wires.insert(wire, Wire { ends: [from, to], conn: [near, far], links: BTreeMap::new(), latency_ms });
        let (peer_from, peer_to) = (self.peer_of(from), self.peer_of(to));
        let via = Via::Direct;
        let opened = |conn, peer, addr, outbound| NetEvent::ConnOpened { conn, peer, addr, outbound, via };
        self.post(from, 0, opened(near, peer_to, address(to), true));
        self.post(to, latency_ms, opened(far, peer_from, "/ip4/10.0.0.1/tcp/1".to_owned(), false));
        near
    }

    fn fresh(&mut self) -> u64 {
        self.counter = self.counter.saturating_add(1);
        self.counter
    }

    fn peer_of(&self, index: usize) -> Vec<u8> {
        peer_id(index, self.machines.get(index).map_or(0, |machine| machine.runs))
    }

    fn latency_of(&self, conn: ConnId) -> u64 {
        self.wires.values().find(|wire| wire.conn.contains(&conn)).map_or(1, |wire| wire.latency_ms)
    }

    fn open(&mut self, from: usize, link: LinkId, conn: ConnId, protocol: LinkProtocol) {
        let remote = self.fresh().saturating_mul(2).saturating_add(1);
        let found = self
            .wires
            .iter_mut()
            .find(|(_, wire)| wire.ends.iter().zip(wire.conn).any(|(end, id)| *end == from && id == conn));
        let Some((_, wire)) = found else {
            self.post(from, 1, NetEvent::LinkClosed { link });
            return;
        };
        let from_first = wire.ends.first() == Some(&from);
        let (to, far) = if from_first { (wire.ends[1], wire.conn[1]) } else { (wire.ends[0], wire.conn[0]) };
        wire.links.insert(remote, if from_first { [link, remote] } else { [remote, link] });
        let latency = wire.latency_ms;
        let (near_peer, far_peer) = (self.peer_of(from), self.peer_of(to));
        self.post(
            from,
            0,
            NetEvent::LinkOpened {
                link,
                conn,
                protocol,
                outbound: true,
                local_peer: near_peer.clone(),
                remote_peer: far_peer.clone(),
            },
        );
        self.post(
            to,
            latency,
            NetEvent::LinkOpened {
                link: remote,
                conn: far,
                protocol,
                outbound: false,
                local_peer: far_peer,
                remote_peer: near_peer,
            },
        );
    }

    /// The wire, side and key of a link as one end numbers it.
    fn find_link(&self, at: usize, link: LinkId) -> Option<(u64, usize, u64)> {
        self.wires.iter().find_map(|(id, wire)| {
            let side = wire.ends.iter().position(|end| *end == at)?;
            let key = wire.links.iter().find(|(_, links)| links.get(side) == Some(&link)).map(|(key, _)| *key)?;
            Some((*id, side, key))
        })
    }

    fn other_end(&self, wire: u64, side: usize, key: u64) -> Option<(usize, LinkId, u64)> {
        let wire = self.wires.get(&wire)?;
        let other = 1usize.saturating_sub(side);
        Some((*wire.ends.get(other)?, *wire.links.get(&key)?.get(other)?, wire.latency_ms))
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Crash {
    No,
    AfterCommit,
}

impl Machine {
    fn new(index: usize, rng: &mut Rng) -> Option<Self> {
        let seed = Seed::from_entropy(rng.bytes());
        let names = ["alice", "bob", "carol", "dave"];
        let name = names.get(index).map_or_else(|| format!("person {index}"), |name| (*name).to_owned());
        let genesis = Genesis::new(&seed, &name, rng.bytes(), Now::new(0, WALL_START_MS), false).ok()?;
        let mut disk = Disk::default();
        disk.commit(&genesis.changes);
        Some(Self {
            disk,
            engine: None,
            account: genesis.account,
            device: genesis.device,
            notices: Vec::new(),
            wall_skew_ms: 0,
            runs: 0,
            wake_at_ms: None,
            replies: BTreeMap::new(),
        })
    }
}

fn address(index: usize) -> String {
    format!("/ip4/10.0.{}.{}/udp/4164/quic-v1", index / 250, index % 250 + 2)
}

fn machine_at(addr: &str) -> Option<usize> {
    let ip = addr.strip_prefix("/ip4/10.0.")?.split('/').next()?;
    let (high, low) = ip.split_once('.')?;
    high.parse::<usize>().ok()?.checked_mul(250)?.checked_add(low.parse::<usize>().ok()?.checked_sub(2)?)
}

fn peer_id(index: usize, run: u64) -> Vec<u8> {
    format!("peer-{index}-{run}").into_bytes()
}
