//! The encrypted stream between two devices (docs/spec/03-live.md): Noise with a post-quantum key mixed in for
//! devices that know each other ([`live`]), Noise with the invite's secret for strangers ([`invite`]), and the
//! padded transport both lead to ([`Transport`]).
//!
//! Without IO: a message here is one Noise message; its length prefix is the network's business. A message that
//! fails ends the stream, because Noise counts messages.

mod handshake;
pub mod invite;
pub mod kem;
pub mod live;
#[cfg(test)]
mod tests;
mod transport;

pub(crate) use handshake::Ends;
pub(crate) use transport::Parts;
pub use transport::Transport;

/// Bytes after which a stream must be replaced by a new one, both directions together.
pub const STREAM_LIFE_BYTES: u64 = 1 << 30;
/// Milliseconds after which a stream must be replaced by a new one: past keys are gone within the hour.
pub const STREAM_LIFE_MS: u64 = crate::time::HOUR_MS;

/// Why a handshake or a stream ends. After any of these it is of no more use and must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoiseError {
    /// A message of a length that no honest peer sends.
    #[error("a message has an impossible length")]
    Length,
    /// A public key of small order or in a second spelling.
    #[error("the peer sent an unusable key")]
    Key,
    /// The message is not by the peer it should be by, or was changed on the way.
    #[error("a message does not authenticate")]
    Decrypt,
    /// Authentic, but not formed as it should be: flags, length or padding.
    #[error("a message is malformed")]
    Malformed,
    /// A frame over [`crate::limits::FRAME_BYTES`], or an empty one.
    #[error("a frame is empty or over its limit")]
    FrameSize,
    /// The responder of a live stream may not send before the initiator's first message has come.
    #[error("nothing may be sent before the peer has shown that it holds its key")]
    TooEarly,
    /// An earlier message failed, or the stream moved more than Noise allows.
    #[error("the stream has ended")]
    Ended,
    /// The operating system gives no random bytes, or a library refused what it should take.
    #[error("no random bytes, or an internal fault")]
    Internal,
}
