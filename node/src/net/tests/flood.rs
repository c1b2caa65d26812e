//! Crowds of strangers, and those who hold places for nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use futures::{AsyncWriteExt as _, StreamExt};
use libp2p::swarm::{SwarmEvent, dummy};
use libp2p::{Multiaddr, Swarm, noise, tcp as tcp_transport, yamux};
use starling_protocol::engine::net::{NetCommand, NetEvent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::hostile::Mallory;
use super::{node, quic, tcp};
use crate::net::conns::STRANGERS_COUNT;

/// Who shakes hands and then does nothing at all.
fn stranger() -> Swarm<dummy::Behaviour> {
    libp2p::SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp_transport::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| dummy::Behaviour)
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(3_600)))
        .build()
}

/// Comes, stays as long as it is let, and says how long that was; `None` if it was not let in.
async fn visit(at: Multiaddr, inside: Option<Arc<AtomicUsize>>) -> Option<Duration> {
    let mut swarm = stranger();
    swarm.dial(at).unwrap();
    let mut came = None;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::ConnectionEstablished { .. } => {
                came = Some(Instant::now());
                if let Some(inside) = &inside {
                    inside.fetch_add(1, Ordering::SeqCst);
                }
            }
            SwarmEvent::ConnectionClosed { .. } => return came.map(|came| came.elapsed()),
            SwarmEvent::OutgoingConnectionError { .. } => return None,
            _ => {}
        }
    }
}

fn port(listen: &str) -> u16 {
    listen.split('/').nth(4).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_gets_in_and_stays_while_a_thousand_strangers_come() {
    let mut bob = node(&[tcp(), quic()]).await;
    let by_tcp = bob.listen.iter().find(|at| at.contains("/tcp/")).unwrap().clone();
    let mut mute = Vec::new();
    for _ in 0..100 {
        mute.push(TcpStream::connect(("127.0.0.1", port(&by_tcp))).await.unwrap());
    }
    let inside = Arc::new(AtomicUsize::new(0));
    let flood = {
        let (inside, at) = (Arc::clone(&inside), by_tcp.parse::<Multiaddr>().unwrap());
        tokio::spawn(async move {
            // So many at a time that places are always wanting; a process may open only so many files.
            let at_once = Arc::new(Semaphore::new(450));
            for _ in 0..1_000 {
                let place = Arc::clone(&at_once).acquire_owned().await.unwrap();
                let visit = visit(at.clone(), Some(Arc::clone(&inside)));
                tokio::spawn(async move {
                    visit.await;
                    drop(place);
                });
            }
        })
    };
    let mut alice = node(&[tcp()]).await;
    let alice_comes = async {
        // Every place is taken.
        while inside.load(Ordering::SeqCst) < 400 {
            sleep(Duration::from_millis(5)).await;
        }
        let began = Instant::now();
        for attempt in 1.. {
            if let Ok(conn) = alice.dial(attempt, std::slice::from_ref(&by_tcp)).await
                && alice.open(2 * attempt, conn).await
            {
                break;
            }
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    };
    let bob_sees = bob.until(|event| match event {
        NetEvent::LinkOpened { link, conn, outbound: false, .. } => Some((link, conn)),
        _ => None,
    });
    let ((), (link, theirs)) = tokio::join!(alice_comes, bob_sees);
    // The engine knows her by now.
    bob.tell(NetCommand::Hold { conn: theirs });
    tokio::select! {
        over = flood => over.unwrap(),
        () = bob.link_closed(link) => panic!("a contact was pushed out"),
    }
    assert!(bob.gauge.sizes().conns <= 2 * STRANGERS_COUNT + 1, "{:?}", bob.gauge.sizes());
    bob.write(link, b"still here");
    assert_eq!(alice.message().await.1, b"still here");
    drop(mute);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_a_place_for_nothing_is_out_within_30_s() {
    let mut bob = node(&[tcp()]).await;
    let at = bob.listen[0].clone();
    let began = Instant::now();
    // One byte at a time of a handshake that never ends; and nothing at all.
    let dribble = |hello: &'static [u8], pause| {
        let at = port(&at);
        async move {
            let (mut from, mut to) = TcpStream::connect(("127.0.0.1", at)).await.unwrap().into_split();
            let writing = async {
                for byte in hello.iter().cycle() {
                    sleep(pause).await;
                    if to.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                }
            };
            let reading = async { while from.read(&mut [0; 256]).await.is_ok_and(|count| count > 0) {} };
            tokio::select! { () = writing => {} () = reading => {} }
        }
    };
    let hello = b"\x13/multistream/1.0.0\n\x07/noise\n\x00\x20";
    let slow = join_all((0..10).map(|_| dribble(hello, Duration::from_secs(1))));
    let mute = join_all((0..10).map(|_| dribble(hello, Duration::from_secs(100))));
    let idle = join_all((0..10).map(|_| visit(at.parse().unwrap(), None)));
    // A stream whose first message never comes to an end.
    let mut mallory = Mallory::meets(&bob).await;
    let mut stream = mallory.open().await;
    let link = bob.accept().await;
    let one_link = mallory.while_running(async {
        stream.write_all(&[0]).await.unwrap();
        stream.flush().await.unwrap();
        bob.link_closed(link).await;
    });
    let bound = Duration::from_secs(30);
    let (slow, mute, idle, ()) =
        timeout(bound, async { tokio::join!(slow, mute, idle, one_link) }).await.unwrap();
    assert_eq!((slow.len(), mute.len()), (10, 10));
    assert!(idle.iter().all(Option::is_some), "they were let in first");
    assert!(began.elapsed() < bound);
}
