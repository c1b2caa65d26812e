//! Each effect as a call of the control API (docs/user/api.md), each answer as a message.

use crate::screen::model::chatlog::PAGE;
use crate::screen::msg::{After, Effect, MailWish, Msg, OutsideNews, OutsideWish};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use starling_node::api::client::Client;
use starling_node::api::types::Trouble;
use zeroize::Zeroizing;

/// Whether an effect must reach the node in order with others: what changes messages and drafts.
pub fn ordered(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Send { .. }
            | Effect::Edit { .. }
            | Effect::Delete { .. }
            | Effect::React { .. }
            | Effect::MarkRead { .. }
            | Effect::Typing { .. }
            | Effect::Draft { .. }
    )
}

/// The message for an effect that could not be tried.
pub fn refused(effect: Effect, trouble: Trouble) -> Option<Msg> {
    Some(match effect {
        Effect::Send { chat, reference, .. } => Msg::Sent { chat, reference, result: Err(trouble) },
        Effect::Edit { id, text } => Msg::EditRefused { id, text, trouble },
        Effect::Typing { .. } => return None,
        _ => Msg::Done { say: None, result: Err(trouble) },
    })
}

/// Calls the node for an effect.
pub async fn perform(client: Result<Client, Trouble>, effect: Effect) -> Option<Msg> {
    let client = match client {
        Ok(client) => client,
        // After the node is gone only what would be lost is worth an answer; the rest is read again.
        Err(trouble) => return if ordered(&effect) { refused(effect, trouble) } else { None },
    };
    match effect {
        Effect::Send { chat, text, reply_to, reference } => {
            let params = json!({ "to": chat, "text": text, "reply_to": reply_to, "client_ref": reference });
            Some(Msg::Sent { result: client.call("send", params).await, chat, reference })
        }
        Effect::Edit { id, text } => {
            let done: Result<Value, _> = client.call("edit", json!({ "id": id, "text": text })).await;
            done.err().map(|trouble| Msg::EditRefused { id, text, trouble })
        }
        Effect::Delete { id } => done(&client, "delete", json!({ "id": id }), None).await,
        Effect::React { id, emoji } => {
            done(&client, "react", json!({ "id": id, "emoji": emoji }), None).await
        }
        Effect::MarkRead { chat, ids } => {
            done(&client, "mark_read", json!({ "chat": chat, "ids": ids }), None).await
        }
        Effect::Draft { chat, text } => {
            done(&client, "draft", json!({ "chat": chat, "text": text }), None).await
        }
        Effect::Typing { chat, on } => {
            // A lost sign of typing is not worth a word.
            let _: Result<Value, _> = client.call("typing", json!({ "chat": chat, "on": on })).await;
            None
        }
        other => ask(&client, other).await,
    }
}

async fn done(client: &Client, method: &str, params: Value, say: Option<&str>) -> Option<Msg> {
    let result: Result<Value, Trouble> = client.call(method, params).await;
    let result = result.map(|_| ());
    (result.is_err() || say.is_some()).then(|| Msg::Done { say: say.map(str::to_owned), result })
}

async fn ask(client: &Client, effect: Effect) -> Option<Msg> {
    let none = json!({});
    Some(match effect {
        Effect::Chats => Msg::Chats(client.call("chats.list", none).await),
        Effect::People => Msg::People(client.call("people.list", none).await),
        Effect::Requests => Msg::Requests(client.call("requests.list", none).await),
        Effect::Status => Msg::Status(client.call("status", none).await),
        Effect::Net => Msg::Net(client.call("net", none).await),
        Effect::Outside(OutsideWish::Logs { since }) => {
            let params = json!({ "since": since });
            Msg::Outside(OutsideNews::Logs(client.call("logs", params).await))
        }
        Effect::NetTest => Msg::NetTest(client.call("doctor", json!({ "what": "network" })).await),
        Effect::Presence { state } => {
            let say = match state {
                "invisible" => "You are invisible. Messages wait here until /presence online.",
                "away" => "People you are connected with see you as away.",
                "busy" => "People you are connected with see you as busy.",
                _ => "People you are connected with see that you are here.",
            };
            return done(client, "presence", json!({ "state": state }), Some(say)).await;
        }
        Effect::Log { chat } => {
            let params = json!({ "chat": chat, "limit": PAGE });
            Msg::Log { page: client.call("log", params).await, chat }
        }
        Effect::Mail(wish) => mail(client, wish).await,
        Effect::Room(wish) => super::rooms::perform(client, wish).await,
        Effect::Kept { id } => Msg::Kept { result: client.call("kept", json!({ "id": id })).await, id },
        Effect::One { id } => Msg::One(client.call("message", json!({ "id": id })).await),
        Effect::Find { text, chat } => {
            let params = json!({ "text": text, "chat": chat });
            Msg::Found { result: client.call("find", params).await, text }
        }
        Effect::Nick { name } => Msg::Named(client.call("name", json!({ "name": name })).await),
        Effect::Words { passphrase } => Msg::Words(words(client, passphrase).await),
        Effect::Wake => return done(client, "wake", none, Some("Trying all waiting connections now.")).await,
        other => return ask_people(client, other).await,
    })
}

