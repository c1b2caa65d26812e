//! What one does with a message: by a key on a chosen one, or by a slash command for the chosen or the newest one.
//! Everything that cannot be taken back, or leaves this computer by another way than to the people of the chat, asks
//! first.

mod boxes;
mod commands;
mod forward;
mod pages;

pub use boxes::on_key;
pub use commands::command;
pub use pages::{ask, first_unread, jump, newest, on_page};

use super::{Out, events, rooms, say, send, undoable};
use crate::screen::model::overlay::Overlay;
use crate::screen::model::talk::{List, TalkBox};
use crate::screen::model::{Compose, Model};
use crate::screen::msg::{Effect, TalkNews, TalkWish};
use crate::screen::text::{count, link, time};
use starling_node::api::types::Message;

/// Something one does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Answer it.
    Reply,
    /// Change it.
    Edit,
    /// React.
    React,
    /// Copy its text.
    Copy,
    /// Copy it with name and time.
    CopyWhole,
    /// Open a link in it.
    Open,
    /// See who has it.
    Who,
    /// See it with its answers.
    Thread,
    /// Send it to another chat as a quote.
    Forward,
    /// Pin it, or take the pin out.
    Pin,
    /// Send it again.
    Again,
    /// Delete it.
    Delete,
    /// Hide it from those who follow one in an open channel.
    Hide,
}

/// The deed of a key on a chosen message.
pub fn deed_of(key: char) -> Option<Deed> {
    Some(match key {
        'r' => Deed::Reply,
        'e' => Deed::Edit,
        '+' => Deed::React,
        'y' => Deed::Copy,
        'Y' => Deed::CopyWhole,
        'o' => Deed::Open,
        'i' => Deed::Who,
        't' => Deed::Thread,
        'f' => Deed::Forward,
        'p' => Deed::Pin,
        'R' => Deed::Again,
        'd' => Deed::Delete,
        'H' => Deed::Hide,
        _ => return None,
    })
}

/// Does something with a message of the open chat.
pub fn act(model: &mut Model, message: &Message, deed: Deed, out: &mut Out) {
    let id = message.id.clone();
    if message.deleted && !matches!(deed, Deed::Who | Deed::Delete | Deed::Thread) {
        return say(model, "It was deleted; there is nothing left of it.");
    }
    match deed {
        Deed::Reply => reply(model, id),
        Deed::Edit if message.from.me => edit(model, id, &message.text),
        Deed::Edit => say(model, "Only your own messages can be changed."),
        Deed::React => model.overlay = Some(Overlay::React { id, at: 0 }),
        Deed::Copy => copy(model, message.text.clone(), out),
        Deed::CopyWhole => copy(model, with_name(model, message), out),
        Deed::Open => open(model, message),
        Deed::Who => who_has(model, message, out),
        Deed::Thread => {
            let list = model.thread(&id);
            model.overlay = Some(Overlay::Talk(TalkBox::Thread(list)));
        }
        Deed::Forward => forward::open(model, message),
        Deed::Pin => out.push(Effect::Talk(TalkWish::Pin { id, on: !message.pinned })),
        Deed::Again => again(model, message, out),
        Deed::Hide => rooms::open::hide(model, message),
        Deed::Delete => model.overlay = Some(Overlay::Delete { id }),
    }
}

fn leave_choice(model: &mut Model) {
    if let Some(log) = model.log_mut() {
        log.chosen = None;
    }
}

/// The editor is for an answer now; a change that was under way is dropped, its text kept.
pub(super) fn reply(model: &mut Model, id: String) {
    leave_choice(model);
    if let Compose::Edit { before, .. } = std::mem::take(&mut model.compose) {
        model.editor.set(&before);
    }
    model.compose = Compose::Reply { id };
}

pub(super) fn edit(model: &mut Model, id: String, text: &str) {
    leave_choice(model);
    let before = match std::mem::take(&mut model.compose) {
        Compose::Edit { before, .. } => before,
        _ => model.editor.text(),
    };
    model.editor.set(text);
    model.compose = Compose::Edit { id, before };
}

fn copy(model: &mut Model, text: String, out: &mut Out) {
    out.push(Effect::Copy { text });
    say(model, "Copied, by the terminal.");
}

/// Who wrote a message and when: "Ilse Brandt, 21 Nov 18:02".
fn by(model: &Model, message: &Message) -> String {
    let name = crate::screen::text::clean::name(&message.from.name);
    let at = time::local(&message.at, &model.zone).map(|at| time::moment(&at, &model.now()));
    match at {
        Some(at) => format!("{name}, {at}"),
        None => name,
    }
}

