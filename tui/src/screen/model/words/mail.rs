//! Mailboxes in words: who keeps a message and until when, how a mailbox is, and the question between friends.

use crate::screen::model::Model;
use crate::screen::text::{bytes, clean, count, time};
use starling_node::api::types::{Chat, Contact, Kept, KeptAt, Mailbox, Recipient};

/// A day as "21 Dec", of a time of the API.
fn day(model: &Model, text: &str) -> Option<String> {
    let at = time::local(text, &model.zone)?;
    let now = model.now();
    Some(if at.date() == now.date() { format!("today {}", time::clock(&at)) } else { time::short(&at, &now) })
}

fn until(model: &Model, kept: &Kept) -> Option<String> {
    kept.until.as_deref().and_then(|text| day(model, text)).map(|day| format!("kept until {day}"))
}

fn boxes(mailboxes: u8) -> String {
    count(u64::from(mailboxes), "mailbox", "mailboxes")
}

/// What a message says that nothing more than mailboxes have.
pub fn delivery(model: &Model, kept: Option<&Kept>, chat: Option<&Chat>) -> String {
    match kept {
        Some(kept) if kept.mailboxes > 0 => {
            let until = until(model, kept).map(|until| format!(", {until}")).unwrap_or_default();
            format!("in {}{until}", boxes(kept.mailboxes))
        }
        Some(_) => format!("in no mailbox any more; {}", super::waiting(model, chat)),
        None => "in a mailbox".to_owned(),
    }
}

/// How far a message is for one recipient: what has it, and the rest.
pub fn recipient(model: &Model, one: &Recipient) -> (String, String) {
    match one.kept.as_ref().filter(|_| one.state == "mailbox") {
        Some(kept) if kept.mailboxes > 0 => {
            (format!("in {}", boxes(kept.mailboxes)), until(model, kept).unwrap_or_default())
        }
        Some(_) => ("in no mailbox any more".to_owned(), String::new()),
        None => {
            let at = time::local(&one.at, &model.zone).map(|at| time::moment(&at, &model.now()));
            (super::state(&one.state).to_owned(), at.unwrap_or_default())
        }
    }
}

/// Why a message that is only here has not gone, for who asks who has it.
pub fn why_waiting(model: &Model, chat: Option<&Chat>) -> Option<String> {
    let account = chat?.account.as_deref()?;
    let contact = model.person(account)?;
    if model.invisible() || (contact.presence != "offline" && contact.via != "none") {
        return None;
    }
    let name = clean::line(&contact.name);
    let next = match model.next_try_ms(account) {
        Some(left) => {
            let at = model.now().saturating_add(jiff::SignedDuration::from_millis(i64::try_from(left).ok()?));
            format!(", next try {}", time::moment(&at, &model.now()))
        }
        None => String::new(),
    };
    Some(if contact.mailboxes == 0 {
        format!("waiting: {name}'s devices cannot be reached, and they use no mailbox{next}")
    } else {
        format!("waiting: {name}'s devices and mailboxes cannot be reached{next}")
    })
}

/// A mailbox that keeps a message, for who asks who has it.
pub fn kept_at(model: &Model, one: &KeptAt) -> String {
    let day = day(model, &one.until).unwrap_or_default();
    format!("{}  until {day}", short(&one.mailbox))
}

/// The start of an id, to tell mailboxes apart.
pub fn short(id: &str) -> String {
    let bare = clean::line(id);
    let bare = bare.strip_prefix("mailbox:").unwrap_or(&bare);
    format!("mailbox {}", bare.chars().take(8).collect::<String>())
}

