//! Methods about people: contacts, requests, invites.

use super::{Outcome, done, read};
use crate::api::hub::{Hub, odd, odd_fault};
use crate::api::rpc::{Fault, body};
use crate::api::types::{Object, Safety, Trouble, V};
use crate::api::{names, render, trouble};
use serde::Deserialize;
use serde_json::Value;
use starling_protocol::engine::command::RequestView;
use starling_protocol::engine::{Command, Reply};
use starling_protocol::ids::AccountId;
use starling_protocol::invite::{LinkKind, link_kind};
use starling_protocol::text::handle;

pub(super) async fn call(hub: &Hub, method: &str, params: Value) -> Outcome {
    match method {
        "safety" => safety(hub, &read(params)?).await,
        "add" => add(hub, read(params)?).await,
        "requests.list" => requests(hub).await,
        "requests.accept" => accept(hub, &read(params)?).await,
        "requests.drop" => drop_request(hub, &read(params)?).await,
        "invite.new" => invite_new(hub, &read(params)?).await,
        "invite.list" => invite_list(hub).await,
        "invite.revoke" => invite_revoke(hub, &read(params)?).await,
        change => change_contact(hub, change, read(params)?).await,
    }
}

#[derive(Deserialize)]
struct Change {
    who: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    matches: Option<bool>,
}

async fn change_contact(hub: &Hub, method: &str, params: Change) -> Outcome {
    let account = hub.contact(&params.who).await?;
    let command = match method {
        "people.rename" => {
            let name = params.name.ok_or_else(|| Fault::bad_params("`name` is missing"))?;
            Command::Rename { account, name }
        }
        "people.block" => Command::Block { account },
        "people.unblock" => Command::Unblock { account },
        "people.remove" => Command::Remove { account },
        "people.hide" => Command::SetVisibility { account, visible: false },
        "people.show" => Command::SetVisibility { account, visible: true },
        "people.compare" => Command::Compare { account },
        "people.verify" => {
            let matches = params.matches.ok_or_else(|| Fault::bad_params("`matches` is missing"))?;
            Command::Verify { account, matches }
        }
        other => return Err(Fault::no_method(other)),
    };
    let reply = hub.handle.command(command).await?;
    contact(hub, account, reply).await
}

/// The contact after a change, and everybody's names with it.
async fn contact(hub: &Hub, account: AccountId, reply: Reply) -> Outcome {
    let view = match reply {
        Reply::Contact(view) => view,
        _ => hub.people().await?.into_iter().find(|view| view.account == account).ok_or_else(|| {
            trouble::no_such("There is no such person any more", "`starling people` lists them.")
        })?,
    };
    hub.names_mut().put_view(&view);
    body(&Object::Contact(render::contact(&view)))
}

#[derive(Deserialize)]
struct Who {
    who: String,
}

async fn safety(hub: &Hub, params: &Who) -> Outcome {
    let account = hub.contact(&params.who).await?;
    let number = match hub.handle.command(Command::SafetyNumber { account }).await? {
        Reply::SafetyNumber(number) => number,
        other => return Err(odd_fault("SafetyNumber", &other)),
    };
    let view = hub.people().await?.into_iter().find(|view| view.account == account);
    let name = hub.names().name(account);
    body(&Object::Safety(Safety {
        v: V,
        account: account.to_string(),
        name,
        number,
        verified: view.as_ref().is_some_and(|view| view.verified),
        key_changed: view.as_ref().is_some_and(|view| view.key_changed),
    }))
}

