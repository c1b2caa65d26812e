//! The terminal's cells written so that no wide picture shifts what stands behind it, whichever width the terminal
//! gives it: what follows a wide cell is placed by its column, and the columns it covers are cleared before it is
//! written, not after. Must not decide what is in a cell.

use super::text;
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// A backend under which wide cells keep their places.
#[derive(Debug)]
pub struct Placed<B>(pub B);

impl<B: Backend> Placed<B> {
    /// Writes a wide cell over cleared columns.
    fn wide(&mut self, (x, y, cell): (u16, u16, &Cell), covered: u16) -> Result<(), B::Error> {
        let mut blank = cell.clone();
        blank.set_symbol(" ");
        let under = (1..=covered).filter_map(|by| x.checked_add(by)).map(|x| (x, y, &blank));
        self.0.draw(under)?;
        self.0.draw(std::iter::once((x, y, cell)))
    }
}

impl<B: Backend> Backend for Placed<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), B::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        // Each call of the backend beneath begins by placing its first cell.
        let mut run: Vec<(u16, u16, &Cell)> = Vec::new();
        let mut hidden = None;
        for (x, y, cell) in content {
            if hidden.is_some_and(|(row, until)| row == y && x < until) {
                continue;
            }
            let covered = u16::try_from(text::columns(cell.symbol()).saturating_sub(1)).unwrap_or(0);
            hidden = (covered > 0).then(|| (y, x.saturating_add(1).saturating_add(covered)));
            if covered == 0 {
                run.push((x, y, cell));
                continue;
            }
            if !run.is_empty() {
                self.0.draw(run.drain(..))?;
            }
            self.wide((x, y, cell), covered)?;
        }
        if run.is_empty() { Ok(()) } else { self.0.draw(run.into_iter()) }
    }

    fn hide_cursor(&mut self) -> Result<(), B::Error> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), B::Error> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, B::Error> {
        self.0.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), B::Error> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), B::Error> {
        self.0.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), B::Error> {
        self.0.clear_region(clear_type)
    }

    fn size(&self) -> Result<Size, B::Error> {
        self.0.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, B::Error> {
        self.0.window_size()
    }

    fn flush(&mut self) -> Result<(), B::Error> {
        self.0.flush()
    }
}
