//! Ctrl-K: chats, people and commands in one list, the best fit first. `#` narrows to rooms, `@` to people, `>` to
//! commands.

use super::{Out, chats, commands, keys, send};
use crate::screen::keymap::COMMANDS;
use crate::screen::model::Model;
use crate::screen::model::line::Line;
use crate::screen::model::overlay::{GoTo, Hit, Overlay, Target};
use crate::screen::model::words;
use crate::screen::text::count;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

/// Entries kept; the box never shows more.
const HITS: usize = 50;

/// Opens the box with a start of a query.
pub fn open(model: &mut Model, start: &str) {
    let mut goto = GoTo { query: Line::with(start), ..GoTo::default() };
    goto.hits = hits(model, start);
    model.overlay = Some(Overlay::GoTo(goto));
}

/// Everything one can go to.
fn entries(model: &Model) -> Vec<Hit> {
    let mut list: Vec<Hit> = model
        .chats
        .iter()
        .map(|chat| {
            let unread = if chat.unread > 0 { format!("{} new", chat.unread) } else { String::new() };
            let here = if chat.kind == "me" {
                "only for you".to_owned()
            } else if chat.kind == "room" {
                words::rooms::note(model, chat)
            } else if chat.state == "accepted" {
                words::road(if chat.presence == "offline" { "none" } else { &chat.via }).to_owned()
            } else {
                words::about(model, chat)
            };
            let note = if unread.is_empty() { here } else { format!("{here}, {unread}") };
            let (kind, name) = match chat.kind.as_str() {
                "me" => ("notes", &chat.title),
                "room" => ("room", &chat.name),
                _ => ("chat", &chat.title),
            };
            Hit { target: Target::Chat(chat.chat.clone()), name: name.clone(), kind, note }
        })
        .collect();
    list.extend(model.people.iter().map(|contact| Hit {
        target: Target::Person(contact.account.clone()),
        name: contact.name.clone(),
        kind: "person",
        note: words::presence(model, contact),
    }));
    list.extend(COMMANDS.iter().map(|command| {
        let waiting = u64::try_from(model.requests.len()).unwrap_or(0);
        let note = if command.word == "/requests" && waiting > 0 {
            count(waiting, "request waits", "requests wait")
        } else {
            command.help.to_owned()
        };
        Hit { target: Target::Command(command.word), name: command.word.to_owned(), kind: "command", note }
    }));
    list
}

/// The entries that fit a query, best first.
pub fn hits(model: &Model, query: &str) -> Vec<Hit> {
    let (only, rest) = match query.chars().next() {
        Some('@') => (Some("person"), query.get(1..).unwrap_or("")),
        Some('#') => (Some("room"), query.get(1..).unwrap_or("")),
        Some('>') => (Some("command"), query.get(1..).unwrap_or("")),
        Some('/') => (Some("command"), query),
        _ => (None, query),
    };
    let fits = |hit: &Hit| only.is_none_or(|kind| hit.kind == kind);
    let list: Vec<Hit> = entries(model).into_iter().filter(fits).collect();
    if rest.trim().is_empty() {
        return list.into_iter().take(HITS).collect();
    }
    let pattern = Pattern::parse(rest.trim(), CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, usize, Hit)> = list
        .into_iter()
        .enumerate()
        .filter_map(|(place, hit)| {
            let score = pattern.score(nucleo_matcher::Utf32Str::new(&hit.name, &mut buffer), &mut matcher)?;
            Some((score, place, hit))
        })
        .collect();
    scored.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
    scored.into_iter().map(|(_, _, hit)| hit).take(HITS).collect()
}

/// A key in the box.
pub fn on_key(model: &mut Model, mut goto: GoTo, key: KeyEvent, out: &mut Out) {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let last = goto.hits.len().saturating_sub(1);
    match key.code {
        KeyCode::Up => goto.at = goto.at.saturating_sub(1),
        KeyCode::Char('p') if ctrl => goto.at = goto.at.saturating_sub(1),
        KeyCode::Down => goto.at = (goto.at + 1).min(last),
        KeyCode::Char('n') if ctrl => goto.at = (goto.at + 1).min(last),
        KeyCode::PageUp => goto.at = goto.at.saturating_sub(8),
        KeyCode::PageDown => goto.at = (goto.at + 8).min(last),
        KeyCode::Enter => {
            if let Some(hit) = goto.hits.get(goto.at).cloned() {
                return go(model, hit.target, out);
            }
        }
        _ => {
            if goto.query.key(key) {
                goto.at = 0;
                goto.hits = hits(model, goto.query.text());
            }
        }
    }
    model.overlay = Some(Overlay::GoTo(goto));
}

/// Goes where an entry leads.
fn go(model: &mut Model, target: Target, out: &mut Out) {
    model.overlay = None;
    match target {
        Target::Chat(id) => chats::open(model, &id, out),
        Target::Person(account) => keys::person(model, Some(account), out),
        Target::Command(word) => {
            let bare = COMMANDS.iter().any(|command| command.word == word && command.bare);
            if bare {
                let typed = model.editor.text();
                commands::run(model, word, out);
                model.editor.set(&typed);
            } else if model.editor.is_empty() {
                model.editor.set(&format!("{word} "));
                send::edited(model, out);
            } else {
                super::say(model, format!("Empty the line first, then type {word}."));
            }
        }
    }
}
