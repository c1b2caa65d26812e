//! Notices dead peers: a connection from which nothing at all has come for some time, though it is pinged. (The
//! ping behaviour itself keeps the first failure to itself, and the second is late.) Notices too that the machine
//! slept, or came to another network. Must not close anything.

use std::time::{Duration, SystemTime};

use starling_protocol::engine::net::ConnId;
use tokio::time::Instant;

use super::conns::Conns;

/// A connection that has been silent for this long is dead: two pings' time. A line so busy that a ping does not
/// get through brings something else.
const SILENCE: Duration = Duration::from_secs(10);
/// A connection that was told to close and has not by now has a peer that takes nothing; it is given up.
const CLOSING: Duration = Duration::from_secs(1);
/// A look that is this late means that we slept, not our peers.
const LATE: Duration = Duration::from_secs(2);
/// The clock on the wall gained this much on the one that stands still while the machine sleeps: it slept. Less is
/// somebody setting the clock right.
const SLEPT: Duration = Duration::from_secs(5);
/// Changes of interfaces come in bursts; this long after the first, they are told as one.
const STIRRED: Duration = Duration::from_millis(500);
/// The shortest time between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// What a look came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// To be closed: silent.
    pub silent: Vec<ConnId>,
    /// To be given up: told to close, and still there.
    pub stuck: Vec<ConnId>,
    /// The machine slept, or its interfaces changed.
    pub awake: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Watch {
    next: Option<Instant>,
    awake_since: Instant,
    stirred: Option<Instant>,
    /// Both clocks at the last look.
    clocks: (Instant, SystemTime),
}

impl Watch {
    pub fn new() -> Self {
        let clocks = (Instant::now(), SystemTime::now());
        Self { next: None, awake_since: Instant::now(), stirred: None, clocks }
    }

    /// When to look next.
    pub fn next_at(&self) -> Option<Instant> {
        self.next.into_iter().chain(self.stirred).min()
    }

    /// The machine's interfaces have changed.
    pub fn stirred(&mut self) {
        self.stirred.get_or_insert(Instant::now() + STIRRED);
    }

    /// The machine slept since the last look: the one clock says so, or the other.
    pub fn slept(&mut self, now: Instant, wall: SystemTime) -> bool {
        let (then, wall_then) = std::mem::replace(&mut self.clocks, (now, wall));
        let on_the_wall = wall.duration_since(wall_then).unwrap_or_default();
        on_the_wall > now.duration_since(then) + SLEPT
    }

    /// There is a new connection.
    pub fn opened(&mut self) {
        self.by(SILENCE);
    }

    /// A connection was told to close.
    pub fn closing(&mut self) {
        self.by(CLOSING);
    }

    /// Looks if it is time. `busy`: the loop has not listened to its peers for a while, so their silence means
    /// nothing.
    pub fn look(&mut self, now: Instant, busy: bool, conns: &Conns) -> Found {
        let mut found = Found { awake: self.slept(now, SystemTime::now()), ..Found::default() };
        if self.stirred.is_some_and(|at| at <= now) {
            self.stirred = None;
            found.awake = true;
        }
        let planned = self.next.filter(|at| *at <= now);
        let late = planned.is_some_and(|planned| now.duration_since(planned) > LATE);
        found.awake |= planned.is_some_and(|planned| now.duration_since(planned) > SLEPT);
        if busy || late || found.awake {
            self.awake_since = now;
        }
        if planned.is_none() {
            return found;
        }
        let awake = now.duration_since(self.awake_since);
        let mut nearest = None;
        for (number, conn) in conns.standing_or_ending() {
            let (age, limit, list) = match conn.ending {
                Some(since) => (now.duration_since(since), CLOSING, &mut found.stuck),
                None => (conn.heard.age().min(awake), SILENCE, &mut found.silent),
            };
            if age >= limit {
                list.push(number);
            } else {
                let left = limit - age;
                nearest = Some(nearest.map_or(left, |nearest: Duration| nearest.min(left)));
            }
        }
        self.next = nearest.map(|left| now + left.max(LOOK));
        found
    }

    fn by(&mut self, time: Duration) {
        let at = Instant::now() + time;
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}
