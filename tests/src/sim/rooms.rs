//! Rooms under everything the simulator can do to them: people write, come and go, machines and lines fail, and at the
//! end all that are in must have the same members and the same messages, once.

use super::Outcome;
use starling_protocol::engine::{
    Command, MessageKind, MessageState, NewMessage, Place, Plant, Refusal, Reply, RoomState, RoomView, Space,
};
use starling_protocol::ids::{AccountId, ChatId, MessageId, RoomId};
use starling_protocol::rng::Rng;
use starling_protocol::testing::{Crash, Disk, World};
use std::collections::{BTreeMap, BTreeSet};

const MINUTE_MS: u64 = 60_000;

/// What happens in a run, by weight.
#[derive(Debug, Clone)]
pub struct Rooms {
    /// The most machines; a seed has at least three.
    pub machines: usize,
    /// Actions in a run.
    pub steps: u32,
    /// Only the first knows all others: the others are fellows to each other.
    pub star: bool,
    /// Somebody writes.
    pub talk: u64,
    /// Somebody is put out, let in again, made an admin or is one no more.
    pub members: u64,
    /// A machine loses power: at rest, or inside a turn.
    pub crash: u64,
    /// Machines are kept apart, in two groups or by pairs, or meet again.
    pub part: u64,
    /// Connections break.
    pub cut: u64,
    /// Keys that a machine was told are lost.
    pub forget: u64,
    /// Much time passes.
    pub wait: u64,
    /// How many of a hundred pieces of gossip are lost; 101: there is none.
    pub loss: u64,
    /// A fault planted in every engine once all are in.
    pub plant: Option<Plant>,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            machines: 6,
            steps: 120,
            star: false,
            talk: 60,
            members: 8,
            crash: 10,
            part: 8,
            cut: 6,
            forget: 2,
            wait: 3,
            loss: 20,
            plant: None,
        }
    }
}

/// A run under way.
struct Run {
    world: World,
    rng: Rng,
    rooms: Rooms,
    count: usize,
    room: RoomId,
    written: u64,
    /// Who was asked in again: who writes may not know that they are in, and they read it all the same.
    again: BTreeSet<usize>,
}

/// Runs one seed: a room is made, things happen to it, everything heals, and the laws are judged.
pub fn run_as(rooms: &Rooms, seed: u64) -> Outcome {
    let mut run = match Run::new(rooms, seed) {
        Ok(run) => run,
        Err(fault) => return Outcome { seed, faults: vec![fault], ..Outcome::default() },
    };
    for _ in 0..rooms.steps {
        run.step();
    }
    run.heal();
    let healed_ms = run.world.now_ms;
    let quiet = run.drain();
    let mut outcome = run.judge();
    if !quiet {
        outcome.faults.push("something still waits three hours after the healing".to_owned());
        for (at, machine) in run.world.machines.iter().enumerate() {
            let count = |space| machine.disk.count(space);
            let waits = [Space::Outbox, Space::RoomSent, Space::RoomSealed].map(count);
            if waits != [0; 3] {
                let rows = machine.disk.records.keys().filter(|(space, _)| *space == Space::Outbox);
                let to = rows.filter_map(|(_, key)| {
                    let devices = run.world.machines.iter().map(|other| other.device);
                    devices.enumerate().find(|(_, device)| key.starts_with(&device.0)).map(|(to, _)| to)
                });
                let to: BTreeSet<usize> = to.collect();
                outcome
                    .faults
                    .push(format!("{at}: {waits:?} rows, messages and sealed ones wait for {to:?}"));
            }
        }
    }
    Outcome {
        seed,
        machines: run.count,
        turns: run.world.turns,
        trace: run.world.trace,
        simulated_ms: run.world.now_ms,
        drained_ms: run.world.now_ms.saturating_sub(healed_ms),
        ..outcome
    }
}

/// Makes a room of the first machine's, with all the others in it.
///
/// # Errors
/// In words.
pub fn make_room(world: &mut World, count: usize) -> Result<RoomId, String> {
    let room = match world.command(0, Command::RoomNew { name: "roof".to_owned() }) {
        Ok(Reply::Room(view)) => view.room,
        other => return Err(format!("no room: {other:?}")),
    };
    for other in 1..count {
        let account = world.account(other);
        if let Err(refusal) = world.command(0, Command::RoomInvite { room, account }) {
            return Err(format!("{other} was not asked: {refusal}"));
        }
    }
    for _ in 0..600 {
        world.run(200);
        let mut inside = 0;
        for other in 1..count {
            match view(world, other, room).map(|view| view.state) {
                Some(RoomState::Invited) => {
                    let _ = world.command(other, Command::RoomAnswer { room, join: true });
                }
                Some(RoomState::Member) => inside += 1,
                _ => {}
            }
        }
        let all = view(world, 0, room).is_some_and(|view| view.members as usize == count);
        if inside == count - 1 && all {
            return Ok(room);
        }
    }
    Err("not everybody came in".to_owned())
}

