//! What lies over the main screen about messages: search, links, forwarding, a thread, pins, deleting, reacting.

use super::canvas::{Canvas, Rows};
use crate::screen::model::Model;
use crate::screen::model::overlay::{EMOJI, Found};
use crate::screen::model::talk::{List, TalkBox};
use crate::screen::model::timeline::{first_line, sender};
use crate::screen::model::words;
use crate::screen::text::link::Address;
use crate::screen::text::{self, clean, count, time, wrap};
use ratatui::layout::Rect;
use starling_node::api::types::Message;

/// Columns of the boxes.
const WIDTH: u16 = 66;
/// Messages a search answers with at most; so many are "or more".
const FOUND_MOST: usize = 50;

/// Draws a box about messages.
pub fn draw(model: &Model, shown: &TalkBox, canvas: &mut Canvas<'_>) {
    match shown {
        TalkBox::Links { addresses, at, sure: false } => links(addresses, *at, canvas),
        TalkBox::Links { addresses, at, .. } => {
            if let Some(address) = addresses.get(*at) {
                link(address, addresses.len() > 1, canvas);
            }
        }
        TalkBox::Forward { message, query, at } => {
            let height = box_height(canvas, 14);
            let inside = canvas.boxed("Forward to", "Enter sends it   Esc", WIDTH, height);
            let styles = canvas.theme.styles;
            let mut rows = Rows::new(canvas, inside);
            let quoted = format!("{}: {}", sender(model, message), first_line(message));
            rows.line(&quoted, styles.dim);
            rows.field("> ", query.text(), query.before(), true);
            let hits = model.writable(query.text());
            if hits.is_empty() {
                rows.line("  Nobody you can write to is called so.", styles.dim);
            }
            let left = usize::from(rows.left());
            for (nth, chat) in hits.iter().enumerate().skip((at + 1).saturating_sub(left)).take(left) {
                let name = if chat.kind == "room" { &chat.name } else { &chat.title };
                // What was said to one alone is not to be told to all by mistake.
                let note = if chat.open { "   open: anybody can read it" } else { "" };
                rows.line(&format!("  {}{note}", clean::line(name)), styles.text);
                rows.entry(nth, nth == *at);
            }
        }
        TalkBox::Thread(list) => messages(model, list, "Thread", "Enter go there   Esc", canvas),
        TalkBox::Pins(list) => {
            messages(model, list, "Pinned here", "Enter go there   p take out   Esc", canvas)
        }
    }
}

fn box_height(canvas: &Canvas<'_>, most: u16) -> u16 {
    canvas.area().height.saturating_sub(6).clamp(4, most.max(4))
}

fn links(addresses: &[Address], at: usize, canvas: &mut Canvas<'_>) {
    let wanted = u16::try_from(addresses.len()).unwrap_or(9);
    let inside = canvas.boxed("Links in this message", "1-9 or Enter show it whole   Esc", WIDTH, wanted);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let left = usize::from(rows.left());
    for (nth, address) in addresses.iter().enumerate().skip((at + 1).saturating_sub(left)).take(left) {
        let odd = if address.looks_like.is_some() || address.before_at.is_some() { "! " } else { "" };
        rows.line(&format!("{} {odd}{}", nth + 1, address.whole), styles.text);
        rows.entry(nth, nth == at);
    }
}

/// One address, whole, with what is odd about it.
fn link(address: &Address, several: bool, canvas: &mut Canvas<'_>) {
    let room = usize::from(canvas.area().width.saturating_sub(8)).clamp(1, usize::from(WIDTH));
    let mut odd = Vec::new();
    if let Some(letters) = &address.looks_like {
        odd.push(format!(
            "! It looks like {letters}, but its letters are not the ones they seem to be, or not Latin ones. Compare:"
        ));
    }
    if let Some(before) = &address.before_at {
        odd.push(format!("! \"{}\" stands before an @ and is not where it leads.", clean::line(before)));
    }
    let sees = "Your browser opens it; whoever runs that place sees your address.";
    let said: usize = odd.iter().map(|words| wrap::wrap(words, room).len()).sum();
    let needed = said + text::columns(&address.whole).div_ceil(room) + 1 + wrap::wrap(sees, room).len();
    let height = u16::try_from(needed).unwrap_or(u16::MAX).min(canvas.area().height.saturating_sub(2));
    let foot = if several {
        "Enter opens it   c copy   Backspace list   Esc"
    } else {
        "Enter opens it   c copy   Esc"
    };
    let inside = canvas.boxed("Open this address?", foot, WIDTH, height);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    // What must not be missed stands first: a long address may fill the box.
    for words in &odd {
        rows.text(words, styles.warn);
    }
    super::overlays::link_rows(&mut rows, &address.whole);
    rows.gap();
    rows.text(sees, styles.dim);
}

