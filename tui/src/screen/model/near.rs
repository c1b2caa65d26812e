//! People near one on the local network, and three words that two people compare.

use starling_node::api::types::{Near, Request};

/// Milliseconds between two looks while the page is open. The node takes a page for closed that was not looked at for a
/// minute.
pub const LOOK_MS: u64 = 3_000;
/// Milliseconds somebody who was picked is waited for, to compare words once they accepted.
pub const PICKED_MS: u64 = 10 * 60_000;
/// Milliseconds in which a key does nothing after words or somebody who asks came by themselves: it was meant for what was
/// there before.
pub const SETTLE_MS: u64 = 1_000;
/// People listed, at most: as many as a node has neighbours.
pub const LISTED: usize = 64;

/// The page.
#[derive(Debug, Clone, Default)]
pub struct NearBox {
    /// Who is near, longest here first; none until it is read.
    pub list: Option<Vec<Near>>,
    /// The chosen one.
    pub at: usize,
    /// Since when it is open, on the monotonic clock.
    pub since_ms: u64,
    /// When it is looked again, on the monotonic clock.
    pub look_ms: u64,
    /// Why nobody is shown, in words.
    pub trouble: Option<String>,
    /// Who asked while it was open and is not answered.
    pub asks: Option<Request>,
    /// From when on keys answer them, on the monotonic clock.
    pub asks_from_ms: u64,
}

/// Three words to compare.
#[derive(Debug, Clone)]
pub struct Compared {
    /// With whom.
    pub account: String,
    /// The words.
    pub words: Vec<String>,
    /// From when on keys count, on the monotonic clock.
    pub from_ms: u64,
    /// Whether theirs were others.
    pub differs: bool,
}

/// What goes on beside the page.
#[derive(Debug, Clone, Default)]
pub struct Meeting {
    /// Whether the node shows us to others.
    pub shown: bool,
    /// Who was picked and until when they are waited for, on the monotonic clock.
    pub picked: Option<(String, u64)>,
    /// With whom one asked to compare.
    pub asked: Option<String>,
}
