//! What lies over the main screen: lists and questions. Cards with facts are in `cards`.

use super::canvas::{Canvas, Rows};
use super::{cards, help, list, mail, network, qr, rooms, setup};
use crate::screen::model::Model;
use crate::screen::model::overlay::{EMOJI, Found, GoTo, InviteBox, Overlay};
use crate::screen::text::{self, clean, count, pad, time};
use ratatui::layout::Rect;

/// Draws an overlay.
pub fn draw(model: &Model, overlay: &Overlay, canvas: &mut Canvas<'_>) {
    match overlay {
        Overlay::GoTo(goto) => go_to(goto, canvas),
        Overlay::Help(page) => help::draw(page, &model.keys, canvas),
        Overlay::Invite(invite) => invite_box(invite, canvas),
        Overlay::AskAdd { link } => ask_add(link, canvas),
        Overlay::Requests { at } => requests(model, *at, canvas),
        Overlay::Person(card) => cards::person(model, card, canvas),
        Overlay::WhoHas { id, message, kept } => {
            cards::who_has(model, id, (message.as_deref(), kept), canvas);
        }
        Overlay::Mailboxes(shown) => mail::draw(model, shown, canvas),
        Overlay::Room(shown) => rooms::draw(model, shown, canvas),
        Overlay::Delete { id } => delete(model, id, canvas),
        Overlay::React { id, at } => react(model, id, *at, canvas),
        Overlay::Chats { at } => chats(model, *at, canvas),
        Overlay::Found(found) => found_list(model, found, canvas),
        Overlay::Network(view) => network::draw(model, view, canvas),
        Overlay::Leave => leave(model, canvas),
        Overlay::Words(page) => setup::words_box(page, canvas),
        Overlay::WordsLock(line) => {
            let inside = canvas.boxed("Your 24 words", "Enter   Esc", 50, 3);
            let mut rows = Rows::new(canvas, inside);
            rows.text("Your passphrase opens them.", rows.theme().styles.text);
            setup::hidden(&mut rows, "Passphrase  ", line, true);
        }
    }
}

/// Where a list starts so that the chosen row is visible.
fn from(at: usize, rows: u16) -> usize {
    (at + 1).saturating_sub(usize::from(rows))
}

fn go_to(goto: &GoTo, canvas: &mut Canvas<'_>) {
    let height = canvas.area().height.saturating_sub(6).clamp(4, 14);
    let inside = canvas.boxed("Go to", "Enter open   Esc", 66, height);
    let styles = canvas.theme.styles;
    let ellipsis = canvas.theme.marks.ellipsis;
    let mut rows = Rows::new(canvas, inside);
    rows.field("> ", goto.query.text(), goto.query.before(), true);
    if inside.height > 8 {
        rows.gap();
    }
    let room = rows.left().saturating_sub(u16::from(inside.height > 6) * 2);
    if goto.hits.is_empty() {
        rows.line("  Nothing fits.", styles.dim);
    }
    let name = if inside.width < 50 { 18 } else { 24 };
    for (at, hit) in goto.hits.iter().enumerate().skip(from(goto.at, room)).take(usize::from(room)) {
        let left = pad(&clean::line(&hit.name), name, ellipsis);
        rows.line(&format!("  {left} {:<8} {}", hit.kind, hit.note), styles.text);
        if at == goto.at {
            rows.choose_last();
        }
    }
    while rows.left() > 1 {
        rows.gap();
    }
    if inside.height > 6 {
        rows.line("Type  # rooms   @ people   > commands", styles.dim);
    }
}

fn invite_box(invite: &InviteBox, canvas: &mut Canvas<'_>) {
    let area = canvas.area();
    if invite.code_only {
        canvas.clear(area);
        return code_alone(invite, canvas);
    }
    let title = match &invite.room {
        Some(room) => format!("Invite somebody into {}", clean::line(room)),
        None => "Invite somebody, or add them".to_owned(),
    };
    let inside =
        canvas.boxed(&title, "c copy   q code alone   Esc", 72, area.height.saturating_sub(4).min(34));
    invite_page(invite, canvas, inside);
}

/// The code over the whole screen.
pub fn code_alone(invite: &InviteBox, canvas: &mut Canvas<'_>) {
    let area = canvas.area();
    let styles = canvas.theme.styles;
    let Some(code) = invite.invite.as_ref().and_then(|made| qr::Code::of(&made.link)) else { return };
    let code = code.alone(area.width, area.height);
    if code.fits(area.width, area.height) && canvas.theme.marks.blocks {
        let left = (area.width - code.columns()) / 2;
        let top = (area.height - code.rows()) / 2;
        code.draw(canvas, Rect::new(left, top, code.columns(), code.rows()));
        return;
    }
    let mut rows = Rows::new(canvas, area);
    let words = if rows.theme().marks.blocks {
        format!(
            "The code needs a window of {} columns and {} rows; this one has {} and {}. The link works anywhere.",
            code.columns(),
            code.rows(),
            area.width,
            area.height
        )
    } else {
        "This terminal cannot draw the code. The link works anywhere.".to_owned()
    };
    rows.text(&words, styles.text);
    rows.line("q or Esc goes back.", styles.dim);
}

