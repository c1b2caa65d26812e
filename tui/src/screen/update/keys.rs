//! Keys, pastes and the wheel on the main screen.

use super::{
    Out, bindings, chats, choose, complain, goto, lock, overlay, places, rooms, say, search, send, settings,
    talk,
};
use crate::screen::keymap::{Action, Match, Stroke};
use crate::screen::model::arrange::arrange;
use crate::screen::model::overlay::{Help, Overlay, PersonCard, RoomBox};
use crate::screen::model::rooms::chat_of;
use crate::screen::model::timeline::Timeline;
use crate::screen::model::{Compose, Model, Place, TWICE_MS};
use crate::screen::msg::{Effect, PlaceWish};
use crossterm::event::{KeyCode, KeyEvent};

/// A key on the main screen.
pub fn on_key(model: &mut Model, key: KeyEvent, out: &mut Out) {
    if model.keys.always(Stroke::of(&key)) != Some(Action::Interrupt) {
        model.interrupted = None;
    }
    model.notice = None;
    if model.overlay.is_some() && overlay::on_key(model, key, out) {
        return;
    }
    let choosing = model.strokes.is_empty() && model.log().is_some_and(|log| log.chosen.is_some());
    if choosing && choose::on_key(model, key, out) {
        return;
    }
    if undo(model, key, out) {
        return;
    }
    match bindings::find(model, &key) {
        Match::Action(action) => return act(model, action, out),
        Match::More => return,
        Match::Nothing => {}
    }
    if offered(model, key, out) {
        return;
    }
    if model.editor.key(key) {
        if key.code == KeyCode::Char(':') {
            places::picture(model);
        }
        send::edited(model, out);
        places::offer(model);
    }
}

/// A key while something is offered at the caret: it never sends, and Enter is not its.
fn offered(model: &mut Model, key: KeyEvent, out: &mut Out) -> bool {
    let plain = key.modifiers.is_empty();
    match (key.code, &mut model.completion) {
        (KeyCode::Tab, _) if plain => places::complete(model, out),
        (KeyCode::Up, Some(shown)) if plain => {
            shown.at = shown.at.saturating_sub(1);
            true
        }
        (KeyCode::Down, Some(shown)) if plain => {
            shown.at = (shown.at + 1).min(shown.offers.len().saturating_sub(1));
            true
        }
        _ => false,
    }
}

/// A text sent before, or the one after it.
fn recall(model: &mut Model, older: bool, out: &mut Out) {
    if model.compose != Compose::New {
        return say(model, "Esc first: the editor answers or changes a message.");
    }
    let typed = model.editor.text();
    match model.sent.step(older, &typed) {
        Some(text) => {
            model.editor.set(&text);
            send::edited(model, out);
        }
        None => say(model, if older { "Nothing older was sent." } else { "Nothing newer was sent." }),
    }
}

/// The person's own editor gets the text; it comes back when they leave it.
pub fn write(model: &mut Model, out: &mut Out) {
    model.completion = None;
    out.push(Effect::Place(PlaceWish::Write { text: model.editor.text() }));
}

/// `z` on an empty line takes back what was done just now. Anywhere else it is a letter.
fn undo(model: &mut Model, key: KeyEvent, out: &mut Out) -> bool {
    let plain = key.code == KeyCode::Char('z') && key.modifiers.is_empty();
    if !plain || !model.editor.is_empty() || model.undoable().is_none() {
        return false;
    }
    if let Some(undo) = model.undo.take() {
        out.extend(undo.effects);
        say(model, "Taken back.");
    }
    true
}

/// Does what a key means.
pub fn act(model: &mut Model, action: Action, out: &mut Out) {
    let offered = model.completion.take();
    match action {
        Action::Enter if model.editor.is_empty() => open_waiting(model),
        Action::Enter => send::submit(model, out),
        Action::GoTo => goto::open(model, ""),
        Action::Commands => goto::open(model, ">"),
        Action::NextUnread => chats::next_unread(model, out),
        Action::Back => chats::back(model, out),
        Action::ChatAbove => chats::step(model, -1, out),
        Action::ChatBelow => chats::step(model, 1, out),
        Action::ChatNumber(number) => chats::number(model, number, out),
        Action::Choose => choose::start(model),
        Action::PageUp => page(model, -1),
        Action::PageDown => page(model, 1),
        Action::Newest => talk::newest(model, out),
        Action::FirstUnread => talk::first_unread(model, out),
        Action::Help => model.overlay = Some(Overlay::Help(Help::default())),
        Action::Chats => goto_list(model),
        Action::People => rooms::people(model, out),
        Action::Person => about(model, out),
        Action::Network => super::network::open(model, out),
        Action::Log => super::outside::open_log(model, "", out),
        Action::Invite => overlay::open_invite(model, out),
        Action::Find => search::open(model, "", out),
        Action::Mute => places::mute_key(model, out),
        Action::Lock => lock::now(model, out),
        Action::Write => write(model, out),
        Action::Older => recall(model, true, out),
        Action::Newer => recall(model, false, out),
        Action::Suspend => out.push(Effect::Suspend),
        Action::Redraw => out.push(Effect::Redraw),
        Action::Interrupt => interrupt(model, out),
        Action::Leave => leave(model, out),
        Action::Escape if offered.is_some() => {}
        Action::Escape => {
            if !bindings::escape(model) || model.compose != Compose::New {
                escape(model);
            }
        }
        Action::Clean => settings::clean(model),
        Action::Edit(edit) => bindings::edit(model, edit, out),
        Action::Insert(place) => bindings::insert(model, place, out),
    }
}

