//! Rooms: the people at the right, and the boxes about a room.

use super::canvas::{Canvas, Rows};
use super::open;
use crate::screen::model::overlay::RoomBox;
use crate::screen::model::{Model, words};
use crate::screen::text::{self, clean, pad};
use starling_node::api::types::{Member, Room, RoomNow};

/// Columns of names in the list of a room's people.
const NAME: usize = 24;

/// Draws the people of the open room at the right edge.
pub fn people(model: &Model, canvas: &mut Canvas<'_>) {
    let geometry = model.geometry();
    let (width, styles) = (geometry.people, canvas.theme.styles);
    let x = geometry.width.saturating_sub(width);
    let rows = geometry.height.saturating_sub(geometry.bar);
    for y in 0..rows {
        canvas.put(x.saturating_sub(2), y, 1, canvas.theme.marks.up, styles.dim);
    }
    let marks = canvas.theme.marks;
    let legend = [
        (marks.direct, "direct"),
        (marks.lan, "this LAN"),
        (marks.relay, "by relay"),
        (marks.away, "not here"),
    ];
    let room = usize::from(rows.saturating_sub(5));
    let mut lines =
        if model.open_channel().is_some() { open::pane(model) } else { pane(model, usize::from(width)) };
    if lines.len() > room {
        lines.truncate(room.saturating_sub(1));
        lines.push(("F3 shows all".to_owned(), String::new()));
    }
    for ((left, right), y) in lines.iter().zip(0..rows) {
        let strong = y == 0 || left.starts_with("Away: ") || left == open::HEADING;
        let style = if strong { styles.strong } else { styles.text };
        let note = u16::try_from(text::columns(right)).unwrap_or(0);
        let space = width.saturating_sub(note + u16::from(note > 0));
        let left = text::cut(left, usize::from(space), marks.ellipsis);
        canvas.put(x, y, space, &left, style);
        canvas.put_right(x, y, width, right, styles.dim);
    }
    for ((mark, words), y) in legend.iter().zip(rows.saturating_sub(4)..rows) {
        canvas.put(x, y, width, &format!("{mark} {words}"), styles.dim);
    }
}

fn is_here(one: &Member) -> bool {
    one.me || !matches!(one.via.as_str(), "none" | "")
}

pub(super) fn mark(model: &Model, one: &Member) -> &'static str {
    if one.me { model.theme.marks.direct } else { model.theme.person("online", &one.via) }
}

pub(super) fn name(one: &Member) -> String {
    if one.me { "You".to_owned() } else { clean::line(&one.name) }
}

/// The rows of the people at the right: text, and a short note.
fn pane(model: &Model, width: usize) -> Vec<(String, String)> {
    let members = model.people_here();
    let open = model.open.clone().unwrap_or_default();
    let (here, away): (Vec<&Member>, Vec<&Member>) = members.iter().partition(|one| is_here(one));
    let mut lines = vec![(format!("Here: {} of {}", here.len(), members.len()), String::new())];
    for one in here {
        let line = format!("{} {}", mark(model, one), name(one));
        let writes =
            model.typing.get(&(open.clone(), one.account.clone())).is_some_and(|at| *at > model.now_ms);
        let note = if writes { "(writing)" } else { words::rooms::role(&one.role) };
        let fits = text::columns(&line) + 1 + note.len() <= width;
        lines.push((line, if fits { note.to_owned() } else { String::new() }));
    }
    if !away.is_empty() {
        lines.push((String::new(), String::new()));
        lines.push((format!("Away: {}", away.len()), String::new()));
    }
    for one in away {
        lines.push((format!("{} {}", mark(model, one), name(one)), words::rooms::away(model, one)));
    }
    lines
}

/// Draws one of the boxes.
pub fn draw(model: &Model, shown: &RoomBox, canvas: &mut Canvas<'_>) {
    match shown {
        RoomBox::People { chat, top } => everybody(model, chat, *top, canvas),
        RoomBox::Card { chat } => card(model, chat, canvas),
        RoomBox::Ask { chat } => invitation(model, chat, canvas),
        RoomBox::AskLink { name, .. } => by_link(name, canvas),
        RoomBox::Leave { chat } => leave(model, chat, canvas),
        RoomBox::Hide { .. } => hide(canvas),
    }
}

