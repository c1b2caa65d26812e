//! People who can meet only in a DHT: all of them go away, come back elsewhere as somebody else for the network, and
//! write to each other at once.
//!
//! It must not tell an engine where anybody is.

use super::laws;
use starling_protocol::engine::MessageState;
use starling_protocol::ids::MessageId;
use starling_protocol::rng::Rng;
use starling_protocol::testing::{Dht, World};

/// How long a meeting may take, in milliseconds: two minutes from when both are there.
pub const MEETING_MS: u64 = 120_000;
/// How often is looked whether somebody was met.
const LOOK_MS: u64 = 250;

/// One person who looks for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// Who writes.
    pub from: usize,
    /// To whom.
    pub to: usize,
    /// Milliseconds from when both were there until the other's word came that the text is shown. `None` is too late.
    pub ms: Option<u64>,
}

/// Machines that are all contacts, in a world with a DHT.
pub struct Finding {
    /// The world.
    pub world: World,
    rng: Rng,
    places: usize,
    written: u64,
}

impl Finding {
    /// `machines` contacts of each other and a DHT, decided by `seed`; they have published when this returns.
    pub fn new(machines: usize, dht: Dht, seed: u64) -> Self {
        Self::with(World::friends(machines, seed), dht, seed)
    }

    /// The same with a world of one's own making.
    pub fn with(mut world: World, dht: Dht, seed: u64) -> Self {
        world.max_latency_ms = 200;
        world.add_dht(dht);
        world.run(60_000);
        Self { world, rng: Rng::from_number(seed ^ 0x6669_6e64), places: 0, written: 0 }
    }

    /// The DHT of the world.
    ///
    /// # Panics
    /// When somebody took it away.
    #[allow(clippy::panic)]
    pub fn dht(&mut self) -> &mut Dht {
        match &mut self.world.dht {
            Some(dht) => dht,
            None => panic!("the world has no DHT"),
        }
    }

    /// Where nobody has been.
    pub fn new_place(&mut self) -> usize {
        self.places += 1;
        self.places
    }

    /// A machine goes off.
    pub fn leave(&mut self, index: usize) {
        self.world.crash(index);
    }

    /// A machine starts in a new place, with a new peer id.
    pub fn come_back(&mut self, index: usize) {
        let place = self.new_place();
        if let Some(machine) = self.world.machines.get_mut(index) {
            machine.place = place;
        }
        self.world.start(index);
    }

    /// Everybody goes off, comes back elsewhere within `spread_ms`, and writes to everybody who is there; waits until
    /// all have met or [`MEETING_MS`] are over.
    pub fn scatter(&mut self, spread_ms: u64) -> Vec<Meeting> {
        let count = self.world.machines.len();
        (0..count).for_each(|index| self.leave(index));
        self.world.run(5_000);
        let begin = self.world.now_ms;
        let starts: Vec<(u64, usize)> =
            (0..count).map(|index| (begin + self.rng.below(spread_ms + 1), index)).collect();
        let pairs: Vec<(usize, usize)> =
            (0..count).flat_map(|a| (0..count).map(move |b| (a, b))).filter(|(a, b)| a != b).collect();
        self.follow(starts, &pairs)
    }

    /// Each first of the pairs, who are there, writes to its second; waits until all texts came or [`MEETING_MS`] are
    /// over.
    pub fn meet(&mut self, pairs: &[(usize, usize)]) -> Vec<Meeting> {
        self.follow(Vec::new(), pairs)
    }

    fn follow(&mut self, mut starts: Vec<(u64, usize)>, pairs: &[(usize, usize)]) -> Vec<Meeting> {
        let mut met: Vec<Meeting> =
            pairs.iter().map(|(from, to)| Meeting { from: *from, to: *to, ms: None }).collect();
        let mut sent: Vec<Option<(u64, MessageId)>> = vec![None; met.len()];
        let end = starts.iter().map(|(at, _)| *at).max().unwrap_or(self.world.now_ms) + MEETING_MS;
        while self.world.now_ms < end && met.iter().any(|meeting| meeting.ms.is_none()) {
            let now_ms = self.world.now_ms;
            starts.retain(|(at, index)| {
                if *at <= now_ms {
                    self.come_back(*index);
                }
                *at > now_ms
            });
            for (meeting, sent) in met.iter().zip(&mut sent).filter(|(_, sent)| sent.is_none()) {
                if self.world.is_up(meeting.from) && self.world.is_up(meeting.to) {
                    self.written += 1;
                    let text = format!("I am here now {}", self.written);
                    *sent = self.world.send(meeting.from, meeting.to, &text).ok().map(|id| (now_ms, id));
                }
            }
            self.world.run(LOOK_MS);
            for (meeting, sent) in met.iter_mut().zip(&sent).filter(|(meeting, _)| meeting.ms.is_none()) {
                let Some((since, id)) = sent else { continue };
                let state = self.world.state(meeting.from, *id, meeting.to);
                if state.is_some_and(|state| state >= MessageState::Delivered) {
                    meeting.ms = Some(self.world.now_ms.saturating_sub(*since));
                }
            }
        }
        met
    }

    /// Lets everything arrive and judges: the laws of every run, and that nobody dialled where nobody ever was.
    pub fn judge(&mut self) -> Vec<String> {
        let drained = super::drain(&mut self.world);
        let mut faults = laws::judge(&self.world).faults;
        faults.extend((!drained).then(|| "something waits three hours after".to_owned()));
        let strange = self.world.strange.iter();
        faults.extend(strange.map(|(who, addr)| format!("{who}: a forged address was dialled: {addr}")));
        faults
    }
}

/// Figures of many meetings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Meetings there should have been.
    pub wanted: usize,
    /// Meetings there were in time.
    pub met: usize,
    /// Half of them took at most this, in milliseconds.
    pub median_ms: u64,
    /// All of them took at most this.
    pub worst_ms: u64,
}

impl Figures {
    /// Of some meetings.
    pub fn of(meetings: &[Meeting]) -> Self {
        let mut times: Vec<u64> = meetings.iter().filter_map(|meeting| meeting.ms).collect();
        times.sort_unstable();
        Self {
            wanted: meetings.len(),
            met: times.len(),
            median_ms: times.get(times.len() / 2).copied().unwrap_or(0),
            worst_ms: times.last().copied().unwrap_or(0),
        }
    }

    /// Whether at least this share of a thousand met.
    pub fn at_least(&self, per_mille: usize) -> bool {
        self.met * 1_000 >= self.wanted * per_mille
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { wanted, met, median_ms, worst_ms } = self;
        write!(f, "{met} of {wanted} met, median {median_ms} ms, worst {worst_ms} ms")
    }
}
