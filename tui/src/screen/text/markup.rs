//! The small part of Markdown that messages are shown with: bold, italic, struck, code, blocks of code, quotes, lists
//! and links. Every line stays a line and nothing but marks goes away, so that a person without it loses nothing and
//! one with it misses nothing. It is only a way of showing: the text stays what was sent.

use super::wrap::{breaks, fitting};
use super::{clean, cluster_columns, columns, cut, direction, emoji, inline};
use std::ops::{BitOr, Range};
use std::rc::Rc;
use unicode_segmentation::UnicodeSegmentation;

/// How a piece of text looks; several at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Face(u8);

impl Face {
    /// As it is.
    pub const PLAIN: Self = Self(0);
    /// `**bold**`
    pub const BOLD: Self = Self(1);
    /// `*italic*`
    pub const ITALIC: Self = Self(2);
    /// `~~struck~~`
    pub const STRIKE: Self = Self(4);
    /// `` `code` ``
    pub const CODE: Self = Self(8);
    /// An address, or words that lead to one.
    pub const LINK: Self = Self(16);
    /// What matters less: a quote, a mark of a list.
    pub const FAINT: Self = Self(32);

    /// With another one too.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        self | other
    }

    /// Whether another one is in it.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Face {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A piece of a row with one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// Its look.
    pub face: Face,
}

impl Span {
    /// A piece.
    pub fn new(text: impl Into<String>, face: Face) -> Self {
        Self { text: text.into(), face }
    }
}

/// A row of a message; cheap to copy, as drawing does it all the time.
pub type TextRow = Rc<[Span]>;

/// Columns of a row.
pub fn width_of(row: &[Span]) -> usize {
    row.iter().map(|span| columns(&span.text)).sum()
}

/// How messages are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Columns that blocks of code are moved to the left.
    pub shift: usize,
    /// Whether marks mean something; otherwise all is shown as it was typed.
    pub markdown: bool,
    /// Whether emoji are shown by their names.
    pub names: bool,
    /// The upright line in front of a quote.
    pub bar: &'static str,
    /// What stands for cut text.
    pub ellipsis: &'static str,
}

/// The rows of a text. An empty text has one empty row.
pub fn rows(text: &str, look: &Look) -> Vec<TextRow> {
    let look = Look { width: look.width.max(1), ..*look };
    let lines: Vec<String> = clean::lines(text)
        .map(|line| fitting(if look.names { emoji::named(line) } else { line }, look.width))
        .collect();
    let blocks = if look.markdown { blocks(&lines) } else { Vec::new() };
    let mut out = Vec::new();
    for (nth, line) in lines.iter().enumerate() {
        if blocks.iter().any(|block| block.contains(&nth)) {
            out.push(code_row(line, &look));
        } else if look.markdown {
            paragraph(line, &look, &mut out);
        } else {
            put(&[Span::new(line.as_str(), Face::PLAIN)], "", "", &look, &mut out);
        }
    }
    out
}

/// Columns of the widest line of code in blocks.
pub fn widest_code(text: &str) -> usize {
    let lines: Vec<String> = clean::lines(text).collect();
    let inside =
        |block: &Range<usize>| lines.get(block.clone()).unwrap_or(&[]).iter().map(|line| columns(line)).max();
    blocks(&lines).iter().filter_map(inside).max().unwrap_or(0)
}

/// Lines from ``` to ```, both with them. What is never closed is no block.
fn blocks(lines: &[String]) -> Vec<Range<usize>> {
    let fences = lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("```"));
    let mut blocks = Vec::new();
    let mut open = None;
    for (nth, line) in fences {
        match open {
            None if !line.trim_start().trim_start_matches('`').contains('`') => open = Some(nth),
            Some(from) if line.trim().trim_matches('`').is_empty() => {
                blocks.push(from..nth + 1);
                open = None;
            }
            _ => {}
        }
    }
    blocks
}

