//! Going places: Ctrl-K's list, the whole list of chats, what is offered at the caret, the locked screen, and the
//! questions before something that cannot be taken back.

use super::canvas::{Canvas, Rows};
use super::{list, setup};
use crate::screen::model::complete::Completion;
use crate::screen::model::lock::Locked;
use crate::screen::model::overlay::{GoTo, Sure};
use crate::screen::model::{Model, words};
use crate::screen::text::{self, clean, count, pad, time};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Where a list starts so that the chosen row is visible.
fn from(at: usize, rows: u16) -> usize {
    (at + 1).saturating_sub(usize::from(rows))
}

/// Ctrl-K.
pub fn go_to(goto: &GoTo, canvas: &mut Canvas<'_>) {
    let height = canvas.area().height.saturating_sub(6).clamp(4, 14);
    let inside = canvas.boxed("Go to", "Enter open   Tab filter   Esc", 66, height);
    let styles = canvas.theme.styles;
    let ellipsis = canvas.theme.marks.ellipsis;
    let mut rows = Rows::new(canvas, inside);
    rows.field("> ", goto.query.text(), goto.query.before(), true);
    if inside.height > 8 {
        rows.gap();
    }
    let room = rows.left().saturating_sub(u16::from(inside.height > 6) * 2);
    if goto.hits.is_empty() {
        let said = goto.query.text().starts_with('"') && goto.find_ms.is_some();
        rows.line(if said { "  Searching." } else { "  Nothing fits." }, styles.dim);
    }
    // Commands alone have room for what they take.
    let commands = goto.hits.iter().all(|hit| hit.kind == "command");
    let name = match (inside.width, commands) {
        (..50, _) => 18,
        (_, true) => 30,
        (_, false) => 24,
    };
    for (at, hit) in goto.hits.iter().enumerate().skip(from(goto.at, room)).take(usize::from(room)) {
        let left = pad(&clean::line(&hit.name), name, ellipsis);
        let kind = if commands { String::new() } else { format!("{:<8} ", hit.kind) };
        rows.line(&format!("  {left} {kind}{}", hit.note), styles.text);
        rows.entry(at, at == goto.at);
    }
    while rows.left() > 1 {
        rows.gap();
    }
    if inside.height > 6 {
        let hints = [
            "Type  # rooms   @ people   > commands   \" messages   ? keys",
            "# rooms  @ people  > commands  \" messages",
            "# @ > \" ?",
        ];
        let fits = hints.iter().find(|hint| text::columns(hint) <= usize::from(inside.width));
        rows.line(fits.unwrap_or(&""), styles.dim);
    }
}

/// The whole list of chats, over the whole screen.
pub fn chats(model: &Model, at: usize, archived: bool, canvas: &mut Canvas<'_>) {
    let area = canvas.area();
    canvas.clear(area);
    let styles = canvas.theme.styles;
    canvas.put(0, 0, area.width, if archived { "Archived" } else { "Chats" }, styles.strong);
    canvas.put_right(9, 0, area.width.saturating_sub(9), "Enter open   Esc", styles.dim);
    let lines = if archived {
        list::archived(model, area.width.into())
    } else {
        list::whole(model, area.width.into())
    };
    let room = area.height.saturating_sub(1);
    for ((nth, line), y) in lines.iter().enumerate().skip(from(at, room)).zip(1..=room) {
        let shown = Rect::new(0, y, area.width, 1);
        list::row(canvas, 0, y, area.width, line);
        canvas.entries.push((shown, nth));
        canvas.tint(shown, Style::new().remove_modifier(Modifier::REVERSED));
        if nth == at {
            canvas.tint(shown, styles.chosen);
        }
    }
}

/// What is offered at the caret: a small list right above the editor.
pub fn offered(completion: &Completion, area: Rect, bottom: u16, canvas: &mut Canvas<'_>) {
    let styles = canvas.theme.styles;
    let ellipsis = canvas.theme.marks.ellipsis;
    let height = u16::try_from(completion.offers.len()).unwrap_or(0).min(bottom.saturating_sub(area.y));
    if height == 0 || area.width < 6 {
        return;
    }
    let widest =
        completion.offers.iter().map(|offer| text::columns(&clean::line(&offer.label))).max().unwrap_or(0);
    let label = widest.min(usize::from(area.width) / 2);
    let first = from(completion.at, height);
    let shown = completion.offers.iter().enumerate().skip(first).take(usize::from(height));
    for ((nth, offer), y) in shown.zip(bottom - height..bottom) {
        let row = Rect::new(area.x, y, area.width, 1);
        canvas.clear(row);
        let cell = if offer.note.is_empty() { usize::from(area.width) - 2 } else { label };
        let line =
            format!("  {}  {}", pad(&clean::line(&offer.label), cell, ellipsis), clean::line(&offer.note));
        canvas.put(
            area.x,
            y,
            area.width,
            &text::cut(line.trim_end(), usize::from(area.width), ellipsis),
            styles.text,
        );
        if nth == completion.at {
            canvas.tint(row, styles.chosen);
        }
    }
}

/// The locked screen: nothing but the question, and how much is new if that may be said.
pub fn locked(model: &Model, locked: &Locked, canvas: &mut Canvas<'_>) {
    let area = canvas.area();
    canvas.clear(area);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, setup::inside_of(area));
    rows.gap();
    rows.text("Locked.", styles.strong);
    let unread = model.unread_all();
    if model.settings.lock_counts && unread > 0 {
        rows.text(&count(unread, "new message.", "new messages."), styles.text);
    }
    rows.gap();
    setup::hidden(&mut rows, "Passphrase  ", &locked.passphrase, !locked.busy);
    rows.gap();
    if locked.busy {
        rows.line("Opening.", styles.dim);
    }
    if let Some(words) = &locked.trouble {
        rows.text(words, styles.warn);
        let wait = locked.wait_ms(model.now_ms);
        if wait > 0 {
            rows.text(&format!("The next try in {}.", time::until(wait)), styles.warn);
        }
        rows.gap();
    }
    rows.line("Enter opens   Ctrl-Q leaves", styles.dim);
}

/// A question before something that cannot be taken back.
pub fn sure(model: &Model, sure: &Sure, canvas: &mut Canvas<'_>) {
    let styles = canvas.theme.styles;
    match sure {
        Sure::Block { account } => {
            let name = clean::line(&model.name_of(account));
            let inside =
                canvas.boxed(&format!("Block {name}?"), "b block   Esc keeps things as they are", 62, 5);
            let mut rows = Rows::new(canvas, inside);
            rows.text(
                &format!(
                    "Nothing of {name} reaches you from then on, and {name} is not told. Messages of yours that still \
                     wait for {name} are not sent. /unblock ends it."
                ),
                styles.text,
            );
        }
        Sure::Remove { account, field, wrong } => {
            let name = clean::line(&model.name_of(account));
            let inside = canvas.boxed(&format!("Remove {name}?"), "Enter removes   Esc keeps", 62, 9);
            let mut rows = Rows::new(canvas, inside);
            rows.text(
                &format!(
                    "{name} is no longer among your people: messages that wait are not sent, and neither of you can \
                     write until one invites the other again. This cannot be undone."
                ),
                styles.text,
            );
            rows.gap();
            rows.text(&format!("Type the name to remove: {}", words::typed_name(&name)), styles.text);
            rows.field("> ", field.text(), field.before(), true);
            if *wrong {
                rows.text("That is another name. Nothing was done.", styles.warn);
            }
        }
    }
}
