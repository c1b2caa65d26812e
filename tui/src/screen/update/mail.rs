//! `/mailbox`: who keeps one's mail, links to and from mailboxes, and the question between friends.

use super::events::ok;
use super::{Out, commands, complain, say};
use crate::screen::model::overlay::{MailboxBox, Overlay};
use crate::screen::model::{Model, words};
use crate::screen::msg::{Effect, MailWish, Msg};
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::api::types::MailAsk;

/// What may stand behind `/mailbox`.
pub const WISHES: [&str; 7] = ["list", "use", "drop", "grant", "ask", "accept", "decline"];

/// `/mailbox …`. True if the editor is to be emptied.
pub fn command(model: &mut Model, rest: &str, out: &mut Out) -> bool {
    let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let rest = rest.trim();
    let wish = match (word, rest) {
        ("" | "list", _) => {
            open(model, out);
            return true;
        }
        ("grant", _) => MailWish::Grant,
        ("use" | "drop", "") => {
            let takes = if word == "use" { "a LINK" } else { "the mailbox's id or the friend whose it is" };
            return refuse(model, &format!("/mailbox {word} needs {takes}"));
        }
        ("use", link) => MailWish::Use { link: link.split_whitespace().collect() },
        ("drop", id) => MailWish::Drop { id: id.to_owned() },
        ("ask" | "accept" | "decline", who) => {
            let Some(account) = commands::resolve(model, who) else { return false };
            match word {
                "ask" => MailWish::Ask { account },
                word => MailWish::Answer { account, agree: word == "accept" },
            }
        }
        (word, _) => return refuse(model, &format!("/mailbox knows no \"{word}\"")),
    };
    out.push(Effect::Mail(wish));
    true
}

fn refuse(model: &mut Model, what: &str) -> bool {
    let do_ = format!("It takes {}.", WISHES.join(", "));
    complain(model, what, "Nothing was done; the text is still in the editor.", &do_);
    false
}

fn open(model: &mut Model, out: &mut Out) {
    model.overlay = Some(Overlay::Mailboxes(MailboxBox::default()));
    out.push(Effect::Mail(MailWish::List));
}

/// Takes in an answer about mailboxes.
pub fn on_answer(model: &mut Model, msg: Msg, out: &mut Out) {
    match msg {
        Msg::Mailboxes(result) => {
            if let Some(all) = ok(model, result) {
                model.mailboxes = Some(all);
            }
        }
        Msg::MailDone { say: words, result } => {
            if ok(model, result).is_some() {
                say(model, words);
            }
            out.push(Effect::Mail(MailWish::List));
        }
        Msg::Granted(result) => {
            if let Some(link) = ok(model, result).and_then(|granted| granted.link) {
                out.push(Effect::Copy { text: link.clone() });
                model.overlay = Some(Overlay::Mailboxes(MailboxBox { link: Some(link) }));
            }
            out.push(Effect::Mail(MailWish::List));
        }
        Msg::Kept { id: of, result } => {
            // Who keeps it is more than was asked for: without it the counts stand.
            if let (Ok(all), Some(Overlay::WhoHas { id, kept, .. })) = (result, &mut model.overlay)
                && *id == of
            {
                *kept = all;
            }
        }
        _ => {}
    }
}

/// A question was asked, or one is over.
pub fn on_ask(model: &mut Model, event: &MailAsk, out: &mut Out) {
    let line = words::mail::asked(model, &event.account, &event.change);
    let chat = model.chats.iter().find(|chat| chat.account.as_deref() == Some(&event.account));
    if event.change != "asked"
        && let Some(chat) = chat.map(|chat| chat.chat.clone())
        && let Some(log) = model.logs.get_mut(&chat)
    {
        log.say(line.clone());
    }
    say(model, line);
    out.extend([Effect::Mail(MailWish::List), Effect::People]);
}

/// A key while the mailboxes are shown.
pub fn on_key(model: &mut Model, shown: MailboxBox, key: KeyEvent, out: &mut Out) {
    match (key.code, &shown.link) {
        (KeyCode::Enter, _) => return,
        (KeyCode::Char('c'), Some(link)) => out.push(Effect::Copy { text: link.clone() }),
        _ => {}
    }
    model.overlay = Some(Overlay::Mailboxes(shown));
}
