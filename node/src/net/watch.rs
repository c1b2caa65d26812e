//! Notices dead peers: a connection from which nothing at all has come for some time, though it is pinged. (The
//! ping behaviour itself keeps the first failure to itself, and the second is late.) Must not close anything.

use std::time::Duration;

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
/// The shortest time between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// What a look came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// To be closed: silent.
    pub silent: Vec<ConnId>,
    /// To be given up: told to close, and still there.
    pub stuck: Vec<ConnId>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Watch {
    next: Option<Instant>,
    awake_since: Instant,
}

impl Watch {
    pub fn new() -> Self {
        Self { next: None, awake_since: Instant::now() }
    }

    /// When to look next.
    pub fn next_at(&self) -> Option<Instant> {
        self.next
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
        let mut found = Found::default();
        let Some(planned) = self.next.filter(|at| *at <= now) else { return found };
        if busy || now.duration_since(planned) > LATE {
            self.awake_since = now;
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
