//! Which panes a terminal of a given size has room for (the table of widths in the design of the screen). Panes give
//! way in a fixed order; the text never does, and no size is refused.

/// Columns at the right of a message for its delivery mark.
pub const MARK_COLUMNS: usize = 3;
/// Columns of the people of a room. Fewer cut most names.
pub const PEOPLE_COLUMNS: u16 = 18;
/// The part of the window's rows the editor grows to at most: a third.
pub const EDITOR_PART: u16 = 3;

/// Columns of text and its mark that the list leaves when it is made wider by hand.
pub const TEXT_LEAST: u16 = 29;

/// Where everything is, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Width of the terminal.
    pub width: u16,
    /// Height of the terminal.
    pub height: u16,
    /// Columns of the chat list; 0 = none.
    pub list: u16,
    /// Left edge of the chat.
    pub left: u16,
    /// Width of the chat.
    pub pane: u16,
    /// Columns of the people of a room, at the right; 0 = none.
    pub people: u16,
    /// Rows of the bottom key line: 0 or 1.
    pub bar: u16,
    /// Rows of title and rule: 1 or 2.
    pub head: u16,
    /// Whether times are shown.
    pub times: bool,
    /// Rows of the network card; 0 = none.
    pub card: u16,
}

impl Geometry {
    /// The panes of a size.
    pub fn of(width: u16, height: u16) -> Self {
        let list = match width {
            0..60 => 0,
            60..76 => 15,
            76..110 => 20,
            _ => 24,
        };
        let small = width < 40 || height < 10;
        let left = if list == 0 { 0 } else { list + 2 };
        Self {
            width,
            height,
            list,
            left,
            pane: width.saturating_sub(left),
            people: 0,
            bar: u16::from(!small),
            head: if small { 1 } else { 2 },
            times: !small,
            card: if list > 0 && height >= 17 { 5 } else { 0 },
        }
    }

    /// With a list as wide as the person made it, where there is a list at all; text keeps its least.
    #[must_use]
    pub fn with_list(self, columns: u16) -> Self {
        if columns == 0 || self.list == 0 {
            return self;
        }
        let list = columns.min(self.width.saturating_sub(TEXT_LEAST));
        Self { list, left: list + 2, pane: self.width.saturating_sub(list + 2), ..self }
    }

    /// Without the key line at the bottom.
    #[must_use]
    pub fn without_hints(self) -> Self {
        Self { bar: 0, ..self }
    }

    /// Messages and the editor alone, so that text can be copied with the terminal's own mouse.
    #[must_use]
    pub fn clean(self) -> Self {
        Self { list: 0, left: 0, pane: self.width, people: 0, bar: 0, head: 0, card: 0, ..self }
    }

    /// With the people of a room at the right, if there is room for them and they are wanted.
    #[must_use]
    pub fn with_people(self, wanted: bool) -> Self {
        if !wanted || self.width < 110 {
            return self;
        }
        // A free column, the line, a free column.
        Self { people: PEOPLE_COLUMNS, pane: self.pane.saturating_sub(PEOPLE_COLUMNS + 3), ..self }
    }

    /// Columns for text in the chat.
    pub fn text(&self) -> usize {
        usize::from(self.pane).saturating_sub(MARK_COLUMNS).max(1)
    }

    /// Rows the editor has for `wanted` rows of text.
    pub fn editor(&self, wanted: usize) -> u16 {
        let most = (self.height / EDITOR_PART).max(2);
        u16::try_from(wanted).unwrap_or(most).clamp(1, most)
    }
}
