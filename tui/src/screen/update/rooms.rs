//! Rooms: what the node says of them, and keys in their boxes.

mod commands;
pub mod open;

pub use commands::command;

use super::events::ok;
use super::{Out, chats, overlay, say};
use crate::screen::model::overlay::{InviteBox, Overlay, RoomBox};
use crate::screen::model::rooms::{PEOPLE_LOOK_MS, chat_of};
use crate::screen::model::{Model, Place, words};
use crate::screen::msg::{Effect, OpenWish, RoomNews, RoomWish};
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::api::links::{self, Link};
use starling_node::api::types::{Message, Receipt, Room};

/// Rows the list of a room's people scrolls over at most; more than a room may have.
const PEOPLE_LINES: usize = 1_100;

/// Milliseconds after an own message in an open channel until it is looked who has it: neighbours say so within 200.
const OPEN_LOOK_MS: u64 = 1_000;

/// Takes in what came back. False if nothing of it is new.
pub fn on_news(model: &mut Model, news: RoomNews, out: &mut Out) -> bool {
    match news {
        RoomNews::List(result) => {
            if let Some(list) = ok(model, result) {
                let new = model.rooms.list != list;
                on_list(model, list, out);
                return new;
            }
        }
        RoomNews::Members { chat, result } => {
            // Without an answer the old ones stand: one is not in it any more, and the list says so.
            let Ok(members) = result else { return false };
            if model.rooms.members.get(&chat) == Some(&members) {
                return false;
            }
            model.rooms.members.insert(chat, members);
        }
        RoomNews::Entered(Ok(room)) => entered(model, &room, out),
        RoomNews::Entered(Err(reason)) => super::setup::on_add_refused(model, reason),
        RoomNews::Done(result) => {
            if let Some(words) = ok(model, result) {
                say(model, words);
            }
            look(model, out);
            // What was said in an open channel counts among what others have.
            if model.open_channel().is_some() {
                model.rooms.look_ms = Some(model.now_ms + OPEN_LOOK_MS);
            }
        }
        RoomNews::Link { chat, result } => on_link(model, &chat, result, out),
        RoomNews::Counted { id, result } => on_counted(model, &id, result.ok(), out),
    }
    true
}

fn on_list(model: &mut Model, list: Vec<Room>, out: &mut Out) {
    let let_in = list.iter().find(|room| {
        let before = |known: &&Room| known.room == room.room && known.change == "joining";
        room.change == "member" && model.rooms.list.iter().any(|known| before(&known))
    });
    if let Some(room) = let_in {
        // The words that one has asked are not true any more.
        say(model, format!("You are in {} now.", room.name));
    }
    model.rooms.members.retain(|chat, _| list.iter().any(|room| chat_of(room) == chat));
    model.rooms.list = list;
    // Which chat is open may have become a room just now.
    if let Some(open) = model.open.clone().filter(|_| model.people_here().is_empty()) {
        read_people(model, &open, out);
    }
}

fn entered(model: &mut Model, room: &Room, out: &mut Out) {
    model.overlay = None;
    super::setup::finish(model, out);
    let joining = room.change == "joining";
    let words = if joining {
        format!("You asked to come into {}. You are in it as soon as somebody of it lets you in.", room.name)
    } else if room.open {
        words::open::entered(room)
    } else {
        format!("You are in {}. /invite @who asks somebody in, /invite link makes a link.", room.name)
    };
    say(model, words);
    model.rooms.awaited = Some(chat_of(room).to_owned()).filter(|chat| !chat.is_empty());
    out.extend([Effect::Room(RoomWish::List), Effect::Chats]);
}

/// Opens the chat of a room that was made or joined, once the list has it.
pub fn open_awaited(model: &mut Model, out: &mut Out) {
    if let Some(chat) = model.rooms.awaited.take_if(|chat| model.chats.iter().any(|row| row.chat == *chat)) {
        // The words about it stay on the screen.
        let notice = model.notice.take();
        chats::open(model, &chat, out);
        model.notice = notice;
    }
}

fn look(model: &Model, out: &mut Out) {
    out.extend([Effect::Room(RoomWish::List), Effect::Chats]);
    if let Some(open) = &model.open {
        read_people(model, open, out);
    }
}

