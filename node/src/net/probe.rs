//! `net test`: everything a person would try, and what came of it, in plain sentences with advice. No ids and no
//! keys in them; addresses are what it is about. Must not change anything that lasts.

use std::time::Duration;

use starling_protocol::discovery::{self, Made, Slot, SlotOwner};
use starling_protocol::wire::Signed;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::dht::Outcome;
use super::facts::{Mapping, NetFacts, Reach, TestLine};

/// For all of it. People wait for this; what has not answered by then does not answer.
const PATIENCE: Duration = Duration::from_secs(18);
/// For configured peers: a dial's time.
const PEERS_PATIENCE: Duration = Duration::from_secs(11);
/// For the first neighbour in the DHT.
const DHT_PATIENCE: Duration = Duration::from_secs(6);
/// Between two looks at what has come in.
const LOOK: Duration = Duration::from_millis(100);
/// People who wait for one test at a time.
const WAITING_COUNT: usize = 8;
/// Addresses and peers named in one answer.
const NAMED_COUNT: usize = 8;

/// A configured peer, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PeerSeen {
    /// Its address.
    pub addr: String,
    /// It is connected; the last round trip, if one was measured.
    pub connected: Option<Option<Duration>>,
}

/// A test under way.
#[derive(Debug)]
pub(super) struct Probe {
    answers: Vec<oneshot::Sender<Vec<TestLine>>>,
    began: Instant,
    look_at: Instant,
    /// The DHT's trial: not begun, under way, over.
    trial: Option<oneshot::Receiver<Outcome>>,
    outcome: Option<Outcome>,
}

impl Probe {
    /// Begins for one who asks.
    pub fn new(answer: oneshot::Sender<Vec<TestLine>>) -> Self {
        let now = Instant::now();
        Self { answers: vec![answer], began: now, look_at: now, trial: None, outcome: None }
    }

    /// Another who asks gets the same answer; one too many gets none.
    pub fn join(&mut self, answer: oneshot::Sender<Vec<TestLine>>) {
        if self.answers.len() < WAITING_COUNT {
            self.answers.push(answer);
        }
    }

    /// When to look next.
    pub fn next_at(&self) -> Instant {
        self.look_at
    }

    /// Looks at what has come in by now: whether the DHT's trial should begin, for which this is the record and whom
    /// to tell.
    pub fn look(
        &mut self,
        now: Instant,
        neighbours: u32,
    ) -> Option<(discovery::Record, oneshot::Sender<Outcome>)> {
        self.look_at = now + LOOK;
        if let Some(trial) = &mut self.trial {
            self.outcome = self.outcome.or_else(|| trial.try_recv().ok());
            return None;
        }
        if neighbours == 0 {
            return None;
        }
        let (tell, told) = oneshot::channel();
        self.trial = Some(told);
        Some((throw_away()?, tell))
    }

    /// Whether everything that can be known is known.
    pub fn is_over(&self, now: Instant, peers: &[PeerSeen]) -> bool {
        let age = now.duration_since(self.began);
        let dht = if self.trial.is_some() { self.outcome.is_some() } else { age > DHT_PATIENCE };
        let peers = peers.iter().all(|peer| peer.connected.is_some()) || age > PEERS_PATIENCE;
        (dht && peers) || age > PATIENCE
    }

    /// Answers.
    pub fn answer(self, facts: &NetFacts, peers: &[PeerSeen]) {
        let lines = lines(facts, peers, self.outcome);
        for answer in self.answers {
            // Whoever asked may have gone.
            let _ = answer.send(lines.clone());
        }
    }
}

/// A record that nobody but this test can find, made for it alone.
fn throw_away() -> Option<discovery::Record> {
    let mut chance = [0; 64];
    getrandom::fill(&mut chance).ok()?;
    let (rv, nonce) = (chance.first_chunk::<32>()?, chance.last_chunk::<24>()?);
    let slot = Slot { rv: *rv, who: SlotOwner::Account, day: 0 };
    let nothing = Signed { body: Vec::new(), sig: [0; 64] };
    discovery::seal(&slot, Made(0), nonce, &nothing).ok()
}

fn line(what: &'static str, ok: impl Into<Option<bool>>, text: impl Into<String>, advice: &str) -> TestLine {
    TestLine { what, ok: ok.into(), text: text.into(), advice: advice.to_owned() }
}

/// All results, in the order in which one thing needs another.
fn lines(facts: &NetFacts, peers: &[PeerSeen], outcome: Option<Outcome>) -> Vec<TestLine> {
    let mut lines = vec![route(facts), listen(facts)];
    lines.extend(configured(peers));
    lines.extend([dht(facts), store(facts, outcome), reach(facts), router(facts), relay(facts)]);
    lines
}

fn route(facts: &NetFacts) -> TestLine {
    match (facts.network, facts.route) {
        (_, true) => line("route", true, "This computer has a way to the internet.", ""),
        (true, false) => line(
            "route",
            false,
            "There is a local network, but no way from it to the internet.",
            "People on this network are reached. For the others, look at the router.",
        ),
        (false, false) => line(
            "route",
            false,
            "There is no network.",
            "Connect to a network by cable or radio; messages wait.",
        ),
    }
}

