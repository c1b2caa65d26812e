//! Methods about the network: what is known, what a test finds, and what of the configuration stands in its way.

use super::Outcome;
use crate::api::hub::Hub;
use crate::api::render;
use crate::api::rpc::{Fault, body};
use crate::api::types::{Object, Test, Trouble, V};
use crate::config::Config;
use crate::driver::handle::About;
use crate::logs::Level;
use crate::net::is_address;
use serde::Deserialize;

pub(super) async fn net(hub: &Hub) -> Outcome {
    let view = hub.status().await?;
    let (facts, net) = (hub.handle.facts(), hub.handle.net_facts());
    body(&Object::Net(Box::new(render::net(&view, facts, &net, hub.handle.traffic()))))
}

/// Which lines of the log are wanted.
#[derive(Deserialize)]
pub(super) struct WantedLines {
    /// Only those after this number.
    #[serde(default)]
    since: u64,
    /// At least this grave.
    #[serde(default)]
    level: Level,
}

/// The lines kept, oldest first; the newest of them if there are too many for one answer.
pub(super) fn logs(hub: &Hub, params: &WantedLines) -> Outcome {
    let lines = hub.handle.facts().about.logs.lines(params.since, params.level);
    let lines: Vec<Object> = lines.iter().map(|line| Object::LogLine(render::log_line(line))).collect();
    body(&lines)
}

pub(super) async fn test(hub: &Hub) -> Outcome {
    answer(tried(hub).await?)
}

async fn tried(hub: &Hub) -> Result<Vec<Test>, Trouble> {
    Ok(hub.handle.test_network().await?.iter().map(render::test).collect())
}

fn answer(lines: Vec<Test>) -> Outcome {
    let lines: Vec<Object> = lines.into_iter().map(Object::Test).collect();
    body(&lines)
}

#[derive(Deserialize)]
pub(super) struct Doctor {
    what: String,
}

pub(super) async fn doctor(hub: &Hub, params: &Doctor) -> Outcome {
    if params.what != "network" {
        return Err(Fault::bad_params("`what` is network"));
    }
    let facts = hub.handle.facts();
    let mut lines = vec![port(&facts.about, &facts.listen), config(&facts.about)];
    lines.extend(visible(hub.status().await?.invisible));
    lines.extend(tried(hub).await?);
    answer(lines)
}

fn line(what: &str, ok: bool, text: impl Into<String>, advice: &str) -> Test {
    Test { v: V, what: what.to_owned(), ok: Some(ok), text: text.into(), advice: advice.to_owned() }
}

fn visible(invisible: bool) -> Option<Test> {
    let text = "You are invisible: nobody is called or answered.";
    invisible.then(|| line("visible", false, text, "`starling presence online` ends that."))
}

/// What of the start a person should know, if anything: the port that could not be had.
pub(super) fn trouble(hub: &Hub) -> Option<String> {
    let facts = hub.handle.facts();
    let port = port(&facts.about, &facts.listen);
    (port.ok == Some(false)).then_some(port.text)
}

/// Whether the node has the port it keeps for those who remember its addresses.
fn port(about: &About, listen: &[String]) -> Test {
    let port = about.port.to_string();
    let has = listen.iter().any(|addr| addr.split('/').any(|part| part == port));
    match about.port {
        0 => line("port", true, "No fixed port is asked for.", ""),
        _ if has => line("port", true, format!("This node has its port, {port}."), ""),
        _ => line(
            "port",
            false,
            format!("Port {port} is used by another program; another one is used for this run."),
            "End that program and start Starling again, or set `port` in config.toml.",
        ),
    }
}

/// Whether the configuration on the disk can be followed.
fn config(about: &About) -> Test {
    const CONFIG: &str = "Correct it; the file is read at the next start.";
    let config = match Config::read(&about.config) {
        Ok(config) => config,
        Err(fault) => return line("config", false, fault.to_string(), CONFIG),
    };
    let odd: Vec<String> = config
        .peers
        .iter()
        .chain(&config.listen)
        .filter(|addr| !is_address(addr))
        .map(|addr| addr.chars().filter(|c| !c.is_control()).take(80).collect())
        .collect();
    if odd.is_empty() {
        return line("config", true, "The configuration makes sense.", "");
    }
    let text = format!("Not addresses that can be used: {}.", odd.join(", "));
    line("config", false, text, "Write them as /ip4/198.51.100.7/udp/41641/quic-v1 in config.toml.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_port_that_another_program_has_is_said() {
        let about = About { port: 4001, ..About::default() };
        let here = ["/ip4/192.0.2.1/udp/4001/quic-v1".to_owned()];
        let there = ["/ip4/192.0.2.1/tcp/40010".to_owned()];
        assert_eq!(port(&about, &here).ok, Some(true));
        assert_eq!(port(&about, &there).ok, Some(false));
        assert_eq!(port(&About::default(), &there).ok, Some(true));
    }

    #[test]
    fn peers_of_the_configuration_that_are_no_addresses_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        let about = About { config: path.clone(), ..About::default() };
        assert_eq!(config(&about).ok, Some(true));
        std::fs::write(&path, "peers = ['/ip4/192.0.2.1/tcp/1', '/dns/example.org/tcp/1', 'x']").unwrap();
        let found = config(&about);
        assert_eq!(found.ok, Some(false));
        assert!(found.text.contains("/dns/example.org/tcp/1, x") && !found.text.contains("192.0.2.1"));
        std::fs::write(&path, "port = 'x'").unwrap();
        assert_eq!(config(&about).ok, Some(false));
    }
}
