//! One process at a time runs a profile. The system's lock on `DIR/lock` decides, and ends with the process however
//! that ends; what stands in the file only names the holder. The folder's name is the real one (`Profile::locate`),
//! so a symlink to it meets the same lock.

use super::{ProfileError, files};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes of the lock file that are read: it has about 25.
const FILE_BYTES: u64 = 256;

/// The profile is this process's while this lives.
#[derive(Debug)]
pub struct ProfileLock {
    _file: File,
}

pub(super) fn take(path: &Path) -> Result<ProfileLock, ProfileError> {
    let mut file = open(path).map_err(ProfileError::io(path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(in_use(path)),
        Err(TryLockError::Error(error)) => return Err(ProfileError::io(path)(error)),
    }
    let since_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    // Who holds it is only told, never decided by: a full disk must not keep anybody from their messages.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{} {since_ms}", std::process::id()));
    Ok(ProfileLock { _file: file })
}

fn open(path: &Path) -> io::Result<File> {
    match files::create_private(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        outcome => return outcome,
    }
    if !std::fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    OpenOptions::new().read(true).write(true).open(path)
}

fn in_use(path: &Path) -> ProfileError {
    let bytes = files::read_small(path, FILE_BYTES).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let mut numbers = text.split_ascii_whitespace();
    let pid = numbers.next().and_then(|number| number.parse().ok());
    let since = numbers
        .next()
        .and_then(|number| number.parse().ok())
        .and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms)));
    ProfileError::InUse { pid, since }
}
