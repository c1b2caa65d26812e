//! What one message costs the store: `cargo run --release -p starling-node --example store_bench [DIR]`.
//! Prints the wall and processor time per message in batches of 1, 64 and 256, as the engine commits them.

#![allow(clippy::print_stdout, clippy::indexing_slicing)]

use starling_node::store::sqlite::SqliteStore;
use starling_node::store::{LogQuery, Page, Store, StoreError};
use starling_protocol::engine::step::{Change, MessageKind, MessageState, NewMessage, Place, Record, Space};
use starling_protocol::ids::{AccountId, DeviceId, MessageId};
use starling_protocol::rng::Rng;
use std::path::PathBuf;
use std::time::Instant;

const ME: AccountId = AccountId([1; 32]);
/// Chats that talk at the same time.
const CHATS: u64 = 8;
const WORDS: [&str; 16] = [
    "hello", "tomorrow", "roof", "the", "and", "coffee", "maybe", "train", "at", "seven", "yes", "with",
    "garden", "call", "later", "I",
];

fn text(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..12 {
        text.push_str(WORDS[rng.below(16) as usize]);
        text.push_str(&rng.below(400).to_string());
        text.push(' ');
    }
    text
}

fn received(rng: &mut Rng, number: u64) -> Vec<Change> {
    let peer = AccountId([(number % CHATS) as u8 + 2; 32]);
    let key = peer.0[..16].to_vec();
    vec![
        Change::Put(Record { space: Space::Session, key: key.clone(), value: vec![3; 1_500] }),
        Change::Put(Record { space: Space::Stream, key: key.clone(), value: vec![4; 120] }),
        Change::Put(Record { space: Space::Seen, key: number.to_be_bytes().to_vec(), value: vec![5; 16] }),
        Change::Drop { space: Space::Seen, key: number.wrapping_sub(4_096).to_be_bytes().to_vec() },
        Change::Message(message(rng, number, peer, peer)),
    ]
}

fn sent(rng: &mut Rng, number: u64) -> Vec<Change> {
    let peer = AccountId([(number % CHATS) as u8 + 2; 32]);
    let mut new = message(rng, number, peer, ME);
    new.me = true;
    new.state = MessageState::Queued;
    let id = new.id;
    let state = |state| Change::State { message: id, account: peer, state, reason: None, at: 9 };
    vec![
        Change::Message(new),
        state(MessageState::Queued),
        Change::Put(Record { space: Space::Outbox, key: number.to_be_bytes().to_vec(), value: vec![6; 700] }),
        Change::Put(Record { space: Space::Session, key: peer.0[..16].to_vec(), value: vec![3; 1_500] }),
        state(MessageState::Delivered),
        Change::Drop { space: Space::Outbox, key: number.to_be_bytes().to_vec() },
    ]
}

fn message(rng: &mut Rng, number: u64, chat: AccountId, author: AccountId) -> NewMessage {
    NewMessage {
        id: MessageId(rng.bytes()),
        chat: chat.into(),
        author,
        device: DeviceId([2; 16]),
        seq: number,
        me: false,
        kind: MessageKind::Text,
        text: text(rng),
        reply_to: None,
        sent_at: 1_700_000_000_000 + number as i64,
        received_at: 1_700_000_000_000 + number as i64,
        via: "direct",
        state: MessageState::Delivered,
        place: Place::Last,
    }
}

/// Processor time of this process so far, in microseconds, where the system tells.
fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    (ticks(11) + ticks(12)) * 10_000
}

fn main() -> Result<(), StoreError> {
    let dir = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let path = dir.join(format!("store-bench-{}.db", std::process::id()));
    let mut store = SqliteStore::create(&path, &[7; 32])?;
    let mut rng = Rng::from_number(1);
    let mut number = 0;
    for (what, make) in [("received", received as fn(&mut Rng, u64) -> Vec<Change>), ("sent", sent)] {
        for (batch, count) in [(1_u64, 2_000_u64), (64, 64_000), (256, 64_000)] {
            let (mut wall_us, cpu) = (0, cpu_us());
            let mut made_us = 0;
            for _ in 0..count / batch {
                let making = Instant::now();
                let changes: Vec<_> = (0..batch).flat_map(|n| make(&mut rng, number + n)).collect();
                made_us += making.elapsed().as_micros() as u64;
                number += batch;
                let start = Instant::now();
                store.commit(&changes, 1)?;
                wall_us += start.elapsed().as_micros() as u64;
            }
            let cpu = cpu_us().saturating_sub(cpu).saturating_sub(made_us);
            println!(
                "{what:8} batch {batch:3}: {:5} us wall, {:5} us cpu per message",
                wall_us / count,
                cpu / count
            );
        }
    }
    let start = Instant::now();
    let found = store.find("coffee7 roof", None, 50)?.len();
    println!("find: {found} in {} us", start.elapsed().as_micros());
    let start = Instant::now();
    let query = LogQuery { chat: AccountId([3; 32]).into(), limit: 50, page: Page::Newest, since: None };
    let page = store.log(&query)?.len();
    println!("log: {page} in {} us", start.elapsed().as_micros());
    let start = Instant::now();
    let chats = store.chats()?.len();
    println!("chats: {chats} in {} us", start.elapsed().as_micros());
    println!("{:?}", store.stats()?);
    drop(store);
    std::fs::remove_file(&path).map_err(|error| StoreError::Io { what: error.to_string() })
}