/// The link, the code if it fits, and the field for a link one was given.
pub fn invite_page(invite: &InviteBox, canvas: &mut Canvas<'_>, area: Rect) {
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, area);
    let mut code = None;
    match (&invite.invite, &invite.trouble) {
        (Some(made), _) => {
            let head = if invite.copied {
                "Send this link. It is on the clipboard (by the terminal):"
            } else {
                "Send this link:"
            };
            rows.text(head, styles.text);
            link_rows(&mut rows, &made.link);
            let uses = if made.uses == 1 {
                "It works once".to_owned()
            } else {
                format!("It works {} times", made.uses)
            };
            rows.line(&format!("{uses}, until {}.", until(&made.until)), styles.dim);
            if invite.room.is_some() {
                rows.text(
                    "Who asks with it stands among your requests, and becomes one of your people.",
                    styles.dim,
                );
            }
            code = qr::Code::of(&made.link);
        }
        (None, None) => rows.line("Making a link.", styles.dim),
        (None, Some(_)) => {}
    }
    if let Some(words) = &invite.trouble {
        rows.text(&format!("! {words}"), styles.warn);
    }
    rows.gap();
    let label = if area.width < 50 { "Their link: " } else { "A link you were given (paste it here): " };
    rows.field(label, invite.field.text(), invite.field.before(), true);
    if !invite.field.is_empty() {
        rows.line("Enter asks them   Esc", styles.dim);
    }
    rows.gap();
    let (y, left) = (rows.y(), rows.left());
    if let Some(code) = code.filter(|code| code.fits(area.width, left) && canvas.theme.marks.blocks) {
        code.draw(canvas, Rect::new(area.x, y, code.columns(), code.rows()));
    }
}

/// A whole link, broken only where a row ends.
pub fn link_rows(rows: &mut Rows<'_, '_>, link: &str) {
    let width = usize::from(rows.width()).max(1);
    let style = rows.theme().styles.strong;
    let characters: Vec<char> = clean::line(link).chars().collect();
    for part in characters.chunks(width) {
        rows.line(&part.iter().collect::<String>(), style);
    }
}

fn until(text: &str) -> String {
    // The day is enough, and it is the same in every zone's eyes.
    time::parse(text).map_or_else(|| "?".to_owned(), |at| at.strftime("%-d %b").to_string())
}

fn ask_add(link: &str, canvas: &mut Canvas<'_>) {
    let inside = canvas.boxed("This is an invite", "Enter asks them   Esc keeps it as text", 60, 5);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let shown = text::cut(&clean::line(link), usize::from(rows.width()), rows.theme().marks.ellipsis);
    rows.line(&shown, styles.dim);
    rows.gap();
    rows.text("Ask the person who made it to accept you? They see your name; nothing else is sent before they accept.", styles.text);
}

fn requests(model: &Model, at: usize, canvas: &mut Canvas<'_>) {
    let wanted = u16::try_from(model.requests.len() * 4 + 2).unwrap_or(20).clamp(4, 18);
    let inside = canvas.boxed("People who ask", "Enter accept   d drop   Esc later", 64, wanted);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    if model.requests.is_empty() {
        rows.text("Nobody asks now.", styles.dim);
        return;
    }
    rows.text("Until you accept they see nothing of you.", styles.dim);
    let shown = usize::from(rows.left() / 4).max(1);
    for (nth, request) in model.requests.iter().enumerate().skip((at + 1).saturating_sub(shown)).take(shown) {
        rows.gap();
        rows.line(&clean::line(&request.name), styles.strong);
        if nth == at {
            rows.choose_last();
        }
        let note = if request.note.is_empty() {
            "(no note)".to_owned()
        } else {
            format!("\"{}\"", clean::line(&request.note))
        };
        rows.line(&format!("  {note}"), styles.text);
        rows.line(&format!("  key {}", cards::key_mark(&request.account)), styles.dim);
    }
}

fn delete(model: &Model, id: &str, canvas: &mut Canvas<'_>) {
    let inside = canvas.boxed("Delete this message?", "Esc keeps it", 64, 8);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let item = model.log().and_then(|log| log.get(id));
    let first = item.and_then(|item| item.message.text.lines().next()).unwrap_or("").to_owned();
    let first = text::cut(
        &clean::line(&first),
        usize::from(rows.width()).saturating_sub(2),
        rows.theme().marks.ellipsis,
    );
    rows.line(&format!("\"{first}\""), styles.text);
    rows.gap();
    rows.line("  e   ask everyone's device to delete it", styles.strong);
    rows.gap();
    let there = item.is_some_and(|item| matches!(item.message.state.as_str(), "delivered" | "read"));
    let words = if there {
        "It has arrived already. Starling asks the devices that have it to delete it; it cannot force them. This \
         cannot be undone."
    } else {
        "Starling asks the devices it goes to, to delete it; it cannot force them. This cannot be undone."
    };
    rows.text(words, styles.text);
}

