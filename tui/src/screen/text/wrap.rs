//! Breaks text into rows no wider than asked, at places Unicode allows, counting columns by what is drawn. It
//! never loses a visible cluster unless a single one is wider than the row.

use super::{clean, cluster_columns, columns};
use unicode_segmentation::UnicodeSegmentation;

/// Rows of a text at a width of at least one column. An empty text has one empty row.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut rows = Vec::new();
    for line in clean::lines(text) {
        wrap_line(&line, width, &mut rows);
    }
    rows
}

fn wrap_line(line: &str, width: usize, rows: &mut Vec<String>) {
    if columns(line) <= width {
        rows.push(line.trim_end().to_owned());
        return;
    }
    let mut row = String::new();
    let mut used = 0;
    for word in textwrap::WordSeparator::UnicodeBreakProperties.find_words(line) {
        let wide = columns(word.word);
        if used + wide > width && used > 0 {
            rows.push(row.trim_end().to_owned());
            row.clear();
            used = 0;
        }
        if wide <= width {
            row.push_str(word.word);
            used += wide;
        } else {
            for cluster in word.word.graphemes(true) {
                let w = cluster_columns(cluster);
                if w > width {
                    continue;
                }
                if used + w > width {
                    rows.push(std::mem::take(&mut row));
                    used = 0;
                }
                row.push_str(cluster);
                used += w;
            }
        }
        let gap = columns(word.whitespace);
        if used + gap <= width {
            row.push_str(word.whitespace);
            used += gap;
        } else {
            rows.push(row.trim_end().to_owned());
            row.clear();
            used = 0;
        }
    }
    if !row.is_empty() || rows.is_empty() {
        rows.push(row.trim_end().to_owned());
    }
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
