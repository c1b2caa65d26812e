//! The only way to cells: every text is cleaned here once more and can never leave its area. Nothing else of the
//! view touches the buffer.

use crate::screen::text::{self, clean};
use crate::screen::theme::Theme;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

/// A buffer with a theme and the place of the caret.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    /// Marks and styles.
    pub theme: Theme,
    /// Where the terminal's own cursor goes.
    pub caret: Option<Position>,
    /// Entries of lists that can be clicked, with their numbers.
    pub entries: Vec<(Rect, usize)>,
}

impl<'a> Canvas<'a> {
    /// A canvas on a buffer.
    pub fn new(buffer: &'a mut Buffer, theme: Theme) -> Self {
        Self { buffer, theme, caret: None, entries: Vec::new() }
    }

    /// The whole area.
    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Puts one line at a place, at most `width` columns; gives back how many were used.
    pub fn put(&mut self, x: u16, y: u16, width: u16, line: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return 0;
        }
        self.free_left(x, y);
        let room = usize::from(width.min(area.right() - x));
        let mut used = 0;
        for cluster in clean::line(line).graphemes(true) {
            let wide = text::cluster_columns(cluster);
            if wide == 0 {
                continue;
            }
            if used + wide > room {
                break;
            }
            let at = x + u16::try_from(used).unwrap_or(0);
            self.buffer.set_stringn(at, y, cluster, wide, style);
            used += wide;
        }
        u16::try_from(used).unwrap_or(width)
    }

    /// Puts a line so that it ends at the right edge of `width` columns from `x`.
    pub fn put_right(&mut self, x: u16, y: u16, width: u16, line: &str, style: Style) {
        let line = text::cut(&clean::line(line), usize::from(width), self.theme.marks.ellipsis);
        let used = u16::try_from(text::columns(&line)).unwrap_or(width);
        self.put(x + width.saturating_sub(used), y, width, &line, style);
    }

    /// Puts a line in the middle of a rule.
    pub fn rule(&mut self, x: u16, y: u16, width: u16, middle: &str, style: Style) {
        let level = self.theme.marks.level;
        let line = level.repeat(usize::from(width));
        self.put(x, y, width, &line, self.theme.styles.dim);
        if !middle.is_empty() && width > 4 {
            let cut = text::cut(&clean::line(middle), usize::from(width - 4), self.theme.marks.ellipsis);
            let words = format!(" {cut} ");
            let used = u16::try_from(text::columns(&words)).unwrap_or(width);
            self.put(x + (width - used.min(width)) / 2, y, used, &words, style);
        }
    }

    /// A wide character whose right half is about to be drawn over leaves no stray half.
    fn free_left(&mut self, x: u16, y: u16) {
        if let Some(left) = x.checked_sub(1)
            && let Some(cell) = self.buffer.cell_mut(Position::new(left, y))
            && cell.symbol().cell_width() > 1
        {
            cell.set_symbol(" ");
        }
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            self.free_left(area.left(), y);
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut(Position::new(x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// Gives an area a style without changing its text.
    pub fn tint(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// A framed box in the middle of the screen, emptied; gives back its inside.
    pub fn boxed(&mut self, title: &str, foot: &str, width: u16, rows: u16) -> Rect {
        let screen = self.area();
        let width = width.saturating_add(4).min(screen.width);
        let height = rows.saturating_add(2).min(screen.height);
        let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
        self.clear(area);
        if width < 6 || height < 3 {
            return area;
        }
        let [top_left, top_right, bottom_left, bottom_right] = self.theme.marks.corners;
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        let dim = self.theme.styles.dim;
        let line = self.theme.marks.level.repeat(usize::from(width - 2));
        for (y, left_corner, right_corner) in
            [(area.y, top_left, top_right), (bottom, bottom_left, bottom_right)]
        {
            self.put(area.x, y, 1, left_corner, dim);
            self.put(area.x + 1, y, width - 2, &line, dim);
            self.put(right, y, 1, right_corner, dim);
        }
        for y in area.y + 1..bottom {
            self.put(area.x, y, 1, self.theme.marks.up, dim);
            self.put(right, y, 1, self.theme.marks.up, dim);
        }
        let ellipsis = self.theme.marks.ellipsis;
        let title = text::cut(&clean::line(title), usize::from(width - 6), ellipsis);
        self.put(area.x + 2, area.y, width - 4, &format!(" {title} "), self.theme.styles.strong);
        if !foot.is_empty() {
            let foot = format!(" {} ", text::cut(foot, usize::from(width.saturating_sub(6)), ellipsis));
            self.put_right(area.x + 1, bottom, width - 3, &foot, dim);
        }
        Rect::new(area.x + 2, area.y + 1, width - 4, height - 2)
    }

    /// Puts the terminal's cursor somewhere inside the screen.
    pub fn set_caret(&mut self, x: u16, y: u16) {
        let area = self.area();
        if area.width > 0 && area.height > 0 {
            self.caret = Some(Position::new(x.min(area.right() - 1), y.min(area.bottom() - 1)));
        }
    }
}

/// Puts lines one below the other and knows where the next goes.
pub struct Rows<'c, 'b> {
    canvas: &'c mut Canvas<'b>,
    area: Rect,
    next: u16,
}

impl<'c, 'b> Rows<'c, 'b> {
    /// Rows of an area.
    pub fn new(canvas: &'c mut Canvas<'b>, area: Rect) -> Self {
        Self { canvas, area, next: 0 }
    }

    /// The row the next line goes to, on the screen.
    pub fn y(&self) -> u16 {
        self.area.y.saturating_add(self.next)
    }

    /// Rows left.
    pub fn left(&self) -> u16 {
        self.area.height.saturating_sub(self.next)
    }

    /// The marks and styles.
    pub fn theme(&self) -> Theme {
        self.canvas.theme
    }

    /// The width.
    pub fn width(&self) -> u16 {
        self.area.width
    }

    /// One line, cut at the edge.
    pub fn line(&mut self, line: &str, style: Style) {
        if self.left() > 0 {
            let cut =
                text::cut(&clean::line(line), usize::from(self.area.width), self.canvas.theme.marks.ellipsis);
            self.canvas.put(self.area.x, self.y(), self.area.width, &cut, style);
            self.next += 1;
        }
    }

    /// An empty line.
    pub fn gap(&mut self) {
        if self.left() > 0 {
            self.next += 1;
        }
    }

    /// A text over as many lines as it needs.
    pub fn text(&mut self, words: &str, style: Style) {
        for line in text::wrap::wrap(words, usize::from(self.area.width)) {
            self.line(&line, style);
        }
    }

    /// A field with a label and the caret behind `before`.
    pub fn field(&mut self, label: &str, shown: &str, before: &str, focus: bool) {
        if self.left() == 0 {
            return;
        }
        let style = self.canvas.theme.styles.text;
        let (x, y, width) = (self.area.x, self.y(), self.area.width);
        let label_columns = self.canvas.put(x, y, width, label, style);
        let room = width.saturating_sub(label_columns);
        // Only the end of a long text is shown, so that the caret stays visible.
        let skip = text::columns(before).saturating_sub(usize::from(room.saturating_sub(1)));
        let mut skipped = 0;
        let visible: String = clean::line(shown)
            .graphemes(true)
            .skip_while(|cluster| {
                let skipping = skipped < skip;
                skipped += text::cluster_columns(cluster);
                skipping
            })
            .collect();
        self.canvas.put(x + label_columns, y, room, &visible, style);
        if focus {
            let column = text::columns(before).saturating_sub(skip);
            self.canvas.set_caret(x + label_columns + u16::try_from(column).unwrap_or(room).min(room), y);
        }
        self.next += 1;
    }

    /// The last line put is an entry of a list, perhaps the chosen one.
    pub fn entry(&mut self, at: usize, chosen: bool) {
        if let Some(row) = self.next.checked_sub(1) {
            let line = Rect::new(self.area.x, self.area.y.saturating_add(row), self.area.width, 1);
            self.canvas.entries.push((line, at));
        }
        if chosen {
            self.choose_last();
        }
    }

    /// The last line put gets a style (the chosen entry of a list).
    fn choose_last(&mut self) {
        if let Some(row) = self.next.checked_sub(1) {
            let style = self.canvas.theme.styles.chosen;
            self.canvas.tint(Rect::new(self.area.x, self.area.y + row, self.area.width, 1), style);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::screen::theme::UNICODE;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is put somewhere stays inside the columns it was given, and nothing steers.
        #[test]
        fn a_text_never_leaves_its_columns(line in ".{0,30}", x in 0u16..20, width in 0u16..20, y in 0u16..3) {
            let mut buffer = Buffer::filled(Rect::new(0, 0, 24, 2), ratatui::buffer::Cell::new("#"));
            let mut canvas = Canvas::new(&mut buffer, Theme::new(UNICODE, true));
            let used = canvas.put(x, y, width, &line, Style::new());
            prop_assert!(used <= width);
            canvas.put_right(x, y, width, &line, Style::new());
            for row in 0..2 {
                for column in 0..24u16 {
                    let symbol = buffer[(column, row)].symbol();
                    prop_assert!(!symbol.chars().any(char::is_control));
                    if row != y || column < x || column >= x + width {
                        prop_assert_eq!(symbol, "#");
                    }
                }
            }
        }
    }

    #[test]
    fn a_wide_character_cut_in_half_leaves_no_stray_half() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        let mut canvas = Canvas::new(&mut buffer, Theme::new(UNICODE, true));
        canvas.put(0, 0, 6, "a你好", Style::new());
        canvas.put(2, 0, 1, "|", Style::new());
        assert_eq!(buffer[(1, 0)].symbol(), " ");
        assert_eq!(buffer[(2, 0)].symbol(), "|");
    }
}
