//! Ctrl-K: chats, people, commands and messages in one list, the best fit first. A first character narrows it: `#` to
//! rooms, `@` to people, `>` to commands, `"` to messages, `?` to keys, `:` to emoji. Messages are asked of the node
//! when one stops typing; nothing waits for them.

use super::{Out, chats, commands, keys, send, talk};
use crate::screen::keymap::{Action, COMMANDS};
use crate::screen::model::line::Line;
use crate::screen::model::overlay::{GoTo, Hit, Overlay, Target};
use crate::screen::model::{Model, words};
use crate::screen::msg::Effect;
use crate::screen::text::{clean, count, emoji, time};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use starling_node::api::types::{Chat, Message, Trouble};

/// Entries kept; the box never shows more.
const HITS: usize = 50;
/// Milliseconds after the last key until messages are searched: less asks the node for every letter.
pub const FIND_MS: u64 = 150;
/// Letters before messages are searched; one letter is in all of them.
const FIND_LETTERS: usize = 2;
/// Messages shown below other entries.
const MESSAGES: usize = 5;
/// Characters around what was found in a message.
const AROUND: usize = 12;
/// What Tab goes through.
const FILTERS: [&str; 6] = ["", "#", "@", ">", "\"", "?"];

/// Opens the box with a start of a query.
pub fn open(model: &mut Model, start: &str) {
    let goto = GoTo { query: Line::with(start), ..GoTo::default() };
    show(model, goto);
}

/// Puts the box on the screen with the entries that fit.
fn show(model: &mut Model, mut goto: GoTo) {
    goto.hits = hits(model, &goto);
    goto.at = goto.at.min(goto.hits.len().saturating_sub(1));
    model.overlay = Some(Overlay::GoTo(goto));
}

/// The first character that narrows, and the rest.
fn split(query: &str) -> (&str, &str) {
    match query.chars().next() {
        Some('#' | '@' | '>' | '"' | '?' | ':') => query.split_at(1),
        Some('/') => (">", query),
        _ => ("", query),
    }
}

fn chat_hit(model: &Model, chat: &Chat) -> Hit {
    let here = match chat.kind.as_str() {
        "me" => "only for you".to_owned(),
        "room" => words::rooms::note(model, chat),
        _ if chat.state != "accepted" => words::about(model, chat),
        _ => words::road(if chat.presence == "offline" { "none" } else { &chat.via }).to_owned(),
    };
    let mut note = here;
    if chat.unread > 0 {
        note.push_str(&format!(", {} new", chat.unread));
    }
    if chat.archived {
        note.push_str(", archived");
    }
    let (kind, name) = match chat.kind.as_str() {
        "me" => ("notes", &chat.title),
        "room" => ("room", &chat.name),
        _ => ("person", &chat.title),
    };
    Hit { target: Target::Chat(chat.chat.clone()), name: name.clone(), kind, note }
}

/// The chats, the ones looked at last first, the open one behind these.
fn recent(model: &Model) -> Vec<&Chat> {
    let mut chats: Vec<&Chat> = Vec::new();
    let before = model.visited.iter().rev().filter(|id| Some(*id) != model.open.as_ref());
    for id in before.chain(&model.open) {
        chats.extend(model.chat_row(id));
    }
    let rest = model.chats.iter().filter(|chat| !model.visited.contains(&chat.chat));
    let rest: Vec<&Chat> = rest.filter(|chat| Some(&chat.chat) != model.open.as_ref()).collect();
    chats.extend(rest.iter().filter(|chat| !chat.archived));
    chats.extend(rest.iter().filter(|chat| chat.archived));
    chats
}

/// Everything one can go to.
fn entries(model: &Model, filter: &str) -> Vec<Hit> {
    let mut list = Vec::new();
    if matches!(filter, "" | "#" | "@") {
        list.extend(recent(model).into_iter().map(|chat| chat_hit(model, chat)));
        let known = |account: &str| model.chats.iter().any(|chat| chat.account.as_deref() == Some(account));
        list.extend(model.people.iter().filter(|contact| !known(&contact.account)).map(|contact| Hit {
            target: Target::Person(contact.account.clone()),
            name: contact.name.clone(),
            kind: "person",
            note: words::presence(model, contact),
        }));
        let only = match filter {
            "#" => Some("room"),
            "@" => Some("person"),
            _ => None,
        };
        list.retain(|hit| only.is_none_or(|kind| hit.kind == kind));
    }
    if matches!(filter, "" | ">") {
        list.extend(COMMANDS.iter().map(|command| {
            let waiting = u64::try_from(model.requests.len()).unwrap_or(0);
            let note = if command.word == "/requests" && waiting > 0 {
                count(waiting, "request waits", "requests wait")
            } else {
                command.help.to_owned()
            };
            let name = format!("{} {}", command.word, command.takes).trim_end().to_owned();
            Hit { target: Target::Command(command.word), name, kind: "command", note }
        }));
    }
    if filter == "?" {
        list.extend(key_hits(model));
    }
    list
}

