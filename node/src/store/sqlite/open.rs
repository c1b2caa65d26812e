//! Making, checking and opening the database file. A file that is not ours, or damaged, is refused before a byte of
//! it is written; a missing or empty one is never quietly made anew.
//!
//! A new database is made under another name and only then put in its place, in two steps, so that it can be
//! prepared before the key file says that the profile exists:
//!
//! ```text
//! store.db.making  --complete-->  store.db.new  --finish-->  store.db
//! ```

use super::error::{meaning, nonsense};
use crate::profile::files;
use crate::store::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// Older versions have a bug that can lose committed data of a WAL when two connections close together.
const SQLITE_FLOOR: i32 = 3_051_003;
/// What a database is made of.
#[derive(Debug)]
pub struct Schema {
    /// The file's name, for words.
    pub file: &'static str,
    /// What `application_id` says in it.
    pub application: i32,
    /// One file for each format, in order; the number of the format is its place, from 1.
    pub steps: &'static [&'static str],
    /// The table that is read whole before anything else: nothing can start without it.
    pub vital: &'static str,
}

/// A profile's database.
pub const STORE: Schema = Schema {
    file: "store.db",
    application: 1_398_034_503,
    steps: &[
        include_str!("../migrations/0001_start.sql"),
        include_str!("../migrations/0002_custody.sql"),
        include_str!("../migrations/0003_place.sql"),
        include_str!("../migrations/0004_pins.sql"),
    ],
    vital: "record",
};
/// Bytes of one page. A shorter file cannot be a database.
const PAGE_BYTES: u64 = 4_096;
/// How long one connection waits for the other's lock. They only meet for microseconds.
const BUSY: Duration = Duration::from_secs(10);
/// Statements kept prepared: all there are, and room.
const STATEMENTS: usize = 64;

/// How a connection will be used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Reads and writes.
    Write,
    /// Only reads.
    Read,
}

impl Schema {
    /// The newest format this version knows.
    pub fn known_format(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The journal and its index.
pub fn companions(path: &Path) -> [PathBuf; 2] {
    [beside(path, "-wal"), beside(path, "-shm")]
}

fn io(what: &str, error: &std::io::Error) -> StoreError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return StoreError::Full;
    }
    StoreError::Io { what: format!("{what}: {error}") }
}

/// Opens a connection with the key and our settings. Touches the disk only for reading.
pub fn connect(path: &Path, key: &[u8; 32], mode: Mode) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < SQLITE_FLOOR {
        return Err(StoreError::Io {
            what: format!("built with SQLite {}, which is too old", rusqlite::version()),
        });
    }
    let access = match mode {
        Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let conn =
        Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(meaning)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.busy_timeout(BUSY).map_err(meaning)?;
    apply_key(&conn, key)?;
    conn.execute_batch("PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;")
        .map_err(meaning)?;
    Ok(conn)
}

/// The key as SQLCipher wants a raw one: `x'..'`. The text is wiped; SQLite's own short-lived copy is not ours. Pages
/// are authenticated with HMAC-SHA256 instead of SHA-512: a quarter of the store's work was hashing, and processors
/// have instructions for SHA-256 (docs/adr/0004).
fn apply_key(conn: &Connection, key: &[u8; 32]) -> Result<(), StoreError> {
    let mut sql = Zeroizing::new(String::with_capacity(128));
    sql.push_str("PRAGMA key = \"x'");
    for byte in key {
        // Writing to a string cannot fail, and the capacity above is never outgrown.
        let _ = write!(sql, "{byte:02x}");
    }
    sql.push_str("'\"; PRAGMA cipher_hmac_algorithm = HMAC_SHA256;");
    conn.execute_batch(&sql).map_err(|_| StoreError::Io { what: "the key was not taken".to_owned() })
}

/// What makes commits durable and deleted text disappear.
pub fn prepare_for_writing(conn: &Connection) -> Result<(), StoreError> {
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 16777216;
         PRAGMA wal_autocheckpoint = 4000;",
    )
    .map_err(meaning)
}

