//! Reading the files of a profile that are about the screen: the table `[screen]`, `keys.toml`, `themes/*.toml`. Each
//! is judged alone, so that a mistake in one leaves the others.

use super::{Settings, is_theme};
use crate::screen::keymap::Row;
use crate::screen::theme::palette::Palette;
use starling_node::config::{ConfigError, Pair, pairs};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Themes of a profile; a list of more is not looked through.
const THEMES: usize = 32;

/// What the files say; mistakes in words, with file, line and column.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The table `[screen]`, and what variables say.
    pub settings: Result<Settings, String>,
    /// `keys.toml`.
    pub keys: Result<Vec<Row>, String>,
    /// Where it is.
    pub keys_file: PathBuf,
    /// Themes by name.
    pub themes: Vec<(String, Result<Palette, String>)>,
}

/// When the files were changed; another value means reading them again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp(Vec<Option<SystemTime>>);

/// Where keys stand.
fn keys_file(dir: &Path) -> PathBuf {
    dir.join("keys.toml")
}

/// Where themes stand.
fn themes_dir(dir: &Path) -> PathBuf {
    dir.join("themes")
}

/// The times of the files now.
pub fn stamp(dir: &Path) -> Stamp {
    let mut paths = vec![dir.join("config.toml"), keys_file(dir), themes_dir(dir)];
    paths.extend(theme_files(dir).into_iter().map(|(_, path)| path));
    let time = |path: &PathBuf| path.metadata().and_then(|facts| facts.modified()).ok();
    Stamp(paths.iter().map(time).collect())
}

/// Reads them.
pub fn load(dir: &Path) -> Loaded {
    let path = keys_file(dir);
    let row = |pair: Pair| Row { keys: pair.name, action: pair.text, line: pair.line };
    let keys = pairs(&path).map(|list| list.into_iter().map(row).collect());
    let themes = theme_files(dir).into_iter();
    Loaded {
        settings: Settings::read(&dir.join("config.toml")).map_err(|fault| fault.to_string()),
        keys: keys.map_err(|fault| fault.to_string()),
        keys_file: path,
        themes: themes
            .map(|(name, path)| (name, palette(&path).map_err(|fault| fault.to_string())))
            .collect(),
    }
}

fn theme_files(dir: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = themes_dir(dir).read_dir() else { return Vec::new() };
    let named = entries.filter_map(Result::ok).map(|entry| entry.path()).filter_map(|path| {
        let name = path.file_stem()?.to_str()?.to_owned();
        let fits = path.extension().is_some_and(|end| end == "toml") && is_theme(&name);
        fits.then_some((name, path))
    });
    let mut files: Vec<(String, PathBuf)> = named.take(THEMES).collect();
    files.sort();
    files
}

fn palette(path: &Path) -> Result<Palette, ConfigError> {
    let mut palette = Palette::default();
    for pair in pairs(path)? {
        palette.set(&pair.name, &pair.text).map_err(|what| pair.wrong(path, what))?;
    }
    Ok(palette)
}
