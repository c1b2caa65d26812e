//! Wishes about open channels as calls of the control API.

use super::rooms::{done, entered};
use crate::screen::msg::{OpenWish, RoomNews};
use serde_json::json;
use starling_node::api::client::Client;

/// Calls the node for a wish.
pub async fn perform(client: &Client, wish: OpenWish) -> RoomNews {
    match wish {
        OpenWish::New { name } => entered(client, "room.new", json!({ "name": name, "open": true })).await,
        OpenWish::Join { name, open } => {
            entered(client, "room.join", json!({ "room": name, "open": open })).await
        }
        OpenWish::Ignore { chat, account, on } => {
            done(client, "room.ignore", json!({ "room": chat, "who": account, "on": on })).await
        }
        OpenWish::Follow { chat, account, on } => {
            done(client, "room.follow", json!({ "room": chat, "who": account, "on": on })).await
        }
        OpenWish::Hide { chat, id } => done(client, "room.hide", json!({ "room": chat, "id": id })).await,
        OpenWish::Mute { chat, account, seconds } => {
            done(client, "room.mute", json!({ "room": chat, "who": account, "for": seconds })).await
        }
        OpenWish::Slow { chat, seconds } => {
            done(client, "room.slow", json!({ "room": chat, "seconds": seconds })).await
        }
    }
}
