//! Open channels in words. They are open, not private, and nothing here may sound otherwise.

use crate::screen::keymap::Action;
use crate::screen::model::Model;
use crate::screen::text::{clean, count, time};
use starling_node::api::types::{Chat, Member, Message, Room};

/// The channel that is spoken of on the local network alone.
const LOBBY: &str = "#lobby";
/// What an open channel is, in the fewest words.
pub const OPEN: &str = "open room, not private";

/// In front of the editor: which channel it is, and that it is open.
pub fn prompt(chat: &Chat) -> String {
    format!("{} (open) >", clean::line(&chat.name))
}

/// Who can read and write.
pub fn who(name: &str) -> String {
    if name == LOBBY {
        return "#lobby is open: anyone who runs Starling on this local network can read and write here."
            .to_owned();
    }
    format!(
        "{} is open: anyone who knows this name and reaches somebody in it can read and write here.",
        clean::line(name)
    )
}

/// How long what is written stays, and what it shows.
pub fn kept() -> &'static str {
    "What you write waits here for 24 hours for people who arrive later. It shows your name; reading shows nothing."
}

/// The other nodes in the channel around us that have all we wrote.
fn others(model: &Model, chat: &str) -> u32 {
    model.room(chat).map_or(0, |(_, now)| now.here.saturating_sub(1))
}

/// Whether others are in the open channel that is open.
pub fn are_here(model: &Model) -> bool {
    model.open_channel().is_some_and(|chat| others(model, &chat.chat) > 0)
}

/// "3 people are here".
fn here(others: u32) -> String {
    count(u64::from(others), "person is here", "people are here")
}

/// Who is there, where nobody has written yet.
pub fn nobody(model: &Model, chat: &Chat) -> String {
    match others(model, &chat.chat) {
        0 => "Nobody else is here yet.".to_owned(),
        some => format!("{}; nobody has written yet.", here(some)),
    }
}

/// Where people are looked for.
pub fn looking(model: &Model, chat: &Chat) -> String {
    if model.invisible() {
        return "You are invisible: nothing is sent or fetched here until /presence online.".to_owned();
    }
    let ellipsis = model.theme.marks.ellipsis;
    if chat.name == LOBBY {
        return format!(
            "Looking for people on this network{ellipsis} Other devices must be on the same Wi-Fi or cable; guest networks \
             often keep devices apart."
        );
    }
    format!(
        "Looking for people{ellipsis} It goes over this network, and over the connections with your people."
    )
}

/// What one may do where nobody is: keys, and what they do.
pub fn what_now(model: &Model) -> Vec<String> {
    let key = |action| model.keys.label(action).unwrap_or_default();
    let (invite, goto) = (key(Action::Invite), key(Action::GoTo));
    let width = invite.len().max(goto.len()).max(4) + 3;
    [
        (invite, "invite somebody (shows a link and a code)"),
        ("/add".to_owned(), "add somebody by a link they gave you"),
        (goto, "go to a chat"),
        (key(Action::Help), "all keys"),
    ]
    .iter()
    .map(|(key, does)| format!("  {key:width$}{does}"))
    .collect()
}

/// What the newest own message says under itself. Nobody signs for it: others have it, or not.
pub fn delivery(model: &Model, message: &Message) -> String {
    let others = others(model, &message.chat);
    match message.state.as_str() {
        "queued" if model.invisible() => "waiting to send · you are invisible".to_owned(),
        "queued" => "waiting for somebody to come".to_owned(),
        "failed" => match &message.reason {
            Some(reason) => format!("not sent: {reason}"),
            None => "not sent".to_owned(),
        },
        "expired" => "nobody came within 24 hours; it is not kept for anybody any more".to_owned(),
        _ if others == 0 => "somebody has it".to_owned(),
        _ => count(u64::from(others), "person here has it", "people here have it"),
    }
}

/// How many have an own message already.
pub fn have_it(message: &Message) -> &'static str {
    match message.state.as_str() {
        "delivered" | "read" => "Others already have it, and anybody may have kept it.",
        _ => "Nobody has it yet, as far as is known.",
    }
}

/// Who signed a message, in lines.
pub fn signed(model: &Model, message: &Message) -> Vec<String> {
    let account = &message.from.account;
    let known = model.person(account).filter(|one| one.state == "accepted");
    let who = match known {
        Some(one) if one.verified => format!("Signed by {}, whom you verified.", clean::line(&one.name)),
        Some(one) => format!("Signed by {}, one of your people.", clean::line(&one.name)),
        None => "Signed by somebody who is not among your people; the name is only what they say.".to_owned(),
    };
    vec![who, clean::line(account)]
}

/// How somebody who wrote here is, for the list of people.
pub fn how(model: &Model, one: &Member) -> String {
    let mut facts: Vec<String> = chosen(one).map(str::to_owned).into_iter().collect();
    if one.me {
        facts.push("you".to_owned());
    }
    match super::rooms::away(model, one).as_str() {
        "" => {}
        "0 min" => facts.push("wrote just now".to_owned()),
        ago => facts.push(format!("wrote {ago} ago")),
    }
    if !one.me && !one.contact {
        facts.push("not among your people".to_owned());
    }
    facts.join(", ")
}

/// What one chose about somebody.
pub fn chosen(one: &Member) -> Option<&'static str> {
    match (one.ignored, one.followed) {
        (true, _) => Some("ignored"),
        (false, true) => Some("followed"),
        (false, false) => None,
    }
}

/// How many wrote, and how many are there.
pub fn wrote(room: &Room) -> String {
    let wrote = count(u64::from(room.members), "person wrote", "people wrote");
    let others = room.now.as_ref().map_or(0, |now| now.here.saturating_sub(1));
    let here = if others == 0 { "nobody else is here".to_owned() } else { here(others) };
    format!("{wrote} in 24 hours; {here} now.")
}

/// What holds for all that is written.
pub fn facts() -> &'static str {
    "It is kept for 24 hours. It cannot be taken back, and nobody can be kept out."
}

/// The bounds of what one may write.
pub fn limits() -> &'static str {
    "At most 4 KiB; 20 at once, then one every 2 s."
}

/// How fast moderators let one write.
pub fn slow(slow_s: u32) -> String {
    match slow_s {
        0 => "Slow mode is off.".to_owned(),
        some => format!("Slow mode: one in {} each.", time::until(u64::from(some).saturating_mul(1_000))),
    }
}

/// Whom one follows, and whom one ignores.
pub fn choices(members: &[Member]) -> [String; 2] {
    let names = |wanted: fn(&Member) -> bool| {
        let names: Vec<String> = members
            .iter()
            .filter(|one| wanted(one))
            .map(|one| clean::line(&one.name))
            .take(NAMED + 1)
            .collect();
        match names.len() {
            0 => None,
            some if some > NAMED => {
                Some(format!("{} and others", names.get(..NAMED).unwrap_or_default().join(", ")))
            }
            _ => Some(names.join(", ")),
        }
    };
    let follows =
        names(|one| one.followed).map(|names| format!("You follow {names}: what they hide is not shown."));
    let ignores = names(|one| one.ignored).map(|names| format!("You ignore {names}."));
    [
        follows.unwrap_or_else(|| "You follow nobody (/follow @who).".to_owned()),
        ignores.unwrap_or_else(|| "You ignore nobody (/ignore @who).".to_owned()),
    ]
}

/// Names said of those one chose. More hide what is said about them.
const NAMED: usize = 4;

/// What one is told on coming in.
pub fn entered(room: &Room) -> String {
    format!(
        "You are in {}. It is open, not private: anybody can read and write here who knows its name.",
        clean::line(&room.name)
    )
}
