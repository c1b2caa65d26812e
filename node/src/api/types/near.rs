//! Somebody of the local network who wants to be seen.

use super::v;
use serde::{Deserialize, Serialize};

/// `near`. Nothing in it is proven: asking them finds out who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Near {
    /// Version of the object: [`V`](crate::api::types::V).
    #[serde(default = "v")]
    pub v: u32,
    /// The newest durable cursor when it happened; empty in an answer.
    pub cursor: String,
    /// The account they say is theirs.
    pub account: String,
    /// The name they say is theirs.
    pub name: String,
    /// The link to ask them with (`add`).
    pub link: String,
    /// Whether an accepted contact has that account.
    pub contact: bool,
    /// When they last said so, RFC 3339 UTC with milliseconds.
    pub seen: String,
}
