//! Commands that only line mode has, those that name a message by its number, and why some of the screen's are of no
//! use here. All others are the screen's own.

use super::choose::meant;
use super::numbers::Numbers;
use super::words::here;
use crate::screen::keymap::COMMANDS;
use crate::screen::model::{Compose, Model};
use crate::screen::msg::{Msg, Typed};
use starling_node::api::types::{Chat, Message};

/// Commands of line mode: word, what it takes, what it does.
pub const OWN: &[(&str, &str, &str)] = &[
    ("/last", "[N]", "the last messages again"),
    ("/older", "", "older messages"),
    ("/new", "", "what has come meanwhile"),
    ("/reply", "N TEXT", "answer message N"),
    ("/edit", "N TEXT", "change your message N"),
    ("/react", "N NAME", "react to message N, as thumbsup; - takes it back"),
    ("/delete", "N", "delete message N"),
    ("/who", "N", "who has message N, and since when"),
    ("/again", "N", "send message N again"),
    ("/open", "N", "open a link of message N"),
    ("/thread", "N", "message N with its answers"),
    ("/forward", "N", "send message N to another chat, as a quote"),
    ("/copy", "N", "message N as it was written"),
    ("/undo", "", "take back what was done just now"),
    ("/draft", "[drop]", "send what is kept unsent here, or forget it"),
    ("/receipts", "all|newest", "which receipts are told"),
    ("/announce", "now|hold|off", "when it is told what comes in"),
];

/// Commands of the screen, and why they do nothing here.
const NOT_HERE: &[(&str, &str)] = &[
    ("/theme", "Line mode has no colours of its own."),
    ("/keys", "Line mode has no keys but those of your terminal; /help lists what can be typed."),
    ("/mouse", "Line mode does not use the mouse."),
    ("/hints", "Line mode has no key line; /help lists what can be typed."),
    ("/big", "Line mode leaves the size of letters to your terminal."),
    ("/plain", "This is line mode already. `starling` without --plain opens the screen."),
    ("/redraw", "Line mode draws nothing that could be drawn again; /last tells the last messages."),
    ("/unread", "What is new in a chat is told when it is opened; /chats says where something is new."),
    ("/clean", "Line mode has no frames and no panes."),
    ("/up", "/older tells older messages."),
    ("/down", "/last tells the last messages."),
    ("/end", "/last tells the last messages."),
    ("/plain-text", "Line mode tells texts as they were typed."),
    ("/code", "A line is one message here; write ` around what is code."),
    ("/lock", "What was told stays in your terminal; lock that, or leave with /quit."),
    ("/write", "`starling send TO - < FILE` sends what an editor of yours wrote."),
    ("/quote", "/reply N TEXT answers a message here."),
];

/// What a typed command is.
#[derive(Debug)]
pub enum Meant {
    /// These messages.
    Do(Vec<Msg>),
    /// These words.
    Say(String),
    /// The last messages, told again.
    Last(usize),
    /// What was held back.
    New,
    /// What is kept unsent, sent or forgotten.
    Draft,
    /// The text of a message.
    Copy(String),
    /// Nothing of line mode's own: the screen's.
    Theirs,
}

/// Reads a typed command.
pub fn read(model: &Model, numbers: &Numbers, line: &str) -> Meant {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    if let Some((_, why)) = NOT_HERE.iter().find(|(known, _)| *known == word) {
        return Meant::Say((*why).to_owned());
    }
    match word {
        "/last" => Meant::Last(rest.parse().unwrap_or(5)),
        "/new" => Meant::New,
        "/go" if rest.is_empty() => Meant::Do(vec![Msg::Typed(Typed::GoTo)]),
        "/older" => Meant::Do(vec![Msg::Typed(Typed::Older)]),
        "/undo" if model.undoable().is_some() => Meant::Do(vec![Msg::Typed(Typed::Undo)]),
        "/undo" => Meant::Say("There is nothing to take back any more.".to_owned()),
        "/draft" if model.editor.is_empty() => Meant::Say("Nothing is kept unsent here.".to_owned()),
        "/draft" if rest == "drop" => Meant::Do(vec![Msg::Typed(Typed::Keep(String::new()))]),
        "/draft" => Meant::Draft,
        "/receipts" | "/announce" if !rest.is_empty() => {
            let name = if word == "/receipts" { "receipts_spoken" } else { "announce" };
            typed(&format!("/set {name} {rest}"))
        }
        "/receipts" | "/announce" => needs(word),
        "/reply" | "/edit" | "/react" | "/delete" | "/who" | "/again" | "/copy" | "/open" | "/thread"
        | "/forward" => about(model, numbers, word, rest),
        "/hide" if model.open_channel().is_some() && rest.parse::<u64>().is_ok() => {
            about(model, numbers, word, rest)
        }
        _ => Meant::Theirs,
    }
}

fn typed(line: &str) -> Meant {
    Meant::Do(vec![Msg::Typed(Typed::Line(line.to_owned()))])
}

