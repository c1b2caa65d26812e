//! What lies over the screen, as lines: a list one answers with a number, a question with a word, or something that
//! is only told. Answers become the keys that do the same on the screen; an empty line is always the safe way.

use super::numbers::Numbers;
use super::words::{emoji, here};
use super::{boxes, facts, near, speak};
use crate::screen::model::Model;
use crate::screen::model::overlay::{EMOJI, GoTo, Overlay, RoomBox, Target};
use crate::screen::model::rooms::Extra;
use crate::screen::model::words;
use crate::screen::msg::{Msg, Typed};
use crate::screen::text::{clean, count};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use starling_node::api::types::Chat;

/// Entries of a list that are told at once; the others are found by typing a part of them.
pub const LISTED: usize = 20;

/// How what lies over the screen is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Not yet: something of it is still read.
    Wait,
    /// These lines, and then it is over.
    Tell(Vec<String>),
    /// These lines, and the next typed line answers.
    Ask(Asked),
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is told.
    pub lines: Vec<String>,
    /// In front of the answer, without `> `.
    pub prompt: String,
    /// Whether the answer is a secret.
    pub secret: bool,
}

/// A question.
pub fn ask(lines: Vec<String>, prompt: &str) -> Shown {
    Shown::Ask(Asked { lines, prompt: prompt.to_owned(), secret: false })
}

/// A key, as a message.
pub fn key(code: KeyCode) -> Msg {
    Msg::Term(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

/// Text into the field that has the caret.
pub fn paste(text: &str) -> Msg {
    Msg::Term(Event::Paste(text.to_owned()))
}

/// Empties the field that has the caret.
pub fn clear() -> Msg {
    Msg::Term(Event::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)))
}

/// Moves from one row of a list to another and presses a key there.
pub fn pick(at: usize, wanted: usize, code: KeyCode) -> Vec<Msg> {
    let step = if wanted < at { KeyCode::Up } else { KeyCode::Down };
    let mut msgs: Vec<Msg> = (0..wanted.abs_diff(at)).map(|_| key(step)).collect();
    msgs.push(key(code));
    msgs
}

/// The row that a typed number names.
pub fn row(line: &str, rows: usize) -> Option<usize> {
    line.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|row| *row < rows)
}

