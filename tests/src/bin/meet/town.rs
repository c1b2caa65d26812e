//! An internet with strangers on it, for the shows that need one.

use anyhow::Result;
use starling_tests::live::{Crowd, Host, Net, Switch};
use std::path::Path;

/// Machines the strangers are spread over; nodes of one network only get so many places in a routing table.
const MACHINES: u8 = 4;

/// See the module.
pub struct Town {
    pub crowd: Crowd,
    pub internet: Switch,
    // Last: namespaces go when the processes in them have.
    pub net: Net,
}

impl Town {
    /// `count` strangers who are a DHT; the first two serve as its bootstrap nodes.
    pub fn new(mut net: Net, base: &Path, count: usize) -> Result<Self> {
        let internet = net.internet()?;
        let machines: Vec<Host> =
            (0..MACHINES).map(|n| net.public("strangers", &internet, 100 + n)).collect::<Result<_>>()?;
        let hosts: Vec<Host> = machines.iter().cycle().take(count).cloned().collect();
        let crowd = Crowd::on(base, &hosts, 2, "bootstrap")?;
        Ok(Self { crowd, internet, net })
    }
}
