//! The control API: plain data ([`types`]), a server on the profile's socket, and the client the screen and the
//! command line use. docs/user/api.md lists the methods.

pub mod types;
