//! `mailbox`: who keeps one's mail while one is away, and for whom one keeps it.

use super::human::{bytes, plural, when};
use super::out::{Out, guard_line, json_line};
use super::people::link;
use super::session::Session;
use clap::Subcommand;
use serde_json::json;
use starling_node::api::types::{Done, Kept, KeptAt, Mailbox, Object, ServingMail, Trouble};

/// `mailbox …`
#[derive(Debug, Subcommand)]
pub enum MailboxAction {
    /// The mailboxes that keep your mail, and open questions
    List,
    /// Have your mail kept at a mailbox, by a link to it
    Use {
        /// The link; - reads it from stdin
        #[arg(value_name = "LINK")]
        link: String,
    },
    /// Have no mail kept there any more; what lies there is fetched first
    Drop {
        /// The mailbox's id, or the friend whose it is; or a link's name, which takes that link to yours back
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Make a link with which others may have their mail kept here
    Grant {
        /// How many people may use it; more than one needs `daemon --serve mailbox`
        #[arg(long, default_value_t = 1, value_name = "N")]
        uses: u32,
        /// What each of them may have kept, in MiB
        #[arg(long, default_value_t = 64, value_name = "MIB")]
        quota: u32,
    },
    /// Ask a contact: keep mail for each other?
    Ask {
        /// Whom
        #[arg(value_name = "@WHO")]
        who: String,
    },
    /// Say yes to a contact who asked that
    Accept {
        /// Who asked
        #[arg(value_name = "@WHO")]
        who: String,
    },
    /// Say no to a contact who asked that
    Decline {
        /// Who asked
        #[arg(value_name = "@WHO")]
        who: String,
    },
}

/// `mailbox`.
///
/// # Errors
/// The node's, in words.
pub async fn mailbox(session: &Session, out: Out, action: Option<MailboxAction>) -> Result<(), Trouble> {
    match action.unwrap_or(MailboxAction::List) {
        MailboxAction::List => list(session, out).await,
        MailboxAction::Use { link: text } => {
            let used: Mailbox = session.client.call("mailbox.use", json!({ "link": link(&text)? })).await?;
            show(out, &used);
            out.talk("People you are connected with are told at once, the others when they look for you.");
            Ok(())
        }
        MailboxAction::Drop { id } => done(session, out, "mailbox.drop", json!({ "id": id })).await,
        MailboxAction::Grant { uses, quota } => {
            let params = json!({ "uses": uses, "quota": quota });
            let made: Mailbox = session.client.call("mailbox.grant", params).await?;
            show(out, &made);
            let who = if uses == 1 { "One person".to_owned() } else { format!("{uses} people") };
            out.talk(&format!(
                "{who} can have {quota} MiB of mail each kept here with it; it works while this node runs."
            ));
            Ok(())
        }
        MailboxAction::Ask { who } => {
            let asked: Mailbox = session.client.call("mailbox.ask", json!({ "who": who })).await?;
            show(out, &asked);
            Ok(())
        }
        MailboxAction::Accept { who } => {
            done(session, out, "mailbox.answer", json!({ "who": who, "agree": true })).await
        }
        MailboxAction::Decline { who } => {
            done(session, out, "mailbox.answer", json!({ "who": who, "agree": false })).await
        }
    }
}

async fn list(session: &Session, out: Out) -> Result<(), Trouble> {
    let all: Vec<Mailbox> = session.client.call("mailbox.list", json!({})).await?;
    if !all.iter().any(|one| one.role == "mine") {
        out.talk(
            "No mailbox keeps your mail: it waits with those who write to you. `starling mailbox ask @who` asks a \
             friend, `starling mailbox use LINK` uses one you have a link to.",
        );
    }
    all.iter().for_each(|one| show(out, one));
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

fn show(out: Out, one: &Mailbox) {
    out.object(&Object::Mailbox(one.clone()), || line(one));
}

/// How a mailbox is, in words.
pub fn state(one: &Mailbox) -> String {
    let since = |words: &str| match &one.seen {
        Some(at) => format!("{words} since {}", when(at)),
        None => "was not reached yet".to_owned(),
    };
    match one.state.as_str() {
        "ok" => "answers".to_owned(),
        "silent" => since("does not answer"),
        "full" => "is full".to_owned(),
        "gone" => "does not keep your mail any more: drop it, or ask for a new link".to_owned(),
        other => guard_line(other),
    }
}

/// A mailbox, a grant's link, or a question.
pub fn line(one: &Mailbox) -> String {
    let name = one.name.as_deref().map(guard_line);
    let whose = name.as_deref().unwrap_or("somebody");
    match one.role.as_str() {
        "grant" => one.link.as_deref().map_or_else(|| granted(one), guard_line),
        "asked" => format!("{whose} is asked: keep mail for each other?"),
        "asks" => {
            let handle = starling_node::api::names::handle(whose);
            format!("{whose} asks: keep mail for each other?  `starling mailbox accept @{handle}`")
        }
        "serving" if one.state == "damaged" => {
            "here  what is kept for others cannot be used: `starling mailbox grant` says why".to_owned()
        }
        "serving" if one.state == "silent" => "here  too busy to say what is kept for others".to_owned(),
        "serving" => format!(
            "here  {} of {}, {} of {}",
            plural(one.holding, "letter", "letters"),
            plural(one.boxes, "person", "people"),
            bytes(one.bytes),
            bytes(one.quota)
        ),
        _ => {
            let whose = name.map(|name| format!("  {name}'s")).unwrap_or_default();
            format!(
                "{}{whose}  {}, {} of {}",
                guard_line(&one.id),
                state(one),
                bytes(one.bytes),
                bytes(one.quota)
            )
        }
    }
}

/// What this node keeps for others: counts and bytes.
pub fn held(held: &ServingMail) -> String {
    format!(
        "{} of {} in {}, {} of {}; {} connected",
        plural(held.letters, "letter", "letters"),
        plural(held.boxes, "person", "people"),
        plural(held.queues, "queue", "queues"),
        bytes(held.bytes),
        bytes(held.limit),
        held.streams
    )
}

fn granted(one: &Mailbox) -> String {
    let state = if one.state == "gone" { "taken back, " } else { "" };
    let people = plural(one.boxes, "person", "people");
    format!("here, link {}  {state}used by {people}, {}", guard_line(&one.id), bytes(one.bytes))
}

/// "in 2 mailboxes until 2026-12-21 18:00".
pub fn kept(kept: &Kept) -> String {
    let many = plural(u64::from(kept.mailboxes), "mailbox", "mailboxes");
    match &kept.until {
        Some(until) => format!("in {many} until {}", when(until)),
        None => "in no mailbox any more".to_owned(),
    }
}

/// A mailbox that keeps a message.
pub fn kept_at(one: &KeptAt) -> String {
    format!("for {}  {}  until {}", guard_line(&one.name), guard_line(&one.mailbox), when(&one.until))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn one(role: &str, state: &str) -> Mailbox {
        serde_json::from_value(json!({
            "id": "mailbox:x", "link": null, "role": role, "account": null, "name": "Ilse\u{1b}[2J", "state": state,
            "seen": null, "until": null, "holding": 3, "boxes": 1, "bytes": 1_500, "quota": 67_108_864
        }))
        .unwrap()
    }

    #[test]
    fn a_mailbox_is_a_line_without_control_characters() {
        assert_eq!(line(&one("mine", "ok")), "mailbox:x  Ilse[2J's  answers, 1.5 kB of 67.1 MB");
        assert_eq!(line(&one("serving", "ok")), "here  3 letters of 1 person, 1.5 kB of 67.1 MB");
        assert!(line(&one("serving", "damaged")).starts_with("here  what is kept for others cannot be used"));
        for role in ["asks", "asked", "grant", "later"] {
            assert!(!line(&one(role, "\u{7}")).contains(char::is_control), "{role}");
        }
    }

    #[test]
    fn no_mailbox_any_more_is_said() {
        assert_eq!(kept(&Kept { mailboxes: 0, until: None }), "in no mailbox any more");
        assert!(kept(&Kept { mailboxes: 1, until: Some("x".to_owned()) }).starts_with("in 1 mailbox until"));
    }
}
