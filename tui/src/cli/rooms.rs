//! `room`: private groups and open channels.

mod open;
mod words;

use super::duration::Span;
use super::human::when;
use super::out::{Out, guard_line, json_line, write_out};
use super::people::link as given_link;
use super::qr;
use super::session::Session;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use starling_node::api::trouble::misuse;
use starling_node::api::types::{Done, Invite, Member, Object, Room, RoomCopy, Trouble};

use open::{Person, RoomHide, RoomMute, RoomSlow, choose, hide, mute, slow};
use words::quoted;
pub use words::{counts, event, line, member};

/// `room …`
#[derive(Debug, Subcommand)]
pub enum RoomAction {
    /// Make a room; you are its creator
    New {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// An open channel: not private, anybody reads and writes in it who knows the name
        #[arg(long)]
        open: bool,
    },
    /// Your rooms, and those you are asked into
    List,
    /// Who is in a room
    Members {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
    },
    /// Ask a contact into a room
    Invite {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
        /// Whom
        #[arg(value_name = "@WHO")]
        who: String,
    },
    /// Make a link; whoever has it can ask to come in
    Link(RoomLink),
    /// Go into a room you are asked into, ask to come in by a link, or join the open channel of a name
    Join {
        /// The room or open channel; or a link to a room, which - reads from stdin
        #[arg(value_name = "#ROOM|LINK")]
        place: String,
        /// The open channel, also if a private room of yours is called so
        #[arg(long, conflicts_with = "note")]
        open: bool,
        /// A note they see with your request
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Do not go into a room you are asked into
    Decline {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
    },
    /// Leave a room; its history stays here
    Leave {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
    },
    /// Make a new room like one and ask its people into it: for when who made it is gone, or harms it
    Copy {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
        /// What the new one is called
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Who is not asked into it; may be given more than once
        #[arg(long, value_name = "@WHO")]
        without: Vec<String>,
    },
    /// Remove somebody; they get nothing that is written from then on
    Remove {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
        /// Whom
        #[arg(value_name = "@WHO")]
        who: String,
    },
    /// Make a member an admin, who may add and remove people
    Promote {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
        /// Whom
        #[arg(value_name = "@WHO")]
        who: String,
    },
    /// Make an admin a plain member
    Demote {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
        /// Whom
        #[arg(value_name = "@WHO")]
        who: String,
    },
    /// In an open channel: show nothing new of somebody on this device
    Ignore(Person),
    /// In an open channel: show somebody again
    Unignore(Person),
    /// In an open channel: let somebody moderate what you are shown
    Follow(Person),
    /// In an open channel: do not any more
    Unfollow(Person),
    /// In an open channel: a message that those who follow you are not shown
    Hide(RoomHide),
    /// In an open channel: somebody whom those who follow you are not shown for a time
    Mute(RoomMute),
    /// In an open channel: one text of each in a time, for you and those who follow you
    Slow(RoomSlow),
    /// Say what a room is about, or show it
    Topic {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
        /// The new topic; "" for none
        #[arg(value_name = "TEXT")]
        text: Vec<String>,
    },
    /// Give a room another name, for everybody
    Rename {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
        /// The new name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Say what of the history people get who come later, or show it: none, last N, days N, all
    History {
        /// Which
        #[arg(value_name = "#ROOM")]
        room: String,
        /// none, last N, days N or all
        #[arg(value_name = "POLICY")]
        policy: Vec<String>,
    },
}

/// `room link`
#[derive(Debug, Args)]
pub struct RoomLink {
    /// Which
    #[arg(value_name = "#ROOM")]
    pub room: String,
    /// How many people may use it
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub uses: u32,
    /// How long it lives
    #[arg(long = "for", default_value = "7d", value_name = "TIME")]
    pub for_: Span,
    /// Also draw it as a code to scan
    #[arg(long)]
    pub qr: bool,
    /// Let in whoever asks with it, without a question
    #[arg(long)]
    pub auto_accept: bool,
}

/// `room`.
///
/// # Errors
/// The node's, in words.
pub async fn room(session: &Session, out: Out, action: Option<RoomAction>) -> Result<(), Trouble> {
    match action.unwrap_or(RoomAction::List) {
        RoomAction::New { name, open } => {
            let made: Room = call(session, "room.new", json!({ "name": name, "open": open })).await?;
            show(out, &made);
            if open {
                out.talk(words::OPEN);
                return Ok(());
            }
            out.talk(&format!(
                "Only you are in it. `starling room invite {0} @who` asks a contact in, `starling room link {0}` makes \
                 a link.",
                quoted(&made)
            ));
            Ok(())
        }
        RoomAction::List => list(session, out).await,
        RoomAction::Members { room } => {
            let members: Vec<Member> = call(session, "room.members", json!({ "room": room })).await?;
            members.iter().for_each(|one| out.object(&Object::Member(one.clone()), || member(one)));
            Ok(())
        }
        RoomAction::Invite { room, who } => {
            done(session, out, "room.invite", json!({ "room": room, "who": who })).await
        }
        RoomAction::Link(link) => make_link(session, out, &link).await,
        RoomAction::Join { place, note, open } => join(session, out, &place, note, open).await,
        RoomAction::Ignore(one) => choose(session, out, "room.ignore", &one, true).await,
        RoomAction::Unignore(one) => choose(session, out, "room.ignore", &one, false).await,
        RoomAction::Follow(one) => choose(session, out, "room.follow", &one, true).await,
        RoomAction::Unfollow(one) => choose(session, out, "room.follow", &one, false).await,
        RoomAction::Hide(what) => hide(session, out, &what).await,
        RoomAction::Mute(what) => mute(session, out, &what).await,
        RoomAction::Slow(what) => slow(session, out, &what).await,
        RoomAction::Decline { room } => done(session, out, "room.decline", json!({ "room": room })).await,
        RoomAction::Copy { room, name, without } => {
            copy(session, out, json!({ "room": room, "name": name, "without": without })).await
        }
        RoomAction::Leave { room } => done(session, out, "room.leave", json!({ "room": room })).await,
        RoomAction::Remove { room, who } => {
            done(session, out, "room.remove", json!({ "room": room, "who": who })).await
        }
        RoomAction::Promote { room, who } => {
            done(session, out, "room.promote", json!({ "room": room, "who": who })).await
        }
        RoomAction::Demote { room, who } => {
            done(session, out, "room.demote", json!({ "room": room, "who": who })).await
        }
        RoomAction::Topic { room, text } => {
            let text = (!text.is_empty()).then(|| text.join(" "));
            let now = json!({ "room": room, "text": text });
            said(session, out, "room.topic", now, |now| guard_line(&now.topic)).await
        }
        RoomAction::Rename { room, name } => {
            let now: Room = call(session, "room.rename", json!({ "room": room, "name": name })).await?;
            show(out, &now);
            Ok(())
        }
        RoomAction::History { room, policy } => {
            let policy = (!policy.is_empty()).then(|| policy.join(" "));
            let now = json!({ "room": room, "policy": policy });
            said(session, out, "room.history", now, |now| guard_line(&now.history)).await
        }
    }
}

async fn call<T: serde::de::DeserializeOwned>(
    session: &Session,
    method: &str,
    params: Value,
) -> Result<T, Trouble> {
    session.client.call(method, params).await
}

async fn done(session: &Session, out: Out, method: &str, params: Value) -> Result<(), Trouble> {
    let done: Done = call(session, method, params).await?;
    if out.json {
        json_line(&Object::Done(done));
    } else {
        out.talk(&done.what);
    }
    Ok(())
}

/// Prints one thing a room says of itself.
async fn said(
    session: &Session,
    out: Out,
    method: &str,
    params: Value,
    words: impl Fn(&starling_node::api::types::RoomNow) -> String,
) -> Result<(), Trouble> {
    let room: Room = call(session, method, params).await?;
    out.object(&Object::Room(room.clone()), || room.now.as_ref().map(words).unwrap_or_default());
    Ok(())
}

async fn list(session: &Session, out: Out) -> Result<(), Trouble> {
    let all: Vec<Room> = call(session, "room.list", json!({})).await?;
    if all.is_empty() {
        out.talk("You are in no room. `starling room new NAME` makes one; `starling room join LINK` asks to come in.");
    }
    all.iter().for_each(|one| show(out, one));
    Ok(())
}

async fn copy(session: &Session, out: Out, params: Value) -> Result<(), Trouble> {
    let copy: RoomCopy = call(session, "room.copy", params).await?;
    let name = guard_line(&copy.name);
    let asked = copy.asked.len();
    let word = if asked == 1 { "person is" } else { "people are" };
    out.object(&Object::RoomCopy(copy.clone()), || format!("{name}: {asked} {word} asked into it"));
    if !copy.not_asked.is_empty() {
        out.talk(&format!(
            "{} could not be asked, as they are no contacts of yours. `starling room link {name}` makes a link for them.",
            copy.not_asked.len()
        ));
    }
    out.talk("The old room stays as it is; `starling room leave` leaves it.");
    Ok(())
}

async fn join(
    session: &Session,
    out: Out,
    place: &str,
    note: Option<String>,
    open: bool,
) -> Result<(), Trouble> {
    let by_link = place == "-" || place.trim_start().to_lowercase().starts_with("starling:");
    let params = if by_link {
        json!({ "link": given_link(place)?, "note": note })
    } else if note.is_some() {
        return Err(misuse("A note goes with a link", "Leave out `--note`: they asked you in themselves."));
    } else {
        json!({ "room": place, "open": open })
    };
    let joined: Room = call(session, "room.join", params).await?;
    show(out, &joined);
    if joined.open {
        out.talk(words::OPEN);
    }
    if joined.change == "joining" {
        out.talk("You are in it as soon as somebody of the room who may let you in is connected with you.");
    }
    Ok(())
}

/// `room link`, and `invite #room`.
///
/// # Errors
/// The node's, in words.
pub async fn make_link(session: &Session, out: Out, link: &RoomLink) -> Result<(), Trouble> {
    let params = json!({
        "room": link.room,
        "uses": link.uses,
        "for": seconds(link.for_),
        "auto_accept": link.auto_accept,
    });
    let made: Invite = call(session, "room.link", params).await?;
    out.object(&Object::Invite(made.clone()), || made.link.clone());
    if link.qr && !out.json {
        match qr::draw(&made.link) {
            Some(code) => write_out(&code),
            None => out.talk("The link is too long for a code."),
        }
    }
    let who = if made.uses == 1 { "One person".to_owned() } else { format!("{} people", made.uses) };
    let how = if link.auto_accept { "come in" } else { "ask to come in" };
    out.talk(&format!(
        "{who} can {how} with it until {}, and become{} your contact.",
        when(&made.until),
        if made.uses == 1 { "s" } else { "" }
    ));
    Ok(())
}

fn seconds(span: Span) -> u64 {
    span.ms() / 1_000
}

fn show(out: Out, one: &Room) {
    out.object(&Object::Room(one.clone()), || line(one));
}
