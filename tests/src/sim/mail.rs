//! People who are never there together: whoever writes goes away before whoever reads comes, and what they wrote lies in
//! mailboxes, of which some lie.
//!
//! A run is: meet once, part for good, write and fail in turns, heal, take turns until nothing waits, and judge. Then
//! all meet again, and everybody must reach everybody.

use super::{Outcome, laws};
use starling_protocol::engine::{Command, Plant, Reply, Space};
use starling_protocol::ids::MessageId;
use starling_protocol::rng::Rng;
use starling_protocol::testing::{Crash, Dht, MailFault, Sabotage, World};

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const YEAR_MS: i64 = 365 * 24 * 3_600_000;
/// How long each person is there in a turn after the healing: what was overtaken by an answered message is left at mailboxes
/// again after ten minutes.
const VISIT_MS: u64 = 12 * MINUTE_MS;
/// Turns after the healing: what an honest mailbox has must have come by then, new sessions and all.
const TURNS: u32 = 60;

/// Nodes of the DHT besides the people, in half of the runs.
const CROWD: usize = 20;

/// How the mailboxes of a run are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keepers {
    /// None lies.
    Honest,
    /// One does not lie, the others do.
    OneHonest,
    /// All tell late, twice or in any order, and tell in the end.
    Late,
    /// All lie.
    Liars,
}

/// Lies after which everything is told in the end.
const LATE: [MailFault; 6] = [
    MailFault::Withholds,
    MailFault::SaysEmpty,
    MailFault::Shuffles,
    MailFault::Splits,
    MailFault::KeepsAcked,
    MailFault::Replays,
];

/// What a run draws from.
#[derive(Debug, Clone)]
pub struct Absent {
    /// The most people; there are at least two.
    pub people: usize,
    /// The most mailboxes; there is at least one.
    pub mailboxes: usize,
    /// How they are.
    pub keepers: Keepers,
    /// Whether all are there all the time in every run, and not in every third only.
    pub apart: bool,
    /// Actions in a run.
    pub steps: u32,
    /// A fault planted in the engines after they met.
    pub plant: Option<Plant>,
    /// A fault planted in their disks.
    pub sabotage: Option<Sabotage>,
}

impl Default for Absent {
    fn default() -> Self {
        let keepers = Keepers::OneHonest;
        Self { people: 3, mailboxes: 3, keepers, apart: false, steps: 60, plant: None, sabotage: None }
    }
}

/// Runs one seed.
pub fn run(scenario: &Absent, seed: u64) -> Outcome {
    let mut run = Run::new(scenario, seed);
    if !run.faults.is_empty() {
        return Outcome { seed, faults: run.faults, ..Outcome::default() };
    }
    for _ in 0..scenario.steps {
        run.step();
    }
    run.heal();
    let healed_ms = run.world.now_ms;
    let quiet = run.take_turns();
    let drained_ms = run.world.now_ms.saturating_sub(healed_ms);
    let mut faults = std::mem::take(&mut run.faults);
    if scenario.keepers != Keepers::Liars {
        faults.extend(laws::all_shown(&run.world));
    }
    if scenario.keepers == Keepers::Honest && !quiet {
        faults.push("something still waits though every mailbox is honest".to_owned());
    }
    run.meet();
    let mut outcome = laws::judge(&run.world);
    faults.append(&mut outcome.faults);
    faults.extend(laws::canaries(&mut run.world));
    Outcome {
        seed,
        drained_ms,
        turns: run.world.turns,
        trace: run.world.trace,
        simulated_ms: run.world.now_ms,
        mailed: run.world.mailboxes.iter().map(|host| host.deposits).sum(),
        faults,
        ..outcome
    }
}

struct Run {
    world: World,
    rng: Rng,
    people: usize,
    mailboxes: usize,
    /// Who is there, or is writing.
    here: Option<usize>,
    /// Whether all are there all the time, and no two can reach each other.
    apart: bool,
    /// Whether there is a DHT, where a card that was made by a wrong clock is replaced.
    dht: bool,
    written: u64,
    faults: Vec<String>,
}

