//! One connection's part of the gate: shut until the gate hands it gossipsub's own handler. Must not decide when.

use std::fmt;
use std::iter::Flatten;
use std::option::IntoIter;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::{Either, Pending, pending};
use libp2p::Stream;
use libp2p::core::upgrade::{InboundUpgrade, UpgradeInfo};
use libp2p::swarm::handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, ListenUpgradeError};
use libp2p::swarm::{
    ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol, THandler,
};
use tokio::time::{Sleep, sleep};

use super::config::Inner;

/// Gossipsub's own handler, and what it listens to.
pub(crate) type Spoken = THandler<Inner>;
type Listened = <Spoken as ConnectionHandler>::InboundProtocol;
type Offered = <Spoken as ConnectionHandler>::OutboundProtocol;
type Heard = <Spoken as ConnectionHandler>::ToBehaviour;

/// How often a refused stream is asked for again, and after what time. Gossipsub takes one refusal for a no for ever,
/// but the other side may be about to listen: what says that it does takes another road than what makes it do so.
const AGAIN_COUNT: u32 = 3;
const AGAIN: Duration = Duration::from_secs(1);

/// What a handler is told.
pub(crate) enum Told {
    /// Others may open a stream for gossip here from now on. What they say is not read yet.
    Listen(Box<Spoken>),
    /// Read, and speak.
    Speak,
    /// For the handler inside.
    Inner(<Spoken as ConnectionHandler>::FromBehaviour),
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listen(_) => "Listen",
            Self::Speak => "Speak",
            Self::Inner(_) => "Inner",
        })
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Door {
    inner: Option<Spoken>,
    speaks: bool,
    refused: u32,
    /// Until when a stream is not asked for again, and what will be asked for then.
    pause: Option<Pin<Box<Sleep>>>,
    held: Option<SubstreamProtocol<Offered>>,
}

type DoorEvent = ConnectionHandlerEvent<Offered, (), Heard>;

impl Door {
    /// Lets the handler inside do what it wants, but for asking for a stream during a pause.
    fn poll_inner(&mut self, cx: &mut Context<'_>) -> Poll<DoorEvent> {
        let Some(inner) = self.inner.as_mut().filter(|_| self.speaks) else { return Poll::Pending };
        if self.pause.as_mut().is_some_and(|pause| pause.as_mut().poll(cx).is_ready()) {
            self.pause = None;
        }
        if self.pause.is_none()
            && let Some(protocol) = self.held.take()
        {
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        match inner.poll(cx) {
            Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
                if self.pause.is_some() =>
            {
                self.held = Some(protocol);
                inner.poll(cx)
            }
            polled => polled,
        }
    }

    /// What the handler inside is told of a stream that was not to be had.
    fn refusal<E>(&mut self, error: StreamUpgradeError<E>) -> StreamUpgradeError<E> {
        match error {
            StreamUpgradeError::NegotiationFailed if self.refused < AGAIN_COUNT => {
                self.refused += 1;
                self.pause = Some(Box::pin(sleep(AGAIN)));
                StreamUpgradeError::Timeout
            }
            error => error,
        }
    }
}

impl ConnectionHandler for Door {
    type FromBehaviour = Told;
    type ToBehaviour = Heard;
    type InboundProtocol = Offer;
    type OutboundProtocol = Offered;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Offer> {
        let offer = self.inner.as_ref().map(|inner| inner.listen_protocol().into_upgrade().0);
        SubstreamProtocol::new(Offer(offer), ())
    }

    fn connection_keep_alive(&self) -> bool {
        self.speaks && self.inner.as_ref().is_some_and(ConnectionHandler::connection_keep_alive)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<DoorEvent> {
        self.poll_inner(cx)
    }

    fn on_behaviour_event(&mut self, told: Told) {
        match told {
            Told::Listen(inner) => *self = Self { inner: Some(*inner), ..Self::default() },
            Told::Speak => self.speaks = true,
            Told::Inner(event) => {
                if let Some(inner) = &mut self.inner {
                    inner.on_behaviour_event(event);
                }
            }
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Offer, Offered>) {
        let event = match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, info }) => {
                ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, info })
            }
            ConnectionEvent::ListenUpgradeError(ListenUpgradeError { info, error }) => {
                ConnectionEvent::ListenUpgradeError(ListenUpgradeError { info, error })
            }
            ConnectionEvent::FullyNegotiatedOutbound(event) => {
                ConnectionEvent::FullyNegotiatedOutbound(event)
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error: self.refusal(error) })
            }
            _ => return,
        };
        if let Some(inner) = &mut self.inner {
            inner.on_connection_event(event);
        }
    }
}

/// What is listened to: gossip, or nothing.
pub(crate) struct Offer(Option<Listened>);

impl UpgradeInfo for Offer {
    type Info = <Listened as UpgradeInfo>::Info;
    type InfoIter = Flatten<IntoIter<<Listened as UpgradeInfo>::InfoIter>>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.as_ref().map(UpgradeInfo::protocol_info).into_iter().flatten()
    }
}

impl InboundUpgrade<Stream> for Offer {
    type Output = <Listened as InboundUpgrade<Stream>>::Output;
    type Error = <Listened as InboundUpgrade<Stream>>::Error;
    type Future =
        Either<<Listened as InboundUpgrade<Stream>>::Future, Pending<Result<Self::Output, Self::Error>>>;

    /// Where nothing is offered nothing can be agreed on, and this is not called.
    fn upgrade_inbound(self, stream: Stream, info: Self::Info) -> Self::Future {
        match self.0 {
            Some(offered) => Either::Left(offered.upgrade_inbound(stream, info)),
            None => Either::Right(pending()),
        }
    }
}
