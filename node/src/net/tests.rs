//! Real networks on 127.0.0.1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod dht;
mod flood;
mod gossip;
mod hostile;
mod live;
mod relay;
mod roads;
mod slow;
mod unit;

use std::time::Duration;

use starling_protocol::engine::net::{ConnId, LinkId, LinkProtocol, NetCommand, NetEvent};
use tokio::time::timeout;

use super::{Net, NetConfig, start};

/// Longer than anything here takes on a busy machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn tcp() -> String {
    "/ip4/127.0.0.1/tcp/0".to_owned()
}

pub(super) fn quic() -> String {
    "/ip4/127.0.0.1/udp/0/quic-v1".to_owned()
}

pub(super) async fn node(listen: &[String]) -> Net {
    start(NetConfig { listen: listen.to_vec(), ..NetConfig::default() }).await.unwrap()
}

impl Net {
    pub(super) fn tell(&self, command: NetCommand) {
        self.commands.try_send(command).unwrap();
    }

    pub(super) async fn next(&mut self) -> NetEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("no event").expect("network gone")
    }

    /// The first event that `pick` wants; others are dropped.
    pub(super) async fn until<T>(&mut self, mut pick: impl FnMut(NetEvent) -> Option<T>) -> T {
        loop {
            if let Some(picked) = pick(self.next().await) {
                return picked;
            }
        }
    }

    /// Dials and waits for the answer.
    pub(super) async fn dial(&mut self, dial: u64, addrs: &[String]) -> Result<ConnId, String> {
        self.tell(NetCommand::Dial { dial, addrs: addrs.to_vec() });
        self.until(|event| match event {
            NetEvent::Dialed { dial: d, conn } if d == dial => Some(Ok(conn)),
            NetEvent::DialFailed { dial: d, reason } if d == dial => Some(Err(reason)),
            _ => None,
        })
        .await
    }

    /// Opens a link and waits for the answer: whether it opened.
    pub(super) async fn open(&mut self, link: LinkId, conn: ConnId) -> bool {
        self.tell(NetCommand::OpenLink { link, conn, protocol: LinkProtocol::Live });
        self.until(|event| match event {
            NetEvent::LinkOpened { link: l, .. } if l == link => Some(true),
            NetEvent::LinkClosed { link: l } if l == link => Some(false),
            _ => None,
        })
        .await
    }

    /// The next link opened to us.
    pub(super) async fn accept(&mut self) -> LinkId {
        self.until(|event| match event {
            NetEvent::LinkOpened { link, outbound: false, .. } => Some(link),
            _ => None,
        })
        .await
    }

    pub(super) async fn message(&mut self) -> (LinkId, Vec<u8>) {
        self.until(|event| match event {
            NetEvent::LinkData { link, message } => Some((link, message)),
            _ => None,
        })
        .await
    }

    pub(super) async fn link_closed(&mut self, link: LinkId) {
        self.until(|event| (event == NetEvent::LinkClosed { link }).then_some(())).await;
    }

    pub(super) async fn conn_closed(&mut self, conn: ConnId) {
        self.until(|event| (event == NetEvent::ConnClosed { conn }).then_some(())).await;
    }

    pub(super) fn write(&self, link: LinkId, message: &[u8]) {
        self.tell(NetCommand::Write { link, messages: vec![message.to_vec()] });
    }

    /// Waits for something to become true of the figures; they follow events by one turn of the loop.
    pub(super) async fn settles(&self, wanted: impl Fn(super::Sizes) -> bool) {
        timeout(PATIENCE, async {
            while !wanted(self.gauge.sizes()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("never settled: {:?}", self.gauge.sizes()));
    }
}
