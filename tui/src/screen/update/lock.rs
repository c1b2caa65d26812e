//! Locking the screen and opening it again. Nothing of what happens behind it is shown, nothing counts as read, and
//! only the right passphrase ends it.

use super::{Out, chats, complain};
use crate::screen::model::lock::Locked;
use crate::screen::model::{Model, words};
use crate::screen::msg::{Effect, PlaceWish};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use starling_node::api::types::Trouble;
use zeroize::Zeroizing;

/// Exit code of a wrong passphrase.
const LOCKED: u8 = 5;

/// Locks the screen, if there is a passphrase that opens it again.
pub fn now(model: &mut Model, out: &mut Out) {
    if !model.can_lock() {
        complain(
            model,
            "This profile has no passphrase, so nothing could open a locked screen again",
            "Nothing was locked.",
            "Lock the screen of the computer; a passphrase is chosen when a profile is made.",
        );
        return;
    }
    chats::keep_draft(model, out);
    // What lay over the chats may be secret (the 24 words), so that it goes.
    model.overlay = None;
    model.notice = None;
    model.completion = None;
    model.undo = None;
    model.seen.clear();
    // A notice held back would say who wrote.
    model.outside.notices.hush();
    if let Some(log) = model.log_mut() {
        log.chosen = None;
    }
    model.locked = Some(Locked::default());
    model.dirty = true;
}

/// Locks after a time without a key, if that is wanted.
pub fn tick(model: &mut Model, out: &mut Out) {
    if model.idle_lock_ms().is_some_and(|at| at <= model.now_ms) {
        now(model, out);
    }
}

/// A key at the locked screen.
pub fn on_key(model: &mut Model, key: KeyEvent, out: &mut Out) {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    if ctrl && key.code == KeyCode::Char('q') {
        chats::leave(model, out);
        out.push(Effect::Quit { code: 0 });
        return;
    }
    let now = model.now_ms;
    let Some(locked) = &mut model.locked else { return };
    if locked.busy {
        return;
    }
    match key.code {
        KeyCode::Enter if locked.passphrase.is_empty() || locked.wait_ms(now) > 0 => {}
        KeyCode::Enter => {
            locked.busy = true;
            locked.trouble = None;
            let passphrase = Zeroizing::new(locked.passphrase.text().to_owned());
            out.push(Effect::Place(PlaceWish::Unlock { passphrase }));
        }
        _ => {
            locked.passphrase.key(key);
        }
    }
}

/// A paste at the locked screen.
pub fn paste(model: &mut Model, text: &str) {
    if let Some(locked) = model.locked.as_mut().filter(|locked| !locked.busy) {
        let first = Zeroizing::new(text.trim().lines().next().unwrap_or("").to_owned());
        locked.passphrase.insert(&first);
    }
}

/// Whether the passphrase was right.
pub fn on_unlocked(model: &mut Model, result: Result<(), Trouble>, _out: &mut Out) {
    let now = model.now_ms;
    let Some(locked) = &mut model.locked else { return };
    match result {
        Ok(()) => {
            model.locked = None;
            model.pressed_ms = Some(now);
        }
        Err(reason) if reason.exit == LOCKED => {
            locked.tried(now);
            locked.trouble = Some("That passphrase does not open this profile. Nothing is lost.".to_owned());
        }
        Err(reason) => {
            locked.busy = false;
            locked.trouble = Some(words::trouble(&reason));
        }
    }
}
