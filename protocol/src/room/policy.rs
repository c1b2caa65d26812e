//! Which messages from before their time newcomers may be given (docs/spec/09-rooms.md, "Operations").

use serde::{Deserialize, Serialize};

/// Which messages from before their time newcomers may be given. Its text form is the one that travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Policy {
    /// None: what is said after the Add.
    None,
    /// The last so many messages before the Add.
    Last(u32),
    /// Messages of so many days before the Add.
    Days(u32),
    /// All there are.
    All,
}

impl std::fmt::Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Last(count) => write!(f, "last {count}"),
            Self::Days(days) => write!(f, "days {days}"),
            Self::All => f.write_str("all"),
        }
    }
}

/// A text that is no history policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a history policy: none, last N, days N or all")]
pub struct PolicyError;

impl std::str::FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let policy = match text.split_once(' ') {
            None if text == "none" => Self::None,
            None if text == "all" => Self::All,
            Some(("last", count)) => Self::Last(count.parse().map_err(|_| PolicyError)?),
            Some(("days", days)) => Self::Days(days.parse().map_err(|_| PolicyError)?),
            _ => return Err(PolicyError),
        };
        // One policy has one text: no leading zeros or signs.
        if policy.to_string() == text { Ok(policy) } else { Err(PolicyError) }
    }
}

impl From<Policy> for String {
    fn from(policy: Policy) -> Self {
        policy.to_string()
    }
}

impl TryFrom<String> for Policy {
    type Error = PolicyError;

    fn try_from(text: String) -> Result<Self, PolicyError> {
        text.parse()
    }
}
