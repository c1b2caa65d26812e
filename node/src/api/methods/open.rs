//! Methods about open channels: joining them, and what of them is not shown (docs/user/api.md, "Open channels").

use super::mail::now_ms;
use super::rooms::{changed, member};
use super::{Outcome, done, messages, read};
use crate::api::hub::{Hub, odd_fault};
use crate::api::names::short;
use crate::api::trouble;
use crate::api::types::Trouble;
use serde::Deserialize;
use serde_json::Value;
use starling_protocol::engine::command::{MemberView, Moderation};
use starling_protocol::engine::{Command, Reply};
use starling_protocol::ids::RoomId;
use starling_protocol::room::open::KEPT_MS;

/// "Open, not private", wherever somebody is told about a channel.
const OPEN: &str = "open, not private";

pub(super) async fn call(hub: &Hub, method: &str, params: Value) -> Outcome {
    match method {
        "room.ignore" | "room.follow" => choose(hub, method, &read(params)?).await,
        "room.hide" => hide(hub, &read(params)?).await,
        "room.mute" => mute(hub, &read(params)?).await,
        _ => slow(hub, &read(params)?).await,
    }
}

/// Goes into the channel of a name, or makes it.
pub(super) async fn join(hub: &Hub, name: String, new: bool) -> Outcome {
    let command = if new { Command::RoomNewOpen { name } } else { Command::RoomJoinOpen { name } };
    match hub.handle.command(command).await? {
        Reply::Room(view) => changed(hub, view.room).await,
        other => Err(odd_fault("RoomJoinOpen", &other)),
    }
}

/// The private room that a wish to join means; `None` if it means an open channel: one that we know, or any that no room
/// of ours is named like.
pub(super) async fn asked_into(hub: &Hub, typed: &str, open: bool) -> Result<Option<RoomId>, Trouble> {
    if open {
        return Ok(None);
    }
    let found = hub.room(typed).await;
    let id = typed.trim().starts_with("room:") || typed.trim().starts_with("chat:");
    if found.is_err() && !id && !typed.trim().is_empty() && !hub.names().is_room_name(typed) {
        return Ok(None);
    }
    let room = found?;
    let known_open = !id && hub.names().room(room.into()).is_some_and(|known| known.open);
    Ok((!known_open).then_some(room))
}

/// Whether somebody belongs in the list of who is in an open channel: they wrote in the last day, or were chosen.
pub(super) fn is_recent(view: &MemberView) -> bool {
    let since = now_ms().saturating_sub(i64::try_from(KEPT_MS).unwrap_or(i64::MAX));
    view.me || view.muted || view.followed || view.last_seen.is_some_and(|at| at >= since)
}

#[derive(Deserialize)]
struct Choice {
    room: String,
    who: String,
    #[serde(default = "yes")]
    on: bool,
}

fn yes() -> bool {
    true
}

async fn choose(hub: &Hub, method: &str, params: &Choice) -> Outcome {
    let room = hub.room(&params.room).await?;
    let (account, on) = (member(hub, room, &params.who).await?, params.on);
    let ignore = method == "room.ignore";
    let command = if ignore {
        Command::RoomMute { room, account, on }
    } else {
        Command::RoomFollow { room, account, on }
    };
    hub.handle.command(command).await?;
    let names = hub.names();
    let (who, place) = (names.name_in(room.into(), account), names.chat_name(room.into()));
    done(&match (ignore, on) {
        (true, true) => format!("Nothing new of {who} in {place} is shown on this device"),
        (true, false) => format!("{who} is shown in {place} again"),
        (false, true) => format!("What {who} says as a moderator of {place} counts here"),
        (false, false) => format!("What {who} says as a moderator of {place} does not count here any more"),
    })
}

#[derive(Deserialize)]
struct Hide {
    room: String,
    /// A message's id.
    id: String,
}

async fn hide(hub: &Hub, params: &Hide) -> Outcome {
    let room = hub.room(&params.room).await?;
    let message = messages::any(hub, &params.id).await?;
    if message.chat != room.into() {
        return Err(trouble::no_such(
            format!("The message {} is not of this channel", short(&params.id)),
            "`starling log #channel --json` shows the ids of its messages.",
        )
        .into());
    }
    moderate(hub, room, Moderation::Hide { author: message.author, message: message.id }).await
}

#[derive(Deserialize)]
struct Mute {
    room: String,
    who: String,
    /// Seconds.
    #[serde(default = "hour", rename = "for")]
    for_s: u32,
}

fn hour() -> u32 {
    3_600
}

async fn mute(hub: &Hub, params: &Mute) -> Outcome {
    let room = hub.room(&params.room).await?;
    let account = member(hub, room, &params.who).await?;
    moderate(hub, room, Moderation::Mute { account, seconds: params.for_s }).await
}

#[derive(Deserialize)]
struct Slow {
    room: String,
    /// Between two texts of one person; 0 ends it.
    seconds: u32,
}

async fn slow(hub: &Hub, params: &Slow) -> Outcome {
    let room = hub.room(&params.room).await?;
    moderate(hub, room, Moderation::Slow { seconds: params.seconds }).await
}

async fn moderate(hub: &Hub, room: RoomId, what: Moderation) -> Outcome {
    hub.handle.command(Command::RoomModerate { room, what }).await?;
    let place = hub.names().chat_name(room.into());
    done(&format!("Said in {place} ({OPEN}): it counts for those who follow you there"))
}
