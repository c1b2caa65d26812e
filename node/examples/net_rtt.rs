//! The floor of a round trip: 200 B there and back between two networks on this machine, over TCP and QUIC, and
//! how many messages go one way per second. Run with `--release` for figures that mean something.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use starling_node::net::{Net, NetConfig, start};
use starling_protocol::engine::net::{LinkId, LinkProtocol, NetCommand, NetEvent};

const ROUNDS: usize = 10_000;
const MESSAGES: usize = 400_000;
const BATCH: usize = 64;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Fallible<()> {
    for listen in ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"] {
        let (mut alice, mut bob, to_bob, to_alice) = pair(listen).await?;
        let mut times = Vec::with_capacity(ROUNDS);
        let echo = tokio::spawn(async move {
            for _ in 0..ROUNDS {
                let message = message(&mut bob).await;
                write(&bob, to_alice, vec![message]).await;
            }
            bob
        });
        for _ in 0..ROUNDS {
            let sent = Instant::now();
            write(&alice, to_bob, vec![vec![7; 200]]).await;
            message(&mut alice).await;
            times.push(sent.elapsed());
        }
        let mut bob = echo.await?;
        let rate = one_way(&alice, to_bob, &mut bob).await?;
        times.sort();
        let at = |share: usize| times.get(ROUNDS * share / 100).copied().unwrap_or_default();
        println!("{listen}: round trip {:?}/{:?} (median/p99), {rate:.0} messages/s", at(50), at(99));
        alice.stop.shutdown().await;
        bob.stop.shutdown().await;
    }
    Ok(())
}

async fn one_way(alice: &Net, to_bob: LinkId, bob: &mut Net) -> Fallible<f64> {
    let start = Instant::now();
    let commands = alice.commands.clone();
    // What is on the way stays far below the write queue's bound, as the engine's window keeps it.
    let window = std::sync::Arc::new(tokio::sync::Semaphore::new(4_096));
    let room = std::sync::Arc::clone(&window);
    let writer = tokio::spawn(async move {
        for _ in 0..MESSAGES / BATCH {
            if let Ok(permit) = room.acquire_many(BATCH as u32).await {
                permit.forget();
            }
            let messages = vec![vec![7; 200]; BATCH];
            if commands.send(NetCommand::Write { link: to_bob, messages }).await.is_err() {
                break;
            }
        }
    });
    for _ in 0..MESSAGES / BATCH * BATCH {
        message(bob).await;
        window.add_permits(1);
    }
    writer.await?;
    Ok(MESSAGES as f64 / start.elapsed().max(Duration::from_millis(1)).as_secs_f64())
}

async fn pair(listen: &str) -> Fallible<(Net, Net, LinkId, LinkId)> {
    let config = || NetConfig { listen: vec![listen.to_owned()], ..NetConfig::default() };
    let mut bob = start(config()).await?;
    let mut alice = start(config()).await?;
    alice.commands.send(NetCommand::Dial { dial: 0, addrs: bob.listen.clone() }).await?;
    let to_bob = loop {
        match alice.events.recv().await.ok_or("network gone")? {
            NetEvent::Dialed { conn, .. } => {
                let open = NetCommand::OpenLink { link: 2, conn, protocol: LinkProtocol::Live };
                alice.commands.send(open).await?;
            }
            NetEvent::LinkOpened { link, .. } => break link,
            _ => {}
        }
    };
    loop {
        if let NetEvent::LinkOpened { link, .. } = bob.events.recv().await.ok_or("network gone")? {
            return Ok((alice, bob, to_bob, link));
        }
    }
}

async fn message(net: &mut Net) -> Vec<u8> {
    loop {
        match net.events.recv().await {
            Some(NetEvent::LinkData { message, .. }) => return message,
            Some(_) => {}
            None => return Vec::new(),
        }
    }
}

async fn write(net: &Net, link: LinkId, messages: Vec<Vec<u8>>) {
    let _ = net.commands.send(NetCommand::Write { link, messages }).await;
}
