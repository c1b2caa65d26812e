//! Damaged files: refused, or opened with everything readable in them, never replaced by something new.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::SqliteStore;
use crate::store::conformance::{ALICE, BOB, all, message};
use crate::store::{Store, StoreError};
use starling_protocol::engine::step::{Change, Record, Space};
use starling_protocol::rng::Rng;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const KEY: [u8; 32] = [0x5a; 32];

/// The files of a store with some history, as a crash leaves them: part in the file, part in the journal.
fn crashed() -> BTreeMap<String, Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    for n in 1..=60_u64 {
        let key = n.to_be_bytes().to_vec();
        let record = Record { space: Space::Session, key, value: vec![n as u8; 900] };
        let author = if n % 2 == 0 { ALICE } else { BOB };
        let text = format!("message {n} {}", "filler ".repeat(n as usize));
        store.commit(&[Change::Put(record), Change::Message(message(n, BOB, author, &text))], 1).unwrap();
        if n == 40 {
            store.flush().unwrap();
        }
    }
    let files = read_all(dir.path());
    assert!(files["store.db"].len() > 50_000 && files["store.db-wal"].len() > 50_000);
    files
}

fn read_all(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| !path.to_string_lossy().ends_with("-shm"));
    files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect()
}

fn lay_out(files: &BTreeMap<String, Vec<u8>>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files.iter().filter(|(name, _)| !name.ends_with("-shm")) {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let path = dir.path().join("store.db");
    (dir, path)
}

fn harm(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let place = rng.below(bytes.len() as u64) as usize;
    match rng.below(4) {
        0 => bytes[place] ^= 1 << rng.below(8),
        1 => bytes.truncate(place),
        2 => {
            let end = (place + 1 + rng.below(9_000) as usize).min(bytes.len());
            bytes[place..end].fill(0);
        }
        _ => {
            let end = (place + 1 + rng.below(64) as usize).min(bytes.len());
            for byte in &mut bytes[place..end] {
                *byte = rng.bytes::<1>()[0];
            }
        }
    }
}

#[test]
fn two_hundred_corruptions() {
    let whole = crashed();
    let (mut refused, mut opened) = (0, 0);
    for seed in 0..200 {
        let mut rng = Rng::from_number(seed);
        let mut files = whole.clone();
        let name = if rng.below(3) == 0 { "store.db-wal" } else { "store.db" };
        harm(files.get_mut(name).unwrap(), &mut rng);
        let (dir, path) = lay_out(&files);
        match SqliteStore::open(&path, &KEY) {
            Err(StoreError::Damaged { .. }) => {
                refused += 1;
                assert_eq!(read_all(dir.path()), files, "seed {seed}: a refused file was written to");
                let left = fs::read_dir(dir.path()).unwrap().count();
                assert_eq!(left, files.len(), "seed {seed}: something was left behind");
            }
            Err(other) => panic!("seed {seed}: {other}"),
            Ok(mut store) => {
                opened += 1;
                // Every record is whole, and from the state of some commit; history reads or is called damaged.
                let records = store.load().unwrap();
                let count = records.len();
                assert!((40..=60).contains(&count), "seed {seed}: {count} records");
                for (n, record) in (1..).zip(records) {
                    assert_eq!(record.value, vec![n; 900], "seed {seed}");
                }
                let query = crate::store::LogQuery {
                    chat: BOB.into(),
                    limit: 99,
                    page: crate::store::Page::Newest,
                    since: None,
                };
                match store.log(&query) {
                    Ok(found) => assert_eq!(found.len(), count, "seed {seed}"),
                    Err(error) => {
                        assert!(matches!(error, StoreError::Damaged { .. }), "seed {seed}: {error}")
                    }
                }
            }
        }
    }
    assert!(refused > 20 && opened > 20, "refused {refused}, opened {opened}");
}

#[test]
fn without_its_journal_the_file_still_opens() {
    let mut files = crashed();
    files.remove("store.db-wal");
    let (_dir, path) = lay_out(&files);
    assert_eq!(all(&mut SqliteStore::open(&path, &KEY).unwrap(), BOB).len(), 40);
}

#[test]
fn missing_empty_and_foreign_files_are_refused_untouched() {
    let whole = crashed();
    let mut foreign = whole["store.db"].clone();
    foreign[..16].copy_from_slice(b"SQLite format 3\0");
    for bytes in [vec![], b"short".to_vec(), vec![0; 8_192], foreign, vec![b'x'; 5_000]] {
        let files = BTreeMap::from([("store.db".to_owned(), bytes)]);
        let (dir, path) = lay_out(&files);
        assert!(matches!(SqliteStore::open(&path, &KEY), Err(StoreError::Damaged { .. })));
        assert_eq!(read_all(dir.path()), files);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
    let (dir, path) = lay_out(&BTreeMap::new());
    assert!(matches!(SqliteStore::open(&path, &KEY), Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    fs::create_dir(&path).unwrap();
    assert!(matches!(SqliteStore::open(&path, &KEY), Err(StoreError::Damaged { .. })));
}

#[test]
fn another_key_opens_nothing_and_writes_nothing() {
    let files = crashed();
    let (dir, path) = lay_out(&files);
    let mut key = KEY;
    key[31] ^= 1;
    assert!(matches!(SqliteStore::open(&path, &key), Err(StoreError::Damaged { .. })));
    assert_eq!(read_all(dir.path()), files);
}
