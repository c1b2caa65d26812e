//! A profile: one folder, 0700, that holds everything of one device of one account. One process at a time runs it.

pub mod files;
mod folder;
mod install;
mod lock;
mod socket;

#[cfg(test)]
mod tests;

pub use install::InstallError;
pub use lock::ProfileLock;

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The variable that names the folder when no flag does.
pub const DIR_VARIABLE: &str = "STARLING_DIR";
/// The profile that is used when none is named.
const DEFAULT_NAME: &str = "default";
/// Characters of a profile's name.
const NAME_CHARS: usize = 64;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The system does not say where data of programs belongs.
    #[error("the system names no home folder; give one with --dir")]
    NoHome,
    /// Not a name for a profile.
    #[error("a profile's name has 1 to 64 letters, digits, '-', '_' or '.', and does not begin with '.'")]
    BadName,
    /// There is something else in the place of the folder.
    #[error("{} is not a folder", .path.display())]
    NotAFolder {
        /// Where.
        path: PathBuf,
    },
    /// The folder belongs to somebody else.
    #[error("{} belongs to another user of this computer", .path.display())]
    NotYours {
        /// Where.
        path: PathBuf,
    },
    /// The folder is open to others and holds other things, so it is not ours to close.
    #[error("{} is open to other users of this computer; give a folder of its own, or close it with chmod 700",
        .path.display())]
    Open {
        /// Where.
        path: PathBuf,
    },
    /// Another process runs the profile. Nothing was changed.
    #[error("{}", holder(*.pid))]
    InUse {
        /// Its process id, if it said so.
        pid: Option<u32>,
        /// Since when, if it said so.
        since: Option<SystemTime>,
    },
    /// The file system refused.
    #[error("{}: {error}", .path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

fn holder(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("another Starling (process {pid}) runs this profile"),
        None => "another Starling runs this profile".to_owned(),
    }
}

impl ProfileError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

/// Where a profile is. Only names: nothing need exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    dir: PathBuf,
}

impl Profile {
    /// The profile meant by `--dir` and `--profile`: the folder given, else `STARLING_DIR`, else the platform's
    /// place; `profile` picks the sibling of that name. A folder that exists is followed to where it really is,
    /// must belong to us, and is closed to everybody else if it is a profile (or empty).
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub fn locate(dir: Option<PathBuf>, profile: Option<&str>) -> Result<Self, ProfileError> {
        let from_environment = env::var_os(DIR_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self::locate_in(dir.or(from_environment), profile)
    }

    fn locate_in(dir: Option<PathBuf>, profile: Option<&str>) -> Result<Self, ProfileError> {
        let given = match dir {
            Some(dir) => dir,
            None => directories::ProjectDirs::from("", "", "starling")
                .ok_or(ProfileError::NoHome)?
                .data_dir()
                .join(DEFAULT_NAME),
        };
        let mut dir = std::path::absolute(&given).map_err(ProfileError::io(&given))?;
        if let Some(name) = profile {
            if !is_name(name) {
                return Err(ProfileError::BadName);
            }
            dir.set_file_name(name);
        }
        if files::exists(&dir) {
            dir = dir.canonicalize().map_err(ProfileError::io(&dir))?;
            folder::secure(&dir)?;
        }
        Ok(Self { dir })
    }

    /// Makes the folder (and those it stands in), 0700, if it is not there. From then on the profile's names are
    /// those of where it really is.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub fn make_folder(&mut self) -> Result<(), ProfileError> {
        folder::make(&self.dir).map_err(ProfileError::io(&self.dir))?;
        self.dir = self.dir.canonicalize().map_err(ProfileError::io(&self.dir))?;
        folder::secure(&self.dir)
    }

    /// Whether an account was made here: whether there is a key file, whole or not.
    pub fn exists(&self) -> bool {
        files::exists(&self.keys())
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The profile's name: that of its folder.
    pub fn name(&self) -> String {
        self.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.dir.join("store.db")
    }

    /// What this node's mailbox keeps for others.
    pub fn mail(&self) -> PathBuf {
        self.dir.join("mail.db")
    }

    /// The key file.
    pub fn keys(&self) -> PathBuf {
        self.dir.join("keys")
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    /// The file that says which process runs the profile.
    pub fn lock_file(&self) -> PathBuf {
        self.dir.join("lock")
    }

    /// Takes the profile for this process, until the lock is dropped. The folder must exist.
    ///
    /// # Errors
    /// [`ProfileError::InUse`], and `Io`.
    pub fn lock(&self) -> Result<ProfileLock, ProfileError> {
        lock::take(&self.lock_file())
    }
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= NAME_CHARS && !name.starts_with('.') && name.chars().all(fits)
}