impl Run {
    fn new(scenario: &Absent, seed: u64) -> Self {
        let mut rng = Rng::from_number(seed ^ 0x4d41_494c);
        let people = 2 + number(&mut rng, scenario.people.saturating_sub(1).max(1));
        let mailboxes = 1 + number(&mut rng, scenario.mailboxes.max(1));
        let mut world = World::friends(people, seed);
        world.max_latency_ms = [2, 20, 300, 2_000].get(number(&mut rng, 4)).copied().unwrap_or(20);
        let honest = number(&mut rng, mailboxes);
        // A small box fills up while its owner is away.
        let quota_mib = if rng.below(3) == 0 { 1 } else { 64 };
        let mut faults = Vec::new();
        for mailbox in 0..mailboxes {
            world.add_mailbox();
            for person in 0..people {
                let link = world.mail_link_for(mailbox, 100, quota_mib);
                let used = world.command(person, Command::MailboxUse { link });
                faults.extend(used.err().map(|refusal| format!("{person}: no mailbox: {refusal}")));
            }
        }
        let dht = rng.below(2) == 0;
        if dht {
            world.add_dht(Dht::new(CROWD, seed));
        }
        world.run(MINUTE_MS);
        for person in 0..people {
            let known = match world.command(person, Command::People) {
                Ok(Reply::People(known)) => known,
                _ => Vec::new(),
            };
            let lacking = known.iter().filter(|contact| contact.mailboxes as usize != mailboxes).count();
            if lacking > 0 {
                faults.push(format!("{person} does not know all mailboxes of {lacking} others"));
            }
        }
        for mailbox in 0..mailboxes {
            let lies: &[MailFault] = match scenario.keepers {
                Keepers::Honest => &[],
                Keepers::OneHonest if mailbox == honest => &[],
                Keepers::OneHonest | Keepers::Liars => &MailFault::ALL,
                Keepers::Late => &LATE,
            };
            // Two ways of telling late at once take longer than anybody waits.
            let second = rng.below(2).min(u64::from(scenario.keepers != Keepers::Late));
            let drawn = (0..=second).filter_map(|_| lies.get(number(&mut rng, lies.len())).copied());
            let drawn = drawn.collect();
            if let Some(host) = world.mailboxes.get_mut(mailbox) {
                host.faults = drawn;
            }
        }
        (world.plant, world.sabotage) = (scenario.plant, scenario.sabotage);
        (0..people).for_each(|person| world.crash(person));
        world.run(5 * SECOND_MS);
        let apart = rng.below(3) == 0 || scenario.apart;
        let mut run = Self { world, rng, people, mailboxes, here: None, apart, dht, written: 0, faults };
        run.keep_apart();
        run.visit();
        run
    }

    /// No two people can reach each other. Those of a run who are all there are started.
    fn keep_apart(&mut self) {
        for (a, b) in self.pairs() {
            self.world.part(a, b);
        }
        if self.apart {
            (0..self.people).for_each(|person| self.world.start(person));
        }
    }

    fn pairs(&self) -> Vec<(usize, usize)> {
        (0..self.people).flat_map(|a| (0..a).map(move |b| (b, a))).collect()
    }

    /// Whoever is there goes, and somebody comes.
    fn visit(&mut self) {
        self.leave();
        let ms = self.below(MINUTE_MS);
        self.world.run(ms);
        let person = number(&mut self.rng, self.people);
        self.come(person);
    }

    fn leave(&mut self) {
        if let Some(person) = self.here.take().filter(|_| !self.apart) {
            self.world.crash(person);
        }
    }

    fn come(&mut self, person: usize) {
        self.here = Some(person);
        if !self.apart || !self.world.is_up(person) {
            self.world.start(person);
        }
    }

    fn step(&mut self) {
        match self.below(100) {
            0..=39 => self.talk(),
            40..=59 => self.visit(),
            60..=67 => self.crash(),
            68..=81 => self.trouble(),
            82..=84 => self.clock(),
            85..=86 => self.forget(),
            87..=94 => {
                let ms = self.below(40 * MINUTE_MS);
                self.world.run(ms);
            }
            _ => {
                let ms = self.below(12 * HOUR_MS);
                self.world.run(ms);
            }
        }
        let ms = [0, 50, 2_000, 5_000, 60_000].get(number(&mut self.rng, 5)).copied().unwrap_or(0);
        let ms = self.below(ms + 1);
        self.world.run(ms);
    }

    fn talk(&mut self) {
        let Some(from) = self.here else { return };
        let to = (from + 1 + number(&mut self.rng, self.people - 1)) % self.people;
        let chat = self.world.chat(to);
        for _ in 0..=self.below(8) {
            self.written += 1;
            match self.below(12) {
                0 | 1 => {
                    let Some(message) = self.own_message(from, to) else { continue };
                    let text = format!("edited {}", self.written);
                    let _ = self.world.command(from, Command::Edit { chat, message, text });
                }
                _ => {
                    let size = [0, 0, 0, 300, 3_000, 30_000].get(number(&mut self.rng, 6)).copied();
                    let text = format!("text {} {}", self.written, "x".repeat(size.unwrap_or(0)));
                    let _ = self.world.send(from, to, text.trim_end());
                }
            }
        }
    }

