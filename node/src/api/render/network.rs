//! What is known of the network, as the API's objects.

use super::types::{self, V};
use crate::driver::handle::Facts;
use crate::logs::Line;
use crate::net::facts::{Mapping, NetFacts, OwnAddress, Reach, Source, TestLine};
use crate::net::traffic::Traffic;
use crate::network::{self, Figures};
use starling_protocol::engine::command::StatusView;
use std::time::Duration;
use tokio::time::Instant;

/// The state of the network, without a cursor.
pub fn network(net: &NetFacts, figures: &Figures, uptime: Duration) -> types::Network {
    types::Network {
        v: V,
        cursor: String::new(),
        state: network::state(net, figures, uptime).word().to_owned(),
        direct: figures.direct,
        relayed: figures.relayed,
        lan: figures.lan,
        waiting: figures.waiting,
        next_try_ms: None,
        invisible: figures.invisible,
    }
}

/// The state's word.
pub(super) fn word(view: &StatusView, net: &NetFacts, uptime: Duration) -> String {
    let figures = Figures {
        direct: view.direct,
        relayed: view.relayed,
        lan: view.lan,
        waiting: view.waiting,
        invisible: view.invisible,
    };
    network::state(net, &figures, uptime).word().to_owned()
}

/// All that is known of the network.
pub fn net(view: &StatusView, facts: &Facts, net: &NetFacts, traffic: &Traffic) -> types::Net {
    let (published, publishes) = view.published;
    types::Net {
        v: V,
        state: word(view, net, facts.started.elapsed()),
        invisible: view.invisible,
        route: net.route,
        network: net.network,
        listen: net.listen.clone(),
        addresses: net.addrs.iter().map(address).collect(),
        reach: match net.reach {
            Reach::Unknown => "unknown",
            Reach::Public => "public",
            Reach::Private => "private",
        }
        .to_owned(),
        mapping: match net.mapping {
            Mapping::Off => "off",
            Mapping::Asking => "asking",
            Mapping::NoGateway => "none",
            Mapping::NotPublic => "not_public",
            Mapping::Mapped => "mapped",
        }
        .to_owned(),
        relays: net
            .relays
            .iter()
            .map(|relay| types::Relay {
                addr: relay.addr.clone(),
                reserved: relay.reserved,
                since_s: ago_s(relay.since),
            })
            .collect(),
        dht: types::Dht {
            known: net.neighbours,
            keeps: net.keeps_records,
            records: net.records,
            published,
            publishes,
        },
        peers: peers(view, net),
        punched: net.punched,
        punch_failed: net.punch_failed,
        connections: net.conns,
        carried: net.carried,
        serving: serving(facts),
        waiting: view.waiting,
        next_try_ms: view.next_dial_ms,
        down_bytes: traffic.down_bytes(),
        up_bytes: traffic.up_bytes(),
        uptime_s: facts.started.elapsed().as_secs(),
    }
}

fn ago_s(since: Option<Instant>) -> u64 {
    since.map_or(0, |since| since.elapsed().as_secs())
}

fn address(own: &OwnAddress) -> types::Address {
    let how = match own.source {
        Source::Listen => "listen",
        Source::Confirmed => "confirmed",
        Source::Mapped => "mapped",
        Source::Relay => "relay",
    };
    types::Address { addr: own.addr.clone(), how: how.to_owned(), since_s: ago_s(own.since) }
}

pub(super) fn peers(view: &StatusView, net: &NetFacts) -> types::Peers {
    types::Peers { direct: view.direct, relayed: view.relayed, lan: view.lan, dht: net.neighbours }
}

pub(super) fn serving(facts: &Facts) -> Vec<String> {
    facts.about.serve.words().into_iter().map(str::to_owned).collect()
}

/// A result of a test.
pub fn test(line: &TestLine) -> types::Test {
    types::Test {
        v: V,
        what: line.what.to_owned(),
        ok: line.ok,
        text: line.text.clone(),
        advice: line.advice.clone(),
    }
}

/// A line of the log.
pub fn log_line(line: &Line) -> types::LogLine {
    types::LogLine {
        v: V,
        n: line.number,
        at: super::stamp(line.wall_ms),
        level: line.level.word().to_owned(),
        part: line.part.to_owned(),
        text: line.text.clone(),
    }
}
