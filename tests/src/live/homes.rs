//! Two people who are each behind a router of their own, and one relay on the internet that both are told of.

use super::{Crowd, Host, Nat, Net, Person, Router, acquainted, at_once};
use anyhow::Result;
use serde_json::json;
use starling_node::api::types::Message;
use std::path::Path;

/// See the module.
pub struct Homes {
    /// Alice and Bob.
    pub people: Vec<Person>,
    /// Alice's and Bob's.
    pub routers: Vec<Router>,
    hosts: Vec<Host>,
    relay: Crowd,
    // Last: namespaces go when the processes in them have.
    _net: Net,
}

impl Homes {
    /// Builds it and starts everybody. `banned`: a protocol ("udp", "tcp") that the routers let nothing through of.
    ///
    /// # Errors
    /// When somebody does not start.
    pub async fn new(mut net: Net, base: &Path, nat: Nat, banned: Option<&str>) -> Result<Self> {
        let internet = net.internet()?;
        let relay = Crowd::on(base, &[net.public("relay", &internet, 30)?], 1, "relay,bootstrap")?;
        let people = acquainted(base, &["alice", "bob"]).await?;
        let (mut routers, mut hosts) = (Vec::new(), Vec::new());
        for (person, number) in people.iter().zip([10, 20]) {
            let router = net.router(&format!("router{number}"), &internet, number, nat)?;
            if let Some(protocol) = banned {
                router.ban(protocol)?;
            }
            hosts.push(net.at_home(&person.name, &router, 2)?);
            routers.push(router);
        }
        let mut homes = Self { people, routers, hosts, relay, _net: net };
        homes.start()?;
        Ok(homes)
    }

    /// Starts both, at the same moment.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start(&mut self) -> Result<()> {
        let peer = self.relay.peer(0)?;
        at_once(self.people.iter_mut().zip(&self.hosts), |(person, host)| person.start_at(host, &peer))
    }
}

/// The roads of the newest `count` messages that `person` has from `friend`.
pub async fn roads(person: &Person, friend: &Person, count: usize) -> Result<Vec<String>> {
    let params = json!({ "chat": friend.handle(), "limit": 500 });
    let log: Vec<Message> = person.client().await?.call("log", params).await?;
    let theirs = log.into_iter().filter(|message| !message.from.me).rev();
    Ok(theirs.take(count).map(|message| message.via).collect())
}
