//! The table of links and their tasks. Decides nothing: it knows which link runs where, and reaps what ended.

use std::collections::HashMap;
use std::sync::Arc;

use libp2p::Stream;
use starling_protocol::engine::net::{ConnId, LinkId, NetEvent};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, Id, JoinSet};

use super::direct::Slot;
use super::direct::link::{Heard, Link, Writer, queue};

/// A link whose task may start.
pub(super) struct Start {
    link: Link<Stream>,
    slot: Option<Slot>,
}

/// A stream that is open, before it has a link.
pub(super) struct Opened {
    /// The link's number.
    pub link: LinkId,
    /// Its connection.
    pub conn: ConnId,
    /// The stream.
    pub stream: Stream,
    /// For inbound streams.
    pub slot: Option<Slot>,
    /// The connection's.
    pub heard: Arc<Heard>,
}

struct Entry {
    conn: ConnId,
    phase: Phase,
}

enum Phase {
    Opening,
    Open { writer: Option<Writer>, gone: Option<oneshot::Sender<()>>, task: Option<AbortHandle>, cut: bool },
}

/// See the module.
pub(super) struct Links {
    entries: HashMap<LinkId, Entry>,
    tasks: JoinSet<()>,
    by_task: HashMap<Id, LinkId>,
    next_inbound: LinkId,
    events: mpsc::Sender<NetEvent>,
}

impl Links {
    pub fn new(events: mpsc::Sender<NetEvent>) -> Self {
        Self {
            entries: HashMap::new(),
            tasks: JoinSet::new(),
            by_task: HashMap::new(),
            next_inbound: 1,
            events,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len().max(self.tasks.len()).max(self.by_task.len())
    }

    pub fn contains(&self, link: LinkId) -> bool {
        self.entries.contains_key(&link)
    }

    /// A number for a link that is opened to us: odd.
    pub fn inbound_number(&mut self) -> LinkId {
        let link = self.next_inbound;
        self.next_inbound = self.next_inbound.wrapping_add(2);
        link
    }

    /// A link is being opened.
    pub fn opening(&mut self, link: LinkId, conn: ConnId) {
        self.entries.insert(link, Entry { conn, phase: Phase::Opening });
    }

    /// Whether the link is still being opened: its stream is not there.
    pub fn is_opening(&self, link: LinkId) -> bool {
        matches!(self.entries.get(&link), Some(Entry { phase: Phase::Opening, .. }))
    }

    /// A link's stream is open.
    pub fn opened(&mut self, opened: Opened) -> Start {
        let Opened { link, conn, stream, slot, heard } = opened;
        let (writer, queue) = queue();
        let (signal, gone) = oneshot::channel();
        let phase = Phase::Open { writer: Some(writer), gone: Some(signal), task: None, cut: false };
        self.entries.insert(link, Entry { conn, phase });
        let inbound = slot.is_some();
        let events = self.events.clone();
        Start { link: Link { link, stream, queue, events, heard, inbound, gone }, slot }
    }

    /// Starts a link's task.
    pub fn start(&mut self, start: Start) {
        let Start { link, slot } = start;
        let number = link.link;
        let handle = self.tasks.spawn(async move {
            link.run().await;
            drop(slot);
        });
        self.by_task.insert(handle.id(), number);
        if let Some(Entry { phase: Phase::Open { task, cut, .. }, .. }) = self.entries.get_mut(&number) {
            if *cut {
                handle.abort();
            }
            *task = Some(handle);
        }
    }

    /// Queues messages. Over the bound, or on a link that is not open yet, the link is cut: nothing is left out
    /// silently. On a link that is gone they are dropped; its end was or will be told.
    pub fn write(&mut self, link: LinkId, messages: Vec<Vec<u8>>) {
        let Some(entry) = self.entries.get(&link) else { return };
        let Phase::Open { writer, .. } = &entry.phase else { return };
        if writer.as_ref().is_some_and(|writer| !writer.write(messages)) {
            tracing::debug!(link, "write queue over its bound");
            self.cut(link);
        }
    }

    /// Ends an open link at once, whatever is queued. Its task's end comes by [`Links::ended`].
    pub fn cut(&mut self, link: LinkId) {
        if let Some(Entry { phase: Phase::Open { writer, task, cut, .. }, .. }) = self.entries.get_mut(&link)
        {
            *writer = None;
            *cut = true;
            if let Some(task) = task {
                task.abort();
            }
        }
    }

    /// Ends an open link when what is queued is flushed. Its task's end comes by [`Links::ended`].
    pub fn finish(&mut self, link: LinkId) {
        if let Some(Entry { phase: Phase::Open { writer, .. }, .. }) = self.entries.get_mut(&link) {
            *writer = None;
        }
    }

    /// The link's connection is gone: nothing can be written any more, what was received is still handed out.
    pub fn conn_gone(&mut self, link: LinkId) {
        if let Some(Entry { phase: Phase::Open { writer, gone, .. }, .. }) = self.entries.get_mut(&link) {
            *writer = None;
            *gone = None;
        }
    }

    /// Ends all.
    pub fn finish_all(&mut self) {
        for entry in self.entries.values_mut() {
            if let Phase::Open { writer, .. } = &mut entry.phase {
                *writer = None;
            }
        }
    }

    /// Forgets a link; the connection it ran in.
    pub fn remove(&mut self, link: LinkId) -> Option<ConnId> {
        self.entries.remove(&link).map(|entry| entry.conn)
    }

    /// Whether no task runs.
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits for a task to end, well or badly; its link. Only to be called when one runs.
    pub async fn ended(&mut self) -> Option<LinkId> {
        let id = match self.tasks.join_next_with_id().await? {
            Ok((id, ())) => id,
            Err(error) => error.id(),
        };
        self.by_task.remove(&id)
    }
}
