//! A member that means harm: it is admitted, and writes what it likes. The others' gossip goes on.

use starling_protocol::engine::net::{GOSSIP_BYTES, Topic};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};

use super::raw::{self, mallory};
use super::{Member, ROOM, all_reach_all, room, settle};

/// Rejected messages after which nothing more is heard of who sends them; those under way are heard still.
const ENOUGH: usize = 16;

/// Three members, and one more that Alice has admitted.
async fn with_mallory() -> (Vec<Member>, mpsc::Sender<Vec<u8>>) {
    let mut members = room(3).await;
    settle(&mut members).await;
    let (peer, hand) = mallory(&members[0].addr);
    members[0].admit(peer, true).await;
    hand.send(raw::subscribe([&ROOM])).await.unwrap();
    (members, hand)
}

/// What Alice's neighbours say comes to all while the flood runs; how many of the flood's messages she heard.
async fn goes_on(members: &mut [Member], hand: mpsc::Sender<Vec<u8>>, flood: Vec<Vec<u8>>) -> usize {
    let flood = tokio::spawn(async move {
        for frame in flood {
            if hand.send(frame).await.is_err() {
                return None;
            }
        }
        Some(hand)
    });
    let mut heard = 0;
    let (mut first, mut worst) = (None, Duration::ZERO);
    for n in 0..100 {
        let word = format!("word {n}").into_bytes();
        let said = Instant::now();
        members[1].says(&word).await;
        for member in [0, 2] {
            loop {
                let what = members[member].hears().await;
                if what.data == word {
                    worst = worst.max(what.at - said);
                    first.get_or_insert(what.at - said);
                    break;
                }
                heard += usize::from(!what.data.starts_with(b"before"));
            }
        }
    }
    println!("latency under flood: first {first:?}, worst {worst:?}; heard of the flood: {heard}");
    flood.await.unwrap();
    all_reach_all(members, 20).await;
    heard
}

fn topic(n: u64) -> Topic {
    *blake3::hash(&n.to_be_bytes()).as_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_what_is_rejected_is_no_longer_heard() {
    let (mut members, hand) = with_mallory().await;
    // One at a time, so that each is judged before the next.
    let mut heard = 0;
    let mut taken = 0;
    for n in 0..2 * ENOUGH {
        hand.send(raw::publish(&ROOM, format!("bad {n}").as_bytes())).await.unwrap();
        let word = format!("before {n}").into_bytes();
        members[1].says(&word).await;
        loop {
            let what = members[0].hears().await;
            if what.data == word {
                break;
            }
            heard += 1;
        }
        taken = taken.max(heard);
    }
    // The flood follows, and good words from the same hand: it has lost its voice.
    let flood = (0..5_000).map(|n| raw::publish(&ROOM, format!("bad flood {n}").as_bytes())).collect();
    let more = goes_on(&mut members, hand.clone(), flood).await;
    println!("taken {taken} one by one, {more} of the flood");
    // Of the flood, what was under way before the first of it was judged.
    assert!(taken <= ENOUGH && more <= 200, "{taken} {more}");
    hand.send(raw::publish(&ROOM, b"a good word")).await.unwrap();
    members[1].says(b"last").await;
    while let what = members[0].hears().await
        && what.data != b"last"
    {
        assert_ne!(what.data, b"a good word");
    }
    // None of it was told on.
    assert!(std::iter::from_fn(|| members[2].heard.try_recv().ok()).all(|h| !h.data.starts_with(b"bad")));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_topics_are_not_kept_and_hold_up_nobody() {
    let (mut members, hand) = with_mallory().await;
    let topics: Vec<Topic> = (0..10_000).map(topic).collect();
    let mut flood: Vec<_> = topics.chunks(200).map(raw::subscribe).collect();
    flood.extend(topics.iter().map(|topic| raw::subscribe([topic])));
    flood.extend(topics.iter().map(|topic| raw::publish(topic, b"of what?")));
    flood.extend(topics.iter().map(raw::graft));
    assert_eq!(goes_on(&mut members, hand, flood).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_what_controls_the_mesh_holds_up_nobody() {
    let (mut members, hand) = with_mallory().await;
    let names = |n: u64| raw::have(&ROOM, (0..400).map(move |i| topic(n * 400 + i)));
    let mut flood = vec![raw::publish(&ROOM, b"bad")];
    flood.extend((0..5_000).map(|_| raw::graft(&ROOM)));
    flood.extend((0..200).map(names));
    assert!(goes_on(&mut members, hand, flood).await <= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_on_the_wire_holds_up_nobody() {
    for nonsense in [vec![0xff; 70_000], vec![0; 10_000], raw::publish(&ROOM, &vec![1; GOSSIP_BYTES + 1])] {
        let (mut members, hand) = with_mallory().await;
        assert_eq!(goes_on(&mut members, hand, vec![nonsense; 20]).await, 0);
    }
}
