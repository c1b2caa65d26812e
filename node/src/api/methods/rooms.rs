//! Methods about rooms: making, joining and leaving them, and who is in them (docs/user/api.md, "Rooms").

use super::{Outcome, done, read};
use crate::api::hub::{Hub, odd, odd_fault};
use crate::api::rpc::{Fault, body};
use crate::api::types::{Object, Trouble};
use crate::api::{names, render, trouble};
use serde::Deserialize;
use serde_json::Value;
use starling_protocol::engine::command::{MemberView, RoomSetting, RoomView};
use starling_protocol::engine::{Command, Reply};
use starling_protocol::ids::{AccountId, RoomId};
use starling_protocol::invite::{LinkKind, link_kind};
use starling_protocol::text::handle;

pub(super) async fn call(hub: &Hub, method: &str, params: Value) -> Outcome {
    match method {
        "room.new" => new(hub, read(params)?).await,
        "room.list" => list(hub).await,
        "room.members" => members(hub, &read(params)?).await,
        "room.invite" => invite(hub, &read(params)?).await,
        "room.link" => link(hub, &read(params)?).await,
        "room.join" => join(hub, read(params)?).await,
        "room.ignore" | "room.follow" | "room.hide" | "room.mute" | "room.slow" => {
            super::open::call(hub, method, params).await
        }
        "room.decline" => decline(hub, &read(params)?).await,
        "room.leave" => leave(hub, &read(params)?).await,
        "room.remove" | "room.promote" | "room.demote" => person(hub, method, &read(params)?).await,
        "room.copy" => super::room_copy::copy(hub, &read(params)?).await,
        "room.topic" | "room.rename" | "room.history" => set(hub, method, read(params)?).await,
        other => Err(Fault::no_method(other)),
    }
}

/// The room after a change, and its name with it.
pub(super) async fn changed(hub: &Hub, room: RoomId) -> Outcome {
    let rooms = hub.rooms().await?;
    hub.names_mut().replace_rooms(&rooms);
    let gone =
        || trouble::no_such("There is no such room any more", "`starling room list` lists your rooms.");
    let view = rooms.iter().find(|view| view.room == room).ok_or_else(gone)?;
    body(&object(hub, view))
}

fn object(hub: &Hub, view: &RoomView) -> Object {
    Object::Room(render::room(&hub.names(), view, hub.handle.facts().account))
}

#[derive(Deserialize)]
struct New {
    name: String,
    #[serde(default)]
    open: bool,
}

async fn new(hub: &Hub, params: New) -> Outcome {
    if params.open {
        return super::open::join(hub, params.name, true).await;
    }
    match hub.handle.command(Command::RoomNew { name: params.name }).await? {
        Reply::Room(view) => changed(hub, view.room).await,
        other => Err(odd_fault("RoomNew", &other)),
    }
}

async fn list(hub: &Hub) -> Outcome {
    let rooms = hub.rooms().await?;
    hub.names_mut().replace_rooms(&rooms);
    body(&rooms.iter().map(|view| object(hub, view)).collect::<Vec<_>>())
}

#[derive(Deserialize)]
struct Which {
    room: String,
}

pub(super) async fn views(hub: &Hub, room: RoomId) -> Result<Vec<MemberView>, Trouble> {
    match hub.handle.command(Command::RoomMembers { room }).await? {
        Reply::Members(members) => Ok(members),
        other => Err(odd("RoomMembers", &other)),
    }
}

async fn members(hub: &Hub, params: &Which) -> Outcome {
    let room = hub.room(&params.room).await?;
    let members = views(hub, room).await?;
    hub.names_mut().put_members(room, &members);
    let is_open = hub.names().room(room.into()).is_some_and(|known| known.open);
    let shown = members.iter().filter(|view| !is_open || super::open::is_recent(view));
    body(&shown.map(|view| Object::Member(render::member(room, view))).collect::<Vec<_>>())
}

#[derive(Deserialize)]
struct Person {
    room: String,
    who: String,
}

async fn invite(hub: &Hub, params: &Person) -> Outcome {
    let room = hub.room(&params.room).await?;
    let account = hub.contact(&params.who).await?;
    hub.handle.command(Command::RoomInvite { room, account }).await?;
    let names = hub.names();
    let (who, place) = (names.name(account), names.chat_name(room.into()));
    done(&format!("{who} is asked into {place}"))
}

#[derive(Deserialize)]
struct Link {
    room: String,
    #[serde(default = "one")]
    uses: u32,
    #[serde(default = "week", rename = "for")]
    for_s: u64,
    #[serde(default)]
    auto_accept: bool,
}

fn one() -> u32 {
    1
}