/// A line of code: never broken, but moved sideways.
fn code_row(line: &str, look: &Look) -> TextRow {
    let fence = line.trim_start().starts_with("```");
    let face = if fence { Face::CODE | Face::FAINT } else { Face::CODE };
    let shift = if fence { 0 } else { look.shift };
    let mut skipped = 0;
    let rest: String = line
        .graphemes(true)
        .skip_while(|cluster| {
            let skip = skipped < shift;
            skipped += cluster_columns(cluster);
            skip
        })
        .collect();
    Rc::new([Span::new(cut(&rest, look.width, look.ellipsis), face)])
}

/// A line that is not code: a quote, an entry of a list, or just text.
fn paragraph(line: &str, look: &Look, out: &mut Vec<TextRow>) {
    let bare = line.trim_start();
    if let Some(quoted) = bare.strip_prefix('>') {
        let quoted = quoted.strip_prefix(' ').unwrap_or(quoted);
        let bar = if look.width > 8 { format!("{} ", look.bar) } else { String::new() };
        return put(&whole(quoted, Face::FAINT), &bar, &bar, look, out);
    }
    let mark = list_mark(bare);
    if mark > 0 {
        let lead = line.get(..line.len() - bare.len() + mark).unwrap_or("");
        let entry = bare.get(mark..).unwrap_or("");
        let hang = columns(lead);
        if hang * 2 < look.width {
            return put(&whole(entry, Face::PLAIN), lead, &" ".repeat(hang), look, out);
        }
    }
    put(&whole(line, Face::PLAIN), "", "", look, out);
}

/// Bytes of the mark of a list's entry with the space behind it; 0 without one.
fn list_mark(line: &str) -> usize {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line.get(digits..).unwrap_or("");
    let sign = if digits == 0 { rest.starts_with(['-', '*', '+']) } else { rest.starts_with(['.', ')']) };
    if sign && digits <= 4 && rest.get(1..2) == Some(" ") { digits + 2 } else { 0 }
}

/// The pieces of a line. If taking marks away would let what was apart act together, it is shown as it was typed.
fn whole(line: &str, face: Face) -> Vec<Span> {
    let spans = inline::spans(line, face);
    let plain: String = spans.iter().map(|span| span.text.as_str()).collect();
    if plain.is_ascii() || clean::line(&plain) == plain { spans } else { vec![Span::new(line, face)] }
}

/// Breaks pieces into rows, `lead` in front of the first and `hang` in front of the others.
fn put(spans: &[Span], lead: &str, hang: &str, look: &Look, out: &mut Vec<TextRow>) {
    let plain: String = spans.iter().map(|span| span.text.as_str()).collect();
    let used = columns(lead).max(columns(hang));
    let room = look.width.saturating_sub(used).max(1);
    let right = direction::right_to_left(&plain);
    for (nth, place) in breaks(&plain, room).into_iter().enumerate() {
        let mut row = vec![Span::new(if nth == 0 { lead } else { hang }, Face::FAINT)];
        if right {
            let free = room.saturating_sub(columns(plain.get(place.clone()).unwrap_or("")));
            row.push(Span::new(" ".repeat(free), Face::PLAIN));
        }
        pieces(spans, &plain, place, &mut row);
        row.retain(|span| !span.text.is_empty());
        out.push(row.into());
    }
}

/// The part of pieces that stands at a place; a cluster looks as it begins.
fn pieces(spans: &[Span], plain: &str, place: Range<usize>, row: &mut Vec<Span>) {
    let mut ends = Vec::with_capacity(spans.len());
    let mut end = 0;
    for span in spans {
        end += span.text.len();
        ends.push((end, span.face));
    }
    let mut at = place.start;
    for cluster in plain.get(place).unwrap_or("").graphemes(true) {
        let nth = ends.partition_point(|(end, _)| *end <= at);
        let face = ends.get(nth).map_or(Face::PLAIN, |(_, face)| *face);
        match row.last_mut() {
            Some(last) if last.face == face && !last.text.is_empty() => last.text.push_str(cluster),
            _ => row.push(Span::new(cluster, face)),
        }
        at += cluster.len();
    }
}
