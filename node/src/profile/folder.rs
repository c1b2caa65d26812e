//! Folders that are nobody else's business.

use super::ProfileError;
use std::fs;
use std::io;
use std::path::Path;

/// Makes a folder and those above it that are missing, each 0700 whatever the umask.
pub fn make(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(above) = dir.parent().filter(|above| !above.as_os_str().is_empty()) {
        make(above)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => return Ok(()),
        outcome => outcome?,
    }
    #[cfg(unix)]
    fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Makes sure that a folder is one, is ours, and open to nobody else.
pub fn secure(dir: &Path) -> Result<(), ProfileError> {
    let meta = fs::symlink_metadata(dir).map_err(ProfileError::io(dir))?;
    if !meta.is_dir() {
        return Err(ProfileError::NotAFolder { path: dir.to_owned() });
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(ProfileError::NotYours { path: dir.to_owned() });
        }
        if meta.permissions().mode() & 0o777 != 0o700 {
            // Never close a folder that is something else: somebody may have named /tmp or their home.
            if !is_ours_or_empty(dir).map_err(ProfileError::io(dir))? {
                return Err(ProfileError::Open { path: dir.to_owned() });
            }
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(ProfileError::io(dir))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_ours_or_empty(dir: &Path) -> io::Result<bool> {
    let ours = ["keys", "lock", "store.db"].iter().any(|name| super::files::exists(&dir.join(name)));
    Ok(ours || fs::read_dir(dir)?.next().is_none())
}
