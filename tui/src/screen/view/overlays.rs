//! What lies over the main screen: lists and questions. Cards with facts are in `cards`.

use super::canvas::{Canvas, Rows};
use super::{cards, help, log, mail, near, network, places, qr, rooms, settings, setup, talk};
use crate::screen::model::Model;
use crate::screen::model::overlay::{InviteBox, Overlay};
use crate::screen::text::{self, clean, count, time};
use ratatui::layout::Rect;

/// Draws an overlay.
pub fn draw(model: &Model, overlay: &Overlay, canvas: &mut Canvas<'_>) {
    match overlay {
        Overlay::GoTo(goto) => places::go_to(goto, canvas),
        Overlay::Themes(shown) => settings::themes(model, shown, canvas),
        Overlay::Help(page) => help::draw(page, &model.keys, canvas),
        Overlay::Invite(invite) => invite_box(invite, canvas),
        Overlay::AskAdd { link } => ask_add(link, canvas),
        Overlay::Requests { at } => requests(model, *at, canvas),
        Overlay::Person(card) => cards::person(model, card, canvas),
        Overlay::WhoHas { id, message, kept } => {
            cards::who_has(model, id, (message.as_deref(), kept), canvas);
        }
        Overlay::Mailboxes(shown) => mail::draw(model, shown, canvas),
        Overlay::Near(page) => near::draw(model, page, canvas),
        Overlay::Compare(shown) => near::compare(model, shown, canvas),
        Overlay::Room(shown) => rooms::draw(model, shown, canvas),
        Overlay::Talk(shown) => talk::draw(model, shown, canvas),
        Overlay::Delete { id } => talk::delete(model, id, canvas),
        Overlay::React { id, at } => talk::react(model, id, *at, canvas),
        Overlay::Chats { at, archived } => places::chats(model, *at, *archived, canvas),
        Overlay::Sure(sure) => places::sure(model, sure, canvas),
        Overlay::Found(found) => talk::found(model, found, canvas),
        Overlay::Network(view) => network::draw(model, view, canvas),
        Overlay::Log(view) => log::draw(model, view, canvas),
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
    let foot = match (&invite.room, invite.field.is_empty()) {
        (_, false) => "Enter asks them   Esc",
        (Some(_), true) => "c copy   q code alone   Esc",
        (None, true) if area.width < 60 => "n near   c copy   q code   Esc",
        (None, true) => "n people near you   c copy   q code alone   Esc",
    };
    let inside = canvas.boxed(&title, foot, 72, area.height.saturating_sub(4).min(34));
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
    // Whoever invites into a room was given no link.
    if invite.room.is_none() || !invite.field.is_empty() {
        let label = if area.width < 50 { "Their link: " } else { "A link you were given (paste it here): " };
        rows.field(label, invite.field.text(), invite.field.before(), true);
        rows.gap();
    }
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
        rows.entry(nth, nth == at);
        let note = if request.note.is_empty() {
            "(no note)".to_owned()
        } else {
            format!("\"{}\"", clean::line(&request.note))
        };
        rows.line(&format!("  {note}"), styles.text);
        rows.line(&format!("  key {}", cards::key_mark(&request.account)), styles.dim);
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
