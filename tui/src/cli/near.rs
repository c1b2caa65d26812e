//! `near`: people of this local network who look for people too.

use super::human;
use super::out::Out;
use super::session::Session;
use serde_json::json;
use starling_node::api::types::{Near, Object, Trouble};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often the node is asked, which keeps us seen. Above a minute it would take us for gone.
const ASK: Duration = Duration::from_secs(2);

/// Lists everybody once, for as long as `time`.
///
/// # Errors
/// The node's, in words.
pub async fn near(session: &Session, out: Out, time: Duration) -> Result<(), Trouble> {
    out.talk("Whoever looks for people on this network sees you meanwhile. Other devices must be on the same Wi-Fi or cable.");
    let until = Instant::now() + time;
    let mut shown = BTreeSet::new();
    loop {
        let list: Vec<Near> = session.client.call("near", json!({ "on": true })).await?;
        for one in list {
            if shown.insert((one.account.clone(), one.name.clone())) {
                out.object(&Object::Near(one.clone()), || human::near(&one));
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        sleep(left.min(ASK)).await;
    }
    let _: Vec<Near> = session.client.call("near", json!({ "on": false })).await?;
    let found = human::plural(shown.len() as u64, "person", "people");
    out.talk(&match shown.len() {
        0 => "Nobody was found. Guest networks often keep devices apart; `starling doctor network` tries."
            .to_owned(),
        _ => format!("{found} found. Ask one with `starling add LINK`."),
    });
    Ok(())
}
