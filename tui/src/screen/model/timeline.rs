//! Turns the loaded part of a chat into rows of a width. Pure: the same model gives the same rows. `window` moves
//! through them.

use super::chatlog::{ChatLog, FOLD_ROWS, Item};
use super::{Model, words};
use crate::screen::settings::Emoji;
use crate::screen::text::markup::{self, Face, Look, Span, TextRow};
use crate::screen::text::{self, clean, emoji, time, wrap};
use jiff::Zoned;
use starling_node::api::types::Message;

/// Minutes within which messages of one person stand under one name.
const GROUP_MINUTES: i64 = 5;

/// Characters of a message that are looked at for its first words. No row shows more.
const FIRST_CHARS: usize = 600;

/// One row of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A line with a day in its middle.
    Day(String),
    /// The line above what was new.
    New(u64),
    /// Who wrote, and when.
    Head {
        /// The name.
        name: String,
        /// Whether it is oneself.
        own: bool,
        /// The time; empty where there is no room.
        time: String,
    },
    /// The message this one answers: who wrote it, and its first words.
    Quote(String, String),
    /// A row of text.
    Text {
        /// The text.
        text: TextRow,
        /// "(edited)" and the like, dim.
        suffix: String,
        /// The delivery mark, at the right edge.
        mark: String,
        /// Whether the text itself is dim.
        faint: bool,
    },
    /// Reactions.
    Reactions(String),
    /// Something Starling says, dim.
    Note(String),
    /// Messages are missing.
    Gap(String),
    /// A line Starling says.
    Said(String),
    /// Nothing, between messages.
    Blank,
}

/// A row and the message it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Place of the message; one behind the last = texts on their way to the disk.
    pub index: usize,
    /// Which row of it.
    pub nth: usize,
    /// The row.
    pub row: Row,
}

/// The time a message is shown with: the sender's clock, but never later than when it came.
fn shown_at(model: &Model, message: &Message) -> Option<Zoned> {
    let sent = time::parse(&message.at);
    let received = time::parse(&message.received);
    let at = match (sent, received) {
        (Some(sent), Some(received)) => sent.min(received),
        (sent, received) => sent.or(received)?,
    };
    Some(at.to_zoned(model.zone.clone()))
}

/// The first words of a message, as they were typed.
pub fn first_line(message: &Message) -> String {
    let text = if message.deleted { "(deleted)" } else { message.text.as_str() };
    let words = |line: &&str| !line.trim().is_empty() && !line.starts_with("```");
    let line = text.split('\n').find(words).unwrap_or(text);
    clean::line(&line.chars().take(FIRST_CHARS).collect::<String>())
}

/// Who wrote a message: "You", or a name.
pub fn sender(model: &Model, message: &Message) -> String {
    if message.from.me {
        return "You".to_owned();
    }
    let name = clean::name(&message.from.name);
    if name.is_empty() { clean::name(&model.name_of(&message.from.account)) } else { name }
}

/// How messages are shown at a width.
pub fn look(model: &Model, width: usize) -> Look {
    Look {
        width,
        shift: 0,
        markdown: model.settings.markdown,
        names: model.settings.emoji == Emoji::Names,
        bar: model.theme.marks.up,
        ellipsis: model.theme.marks.ellipsis,
    }
}

/// A row of words of ours.
fn plain(text: &str, width: usize, ellipsis: &str) -> TextRow {
    TextRow::from([Span::new(text::cut(text, width, ellipsis), Face::PLAIN)])
}

/// The rows of one chat at one width.
pub struct Timeline<'a> {
    model: &'a Model,
    pub(super) log: &'a ChatLog,
    width: usize,
    newest_own: Option<usize>,
}

impl<'a> Timeline<'a> {
    /// The rows of the open chat, if one is open.
    pub fn open(model: &'a Model) -> Option<Self> {
        Some(Self::new(model, model.log()?, model.geometry().text()))
    }

    /// The rows of a chat at a width.
    pub fn new(model: &'a Model, log: &'a ChatLog, width: usize) -> Self {
        let newest_own =
            log.items.iter().rposition(|item| item.message.from.me && item.message.kind == "text");
        let newest_own = newest_own.filter(|_| log.pending.is_empty() && !log.short);
        Self { model, log, width: width.max(1), newest_own }
    }

