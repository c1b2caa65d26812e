//! A chosen message: arrows move, one key does one thing with it. Esc goes back to the editor, whose text is kept.

use super::{Out, say, talk};
use crate::screen::model::Model;
use crate::screen::model::arrange::arrange;
use crate::screen::model::overlay::{Help, Overlay};
use crate::screen::model::timeline::{Timeline, look};
use crate::screen::text::markup;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Columns a block of code is moved by one key.
const SIDEWAYS: usize = 8;

/// Chooses the lowest message in the window.
pub fn start(model: &mut Model) {
    let height = usize::from(arrange(model).messages);
    let lowest = Timeline::open(model).and_then(|timeline| {
        timeline.window(height).iter().rev().map(|placed| placed.index).find(|index| {
            model
                .log()
                .is_some_and(|log| log.items.get(*index).is_some_and(|item| item.message.kind != "notice"))
        })
    });
    match lowest {
        Some(index) => choose(model, index),
        None => say(model, "There is no message to choose yet."),
    }
}

fn choose(model: &mut Model, index: usize) {
    let height = usize::from(arrange(model).messages);
    let anchor = Timeline::open(model).and_then(|timeline| timeline.revealed(index, height));
    let Some(log) = model.log_mut() else { return };
    log.chosen = log.items.get(index).map(|item| item.message.id.clone());
    log.anchor = anchor;
}

fn moved(model: &mut Model, by: isize) {
    let Some(log) = model.log() else { return };
    let Some(at) = log.chosen.as_ref().and_then(|id| log.index(id)) else { return leave(model) };
    let wanted = |index: &usize| log.items.get(*index).is_some_and(|item| item.message.kind != "notice");
    let next = if by < 0 { (0..at).rev().find(wanted) } else { (at + 1..log.items.len()).find(wanted) };
    let more = log.short;
    match next {
        Some(index) => choose(model, index),
        None if by > 0 && !more => leave(model),
        None => {}
    }
}

/// Chooses a message that is on the screen, without moving anything.
pub fn only(model: &mut Model, id: &str) {
    if let Some(log) = model.log_mut() {
        log.chosen = Some(id.to_owned());
    }
}

/// Back to the editor.
pub fn leave(model: &mut Model) {
    if let Some(log) = model.log_mut() {
        log.chosen = None;
    }
}

/// A key while a message is chosen. False if it is not one of its keys.
pub fn on_key(model: &mut Model, key: KeyEvent, out: &mut Out) -> bool {
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return false;
    }
    let Some(message) = model.log().and_then(|log| log.chosen()).map(|item| item.message.clone()) else {
        leave(model);
        return false;
    };
    match key.code {
        KeyCode::Up => moved(model, -1),
        KeyCode::Down => moved(model, 1),
        KeyCode::Left => sideways(model, false),
        KeyCode::Right => sideways(model, true),
        KeyCode::Esc | KeyCode::Tab => leave(model),
        KeyCode::Enter => unfold(model),
        KeyCode::Char('?') => {
            model.overlay = Some(Overlay::Help(Help { choosing: true, ..Help::default() }));
        }
        // Taken back where it is said that it can be.
        KeyCode::Char('z') if model.undoable().is_some() => return false,
        KeyCode::Char(letter) => match talk::deed_of(letter) {
            Some(deed) => talk::act(model, &message, deed, out),
            None => say(model, "Esc goes back to the editor, ? shows the keys."),
        },
        KeyCode::Backspace => say(model, "Esc goes back to the editor, ? shows the keys."),
        _ => return false,
    }
    true
}

fn unfold(model: &mut Model) {
    let chosen = model.log().and_then(|log| log.chosen.clone());
    if let Some(item) = chosen.and_then(|id| model.log_mut()?.get_mut(&id)) {
        item.unfolded = !item.unfolded;
    }
}

/// Moves the blocks of code of the chosen message, as far as there is any.
fn sideways(model: &mut Model, right: bool) {
    let width = look(model, model.geometry().text()).width;
    let chosen = model.log().and_then(|log| log.chosen.clone());
    let Some(item) = chosen.and_then(|id| model.log_mut()?.get_mut(&id)) else { return };
    let most = (markup::widest_code(&item.message.text) + 1).saturating_sub(width);
    item.shift = if right { (item.shift + SIDEWAYS).min(most) } else { item.shift.saturating_sub(SIDEWAYS) };
}
