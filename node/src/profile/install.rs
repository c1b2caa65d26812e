//! Making a profile's account files, in steps of which each may be the last:
//!
//! ```text
//! database prepared beside its place -> key file (from here on the profile exists) -> database in its place
//! ```
//!
//! Cut off before the key file there is nothing, and the next attempt begins anew; cut off after it, the next start
//! puts the database in its place. Nothing that exists is ever replaced.

use super::Profile;
use crate::keys::{KeyError, KeyFile, Keys, Lock};
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;
use starling_protocol::engine::Change;
use starling_protocol::time::WallMs;
use zeroize::Zeroizing;

/// Why an account could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// See [`KeyError`].
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Profile {
    /// Makes key file and database for an account, with a new master key; `first` is the database's first content.
    /// The folder must exist and be locked by the caller. Afterwards both are opened as at any other start.
    ///
    /// # Errors
    /// [`KeyError::Exists`] and [`StoreError::Damaged`] if there is anything already; nothing of it is touched.
    pub fn install(
        &self,
        lock: &Lock<'_>,
        seed: &[u8; 32],
        first: &[Change],
        at: WallMs,
    ) -> Result<Keys, InstallError> {
        if self.exists() {
            return Err(KeyError::Exists.into());
        }
        let mut master = Zeroizing::new([0; 32]);
        getrandom::fill(master.as_mut_slice())
            .map_err(|error| KeyError::Io(std::io::Error::other(error.to_string())))?;
        let keys = Keys { master };
        SqliteStore::prepare(&self.database(), &keys.database(), first, at)?;
        KeyFile::create(&self.keys(), lock, &keys.master, seed)?;
        drop(SqliteStore::open(&self.database(), &keys.database())?);
        Ok(keys)
    }
}
