//! Cards that only tell something, as lines.

use super::choose::Shown;
use super::numbers::Numbers;
use super::words::here;
use crate::screen::model::Model;
use crate::screen::model::overlay::{InviteBox, NetView, Overlay, RoomBox, Trial};
use crate::screen::model::words::{self, mail, report, rooms};
use crate::screen::text::{clean, count, time};
use starling_node::api::types::{Invite, KeptAt, Message, Room, RoomNow};

/// What is told of what lies over the screen and asks for nothing.
pub fn told(model: &Model, overlay: &Overlay, numbers: &Numbers) -> Shown {
    match overlay {
        Overlay::Invite(shown) => invite(model, shown),
        Overlay::WhoHas { id, message, kept } => match message {
            Some(message) => Shown::Tell(who_has(model, message, kept, numbers.of(id).unwrap_or(0))),
            None => Shown::Wait,
        },
        Overlay::Network(view) => network(model, view),
        Overlay::Mailboxes(shown) => {
            let mut lines: Vec<String> =
                shown.link.iter().map(|link| format!("link: {}", clean::line(link))).collect();
            match model.mailboxes.as_deref() {
                None => return Shown::Wait,
                Some([]) => lines.push(format!("mailbox: {}", mail::NO_MAILBOX)),
                Some(all) => {
                    lines.extend(all.iter().map(|one| format!("mailbox: {}", mail::mailbox(model, one))))
                }
            }
            Shown::Tell(lines)
        }
        _ => Shown::Tell(vec!["Line mode cannot show this; `starling` without --plain does.".to_owned()]),
    }
}

fn invite(model: &Model, shown: &InviteBox) -> Shown {
    match (&shown.invite, &shown.trouble) {
        (Some(made), _) => Shown::Tell(link(model, made)),
        (None, Some(trouble)) => Shown::Tell(vec![format!("problem: {}", here(trouble))]),
        (None, None) => Shown::Wait,
    }
}

/// An invite's link, and how long and for how many it is good.
pub fn link(model: &Model, made: &Invite) -> Vec<String> {
    let until = time::local(&made.until, &model.zone).map(|at| time::moment(&at, &model.now()));
    let until = until.map(|until| format!(", until {until}")).unwrap_or_default();
    let uses = count(u64::from(made.uses), "person can use it", "people can use it");
    vec![format!("invite: {uses}{until}. Give them this link:"), clean::line(&made.link)]
}

/// A person.
pub fn person(model: &Model, account: &str) -> Vec<String> {
    let Some(contact) = model.person(account) else {
        return vec![format!("person: {}", clean::line(&model.name_of(account)))];
    };
    let mut lines =
        vec![format!("person: {}, {}", clean::line(&contact.name), words::presence(model, contact))];
    if contact.waiting > 0 {
        lines.push(format!("waiting: {}", mail::waiting_for(contact.waiting, contact.in_mailboxes)));
    }
    lines.push(format!("mail: {}", mail::used_by(contact)));
    lines.push(
        match (contact.key_changed, contact.verified) {
            (true, _) => "key: it changed. It is a new device, or somebody else.",
            (_, true) => "key: verified, you compared the safety number.",
            _ => "key: not verified yet.",
        }
        .to_owned(),
    );
    lines
}

fn who_has(model: &Model, message: &Message, kept: &[KeptAt], number: u64) -> Vec<String> {
    let mut lines = vec![format!("message {number}: {}", super::speak::quote(message))];
    if !message.from.me {
        let at = time::local(&message.received, &model.zone).map(|at| time::moment(&at, &model.now()));
        let from = super::speak::sender(model, message);
        lines.push(format!("from {from}, came {} {}", at.unwrap_or_default(), words::road(&message.via)));
        if model.is_open(&message.chat) {
            lines.extend(words::open::signed(model, message));
        }
        return lines;
    }
    if model.is_open(&message.chat) {
        lines.push(words::open::delivery(model, message));
        return lines;
    }
    for one in &message.recipients {
        let (state, rest) = mail::recipient(model, one);
        lines.push(format!("{}: {state} {rest}", clean::line(&one.name)).trim_end().to_owned());
    }
    if message.recipients.is_empty()
        && let Some(counts) = rooms::counts(message)
    {
        lines.extend(rooms::counted(&counts).into_iter().map(|(_, words)| words));
    }
    lines.extend(kept.iter().map(|one| format!("kept in {}", mail::kept_at(model, one))));
    if message.state == "queued" {
        lines.extend(mail::why_waiting(model, model.chat_row(&message.chat)));
    }
    lines
}

