//! Facts in words: delivery, the network, a person's presence. Plain words of the design (person, message, device,
//! relay, mailbox); a word never says more than is known.

mod doing;
pub mod mail;
mod network;
pub mod open;
pub mod report;
pub mod rooms;
pub mod ways;

use super::Model;
use crate::screen::text::time;
pub use network::{card, changed, mark, warning};
use starling_node::api::types::{Chat, Contact, Message, Trouble};

/// What can be done about a message that did not go.
const AGAIN: &str = "Up, then R tries again, d removes it.";

/// What the newest own message says under itself.
pub fn delivery(model: &Model, message: &Message, chat: Option<&Chat>) -> String {
    if chat.is_some_and(|chat| chat.kind == "me") {
        return "kept on this device".to_owned();
    }
    if chat.is_some_and(|chat| chat.kind == "room") {
        return rooms::delivery(model, message);
    }
    let when = time::local(&message.state_at, &model.zone).map(|at| time::moment(&at, &model.now()));
    let when = when.unwrap_or_default();
    match message.state.as_str() {
        "queued" => waiting(model, chat),
        "mailbox" => mail::delivery(model, message.kept.as_ref(), chat),
        "delivered" => format!("delivered {when}").trim_end().to_owned(),
        "read" => format!("read {when}").trim_end().to_owned(),
        "failed" => match &message.reason {
            Some(reason) => format!("not sent: {reason}. {AGAIN}"),
            None => format!("not sent. {AGAIN}"),
        },
        "expired" => format!("not delivered in time, and not tried any more. {AGAIN}"),
        other => format!("state unknown to this version: {other}"),
    }
}

/// What stands in place of a message that is gone.
pub fn deleted(model: &Model, message: &Message) -> String {
    if model.is_open(&message.chat) {
        return "deleted, or hidden by a moderator".to_owned();
    }
    let by = if message.from.me { "you".to_owned() } else { super::timeline::sender(model, message) };
    format!("deleted by {by}")
}

/// How many have an own message already, as far as they signed for it.
pub fn have_it(model: &Model, message: &Message) -> String {
    let there = |state: &str| matches!(state, "delivered" | "read");
    let room = model.chat_row(&message.chat).is_some_and(|chat| chat.kind == "room");
    if room && model.is_open(&message.chat) {
        return open::have_it(message).to_owned();
    }
    if !room {
        let name = model.chat_row(&message.chat).map_or("They", |chat| chat.title.as_str());
        return if there(&message.state) {
            format!("{name} already has it.")
        } else {
            format!("{name} does not have it yet, as far as is known.")
        };
    }
    let listed = message.recipients.iter().filter(|one| there(&one.state)).count();
    let counted = message.counts.map(|counts| counts.delivered);
    match counted.map_or(u64::try_from(listed).unwrap_or(0), u64::from) {
        0 => "Nobody has it yet, as far as is known.".to_owned(),
        1 => "1 person already has it.".to_owned(),
        several => format!("{several} people already have it."),
    }
}

fn waiting(model: &Model, chat: Option<&Chat>) -> String {
    let Some(chat) = chat else { return "waiting to send".to_owned() };
    let Some(account) = chat.account.as_deref() else { return "waiting to send".to_owned() };
    if model.invisible() {
        return "waiting to send · you are invisible".to_owned();
    }
    if chat.presence != "offline" && chat.via != "none" {
        return "waiting to send".to_owned();
    }
    let name = &chat.title;
    match model.next_try_ms(account) {
        Some(left) => format!("waiting to send · {name} is not here; next try in {}", time::until(left)),
        None => format!("waiting to send · {name} is not here"),
    }
}

/// The words of a state in the list of who has a message.
pub fn state(state: &str) -> &'static str {
    match state {
        "queued" => "waiting",
        "mailbox" => "in a mailbox",
        "delivered" => "delivered",
        "read" => "read",
        "failed" => "not sent",
        "expired" => "not delivered in time",
        _ => "unknown",
    }
}

/// By which road a message or a person came.
pub fn road(via: &str) -> &'static str {
    match via {
        "direct" => "direct",
        "lan" => "this LAN",
        "relay" => "by relay",
        "mailbox" => "from a mailbox",
        "room" => "in a room",
        "local" => "this device",
        "none" => "not here",
        _ => "unknown road",
    }
}

