//! An invite link as a code to scan, in half blocks: two modules a character, dark on light whatever the terminal's
//! colours are.

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code, as scanners want them (the standard asks for 4; 2 is read well).
const QUIET: usize = 2;

/// The code, or none if the text does not fit one. The text is written in capitals, which makes the code smaller
/// and is the same link.
pub fn draw(link: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(link.to_uppercase(), EcLevel::L).ok()?;
    let width = code.width();
    let colors = code.to_colors();
    let dark = |x: usize, y: usize| {
        let (Some(x), Some(y)) = (x.checked_sub(QUIET), y.checked_sub(QUIET)) else { return false };
        x < width && y < width && colors.get(y * width + x) == Some(&Color::Dark)
    };
    let side = width + 2 * QUIET;
    let mut text = String::new();
    for y in (0..side).step_by(2) {
        // Black on bright white.
        text.push_str("\x1b[30;107m");
        for x in 0..side {
            text.push(match (dark(x, y), dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        text.push_str("\x1b[0m\n");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_code_is_square_and_capitals_keep_it_small() {
        let text = draw(&format!("starling:{}", "a".repeat(105))).unwrap();
        let rows: Vec<usize> =
            text.lines().map(|line| line.chars().filter(|c| "█▀▄ ".contains(*c)).count()).collect();
        // 114 capitals fit version 4 (33 modules) at level L.
        assert!(rows.iter().all(|row| *row == 37), "{rows:?}");
        assert_eq!(rows.len(), 19);
        assert!(draw(&"a".repeat(10_000)).is_none());
    }
}
