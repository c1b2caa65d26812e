//! Files that are nobody else's business: 0600 from birth whatever the umask, replaced whole or not at all, on the
//! disk before anybody is told.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Makes a new, empty file that only its owner may read.
///
/// # Errors
/// Of the file system; `AlreadyExists` also for a dangling symlink.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// Takes every right from everybody but the owner. A file that is not there is fine.
///
/// # Errors
/// Of the file system.
pub fn tighten(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_file() && meta.permissions().mode() & 0o077 != 0 => {
                fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whether there is anything by this name, be it a dangling symlink.
pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Removes a file that may not be there.
///
/// # Errors
/// Of the file system, except that it is not there.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The whole of a small file; `FileTooLarge` over `limit_bytes`.
///
/// # Errors
/// Of the file system.
pub fn read_small(path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large"));
    }
    Ok(bytes)
}

/// Moves a file to a name that nothing has yet, and makes that durable.
///
/// # Errors
/// `AlreadyExists`, and of the file system.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists || exists(to) => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of that name already"));
        }
        // File systems without hard links: the profile's lock keeps other writers away.
        Err(_) => fs::rename(from, to)?,
    }
    sync_folder(to)
}

/// Writes a file of a new name, whole and durable or not at all.
///
/// # Errors
/// `AlreadyExists`, and of the file system.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = write_beside(path, bytes)?;
    rename_new(&new, path).inspect_err(|_| drop(fs::remove_file(&new)))
}

/// Writes a file whole and durable or not at all; what was there before is replaced.
///
/// # Errors
/// Of the file system.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = write_beside(path, bytes)?;
    fs::rename(&new, path).inspect_err(|_| drop(fs::remove_file(&new)))?;
    sync_folder(path)
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    remove_if_there(&new)?;
    let mut file = create_private(&new)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).inspect_err(|_| drop(fs::remove_file(&new)))?;
    Ok(new)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
