//! `room mute`, `room follow` and `room moderate`: what is not shown of open channels.

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

/// `room moderate`
#[derive(Debug, Args)]
pub struct RoomModerate {
    /// Which
    #[arg(value_name = "#CHANNEL")]
    pub room: String,
    /// A message, by its id
    #[arg(long, value_name = "ID", required_unless_present_any = ["mute", "slow"], conflicts_with_all = ["mute", "slow"])]
    hide: Option<String>,
    /// Somebody, for some time
    #[arg(long, value_name = "@WHO", conflicts_with = "slow")]
    mute: Option<String>,
    /// How long, at most a day
    #[arg(long = "for", default_value = "1h", value_name = "TIME", requires = "mute")]
    for_: Span,
    /// One text of each in this time, at most an hour; 0s ends it
    #[arg(long, value_name = "TIME")]
    slow: Option<Span>,
}

/// Mutes or follows somebody, or no more.
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

/// `room moderate`.
///
/// # Errors
/// The node's, in words.
pub async fn moderate(session: &Session, out: Out, what: &RoomModerate) -> Result<(), Trouble> {
    let mut params = json!({
        "room": what.room,
        "hide": what.hide,
        "mute": what.mute,
        "slow": what.slow.map(seconds),
    });
    if let (Some(fields), Some(_)) = (params.as_object_mut(), &what.mute) {
        fields.insert("for".to_owned(), json!(seconds(what.for_)));
    }
    done(session, out, "room.moderate", params).await
}
