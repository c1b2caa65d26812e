//! Breaks text into rows no wider than asked, at places Unicode allows, counting columns by what is drawn. It
//! never loses a visible cluster unless a single one is wider than the row.

use super::{clean, cluster_columns, columns};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Columns no cluster exceeds: twice its most characters.
const WIDEST: usize = 32;

/// Rows of a text at a width of at least one column. An empty text has one empty row.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut rows = Vec::new();
    for line in clean::lines(text) {
        let line = fitting(line, width);
        rows.extend(breaks(&line, width).into_iter().map(|row| line.get(row).unwrap_or("").to_owned()));
    }
    rows
}

/// A cleaned line without the clusters that are wider than a row of `width` columns.
pub fn fitting(line: String, width: usize) -> String {
    if width >= WIDEST || line.graphemes(true).all(|cluster| cluster_columns(cluster) <= width) {
        return line;
    }
    line.graphemes(true).filter(|cluster| cluster_columns(cluster) <= width).collect()
}

/// Where a cleaned line breaks into rows of `width` columns, as places in the line; what a row ends with but is not
/// seen stands in none. No cluster of the line may be wider than `width` ([`fitting`]).
pub fn breaks(line: &str, width: usize) -> Vec<Range<usize>> {
    let trimmed = |row: Range<usize>| {
        let seen = line.get(row.clone()).unwrap_or("").trim_end().len();
        row.start..row.start + seen
    };
    if columns(line) <= width {
        return vec![trimmed(0..line.len())];
    }
    let mut rows = Vec::new();
    let mut row = 0..0;
    let mut used = 0;
    for (word, whitespace) in words(line) {
        let wide = columns(word);
        let mut next = |row: &mut Range<usize>, used: &mut usize, from: usize| {
            rows.push(trimmed(row.clone()));
            *row = from..from;
            *used = 0;
        };
        if used + wide > width && used > 0 {
            let from = row.end;
            next(&mut row, &mut used, from);
        }
        for cluster in word.graphemes(true) {
            let w = cluster_columns(cluster);
            if used + w > width {
                let from = row.end;
                next(&mut row, &mut used, from);
            }
            row.end += cluster.len();
            used += w;
        }
        let gap = columns(whitespace);
        if used + gap <= width {
            row.end += whitespace.len();
            used += gap;
        } else {
            let from = row.end + whitespace.len();
            next(&mut row, &mut used, from);
        }
    }
    if !row.is_empty() || rows.is_empty() {
        rows.push(trimmed(row));
    }
    rows
}

/// The words of a line, each with the spaces behind it. A slash that begins a word, as a command's does, stays with it:
/// Unicode would rather have it behind the word before.
fn words(line: &str) -> Vec<(&str, &str)> {
    // Where a word starts, where it ends, where the spaces behind it end.
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    let mut at = 0;
    for word in textwrap::WordSeparator::UnicodeBreakProperties.find_words(line) {
        let end = at + word.word.len();
        if let Some(last) = found.last_mut()
            && let Some(before) = line.get(last.0..at).and_then(|text| text.strip_suffix('/'))
            && (before.is_empty() || before.ends_with(' '))
        {
            at -= 1;
            *last = (last.0, last.0 + before.trim_end().len(), at);
        }
        found.push((at, end, end + word.whitespace.len()));
        at = end + word.whitespace.len();
    }
    let text = |from, to| line.get(from..to).unwrap_or("");
    found.into_iter().map(|(from, to, end)| (text(from, to), text(to, end))).collect()
}

/// A row of an editor: where it starts and what it holds. Nothing is trimmed, so that every place has a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditRow {
    /// Line of the text.
    pub line: usize,
    /// First character of the line in this row.
    pub from: usize,
    /// The characters.
    pub text: String,
}

/// Breaks an editor's lines hard at the width and finds the row and column of the caret (line, character).
pub fn edit_rows(lines: &[String], caret: (usize, usize), width: usize) -> (Vec<EditRow>, (usize, usize)) {
    let width = width.max(2);
    let mut rows = Vec::new();
    let mut place = (0, 0);
    for (index, line) in lines.iter().enumerate() {
        let mut row = EditRow { line: index, from: 0, text: String::new() };
        let (mut used, mut chars) = (0, 0);
        for cluster in line.graphemes(true) {
            let shown = if cluster == "\t" { "    ".to_owned() } else { clean::line(cluster) };
            let wide = columns(&shown);
            if used + wide > width {
                rows.push(std::mem::replace(
                    &mut row,
                    EditRow { line: index, from: chars, text: String::new() },
                ));
                used = 0;
            }
            let count = cluster.chars().count();
            if caret.0 == index && (chars..chars + count).contains(&caret.1) {
                place = (rows.len(), used);
            }
            row.text.push_str(&shown);
            used += wide;
            chars += count;
        }
        if caret.0 == index && caret.1 >= chars {
            if used >= width {
                rows.push(std::mem::replace(
                    &mut row,
                    EditRow { line: index, from: chars, text: String::new() },
                ));
                used = 0;
            }
            place = (rows.len(), used);
        }
        rows.push(row);
    }
    (rows, place)
}