fn with_name(model: &Model, message: &Message) -> String {
    format!("{}:\n{}", by(model, message), message.text)
}

fn open(model: &mut Model, message: &Message) {
    let addresses = link::addresses(&message.text);
    if addresses.is_empty() {
        // An invite is opened here, not in a browser.
        match message.text.split_whitespace().find(|word| send::is_link(word)) {
            Some(link) => model.overlay = Some(rooms::ask(link.to_owned())),
            None => say(model, "There is no link in it that can be opened."),
        }
        return;
    }
    let sure = addresses.len() == 1;
    model.overlay = Some(Overlay::Talk(TalkBox::Links { addresses, at: 0, sure }));
}

pub(super) fn who_has(model: &mut Model, message: &Message, out: &mut Out) {
    let id = message.id.clone();
    out.extend([Effect::One { id: id.clone() }, Effect::People]);
    if message.from.me {
        out.push(Effect::Kept { id: id.clone() });
    }
    model.overlay = Some(Overlay::WhoHas { id, message: None, kept: Vec::new() });
}

/// R: another try of a message that did not go; for one that waits, a try now; beside a gap, what is done about it.
fn again(model: &mut Model, message: &Message, out: &mut Out) {
    let stuck = |state: &str| matches!(state, "failed" | "expired");
    let any = stuck(&message.state) || message.recipients.iter().any(|one| stuck(&one.state));
    if message.from.me && any {
        out.push(Effect::Talk(TalkWish::Again { id: message.id.clone() }));
    } else if message.from.me && matches!(message.state.as_str(), "queued" | "mailbox") {
        out.push(Effect::Wake);
    } else if let Some(gap) = model.log().and_then(|log| log.gap_beside(&message.id)) {
        let name = model.name_of(&gap.from);
        out.push(Effect::Wake);
        say(
            model,
            format!(
                "What is missing is asked of {name}'s devices by itself whenever they are connected; trying now."
            ),
        );
    } else if message.from.me {
        say(model, "It has arrived; there is nothing to send again.");
    } else {
        say(model, "Only your own messages can be sent again.");
    }
}

/// What the node or the computer says.
pub fn on_news(model: &mut Model, news: TalkNews, out: &mut Out) {
    match news {
        TalkNews::Page { chat, part, page } => on_page(model, &chat, &part, page, out),
        TalkNews::Pinned { id, on, result } => {
            if events::ok(model, result).is_some() {
                let words = if on { "Pinned. /pins shows what is." } else { "Not pinned any more." };
                undoable(model, words, vec![Effect::Talk(TalkWish::Pin { id, on: !on })]);
            }
        }
        TalkNews::Pins { chat, result } => {
            if let Some(pins) = events::ok(model, result)
                && let Some(Overlay::Talk(TalkBox::Pins(list))) = &mut model.overlay
                && list.chat == chat
            {
                list.at = pins.len().saturating_sub(1);
                list.messages = Some(pins);
            }
        }
        TalkNews::Again(result) => {
            if events::ok(model, result).is_some() {
                say(model, "Trying again.");
            }
        }
        TalkNews::Written(result) => {
            if let Some((path, messages)) = events::ok(model, result) {
                let messages = count(messages, "message", "messages");
                say(
                    model,
                    format!("{messages} written to {path}. Whoever can read that file can read them."),
                );
            }
        }
    }
}

/// A message was deleted here: it goes from everything shown.
pub fn on_hidden(model: &mut Model, chat: &str, id: &str) {
    if let Some(log) = model.logs.get_mut(chat) {
        log.remove(id);
    }
    match &mut model.overlay {
        Some(Overlay::Found(found)) => {
            if let Some(hits) = &mut found.hits {
                hits.retain(|hit| hit.id != id);
            }
        }
        Some(Overlay::Talk(
            TalkBox::Thread(List { messages: Some(messages), .. })
            | TalkBox::Pins(List { messages: Some(messages), .. }),
        )) => {
            messages.retain(|message| message.id != id);
        }
        Some(
            Overlay::Delete { id: open } | Overlay::WhoHas { id: open, .. } | Overlay::React { id: open, .. },
        ) if open == id => {
            model.overlay = None;
        }
        _ => {}
    }
    if matches!(&model.compose, Compose::Reply { id: open } if open == id) {
        model.compose = Compose::New;
        say(model, "What you were answering was deleted here; the text is kept.");
    }
}
