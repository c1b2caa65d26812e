//! What SQLite's failures mean to us. Never carries a value, a text or a key: only codes and SQLite's own words.

use crate::store::StoreError;
use rusqlite::{Error, ErrorCode, ffi};

/// The meaning of a failure.
pub fn meaning(error: Error) -> StoreError {
    match error {
        Error::SqliteFailure(failure, words) => of_code(failure, words),
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreError::Damaged { what: "a value in it makes no sense".to_owned() },
        other => StoreError::Io { what: other.to_string() },
    }
}

fn of_code(failure: ffi::Error, words: Option<String>) -> StoreError {
    let what = words.unwrap_or_else(|| failure.to_string());
    match failure.code {
        ErrorCode::DiskFull => StoreError::Full,
        // The index of the journal could not be made longer: in practice, the disk is full.
        _ if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => StoreError::Full,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Damaged { what },
        _ => StoreError::Io { what },
    }
}

/// Whether the system said that what it had taken is not on the disk. After that a second try may claim success
/// for pages the system has dropped, so nothing more may be written before the file is opened anew.
pub fn is_lost_sync(error: &Error) -> bool {
    matches!(error, Error::SqliteFailure(failure, _)
        if [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC].contains(&failure.extended_code))
}

/// A value that is in the database but cannot be.
pub fn nonsense(what: &str) -> StoreError {
    StoreError::Damaged { what: what.to_owned() }
}
