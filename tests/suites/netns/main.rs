//! Real nodes in network namespaces: local networks, routers, relays, cables that are pulled. Needs root, `ip` and
//! `nft`; without them every test prints one line that says so and passes. Every wait has a condition and a
//! deadline; at the end of every test each message was shown once and in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stderr)]

mod dht;
mod lan;
mod moves;
mod near;
mod open;
mod rooms;
mod routers;

use std::time::Duration;

/// For what must simply work, with no aim of its own.
const PATIENCE: Duration = Duration::from_secs(30);
