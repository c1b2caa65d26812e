//! Settings, keys and themes: what is read, and what is wished.

use crate::screen::settings::load::Loaded;

/// What was read of the profile's files.
#[derive(Debug)]
pub struct SettingNews {
    /// What they say.
    pub loaded: Box<Loaded>,
    /// What is said if there is no mistake in them.
    pub say: Option<String>,
}

/// Something about the profile's files.
#[derive(Debug, Clone)]
pub enum SettingWish {
    /// Read them if one of them has another time than before.
    Look,
    /// Have the node read its part again, and read them.
    Reload,
    /// Write a setting, then read them; the node too if it is one of its own.
    Set {
        /// Which: `screen.theme`, `lan`.
        key: String,
        /// The value as text.
        text: String,
        /// What is said then; the new value without it.
        say: Option<String>,
    },
}
