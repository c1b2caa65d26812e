//! Boxes about messages and questions before what cannot be taken back, as lines, and what an answer does there.

use super::choose::{LISTED, Shown, ask, clear, key, numbered, paste, pick, row};
use super::facts;
use super::speak;
use crate::screen::model::Model;
use crate::screen::model::outside::LogView;
use crate::screen::model::overlay::{Found, Sure};
use crate::screen::model::talk::{List, TalkBox};
use crate::screen::msg::Msg;
use crate::screen::text::clean;
use crossterm::event::KeyCode;

/// What a search has found.
pub fn found(model: &Model, found: &Found) -> Shown {
    let all = if found.chat.is_some() { ", all searches all chats" } else { "" };
    if found.query.text().trim().is_empty() {
        return ask(Vec::new(), "text to search, or Enter");
    }
    let Some(hits) = found.hits.as_ref().filter(|_| found.due_ms.is_none()) else { return Shown::Wait };
    if hits.is_empty() {
        let near = found.near.as_ref().map(|near| format!(" Did you mean \"{}\"?", clean::line(near)));
        let what =
            format!("Nothing with \"{}\".{}", clean::line(found.query.text()), near.unwrap_or_default());
        return ask(vec![what], &format!("another text{all}, or Enter"));
    }
    let entry = |hit| format!("{}, in {}", speak::short(model, hit), clean::line(&hit.chat_name));
    ask(numbered(hits.iter().map(entry)), &format!("which number, another text{all}, or Enter"))
}

/// The answer to it.
pub fn on_found(found: &Found, line: &str) -> Vec<Msg> {
    match row(line, found.hits.as_ref().map_or(0, Vec::len)) {
        Some(wanted) => pick(found.at, wanted, KeyCode::Enter),
        None if line.eq_ignore_ascii_case("all") => vec![key(KeyCode::Tab)],
        None => vec![clear(), paste(line)],
    }
}

/// Links, forwarding, threads and pins.
pub fn talk(model: &Model, shown: &TalkBox) -> Shown {
    match shown {
        TalkBox::Links { addresses, at, sure: true } => {
            let Some(address) = addresses.get(*at) else { return Shown::Tell(Vec::new()) };
            let mut lines = vec![format!("question: open {} in a browser?", clean::line(&address.whole))];
            if let Some(looks) = &address.looks_like {
                lines.push(format!("It looks like {}, and is not.", clean::line(looks)));
            }
            if let Some(before) = &address.before_at {
                lines.push(format!("What stands before @ ({}) is not where it leads.", clean::line(before)));
            }
            ask(lines, "yes, or Enter does not")
        }
        TalkBox::Links { addresses, .. } => {
            let all = addresses.iter().map(|address| clean::line(&address.whole));
            ask(numbered(all), "which number, or Enter")
        }
        TalkBox::Forward { query, .. } => {
            let chats = model.writable(query.text());
            let mut lines = vec!["question: forward it to whom?".to_owned()];
            lines.extend(numbered(chats.into_iter().map(|chat| speak::row(model, chat))));
            ask(lines, "which number, text to search, or Enter")
        }
        TalkBox::Thread(list) | TalkBox::Pins(list) => listed(model, list),
    }
}

fn listed(model: &Model, list: &List) -> Shown {
    let Some(messages) = &list.messages else { return Shown::Wait };
    if messages.is_empty() {
        return Shown::Tell(vec!["There is none.".to_owned()]);
    }
    let mut lines = numbered(messages.iter().map(|one| speak::short(model, one)));
    if list.part {
        lines.push("There may be more further back.".to_owned());
    }
    ask(lines, "which number, or Enter")
}

/// The answer to them.
pub fn on_talk(model: &Model, shown: &TalkBox, line: &str) -> Vec<Msg> {
    match shown {
        TalkBox::Links { sure: true, .. } if line.eq_ignore_ascii_case("yes") => vec![key(KeyCode::Enter)],
        TalkBox::Links { sure: true, .. } => vec![key(KeyCode::Esc)],
        TalkBox::Links { addresses, at, .. } => {
            row(line, addresses.len()).map(|row| pick(*at, row, KeyCode::Enter)).unwrap_or_default()
        }
        TalkBox::Forward { query, at, .. } => match row(line, model.writable(query.text()).len()) {
            Some(wanted) => pick(*at, wanted, KeyCode::Enter),
            // The keys of its field are those of a text, pastes are not for it.
            None => std::iter::once(clear()).chain(line.chars().map(|c| key(KeyCode::Char(c)))).collect(),
        },
        TalkBox::Thread(list) | TalkBox::Pins(list) => {
            let rows = list.messages.as_ref().map_or(0, Vec::len);
            row(line, rows).map(|row| pick(list.at, row, KeyCode::Enter)).unwrap_or_default()
        }
    }
}

/// A question before something that cannot be taken back.
pub fn sure(model: &Model, sure: &Sure) -> Shown {
    match sure {
        Sure::Block { account } => {
            let name = clean::line(&model.name_of(account));
            let what =
                format!("question: block {name}? Nothing of {name} reaches you then. /unblock ends it.");
            ask(vec![what], "yes, or Enter does not")
        }
        Sure::Remove { account, wrong, .. } => {
            let name = clean::line(&model.name_of(account));
            let mut lines = Vec::new();
            if *wrong {
                lines.push("That is another name. Nothing was done.".to_owned());
            }
            lines.push(format!(
                "question: remove {name}? Messages that wait are not sent, and neither of you can write until one \
                 invites the other again. This cannot be undone."
            ));
            ask(lines, "the name, to remove, or Enter does not")
        }
    }
}

/// The answer to it.
pub fn on_sure(sure: &Sure, line: &str) -> Vec<Msg> {
    match sure {
        Sure::Block { .. } if line.eq_ignore_ascii_case("yes") => vec![key(KeyCode::Char('b'))],
        Sure::Block { .. } => vec![key(KeyCode::Esc)],
        Sure::Remove { .. } => vec![clear(), paste(line), key(KeyCode::Enter)],
    }
}

/// The newest lines of the log.
pub fn log(view: &LogView) -> Shown {
    if view.lines.is_empty() {
        return Shown::Wait;
    }
    let mut lines: Vec<String> = view
        .shown()
        .rev()
        .take(LISTED)
        .map(|line| format!("log: {} {}: {}", line.level, clean::line(&line.part), clean::line(&line.text)))
        .collect();
    lines.reverse();
    if lines.is_empty() {
        lines.push("log: nothing like that.".to_owned());
    }
    Shown::Tell(lines)
}

/// A person's card cannot be told before its number is read.
pub fn person(model: &Model, account: &str, number: Option<&str>) -> Shown {
    let Some(number) = number else { return Shown::Wait };
    let mut lines = facts::person(model, account);
    lines.push(format!("safety number: {}", clean::line(number)));
    lines.push("Compare it with theirs, by voice or side by side.".to_owned());
    ask(lines, "matches, differs, block, hide, or Enter")
}
