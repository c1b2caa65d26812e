//! Commands in open channels: `/ignore`, `/follow`, `/mute @who`, `/hide`, `/slow`. What cannot be done stays in the
//! editor with the reason.

use super::super::{Out, complain, say};
use super::commands::member;
use crate::screen::model::Model;
use crate::screen::model::overlay::{Overlay, RoomBox};
use crate::screen::msg::{Effect, OpenWish, RoomWish};
use starling_node::api::types::Message;

const KEPT: &str = "Nothing was done; the text is still in the editor.";
/// Seconds of a mute where nothing else is said.
const MUTE_S: u64 = 3_600;

/// Asks for something about an open channel.
pub fn ask(wish: OpenWish) -> Effect {
    Effect::Room(RoomWish::Open(wish))
}

/// Whether a command means the open channel that is open, and not the chat or a person.
pub fn is_meant(model: &Model, word: &str, rest: &str) -> bool {
    let here = model.open_channel().is_some();
    match word {
        "/mute" => here && rest.starts_with('@'),
        "/hide" => here && rest.is_empty(),
        _ => matches!(word, "/ignore" | "/unignore" | "/follow" | "/unfollow" | "/slow"),
    }
}

/// A command in an open channel. True if the editor is to be emptied.
pub fn command(model: &mut Model, word: &str, rest: &str, out: &mut Out) -> bool {
    let Some(chat) = model.open_channel().map(|chat| chat.chat.clone()) else {
        complain(model, "This chat is no open room", KEPT, "/join #name goes into one.");
        return false;
    };
    let wish = match word {
        "/hide" => return chosen(model),
        "/slow" => seconds_of(model, rest).map(|seconds| OpenWish::Slow { chat, seconds }),
        "/mute" => mute(model, chat, rest),
        _ => {
            let on = !word.starts_with("/un");
            member(model, rest).map(|account| match word {
                "/ignore" | "/unignore" => OpenWish::Ignore { chat, account, on },
                _ => OpenWish::Follow { chat, account, on },
            })
        }
    };
    let done = wish.is_some();
    out.extend(wish.map(ask));
    done
}

fn mute(model: &mut Model, chat: String, rest: &str) -> Option<OpenWish> {
    let (who, time) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let seconds = if time.trim().is_empty() { MUTE_S } else { seconds_of(model, time.trim())? };
    member(model, who).map(|account| OpenWish::Mute { chat, account, seconds })
}

/// "30s", "5m", "1h", "off" in seconds.
fn seconds_of(model: &mut Model, text: &str) -> Option<u64> {
    let each = |unit: char| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(3_600),
        _ => None,
    };
    let read = || {
        let unit = text.chars().next_back()?;
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(each(unit)?)
    };
    let seconds = if text == "off" { Some(0) } else { read() };
    if seconds.is_none() {
        complain(model, &format!("\"{text}\" is no time"), KEPT, "For example 30s, 5m, 1h, or off.");
    }
    seconds
}

fn chosen(model: &mut Model) -> bool {
    let message = model.log().and_then(|log| log.chosen()).map(|item| item.message.clone());
    match message {
        Some(message) => hide(model, &message),
        None => complain(
            model,
            "No message is chosen",
            KEPT,
            "Up chooses one; then H, or Ctrl-P and hide. /hide @who keeps from a person how you are.",
        ),
    }
    false
}

/// Asks whether a message is to be hidden from those who follow one.
pub fn hide(model: &mut Model, message: &Message) {
    if model.open_channel().is_none() {
        return say(model, "Only in an open room messages are hidden from those who follow you.");
    }
    let (chat, id) = (message.chat.clone(), message.id.clone());
    model.overlay = Some(Overlay::Room(RoomBox::Hide { chat, id }));
}
