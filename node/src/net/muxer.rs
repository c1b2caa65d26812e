//! Yamux that ends. A connection says goodbye before it is closed, and a peer that takes nothing would make it wait
//! for ever, with its socket and its place among those that may be open. After a while it is dropped as it is. Must
//! not change what is sent.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, TryFutureExt};
use futures::{AsyncRead, AsyncWrite};
use libp2p::core::UpgradeInfo;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p::yamux;
use tokio::time::{Sleep, sleep};

use super::traffic::{Metered, Traffic};

/// For what is queued to leave when a connection is closed. Shorter cuts off slow lines in the middle of a word; longer
/// lets peers that take nothing hold their places.
const GOODBYE: Duration = Duration::from_secs(3);

/// Makes a [`Muxer`] of an encrypted stream, and counts what it carries.
#[derive(Debug, Clone)]
pub(super) struct Yamux {
    pub config: yamux::Config,
    /// None: what it carries is counted elsewhere.
    pub traffic: Option<Arc<Traffic>>,
}

impl UpgradeInfo for Yamux {
    type Info = <yamux::Config as UpgradeInfo>::Info;
    type InfoIter = <yamux::Config as UpgradeInfo>::InfoIter;

    fn protocol_info(&self) -> Self::InfoIter {
        self.config.protocol_info()
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> InboundConnectionUpgrade<C> for Yamux {
    type Output = Metered<Muxer<C>>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Output>>;

    fn upgrade_inbound(self, stream: C, info: Self::Info) -> Self::Future {
        let upgraded = self.config.upgrade_inbound(stream, info);
        upgraded.map_ok(|inner| Metered::new(Muxer::new(inner), self.traffic)).boxed()
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<C> for Yamux {
    type Output = Metered<Muxer<C>>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Output>>;

    fn upgrade_outbound(self, stream: C, info: Self::Info) -> Self::Future {
        let upgraded = self.config.upgrade_outbound(stream, info);
        upgraded.map_ok(|inner| Metered::new(Muxer::new(inner), self.traffic)).boxed()
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Muxer<C> {
    inner: yamux::Muxer<C>,
    /// Since it is being closed: until when.
    goodbye: Option<Pin<Box<Sleep>>>,
}

impl<C> Muxer<C> {
    fn new(inner: yamux::Muxer<C>) -> Self {
        Self { inner, goodbye: None }
    }
}

impl<C: AsyncRead + AsyncWrite + Send + Unpin + 'static> StreamMuxer for Muxer<C> {
    type Substream = yamux::Stream;
    type Error = io::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<yamux::Stream>> {
        Pin::new(&mut self.inner).poll_inbound(cx).map_err(io::Error::from)
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<yamux::Stream>> {
        Pin::new(&mut self.inner).poll_outbound(cx).map_err(io::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(closed) = Pin::new(&mut self.inner).poll_close(cx) {
            return Poll::Ready(closed.map_err(io::Error::from));
        }
        let goodbye = self.goodbye.get_or_insert_with(|| Box::pin(sleep(GOODBYE)));
        goodbye.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
        Pin::new(&mut self.inner).poll(cx).map_err(io::Error::from)
    }
}

#[cfg(test)]
mod tests;
