//! People near: who of this local network wants to be seen.

use super::Outcome;
use crate::api::hub::{Hub, odd_fault};
use crate::api::render;
use crate::api::rpc::body;
use crate::api::types::Object;
use serde::Deserialize;
use starling_protocol::engine::{Command, Reply};

#[derive(Deserialize)]
pub(super) struct Look {
    #[serde(default)]
    on: Option<bool>,
}

pub(super) async fn near(hub: &Hub, params: &Look) -> Outcome {
    match hub.handle.command(Command::Near { on: params.on }).await? {
        Reply::Near(near) => {
            let list: Vec<Object> =
                near.iter().map(|view| Object::Near(render::near(String::new(), view))).collect();
            body(&list)
        }
        other => Err(odd_fault("Near", &other)),
    }
}
