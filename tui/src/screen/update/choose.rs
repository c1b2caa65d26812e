//! A chosen message: one key does one thing with it. Esc goes back to the editor, whose text is kept.

use super::{Out, say, seen};
use crate::screen::model::arrange::arrange;
use crate::screen::model::overlay::{Help, Overlay};
use crate::screen::model::timeline::Timeline;
use crate::screen::model::{Compose, Model};
use crate::screen::msg::Effect;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Chooses the lowest message in the window.
pub fn start(model: &mut Model, out: &mut Out) {
    let height = usize::from(arrange(model).messages);
    let lowest = Timeline::open(model).and_then(|timeline| {
        timeline.window(height).iter().rev().map(|placed| placed.index).find(|index| {
            model
                .log()
                .is_some_and(|log| log.items.get(*index).is_some_and(|item| item.message.kind != "notice"))
        })
    });
    match lowest {
        Some(index) => choose(model, index, out),
        None => say(model, "There is no message to choose yet."),
    }
}

fn choose(model: &mut Model, index: usize, out: &mut Out) {
    let height = usize::from(arrange(model).messages);
    let anchor = Timeline::open(model).and_then(|timeline| timeline.revealed(index, height));
    let Some(log) = model.log_mut() else { return };
    log.chosen = log.items.get(index).map(|item| item.message.id.clone());
    log.anchor = anchor;
    if index < 3 {
        seen::older(model, out);
    }
}

fn moved(model: &mut Model, by: isize, out: &mut Out) {
    let Some(log) = model.log() else { return };
    let Some(at) = log.chosen.as_ref().and_then(|id| log.index(id)) else { return leave(model) };
    let wanted = |index: &usize| log.items.get(*index).is_some_and(|item| item.message.kind != "notice");
    let next = if by < 0 { (0..at).rev().find(wanted) } else { (at + 1..log.items.len()).find(wanted) };
    match next {
        Some(index) => choose(model, index, out),
        None if by > 0 => leave(model),
        None => seen::older(model, out),
    }
}

fn leave(model: &mut Model) {
    if let Some(log) = model.log_mut() {
        log.chosen = None;
    }
}

/// A key while a message is chosen. False if it is not one of its keys.
pub fn on_key(model: &mut Model, key: KeyEvent, out: &mut Out) -> bool {
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return false;
    }
    let Some(id) = model.log().and_then(|log| log.chosen.clone()) else { return false };
    let Some(message) = model.log().and_then(|log| log.get(&id)).map(|item| item.message.clone()) else {
        leave(model);
        return false;
    };
    let own = message.from.me;
    match key.code {
        KeyCode::Up => moved(model, -1, out),
        KeyCode::Down => moved(model, 1, out),
        KeyCode::Esc | KeyCode::Tab => leave(model),
        KeyCode::Enter => unfold(model, &id),
        KeyCode::Char('?') => {
            model.overlay = Some(Overlay::Help(Help { choosing: true, ..Help::default() }));
        }
        KeyCode::Char('i') => {
            out.extend([Effect::One { id: id.clone() }, Effect::People]);
            if message.from.me {
                out.push(Effect::Kept { id: id.clone() });
            }
            model.overlay = Some(Overlay::WhoHas { id, message: None, kept: Vec::new() });
        }
        KeyCode::Char(_) if message.deleted => say(model, "It was deleted; there is nothing left of it."),
        KeyCode::Char('r') => {
            leave(model);
            if let Compose::Edit { before, .. } = std::mem::take(&mut model.compose) {
                model.editor.set(&before);
            }
            model.compose = Compose::Reply { id };
        }
        KeyCode::Char('e') if own => edit(model, id, &message.text),
        KeyCode::Char('d') if own => model.overlay = Some(Overlay::Delete { id }),
        KeyCode::Char('e' | 'd') => say(model, "Only your own messages can be changed or deleted."),
        KeyCode::Char('+') => model.overlay = Some(Overlay::React { id, at: 0 }),
        KeyCode::Char('y') => {
            out.push(Effect::Copy { text: message.text });
            say(model, "Copied, by the terminal.");
        }
        KeyCode::Char(_) | KeyCode::Backspace => say(model, "Esc goes back to the editor, ? shows the keys."),
        _ => return false,
    }
    true
}

fn edit(model: &mut Model, id: String, text: &str) {
    leave(model);
    let before = match std::mem::take(&mut model.compose) {
        Compose::Edit { before, .. } => before,
        _ => model.editor.text(),
    };
    model.editor.set(text);
    model.compose = Compose::Edit { id, before };
}

fn unfold(model: &mut Model, id: &str) {
    if let Some(item) = model.log_mut().and_then(|log| log.get_mut(id)) {
        item.unfolded = !item.unfolded;
    }
}
