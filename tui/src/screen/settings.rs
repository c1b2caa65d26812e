//! What a person may set of the screen: the table `[screen]` of `DIR/config.toml`. It stands beside the node's settings
//! in one file; the node keeps it and does not read it. Plain data: `bridge` and the command line read and write the
//! file, `update` decides what a change means.

pub mod load;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use starling_node::config::{self, ConfigError, Layers};
use std::path::Path;

/// Characters of a theme's name; it becomes a file's name.
const THEME_CHARS: usize = 64;
/// Characters of the editor's command line.
const EDITOR_CHARS: usize = 1_024;
/// Columns the list of chats may be given; wider leaves no text.
pub const LIST_MOST: u16 = 60;
/// Columns the list of chats needs.
pub const LIST_LEAST: u16 = 8;

/// Which marks are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarksOf {
    /// As the terminal and the locale can.
    #[default]
    Auto,
    /// The drawn ones.
    Unicode,
    /// Plain characters.
    Ascii,
}

/// Which keys there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Those of the help.
    #[default]
    Default,
    /// Those of Emacs.
    Emacs,
    /// Those of vim; the editor has modes.
    Vim,
}

/// How much a notice outside the terminal says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Who and what.
    Text,
    /// Who.
    #[default]
    Name,
    /// That something came.
    Something,
    /// Nothing.
    Off,
}

/// What of open channels is worth a notice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotifyOpen {
    /// Only what calls the person by name.
    #[default]
    Calls,
    /// As in all chats.
    All,
    /// Nothing.
    Off,
}

/// How text is copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clipboard {
    /// By whichever way fits where one is.
    #[default]
    Auto,
    /// By the terminal (OSC 52).
    Terminal,
    /// By the desktop.
    Desktop,
    /// Not at all.
    Off,
}

/// How emoji are told in line mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Emoji {
    /// As they are.
    #[default]
    Pictures,
    /// By their names.
    Names,
}

/// When line mode tells what comes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Announce {
    /// At once.
    #[default]
    Now,
    /// After the next Enter.
    Hold,
    /// Not by itself.
    Off,
}

/// Which receipts line mode tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spoken {
    /// Those of the newest message.
    #[default]
    Newest,
    /// All.
    All,
}

/// The settings of the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// `auto`, `light`, `dark`, `mono`, or the name of a file in `DIR/themes`.
    #[serde(deserialize_with = "theme")]
    pub theme: String,
    /// Which marks are drawn.
    pub marks: MarksOf,
    /// Whether clicks and the wheel are ours.
    pub mouse: bool,
    /// Whether the key line stands at the bottom.
    pub hints: bool,
    /// A blank line between messages.
    pub big: bool,
    /// Which keys there are.
    pub preset: Preset,
    /// How much a notice says, where a chat says nothing else.
    pub notify: Notify,
    /// What of open channels is worth a notice.
    pub notify_open: NotifyOpen,
    /// When there are no notices: `22:00-07:00`, or empty.
    #[serde(deserialize_with = "quiet")]
    pub quiet: String,
    /// Whether the terminal's title says how much is new.
    pub title: bool,
    /// Whether the terminal's bell may ring.
    pub bell: bool,
    /// How text is copied.
    pub clipboard: Clipboard,
    /// Whether bold, code and the like are drawn as such.
    pub markdown: bool,
    /// How emoji are told in line mode.
    pub emoji: Emoji,
    /// When line mode tells what comes in.
    pub announce: Announce,
    /// Whether `starling` opens line mode.
    pub plain: bool,
    /// Minutes without a key until the screen locks; 0: never.
    pub lock_after_min: u32,
    /// Whether a locked screen says how much is new.
    pub lock_counts: bool,
    /// Which receipts line mode tells.
    pub receipts_spoken: Spoken,
    /// The editor for long texts; empty: that of the environment.
    #[serde(deserialize_with = "editor")]
    pub editor: String,
    /// Columns of the list of chats; 0: as the window is wide.
    #[serde(deserialize_with = "list_width")]
    pub list_width: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: "auto".to_owned(),
            marks: MarksOf::Auto,
            mouse: true,
            hints: true,
            big: false,
            preset: Preset::Default,
            notify: Notify::Name,
            notify_open: NotifyOpen::Calls,
            quiet: String::new(),
            title: true,
            bell: true,
            clipboard: Clipboard::Auto,
            markdown: true,
            emoji: Emoji::Pictures,
            announce: Announce::Now,
            plain: false,
            lock_after_min: 0,
            lock_counts: true,
            receipts_spoken: Spoken::Newest,
            editor: String::new(),
            list_width: 0,
        }
    }
}

/// A setting and what it takes, in words.
pub const KEYS: &[(&str, &str)] = &[
    ("theme", "auto, light, dark, mono, or the name of a file in the folder themes"),
    ("marks", "auto, unicode or ascii"),
    ("mouse", "true or false"),
    ("hints", "true or false"),
    ("big", "true or false"),
    ("preset", "default, emacs or vim"),
    ("notify", "text, name, something or off"),
    ("notify_open", "calls, all or off"),
    ("quiet", "two times of day, as 22:00-07:00, or nothing"),
    ("title", "true or false"),
    ("bell", "true or false"),
    ("clipboard", "auto, terminal, desktop or off"),
    ("markdown", "true or false"),
    ("emoji", "pictures or names"),
    ("announce", "now, hold or off"),
    ("plain", "true or false"),
    ("lock_after_min", "a number of minutes; 0 is never"),
    ("lock_counts", "true or false"),
    ("receipts_spoken", "newest or all"),
    ("editor", "a command, or nothing for $VISUAL or $EDITOR"),
    ("list_width", "0, or a number of columns from 8 to 60"),
];

