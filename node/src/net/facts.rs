//! What the network knows of its own situation, in plain data: for `status`, `net`, `doctor network` and the screen. No
//! secrets, no identities: what is here may be shown and copied into a report.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Between two tellings. People do not read faster; every telling redraws screens.
const BETWEEN: Duration = Duration::from_secs(1);

/// Whether others can begin a connection to this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Nobody has tried yet, or nobody who could tell.
    #[default]
    Unknown,
    /// Somebody dialled back and got through.
    Public,
    /// Those who tried did not get through.
    Private,
}

/// How far asking the router has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mapping {
    /// Not asked for.
    #[default]
    Off,
    /// No answer yet.
    Asking,
    /// There is no router that can be asked.
    NoGateway,
    /// The router itself is not on the internet.
    NotPublic,
    /// The router lets others in.
    Mapped,
}

/// How an address of ours became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// We listen there.
    Listen,
    /// Others see us there, and it was tried.
    Confirmed,
    /// The router gave it.
    Mapped,
    /// A relay passes on what comes there.
    Relay,
}

/// An address of ours that contacts are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAddress {
    /// A multiaddr text.
    pub addr: String,
    /// How it became known.
    pub source: Source,
    /// Since when it is told; filled in by who tells the situation.
    pub since: Option<Instant>,
}

/// A relay we use or asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayFact {
    /// Its address, a multiaddr text without its peer id.
    pub addr: String,
    /// Whether it has a place for us; otherwise it was asked and has not answered, or refused.
    pub reserved: bool,
    /// Since when that is so; filled in by who tells the situation.
    pub since: Option<Instant>,
}

/// The situation. Replaced as a whole whenever something in it changes, at most once a second.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetFacts {
    /// Where this node listens, multiaddr texts.
    pub listen: Vec<String>,
    /// What contacts are told.
    pub addrs: Vec<OwnAddress>,
    /// Whether others can begin a connection.
    pub reach: Reach,
    /// Whether this machine has a way to the internet at all: a route to public addresses.
    pub route: bool,
    /// Whether there is any network but this machine itself.
    pub network: bool,
    /// Asking the router.
    pub mapping: Mapping,
    /// DHT nodes known that can be reached.
    pub neighbours: u32,
    /// Whether this node keeps records for others.
    pub keeps_records: bool,
    /// Records kept for others.
    pub records: u32,
    /// Relays in use or asked.
    pub relays: Vec<RelayFact>,
    /// Connections through relays that became direct, and attempts that did not, since the start.
    pub punched: u32,
    /// See `punched`.
    pub punch_failed: u32,
    /// Connections of others this node carries now.
    pub carried: u32,
    /// All connections.
    pub conns: u32,
}

impl NetFacts {
    /// What is as it was is so since then; the rest since now.
    fn remember(&mut self, old: &Self, now: Instant) {
        for one in &mut self.addrs {
            let known = old.addrs.iter().find(|known| (&known.addr, known.source) == (&one.addr, one.source));
            one.since = known.and_then(|known| known.since).or(Some(now));
        }
        for one in &mut self.relays {
            let known =
                old.relays.iter().find(|known| (&known.addr, known.reserved) == (&one.addr, one.reserved));
            one.since = known.and_then(|known| known.since).or(Some(now));
        }
    }
}

/// One result of `net test`, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestLine {
    /// What was tried: "route", "listen", "peers", "dht", "store", "reach", "router", "relay".
    pub what: &'static str,
    /// Whether it works; `None` where nothing could be found out.
    pub ok: Option<bool>,
    /// What was seen.
    pub text: String,
    /// What to do about it; empty if nothing.
    pub advice: String,
}

/// What a front end may ask of the network itself.
#[derive(Debug)]
pub enum Ask {
    /// Try everything there is, at most 20 s; the answer is in the order of the tests.
    Test(tokio::sync::oneshot::Sender<Vec<TestLine>>),
    /// Follow settings that changed.
    Follow(super::live::Live),
}

/// Tells the situation when it has changed, not too often.
#[derive(Debug)]
pub(super) struct Facts {
    facts: watch::Sender<NetFacts>,
    told: Option<Instant>,
    due: Option<Instant>,
}

impl Facts {
    pub fn new(facts: watch::Sender<NetFacts>) -> Self {
        Self { facts, told: None, due: None }
    }

    /// Something may have changed.
    pub fn changed(&mut self) {
        let now = Instant::now();
        let soonest = self.told.map_or(now, |told| told + BETWEEN);
        self.due.get_or_insert(soonest.max(now));
    }

    /// When the next telling is due.
    pub fn next_at(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is time to tell; counts as told.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let due = self.due.is_some_and(|at| at <= now);
        if due {
            self.due = None;
            self.told = Some(now);
        }
        due
    }

    /// Tells it, if it differs from what was told before.
    pub fn tell(&self, mut new: NetFacts) {
        self.facts.send_if_modified(|old| {
            new.remember(old, Instant::now());
            let differs = *old != new;
            *old = new;
            differs
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_since_it_became_known_that_way() {
        let one = |source| NetFacts {
            addrs: vec![OwnAddress { addr: "/ip4/192.0.2.1/tcp/1".to_owned(), source, since: None }],
            ..NetFacts::default()
        };
        let since = |facts: &NetFacts| facts.addrs.first().and_then(|one| one.since);
        let start = Instant::now();
        let later = start + Duration::from_secs(60);
        let mut first = one(Source::Listen);
        first.remember(&NetFacts::default(), start);
        let mut same = one(Source::Listen);
        same.remember(&first, later);
        assert_eq!(since(&same), Some(start));
        let mut other = one(Source::Confirmed);
        other.remember(&same, later);
        assert_eq!(since(&other), Some(later));
    }
}
