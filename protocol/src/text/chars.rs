//! Classes of characters the cleaner tells apart. Tables of ranges, from Unicode 16's `Default_Ignorable_Code_Point`,
//! `Bidi_Control` and `Extended_Pictographic`, widened to whole blocks where the block is of one kind.

use std::ops::RangeInclusive;
use unicode_normalization::char::is_combining_mark;
use unicode_width::UnicodeWidthChar as _;

/// Zero width joiner: makes one emoji or one ligature out of two.
pub(super) const ZWJ: char = '\u{200d}';
/// Zero width non-joiner: keeps two letters from joining.
pub(super) const ZWNJ: char = '\u{200c}';
/// Asks for the emoji form of the character before.
pub(super) const EMOJI_STYLE: char = '\u{fe0f}';
/// Makes a key cap out of a digit and [`EMOJI_STYLE`].
pub(super) const KEYCAP: char = '\u{20e3}';

/// Invisible characters that can hide text, reverse it, or give one text two spellings: never shown, always dropped.
const HIDDEN: [RangeInclusive<char>; 27] = [
    '\u{ad}'..='\u{ad}',       // soft hyphen
    '\u{34f}'..='\u{34f}',     // combining grapheme joiner
    '\u{61c}'..='\u{61c}',     // Arabic letter mark
    '\u{115f}'..='\u{1160}',   // Hangul fillers
    '\u{17b4}'..='\u{17b5}',   // Khmer inherent vowels
    '\u{180b}'..='\u{180f}',   // Mongolian selectors and separator
    '\u{200b}'..='\u{200b}',   // zero width space
    '\u{200e}'..='\u{200f}',   // direction marks
    '\u{202a}'..='\u{202e}',   // bidi embeddings and overrides
    '\u{2060}'..='\u{206f}',   // word joiner, invisible operators, bidi isolates, deprecated
    '\u{3164}'..='\u{3164}',   // Hangul filler
    '\u{fdd0}'..='\u{fdef}',   // noncharacters
    '\u{fe00}'..='\u{fe0e}',   // variation selectors but the emoji one
    '\u{feff}'..='\u{feff}',   // byte order mark
    '\u{ffa0}'..='\u{ffa0}',   // half-width Hangul filler
    '\u{fff0}'..='\u{fffb}',   // unassigned ignorables, interlinear annotation
    '\u{fffe}'..='\u{ffff}',   // noncharacters
    '\u{13430}'..='\u{1343f}', // Egyptian format controls
    '\u{1bca0}'..='\u{1bca3}', // shorthand format controls
    '\u{1d173}'..='\u{1d17a}', // musical format controls
    '\u{1fffe}'..='\u{1ffff}',
    '\u{2fffe}'..='\u{2ffff}',
    '\u{3fffe}'..='\u{3ffff}',
    '\u{4fffe}'..='\u{dffff}', // unassigned planes
    '\u{e0000}'..='\u{e0fff}', // tag characters, variation selectors, ignorables
    '\u{ffffe}'..='\u{fffff}',
    '\u{10fffe}'..='\u{10ffff}',
];

/// Scripts in which joiners change how letters look.
const JOINING: [RangeInclusive<char>; 8] = [
    '\u{600}'..='\u{74f}',     // Arabic, Syriac
    '\u{750}'..='\u{77f}',     // Arabic supplement
    '\u{7c0}'..='\u{7ff}',     // NKo
    '\u{860}'..='\u{dff}',     // Syriac, Arabic extended, Devanagari to Sinhala
    '\u{1000}'..='\u{109f}',   // Myanmar
    '\u{1780}'..='\u{18af}',   // Khmer, Mongolian
    '\u{1a20}'..='\u{1bff}',   // Tai Tham, Balinese to Batak
    '\u{11000}'..='\u{11fff}', // Brahmi and its descendants
];

const PICTOGRAPHIC: [RangeInclusive<char>; 18] = [
    '\u{a9}'..='\u{a9}',
    '\u{ae}'..='\u{ae}',
    '\u{203c}'..='\u{203c}',
    '\u{2049}'..='\u{2049}',
    '\u{2122}'..='\u{2122}',
    '\u{2139}'..='\u{2139}',
    '\u{2194}'..='\u{21aa}',
    '\u{231a}'..='\u{23ff}',
    '\u{24c2}'..='\u{24c2}',
    '\u{25aa}'..='\u{25fe}',
    '\u{2600}'..='\u{27bf}',
    '\u{2934}'..='\u{2935}',
    '\u{2b05}'..='\u{2b55}',
    '\u{3030}'..='\u{3030}',
    '\u{303d}'..='\u{303d}',
    '\u{3297}'..='\u{3297}',
    '\u{3299}'..='\u{3299}',
    '\u{1f000}'..='\u{1faff}',
];

/// Binary search: the tables are sorted.
fn is_in(table: &[RangeInclusive<char>], c: char) -> bool {
    let after = table.partition_point(|range| *range.start() <= c);
    after.checked_sub(1).and_then(|last| table.get(last)).is_some_and(|range| range.contains(&c))
}

/// Whether a character is never kept.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control() || (!c.is_ascii() && is_in(&HIDDEN, c))
}

/// Whether a character may stand on either side of a joiner in a word.
pub(super) fn is_joining(c: char) -> bool {
    is_in(&JOINING, c)
}

/// Whether a character can begin an emoji (regional indicators among them).
pub(super) fn is_pictographic(c: char) -> bool {
    is_in(&PICTOGRAPHIC, c)
}

/// Whether a character is half of a flag.
pub(super) fn is_regional_indicator(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

/// Whether a character changes the skin colour of the emoji before it.
fn is_emoji_modifier(c: char) -> bool {
    ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

/// Whether a character draws on the one before it instead of taking room of its own.
pub(super) fn is_extender(c: char) -> bool {
    !c.is_ascii() && (is_combining_mark(c) || is_emoji_modifier(c) || c.width() == Some(0))
}

/// Whether a character can carry [`EMOJI_STYLE`].
pub(super) fn takes_emoji_style(c: char) -> bool {
    is_pictographic(c) || c.is_ascii_digit() || c == '#' || c == '*'
}

#[cfg(test)]
pub(super) fn tables_are_sorted() -> bool {
    let sorted = |table: &[RangeInclusive<char>]| {
        table.windows(2).all(|pair| matches!(pair, [a, b] if a.start() <= a.end() && a.end() < b.start()))
    };
    sorted(&HIDDEN) && sorted(&JOINING) && sorted(&PICTOGRAPHIC)
}

/// Hidden, but not the joiners, which the cleaner may keep.
#[cfg(test)]
pub(super) fn is_hidden_for_test(c: char) -> bool {
    is_in(&HIDDEN, c)
}
