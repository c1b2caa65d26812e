//! Methods about open channels: joining them, and what of them is not shown (docs/user/api.md, "Open channels").

use super::mail::now_ms;
use super::rooms::{changed, member};
use super::{Outcome, done, messages, read};
use crate::api::hub::{Hub, odd_fault};
use crate::api::names::short;
use crate::api::rpc::Fault;
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
        "room.moderate" => moderate(hub, &read(params)?).await,
        _ => choose(hub, method, &read(params)?).await,
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
    let mute = method == "room.mute";
    let command = if mute {
        Command::RoomMute { room, account, on }
    } else {
        Command::RoomFollow { room, account, on }
    };
    hub.handle.command(command).await?;
    let names = hub.names();
    let (who, place) = (names.name_in(room.into(), account), names.chat_name(room.into()));
    done(&match (mute, on) {
        (true, true) => format!("Nothing new of {who} in {place} is shown on this device"),
        (true, false) => format!("{who} is shown in {place} again"),
        (false, true) => format!("What {who} says as a moderator of {place} counts here"),
        (false, false) => format!("What {who} says as a moderator of {place} does not count here any more"),
    })
}

#[derive(Deserialize)]
struct Moderate {
    room: String,
    /// A message's id.
    #[serde(default)]
    hide: Option<String>,
    /// Somebody.
    #[serde(default)]
    mute: Option<String>,
    /// Seconds, for `mute`.
    #[serde(default = "hour", rename = "for")]
    for_s: u32,
    /// Seconds between two texts.
    #[serde(default)]
    slow: Option<u32>,
}

fn hour() -> u32 {
    3_600
}

async fn moderate(hub: &Hub, params: &Moderate) -> Outcome {
    let room = hub.room(&params.room).await?;
    let what = match (&params.hide, &params.mute, params.slow) {
        (Some(id), None, None) => {
            let message = messages::any(hub, id).await?;
            if message.chat != room.into() {
                return Err(trouble::no_such(
                    format!("The message {} is not of this channel", short(id)),
                    "`starling log #channel --json` shows the ids of its messages.",
                )
                .into());
            }
            Moderation::Hide { author: message.author, message: message.id }
        }
        (None, Some(who), None) => {
            Moderation::Mute { account: member(hub, room, who).await?, seconds: params.for_s }
        }
        (None, None, Some(seconds)) => Moderation::Slow { seconds },
        _ => return Err(Fault::bad_params("give one of `hide`, `mute` and `slow`")),
    };
    hub.handle.command(Command::RoomModerate { room, what }).await?;
    let place = hub.names().chat_name(room.into());
    done(&format!("Said in {place} ({OPEN}): it counts for those who follow you there"))
}
