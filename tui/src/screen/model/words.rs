//! Facts in words: delivery, the network, a person's presence. Plain words of the design (person, message, device,
//! relay, mailbox); a word never says more than is known.

use super::Model;
use crate::screen::text::{columns, count, time};
use starling_node::api::types::{Chat, Contact, Message, Network, Trouble};

/// What the newest own message says under itself.
pub fn delivery(model: &Model, message: &Message, chat: Option<&Chat>) -> String {
    if chat.is_some_and(|chat| chat.kind == "me") {
        return "kept on this device".to_owned();
    }
    let when = time::local(&message.state_at, &model.zone).map(|at| time::moment(&at, &model.now()));
    let when = when.unwrap_or_default();
    match message.state.as_str() {
        "queued" => waiting(model, chat),
        "mailbox" => "in a mailbox; it will be fetched from there".to_owned(),
        "delivered" => format!("delivered {when}").trim_end().to_owned(),
        "read" => format!("read {when}").trim_end().to_owned(),
        "failed" => match &message.reason {
            Some(reason) => format!("not sent: {reason}"),
            None => "not sent".to_owned(),
        },
        "expired" => "not delivered in time; it is not tried any more".to_owned(),
        other => format!("state unknown to this version: {other}"),
    }
}

fn waiting(model: &Model, chat: Option<&Chat>) -> String {
    let Some(chat) = chat else { return "waiting to send".to_owned() };
    let Some(account) = chat.account.as_deref() else { return "waiting to send".to_owned() };
    if chat.presence != "offline" && chat.via != "none" {
        return "waiting to send".to_owned();
    }
    let name = &chat.title;
    match model.next_try_ms(account) {
        Some(left) => format!("waiting to send · {name} is not here; next try in {}", time::until(left)),
        None => format!("waiting to send · {name} is not here"),
    }
}

/// The words of a state in the list of who has a message.
pub fn state(state: &str) -> &'static str {
    match state {
        "queued" => "waiting",
        "mailbox" => "in a mailbox",
        "delivered" => "delivered",
        "read" => "read",
        "failed" => "not sent",
        "expired" => "not delivered in time",
        _ => "unknown",
    }
}

/// By which road a message or a person came.
pub fn road(via: &str) -> &'static str {
    match via {
        "direct" => "direct",
        "lan" => "this LAN",
        "relay" => "by relay",
        "mailbox" => "from a mailbox",
        "room" => "in a room",
        "local" => "this device",
        "none" => "not here",
        _ => "unknown road",
    }
}

/// The mark and the word of the network, top right: the whole words if they fit into `room` columns.
pub fn network(model: &Model, room: usize) -> String {
    let marks = &model.theme.marks;
    let (mark, short, long) = match model.network.as_ref().map(|network| network.state.as_str()) {
        None | Some("starting") => (marks.ellipsis, "starting", ""),
        Some("direct") => (marks.direct, "online", ": direct"),
        Some("relayed") => (marks.relay, "online", ": all by relay"),
        Some("lan") => (marks.lan, "LAN only", ": nobody beyond it"),
        Some("offline") => (marks.away, "offline", ": messages wait here"),
        Some(_) => ("?", "unknown", ""),
    };
    let whole = format!("{mark} {short}{long}");
    if columns(&whole) <= room { whole } else { format!("{mark} {short}") }
}

/// The line above the messages when the network is not fully there, as long as `room` columns allow.
pub fn network_line(model: &Model, room: usize) -> Option<String> {
    let network = model.network.as_ref()?;
    let words: &[&str] = match network.state.as_str() {
        "offline" => &[
            "! Nobody is reached now. You can write; messages wait on this computer and go by themselves.",
            "! Nobody is reached now. Messages wait on this computer.",
            "! Messages wait on this computer.",
        ],
        "relayed" => {
            &["! All traffic goes by relay (it sees who and when, not what).", "! All traffic goes by relay."]
        }
        _ => return None,
    };
    words.iter().find(|line| columns(line) <= room).or(words.last()).map(|line| (*line).to_owned())
}

