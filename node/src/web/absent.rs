//! What stands for `web` in a build without that feature: it says so.

use crate::driver::handle::NodeHandle;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

/// Never there.
pub struct Web(Infallible);

impl Web {
    /// Refuses.
    ///
    /// # Errors
    /// Always `Unsupported`.
    pub async fn bind(_: SocketAddr) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this Starling was built without it"))
    }

    /// Nowhere.
    pub fn addr(&self) -> SocketAddr {
        match self.0 {}
    }

    /// Nothing.
    pub async fn run(self, _: NodeHandle) {
        match self.0 {}
    }
}
