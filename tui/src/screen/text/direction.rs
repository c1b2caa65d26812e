//! Which way a paragraph runs, by its first letter that says so. Only that: the order of letters is left to the
//! terminal, which gets each in a cell of its own.

use unicode_bidi::{BidiClass, bidi_class};

/// Letters looked at before a paragraph counts as left to right. A line of digits and signs longer than that is none.
const LOOKED_AT: usize = 256;

/// Whether a paragraph runs from right to left.
pub fn right_to_left(line: &str) -> bool {
    if line.is_ascii() {
        return false;
    }
    let first = line
        .chars()
        .take(LOOKED_AT)
        .map(bidi_class)
        .find(|class| matches!(class, BidiClass::L | BidiClass::R | BidiClass::AL));
    matches!(first, Some(BidiClass::R | BidiClass::AL))
}