/// The card at the bottom left, four short lines.
pub fn card(model: &Model) -> [String; 4] {
    let marks = &model.theme.marks;
    let Some(network) = &model.network else {
        return [
            format!("{} Starting", marks.ellipsis),
            "looking for people".to_owned(),
            String::new(),
            String::new(),
        ];
    };
    let waiting = if network.waiting == 0 {
        "nothing waiting".to_owned()
    } else {
        count(network.waiting, "message waiting", "messages waiting")
    };
    let first = match network.state.as_str() {
        "starting" => format!("{} Starting", marks.ellipsis),
        "direct" => format!("{} Online", marks.direct),
        "relayed" => format!("{} Online, by relay", marks.relay),
        "lan" => format!("{} LAN only", marks.lan),
        _ => format!("{} Offline{}", marks.away, since(model)),
    };
    let (second, third) = if network.state == "offline" || network.state == "starting" {
        ("nobody reached".to_owned(), next_try(model))
    } else {
        links(network)
    };
    [first, second, third, waiting]
}

fn links(network: &Network) -> (String, String) {
    (
        format!("{} direct, {} relayed", network.direct, network.relayed),
        format!("{} on this LAN", network.lan),
    )
}

fn since(model: &Model) -> String {
    let minutes = model.now_ms.saturating_sub(model.network_since_ms) / 60_000;
    if minutes == 0 { String::new() } else { format!(", {minutes} min") }
}

fn next_try(model: &Model) -> String {
    model
        .network_next_ms
        .and_then(|at| at.checked_sub(model.now_ms))
        .filter(|left| *left > 0)
        .map(|left| format!("next try in {}", time::until(left)))
        .unwrap_or_default()
}

/// How a person is, in words.
pub fn presence(model: &Model, contact: &Contact) -> String {
    match contact.state.as_str() {
        "pending" => return "asked; waits for their answer".to_owned(),
        "blocked" => return "blocked by you".to_owned(),
        "removed" => {
            return match &contact.reason {
                Some(reason) => format!("removed: {reason}"),
                None => "removed".to_owned(),
            };
        }
        _ => {}
    }
    if contact.presence == "offline" || contact.via == "none" {
        let seen = contact.last_seen.as_deref().and_then(|text| time::local(text, &model.zone));
        let mut words = match seen {
            Some(at) => format!("not here since {}", time::moment(&at, &model.now())),
            None => "not here".to_owned(),
        };
        if let Some(left) = model.next_try_ms(&contact.account) {
            words.push_str(&format!("; next try in {}", time::until(left)));
        }
        return words;
    }
    match contact.presence.as_str() {
        "away" => format!("away, {}", road(&contact.via)),
        "busy" => format!("busy, {}", road(&contact.via)),
        _ => format!("here, {}", road(&contact.via)),
    }
}

/// The note behind a chat's name in the title line.
pub fn about(model: &Model, chat: &Chat) -> String {
    if chat.kind == "me" {
        return "only for you".to_owned();
    }
    if chat.key_changed {
        return "key changed: F4".to_owned();
    }
    match chat.state.as_str() {
        "pending" => "asked; waits for their answer".to_owned(),
        "blocked" => "blocked".to_owned(),
        "removed" => "removed".to_owned(),
        _ => {
            let here = if chat.presence == "offline" || chat.via == "none" {
                match chat.last_seen.as_deref().and_then(|text| time::local(text, &model.zone)) {
                    Some(at) => format!("not here since {}", time::moment(&at, &model.now())),
                    None => "not here".to_owned(),
                }
            } else {
                road(&chat.via).to_owned()
            };
            let verified = if chat.verified { ", verified" } else { "" };
            format!("{here}, encrypted{verified}")
        }
    }
}

/// An error in one line: what happened, what it means, what to do, and the code for searching.
pub fn trouble(trouble: &Trouble) -> String {
    let mut line = trouble.what.trim_end_matches('.').to_owned();
    if !line.is_empty() {
        line.push('.');
    }
    for part in [&trouble.means, &trouble.do_] {
        if !part.is_empty() {
            line.push(' ');
            line.push_str(part);
        }
    }
    if !trouble.code.is_empty() {
        line.push_str(&format!(" [{}]", trouble.code));
    }
    line
}
