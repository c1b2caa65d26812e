//! What all connections of a node share: the names of people, who waits for which message, the newest cursor. One
//! task keeps it true by listening to the node.

use super::names::Names;
use super::rpc::Fault;
use super::types::Trouble;
use super::waits::{Reached, Waits};
use super::{trouble, waits};
use crate::driver::handle::{NodeEvent, NodeHandle};
use crate::store::{EventBody, OtherEvent, StoredMessage};
use starling_protocol::engine::command::{ContactView, RoomView, StatusView};
use starling_protocol::engine::step::MessageState;
use starling_protocol::engine::{Command, Reply};
use starling_protocol::ids::{AccountId, ChatId, MessageId, RoomId};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use zeroize::Zeroizing;

/// Shows the 24 words, given the passphrase if there is one.
pub type WordsFn = dyn Fn(Option<&[u8]>) -> Result<Zeroizing<String>, crate::keys::KeyError> + Send + Sync;

/// See the module.
pub struct Hub {
    /// The node.
    pub handle: NodeHandle,
    /// Who waits.
    pub waits: Waits,
    /// The newest cursor this hub has seen.
    pub newest: AtomicU64,
    /// Shows the words.
    pub words: Box<WordsFn>,
    names: RwLock<Names>,
}

impl Hub {
    /// A hub, and the task that keeps it true; the task ends with the node.
    pub async fn start(handle: NodeHandle, words: Box<WordsFn>) -> (Arc<Self>, tokio::task::JoinHandle<()>) {
        let names = RwLock::new(Names::new(handle.facts().account));
        let hub = Arc::new(Self { handle, waits: Waits::default(), newest: AtomicU64::new(0), words, names });
        let events = hub.handle.subscribe();
        if let Ok(stats) = hub.handle.store().stats().await {
            hub.newest.fetch_max(stats.newest, Ordering::AcqRel);
        }
        if let Err(fault) = hub.refresh().await {
            tracing::warn!(what = fault.what, "the names of contacts could not be read");
        }
        let task = tokio::spawn(Arc::clone(&hub).listen(events));
        (hub, task)
    }

