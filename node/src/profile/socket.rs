//! Where the control socket is. Its place is `DIR/starling.sock`; the system allows only about a hundred bytes for
//! the name of a socket, so for a longer one it stands in a folder of the session and `DIR/starling.sock` is a
//! symlink to it.

use super::{Profile, ProfileError, files, folder};
use starling_protocol::ids::base32;
use starling_protocol::kdf;
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of a socket's name that every system takes (104 with the closing zero is the least).
const NAME_BYTES: usize = 100;

impl Profile {
    /// The name under which the socket is known: `DIR/starling.sock`, be it the socket or a symlink to it.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("starling.sock")
    }

    /// The name to listen on. Makes the folder for it, if that is not the profile's own.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub fn socket_to_bind(&self) -> Result<PathBuf, ProfileError> {
        let own = self.socket();
        if fits(&own) {
            return Ok(own);
        }
        let runtime = directories::BaseDirs::new().and_then(|dirs| dirs.runtime_dir().map(Path::to_owned));
        self.short_socket(runtime)
    }

    pub(super) fn short_socket(&self, runtime: Option<PathBuf>) -> Result<PathBuf, ProfileError> {
        let hash = kdf::derive_short::<10>("socket name", &[self.dir.as_os_str().as_encoded_bytes()]);
        let name = format!("{}.sock", base32().encode(&hash));
        let folders = runtime.map(|dir| dir.join("starling")).into_iter().chain([last_resort()]);
        let path = folders.map(|dir| dir.join(&name)).find(|path| fits(path)).ok_or(ProfileError::NoHome)?;
        let dir = path.parent().unwrap_or(&path);
        folder::make(dir).map_err(ProfileError::io(dir))?;
        // Also refuses a folder or symlink that somebody else put there first.
        folder::secure(dir)?;
        Ok(path)
    }

    /// Leaves the symlink to a socket that is bound elsewhere. Does nothing for one in its own place.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub fn link_socket(&self, bound: &Path) -> Result<(), ProfileError> {
        let own = self.socket();
        if bound == own {
            return Ok(());
        }
        files::remove_if_there(&own).map_err(ProfileError::io(&own))?;
        #[cfg(unix)]
        std::os::unix::fs::symlink(bound, &own).map_err(ProfileError::io(&own))?;
        Ok(())
    }

    /// The name to connect to: where `DIR/starling.sock` leads. It is in our own folder, so nobody else laid it.
    pub fn socket_to_connect(&self) -> PathBuf {
        let own = self.socket();
        fs::read_link(&own).unwrap_or(own)
    }
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= NAME_BYTES
}

/// For systems without a folder for sessions.
fn last_resort() -> PathBuf {
    #[cfg(unix)]
    {
        PathBuf::from(format!("/tmp/starling-{}", rustix::process::geteuid().as_raw()))
    }
    #[cfg(not(unix))]
    {
        std::env::temp_dir().join("starling")
    }
}
