//! The methods of the control API (docs/user/api.md): finds the one a request names and gives it its parameters.

mod chats;
mod history;
mod mail;
mod marks;
mod messages;
mod near;
mod network;
mod node;
mod open;
mod people;
mod receive;
mod room_copy;
mod rooms;

use super::hub::Hub;
use super::rpc::{Body, Fault, Request};
use super::server::Connection;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// What a method gives: the JSON text of its result.
type Outcome = Result<Body, Fault>;

/// Does what a request asks. `hello` and `recv.*` belong to the connection; all others only need the node.
pub async fn call(connection: &Arc<Connection>, request: Request) -> Outcome {
    let hub = connection.hub();
    let params = request.params;
    match request.method.as_str() {
        "send" => messages::send(hub, read(params)?).await,
        "edit" => messages::edit(hub, read(params)?).await,
        "delete" => messages::delete(hub, read(params)?).await,
        "react" => messages::react(hub, read(params)?).await,
        "pin" => marks::pin(hub, read(params)?).await,
        "again" => marks::again(hub, read(params)?).await,
        "wait" => messages::wait(hub, read(params)?).await,
        "kept" => messages::kept(hub, &read(params)?).await,
        "mark_read" => history::mark_read(hub, read(params)?).await,
        "typing" => messages::typing(hub, read(params)?).await,
        "draft" => messages::draft(hub, read(params)?).await,
        "log" | "find" | "message" | "pins" | "chats.list" | "chats.set" | "people.list" => {
            // Large answers: a few at once, so that a client cannot make the node hold many of them.
            let _turn = connection.large_answer().await;
            large(hub, &request.method, params).await
        }
        "recv.subscribe" => receive::subscribe(connection, read(params)?).await,
        "recv.unsubscribe" => receive::unsubscribe(connection, &read(params)?),
        "recv.mark" => receive::mark(hub, read(params)?).await,
        "safety" | "add" | "requests.list" | "requests.accept" | "requests.drop" | "people.rename"
        | "people.block" | "people.unblock" | "people.hide" | "people.show" | "people.remove"
        | "people.verify" | "people.compare" | "invite.new" | "invite.list" | "invite.revoke" => {
            people::call(hub, &request.method, params).await
        }
        "mailbox.list" | "mailbox.use" | "mailbox.drop" | "mailbox.grant" | "mailbox.ask"
        | "mailbox.answer" => mail::call(hub, &request.method, params).await,
        room if room.starts_with("room.") => rooms::call(hub, room, params).await,
        "status" | "id" | "name" | "presence" | "words" | "wake" | "reload" | "stop" => {
            node::call(hub, &request.method, params).await
        }
        "near" => near::near(hub, &read(params)?).await,
        "net" => network::net(hub).await,
        "logs" => network::logs(hub, &read(params)?),
        "net.test" => network::test(hub).await,
        "doctor" => network::doctor(hub, &read(params)?).await,
        other => Err(Fault::no_method(other)),
    }
}

async fn large(hub: &Hub, method: &str, params: Value) -> Outcome {
    match method {
        "log" => history::log(hub, read(params)?).await,
        "find" => history::find(hub, read(params)?).await,
        "message" => messages::message(hub, read(params)?).await,
        "pins" => marks::pins(hub, read(params)?).await,
        "chats.list" => chats::list(hub).await,
        "chats.set" => chats::set(hub, read(params)?).await,
        _ => people::list(hub).await,
    }
}

/// The parameters of a method; no parameters are an empty object.
fn read<P: DeserializeOwned>(params: Value) -> Result<P, Fault> {
    let params = if params.is_null() { Value::Object(serde_json::Map::new()) } else { params };
    serde_json::from_value(params).map_err(|fault| Fault::bad_params(&fault.to_string()))
}

/// "Done", in words.
fn done(what: &str) -> Outcome {
    use super::types::{Done, Object, V};
    super::rpc::body(&Object::Done(Done { v: V, what: what.to_owned() }))
}

#[cfg(test)]
mod tests;
