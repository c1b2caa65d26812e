//! Real nodes in network namespaces: local networks, routers, relays, cables that are pulled. Needs root, `ip` and
//! `nft`; without them every test prints one line that says so and passes. Every wait has a condition and a
//! deadline; at the end of every test each message was shown once and in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stderr)]

mod lan;
mod moves;

use anyhow::Result;
use starling_tests::live::{Host, Person, befriend};
use std::path::Path;
use std::time::Duration;

/// For what must simply work, with no aim of its own.
const PATIENCE: Duration = Duration::from_secs(30);

/// People who have met on one machine and have gone away from there: what they know of each other's addresses is
/// worth nothing any more.
async fn acquainted(base: &Path, names: &[&str]) -> Result<Vec<Person>> {
    let mut people = Vec::new();
    for name in names {
        let mut person = Person::new(base, name)?;
        person.start()?;
        people.push(person);
    }
    for (at, one) in people.iter().enumerate() {
        for other in &people[at + 1..] {
            befriend(one, other).await?;
        }
    }
    for person in &mut people {
        person.terminate()?;
        person.port = starling_tests::live::free_port()?;
    }
    Ok(people)
}

/// Starts somebody's node on a machine, listening on all of it.
fn at(person: &mut Person, host: &Host, args: &[&str]) -> Result<()> {
    person.place = Some(host.namespace.clone());
    let everywhere = person.everywhere();
    let mut all: Vec<&str> = everywhere.iter().map(String::as_str).collect();
    all.extend(args);
    person.launch(&all)?;
    Ok(())
}
