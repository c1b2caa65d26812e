//! Rooms in words: how many have a message and who not, how a room is, who is in it.

use crate::screen::model::Model;
use crate::screen::text::{clean, count, time};
use starling_node::api::types::{Chat, Counts, Member, Message, Recipient, Room, RoomNow};

/// Columns a chat must have for the topic in its title line.
const TOPIC_COLUMNS: u16 = 56;
/// Names said of those who have not got a message. More hide the rest of the line.
const NAMED: usize = 3;

/// The note behind a room's name in the title line.
pub fn about(model: &Model, chat: &Chat) -> String {
    let known = model.room(&chat.chat);
    match chat.state.as_str() {
        "joining" => "waiting to be let in".to_owned(),
        "left" => "you left".to_owned(),
        "removed" => "you were removed".to_owned(),
        _ if model.is_open(&chat.chat) => super::open::OPEN.to_owned(),
        _ => match known {
            Some((room, now)) => {
                let topic = clean::line(&now.topic);
                let about = format!("{}, encrypted", people(room.members));
                // Where there is little room the words about the network are worth more.
                if topic.is_empty() || model.geometry().pane < TOPIC_COLUMNS {
                    about
                } else {
                    format!("{about} {} {topic}", model.theme.marks.dot)
                }
            }
            None => "encrypted".to_owned(),
        },
    }
}

/// "8 people", "1 person".
pub fn people(members: u32) -> String {
    count(u64::from(members), "person", "people")
}

/// What is said of a room in a list: how many, or where one stands.
pub fn note(model: &Model, chat: &Chat) -> String {
    match model.room(&chat.chat) {
        Some((room, _)) if room.change == "member" && !room.open => people(room.members),
        _ => about(model, chat),
    }
}

/// How many have a message, from the recipients if they are known.
pub fn counts(message: &Message) -> Option<Counts> {
    if message.recipients.is_empty() {
        return message.counts;
    }
    let mut counts =
        Counts { of: u32::try_from(message.recipients.len()).unwrap_or(u32::MAX), ..Counts::default() };
    for one in &message.recipients {
        match one.state.as_str() {
            "mailbox" => counts.mailbox += 1,
            "failed" | "expired" => counts.failed += 1,
            "delivered" => counts.delivered += 1,
            "read" => {
                counts.delivered += 1;
                counts.read += 1;
            }
            _ => counts.queued += 1,
        }
    }
    Some(counts)
}

/// What the newest own message of a room says under itself.
pub fn delivery(model: &Model, message: &Message) -> String {
    if model.is_open(&message.chat) {
        return super::open::delivery(model, message);
    }
    let Some(counts) = counts(message).filter(|counts| counts.of > 0) else {
        let alone = model.room(&message.chat).is_some_and(|(room, _)| room.members <= 1);
        return if alone { "kept here; nobody else is in this room yet" } else { "waiting to send" }
            .to_owned();
    };
    let Counts { delivered, read, mailbox, queued, failed, of } = counts;
    if delivered == of {
        return match read {
            0 => format!("delivered to {}", all(message, of)),
            read if read == of => format!("read by {}", all(message, of)),
            read => format!("read by {read}, delivered to {} more", of - read),
        };
    }
    let mut rest = Vec::new();
    for (some, state, words) in [
        (mailbox, "mailbox", "waiting in mailboxes for"),
        (queued, "queued", "waiting for"),
        (failed, "failed", "not sent to"),
    ] {
        if some > 0 {
            rest.push(format!("{words} {}", who(message, state, some)));
        }
    }
    if delivered == 0 && mailbox == of {
        return kept(model, message);
    }
    if delivered == 0 && queued == of && model.invisible() {
        return "waiting to send · you are invisible".to_owned();
    }
    if delivered == 0 && queued == of {
        return format!("waiting to send to {}", all(message, of));
    }
    format!("{delivered} of {of} have it; {}", rest.join("; "))
}