fn react(model: &Model, id: &str, at: usize, canvas: &mut Canvas<'_>) {
    let inside = canvas.boxed("React", "Enter   1-8   Backspace takes it back   Esc", 48, 3);
    let styles = canvas.theme.styles;
    let item = model.log().and_then(|log| log.get(id));
    let first = item.and_then(|item| item.message.text.lines().next()).unwrap_or("").to_owned();
    let mut rows = Rows::new(canvas, inside);
    rows.line(&clean::line(&first), styles.dim);
    rows.gap();
    let y = rows.y();
    for (nth, emoji) in EMOJI.iter().enumerate() {
        let x = inside.x + u16::try_from(nth).unwrap_or(0) * 6;
        if x + 6 > inside.right() {
            break;
        }
        canvas.put(x, y, 2, &format!("{} ", nth + 1), styles.dim);
        canvas.put(x + 2, y, 3, emoji, styles.text);
        if nth == at {
            canvas.tint(Rect::new(x, y, 5, 1), styles.chosen);
        }
    }
}

fn chats(model: &Model, at: usize, canvas: &mut Canvas<'_>) {
    let area = canvas.area();
    canvas.clear(area);
    let styles = canvas.theme.styles;
    canvas.put(0, 0, area.width, "Chats", styles.strong);
    canvas.put_right(6, 0, area.width.saturating_sub(6), "Enter open   Esc", styles.dim);
    let lines = list::lines(model, usize::from(area.width));
    let room = area.height.saturating_sub(1);
    for ((nth, line), y) in lines.iter().enumerate().skip(from(at, room)).zip(1..=room) {
        let shown = Rect::new(0, y, area.width, 1);
        list::row(canvas, 0, y, area.width, line);
        canvas.tint(shown, ratatui::style::Style::new().remove_modifier(ratatui::style::Modifier::REVERSED));
        if nth == at {
            canvas.tint(shown, styles.chosen);
        }
    }
}

fn found_list(model: &Model, found: &Found, canvas: &mut Canvas<'_>) {
    let height = canvas.area().height.saturating_sub(6).clamp(4, 16);
    let title = format!("Messages with \"{}\"", clean::line(&found.text));
    let inside = canvas.boxed(&title, "Enter go there   Tab all chats   Esc", 66, height);
    let styles = canvas.theme.styles;
    let ellipsis = canvas.theme.marks.ellipsis;
    let mut rows = Rows::new(canvas, inside);
    let Some(hits) = &found.hits else { return rows.line("Searching.", styles.dim) };
    if hits.is_empty() {
        return rows.text("Nothing found here. Tab searches all chats.", styles.dim);
    }
    rows.line(&count(u64::try_from(hits.len()).unwrap_or(0), "message", "messages"), styles.dim);
    let shown = usize::from(rows.left() / 2).max(1);
    for (nth, hit) in hits.iter().enumerate().skip((found.at + 1).saturating_sub(shown)).take(shown) {
        let when =
            time::local(&hit.at, &model.zone).map(|at| time::moment(&at, &model.now())).unwrap_or_default();
        let who = if hit.from.me { "You".to_owned() } else { clean::line(&hit.from.name) };
        let chat = model.chat_row(&hit.chat).map(|chat| clean::line(&chat.title)).unwrap_or_default();
        rows.line(&format!("{who}, {when}   {chat}"), styles.strong);
        if nth == found.at {
            rows.choose_last();
        }
        let line = clean::line(&hit.text.replace('\n', " "));
        rows.line(
            &format!("  {}", text::cut(&line, usize::from(rows.width()).saturating_sub(2), ellipsis)),
            styles.text,
        );
    }
}

fn leave(model: &Model, canvas: &mut Canvas<'_>) {
    let inside = canvas.boxed("Leave?", "q leave   Esc stay", 60, 4);
    let styles = canvas.theme.styles;
    let here = model.waiting().saturating_sub(model.in_mailboxes());
    let waiting = count(here, "message still waits", "messages still wait");
    let (goes, go) = if here == 1 { ("It goes", "it goes") } else { ("They go", "they go") };
    let mut rows = Rows::new(canvas, inside);
    rows.text(&format!("{waiting} on this computer. {goes} only while Starling runs."), styles.text);
    rows.gap();
    rows.text(&format!("q leaves; {go} the next time Starling runs."), styles.text);
}