fn network(model: &Model, view: &NetView) -> Shown {
    let Some(net) = &view.net else { return Shown::Wait };
    match &view.trial {
        Trial::Running => return Shown::Wait,
        Trial::Done(found) => {
            let line = |one: &starling_node::api::types::Test| {
                let words = format!(
                    "test {}: {} {}",
                    report::mark(one),
                    clean::line(&one.text),
                    clean::line(&one.advice)
                );
                words.trim_end().to_owned()
            };
            return Shown::Tell(found.iter().map(line).collect());
        }
        Trial::None => {}
    }
    let peers = &net.peers;
    let places = net.relays.iter().filter(|relay| relay.reserved).count();
    let mut lines = vec![
        format!("network: {}", here(report::on(net))),
        format!("reached: {}", report::reached(net)),
        format!("people: {} direct, {} by relay, {} on this LAN", peers.direct, peers.relayed, peers.lan),
        format!("relays: {} known, {places} with a place for you", net.relays.len()),
        format!("router: {}", report::router(net)),
        format!("help: {} other computers help to find people", net.dht.known),
    ];
    lines.push(format!("waiting: {}", mail::waiting_for(model.waiting(), model.in_mailboxes())));
    lines.push("/wake tries what waits now, /net test tries everything.".to_owned());
    Shown::Tell(lines)
}

/// How an open channel is.
fn channel(model: &Model, chat: &str, room: &Room, now: &RoomNow) -> Vec<String> {
    let members = model.rooms.members.get(chat).map_or(&[][..], Vec::as_slice);
    let mut lines = vec![
        format!("open room: {}, not private. {}", clean::line(&room.name), words::open::who(&room.name)),
        words::open::kept().to_owned(),
        words::open::wrote(room),
        format!("{} {}", words::open::limits(), words::open::slow(now.slow_s)),
    ];
    lines.extend(words::open::choices(members));
    lines.push("/people lists who wrote, /leave leaves it.".to_owned());
    lines
}

/// How a room is, or who is in it.
pub fn room(model: &Model, shown: &RoomBox) -> Shown {
    match shown {
        RoomBox::People { chat, .. } => {
            let Some(members) = model.rooms.members.get(chat) else { return Shown::Wait };
            let open = model.is_open(chat);
            let lines = members.iter().map(|one| {
                if open {
                    return format!("{}, {}", clean::line(&one.name), words::open::how(model, one));
                }
                let parts =
                    [clean::line(&one.name), rooms::role(&one.role).to_owned(), rooms::how(model, one)];
                let mine = if one.me { ", you" } else { "" };
                let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                format!("{}{mine}", said.join(", "))
            });
            Shown::Tell(lines.collect())
        }
        RoomBox::Card { chat } => {
            let Some((room, now)) = model.room(chat) else { return Shown::Wait };
            if room.open {
                return Shown::Tell(channel(model, chat, room, now));
            }
            let topic = clean::line(&now.topic);
            let topic = if topic.is_empty() { "nothing yet".to_owned() } else { topic };
            Shown::Tell(vec![
                format!("room: {}, {}", clean::line(&room.name), rooms::people(room.members)),
                format!("about: {topic}"),
                format!("history: {}", rooms::history(&now.history)),
                format!("mail: {}", rooms::mailboxes(now)),
                "/people lists who is in it, /leave leaves it.".to_owned(),
            ])
        }
        _ => Shown::Tell(vec!["Line mode cannot show this; `starling` without --plain does.".to_owned()]),
    }
}