#[derive(Deserialize)]
struct Add {
    link: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

async fn add(hub: &Hub, params: Add) -> Outcome {
    if link_kind(&params.link) == Ok(LinkKind::Mailbox) {
        return Err(trouble::not_an_invite().into());
    }
    if link_kind(&params.link) == Ok(LinkKind::Room) {
        return Err(trouble::a_room_link().into());
    }
    let command =
        Command::Add { link: params.link, name: params.name, note: params.note.unwrap_or_default() };
    match hub.handle.command(command).await? {
        Reply::Contact(view) => {
            hub.names_mut().put_view(&view);
            body(&Object::Contact(render::contact(&view)))
        }
        other => Err(odd_fault("Add", &other)),
    }
}

async fn open_requests(hub: &Hub) -> Result<Vec<RequestView>, Trouble> {
    match hub.handle.command(Command::Requests).await? {
        Reply::Requests(requests) => Ok(requests),
        other => Err(odd("Requests", &other)),
    }
}

async fn requests(hub: &Hub) -> Outcome {
    let list: Vec<Object> =
        open_requests(hub).await?.iter().map(|view| Object::Request(render::request(view))).collect();
    body(&list)
}

#[derive(Deserialize)]
struct ById {
    id: String,
}

/// Who asks, by account id or by a name that fits only one.
async fn asker(hub: &Hub, id: &str) -> Result<AccountId, Trouble> {
    let list = open_requests(hub).await?;
    let id = id.trim();
    let name = id.strip_prefix('@').unwrap_or(id);
    let wanted = handle(name);
    let found: Vec<&RequestView> = list
        .iter()
        .filter(|view| {
            view.account.to_string() == id
                || (!name.is_empty() && (view.name == name || handle(&view.name) == wanted))
        })
        .collect();
    match found.as_slice() {
        [one] => Ok(one.account),
        [] => Err(trouble::no_such(
            format!("Nobody asks under {:?}", names::short(id)),
            "`starling requests` lists who asks.",
        )),
        several => {
            let both: Vec<String> =
                several.iter().map(|view| format!("{} {}", view.name, view.account)).collect();
            Err(trouble::no_such(
                format!("{} people ask under that name: {}", several.len(), both.join(", ")),
                "Use the account id.",
            ))
        }
    }
}

async fn accept(hub: &Hub, params: &ById) -> Outcome {
    let account = asker(hub, &params.id).await?;
    let reply = hub.handle.command(Command::RequestAccept { account }).await?;
    contact(hub, account, reply).await
}

async fn drop_request(hub: &Hub, params: &ById) -> Outcome {
    let account = asker(hub, &params.id).await?;
    hub.handle.command(Command::RequestDrop { account }).await?;
    done("The request was dropped; they are not told")
}

#[derive(Deserialize)]
struct InviteNew {
    #[serde(default = "one")]
    uses: u32,
    #[serde(default = "week")]
    for_s: u64,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    auto_accept: bool,
}

fn one() -> u32 {
    1
}

fn week() -> u64 {
    604_800
}

async fn invite_new(hub: &Hub, params: &InviteNew) -> Outcome {
    let command = Command::InviteNew {
        uses: params.uses,
        valid_ms: params.for_s.saturating_mul(1_000),
        private: params.private,
        auto_accept: params.auto_accept,
    };
    match hub.handle.command(command).await? {
        Reply::Invite(view) => body(&Object::Invite(render::invite(&view))),
        other => Err(odd_fault("InviteNew", &other)),
    }
}

async fn invite_list(hub: &Hub) -> Outcome {
    match hub.handle.command(Command::InviteList).await? {
        Reply::Invites(list) => {
            let list: Vec<Object> = list.iter().map(|view| Object::Invite(render::invite(view))).collect();
            body(&list)
        }
        other => Err(odd_fault("InviteList", &other)),
    }
}

async fn invite_revoke(hub: &Hub, params: &ById) -> Outcome {
    let invite = params.id.trim().parse().map_err(|_| {
        trouble::no_such(
            format!("There is no invite {:?}", names::short(&params.id)),
            "`starling invite list` lists your invites.",
        )
    })?;
    hub.handle.command(Command::InviteRevoke { invite }).await?;
    done("The invite is over")
}

pub(super) async fn list(hub: &Hub) -> Outcome {
    let people = hub.people().await?;
    hub.names_mut().replace(&people);
    let list: Vec<Object> = people.iter().map(|view| Object::Contact(render::contact(view))).collect();
    body(&list)
}