fn key_hits(model: &Model) -> Vec<Hit> {
    let rows = model.keys.help().into_iter();
    rows.map(|row| Hit { target: Target::Key(row.action), name: row.keys, kind: "key", note: row.help })
        .collect()
}

/// A message that was found: a few words around the place.
fn message_hit(model: &Model, message: &Message, query: &str) -> Hit {
    let text = clean::line(&message.text.replace('\n', " "));
    let at = text.to_lowercase().find(&query.to_lowercase()).unwrap_or(0);
    let before = text.get(..at).map_or(0, |part| part.chars().count());
    let from = before.saturating_sub(AROUND);
    let dots = if from > 0 { "..." } else { "" };
    let part: String = text.chars().skip(from).take(60).collect();
    let who = if message.from.me { "You".to_owned() } else { clean::line(&message.from.name) };
    let when = time::local(&message.at, &model.zone).map(|at| time::moment(&at, &model.now()));
    Hit {
        target: Target::Message { chat: message.chat.clone(), id: message.id.clone() },
        name: format!("\"{dots}{}\"", part.trim()),
        kind: "message",
        note: format!("{who}, {}", when.unwrap_or_default()),
    }
}

/// The entries that fit what was typed, best first.
fn hits(model: &Model, goto: &GoTo) -> Vec<Hit> {
    let (filter, rest) = split(goto.query.text());
    let rest = rest.trim();
    if filter == ":" {
        let emoji = emoji::complete(rest).into_iter();
        return emoji
            .map(|(name, emoji)| Hit {
                name: format!("{emoji}  :{name}:"),
                target: Target::Emoji(emoji.to_owned()),
                kind: "emoji",
                note: String::new(),
            })
            .collect();
    }
    let found = goto.found.iter().rev().map(|message| message_hit(model, message, rest));
    let found = found.take(if filter == "\"" { HITS } else { MESSAGES });
    if filter == "\"" {
        return found.collect();
    }
    let mut list: Vec<Hit> = numbered(model, filter, rest).into_iter().collect();
    list.extend(fitting(entries(model, filter), rest));
    list.truncate(HITS - MESSAGES);
    if filter.is_empty() && !rest.is_empty() {
        list.extend(found);
    }
    list
}

/// The chat with a number, as it stands in the list.
fn numbered(model: &Model, filter: &str, rest: &str) -> Option<Hit> {
    let number: usize = rest.parse().ok().filter(|_| filter.is_empty())?;
    let chat = model.shown_chats().nth(number.checked_sub(1)?)?;
    Some(chat_hit(model, chat))
}

fn fitting(list: Vec<Hit>, rest: &str) -> Vec<Hit> {
    if rest.is_empty() {
        return list;
    }
    let pattern = Pattern::parse(rest, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, usize, Hit)> = list
        .into_iter()
        .enumerate()
        .filter_map(|(place, hit)| {
            // Of a command its word counts, not what it takes.
            let name = match &hit.target {
                Target::Command(word) => word,
                _ => hit.name.as_str(),
            };
            let mut score = pattern.score(Utf32Str::new(name, &mut buffer), &mut matcher);
            if matches!(hit.target, Target::Key(_)) {
                score = score.max(pattern.score(Utf32Str::new(&hit.note, &mut buffer), &mut matcher));
            }
            Some((score?, place, hit))
        })
        .collect();
    // Where one goes comes before what one can do.
    let command = |hit: &Hit| matches!(hit.target, Target::Command(_));
    // "/back" is that one, whatever else begins so.
    let bare = rest.trim_start_matches('/');
    let whole =
        |hit: &Hit| matches!(hit.target, Target::Command(word) if word.trim_start_matches('/') == bare);
    scored.sort_by(|one, other| {
        let kind = command(&one.2).cmp(&command(&other.2));
        kind.then(whole(&other.2).cmp(&whole(&one.2))).then(other.0.cmp(&one.0)).then(one.1.cmp(&other.1))
    });
    scored.into_iter().map(|(_, _, hit)| hit).collect()
}

