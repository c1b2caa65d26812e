//! The API's objects in words, one line per fact.

use super::duration::roughly;
use super::out::guard_line;
use super::{mail, rooms};
pub use crate::screen::text::bytes;
use starling_node::api::types::{
    Chat, Contact, Invite, MailAsk, Message, Near, Object, Receipt, Request, Status,
};
use std::collections::HashMap;

/// A time of the API as "2026-11-22 21:12", here.
pub fn when(stamp: &str) -> String {
    match stamp.parse::<jiff::Timestamp>() {
        Ok(at) => at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => stamp.to_owned(),
    }
}

/// "1 message", "2 messages".
pub fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A message: time, who, text; further lines of the text are indented.
pub fn message(message: &Message, with_chat: bool) -> String {
    let mut line = when(&message.received);
    line.push(' ');
    if with_chat {
        line.push_str(&format!("{} ", guard_line(&message.chat_name)));
    }
    if message.kind == "notice" {
        // What Starling says: nobody wrote it.
        return format!("{line}* {}", guard_line(&message.text));
    }
    let name = if message.from.me { "you".to_owned() } else { guard_line(&message.from.name) };
    let text = if message.deleted { "(deleted)".to_owned() } else { message.text.replace('\n', "\n    ") };
    line.push_str(&format!("{name}: {text}"));
    let mut marks = Vec::new();
    if message.edited && !message.deleted {
        marks.push("edited".to_owned());
    }
    if let Some(counts) = &message.counts {
        marks.push(rooms::counts(counts));
    } else if message.from.me && message.chat_name != "me" {
        marks.push(message.kept.as_ref().map_or_else(|| message.state.clone(), mail::kept));
    }
    for (emoji, names) in &message.reactions {
        marks.push(format!("{} {}", guard_line(emoji), guard_line(&names.join(", "))));
    }
    if !marks.is_empty() {
        line.push_str(&format!("  ({})", marks.join("; ")));
    }
    line
}

/// "; the next try is in 12 s".
pub fn when_next(milliseconds: u64) -> String {
    format!("; the next try is in {}", roughly(milliseconds.div_ceil(1_000).max(1)))
}

fn receipt(receipt: &Receipt, names: &Names) -> String {
    let reason =
        receipt.reason.as_deref().map(|reason| format!(": {}", guard_line(reason))).unwrap_or_default();
    let state = receipt.kept.as_ref().map_or_else(|| receipt.state.clone(), mail::kept);
    format!("{} message {} {state} for {}{reason}", when(&receipt.at), receipt.id, names.name(&receipt.who))
}

/// Names for account ids, where an object has only those.
#[derive(Debug, Default)]
pub struct Names {
    own: String,
    people: HashMap<String, String>,
}

impl Names {
    /// From a list of contacts.
    pub fn new(own: &str, people: Vec<Contact>) -> Self {
        let people = people.into_iter().map(|contact| (contact.account, guard_line(&contact.name)));
        Self { own: own.to_owned(), people: people.collect() }
    }

    /// Whether an account is one's own.
    fn is_own(&self, account: &str) -> bool {
        self.own == account
    }

    /// Takes in a contact that changed.
    pub fn learn(&mut self, contact: &Contact) {
        self.people.insert(contact.account.clone(), guard_line(&contact.name));
    }

    fn name<'a>(&'a self, account: &'a str) -> &'a str {
        self.people.get(account).map_or(account, String::as_str)
    }
}

/// Somebody who asks.
pub fn request(request: &Request) -> String {
    let note = guard_line(&request.note);
    let note = if note.is_empty() { String::new() } else { format!("  \"{note}\"") };
    format!("{}  {}{note}", guard_line(&request.name), request.account)
}

/// A contact.
pub fn contact(contact: &Contact) -> String {
    let now = (contact.state == "accepted").then(|| presence(&contact.presence, &contact.via));
    contact_line(contact, now)
}

fn contact_line(contact: &Contact, now: Option<String>) -> String {
    let handle = starling_node::api::names::handle(&contact.name);
    let mut facts = vec![contact.state.clone()];
    if contact.key_changed {
        facts.push("key changed".to_owned());
    } else if contact.verified {
        facts.push("verified".to_owned());
    }
    if let Some(reason) = &contact.reason {
        facts.push(guard_line(reason));
    }
    facts.extend(now);
    if contact.hidden {
        facts.push("you are hidden from them".to_owned());
    }
    if contact.waiting > 0 {
        let kept = match contact.in_mailboxes {
            0 => String::new(),
            kept => format!(" ({kept} in mailboxes)"),
        };
        facts.push(format!("{} waiting{kept}", plural(contact.waiting, "message", "messages")));
    }
    format!("@{handle}  {}  {}", guard_line(&contact.name), facts.join(", "))
}

fn presence(state: &str, via: &str) -> String {
    let state = if state == "hidden" { "connected (not shown how)" } else { state };
    match via {
        "none" => state.to_owned(),
        "lan" => format!("{state} on this network"),
        "relay" => format!("{state} by relay"),
        via => format!("{state}, {via}"),
    }
}

/// An invite.
pub fn invite(invite: &Invite) -> String {
    let uses = plural(u64::from(invite.uses), "use", "uses");
    format!("{}  {uses} left  until {}\n    {}", invite.id, when(&invite.until), invite.link)
}

/// Somebody near.
pub fn near(near: &Near) -> String {
    let contact = if near.contact { "  one of your people" } else { "" };
    format!("{}  {}{contact}\n    {}", guard_line(&near.name), near.account, near.link)
}

