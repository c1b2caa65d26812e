//! The mailbox's file: the suite of all shelves, and what only a file can do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::MailStore;
use crate::store::StoreError;
use starling_protocol::mail::server::conformance::{self, box_row, envelope_row, queue_row};
use starling_protocol::mail::server::{Shelf, ShelfError, shelf};
use std::fs;
use std::path::{Path, PathBuf};

const KEY: [u8; 32] = [0x5a; 32];

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mail.db");
    (dir, path)
}

#[test]
fn the_shelf_in_a_file_does_what_every_shelf_does() {
    let mut dirs = Vec::new();
    conformance::run(|| {
        let (dir, path) = place();
        dirs.push(dir);
        let mut store = MailStore::open(&path, &KEY).unwrap();
        store.begin().unwrap();
        Box::new(store)
    });
    assert!(dirs.len() > 4);
}

fn fill(store: &mut MailStore, number: u64) -> Result<(), ShelfError> {
    store.put_envelope(&envelope_row(1, number, 1, 9), b"an envelope that says WINTERGARTEN")
}

#[test]
fn what_is_committed_is_there_at_the_next_start_and_nothing_else() {
    let (_dir, path) = place();
    let mut store = MailStore::open(&path, &KEY).unwrap();
    store.begin().unwrap();
    store.put_box(&box_row(1)).unwrap();
    store.put_queue(&queue_row(1, 1, 1)).unwrap();
    fill(&mut store, 1).unwrap();
    store.commit().unwrap();
    store.begin().unwrap();
    fill(&mut store, 2).unwrap();
    store.rollback();
    store.begin().unwrap();
    fill(&mut store, 3).unwrap();
    // The process is killed here.
    let copy = _dir.path().join("copy");
    fs::create_dir(&copy).unwrap();
    for name in ["mail.db", "mail.db-wal"] {
        fs::copy(_dir.path().join(name), copy.join(name)).unwrap();
    }
    let mut later = MailStore::open(&copy.join("mail.db"), &KEY).unwrap();
    let number =
        |store: &mut MailStore, after| store.next_envelope(1, after).unwrap().map(|(row, _)| row.number);
    assert_eq!((number(&mut later, 0), number(&mut later, 1)), (Some(1), None));
    assert!(store.box_by_token(&[1; 32]).unwrap().is_some());
}

fn files(path: &Path) -> Vec<Vec<u8>> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    [path.to_owned(), PathBuf::from(wal)].iter().filter_map(|path| fs::read(path).ok()).collect()
}

#[test]
fn another_key_and_another_file_are_refused_untouched() {
    let (_dir, path) = place();
    drop(MailStore::open(&path, &KEY).unwrap());
    let before = files(&path);
    assert!(matches!(MailStore::open(&path, &[1; 32]), Err(StoreError::Damaged { .. })));
    assert_eq!(files(&path), before);
    let profile = path.with_file_name("store.db");
    drop(crate::store::sqlite::SqliteStore::create(&profile, &KEY).unwrap());
    assert!(matches!(MailStore::open(&profile, &KEY), Err(StoreError::Damaged { .. })));
    fs::write(&path, b"").unwrap();
    assert!(matches!(MailStore::open(&path, &KEY), Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn nothing_in_the_file_can_be_read_without_the_key() {
    let (_dir, path) = place();
    let mut store = MailStore::open(&path, &KEY).unwrap();
    store.begin().unwrap();
    store.put_box(&box_row(1)).unwrap();
    fill(&mut store, 1).unwrap();
    store.put_card(&[1; 16], b"a card that says WINTERGARTEN").unwrap();
    store.commit().unwrap();
    let shows = || files(&path).iter().any(|bytes| bytes.windows(12).any(|part| part == b"WINTERGARTEN"));
    assert!(!shows());
    store.flush().unwrap();
    assert!(!shows() && files(&path)[0].len() > 4_096);
}

/// Statements that are run for every envelope use an index, whatever the file holds.
#[test]
fn no_statement_reads_a_whole_table() {
    let (_dir, path) = place();
    let store = MailStore::open(&path, &KEY).unwrap();
    let plan = |sql: &str| -> String {
        let mut statement = store.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = statement.parameter_count();
        let params = rusqlite::params_from_iter(vec![1_i64; count]);
        let rows = statement.query_map(params, |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    let statements = [
        "SELECT id FROM box WHERE token = ?1",
        "SELECT count(*) FROM box WHERE grant_id = ?1",
        "SELECT id FROM queue WHERE owner = ?1 AND round < ?2 LIMIT 1",
        "SELECT card FROM card WHERE queue = ?1",
        "SELECT row FROM envelope WHERE owner = ?1 AND number > ?2 ORDER BY number LIMIT 1",
        "SELECT row FROM envelope WHERE queue = ?1 AND hash = ?2",
        "SELECT row FROM envelope WHERE until_ms <= ?1 ORDER BY until_ms, owner, number LIMIT ?2",
        "DELETE FROM envelope WHERE queue = ?1",
        "DELETE FROM envelope WHERE owner = ?1",
    ];
    for sql in statements {
        let plan = plan(sql);
        assert!(plan.contains("SEARCH") && !plan.contains("SCAN") && !plan.contains("TEMP"), "{sql}: {plan}");
    }
}

#[test]
fn sums_stay_in_their_row() {
    let (_dir, path) = place();
    let mut store = MailStore::open(&path, &KEY).unwrap();
    let totals = shelf::Totals { boxes: 1, queues: 2, envelopes: 3, bytes: 4, next_box: 5 };
    store.set_totals(&totals).unwrap();
    store.note(shelf::Noted { lived_ms: 6, wall_ms: 7 }).unwrap();
    assert_eq!(store.totals().unwrap(), totals);
    let rows: i64 = store.conn.query_row("SELECT count(*) FROM sums", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}
