//! What follows from what is on the screen: messages seen for a second with the focus are read; older pages are read
//! when the top comes near. Runs after every message.

use super::{Out, talk};
use crate::screen::model::arrange::arrange;
use crate::screen::model::chatlog::ChatLog;
use crate::screen::model::timeline::Timeline;
use crate::screen::model::{Model, PEOPLE_MS, Place, READ_MS};
use crate::screen::msg::Effect;

/// Messages above the window that are enough while nobody scrolls.
const AHEAD: usize = 16;

/// Looks at the window of the open chat.
pub fn after(model: &mut Model, out: &mut Out) {
    await_person(model);
    read(model, out);
    pages(model, out);
}

/// While a message waits for somebody whose next try is not known (one is under way), or mailboxes keep another number
/// of messages than before, the people are read again soon.
fn await_person(model: &mut Model) {
    let unknown = model.awaited().is_some_and(|account| model.next_try_ms(&account).is_none());
    if !(unknown || model.kept_stale) || !matches!(model.place, Place::Main) {
        model.people_at = None;
    } else if model.people_at.is_none() {
        model.people_at = Some(model.now_ms + PEOPLE_MS);
    }
}

fn read(model: &mut Model, out: &mut Out) {
    let open = matches!(model.place, Place::Main) && model.locked.is_none();
    let watching = open && model.focus && model.overlay.is_none();
    let unread = model.log().is_some_and(|log| log.items.iter().any(|item| item.message.unread));
    if !watching || !unread {
        model.seen.clear();
        return;
    }
    let height = usize::from(arrange(model).messages);
    let visible = Timeline::open(model).map(|timeline| timeline.unseen(height)).unwrap_or_default();
    let now = model.now_ms;
    model.seen.retain(|id, _| visible.contains(id));
    for id in visible {
        model.seen.entry(id).or_insert(now);
    }
    let read: Vec<String> =
        model.seen.iter().filter(|(_, since)| now >= **since + READ_MS).map(|(id, _)| id.clone()).collect();
    if read.is_empty() {
        return;
    }
    let Some(open) = model.open.clone() else { return };
    // The API takes at most 256 ids; a window never has that many rows of different messages in practice, and
    // what is left over is taken with the next message.
    let read: Vec<String> = read.into_iter().take(256).collect();
    let mut calls: u64 = 0;
    for id in &read {
        model.seen.remove(id);
        let called =
            model.log().and_then(|log| log.get(id)).is_some_and(|item| model.calls_me(&item.message));
        calls += u64::from(called);
        if let Some(item) = model.log_mut().and_then(|log| log.get_mut(id)) {
            item.message.unread = false;
        }
    }
    let count = u64::try_from(read.len()).unwrap_or(u64::MAX);
    if let Some(chat) = model.chats.iter_mut().find(|chat| chat.chat == open) {
        chat.unread = chat.unread.saturating_sub(count);
        chat.mentions = chat.mentions.saturating_sub(calls);
    }
    model.dirty = true;
    out.push(Effect::MarkRead { chat: open, ids: read });
}

/// Reads on when the window comes near an end of what is loaded.
pub fn pages(model: &mut Model, out: &mut Out) {
    let Some(open) = model.open.clone() else { return };
    if model.log().is_none_or(|log| log.wanted(true, true).is_none()) {
        return;
    }
    let height = usize::from(arrange(model).messages);
    // Following the newest, with more loaded than the window has rows: most messages come like this.
    let follows = |log: &ChatLog| log.anchor.is_none() && !log.short && log.items.len() > 2 * height + AHEAD;
    if model.log().is_some_and(follows) {
        return;
    }
    let (top, bottom) = Timeline::open(model).map_or((false, false), |timeline| timeline.near_ends(height));
    let Some(log) = model.log_mut() else { return };
    let Some(part) = log.wanted(top, bottom) else { return };
    log.loading = Some(part.clone());
    out.push(talk::ask(open, part));
}