pub fn numbered(entries: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut more = 0;
    for (at, entry) in entries.enumerate() {
        if at < LISTED {
            lines.push(format!("{} {entry}", at + 1));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// What is told of what lies over the screen.
pub fn shown(model: &Model, numbers: &Numbers) -> Option<Shown> {
    Some(match model.overlay.as_ref()? {
        Overlay::GoTo(goto) => places(model, goto),
        Overlay::Chats { archived, .. } => {
            let (chats, extras) = listed(model, *archived);
            let behind = extras.iter().map(|extra| row_behind(model, extra));
            ask(
                numbered(chats.into_iter().map(|chat| speak::row(model, chat)).chain(behind)),
                "which number, or Enter",
            )
        }
        Overlay::Help(help) => Shown::Tell(super::commands::help(help.query.text())),
        Overlay::Requests { .. } => requests(model),
        Overlay::Person(card) => {
            boxes::person(model, &card.account, card.safety.as_ref().map(|safety| safety.number.as_str()))
        }
        Overlay::Found(found) => boxes::found(model, found),
        Overlay::Talk(shown) => boxes::talk(model, shown),
        Overlay::Sure(sure) => boxes::sure(model, sure),
        Overlay::Log(view) => boxes::log(view),
        Overlay::Delete { id } => {
            let what = message_words(model, numbers, id);
            let (means, prompt) = if for_everybody(model, id) {
                (
                    "Devices that have it are asked to delete it; they cannot be forced. This cannot be undone.",
                    "yes for everybody, me for this computer only, or Enter keeps it",
                )
            } else {
                ("It goes from this computer only. This cannot be undone.", "yes, or Enter keeps it")
            };
            ask(vec![format!("question: delete {what}? {means}")], prompt)
        }
        Overlay::React { id, .. } => {
            let what = message_words(model, numbers, id);
            let mut lines = vec![format!("question: react to {what}?")];
            lines.extend(numbered(EMOJI.iter().map(|one| emoji(one))));
            ask(lines, "which number, a name as thumbsup, - takes yours back, or Enter")
        }
        Overlay::AskAdd { .. } => {
            let what = "question: this is an invite. Ask the person who made it to be your contact?";
            ask(vec![what.to_owned()], "yes, or Enter does not")
        }
        Overlay::Near(page) => near::page(page),
        Overlay::Compare(shown) => near::words(model, shown),
        Overlay::Room(shown) => room(model, shown)?,
        Overlay::Leave => {
            let waiting = model.waiting().saturating_sub(model.in_mailboxes());
            let waiting = count(waiting, "message waits", "messages wait");
            let what =
                format!("question: {waiting} on this computer, and only goes while Starling runs. Leave?");
            ask(vec![what], "yes leaves, Enter stays")
        }
        Overlay::Words(page) => super::setup::words(page),
        Overlay::WordsLock(_) => Shown::Ask(Asked {
            lines: vec!["question: your passphrase, to show the 24 words.".to_owned()],
            prompt: "passphrase".to_owned(),
            secret: true,
        }),
        other => facts::told(model, other, numbers),
    })
}

/// The chats of the list, and the rows behind them.
fn listed(model: &Model, archived: bool) -> (Vec<&Chat>, Vec<Extra>) {
    match archived {
        true => (model.archived_chats().collect(), Vec::new()),
        false => (model.shown_chats().collect(), model.list_extras()),
    }
}

/// Whether others can be asked to delete a message.
fn for_everybody(model: &Model, id: &str) -> bool {
    let notes = model.chat().is_some_and(|chat| chat.kind == "me");
    !notes && model.log().and_then(|log| log.get(id)).is_some_and(|item| item.message.from.me)
}

fn message_words(model: &Model, numbers: &Numbers, id: &str) -> String {
    let number =
        numbers.of(id).map(|number| format!("message {number}")).unwrap_or_else(|| "a message".to_owned());
    match model.log().and_then(|log| log.get(id)) {
        Some(item) => format!("{number}, {}", speak::quote(&item.message)),
        None => number,
    }
}

fn places(model: &Model, goto: &GoTo) -> Shown {
    if goto.find_ms.is_some() {
        return Shown::Wait;
    }
    let mut lines = numbered(goto.hits.iter().map(|hit| {
        let chat = match &hit.target {
            Target::Chat(id) => model.chat_row(id),
            _ => None,
        };
        match chat {
            Some(chat) => speak::row(model, chat),
            None => format!("{}, {}, {}", clean::line(&hit.name), hit.kind, here(&clean::line(&hit.note))),
        }
    }));
    if lines.is_empty() {
        lines.push("Nothing like that.".to_owned());
    }
    ask(lines, "which number, or text to search")
}

fn row_behind(model: &Model, extra: &Extra) -> String {
    match extra {
        Extra::Invitation { name, .. } => format!("somebody asks you into {}", clean::line(name)),
        Extra::Requests => {
            count(u64::try_from(model.requests.len()).unwrap_or(0), "person asks", "people ask")
        }
        Extra::Archived(some) => count(*some, "chat was put away", "chats were put away"),
        Extra::Words => "write down your 24 words".to_owned(),
        Extra::Invite => "invite somebody".to_owned(),
    }
}

fn requests(model: &Model) -> Shown {
    if model.requests.is_empty() {
        return Shown::Tell(vec!["Nobody asks.".to_owned()]);
    }
    let entries = model.requests.iter().map(|one| {
        let account: String = clean::line(&one.account).chars().take(16).collect();
        format!("{}, {account}", super::told::request(&one.name, &one.note))
    });
    ask(numbered(entries), "a number accepts, d and a number drops, or Enter")
}

fn room(model: &Model, shown: &RoomBox) -> Option<Shown> {
    Some(match shown {
        RoomBox::Ask { chat } => {
            let (room, now) = model.room(chat)?;
            let what = format!("question: {} Go in?", words::rooms::invitation(room, now));
            ask(vec![what], "yes, no, or Enter decides later")
        }
        RoomBox::AskLink { name, .. } => {
            let what =
                format!("question: this is an invite to the room {}. Ask to be let in?", clean::line(name));
            ask(vec![what], "yes, or Enter does not")
        }
        RoomBox::Hide { .. } => {
            let what = "question: hide it? Who follows you here is not shown it any more, nor are you; all others are. It \
                        cannot be taken back.";
            ask(vec![what.to_owned()], "yes, or Enter does not")
        }
        RoomBox::Leave { chat } => {
            let name = model.room(chat).map(|(room, _)| clean::line(&room.name)).unwrap_or_default();
            let what = format!("question: leave {name}? You get nothing of it any more.");
            ask(vec![what], "yes, or Enter stays in it")
        }
        shown => facts::room(model, shown),
    })
}

/// What a typed line does to what lies over the screen.
pub fn answer(model: &Model, line: &str) -> Vec<Msg> {
    let line = line.trim();
    let esc = || vec![key(KeyCode::Esc)];
    let yes = line.eq_ignore_ascii_case("yes");
    let Some(overlay) = &model.overlay else { return Vec::new() };
    match overlay {
        Overlay::AskAdd { .. } | Overlay::Room(RoomBox::AskLink { .. }) if !yes => {
            // The screen puts the link into the editor; here that would be a draft nobody typed.
            let mut msgs = esc();
            msgs.push(Msg::Typed(Typed::Keep(model.editor.text())));
            msgs
        }
        Overlay::Words(page) if page.check.is_none() && line.is_empty() => vec![key(KeyCode::Enter)],
        _ if line.is_empty() => esc(),
        Overlay::Words(page) if page.check.is_none() => esc(),
        Overlay::AskAdd { .. } | Overlay::Room(RoomBox::AskLink { .. }) => vec![key(KeyCode::Enter)],
        Overlay::GoTo(goto) => match row(line, goto.hits.len()) {
            Some(wanted) => pick(goto.at, wanted, KeyCode::Enter),
            None => vec![clear(), paste(line)],
        },
        Overlay::Chats { at, archived } => {
            let (chats, extras) = listed(model, *archived);
            match row(line, chats.len() + extras.len()) {
                Some(wanted) => pick(*at, wanted, KeyCode::Enter),
                None => vec![key(KeyCode::Esc), Msg::Typed(Typed::Line(format!("/go {line}")))],
            }
        }
        Overlay::Requests { at } => {
            let (drop, rest) = line.strip_prefix('d').map_or((false, line), |rest| (true, rest.trim()));
            let code = if drop { 'd' } else { 'a' };
            row(rest, model.requests.len()).map(|row| pick(*at, row, KeyCode::Char(code))).unwrap_or_default()
        }
        Overlay::Person(_) => match line {
            "matches" => vec![key(KeyCode::Char('y')), key(KeyCode::Esc)],
            "differs" => vec![key(KeyCode::Char('n')), key(KeyCode::Esc)],
            "block" | "unblock" => vec![key(KeyCode::Char('b')), key(KeyCode::Esc)],
            "hide" | "show" => vec![key(KeyCode::Char('h')), key(KeyCode::Esc)],
            _ => Vec::new(),
        },
        Overlay::Found(found) => boxes::on_found(found, line),
        Overlay::Talk(shown) => boxes::on_talk(model, shown, line),
        Overlay::Sure(sure) => boxes::on_sure(sure, line),
        Overlay::Delete { id } => match (for_everybody(model, id), line) {
            (true, _) if yes => vec![key(KeyCode::Char('e'))],
            (true, "me") => vec![key(KeyCode::Char('m'))],
            (false, _) if yes => vec![key(KeyCode::Char('m'))],
            _ => esc(),
        },
        Overlay::React { id, .. } => match (line, row(line, EMOJI.len())) {
            (_, Some(row)) => react(id, EMOJI.get(row).copied().unwrap_or("")),
            ("-", _) => react(id, ""),
            (name, _) => meant(name).map(|emoji| react(id, &emoji)).unwrap_or_default(),
        },
        Overlay::Room(RoomBox::Ask { .. }) => match line {
            _ if yes => vec![key(KeyCode::Enter)],
            "no" => vec![key(KeyCode::Char('x'))],
            _ => esc(),
        },
        Overlay::Room(RoomBox::Hide { .. }) if yes => vec![key(KeyCode::Char('h'))],
        Overlay::Room(RoomBox::Leave { .. }) if yes => vec![key(KeyCode::Char('l'))],
        Overlay::Near(page) => near::on_page(page, line),
        Overlay::Compare(shown) => near::on_words(shown, line),
        Overlay::Leave if yes => vec![key(KeyCode::Char('q'))],
        Overlay::Words(_) | Overlay::WordsLock(_) => vec![clear(), paste(line), key(KeyCode::Enter)],
        _ => esc(),
    }
}

fn react(id: &str, emoji: &str) -> Vec<Msg> {
    let typed = Typed::React { id: id.to_owned(), emoji: emoji.to_owned() };
    vec![key(KeyCode::Esc), Msg::Typed(typed)]
}

/// The emoji of a name as one types or hears it, or itself.
pub fn meant(text: &str) -> Option<String> {
    let spoken = text.trim().trim_matches(':').to_lowercase();
    crate::screen::text::emoji::meant(text)
        .or_else(|| emojis::iter().find(|one| one.name() == spoken).map(|one| one.as_str().to_owned()))
}
