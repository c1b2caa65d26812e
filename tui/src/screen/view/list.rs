//! The chat list, the network card below it, and the key line at the bottom.

use super::canvas::Canvas;
use crate::screen::keymap::{Action, Insert, MESSAGE_KEYS};
use crate::screen::model::rooms::Extra;
use crate::screen::model::{Compose, Model, words};
use crate::screen::text::{self, count};
use ratatui::layout::Rect;
use ratatui::style::Style;
use starling_node::api::types::Chat;

/// Draws the list at the left edge.
pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let geometry = model.geometry();
    // One column stays free between the list and the line at its right.
    let (width, styles) = (geometry.list.saturating_sub(1), canvas.theme.styles);
    let rows = geometry.height.saturating_sub(geometry.bar);
    canvas.put(0, 0, width, "Chats", styles.strong);
    let goto = model.keys.label(Action::GoTo).unwrap_or_default();
    canvas.put_right(6, 0, width.saturating_sub(6), &goto, styles.dim);
    let lines = lines(model, usize::from(width));
    let (from, room) = model.list_window();
    for (line, y) in lines.iter().skip(from).zip(1..=room) {
        row(canvas, 0, y, width, line);
    }
    for y in 0..rows {
        canvas.put(geometry.list, y, 1, canvas.theme.marks.up, styles.dim);
    }
    if geometry.card > 0 {
        card(model, canvas, rows.saturating_sub(geometry.card));
    }
}

/// A row of the list: text at the left, a short note at the right.
pub struct ListLine {
    left: String,
    right: String,
    style: Style,
    note: Style,
    open: bool,
}

/// The note of a chat that stays at the top.
const PINNED: &str = "pinned";

/// The rows of the list at the left edge.
pub fn lines(model: &Model, width: usize) -> Vec<ListLine> {
    let mut lines = rows(model, model.shown_chats(), width);
    lines.extend(extras(model, model.extras(), width));
    lines
}

/// The rows of the list over the whole screen.
pub fn whole(model: &Model, width: usize) -> Vec<ListLine> {
    let mut lines = rows(model, model.shown_chats(), width);
    lines.extend(extras(model, model.list_extras(), width));
    lines
}

/// The rows of the chats that were put away.
pub fn archived(model: &Model, width: usize) -> Vec<ListLine> {
    rows(model, model.archived_chats(), width)
}

fn rows<'m>(model: &'m Model, chats: impl Iterator<Item = &'m Chat>, width: usize) -> Vec<ListLine> {
    let styles = model.theme.styles;
    let line = |(at, chat): (usize, &Chat)| {
        let open = Some(&chat.chat) == model.open.as_ref();
        let number = if at < 9 { (at + 1).to_string() } else { " ".to_owned() };
        let mark = if chat.kind != "person" {
            String::new()
        } else {
            format!("{} ", model.theme.person(&chat.presence, &chat.via))
        };
        let loud = chat.unread > 0 && (model.is_told(chat) || chat.mentions > 0);
        let style = if loud { styles.strong } else { styles.text };
        let note = if loud { styles.warn } else { styles.dim };
        let title = text::clean::line(if chat.kind == "room" { &chat.name } else { &chat.title });
        let left = format!("{number} {mark}{title}");
        let mut right = note_of(model, chat, open, width);
        // Where it stands says it too.
        if right == PINNED && text::columns(&left) + 1 + text::columns(&right) > width {
            right.clear();
        }
        ListLine { left, right, style, note, open }
    };
    chats.enumerate().map(line).collect()
}

fn extras(model: &Model, extras: Vec<Extra>, width: usize) -> Vec<ListLine> {
    let styles = model.theme.styles;
    let extra = |left: String, right: &str, style| ListLine {
        left,
        right: right.to_owned(),
        style,
        note: styles.dim,
        open: false,
    };
    let asking = u64::try_from(model.requests.len()).unwrap_or(0);
    let row = |row| match row {
        Extra::Invitation { name, .. } => {
            extra(format!("! {}", text::clean::line(&name)), "Enter", styles.warn)
        }
        Extra::Requests => extra(format!("! {}", count(asking, "request", "requests")), "Enter", styles.warn),
        Extra::Words => {
            extra("! write down words".to_owned(), if width > 24 { "/words" } else { "" }, styles.warn)
        }
        Extra::Invite => {
            let key = model.keys.label(Action::Invite).unwrap_or_default();
            extra("+ invite".to_owned(), &key, styles.text)
        }
        Extra::Archived(number) => extra(format!("  Archived: {number}"), "Enter", styles.dim),
    };
    extras.into_iter().map(row).collect()
}

