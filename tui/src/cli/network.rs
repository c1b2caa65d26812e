//! `net`, `net test`, `doctor`, `presence`: how one is connected, and what to do if one is not.

use super::args::{DoctorWhat, PresenceWord};
use super::human::{plural, when_next};
use super::out::{Out, guard_line};
use super::session::Session;
use crate::screen::model::words::report;
use serde_json::{Value, json};
use starling_node::api::trouble::{FAILED, misuse};
use starling_node::api::types::{Done, Net, Object, Test, Trouble};

/// `net`.
///
/// # Errors
/// The node's, in words.
pub async fn net(session: &Session, out: Out) -> Result<(), Trouble> {
    let net: Net = session.client.call("net", json!({})).await?;
    out.object(&Object::Net(Box::new(net.clone())), || lines(&net));
    Ok(())
}

/// `net test`.
///
/// # Errors
/// The node's, in words; exit 1 when something that matters does not work.
pub async fn test(session: &Session, out: Out) -> Result<(), Trouble> {
    out.talk("Trying everything there is; this takes up to half a minute.");
    findings(session, out, "net.test", json!({})).await
}

/// `doctor`.
///
/// # Errors
/// As [`test`].
pub async fn doctor(session: &Session, out: Out, what: DoctorWhat) -> Result<(), Trouble> {
    match what {
        DoctorWhat::Network => {
            out.talk("Looking at the network; this takes up to half a minute.");
            findings(session, out, "doctor", json!({ "what": "network" })).await
        }
        DoctorWhat::Store | DoctorWhat::Terminal => {
            Err(misuse("`doctor store` and `doctor terminal` are not there yet", "Use `doctor network`."))
        }
    }
}

async fn findings(session: &Session, out: Out, method: &str, params: Value) -> Result<(), Trouble> {
    let found: Vec<Test> = session.client.call(method, params).await?;
    for one in &found {
        out.object(&Object::Test(one.clone()), || finding(one));
    }
    if found.is_empty() {
        return Err(Trouble::new(
            "E-NET",
            FAILED,
            "The test found nothing out",
            "Messages are kept.",
            "Try again in a moment.",
        ));
    }
    let wrong = wrong(&found);
    if wrong.is_empty() {
        out.talk("What matters works.");
        return Ok(());
    }
    Err(Trouble::new(
        "E-NET",
        FAILED,
        format!("Not everything works: {}", guard_line(&wrong.join(", "))),
        "Messages wait on this computer and go by themselves when they can.",
        "Each line says what to do.",
    ))
}

/// What does not work and matters: a router that cannot be asked, a relay that is not needed and not being reached
/// directly while a relay helps are no faults.
fn wrong(found: &[Test]) -> Vec<&str> {
    let helped = found.iter().any(|one| one.what == "relay" && one.ok == Some(true));
    let matters = |what: &str| match what {
        "router" | "relay" => false,
        "reach" => !helped,
        _ => true,
    };
    found
        .iter()
        .filter(|one| one.ok == Some(false) && matters(&one.what))
        .map(|one| one.what.as_str())
        .collect()
}

/// A result: the mark, what was tried, what was seen, and below it what to do.
pub fn finding(one: &Test) -> String {
    let mut line = format!("{:<3} {:<9} {}", report::mark(one), guard_line(&one.what), guard_line(&one.text));
    if !one.advice.is_empty() {
        line.push_str(&format!("\n{:14}{}", "", guard_line(&one.advice)));
    }
    line
}

/// `presence`.
///
/// # Errors
/// The node's, in words.
pub async fn presence(session: &Session, out: Out, state: PresenceWord) -> Result<(), Trouble> {
    let done: Done = session.client.call("presence", json!({ "state": state.word() })).await?;
    if out.json {
        super::out::json_line(&Object::Done(done));
    } else {
        out.talk(&format!("{}.", done.what));
    }
    Ok(())
}

/// All that is known of the network, one fact a line.
pub fn lines(net: &Net) -> String {
    let mut lines = Vec::new();
    let mut say = |label: &str, text: String| lines.push(format!("{label:<12} {text}"));
    let peers = &net.peers;
    say(
        "network",
        format!(
            "{}  {} direct, {} by relay, {} on this network",
            net.state, peers.direct, peers.relayed, peers.lan
        ),
    );
    if net.invisible {
        say("invisible", "nobody is called or answered; `starling presence online` ends that".to_owned());
    }
    say("reachable", report::reached(net).to_owned());
    if net.listen.is_empty() {
        say("listening", "nowhere".to_owned());
    }
    for addr in &net.listen {
        say("listening", guard_line(addr));
    }
    for one in &net.addresses {
        say("told", format!("{}  ({})", guard_line(&one.addr), known_by(&one.how)));
    }
    say("router", report::router(net).to_owned());
    for relay in &net.relays {
        let place = if relay.reserved { "has a place for you" } else { "has given no place" };
        say("relay", format!("{}  {place}", guard_line(&relay.addr)));
    }
    if net.punched + net.punch_failed > 0 {
        say("to direct", format!("{} became direct, {} did not", net.punched, net.punch_failed));
    }
    say("DHT", dht(net));
    let next = net.next_try_ms.map(when_next).unwrap_or_default();
    say("waiting", format!("{}{next}", plural(net.waiting, "message", "messages")));
    if !net.serving.is_empty() {
        let carried = plural(u64::from(net.carried), "connection", "connections");
        say("serving", format!("{}; {carried} carried", guard_line(&net.serving.join(", "))));
    }
    lines.join("\n")
}

fn dht(net: &Net) -> String {
    let dht = &net.dht;
    let mut text = format!("{} known", plural(u64::from(dht.known), "node", "nodes"));
    if dht.keeps {
        text.push_str(&format!("; {} kept for others", plural(u64::from(dht.records), "record", "records")));
    }
    if dht.publishes > 0 {
        text.push_str(&format!("; {} of {} of yours are out", dht.published, dht.publishes));
    }
    text
}

fn known_by(how: &str) -> &'static str {
    match how {
        "listen" => "listening there",
        "confirmed" => "seen and tried from outside",
        "mapped" => "the router gave it",
        "relay" => "a relay passes on",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(what: &str, ok: Option<bool>) -> Test {
        Test { v: 1, what: what.to_owned(), ok, text: "seen".to_owned(), advice: String::new() }
    }

    #[test]
    fn only_what_matters_fails_a_test() {
        assert!(
            wrong(&[found("router", Some(false)), found("relay", Some(false)), found("dht", None)])
                .is_empty()
        );
        assert_eq!(wrong(&[found("route", Some(false)), found("listen", Some(true))]), ["route"]);
        let unreached = [found("reach", Some(false)), found("relay", Some(false))];
        assert_eq!(wrong(&unreached), ["reach"]);
        assert!(wrong(&[found("reach", Some(false)), found("relay", Some(true))]).is_empty());
    }

    #[test]
    fn a_finding_says_what_to_do_below_it() {
        let mut one = found("port", Some(false));
        one.advice = "End\u{1b}[2J it.".to_owned();
        assert_eq!(finding(&one), "no  port      seen\n              End[2J it.");
        assert_eq!(finding(&found("dht", None)), "?   dht       seen");
    }
}
