//! The key file `DIR/keys`: the master key of the database and the account's seed, wrapped.
//!
//! With a passphrase both are wrapped under a key that Argon2id makes of it. Without one the wrapping key stands in
//! the file itself: whoever can read the file has everything, and the only guard is the file's owner and mode.
//!
//! ```text
//! "starling keys\n" || version u8 || body || BLAKE3 of all before (32 bytes)
//! ```
//!
//! The checksum stands at the end in every version, so that damage and a wrong passphrase can be told apart and a
//! newer file is not taken for a damaged one. A file that exists is never overwritten here.

mod wrap;

#[cfg(test)]
mod tests;

use crate::profile::files;
use serde::{Deserialize, Serialize};
use starling_protocol::{kdf, wire};
use std::io;
use std::path::Path;
use wrap::{Argon, Wrapped};
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"starling keys\n";
const VERSION: u8 = 1;
/// Bytes of the checksum.
const SUM: usize = 32;
/// Bytes a key file may have; a real one has about 300.
const FILE_BYTES: u64 = 64 * 1024;

/// What opens the file.
pub enum Lock<'a> {
    /// A passphrase, as typed.
    Passphrase(&'a [u8]),
    /// Nothing: the file opens itself.
    None,
}

/// Why keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no key file.
    #[error("there is no key file")]
    Missing,
    /// There is one already; it is left alone.
    #[error("there is a key file already")]
    Exists,
    /// The file needs a passphrase and none was given.
    #[error("the profile is locked by a passphrase")]
    Locked,
    /// The passphrase does not open it. Nothing was changed.
    #[error("the passphrase is wrong")]
    Wrong,
    /// The file is not a key file, or damaged. Nothing was changed.
    #[error("the key file is damaged: {what}")]
    Damaged {
        /// In words.
        what: &'static str,
    },
    /// Written by a newer Starling. Nothing was changed.
    #[error("the key file has format {found}, this Starling knows up to {known}")]
    Newer {
        /// The format found.
        found: u8,
        /// The newest known.
        known: u8,
    },
    /// The system gave no memory for opening it.
    #[error("there is not enough memory to open the key file")]
    Memory,
    /// Reading or writing failed.
    #[error("the key file: {0}")]
    Io(#[from] io::Error),
}

/// How the wrapping key is had. Frozen: it is in files.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum LockPart {
    Open { key: [u8; 32] },
    Passphrase { argon: Argon },
}

/// All of a key file but magic, version and checksum. Frozen: it is in files.
#[derive(Clone, Serialize, Deserialize)]
struct Body {
    lock: LockPart,
    master: Wrapped,
    seed: Wrapped,
    ext: wire::Ext,
}

/// The opened keys.
pub struct Keys {
    /// What everything on this disk is encrypted under.
    pub master: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// The raw key of the database.
    pub fn database(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(kdf::derive("db", &[self.master.as_slice()]))
    }

    /// The raw key of the database of the mailbox this node keeps for others.
    pub fn mail_database(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(kdf::derive("mail db", &[self.database().as_slice()]))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// A key file that was read and is whole.
pub struct KeyFile {
    body: Body,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile").field("locked", &self.is_locked()).finish_non_exhaustive()
    }
}

impl KeyFile {
    /// Writes a new key file: whole and durable, or not at all. A passphrase takes about a tenth of a second and
    /// 64 MiB.
    ///
    /// # Errors
    /// [`KeyError::Exists`], `Memory` and `Io`.
    pub fn create(path: &Path, lock: &Lock<'_>, master: &[u8; 32], seed: &[u8; 32]) -> Result<(), KeyError> {
        Self::create_with(path, lock, master, seed, Argon::COST)
    }

