//! Events on their way to the driver, in order, without ever waiting for it inside the swarm loop: what does not
//! fit into the queue waits here, and the loop takes on no new work while much is waiting.

use std::collections::VecDeque;
use std::pin::Pin;

use starling_protocol::engine::net::NetEvent;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::{SendError, TrySendError};

use super::links::Start;

/// Events waiting here from which on the loop takes no new work. Each piece of work adds a handful.
const BUSY_COUNT: usize = 256;

type Permit = mpsc::OwnedPermit<NetEvent>;
type Waiting = Pin<Box<dyn Future<Output = Result<Permit, SendError<()>>> + Send>>;

enum Item {
    Event(NetEvent),
    /// A link's task starts only when everything said before has gone out: it speaks to the driver by itself.
    Start(Start),
}

/// What [`Outbox::drain`] came to.
pub(super) enum Drained {
    /// Nothing waits any more.
    Empty,
    /// This link's task may start now.
    Start(Start),
    /// The driver is gone.
    Closed,
}

/// See the module.
pub(super) struct Outbox {
    events: mpsc::Sender<NetEvent>,
    items: VecDeque<Item>,
    waiting: Option<Waiting>,
}

impl Outbox {
    pub fn new(events: mpsc::Sender<NetEvent>) -> Self {
        Self { events, items: VecDeque::new(), waiting: None }
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn is_busy(&self) -> bool {
        self.items.len() >= BUSY_COUNT
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Says something, now or when there is room.
    pub fn say(&mut self, event: NetEvent) {
        if self.items.is_empty() {
            match self.events.try_send(event) {
                Ok(()) | Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(event)) => self.items.push_back(Item::Event(event)),
            }
        } else {
            self.items.push_back(Item::Event(event));
        }
    }

    /// Gives the link back if it may start at once, else keeps it in its place.
    pub fn start(&mut self, start: Start) -> Option<Start> {
        if self.items.is_empty() {
            return Some(start);
        }
        self.items.push_back(Item::Start(start));
        None
    }

    /// Hands out what waits as the driver makes room. May be dropped and called again: its place in the queue is
    /// kept.
    pub async fn drain(&mut self) -> Drained {
        loop {
            match self.items.pop_front() {
                None => return Drained::Empty,
                Some(Item::Start(start)) => return Drained::Start(start),
                Some(event) => self.items.push_front(event),
            }
            let waiting = self.waiting.get_or_insert_with(|| Box::pin(self.events.clone().reserve_owned()));
            let permit = waiting.await;
            self.waiting = None;
            match (permit, self.items.pop_front()) {
                (Ok(permit), Some(Item::Event(event))) => drop(permit.send(event)),
                (Ok(_), Some(other)) => self.items.push_front(other),
                (Ok(_), None) => return Drained::Empty,
                (Err(_), _) => return Drained::Closed,
            }
        }
    }
}
