//! One subscription: the kept events after a cursor, then everything as it happens. No kept event is skipped or
//! told twice; a reader that is too slow is told so and reads on from the store, at its own pace.
//!
//! ```text
//!   start ─► replay from the store ─► live ─┐ lagged: `resync`
//!                ▲                          │
//!                └──────────────────────────┘
//! ```

use super::hub::Hub;
use super::types::{Network, Object, Resync, V};
use super::{render, rpc};
use crate::driver::handle::NodeEvent;
use crate::network::Figures;
use crate::store::{Cursor, EventBody, OtherEvent, StoredEvent};
use serde::Serialize;
use starling_protocol::engine::step::Notice;
use starling_protocol::ids::ChatId;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

/// Events read from the store at once. At most this many texts are in memory for one reader.
const PAGE: usize = 128;

/// What a subscriber wants.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Only of these chats; all when none.
    pub chats: Option<HashSet<ChatId>>,
    /// Only these types; all when none.
    pub types: Option<HashSet<String>>,
    /// At most this many.
    pub max: Option<u64>,
    /// Whether to go on after the kept events.
    pub follow: bool,
}

impl Wanted {
    fn has_type(&self, word: &str) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(word))
    }

    fn has_chat(&self, chat: ChatId) -> bool {
        self.chats.as_ref().is_none_or(|chats| chats.contains(&chat))
    }

    fn kept(&self, event: &StoredEvent) -> bool {
        let (word, chat) = match &event.what {
            EventBody::Message(message) => ("message", Some(message.chat)),
            EventBody::Hidden { chat, .. } => ("hidden", Some(*chat)),
            EventBody::Receipt { chat, .. } => ("receipt", Some(*chat)),
            EventBody::Other(OtherEvent::Request { .. }) => ("request", None),
            EventBody::Other(OtherEvent::Contact { account, .. }) => {
                ("contact", Some(ChatId::from(*account)))
            }
            EventBody::Other(OtherEvent::MailAsk { account, .. }) => {
                ("mailask", Some(ChatId::from(*account)))
            }
            EventBody::Other(OtherEvent::Room { room, .. }) => ("room", Some(ChatId::from(*room))),
            EventBody::Other(OtherEvent::Gap { chat, .. } | OtherEvent::GapClosed { chat, .. }) => {
                ("gap", Some(*chat))
            }
        };
        self.has_type(word) && chat.map_or(self.chats.is_none(), |chat| self.has_chat(chat))
    }

    fn network(&self) -> bool {
        self.has_type("network") && self.chats.is_none()
    }

    fn passing(&self, notice: &Notice) -> bool {
        match notice {
            Notice::Presence { account, .. } => {
                self.has_type("presence") && self.has_chat(ChatId::from(*account))
            }
            Notice::Typing { chat, .. } => self.has_type("typing") && self.has_chat(*chat),
            Notice::Words { account, .. } => {
                self.has_type("compare") && self.has_chat(ChatId::from(*account))
            }
            Notice::Near(_) => self.has_type("near") && self.chats.is_none(),
            Notice::Network { .. } => false,
        }
    }
}

/// A running subscription.
pub struct Feed {
    /// What all share.
    pub hub: Arc<Hub>,
    /// Its number on its connection.
    pub number: u64,
    /// To the connection's writer.
    pub out: mpsc::Sender<Vec<u8>>,
    /// What is wanted.
    pub wanted: Wanted,
    /// Live events from before the subscription was answered.
    pub live: Receiver<Arc<NodeEvent>>,
    /// The cursor before the first wanted event.
    pub last: Cursor,
    /// Whether kept events come first.
    pub replay: bool,
    /// Events told so far.
    pub told: u64,
    /// The state of the network as it was last told.
    pub network: Option<Network>,
}

/// Why a feed ends.
enum Over {
    /// All was told: `end` is due.
    Told,
    /// Nobody reads it, or the node ends.
    Gone,
}