/// A mailbox and how it is: "Ilse's mailbox answers, 1.5 MB of 64 MB".
pub fn mailbox(model: &Model, one: &Mailbox) -> String {
    let name = match &one.name {
        Some(name) => format!("{}'s mailbox", clean::line(name)),
        None => short(&one.id),
    };
    match one.role.as_str() {
        "serving" if one.state == "damaged" => "What this node keeps for others cannot be used".to_owned(),
        "serving" if one.state == "silent" => "This node is too busy to say what it keeps".to_owned(),
        "serving" => {
            let (letters, people) =
                (count(one.holding, "letter", "letters"), count(one.boxes, "person", "people"));
            format!("This node keeps {letters} of {people}, {}", room(one))
        }
        "grant" => {
            let state = if one.state == "gone" { "taken back, " } else { "" };
            let people = count(one.boxes, "person", "people");
            format!("link {}: {state}used by {people}, {}", clean::line(&one.id), bytes(one.bytes))
        }
        "asks" => format!("{} asks: keep mail for each other?", whose(one)),
        "asked" => format!("{} is asked: keep mail for each other?", whose(one)),
        _ => match one.state.as_str() {
            "ok" => format!("{name} answers, {}", room(one)),
            "silent" => format!("{name} {}", silent(model, one)),
            "full" => format!("{name} is full: {}", room(one)),
            "gone" => format!("{name} does not keep your mail any more"),
            other => format!("{name}: {}", clean::line(other)),
        },
    }
}

fn whose(one: &Mailbox) -> String {
    one.name.as_deref().map_or_else(|| "somebody".to_owned(), clean::line)
}

fn silent(model: &Model, one: &Mailbox) -> String {
    let since = one.seen.as_deref().and_then(|text| time::local(text, &model.zone));
    match since {
        Some(at) => format!("does not answer since {}", time::moment(&at, &model.now())),
        None => "was not reached yet".to_owned(),
    }
}

fn room(one: &Mailbox) -> String {
    format!("{} of {}", bytes(one.bytes), bytes(one.quota))
}

/// What is said where no mailbox keeps one's mail.
pub const NO_MAILBOX: &str = "No mailbox keeps your mail: it waits with those who write to you.";

/// The line in the chat of somebody who asks, as long as `room` columns allow.
pub fn asks(model: &Model, room: usize) -> Option<String> {
    let chat = model.chat()?;
    let account = chat.account.as_deref()?;
    model.asks(account).then(|| {
        let name = clean::line(&chat.title);
        let typed = clean::line(&chat.name);
        let lines = [
            format!("! {name} asks: keep mail for each other? /mailbox accept {typed}, or decline"),
            format!("! {name} asks: keep mail for each other? /mailbox accept {typed}"),
            "! Keep mail for each other? /mailbox accept".to_owned(),
        ];
        let [.., shortest] = &lines;
        lines.iter().find(|line| crate::screen::text::columns(line) <= room).unwrap_or(shortest).clone()
    })
}

/// What is said when a question was asked, agreed to or declined.
pub fn asked(model: &Model, account: &str, change: &str) -> String {
    let name = clean::line(&model.name_of(account));
    match change {
        "asked" => {
            let chat = model.chats.iter().find(|chat| chat.account.as_deref() == Some(account));
            let typed = chat.map_or_else(|| format!("@{name}"), |chat| clean::line(&chat.name));
            format!("{name} asks: keep mail for each other? /mailbox accept {typed}")
        }
        "agreed" => format!("{name} and you keep mail for each other now."),
        _ => format!("{name} and you do not keep mail for each other."),
    }
}

/// Messages that wait for somebody, and how many of them mailboxes keep.
pub fn waiting_for(waiting: u64, in_mailboxes: u64) -> String {
    let all = count(waiting, "message waits", "messages wait");
    match in_mailboxes {
        0 => all,
        some if some >= waiting => format!("{all} in mailboxes"),
        some => format!("{all}, {some} in mailboxes"),
    }
}

/// Whether somebody's mail is kept while they are away.
pub fn used_by(contact: &Contact) -> String {
    match contact.mailboxes {
        0 => "They use no mailbox: messages wait here.".to_owned(),
        some => count(some.into(), "mailbox keeps their mail.", "mailboxes keep their mail."),
    }
}

/// What a new message to somebody who is not here does.
pub fn away(model: &Model, chat: &Chat) -> String {
    let name = clean::line(&chat.title);
    let contact = chat.account.as_deref().and_then(|account| model.person(account));
    match contact.map_or(0, |contact| contact.mailboxes) {
        0 => format!(
            "{name} is not here now; what you write waits on this computer and goes when both of you are online."
        ),
        _ => format!(
            "{name} is not here now; what you write goes into {name}'s mailboxes, sealed, and is fetched from there."
        ),
    }
}
