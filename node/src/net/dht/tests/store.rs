use std::time::{Duration, Instant};

use libp2p::PeerId;
use libp2p::kad::store::RecordStore;
use libp2p::kad::{ProviderRecord, Record, RecordKey};
use starling_protocol::discovery;

use super::sealed;
use crate::net::dht::store::{KEPT, RECORDS_COUNT, Store};

fn as_record(record: &discovery::Record) -> Record {
    Record { key: RecordKey::new(&record.key), value: record.value.clone(), publisher: None, expires: None }
}

fn put(store: &mut Store, record: &discovery::Record) -> bool {
    store.put(as_record(record)).is_ok()
}

fn held(store: &Store, record: &discovery::Record) -> Option<Vec<u8>> {
    store.get(&RecordKey::new(&record.key)).map(|held| held.value.clone())
}

#[test]
fn only_what_proves_itself_is_kept() {
    let mut store = Store::new(PeerId::random());
    let good = sealed(1, 1, false);
    let other = sealed(2, 1, false);
    let mut bad: Vec<(Vec<u8>, Vec<u8>)> = vec![
        (good.key.to_vec(), other.value.clone()),
        (good.key.to_vec(), vec![]),
        (good.key.to_vec(), vec![0; 4_096]),
        (good.key.to_vec(), vec![0; 1 << 20]),
        (good.key.to_vec(), good.value[..4_095].to_vec()),
        (good.key.to_vec(), [good.value.clone(), vec![0]].concat()),
        (good.key[..31].to_vec(), good.value.clone()),
        (vec![], good.value.clone()),
        (vec![7; 10_000], good.value.clone()),
    ];
    for place in [0, 40, 96, 99, 110, 2_000, 4_095] {
        let mut value = good.value.clone();
        value[place] ^= 1;
        bad.push((good.key.to_vec(), value));
    }
    for (key, value) in bad {
        let record = Record { key: RecordKey::new(&key), value, publisher: None, expires: None };
        assert!(store.put(record).is_err());
    }
    assert_eq!(store.len(), 0);
    assert!(put(&mut store, &good));
    assert_eq!(held(&store, &good), Some(good.value));
}

#[test]
fn the_newest_stays_whatever_comes_after_it() {
    let mut store = Store::new(PeerId::random());
    let [old, newer, newest] = [3, 4, 5].map(|step| sealed(1, step, step == 4));
    assert!(put(&mut store, &newer));
    assert!(!put(&mut store, &old));
    assert_eq!(held(&store, &old), Some(newer.value.clone()));
    assert!(put(&mut store, &newest));
    assert!(!put(&mut store, &newer));
    assert!(put(&mut store, &newest));
    assert_eq!((held(&store, &newest), store.len()), (Some(newest.value), 1));
}

#[test]
fn another_of_the_same_time_does_not_replace_it() {
    let mut store = Store::new(PeerId::random());
    let (small, large) = (sealed(1, 3, false), sealed(1, 3, true));
    assert!(put(&mut store, &small));
    assert!(!put(&mut store, &large));
    assert_eq!(held(&store, &small), Some(small.value));
}

#[test]
fn nobody_publishes_and_nothing_lives_longer_than_two_days() {
    let mut store = Store::new(PeerId::random());
    let record = sealed(1, 1, false);
    let years = Duration::from_secs(100_000_000);
    for expires in [None, Some(Instant::now() + years)] {
        let publisher = Some(PeerId::random());
        store.put(Record { publisher, expires, ..as_record(&record) }).unwrap();
        let held = store.get(&RecordKey::new(&record.key)).unwrap();
        assert_eq!(held.publisher, None);
        assert!(held.expires.unwrap() <= Instant::now() + KEPT);
    }
    let later = Instant::now() + KEPT + Duration::from_secs(1);
    store.sweep(later);
    assert_eq!(store.len(), 0);
}

#[test]
fn repeating_a_record_cannot_cut_its_life_short() {
    let mut store = Store::new(PeerId::random());
    let record = sealed(1, 1, false);
    assert!(put(&mut store, &record));
    let expires = Some(Instant::now() + Duration::from_secs(1));
    store.put(Record { expires, ..as_record(&record) }).unwrap();
    store.sweep(Instant::now() + KEPT / 2);
    assert_eq!(store.len(), 1);
}

#[test]
fn no_provider_is_ever_named() {
    let mut store = Store::new(PeerId::random());
    let key = RecordKey::new(&[1; 32]);
    let provider = ProviderRecord::new(key.clone(), PeerId::random(), vec![]);
    assert!(store.add_provider(provider).is_err());
    assert!(store.providers(&key).is_empty());
    assert_eq!(store.records().count() + store.provided().count(), 0);
}

#[test]
fn one_peer_leaves_512_new_records_an_hour_and_may_renew_them() {
    let mut store = Store::new(PeerId::random());
    let (mallory, alice) = (PeerId::random(), PeerId::random());
    store.sent_by(Some(mallory));
    let taken = (0..600).filter(|n| put(&mut store, &sealed(*n, 1, false))).count();
    assert_eq!(taken, 512);
    assert!(put(&mut store, &sealed(0, 2, false)));
    store.sent_by(Some(alice));
    assert!(put(&mut store, &sealed(1_000, 1, false)));
    store.sent_by(Some(mallory));
    assert!(!put(&mut store, &sealed(1_001, 1, false)));
    store.sweep(Instant::now() + Duration::from_secs(3_600));
    assert!(put(&mut store, &sealed(1_001, 1, false)));
}

#[test]
fn one_peer_leaves_2_mib_an_hour() {
    let mut store = Store::new(PeerId::random());
    store.sent_by(Some(PeerId::random()));
    assert_eq!((0..300).filter(|n| put(&mut store, &sealed(*n, 1, true))).count(), 256);
}

#[test]
fn a_full_store_gives_up_the_farthest_and_never_a_nearer_one() {
    let mut store = Store::new(PeerId::random());
    let mut records: Vec<_> = (0..RECORDS_COUNT as u64 + 60).map(|n| sealed(n, 1, false)).collect();
    records.sort_by_key(|record| store.distance(&RecordKey::new(&record.key)));
    // The farthest come first and give way; then they try again.
    for record in records.iter().rev() {
        assert!(put(&mut store, record));
    }
    assert_eq!(store.len(), RECORDS_COUNT);
    for record in &records[RECORDS_COUNT..] {
        assert!(!put(&mut store, record));
    }
    for (place, record) in records.iter().enumerate() {
        assert_eq!(held(&store, record).is_some(), place < RECORDS_COUNT);
    }
}

#[test]
fn a_store_full_of_large_records_keeps_to_its_bytes() {
    let mut store = Store::new(PeerId::random());
    for n in 0..3_100 {
        put(&mut store, &sealed(n, 1, true));
    }
    assert_eq!(store.len(), 24 * 1024 / 8);
}
