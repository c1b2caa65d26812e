//! Parts of a chat: asking for them, taking them in, and going to a message wherever it is.

use super::super::{Out, chats, say, trouble};
use crate::screen::model::Model;
use crate::screen::model::arrange::arrange;
use crate::screen::model::chatlog::Part;
use crate::screen::model::timeline::Timeline;
use crate::screen::msg::{Effect, TalkWish};
use starling_node::api::types::{Message, Trouble};

/// The effect that reads a part of a chat.
pub fn ask(chat: String, part: Part) -> Effect {
    match part {
        Part::Newest => Effect::Log { chat },
        part => Effect::Talk(TalkWish::Page { chat, part }),
    }
}

/// A part came.
pub fn on_page(
    model: &mut Model,
    chat: &str,
    part: &Part,
    page: Result<Vec<Message>, Trouble>,
    out: &mut Out,
) {
    let page = match page {
        Ok(page) => page,
        Err(reason) => {
            chats::log(model, chat).loading = None;
            return trouble(model, reason);
        }
    };
    let unread =
        page.iter().find(|message| message.unread && !message.from.me).map(|message| message.id.clone());
    chats::log(model, chat).page(page, part);
    if model.open.as_deref() != Some(chat) {
        return;
    }
    match part {
        Part::Around(id) if model.log().is_some_and(|log| log.get(id).is_some()) => choose(model, id),
        Part::Around(_) => say(model, "That message is not here any more."),
        Part::Unread => match unread {
            Some(id) => {
                chats::mark_new(model, chat);
                show(model, &id);
            }
            None => say(model, "Nothing unread here."),
        },
        Part::Before(_) if model.log().is_some_and(|log| log.new_line.is_none()) => {
            chats::mark_new(model, chat)
        }
        _ => {}
    }
    super::super::seen::pages(model, out);
}

/// Goes to a message: opens its chat, reads what is around it if that is not loaded, chooses it.
pub fn jump(model: &mut Model, chat: &str, id: &str, out: &mut Out) {
    chats::open(model, chat, out);
    if model.open.as_deref() != Some(chat) {
        return say(model, "That chat is not in your list any more.");
    }
    model.overlay = None;
    if model.log().is_some_and(|log| log.get(id).is_some()) {
        return choose(model, id);
    }
    read(model, Part::Around(id.to_owned()), out);
}

/// Reads a part of the open chat, whatever else is on its way.
fn read(model: &mut Model, part: Part, out: &mut Out) {
    let Some(open) = model.open.clone() else { return };
    if let Some(log) = model.log_mut() {
        log.loading = Some(part.clone());
        out.push(ask(open, part));
    }
}

/// Brings a loaded message into the window and chooses it.
fn choose(model: &mut Model, id: &str) {
    show(model, id);
    if let Some(log) = model.log_mut() {
        log.chosen = Some(id.to_owned());
    }
}

/// Brings a loaded message into the window.
fn show(model: &mut Model, id: &str) {
    let height = usize::from(arrange(model).messages);
    let Some(index) = model.log().and_then(|log| log.index(id)) else { return };
    let anchor = Timeline::open(model).and_then(|timeline| timeline.revealed(index, height));
    if let Some(log) = model.log_mut() {
        log.anchor = anchor;
    }
}

/// The newest message.
pub fn newest(model: &mut Model, out: &mut Out) {
    let read_first = model.log_mut().is_some_and(|log| log.follow());
    if read_first && let Some(open) = model.open.clone() {
        out.push(ask(open, Part::Newest));
    }
}

/// The oldest message not seen yet, also far above what is loaded.
pub fn first_unread(model: &mut Model, out: &mut Out) {
    let Some(log) = model.log() else { return };
    let loaded = log.items.iter().filter(|item| item.message.unread && !item.message.from.me);
    let unread = model.chat().map_or(0, |chat| chat.unread);
    if unread > u64::try_from(loaded.clone().count()).unwrap_or(u64::MAX) && !log.at_start {
        return read(model, Part::Unread, out);
    }
    let line = log.new_line.as_ref().map(|line| line.before.clone()).filter(|id| log.get(id).is_some());
    match line.or_else(|| loaded.map(|item| item.message.id.clone()).next()) {
        Some(id) => show(model, &id),
        None => say(model, "Nothing unread here."),
    }
}
