//! Ctrl-F: words of this chat, or of all with Tab. The node is asked when one stops typing; nothing waits for it.

use super::{Out, events, talk};
use crate::screen::model::Model;
use crate::screen::model::line::Line;
use crate::screen::model::overlay::{Found, Overlay};
use crate::screen::msg::Effect;
use crate::screen::text::clean;
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::api::types::{Message, Trouble};

/// Milliseconds after the last key until the node is asked: less asks it for every letter.
const FIND_MS: u64 = 150;
/// Words of the chat that are looked through for one that is near.
const NEAR_WORDS: usize = 20_000;
/// Letters in which a near word may differ.
const NEAR: usize = 2;

/// Opens the box; a text given is searched at once.
pub fn open(model: &mut Model, text: &str, out: &mut Out) {
    let mut found = Found { query: Line::with(text), chat: model.open.clone(), ..Found::default() };
    if !text.trim().is_empty() {
        ask(&mut found, out);
    }
    model.overlay = Some(Overlay::Found(found));
}

fn ask(found: &mut Found, out: &mut Out) {
    found.due_ms = None;
    found.near = None;
    let text = found.query.text().trim().to_owned();
    if text.is_empty() {
        (found.hits, found.asked) = (None, None);
        return;
    }
    out.push(Effect::Find { text: text.clone(), chat: found.chat.clone() });
    found.asked = Some(text);
}

/// A key in the box.
pub fn on_key(model: &mut Model, mut found: Found, key: KeyEvent, out: &mut Out) {
    let last = found.hits.as_ref().map_or(0, |hits| hits.len().saturating_sub(1));
    match key.code {
        KeyCode::Up => found.at = found.at.saturating_sub(1),
        KeyCode::Down => found.at = (found.at + 1).min(last),
        KeyCode::PageUp => found.at = found.at.saturating_sub(8),
        KeyCode::PageDown => found.at = (found.at + 8).min(last),
        KeyCode::Tab => {
            found.chat = if found.chat.is_some() { None } else { model.open.clone() };
            found.hits = None;
            ask(&mut found, out);
        }
        KeyCode::Enter if found.due_ms.is_some() => ask(&mut found, out),
        KeyCode::Enter => {
            let hit = found.hits.as_ref().and_then(|hits| hits.get(found.at));
            if let Some((chat, id)) = hit.map(|hit| (hit.chat.clone(), hit.id.clone())) {
                return talk::jump(model, &chat, &id, out);
            }
        }
        _ => {
            if found.query.key(key) {
                found.due_ms = Some(model.now_ms + FIND_MS);
            }
        }
    }
    model.overlay = Some(Overlay::Found(found));
}

/// Time passed: what was typed is searched.
pub fn tick(model: &mut Model, out: &mut Out) {
    let now = model.now_ms;
    if let Some(Overlay::Found(found)) = &mut model.overlay
        && found.due_ms.is_some_and(|due| due <= now)
    {
        ask(found, out);
    }
}

/// What the node found.
pub fn on_found(model: &mut Model, text: &str, result: Result<Vec<Message>, Trouble>) {
    let Some(hits) = events::ok(model, result) else { return };
    let near = if hits.is_empty() { near(model, text) } else { None };
    if let Some(Overlay::Found(found)) = &mut model.overlay
        && found.asked.as_deref() == Some(text)
    {
        found.at = hits.len().saturating_sub(1);
        found.hits = Some(hits);
        found.near = near;
    }
}

/// The word of the loaded chat that is nearest to one that was not found.
fn near(model: &Model, text: &str) -> Option<String> {
    let wanted = text.trim().to_lowercase();
    if wanted.chars().count() < 3 || wanted.contains(char::is_whitespace) {
        return None;
    }
    let words = model.log()?.items.iter().rev().filter(|item| !item.message.deleted).flat_map(|item| {
        item.message.text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 2)
    });
    let nearest = words
        .take(NEAR_WORDS)
        .map(|word| (super::commands::distance(&wanted, &word.to_lowercase()), word))
        .filter(|(far, _)| (1..=NEAR).contains(far))
        .min_by_key(|(far, _)| *far)?;
    Some(clean::line(nearest.1))
}

/// A paste into the field.
pub fn paste(model: &mut Model, text: &str) {
    let now = model.now_ms;
    if let Some(Overlay::Found(found)) = &mut model.overlay {
        found.query.insert(text);
        found.due_ms = Some(now + FIND_MS);
    }
}
