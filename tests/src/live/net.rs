//! A small internet of network namespaces for one test: switches, routers that hide a home network, and machines
//! whose cables can be pulled. Needs root, `ip` and `nft`. Everything it made is gone when it is dropped.
//!
//! ```text
//!  host ── switch "internet" 44.0.0.0/8 ── router (44.x, masquerade) ── home 192.168.n.0/24 ── host
//! ```
//!
//! Must not touch what it did not make: every namespace bears the process id of the test.

use anyhow::{Context as _, Result, bail};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What the names of all our namespaces begin with.
const MARK: &str = "starling-";
/// The way out of the internet: everybody's next hop, where nothing answers but ARP.
const UPLINK: &str = "44.255.255.254";
/// The bridge that is the other half of a torn switch.
const OTHER_HALF: &str = "br1";

/// How a router changes ports on their way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nat {
    /// Keeps them where it can, the same towards everybody: holes can be punched.
    Plain,
    /// Another one for every connection: holes cannot be punched.
    Symmetric,
}

/// The namespaces of one test.
#[derive(Debug)]
pub struct Net {
    made: Vec<String>,
}

/// A switch: a bridge in a namespace of its own, or the home side of a router.
#[derive(Debug, Clone)]
pub struct Switch {
    namespace: String,
}

/// A machine with one cable.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its namespace.
    pub namespace: String,
    switch: String,
    port: String,
    cidr: String,
    gateway: Option<String>,
}

/// A router between the internet and a home.
#[derive(Debug, Clone)]
pub struct Router {
    /// Its side towards the internet.
    pub wan: Host,
    /// Its side towards the home.
    pub home: Switch,
}

impl Net {
    /// An empty one; `None`, with a line that says why, where this machine does not allow it.
    pub fn new() -> Option<Self> {
        sweep();
        let mut net = Self { made: Vec::new() };
        let trial = net.switch("trial").and_then(|switch| {
            nft(&switch.namespace, "add table ip trial")?;
            net.host("trial", &switch, "10.0.0.1/8", None)
        });
        match trial {
            Ok(_) => Some(net),
            Err(error) => {
                #[allow(clippy::print_stderr, reason = "the line that says why a suite was skipped")]
                {
                    eprintln!("skipped: no network namespaces here ({error:#}); needs root, ip and nft");
                }
                None
            }
        }
    }

    fn namespace(&mut self, name: &str) -> Result<String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("{MARK}{}-{number}-{name}", std::process::id());
        ip(&format!("netns add {namespace}"))?;
        self.made.push(namespace.clone());
        // One road between two machines, not another by link-local IPv6 beside it.
        write_proc(&namespace, "net/ipv6/conf/all/disable_ipv6", "1");
        ip(&format!("-n {namespace} link set lo up"))?;
        Ok(namespace)
    }

    /// A switch with nothing plugged in.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn switch(&mut self, name: &str) -> Result<Switch> {
        let namespace = self.namespace(name)?;
        bridge(&namespace, None)?;
        Ok(Switch { namespace })
    }

    /// The public internet: 44.0.0.0/8, no private addresses.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn internet(&mut self) -> Result<Switch> {
        let namespace = self.namespace("internet")?;
        bridge(&namespace, Some(&format!("{UPLINK}/8")))?;
        Ok(Switch { namespace })
    }

    /// A machine at `cidr` (`192.168.1.2/24`), with a way out if it has a gateway.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn host(&mut self, name: &str, at: &Switch, cidr: &str, gateway: Option<&str>) -> Result<Host> {
        let namespace = self.namespace(name)?;
        let port = format!("p{}", self.made.len());
        let switch = at.namespace.clone();
        ip(&format!("link add eth0 netns {namespace} type veth peer name {port} netns {switch}"))?;
        let host =
            Host { namespace, switch, port, cidr: cidr.to_owned(), gateway: gateway.map(str::to_owned) };
        host.plug()?;
        host.up()?;
        Ok(host)
    }

    /// A machine on the internet itself, at `44.number.0.1`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn public(&mut self, name: &str, internet: &Switch, number: u8) -> Result<Host> {
        self.host(name, internet, &format!("44.{number}.0.1/8"), Some(UPLINK))
    }

    /// A router at `44.number.0.1` with a home of `192.168.number.0/24` behind it. Nothing comes in that was not
    /// asked for.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn router(&mut self, name: &str, internet: &Switch, number: u8, nat: Nat) -> Result<Router> {
        let wan = self.public(name, internet, number)?;
        let namespace = wan.namespace.clone();
        bridge(&namespace, Some(&format!("192.168.{number}.1/24")))?;
        write_proc(&namespace, "net/ipv4/ip_forward", "1");
        let ports = if nat == Nat::Symmetric { "fully-random" } else { "" };
        nft(
            &namespace,
            &format!(
                "add table ip nat
                add chain ip nat out {{ type nat hook postrouting priority 100 ; }}
                add rule ip nat out oifname eth0 masquerade {ports}
                add table ip wall
                add chain ip wall own {{ type filter hook input priority 0 ; }}
                add rule ip wall own iifname eth0 ct state new drop
                add chain ip wall through {{ type filter hook forward priority 0 ; }}
                add rule ip wall through iifname eth0 ct state new drop
                add chain ip wall banned {{ type filter hook forward priority -10 ; }}"
            ),
        )?;
        Ok(Router { wan, home: Switch { namespace } })
    }

    /// A machine in the home of a router; `last` is the last part of its address.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn at_home(&mut self, name: &str, router: &Router, last: u8) -> Result<Host> {
        let (_, number) = router.wan.cidr.split_once('.').context("an address")?;
        let number = number.split('.').next().context("an address")?;
        let gateway = format!("192.168.{number}.1");
        self.host(name, &router.home, &format!("192.168.{number}.{last}/24"), Some(&gateway))
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        // Processes in them must have ended: declare the net before the people.
        for namespace in &self.made {
            let _ = ip(&format!("netns del {namespace}"));
        }
    }
}

