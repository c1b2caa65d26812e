//! Names, handles, look-alikes and reactions (docs/spec/06-text.md, "Names"). A name is what its owner says; it proves
//! nothing.

use super::chars::{KEYCAP, ZWJ, ZWNJ, is_extender, is_hidden, is_pictographic, is_regional_indicator};
use super::clean::clean_line;
use crate::limits::{NAME_CHARS, NAME_COLUMNS, REACTION_BYTES};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection::skeleton as uts39_skeleton;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Characters of a name that are looked at. A name that is longer than this before cleaning loses the rest.
const LOOKED_AT: usize = 1_024;
/// The handle of somebody whose name has no usable character.
const NOBODY: &str = "someone";
/// Rounds after which a handle is taken as it is. Two are enough for everything known.
const HANDLE_ROUNDS: usize = 8;

/// A name ready to be stored and shown: one line, NFC, single spaces, at most 32 columns and 64 characters, cut
/// between clusters. Empty if nothing visible is left.
pub fn clean_name(name: &str) -> String {
    let head: String = name.chars().take(LOOKED_AT).collect();
    let name: String = clean_line(&head).nfc().collect();
    // Composing can also take characters apart; once more, so that the limit on marks holds for the result.
    let name: String = clean_line(&name).nfc().collect();
    let name = single_spaces(&name);
    let mut out = String::new();
    let (mut columns, mut chars) = (0, 0);
    for cluster in name.graphemes(true) {
        columns += cluster.width();
        chars += cluster.chars().count();
        if columns > NAME_COLUMNS || chars > NAME_CHARS {
            break;
        }
        out.push_str(cluster);
    }
    // What the cut left at the end joins nothing any more.
    out.truncate(out.trim_end_matches([' ', ZWJ, ZWNJ]).len());
    out
}

/// Words with one ordinary space between them. The blank Braille pattern is as blank as a space.
fn single_spaces(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c == '\u{2800}').filter(|word| !word.is_empty());
    // A mark that stood on a space would now stand on another word's end.
    let words = words.map(|word| word.trim_start_matches(is_extender)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// What somebody of this name is called in a command line: lower case, `-` for spaces, no other punctuation but
/// `_` and `.`, never empty.
pub fn handle(name: &str) -> String {
    let mut handle = clean_name(name);
    // Leaving characters out can bring others together that then compose, so until nothing changes.
    for _ in 0..HANDLE_ROUNDS {
        let next = handle_round(&handle);
        if next == handle {
            break;
        }
        handle = next;
    }
    if handle.is_empty() { NOBODY.to_owned() } else { handle }
}

fn handle_round(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c == ' ' || c == '-' {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else if is_handle_char(c) {
            out.push(c);
        }
    }
    clean_name(out.trim_matches(['-', '.']))
}

fn is_handle_char(c: char) -> bool {
    let plain = c.is_alphanumeric() || matches!(c, '_' | '.') || is_combining_mark(c);
    plain || is_pictographic(c) || c == ZWJ || c == ZWNJ
}

/// What a name looks like: two names with one skeleton can be taken for each other. After the confusables of Unicode
/// TS 39, without case, spaces, joiners or hyphens, and with `i`, `l` and `1` as one letter.
pub fn skeleton(name: &str) -> String {
    let name = clean_name(name);
    // Mapping first, because a capital I looks like an l and its small form does not; then again for what lower case
    // has brought in.
    let once: String = uts39_skeleton(&name).flat_map(char::to_lowercase).collect();
    let twice: String = uts39_skeleton(&once).flat_map(char::to_lowercase).collect();
    twice
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(*c, '-' | '_' | '.' | ZWJ | ZWNJ))
        .map(|c| match c {
            'i' | '1' => 'l',
            '0' => 'o',
            other => other,
        })
        .collect()
}

/// Whether a text is one emoji and nothing else, and so may be a reaction.
pub fn is_one_emoji(text: &str) -> bool {
    if text.is_empty() || text.len() > REACTION_BYTES || text.graphemes(true).count() != 1 {
        return false;
    }
    if text.chars().any(is_hidden) || clean_line(text) != text {
        return false;
    }
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), second) if is_regional_indicator(first) => second.is_some_and(is_regional_indicator),
        (Some(first), _) if is_pictographic(first) => true,
        (Some(first), Some(_)) => {
            (first.is_ascii_digit() || matches!(first, '#' | '*')) && text.ends_with(KEYCAP)
        }
        _ => false,
    }
}
