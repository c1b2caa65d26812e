//! Starts the network: finds out whether the ports are free, builds the swarm, waits until it listens.

use std::collections::HashSet;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::transport::{ListenerId, TransportError};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::addr::{self, Parts};
use super::behaviour::Behaviour;
use super::config::may_be_missing;
use super::conns::Conns;
use super::dht::Dht;
use super::dials::Dials;
use super::facts::{Facts, NetFacts};
use super::gossip::Gossip;
use super::links::Links;
use super::live::Listening;
use super::outbox::Outbox;
use super::reach::Reach;
use super::task::Task;
use super::traffic::Traffic;
use super::watch::Watch;
use super::{ASKS_COUNT, COMMANDS_COUNT, EVENTS_COUNT, Gauge, Net, NetConfig, NetError, Stop, build};

/// All addresses of a wildcard are there when none has come for this long.
const QUIET: Duration = Duration::from_millis(20);
/// For the first addresses of all listeners. They come within milliseconds; an interface that is just coming up is
/// told later as an event.
const SETTLE: Duration = Duration::from_secs(2);

/// Starts a network with a fresh identity. When it returns, it listens.
pub async fn start(config: NetConfig) -> Result<Net, NetError> {
    let listens = free_listens(&config)?;
    let traffic = Arc::new(Traffic::default());
    let net = run(&config, Box::new(build::swarm(&config, &traffic)?), listens).await?;
    Ok(Net { traffic, ..net })
}

/// Runs the network of a swarm. Its bytes are counted by who built the swarm.
pub(super) async fn run(
    config: &NetConfig,
    swarm: Box<Swarm<Behaviour>>,
    listens: Listens,
) -> Result<Net, NetError> {
    let loopback = listens.iter().any(|(_, _, parts)| parts.ip.is_loopback());
    let (events, events_out) = mpsc::channel(EVENTS_COUNT);
    let (commands_in, commands) = mpsc::channel(COMMANDS_COUNT);
    let gauge = Arc::new(Gauge::default());
    let (facts, facts_out) = watch::channel(NetFacts::default());
    let (asks_in, asks) = mpsc::channel(ASKS_COUNT);
    let mut task = Task {
        swarm,
        outbox: Outbox::new(events.clone()),
        links: Links::new(events),
        conns: Conns::new(config.serve.any()),
        dials: Dials::new(&config.peers),
        watch: Watch::new(),
        dht: Dht::new(),
        gossip: Gossip::default(),
        reach: Reach::new(config.serve.any(), loopback, build::asks_router(config)),
        facts: Facts::new(facts),
        listening: Listening::default(),
        probe: None,
        settled: false,
        gauge: Arc::clone(&gauge),
    };
    listen(&mut task, listens).await?;
    let local_peer = task.swarm.local_peer_id().to_bytes();
    let listen = task.swarm.listeners().map(ToString::to_string).collect();
    task.settled = true;
    task.settle();
    let (signal, stopped) = oneshot::channel();
    let task = tokio::spawn(task.run(commands, asks, stopped));
    Ok(Net {
        commands: commands_in,
        events: events_out,
        local_peer,
        listen,
        gauge,
        traffic: Arc::default(),
        facts: facts_out,
        asks: asks_in,
        stop: Stop { signal, task },
    })
}

pub(super) type Listens = Vec<(String, Multiaddr, Parts)>;

/// Reads the addresses and tries their ports. libp2p would share a TCP port with another program that shares it
/// too, and each would get every second caller.
fn free_listens(config: &NetConfig) -> Result<Listens, NetError> {
    let mut listens = Vec::new();
    for text in config.listens() {
        let Some((addr, parts)) = addr::listenable(&text) else {
            return Err(NetError::BadAddress { addr: text });
        };
        match try_port(parts) {
            Ok(()) => listens.push((text, addr, parts)),
            Err(error) if may_be_missing(&text) => tracing::debug!(addr = text, %error, "not listening"),
            Err(error) => return Err(listen_error(text, &error)),
        }
    }
    Ok(listens)
}

/// Takes a port for a moment, to see whether it can be had.
fn try_port(parts: Parts) -> io::Result<()> {
    let addr = SocketAddr::new(parts.ip, parts.port);
    if parts.quic { UdpSocket::bind(addr).map(drop) } else { TcpListener::bind(addr).map(drop) }
}

/// Whether somebody has the port.
pub(super) fn is_taken(parts: Parts) -> bool {
    try_port(parts).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

fn listen_error(addr: String, error: &io::Error) -> NetError {
    match error.kind() {
        io::ErrorKind::AddrInUse => NetError::PortTaken { addr },
        _ => NetError::Listen { addr, what: error.to_string() },
    }
}

/// Listens, and waits until every listener that must come up has an address.
async fn listen(task: &mut Task, listens: Listens) -> Result<(), NetError> {
    let mut awaited: HashSet<ListenerId> = HashSet::new();
    let wildcard = listens.iter().any(|(_, _, parts)| parts.ip.is_unspecified());
    let quiet = if wildcard { QUIET } else { Duration::ZERO };
    for (text, addr, _) in listens {
        match task.swarm.listen_on(addr) {
            Ok(_) if may_be_missing(&text) => {}
            Ok(listener) => {
                awaited.insert(listener);
            }
            Err(error) if may_be_missing(&text) => tracing::debug!(addr = text, %error, "not listening"),
            Err(TransportError::Other(error)) => return Err(listen_error(text, &error)),
            Err(TransportError::MultiaddrNotSupported(_)) => {
                return Err(NetError::BadAddress { addr: text });
            }
        }
    }
    let _ = timeout(SETTLE, async {
        loop {
            let patience = if awaited.is_empty() { quiet } else { SETTLE };
            let Ok(event) = timeout(patience, task.swarm.select_next_some()).await else { return };
            if let SwarmEvent::NewListenAddr { listener_id, .. }
            | SwarmEvent::ListenerClosed { listener_id, .. } = &event
            {
                awaited.remove(listener_id);
            }
            task.on_swarm(event);
        }
    })
    .await;
    Ok(())
}