impl Switch {
    /// Its namespace; the bridge in it is `br0`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Makes a second half of it, into which cables may be put that nothing of the first is to reach.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn tear(&self) -> Result<()> {
        new_bridge(&self.namespace, OTHER_HALF)
    }
}

impl Host {
    /// Its address.
    pub fn address(&self) -> &str {
        self.cidr.split('/').next().unwrap_or_default()
    }

    /// Takes its cable out of the switch. It does not notice: what it sends is gone, nothing comes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn unplug(&self) -> Result<()> {
        ip(&format!("-n {} link set {} nomaster", self.switch, self.port))
    }

    /// Puts the cable back.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn plug(&self) -> Result<()> {
        ip(&format!("-n {} link set {} master br0 up", self.switch, self.port))
    }

    /// Puts the cable into the other half of a switch that was [torn](Switch::tear). It does not notice either.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn part(&self) -> Result<()> {
        ip(&format!("-n {} link set {} master {OTHER_HALF} up", self.switch, self.port))
    }

    /// Switches its network card off, with address and routes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn down(&self) -> Result<()> {
        ip(&format!("-n {} addr flush dev eth0", self.namespace))?;
        ip(&format!("-n {} link set eth0 down", self.namespace))
    }

    /// Switches it on, at its address.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn up(&self) -> Result<()> {
        ip(&format!("-n {} link set eth0 up", self.namespace))?;
        ip(&format!("-n {} addr replace {} dev eth0", self.namespace, self.cidr))?;
        match &self.gateway {
            Some(gateway) => ip(&format!("-n {} route replace default via {gateway}", self.namespace)),
            None => Ok(()),
        }
    }

    /// Gives it another address (with prefix) on the same network, at once. A router forgets all its connections.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn renumber(&mut self, cidr: &str) -> Result<()> {
        ip(&format!("-n {} addr del {} dev eth0", self.namespace, self.cidr))?;
        self.cidr = cidr.to_owned();
        self.up()
    }

    /// Bytes that have come and gone over its card since it was made.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn bytes(&self) -> Result<(u64, u64)> {
        let said = Command::new("ip")
            .args(["netns", "exec", &self.namespace, "cat"])
            .args(["rx", "tx"].map(|way| format!("/sys/class/net/eth0/statistics/{way}_bytes")))
            .output()?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let mut numbers = text.split_whitespace().map(str::parse);
        Ok((numbers.next().context("no figure")??, numbers.next().context("no figure")??))
    }
}

impl Router {
    /// Lets nothing of `protocol` ("udp", "tcp") through any more.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn ban(&self, protocol: &str) -> Result<()> {
        nft(&self.wan.namespace, &format!("add rule ip wall banned meta l4proto {protocol} drop"))
    }

    /// Gives it another address on the internet, `44.number.0.1`: every mapping it had is gone, and what those
    /// behind it send now seems to come from somewhere else.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn rebind(&mut self, number: u8) -> Result<()> {
        self.wan.renumber(&format!("44.{number}.0.1/8"))
    }
}

/// A bridge in a namespace, with an address of its own if it is a way out.
fn bridge(namespace: &str, cidr: Option<&str>) -> Result<()> {
    new_bridge(namespace, "br0")?;
    match cidr {
        Some(cidr) => ip(&format!("-n {namespace} addr add {cidr} dev br0")),
        None => Ok(()),
    }
}

fn new_bridge(namespace: &str, name: &str) -> Result<()> {
    // A bridge that learns who wants which multicast would delay mDNS.
    ip(&format!("-n {namespace} link add {name} type bridge mcast_snooping 0"))?;
    ip(&format!("-n {namespace} link set {name} up"))
}

fn ip(words: &str) -> Result<()> {
    run(Command::new("ip").args(words.split_whitespace()), "", words)
}

fn nft(namespace: &str, rules: &str) -> Result<()> {
    run(Command::new("ip").args(["netns", "exec", namespace, "nft", "-f", "-"]), rules, rules)
}

/// A setting of the kernel; where it is not there it is not needed.
fn write_proc(namespace: &str, setting: &str, value: &str) {
    let script = format!("echo {value} > /proc/sys/{setting}");
    let _ = run(Command::new("ip").args(["netns", "exec", namespace, "sh", "-c", &script]), "", setting);
}

fn run(command: &mut Command, input: &str, what: &str) -> Result<()> {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("ip")?;
    child.stdin.take().context("no stdin")?.write_all(input.as_bytes())?;
    let said = child.wait_with_output()?;
    if !said.status.success() {
        bail!("{what}: {}", String::from_utf8_lossy(&said.stderr).trim());
    }
    Ok(())
}

/// Removes what tests that were killed have left.
fn sweep() {
    let Ok(entries) = std::fs::read_dir("/run/netns") else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let maker = name.strip_prefix(MARK).and_then(|rest| rest.split('-').next());
        if maker.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = ip(&format!("netns del {name}"));
        }
    }
}
