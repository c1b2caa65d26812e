//! Honest nodes: dials, links, order, back-pressure, ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use futures::future::join_all;
use starling_protocol::engine::net::{ConnId, LinkId, NetCommand, NetEvent, Via};
use tokio::time::Instant;

use super::{node, quic, tcp};
use crate::net::{Net, NetConfig, NetError, start};

/// alice has dialled bob and opened a link.
struct Pair {
    alice: Net,
    bob: Net,
    conn: ConnId,
    ours: LinkId,
    theirs: LinkId,
}

async fn pair(listen: String) -> Pair {
    let mut bob = node(&[listen]).await;
    let mut alice = node(&[tcp(), quic()]).await;
    let conn = alice.dial(1, &bob.listen.clone()).await.unwrap();
    assert!(alice.open(2, conn).await);
    let theirs = bob.accept().await;
    Pair { alice, bob, conn, ours: 2, theirs }
}

async fn echo_both_ways(listen: String) {
    let Pair { mut alice, mut bob, ours, theirs, .. } = pair(listen).await;
    assert_eq!(theirs % 2, 1);
    alice.write(ours, b"hello");
    assert_eq!(bob.message().await, (theirs, b"hello".to_vec()));
    bob.write(theirs, b"hello yourself");
    assert_eq!(alice.message().await, (ours, b"hello yourself".to_vec()));
    let largest = vec![7; 65_535];
    alice.write(ours, &largest);
    assert_eq!(bob.message().await, (theirs, largest));
    // What went on the one side came on the other, whichever transport carried it.
    assert!(alice.traffic.up_bytes() > 65_000 && bob.traffic.down_bytes() > 65_000);
    assert!(
        (1..65_000).contains(&alice.traffic.down_bytes()) && (1..65_000).contains(&bob.traffic.up_bytes())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn echo_over_tcp() {
    echo_both_ways(tcp()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn echo_over_quic() {
    echo_both_ways(quic()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_order_and_say_who_is_there() {
    let mut bob = node(&[tcp()]).await;
    let mut alice = node(&[tcp()]).await;
    let bob_at = bob.listen[0].clone();
    assert_eq!(alice.next().await, NetEvent::Addresses { addrs: alice.listen.clone() });
    assert_eq!(bob.next().await, NetEvent::Addresses { addrs: bob.listen.clone() });
    alice.tell(NetCommand::Dial { dial: 6, addrs: vec![bob_at.clone()] });
    let opened = NetEvent::ConnOpened {
        conn: 1,
        peer: bob.local_peer.clone(),
        addr: bob_at,
        outbound: true,
        via: Via::Lan,
    };
    assert_eq!(alice.next().await, opened);
    assert_eq!(alice.next().await, NetEvent::Dialed { dial: 6, conn: 1 });
    let NetEvent::ConnOpened { peer, outbound: false, conn, .. } = bob.next().await else { panic!() };
    assert_eq!(peer, alice.local_peer);

    assert!(alice.open(4, 1).await);
    let NetEvent::LinkOpened { link, remote_peer, local_peer, outbound: false, .. } = bob.next().await else {
        panic!()
    };
    assert_eq!((remote_peer, local_peer), (alice.local_peer.clone(), bob.local_peer.clone()));
    alice.tell(NetCommand::CloseConn { conn: 1 });
    assert_eq!(bob.next().await, NetEvent::LinkClosed { link });
    assert_eq!(bob.next().await, NetEvent::ConnClosed { conn });
    assert_eq!(alice.next().await, NetEvent::LinkClosed { link: 4 });
    assert_eq!(alice.next().await, NetEvent::ConnClosed { conn: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_concurrent_opens_all_succeed() {
    let mut bobs = join_all((0..10).map(|_| async { node(&[tcp()]).await })).await;
    let mut alice = node(&[tcp()]).await;
    let mut conns = Vec::new();
    for (number, bob) in (1..).zip(&bobs) {
        conns.push(alice.dial(number, &bob.listen).await.unwrap());
    }
    for link in 0..50u64 {
        let conn = conns[usize::try_from(link).unwrap() % conns.len()];
        let protocol = starling_protocol::engine::net::LinkProtocol::ALL[usize::try_from(link).unwrap() % 3];
        alice.tell(NetCommand::OpenLink { link: 2 * link, conn, protocol });
    }
    let mut open = 0;
    while open < 50 {
        match alice.next().await {
            NetEvent::LinkOpened { .. } => open += 1,
            NetEvent::LinkClosed { link } => panic!("link {link} did not open"),
            _ => {}
        }
    }
    for link in 0..50u64 {
        alice.write(2 * link, &link.to_be_bytes());
    }
    let mut got = Vec::new();
    for bob in &mut bobs {
        for _ in 0..5 {
            got.push(bob.message().await.1);
        }
    }
    got.sort();
    assert_eq!(got, (0..50u64).map(|l| l.to_be_bytes().to_vec()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn opens_over_the_bound_of_a_connection_are_answered_too() {
    let bob = node(&[tcp()]).await;
    let mut alice = node(&[tcp()]).await;
    let conn = alice.dial(1, &bob.listen).await.unwrap();
    for link in 0..40 {
        let protocol = starling_protocol::engine::net::LinkProtocol::Live;
        alice.tell(NetCommand::OpenLink { link: 2 * link, conn, protocol });
    }
    let mut ended = 0;
    while ended < 32 {
        if let NetEvent::LinkClosed { .. } = alice.next().await {
            ended += 1;
        }
    }
    alice.settles(|s| s.links == 8).await;
    bob.settles(|s| s.links == 8 && s.refused > 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_on_a_closed_connection_is_answered() {
    let Pair { mut alice, mut bob, conn, .. } = pair(tcp()).await;
    assert!(!alice.open(40, 999).await, "never was a connection");
    alice.tell(NetCommand::CloseConn { conn });
    assert!(!alice.open(42, conn).await, "is being closed");
    alice.conn_closed(conn).await;
    assert!(!alice.open(44, conn).await, "is gone");
    bob.until(|e| matches!(e, NetEvent::ConnClosed { .. }).then_some(())).await;
    alice.settles(|s| s.conns == 0 && s.links == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_come_in_order() {
    for listen in [tcp(), quic()] {
        let Pair { alice, mut bob, ours, theirs, .. } = pair(listen).await;
        let message = |i: u32| [i.to_be_bytes().as_slice(), &[0; 196]].concat();
        for batch in 0..100 {
            let messages = (0..10).map(|i| message(batch * 10 + i)).collect();
            alice.tell(NetCommand::Write { link: ours, messages });
        }
        for i in 0..1_000 {
            assert_eq!(bob.message().await, (theirs, message(i)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_makes_the_writer_wait_and_loses_nothing() {
    let Pair { alice, mut bob, ours, .. } = pair(tcp()).await;
    // More than bob's event queue and the windows below it hold, less than alice's write queue.
    let message = |i: u32| [i.to_be_bytes().as_slice(), &vec![1; 3_996]].concat();
    let count = 1_000;
    for i in 0..count {
        alice.write(ours, &message(i));
        tokio::task::yield_now().await;
    }
    bob.settles(|_| bob.events.len() == crate::net::EVENTS_COUNT).await;
    for i in 0..count {
        assert_eq!(bob.message().await.1, message(i));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_queue_over_its_bound_closes_the_link() {
    let Pair { mut alice, bob: _bob, ours, .. } = pair(tcp()).await;
    // bob reads nothing: his events, and the windows below, fill up first.
    let messages = vec![vec![1; 65_535]; 32];
    let flood = alice.commands.clone();
    let closed = alice.link_closed(ours);
    let writing = async {
        loop {
            if flood.send(NetCommand::Write { link: ours, messages: messages.clone() }).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = closed => {}
        () = writing => panic!("network gone"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_link_delivers_what_was_written_first() {
    for listen in [tcp(), quic()] {
        let Pair { mut alice, mut bob, ours, theirs, .. } = pair(listen).await;
        let began = Instant::now();
        for i in 0..100u8 {
            alice.write(ours, &[i; 5_000]);
        }
        alice.tell(NetCommand::CloseLink { link: ours });
        for i in 0..100u8 {
            assert_eq!(bob.message().await, (theirs, vec![i; 5_000]));
        }
        bob.link_closed(theirs).await;
        alice.link_closed(ours).await;
        // In good order on both sides: neither waited for the other in vain.
        assert!(began.elapsed() < Duration::from_secs(2));
        alice.settles(|s| s.links == 0 && s.conns == 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_port_is_a_failed_dial() {
    let mut alice = node(&[tcp()]).await;
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let reason = alice.dial(1, &[format!("/ip4/127.0.0.1/tcp/{}", dead.port())]).await.unwrap_err();
    assert_eq!(reason, "connection refused");
    let reason = alice.dial(2, &["/ip4/0.0.0.0/tcp/1".to_owned(), "junk".to_owned()]).await.unwrap_err();
    assert_eq!(reason, "no address that can be dialled");
    assert_eq!(alice.dial(3, &alice.listen.clone()).await.unwrap_err(), "that is this node itself");
    alice.settles(|s| s.dials == 0 && s.conns == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_addresses_of_one_node_are_one_dialed() {
    let mut bob = node(&[tcp(), quic()]).await;
    let mut alice = node(&[tcp()]).await;
    let addrs = bob.listen.clone();
    assert_eq!(addrs.len(), 2);
    let conn = alice.dial(1, &addrs).await.unwrap();
    // The loser is closed without a word on this side.
    alice.settles(|s| s.dials == 0 && s.conns == 1).await;
    bob.settles(|s| s.conns == 1).await;
    assert!(alice.open(2, conn).await);
    bob.accept().await;
    while let Ok(event) = alice.events.try_recv() {
        assert!(!matches!(event, NetEvent::Dialed { .. } | NetEvent::ConnOpened { .. }), "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standing_connection_answers_a_second_dial() {
    let Pair { mut alice, bob, conn, .. } = pair(tcp()).await;
    assert_eq!(alice.dial(9, &bob.listen).await, Ok(conn));
    bob.settles(|s| s.conns == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_peers_are_dialled_at_start() {
    let mut bob = node(&[tcp()]).await;
    let config = NetConfig { listen: vec![tcp()], peers: bob.listen.clone(), ..NetConfig::default() };
    let mut alice = start(config).await.unwrap();
    let opened = |e| matches!(e, NetEvent::ConnOpened { .. }).then_some(());
    alice.until(opened).await;
    bob.until(opened).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_said_so() {
    let bob = node(&[tcp(), quic()]).await;
    for taken in &bob.listen {
        let config = NetConfig { listen: vec![taken.clone()], ..NetConfig::default() };
        let Err(NetError::PortTaken { addr }) = start(config).await else { panic!("{taken} was not taken") };
        assert_eq!(addr, *taken);
    }
    let config = NetConfig { listen: vec!["/ip4/1.2.3.4/sctp/1".to_owned()], ..NetConfig::default() };
    assert!(matches!(start(config).await, Err(NetError::BadAddress { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_everywhere_by_default_and_with_discovery() {
    let net = start(NetConfig { lan: true, ..NetConfig::default() }).await.unwrap();
    assert!(net.listen.iter().any(|a| a.contains("/tcp/")), "{:?}", net.listen);
    assert!(net.listen.iter().any(|a| a.ends_with("/quic-v1")), "{:?}", net.listen);
    assert!(net.listen.iter().all(|a| !a.contains("/tcp/0") && !a.contains("/udp/0")));
    let end = Instant::now();
    net.stop.shutdown().await;
    assert!(end.elapsed() < Duration::from_millis(300), "nothing to wait for: {:?}", end.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_flushes_closes_and_frees_the_port() {
    for listen in [tcp(), quic()] {
        let Pair { alice, mut bob, ours, theirs, .. } = pair(listen).await;
        for i in 0..500u16 {
            alice.write(ours, &i.to_be_bytes());
        }
        let port = alice.listen.clone();
        let start_of_end = Instant::now();
        alice.stop.shutdown().await;
        assert!(start_of_end.elapsed() < Duration::from_secs(2));
        for i in 0..500u16 {
            assert_eq!(bob.message().await, (theirs, i.to_be_bytes().to_vec()));
        }
        bob.link_closed(theirs).await;
        bob.until(|e| matches!(e, NetEvent::ConnClosed { .. }).then_some(())).await;
        assert!(start_of_end.elapsed() < Duration::from_secs(4));
        node(&port).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_although_nobody_reads_events() {
    let Pair { alice, bob, ours, .. } = pair(tcp()).await;
    for i in 0..900u32 {
        alice.write(ours, &[i.to_be_bytes().as_slice(), &vec![1; 3_996]].concat());
        tokio::task::yield_now().await;
    }
    bob.settles(|_| bob.events.len() == crate::net::EVENTS_COUNT).await;
    let start_of_end = Instant::now();
    bob.stop.shutdown().await;
    alice.stop.shutdown().await;
    assert!(start_of_end.elapsed() < Duration::from_secs(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_what_has_ended() {
    let mut bob = node(&[tcp()]).await;
    let mut alice = node(&[tcp()]).await;
    let at = bob.listen.clone();
    let mut link = 0;
    for round in 0..500u64 {
        let conn = alice.dial(round, &at).await.unwrap();
        for _ in 0..9 {
            link += 2;
            assert!(alice.open(link, conn).await);
            alice.tell(NetCommand::CloseLink { link });
            let theirs = bob.accept().await;
            bob.link_closed(theirs).await;
            alice.link_closed(link).await;
        }
        alice.tell(NetCommand::CloseConn { conn });
        alice.conn_closed(conn).await;
        let sizes = alice.gauge.sizes();
        assert!(sizes.links <= 2 && sizes.conns <= 2 && sizes.dials <= 2, "{sizes:?}");
    }
    for net in [&alice, &bob] {
        net.settles(|s| s.links == 0 && s.conns == 0 && s.dials == 0 && s.waiting == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn order_holds_while_the_driver_is_slow() {
    let Pair { mut alice, mut bob, conn, ours, .. } = pair(tcp()).await;
    for i in 0..1_000u32 {
        alice.tell(NetCommand::Write { link: ours, messages: vec![i.to_be_bytes().to_vec()] });
    }
    bob.settles(|_| bob.events.len() == crate::net::EVENTS_COUNT).await;
    // Everything below waits behind the full queue.
    for link in [40, 42, 44] {
        assert!(alice.open(link, conn).await);
        alice.write(link, b"early");
    }
    bob.settles(|s| s.links == 4 && s.waiting > 0).await;
    // Only when alice has flushed and waited in vain for bob to close too has everything surely arrived.
    for link in [40, 42, 44] {
        alice.tell(NetCommand::CloseLink { link });
    }
    for _ in 0..3 {
        alice.until(|e| matches!(e, NetEvent::LinkClosed { .. }).then_some(())).await;
    }
    alice.tell(NetCommand::CloseConn { conn });
    alice.conn_closed(conn).await;

    let mut open = Vec::new();
    loop {
        match bob.next().await {
            NetEvent::LinkOpened { link, .. } => open.push(link),
            NetEvent::LinkData { link, message } if message == b"early" => assert!(open.contains(&link)),
            NetEvent::LinkClosed { link } => open.retain(|l| *l != link),
            NetEvent::ConnClosed { .. } => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "links outlived their connection: {open:?}");
    bob.settles(|s| s.links == 0 && s.conns == 0 && s.waiting == 0).await;
}
