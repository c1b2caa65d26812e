//! Opening and leaving chats, drafts, the order of the chat list.

use super::{Out, send};
use crate::screen::model::chatlog::{ChatLog, NewLine, Part};
use crate::screen::model::{CHATS_LOADED, Compose, Model};
use crate::screen::msg::Effect;
use starling_node::api::types::{Chat, Message};

/// Opens a chat: keeps the other's draft, brings this one's back, reads it if it is not loaded.
pub fn open(model: &mut Model, id: &str, out: &mut Out) {
    if model.chat_row(id).is_none() {
        return;
    }
    if model.open.as_deref() == Some(id) {
        model.overlay = None;
        return;
    }
    leave(model, out);
    model.open = Some(id.to_owned());
    model.overlay = None;
    model.visited.retain(|visited| visited != id);
    model.visited.push(id.to_owned());
    if model.visited.len() > 32 {
        model.visited.remove(0);
    }
    let draft = model.chat_row(id).and_then(|chat| chat.draft.clone()).unwrap_or_default();
    model.editor.set(&draft);
    model.draft_kept = draft;
    model.completion = None;
    model.seen.clear();
    let log = model.logs.entry(id.to_owned()).or_default();
    log.anchor = None;
    if !log.loaded && log.loading.is_none() {
        log.loading = Some(Part::Newest);
        out.push(Effect::Log { chat: id.to_owned() });
    }
    mark_new(model, id);
    super::rooms::read_people(model, id, out);
    forget_far_chats(model);
}

/// Leaves the open chat: its draft is kept, its "new" line is over.
pub fn leave(model: &mut Model, out: &mut Out) {
    if let Compose::Edit { before, .. } = std::mem::take(&mut model.compose) {
        model.editor.set(&before);
    }
    keep_draft(model, out);
    send::stop_typing(model, out);
    if let Some(log) = model.log_mut() {
        log.chosen = None;
        log.new_line = None;
        log.anchor = None;
        log.trim();
    }
}

/// Puts the line above what is new, once, when a chat is opened.
pub fn mark_new(model: &mut Model, id: &str) {
    let unread = model.chat_row(id).map_or(0, |chat| chat.unread);
    let Some(log) = model.logs.get_mut(id) else { return };
    // The first new one may be further up: the line is put when that is loaded.
    if !log.at_start && log.items.first().is_some_and(|item| item.message.unread) {
        return;
    }
    let mut fresh = log.items.iter().filter(|item| item.message.unread && !item.message.from.me);
    if let Some(first) = fresh.next() {
        let loaded = 1 + u64::try_from(fresh.count()).unwrap_or(0);
        let count = if log.short { loaded.max(unread) } else { loaded };
        log.new_line = Some(NewLine { before: first.message.id.clone(), count });
    }
}

/// Keeps few chats loaded: the ones visited last.
fn forget_far_chats(model: &mut Model) {
    let near: Vec<String> = model.visited.iter().rev().take(CHATS_LOADED).cloned().collect();
    model.logs.retain(|id, log| near.contains(id) || !log.pending.is_empty());
}

/// Keeps the open chat's draft if it changed.
pub fn keep_draft(model: &mut Model, out: &mut Out) {
    model.draft_at = None;
    if matches!(model.compose, Compose::Edit { .. }) {
        return;
    }
    let Some(open) = model.open.clone() else { return };
    let text = model.editor.text();
    if text == model.draft_kept {
        return;
    }
    model.draft_kept.clone_from(&text);
    if let Some(chat) = model.chats.iter_mut().find(|chat| chat.chat == open) {
        chat.draft = (!text.is_empty()).then(|| text.clone());
    }
    out.push(Effect::Draft { chat: open, text });
}

/// The order of the list: open channels while there is nobody else, notes, what is pinned, then the newest; last what was
/// put away.
pub fn sort(chats: &mut [Chat]) {
    let fresh = chats.iter().all(|chat| chat.kind == "me" || chat.open);
    chats.sort_by(|one, other| {
        (one.archived.cmp(&other.archived))
            .then_with(|| (fresh && other.open).cmp(&(fresh && one.open)))
            .then_with(|| (other.kind == "me").cmp(&(one.kind == "me")))
            .then_with(|| other.pinned.cmp(&one.pinned))
            .then_with(|| other.last_at.cmp(&one.last_at))
            .then_with(|| one.title.cmp(&other.title))
    });
}

/// Takes a new list in. While somebody types, chats that were there stay where they were.
pub fn replace(model: &mut Model, mut list: Vec<Chat>) {
    sort(&mut list);
    if model.chats_known && !model.order_may_change() {
        let place = |chat: &Chat| model.chats.iter().position(|known| known.chat == chat.chat);
        let before = list.clone();
        list.sort_by_cached_key(|chat| place(chat).unwrap_or(usize::MAX));
        model.order_stale |= list != before;
    }
    model.chats = list;
}

