//! From pressed keys to actions: several keys one after another, and vim's normal mode.

use super::{Out, say, send};
use crate::screen::keymap::{Edit, Insert, Match, Stroke, strokes};
use crate::screen::model::Model;
use crate::screen::settings::Preset;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key means after those pressed before it. [`Match::More`] also when it is swallowed: then nothing else may
/// have it.
pub fn find(model: &mut Model, key: &KeyEvent) -> Match {
    let stroke = Stroke::of(key);
    model.strokes.push(stroke);
    let found = model.keys.find(&model.strokes, model.editor.is_empty(), model.normal);
    if found == Match::More {
        say(model, format!("{} …", strokes::label(&model.strokes)));
        return found;
    }
    let pressed = std::mem::take(&mut model.strokes);
    if found == Match::Nothing && pressed.len() > 1 {
        if stroke.code != KeyCode::Esc {
            say(model, format!("{} means nothing here.", strokes::label(&pressed)));
        }
        return Match::More;
    }
    // In normal mode letters are not text.
    if found == Match::Nothing && model.normal && stroke.types() { Match::More } else { found }
}

/// Esc with vim's keys begins normal mode. True if there is nothing else it shall do.
pub fn escape(model: &mut Model) -> bool {
    let begins = model.keys.preset == Preset::Vim && !model.normal;
    model.normal |= begins;
    begins
}

/// A change of the line.
pub fn edit(model: &mut Model, edit: Edit, out: &mut Out) {
    match edit.stroke() {
        Some(stroke) => {
            model.editor.key(KeyEvent::new(stroke.code, stroke.modifiers));
        }
        None if edit == Edit::DeleteToEnd => model.editor.cut_to_end(),
        None => model.editor.clear(),
    }
    send::edited(model, out);
}

/// From normal mode to typing.
pub fn insert(model: &mut Model, place: Insert, out: &mut Out) {
    model.normal = false;
    let code = match place {
        Insert::Here => return,
        Insert::After => KeyCode::Right,
        Insert::Start => KeyCode::Home,
        Insert::End | Insert::Below => KeyCode::End,
    };
    model.editor.key(KeyEvent::new(code, KeyModifiers::NONE));
    if place == Insert::Below {
        model.editor.insert("\n");
        send::edited(model, out);
    }
}
