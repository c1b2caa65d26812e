//! What `run` talks to: a node, or the played one of the demo.

use super::Node;
use crate::screen::demo::Player;
use crate::screen::msg::Effect;
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Duration;

/// A node, or what plays one.
pub enum Bridge {
    /// A node.
    Node(Box<Node>),
    /// The demo.
    Demo(Player),
}

impl Bridge {
    /// Does what an effect says; the answer comes as a message.
    pub fn perform(&mut self, effect: Effect) {
        match self {
            Self::Node(node) => node.perform(effect),
            Self::Demo(player) => player.perform(effect),
        }
    }

    /// The time of day there.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Node(_) => Timestamp::now(),
            Self::Demo(player) => player.now(),
        }
    }

    /// A folder of the profile that only its owner may read, for what lasts as long as the process.
    pub fn folder(&self) -> PathBuf {
        match self {
            Self::Node(node) => node.folder(),
            Self::Demo(_) => std::env::temp_dir(),
        }
    }

    /// Whether all that was asked was answered.
    pub fn idle(&mut self) -> bool {
        match self {
            Self::Node(node) => node.idle(),
            Self::Demo(_) => true,
        }
    }

    /// Lets the last calls reach the node, at most `limit`, and ends a node of this process.
    pub async fn finish(self, limit: Duration) {
        match self {
            Self::Node(node) => node.finish(limit).await,
            Self::Demo(player) => player.finish(),
        }
    }
}
