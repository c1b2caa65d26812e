//! Messages in a stream: u16 big-endian length, then that many bytes. Must not trust the length for an allocation
//! before the bytes are there (docs/spec/03-live.md, "Framing").

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::AsyncRead;

/// Bytes of the largest message.
pub(crate) const MESSAGE_BYTES: usize = u16::MAX as usize;
/// Bytes of the length before each message.
const LENGTH_BYTES: usize = 2;
/// Bytes of the read buffer of a quiet link. It grows as bytes come and shrinks when they stop.
const QUIET_BYTES: usize = 4 * 1024;
/// Bytes the read buffer never exceeds: the largest message with its length fits exactly.
const BUFFER_BYTES: usize = LENGTH_BYTES + MESSAGE_BYTES;

/// A message of no bytes: nothing we speak has those, so whoever sends one is not one of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EmptyMessage;

/// Adds a message with its length to `out`; `false`, and nothing added, if it is too long or empty.
pub(crate) fn put(out: &mut Vec<u8>, message: &[u8]) -> bool {
    let Ok(length) = u16::try_from(message.len()) else { return false };
    if length == 0 {
        return false;
    }
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(message);
    true
}

/// Cuts a stream of bytes into messages.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Frames {
    /// The next whole message, if it is there.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, EmptyMessage> {
        let there = self.buffer.get(self.start..self.end).unwrap_or_default();
        let Some((length, rest)) = there.split_first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 {
            return Err(EmptyMessage);
        }
        let message = rest.get(..length).map(<[u8]>::to_vec);
        if message.is_some() {
            self.start += LENGTH_BYTES + length;
        }
        Ok(message)
    }

    /// Whether a message has begun and is not whole.
    pub fn is_partial(&self) -> bool {
        self.start < self.end
    }

    /// Reads once what the stream has; 0 is its end. Only to be called when [`Frames::next`] has nothing.
    pub fn poll_fill<R>(&mut self, stream: &mut R, cx: &mut Context<'_>) -> Poll<io::Result<usize>>
    where
        R: AsyncRead + Unpin,
    {
        self.make_room();
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = Pin::new(stream).poll_read(cx, room);
        if read.is_pending() && !self.is_partial() && self.buffer.len() > QUIET_BYTES {
            self.buffer = Vec::new();
            self.start = 0;
            self.end = 0;
        }
        let count = ready!(read)?;
        self.end = self.end.saturating_add(count).min(self.buffer.len());
        Poll::Ready(Ok(count))
    }

    /// Moves what is there to the front, and grows the buffer if the last read filled it.
    fn make_room(&mut self) {
        let filled = self.end == self.buffer.len();
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if filled {
            let bytes = self.buffer.len().saturating_mul(2).clamp(QUIET_BYTES, BUFFER_BYTES);
            self.buffer.resize(bytes, 0);
        }
    }
}
