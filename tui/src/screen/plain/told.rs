//! What has been told already, so that every change is told once.

use super::numbers::Numbers;
use super::speak;
use super::words::here;
use crate::screen::model::chatlog::{ChatLog, Part};
use crate::screen::model::{Model, Notice, words};
use crate::screen::settings::Spoken;
use crate::screen::text::{clean, count};
use starling_node::api::types::Message;
use std::collections::{BTreeMap, BTreeSet};

/// Messages told of a chat in which nothing is new.
const LAST: usize = 3;
/// Messages remembered as told; a chat never has as many loaded.
const TOLD: usize = 4_000;

/// What has been told.
#[derive(Debug, Default)]
pub struct Told {
    /// The open chat, once its messages were told.
    chat: Option<String>,
    messages: BTreeMap<String, Known>,
    /// Texts that were on their way to the disk at the last look.
    pending: Vec<String>,
    chats: Option<BTreeMap<String, (u64, u64)>>,
    requests: BTreeSet<String>,
    network: Option<String>,
    presence: &'static str,
    /// The open chat's state, and whether its key changed.
    standing: (String, bool),
    said: usize,
    gaps: BTreeMap<String, u64>,
    undo: Option<String>,
    found: Option<String>,
    /// The page that was on its way at the last look.
    loading: Option<Part>,
    /// What stands in the line above the editor on the screen. Forgotten when something is typed.
    pub notice: Option<String>,
}

/// A message as it was told.
#[derive(Debug)]
struct Known {
    progress: String,
    text: String,
    deleted: bool,
    reactions: BTreeMap<String, Vec<String>>,
}

impl Known {
    fn of(model: &Model, message: &Message) -> Self {
        Self {
            progress: speak::progress(model, message),
            text: message.text.clone(),
            deleted: message.deleted,
            reactions: message.reactions.clone(),
        }
    }
}

impl Told {
    /// Whether the open chat is told.
    pub fn ready(&self, model: &Model) -> bool {
        self.chat == model.open
    }

    /// What of the chats is new since the last look.
    pub fn look(&mut self, model: &Model, numbers: &mut Numbers) -> Vec<String> {
        let mut lines = Vec::new();
        self.network(model, &mut lines);
        self.open(model, numbers, &mut lines);
        self.elsewhere(model, &mut lines);
        self.requests(model, &mut lines);
        self.undo(model, &mut lines);
        self.notice(model, &mut lines);
        lines
    }

    fn open(&mut self, model: &Model, numbers: &mut Numbers, lines: &mut Vec<String>) {
        let (Some(chat), Some(log)) = (model.chat(), model.log()) else { return };
        if self.chat.as_ref() == Some(&chat.chat) {
            self.changes(model, log, numbers, lines);
            self.around(model, log, lines);
        } else if log.loaded && log.loading.is_none() {
            self.opened(model, log, numbers, lines);
            self.chat = Some(chat.chat.clone());
        }
        self.loading.clone_from(&log.loading);
        self.pending = log.pending.iter().map(|pending| pending.text.clone()).collect();
    }

    /// A chat was opened: what it is, what is new in it, or the last that was said.
    fn opened(&mut self, model: &Model, log: &ChatLog, numbers: &mut Numbers, lines: &mut Vec<String>) {
        let Some(chat) = model.chat() else { return };
        lines.push(speak::header(model, chat));
        self.presence = speak::presence(chat);
        self.standing = (chat.state.clone(), chat.key_changed);
        self.said = log.said.len();
        self.messages.clear();
        self.gaps.clear();
        for item in &log.items {
            numbers.give(&item.message.id);
            self.messages.insert(item.message.id.clone(), Known::of(model, &item.message));
        }
        let fresh = |message: &Message| message.unread && !message.from.me;
        let new = log.items.iter().filter(|item| fresh(&item.message)).count();
        let first = log.items.iter().position(|item| fresh(&item.message));
        let from = first.unwrap_or(log.items.len().saturating_sub(LAST));
        match (new, log.items.len() - from) {
            (0, 0) => lines.push("No messages here yet.".to_owned()),
            (0, some) => {
                lines.push(count(u64::try_from(some).unwrap_or(0), "last message:", "last messages:"))
            }
            (new, _) => lines.push(count(u64::try_from(new).unwrap_or(0), "new message:", "new messages:")),
        }
        for item in log.items.iter().skip(from) {
            lines.extend(speak::message(model, &item.message, numbers.give(&item.message.id)));
        }
        self.gaps(model, log, lines);
        let draft = model.editor.text();
        if !draft.trim().is_empty() {
            lines.push(kept(&draft));
        }
    }