    async fn listen(self: Arc<Self>, mut events: tokio::sync::broadcast::Receiver<Arc<NodeEvent>>) {
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = self.handle.stopping() => return,
            };
            match event {
                Ok(event) => {
                    if let NodeEvent::Kept(kept) = event.as_ref() {
                        self.newest.fetch_max(kept.cursor, Ordering::AcqRel);
                        self.on_kept(&kept.what);
                    }
                }
                Err(RecvError::Lagged(_)) => self.catch_up().await,
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn on_kept(&self, what: &EventBody) {
        match what {
            EventBody::Receipt { message, message_state, reason, .. } => {
                self.waits.reached(*message, &Reached { state: *message_state, reason: reason.clone() });
            }
            EventBody::Other(OtherEvent::Contact { account, name, state, verified, .. }) => {
                self.names_mut().put(*account, name, state == "removed", *verified);
            }
            EventBody::Other(OtherEvent::Room { room, name, change, who, open, .. }) => {
                let gone = match change.as_str() {
                    "left" | "removed" => Some(true),
                    _ => Some(false),
                };
                let ours = *who == self.handle.facts().account;
                let mut names = self.names_mut();
                names.put_room(*room, name, gone.filter(|_| ours));
                if *open {
                    names.put_open(*room);
                }
            }
            // Another try: what the one before came to ends no wait any more.
            EventBody::Message(message) if message.me && message.attempt > 1 => {
                let reached = Reached { state: message.state, reason: message.reason.clone() };
                self.waits.reached(message.id, &reached);
            }
            EventBody::Message(_) | EventBody::Hidden { .. } | EventBody::Other(_) => {}
        }
    }

    /// After lost events: reads again what they would have said.
    async fn catch_up(&self) {
        // Both failures mean that the node is ending or its disk fails, which others report.
        let _ = self.refresh().await;
        for message in self.waits.messages() {
            if let Ok(Some(reached)) = self.reached(message).await {
                self.waits.reached(message, &reached);
            }
        }
    }

    /// Asks the engine for everybody's names again.
    ///
    /// # Errors
    /// When the node is ending.
    pub async fn refresh(&self) -> Result<(), Trouble> {
        let people = self.people().await?;
        let status = self.status().await?;
        let rooms = self.rooms().await?;
        let mut names = self.names_mut();
        names.replace(&people);
        names.replace_rooms(&rooms);
        names.set_own_name(&status.name);
        Ok(())
    }

    /// The names.
    pub fn names(&self) -> RwLockReadGuard<'_, Names> {
        // Names are whole after every statement.
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names, to change.
    pub fn names_mut(&self) -> RwLockWriteGuard<'_, Names> {
        self.names.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// All contacts, now.
    ///
    /// # Errors
    /// The engine's, in words.
    pub async fn people(&self) -> Result<Vec<ContactView>, Trouble> {
        match self.handle.command(Command::People).await? {
            Reply::People(people) => Ok(people),
            other => Err(odd("People", &other)),
        }
    }

    /// All rooms, now.
    ///
    /// # Errors
    /// The engine's, in words.
    pub async fn rooms(&self) -> Result<Vec<RoomView>, Trouble> {
        match self.handle.command(Command::RoomList).await? {
            Reply::Rooms(rooms) => Ok(rooms),
            other => Err(odd("RoomList", &other)),
        }
    }

    /// Makes sure that those who speak in these messages have their names, as far as their rooms know them.
    pub async fn meet(&self, messages: &[StoredMessage]) {
        let rooms: BTreeSet<RoomId> = {
            let names = self.names();
            let unasked = |message: &StoredMessage| {
                let speak = [message.author].into_iter().chain(message.reactions.iter().map(|(who, _)| *who));
                let speak = speak.chain(message.recipients.iter().map(|one| one.account));
                speak.filter_map(|who| names.unasked(message.chat, who)).next()
            };
            messages.iter().filter_map(unasked).collect()
        };
        for room in rooms {
            self.learn(room).await;
        }
    }

    /// Makes sure that somebody of a room has a name.
    pub async fn meet_one(&self, room: RoomId, who: AccountId) {
        let unasked = self.names().unasked(room.into(), who);
        if let Some(room) = unasked {
            self.learn(room).await;
        }
    }

    async fn learn(&self, room: RoomId) {
        let members = match self.handle.command(Command::RoomMembers { room }).await {
            Ok(Reply::Members(members)) => members,
            // Then they are shown by their ids, until something about the room changes.
            _ => Vec::new(),
        };
        self.names_mut().put_members(room, &members);
    }

    /// The engine's summary, now.
    ///
    /// # Errors
    /// The engine's, in words.
    pub async fn status(&self) -> Result<StatusView, Trouble> {
        match self.handle.command(Command::Status).await? {
            Reply::Status(status) => Ok(status),
            other => Err(odd("Status", &other)),
        }
    }

    /// The chat that `to` names. Looks at the engine again before it says that there is none.
    ///
    /// # Errors
    /// See [`Names::chat`].
    pub async fn chat(&self, to: &str) -> Result<ChatId, Trouble> {
        let known = self.names().chat(to);
        match known {
            Err(fault) if fault.exit == trouble::NO_SUCH => {
                self.refresh().await?;
                self.names().chat(to)
            }
            known => known,
        }
    }

    /// The room that `to` names. Looks at the engine again before it says that there is none.
    ///
    /// # Errors
    /// See [`Names::room_of`].
    pub async fn room(&self, to: &str) -> Result<RoomId, Trouble> {
        let known = self.names().room_of(to);
        match known {
            Err(fault) if fault.exit == trouble::NO_SUCH => {
                self.refresh().await?;
                self.names().room_of(to)
            }
            known => known,
        }
    }

    /// The contact that `who` names.
    ///
    /// # Errors
    /// See [`Names::contact`].
    pub async fn contact(&self, who: &str) -> Result<AccountId, Trouble> {
        // The look at the engine, if one is needed, happens in `chat`.
        self.chat(who).await?;
        self.names().contact(who)
    }

    /// How far a message is, by the store; none if it is not there.
    ///
    /// # Errors
    /// The store's, in words.
    pub async fn reached(&self, message: MessageId) -> Result<Option<Reached>, Trouble> {
        let found = self.handle.store().message(message).await?;
        let own = found.into_iter().find(|kept| kept.me);
        Ok(own.map(|kept| Reached { state: kept.state, reason: kept.reason }))
    }

    /// Waits until a message is as far as `level`, or will never be; none when the time is over first.
    ///
    /// # Errors
    /// The store's, in words; and when the node ends first.
    pub async fn wait(
        &self,
        message: MessageId,
        level: MessageState,
        limit: Duration,
        look: bool,
    ) -> Result<Option<Reached>, Trouble> {
        let mut wait = self.waits.wait(message, level);
        // What was reached before the place in the table was taken is in the store, or among the recent receipts.
        if look
            && let Some(reached) = self.reached(message).await?
            && waits::is_over(reached.state, level)
        {
            return Ok(Some(reached));
        }
        tokio::select! {
            over = wait.over() => over.map(Some).ok_or_else(trouble::node_gone),
            () = tokio::time::sleep(limit) => Ok(None),
            () = self.handle.stopping() => Err(trouble::node_gone()),
        }
    }
}

/// The engine answered something else than was asked.
pub fn odd(asked: &str, got: &Reply) -> Trouble {
    // The kind only: a reply may hold a link.
    let kind = match got {
        Reply::Done => "Done",
        Reply::Sent { .. } => "Sent",
        Reply::Invite(_) => "Invite",
        Reply::Invites(_) => "Invites",
        Reply::Contact(_) => "Contact",
        Reply::Near(_) => "Near",
        Reply::People(_) => "People",
        Reply::Requests(_) => "Requests",
        Reply::SafetyNumber(_) => "SafetyNumber",
        Reply::Mailbox(_) => "Mailbox",
        Reply::Mailboxes { .. } => "Mailboxes",
        Reply::MailboxLink { .. } => "MailboxLink",
        Reply::Custody(_) => "Custody",
        Reply::Room(_) => "Room",
        Reply::Rooms(_) => "Rooms",
        Reply::Members(_) => "Members",
        Reply::Status(_) => "Status",
    };
    trouble::internal(format!("The engine was asked for {asked} and answered {kind}"))
}

/// As [`odd`], as a fault.
pub fn odd_fault(asked: &str, got: &Reply) -> Fault {
    odd(asked, got).into()
}
