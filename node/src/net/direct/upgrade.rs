//! Agreeing on a protocol for a new stream: by name, nothing else (docs/spec/03-live.md).

use std::convert::Infallible;
use std::future::{Ready, ready};

use libp2p::Stream;
use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use starling_protocol::engine::net::LinkProtocol;

/// A protocol by the name it has on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name(LinkProtocol);

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.0.name()
    }
}

/// Inbound: any of ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Any;

impl UpgradeInfo for Any {
    type Info = Name;
    type InfoIter = std::array::IntoIter<Name, { LinkProtocol::ALL.len() }>;

    fn protocol_info(&self) -> Self::InfoIter {
        LinkProtocol::ALL.map(Name).into_iter()
    }
}

impl InboundUpgrade<Stream> for Any {
    type Output = (LinkProtocol, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, name: Name) -> Self::Future {
        ready(Ok((name.0, stream)))
    }
}

/// Outbound: the one asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Only(pub(super) LinkProtocol);

impl UpgradeInfo for Only {
    type Info = Name;
    type InfoIter = std::iter::Once<Name>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once(Name(self.0))
    }
}

impl OutboundUpgrade<Stream> for Only {
    type Output = Stream;
    type Error = Infallible;
    type Future = Ready<Result<Stream, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, _: Name) -> Self::Future {
        ready(Ok(stream))
    }
}
