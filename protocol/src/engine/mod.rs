//! The engine: the only place that sees every machine. [`Input`]s go in, a [`Step`] comes out.
//!
//! This module must not do IO, read a clock or draw on chance that is not given to it (docs/spec/05-delivery.md).

pub mod command;
pub mod net;
pub mod step;

pub use command::{Command, Refusal, Reply, RequestNumber};
pub use net::{ConnId, DialId, LinkId, LinkProtocol, NetCommand, NetEvent, Via};
pub use step::{Action, Change, Event, MessageKind, MessageState, NewMessage, Notice, Record, Space, Step};

/// Everything that can happen to an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A person's wish.
    Command {
        /// Comes back with the reply.
        request: RequestNumber,
        /// The wish.
        command: Command,
    },
    /// The network did something.
    Net(NetEvent),
    /// The time of [`Step::wake_at_ms`] has come (early or late is harmless).
    Wake,
}
