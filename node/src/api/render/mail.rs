//! Mailboxes and who keeps a message, as the API's objects.

use super::stamp;
use crate::api::names::Names;
use crate::api::types::{self, V};
use crate::mail::Figures;
use crate::store::{Custody, StoredMessage};
use starling_protocol::engine::command::{CustodyView, MailAskView, MailboxState, MailboxView};
use starling_protocol::engine::step::MessageState;
use starling_protocol::ids::MessageId;
use starling_protocol::mail::server::GrantUse;
use starling_protocol::time::WallMs;

/// Who keeps a message for one recipient, while nothing more than a mailbox has it.
pub fn kept(state: MessageState, custody: Custody) -> Option<types::Kept> {
    (state == MessageState::Mailbox).then(|| types::Kept {
        mailboxes: custody.mailboxes,
        until: (custody.mailboxes > 0).then(|| stamp(custody.until)),
    })
}

/// Who keeps a message: the least over the recipients who have it in mailboxes only.
pub(super) fn kept_by_all(message: &StoredMessage) -> Option<types::Kept> {
    let waiting = message.recipients.iter().filter(|one| one.state == MessageState::Mailbox);
    let least = waiting.map(|one| one.custody).min_by_key(|custody| (custody.mailboxes, custody.until))?;
    kept(message.state, least)
}

fn state(state: MailboxState) -> &'static str {
    match state {
        MailboxState::Ok => "ok",
        MailboxState::Silent => "silent",
        MailboxState::Full => "full",
        MailboxState::Gone => "gone",
    }
}

/// A mailbox that keeps mail for us.
pub fn mailbox(names: &Names, view: &MailboxView, now: WallMs) -> types::Mailbox {
    let kept_ms = WallMs::from(view.kept_s).saturating_mul(1_000);
    types::Mailbox {
        account: view.friend.map(|friend| friend.to_string()),
        name: view.friend.map(|friend| names.name(friend)),
        state: state(view.state).to_owned(),
        seen: view.seen.map(stamp),
        until: (view.state == MailboxState::Ok && kept_ms > 0).then(|| stamp(now.saturating_add(kept_ms))),
        bytes: view.used_bytes,
        quota: view.quota_bytes,
        ..blank("mine", view.mailbox.to_string())
    }
}

/// A mailbox of a role, with nothing known of it.
pub fn blank(role: &str, id: String) -> types::Mailbox {
    types::Mailbox {
        v: V,
        id,
        link: None,
        role: role.to_owned(),
        account: None,
        name: None,
        state: "ok".to_owned(),
        seen: None,
        until: None,
        holding: 0,
        boxes: 0,
        bytes: 0,
        quota: 0,
    }
}

/// A question whether to keep mail for each other that is open.
pub fn mail_ask(names: &Names, view: &MailAskView) -> types::Mailbox {
    types::Mailbox {
        account: Some(view.account.to_string()),
        name: Some(names.name(view.account)),
        state: "open".to_owned(),
        ..blank(if view.ours { "asked" } else { "asks" }, view.account.to_string())
    }
}

/// What this node keeps for others.
pub fn serving_mail(figures: &Figures) -> types::ServingMail {
    types::ServingMail {
        boxes: figures.boxes,
        queues: figures.queues,
        letters: figures.envelopes,
        bytes: figures.bytes,
        limit: figures.disk_limit,
        streams: figures.links,
    }
}

/// The same as one line of the list of mailboxes.
pub fn serving(figures: &Figures) -> types::Mailbox {
    types::Mailbox {
        state: if figures.bytes >= figures.disk_limit { "full" } else { "ok" }.to_owned(),
        holding: figures.envelopes,
        boxes: figures.boxes,
        bytes: figures.bytes,
        quota: figures.disk_limit,
        ..blank("serving", "here".to_owned())
    }
}

/// The same of one that says nothing: its file cannot be used, or it is busy.
pub fn not_serving(state: &str) -> types::Mailbox {
    types::Mailbox { state: state.to_owned(), ..blank("serving", "here".to_owned()) }
}

/// The grants under which it does, or which were taken back.
pub fn grants(figures: &Figures) -> Vec<types::Mailbox> {
    let grant = |one: &GrantUse| types::Mailbox {
        state: if one.revoked { "gone" } else { "ok" }.to_owned(),
        boxes: one.boxes,
        bytes: one.bytes,
        ..blank("grant", grant_name(&one.id))
    };
    figures.grants.iter().map(grant).collect()
}

/// A grant's name as text: 32 hexadecimal digits.
pub fn grant_name(id: &[u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A mailbox that keeps a message.
pub fn custody(names: &Names, message: MessageId, view: &CustodyView) -> types::KeptAt {
    types::KeptAt {
        v: V,
        message: message.to_string(),
        account: view.account.to_string(),
        name: names.name(view.account),
        mailbox: view.mailbox.to_string(),
        until: stamp(view.until),
    }
}
