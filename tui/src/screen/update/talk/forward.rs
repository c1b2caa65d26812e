//! Forwarding: a message goes to another chat as a quote that says who wrote it, so that nobody seems to say what they
//! did not.

use super::super::{Out, say, send};
use super::by;
use crate::screen::model::Model;
use crate::screen::model::line::Line;
use crate::screen::model::overlay::Overlay;
use crate::screen::model::talk::TalkBox;
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::api::types::Message;

/// Asks to whom.
pub fn open(model: &mut Model, message: &Message) {
    let message = Box::new(message.clone());
    model.overlay = Some(Overlay::Talk(TalkBox::Forward { message, query: Line::default(), at: 0 }));
}

/// A key in the box.
pub fn on_key(
    model: &mut Model,
    message: Box<Message>,
    mut query: Line,
    mut at: usize,
    key: KeyEvent,
    out: &mut Out,
) {
    let hits = model.writable(query.text());
    let chosen = hits.get(at).map(|chat| (chat.chat.clone(), chat.title.clone()));
    let last = hits.len().saturating_sub(1);
    match key.code {
        KeyCode::Up => at = at.saturating_sub(1),
        KeyCode::Down => at = (at + 1).min(last),
        KeyCode::Enter => {
            if let Some((chat, title)) = chosen {
                let text = quoted(model, &message);
                send::to(model, &chat, text, None, out);
                return say(model, format!("Forwarded to {title}."));
            }
        }
        _ => {
            if query.key(key) {
                at = 0;
            }
        }
    }
    model.overlay = Some(Overlay::Talk(TalkBox::Forward { message, query, at }));
}

/// The message as a quote.
fn quoted(model: &Model, message: &Message) -> String {
    let mut text = format!("Forwarded from {}:", by(model, message));
    for line in message.text.split('\n') {
        text.push_str("\n> ");
        text.push_str(line);
    }
    text
}