    pub(super) fn item(&self, index: usize) -> Option<&'a Item> {
        self.log.items.get(index)
    }

    /// The rows of one message, with the lines above it that its place asks for. One behind the last gives the texts
    /// on their way to the disk.
    pub fn rows(&self, index: usize) -> Vec<Row> {
        let Some(item) = self.item(index) else { return self.tail() };
        let mut rows = Vec::new();
        let before = index.checked_sub(1).and_then(|before| self.item(before));
        let alone = self.lines_above(index, before, &mut rows);
        let message = &item.message;
        if message.kind == "notice" {
            let line = format!("{} {}", self.model.theme.marks.dot, message.text);
            self.notes(&line, &mut rows);
            return rows;
        }
        if alone {
            rows.push(self.head(message));
        }
        if let Some(answered) = &message.reply_to {
            rows.push(self.quote(answered));
        }
        self.body(index, item, &mut rows);
        self.reactions(message, &mut rows);
        if self.newest_own == Some(index) && !message.deleted {
            let chat = self.model.chat_row(&message.chat);
            self.notes(&words::delivery(self.model, message, chat), &mut rows);
        }
        if self.model.settings.big {
            rows.push(Row::Blank);
        }
        rows
    }

    /// Day, gap and "new" lines; says whether a name must stand above the message.
    fn lines_above(&self, index: usize, before: Option<&Item>, rows: &mut Vec<Row>) -> bool {
        let Some(item) = self.item(index) else { return true };
        let at = shown_at(self.model, &item.message);
        let earlier = before.and_then(|before| shown_at(self.model, &before.message));
        if index == 0 {
            self.gaps(None, rows);
            self.said(None, rows);
        }
        if let Some(before) = before {
            self.gaps(Some(&before.message.id), rows);
            self.said(Some(&before.message.id), rows);
        }
        if let Some(at) = &at
            && earlier.as_ref().is_none_or(|earlier| earlier.date() != at.date())
        {
            rows.push(Row::Day(time::day(at.date(), self.model.now().date())));
        }
        if let Some(line) = &self.log.new_line
            && line.before == item.message.id
        {
            rows.push(Row::New(line.count));
        }
        let Some(before) = before else { return true };
        let near = match (&at, &earlier) {
            (Some(at), Some(earlier)) => {
                let minutes = (at.timestamp().as_second() - earlier.timestamp().as_second()) / 60;
                (-GROUP_MINUTES..=GROUP_MINUTES).contains(&minutes)
            }
            _ => false,
        };
        !rows.is_empty()
            || !near
            || before.message.kind == "notice"
            || before.message.from.account != item.message.from.account
            || self.log.gaps.iter().any(|gap| gap.after.as_deref() == Some(before.message.id.as_str()))
    }

    fn gaps(&self, after: Option<&str>, rows: &mut Vec<Row>) {
        for gap in self.log.gaps.iter().filter(|gap| gap.after.as_deref() == after) {
            let name = self.model.name_of(&gap.from);
            let what = text::count(gap.missing, "message is missing", "messages are missing");
            let line = format!("{what} here. Asking {name}'s devices.");
            rows.extend(wrap::wrap(&line, self.width).into_iter().map(Row::Gap));
        }
    }

    fn said(&self, after: Option<&str>, rows: &mut Vec<Row>) {
        for line in self.log.said.iter().filter(|line| line.after.as_deref() == after) {
            let line = format!("{} {}", self.model.theme.marks.dot, line.text);
            rows.extend(wrap::wrap(&line, self.width).into_iter().map(Row::Said));
        }
    }

    fn head(&self, message: &Message) -> Row {
        let time = if self.model.geometry().times {
            shown_at(self.model, message).map(|at| time::clock(&at)).unwrap_or_default()
        } else {
            String::new()
        };
        let room = self.width.saturating_sub(text::columns(&time) + 1);
        let name = self.emoji(sender(self.model, message));
        let name = text::cut(&name, room, self.model.theme.marks.ellipsis);
        Row::Head { name, own: message.from.me, time }
    }

    fn quote(&self, answered: &str) -> Row {
        let (name, words) = match self.log.get(answered) {
            Some(item) => {
                (format!("{}: ", sender(self.model, &item.message)), self.emoji(first_line(&item.message)))
            }
            None => (String::new(), "an older message".to_owned()),
        };
        let Look { bar, ellipsis, .. } = look(self.model, self.width);
        let name = text::cut(&format!("{bar} {name}"), self.width, ellipsis);
        let room = self.width.saturating_sub(text::columns(&name));
        let words = text::cut(&words, room, ellipsis);
        Row::Quote(name, words)
    }

    /// A cleaned line with emoji as the person wants them.
    fn emoji(&self, line: String) -> String {
        if self.model.settings.emoji == Emoji::Names { emoji::named(line) } else { line }
    }

    fn mark(&self, message: &Message) -> String {
        let notes = self.model.chat_row(&message.chat).is_some_and(|chat| chat.kind == "me");
        if message.from.me && !notes && !message.deleted {
            self.model.theme.state(&message.state).to_owned()
        } else {
            String::new()
        }
    }

    fn body(&self, index: usize, item: &Item, rows: &mut Vec<Row>) {
        let message = &item.message;
        let mark = self.mark(message);
        let ellipsis = self.model.theme.marks.ellipsis;
        let row = |text: TextRow, faint: bool| Row::Text {
            text,
            suffix: String::new(),
            mark: String::new(),
            faint,
        };
        if message.deleted {
            rows.push(row(plain(&words::deleted(self.model, message), self.width, ellipsis), true));
        } else {
            let lines = item.rows(look(self.model, self.width));
            let newest = index + 1 == self.log.items.len();
            let shown = if item.unfolded || lines.len() <= FOLD_ROWS + 1 { lines.len() } else { FOLD_ROWS };
            let faint = message.kind == "unknown";
            rows.extend(lines.iter().take(shown).map(|line| row(line.clone(), faint)));
            if shown < lines.len() {
                let how = if newest { "Up, Enter" } else { "Enter on it" };
                let words = format!("{} more lines, {how}", lines.len() - shown);
                rows.push(row(plain(&words, self.width, ellipsis), true));
            }
            self.facts(message, rows);
        }
        if let Some(Row::Text { mark: place, .. }) = rows.last_mut() {
            *place = mark;
        }
    }

    /// "(edited)" and "(pinned)", behind the text where they fit.
    fn facts(&self, message: &Message, rows: &mut Vec<Row>) {
        let facts = match (message.edited, message.pinned) {
            (true, true) => " (edited, pinned)",
            (true, false) => " (edited)",
            (false, true) => " (pinned)",
            (false, false) => return,
        };
        match rows.last_mut() {
            Some(Row::Text { text, suffix, .. }) if markup::width_of(text) + facts.len() <= self.width => {
                *suffix = facts.to_owned();
            }
            _ => {
                let text = plain(facts.trim_start(), self.width, "");
                rows.push(Row::Text { text, suffix: String::new(), mark: String::new(), faint: true });
            }
        }
    }

    fn reactions(&self, message: &Message, rows: &mut Vec<Row>) {
        if message.reactions.is_empty() || message.deleted {
            return;
        }
        let parts: Vec<String> = message
            .reactions
            .iter()
            .map(|(emoji, names)| {
                let shown = self.emoji(text::cut(&clean::line(emoji), 8, ""));
                format!("{shown} {}", names.len())
            })
            .collect();
        let ellipsis = self.model.theme.marks.ellipsis;
        rows.push(Row::Reactions(text::cut(&parts.join("  "), self.width, ellipsis)));
    }

    fn notes(&self, words: &str, rows: &mut Vec<Row>) {
        rows.extend(wrap::wrap(words, self.width).into_iter().map(Row::Note));
    }

    fn tail(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some(item) = self.log.items.last() {
            self.gaps(Some(&item.message.id), &mut rows);
            self.said(Some(&item.message.id), &mut rows);
        }
        let own_last = self.log.items.last().is_some_and(|item| item.message.from.me);
        for (nth, pending) in self.log.pending.iter().enumerate() {
            if nth == 0 && (!own_last || !rows.is_empty()) {
                rows.push(Row::Head { name: "You".to_owned(), own: true, time: String::new() });
            }
            if let Some(answered) = &pending.reply_to {
                rows.push(self.quote(answered));
            }
            for line in markup::rows(&pending.text, &look(self.model, self.width)).into_iter().take(FOLD_ROWS)
            {
                let (suffix, mark) = (String::new(), String::new());
                rows.push(Row::Text { text: line, suffix, mark, faint: false });
            }
        }
        if !self.log.pending.is_empty() {
            rows.push(Row::Note(text::cut("writing to disk", self.width, "")));
        }
        rows
    }
}
