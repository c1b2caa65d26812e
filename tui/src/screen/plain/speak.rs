//! Messages, and what becomes of them, as finished lines. The first line says what it is; lines below it are
//! indented, so that no text of others can look like a line of Starling's.

use super::commands::is_open;
use super::words::{capital, emoji, here};
use crate::screen::model::{Model, words};
use crate::screen::text::{clean, count, cut, link, time};
use starling_node::api::types::{Chat, Message};

/// In front of every line below the first.
pub const INDENT: &str = "      ";
/// Columns of a text that is named to say which message is meant.
const QUOTE: usize = 40;

/// The name of who wrote it.
pub fn sender(model: &Model, message: &Message) -> String {
    if message.from.me {
        return "You".to_owned();
    }
    let name = clean::line(&message.from.name);
    if name.trim().is_empty() { clean::line(&model.name_of(&message.from.account)) } else { name }
}

fn at(model: &Model, message: &Message) -> String {
    let sent = time::parse(&message.at);
    let received = time::parse(&message.received);
    let at = match (sent, received) {
        (Some(sent), Some(received)) => Some(sent.min(received)),
        (sent, received) => sent.or(received),
    };
    at.map(|at| format!("{} ", time::moment(&at.to_zoned(model.zone.clone()), &model.now())))
        .unwrap_or_default()
}

/// The beginning of a text, in quotes.
pub fn quote(message: &Message) -> String {
    if message.deleted {
        return "a deleted message".to_owned();
    }
    let first = message.text.split('\n').find(|line| !line.trim().is_empty()).unwrap_or("");
    format!("\"{}\"", cut(&clean::line(first), QUOTE, "..."))
}

/// A message: who wrote it when, its text with its links by number, and in brackets its own number and what is
/// worth knowing about it.
pub fn message(model: &Model, message: &Message, number: u64) -> Vec<String> {
    let at = at(model, message);
    if message.kind == "notice" {
        return vec![format!("{at}note: {}", clean::line(&message.text))];
    }
    let who = sender(model, message);
    if message.deleted {
        return vec![format!("{at}{who}: deleted ({number})")];
    }
    let answers = message.reply_to.as_ref().map(|id| match model.log().and_then(|log| log.get(id)) {
        Some(item) => format!(" answers {}", quote(&item.message)),
        None => " answers an older message".to_owned(),
    });
    let (mut texts, links) = linked(&message.text);
    let mut facts = vec![number.to_string()];
    if message.edited {
        facts.push("edited".to_owned());
    }
    facts.extend(message.reactions.iter().map(|(one, names)| format!("{} {}", names.len(), emoji(one))));
    if message.from.me {
        facts.extend(state(model, message));
    }
    if let Some(last) = texts.last_mut() {
        last.push_str(&format!(" ({})", facts.join(", ")));
    }
    let mut texts = texts.into_iter();
    let first = texts.next().unwrap_or_default();
    let mut lines = vec![format!("{at}{who}{}: {first}", answers.unwrap_or_default())];
    lines.extend(texts.map(|line| format!("{INDENT}{line}")));
    lines.extend(links);
    lines
}

/// A message in one line: who wrote it when, and how it begins.
pub fn short(model: &Model, message: &Message) -> String {
    format!("{}{}: {}", at(model, message), sender(model, message), quote(message))
}

/// The lines of a text with "link 1" for its first address, and the addresses below.
fn linked(text: &str) -> (Vec<String>, Vec<String>) {
    let all = link::addresses(text);
    let lines = clean::lines(text).map(|line| {
        let mut out = String::with_capacity(line.len());
        let mut from = 0;
        for place in link::places(&line) {
            let address = link::Address::of(line.get(place.clone()).unwrap_or(""));
            let Some(nth) = all.iter().position(|known| *known == address) else { continue };
            out.push_str(line.get(from..place.start).unwrap_or(""));
            out.push_str(&format!("link {}", nth + 1));
            from = place.end;
        }
        out.push_str(line.get(from..).unwrap_or(""));
        out
    });
    let below = all.iter().enumerate().map(|(nth, address)| {
        let looks = address.looks_like.as_ref();
        let looks = looks.map(|host| format!(" (looks like {host}, and is not)")).unwrap_or_default();
        format!("{INDENT}link {}: {}{looks}", nth + 1, clean::line(&address.whole))
    });
    (lines.collect(), below.collect())
}

/// How far an own message is, for the line that shows it.
fn state(model: &Model, message: &Message) -> Option<String> {
    let chat = model.chat_row(&message.chat).filter(|chat| chat.kind != "me")?;
    (message.kind == "text").then(|| match message.state.as_str() {
        "failed" | "expired" => here(&words::delivery(model, message, Some(chat))),
        other => words::state(other).to_owned(),
    })
}

/// That an own message is on the disk, and where it is from there.
pub fn sent(model: &Model, message: &Message, number: u64) -> String {
    let chat = model.chat_row(&message.chat);
    format!("sent: message {number} {}", here(&words::delivery(model, message, chat)))
}

