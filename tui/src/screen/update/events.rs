//! What the node says: answers to effects, and events. A message comes once however often it is told; marks only go
//! forward; what cannot be done is said in the line above the editor.

use super::{
    Out, chats, goto, mail, near, network, outside, overlay, places, rooms, say, search, send, setup, talk,
    trouble,
};
use crate::screen::model::chatlog::{ChatLog, GapLine, Part, take_receipt};
use crate::screen::model::overlay::Overlay;
use crate::screen::model::setup::{Unlock, WordsPage};
use crate::screen::model::{Compose, Model, Place, TYPING_MS};
use crate::screen::msg::{After, Effect, MailWish, Msg, ProfileKind, RoomWish};
use crate::screen::text::time;
use starling_node::api::types::{Chat, Contact, Gap, Message, Object, Presence, Receipt, Trouble, Typing};

/// Takes in anything but keys and time.
pub fn on_message(model: &mut Model, msg: Msg, out: &mut Out) {
    match msg {
        Msg::Profile(kind) => on_profile(model, kind, out),
        Msg::Created(result) => setup::on_created(model, result, out),
        Msg::Opened(result) => setup::on_opened(model, result, out),
        Msg::Closed(reason) => {
            model.place = Place::Broken(reason);
            model.overlay = None;
        }
        Msg::Event(object) => on_event(model, *object, out),
        Msg::Sent { chat, reference, result } => send::on_sent(model, &chat, &reference, result, out),
        Msg::Place(news) => places::on_news(model, news, out),
        Msg::Terminate => {
            chats::keep_draft(model, out);
            out.push(Effect::Quit { code: 143 });
        }
        Msg::Outside(news) => outside::on_news(model, news),
        Msg::Near(news) => near::on_news(model, news),
        other => on_answer(model, other, out),
    }
}

fn on_profile(model: &mut Model, kind: ProfileKind, out: &mut Out) {
    match kind {
        ProfileKind::Missing => model.place = Place::Setup(Box::default()),
        ProfileKind::Locked => model.place = Place::Unlock(Unlock::default()),
        ProfileKind::Open => {
            model.place = Place::Starting;
            out.push(Effect::Open { passphrase: None });
        }
    }
}

/// The value of an answer; an error goes to the line above the editor.
pub(super) fn ok<T>(model: &mut Model, result: Result<T, Trouble>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(reason) => {
            trouble(model, reason);
            None
        }
    }
}

fn on_answer(model: &mut Model, msg: Msg, out: &mut Out) {
    match msg {
        Msg::Chats(result) => {
            if let Some(list) = ok(model, result) {
                on_chats(model, list, out);
            }
        }
        Msg::People(result) => {
            if let Some(people) = ok(model, result) {
                on_people(model, people);
            }
        }
        Msg::Requests(result) => {
            if let Some(requests) = ok(model, result) {
                model.requests = requests;
            }
        }
        Msg::Status(_) | Msg::Net(_) | Msg::NetTest(_) => network::on_answer(model, msg),
        Msg::Mailboxes(_) | Msg::MailDone { .. } | Msg::Granted(_) | Msg::Kept { .. } => {
            mail::on_answer(model, msg, out);
        }
        Msg::Log { chat, page } => on_log(model, &chat, page, out),
        Msg::Talk(news) => talk::on_news(model, news, out),
        Msg::One(result) => {
            if let Some(found) = ok(model, result)
                && let Some(Overlay::WhoHas { id, message, .. }) = &mut model.overlay
                && *id == found.id
            {
                *message = Some(found);
            }
        }
        Msg::Done { say: words, result } => {
            if ok(model, result).is_some()
                && let Some(words) = words
            {
                say(model, words);
            }
        }
        Msg::EditRefused { id, text, trouble: reason } => {
            let typed = model.editor.text();
            let before = match std::mem::take(&mut model.compose) {
                // Another change was begun meanwhile: nothing of it is lost.
                Compose::Edit { before, .. } if !before.is_empty() => format!("{before}\n{typed}"),
                _ => typed,
            };
            model.editor.set(&text);
            model.compose = Compose::Edit { id, before };
            trouble(model, reason);
        }
        other => on_people_answer(model, other, out),
    }
}

fn on_people_answer(model: &mut Model, msg: Msg, out: &mut Out) {
    match msg {
        Msg::Invite(result) => setup::on_invite(model, result, out),
        Msg::Contact { then, result } => on_contact_answer(model, then, result, out),
        Msg::Dropped(result) => {
            if ok(model, result).is_some() {
                say(model, "Dropped. They are not told.");
            }
            out.push(Effect::Requests);
        }
        Msg::Safety(result) => {
            if let Some(safety) = ok(model, result)
                && let Some(Overlay::Person(card)) = &mut model.overlay
                && card.account == safety.account
            {
                card.safety = Some(safety);
            }
        }
        Msg::Found { text, result } if goto::on_found(model, &text, &result) => {}
        Msg::Found { text, result } => search::on_found(model, &text, result),
        Msg::Named(result) => {
            if let Some(account) = ok(model, result) {
                say(model, format!("People see you as {} from now on.", account.name));
                if let Some(opened) = &mut model.opened {
                    opened.account.name = account.name;
                }
            }
        }
        Msg::Words(Ok(words)) => model.overlay = Some(Overlay::Words(WordsPage::new(words))),
        Msg::Words(Err(reason)) => {
            model.overlay = None;
            trouble(model, reason);
        }
        _ => {}
    }
}