/// Makes a new, empty database under the name `path` + ".new". An older unfinished one is replaced: nothing was
/// ever stored in it.
pub fn prepare_new(
    schema: &Schema,
    path: &Path,
    key: &[u8; 32],
    fill: impl FnOnce(Connection) -> Result<Connection, StoreError>,
) -> Result<(), StoreError> {
    if files::exists(path) {
        return Err(nonsense("there is a database already"));
    }
    let (making, ready) = (beside(path, ".making"), beside(path, ".new"));
    for old in [&making, &ready] {
        for file in [old.clone()].into_iter().chain(companions(old)) {
            files::remove_if_there(&file).map_err(|error| io("an unfinished database", &error))?;
        }
    }
    files::create_private(&making).map_err(|error| io("a new database", &error))?;
    let conn = connect(&making, key, Mode::Write)?;
    prepare_for_writing(&conn)?;
    migrate(&conn, 0, schema.steps)?;
    let conn = fill(conn)?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(meaning)?;
    conn.close().map_err(|(_, error)| meaning(error))?;
    files::rename_new(&making, &ready).map_err(|error| io("a new database", &error))
}

/// Puts a prepared database in its place, if there is one and the place is empty.
pub fn finish_new(path: &Path) -> Result<(), StoreError> {
    let ready = beside(path, ".new");
    if !files::exists(path) && files::exists(&ready) {
        files::rename_new(&ready, path).map_err(|error| io("a new database", &error))?;
    }
    Ok(())
}

/// Refuses what is not a whole Starling database of a known format, leaving it as it is. Returns its format.
pub fn check(schema: &Schema, path: &Path, key: &[u8; 32]) -> Result<u32, StoreError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(nonsense(&format!("the file {} is missing", schema.file)));
        }
        Err(error) => return Err(io("the database", &error)),
        Ok(meta) if !meta.is_file() => return Err(nonsense("it is not a file")),
        Ok(meta) if meta.len() == 0 => return Err(nonsense("the file is empty")),
        Ok(meta) if meta.len() < PAGE_BYTES => return Err(nonsense("the file is cut short")),
        Ok(_) => {}
    }
    let was_there = companions(path).map(|file| (files::exists(&file), file));
    let outcome = check_content(schema, path, key);
    if outcome.is_err() {
        // Looking made these; they hold nothing.
        for (_, file) in was_there.iter().filter(|(there, _)| !there) {
            let _ = files::remove_if_there(file);
        }
    }
    outcome
}

fn check_content(schema: &Schema, path: &Path, key: &[u8; 32]) -> Result<u32, StoreError> {
    let look = |error: rusqlite::Error| match meaning(error) {
        // The key file has vouched for the key, so what it does not open is damaged.
        StoreError::Io { what } => StoreError::Damaged { what },
        other => other,
    };
    let conn = connect(path, key, Mode::Read)?;
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(look);
    let tables = number("SELECT count(*) FROM sqlite_master")?;
    if tables == 0 || number("PRAGMA application_id")? != i64::from(schema.application) {
        return Err(nonsense("it is not a Starling database"));
    }
    let found =
        u32::try_from(number("PRAGMA user_version")?).map_err(|_| nonsense("its format makes no sense"))?;
    if found > schema.known_format() {
        return Err(StoreError::Newer { found, known: schema.known_format() });
    }
    if found == 0 {
        return Err(nonsense("its format makes no sense"));
    }
    // The engine cannot start without every one of its records, nor a mailbox without its sums.
    let quick = format!("PRAGMA quick_check('{}')", schema.vital);
    let words: String = conn.query_row(&quick, [], |row| row.get(0)).map_err(look)?;
    if words != "ok" {
        return Err(nonsense("its records cannot be read"));
    }
    Ok(found)
}

/// Brings a database of format `from` up to the newest. Each step is one transaction.
pub fn migrate(conn: &Connection, from: u32, steps: &[&str]) -> Result<(), StoreError> {
    for (number, sql) in (1_u32..).zip(steps).skip_while(|(number, _)| *number <= from) {
        let step = format!("BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {number}; COMMIT;");
        if let Err(error) = conn.execute_batch(&step) {
            if !conn.is_autocommit() {
                let _ = conn.execute_batch("ROLLBACK");
            }
            return Err(meaning(error));
        }
    }
    Ok(())
}

/// Opens what [`check`] let through, for writing.
pub fn open_checked(
    schema: &Schema,
    path: &Path,
    key: &[u8; 32],
    format: u32,
) -> Result<Connection, StoreError> {
    for file in [path.to_owned()].iter().chain(&companions(path)) {
        files::tighten(file).map_err(|error| io("the database", &error))?;
    }
    let conn = connect(path, key, Mode::Write)?;
    prepare_for_writing(&conn)?;
    migrate(&conn, format, schema.steps)?;
    Ok(conn)
}