// ---- keys and answers -------------------------------------------------------------------------------------------

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
        KeyCode::Tab => filter(model, &mut goto, 1),
        KeyCode::BackTab => filter(model, &mut goto, FILTERS.len() - 1),
        KeyCode::Enter => {
            if let Some(hit) = goto.hits.get(goto.at).cloned() {
                return go(model, hit.target, out);
            }
        }
        _ => {
            if goto.query.key(key) {
                typed(model, &mut goto);
            }
        }
    }
    model.overlay = Some(Overlay::GoTo(goto));
}

/// Tab: narrows to the next kind of entries.
fn filter(model: &Model, goto: &mut GoTo, by: usize) {
    let query = goto.query.text().to_owned();
    let (now, rest) =
        if query.starts_with('/') { (">", query.get(1..).unwrap_or("")) } else { split(&query) };
    let at = FILTERS.iter().position(|filter| *filter == now).unwrap_or(0);
    let next = FILTERS.get((at + by) % FILTERS.len()).copied().unwrap_or("");
    goto.query = Line::with(&format!("{next}{rest}"));
    typed(model, goto);
}

/// The query changed, by a key or a paste.
pub fn typed(model: &Model, goto: &mut GoTo) {
    goto.at = 0;
    let (filter, rest) = split(goto.query.text());
    let long = rest.trim().chars().count() >= FIND_LETTERS;
    let wanted = long && matches!(filter, "" | "\"");
    goto.find_ms = wanted.then_some(model.now_ms + FIND_MS);
    if !wanted {
        goto.found.clear();
    }
    goto.hits = hits(model, goto);
}

/// Time passed: messages are searched once nothing was typed for a moment.
pub fn tick(model: &mut Model, out: &mut Out) {
    let now = model.now_ms;
    let Some(Overlay::GoTo(goto)) = &mut model.overlay else { return };
    if goto.find_ms.take_if(|at| *at <= now).is_some() {
        let text = split(goto.query.text()).1.trim().to_owned();
        out.push(Effect::Find { text, chat: None });
    }
}

/// What a search found, if the box asked for it. A search that failed only leaves messages out.
pub fn on_found(model: &mut Model, text: &str, result: &Result<Vec<Message>, Trouble>) -> bool {
    let Some(Overlay::GoTo(mut goto)) = model.overlay.take_if(|shown| matches!(shown, Overlay::GoTo(_)))
    else {
        return false;
    };
    if split(goto.query.text()).1.trim() == text {
        goto.found = result.as_ref().map_or_else(|_| Vec::new(), Clone::clone);
        let chosen = goto.hits.get(goto.at).cloned();
        goto.hits = hits(model, &goto);
        // What was chosen stays so.
        goto.at = chosen.and_then(|hit| goto.hits.iter().position(|one| *one == hit)).unwrap_or(0);
    }
    model.overlay = Some(Overlay::GoTo(goto));
    true
}

/// Goes where an entry leads.
fn go(model: &mut Model, target: Target, out: &mut Out) {
    model.overlay = None;
    match target {
        Target::Chat(id) => chats::open(model, &id, out),
        Target::Person(account) => keys::person(model, Some(account), out),
        Target::Command(word) => command(model, word, out),
        Target::Message { chat, id } => {
            talk::jump(model, &chat, &id, out);
        }
        Target::Key(Action::GoTo | Action::Commands) => open(model, ""),
        Target::Key(action) => keys::act(model, action, out),
        Target::Emoji(emoji) => {
            model.editor.insert(&emoji);
            send::edited(model, out);
        }
    }
}

fn command(model: &mut Model, word: &'static str, out: &mut Out) {
    let bare = COMMANDS.iter().any(|command| command.word == word && command.bare);
    if bare {
        let (typed, open) = (model.editor.text(), model.open.clone());
        commands::run(model, word, out);
        // It empties the line it was typed in, and this one holds something else.
        if model.open == open && model.editor.is_empty() {
            model.editor.set(&typed);
        }
    } else if model.editor.is_empty() {
        model.editor.set(&format!("{word} "));
        send::edited(model, out);
    } else {
        super::say(model, format!("Empty the line first, then type {word}."));
    }
}