fn all(message: &Message, of: u32) -> String {
    match message.recipients.as_slice() {
        [one] => clean::line(&one.name),
        _ if of == 1 => "one person".to_owned(),
        _ => format!("all {of}"),
    }
}

/// "in 1 mailbox, kept until 21 Dec", of a message nobody has fetched.
fn kept(model: &Model, message: &Message) -> String {
    super::mail::delivery(model, message.kept.as_ref(), None)
}

/// Those in a state by their names, if they are few; else how many.
fn who(message: &Message, state: &str, some: u32) -> String {
    let fits = |one: &&Recipient| match state {
        "failed" => matches!(one.state.as_str(), "failed" | "expired"),
        state => one.state == state,
    };
    let names: Vec<String> =
        message.recipients.iter().filter(fits).map(|one| clean::line(&one.name)).take(NAMED + 1).collect();
    match names.as_slice() {
        [] => people(some),
        [one] => one.clone(),
        [most @ .., last] if names.len() <= NAMED => format!("{} and {last}", most.join(", ")),
        [..] => people(some),
    }
}

/// How many have it, one line for each state, for who asks who has it in a room of many.
pub fn counted(counts: &Counts) -> Vec<(&'static str, String)> {
    let Counts { delivered, read, mailbox, queued, failed, of } = *counts;
    [
        ("read", "read", read),
        ("delivered", "delivered, not read", delivered.saturating_sub(read)),
        ("mailbox", "in mailboxes", mailbox),
        ("queued", "waiting", queued),
        ("failed", "not sent", failed),
    ]
    .into_iter()
    .filter(|(_, _, some)| *some > 0)
    .map(|(state, words, some)| (state, format!("{words}: {some} of {of}")))
    .collect()
}

/// The word of a role; none for a plain member.
pub fn role(role: &str) -> &'static str {
    match role {
        "creator" => "creator",
        "admin" => "admin",
        _ => "",
    }
}

/// Since when somebody is not here, shortly: "2 d".
pub fn away(model: &Model, one: &Member) -> String {
    let Some(at) = one.last_seen.as_deref().and_then(time::parse) else { return String::new() };
    let seconds = model.wall.as_second().saturating_sub(at.as_second()).max(0);
    match seconds {
        0..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How somebody of a room is, for the list of its people.
pub fn how(model: &Model, one: &Member) -> String {
    if one.me {
        return String::new();
    }
    if one.via != "none" && !one.via.is_empty() {
        return super::road(&one.via).to_owned();
    }
    super::absent(model, one.last_seen.as_deref())
}

/// What of its history a room gives to those who come later.
pub fn history(policy: &str) -> String {
    let mut words = policy.split_whitespace();
    match (words.next(), words.next()) {
        (Some("all"), _) => "Who comes later reads everything.".to_owned(),
        (Some("last"), Some(some)) => {
            format!("Who comes later reads the last {} messages.", clean::line(some))
        }
        (Some("days"), Some("1")) => "Who comes later reads the last day.".to_owned(),
        (Some("days"), Some(some)) => format!("Who comes later reads the last {} days.", clean::line(some)),
        _ => "Who comes later reads only what is written from then on.".to_owned(),
    }
}

/// What keeps a room's messages for those who are away.
pub fn mailboxes(now: &RoomNow) -> String {
    match now.mailboxes {
        0 => "No mailbox keeps what is written: who is away gets it from those who are here.".to_owned(),
        some => count(
            u64::from(some),
            "mailbox keeps what is written for those who are away.",
            "mailboxes keep what is written for those who are away.",
        ),
    }
}

/// Who asks one into a room, and how many are in it.
pub fn invitation(room: &Room, now: &RoomNow) -> String {
    let by = now.by.as_deref().map_or_else(|| "Somebody".to_owned(), clean::line);
    let by = if by.is_empty() { "Somebody".to_owned() } else { by };
    format!("{by} asks you into {}. {} in it.", clean::line(&room.name), are(room.members))
}

fn are(members: u32) -> String {
    if members == 1 { "1 person is".to_owned() } else { format!("{members} people are") }
}
