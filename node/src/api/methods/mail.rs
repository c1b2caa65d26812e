//! Methods about mailboxes: which keep our mail, who may use ours, and the question between friends.

use super::{Outcome, done, read};
use crate::api::hub::{Hub, odd, odd_fault};
use crate::api::rpc::{Fault, body};
use crate::api::types::{Mailbox, Object, Trouble};
use crate::api::{names, render, trouble};
use crate::driver::handle::NodeFault;
use crate::mail::Figures;
use serde::Deserialize;
use serde_json::Value;
use starling_protocol::engine::command::{CustodyView, MailAskView, MailboxView};
use starling_protocol::engine::{Command, Refusal, Reply};
use starling_protocol::ids::{AccountId, MailboxId, MessageId};

/// What a box of a grant may hold if nobody says so, in MiB. Lower is full after a week of a busy friend's mail.
const QUOTA_MIB: u32 = 64;

pub(super) async fn call(hub: &Hub, method: &str, params: Value) -> Outcome {
    match method {
        "mailbox.list" => list(hub).await,
        "mailbox.use" => use_link(hub, read(params)?).await,
        "mailbox.drop" => drop_one(hub, &read(params)?).await,
        "mailbox.grant" => grant(hub, &read(params)?).await,
        "mailbox.ask" => ask(hub, &read(params)?).await,
        "mailbox.answer" => answer(hub, &read(params)?).await,
        other => Err(Fault::no_method(other)),
    }
}

pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

async fn views(hub: &Hub) -> Result<(Vec<MailboxView>, Vec<MailAskView>), Trouble> {
    match hub.handle.command(Command::MailboxList).await? {
        Reply::Mailboxes { mine, asks } => Ok((mine, asks)),
        other => Err(odd("MailboxList", &other)),
    }
}

/// What this node keeps for others, if it keeps anything or offers to.
pub(super) async fn figures(hub: &Hub) -> Option<Figures> {
    // Without an answer (it has ended, or is busy) there is nothing to tell.
    let figures = hub.handle.mail_figures().await.ok()?;
    told(hub, figures)
}

fn told(hub: &Hub, figures: Figures) -> Option<Figures> {
    (serves(hub) || figures.boxes > 0).then_some(figures)
}

fn serves(hub: &Hub) -> bool {
    hub.handle.facts().about.serve.mailbox
}

async fn list(hub: &Hub) -> Outcome {
    let (mine, asks) = views(hub).await?;
    let figures = hub.handle.mail_figures().await;
    let names = hub.names();
    let mut all: Vec<Mailbox> = mine.iter().map(|view| render::mailbox(&names, view, now_ms())).collect();
    all.extend(asks.iter().map(|view| render::mail_ask(&names, view)));
    match figures.map(|figures| told(hub, figures)) {
        Ok(None) => {}
        Ok(Some(figures)) => {
            all.push(render::serving(&figures));
            all.extend(render::grants(&figures));
        }
        Err(NodeFault::Store(_)) => all.push(render::not_serving("damaged")),
        Err(_) if serves(hub) => all.push(render::not_serving("silent")),
        Err(_) => {}
    }
    body(&all.into_iter().map(Object::Mailbox).collect::<Vec<_>>())
}

#[derive(Deserialize)]
struct Use {
    link: String,
}

async fn use_link(hub: &Hub, params: Use) -> Outcome {
    let reply = hub.handle.command(Command::MailboxUse { link: params.link }).await;
    match reply.map_err(use_refused)? {
        Reply::Mailbox(view) => body(&Object::Mailbox(render::mailbox(&hub.names(), &view, now_ms()))),
        other => Err(odd_fault("MailboxUse", &other)),
    }
}

/// Why a mailbox is not used, in words for a person.
fn use_refused(fault: NodeFault) -> Trouble {
    match fault {
        NodeFault::Refused(Refusal::BadLink { reason }) => trouble::mailbox_link(&reason),
        NodeFault::Refused(Refusal::OwnLink) => Trouble::new(
            "E-LINK",
            trouble::FAILED,
            "This is a link to your own mailbox",
            "Nothing was changed.",
            "Give it to somebody else; your own node cannot keep mail while it is off.",
        ),
        NodeFault::Refused(Refusal::Full { .. }) => trouble::mailboxes_full(),
        other => other.into(),
    }
}

