//! Strangers: nodes that know nobody and are there to be a DHT, or to carry for others.

use super::{Host, Person};
use anyhow::{Context as _, Result};
use std::path::Path;

/// See the module. The first of them is the one the others were told of.
pub struct Crowd {
    /// They.
    pub people: Vec<Person>,
    /// Where each can be reached: `--peer` arguments, QUIC and TCP.
    places: Vec<[String; 2]>,
}

impl Crowd {
    /// `count` nodes on loopback.
    ///
    /// # Errors
    /// When one does not start.
    pub fn on_loopback(base: &Path, count: usize) -> Result<Self> {
        let mut crowd = Self { people: Vec::new(), places: Vec::new() };
        for number in 0..count {
            let mut person = Person::new(base, &format!("stranger{number}"))?;
            let [quic, tcp] = place("127.0.0.1", person.port);
            let mut args = vec!["--no-lan", "--listen", &quic, "--listen", &tcp];
            args.extend(crowd.first());
            person.launch(&args)?;
            crowd.places.push(place("127.0.0.1", person.port));
            crowd.people.push(person);
        }
        Ok(crowd)
    }

    /// A node on each of `hosts`, with `roles` given to `--serve` for the first `serving` of them.
    ///
    /// # Errors
    /// When one does not start.
    pub fn on(base: &Path, hosts: &[Host], serving: usize, roles: &str) -> Result<Self> {
        let mut crowd = Self { people: Vec::new(), places: Vec::new() };
        for (number, host) in hosts.iter().enumerate() {
            let mut person = Person::new(base, &format!("stranger{number}"))?;
            let mut args = vec!["--no-lan"];
            args.extend(crowd.first());
            if number < serving {
                args.extend(["--serve", roles]);
            }
            person.start_at(host, &args)?;
            crowd.places.push(place(host.address(), person.port));
            crowd.people.push(person);
        }
        Ok(crowd)
    }

    /// Arguments that name one of them to `daemon`.
    ///
    /// # Errors
    /// When there are not so many.
    pub fn peer(&self, number: usize) -> Result<[&str; 4]> {
        let [quic, tcp] = self.places.get(number).context("no such stranger")?;
        Ok(["--peer", quic, "--peer", tcp])
    }

    fn first(&self) -> Vec<&str> {
        self.peer(0).map(Vec::from).unwrap_or_default()
    }
}

fn place(ip: &str, port: u16) -> [String; 2] {
    [format!("/ip4/{ip}/udp/{port}/quic-v1"), format!("/ip4/{ip}/tcp/{port}")]
}
