//! What only the SQLite store has to show: durability, a full disk, secrecy on the disk, file rights, migrations.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::{SqliteStore, open, read};
use crate::store::conformance::{self, ALICE, BOB, CAROL, all, id, message, state};
use crate::store::{Batch, Custody, LogQuery, Page, Store, StoreError, StoredMessage};
use starling_protocol::engine::step::{Change, MessageState, ReadOrder, Record, Space};
use starling_protocol::ids::AccountId;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const KEY: [u8; 32] = [0x5a; 32];

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    (dir, path)
}

fn put(key: &[u8], value: &[u8]) -> Change {
    Change::Put(Record { space: Space::Session, key: key.to_vec(), value: value.to_vec() })
}

#[test]
fn conforms() {
    let mut kept = Vec::new();
    conformance::run(&mut || {
        let (dir, path) = place();
        kept.push(dir);
        Box::new(SqliteStore::create(&path, &KEY).unwrap())
    });
}

#[test]
fn the_memory_twin_conforms() {
    conformance::run(&mut || Box::new(crate::store::memory::MemoryStore::new()));
}

#[test]
fn what_was_committed_is_there_after_a_crash() {
    let (dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    let made = store
        .commit(&[Change::Message(message(1, BOB, ALICE, "hi")), state(1, BOB, MessageState::Queued)], 1)
        .unwrap();
    store.commit(&[put(b"k", b"v")], 1).unwrap();
    // A copy of the files as they are now is what a crash leaves.
    let crashed = dir.path().join("crashed.db");
    fs::copy(&path, &crashed).unwrap();
    fs::copy(dir.path().join("store.db-wal"), dir.path().join("crashed.db-wal")).unwrap();
    let mut again = SqliteStore::open(&crashed, &KEY).unwrap();
    assert_eq!(again.load().unwrap().len(), 1);
    assert_eq!(again.events(0, 9).unwrap()[0].cursor, made[0].cursor);
    let next = again.commit(&[Change::Message(message(2, BOB, BOB, "you"))], 2).unwrap();
    assert_eq!(next[0].cursor, made[0].cursor + 1);
    assert_eq!(all(&mut again, BOB).iter().map(|m| m.row).collect::<Vec<_>>(), [1, 2]);
    drop(store);
    assert_eq!(all(&mut SqliteStore::open(&path, &KEY).unwrap(), BOB).len(), 1);
}

#[test]
fn a_full_disk_keeps_nothing_and_heals() {
    let (_dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    store.commit(&[Change::Message(message(1, BOB, BOB, "before"))], 1).unwrap();
    store.limit_growth(Some(2)).unwrap();
    let long = "long ".repeat(6_000);
    let large = [put(b"k", b"v"), Change::Message(message(2, BOB, BOB, &long))];
    assert_eq!(store.commit(&large, 2), Err(StoreError::Full));
    assert!(store.load().unwrap().is_empty());
    assert!(store.find("long", None, 9).unwrap().is_empty());
    assert_eq!(store.stats().unwrap().newest, 1);
    // A small one fits still, and its neighbours do not take it down.
    let small = Batch { changes: vec![Change::Message(message(3, BOB, BOB, "small"))], at: 3 };
    let outcomes = store.commit_group(&[Batch { changes: large.to_vec(), at: 3 }, small]);
    assert_eq!(outcomes[0], Err(StoreError::Full));
    assert_eq!(outcomes[1].as_ref().unwrap()[0].cursor, 2);
    store.limit_growth(None).unwrap();
    assert_eq!(store.commit(&large, 4).unwrap()[0].cursor, 3);
    assert_eq!(all(&mut store, BOB).iter().map(|m| m.row).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_group_is_one_transaction_with_an_answer_for_each() {
    let (_dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    let batch = |n| Batch {
        changes: vec![put(b"k", &[n]), Change::Message(message(n.into(), BOB, BOB, "x"))],
        at: 1,
    };
    let outcomes = store.commit_group(&[batch(1), Batch::default(), batch(2)]);
    let cursors: Vec<Vec<u64>> =
        outcomes.into_iter().map(|o| o.unwrap().iter().map(|e| e.cursor).collect()).collect();
    assert_eq!(cursors, [vec![1], vec![], vec![2]]);
    assert_eq!(store.load().unwrap()[0].value, [2]);
}

#[test]
fn old_events_are_forgotten_and_cursors_go_on() {
    let (_dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    store.set_keep_events(10);
    for n in 1..=30 {
        store.commit(&[Change::Message(message(n, BOB, BOB, "x"))], 1).unwrap();
    }
    let stats = store.stats().unwrap();
    assert_eq!((stats.oldest, stats.newest, stats.messages), (21, 30, 30));
    drop(store);
    let mut store = SqliteStore::open(&path, &KEY).unwrap();
    assert_eq!(store.commit(&[Change::Message(message(31, BOB, BOB, "x"))], 1).unwrap()[0].cursor, 31);
}

#[test]
fn nothing_readable_reaches_the_disk() {
    let (dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    store
        .commit(
            &[Change::Message(message(1, BOB, BOB, "needle in the text")), put(b"needlekey", b"needlevalue")],
            1,
        )
        .unwrap();
    store.set_draft(BOB.into(), "needle draft").unwrap();
    let look = |when: &str| {
        for entry in fs::read_dir(dir.path()).unwrap() {
            let entry = entry.unwrap();
            let bytes = fs::read(entry.path()).unwrap();
            for secret in [&b"needle"[..], b"SQLite format", b"message", BOB.as_bytes(), &KEY] {
                let found = bytes.windows(secret.len()).any(|window| window == secret);
                assert!(!found, "{secret:?} in {:?} {when}", entry.path());
            }
        }
    };
    look("while open");
    drop(store);
    look("after the end");
}

#[test]
fn deleted_text_is_gone_from_the_decrypted_file() {
    let (dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    let long = format!("needletext {}", "needlefill ".repeat(2_000));
    let came =
        [Change::Message(message(1, BOB, BOB, &long)), Change::Message(message(2, BOB, BOB, "needletwo"))];
    store.commit(&came, 1).unwrap();
    let plain = |store: &SqliteStore, name: &str| {
        let to = dir.path().join(name);
        fs::write(&to, b"").unwrap();
        let sql = format!(
            "ATTACH '{}' AS plain KEY ''; SELECT sqlcipher_export('plain'); DETACH plain;",
            to.display()
        );
        store.conn.execute_batch(&sql).unwrap();
        let bytes = fs::read(to).unwrap();
        bytes.windows(6).filter(|window| window == b"needle").count()
    };
    assert!(plain(&store, "before") > 2);
    // Free pages are not part of the copy above; this is what wipes them.
    let wiped: i64 = store.conn.query_row("PRAGMA secure_delete", [], |row| row.get(0)).unwrap();
    assert_eq!(wiped, 1);
    store
        .commit(
            &[
                Change::Delete { chat: BOB.into(), author: BOB, message: id(1), at: 2 },
                Change::Edit {
                    chat: BOB.into(),
                    author: BOB,
                    message: id(2),
                    text: "clean".to_owned(),
                    at: 2,
                },
            ],
            2,
        )
        .unwrap();
    assert_eq!(plain(&store, "after"), 0);
}

#[cfg(unix)]
#[test]
fn files_are_private_from_birth() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, path) = place();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    store.commit(&[put(b"k", b"v")], 1).unwrap();
    for file in ["store.db", "store.db-wal", "store.db-shm"] {
        assert_eq!(mode(&dir.path().join(file)), 0o600, "{file}");
    }
    drop(store);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let _store = SqliteStore::open(&path, &KEY).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_second_creation_is_refused() {
    let (dir, path) = place();
    drop(SqliteStore::create(&path, &KEY).unwrap());
    let before = fs::read(&path).unwrap();
    assert!(matches!(SqliteStore::create(&path, &[1; 32]), Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_creation_that_was_cut_off_is_finished_or_begun_anew() {
    let (dir, path) = place();
    SqliteStore::prepare(&path, &[1; 32], &[], 0).unwrap();
    assert!(!path.exists());
    // Begun anew with another key, then cut off before it is in its place.
    fs::write(dir.path().join("store.db.making"), b"half").unwrap();
    SqliteStore::prepare(&path, &KEY, &[], 0).unwrap();
    let mut store = SqliteStore::open(&path, &KEY).unwrap();
    assert!(store.load().unwrap().is_empty());
    drop(store);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_newer_format_is_refused_untouched() {
    let (dir, path) = place();
    let store = SqliteStore::create(&path, &KEY).unwrap();
    store.conn.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(store);
    let before = fs::read(&path).unwrap();
    let refused = SqliteStore::open(&path, &KEY).unwrap_err();
    assert_eq!(refused, StoreError::Newer { found: 99, known: open::STORE.known_format() });
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_store_of_the_first_format_is_brought_up_with_all_it_has() {
    let (_dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    let sent = [Change::Message(message(1, BOB, ALICE, "old")), state(1, BOB, MessageState::Queued)];
    store.commit(&sent, 1).unwrap();
    store.commit(&[state(1, BOB, MessageState::Mailbox)], 1).unwrap();
    without_places(&store);
    store
        .conn
        .execute_batch(
            "ALTER TABLE recipient DROP COLUMN kept; ALTER TABLE recipient DROP COLUMN until;
             PRAGMA user_version = 1",
        )
        .unwrap();
    drop(store);
    let mut store = SqliteStore::open(&path, &KEY).unwrap();
    let found = all(&mut store, BOB);
    assert_eq!((found[0].text.as_str(), found[0].state), ("old", MessageState::Mailbox));
    assert_eq!(found[0].recipients[0].custody, Custody::default());
    assert_eq!(store.events(0, 9).unwrap().len(), 2);
    let keeps = Change::Custody { message: id(1), account: BOB, mailboxes: 1, until: 5, at: 2 };
    assert_eq!(store.commit(&[keeps], 2).unwrap().len(), 1);
}

/// Makes a store one of the format before messages could be pinned.
fn without_pins(store: &SqliteStore) {
    store
        .conn
        .execute_batch(
            "DROP TABLE chat_setting; DROP INDEX message_pinned;
             ALTER TABLE message DROP COLUMN hidden; ALTER TABLE message DROP COLUMN pinned;
             ALTER TABLE message DROP COLUMN pinned_by; ALTER TABLE message DROP COLUMN attempt;
             PRAGMA user_version = 3",
        )
        .unwrap();
}

/// Makes a store one of the format before messages had places.
fn without_places(store: &SqliteStore) {
    without_pins(store);
    store
        .conn
        .execute_batch(
            "DROP TABLE archive; DROP INDEX message_place; DROP INDEX message_unread;
             ALTER TABLE message DROP COLUMN depth; ALTER TABLE message DROP COLUMN mark;
             CREATE INDEX message_chat ON message (chat);
             CREATE INDEX message_unread ON message (chat) WHERE unread = 1;
             PRAGMA user_version = 2",
        )
        .unwrap();
}

#[test]
fn a_store_from_before_rooms_keeps_the_order_of_its_chats() {
    let (_dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    let came: Vec<_> = [3, 1, 2]
        .iter()
        .flat_map(|n| [message(*n, BOB, BOB, "x"), message(n + 10, ALICE, ALICE, "note")])
        .map(Change::Message)
        .collect();
    store.commit(&came, 1).unwrap();
    without_places(&store);
    drop(store);
    let mut store = SqliteStore::open(&path, &KEY).unwrap();
    store.commit(&[Change::Message(message(4, BOB, ALICE, "new"))], 2).unwrap();
    let ids = |found: Vec<StoredMessage>| found.iter().map(|m| m.id).collect::<Vec<_>>();
    assert_eq!(ids(all(&mut store, BOB)), [3, 1, 2, 4].map(id));
    assert_eq!(ids(all(&mut store, ALICE)), [13, 11, 12].map(id));
    let query = LogQuery { chat: BOB.into(), limit: 1, page: Page::Before(id(2)), since: None };
    assert_eq!(ids(store.log(&query).unwrap()), [id(1)]);
    assert_eq!(store.unread(BOB.into(), 9).unwrap(), [3, 1, 2].map(id));
    assert_eq!(store.chats().unwrap().len(), 2);
    let entry = Record { space: Space::RoomEntry, key: vec![1], value: vec![2] };
    store.commit(&[Change::Put(entry.clone())], 3).unwrap();
    let order = ReadOrder { read: 1, space: Space::RoomEntry, from: vec![], to: vec![9], bytes: 9 };
    assert_eq!(store.read(&order).unwrap().0, [entry]);
}

#[test]
fn a_store_from_before_pins_shows_all_it_has() {
    let (_dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    store.commit(&[Change::Message(message(1, BOB, BOB, "old"))], 1).unwrap();
    without_pins(&store);
    drop(store);
    let mut store = SqliteStore::open(&path, &KEY).unwrap();
    let found = all(&mut store, BOB);
    assert_eq!((found[0].text.as_str(), found[0].attempt, found[0].pinned), ("old", 1, None));
    let pin = Change::Pin { chat: BOB.into(), who: BOB, author: BOB, message: id(1), on: true, any: true };
    assert_eq!(store.commit(&[pin], 2).unwrap().len(), 1);
    assert_eq!(store.pins(BOB.into()).unwrap().len(), 1);
}

/// A page anywhere in a long chat is found by the index alone: nothing is sorted and nothing read over.
#[test]
fn pages_and_unread_messages_come_from_an_index_in_their_order() {
    let (_dir, path) = place();
    let store = SqliteStore::create(&path, &KEY).unwrap();
    let plan = |sql: &str| -> String {
        let mut statement = store.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let lines = statement.raw_query().mapped(|row| row.get::<_, String>(3));
        lines.map(|line| line.unwrap()).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(plan(read::LOG), "SEARCH m USING INDEX message_place (chat=? AND (depth,mark)<(?,?))");
    assert_eq!(plan(read::LOG_AFTER), "SEARCH m USING INDEX message_place (chat=? AND (depth,mark)>(?,?))");
    assert!(plan(read::PINNED).starts_with("SEARCH m USING INDEX message_pinned (chat=? AND pinned>?)"));
    assert_eq!(plan(read::UNREAD), "SEARCH message USING INDEX message_unread (chat=?)");
}

#[test]
fn a_migration_is_whole_or_not_at_all() {
    let (_dir, path) = place();
    let store = SqliteStore::create(&path, &KEY).unwrap();
    let version = || store.conn.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap();
    let steps = ["", "CREATE TABLE two (x)", "CREATE TABLE three (x); CREATE TABLE two (x)"];
    assert!(open::migrate(&store.conn, 1, &steps).is_err());
    assert_eq!(version(), 2);
    let tables = "SELECT count(*) FROM sqlite_master WHERE name IN ('two', 'three')";
    assert_eq!(store.conn.query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    open::migrate(&store.conn, 2, &["", "", "CREATE TABLE three (x)"]).unwrap();
    assert_eq!(version(), 3);
}

#[test]
fn a_reader_sees_commits_and_makes_none() {
    let (_dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    let mut reader = SqliteStore::reader(&path, &KEY).unwrap();
    store.commit(&[Change::Message(message(1, BOB, BOB, "seen"))], 1).unwrap();
    assert_eq!(reader.find("seen", None, 9).unwrap().len(), 1);
    assert!(reader.commit(&[put(b"k", b"v")], 1).is_err());
    assert!(reader.set_draft(BOB.into(), "x").is_err());
    store.flush().unwrap();
    assert_eq!(all(&mut reader, BOB).len(), 1);
}

/// The place of a page in a chat costs nothing: a hundred thousand messages before and behind it are not looked at.
#[test]
fn a_page_in_a_long_chat_takes_as_long_as_in_a_short_one() {
    const LONG: u64 = 100_000;
    let (_dir, path) = place();
    let mut store = SqliteStore::create(&path, &KEY).unwrap();
    for from in (0..LONG).step_by(10_000) {
        let came: Vec<_> =
            (from..from + 10_000).map(|n| Change::Message(message(n, BOB, BOB, "a line"))).collect();
        store.commit(&came, 1).unwrap();
    }
    let short: Vec<_> =
        (LONG..LONG + 200).map(|n| Change::Message(message(n, CAROL, CAROL, "a line"))).collect();
    store.commit(&short, 1).unwrap();
    let mut fastest = |chat: AccountId, at: u64| {
        let query = |page| LogQuery { chat: chat.into(), limit: 50, page, since: None };
        let pages = [Page::Around(id(at)), Page::After(id(at)), Page::Before(id(at))].map(query);
        let once = |store: &mut SqliteStore| {
            let start = std::time::Instant::now();
            pages.iter().for_each(|query| assert_eq!(store.log(query).unwrap().len(), 50));
            start.elapsed()
        };
        (0..20).map(|_| once(&mut store)).min().unwrap()
    };
    let (long, short) = (fastest(BOB, LONG / 2), fastest(CAROL, LONG + 100));
    println!("three pages: {long:?} in a long chat, {short:?} in a short one");
    assert!(long < short * 3, "{long:?} and {short:?}");
}