#[derive(Deserialize)]
struct ById {
    id: String,
}

/// The mailbox of an id, or of a friend by name.
async fn one(hub: &Hub, text: &str) -> Result<MailboxId, Trouble> {
    let text = text.trim();
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let unknown = || {
        trouble::no_such(
            format!("No mailbox {:?} keeps your mail", names::short(text)),
            "`starling mailbox list` prints the ids; copy all of it, or name the friend whose it is.",
        )
    };
    if text.starts_with("mailbox:") {
        return Err(unknown());
    }
    let friend = hub.contact(text).await?;
    let (mine, _) = views(hub).await?;
    let found = mine.into_iter().find(|view| view.friend == Some(friend));
    found.map(|view| view.mailbox).ok_or_else(unknown)
}

async fn drop_one(hub: &Hub, params: &ById) -> Outcome {
    if let Some(grant) = grant_of(params.id.trim()) {
        hub.handle.revoke_mail_grant(grant).await.map_err(trouble::own_mailbox)?;
        return done(
            "The link is taken back: nothing more is kept under it, and what lies here goes when it is fetched",
        );
    }
    let mailbox = one(hub, &params.id).await?;
    hub.handle.command(Command::MailboxDrop { mailbox }).await?;
    done("No mail is left there any more; what lies there is fetched first if it answers")
}

/// A grant by its name, which is no name of a mailbox or a person: 32 hexadecimal digits.
fn grant_of(text: &str) -> Option<[u8; 16]> {
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(u128::to_be_bytes)
}

#[derive(Deserialize)]
struct Grant {
    #[serde(default = "one_use")]
    uses: u32,
    #[serde(default = "quota")]
    quota: u32,
}

fn one_use() -> u32 {
    1
}

fn quota() -> u32 {
    QUOTA_MIB
}

async fn grant(hub: &Hub, params: &Grant) -> Outcome {
    // A friend's box or two are kept by any node; to offer boxes to many is to serve.
    if params.uses > 1 && !serves(hub) {
        return Err(trouble::not_serving().into());
    }
    // A link to what cannot be used helps nobody.
    if let Err(fault @ NodeFault::Store(_)) = hub.handle.mail_figures().await {
        return Err(trouble::own_mailbox(fault).into());
    }
    let command = Command::MailboxGrant { uses: params.uses, quota_mib: params.quota };
    match hub.handle.command(command).await? {
        Reply::MailboxLink { grant, link } => body(&Object::Mailbox(Mailbox {
            link: Some(link),
            quota: u64::from(params.quota).saturating_mul(1 << 20),
            ..render::blank("grant", render::grant_name(&grant))
        })),
        other => Err(odd_fault("MailboxGrant", &other)),
    }
}

#[derive(Deserialize)]
struct Who {
    who: String,
}

async fn ask(hub: &Hub, params: &Who) -> Outcome {
    let account = hub.contact(&params.who).await?;
    let asked = hub.handle.command(Command::MailboxAsk { account }).await;
    asked.map_err(use_refused)?;
    body(&Object::Mailbox(render::mail_ask(&hub.names(), &MailAskView { account, ours: true })))
}

#[derive(Deserialize)]
struct Answer {
    who: String,
    agree: bool,
}

async fn answer(hub: &Hub, params: &Answer) -> Outcome {
    let account: AccountId = hub.contact(&params.who).await?;
    let agree = params.agree;
    let answered = hub.handle.command(Command::MailboxAnswer { account, agree }).await;
    answered.map_err(use_refused)?;
    let name = hub.names().name(account);
    done(&if agree {
        format!("{name} and you keep mail for each other")
    } else {
        format!("{name} is told that you do not")
    })
}

/// Which mailboxes keep an own message.
pub(super) async fn kept(hub: &Hub, message: MessageId) -> Outcome {
    let all: Vec<CustodyView> = match hub.handle.command(Command::Custody { message }).await? {
        Reply::Custody(all) => all,
        other => return Err(odd_fault("Custody", &other)),
    };
    let names = hub.names();
    let all: Vec<Object> =
        all.iter().map(|view| Object::Kept(render::custody(&names, message, view))).collect();
    body(&all)
}