/// Asks who is in a room, if a chat is one.
pub fn read_people(model: &Model, chat: &str, out: &mut Out) {
    let is_room = model.chat_row(chat).is_some_and(|row| row.kind == "room");
    if is_room {
        out.push(Effect::Room(RoomWish::Members { chat: chat.to_owned() }));
    }
}

/// Something happened in a room.
pub fn on_event(model: &mut Model, room: &Room, out: &mut Out) {
    if room.change == "invited" {
        let who = Some(room.who_name.clone()).filter(|name| !name.is_empty());
        let who = who.unwrap_or_else(|| model.name_of(&room.who));
        say(model, format!("{who} asks you into {}: Enter on an empty line shows it.", room.name));
    }
    if let Some(chat) = model.chat_of_room(&room.room).map(str::to_owned)
        && model.rooms.members.contains_key(&chat)
    {
        out.push(Effect::Room(RoomWish::Members { chat }));
    }
    out.extend([Effect::Room(RoomWish::List), Effect::Chats]);
}

/// While people of a room are shown, who is here is read again now and then.
pub fn after(model: &mut Model, out: &mut Out) {
    let channel = model.open_channel().is_some();
    let shown = channel
        || matches!(model.overlay, Some(Overlay::Room(RoomBox::People { .. })))
        || model.geometry().people > 0;
    if !shown || !matches!(model.place, Place::Main) {
        model.rooms.look_ms = None;
        return;
    }
    match model.rooms.look_ms {
        Some(at) if at > model.now_ms => {}
        due => {
            model.rooms.look_ms = Some(model.now_ms + PEOPLE_LOOK_MS);
            if let Some(open) = model.open.clone().filter(|_| due.is_some()) {
                read_people(model, &open, out);
                // How many have what one wrote.
                out.extend(channel.then_some(Effect::Room(RoomWish::List)));
            }
        }
    }
}

/// A recipient's state of an own message of a room changed.
pub fn on_receipt(model: &mut Model, receipt: &Receipt, out: &mut Out) {
    if model.is_open(&receipt.chat) {
        return out.push(Effect::Room(RoomWish::List));
    }
    let in_room = model.chat_row(&receipt.chat).is_some_and(|chat| chat.kind == "room");
    let Some(item) = model.logs.get_mut(&receipt.chat).and_then(|log| log.get_mut(&receipt.id)) else {
        return;
    };
    match item.message.recipients.iter_mut().find(|one| one.account == receipt.who) {
        Some(one) => overlay::take_receipt(one, receipt),
        None if in_room => count(model, &receipt.id, out),
        None => {}
    }
}

/// Has it counted how many have a message; once more if something changes while that is under way.
pub fn count(model: &mut Model, id: &str, out: &mut Out) {
    let under_way = model.rooms.counting.contains_key(id);
    model.rooms.counting.insert(id.to_owned(), under_way);
    if !under_way {
        out.push(Effect::Room(RoomWish::Count { id: id.to_owned() }));
    }
}

/// An own message of a room came: it is not known yet how many have it.
pub fn count_new(model: &mut Model, message: &Message, out: &mut Out) {
    if model.is_open(&message.chat) {
        let shown = model.open.as_ref() == Some(&message.chat);
        // Nobody signs for it there; who has it is seen a moment later.
        if message.from.me && shown {
            model.rooms.look_ms = Some(model.now_ms + OPEN_LOOK_MS);
        }
        // Whoever writes is one of those who can be named there.
        if shown && !model.people_here().iter().any(|one| one.account == message.from.account) {
            read_people(model, &message.chat, out);
        }
        return;
    }
    let in_room = model.chat_row(&message.chat).is_some_and(|chat| chat.kind == "room");
    if in_room && message.from.me && message.kind == "text" && message.counts.is_none() {
        count(model, &message.id, out);
    }
}

fn on_counted(model: &mut Model, id: &str, found: Option<Box<Message>>, out: &mut Out) {
    let again = model.rooms.counting.remove(id).unwrap_or(false);
    if let Some(found) = found
        && let Some(item) = model.logs.get_mut(&found.chat).and_then(|log| log.get_mut(id))
    {
        item.message.counts = found.counts;
        item.message.kept = found.kept;
        // In a room of many the counts are enough.
        if found.recipients.len() <= super::RECIPIENTS_KEPT {
            item.message.recipients = found.recipients;
        }
    }
    if again {
        count(model, id, out);
    }
}

