//! What is asked for about people near one, and what comes back.

use starling_node::api::types::{Near, Trouble};

/// A wish about people near one.
#[derive(Clone, PartialEq, Eq)]
pub enum NearWish {
    /// Show us to them, and read who is there.
    Look,
    /// Show us to nobody any more.
    Close,
    /// Compare three words with somebody who is here.
    Compare {
        /// Whom.
        account: String,
    },
}

/// What came back.
#[derive(Debug)]
pub enum NearNews {
    /// Who is near.
    Seen(Result<Vec<Near>, Trouble>),
    /// Words are being compared, or why not.
    Compared(Result<(), Trouble>),
}
