//! The mouse: clicks, the wheel, and dragging the edge of the list. Everything it does is done by keys too.

use super::{Out, chats, choose, keys, overlay, settings};
use crate::screen::model::geometry::TEXT_LEAST;
use crate::screen::model::hits::Spot;
use crate::screen::model::overlay::Overlay;
use crate::screen::model::{Model, Place};
use crate::screen::settings::{LIST_LEAST, LIST_MOST};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// Rows of one step of the wheel.
const WHEEL: i64 = 3;

/// Something the mouse did. `entry` is the entry of a list that lies over the main screen, if one was pressed.
pub fn on_mouse(model: &mut Model, mouse: MouseEvent, entry: Option<usize>, out: &mut Out) {
    match mouse.kind {
        MouseEventKind::ScrollUp => keys::wheel(model, -WHEEL),
        MouseEventKind::ScrollDown => keys::wheel(model, WHEEL),
        _ if !matches!(model.place, Place::Main) => {}
        MouseEventKind::Down(MouseButton::Left) if model.overlay.is_some() => chosen(model, entry, out),
        MouseEventKind::Down(MouseButton::Left) => click(model, mouse.column, mouse.row, out),
        MouseEventKind::Drag(MouseButton::Left) if model.dragging => {
            let text = model.size.0.saturating_sub(TEXT_LEAST);
            model.settings.list_width = mouse.column.min(text).clamp(LIST_LEAST, LIST_MOST);
        }
        MouseEventKind::Up(MouseButton::Left) if std::mem::take(&mut model.dragging) => {
            let columns = model.settings.list_width.to_string();
            settings::set(model, "list_width", &columns, out);
        }
        _ => {}
    }
}

/// An entry of a list that lies over the main screen: chosen, and opened where that is all one can do with it.
fn chosen(model: &mut Model, entry: Option<usize>, out: &mut Out) {
    let (Some(entry), Some(shown)) = (entry, &mut model.overlay) else { return };
    let Some(at) = shown.chosen_mut() else { return };
    *at = entry;
    if matches!(shown, Overlay::GoTo(_) | Overlay::Chats { .. } | Overlay::Found(_)) {
        overlay::on_key(model, KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE), out);
    } else if matches!(shown, Overlay::Themes(_)) {
        // Choosing shows it; a key that does nothing else does that.
        overlay::on_key(model, KeyEvent::new(KeyCode::Null, KeyModifiers::NONE), out);
    }
}

fn click(model: &mut Model, x: u16, y: u16, out: &mut Out) {
    match model.spot(x, y) {
        Spot::Chat(id) => chats::open(model, &id, out),
        Spot::Extra(extra) => overlay::open_extra(model, Some(extra), out),
        Spot::Edge => model.dragging = true,
        Spot::Card => super::network::open(model, out),
        Spot::Message(id) => choose::only(model, &id),
        Spot::Editor => choose::leave(model),
        Spot::Nothing => {}
    }
}
