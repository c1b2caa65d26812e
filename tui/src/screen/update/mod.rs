//! `(model, message) → effects`: every decision of the screen. No IO, no clock, no drawing; time comes with the
//! message.

mod bindings;
mod chats;
mod choose;
mod commands;
mod events;
mod goto;
mod keys;
mod lines;
mod lock;
mod mail;
mod mouse;
mod near;
mod network;
mod outside;
mod overlay;
mod places;
mod rooms;
mod search;
mod seen;
mod send;
pub mod settings;
mod setup;
mod talk;

use super::keymap::{Action, Stroke};
use super::model::undo::{UNDO_MS, Undo};
use super::model::{Model, Notice, Place};
use super::msg::{Effect, Msg, SettingWish};
use crossterm::event::{Event, KeyEvent, KeyEventKind};
use jiff::Timestamp;
use starling_node::api::types::Trouble;

/// When a message is handled.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Monotonic milliseconds.
    pub ms: u64,
    /// Wall time.
    pub wall: Timestamp,
}

/// Recipients of a message that are kept by name; of more only the counts.
const RECIPIENTS_KEPT: usize = 20;

/// Effects being collected.
pub(super) type Out = Vec<Effect>;

/// Takes one message in and says what must be done.
pub fn update(model: &mut Model, msg: Msg, now: Moment) -> Vec<Effect> {
    model.now_ms = now.ms;
    model.wall = now.wall;
    let mut out = Out::new();
    match msg {
        Msg::Reload => out.push(Effect::Setting(SettingWish::Reload)),
        Msg::Settings(news) => {
            settings::on_news(model, news);
            model.dirty = true;
        }
        Msg::Tick => tick(model, &mut out),
        Msg::Term(event) => {
            term(model, event, &mut out);
            model.dirty = true;
        }
        Msg::Pressed { mouse, entry } => {
            if model.locked.is_none() {
                mouse::on_mouse(model, mouse, Some(entry), &mut out);
                model.dirty = true;
            }
        }
        Msg::Typed(typed) => lines::on_typed(model, typed, &mut out),
        // Who is here is read again and again, and mostly it is who was here before.
        Msg::Room(news) => model.dirty |= rooms::on_news(model, news, &mut out),
        other => {
            events::on_message(model, other, &mut out);
            model.dirty = true;
        }
    }
    seen::after(model, &mut out);
    outside::after(model, &mut out);
    rooms::after(model, &mut out);
    near::after(model, &mut out);
    out
}

fn term(model: &mut Model, event: Event, out: &mut Out) {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => on_key(model, key, out),
        Event::Paste(text) if model.locked.is_some() => lock::paste(model, &text),
        Event::Paste(text) => keys::paste(model, &text, out),
        Event::Resize(width, height) => model.size = (width, height),
        Event::FocusGained => {
            model.focus = true;
            out.push(Effect::Setting(SettingWish::Look));
        }
        Event::FocusLost => model.focus = false,
        Event::Mouse(_) if model.locked.is_some() => {}
        Event::Mouse(mouse) => mouse::on_mouse(model, mouse, None, out),
        Event::Key(_) => {}
    }
}

fn on_key(model: &mut Model, key: KeyEvent, out: &mut Out) {
    use crossterm::event::{KeyCode, KeyModifiers};
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    match model.keys.always(Stroke::of(&key)) {
        Some(Action::Redraw) => return out.push(Effect::Redraw),
        Some(Action::Suspend) => return out.push(Effect::Suspend),
        _ => {}
    }
    model.pressed_ms = Some(model.now_ms);
    if model.locked.is_some() {
        return lock::on_key(model, key, out);
    }
    let leave = ctrl && matches!(key.code, KeyCode::Char('c' | 'q'));
    match &model.place {
        Place::Main => keys::on_key(model, key, out),
        Place::Starting if leave => out.push(Effect::Quit { code: 130 }),
        Place::Starting => {}
        Place::Setup(_) if leave => out.push(Effect::Quit { code: 130 }),
        Place::Setup(_) => setup::on_key(model, key, out),
        Place::Unlock(_) if leave => out.push(Effect::Quit { code: 130 }),
        Place::Unlock(_) => setup::on_unlock_key(model, key, out),
        Place::Broken(trouble) if leave || key.code == KeyCode::Esc => {
            out.push(Effect::Quit { code: trouble.exit });
        }
        Place::Broken(_) if key.code == KeyCode::Enter => {
            model.place = Place::Starting;
            out.push(Effect::Open { passphrase: None });
        }
        // Half a sentence was in the editor when the node ended: the other half goes there too.
        Place::Broken(_) if model.open.is_some() => {
            model.editor.key(key);
        }
        Place::Broken(_) => {}
    }
}

fn tick(model: &mut Model, out: &mut Out) {
    let now = model.now_ms;
    let before = model.typing.len();
    model.typing.retain(|_, until| *until > now);
    if model.typing.len() != before {
        model.dirty = true;
    }
    if model.draft_at.is_some_and(|at| at <= now) {
        chats::keep_draft(model, out);
    }
    if model.interrupted.is_some_and(|at| now >= at + super::model::TWICE_MS) {
        model.interrupted = None;
        model.notice = None;
        model.dirty = true;
    }
    if model.undo.take_if(|undo| undo.until_ms <= now).is_some() {
        model.dirty = true;
    }
    chats::tick(model);
    goto::tick(model, out);
    lock::tick(model, out);
    if model.locked.is_some() || model.words_due_ms().is_some_and(|at| at <= now) {
        model.dirty = true;
    }
    network::tick(model, out);
    near::tick(model, out);
    search::tick(model, out);
    outside::tick(model, out);
    let due = model.next_try.len();
    model.next_try.retain(|_, at| *at > now);
    if model.network_next_ms.is_some_and(|at| at <= now) {
        model.network_next_ms = None;
    }
    let again = model.people_at.is_some_and(|at| at <= now);
    if again {
        model.people_at = None;
    }
    if model.next_try.len() != due || again {
        out.push(Effect::People);
        model.dirty = true;
    } else if due > 0 || model.network_next_ms.is_some() {
        // A countdown may be on the screen.
        model.dirty = true;
    }
}

/// Shows an error in the line above the editor.
pub(super) fn trouble(model: &mut Model, trouble: Trouble) {
    model.notice = Some(Notice::Trouble(trouble));
}

/// Shows words in the line above the editor.
pub(super) fn say(model: &mut Model, words: impl Into<String>) {
    model.notice = Some(Notice::Said(words.into()));
}

/// Something was done that `effects` take back: a line says so for a while, and `z` on an empty line does it.
pub(super) fn undoable(model: &mut Model, words: impl Into<String>, effects: Vec<Effect>) {
    model.undo = Some(Undo { words: words.into(), until_ms: model.now_ms + UNDO_MS, effects });
}

/// An error the screen itself found.
pub(super) fn complain(model: &mut Model, what: &str, means: &str, do_: &str) {
    trouble(model, Trouble::new("", 2, what, means, do_));
}
