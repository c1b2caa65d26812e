#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::{AT_ONCE, Reads};
use crate::store::StoreError;
use crate::store::memory::MemoryStore;
use crate::store::worker::StoreHandle;
use starling_protocol::engine::{Change, Input, ReadOrder, Record, Space};
use std::collections::BTreeSet;
use std::time::Duration;

fn entry(key: u8) -> Record {
    Record { space: Space::RoomEntry, key: vec![key], value: vec![key] }
}

fn order(read: u64) -> ReadOrder {
    ReadOrder { read, space: Space::RoomEntry, from: vec![0], to: vec![255], bytes: 1_000 }
}

async fn next(reads: &mut Reads) -> Result<Input, StoreError> {
    tokio::time::timeout(Duration::from_secs(10), reads.next()).await.expect("no answer in time")
}

fn numbers(input: &Input) -> (u64, Vec<u8>) {
    let Input::Read { read, records, more: false } = input else { panic!("{input:?}") };
    (*read, records.iter().map(|record| record.key[0]).collect())
}

#[tokio::test]
async fn every_order_is_answered_and_sees_what_was_committed_before_it() {
    let store = StoreHandle::spawn(Box::new(MemoryStore::new())).unwrap();
    let mut reads = Reads::new(store.clone());
    let mut missing = BTreeSet::new();
    for number in 1..=20_u8 {
        store.commit(vec![Change::Put(entry(number))], 1).await.unwrap();
        reads.order(order(number.into()));
        assert!(reads.running.len() <= AT_ONCE);
        missing.insert(u64::from(number));
    }
    while !missing.is_empty() {
        let (read, keys) = numbers(&next(&mut reads).await.unwrap());
        assert!(missing.remove(&read), "{read} is answered twice");
        assert!(keys.len() as u64 >= read, "{read} found only {keys:?}");
    }
}

#[tokio::test]
async fn a_failed_read_is_told_and_forgotten_orders_are_not_answered() {
    let store = StoreHandle::spawn(Box::new(MemoryStore::new())).unwrap();
    store.commit(vec![Change::Put(entry(1))], 1).await.unwrap();
    let mut reads = Reads::new(store.clone());
    for number in 1..=9 {
        reads.order(order(number));
    }
    reads.forget();
    reads.order(order(10));
    assert_eq!(numbers(&next(&mut reads).await.unwrap()).0, 10);
    assert!(reads.running.is_empty() && reads.waiting.is_empty());
    store.close().await.unwrap();
    reads.order(order(11));
    assert_eq!(next(&mut reads).await.unwrap_err(), StoreError::Closed);
}
