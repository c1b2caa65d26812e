//! Where settings stand: variables, the profile's file, the machine's file; the first that says something wins. Reading
//! and writing of those files by any shape a program has for them, so that the screen's table lives in the same file
//! without this crate knowing it.

use super::ConfigError;
use crate::profile::files;
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

/// Bytes a configuration may have. Larger is not a configuration.
const FILE_BYTES: u64 = 256 * 1024;
/// What holds for all profiles of this machine.
const SYSTEM: &str = "/etc/starling/config.toml";
/// Bytes a variable may have; as long as the longest list of addresses that makes sense.
const VARIABLE_BYTES: usize = 16 * 1024;

/// What a new file says.
const TEMPLATE: &str = "\
# Starling's configuration. `starling config get` lists the settings; `starling reload` makes a running node read it.

";

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A variable of the environment.
    Variable(String),
    /// A file.
    File(PathBuf),
    /// Nobody said anything.
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The files of a profile and its machine, as they are now.
pub struct Layers {
    own: (PathBuf, DocumentMut, String),
    system: (PathBuf, DocumentMut, String),
    variable: fn(&str) -> Option<String>,
}

impl Layers {
    /// Reads the profile's file and the machine's; those that are not there say nothing.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn read(own: &Path) -> Result<Self, ConfigError> {
        Self::with(own, Path::new(SYSTEM), |name| std::env::var(name).ok())
    }

    /// The same with another machine's file and other variables.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn with(
        own: &Path,
        system: &Path,
        variable: fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        Ok(Self { own: layer(own)?, system: layer(system)?, variable })
    }

    /// What the files say together, in a shape of the program's own. Each is judged alone first, so that a mistake is
    /// named with its file, line and column.
    ///
    /// # Errors
    /// [`ConfigError::Nonsense`].
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        let mut whole = DocumentMut::new();
        for (path, document, text) in [&self.system, &self.own] {
            toml_edit::de::from_str::<T>(text).map_err(|error| nonsense(path, text, &error))?;
            lay_over(whole.as_table_mut(), document.as_table());
        }
        let (path, ..) = &self.own;
        toml_edit::de::from_document(whole).map_err(|error| nonsense(path, "", &error))
    }

    /// What a variable says of a setting (`STARLING_LAN` of `lan`, `STARLING_SCREEN_THEME` of `screen.theme`).
    pub fn variable(&self, key: &str) -> Option<String> {
        let text = (self.variable)(&variable_of(key))?;
        (!text.is_empty() && text.len() <= VARIABLE_BYTES).then_some(text)
    }

    /// Who says how a setting is.
    pub fn origin(&self, key: &str) -> Origin {
        if self.variable(key).is_some() {
            return Origin::Variable(variable_of(key));
        }
        let said =
            [&self.own, &self.system].into_iter().find(|(_, document, _)| find(document, key).is_some());
        said.map_or(Origin::Default, |(path, ..)| Origin::File(path.clone()))
    }

    /// Keys in the profile's file, as they are written: `lan`, `screen.theme`.
    pub fn keys(&self) -> Vec<String> {
        let (_, document, _) = &self.own;
        let mut keys = Vec::new();
        for (key, item) in document.iter() {
            match item.as_table_like() {
                Some(table) => keys.extend(table.iter().map(|(inner, _)| format!("{key}.{inner}"))),
                None => keys.push(key.to_owned()),
            }
        }
        keys.iter().map(|key| key.escape_debug().to_string()).collect()
    }
}

/// The variable of a setting.
pub fn variable_of(key: &str) -> String {
    format!("STARLING_{}", key.replace('.', "_").to_uppercase())
}

/// Writes one setting into a file, which keeps its comments, its order and whatever else is in it. `key` is a name, or
/// a table's and a name with a dot between.
///
/// # Errors
/// See [`ConfigError`]; a file that does not make sense is not touched.
pub fn write(path: &Path, key: &str, new: Value) -> Result<(), ConfigError> {
    let (_, mut document, old) = layer(path)?;
    let (table, name): (&mut dyn TableLike, &str) = match key.split_once('.') {
        None => (document.as_table_mut(), key),
        Some((section, name)) => {
            let item = document.entry(section).or_insert_with(|| Item::Table(Table::new()));
            let what = "what should be a table in it is none";
            let no_table = || ConfigError::NotText { path: path.to_owned(), what };
            (item.as_table_like_mut().ok_or_else(no_table)?, name)
        }
    };
    put(table, name, new);
    let mut text = document.to_string();
    if old.is_empty() {
        text.insert_str(0, TEMPLATE);
    }
    if text == old {
        return Ok(());
    }
    files::replace(path, text.as_bytes()).map_err(|error| ConfigError::Io { path: path.to_owned(), error })
}

fn layer(path: &Path) -> Result<(PathBuf, DocumentMut, String), ConfigError> {
    let text = text(path)?;
    let document = text.parse::<DocumentMut>().map_err(|error| nonsense(path, &text, &error.into()))?;
    Ok((path.to_owned(), document, text))
}

fn find<'a>(document: &'a DocumentMut, key: &str) -> Option<&'a Item> {
    match key.split_once('.') {
        None => document.get(key),
        Some((section, name)) => document.get(section)?.as_table_like()?.get(name),
    }
}

/// Puts what `upper` says over `under`; tables are laid over each other key by key.
fn lay_over(under: &mut Table, upper: &Table) {
    for (key, item) in upper {
        match (under.get_mut(key), item) {
            (Some(Item::Table(below)), Item::Table(above)) => lay_over(below, above),
            _ => {
                under.insert(key, item.clone());
            }
        }
    }
}

pub(super) fn text(path: &Path) -> Result<String, ConfigError> {
    let path = path.to_owned();
    match files::read_small(&path, FILE_BYTES) {
        Ok(bytes) => {
            String::from_utf8(bytes).map_err(|_| ConfigError::NotText { path, what: "it is not UTF-8" })
        }
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => Ok(String::new()),
            io::ErrorKind::FileTooLarge => Err(ConfigError::NotText { path, what: "it is too large" }),
            _ => Err(ConfigError::Io { path, error }),
        },
    }
}

/// A mistake in a file, with its place.
pub(super) fn nonsense(path: &Path, text: &str, error: &toml_edit::de::Error) -> ConfigError {
    let (line, column) = place(text, error.span().map_or(0, |span| span.start));
    // The reason may quote the file: nothing of it may steer a terminal.
    let what = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let what = what.chars().filter(|c| !c.is_control()).take(200).collect();
    ConfigError::Nonsense { path: path.to_owned(), line, column, what }
}

/// Line and column, from 1, of a byte.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

/// Sets a value where it stands, or at the end; one that says the same already keeps its form and comment.
fn put(table: &mut dyn TableLike, key: &str, new: Value) {
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            if said(old) != said(&new) {
                let surroundings = old.decor().clone();
                *old = new;
                *old.decor_mut() = surroundings;
            }
        }
        _ => {
            table.insert(key, Item::Value(new));
        }
    }
}

/// A value without its form.
fn said(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(said).collect(),
        Value::String(text) => vec![text.value().clone()],
        Value::Integer(number) => vec![number.value().to_string()],
        Value::Boolean(on) => vec![on.value().to_string()],
        other => vec![other.to_string()],
    }
}