fn messages(model: &Model, list: &List, title: &str, foot: &str, canvas: &mut Canvas<'_>) {
    let wanted = list.messages.as_ref().map_or(2, |messages| messages.len() * 2 + usize::from(list.part));
    let height = box_height(canvas, u16::try_from(wanted).unwrap_or(18).min(18));
    let inside = canvas.boxed(title, foot, WIDTH, height);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    match &list.messages {
        None => rows.line("Reading.", styles.dim),
        Some(messages) if messages.is_empty() => {
            rows.text("Nothing is pinned here. Up, then p pins a message.", styles.dim)
        }
        Some(messages) => {
            if list.part {
                rows.line("Of what is loaded; there may be more.", styles.dim);
            }
            entries(model, messages, list.at, false, &mut rows);
        }
    }
}

/// Messages of a list: who and when, and the first words.
fn entries(model: &Model, messages: &[Message], chosen: usize, chats: bool, rows: &mut Rows<'_, '_>) {
    let styles = rows.theme().styles;
    let shown = usize::from(rows.left() / 2).max(1);
    for (nth, message) in messages.iter().enumerate().skip((chosen + 1).saturating_sub(shown)).take(shown) {
        let when = time::local(&message.at, &model.zone)
            .map(|at| time::moment(&at, &model.now()))
            .unwrap_or_default();
        let chat = model.chat_row(&message.chat).filter(|_| chats);
        let chat = chat.map(|chat| format!("   {}", clean::name(&chat.title))).unwrap_or_default();
        rows.line(&format!("{}, {when}{chat}", sender(model, message)), styles.strong);
        rows.entry(nth, nth == chosen);
        rows.line(&format!("  {}", first_line(message)), styles.text);
    }
}

/// Ctrl-F.
pub fn found(model: &Model, found: &Found, canvas: &mut Canvas<'_>) {
    let height = box_height(canvas, 16);
    let tab = if found.chat.is_some() { "Tab all chats" } else { "Tab this chat" };
    let title = if found.chat.is_some() { "Search in this chat" } else { "Search in all chats" };
    let inside = canvas.boxed(title, &format!("Enter go there   {tab}   Esc"), WIDTH, height);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    rows.field("> ", found.query.text(), found.query.before(), true);
    let Some(hits) = &found.hits else {
        let words =
            if found.asked.is_some() || found.due_ms.is_some() { "Searching." } else { "Type a word." };
        return rows.line(words, styles.dim);
    };
    let asked = clean::line(found.asked.as_deref().unwrap_or(""));
    if hits.is_empty() {
        rows.text(&format!("Nothing with \"{asked}\". {tab}."), styles.text);
        if let Some(near) = &found.near {
            rows.text(&format!("Did you mean \"{near}\"?"), styles.text);
        }
        return;
    }
    let number = count(u64::try_from(hits.len()).unwrap_or(0), "message", "messages");
    let more = if hits.len() >= FOUND_MOST { " or more, the newest shown" } else { "" };
    rows.line(&format!("{number}{more} with \"{asked}\""), styles.dim);
    entries(model, hits, found.at, found.chat.is_none(), &mut rows);
}

/// Delete it here, or ask everybody?
pub fn delete(model: &Model, id: &str, canvas: &mut Canvas<'_>) {
    let Some(item) = model.log().and_then(|log| log.get(id)) else { return };
    let message = &item.message;
    let own = message.from.me;
    let inside = canvas.boxed("Delete this message?", "Esc keeps it", 64, if own { 10 } else { 8 });
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let room = usize::from(rows.width()).saturating_sub(2);
    let first = text::cut(&first_line(message), room, rows.theme().marks.ellipsis);
    rows.line(&format!("\"{first}\""), styles.text);
    rows.gap();
    rows.line("  m   delete for me only", styles.strong);
    let notes = model.chat_row(&message.chat).is_some_and(|chat| chat.kind == "me");
    if own && !notes {
        rows.line("  e   ask everyone's device to delete it", styles.strong);
        rows.gap();
        let words = format!(
            "{} Starling asks their devices to delete it; it cannot force them. This cannot be undone.",
            words::have_it(model, message)
        );
        rows.text(&words, styles.text);
    } else if own {
        rows.gap();
        rows.text("It is only here. This cannot be undone.", styles.text);
    } else {
        rows.gap();
        let name = sender(model, message);
        let others = if model.chat_row(&message.chat).is_some_and(|chat| chat.kind == "room") {
            "everybody else keeps it".to_owned()
        } else {
            format!("{name} keeps it")
        };
        rows.text(&format!("It goes from this computer only; {others}. This cannot be undone."), styles.text);
    }
}

/// Which emoji?
pub fn react(model: &Model, id: &str, at: usize, canvas: &mut Canvas<'_>) {
    let inside = canvas.boxed("React", "Enter   1-8   : name   Backspace takes back   Esc", 56, 3);
    let styles = canvas.theme.styles;
    let first =
        model.log().and_then(|log| log.get(id)).map(|item| first_line(&item.message)).unwrap_or_default();
    let mut rows = Rows::new(canvas, inside);
    rows.line(&first, styles.dim);
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
