//! Keys, pastes and the wheel on the main screen.

use super::{Out, bindings, chats, choose, complain, goto, mail, overlay, rooms, say, seen, send};
use crate::screen::keymap::{Action, COMMANDS, Match, Stroke};
use crate::screen::model::arrange::arrange;
use crate::screen::model::overlay::{Help, NetView, Overlay, PersonCard, RoomBox};
use crate::screen::model::rooms::chat_of;
use crate::screen::model::timeline::Timeline;
use crate::screen::model::{Compose, Model, NETWORK_LOOK_MS, Place, TWICE_MS};
use crate::screen::msg::{Effect, MailWish};
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::api::names::handle;

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
    match bindings::find(model, &key) {
        Match::Action(action) => return act(model, action, out),
        Match::More => return,
        Match::Nothing => {}
    }
    if key.code == KeyCode::Tab && complete(model) {
        return;
    }
    if model.editor.key(key) {
        send::edited(model, out);
    }
}

fn act(model: &mut Model, action: Action, out: &mut Out) {
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
        Action::Choose => choose::start(model, out),
        Action::PageUp => page(model, -1, out),
        Action::PageDown => page(model, 1, out),
        Action::Newest => newest(model),
        Action::FirstUnread => first_unread(model),
        Action::Help => model.overlay = Some(Overlay::Help(Help::default())),
        Action::Chats => goto_list(model),
        Action::People => rooms::people(model, out),
        Action::Person => person(model, None, out),
        Action::Network => network(model, out),
        Action::Invite => overlay::open_invite(model, out),
        Action::Find => {
            if model.editor.is_empty() {
                model.editor.set("/find ");
            } else {
                say(model, "Empty the line first, or use /find TEXT.");
            }
        }
        Action::Suspend => out.push(Effect::Suspend),
        Action::Redraw => out.push(Effect::Redraw),
        Action::Interrupt => interrupt(model, out),
        Action::Leave => leave(model, out),
        Action::Escape => {
            if !bindings::escape(model) || model.compose != Compose::New {
                escape(model);
            }
        }
        Action::Clean => model.clean = !model.clean,
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
    let at = model.chats.iter().position(|chat| Some(&chat.chat) == model.open.as_ref()).unwrap_or(0);
    model.overlay = Some(Overlay::Chats { at });
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

/// The card of the network.
pub fn network(model: &mut Model, out: &mut Out) {
    out.extend([Effect::Net, Effect::Status, Effect::People, Effect::Mail(MailWish::List)]);
    let look_ms = model.now_ms + NETWORK_LOOK_MS;
    model.overlay = Some(Overlay::Network(NetView { look_ms, ..NetView::default() }));
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
    if matches!(model.compose, Compose::New) {
        model.editor.clear();
        send::edited(model, out);
    } else {
        escape(model);
    }
    say(model, "Ctrl-C again leaves.");
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
}

/// Scrolls by rows; negative = towards older.
fn scroll(model: &mut Model, by: i64, out: &mut Out) {
    let height = usize::from(arrange(model).messages);
    let Some(anchor) = Timeline::open(model).map(|timeline| timeline.scrolled(by, height)) else { return };
    let following = anchor.is_none();
    if let Some(log) = model.log_mut() {
        log.anchor = anchor;
        if following {
            log.trim();
        }
    }
    if by < 0 {
        seen::older(model, out);
    }
}

fn page(model: &mut Model, direction: i64, out: &mut Out) {
    let height = i64::from(arrange(model).messages);
    scroll(model, direction * (height - 2).max(1), out);
}

/// The mouse wheel.
pub fn wheel(model: &mut Model, by: i64, out: &mut Out) {
    match &mut model.overlay {
        None if matches!(model.place, Place::Main) => scroll(model, by, out),
        Some(Overlay::Help(help)) => {
            let rows = usize::try_from(by.unsigned_abs()).unwrap_or(0);
            help.top = if by < 0 { help.top.saturating_sub(rows) } else { help.top.saturating_add(rows) };
        }
        _ => {}
    }
}

fn newest(model: &mut Model) {
    if let Some(log) = model.log_mut() {
        log.anchor = None;
        log.trim();
    }
}

fn first_unread(model: &mut Model) {
    let height = usize::from(arrange(model).messages);
    let Some(log) = model.log() else { return };
    let wanted = log.new_line.as_ref().and_then(|line| log.index(&line.before));
    let wanted = wanted.or_else(|| log.items.iter().position(|item| item.message.unread));
    let Some(index) = wanted else { return say(model, "Nothing unread here.") };
    let anchor = Timeline::open(model).and_then(|timeline| timeline.revealed(index, height));
    if let Some(log) = model.log_mut() {
        log.anchor = anchor;
    }
}

/// Tab inside a command or a name: completes as far as it is clear.
fn complete(model: &mut Model) -> bool {
    let before = model.editor.before();
    let Some(word) = before.rsplit(char::is_whitespace).next().filter(|word| !word.is_empty()) else {
        return false;
    };
    let candidates: Vec<String> = if word.starts_with('/') && word.len() == before.len() {
        COMMANDS.iter().map(|command| command.word.to_owned()).collect()
    } else if before.strip_prefix("/mailbox ").is_some_and(|start| start == word) {
        mail::WISHES.map(str::to_owned).into()
    } else if word.starts_with('@') && model.open_room().is_some() && !before.starts_with("/invite ") {
        let others = model.people_here().iter().filter(|one| !one.me);
        others.map(|one| format!("@{}", handle(&one.name))).collect()
    } else if word.starts_with('@') {
        model.chats.iter().filter(|chat| chat.kind == "person").map(|chat| chat.name.clone()).collect()
    } else {
        return true;
    };
    let low = word.to_lowercase();
    let fits: Vec<&String> = candidates.iter().filter(|one| one.to_lowercase().starts_with(&low)).collect();
    match fits.as_slice() {
        [] => say(model, format!("Nothing begins with {word}.")),
        [one] => {
            let rest: String = one.chars().skip(word.chars().count()).collect();
            model.editor.insert(&format!("{rest} "));
        }
        several => {
            let list: Vec<&str> = several.iter().take(8).map(|one| one.as_str()).collect();
            say(model, list.join("   "));
        }
    }
    true
}
