//! How many bytes came and went: counted on the streams of every connection, so without the envelopes of IP, TCP and
//! QUIC. What goes through a relay is counted once, on the connection with the relay. Must not know whose they are.

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};

/// Bytes since the start, readable from anywhere.
#[derive(Debug, Default)]
pub struct Traffic {
    down: AtomicU64,
    up: AtomicU64,
}

impl Traffic {
    /// Bytes that came.
    pub fn down_bytes(&self) -> u64 {
        self.down.load(Ordering::Relaxed)
    }

    /// Bytes that went.
    pub fn up_bytes(&self) -> u64 {
        self.up.load(Ordering::Relaxed)
    }

    fn came(&self, result: &Poll<io::Result<usize>>) {
        add(&self.down, result);
    }

    fn went(&self, result: &Poll<io::Result<usize>>) {
        add(&self.up, result);
    }
}

fn add(sum: &AtomicU64, result: &Poll<io::Result<usize>>) {
    if let Poll::Ready(Ok(count)) = result {
        sum.fetch_add(u64::try_from(*count).unwrap_or(0), Ordering::Relaxed);
    }
}

/// A connection whose streams are counted.
#[derive(Debug)]
pub(super) struct Metered<M> {
    inner: M,
    /// None: counted elsewhere.
    traffic: Option<Arc<Traffic>>,
}

impl<M> Metered<M> {
    pub fn new(inner: M, traffic: Option<Arc<Traffic>>) -> Self {
        Self { inner, traffic }
    }
}

impl<M: StreamMuxer + Unpin> Metered<M> {
    fn counted(&self, stream: M::Substream) -> Counted<M::Substream> {
        Counted { inner: stream, traffic: self.traffic.clone() }
    }
}

impl<M> StreamMuxer for Metered<M>
where
    M: StreamMuxer + Unpin,
    M::Substream: Unpin,
{
    type Substream = Counted<M::Substream>;
    type Error = M::Error;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, M::Error>> {
        let polled = Pin::new(&mut self.inner).poll_inbound(cx);
        polled.map_ok(|stream| self.counted(stream))
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, M::Error>> {
        let polled = Pin::new(&mut self.inner).poll_outbound(cx);
        polled.map_ok(|stream| self.counted(stream))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, M::Error>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}

/// A stream whose bytes are counted.
#[derive(Debug)]
pub(super) struct Counted<S> {
    inner: S,
    traffic: Option<Arc<Traffic>>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, into);
        self.traffic.iter().for_each(|traffic| traffic.came(&read));
        read
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.inner).poll_read_vectored(cx, into);
        self.traffic.iter().for_each(|traffic| traffic.came(&read));
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, from);
        self.traffic.iter().for_each(|traffic| traffic.went(&written));
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, from);
        self.traffic.iter().for_each(|traffic| traffic.went(&written));
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::io::Cursor;
    use futures::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn what_a_stream_moves_is_counted_each_way() {
        let traffic = Arc::new(Traffic::default());
        let count =
            |bytes: Vec<u8>| Counted { inner: Cursor::new(bytes), traffic: Some(Arc::clone(&traffic)) };
        let mut into = Vec::new();
        count(vec![7; 1_000]).read_to_end(&mut into).await.unwrap();
        count(Vec::new()).write_all(&[7; 300]).await.unwrap();
        assert_eq!((traffic.down_bytes(), traffic.up_bytes()), (1_000, 300));
    }
}