fn week() -> u64 {
    604_800
}

async fn link(hub: &Hub, params: &Link) -> Outcome {
    let room = hub.room(&params.room).await?;
    let valid_ms = params.for_s.saturating_mul(1_000);
    let command = Command::RoomLink { room, uses: params.uses, valid_ms, auto_accept: params.auto_accept };
    match hub.handle.command(command).await? {
        Reply::Invite(view) => body(&Object::Invite(render::invite(&view))),
        other => Err(odd_fault("RoomLink", &other)),
    }
}

#[derive(Deserialize)]
struct Join {
    #[serde(default)]
    room: Option<String>,
    #[serde(default)]
    open: bool,
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

async fn join(hub: &Hub, params: Join) -> Outcome {
    let reply = match (params.room, params.link) {
        (Some(room), None) => {
            let Some(room) = super::open::asked_into(hub, &room, params.open).await? else {
                return super::open::join(hub, room, false).await;
            };
            hub.handle.command(Command::RoomAnswer { room, join: true }).await?;
            return changed(hub, room).await;
        }
        (None, Some(link)) => {
            if link_kind(&link).is_ok_and(|kind| kind != LinkKind::Room) {
                return Err(trouble::not_a_room_link().into());
            }
            let note = params.note.unwrap_or_default();
            hub.handle.command(Command::RoomJoin { link, note }).await?
        }
        _ => return Err(Fault::bad_params("give `room` or `link`, not both")),
    };
    match reply {
        Reply::Room(view) => changed(hub, view.room).await,
        other => Err(odd_fault("RoomJoin", &other)),
    }
}

async fn decline(hub: &Hub, params: &Which) -> Outcome {
    let room = hub.room(&params.room).await?;
    hub.handle.command(Command::RoomAnswer { room, join: false }).await?;
    done("The invitation is declined")
}

async fn leave(hub: &Hub, params: &Which) -> Outcome {
    let room = hub.room(&params.room).await?;
    hub.handle.command(Command::RoomLeave { room }).await?;
    done("You left the room; its history stays here")
}

async fn person(hub: &Hub, method: &str, params: &Person) -> Outcome {
    let room = hub.room(&params.room).await?;
    let account = member(hub, room, &params.who).await?;
    let command = match method {
        "room.remove" => Command::RoomRemove { room, account },
        "room.promote" => Command::RoomRole { room, account, admin: true },
        _ => Command::RoomRole { room, account, admin: false },
    };
    let name = hub.names().name_in(room.into(), account);
    hub.handle.command(command).await?;
    let place = hub.names().chat_name(room.into());
    done(&match method {
        "room.remove" => {
            format!("{name} is removed from {place}, and gets nothing that is written from now on")
        }
        "room.promote" => format!("{name} is an admin of {place} now"),
        _ => format!("{name} is a plain member of {place} now"),
    })
}

/// Somebody in a room, by the name it shows them under, or an id. They need not be a contact.
pub(super) async fn member(hub: &Hub, room: RoomId, who: &str) -> Result<AccountId, Trouble> {
    let members = views(hub, room).await?;
    hub.names_mut().put_members(room, &members);
    let who = who.trim();
    let name = who.strip_prefix('@').unwrap_or(who);
    let wanted = handle(name);
    let fits = |view: &&MemberView| {
        view.account.to_string() == who
            || (!name.is_empty() && (view.name == name || handle(&view.name) == wanted))
    };
    let found: Vec<&MemberView> = members.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(one.account),
        // A contact who is not in it: the engine says so. Else nobody at all.
        [] => hub.contact(who).await,
        several => {
            let both: Vec<String> =
                several.iter().map(|view| format!("{} {}", view.name, view.account)).collect();
            Err(trouble::no_such(
                format!(
                    "{} people of this room fit \"{}\": {}",
                    several.len(),
                    names::short(name),
                    both.join(", ")
                ),
                "Use the account id.",
            ))
        }
    }
}

#[derive(Deserialize)]
struct Set {
    room: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    policy: Option<String>,
}

/// Changes what is said of a room; without a value it only tells how it is.
async fn set(hub: &Hub, method: &str, params: Set) -> Outcome {
    let room = hub.room(&params.room).await?;
    let what = match method {
        "room.rename" => {
            Some(RoomSetting::Name(params.name.ok_or_else(|| Fault::bad_params("`name` is missing"))?))
        }
        "room.topic" => params.text.map(RoomSetting::Topic),
        _ => params.policy.map(RoomSetting::History),
    };
    if let Some(what) = what {
        hub.handle.command(Command::RoomSet { room, what }).await?;
    }
    changed(hub, room).await
}
