//! Small files of the form `"name" = "text"`: keys and colours of front ends. Read with the same bounds and the same
//! words for mistakes as the configuration.

use super::ConfigError;
use super::layers::{nonsense, place, text};
use std::path::{Path, PathBuf};
use toml_edit::Document;

/// A line of such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The text.
    pub text: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Pair {
    /// The mistake of this line, in words.
    pub fn wrong(&self, path: &Path, what: impl Into<String>) -> ConfigError {
        let path: PathBuf = path.to_owned();
        ConfigError::Nonsense { path, line: self.line, column: self.column, what: what.into() }
    }
}

/// The pairs of a file, in its order; none if it is not there.
///
/// # Errors
/// See [`ConfigError`]; a value that is no text is one.
pub fn pairs(path: &Path) -> Result<Vec<Pair>, ConfigError> {
    let text = text(path)?;
    let document = Document::parse(text.as_str()).map_err(|error| nonsense(path, &text, &error.into()))?;
    let table = document.as_table();
    let mut list = Vec::new();
    for (name, item) in table {
        let at = table.key(name).and_then(toml_edit::Key::span).map_or(0, |span| span.start);
        let (line, column) = place(&text, at);
        let pair = Pair { name: name.to_owned(), text: String::new(), line, column };
        match item.as_str() {
            Some(text) => list.push(Pair { text: text.to_owned(), ..pair }),
            None => return Err(pair.wrong(path, "what stands behind = must be a text in quotes")),
        }
    }
    list.sort_by_key(|pair| (pair.line, pair.column));
    Ok(list)
}
