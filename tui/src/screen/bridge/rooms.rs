//! Wishes about rooms as calls of the control API. A room is named by the id of its chat.

use crate::screen::msg::{Msg, RoomNews, RoomWish};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use starling_node::api::client::Client;
use starling_node::api::types::{Done, Room, Trouble};

/// Calls the node for a wish.
pub async fn perform(client: &Client, wish: RoomWish) -> Msg {
    Msg::Room(match wish {
        RoomWish::List => RoomNews::List(client.call("room.list", json!({})).await),
        RoomWish::Members { chat } => {
            let result = client.call("room.members", json!({ "room": chat })).await;
            RoomNews::Members { chat, result }
        }
        RoomWish::New { name } => entered(client, "room.new", json!({ "name": name })).await,
        RoomWish::Join { chat } => entered(client, "room.join", json!({ "room": chat })).await,
        RoomWish::JoinLink { link } => entered(client, "room.join", json!({ "link": link })).await,
        RoomWish::Topic { chat, text } => {
            let room: Result<Room, Trouble> =
                call(client, "room.topic", json!({ "room": chat, "text": text })).await;
            RoomNews::Done(room.map(|_| "The topic was changed for everybody.".to_owned()))
        }
        RoomWish::Rename { chat, name } => {
            let room: Result<Room, Trouble> =
                call(client, "room.rename", json!({ "room": chat, "name": name })).await;
            RoomNews::Done(room.map(|room| format!("The room is called {} for everybody.", room.name)))
        }
        RoomWish::History { chat, policy } => {
            let room: Result<Room, Trouble> =
                call(client, "room.history", json!({ "room": chat, "policy": policy })).await;
            RoomNews::Done(
                room.map(|_| "What newcomers read was changed, for those who come from now on.".to_owned()),
            )
        }
        RoomWish::Link { chat } => {
            let result = client.call("room.link", json!({ "room": chat })).await;
            RoomNews::Link { chat, result }
        }
        RoomWish::Count { id } => {
            let result = call(client, "message", json!({ "id": id })).await.map(Box::new);
            RoomNews::Counted { id, result }
        }
        RoomWish::Open(wish) => super::open::perform(client, wish).await,
        RoomWish::Decline { chat } => done(client, "room.decline", json!({ "room": chat })).await,
        RoomWish::Leave { chat } => done(client, "room.leave", json!({ "room": chat })).await,
        RoomWish::Invite { chat, account } => {
            done(client, "room.invite", json!({ "room": chat, "who": account })).await
        }
        RoomWish::Remove { chat, account } => {
            done(client, "room.remove", json!({ "room": chat, "who": account })).await
        }
        RoomWish::Role { chat, account, admin } => {
            let method = if admin { "room.promote" } else { "room.demote" };
            done(client, method, json!({ "room": chat, "who": account })).await
        }
    })
}

pub(super) async fn entered(client: &Client, method: &str, params: Value) -> RoomNews {
    RoomNews::Entered(call(client, method, params).await.map(Box::new))
}

pub(super) async fn done(client: &Client, method: &str, params: Value) -> RoomNews {
    let done: Result<Done, Trouble> = call(client, method, params).await;
    RoomNews::Done(done.map(|done| format!("{}.", done.what.trim_end_matches('.'))))
}

async fn call<R: DeserializeOwned>(client: &Client, method: &str, params: Value) -> Result<R, Trouble> {
    client.call(method, params).await
}
