//! Rooms and their people as lines.

use crate::cli::human::{plural, when};
use crate::cli::out::guard_line;
use starling_node::api::names::handle;
use starling_node::api::types::{Counts, Member, Room};

/// A room's name as it can be typed after a prompt: a `#` there begins a comment.
pub fn quoted(room: &Room) -> String {
    format!("'{}'", guard_line(&room.name))
}

/// Said to who makes or joins an open channel.
pub const OPEN: &str = "It is open, not private: anybody who knows the name and can reach you, or somebody you reach, reads and \
                        writes here. What you write is kept for a day for who comes later, under your name.";

/// A room of the list.
pub fn line(room: &Room) -> String {
    let name = guard_line(&room.name);
    let Some(now) = &room.now else { return format!("{name}  {}", guard_line(&room.change)) };
    let people = plural(u64::from(room.members), "person", "people");
    let by = now.by.as_deref().map_or_else(|| "somebody".to_owned(), guard_line);
    let mut facts = match room.change.as_str() {
        "invited" => {
            return format!("{name}  {by} asks you in, {people}  `starling room join {}`", quoted(room));
        }
        "joining" => vec!["waiting to be let in".to_owned()],
        "left" => vec!["you left".to_owned()],
        "removed" => vec!["you were removed".to_owned()],
        _ if room.open => {
            let others = now.here.saturating_sub(1);
            let nodes =
                if others == 0 { "nobody is here now".to_owned() } else { format!("{others} here now") };
            vec!["open, not private".to_owned(), format!("{people} wrote in the last day"), nodes]
        }
        _ => vec![people, format!("{} here", now.here), guard_line(&now.role)],
    };
    if now.waiting > 0 {
        facts.push(format!("{} waiting", plural(now.waiting, "message", "messages")));
    }
    let topic = guard_line(&now.topic);
    let topic = if topic.is_empty() { topic } else { format!("  {topic}") };
    format!("{name}  {}{topic}", facts.join(", "))
}

/// What happened in a room; a room of the list as [`line`] says it.
pub fn event(room: &Room, own: bool) -> String {
    let name = guard_line(&room.name);
    let who = if own { "you".to_owned() } else { guard_line(&room.who_name) };
    let are = |what: &str| if own { format!("are {what}") } else { format!("is {what}") };
    let were = |what: &str| if own { format!("were {what}") } else { format!("was {what}") };
    match room.change.as_str() {
        _ if room.now.is_some() => line(room),
        "invited" => format!("{who} asks you into {name}: `starling room join {}`", quoted(room)),
        "joined" if room.open => format!("{name}: {who} joined this channel; it is open, not private"),
        "joined" => format!("{name}: {who} came in"),
        "left" => format!("{name}: {who} left"),
        "added" => format!("{name}: {who} {}", were("let in")),
        "removed" => format!("{name}: {who} {}", were("removed")),
        "promoted" => format!("{name}: {who} {}", are("an admin now")),
        "demoted" => format!("{name}: {who} {}", are("a plain member now")),
        "renamed" => format!("{name}: this is its new name, by {who}"),
        other => format!("{name}: {who} {}", guard_line(other)),
    }
}

/// "5 of 7 have it, 2 read it".
pub fn counts(counts: &Counts) -> String {
    let Counts { delivered, read, mailbox, failed, of, .. } = counts;
    let mut words = format!("{delivered} of {of} have it");
    for (some, what) in [(read, "read it"), (mailbox, "in mailboxes"), (failed, "not sent")] {
        if *some > 0 {
            words.push_str(&format!(", {some} {what}"));
        }
    }
    words
}

/// Somebody in a room.
pub fn member(one: &Member) -> String {
    let name = guard_line(&one.name);
    let mut facts = vec![guard_line(&one.role)];
    match one.via.as_str() {
        _ if one.me => facts.push("you".to_owned()),
        "direct" => facts.push("here, direct".to_owned()),
        "lan" => facts.push("here, on this network".to_owned()),
        "relay" => facts.push("here, by relay".to_owned()),
        _ => facts.push(match &one.last_seen {
            Some(at) => format!("last here {}", when(at)),
            None => "not here".to_owned(),
        }),
    }
    for (is, word) in [(one.ignored, "ignored"), (one.followed, "followed")] {
        if is {
            facts.push(word.to_owned());
        }
    }
    if !one.contact && !one.me {
        facts.push("not a contact".to_owned());
    }
    format!("@{}  {name}  {}", handle(&name), facts.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn one(change: &str, waiting: u64) -> Room {
        serde_json::from_value(json!({
            "cursor": "", "room": "room:x", "name": "#roof\u{1b}[2J", "open": false, "change": change,
            "who": "account:x", "members": 8, "epoch": "", "chat": "chat:x", "title": "roof", "role": "admin", "by": "Ilse\u{7}",
            "topic": "the \u{9b}relay", "here": 5, "history": "none", "mailboxes": 0, "waiting": waiting
        }))
        .unwrap()
    }

    #[test]
    fn a_room_is_a_line_without_control_characters() {
        assert_eq!(
            line(&one("member", 2)),
            "#roof[2J  8 people, 5 here, admin, 2 messages waiting  the relay"
        );
        assert_eq!(
            line(&one("invited", 0)),
            "#roof[2J  Ilse asks you in, 8 people  `starling room join '#roof[2J'`"
        );
        assert_eq!(line(&one("left", 0)), "#roof[2J  you left  the relay");
        let town = Room { open: true, ..one("member", 1) };
        assert_eq!(
            line(&town),
            "#roof[2J  open, not private, 8 people wrote in the last day, 4 here now, 1 message waiting  the relay"
        );
    }

    #[test]
    fn a_member_is_a_line_that_says_whether_they_are_here() {
        let of = |via: &str, me: bool| Member {
            v: 1,
            room: "room:x".to_owned(),
            account: "account:x".to_owned(),
            name: "Ilse\u{1b}]0;x\u{7} Brandt".to_owned(),
            role: "admin".to_owned(),
            me,
            contact: me,
            via: via.to_owned(),
            last_seen: None,
            ignored: false,
            followed: false,
        };
        let lines = [member(&of("lan", false)), member(&of("none", false)), member(&of("none", true))];
        assert!(lines[0].ends_with("admin, here, on this network, not a contact"), "{}", lines[0]);
        assert!(lines[1].ends_with("admin, not here, not a contact"), "{}", lines[1]);
        assert!(lines[2].ends_with("admin, you"), "{}", lines[2]);
        assert!(lines.iter().all(|line| !line.contains(char::is_control)));
    }
}
