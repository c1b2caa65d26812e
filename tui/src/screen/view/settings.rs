//! The list of themes.

use super::canvas::{Canvas, Rows};
use crate::screen::model::Model;
use crate::screen::model::overlay::Themes;
use crate::screen::text::pad;

/// Draws it; the chosen theme is the one of everything around it.
pub fn themes(model: &Model, shown: &Themes, canvas: &mut Canvas<'_>) {
    let room = canvas.area().height.saturating_sub(4);
    let height = u16::try_from(shown.names.len()).unwrap_or(u16::MAX).min(room).max(1);
    let inside = canvas.boxed("Theme", "Enter keeps it   Esc", 40, height);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let from = (shown.at + 1).saturating_sub(usize::from(inside.height));
    for (at, name) in shown.names.iter().enumerate().skip(from).take(usize::from(inside.height)) {
        let now = if *name == model.settings.theme { "now" } else { "" };
        rows.line(&format!("  {}{now}", pad(name, 30, "")), styles.text);
        rows.entry(at, at == shown.at);
    }
}
