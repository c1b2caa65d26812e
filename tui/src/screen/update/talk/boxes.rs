//! Keys in the boxes about messages.

use super::super::{Out, say};
use super::{forward, jump};
use crate::screen::model::Model;
use crate::screen::model::overlay::Overlay;
use crate::screen::model::talk::{List, TalkBox};
use crate::screen::msg::{Effect, TalkWish};
use crossterm::event::{KeyCode, KeyEvent};

/// A key in a box about messages. Esc has been handled.
pub fn on_key(model: &mut Model, shown: TalkBox, key: KeyEvent, out: &mut Out) {
    match shown {
        TalkBox::Links { .. } => on_links(model, shown, key, out),
        TalkBox::Forward { message, query, at } => forward::on_key(model, message, query, at, key, out),
        TalkBox::Thread(list) => on_list(model, list, TalkBox::Thread, key, out),
        TalkBox::Pins(list) => on_list(model, list, TalkBox::Pins, key, out),
    }
}

fn on_links(model: &mut Model, shown: TalkBox, key: KeyEvent, out: &mut Out) {
    let TalkBox::Links { addresses, mut at, mut sure } = shown else { return };
    let last = addresses.len().saturating_sub(1);
    match key.code {
        KeyCode::Enter if sure => {
            if let Some(address) = addresses.get(at) {
                out.push(Effect::Talk(TalkWish::Open { address: address.whole.clone() }));
                say(model, "Opening it.");
            }
            return;
        }
        KeyCode::Enter => sure = true,
        KeyCode::Char('c' | 'y') if sure => {
            if let Some(address) = addresses.get(at) {
                out.push(Effect::Copy { text: address.whole.clone() });
                say(model, "The address is copied, by the terminal.");
            }
            return;
        }
        KeyCode::Up if !sure => at = at.saturating_sub(1),
        KeyCode::Down if !sure => at = (at + 1).min(last),
        KeyCode::Char(digit @ '1'..='9') if !sure => {
            let place = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(1) - 1;
            if place <= last {
                (at, sure) = (place, true);
            }
        }
        KeyCode::Backspace if addresses.len() > 1 => sure = false,
        _ => {}
    }
    model.overlay = Some(Overlay::Talk(TalkBox::Links { addresses, at, sure }));
}

fn on_list(model: &mut Model, mut list: List, make: fn(List) -> TalkBox, key: KeyEvent, out: &mut Out) {
    let messages = list.messages.as_deref().unwrap_or(&[]);
    let last = messages.len().saturating_sub(1);
    match key.code {
        KeyCode::Up => list.at = list.at.saturating_sub(1),
        KeyCode::Down => list.at = (list.at + 1).min(last),
        KeyCode::PageUp => list.at = list.at.saturating_sub(8),
        KeyCode::PageDown => list.at = (list.at + 8).min(last),
        KeyCode::Enter => {
            if let Some(id) = messages.get(list.at).map(|message| message.id.clone()) {
                return jump(model, &list.chat, &id, out);
            }
            return;
        }
        KeyCode::Char('p') if matches!(make(list.clone()), TalkBox::Pins(_)) => {
            if let Some(id) = messages.get(list.at).map(|message| message.id.clone()) {
                out.push(Effect::Talk(TalkWish::Pin { id, on: false }));
                out.push(Effect::Talk(TalkWish::Pins { chat: list.chat.clone() }));
            }
        }
        _ => {}
    }
    model.overlay = Some(Overlay::Talk(make(list)));
}
