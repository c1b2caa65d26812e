//! What happens in a run: people write, machines fail, the network fails, clocks lie.

use starling_protocol::engine::{Command, Space};
use starling_protocol::ids::MessageId;
use starling_protocol::rng::Rng;
use starling_protocol::testing::{Crash, Dht, Sabotage, World};

const HOUR_MS: u64 = 3_600_000;
const YEAR_MS: i64 = 365 * 24 * 3_600_000;
/// Nodes of the DHT besides the machines, where machines move.
const CROWD: usize = 30;
/// Of a hundred of them, how many are replaced in an hour.
const CHURN_PERCENT: u64 = 20;

/// Which actions a run draws from, by weight, and how many.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name, for reports.
    pub name: String,
    /// The most machines; a seed has at least two.
    pub machines: usize,
    /// Actions in a run.
    pub steps: u32,
    /// Somebody writes, edits, deletes or reacts.
    pub talk: u64,
    /// A machine loses power: at rest, or inside a turn.
    pub crash: u64,
    /// Two machines are kept apart, or meet again.
    pub part: u64,
    /// Connections break.
    pub cut: u64,
    /// Bytes vanish silently between two machines.
    pub mute: u64,
    /// A clock jumps.
    pub clock: u64,
    /// A machine loses its ratchet sessions.
    pub forget: u64,
    /// Much time passes.
    pub wait: u64,
    /// A machine goes elsewhere, mostly with a new peer id, or the DHT goes dark. If this is 0 there is no DHT.
    pub roam: u64,
    /// A fault planted in every machine after they became contacts.
    pub sabotage: Option<Sabotage>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: "everything".to_owned(),
            machines: 5,
            steps: 150,
            talk: 60,
            crash: 12,
            part: 8,
            cut: 8,
            mute: 3,
            clock: 3,
            forget: 2,
            wait: 4,
            roam: 6,
            sabotage: None,
        }
    }
}

impl Scenario {
    /// A scenario out of lines `name = number`; unknown names are an error, missing ones are the default.
    ///
    /// # Errors
    /// In words, with the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut scenario = Self { name: name.to_owned(), ..Self::default() };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (key, value) = line.split_once('=').ok_or_else(|| format!("no `=` in {line:?}"))?;
            let number: u64 = value.trim().parse().map_err(|_| format!("no number in {line:?}"))?;
            match key.trim() {
                "machines" => scenario.machines = usize::try_from(number).unwrap_or(2),
                "steps" => scenario.steps = u32::try_from(number).unwrap_or(u32::MAX),
                "talk" => scenario.talk = number,
                "crash" => scenario.crash = number,
                "part" => scenario.part = number,
                "cut" => scenario.cut = number,
                "mute" => scenario.mute = number,
                "clock" => scenario.clock = number,
                "forget" => scenario.forget = number,
                "wait" => scenario.wait = number,
                "roam" => scenario.roam = number,
                other => return Err(format!("unknown name {other:?}")),
            }
        }
        Ok(scenario)
    }
}

/// A run under way.
pub(super) struct Run {
    pub world: World,
    rng: Rng,
    scenario: Scenario,
    count: usize,
    written: u64,
    places: usize,
}