    /// New and changed messages of the open chat.
    fn changes(&mut self, model: &Model, log: &ChatLog, numbers: &mut Numbers, lines: &mut Vec<String>) {
        if self.messages.len() > TOLD {
            self.messages.retain(|id, _| log.get(id).is_some());
        }
        // A page is told if one asked for older messages; of others only what is new.
        let page = self.loading.as_ref().filter(|_| log.loading.is_none());
        let quiet = page.is_some_and(|part| !matches!(part, Part::Before(_)));
        let newest = log.items.iter().rposition(|item| item.message.from.me && item.message.kind == "text");
        for (at, item) in log.items.iter().enumerate() {
            let message = &item.message;
            let number = numbers.give(&message.id);
            match self.messages.get(&message.id) {
                None if self.is_ours(log, message) => lines.push(speak::sent(model, message, number)),
                None if quiet && (message.from.me || !message.unread) => {}
                None => lines.extend(speak::message(model, message, number)),
                Some(known) => {
                    let all = model.settings.receipts_spoken == Spoken::All || speak::over(message);
                    let receipts = message.from.me && (all || newest == Some(at));
                    changed(model, message, number, known, receipts, lines);
                }
            }
            self.messages.insert(message.id.clone(), Known::of(model, message));
        }
        // What a search led to.
        if let Some(item) =
            log.chosen.as_ref().filter(|id| self.found.as_ref() != Some(id)).and_then(|id| log.get(id))
        {
            lines.extend(speak::message(model, &item.message, numbers.give(&item.message.id)));
        }
        self.found.clone_from(&log.chosen);
    }

    /// Whether a new own message is one that was typed here, and not on another device.
    fn is_ours(&self, log: &ChatLog, message: &Message) -> bool {
        // The node has its own ways with tabs and line ends.
        let letters = |text: &str| -> String { clean::line(text).split_whitespace().collect() };
        let wanted = letters(&message.text);
        let same = |text: &str| letters(text) == wanted;
        message.from.me
            && (self.pending.iter().any(|text| same(text)) || log.pending.iter().any(|one| same(&one.text)))
    }

    /// What else happens in the open chat.
    fn around(&mut self, model: &Model, log: &ChatLog, lines: &mut Vec<String>) {
        // The oldest of them go when there are many.
        let new = log.said.len().saturating_sub(self.said);
        self.said = log.said.len();
        let network = lines.first().is_some_and(|line| line.starts_with("network: "));
        for line in log.said.iter().rev().take(new).rev().filter(|_| !network) {
            lines.push(format!("note: {}", here(&line.text)));
        }
        self.gaps(model, log, lines);
        self.standing(model, lines);
        if let Some(chat) = model.chat().filter(|chat| chat.kind == "person" && chat.state == "accepted") {
            let now = speak::presence(chat);
            if now != std::mem::replace(&mut self.presence, now) {
                lines.push(format!("presence: {} is {now}.", clean::line(&chat.title)));
            }
        }
    }

    /// Somebody accepted, was blocked, or has another key.
    fn standing(&mut self, model: &Model, lines: &mut Vec<String>) {
        let Some(chat) = model.chat() else { return };
        let now = (chat.state.clone(), chat.key_changed);
        let before = std::mem::replace(&mut self.standing, now.clone());
        let title = clean::line(&chat.title);
        if !before.1 && now.1 {
            lines.push(format!(
                "key: {title}'s key changed. It is a new device, or somebody else. /verify compares it."
            ));
        }
        if before.0 != now.0 {
            lines.push(match (chat.kind.as_str(), now.0.as_str()) {
                ("person", "accepted") => format!("contact: {title} is among your people. You can write."),
                ("room", "member") => format!("room: you are in {}.", clean::line(&chat.name)),
                _ => format!("{}: {title}, {}", chat.kind, here(&words::about(model, chat))),
            });
        }
    }

