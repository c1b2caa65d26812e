//! Wishes about people near one as calls of the control API.

use crate::screen::msg::{Msg, NearNews, NearWish};
use serde_json::{Value, json};
use starling_node::api::client::Client;
use starling_node::api::types::Trouble;

/// Calls the node for a wish.
pub async fn perform(client: &Client, wish: NearWish) -> Option<Msg> {
    Some(Msg::Near(match wish {
        NearWish::Look => NearNews::Seen(client.call("near", json!({ "on": true })).await),
        NearWish::Close => {
            // It is over by itself soon, should this not arrive.
            let _: Result<Value, Trouble> = client.call("near", json!({ "on": false })).await;
            return None;
        }
        NearWish::Compare { account } => {
            let result: Result<Value, Trouble> =
                client.call("people.compare", json!({ "who": account })).await;
            NearNews::Compared(result.map(|_| ()))
        }
    }))
}
