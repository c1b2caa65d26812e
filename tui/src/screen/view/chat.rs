//! The open chat: title, warning, messages, the line above the editor, the editor.

use super::canvas::{Canvas, Rows};
use super::places;
use crate::screen::model::arrange::{Arrangement, arrange};
use crate::screen::model::timeline::{Placed, Row, Timeline, first_line};
use crate::screen::model::{Compose, Model, Notice, words};
use crate::screen::text::markup::{Face, TextRow};
use crate::screen::text::{self, clean};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use starling_node::api::types::Chat;

/// Draws the chat pane.
pub fn draw(model: &Model, canvas: &mut Canvas<'_>) {
    let geometry = model.geometry();
    let parts = arrange(model);
    let (x, width) = (geometry.left, geometry.pane);
    if parts.head > 0 {
        title(model, canvas, x, width);
    }
    if parts.head > 1 {
        canvas.rule(x, 1, width, "", canvas.theme.styles.dim);
    }
    let mut y = parts.head;
    if let Some(warning) = &parts.warning {
        let line = text::cut(warning, usize::from(width), canvas.theme.marks.ellipsis);
        canvas.put(x, y, width, &line, canvas.theme.styles.warn);
        y += 1;
    }
    messages(model, canvas, Rect::new(x, y, width, parts.messages));
    y += parts.messages;
    y = notice(model, &parts, canvas, y);
    if parts.context > 0 {
        context(model, canvas, y);
        y += 1;
    }
    if parts.rule > 0 {
        rule(model, canvas, y);
        y += 1;
    }
    editor(model, &parts, canvas, y);
    if let Some(completion) = model.completion.as_ref().filter(|_| model.overlay.is_none()) {
        let bottom = y.saturating_sub(parts.rule);
        let area = Rect::new(x, parts.head, width, bottom.saturating_sub(parts.head));
        places::offered(completion, area, bottom, canvas);
    }
}

fn title(model: &Model, canvas: &mut Canvas<'_>, x: u16, width: u16) {
    let styles = canvas.theme.styles;
    let (name, about) = match model.chat() {
        Some(chat) => (shown_name(chat), words::about(model, chat)),
        None => ("Starling".to_owned(), String::new()),
    };
    let needed = text::columns(&name) + text::columns(&about) + 4;
    let network = words::mark(model, usize::from(width).saturating_sub(needed));
    let right = u16::try_from(text::columns(&network)).unwrap_or(0);
    let style = match model.network_key() {
        "direct" | "relayed" => styles.good,
        "lan" | "offline" | "invisible" => styles.warn,
        _ => styles.dim,
    };
    let room = width.saturating_sub(right + 2);
    let ellipsis = canvas.theme.marks.ellipsis;
    let name = text::cut(&name, usize::from(room), ellipsis);
    let used = canvas.put(x, 0, room, &name, styles.strong);
    if room > used + 6 {
        let about = text::cut(&about, usize::from(room - used - 2), ellipsis);
        canvas.put(x + used + 2, 0, room - used - 2, &about, styles.dim);
    }
    canvas.put_right(x, 0, width, &network, style);
}

/// A room by its name with the `#`, a person by theirs.
fn shown_name(chat: &Chat) -> String {
    clean::line(if chat.kind == "room" { &chat.name } else { &chat.title })
}

fn messages(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let Some(log) = model.log() else {
        return empty(model, canvas, area);
    };
    if log.items.is_empty() && log.pending.is_empty() {
        if log.loaded || model.alone() {
            empty(model, canvas, area);
        }
        return;
    }
    let Some(timeline) = Timeline::open(model) else { return };
    let rows = timeline.window(usize::from(area.height));
    let top = area.height.saturating_sub(u16::try_from(rows.len()).unwrap_or(area.height));
    let chosen = log.chosen.as_ref().and_then(|id| log.index(id));
    for (placed, y) in rows.iter().zip(area.y + top..area.bottom()) {
        row(canvas, placed, Rect::new(area.x, y, area.width, 1));
        let is_line =
            matches!(placed.row, Row::Day(_) | Row::New(_) | Row::Gap(_) | Row::Said(_) | Row::Blank);
        if chosen == Some(placed.index) && !is_line {
            let width = area.width.saturating_sub(if area.width > 10 { 3 } else { 0 });
            canvas.tint(Rect::new(area.x, y, width, 1), canvas.theme.styles.chosen);
        }
    }
}

