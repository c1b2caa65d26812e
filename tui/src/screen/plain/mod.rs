//! Line mode: the same model and the same decisions as the screen, told as finished lines and asked by typed ones. For
//! screen readers, braille displays, terminals that cannot move a cursor, and pipes. It moves no cursor, draws nothing
//! and uses no colour; what was told is never told differently afterwards.
//!
//! [`Plain`] is plain data and does no IO: `look` says what is new in the model since the last look, `heard` makes
//! messages for `update` of a typed line. `run` and `read` are the only parts that touch the terminal.

mod boxes;
mod choose;
mod commands;
mod facts;
mod near;
mod numbers;
mod read;
mod run;
mod setup;
mod speak;
mod told;
mod words;

pub use run::open;

use super::model::overlay::Overlay;
use super::model::{Compose, Model, Place};
use super::msg::{Msg, Typed};
use super::settings::{Announce, Emoji};
use super::text::clean;
use choose::{Asked, Shown, key};
use commands::Meant;
use crossterm::event::{Event, KeyCode};
use numbers::Numbers;
use starling_node::api::trouble::{NO_SUCH, USED_WRONGLY};
use starling_node::api::types::Trouble;
use std::collections::VecDeque;
use told::Told;

/// Lines held back at most; the oldest go. More is not listened to in one go anyway.
const HELD: usize = 500;
/// Messages `/last` tells at most.
const LAST_MOST: usize = 100;
/// Milliseconds an answer of the node is waited for before the next line is asked for.
const PATIENCE_MS: u64 = 5_000;

/// Line mode.
#[derive(Debug, Default)]
pub struct Plain {
    told: Told,
    numbers: Numbers,
    /// What the next line answers.
    asked: Option<Asked>,
    /// Lines that came by themselves and wait to be told.
    held: VecDeque<String>,
    dropped: u64,
    /// Whether the next line is being typed: what is told now comes by itself.
    listening: bool,
    /// The chat that was named at the start.
    wanted: Option<String>,
    /// Since when something is waited for.
    waiting: Option<u64>,
}

/// What line mode says and does after a look, or for a line.
#[derive(Debug, Default)]
pub struct Said {
    /// Finished lines, cleaned.
    pub lines: Vec<String>,
    /// For `update`.
    pub msgs: Vec<Msg>,
    /// Leave, with this exit code.
    pub leave: Option<u8>,
}

/// What is asked for next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// In front of it, with `> `.
    pub text: String,
    /// Whether it is a question and not the line of a chat.
    pub question: bool,
    /// Whether what is typed is a secret.
    pub secret: bool,
}

impl Plain {
    /// Line mode that opens a chat, if one is named.
    pub fn new(wanted: Option<String>) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Looks at the model after messages were taken in.
    pub fn look(&mut self, model: &Model) -> Said {
        let mut said = Said::default();
        let mut lines = Vec::new();
        if let Some((code, line)) = self.wrong_chat(model) {
            said.leave = Some(code);
            said.lines = finished(model, vec![line]);
            return said;
        }
        if matches!(model.place, Place::Main) && model.locked.is_none() {
            lines.extend(self.told.look(model, &mut self.numbers));
        }
        if let Place::Broken(trouble) = &model.place {
            said.leave = Some(trouble.exit);
        }
        let told = finished(model, lines);
        self.tell(model, told, &mut said);
        let asks = self.over(model, &mut said);
        said.lines.extend(finished(model, asks));
        self.wait(model);
        // After a look at what was found one is at the newest messages again.
        if model.overlay.is_none() && model.log().is_some_and(|log| log.short && log.loading.is_none()) {
            said.msgs.push(Msg::Typed(Typed::Newest));
        }
        // What was not told was not read.
        if model.focus != self.held.is_empty() {
            let event = if self.held.is_empty() { Event::FocusGained } else { Event::FocusLost };
            said.msgs.push(Msg::Term(event));
        }
        said
    }

    /// What was named at the start is no chat, or more than one: nothing is sent to a guess.
    fn wrong_chat(&mut self, model: &Model) -> Option<(u8, String)> {
        if !model.chats_known || !matches!(model.place, Place::Main) {
            return None;
        }
        let wanted = self.wanted.take()?;
        let trouble = match chats_named(model, &wanted).as_slice() {
            [one] if Some(one) == model.open.as_ref() => return None,
            [] => Trouble::new(
                "E-NO-SUCH",
                NO_SUCH,
                format!("There is no \"{wanted}\" among your chats"),
                "Nothing was sent.",
                "A person is @name, a room #name; `me` are your notes.",
            ),
            _ => Trouble::new(
                "E-NO-SUCH",
                NO_SUCH,
                format!("\"{wanted}\" fits more than one chat"),
                "Nothing was sent.",
                "Put @ in front of a person, # in front of a room.",
            ),
        };
        Some((trouble.exit, format!("problem: {}", super::model::words::trouble(&trouble))))
    }

