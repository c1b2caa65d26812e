//! People near one, and the three words two people compare.

use super::canvas::{Canvas, Rows};
use super::cards::key_mark;
use crate::screen::model::Model;
use crate::screen::model::near::{Compared, NearBox};
use crate::screen::text::{clean, count, pad};

/// Draws the page.
pub fn draw(model: &Model, page: &NearBox, canvas: &mut Canvas<'_>) {
    let foot = match (&page.asks, page.list.as_deref()) {
        (Some(_), _) => "Enter accept   x not now   Esc",
        (None, None | Some([])) => "F5 network   Esc",
        (None, Some(_)) => "Enter ask them   F5 network   Esc",
    };
    let people = page.list.as_ref().map_or(0, Vec::len);
    let wanted = u16::try_from(people).unwrap_or(12).clamp(3, 12) + if page.asks.is_some() { 8 } else { 5 };
    let inside = canvas.boxed("People near you", foot, 64, wanted);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    if let Some(words) = &page.trouble {
        return rows.text(&format!("! {words}"), styles.warn);
    }
    if let Some(request) = &page.asks {
        let name = clean::line(&request.name);
        rows.line(&format!("{name} asks you."), styles.strong);
        if !request.note.is_empty() {
            rows.line(&format!("  \"{}\"", clean::line(&request.note)), styles.text);
        }
        rows.line(&format!("  key {}", key_mark(&request.account)), styles.dim);
        rows.gap();
    }
    let list = page.list.as_deref().unwrap_or_default();
    let seconds = model.now_ms.saturating_sub(page.since_ms) / 1_000;
    if list.is_empty() {
        rows.line(&format!("0 found ({seconds} s)."), styles.text);
        rows.text(
            "Other devices must be on the same Wi-Fi or cable, and look at this page too; guest networks often keep \
             devices apart. F5 shows what was tried.",
            styles.text,
        );
    } else {
        let found = u64::try_from(list.len()).unwrap_or(u64::MAX);
        let found = count(found, "person", "people");
        rows.text(&format!("{found} found. Who they are is known once they accept."), styles.text);
    }
    let room = usize::from(rows.width().saturating_sub(18)).min(24);
    let shown = usize::from(rows.left().saturating_sub(2)).max(1);
    for (nth, one) in list.iter().enumerate().skip((page.at + 1).saturating_sub(shown)).take(shown) {
        let name = pad(&clean::line(&one.name), room, rows.theme().marks.ellipsis);
        let key: String = key_mark(&one.account).chars().take(9).collect();
        let note = if one.contact { "   one of your people" } else { "" };
        rows.line(&format!("{name}  key {key}{note}"), styles.text);
        rows.entry(nth, nth == page.at && page.asks.is_none());
    }
    rows.gap();
    rows.text("While this is open, whoever looks here on this network sees your name.", styles.dim);
}

/// Draws the words.
pub fn compare(model: &Model, shown: &Compared, canvas: &mut Canvas<'_>) {
    let name = clean::line(&model.name_of(&shown.account));
    let foot = match shown.differs {
        true => "b block   Esc",
        false if canvas.area().width < 50 => "Enter same   x different   Esc",
        false => "Enter the same   x different   Esc later",
    };
    let inside = canvas.boxed(&format!("Three words with {name}"), foot, 60, 6);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    if shown.differs {
        rows.text(
            &format!(
                "! Then somebody may be in between you and {name}: do not trust this chat. Try once more side by side (F4, v); if \
                 they differ again, block, and meet in person. {name} is told nothing."
            ),
            styles.warn,
        );
        return;
    }
    rows.gap();
    rows.line(&format!("  {}", shown.words.join("   ")), styles.strong);
    rows.gap();
    rows.text(&format!("{name} sees three words too. Say them to each other, aloud."), styles.text);
}
