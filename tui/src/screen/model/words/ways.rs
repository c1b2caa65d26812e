//! The ways on which others reach this node, one row each, and who is reached how as a tree.

use super::presence;
use crate::screen::model::Model;
use crate::screen::text::count;
use crate::screen::theme::Marks;
use starling_node::api::types::{Address, Contact, Net};

/// Ways shown of each kind. All of them are in `starling net`.
const WAYS: usize = 4;
/// People named on one branch of the map.
const NAMED: usize = 12;

/// A way to reach this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayRow {
    /// What it is.
    pub what: String,
    /// Its state in one word.
    pub state: &'static str,
    /// For how long, in words.
    pub since: String,
    /// What that means.
    pub note: String,
}

/// The ways, the best first.
pub fn ways(net: &Net) -> Vec<WayRow> {
    let of = |how: &'static str| net.addresses.iter().filter(move |one| one.how == how);
    let mut rows: Vec<WayRow> = Vec::new();
    for one in of("confirmed").take(WAYS) {
        rows.push(row(place(&one.addr), "open", one.since_s, "tried from outside"));
    }
    for one in of("mapped").take(WAYS) {
        rows.push(row(place(&one.addr), "mapped", one.since_s, "the router lets others in"));
    }
    let mut near: Vec<(String, &Address)> = Vec::new();
    for one in of("listen") {
        let what = listening(&one.addr);
        if !near.iter().any(|(known, _)| *known == what) {
            near.push((what, one));
        }
    }
    for (what, one) in near.into_iter().take(WAYS) {
        let (state, note) = match (what.starts_with("LAN"), net.reach.as_str()) {
            (true, _) if net.peers.lan > 0 => {
                ("open", format!("{} found", count(u64::from(net.peers.lan), "person", "people")))
            }
            (true, _) => ("open", "nobody found here".to_owned()),
            (_, "public") => ("open", "others get through".to_owned()),
            (_, "private") => ("shut", "who tried did not get through".to_owned()),
            _ => ("untried", "nobody outside has tried".to_owned()),
        };
        rows.push(row(what, state, one.since_s, &note));
    }
    for relay in net.relays.iter().take(WAYS) {
        let (state, note) = if relay.reserved {
            ("ready", "relay, keeps a place for you")
        } else {
            ("asked", "relay, gave no place yet")
        };
        rows.push(row(place(&relay.addr), state, relay.since_s, note));
    }
    rows
}

fn row(what: String, state: &'static str, since_s: u64, note: &str) -> WayRow {
    WayRow { what, state, since: lasting(since_s), note: note.to_owned() }
}

/// "40 s", "12 min", "2 h", "3 d".
pub fn lasting(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// An address as people write it: "UDP 203.0.113.9:41641".
fn place(addr: &str) -> String {
    let mut parts = addr.split('/').skip(1);
    let (family, host) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (transport, port) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !matches!(transport, "udp" | "tcp") {
        return addr.to_owned();
    }
    let host = if family == "ip6" { format!("[{host}]") } else { host.to_owned() };
    format!("{} {host}:{port}", transport.to_uppercase())
}

/// Where this node listens: of a network of one's own only the machine, as all its ports say the same.
fn listening(addr: &str) -> String {
    let host = addr.split('/').nth(2).unwrap_or_default();
    let private = match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => ip.is_private() || ip.is_link_local() || ip.is_loopback(),
        Ok(std::net::IpAddr::V6(ip)) => {
            ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback()
        }
        Err(_) => false,
    };
    if private { format!("LAN {host}") } else { place(addr) }
}

/// Who is reached how, as a tree of lines.
pub fn map(model: &Model, net: &Net) -> Vec<String> {
    let known = |via: &'static str| -> Vec<&Contact> {
        model.people.iter().filter(|one| one.via == via && one.state == "accepted").collect()
    };
    let mut branches: Vec<(String, Vec<String>)> = Vec::new();
    for (via, words) in [("direct", "directly"), ("lan", "on this network")] {
        let people = known(via);
        if !people.is_empty() {
            branches.push((words.to_owned(), names(&people, |one| one.name.clone())));
        }
    }
    let relayed = known("relay");
    if !relayed.is_empty() {
        branches.push(("by a relay".to_owned(), names(&relayed, |one| one.name.clone())));
    }
    for relay in net.relays.iter().filter(|relay| relay.reserved).take(WAYS) {
        branches.push((format!("a place at {}", place(&relay.addr)), Vec::new()));
    }
    let away: Vec<&Contact> =
        model.people.iter().filter(|one| one.via == "none" && one.state == "accepted").collect();
    if !away.is_empty() {
        let why = |one: &Contact| format!("{}: {}", one.name, presence(model, one));
        branches.push(("not here".to_owned(), names(&away, why)));
    }
    if branches.is_empty() {
        return vec!["Nobody is among your people yet.".to_owned()];
    }
    tree(&branches, &model.theme.marks)
}

fn names(people: &[&Contact], name: impl Fn(&Contact) -> String) -> Vec<String> {
    let mut names: Vec<String> = people.iter().take(NAMED).map(|one| name(one)).collect();
    if people.len() > NAMED {
        names.push(format!("and {} more", people.len() - NAMED));
    }
    names
}

fn tree(branches: &[(String, Vec<String>)], marks: &Marks) -> Vec<String> {
    let (fork, end, down) = if marks.blocks { ("├─", "└─", "│ ") } else { ("|-", "`-", "| ") };
    let mut lines = vec!["You".to_owned()];
    for (nth, (words, leaves)) in branches.iter().enumerate() {
        let last = nth + 1 == branches.len();
        lines.push(format!("{} {words}", if last { end } else { fork }));
        for (leaf, name) in leaves.iter().enumerate() {
            let arm = if leaf + 1 == leaves.len() { end } else { fork };
            lines.push(format!("{} {arm} {name}", if last { "  " } else { down }));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_people_write_them() {
        assert_eq!(place("/ip4/203.0.113.9/udp/41641/quic-v1"), "UDP 203.0.113.9:41641");
        assert_eq!(place("/ip6/2001:db8::1/tcp/41641"), "TCP [2001:db8::1]:41641");
        assert_eq!(place("odd"), "odd");
        assert_eq!(listening("/ip4/192.168.1.7/tcp/41641"), "LAN 192.168.1.7");
        assert_eq!(listening("/ip4/203.0.113.9/tcp/1"), "TCP 203.0.113.9:1");
    }

    #[test]
    fn times_are_short() {
        let said: Vec<String> = [0, 59, 60, 3_599, 7_300, 172_800].map(lasting).into();
        assert_eq!(said, ["0 s", "59 s", "1 min", "59 min", "2 h", "2 d"]);
    }
}