#[derive(Serialize)]
struct EventParams<'a> {
    subscription: u64,
    event: &'a Object,
}

#[derive(Serialize)]
struct EndParams {
    subscription: u64,
    cursor: String,
}

impl Feed {
    /// Runs until it is over.
    pub async fn run(mut self) {
        if let Over::Told = self.tell().await {
            let params = EndParams { subscription: self.number, cursor: self.last.to_string() };
            // When the connection is gone nobody needs to hear the end.
            let _ = self.out.send(rpc::notification("end", &params)).await;
        }
    }

    async fn tell(&mut self) -> Over {
        if self.wanted.max == Some(0) {
            return Over::Told;
        }
        loop {
            if self.replay
                && let Err(over) = self.tell_kept().await
            {
                return over;
            }
            if !self.wanted.follow {
                return Over::Told;
            }
            let lost = match self.tell_live().await {
                Ok(lost) => lost,
                Err(over) => return over,
            };
            let object = Object::Resync(Resync { v: V, cursor: self.last.to_string(), lost });
            if self.send(&object).await.is_err() {
                return Over::Gone;
            }
            self.replay = true;
        }
    }

    async fn tell_kept(&mut self) -> Result<(), Over> {
        loop {
            let page = match self.hub.handle.store().events(self.last, PAGE).await {
                Ok(page) => page,
                Err(fault) => {
                    tracing::warn!(%fault, "a subscription ends: the events cannot be read");
                    return Err(Over::Told);
                }
            };
            let whole = page.len() < PAGE;
            for event in page {
                self.one_kept(&event).await?;
            }
            if whole {
                return Ok(());
            }
        }
    }

    /// Returns the number of lost events when it lagged.
    async fn tell_live(&mut self) -> Result<u64, Over> {
        loop {
            match self.live.recv().await {
                Ok(event) => match event.as_ref() {
                    NodeEvent::Kept(kept) if kept.cursor > self.last => self.one_kept(kept).await?,
                    NodeEvent::Kept(_) => {}
                    NodeEvent::Notice(notice) => {
                        if self.wanted.passing(notice)
                            && let Some(object) = render::notice(self.last, notice)
                        {
                            self.one(&object).await?;
                        }
                    }
                    NodeEvent::Network(figures) => self.one_network(figures).await?,
                },
                Err(RecvError::Lagged(lost)) => return Ok(lost),
                Err(RecvError::Closed) => return Err(Over::Gone),
            }
        }
    }

    async fn one_kept(&mut self, event: &StoredEvent) -> Result<(), Over> {
        self.last = event.cursor;
        if !self.wanted.kept(event) {
            return Ok(());
        }
        match &event.what {
            EventBody::Message(message) => self.hub.meet(std::slice::from_ref(message.as_ref())).await,
            EventBody::Other(OtherEvent::Room { room, who, .. }) => {
                self.hub.meet_one(*room, *who).await;
            }
            _ => {}
        }
        let object = render::event(&self.hub.names(), event);
        self.one(&object).await
    }

    /// Tells the state of the network if it is another one than before.
    async fn one_network(&mut self, figures: &Figures) -> Result<(), Over> {
        let handle = &self.hub.handle;
        let mut now = render::network(&handle.net_facts(), figures, handle.facts().started.elapsed());
        if !self.wanted.network() || self.network.as_ref() == Some(&now) {
            return Ok(());
        }
        self.network = Some(now.clone());
        now.cursor = self.last.to_string();
        self.one(&Object::Network(now)).await
    }

    async fn one(&mut self, object: &Object) -> Result<(), Over> {
        self.send(object).await?;
        self.told += 1;
        if self.wanted.max.is_some_and(|max| self.told >= max) { Err(Over::Told) } else { Ok(()) }
    }

    async fn send(&mut self, object: &Object) -> Result<(), Over> {
        let line = rpc::notification("event", &EventParams { subscription: self.number, event: object });
        self.out.send(line).await.map_err(|_| Over::Gone)
    }
}
