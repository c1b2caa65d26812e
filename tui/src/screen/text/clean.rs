//! The last guard before cells and before everything that bypasses them (window title, clipboard): the engine has
//! cleaned remote text already, and this must hold even if it had not. Nothing here can fail.

use unicode_segmentation::UnicodeSegmentation;

/// Combining marks kept on one cluster. More are only there to climb over other lines.
const MARKS: usize = 6;
/// Characters of one cluster. The longest emoji sequences need about ten.
const CLUSTER_CHARS: usize = 16;
/// Columns of a tab stop.
const TAB: usize = 4;
/// Columns of a name. Longer ones push what they stand beside off the screen.
const NAME: usize = 32;

/// Whether a character only steers: control characters, direction overrides, invisible tags and the like.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

/// One line without anything that steers; tabs become spaces to the next stop, line ends become spaces.
pub fn line(text: &str) -> String {
    let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if plain {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => kept.push(' '),
            '\t' => kept.push('\t'),
            c if steers(c) => {}
            c => kept.push(c),
        }
    }
    let mut out = String::with_capacity(kept.len());
    let mut used = 0;
    for cluster in kept.graphemes(true) {
        if cluster == "\t" {
            let gap = TAB - used % TAB;
            out.extend(std::iter::repeat_n(' ', gap));
            used += gap;
            continue;
        }
        let bounded = bound(cluster);
        used += super::cluster_columns(&bounded);
        out.push_str(&bounded);
    }
    out
}

/// A cluster with at most [`MARKS`] marks that take no column.
fn bound(cluster: &str) -> String {
    let mut marks = 0;
    let mut out = String::with_capacity(cluster.len());
    for c in cluster.chars().take(CLUSTER_CHARS) {
        let joins = matches!(c, '\u{200D}' | '\u{FE0E}' | '\u{FE0F}' | '\u{20E3}');
        if !joins && unicode_width::UnicodeWidthChar::width(c) == Some(0) {
            marks += 1;
            if marks > MARKS {
                continue;
            }
        }
        out.push(c);
    }
    out
}

/// The lines of a text, each cleaned.
pub fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('\n').map(line)
}

/// A name: one line of at most 32 columns.
pub fn name(text: &str) -> String {
    super::cut(line(text).trim(), NAME, "")
}

/// A text for the clipboard or a file: line ends and tabs stay, nothing else that steers does.
pub fn block(text: &str) -> String {
    let kept: String = text.chars().filter(|c| matches!(c, '\n' | '\t') || !steers(*c)).collect();
    kept.graphemes(true).map(bound).collect()
}
