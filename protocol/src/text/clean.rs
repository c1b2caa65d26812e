//! Cleaning of texts (docs/spec/06-text.md, "Cleaning"). Two passes over the characters, each linear: first drop what
//! is hidden and limit what piles up, then drop joiners that join nothing.

use super::chars::{
    EMOJI_STYLE, ZWJ, ZWNJ, is_extender, is_hidden, is_joining, is_pictographic, takes_emoji_style,
};

/// Characters that may draw on one base character. Vietnamese, Hebrew with cantillation and phonetic writing stay
/// below; beyond it letters run over the lines above.
const EXTENDERS: usize = 6;
/// Joiners in one emoji. The longest in use has three.
const EMOJI_JOINERS: usize = 8;
/// What a tab becomes.
const TAB: &str = "    ";

/// A text ready to be stored and shown: no control, bidi or other invisible characters but line breaks and the
/// joiners that scripts and emoji need, tabs as four spaces, at most six marks on one letter.
pub fn clean_text(text: &str) -> String {
    if text.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)) {
        return text.to_owned();
    }
    drop_idle_joiners(&drop_hidden(text))
}

/// As [`clean_text`], on one line: each line break becomes a space.
pub fn clean_line(text: &str) -> String {
    // Line breaks first: a mark after one would be dropped, after a space it stays.
    let text: String =
        text.replace("\r\n", " ").chars().map(|c| if is_line_break(c) { ' ' } else { c }).collect();
    clean_text(&text)
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Without hidden characters and with at most [`EXTENDERS`] on one base; joiners are left for the second pass and
/// count as nothing here.
fn drop_hidden(text: &str) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    // The last character kept that is no joiner, and how many extenders stand since the last base.
    let mut last = '\n';
    let mut extenders = 0;
    for c in text.chars() {
        if c == ZWJ || c == ZWNJ {
            out.push(c);
        } else if is_line_break(c) {
            out.push('\n');
            last = '\n';
            extenders = 0;
        } else if c == '\t' {
            out.extend(TAB.chars());
            last = ' ';
            extenders = 0;
        } else if is_hidden(c) || (c == EMOJI_STYLE && !takes_emoji_style(last)) {
            // Dropped.
        } else if is_extender(c) {
            // One without a base would draw on whatever stands before the text.
            if last != '\n' && extenders < EXTENDERS {
                out.push(c);
                last = c;
                extenders += 1;
            }
        } else {
            out.push(c);
            last = c;
            extenders = 0;
        }
    }
    out
}

/// Without joiners that do not stand between two characters they join.
fn drop_idle_joiners(chars: &[char]) -> String {
    let mut out = String::with_capacity(chars.len());
    let mut last = '\n';
    let mut joiners = 0;
    let mut rest = chars.iter().copied().peekable();
    while let Some(c) = rest.next() {
        if c == ZWJ || c == ZWNJ {
            let next = rest.peek().copied().unwrap_or('\n');
            let in_word = is_joining(last) && is_joining(next);
            let in_emoji = c == ZWJ && joins_emoji(last) && is_pictographic(next) && joiners < EMOJI_JOINERS;
            if !in_word && !in_emoji {
                continue;
            }
            joiners += usize::from(in_emoji);
        } else if last != ZWJ && !is_extender(c) {
            joiners = 0;
        }
        out.push(c);
        last = c;
    }
    out
}

/// Whether an emoji joiner may follow: on an emoji, its style or its colour.
fn joins_emoji(c: char) -> bool {
    is_pictographic(c) || c == EMOJI_STYLE
}