/// Something changed that the order depends on.
fn order(model: &mut Model) {
    if model.order_may_change() {
        model.order_stale = false;
        sort(&mut model.chats);
    } else {
        model.order_stale = true;
    }
}

/// Time passed: the list takes its new order once nobody types.
pub fn tick(model: &mut Model) {
    if model.order_stale && model.order_may_change() {
        order(model);
        model.dirty = true;
    }
}

/// A new message moves its chat up and counts.
pub fn touch(model: &mut Model, message: &Message, new: bool) {
    let counts = new && message.unread && !message.from.me;
    let called = counts && model.calls_me(message);
    if let Some(chat) = model.chats.iter_mut().find(|chat| chat.chat == message.chat) {
        if new {
            chat.last_at = Some(message.received.clone());
            chat.archived &= message.kind == "notice";
        }
        if counts {
            chat.unread = chat.unread.saturating_add(1);
            chat.mentions = chat.mentions.saturating_add(u64::from(called));
        }
    }
    order(model);
}

/// The next chat with something new: calls by name first, muted chats last, else in the order of the list.
pub fn next_unread(model: &mut Model, out: &mut Out) {
    let shown: Vec<&Chat> = model.shown_chats().collect();
    let at = model.open_place().unwrap_or(0);
    let after = (1..=shown.len()).filter_map(|step| shown.get((at + step) % shown.len()));
    let rank = |chat: &Chat| match (chat.mentions, model.is_told(chat)) {
        (1.., _) => 0,
        (0, true) => 1,
        _ => 2,
    };
    let unread = after.filter(|chat| chat.unread > 0 && Some(&chat.chat) != model.open.as_ref());
    let next = unread.min_by_key(|chat| rank(chat)).map(|chat| chat.chat.clone());
    match next {
        Some(id) => open(model, &id, out),
        None => super::say(model, "Nothing new in other chats."),
    }
}

/// The chat before this one.
pub fn back(model: &mut Model, out: &mut Out) {
    match model.visited.iter().rev().nth(1).cloned() {
        Some(id) => open(model, &id, out),
        None => super::say(model, "No other chat was open before."),
    }
}

/// The chat some places further down (or up) in the list.
pub fn step(model: &mut Model, by: isize, out: &mut Out) {
    let at = model.open_place().unwrap_or(0);
    let next = at.saturating_add_signed(by).min(model.shown_chats().count().saturating_sub(1));
    number(model, next + 1, out);
}

/// The chat with a number, counted from 1.
pub fn number(model: &mut Model, number: usize, out: &mut Out) {
    let chat = number.checked_sub(1).and_then(|at| model.shown_chats().nth(at));
    match chat.map(|chat| chat.chat.clone()) {
        Some(id) => open(model, &id, out),
        None => super::say(model, format!("There is no chat {number}.")),
    }
}

/// Opens the first chat after the list is known: the one asked for, else where something is new, else the newest.
pub fn open_first(model: &mut Model, out: &mut Out) {
    if let Some(account) = model.awaited.take() {
        match find(model, &account) {
            Some(id) => open(model, &id, out),
            None => model.awaited = Some(account),
        }
        return;
    }
    if let Some(wanted) = model.wanted.take() {
        match find(model, &wanted) {
            Some(id) => return open(model, &id, out),
            None => super::complain(
                model,
                &format!("There is no \"{wanted}\" among your chats"),
                "Nothing was opened.",
                "Ctrl-K shows what there is.",
            ),
        }
    }
    if model.open.as_deref().is_some_and(|id| model.chat_row(id).is_some()) {
        return;
    }
    let first = model
        .shown_chats()
        .find(|chat| chat.unread > 0 && (model.is_told(chat) || chat.mentions > 0))
        .or_else(|| model.shown_chats().find(|chat| chat.kind != "me" && !chat.open))
        .or_else(|| model.shown_chats().find(|chat| chat.kind != "me"))
        .or_else(|| model.chats.first())
        .map(|chat| chat.chat.clone());
    if let Some(id) = first {
        open(model, &id, out);
    }
}

fn find(model: &Model, wanted: &str) -> Option<String> {
    let bare = wanted.trim_start_matches(['@', '#']).to_lowercase();
    let named =
        |chat: &&Chat| chat.chat == wanted || chat.account.as_deref() == Some(wanted) || chat.name == wanted;
    let like = |chat: &&Chat| {
        chat.name.trim_start_matches(['@', '#']).to_lowercase() == bare || chat.title.to_lowercase() == bare
    };
    // "#roof" is the room, whatever a person is called.
    model.chats.iter().find(named).or_else(|| model.chats.iter().find(like)).map(|chat| chat.chat.clone())
}

/// The loaded part of a chat, made if there is none.
pub fn log<'a>(model: &'a mut Model, id: &str) -> &'a mut ChatLog {
    model.logs.entry(id.to_owned()).or_default()
}