    fn gaps(&mut self, model: &Model, log: &ChatLog, lines: &mut Vec<String>) {
        let gaps: BTreeMap<String, u64> =
            log.gaps.iter().map(|gap| (gap.from.clone(), gap.missing)).collect();
        for (from, missing) in &gaps {
            if self.gaps.get(from) != Some(missing) {
                let what = count(*missing, "message is", "messages are");
                let name = clean::line(&model.name_of(from));
                lines.push(format!("missing: {what} not here. Asking {name}'s devices."));
            }
        }
        for from in self.gaps.keys().filter(|from| !gaps.contains_key(*from)) {
            lines.push(format!("missing: all of {} is here now.", clean::line(&model.name_of(from))));
        }
        self.gaps = gaps;
    }

    /// Another state of the network, once it has lasted.
    fn network(&mut self, model: &Model, lines: &mut Vec<String>) {
        let Some(now) = &model.network_told else { return };
        let before = self.network.replace(now.clone());
        if before.as_ref() == Some(now) {
            return;
        }
        // Wider than any of these lines is.
        let warning = words::warning(model, 200).map(|line| here(line.trim_start_matches("! ")));
        match (before, warning) {
            (_, Some(warning)) => lines.push(format!("network: {warning}")),
            (Some(_), None) => lines.push("network: online.".to_owned()),
            (None, None) => {}
        }
    }

    /// Something came in another chat.
    fn elsewhere(&mut self, model: &Model, lines: &mut Vec<String>) {
        if !model.chats_known {
            return;
        }
        let now = model.chats.iter().map(|chat| (chat.chat.clone(), (chat.unread, chat.mentions))).collect();
        let Some(before) = self.chats.replace(now) else { return };
        for chat in model.chats.iter().filter(|chat| Some(&chat.chat) != model.open.as_ref()) {
            let (unread, mentions) = before.get(&chat.chat).copied().unwrap_or_default();
            let called = chat.mentions > mentions;
            let told = match model.muted(chat) {
                "all" => false,
                "mentions" => called,
                _ => chat.unread > unread,
            };
            if told {
                lines.push(speak::elsewhere(chat, called));
            }
        }
    }

    fn requests(&mut self, model: &Model, lines: &mut Vec<String>) {
        let now: BTreeSet<String> = model.requests.iter().map(|one| one.account.clone()).collect();
        for one in model.requests.iter().filter(|one| !self.requests.contains(&one.account)) {
            lines.push(format!("request: {}. /requests answers.", request(&one.name, &one.note)));
        }
        self.requests = now;
    }

    fn undo(&mut self, model: &Model, lines: &mut Vec<String>) {
        let now = model.undoable().map(|undo| undo.words.clone());
        if let Some(words) = now.as_ref().filter(|words| self.undo.as_ref() != Some(words)) {
            lines.push(format!("done: {} /undo takes it back.", here(words)));
        }
        self.undo = now;
    }

    fn notice(&mut self, model: &Model, lines: &mut Vec<String>) {
        let line = match &model.notice {
            Some(Notice::Trouble(trouble)) => Some(format!("problem: {}", here(&words::trouble(trouble)))),
            Some(Notice::Said(words)) => Some(here(words))
                .filter(|words| !words.trim().is_empty())
                .map(|words| format!("note: {words}")),
            None => None,
        };
        if let Some(line) = line.as_ref().filter(|line| self.notice.as_ref() != Some(line)) {
            lines.push(line.clone());
        }
        self.notice = line;
    }
}

/// What is new about a message that was told.
fn changed(
    model: &Model,
    message: &Message,
    number: u64,
    known: &Known,
    receipts: bool,
    lines: &mut Vec<String>,
) {
    if message.deleted && !known.deleted {
        lines.push(format!("deleted: message {number}, by {}", speak::sender(model, message)));
        return;
    }
    if message.text != known.text && !message.deleted {
        let mut told = speak::message(model, message, number);
        if let Some(first) = told.first_mut() {
            *first = format!("changed: {first}");
        }
        lines.extend(told);
    }
    lines.extend(speak::reactions(model, &known.reactions, message, number));
    if receipts && speak::progress(model, message) != known.progress {
        lines.push(speak::receipt(model, message, number));
    }
}

/// Somebody who asks.
pub fn request(name: &str, note: &str) -> String {
    let note = clean::line(note);
    let said = if note.trim().is_empty() { String::new() } else { format!(": \"{note}\"") };
    format!("{} asks to be your contact{said}", clean::line(name))
}

/// What is kept unsent in a chat.
pub fn kept(draft: &str) -> String {
    format!("draft: \"{}\". /draft sends it, /draft drop forgets it.", clean::line(draft))
}