fn row(canvas: &mut Canvas<'_>, placed: &Placed, area: Rect) {
    let styles = canvas.theme.styles;
    let Rect { x, y, width, .. } = area;
    let text_width = width.saturating_sub(3).max(1);
    match &placed.row {
        Row::Day(day) => canvas.rule(x, y, text_width, day, styles.dim),
        Row::New(new) => canvas.rule(x, y, text_width, &format!("{new} new"), styles.warn),
        Row::Head { name, own, time } => {
            canvas.put(x, y, text_width, name, if *own { styles.own } else { styles.strong });
            canvas.put_right(x, y, text_width, time, styles.dim);
        }
        Row::Quote(name, line) => {
            let used = canvas.put(x, y, text_width, name, styles.dim);
            canvas.put(x + used, y, text_width.saturating_sub(used), line, styles.dim);
        }
        Row::Text { text, suffix, mark, faint } => {
            let used = spans(canvas, text, Rect::new(x, y, text_width, 1), *faint);
            canvas.put(x + used, y, text_width.saturating_sub(used), suffix, styles.dim);
            let style = match mark.as_str() {
                "✗" | "!" => styles.warn,
                _ => styles.dim,
            };
            canvas.put_right(x, y, width, mark, style);
        }
        Row::Reactions(line) => {
            canvas.put(x, y, text_width, line, styles.text);
        }
        Row::Note(line) | Row::Said(line) => {
            canvas.put(x, y, text_width, line, styles.dim);
        }
        Row::Gap(line) => {
            canvas.put(x, y, text_width, line, styles.warn);
        }
        Row::Blank => {}
    }
}

/// Puts the pieces of a row; gives back the columns they took.
fn spans(canvas: &mut Canvas<'_>, row: &TextRow, area: Rect, faint: bool) -> u16 {
    let base = if faint { canvas.theme.styles.dim } else { canvas.theme.styles.text };
    let mut used = 0;
    for span in row.iter() {
        let style = face(canvas, span.face, base);
        used += canvas.put(area.x + used, area.y, area.width.saturating_sub(used), &span.text, style);
    }
    used
}

/// The style of a look over an ordinary style.
fn face(canvas: &Canvas<'_>, face: Face, base: Style) -> Style {
    let styles = canvas.theme.styles;
    let mut style = if face.has(Face::FAINT) { styles.dim } else { base };
    if face.has(Face::CODE) {
        style = style.patch(styles.own.remove_modifier(Modifier::BOLD));
    }
    for (look, modifier) in [
        (Face::BOLD, Modifier::BOLD),
        (Face::ITALIC, Modifier::ITALIC),
        (Face::STRIKE, Modifier::CROSSED_OUT),
        (Face::LINK, Modifier::UNDERLINED),
    ] {
        if face.has(look) {
            style = style.add_modifier(modifier);
        }
    }
    style
}

/// What stands where no message is yet.
fn empty(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, area);
    if let Some(chat) = model.open_channel() {
        return super::open::empty(model, chat, &mut rows);
    }
    if model.alone() {
        rows.text("Nobody else is here yet. Bring somebody in:", styles.text);
        rows.gap();
        rows.line("  Ctrl-N   invite somebody (shows a link and a code)", styles.text);
        rows.line("  /add     add somebody by a link they gave you", styles.text);
        rows.line("  F1       all keys", styles.text);
        rows.gap();
        rows.text(
            "Until then these are your notes to self. Only your device sees them: good for links, lists and trying \
             things out.",
            styles.dim,
        );
        return;
    }
    let words = match model.chat() {
        None => "Ctrl-K goes to a chat.".to_owned(),
        Some(chat) if chat.kind == "me" => {
            "Only your device sees this. Good for links, lists and trying things out.".to_owned()
        }
        Some(chat) if chat.kind == "room" => match model.room(&chat.chat) {
            Some((room, _)) if room.change == "member" && room.members <= 1 => {
                "Only you are in this room. /invite @who asks one of your people in, /invite link makes a link."
                    .to_owned()
            }
            Some((room, _)) if room.change == "member" => {
                "Messages here are only for the people of this room. F3 shows who they are.".to_owned()
            }
            _ => format!("{}: {}.", shown_name(chat), words::about(model, chat)),
        },
        Some(chat) => match chat.state.as_str() {
            "pending" => format!("You asked {}. You can write once they have accepted.", chat.title),
            "blocked" => format!("You have blocked {}. /unblock takes that back.", chat.title),
            _ if chat.presence == "offline" => {
                format!(
                    "Messages here are only for you and {}. {}",
                    chat.title,
                    words::mail::away(model, chat)
                )
            }
            _ => format!("Messages here are only for you and {}.", chat.title),
        },
    };
    rows.text(&words, styles.dim);
}

fn notice(model: &Model, parts: &Arrangement, canvas: &mut Canvas<'_>, top: u16) -> u16 {
    let geometry = model.geometry();
    let styles = canvas.theme.styles;
    let style = if matches!(model.notice, Some(Notice::Trouble(_))) { styles.warn } else { styles.dim };
    let mut y = top;
    for line in &parts.notice {
        canvas.put(geometry.left, y, geometry.pane, line, style);
        y += 1;
    }
    y
}

