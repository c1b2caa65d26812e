//! `invite`, `add`, `requests`, `people`: who one knows.

use super::args::{Add, Invite, InviteAction, PeopleAction, RequestAction};
use super::out::{Out, guard_line, json_line, write_out};
use super::rooms::{RoomLink, make_link};
use super::session::Session;
use super::{human, qr};
use serde_json::json;
use starling_node::api::trouble::misuse;
use starling_node::api::types::{Contact, Done, Invite as InviteObject, Object, Request, Trouble};
use std::io::Read;

/// Bytes of a link read from stdin.
const LINK_BYTES: u64 = 16 * 1024;

/// `invite`.
///
/// # Errors
/// The node's, in words.
pub async fn invite(session: &Session, out: Out, invite: &Invite) -> Result<(), Trouble> {
    match &invite.action {
        None => invite_new(session, out, invite).await,
        Some(InviteAction::List) => {
            let list: Vec<InviteObject> = session.client.call("invite.list", json!({})).await?;
            for invite in list {
                out.object(&Object::Invite(invite.clone()), || human::invite(&invite));
            }
            Ok(())
        }
        Some(InviteAction::Revoke { id }) => done(session, out, "invite.revoke", json!({ "id": id })).await,
    }
}

async fn invite_new(session: &Session, out: Out, invite: &Invite) -> Result<(), Trouble> {
    if let Some(room) = invite.room.clone() {
        if invite.private {
            return Err(misuse("A link to a room has your addresses in it", "Leave out `--private`."));
        }
        let Invite { uses, for_, qr, auto_accept, .. } = *invite;
        return make_link(session, out, &RoomLink { room, uses, for_, qr, auto_accept }).await;
    }
    let params = json!({
        "uses": invite.uses,
        "for_s": invite.for_.ms() / 1_000,
        "private": invite.private,
        "auto_accept": invite.auto_accept,
    });
    let made: InviteObject = session.client.call("invite.new", params).await?;
    out.object(&Object::Invite(made.clone()), || made.link.clone());
    if invite.qr && !out.json {
        match qr::draw(&made.link) {
            Some(code) => write_out(&code),
            None => out.talk("The link is too long for a code."),
        }
    }
    let who = if made.uses == 1 { "One person".to_owned() } else { format!("{} people", made.uses) };
    out.talk(&format!("{who} can ask you with it until {}.", human::when(&made.until)));
    Ok(())
}

async fn done(session: &Session, out: Out, method: &str, params: serde_json::Value) -> Result<(), Trouble> {
    let done: Done = session.client.call(method, params).await?;
    if out.json {
        json_line(&Object::Done(done));
    } else {
        out.talk(&done.what);
    }
    Ok(())
}

fn show_contact(out: Out, contact: &Contact) {
    out.object(&Object::Contact(contact.clone()), || human::contact(contact));
}

/// A link as it was given; `-` reads it from stdin.
pub fn link(given: &str) -> Result<String, Trouble> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut link = String::new();
    std::io::stdin()
        .lock()
        .take(LINK_BYTES)
        .read_to_string(&mut link)
        .map_err(|fault| misuse(format!("stdin cannot be read: {fault}"), "Give the link."))?;
    Ok(link)
}

/// `add LINK`.
///
/// # Errors
/// The node's, in words.
pub async fn add(session: &Session, out: Out, add: &Add) -> Result<(), Trouble> {
    let params = json!({ "link": link(&add.link)?, "name": add.name, "note": add.note });
    let contact: Contact = session.client.call("add", params).await?;
    show_contact(out, &contact);
    if contact.state == "pending" {
        out.talk(&format!("{} is asked as soon as there is a connection.", guard_line(&contact.name)));
    }
    Ok(())
}

/// `requests`.
///
/// # Errors
/// The node's, in words.
pub async fn requests(session: &Session, out: Out, action: Option<&RequestAction>) -> Result<(), Trouble> {
    match action {
        None => {
            let list: Vec<Request> = session.client.call("requests.list", json!({})).await?;
            if list.is_empty() {
                out.talk("Nobody asks.");
            }
            for request in list {
                out.object(&Object::Request(request.clone()), || human::request(&request));
            }
            Ok(())
        }
        Some(RequestAction::Accept { id }) => {
            let contact: Contact = session.client.call("requests.accept", json!({ "id": id })).await?;
            show_contact(out, &contact);
            Ok(())
        }
        Some(RequestAction::Drop { id }) => done(session, out, "requests.drop", json!({ "id": id })).await,
    }
}

/// `people`.
///
/// # Errors
/// The node's, in words.
pub async fn people(session: &Session, out: Out, action: Option<&PeopleAction>) -> Result<(), Trouble> {
    let (method, params) = match action {
        None => {
            let list: Vec<Contact> = session.client.call("people.list", json!({})).await?;
            if list.is_empty() {
                out.talk(
                    "You know nobody yet. `starling invite` makes a link; `starling add LINK` uses one.",
                );
            }
            list.iter().for_each(|contact| show_contact(out, contact));
            return Ok(());
        }
        Some(PeopleAction::Rename { who, name }) => ("people.rename", json!({ "who": who, "name": name })),
        Some(PeopleAction::Block { who }) => ("people.block", json!({ "who": who })),
        Some(PeopleAction::Unblock { who }) => ("people.unblock", json!({ "who": who })),
        Some(PeopleAction::Hide { who }) => ("people.hide", json!({ "who": who })),
        Some(PeopleAction::Show { who }) => ("people.show", json!({ "who": who })),
        Some(PeopleAction::Remove { who }) => ("people.remove", json!({ "who": who })),
    };
    let contact: Contact = session.client.call(method, params).await?;
    show_contact(out, &contact);
    Ok(())
}
