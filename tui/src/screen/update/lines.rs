//! Whole lines, as line mode has them. What is kept unsent in a chat (its draft) stays in the editor, where it would
//! be on the screen, and no line that is typed mixes with it.

use super::{Out, choose, commands, complain, keys, say, send};
use crate::screen::keymap::Action;
use crate::screen::model::{Compose, Model, Place};
use crate::screen::msg::{Effect, Typed};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Takes in what was typed. It counts as a key.
pub fn on_typed(model: &mut Model, typed: Typed, out: &mut Out) {
    model.interrupted = None;
    model.notice = None;
    model.pressed_ms = Some(model.now_ms);
    if !matches!(model.place, Place::Main) || model.locked.is_some() {
        return;
    }
    // Leaving is possible whatever is asked.
    if typed == Typed::Leave {
        model.overlay = None;
        return keys::act(model, Action::Leave, out);
    }
    if model.overlay.is_some() {
        return;
    }
    if let Some(log) = model.log_mut() {
        log.chosen = None;
    }
    match typed {
        Typed::Line(text) => line(model, &text, out),
        Typed::Key { id, key } => with(model, id, key, out),
        Typed::React { id, emoji } => out.push(Effect::React { id, emoji }),
        Typed::Keep(text) => {
            model.editor.set(&text);
            model.declined = None;
            send::edited(model, out);
        }
        Typed::SendKept => send::submit(model, out),
        Typed::Cancel => keys::act(model, Action::Escape, out),
        Typed::GoTo => keys::act(model, Action::GoTo, out),
        Typed::Older => keys::act(model, Action::PageUp, out),
        Typed::Newest => keys::act(model, Action::Newest, out),
        Typed::Undo => {
            if let Some(undo) = model.undo.take() {
                out.extend(undo.effects);
                say(model, "Taken back.");
            }
        }
        Typed::Leave => {}
    }
}

fn line(model: &mut Model, text: &str, out: &mut Out) {
    if matches!(model.compose, Compose::Edit { .. }) {
        model.editor.set(text);
        return send::submit(model, out);
    }
    let (open, kept) = (model.open.clone(), model.editor.text());
    if text.starts_with('/') && !text.starts_with("//") {
        commands::run(model, text.trim(), out);
        // A command that was done empties the editor, which holds something else here.
        if model.open != open {
            let draft = model.draft_kept.clone();
            model.editor.set(&draft);
        } else if model.editor.is_empty() {
            model.editor.set(&kept);
        }
        return;
    }
    model.editor.set(text);
    send::submit(model, out);
    if model.open == open && !matches!(model.compose, Compose::Edit { .. }) {
        model.editor.set(&kept);
    }
}

fn with(model: &mut Model, id: String, key: char, out: &mut Out) {
    let Some(log) = model.log_mut().filter(|log| log.get(&id).is_some()) else {
        let means = "Nothing was done.";
        return complain(model, "That message is not in this chat, or too far back", means, "");
    };
    log.chosen = Some(id);
    choose::on_key(model, KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE), out);
    if let Some(log) = model.log_mut() {
        log.chosen = None;
    }
}