/// Enter on an empty line: what waits for the person, the most urgent first.
fn open_waiting(model: &mut Model) {
    let asked = model.invitations().next().map(|room| chat_of(room).to_owned());
    if !model.requests.is_empty() {
        model.overlay = Some(Overlay::Requests { at: 0 });
    } else if let Some(chat) = asked {
        model.overlay = Some(Overlay::Room(RoomBox::Ask { chat }));
    } else if model.words_due() {
        say(model, "Your 24 words wait to be written down: /words shows them.");
    }
}

/// The chat list as an overlay, the open chat chosen.
pub fn goto_list(model: &mut Model) {
    let at = model.open_place().unwrap_or(0);
    model.overlay = Some(Overlay::Chats { at, archived: false });
}

/// F4: the open chat's person or room; in an open channel who signed the chosen message.
fn about(model: &mut Model, out: &mut Out) {
    let chosen = model.log().and_then(|log| log.chosen()).filter(|_| model.open_channel().is_some());
    match chosen.map(|item| item.message.clone()) {
        Some(message) => talk::who_has(model, &message, out),
        None => person(model, None, out),
    }
}

/// The card of a person; of the open chat's without one.
pub fn person(model: &mut Model, account: Option<String>, out: &mut Out) {
    if let Some(room) = model.chat().filter(|chat| account.is_none() && chat.kind == "room") {
        let room = room.chat.clone();
        return rooms::card(model, &room, out);
    }
    match account.or_else(|| model.chat().and_then(|chat| chat.account.clone())) {
        Some(account) => {
            out.push(Effect::Safety { account: account.clone() });
            out.push(Effect::People);
            model.overlay = Some(Overlay::Person(PersonCard { account, safety: None }));
        }
        None => say(model, "Notes to self are only for you; there is nobody else in them."),
    }
}

fn escape(model: &mut Model) {
    match std::mem::take(&mut model.compose) {
        Compose::New => {}
        Compose::Reply { .. } => say(model, "Not an answer any more; the text is kept."),
        Compose::Edit { before, .. } => {
            model.editor.set(&before);
            say(model, "Not changed.");
        }
    }
}

fn interrupt(model: &mut Model, out: &mut Out) {
    let twice = model.interrupted.is_some_and(|at| model.now_ms < at + TWICE_MS);
    if twice {
        return leave(model, out);
    }
    model.interrupted = Some(model.now_ms);
    let mut words = "Ctrl-C again leaves.";
    if !matches!(model.compose, Compose::New) {
        escape(model);
    } else if !model.editor.is_empty() {
        model.editor.clear();
        send::edited(model, out);
        words = "Ctrl-C again leaves. Ctrl-_ brings the text back.";
    }
    say(model, words);
}

/// Leaves, or asks first if messages wait in this very process.
pub fn leave(model: &mut Model, out: &mut Out) {
    let here = model.opened.as_ref().is_some_and(|opened| opened.in_process);
    if here && model.waiting() > model.in_mailboxes() {
        model.overlay = Some(Overlay::Leave);
    } else {
        quit(model, out);
    }
}

/// Leaves without a question.
pub fn quit(model: &mut Model, out: &mut Out) {
    if matches!(model.place, Place::Main) {
        chats::leave(model, out);
    }
    out.push(Effect::Quit { code: 0 });
}

/// A paste goes into the editor (or a field) and never does anything by itself.
pub fn paste(model: &mut Model, text: &str, out: &mut Out) {
    match &mut model.place {
        Place::Main => {}
        Place::Setup(_) | Place::Unlock(_) => return super::setup::paste(model, text),
        Place::Broken(_) if model.open.is_some() => {
            model.editor.insert(text);
            return;
        }
        Place::Starting | Place::Broken(_) => return,
    }
    if overlay::paste(model, text) {
        return;
    }
    if let Some(log) = model.log_mut() {
        log.chosen = None;
    }
    if send::is_link(text) && model.editor.is_empty() && model.compose == Compose::New {
        model.overlay = Some(rooms::ask(text.trim().to_owned()));
        return;
    }
    if !model.editor.insert(text) {
        complain(
            model,
            "Not all of it fits into one message",
            "The beginning is in the editor; nothing was sent.",
            "Shorten it, or send it in parts.",
        );
    }
    send::edited(model, out);
    places::offer(model);
}

/// Scrolls by rows; negative = towards older.
fn scroll(model: &mut Model, by: i64) {
    let height = usize::from(arrange(model).messages);
    let Some(anchor) = Timeline::open(model).map(|timeline| timeline.scrolled(by, height)) else { return };
    let following = anchor.is_none();
    if let Some(log) = model.log_mut() {
        log.anchor = anchor;
        if following && !log.short {
            log.trim();
        }
    }
}

fn page(model: &mut Model, direction: i64) {
    let height = i64::from(arrange(model).messages);
    scroll(model, direction * (height - 2).max(1));
}

/// The mouse wheel.
pub fn wheel(model: &mut Model, by: i64) {
    match &mut model.overlay {
        None if matches!(model.place, Place::Main) => scroll(model, by),
        Some(Overlay::Help(help)) => {
            let rows = usize::try_from(by.unsigned_abs()).unwrap_or(0);
            help.top = if by < 0 { help.top.saturating_sub(rows) } else { help.top.saturating_add(rows) };
        }
        _ => {}
    }
}
