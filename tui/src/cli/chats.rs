//! `chats`: the chat list, and how a chat is shown and told here.

use super::duration::Span;
use super::human;
use super::out::Out;
use super::session::Session;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use starling_node::api::types::{Chat, Object, Trouble};
use std::str::FromStr;

/// `chats …`
#[derive(Debug, Subcommand)]
pub enum ChatsAction {
    /// All chats, also those that are put away
    List,
    /// Tell nothing of a chat; `mentions` still tells what names you
    Mute {
        /// Which chat
        #[arg(value_name = "TO")]
        to: String,
        /// 8h, 2d, on, off or mentions
        #[arg(value_name = "HOW", default_value = "on")]
        how: Mute,
    },
    /// Have a chat before the others
    Pin {
        /// Which chat
        #[arg(value_name = "TO")]
        to: String,
        /// Not any more
        #[arg(long)]
        off: bool,
    },
    /// Put a chat away until the next message in it
    Archive {
        /// Which chat
        #[arg(value_name = "TO")]
        to: String,
        /// Bring it back now
        #[arg(long)]
        off: bool,
    },
    /// How much a notice of a chat says
    Notify {
        /// Which chat
        #[arg(value_name = "TO")]
        to: String,
        /// How much
        #[arg(value_name = "HOW", value_enum)]
        how: Notify,
    },
}

/// How a chat is muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mute {
    /// For a time.
    For(Span),
    /// Until it is taken back.
    On,
    /// Not.
    Off,
    /// But for what names oneself.
    Mentions,
}

impl FromStr for Mute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            "mentions" => Ok(Self::Mentions),
            other => other.parse().map(Self::For).map_err(|_| "write 8h, 2d, on, off or mentions".to_owned()),
        }
    }
}

/// How much a notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Notify {
    /// Who and what
    Text,
    /// Who
    Name,
    /// That there is something
    Something,
    /// No notice
    Off,
    /// As for all chats
    Default,
}

/// `chats`.
///
/// # Errors
/// The node's, in words.
pub async fn chats(session: &Session, out: Out, action: Option<&ChatsAction>) -> Result<(), Trouble> {
    let Some(params) = action.and_then(params) else {
        let all: Vec<Chat> = session.client.call("chats.list", json!({})).await?;
        all.into_iter().for_each(|chat| show(out, chat));
        return Ok(());
    };
    show(out, session.client.call("chats.set", params).await?);
    Ok(())
}

fn show(out: Out, chat: Chat) {
    let words = human::chat_line(&chat);
    out.object(&Object::Chat(chat), || words);
}

/// What `chats.set` is asked; nothing for the list.
fn params(action: &ChatsAction) -> Option<Value> {
    Some(match action {
        ChatsAction::List => return None,
        ChatsAction::Mute { to, how } => match how {
            Mute::For(span) => json!({ "to": to, "mute": "all", "mute_for_s": span.ms() / 1_000 }),
            Mute::On => json!({ "to": to, "mute": "all" }),
            Mute::Off => json!({ "to": to, "mute": "off" }),
            Mute::Mentions => json!({ "to": to, "mute": "mentions" }),
        },
        ChatsAction::Pin { to, off } => json!({ "to": to, "pinned": !off }),
        ChatsAction::Archive { to, off } => json!({ "to": to, "archived": !off }),
        ChatsAction::Notify { to, how } => {
            let word = match how {
                Notify::Text => "text",
                Notify::Name => "name",
                Notify::Something => "something",
                Notify::Off => "off",
                Notify::Default => "default",
            };
            json!({ "to": to, "notify": word })
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn how_a_chat_is_muted_is_said_in_plain_words() {
        let of = |how: &str| {
            let how = how.parse::<Mute>()?;
            Ok::<_, String>(params(&ChatsAction::Mute { to: "#roof".into(), how }).unwrap())
        };
        assert_eq!(of("8h").unwrap(), json!({ "to": "#roof", "mute": "all", "mute_for_s": 28_800 }));
        assert_eq!(of("on").unwrap(), json!({ "to": "#roof", "mute": "all" }));
        assert_eq!(of("off").unwrap(), json!({ "to": "#roof", "mute": "off" }));
        assert_eq!(of("mentions").unwrap(), json!({ "to": "#roof", "mute": "mentions" }));
        assert!(of("never").is_err());
    }
}
