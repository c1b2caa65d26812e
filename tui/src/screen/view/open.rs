//! Open channels: what stands where nobody has written, the people at the right, how a channel is.

use super::canvas::{Canvas, Rows};
use super::rooms::{mark, name};
use crate::screen::model::{Model, words};
use crate::screen::text::pad;
use starling_node::api::types::{Chat, Member, Room, RoomNow};

/// What stands where nobody has written yet.
pub fn empty(model: &Model, chat: &Chat, rows: &mut Rows<'_, '_>) {
    let styles = rows.theme().styles;
    rows.text(&words::open::nobody(model, chat), styles.text);
    rows.gap();
    rows.text(&words::open::who(&chat.name), styles.text);
    rows.text(words::open::kept(), styles.text);
    rows.gap();
    if rows.left() > 8 {
        rows.line("What now?", styles.text);
        for line in words::open::what_now(model) {
            rows.line(&line, styles.text);
        }
        rows.gap();
    }
    rows.text(&words::open::looking(model, chat), styles.dim);
}

/// The rows of the people at the right: text, and a short note.
pub fn pane(model: &Model) -> Vec<(String, String)> {
    let (known, others): (Vec<&Member>, Vec<&Member>) =
        model.people_here().iter().partition(|one| one.me || one.contact);
    let mut lines = vec![("Wrote in 24 h".to_owned(), model.people_here().len().to_string())];
    let row = |one: &Member| {
        let note = words::open::chosen(one).map_or_else(|| words::rooms::away(model, one), str::to_owned);
        let note = if one.me { String::new() } else { note };
        let mark = if one.me || one.contact { mark(model, one) } else { "?" };
        (format!("{mark} {}", name(one)), note)
    };
    lines.extend(known.into_iter().map(row));
    if !others.is_empty() {
        lines.push((String::new(), String::new()));
        lines.push((HEADING.to_owned(), others.len().to_string()));
    }
    lines.extend(others.into_iter().map(row));
    lines
}

/// Above those who are no contacts.
pub const HEADING: &str = "Not your people";

/// Who wrote in the last day.
pub fn everybody(model: &Model, members: &[Member], room: &Room, top: usize, rows: &mut Rows<'_, '_>) {
    let styles = rows.theme().styles;
    rows.text(&words::open::wrote(room), styles.strong);
    let columns = if rows.width() < 56 { 14 } else { 20 };
    let ellipsis = rows.theme().marks.ellipsis;
    let space = usize::from(rows.left());
    let top = top.min(members.len().saturating_sub(space));
    for one in members.iter().skip(top).take(space) {
        let mark = if one.me || one.contact { mark(model, one) } else { "?" };
        let name = pad(&name(one), columns, ellipsis);
        rows.line(&format!("{mark} {name} {}", words::open::how(model, one)), styles.text);
    }
}

/// How a channel is.
pub fn card(model: &Model, room: &Room, now: &RoomNow, canvas: &mut Canvas<'_>) {
    let title = format!("{}: {}", crate::screen::text::clean::line(&room.name), words::open::OPEN);
    let rows = if canvas.area().width < 70 { 14 } else { 10 };
    let inside = canvas.boxed(&title, "p people   x leave   Esc", 66, rows);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    rows.text(&words::open::who(&room.name), styles.text);
    rows.text(words::open::facts(), styles.text);
    rows.text(&words::open::wrote(room), styles.text);
    rows.text(words::open::limits(), styles.text);
    rows.text(&words::open::slow(now.slow_s), styles.text);
    let members = model.rooms.members.get(&now.chat).map_or(&[][..], Vec::as_slice);
    for line in words::open::choices(members) {
        rows.text(&line, styles.text);
    }
}
