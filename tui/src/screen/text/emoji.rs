//! Emoji and their names: for typing them, and for those who rather read a name than a picture.

use super::clean;
use unicode_segmentation::UnicodeSegmentation;

/// Rows of a completion. More cover what one answers to.
pub const ROWS: usize = 8;

/// The emoji whose name begins with `prefix` (without the colon), then those whose name has it inside; at most
/// [`ROWS`], each with its name. Nothing for less than two letters.
pub fn complete(prefix: &str) -> Vec<(&'static str, &'static str)> {
    let wanted = prefix.trim_start_matches(':').to_lowercase();
    if wanted.chars().count() < 2 {
        return Vec::new();
    }
    let names = || emojis::iter().flat_map(|emoji| emoji.shortcodes().map(|name| (name, emoji.as_str())));
    let mut begins: Vec<_> = names().filter(|(name, _)| name.starts_with(&wanted)).collect();
    begins.sort_by_key(|(name, _)| name.len());
    let inside = names().filter(|(name, _)| !name.starts_with(&wanted) && name.contains(&wanted));
    begins.into_iter().chain(inside).take(ROWS).collect()
}

/// The emoji meant by `:name:`, by a name, or by itself; at most one.
pub fn meant(text: &str) -> Option<String> {
    let bare = text.trim();
    let name = bare.trim_matches(':').to_lowercase();
    if let Some(emoji) = emojis::get_by_shortcode(&name) {
        return Some(emoji.as_str().to_owned());
    }
    let shown = clean::line(bare);
    emojis::get(&shown).is_some().then_some(shown)
}

/// `:name:` of an emoji.
pub fn name(emoji: &str) -> Option<String> {
    emojis::get(emoji)?.shortcode().map(|name| format!(":{name}:"))
}

/// A cleaned line with the names of its emoji instead of their pictures.
pub fn named(line: String) -> String {
    if line.is_ascii() {
        return line;
    }
    line.graphemes(true).map(|cluster| name(cluster).unwrap_or_else(|| cluster.to_owned())).collect()
}
