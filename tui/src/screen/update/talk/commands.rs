//! Slash commands about messages. They are for the chosen message, else for the newest one that fits.

use super::super::{Out, commands, complain, say, send};
use super::{Deed, act, edit, reply};
use crate::screen::model::Model;
use crate::screen::model::overlay::Overlay;
use crate::screen::model::talk::{List, TalkBox};
use crate::screen::msg::{Effect, TalkWish, WriteAs};
use crate::screen::text::emoji;
use starling_node::api::types::Message;

/// Runs a command. True if the editor is to be emptied.
pub fn command(model: &mut Model, word: &str, rest: &str, out: &mut Out) -> bool {
    match word {
        "/me" => {
            let name =
                model.opened.as_ref().map_or_else(|| "I".to_owned(), |opened| opened.account.name.clone());
            send::text(model, format!("_{name} {rest}_"), out);
            false
        }
        "/code" => {
            send::text(model, format!("```\n{rest}\n```"), out);
            false
        }
        "/pins" => pins(model, out),
        "/export" => export(model, rest, out),
        _ => about_message(model, word, rest, out),
    }
}

/// The chosen message, else the newest text that fits.
fn target(model: &mut Model, fits: fn(&Message) -> bool) -> Option<Message> {
    let log = model.log()?;
    let found = log.chosen().or_else(|| {
        log.items
            .iter()
            .rev()
            .find(|item| item.message.kind == "text" && !item.message.deleted && fits(&item.message))
    });
    let found = found.map(|item| item.message.clone());
    if found.is_none() {
        say(model, "There is no such message here. Up chooses one.");
    }
    found
}

fn about_message(model: &mut Model, word: &str, rest: &str, out: &mut Out) -> bool {
    let fits: fn(&Message) -> bool = match word {
        "/edit" => |message| message.from.me,
        "/again" => {
            |message| message.from.me && matches!(message.state.as_str(), "failed" | "expired" | "queued")
        }
        "/copy" => |_| true,
        _ => |message| !message.from.me,
    };
    let Some(message) = target(model, fits) else { return false };
    match word {
        "/reply" if rest.is_empty() => {
            commands::leave_line(model);
            reply(model, message.id);
            return false;
        }
        "/reply" => {
            reply(model, message.id);
            send::text(model, rest.to_owned(), out);
            return false;
        }
        "/edit" => {
            commands::leave_line(model);
            edit(model, message.id, &message.text);
            return false;
        }
        "/quote" => {
            let quoted: Vec<String> = message.text.split('\n').map(|line| format!("> {line}")).collect();
            commands::leave_line(model);
            let below = if rest.is_empty() { model.editor.text() } else { rest.to_owned() };
            model.editor.set(&format!("{}\n{below}", quoted.join("\n")));
            return false;
        }
        "/react" => return react(model, &message, rest, out),
        "/copy" => act(model, &message, Deed::Copy, out),
        "/again" => act(model, &message, Deed::Again, out),
        _ => return false,
    }
    true
}

fn react(model: &mut Model, message: &Message, rest: &str, out: &mut Out) -> bool {
    if rest.is_empty() {
        act(model, message, Deed::React, out);
        return true;
    }
    let Some(emoji) = emoji::meant(rest) else {
        let near: Vec<String> =
            emoji::complete(rest).iter().take(3).map(|(name, _)| format!(":{name}:")).collect();
        let hint = if near.is_empty() {
            "For example: /react :thumbsup:".to_owned()
        } else {
            format!("Did you mean {}?", near.join(" or "))
        };
        complain(
            model,
            &format!("There is no emoji {rest}"),
            "Nothing was done; the text is still in the editor.",
            &hint,
        );
        return false;
    };
    super::super::overlay::react(model, message.id.clone(), emoji, out);
    true
}

fn pins(model: &mut Model, out: &mut Out) -> bool {
    let Some(chat) = model.open.clone() else { return false };
    out.push(Effect::Talk(TalkWish::Pins { chat: chat.clone() }));
    model.overlay = Some(Overlay::Talk(TalkBox::Pins(List { chat, messages: None, at: 0, part: false })));
    true
}

fn export(model: &mut Model, rest: &str, out: &mut Out) -> bool {
    let (form, path) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let form = match form {
        "md" => WriteAs::Markdown,
        "json" => WriteAs::Json,
        "txt" => WriteAs::Text,
        other => {
            complain(
                model,
                &format!("A chat cannot be written as \"{other}\""),
                "Nothing was written; the text is still in the editor.",
                "It is /export md, /export json or /export txt, and a path if you like.",
            );
            return false;
        }
    };
    let Some(chat) = model.open.clone() else { return false };
    let name = model.chat().map(|chat| chat.title.clone()).unwrap_or_default();
    let path = (!path.trim().is_empty()).then(|| path.trim().to_owned());
    out.push(Effect::Talk(TalkWish::Write { chat, form, path, name }));
    say(model, "Writing it.");
    true
}
