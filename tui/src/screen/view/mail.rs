//! `/mailbox`: the mailboxes that keep one's mail, what this node keeps, and a link others may use.

use super::canvas::{Canvas, Rows};
use crate::screen::model::overlay::MailboxBox;
use crate::screen::model::{Model, words};
use crate::screen::text::clean;

/// Draws it.
pub fn draw(model: &Model, shown: &MailboxBox, canvas: &mut Canvas<'_>) {
    let foot = if shown.link.is_some() { "c copy   Esc" } else { "Esc" };
    let lines = model.mailboxes.as_ref().map_or(1, Vec::len);
    let wanted = u16::try_from(lines).unwrap_or(8).clamp(1, 8) + if shown.link.is_some() { 11 } else { 5 };
    let inside = canvas.boxed("Mailboxes", foot, 68, wanted);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    if let Some(link) = &shown.link {
        rows.text(
            "One person can have their mail kept here with this link (it is on the clipboard):",
            styles.text,
        );
        super::overlays::link_rows(&mut rows, &clean::line(link));
        rows.text("It works while Starling runs here.", styles.dim);
        rows.gap();
    }
    let Some(all) = &model.mailboxes else { return rows.line("Reading.", styles.dim) };
    if !all.iter().any(|one| one.role == "mine") {
        rows.text(words::mail::NO_MAILBOX, styles.text);
    }
    for one in all {
        let style = if matches!(one.state.as_str(), "ok" | "open") { styles.text } else { styles.warn };
        rows.text(&words::mail::mailbox(model, one), style);
    }
    rows.gap();
    rows.text(
        "Ask a friend with /mailbox ask @who, or use a link with /mailbox use LINK. Mailboxes hold sealed messages. They \
         cannot read them.",
        styles.dim,
    );
}