fn needs(word: &str) -> Meant {
    let known = OWN.iter().find(|(known, _, _)| *known == word);
    let (takes, does) = known.map(|(_, takes, does)| (*takes, *does)).unwrap_or_default();
    Meant::Say(format!("problem: {word} needs {takes}. {word} {takes}: {does}."))
}

/// A command about a message by its number.
fn about(model: &Model, numbers: &Numbers, word: &str, rest: &str) -> Meant {
    let (number, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let text = text.trim();
    let Ok(number) = number.parse::<u64>() else { return needs(word) };
    let Some(id) = numbers.id(number) else {
        return Meant::Say(format!("problem: There is no message {number}. Nothing was done."));
    };
    let Some(item) = model.log().and_then(|log| log.get(id)) else {
        return Meant::Say(format!("problem: Message {number} is in another chat, or too far back."));
    };
    let message = &item.message;
    if message.deleted && word != "/who" {
        return Meant::Say("It was deleted; there is nothing left of it.".to_owned());
    }
    let on = |key: char| Msg::Typed(Typed::Key { id: id.to_owned(), key });
    match word {
        "/reply" if text.is_empty() => Meant::Do(vec![on('r')]),
        "/reply" => Meant::Do(vec![on('r'), Msg::Typed(Typed::Line(text.to_owned()))]),
        "/edit" => edit(message, text, on('e')),
        "/react" if text.is_empty() => Meant::Do(vec![on('+')]),
        "/react" => react(id, text),
        "/delete" => Meant::Do(vec![on('d')]),
        "/who" => Meant::Do(vec![on('i')]),
        "/open" => Meant::Do(vec![on('o')]),
        "/thread" => Meant::Do(vec![on('t')]),
        "/forward" => Meant::Do(vec![on('f')]),
        "/again" => Meant::Do(vec![on('R')]),
        "/hide" => Meant::Do(vec![on('H')]),
        _ => Meant::Copy(message.text.clone()),
    }
}

fn edit(message: &Message, text: &str, open: Msg) -> Meant {
    if !message.from.me {
        return Meant::Say("Only your own messages can be changed.".to_owned());
    }
    if text.is_empty() {
        return Meant::Do(vec![open]);
    }
    Meant::Do(vec![open, Msg::Typed(Typed::Line(text.to_owned()))])
}

fn react(id: &str, text: &str) -> Meant {
    let emoji = if text == "-" { Some(String::new()) } else { meant(text) };
    match emoji {
        Some(emoji) => Meant::Do(vec![Msg::Typed(Typed::React { id: id.to_owned(), emoji })]),
        None => {
            Meant::Say(format!("problem: There is no emoji {text}. Nothing was done. For example: thumbsup."))
        }
    }
}

/// All commands, or those with a word in them.
pub fn help(query: &str) -> Vec<String> {
    let wanted = query.trim().to_lowercase();
    let theirs = COMMANDS.iter().map(|one| (one.word, one.takes, one.help));
    let own = |word: &str| OWN.iter().any(|(known, _, _)| *known == word);
    let all = OWN.iter().copied().chain(theirs.filter(|(word, _, _)| !own(word) && !is_useless(word)));
    let mut lines: Vec<String> = all
        .map(|(word, takes, does)| {
            let gap = if takes.is_empty() { "" } else { " " };
            format!("{word}{gap}{takes}: {}", here(does))
        })
        .filter(|line| wanted.is_empty() || line.to_lowercase().contains(&wanted))
        .collect();
    lines.sort();
    if lines.is_empty() {
        lines.push(format!("No command has to do with \"{}\".", crate::screen::text::clean::line(query)));
    } else if wanted.is_empty() {
        lines.push("Anything else is sent as a message; // sends a text that begins with /.".to_owned());
        lines.push("Numbers of messages stand in brackets behind them.".to_owned());
    }
    lines
}

/// In front of what one types.
pub fn prompt(model: &Model, numbers: &Numbers) -> String {
    let number = |id: &str| numbers.of(id).map(|number| number.to_string()).unwrap_or_default();
    let clean = crate::screen::text::clean::line;
    match &model.compose {
        Compose::Reply { id } => return format!("answer to {}", number(id)),
        Compose::Edit { id, .. } => return format!("new text of {}", number(id)),
        Compose::New => {}
    }
    match model.chat() {
        Some(chat) if chat.kind == "me" => "note".to_owned(),
        Some(chat) if chat.kind == "room" && is_open(model, chat) => {
            format!("to {} (open)", clean(&chat.name))
        }
        Some(chat) if chat.kind == "room" => format!("to {}", clean(&chat.name)),
        Some(chat) => format!("to {}", clean(&chat.title)),
        None => "command".to_owned(),
    }
}

/// Whether a room is one that anybody can read.
pub fn is_open(model: &Model, chat: &Chat) -> bool {
    model.is_open(&chat.chat)
}

/// Whether a command of the screen is of no use here.
pub fn is_useless(word: &str) -> bool {
    NOT_HERE.iter().any(|(known, _)| *known == word)
}
