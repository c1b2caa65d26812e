//! What lies over the main screen about messages: links, forwarding, a thread, pins.

use super::Model;
use super::line::Line;
use crate::screen::text::link::Address;
use starling_node::api::types::{Chat, Message};

/// Entries of a list of messages. A thread or a list of pins that is longer is read in the chat.
pub const LISTED: usize = 200;

/// One thing about messages over the main screen.
#[derive(Debug, Clone)]
pub enum TalkBox {
    /// The links of a message.
    Links {
        /// Them.
        addresses: Vec<Address>,
        /// The chosen one.
        at: usize,
        /// Whether it is shown whole, to be opened by Enter.
        sure: bool,
    },
    /// To whom a message is forwarded.
    Forward {
        /// The message.
        message: Box<Message>,
        /// What was typed.
        query: Line,
        /// The chosen chat.
        at: usize,
    },
    /// A message with its answers.
    Thread(List),
    /// What is pinned.
    Pins(List),
}

/// A list of messages to jump to.
#[derive(Debug, Clone)]
pub struct List {
    /// The chat they are in.
    pub chat: String,
    /// Them, oldest first; none until they are read.
    pub messages: Option<Vec<Message>>,
    /// The chosen one.
    pub at: usize,
    /// Whether there may be more that is not loaded.
    pub part: bool,
}

impl Model {
    /// Chats one can write to whose name has all of `query`, in the order of the list.
    pub fn writable(&self, query: &str) -> Vec<&Chat> {
        let wanted = query.trim().trim_start_matches(['@', '#']).to_lowercase();
        let open = |chat: &&Chat| match chat.kind.as_str() {
            "me" => true,
            "room" => chat.state == "member",
            _ => chat.state == "accepted",
        };
        let fits = |chat: &&Chat| {
            chat.title.to_lowercase().contains(&wanted) || chat.name.to_lowercase().contains(&wanted)
        };
        self.chats.iter().filter(open).filter(fits).collect()
    }

    /// The loaded messages of the thread a message is in: what it answers, up to the first, and all answers below.
    pub fn thread(&self, id: &str) -> List {
        let none = List {
            chat: self.open.clone().unwrap_or_default(),
            messages: Some(Vec::new()),
            at: 0,
            part: false,
        };
        let Some(log) = self.log() else { return none };
        let mut first = id;
        let mut part = false;
        for _ in 0..LISTED {
            match log.get(first).and_then(|item| item.message.reply_to.as_deref()) {
                Some(above) if log.get(above).is_some() => first = above,
                Some(_) => {
                    part = true;
                    break;
                }
                None => break,
            }
        }
        let mut inside = vec![first];
        let mut messages = Vec::new();
        for item in &log.items {
            let answers = item.message.reply_to.as_deref().is_some_and(|above| inside.contains(&above));
            if item.message.id == first || answers {
                if answers {
                    inside.push(&item.message.id);
                }
                messages.push(item.message.clone());
            }
            if messages.len() >= LISTED {
                part = true;
                break;
            }
        }
        let at = messages.iter().position(|message| message.id == id).unwrap_or(0);
        List { messages: Some(messages), at, part: part || log.short, ..none }
    }
}
