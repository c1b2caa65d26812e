//! The control API: plain data ([`types`]), a server on the profile's socket, and the client the screen and the
//! command line use. docs/user/api.md lists the methods.

pub mod client;
mod feed;
mod hub;
pub mod links;
mod methods;
pub mod names;
pub mod render;
mod rpc;
pub mod server;
mod socket;
mod starting;
pub mod trouble;
pub mod types;
mod waits;
