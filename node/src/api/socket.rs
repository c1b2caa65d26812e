//! The control socket as the platform has it: made 0600 from birth, used only by the same user. Unix; another
//! platform's pipe goes behind the same three functions.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use tokio::net::{UnixListener, UnixStream};

/// Connections waiting to be taken. More only hides that the node is busy.
const BACKLOG: i32 = 128;

/// Listens on `path`, which must lie in a folder of this user alone. A socket that was left behind is removed: the
/// caller holds the profile's lock, so nobody serves it. Anything else at `path` is refused.
///
/// # Errors
/// When something other than a socket is there, and the system's.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path)?,
        Ok(_) => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "something that is not a socket stands in the place of the control socket",
            ));
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
        Err(fault) => return Err(fault),
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // On Linux the file that bind makes has the mode of the socket: it is 0600 before anybody can see it. Where the
    // call is refused, the folder's 0700 protects it until set_permissions below.
    let _ = rustix::fs::fchmod(&socket, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR);
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    rustix::net::listen(&socket, BACKLOG)?;
    UnixListener::from_std(std::os::unix::net::UnixListener::from(socket))
}

/// Whether the other side is a process of this user.
pub fn is_own(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own)
}

/// Connects to a node.
///
/// # Errors
/// The system's; `NotFound` and `ConnectionRefused` mean that no node runs.
pub async fn connect(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path).await
}

/// Removes the socket when the node ends. A second node cannot have made it: the profile's lock is held.
pub fn remove(path: &Path) {
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        let _ = std::fs::remove_file(path);
    }
}
