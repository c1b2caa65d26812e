//! F8: the newest lines of the node's log, the last one at the bottom.

use super::canvas::{Canvas, Rows};
use crate::screen::model::Model;
use crate::screen::model::outside::{LEVELS, LogView};
use crate::screen::text::{clean, time, wrap};
use ratatui::style::Style;
use starling_node::api::types::LogLine;

/// Columns of the inside up to which the part of the program is left out.
const NARROW: usize = 70;

/// Draws it.
pub fn draw(model: &Model, view: &LogView, canvas: &mut Canvas<'_>) {
    let screen = canvas.area();
    let foot = if screen.width >= 70 {
        "Type to filter   Left Right level   Up PgUp older   End follow   Esc"
    } else {
        "Type   Left Right level   End follow   Esc"
    };
    let inside = canvas.boxed("Log", foot, screen.width, screen.height);
    let styles = canvas.theme.styles;
    let width = usize::from(inside.width);
    let mut rows = Rows::new(canvas, inside);
    let level = LEVELS.get(view.level).copied().unwrap_or_default();
    let state = if view.bottom.is_some() { "   held" } else { "" };
    rows.field(
        &format!("{level} and graver{state}   filter: "),
        view.query.text(),
        view.query.before(),
        true,
    );
    let lines = visible(model, view, width, usize::from(rows.left()));
    if lines.is_empty() {
        rows.text("Nothing was logged that fits.", styles.dim);
    }
    for (line, style) in lines {
        rows.line(&line, style);
    }
}

/// The rows that fit, wrapped, from the bottom up.
fn visible(model: &Model, view: &LogView, width: usize, room: usize) -> Vec<(String, Style)> {
    let mut rows: Vec<(String, Style)> = Vec::new();
    let bottom = view.bottom.unwrap_or(u64::MAX);
    for line in view.shown().rev().filter(|line| line.n <= bottom) {
        let styles = model.theme.styles;
        let style = match line.level.as_str() {
            "error" | "warn" => styles.warn,
            "info" => styles.text,
            _ => styles.dim,
        };
        let wrapped = wrap::wrap(&words(model, line, width), width.max(1));
        if rows.len() + wrapped.len() > room && !rows.is_empty() {
            break;
        }
        rows.extend(wrapped.into_iter().rev().map(|line| (line, style)));
        if rows.len() >= room {
            break;
        }
    }
    rows.truncate(room);
    rows.reverse();
    rows
}

fn words(model: &Model, line: &LogLine, width: usize) -> String {
    let at = time::local(&line.at, &model.zone).map(|at| at.strftime("%H:%M:%S").to_string());
    let at = at.unwrap_or_default();
    let text = clean::line(&line.text);
    if width < NARROW {
        return format!("{at} {} {text}", line.level);
    }
    let part = line.part.rsplit("::").next().unwrap_or_default();
    format!("{at} {:<5} {}: {text}", line.level, clean::line(part))
}