impl Run {
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut rng = Rng::from_number(seed ^ 0x5747_4c49);
        let spread = scenario.machines.max(2) as u64 - 1;
        let count = 2 + usize::try_from(rng.below(spread)).unwrap_or(0);
        let mut world = World::friends(count, seed);
        world.max_latency_ms = [2, 20, 300, 2_000].get(rng.below(4) as usize).copied().unwrap_or(20);
        if scenario.roam > 0 {
            let mut dht = Dht::new(CROWD, seed);
            dht.churn_percent = CHURN_PERCENT;
            world.add_dht(dht);
            world.run(60_000);
        }
        world.sabotage = scenario.sabotage;
        Self { world, rng, scenario: scenario.clone(), count, written: 0, places: 0 }
    }

    /// One action, and some time.
    pub fn step(&mut self) {
        let s = &self.scenario;
        let weights = [s.talk, s.crash, s.part, s.cut, s.mute, s.clock, s.forget, s.wait, s.roam];
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
            1 => self.crash(),
            2 => self.part(),
            3 => {
                let (a, b) = self.pair();
                self.world.drop_wires(a, b);
            }
            4 => {
                let (a, b) = self.pair();
                self.world.mute(a, b);
            }
            5 => self.clock(),
            6 => self.forget(),
            8 => self.roam(),
            _ => {
                let ms = self.rng.below(2 * HOUR_MS);
                self.world.run(ms);
            }
        }
        let ms = [0, 5, 50, 500, 5_000, 20_000].get(self.rng.below(6) as usize).copied().unwrap_or(0);
        let ms = self.rng.below(ms + 1);
        self.world.run(ms);
    }

    /// Everything works again.
    pub fn heal(&mut self) {
        self.world.cut.clear();
        self.world.mute.clear();
        if let Some(dht) = &mut self.world.dht {
            dht.dark = false;
        }
        for index in 0..self.count {
            if let Some(machine) = self.world.machines.get_mut(index) {
                machine.wall_skew_ms = 0;
            }
            self.unplan(index);
            if !self.world.is_up(index) {
                self.world.start(index);
            }
        }
    }

    /// A crash that was planned and has not come must not come after the healing.
    fn unplan(&mut self, index: usize) {
        if self.world.is_up(index) {
            self.world.plan(index, u64::MAX, Crash::BeforeCommit);
        }
    }

    fn machine(&mut self) -> usize {
        self.rng.below(self.count as u64) as usize
    }

    fn pair(&mut self) -> (usize, usize) {
        let a = self.machine();
        let b = (a + 1 + self.rng.below(self.count as u64 - 1) as usize) % self.count;
        (a, b)
    }

    fn talk(&mut self) {
        let (from, to) = self.pair();
        let chat = self.world.chat(to);
        for _ in 0..=self.rng.below(8) {
            match self.rng.below(12) {
                0 => {
                    if let Some(message) = self.own_message(from, to) {
                        self.written += 1;
                        let text = format!("edited {}", self.written);
                        let _ = self.world.command(from, Command::Edit { chat, message, text });
                    }
                }
                1 => {
                    if let Some(message) = self.own_message(from, to) {
                        let author = self.world.account(from);
                        let which = self.rng.below(5);
                        let command = match ["👍", "🎉", ""].get(which as usize) {
                            Some(emoji) => {
                                Command::React { chat, message, author, emoji: (*emoji).to_owned() }
                            }
                            None => Command::Pin { chat, message, author, on: which == 3, ours: false },
                        };
                        let _ = self.world.command(from, command);
                    }
                }
                _ => {
                    self.written += 1;
                    let size = [0, 0, 0, 0, 300, 3_000, 32_000].get(self.rng.below(7) as usize).copied();
                    let text = format!("text {} {}", self.written, "x".repeat(size.unwrap_or(0)));
                    let _ = self.world.send(from, to, text.trim_end());
                }
            }
        }
    }

    fn own_message(&mut self, from: usize, to: usize) -> Option<MessageId> {
        let chat = self.world.chat(to);
        let machine = self.world.machines.get(from)?;
        let own: Vec<MessageId> =
            machine.disk.messages.iter().filter(|m| m.me && m.chat == chat).map(|m| m.id).collect();
        own.get(self.rng.below(own.len() as u64) as usize).copied()
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

    fn roam(&mut self) {
        let index = self.machine();
        self.places += 1;
        match self.rng.below(8) {
            0 => {
                if let Some(dht) = &mut self.world.dht {
                    dht.dark = !dht.dark;
                }
            }
            1 | 2 if self.world.is_up(index) => self.world.roam(index, self.places),
            _ => {
                self.world.crash(index);
                if let Some(machine) = self.world.machines.get_mut(index) {
                    machine.place = self.places;
                }
                self.world.start(index);
            }
        }
    }

    fn part(&mut self) {
        let (a, b) = self.pair();
        if self.world.cut.contains(&(a.min(b), a.max(b))) {
            self.world.heal(a, b);
        } else {
            self.world.part(a, b);
        }
    }

    fn clock(&mut self) {
        let index = self.machine();
        let skews = [0, HOUR_MS as i64, -(HOUR_MS as i64), YEAR_MS, -YEAR_MS, -56 * YEAR_MS, 74 * YEAR_MS];
        let skew = skews.get(self.rng.below(7) as usize).copied().unwrap_or(0);
        if let Some(machine) = self.world.machines.get_mut(index) {
            machine.wall_skew_ms = skew;
        }
    }

    fn forget(&mut self) {
        let index = self.machine();
        self.world.crash(index);
        if let Some(machine) = self.world.machines.get_mut(index) {
            machine.disk.lose(Space::Session);
            machine.disk.lose(Space::Held);
            machine.watch.forget_places();
        }
        self.world.start(index);
    }
}