async fn ask_people(client: &Client, effect: Effect) -> Option<Msg> {
    Some(match effect {
        Effect::Invite => Msg::Invite(client.call("invite.new", json!({})).await),
        Effect::Add { link } => contact(client, "add", json!({ "link": link }), After::Asked).await,
        Effect::Accept { account } => {
            contact(client, "requests.accept", json!({ "id": account }), After::Accepted).await
        }
        Effect::Drop { account } => {
            Msg::Dropped(client.call("requests.drop", json!({ "id": account })).await)
        }
        Effect::Rename { account, name } => {
            contact(client, "people.rename", json!({ "who": account, "name": name }), After::Nothing).await
        }
        Effect::Block { account, on } => {
            let method = if on { "people.block" } else { "people.unblock" };
            contact(client, method, json!({ "who": account }), After::Nothing).await
        }
        Effect::Visible { account, on } => {
            let (method, words) = if on {
                ("people.show", "They see again how you are.")
            } else {
                ("people.hide", "They do not see how you are any more; messages flow as before.")
            };
            contact(client, method, json!({ "who": account }), After::Say(words)).await
        }
        Effect::Verify { account, matches } => {
            contact(client, "people.verify", json!({ "who": account, "matches": matches }), After::Nothing)
                .await
        }
        Effect::Safety { account } => Msg::Safety(client.call("safety", json!({ "who": account })).await),
        _ => return None,
    })
}

async fn mail(client: &Client, wish: MailWish) -> Msg {
    let (method, params, say) = match wish {
        MailWish::List => return Msg::Mailboxes(client.call("mailbox.list", json!({})).await),
        MailWish::Grant => return Msg::Granted(client.call("mailbox.grant", json!({})).await),
        MailWish::Use { link } => {
            ("mailbox.use", json!({ "link": link }), "Your mail is kept there from now on.")
        }
        MailWish::Drop { id } => ("mailbox.drop", json!({ "id": id }), "No mail is left there any more."),
        MailWish::Ask { account } => {
            ("mailbox.ask", json!({ "who": account }), "Asked; they see it when they are here.")
        }
        MailWish::Answer { account, agree: true } => {
            ("mailbox.answer", json!({ "who": account, "agree": true }), "You keep mail for each other now.")
        }
        MailWish::Answer { account, .. } => {
            ("mailbox.answer", json!({ "who": account, "agree": false }), "They are told that you do not.")
        }
    };
    let result: Result<Value, Trouble> = client.call(method, params).await;
    Msg::MailDone { say: say.to_owned(), result: result.map(|_| ()) }
}

async fn contact(client: &Client, method: &str, params: Value, then: After) -> Msg {
    Msg::Contact { then, result: call(client, method, params).await.map(Box::new) }
}

async fn call<R: DeserializeOwned>(client: &Client, method: &str, params: Value) -> Result<R, Trouble> {
    client.call(method, params).await
}

#[derive(serde::Deserialize)]
struct WordsIn {
    words: String,
}

async fn words(client: &Client, passphrase: Option<Zeroizing<String>>) -> Result<Zeroizing<String>, Trouble> {
    let params = json!({ "passphrase": passphrase.as_ref().map(|passphrase| passphrase.as_str()) });
    let answer: WordsIn = client.call("words", params).await?;
    Ok(Zeroizing::new(answer.words))
}
