//! A Starling node: it does what the protocol decides. `net` is the only place that knows libp2p, `store` the only
//! one that knows SQL, `driver` commits before it acts, `api` is what front ends talk to.

pub mod api;
pub mod config;
pub mod driver;
pub mod keys;
pub mod logs;
pub mod mail;
pub mod net;
pub mod network;
pub mod node;
pub mod profile;
pub mod reload;
pub mod store;
#[cfg_attr(not(feature = "web"), path = "web/absent.rs")]
pub mod web;

pub use net::Serve;
pub use node::{InitError, InitOutcome, RunningNode, StartError, StartOptions, init, restore, start, words};