/// The file as the screen sees it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Whole {
    screen: Settings,
}

/// Why a setting cannot be as somebody wants it.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// There is no such setting.
    #[error("There is no setting \"{key}\"")]
    NoSuchKey {
        /// What was asked for.
        key: String,
    },
    /// Not a value of this setting.
    #[error("{key} must be {takes}")]
    BadValue {
        /// Which setting.
        key: &'static str,
        /// What it takes.
        takes: &'static str,
    },
    /// The file.
    #[error(transparent)]
    File(#[from] ConfigError),
}

impl Settings {
    /// What holds for a profile: variables, its file, the machine's file, the standard.
    ///
    /// # Errors
    /// See [`SettingError`]; a mistake in a file names line and column.
    pub fn read(path: &Path) -> Result<Self, SettingError> {
        Self::of(&Layers::read(path)?)
    }

    /// What the layers say together.
    ///
    /// # Errors
    /// See [`SettingError`].
    pub fn of(layers: &Layers) -> Result<Self, SettingError> {
        let mut settings = layers.parse::<Whole>()?.screen;
        for (key, _) in KEYS {
            if let Some(text) = layers.variable(&format!("screen.{key}")) {
                settings.set(key, &text)?;
            }
        }
        Ok(settings)
    }

    /// A setting as text.
    ///
    /// # Errors
    /// [`SettingError::NoSuchKey`].
    pub fn get(&self, key: &str) -> Result<String, SettingError> {
        let (key, _) = known(key)?;
        Ok(match self.json().get(key) {
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        })
    }

    /// Changes a setting by text; `on` and `off` are as good as true and false.
    ///
    /// # Errors
    /// [`SettingError::NoSuchKey`] and `BadValue`; nothing is changed then.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), SettingError> {
        let (key, takes) = known(key)?;
        let bad = || SettingError::BadValue { key, takes };
        let mut all = self.json();
        let value = match (all.get(key), text.trim()) {
            (Some(Json::Bool(_)), "true" | "on") => Json::Bool(true),
            (Some(Json::Bool(_)), "false" | "off") => Json::Bool(false),
            (Some(Json::Number(_)), number) => number.parse::<u32>().map_err(|_| bad())?.into(),
            (Some(Json::String(_)), text) => text.into(),
            _ => return Err(bad()),
        };
        if let Json::Object(fields) = &mut all {
            fields.insert(key.to_owned(), value);
        }
        *self = serde_json::from_value(all).map_err(|_| bad())?;
        Ok(())
    }

    /// Changes a setting in a profile's file.
    ///
    /// # Errors
    /// See [`SettingError`]; a file that does not make sense is not touched.
    pub fn write(path: &Path, key: &str, text: &str) -> Result<(), SettingError> {
        Layers::read(path)?.parse::<Whole>()?;
        let mut new = Self::default();
        new.set(key, text)?;
        let value = match new.json().get(key) {
            Some(Json::Bool(on)) => config::Value::from(*on),
            Some(Json::Number(number)) => config::Value::from(number.as_i64().unwrap_or(0)),
            Some(Json::String(text)) => config::Value::from(text.as_str()),
            _ => return Err(SettingError::NoSuchKey { key: key.to_owned() }),
        };
        Ok(config::write(path, &format!("screen.{key}"), value)?)
    }

    /// All settings by name. A struct of plain fields is always an object.
    fn json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn known(key: &str) -> Result<(&'static str, &'static str), SettingError> {
    let found = KEYS.iter().find(|(known, _)| *known == key).copied();
    found.ok_or_else(|| SettingError::NoSuchKey { key: key.chars().take(64).collect() })
}

/// A text that fits, or words that say what would.
fn text<'de, D: Deserializer<'de>>(
    from: D,
    key: &'static str,
    fits: fn(&str) -> bool,
) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let takes = KEYS.iter().find(|(known, _)| *known == key).map_or("", |(_, takes)| *takes);
    if fits(&text) { Ok(text) } else { Err(serde::de::Error::custom(format!("{key} must be {takes}"))) }
}

fn theme<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, "theme", is_theme)
}

/// Whether a text may be a theme's name: nothing that leads out of the folder.
pub fn is_theme(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= THEME_CHARS && name.chars().all(fits)
}

fn quiet<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, "quiet", |text| text.is_empty() || quiet_hours(text).is_some())
}

fn editor<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, "editor", |text| text.chars().count() <= EDITOR_CHARS && !text.chars().any(char::is_control))
}

fn list_width<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    let columns = u16::deserialize(from)?;
    if columns == 0 || (LIST_LEAST..=LIST_MOST).contains(&columns) {
        Ok(columns)
    } else {
        Err(serde::de::Error::custom("list_width must be 0, or a number of columns from 8 to 60"))
    }
}

/// Two times of day in minutes after midnight, from `22:00-07:00`. The first is inside, the second not; the second may
/// lie on the next day.
pub fn quiet_hours(text: &str) -> Option<(u16, u16)> {
    let minutes = |part: &str| {
        let (hours, minutes) = part.trim().split_once(':')?;
        let digits = |part: &str| part.len() <= 2 && part.chars().all(|c| c.is_ascii_digit());
        if !digits(hours) || !digits(minutes) {
            return None;
        }
        let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    let (from, until) = text.split_once('-')?;
    Some((minutes(from)?, minutes(until)?))
}
