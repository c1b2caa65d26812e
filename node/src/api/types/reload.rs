//! What reading the configuration again did.

use super::v;
use serde::{Deserialize, Serialize};

/// `reload`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reload {
    /// Version of the object: [`V`](crate::api::types::V).
    #[serde(default = "v")]
    pub v: u32,
    /// Settings that changed and hold now.
    pub now: Vec<String>,
    /// Settings that changed and hold from the next start on.
    pub later: Vec<String>,
}
