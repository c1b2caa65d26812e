//! What F5 says: sentences for a person, and a report that can be given to anybody: no names, no addresses, no keys.

use starling_node::api::types::{Net, Test};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// Letters and digits in one word that may be an id or a key.
const ID_LETTERS: usize = 20;

/// Whether and how one is on.
pub fn on(net: &Net) -> &'static str {
    if net.invisible {
        return "You are invisible: nobody is called or answered.";
    }
    let peers = &net.peers;
    match net.state.as_str() {
        "starting" => "Starting: looking for people.",
        "direct" if peers.direct + peers.lan + peers.relayed == 0 => {
            "You are online; nobody you know is here now."
        }
        "direct" => "You are online, and people are connected.",
        "relayed" if peers.relayed == 0 => "You are online; others reach you by relay only.",
        "relayed" => "You are online, all by relay: no direct road was found.",
        "lan" => "No internet: this network has no way out. People on it are reached.",
        "offline" => "Offline: this computer has no network, no cable and no Wi-Fi. Starling keeps trying.",
        _ => "This version does not know that state.",
    }
}

/// Whether people can reach this node, and how.
pub fn reached(net: &Net) -> &'static str {
    let relay = net.relays.iter().any(|relay| relay.reserved);
    let tried = net.addresses.iter().any(|one| one.how == "confirmed");
    match (net.network, net.reach.as_str()) {
        _ if net.invisible => "No: you are invisible.",
        (false, _) => "No: there is no network.",
        (_, "public") if tried => "Yes, directly: somebody outside tried it.",
        (_, "public") => "Yes, directly.",
        (_, "private") if relay => "Yes, by relay; a direct road is tried each time.",
        (_, "private") => "Only on this network: a router keeps others out, and no relay helps.",
        _ if !net.route => "Only on this network.",
        _ if relay => "Yes, by relay; whether directly is not known yet.",
        _ => "Not known yet: nobody outside has tried.",
    }
}

/// What the router does.
pub fn router(net: &Net) -> &'static str {
    match net.mapping.as_str() {
        "off" => "not asked",
        "asking" => "asked, no answer yet",
        "none" => "cannot be asked",
        "not_public" => "is itself behind another one",
        "mapped" => "lets others in",
        _ => "?",
    }
}

/// The mark of a test's result.
pub fn mark(test: &Test) -> &'static str {
    match test.ok {
        Some(true) => "ok",
        Some(false) => "no",
        None => "?",
    }
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// The report.
pub fn report(net: &Net, found: &[Test]) -> String {
    let mut text = format!("Starling network report, version {}\n", env!("CARGO_PKG_VERSION"));
    let mut say = |label: &str, words: String| {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{label:<10} {words}");
    };
    let peers = &net.peers;
    let having = |part: &str| net.listen.iter().filter(|addr| addr.contains(part)).count();
    let told = |how: &str| net.addresses.iter().filter(|one| one.how == how).count();
    let invisible = if net.invisible { ", invisible" } else { "" };
    say("state", format!("{}{invisible}", without_places(&net.state)));
    say("people", format!("{} direct, {} by relay, {} on this LAN", peers.direct, peers.relayed, peers.lan));
    say("network", format!("{}, way to the internet: {}", yes(net.network), yes(net.route)));
    say(
        "listening",
        format!(
            "{} QUIC, {} TCP; {} IPv4, {} IPv6",
            having("/quic"),
            having("/tcp/"),
            having("/ip4/"),
            having("/ip6/")
        ),
    );
    say(
        "told",
        format!(
            "{} listening, {} tried from outside, {} by the router, {} by relay",
            told("listen"),
            told("confirmed"),
            told("mapped"),
            told("relay")
        ),
    );
    say("reach", without_places(&net.reach));
    say("router", without_places(&net.mapping));
    let places = net.relays.iter().filter(|relay| relay.reserved).count();
    say("relays", format!("{} known, {places} with a place", net.relays.len()));
    say("to direct", format!("{} became direct, {} did not", net.punched, net.punch_failed));
    let dht = &net.dht;
    say(
        "DHT",
        format!(
            "{} known, {} records kept, {} of {} own out",
            dht.known, dht.records, dht.published, dht.publishes
        ),
    );
    say("waiting", net.waiting.to_string());
    let (down, up) = (crate::screen::text::bytes(net.down_bytes), crate::screen::text::bytes(net.up_bytes));
    say("traffic", format!("{down} down, {up} up in {}", super::ways::lasting(net.uptime_s)));
    for one in found {
        let advice = if one.advice.is_empty() { String::new() } else { format!(" {}", one.advice) };
        say("test", without_places(&format!("{} {}: {}{advice}", mark(one), one.what, one.text)));
    }
    text
}

/// A text without anything that looks like an address, an id or a key.
fn without_places(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let bare = word
            .trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '/' | ':' | '[' | ']'))
            .trim_end_matches(':');
        if is_place(bare) { word.replace(bare, "(address)") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_place(word: &str) -> bool {
    let letters = word.chars().filter(char::is_ascii_alphanumeric).count();
    word.contains('/')
        || word.parse::<SocketAddr>().is_ok()
        || word.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
        || letters >= ID_LETTERS
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_report_keeps_no_address_and_no_id() {
        let text = "dialled /ip4/192.0.2.7/tcp/1, then 192.0.2.8:99 and [2001:db8::1] (2001:db8::2), as \
                    12D3KooWAbCdEfGhIjKlMnOpQrStUvWx: no answer on port 41641.";
        let clean = without_places(text);
        assert_eq!(
            clean,
            "dialled (address), then (address) and (address) ((address)), as (address): no answer on port 41641."
        );
    }
}
