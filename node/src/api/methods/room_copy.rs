//! `room.copy`: a new room like an old one, with its people but some: the cure where who made a room is gone or harms
//! it, and nobody is above them. The old room stays as it is; who leaves it is each person's own choice.

use super::Outcome;
use super::rooms::{member, views};
use crate::api::hub::{Hub, odd_fault};
use crate::api::rpc::body;
use crate::api::trouble;
use crate::api::types::{Object, RoomCopy, V};
use serde::Deserialize;
use starling_protocol::engine::command::{RoomSetting, RoomView};
use starling_protocol::engine::{Command, Reply};
use starling_protocol::ids::AccountId;

/// What `room.copy` takes.
#[derive(Deserialize)]
pub(super) struct Copy {
    room: String,
    /// What the new one is called; by itself the old name with a 2 behind it.
    #[serde(default)]
    name: Option<String>,
    /// Members who are not asked.
    #[serde(default)]
    without: Vec<String>,
}

pub(super) async fn copy(hub: &Hub, params: &Copy) -> Outcome {
    let room = hub.room(&params.room).await?;
    let rooms = hub.rooms().await?;
    let old: &RoomView = rooms.iter().find(|view| view.room == room).ok_or_else(|| {
        trouble::no_such("There is no such room any more", "`starling room list` lists your rooms.")
    })?;
    let mut without: Vec<AccountId> = vec![hub.handle.facts().account];
    for who in &params.without {
        without.push(member(hub, room, who).await?);
    }
    let people: Vec<AccountId> = views(hub, room)
        .await?
        .iter()
        .map(|view| view.account)
        .filter(|one| !without.contains(one))
        .collect();
    let name = params.name.clone().unwrap_or_else(|| format!("{} 2", old.name));
    let made = match hub.handle.command(Command::RoomNew { name }).await? {
        Reply::Room(view) => view,
        other => return Err(odd_fault("RoomNew", &other)),
    };
    let settings = [
        (!old.topic.is_empty()).then(|| RoomSetting::Topic(old.topic.clone())),
        Some(RoomSetting::History(old.history.clone())),
    ];
    for what in settings.into_iter().flatten() {
        hub.handle.command(Command::RoomSet { room: made.room, what }).await?;
    }
    let (mut asked, mut not_asked) = (Vec::new(), Vec::new());
    for account in people {
        // Who is no contact of ours, or blocked, cannot be asked by us: a link can be passed on to them.
        match hub.handle.command(Command::RoomInvite { room: made.room, account }).await {
            Ok(_) => asked.push(account.to_string()),
            Err(_) => not_asked.push(account.to_string()),
        }
    }
    let rooms = hub.rooms().await?;
    hub.names_mut().replace_rooms(&rooms);
    let name = hub.names().chat_name(made.room.into());
    body(&Object::RoomCopy(RoomCopy { v: V, room: made.room.to_string(), name, asked, not_asked }))
}