/// A machine's view of a room.
pub fn view(world: &mut World, machine: usize, room: RoomId) -> Option<RoomView> {
    match world.command(machine, Command::RoomList) {
        Ok(Reply::Rooms(rooms)) => rooms.into_iter().find(|view| view.room == room),
        _ => None,
    }
}

/// Writes into a room.
///
/// # Errors
/// As the engine refuses.
pub fn write(world: &mut World, machine: usize, room: RoomId, text: &str) -> Result<MessageId, Refusal> {
    let (chat, text) = (ChatId::from(room), text.to_owned());
    let command = Command::Send { chat, text, reply_to: None, client_ref: None, require_verified: false };
    match world.command(machine, command)? {
        Reply::Sent { message, .. } => Ok(message),
        _ => Err(Refusal::Empty),
    }
}

/// Who is in a room, as a machine sees it, with what they may do.
pub fn members(world: &mut World, machine: usize, room: RoomId) -> BTreeMap<AccountId, &'static str> {
    match world.command(machine, Command::RoomMembers { room }) {
        Ok(Reply::Members(members)) => {
            members.into_iter().map(|member| (member.account, member.role.word())).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// The texts of a room at a machine.
pub fn texts(world: &World, machine: usize, room: RoomId) -> Vec<&NewMessage> {
    let chat = ChatId::from(room);
    let of_room = |m: &&NewMessage| m.chat == chat && m.kind == MessageKind::Text;
    world.machines.get(machine).map_or_else(Vec::new, |m| m.disk.messages.iter().filter(of_room).collect())
}

impl Run {
    fn new(rooms: &Rooms, seed: u64) -> Result<Self, String> {
        let mut rng = Rng::from_number(seed ^ 0x726f_6f6d);
        let spread = rooms.machines.max(3) as u64 - 2;
        let count = 3 + usize::try_from(rng.below(spread)).unwrap_or(0);
        let mut world = if rooms.star {
            let mut world = World::new(count, seed);
            for machine in 0..count {
                world.start(machine);
            }
            for other in 1..count {
                world.befriend(0, other);
            }
            world
        } else {
            World::friends(count, seed)
        };
        world.max_latency_ms = [2, 20, 300].get(rng.below(3) as usize).copied().unwrap_or(20);
        (world.gossip_on, world.gossip_loss_percent) = (rooms.loss <= 100, rooms.loss);
        let room = make_room(&mut world, count)?;
        world.plant = rooms.plant;
        for machine in &mut world.machines {
            machine.engine.iter_mut().for_each(|engine| engine.plant(rooms.plant));
        }
        Ok(Self { world, rng, rooms: rooms.clone(), count, room, written: 0, again: BTreeSet::new() })
    }

    fn step(&mut self) {
        let r = &self.rooms;
        let weights = [r.talk, r.members, r.crash, r.part, r.cut, r.forget, r.wait];
        let mut draw = self.rng.below(weights.iter().sum());
        let mut action = 0;
        for (index, weight) in weights.iter().enumerate() {
            action = index;
            if draw < *weight {
                break;
            }
            draw -= weight;
        }
        match action {
            0 => self.talk(),
            1 => self.change_members(),
            2 => self.crash(),
            3 => self.part(),
            4 => {
                let (a, b) = self.pair();
                self.world.drop_wires(a, b);
            }
            5 => self.forget(),
            _ => {
                let ms = self.rng.below(2 * 60 * MINUTE_MS);
                self.world.run(ms);
            }
        }
        let ms = [0, 5, 50, 500, 5_000, 20_000].get(self.rng.below(6) as usize).copied().unwrap_or(0);
        let ms = self.rng.below(ms + 1);
        self.world.run(ms);
    }

    fn machine(&mut self) -> usize {
        self.rng.below(self.count as u64) as usize
    }

    fn pair(&mut self) -> (usize, usize) {
        let a = self.machine();
        (a, (a + 1 + self.rng.below(self.count as u64 - 1) as usize) % self.count)
    }

    fn talk(&mut self) {
        let (from, room) = (self.machine(), self.room);
        for _ in 0..=self.rng.below(4) {
            self.written += 1;
            let size = [0, 0, 0, 0, 300, 3_000, 30_000].get(self.rng.below(7) as usize).copied();
            let text = format!("text {} {}", self.written, "x".repeat(size.unwrap_or(0)));
            let _ = write(&mut self.world, from, room, text.trim_end());
        }
    }

    fn change_members(&mut self) {
        let ((by, whom), room) = (self.pair(), self.room);
        let account = self.world.account(whom);
        let command = match self.rng.below(6) {
            0 | 1 => Command::RoomRemove { room, account },
            2 => Command::RoomRole { room, account, admin: true },
            3 => Command::RoomRole { room, account, admin: false },
            _ => {
                self.again.insert(whom);
                Command::RoomInvite { room, account }
            }
        };
        let _ = self.world.command(by, command);
        for other in 0..self.count {
            if view(&mut self.world, other, room).is_some_and(|view| view.state == RoomState::Invited) {
                let _ = self.world.command(other, Command::RoomAnswer { room, join: true });
            }
        }
    }

    fn crash(&mut self) {
        let index = self.machine();
        if !self.world.is_up(index) {
            self.world.start(index);
            return;
        }
        match self.rng.below(4) {
            0 => self.world.crash(index),
            kind => {
                let turns = self.rng.below(20);
                let crash = match kind {
                    1 => Crash::BeforeCommit,
                    2 => Crash::AfterCommit,
                    _ => Crash::AfterActions(self.rng.below(4) as usize),
                };
                self.world.plan(index, turns, crash);
            }
        }
    }

    fn part(&mut self) {
        match self.rng.below(4) {
            0 => {
                let side = self.rng.below(1 << self.count);
                for a in 0..self.count {
                    for b in a + 1..self.count {
                        if (side >> a) & 1 != (side >> b) & 1 {
                            self.world.part(a, b);
                        }
                    }
                }
            }
            1 => self.world.cut.clear(),
            _ => {
                let (a, b) = self.pair();
                if self.world.cut.contains(&(a.min(b), a.max(b))) {
                    self.world.heal(a, b);
                } else {
                    self.world.part(a, b);
                }
            }
        }
    }

    fn forget(&mut self) {
        let index = self.machine();
        self.world.crash(index);
        if let Some(machine) = self.world.machines.get_mut(index) {
            machine.disk.lose(Space::RoomKey);
        }
        self.world.start(index);
    }

    fn heal(&mut self) {
        self.world.cut.clear();
        self.world.mute.clear();
        for index in 0..self.count {
            if self.world.is_up(index) {
                self.world.plan(index, u64::MAX, Crash::BeforeCommit);
            } else {
                self.world.start(index);
            }
        }
    }

    /// Lets the world run until nothing of the room waits, at most three hours. What is left between two who are not both
    /// in it is not brought.
    fn drain(&mut self) -> bool {
        for _ in 0..(3 * 60 * 6) {
            self.world.run(10_000);
            let inside: Vec<bool> = (0..self.count)
                .map(|at| view(&mut self.world, at, self.room).is_some_and(|v| v.state == RoomState::Member))
                .collect();
            let machines = || self.world.machines.iter().zip(&inside).filter(|(_, inside)| **inside);
            let waits = |disk: &Disk| {
                let mut rows = disk.records.keys().filter(|(space, _)| *space == Space::Outbox);
                disk.count(Space::RoomSent) > 0
                    || disk.count(Space::RoomSealed) > 0
                    || rows.any(|(_, key)| machines().any(|(to, _)| key.starts_with(&to.device.0)))
            };
            if !machines().any(|(machine, _)| waits(&machine.disk)) {
                self.world.run(30_000);
                return true;
            }
        }
        false
    }

    fn judge(&mut self) -> Outcome {
        let mut outcome = Outcome { faults: self.world.faults.clone(), ..Outcome::default() };
        let (inside, fault) = self.agreed();
        outcome.faults.extend(fault);
        let by_account: BTreeMap<AccountId, usize> =
            self.world.machines.iter().enumerate().map(|(at, machine)| (machine.account, at)).collect();
        for from in 0..self.count {
            let Some(machine) = self.world.machines.get(from) else { continue };
            let chat = ChatId::from(self.room);
            for sent in machine.watch.accepted.iter().filter(|m| m.chat == chat) {
                outcome.accepted += 1;
                for (account, at) in by_account.iter().filter(|(_, at)| **at != from) {
                    let state = machine.disk.states.get(&(sent.id, *account)).copied();
                    let shown = texts(&self.world, *at, self.room).iter().filter(|m| m.id == sent.id).count();
                    let both = inside.contains(at) && inside.contains(&from);
                    // Who was out in between was told that it failed, not knowing better.
                    let was_out = self.again.contains(at) || self.again.contains(&from);
                    judge_one(&mut outcome, sent, (from, *at), (state, shown, both, was_out));
                }
            }
        }
        self.phantoms(&mut outcome);
        self.places(&mut outcome);
        outcome
    }

    /// The machines that are in the room at the end, which must all say the same.
    fn agreed(&mut self) -> (BTreeSet<usize>, Vec<String>) {
        let (mut inside, mut faults) = (BTreeSet::new(), Vec::new());
        let mut said: Vec<(usize, BTreeMap<AccountId, &'static str>)> = Vec::new();
        for index in 0..self.count {
            let state = view(&mut self.world, index, self.room).map(|view| view.state);
            if state == Some(RoomState::Member) {
                let who = members(&mut self.world, index, self.room);
                said.push((index, who));
                inside.insert(index);
            }
        }
        for pair in said.windows(2) {
            if let [(a, left), (b, right)] = pair
                && left != right
            {
                faults.push(format!("{a} and {b} do not see the same members"));
            }
        }
        let named: BTreeSet<AccountId> =
            said.first().map(|(_, who)| who.keys().copied().collect()).unwrap_or_default();
        let are: BTreeSet<AccountId> = inside.iter().map(|index| self.world.account(*index)).collect();
        if !said.is_empty() && named != are {
            faults.push("who is in and who is said to be in differ".to_owned());
        }
        (inside, faults)
    }

    /// Nothing is shown that its author did not write, nor to somebody it was not for.
    fn phantoms(&self, outcome: &mut Outcome) {
        let mut written: BTreeMap<(AccountId, MessageId), (&str, usize)> = BTreeMap::new();
        for (from, machine) in self.world.machines.iter().enumerate() {
            for sent in &machine.watch.accepted {
                written.insert((machine.account, sent.id), (&sent.text, from));
            }
        }
        for at in 0..self.count {
            let here = self.world.account(at);
            for shown in texts(&self.world, at, self.room).into_iter().filter(|m| m.author != here) {
                let Some((text, from)) = written.get(&(shown.author, shown.id)) else {
                    outcome.faults.push(format!("{at}: {} was never written", shown.text));
                    continue;
                };
                let states = self.world.machines.get(*from).map(|machine| &machine.disk.states);
                let named = self.again.contains(&at)
                    || states.is_some_and(|states| states.contains_key(&(shown.id, here)));
                if *text != shown.text || !named {
                    let text: String = shown.text.chars().take(12).collect();
                    outcome.faults.push(format!("{at}: {text} of {from} was not for it"));
                }
            }
        }
    }

    /// A message stands in the same place everywhere, and a device's messages in its order.
    fn places(&self, outcome: &mut Outcome) {
        let mut places: BTreeMap<(AccountId, MessageId), Place> = BTreeMap::new();
        for at in 0..self.count {
            let mut newest: BTreeMap<starling_protocol::ids::DeviceId, (Place, u64)> = BTreeMap::new();
            let mut shown = texts(&self.world, at, self.room);
            shown.sort_by_key(|m| m.place);
            for message in shown {
                let known = *places.entry((message.author, message.id)).or_insert(message.place);
                let last = newest.insert(message.device, (message.place, message.seq));
                if known != message.place || last.is_some_and(|(_, seq)| seq >= message.seq) {
                    let text: String = message.text.chars().take(12).collect();
                    outcome.faults.push(format!("{at}: {text} stands in another place"));
                }
            }
        }
    }
}

/// One message of somebody's, for one other.
fn judge_one(
    outcome: &mut Outcome,
    sent: &NewMessage,
    (from, at): (usize, usize),
    (state, shown, both, was_out): (Option<MessageState>, usize, bool, bool),
) {
    let text: String = sent.text.chars().take(12).collect();
    match (state, shown) {
        (_, 2..) => {
            outcome.doubled += 1;
            outcome.faults.push(format!("{at}: {text} of {from} is shown {shown} times"));
        }
        (None, _) => {}
        (Some(MessageState::Failed | MessageState::Expired), 0) => {}
        (Some(MessageState::Failed), 1) if was_out => outcome.shown += 1,
        (Some(_), 0) if both => {
            outcome.lost += 1;
            outcome.faults.push(format!("{text} of {from} is not at {at}; its sender sees {state:?}"));
        }
        (Some(state), 1) if both && !matches!(state, MessageState::Delivered | MessageState::Read) => {
            outcome.faults.push(format!("{text} of {from} is at {at}, but its sender sees {state:?}"));
        }
        (Some(_), 1) => outcome.shown += 1,
        _ => {}
    }
}
