#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use futures::future::poll_fn;
use libp2p::core::muxing::StreamMuxerExt;
use tokio::time::{Instant, timeout};

use super::*;

/// A line on which nothing moves.
struct Mute;

impl AsyncRead for Mute {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
}

impl AsyncWrite for Mute {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_peer_takes_nothing_is_closed_all_the_same() {
    let yamux = Yamux { config: yamux::Config::default(), traffic: None };
    let mut muxer = yamux.upgrade_outbound(Mute, "/yamux/1.0.0").await.unwrap();
    let began = Instant::now();
    let closing = poll_fn(|cx| muxer.poll_close_unpin(cx));
    let closed = timeout(GOODBYE * 10, closing).await.expect("it hangs");
    assert_eq!(closed.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert!(began.elapsed() >= GOODBYE, "whatever was queued had its time");
}