    /// Tells lines now, or holds them back.
    fn tell(&mut self, model: &Model, lines: Vec<String>, said: &mut Said) {
        if !self.listening || model.settings.announce == Announce::Now {
            said.lines.extend(lines);
            return;
        }
        self.held.extend(lines);
        while self.held.len() > HELD {
            self.held.pop_front();
            self.dropped += 1;
        }
    }

    /// What was held back.
    fn release(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        if std::mem::take(&mut self.dropped) > 0 {
            lines.push("More came than could be kept; /last and /chats tell how it stands.".to_owned());
        }
        lines.extend(self.held.drain(..));
        lines
    }

    /// What lies over the chats, or stands before them.
    fn over(&mut self, model: &Model, said: &mut Said) -> Vec<String> {
        let shown = setup::shown(model).or_else(|| choose::shown(model, &self.numbers));
        match shown {
            Some(Shown::Ask(asked)) => {
                let again = self.asked.as_ref() == Some(&asked);
                let lines = if again { Vec::new() } else { asked.lines.clone() };
                self.asked = Some(asked);
                lines
            }
            Some(Shown::Tell(lines)) => {
                self.asked = None;
                if matches!(model.place, Place::Main) {
                    said.msgs.push(key(KeyCode::Esc));
                }
                lines
            }
            Some(Shown::Wait) => {
                self.asked = None;
                if self.impatient(model) && matches!(model.place, Place::Main) {
                    said.msgs.push(key(KeyCode::Esc));
                    return vec!["problem: The node has not answered yet. Ask again in a moment.".to_owned()];
                }
                Vec::new()
            }
            None => {
                self.asked = None;
                Vec::new()
            }
        }
    }

    /// Whether something is on its way that the next line should come after.
    fn busy(&self, model: &Model) -> bool {
        let shown = setup::shown(model).or_else(|| choose::shown(model, &self.numbers));
        match (&model.place, shown) {
            (_, Some(shown)) => !matches!(shown, Shown::Ask(_)),
            (Place::Main, None) => {
                !model.chats_known
                    || !self.told.ready(model)
                    || model.log().is_some_and(|log| !log.pending.is_empty() || log.loading.is_some())
            }
            _ => false,
        }
    }

    fn wait(&mut self, model: &Model) {
        self.waiting = self.busy(model).then(|| self.waiting.unwrap_or(model.now_ms));
    }

    fn impatient(&self, model: &Model) -> bool {
        self.waiting.is_some_and(|since| model.now_ms >= since + PATIENCE_MS)
    }

    /// When something has been waited for long enough, on the monotonic clock.
    pub fn wake(&self, model: &Model) -> Option<u64> {
        self.waiting.map(|since| since + PATIENCE_MS).filter(|at| *at > model.now_ms)
    }

    /// What is asked for next; nothing while an answer is on its way.
    pub fn prompt(&self, model: &Model) -> Option<Prompt> {
        if let Some(asked) = &self.asked {
            let text = format!("{}> ", clean::line(&asked.prompt));
            return Some(Prompt { text, question: true, secret: asked.secret });
        }
        let main = matches!(model.place, Place::Main) && model.chats_known && model.overlay.is_none();
        if !main || (self.busy(model) && !self.impatient(model)) {
            return None;
        }
        let text = format!("{}> ", commands::prompt(model, &self.numbers));
        Some(Prompt { text, question: false, secret: false })
    }

    /// The next line is being typed from now on.
    pub fn listen(&mut self) {
        self.listening = true;
    }

    /// A line was typed.
    pub fn heard(&mut self, model: &Model, line: &str) -> Said {
        self.listening = false;
        self.told.notice = None;
        let mut said = Said::default();
        if model.settings.announce != Announce::Off {
            said.lines = self.release();
        }
        if self.asked.is_some() {
            said.msgs = match model.place {
                Place::Main => choose::answer(model, line),
                _ => setup::answer(model, line),
            };
            if said.msgs.is_empty() && !line.trim().is_empty() {
                said.lines.push("problem: That is none of the answers.".to_owned());
            }
            return said;
        }
        self.typed(model, line, &mut said);
        said.lines = finished(model, std::mem::take(&mut said.lines));
        said
    }

