//! Words of line mode: what the screen says of its keys becomes what one types here, pictures become their names.

use crate::screen::text::clean;
use unicode_segmentation::UnicodeSegmentation;

/// What the screen says, and what is said here.
const PHRASES: &[(&str, &str)] = &[
    ("; the text is still in the editor", ""),
    ("Your text is still in the editor.", "Nothing was sent."),
    ("the text is still in the editor", "nothing was sent"),
    ("Choose it in the list of chats (F2)", "/chats lists it"),
    ("Empty the line first, then type", "Type"),
    ("Copied, by the terminal.", ""),
    (" · ", ", "),
];

/// Keys, and the commands that do the same.
const KEYS: &[(&str, &str)] = &[
    ("Ctrl-K", "/go"),
    ("Ctrl-P", "/help"),
    ("Ctrl-N", "/invite"),
    ("Ctrl-F", "/find"),
    ("Ctrl-Q", "/quit"),
    ("PgUp", "/older"),
    ("F1", "/help"),
    ("F2", "/chats"),
    ("F3", "/people"),
    ("F4", "/info"),
    ("F5", "/net"),
    ("F8", "/log"),
];

/// The screen's own words, for who has no keys.
pub fn here(words: &str) -> String {
    let mut words = words.to_owned();
    for (there, here) in PHRASES {
        words = words.replace(there, here);
    }
    let parts = words.split_inclusive(|c: char| !c.is_alphanumeric() && c != '-');
    let mut out = String::with_capacity(words.len());
    for part in parts {
        let bare = part.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '-');
        match KEYS.iter().find(|(key, _)| *key == bare) {
            Some((_, command)) => {
                out.push_str(command);
                out.push_str(part.get(bare.len()..).unwrap_or(""));
            }
            None => out.push_str(part),
        }
    }
    out
}

/// The name of an emoji; itself if it has none.
pub fn emoji(emoji: &str) -> String {
    emojis::get(emoji).map_or_else(|| clean::line(emoji), |known| known.name().to_owned())
}

/// A line with the names of its emoji in brackets instead of their pictures.
pub fn named(line: &str) -> String {
    let name = |cluster: &str| emojis::get(cluster).map(|known| format!("({})", known.name()));
    if line.is_ascii() {
        return line.to_owned();
    }
    line.graphemes(true)
        .map(|cluster| match cluster.is_ascii() {
            true => cluster.to_owned(),
            false => name(cluster).unwrap_or_else(|| cluster.to_owned()),
        })
        .collect()
}

/// The first letter as a capital.
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_commands_and_nothing_else_changes() {
        assert_eq!(
            here("Ctrl-K shows what there is; F5 tells why."),
            "/go shows what there is; /net tells why."
        );
        assert_eq!(here("F15, xF1 and F1x stay (F1)."), "F15, xF1 and F1x stay (/help).");
        assert_eq!(here("Nothing was done; the text is still in the editor."), "Nothing was done.");
    }

    #[test]
    fn pictures_have_names() {
        assert_eq!(named("so 👍 2 قول"), "so (thumbs up) 2 قول");
        assert_eq!(emoji("👍"), "thumbs up");
        assert_eq!(emoji("\u{1b}[2J"), "[2J");
    }
}