/// An event, or any other object.
pub fn object(object: &Object, names: &Names) -> String {
    match object {
        Object::Message(kept) => message(kept, true),
        Object::Receipt(kept) => receipt(kept, names),
        Object::Hidden(hidden) => format!("message {} is hidden here", hidden.id),
        Object::Request(asks) => format!("{} somebody asks: {}", when(&asks.at), request(asks)),
        // An event tells what changed; how they are now is no part of it.
        Object::Contact(changed) => contact_line(changed, None),
        Object::Presence(passing) => {
            format!("{} is {}", names.name(&passing.account), presence(&passing.state, &passing.via))
        }
        Object::Typing(typing) => {
            format!("{} {}", names.name(&typing.account), if typing.on { "types" } else { "stopped typing" })
        }
        Object::RoomCopy(copy) => format!("{}: {} asked into it", copy.name, copy.asked.len()),
        Object::Compare(compare) => {
            format!("compare with {}: {}", names.name(&compare.account), compare.words.join(" "))
        }
        Object::Near(near) => self::near(near),
        Object::Network(network) => {
            let invisible = if network.invisible { ", invisible" } else { "" };
            format!("network: {}{invisible}, {} waiting", network.state, network.waiting)
        }
        Object::Net(net) => super::network::lines(net),
        Object::Test(one) => super::network::finding(one),
        Object::LogLine(one) => super::logs::line(one),
        Object::Gap(gap) if gap.missing == 0 => {
            format!("nothing is missing from {} any more", names.name(&gap.from))
        }
        Object::Gap(gap) => {
            format!("{} from {} missing", plural(gap.missing, "message", "messages"), names.name(&gap.from))
        }
        Object::Mailbox(one) => mail::line(one),
        Object::Kept(one) => mail::kept_at(one),
        Object::MailAsk(asked) => mail_ask(asked, names),
        Object::Room(room) => rooms::event(room, names.is_own(&room.who)),
        Object::Member(one) => rooms::member(one),
        Object::Resync(resync) => {
            format!("too slow for {}; they follow", plural(resync.lost, "event", "events"))
        }
        Object::Sent(sent) => sent.id.clone(),
        Object::Status(now) => status(now),
        Object::Invite(made) => invite(made),
        Object::Account(own) => format!("{}\n{}\n{}", own.account, own.device, guard_line(&own.name)),
        Object::Chat(chat) => chat_line(chat),
        Object::Safety(safety) => safety.number.clone(),
        Object::Reload(done) => super::config::words(done),
        Object::Done(done) => done.what.clone(),
    }
}

fn mail_ask(asked: &MailAsk, names: &Names) -> String {
    let name = names.name(&asked.account);
    match asked.change.as_str() {
        "asked" => format!("{name} asks: keep mail for each other?"),
        "agreed" => format!("{name} and you keep mail for each other now"),
        _ => format!("{name} and you do not keep mail for each other"),
    }
}

/// A row of the chat list.
pub fn chat_line(chat: &Chat) -> String {
    let mut line = format!("{}  {}", guard_line(&chat.name), guard_line(&chat.title));
    let mut add = |words: &str| {
        line.push_str("  ");
        line.push_str(words);
    };
    if chat.unread > 0 {
        add(&format!("{} new", chat.unread));
    }
    if chat.pinned {
        add("pinned");
    }
    match (chat.mute.as_str(), chat.mute_until.as_deref()) {
        ("off", _) => {}
        ("mentions", None) => add("muted but for mentions"),
        ("mentions", Some(until)) => add(&format!("muted but for mentions until {}", when(until))),
        (_, None) => add("muted"),
        (_, Some(until)) => add(&format!("muted until {}", when(until))),
    }
    if chat.archived {
        add("put away");
    }
    match chat.notify.as_str() {
        "default" => {}
        "off" => add("no notices"),
        how => add(&format!("notices say: {}", guard_line(how))),
    }
    line
}

/// The state of the node.
pub fn status(now: &Status) -> String {
    let peers = &now.peers;
    let mut lines = vec![
        format!(
            "{:<12} {}  {} direct, {} by relay, {} on this network",
            "network", now.network, peers.direct, peers.relayed, peers.lan
        ),
        format!(
            "{:<12} {}{}",
            "waiting",
            plural(now.outbox.queued + now.outbox.mailbox, "message", "messages"),
            if now.outbox.mailbox > 0 {
                format!(", {} in mailboxes", now.outbox.mailbox)
            } else {
                String::new()
            }
        ),
        format!(
            "{:<12} {}, {} on disk",
            "store",
            plural(now.store.messages, "message", "messages"),
            bytes(now.store.bytes)
        ),
        format!(
            "{:<12} running {}, pid {}, API {}, version {}",
            "node",
            roughly(now.uptime_s),
            now.pid,
            now.api,
            now.version
        ),
        format!("{:<12} {}  {}", "you", guard_line(&now.name), now.account),
    ];
    if now.invisible {
        lines.push(format!("{:<12} nobody is called or answered", "invisible"));
    }
    for one in &now.mailboxes {
        lines.push(format!("{:<12} {}", "mailbox", mail::line(one)));
    }
    if !now.serving.is_empty() {
        lines.push(format!("{:<12} {}", "serving", guard_line(&now.serving.join(", "))));
    }
    if let Some(held) = &now.serving_mail {
        lines.push(format!("{:<12} {}", "keeps", mail::held(held)));
    }
    if now.requests > 0 {
        lines.push(format!("{:<12} {}", "asking", plural(u64::from(now.requests), "person", "people")));
    }
    for addr in &now.listen {
        lines.push(format!("{:<12} {}", "listening", guard_line(addr)));
    }
    if let Some(trouble) = &now.trouble {
        lines.push(format!("{:<12} {}", "trouble", guard_line(trouble)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
