//! Who is admitted hears everything, however it came to that.

use std::slice::from_ref;

use starling_protocol::engine::net::{GOSSIP_BYTES, NetCommand};

use super::{Member, ROOM, admit, all_reach_all, room, settle};
use crate::net::tests::{node, tcp};
use crate::net::{Net, NetConfig, start};

#[tokio::test(flavor = "multi_thread")]
async fn rooms_of_two_three_and_five_hear_all() {
    for count in [2, 3, 5] {
        let mut members = room(count).await;
        settle(&mut members).await;
        all_reach_all(&mut members, 50).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_five_tells_on_what_is_good() {
    let mut members = vec![Member::new(&[]).await];
    for n in 1..5 {
        let mut new = Member::new(&[members[n - 1].addr.clone()]).await;
        admit(&mut members[n - 1], &mut new).await;
        members.push(new);
    }
    settle(&mut members).await;
    all_reach_all(&mut members, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_pieces_in_a_row_all_come() {
    let mut members = room(2).await;
    settle(&mut members).await;
    let large = |n: u8| vec![n; GOSSIP_BYTES];
    for n in 0..64 {
        members[0].says(&large(n)).await;
    }
    members[1].hears_all((0..64).map(large)).await;
    members[0].says(&vec![1; GOSSIP_BYTES + 1]).await;
    members[0].says(b"small").await;
    assert_eq!(members[1].hears().await.data, b"small");
}

#[tokio::test(flavor = "multi_thread")]
async fn admission_works_in_any_order_and_again() {
    let orders: [&[(usize, bool)]; 6] = [
        &[(0, true), (1, true)],
        &[(1, true), (0, true)],
        &[(0, false), (0, true), (1, false), (1, true)],
        &[(0, false), (1, true), (0, true)],
        &[(1, false), (0, true), (1, true), (0, false), (1, false)],
        &[(0, true), (0, true), (0, false), (1, true), (1, true), (0, true)],
    ];
    for order in orders {
        let alice = Member::new(&[]).await;
        let bob = Member::new(from_ref(&alice.addr)).await;
        let mut pair = [alice, bob];
        for (who, both) in order {
            let other = pair[1 - who].peer;
            pair[*who].admit(other, *both).await;
        }
        settle(&mut pair).await;
        all_reach_all(&mut pair, 5).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_listens_learns_nothing_yet_and_loses_nothing() {
    let alice = Member::new(&[]).await;
    let bob = Member::new(from_ref(&alice.addr)).await;
    let mut pair = [alice, bob];
    let (alice, bob) = (pair[0].peer, pair[1].peer);
    pair[0].admit(bob, false).await;
    pair[1].admit(alice, true).await;
    // Bob's subscription waits at Alice's: what she says now reaches nobody.
    pair[0].says(b"too early").await;
    pair[0].admit(bob, true).await;
    settle(&mut pair).await;
    pair[0].says(b"last").await;
    loop {
        let heard = pair[1].hears().await.data;
        assert_ne!(heard, b"too early");
        if heard == b"last" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_subscribed_to_later_is_told_to_who_is_admitted() {
    let mut members = room(3).await;
    for member in &members {
        member.tell(NetCommand::Topics { topics: Vec::new() }).await;
    }
    for member in &members {
        member.tell(NetCommand::Topics { topics: vec![[1; 32], ROOM, [2; 32]] }).await;
    }
    settle(&mut members).await;
    all_reach_all(&mut members, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_connections_of_one_pair_are_both_good() {
    let alice = Member::new(&[]).await;
    let bob = Member::new(&[alice.addr.clone(), alice.addr.clone()]).await;
    let mut pair = [alice, bob];
    let peers = [pair[0].peer, pair[1].peer];
    // Each admits the other's elder one, and then all.
    for who in [0, 1] {
        for conn in pair[who].conns(peers[1 - who], 2).await.into_iter().rev() {
            pair[who].tell(NetCommand::Admit { conn, both: true }).await;
        }
    }
    settle(&mut pair).await;
    all_reach_all(&mut pair, 10).await;
    let first = pair[0].conns(peers[1], 2).await[0];
    pair[0].tell(NetCommand::CloseConn { conn: first }).await;
    for who in [0, 1] {
        pair[who].conn(peers[1 - who], 1).await;
    }
    settle(&mut pair).await;
    all_reach_all(&mut pair, 10).await;
}

async fn known(secret: [u8; 32]) -> Net {
    start(NetConfig { listen: vec![tcp()], identity: Some(secret), ..NetConfig::default() }).await.unwrap()
}

/// Gossipsub says what it is subscribed to on a peer's first connection only; a node that serves keeps its peer id.
#[tokio::test(flavor = "multi_thread")]
async fn who_starts_again_is_heard_while_the_old_connection_stands() {
    let alice = node(&[tcp()]).await;
    let there = alice.listen.clone();
    let mut alice = Member::of(alice);
    alice.tell(NetCommand::Topics { topics: vec![ROOM] }).await;
    let mut lives = Vec::new();
    for life in 0_usize..3 {
        // The last life's connection is never closed: its node stays.
        let bob = known([9; 32]).await;
        bob.tell(NetCommand::Dial { dial: 1, addrs: there.clone() });
        let mut bob = Member::of(bob);
        bob.tell(NetCommand::Topics { topics: vec![ROOM] }).await;
        let conn = alice.conn(bob.peer, life + 1).await;
        alice.tell(NetCommand::Admit { conn, both: true }).await;
        bob.admit(alice.peer, true).await;
        let mut pair = [alice, bob];
        settle(&mut pair).await;
        all_reach_all(&mut pair, 10).await;
        let [back, bob] = pair;
        alice = back;
        lives.push(bob);
    }
}