/// That somebody is not connected. While one is invisible, nothing more is known of anybody.
fn absent(model: &Model, last_seen: Option<&str>) -> String {
    if model.invisible() {
        return "not connected".to_owned();
    }
    match last_seen.and_then(|text| time::local(text, &model.zone)) {
        Some(at) => format!("not here since {}", time::moment(&at, &model.now())),
        None => "not here".to_owned(),
    }
}

/// How a person is, in words.
pub fn presence(model: &Model, contact: &Contact) -> String {
    match contact.state.as_str() {
        "pending" => return "asked; waits for their answer".to_owned(),
        "blocked" => return "blocked by you".to_owned(),
        "removed" => {
            return match &contact.reason {
                Some(reason) => format!("removed: {reason}"),
                None => "removed".to_owned(),
            };
        }
        _ => {}
    }
    if contact.presence == "offline" || contact.via == "none" {
        let mut words = absent(model, contact.last_seen.as_deref());
        if let Some(left) = model.next_try_ms(&contact.account) {
            words.push_str(&format!("; next try in {}", time::until(left)));
        }
        return words;
    }
    match contact.presence.as_str() {
        "away" => format!("away, {}", road(&contact.via)),
        "busy" => format!("busy, {}", road(&contact.via)),
        "hidden" => format!("connected, {}; does not show how they are", road(&contact.via)),
        _ => format!("here, {}", road(&contact.via)),
    }
}

/// When the DHT was asked for a person who is not here, and whether it had something.
pub fn looked_up(model: &Model, contact: &Contact) -> Option<String> {
    let at = |text: &Option<String>| {
        let at = time::local(text.as_deref()?, &model.zone)?;
        Some(time::moment(&at, &model.now()))
    };
    let asked = at(&contact.looked_up).filter(|_| contact.via == "none")?;
    Some(match at(&contact.found) {
        Some(found) => format!("looked for {asked}; an address was found {found}"),
        None => format!("looked for {asked}; no address found yet"),
    })
}

/// The note behind a chat's name in the title line.
pub fn about(model: &Model, chat: &Chat) -> String {
    if chat.kind == "me" {
        return "only for you".to_owned();
    }
    if chat.kind == "room" {
        return rooms::about(model, chat);
    }
    if chat.key_changed {
        return "key changed: F4".to_owned();
    }
    match chat.state.as_str() {
        "pending" => "asked; waits for their answer".to_owned(),
        "blocked" => "blocked".to_owned(),
        "removed" => "removed".to_owned(),
        _ => {
            let here = if chat.presence == "offline" || chat.via == "none" {
                absent(model, chat.last_seen.as_deref())
            } else {
                road(&chat.via).to_owned()
            };
            let verified = if chat.verified { ", verified" } else { "" };
            format!("{here}, encrypted{verified}")
        }
    }
}

/// That the key of the person of the open chat is another one than before, until it was compared.
pub fn key_changed(model: &Model, width: usize) -> Option<String> {
    let chat = model.chat().filter(|chat| chat.key_changed && chat.kind == "person")?;
    let words = [
        format!("! {}'s key changed: a new device, or somebody else. /verify compares numbers.", chat.title),
        format!("! {}'s key changed. /verify compares numbers.", chat.title),
    ];
    words
        .into_iter()
        .find(|words| crate::screen::text::columns(words) <= width)
        .or(Some("! Key changed: /verify".to_owned()))
}

/// The name somebody must type to say that they mean it: without what a keyboard does not have.
pub fn typed_name(name: &str) -> String {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.is_empty() { "remove".to_owned() } else { plain }
}

/// An error in one line: what happened, what it means, what to do, and the code for searching.
pub fn trouble(trouble: &Trouble) -> String {
    let mut line = trouble.what.trim_end_matches('.').to_owned();
    if !line.is_empty() {
        line.push('.');
    }
    for part in [&trouble.means, &doing::here(&trouble.do_)] {
        if !part.is_empty() {
            line.push(' ');
            line.push_str(part);
        }
    }
    if !trouble.code.is_empty() {
        line.push_str(&format!(" [{}]", trouble.code));
    }
    line
}