    fn create_with(
        path: &Path,
        lock: &Lock<'_>,
        master: &[u8; 32],
        seed: &[u8; 32],
        cost: (u32, u32, u32),
    ) -> Result<(), KeyError> {
        if files::exists(path) {
            return Err(KeyError::Exists);
        }
        let part = match lock {
            Lock::None => LockPart::Open { key: *wrap::random::<32>()? },
            Lock::Passphrase(_) => LockPart::Passphrase { argon: Argon::new(cost)? },
        };
        let key = wrapping_key(
            &part,
            match lock {
                Lock::Passphrase(passphrase) => Some(passphrase),
                Lock::None => None,
            },
        )?;
        let about = context(&part)?;
        let body = Body {
            master: Wrapped::seal(&key, "master", &about, master)?,
            seed: Wrapped::seal(&key, "seed", &about, seed)?,
            lock: part,
            ext: Vec::new(),
        };
        let mut bytes = Zeroizing::new([MAGIC, &[VERSION]].concat());
        bytes.extend_from_slice(&encode(&body)?);
        let sum = kdf::hash(&bytes);
        bytes.extend_from_slice(&sum);
        files::write_new(path, &bytes).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists,
            _ => KeyError::Io(error),
        })
    }

    /// Reads a key file and checks that it is whole. Opens nothing yet.
    ///
    /// # Errors
    /// [`KeyError::Missing`], `Damaged`, `Newer` and `Io`.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let bytes =
            Zeroizing::new(files::read_small(path, FILE_BYTES).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => KeyError::Missing,
                io::ErrorKind::FileTooLarge => KeyError::Damaged { what: "it is too large" },
                io::ErrorKind::IsADirectory => KeyError::Damaged { what: "it is not a file" },
                _ => KeyError::Io(error),
            })?);
        let damaged = |what| KeyError::Damaged { what };
        let (content, sum) = bytes
            .len()
            .checked_sub(SUM)
            .and_then(|at| bytes.split_at_checked(at))
            .ok_or_else(|| damaged("it is cut short"))?;
        let rest = content.strip_prefix(MAGIC).ok_or_else(|| damaged("it is not a key file"))?;
        if kdf::hash(content) != sum {
            return Err(damaged("its checksum does not fit"));
        }
        let (version, rest) = rest.split_first().ok_or_else(|| damaged("it is cut short"))?;
        if *version > VERSION {
            return Err(KeyError::Newer { found: *version, known: VERSION });
        }
        let body: Body = wire::decode(rest).map_err(|_| damaged("it makes no sense"))?;
        if *version != VERSION || !wire::ext_understood(&body.ext) {
            return Err(damaged("it makes no sense"));
        }
        if let LockPart::Passphrase { argon } = &body.lock
            && !argon.is_sane()
        {
            return Err(damaged("it asks for too much memory or time"));
        }
        Ok(Self { body })
    }

    /// Whether it needs a passphrase.
    pub fn is_locked(&self) -> bool {
        matches!(self.body.lock, LockPart::Passphrase { .. })
    }

    /// The keys for everyday use. The seed stays wrapped. A passphrase for a file without lock is ignored.
    ///
    /// # Errors
    /// [`KeyError::Locked`], `Wrong`, `Damaged` and `Memory`.
    pub fn open(&self, passphrase: Option<&[u8]>) -> Result<Keys, KeyError> {
        Ok(Keys { master: self.unwrap("master", &self.body.master, passphrase)? })
    }

    /// The account's seed: asked for only to show the 24 words or to sign a manifest.
    ///
    /// # Errors
    /// As for [`KeyFile::open`].
    pub fn seed(&self, passphrase: Option<&[u8]>) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        self.unwrap("seed", &self.body.seed, passphrase)
    }

    fn unwrap(
        &self,
        what: &str,
        wrapped: &Wrapped,
        passphrase: Option<&[u8]>,
    ) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let key = wrapping_key(&self.body.lock, passphrase)?;
        wrapped.open(&key, what, &context(&self.body.lock)?).ok_or(if self.is_locked() {
            KeyError::Wrong
        } else {
            KeyError::Damaged { what: "its own key does not open it" }
        })
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    wire::encode(value).map(Zeroizing::new).map_err(|_| KeyError::Damaged { what: "it cannot be written" })
}

fn wrapping_key(lock: &LockPart, passphrase: Option<&[u8]>) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    match lock {
        LockPart::Open { key } => Ok(Zeroizing::new(*key)),
        LockPart::Passphrase { argon } => argon.stretch(passphrase.ok_or(KeyError::Locked)?),
    }
}

/// What both wraps are bound to, so that nothing of one file fits into another.
fn context(lock: &LockPart) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut about = Zeroizing::new([MAGIC, &[VERSION]].concat());
    about.extend_from_slice(&encode(lock)?);
    Ok(about)
}