// ---- boxes ------------------------------------------------------------------------------------------------------

/// Who is in the open room.
pub fn people(model: &mut Model, out: &mut Out) {
    match model.open_room().map(|(room, _)| chat_of(room).to_owned()) {
        Some(chat) => {
            read_people(model, &chat, out);
            model.overlay = Some(Overlay::Room(RoomBox::People { chat, top: 0 }));
        }
        None => say(model, "This chat is no room; F4 shows whom it is with."),
    }
}

/// How a room is.
pub fn card(model: &mut Model, chat: &str, out: &mut Out) {
    out.push(Effect::Room(RoomWish::List));
    model.overlay = Some(Overlay::Room(RoomBox::Card { chat: chat.to_owned() }));
}

pub(super) fn link(model: &mut Model, chat: &str, out: &mut Out) {
    let name = model.room(chat).map(|(room, _)| room.name.clone());
    model.overlay = Some(Overlay::Invite(InviteBox { room: name, ..InviteBox::default() }));
    out.push(Effect::Room(RoomWish::Link { chat: chat.to_owned() }));
}

fn on_link(
    model: &mut Model,
    chat: &str,
    result: Result<starling_node::api::types::Invite, starling_node::api::types::Trouble>,
    out: &mut Out,
) {
    let name = model.room(chat).map(|(room, _)| room.name.clone());
    // The box may be closed, or another one, by now: a link that is not wanted any more is not copied.
    if matches!(&model.overlay, Some(Overlay::Invite(shown)) if shown.room == name) {
        super::setup::on_invite(model, result, out);
    } else {
        ok(model, result);
    }
}

/// Uses a link that was typed where links are asked for: a room's asks to be let in, any other asks the person.
pub fn use_link(link: &str) -> Effect {
    let link = link.trim().to_owned();
    match links::look(&link) {
        Link::Room { .. } => Effect::Room(RoomWish::JoinLink { link }),
        _ => Effect::Add { link },
    }
}

/// The question a pasted link leads to.
pub fn ask(link: String) -> Overlay {
    match links::look(&link) {
        Link::Room { name } => Overlay::Room(RoomBox::AskLink { link, name }),
        _ => Overlay::AskAdd { link },
    }
}

/// A key in one of the boxes.
pub fn on_key(model: &mut Model, shown: RoomBox, key: KeyEvent, out: &mut Out) {
    match (shown, key.code) {
        (RoomBox::People { .. }, KeyCode::Enter | KeyCode::F(3)) => {}
        (RoomBox::People { chat, top }, code) => {
            let last = model.people_here().len().min(PEOPLE_LINES);
            let top = match code {
                KeyCode::Up => top.saturating_sub(1),
                KeyCode::Down => (top + 1).min(last),
                KeyCode::PageUp => top.saturating_sub(10),
                KeyCode::PageDown => (top + 10).min(last),
                _ => top,
            };
            model.overlay = Some(Overlay::Room(RoomBox::People { chat, top }));
        }
        (RoomBox::Card { .. }, KeyCode::Enter | KeyCode::F(4)) => {}
        (RoomBox::Card { .. }, KeyCode::Char('p')) => people(model, out),
        (RoomBox::Card { chat }, KeyCode::Char('l')) if !model.is_open(&chat) => link(model, &chat, out),
        (RoomBox::Card { chat }, KeyCode::Char('x')) => {
            model.overlay = Some(Overlay::Room(RoomBox::Leave { chat }));
        }
        (RoomBox::Ask { chat }, KeyCode::Enter) => out.push(Effect::Room(RoomWish::Join { chat })),
        (RoomBox::Ask { chat }, KeyCode::Char('x')) => {
            model.rooms.list.retain(|room| chat_of(room) != chat);
            out.push(Effect::Room(RoomWish::Decline { chat }));
        }
        (RoomBox::AskLink { link, .. }, KeyCode::Enter) => {
            out.push(Effect::Room(RoomWish::JoinLink { link }))
        }
        (RoomBox::Hide { chat, id }, KeyCode::Char('h')) => {
            out.push(open::ask(OpenWish::Hide { chat, id }));
        }
        (RoomBox::Leave { chat }, KeyCode::Char('l')) => out.push(Effect::Room(RoomWish::Leave { chat })),
        (shown, _) => model.overlay = Some(Overlay::Room(shown)),
    }
}
