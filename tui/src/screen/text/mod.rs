//! Text on its way to cells: the last guard against what could move the cursor or tear a line, wrapping by what a
//! terminal really draws, and times in a person's words. It never interprets text.

pub mod clean;
pub mod direction;
pub mod emoji;
mod inline;
pub mod link;
pub mod markup;
pub mod time;
pub mod wrap;

#[cfg(test)]
mod markup_tests;
#[cfg(test)]
mod tests;

use ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;

/// Columns of one grapheme cluster that [`clean::line`] has passed. Zero for what cannot be seen.
pub fn cluster_columns(cluster: &str) -> usize {
    if cluster.chars().any(char::is_control) { 0 } else { usize::from(cluster.cell_width()) }
}

/// Columns of a cleaned line.
pub fn columns(line: &str) -> usize {
    line.graphemes(true).map(cluster_columns).sum()
}

/// The start of a line that fits into `width` columns; `end` (an ellipsis) stands for what was cut.
pub fn cut(line: &str, width: usize, end: &str) -> String {
    if columns(line) <= width {
        return line.to_owned();
    }
    let room = width.saturating_sub(columns(end));
    let mut used = 0;
    let mut out = String::new();
    for cluster in line.graphemes(true) {
        let wide = cluster_columns(cluster);
        if used + wide > room {
            break;
        }
        used += wide;
        out.push_str(cluster);
    }
    if columns(end) <= width {
        out.push_str(end);
    }
    out
}

/// A line cut or padded with spaces to exactly `width` columns.
pub fn pad(line: &str, width: usize, end: &str) -> String {
    let mut out = cut(line, width, end);
    let used = columns(&out);
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    out
}

/// "512 B", "4.1 MB".
pub fn bytes(count: u64) -> String {
    let tenth = |unit: u64| format!("{}.{}", count / unit, count % unit * 10 / unit);
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{} kB", tenth(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenth(1_000_000)),
        _ => format!("{} GB", tenth(1_000_000_000)),
    }
}

/// "1 request", "2 requests".
pub fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