    fn typed(&mut self, model: &Model, line: &str, said: &mut Said) {
        if line.trim().is_empty() {
            if model.compose != Compose::New {
                said.msgs.push(Msg::Typed(Typed::Cancel));
            }
            return;
        }
        let command = line.starts_with('/') && !line.starts_with("//");
        let meant = if command { commands::read(model, &self.numbers, line.trim()) } else { Meant::Theirs };
        match meant {
            Meant::Do(msgs) => said.msgs = msgs,
            Meant::Say(words) => said.lines.push(words),
            Meant::Last(some) => said.lines.extend(self.last(model, some)),
            Meant::New => {
                let held = self.release();
                said.lines.extend(held);
                if said.lines.is_empty() {
                    said.lines.push("Nothing new.".to_owned());
                }
            }
            Meant::Draft => said.msgs.push(Msg::Typed(Typed::SendKept)),
            Meant::Copy(text) => {
                said.lines.push("text:".to_owned());
                said.lines.extend(clean::lines(&text).map(|line| format!("{}{line}", speak::INDENT)));
            }
            Meant::Theirs => said.msgs.push(Msg::Typed(Typed::Line(line.to_owned()))),
        }
    }

    fn last(&mut self, model: &Model, some: usize) -> Vec<String> {
        let Some(log) = model.log() else { return Vec::new() };
        let from = log.items.len().saturating_sub(some.min(LAST_MOST));
        let all = log.items.iter().skip(from).map(|item| &item.message);
        all.flat_map(|one| speak::message(model, one, self.numbers.give(&one.id))).collect()
    }

    /// Ctrl-C. The first one only says so; a second one leaves, whatever is asked.
    pub fn interrupted(&mut self, twice: bool) -> Said {
        self.listening = false;
        self.told.notice = None;
        match twice {
            true => Said { leave: Some(0), ..Said::default() },
            false => Said { lines: vec!["Ctrl-C again leaves.".to_owned()], ..Said::default() },
        }
    }

    /// What waits when there is nobody to ask whether to leave.
    pub fn goodbye(&self, model: &Model) -> Vec<String> {
        let here = model.opened.as_ref().is_some_and(|opened| opened.in_process);
        let waiting = model.waiting().saturating_sub(model.in_mailboxes());
        if !here || waiting == 0 {
            return Vec::new();
        }
        let waiting = super::text::count(waiting, "message waits", "messages wait");
        vec![format!("{waiting} on this computer until Starling runs again.")]
    }

    /// What completes what one types: commands, people and rooms.
    pub fn names(&self, model: &Model) -> Vec<String> {
        let all = super::keymap::COMMANDS.iter().map(|one| one.word);
        let commands = all.filter(|word| !commands::is_useless(word)).map(str::to_owned);
        let own = commands::OWN.iter().map(|(word, _, _)| (*word).to_owned());
        let chats = model.chats.iter().map(|chat| clean::line(&chat.name));
        let mut all: Vec<String> = commands.chain(own).chain(chats).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether leaving is being asked about.
    pub fn asks_to_leave(model: &Model) -> bool {
        matches!(model.overlay, Some(Overlay::Leave))
    }
}

/// The chats a name at the start may mean: an id or the whole name with its sign is one; without a sign it may be a
/// person or a room.
fn chats_named(model: &Model, wanted: &str) -> Vec<String> {
    let exact = |chat: &&starling_node::api::types::Chat| {
        chat.chat == wanted || chat.account.as_deref() == Some(wanted) || chat.name == wanted
    };
    let low = wanted.to_lowercase();
    let bare = |chat: &&starling_node::api::types::Chat| {
        chat.name.to_lowercase() == low
            || chat.name.trim_start_matches(['@', '#']).to_lowercase() == low
            || chat.title.to_lowercase() == low
    };
    let found: Vec<String> = model.chats.iter().filter(exact).map(|chat| chat.chat.clone()).collect();
    if !found.is_empty() {
        return found;
    }
    model.chats.iter().filter(bare).map(|chat| chat.chat.clone()).collect()
}

/// Lines as they leave: nothing in them steers a terminal, and emoji are named where that is wanted.
fn finished(model: &Model, lines: Vec<String>) -> Vec<String> {
    let names = model.settings.emoji == Emoji::Names;
    let line = |line: String| {
        let clean = clean::line(&line);
        if names { words::named(&clean) } else { clean }
    };
    lines.into_iter().map(line).collect()
}

/// The exit code when stdin ended before there was a profile.
pub const NOTHING_ASKED: u8 = USED_WRONGLY;
