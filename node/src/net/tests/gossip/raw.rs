//! A peer that speaks gossip's wire by hand, and so says what no honest one would. It hears nothing.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt};
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::ReadyUpgrade;
use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol, Swarm};
use starling_protocol::engine::net::Topic;
use tokio::sync::mpsc;

use super::stranger::memory;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/starling/gossip/1");

pub(super) fn digits(topic: &Topic) -> String {
    topic.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn varint(mut n: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}

/// A length-delimited field of protobuf.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    [&[tag << 3 | 2], varint(bytes.len()).as_slice(), bytes].concat()
}

fn packet(fields: &[u8]) -> Vec<u8> {
    [varint(fields.len()).as_slice(), fields].concat()
}

pub(super) fn subscribe<'a>(topics: impl IntoIterator<Item = &'a Topic>) -> Vec<u8> {
    let one = |topic: &Topic| field(1, &[&[8, 1], field(2, digits(topic).as_bytes()).as_slice()].concat());
    packet(&topics.into_iter().flat_map(one).collect::<Vec<u8>>())
}

pub(super) fn publish(topic: &Topic, data: &[u8]) -> Vec<u8> {
    packet(&field(2, &[field(2, data), field(4, digits(topic).as_bytes())].concat()))
}

pub(super) fn graft(topic: &Topic) -> Vec<u8> {
    packet(&field(3, &field(3, &field(1, digits(topic).as_bytes()))))
}

pub(super) fn have(topic: &Topic, ids: impl Iterator<Item = [u8; 32]>) -> Vec<u8> {
    let ids: Vec<u8> = ids.flat_map(|id| field(2, &id)).collect();
    packet(&field(3, &field(1, &[field(1, digits(topic).as_bytes()), ids].concat())))
}

/// The peer, connected to one address; what goes into the channel is written as it is.
pub(super) fn mallory(addr: &Multiaddr) -> (PeerId, mpsc::Sender<Vec<u8>>) {
    let (sender, frames) = mpsc::channel(64);
    let mut swarm: Swarm<Mallory> = memory(Mallory { frames: Arc::new(Mutex::new(Some(frames))) });
    let peer = *swarm.local_peer_id();
    swarm.dial(addr.clone()).unwrap();
    tokio::spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    });
    (peer, sender)
}

type Frames = Arc<Mutex<Option<mpsc::Receiver<Vec<u8>>>>>;

pub(super) struct Mallory {
    frames: Frames,
}

pub(super) struct Hand {
    frames: Frames,
    asked: bool,
    work: Vec<BoxFuture<'static, ()>>,
}

/// Asks again until the stream is had: the other side admits when it likes.
async fn write(frames: Frames, mut stream: Stream) {
    let Some(mut frames) = frames.lock().unwrap().take() else { return };
    while let Some(frame) = frames.recv().await {
        if stream.write_all(&frame).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

async fn read(mut stream: Stream) {
    let mut buffer = [0; 4_096];
    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
}

impl ConnectionHandler for Hand {
    type FromBehaviour = std::convert::Infallible;
    type ToBehaviour = std::convert::Infallible;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn connection_keep_alive(&self) -> bool {
        true
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, (), Self::ToBehaviour>> {
        if !std::mem::replace(&mut self.asked, true) {
            let protocol = SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ());
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        self.work.retain_mut(|work| work.poll_unpin(cx).is_pending());
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        match event {}
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, .. }) => {
                self.work.push(write(Arc::clone(&self.frames), protocol).boxed());
            }
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. }) => {
                self.work.push(read(protocol).boxed());
            }
            ConnectionEvent::DialUpgradeError(_) => self.asked = false,
            _ => {}
        }
    }
}

impl NetworkBehaviour for Mallory {
    type ConnectionHandler = Hand;
    type ToSwarm = std::convert::Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Err(ConnectionDenied::new("dials only"))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Hand { frames: Arc::clone(&self.frames), asked: false, work: Vec::new() })
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