fn everybody(model: &Model, chat: &str, top: usize, canvas: &mut Canvas<'_>) {
    let members = model.rooms.members.get(chat).map_or(&[][..], Vec::as_slice);
    let most = canvas.area().height.saturating_sub(6).max(3);
    let wanted = u16::try_from(members.len()).unwrap_or(most).saturating_add(2).clamp(3, most);
    let title = format!("People of {}", room_name(model, chat));
    let inside = canvas.boxed(&title, "Up Down   Esc", 62, wanted);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    if members.is_empty() {
        return rows.line("Reading.", styles.dim);
    }
    if let Some((room, _)) = model.room(chat).filter(|(room, _)| room.open) {
        return open::everybody(model, members, room, top, &mut rows);
    }
    let here = members.iter().filter(|one| is_here(one)).count();
    rows.line(&format!("{here} of {} are here", members.len()), styles.strong);
    let narrow = rows.width() < 56;
    let columns = if narrow { 16 } else { NAME };
    let ellipsis = rows.theme().marks.ellipsis;
    let room = usize::from(rows.left());
    let top = top.min(members.len().saturating_sub(room));
    for one in members.iter().skip(top).take(room) {
        let stranger = if one.contact || one.me || narrow { "" } else { ", not among your people" };
        let role = match (words::rooms::role(&one.role), one.me) {
            ("", true) => "member",
            (role, _) => role,
        };
        let how = words::rooms::how(model, one);
        let facts: Vec<&str> = [role, how.as_str()].into_iter().filter(|words| !words.is_empty()).collect();
        let name = pad(&name(one), columns, ellipsis);
        rows.line(&format!("{} {name} {}{stranger}", mark(model, one), facts.join(", ")), styles.text);
    }
}

fn room_name(model: &Model, chat: &str) -> String {
    let row = model.chat_row(chat).map(|row| clean::line(&row.name));
    row.or_else(|| model.room(chat).map(|(room, _)| clean::line(&room.name))).unwrap_or_default()
}

fn card(model: &Model, chat: &str, canvas: &mut Canvas<'_>) {
    let known = model.room(chat);
    if let Some((room, now)) = known.filter(|(room, _)| room.open && room.change == "member") {
        return open::card(model, room, now, canvas);
    }
    let inside = match known.map(|(room, _)| room.change.as_str()) {
        Some("member") => canvas.boxed(&room_name(model, chat), "p people   l link   x leave   Esc", 62, 12),
        _ => canvas.boxed(&room_name(model, chat), "Esc", 62, 4),
    };
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let Some((room, now)) = known else { return rows.line("Nothing is known of it here.", styles.dim) };
    if room.change != "member" {
        let stands = model.chat_row(chat).map(|row| words::rooms::about(model, row)).unwrap_or_default();
        return rows.line(&clean::line(&stands), styles.text);
    }
    if clean::line(&now.title) != clean::line(&room.name).trim_start_matches('#') {
        rows.line(&clean::line(&now.title), styles.strong);
    }
    rows.text(&topic(now), if now.topic.is_empty() { styles.dim } else { styles.text });
    rows.gap();
    rows.line(&format!("{}, {} here", words::rooms::people(room.members), now.here), styles.text);
    let may = match now.role.as_str() {
        "creator" => "You made it, and may add and remove people.",
        "admin" => "You may add and remove people.",
        _ => "You read and write; admins add and remove people.",
    };
    rows.text(may, styles.text);
    rows.text(&words::rooms::history(&now.history), styles.text);
    rows.text(&words::rooms::mailboxes(now), styles.text);
    if now.waiting > 0 {
        let waiting = text::count(now.waiting, "message of yours has", "messages of yours have");
        rows.text(&format!("{waiting} not reached everybody."), styles.text);
    }
    rows.gap();
    rows.text("End-to-end encrypted: only its people read it.", styles.dim);
}

fn topic(now: &RoomNow) -> String {
    let topic = clean::line(&now.topic);
    if topic.is_empty() { "No topic. /topic TEXT says what it is about.".to_owned() } else { topic }
}

fn invitation(model: &Model, chat: &str, canvas: &mut Canvas<'_>) {
    let inside = canvas.boxed("You are asked into a room", "Enter join   x decline   Esc later", 60, 7);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let known: Option<(&Room, &RoomNow)> = model.room(chat).filter(|(room, _)| room.change == "invited");
    let Some((room, now)) = known else { return rows.line("It is over.", styles.dim) };
    rows.text(&words::rooms::invitation(room, now), styles.strong);
    rows.gap();
    rows.text(
        "Its people see your name, and that you are here when you are. They need not be among your people. You can leave \
         at any time.",
        styles.text,
    );
}

fn by_link(name: &str, canvas: &mut Canvas<'_>) {
    let inside =
        canvas.boxed("This is a link to a room", "Enter asks to come in   Esc keeps it as text", 60, 7);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    rows.line(&clean::line(name), styles.strong);
    rows.text("Ask whoever made the link to let you in? They also become one of your people.", styles.text);
    rows.gap();
    rows.text("The people of the room see your name, and that you are here when you are.", styles.text);
}

fn leave(model: &Model, chat: &str, canvas: &mut Canvas<'_>) {
    let title = format!("Leave {}?", room_name(model, chat));
    let inside = canvas.boxed(&title, "l leave   Esc stay", 60, 5);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let words = if model.is_open(chat) {
        "You get nothing that is written there from then on; what is here stays here. It is open: /join and its name \
         bring you back at any time."
    } else {
        "You get nothing that is written there from then on; what is here stays here. Only somebody of the room can let \
         you in again."
    };
    rows.text(words, styles.text);
}

fn hide(canvas: &mut Canvas<'_>) {
    let inside = canvas.boxed("Hide this message?", "h hide   Esc does not", 60, 5);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    rows.text(
        "Who follows you here is not shown it any more, nor are you. All others are. It cannot be taken back.",
        styles.text,
    );
}