    fn own_message(&mut self, from: usize, to: usize) -> Option<MessageId> {
        let chat = self.world.chat(to);
        let messages = &self.world.machines.get(from)?.disk.messages;
        let own: Vec<MessageId> = messages.iter().filter(|m| m.me && m.chat == chat).map(|m| m.id).collect();
        own.get(number(&mut self.rng, own.len().max(1))).copied()
    }

    /// Power is lost, at rest or in the middle of a turn.
    fn crash(&mut self) {
        let Some(person) = self.here else { return };
        if !self.world.is_up(person) {
            return self.world.start(person);
        }
        let turns = self.below(20);
        let crash = self.pull();
        self.world.plan(person, turns, crash);
    }

    fn pull(&mut self) -> Crash {
        match self.below(3) {
            0 => Crash::BeforeCommit,
            1 => Crash::AfterCommit,
            _ => Crash::AfterActions(number(&mut self.rng, 4)),
        }
    }

    /// A mailbox goes, comes, loses power or cannot be reached.
    fn trouble(&mut self) {
        let mailbox = number(&mut self.rng, self.mailboxes);
        let end = self.world.mailbox_end(mailbox);
        let person = number(&mut self.rng, self.people);
        match self.below(6) {
            0 if self.world.mailbox_is_up(mailbox) => self.world.stop_mailbox(mailbox),
            _ if !self.world.mailbox_is_up(mailbox) => self.world.start_mailbox(mailbox),
            1 => {
                let crash = if self.below(2) == 0 { Crash::BeforeCommit } else { Crash::AfterCommit };
                let requests = self.below(10);
                self.world.plan_mailbox(mailbox, requests, crash);
            }
            2 => self.world.drop_wires(person, end),
            3 => self.world.mute(person, end),
            4 => self.world.part(person, end),
            _ => self.world.heal(person, end),
        }
    }

    fn clock(&mut self) {
        let person = number(&mut self.rng, self.people);
        let hour = 3_600_000;
        let year = if self.dht { YEAR_MS } else { hour };
        let skews = [0, hour, -hour, year, -year];
        if let Some(machine) = self.world.machines.get_mut(person) {
            machine.wall_skew_ms = skews.get(number(&mut self.rng, 5)).copied().unwrap_or(0);
        }
    }

    /// Ratchet sessions are lost.
    fn forget(&mut self) {
        let Some(person) = self.here else { return };
        self.world.crash(person);
        if let Some(machine) = self.world.machines.get_mut(person) {
            machine.disk.lose(Space::Session);
            machine.disk.lose(Space::Held);
            machine.watch.forget_places();
        }
        self.world.start(person);
    }

    /// What fails by accident works again; liars lie on.
    fn heal(&mut self) {
        self.world.cut.clear();
        self.world.mute.clear();
        for (a, b) in self.pairs() {
            self.world.part(a, b);
        }
        for mailbox in 0..self.mailboxes {
            if !self.world.mailbox_is_up(mailbox) {
                self.world.start_mailbox(mailbox);
            }
            self.world.plan_mailbox(mailbox, u64::MAX, Crash::BeforeCommit);
        }
        for machine in &mut self.world.machines {
            machine.wall_skew_ms = 0;
        }
        for person in 0..self.people {
            self.world.crash(person);
            if self.apart {
                self.world.start(person);
            }
        }
        self.here = None;
    }

    /// Everybody comes for a while, one after another, until nothing waits. False: something does.
    fn take_turns(&mut self) -> bool {
        for turn in 0..TURNS {
            let person = turn as usize % self.people;
            for mailbox in 0..self.mailboxes {
                let end = self.world.mailbox_end(mailbox);
                self.world.drop_wires(person, end);
            }
            self.come(person);
            self.world.run(VISIT_MS);
            self.leave();
            self.world.run(SECOND_MS);
            if laws::all_quiet(&self.world) {
                return true;
            }
        }
        false
    }

    /// All are there together at last.
    fn meet(&mut self) {
        for (a, b) in self.pairs() {
            self.world.heal(a, b);
        }
        (0..self.people).filter(|_| !self.apart).for_each(|person| self.world.start(person));
        if !super::drain(&mut self.world) {
            self.faults.push("something still waits three hours after all met".to_owned());
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.rng.below(bound.max(1))
    }
}

fn number(rng: &mut Rng, bound: usize) -> usize {
    usize::try_from(rng.below(bound.max(1) as u64)).unwrap_or(0)
}
