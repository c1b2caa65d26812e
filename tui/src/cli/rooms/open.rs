//! `room ignore`, `follow`, `hide`, `mute` and `slow`: what is not shown of open channels.

use super::{done, seconds};
use crate::cli::duration::Span;
use crate::cli::out::Out;
use crate::cli::session::Session;
use clap::Args;
use serde_json::json;
use starling_node::api::types::Trouble;

/// Somebody in an open channel
#[derive(Debug, Args)]
pub struct Person {
    /// Which
    #[arg(value_name = "#CHANNEL")]
    pub room: String,
    /// Whom
    #[arg(value_name = "@WHO")]
    pub who: String,
}

/// `room hide`
#[derive(Debug, Args)]
pub struct RoomHide {
    /// Which
    #[arg(value_name = "#CHANNEL")]
    room: String,
    /// A message, by its id
    #[arg(value_name = "ID")]
    id: String,
}

/// `room mute`
#[derive(Debug, Args)]
pub struct RoomMute {
    /// Who where
    #[command(flatten)]
    who: Person,
    /// How long, at most a day
    #[arg(long = "for", default_value = "1h", value_name = "TIME")]
    for_: Span,
}

/// `room slow`
#[derive(Debug, Args)]
pub struct RoomSlow {
    /// Which
    #[arg(value_name = "#CHANNEL")]
    room: String,
    /// Between two texts of one person, at most an hour; 0s ends it
    #[arg(value_name = "TIME")]
    time: Span,
}

/// Ignores or follows somebody, or no more.
///
/// # Errors
/// The node's, in words.
pub async fn choose(
    session: &Session,
    out: Out,
    method: &str,
    one: &Person,
    on: bool,
) -> Result<(), Trouble> {
    done(session, out, method, json!({ "room": one.room, "who": one.who, "on": on })).await
}

/// `room hide`.
///
/// # Errors
/// The node's, in words.
pub async fn hide(session: &Session, out: Out, what: &RoomHide) -> Result<(), Trouble> {
    done(session, out, "room.hide", json!({ "room": what.room, "id": what.id })).await
}

/// `room mute`.
///
/// # Errors
/// The node's, in words.
pub async fn mute(session: &Session, out: Out, what: &RoomMute) -> Result<(), Trouble> {
    let Person { room, who } = &what.who;
    done(session, out, "room.mute", json!({ "room": room, "who": who, "for": seconds(what.for_) })).await
}

/// `room slow`.
///
/// # Errors
/// The node's, in words.
pub async fn slow(session: &Session, out: Out, what: &RoomSlow) -> Result<(), Trouble> {
    done(session, out, "room.slow", json!({ "room": what.room, "seconds": seconds(what.time) })).await
}