fn listen(facts: &NetFacts) -> TestLine {
    if facts.listen.is_empty() {
        return line("listen", false, "This node listens nowhere.", "Connect to a network.");
    }
    let named: Vec<&str> = facts.listen.iter().take(NAMED_COUNT).map(String::as_str).collect();
    let more = facts.listen.len().saturating_sub(NAMED_COUNT);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    line("listen", true, format!("This node listens on {}{more}.", named.join(", ")), "")
}

fn configured(peers: &[PeerSeen]) -> Vec<TestLine> {
    if peers.is_empty() {
        return vec![line("peers", None, "No peers are configured.", "")];
    }
    let one = |peer: &PeerSeen| match peer.connected {
        Some(Some(time)) => {
            line("peers", true, format!("{} answers within {} ms.", peer.addr, time.as_millis()), "")
        }
        Some(None) => line("peers", true, format!("{} is connected.", peer.addr), ""),
        None => line(
            "peers",
            false,
            format!("{} does not answer.", peer.addr),
            "Ask whoever runs it, or check the address and your firewall.",
        ),
    };
    peers.iter().take(NAMED_COUNT).map(one).collect()
}

fn dht(facts: &NetFacts) -> TestLine {
    match facts.neighbours {
        0 => line(
            "dht",
            false,
            "No other node of the DHT is known.",
            "People who moved are not found. Connect to a node that is always on: --peer ADDRESS.",
        ),
        1 => line("dht", true, "One node of the DHT is reached.", ""),
        count => line("dht", true, format!("{count} nodes of the DHT are reached."), ""),
    }
}

fn store(facts: &NetFacts, outcome: Option<Outcome>) -> TestLine {
    match outcome {
        Some(Outcome { copies, read_back: true, asked, took }) => line(
            "store",
            true,
            format!(
                "A record was kept by {} and read back in {} ms; {} answered.",
                nodes(copies),
                took.as_millis(),
                nodes(asked)
            ),
            "",
        ),
        Some(Outcome { copies: 0, .. }) => line(
            "store",
            false,
            "No node took a record.",
            "People who look for you in the DHT do not find you. Try again later, or another --peer.",
        ),
        Some(Outcome { copies, asked, .. }) => line(
            "store",
            false,
            format!("A record was kept by {}, but none of {} gave it back.", nodes(copies), nodes(asked)),
            "Try again; if it stays so, try another --peer.",
        ),
        None if facts.neighbours == 0 => line("store", None, "There is nobody to keep a record.", ""),
        None => line("store", false, "The DHT did not answer in time.", "Try again later."),
    }
}

fn nodes(count: u32) -> String {
    if count == 1 { "one node".to_owned() } else { format!("{count} nodes") }
}

fn reach(facts: &NetFacts) -> TestLine {
    match facts.reach {
        Reach::Public => line("reach", true, "Others can begin a connection to this node: it was tried.", ""),
        Reach::Private => line(
            "reach",
            false,
            "Others who tried could not begin a connection to this node.",
            "That is usual at home. Relays and hole punching make up for it; a port opened in the router does too.",
        ),
        Reach::Unknown => line(
            "reach",
            None,
            "Nobody has tried yet whether others can begin a connection to this node.",
            "",
        ),
    }
}

fn router(facts: &NetFacts) -> TestLine {
    match facts.mapping {
        Mapping::Off => line("router", None, "The router was not asked to let others in.", ""),
        Mapping::Asking => line("router", None, "The router has not answered yet.", ""),
        Mapping::NoGateway => {
            line("router", None, "There is no router that can be asked.", "UPnP may be switched off in it.")
        }
        Mapping::NotPublic => line(
            "router",
            false,
            "The router is itself behind another one.",
            "Your provider shares one address among many; only relays and hole punching help.",
        ),
        Mapping::Mapped => line("router", true, "The router lets others in.", ""),
    }
}

fn relay(facts: &NetFacts) -> TestLine {
    let reserved: Vec<&str> =
        facts.relays.iter().filter(|relay| relay.reserved).map(|relay| relay.addr.as_str()).collect();
    if !reserved.is_empty() {
        return line(
            "relay",
            true,
            format!("Others reach this node through {}.", reserved.join(" and ")),
            "",
        );
    }
    if facts.relays.is_empty() && facts.reach == Reach::Public {
        return line("relay", None, "No relay is needed.", "");
    }
    if let Some(asked) = facts.relays.first() {
        let text = format!("{} was asked for a place and has given none.", asked.addr);
        return line("relay", false, text, "It may be full. Another relay can be named with --peer.");
    }
    line(
        "relay",
        facts.route.then_some(false),
        "None of the nodes reached is a relay.",
        "Name one with --peer; somebody you trust can run one with --serve relay.",
    )
}

#[cfg(test)]
mod tests;