fn on_chats(model: &mut Model, mut list: Vec<Chat>, out: &mut Out) {
    // What is in the editor is newer than the draft the node has.
    if let Some(open) = &model.open
        && let Some(row) = list.iter_mut().find(|row| row.chat == *open)
    {
        row.draft = (!model.draft_kept.is_empty()).then(|| model.draft_kept.clone());
    }
    // A room one is asked into is no chat yet.
    list.retain(|row| row.kind != "room" || row.state != "invited");
    chats::replace(model, list);
    model.chats_known = true;
    let setting_up = matches!(model.place, Place::Setup(_));
    if !setting_up {
        chats::open_first(model, out);
        rooms::open_awaited(model, out);
    }
}

fn on_people(model: &mut Model, people: Vec<Contact>) {
    model.next_try = people
        .iter()
        .filter_map(|contact| contact.next_try_ms.map(|left| (contact.account.clone(), model.now_ms + left)))
        .collect();
    model.network_next_ms = model.next_try.values().min().copied();
    for contact in &people {
        show_presence(model, &contact.account, &contact.presence, &contact.via);
    }
    model.people = people;
    model.kept_stale = false;
}

fn on_log(model: &mut Model, chat: &str, page: Result<Vec<Message>, Trouble>, out: &mut Out) {
    let log = chats::log(model, chat);
    let first_time = !log.loaded;
    talk::on_page(model, chat, &Part::Newest, page, out);
    if first_time && model.open.as_deref() == Some(chat) {
        chats::mark_new(model, chat);
    }
}

fn on_contact_answer(model: &mut Model, then: After, result: Result<Box<Contact>, Trouble>, out: &mut Out) {
    out.push(Effect::Requests);
    let contact = match result {
        Ok(contact) => contact,
        Err(reason) => return setup::on_add_refused(model, reason),
    };
    let words = match then {
        After::Nothing => None,
        After::Say(words) => {
            say(model, words);
            put_contact(model, *contact);
            return;
        }
        After::Asked => Some(format!("Asked {}. You can write once they accept.", contact.name)),
        After::Accepted => Some(format!("{} is among your people now.", contact.name)),
    };
    if let Some(words) = words {
        say(model, words);
        model.awaited = Some(contact.account.clone());
        model.overlay = None;
        setup::finish(model, out);
        chats::leave(model, out);
        model.open = None;
        model.editor.clear();
        model.draft_kept.clear();
    }
    put_contact(model, *contact);
    out.push(Effect::People);
    out.push(Effect::Chats);
}

/// Whoever one asked has said yes: that is told, wherever one is.
fn accepted(model: &mut Model, contact: &Contact) {
    let asked = model.people.iter().find(|known| known.account == contact.account);
    let asks = model.requests.iter().any(|request| request.account == contact.account);
    if contact.state == "accepted" && !asks && asked.is_some_and(|known| known.state == "pending") {
        say(model, format!("{} has accepted: you can write to each other now.", contact.name));
    }
}

fn put_contact(model: &mut Model, contact: Contact) {
    if let Some(chat) = model.chats.iter_mut().find(|chat| chat.account.as_deref() == Some(&contact.account))
    {
        chat.title.clone_from(&contact.name);
        chat.state.clone_from(&contact.state);
        chat.verified = contact.verified;
        chat.key_changed = contact.key_changed;
    }
    if let Some(Overlay::Person(card)) = &mut model.overlay
        && card.account == contact.account
        && let Some(safety) = &mut card.safety
    {
        safety.verified = contact.verified;
        safety.key_changed = contact.key_changed;
    }
    match model.people.iter_mut().find(|known| known.account == contact.account) {
        Some(known) => *known = contact,
        None => model.people.push(contact),
    }
}

fn on_event(model: &mut Model, object: Object, out: &mut Out) {
    match object {
        Object::Message(message) => {
            outside::on_message(model, &message, out);
            on_new_message(model, *message, out);
        }
        Object::Receipt(receipt) => on_receipt(model, &receipt, out),
        Object::Request(request) => {
            model.requests.retain(|known| known.account != request.account);
            near::on_request(model, &request);
            model.requests.push(request);
        }
        Object::Contact(contact) => {
            let account = contact.account.clone();
            accepted(model, &contact);
            model.requests.retain(|request| request.account != account || contact.state == "pending");
            put_contact(model, contact);
            out.push(Effect::Chats);
            out.push(Effect::People);
        }
        Object::Presence(presence) => on_presence(model, &presence, out),
        Object::Typing(typing) => on_typing(model, typing),
        Object::Network(state) => network::on_state(model, state),
        Object::Gap(gap) => on_gap(model, gap),
        Object::Hidden(hidden) => talk::on_hidden(model, &hidden.chat, &hidden.id),
        Object::Near(one) => near::on_near(model, one),
        Object::Compare(words) => near::on_words(model, words),
        Object::MailAsk(asked) => mail::on_ask(model, &asked, out),
        Object::Room(room) => rooms::on_event(model, &room, out),
        Object::Resync(_) => {
            // Only what is on its way to the disk is still true.
            model.logs.retain(|_, log| !log.pending.is_empty());
            model.logs.values_mut().for_each(ChatLog::forget);
            if let Some(open) = model.open.clone() {
                chats::log(model, &open).loading = Some(Part::Newest);
                out.push(Effect::Log { chat: open });
            }
            out.extend([Effect::Chats, Effect::People, Effect::Requests, Effect::Status]);
            out.extend([Effect::Mail(MailWish::List), Effect::Room(RoomWish::List)]);
        }
        _ => {}
    }
}