/// What the editor answers or changes.
fn context(model: &Model, canvas: &mut Canvas<'_>, y: u16) {
    let geometry = model.geometry();
    let (word, id) = match &model.compose {
        Compose::Reply { id } => ("Answer to", id),
        Compose::Edit { id, .. } => ("Changing", id),
        Compose::New => return,
    };
    let line = match model.log().and_then(|log| log.get(id)) {
        Some(item) => {
            let whose =
                if item.message.from.me { "your".to_owned() } else { format!("{}:", item.message.from.name) };
            format!("{word} {} \"{}\"", clean::line(&whose), first_line(&item.message).trim_end())
        }
        None => format!("{word} an older message"),
    };
    let line = text::cut(&line, usize::from(geometry.pane), canvas.theme.marks.ellipsis);
    canvas.put(geometry.left, y, geometry.pane, &line, canvas.theme.styles.strong);
}

/// The rule above the editor: who writes, and what is further down.
fn rule(model: &Model, canvas: &mut Canvas<'_>, y: u16) {
    let geometry = model.geometry();
    let styles = canvas.theme.styles;
    let (x, width) = (geometry.left, geometry.pane);
    canvas.rule(x, y, width, "", styles.dim);
    let writers = model.writers();
    let words = match writers.as_slice() {
        [] => String::new(),
        [one] => format!("{one} is writing{}", canvas.theme.marks.ellipsis),
        several => format!("{} are writing{}", several.join(" and "), canvas.theme.marks.ellipsis),
    };
    if !words.is_empty() && width > 6 {
        let line = format!(
            " {} ",
            text::cut(&clean::line(&words), usize::from(width - 6), canvas.theme.marks.ellipsis)
        );
        canvas.put(x + 2, y, width - 4, &line, styles.text);
    }
    if width <= 30 {
        return;
    }
    let (line, style) =
        match (further(model), model.log().is_some_and(|log| log.anchor.is_some() || log.short)) {
            (0, false) => return,
            (0, true) => (" more below, End ".to_owned(), styles.dim),
            (new, true) => (format!(" {new} new below, End "), styles.warn),
            (new, false) => (format!(" {new} new above, Alt-U "), styles.warn),
        };
    canvas.put_right(x, y, width - 1, &line, style);
}

/// Unseen messages outside the window: below it while one reads older ones, above it otherwise.
fn further(model: &Model) -> u64 {
    let Some(log) = model.log() else { return 0 };
    if log.short {
        // Newer ones are not loaded: what the list says is not seen yet, but for what is loaded above.
        let loaded = log.items.iter().filter(|item| item.message.unread).count();
        let unread = model.chat().map_or(0, |chat| chat.unread);
        let below = u64::try_from(log.unseen_below()).unwrap_or(0);
        return unread.saturating_sub(u64::try_from(loaded).unwrap_or(0)).saturating_add(below);
    }
    if log.anchor.is_some() {
        return u64::try_from(log.unseen_below()).unwrap_or(0);
    }
    let loaded = log.items.iter().filter(|item| item.message.unread && !item.message.from.me).count();
    if loaded == 0 {
        return 0;
    }
    let height = usize::from(arrange(model).messages);
    let visible = Timeline::open(model).map_or(0, |timeline| timeline.unseen(height).len());
    let loaded = u64::try_from(loaded).unwrap_or(0);
    // The list counts those above what is loaded too.
    let counted = model.chat().map_or(0, |chat| chat.unread).max(loaded);
    let unread = if log.at_start { loaded } else { counted };
    unread.saturating_sub(u64::try_from(visible).unwrap_or(0))
}

fn editor(model: &Model, parts: &Arrangement, canvas: &mut Canvas<'_>, top: u16) {
    let geometry = model.geometry();
    let styles = canvas.theme.styles;
    let (x, width) = (geometry.left, geometry.pane);
    let indent = u16::try_from(text::columns(&parts.prompt)).unwrap_or(1) + 1;
    for (nth, row) in parts.editor.iter().enumerate() {
        let y = top + u16::try_from(nth).unwrap_or(0);
        if nth == 0 {
            canvas.put(x, y, indent, &parts.prompt, styles.strong);
        }
        canvas.put(x + indent, y, width.saturating_sub(indent), &row.text, styles.text);
    }
    if model.editor.is_empty() {
        let to = model.chat().map_or_else(
            || "Message".to_owned(),
            |chat| match chat.kind.as_str() {
                "me" => "Note to self".to_owned(),
                _ if model.open_channel().is_some() => "Anybody can read it".to_owned(),
                _ => format!("Message {}", shown_name(chat)),
            },
        );
        let hints = ["   Enter sends, Ctrl-J new line, / commands", "   Enter sends, / commands", ""];
        let room = usize::from(width.saturating_sub(indent));
        let hint = hints.iter().map(|hint| format!("{to}{hint}")).find(|hint| text::columns(hint) <= room);
        let hint = hint.unwrap_or_else(|| text::cut(&to, room, canvas.theme.marks.ellipsis));
        canvas.put(x + indent, top, width.saturating_sub(indent), &hint, styles.dim);
    }
    let (row, column) = parts.caret;
    let column = u16::try_from(column).unwrap_or(0).min(width.saturating_sub(indent + 1));
    canvas.set_caret(x + indent + column, top + u16::try_from(row).unwrap_or(0));
}
