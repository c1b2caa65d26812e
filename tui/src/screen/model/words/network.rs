//! The state of the network in words: the mark at the top right, the line above the messages, the card at the bottom
//! left, and the line in a chat when the state changed for longer than a moment.

use crate::screen::model::Model;
use crate::screen::text::{columns, count, time};
use starling_node::api::types::Network;

/// The mark and the word of the network, top right: the whole words if they fit into `room` columns.
pub fn mark(model: &Model, room: usize) -> String {
    let marks = &model.theme.marks;
    let (mark, short, long) = match model.network_key() {
        "invisible" => (marks.away, "invisible", ": messages wait here"),
        "starting" => (marks.ellipsis, "starting", ""),
        // Those of an open room are here, though no link to one's own people stands.
        "direct" if nobody(model) && super::open::are_here(model) => (marks.direct, "online", ""),
        "direct" if nobody(model) => (marks.direct, "online", ": nobody here now"),
        "direct" => (marks.direct, "online", ": direct"),
        "relayed" => (marks.relay, "online", ": all by relay"),
        "lan" => (marks.lan, "LAN only", ": no internet"),
        "offline" => (marks.away, "offline", ": messages wait here"),
        _ => ("?", "unknown", ""),
    };
    let whole = format!("{mark} {short}{long}");
    if columns(&whole) <= room { whole } else { format!("{mark} {short}") }
}

fn nobody(model: &Model) -> bool {
    model.network.as_ref().is_none_or(|network| network.direct + network.lan + network.relayed == 0)
}

/// The line above the messages when the network is not fully there, as long as `room` columns allow.
pub fn warning(model: &Model, room: usize) -> Option<String> {
    let words: &[&str] = match model.network_key() {
        "invisible" => &[
            "! You are invisible: nobody is called or answered. Messages wait here until /presence online.",
            "! You are invisible; messages wait. /presence online",
            "! You are invisible; messages wait here.",
        ],
        "offline" => &[
            "! No network. You can write; messages wait on this computer and go by themselves.",
            "! No network. Messages wait on this computer.",
            "! No network; messages wait.",
        ],
        "lan" => &[
            "! No internet. People on this network get messages now, the others later.",
            "! No internet. Only this network is reached.",
            "! No internet; this network only.",
        ],
        "relayed" => &[
            "! All traffic goes by relay (it sees who and when, not what). F5 tells why.",
            "! All traffic goes by relay. F5 tells why.",
            "! All goes by relay: F5.",
        ],
        _ => return None,
    };
    words.iter().find(|line| columns(line) <= room).or(words.last()).map(|line| (*line).to_owned())
}

/// The card at the bottom left, four short lines.
pub fn card(model: &Model) -> [String; 4] {
    let marks = &model.theme.marks;
    let looking = || [format!("{} Starting", marks.ellipsis), "looking for people".to_owned()];
    let Some(network) = &model.network else {
        let [first, second] = looking();
        return [first, second, String::new(), String::new()];
    };
    let waiting = match (network.waiting, model.in_mailboxes()) {
        (0, _) => "nothing waiting".to_owned(),
        (all, 0) => count(all, "message waiting", "messages waiting"),
        (all, kept) if kept == all => format!("{kept} in mailboxes"),
        (all, kept) => format!("{} here, {kept} in mail", all.saturating_sub(kept)),
    };
    let links = || format!("{} direct, {} relayed", network.direct, network.relayed);
    let near = || format!("{} on this LAN", network.lan);
    let (first, second, third) = match model.network_key() {
        "invisible" => {
            (format!("{} Invisible", marks.away), "nobody is called".to_owned(), "or answered".to_owned())
        }
        "starting" => {
            let [first, second] = looking();
            (first, second, String::new())
        }
        "direct" => (format!("{} Online", marks.direct), links(), near()),
        "relayed" => (format!("{} Online, by relay", marks.relay), links(), near()),
        "lan" => (
            format!("{} LAN only", marks.lan),
            count(u64::from(network.lan), "person nearby", "people nearby"),
            format!("no internet{}", minutes(model)),
        ),
        _ => (
            format!("{} Offline{}", marks.away, minutes(model)),
            "no network found".to_owned(),
            next_try(model),
        ),
    };
    [first, second, third, waiting]
}

/// For how long, once it is a minute.
fn minutes(model: &Model) -> String {
    match model.now_ms.saturating_sub(model.network_since_ms) / 60_000 {
        0 => String::new(),
        minutes => format!(", {minutes} min"),
    }
}

fn next_try(model: &Model) -> String {
    let left = model.network_next_ms.and_then(|at| at.checked_sub(model.now_ms)).filter(|left| *left > 0);
    left.map(|left| format!("next try in {}", time::until(left))).unwrap_or_default()
}

/// The line in a chat when the network has been another one for some time; nothing for what the person did.
pub fn changed(model: &Model, network: &Network) -> Option<String> {
    let ago_ms = i64::try_from(model.now_ms.saturating_sub(model.network_since_ms)).unwrap_or(0);
    let since = model.wall.checked_sub(jiff::SignedDuration::from_millis(ago_ms)).unwrap_or(model.wall);
    let since = time::clock(&since.to_zoned(model.zone.clone()));
    Some(match network.state.as_str() {
        "direct" => format!("Online since {since}."),
        "relayed" => format!("Since {since} all traffic goes by relay."),
        "lan" => format!("No internet since {since}; people on this network are reached."),
        "offline" => format!("No network since {since}; messages wait on this computer."),
        _ => return None,
    })
}