/// Whether a message can only be an old one that changed: edited, reacted to, pinned, tried again.
fn is_changed(message: &Message) -> bool {
    let tried = message.attempt > 1 || message.pinned;
    tried || message.edited || message.deleted || !message.reactions.is_empty()
}

/// Whether a message came before the newest of its chat: then it is probably an old one that is not pinned any more,
/// unless the clock was set back. The list is read again and knows.
fn is_before(model: &Model, message: &Message) -> bool {
    let newest = model.chat_row(&message.chat).and_then(|chat| chat.last_at.as_deref());
    time::parse(&message.received)
        .zip(newest.and_then(time::parse))
        .is_some_and(|(came, newest)| came < newest)
}

fn on_new_message(model: &mut Model, message: Message, out: &mut Out) {
    model.typing.remove(&(message.chat.clone(), message.from.account.clone()));
    if model.chat_row(&message.chat).is_none() {
        out.push(Effect::Chats);
        return;
    }
    let following = model.open.as_deref() == Some(&message.chat) && model.focus;
    let (changed, before) = (is_changed(&message), is_before(model, &message));
    let Some(log) = model.logs.get_mut(&message.chat) else {
        // Not loaded: a change of an old message looks like a new one; the list says what is unread.
        if before && !changed {
            out.push(Effect::Chats);
        } else if !changed {
            chats::touch(model, &message, true);
        }
        return;
    };
    if changed && log.index(&message.id).is_none() {
        return;
    }
    let new = log.upsert(message.clone());
    if new
        && !following
        && message.unread
        && log.new_line.is_none()
        && model.open.as_deref() == Some(&message.chat)
    {
        chats::mark_new(model, &message.chat);
    }
    if new && before {
        out.push(Effect::Chats);
    }
    rooms::count_new(model, &message, out);
    chats::touch(model, &message, new && !before);
}

fn on_receipt(model: &mut Model, receipt: &Receipt, out: &mut Out) {
    model.kept_stale |= receipt.kept.is_some() || model.in_mailboxes() > 0;
    rooms::on_receipt(model, receipt, out);
    if let Some(item) = model.logs.get_mut(&receipt.chat).and_then(|log| log.get_mut(&receipt.id)) {
        take_receipt(&mut item.message, receipt);
    }
    if let Some(Overlay::WhoHas { id, message: Some(message), .. }) = &mut model.overlay
        && *id == receipt.id
        && let Some(recipient) = message.recipients.iter_mut().find(|one| one.account == receipt.who)
    {
        overlay::take_receipt(recipient, receipt);
        out.push(Effect::Kept { id: receipt.id.clone() });
    }
}

fn show_presence(model: &mut Model, account: &str, state: &str, via: &str) {
    for chat in model.chats.iter_mut().filter(|chat| chat.account.as_deref() == Some(account)) {
        chat.presence = state.to_owned();
        chat.via = via.to_owned();
    }
}

fn on_presence(model: &mut Model, presence: &Presence, out: &mut Out) {
    show_presence(model, &presence.account, &presence.state, &presence.via);
    if let Some(contact) = model.people.iter_mut().find(|contact| contact.account == presence.account) {
        contact.presence.clone_from(&presence.state);
        contact.via.clone_from(&presence.via);
    }
    if presence.state == "offline" {
        // The node knows since when, and when it tries again.
        out.push(Effect::People);
        out.push(Effect::Chats);
        model.typing.retain(|(_, account), _| *account != presence.account);
    } else {
        model.next_try.remove(&presence.account);
    }
}

fn on_typing(model: &mut Model, typing: Typing) {
    let key = (typing.chat, typing.account);
    if typing.on {
        model.typing.insert(key, model.now_ms + TYPING_MS);
    } else {
        model.typing.remove(&key);
    }
}

fn on_gap(model: &mut Model, gap: Gap) {
    let log = chats::log(model, &gap.chat);
    if gap.missing == 0 {
        log.gaps.retain(|known| known.from != gap.from);
        return;
    }
    let after = log.items.last().map(|item| item.message.id.clone());
    match log.gaps.iter_mut().find(|known| known.from == gap.from) {
        Some(known) => known.missing = gap.missing,
        None => log.gaps.push(GapLine { from: gap.from, missing: gap.missing, after }),
    }
}
