//! A link as a QR code in half blocks, black on white whatever the terminal's colours are. Upper case, because the
//! alphanumeric kind of code is a third smaller.

use super::canvas::Canvas;
use qrcode::{Color as Module, EcLevel, QrCode};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

/// Modules of white around the code. Four are the norm; two are read by every common reader and fit more screens.
const QUIET: usize = 2;
/// On a screen with nothing but the code one is enough for most readers, and better than no code.
const QUIET_ALONE: usize = 1;

/// A code ready to be drawn.
pub struct Code {
    modules: Vec<bool>,
    side: usize,
    quiet: usize,
}

impl Code {
    /// The code of a link.
    pub fn of(link: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(link.to_uppercase(), EcLevel::L).ok()?;
        let side = code.width();
        let modules = code.to_colors().into_iter().map(|module| module == Module::Dark).collect();
        Some(Self { modules, side, quiet: QUIET })
    }

    /// The same code for a screen of its own: with less white around it where that makes it fit.
    pub fn alone(mut self, width: u16, height: u16) -> Self {
        if !self.fits(width, height) {
            self.quiet = QUIET_ALONE;
        }
        self
    }

    /// Columns it takes.
    pub fn columns(&self) -> u16 {
        u16::try_from(self.side + 2 * self.quiet).unwrap_or(u16::MAX)
    }

    /// Rows it takes.
    pub fn rows(&self) -> u16 {
        u16::try_from((self.side + 2 * self.quiet).div_ceil(2)).unwrap_or(u16::MAX)
    }

    /// Whether it fits.
    pub fn fits(&self, width: u16, height: u16) -> bool {
        self.columns() <= width && self.rows() <= height
    }

    fn dark(&self, x: usize, y: usize) -> bool {
        let (Some(x), Some(y)) = (x.checked_sub(self.quiet), y.checked_sub(self.quiet)) else { return false };
        x < self.side && y < self.side && self.modules.get(y * self.side + x).copied().unwrap_or(false)
    }

    /// Draws it at the top left of an area it fits into.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let style = Style::new().fg(Color::Black).bg(Color::White);
        for row in 0..self.rows().min(area.height) {
            let line: String = (0..usize::from(self.columns()))
                .map(|x| {
                    let y = usize::from(row) * 2;
                    match (self.dark(x, y), self.dark(x, y + 1)) {
                        (true, true) => '█',
                        (true, false) => '▀',
                        (false, true) => '▄',
                        (false, false) => ' ',
                    }
                })
                .collect();
            canvas.put(area.x, area.y + row, area.width, &line, style);
        }
    }
}
