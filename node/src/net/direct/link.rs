//! One link's task: whole messages out of the stream into the event queue, queued messages into the stream. Reading
//! waits when the event queue is full, so that the peer is slowed instead of anything lost.
//!
//! ```text
//! open ── our side done (CloseLink, a failed write) ──► lingering ── peer's end, or 2 s ──► over
//!   └──── peer's end, an empty message, a deadline ─────────────────────────────────────────► over
//! ```

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use starling_protocol::engine::net::{LinkId, NetEvent};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::frames::{Frames, put};

/// An inbound stream must bring its first whole message in this time, or it is closed: nobody holds places for
/// nothing.
const FIRST_MESSAGE: Duration = Duration::from_secs(10);
/// A message that has begun must be whole in this time.
const WHOLE_MESSAGE: Duration = Duration::from_secs(30);
/// A peer that takes nothing for this time while we have something to send is given up.
const WRITE_STALL: Duration = Duration::from_secs(30);
/// After our side is done, for what the peer still sends.
const LINGER: Duration = Duration::from_secs(2);
/// Bytes gathered for one write: queued messages beyond it go in the next.
const GATHER_BYTES: usize = 64 * 1024;
/// Bytes waiting to be written to one link. The engine's window stays far below; over it the link is closed.
const QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// Write requests waiting on one link.
const QUEUE_COUNT: usize = 4_096;

/// When something was last read from a connection.
#[derive(Debug)]
pub(crate) struct Heard {
    since: Instant,
    at_ms: AtomicU64,
}

impl Heard {
    /// Heard now.
    pub fn new() -> Self {
        Self { since: Instant::now(), at_ms: AtomicU64::new(0) }
    }

    /// How long ago.
    pub fn age(&self) -> Duration {
        self.since.elapsed().saturating_sub(Duration::from_millis(self.at_ms.load(Ordering::Relaxed)))
    }

    /// Heard just now.
    pub fn touch(&self) {
        let now_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.at_ms.store(now_ms, Ordering::Relaxed);
    }
}

/// The near end of a link's write queue. Dropping it ends the link once what is queued is flushed.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Vec<Vec<u8>>>,
    queued_bytes: Arc<AtomicUsize>,
}

/// The far end.
#[derive(Debug)]
pub(crate) struct Queue {
    queue: mpsc::Receiver<Vec<Vec<u8>>>,
    queued_bytes: Arc<AtomicUsize>,
}

/// A link's write queue.
pub(crate) fn queue() -> (Writer, Queue) {
    let (near, far) = mpsc::channel(QUEUE_COUNT);
    let queued_bytes = Arc::new(AtomicUsize::new(0));
    (Writer { queue: near, queued_bytes: Arc::clone(&queued_bytes) }, Queue { queue: far, queued_bytes })
}

fn bytes(messages: &[Vec<u8>]) -> usize {
    messages.iter().map(Vec::len).sum()
}

impl Writer {
    /// Queues messages for one flush; `false` if the queue is over its bound and the link should be closed.
    pub fn write(&self, messages: Vec<Vec<u8>>) -> bool {
        let bytes = bytes(&messages);
        let before = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > QUEUE_BYTES {
            return false;
        }
        match self.queue.try_send(messages) {
            Ok(()) => true,
            // The task is ending by itself; its end will be told.
            Err(mpsc::error::TrySendError::Closed(_)) => true,
            Err(mpsc::error::TrySendError::Full(_)) => false,
        }
    }
}

/// What a link's task needs.
#[derive(Debug)]
pub(crate) struct Link<S> {
    /// Its number.
    pub link: LinkId,
    /// The stream.
    pub stream: S,
    /// What to write.
    pub queue: Queue,
    /// Where messages go.
    pub events: mpsc::Sender<NetEvent>,
    /// Marked at every read.
    pub heard: Arc<Heard>,
    /// Whether the peer opened it.
    pub inbound: bool,
    /// Fires, or is dropped, when the connection is gone: a blocked write would not notice.
    pub gone: oneshot::Receiver<()>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    /// Runs until the link is over. Every message read was handed to the event queue by then.
    pub async fn run(self) {
        let Self { link, stream, queue, events, heard, inbound, gone } = self;
        let (reader, writer) = stream.split();
        let reading = read(reader, link, &events, &heard, inbound);
        let writing = write(writer, queue);
        tokio::pin!(reading);
        tokio::select! {
            () = &mut reading => return,
            _ = writing => {}
            _ = gone => {}
        }
        let _ = timeout(LINGER, reading).await;
    }
}

async fn read<R>(mut stream: R, link: LinkId, events: &mpsc::Sender<NetEvent>, heard: &Heard, inbound: bool)
where
    R: AsyncRead + Unpin,
{
    let mut frames = Frames::default();
    let mut deadline = inbound.then(|| Instant::now() + FIRST_MESSAGE);
    loop {
        loop {
            match frames.next() {
                Ok(Some(message)) => {
                    deadline = None;
                    if events.send(NetEvent::LinkData { link, message }).await.is_err() {
                        return;
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    tracing::debug!(link, "an empty message: not one of us");
                    return;
                }
            }
        }
        if deadline.is_none() && frames.is_partial() {
            deadline = Some(Instant::now() + WHOLE_MESSAGE);
        }
        let fill = poll_fn(|cx| frames.poll_fill(&mut stream, cx));
        let filled = match deadline {
            Some(deadline) => timeout_at(deadline, fill).await,
            None => Ok(fill.await),
        };
        match filled {
            Ok(Ok(count)) if count > 0 => heard.touch(),
            _ => return,
        }
    }
}

async fn write<W>(mut stream: W, mut queue: Queue) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    let mut out = Vec::new();
    while let Some(messages) = queue.queue.recv().await {
        out.clear();
        let mut taken = gather(&mut out, &messages)?;
        while out.len() < GATHER_BYTES {
            let Ok(messages) = queue.queue.try_recv() else { break };
            taken = taken.saturating_add(gather(&mut out, &messages)?);
        }
        timeout(WRITE_STALL, async {
            stream.write_all(&out).await?;
            stream.flush().await
        })
        .await??;
        queue.queued_bytes.fetch_sub(taken, Ordering::Relaxed);
        if out.capacity() > 2 * GATHER_BYTES {
            out = Vec::new();
        }
    }
    timeout(LINGER, stream.close()).await?
}

/// Frames messages; how many bytes of them.
fn gather(out: &mut Vec<u8>, messages: &[Vec<u8>]) -> io::Result<usize> {
    if messages.iter().all(|message| put(out, message)) {
        Ok(bytes(messages))
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}