/// What is told of how far a message is: a change of this is worth a line.
pub fn progress(model: &Model, message: &Message) -> String {
    let in_room = model.chat_row(&message.chat).is_some_and(|chat| chat.kind == "room");
    let counts = in_room.then(|| words::rooms::counts(message)).flatten();
    let kept = message.kept.as_ref().filter(|_| message.state == "mailbox").map(|kept| kept.mailboxes);
    format!("{} {counts:?} {kept:?}", message.state)
}

/// Whether an own message will not go any further by itself.
pub fn over(message: &Message) -> bool {
    matches!(message.state.as_str(), "failed" | "expired")
}

/// How far an own message is now.
pub fn receipt(model: &Model, message: &Message, number: u64) -> String {
    let chat = model.chat_row(&message.chat);
    let person = chat.filter(|chat| chat.kind == "person").map(|chat| clean::line(&chat.title));
    let when = time::local(&message.state_at, &model.zone).map(|at| time::moment(&at, &model.now()));
    let when = when.map(|when| format!(", {when}")).unwrap_or_default();
    match (message.state.as_str(), person) {
        ("delivered", Some(name)) => format!("{number} delivered to {name}{when}"),
        ("read", Some(name)) => format!("{number} read by {name}{when}"),
        _ => format!("{number} {}", here(&words::delivery(model, message, chat))),
    }
}

/// Who reacted, or took a reaction back, between two looks at a message.
pub fn reactions(
    model: &Model,
    before: &std::collections::BTreeMap<String, Vec<String>>,
    now: &Message,
    number: u64,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mine = model.opened.as_ref().map_or("", |opened| opened.account.name.as_str());
    let who = |name: &String| if name == mine { "you".to_owned() } else { clean::line(name) };
    let none = Vec::new();
    for (one, names) in &now.reactions {
        let known = before.get(one).unwrap_or(&none);
        for name in names.iter().filter(|name| !known.contains(name)) {
            lines.push(format!("{} reacted with {} to {} ({number})", who(name), emoji(one), quote(now)));
        }
    }
    for (one, names) in before {
        let left = now.reactions.get(one).unwrap_or(&none);
        for name in names.iter().filter(|name| !left.contains(name)) {
            lines.push(format!("{} took back {} from {} ({number})", who(name), emoji(one), quote(now)));
        }
    }
    lines
}

/// What a chat is, when it is opened.
pub fn header(model: &Model, chat: &Chat) -> String {
    let about = capital(&here(&words::about(model, chat)));
    let what = match chat.kind.as_str() {
        "me" => clean::line(&chat.title),
        "room" if chat.state == "member" && is_open(model, chat) => {
            // The rest says the same again.
            let name = clean::line(&chat.name);
            return format!(
                "Open room {name}, not private: anybody can read it.{} Type a message, or /help.",
                new(chat)
            );
        }
        "room" => format!("Room {}", clean::line(&chat.name)),
        _ => format!("Chat with {}", clean::line(&chat.title)),
    };
    format!("{what}. {}.{} Type a message, or /help.", clean::line(about.trim_end_matches('.')), new(chat))
}

/// How much is new, behind what a chat is.
fn new(chat: &Chat) -> String {
    match (chat.unread, chat.mentions) {
        (0, _) => String::new(),
        (new, 0) => format!(" {new} new."),
        (new, mentions) => format!(" {new} new, {}.", calls(mentions)),
    }
}

fn calls(mentions: u64) -> String {
    count(mentions, "calls you", "call you")
}

/// A row of the list of chats: its name, how it is, what is new.
pub fn row(model: &Model, chat: &Chat) -> String {
    let name = match chat.kind.as_str() {
        "room" => clean::line(&chat.name),
        _ => clean::line(&chat.title),
    };
    let mut parts = vec![name];
    if chat.kind == "person" && chat.state == "accepted" {
        parts.push(presence(chat).to_owned());
    } else if chat.kind == "person" {
        parts.push(here(&words::about(model, chat)));
    } else if chat.kind == "room" && chat.state != "member" {
        parts.push(words::rooms::note(model, chat));
    }
    if chat.unread > 0 {
        parts.push(format!("{} new", chat.unread));
    }
    if chat.mentions > 0 {
        parts.push(calls(chat.mentions));
    }
    if chat.draft.as_ref().is_some_and(|draft| !draft.is_empty()) {
        parts.push("draft".to_owned());
    }
    if model.open.as_ref() == Some(&chat.chat) {
        parts.push("open".to_owned());
    }
    parts.join(", ")
}

/// How the person of a chat is, in the fewest words.
pub fn presence(chat: &Chat) -> &'static str {
    match chat.presence.as_str() {
        "offline" => "not here",
        _ if chat.via == "none" => "not here",
        "away" => "away",
        "busy" => "busy",
        _ => "here",
    }
}

/// That something came in another chat.
pub fn elsewhere(chat: &Chat, called: bool) -> String {
    let name = if chat.kind == "room" { &chat.name } else { &chat.title };
    let called = if called { ", you are called" } else { "" };
    format!(
        "new: {} in {}{called}. /go {} opens it.",
        chat.unread,
        clean::line(name),
        clean::line(&chat.name)
    )
}