fn note_of(model: &Model, chat: &Chat, open: bool, width: usize) -> String {
    let muted = model.muted(chat) != "off";
    if chat.unread > 0 && muted && chat.mentions == 0 {
        return if width > 16 { format!("muted {}", chat.unread.min(999)) } else { "muted".to_owned() };
    }
    if chat.unread > 0 {
        let calls = if chat.mentions > 0 { format!("@{}  ", chat.mentions.min(99)) } else { String::new() };
        if !calls.is_empty() {
            return format!("{calls}{}", chat.unread.min(999));
        }
        return if chat.unread > 999 { "999+".to_owned() } else { chat.unread.to_string() };
    }
    match chat.state.as_str() {
        "pending" => return "asked".to_owned(),
        "blocked" => return "blocked".to_owned(),
        "joining" => return "asked".to_owned(),
        "left" => return "left".to_owned(),
        "removed" => return "gone".to_owned(),
        _ => {}
    }
    if chat.key_changed {
        return "key!".to_owned();
    }
    if chat.draft.is_some() && !open && width > 10 {
        "draft".to_owned()
    } else if muted {
        "muted".to_owned()
    } else if chat.pinned {
        PINNED.to_owned()
    } else {
        String::new()
    }
}

/// Draws one row of the list.
pub fn row(canvas: &mut Canvas<'_>, x: u16, y: u16, width: u16, line: &ListLine) {
    let right = u16::try_from(text::columns(&line.right)).unwrap_or(0);
    let gap = u16::from(right > 0);
    let room = width.saturating_sub(right + gap);
    let left = text::cut(&line.left, usize::from(room), canvas.theme.marks.ellipsis);
    canvas.put(x, y, room, &left, line.style);
    canvas.put_right(x, y, width, &line.right, line.note);
    if line.open {
        canvas.tint(Rect::new(x, y, width, 1), canvas.theme.styles.chosen);
    }
}

fn card(model: &Model, canvas: &mut Canvas<'_>, top: u16) {
    let (width, styles) = (model.geometry().list, canvas.theme.styles);
    canvas.rule(0, top, width, "", styles.dim);
    for (line, y) in words::card(model).iter().zip(top + 1..) {
        let cut = text::cut(line, usize::from(width), canvas.theme.marks.ellipsis);
        canvas.put(0, y, width, &cut, styles.text);
    }
}

/// Draws the key line: as many hints as fit, whole ones only.
pub fn bar(model: &Model, canvas: &mut Canvas<'_>) {
    let geometry = model.geometry();
    if geometry.bar == 0 {
        return;
    }
    let chosen = model.log().and_then(|log| log.chosen()).map(|item| &item.message);
    let hints: Vec<String> = if let Some(message) = chosen {
        // Only one's own can be changed, and hidden is only in open rooms.
        let open = model.open_channel().is_some();
        let fits = |key: &str| (key != "e" || message.from.me) && (key != "H" || open);
        let keys = MESSAGE_KEYS.iter().filter(|(key, ..)| fits(key));
        keys.map(|(key, word, _)| format!("{key} {word}")).collect()
    } else {
        main_hints(model)
    };
    let width = usize::from(geometry.width);
    let gap = if width >= 110 { "   " } else { "  " };
    let mut line = String::new();
    for hint in hints {
        let next = if line.is_empty() { hint } else { format!("{line}{gap}{hint}") };
        if text::columns(&next) > width {
            break;
        }
        line = next;
    }
    let y = geometry.height.saturating_sub(1);
    canvas.put(0, y, geometry.width, &line, canvas.theme.styles.dim);
}

/// The key of an action as it is now, with a short word; nothing if it has none.
fn hint(model: &Model, action: Action, word: &str) -> Option<String> {
    let key = model.keys.label(action)?;
    let key = if model.geometry().list == 0 { key.replace("Ctrl-", "^") } else { key };
    Some(format!("{key} {word}"))
}

fn main_hints(model: &Model) -> Vec<String> {
    let geometry = model.geometry();
    let unread = model.unread_elsewhere();
    let tab = match (geometry.list, unread) {
        (_, 0) => None,
        (0, unread) if geometry.width < 44 => hint(model, Action::NextUnread, &format!("({unread})")),
        (0, unread) => hint(model, Action::NextUnread, &format!("unread({unread})")),
        _ => hint(model, Action::NextUnread, "next unread"),
    };
    let mut hints: Vec<String> = Vec::new();
    if model.compose != Compose::New {
        hints.extend(hint(model, Action::Escape, "back"));
    }
    if model.normal {
        hints.extend(hint(model, Action::Insert(Insert::Here), "type"));
    }
    hints.extend(hint(model, Action::Help, "help"));
    hints.extend(hint(model, Action::GoTo, "go to"));
    if geometry.list == 0 {
        hints.extend(tab);
        hints.extend(hint(model, Action::Chats, "chats"));
    } else {
        hints.extend(hint(model, Action::Commands, "commands"));
        hints.extend(tab);
    }
    // The way out comes before what is only handy.
    let leave = hint(model, Action::Leave, "quit");
    let leave = leave.map(|leave| leave.replace('^', "Ctrl-"));
    let used =
        hints.iter().chain(&leave).map(|hint| text::columns(hint) + 3).sum::<usize>().saturating_sub(3);
    let mut room = usize::from(geometry.width).saturating_sub(used);
    let handy = [hint(model, Action::Choose, "message actions"), hint(model, Action::Network, "network")];
    for handy in handy.into_iter().flatten() {
        if handy.len() + 3 > room || geometry.list == 0 {
            break;
        }
        room -= handy.len() + 3;
        hints.push(handy);
    }
    hints.extend(leave);
    hints
}
