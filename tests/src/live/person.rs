//! One person: a profile folder, and the processes that run on it.

use super::Host;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use starling_node::api::client::Client;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a node may take until it says that it is ready.
const READY: Duration = Duration::from_secs(30);

/// The `starling` binary beside this one: `STARLING_BIN`, or the one of the same build.
///
/// # Errors
/// When it is not there; it says how to build it.
pub fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("STARLING_BIN") {
        return Ok(PathBuf::from(path));
    }
    let exe = std::env::current_exe()?;
    let found =
        exe.ancestors().skip(1).take(3).map(|folder| folder.join("starling")).find(|path| path.is_file());
    found.context("there is no starling binary beside the tests: cargo build -p starling-tui")
}

/// A port that is free for TCP and UDP on loopback at this moment.
///
/// # Errors
/// When the system gives none.
pub fn free_port() -> Result<u16> {
    for _ in 0..64 {
        let tcp = TcpListener::bind(("127.0.0.1", 0))?;
        let port = tcp.local_addr()?.port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port")
}

/// Starts several nodes at the same moment.
///
/// # Errors
/// The first of their errors.
pub fn at_once<T: Send>(
    them: impl Iterator<Item = T>,
    start: impl Fn(T) -> Result<Value> + Sync,
) -> Result<()> {
    let start = &start;
    std::thread::scope(|scope| {
        let starts: Vec<_> = them.map(|one| scope.spawn(move || start(one).map(|_| ()))).collect();
        starts
            .into_iter()
            .try_for_each(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// The lines of standard output as JSON.
    ///
    /// # Errors
    /// When one is not.
    pub fn json(&self) -> Result<Vec<Value>> {
        self.out.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
    }
}

/// A profile and its node.
pub struct Person {
    /// Their name.
    pub name: String,
    /// The profile folder.
    pub dir: PathBuf,
    /// The port their node listens on, over restarts.
    pub port: u16,
    /// Set in the environment of everything they run.
    pub env: Vec<(String, String)>,
    /// The network namespace their node runs in; the machine's own if there is none.
    pub place: Option<String>,
    binary: PathBuf,
    node: Option<Child>,
}

impl Person {
    /// Makes an account without a passphrase in a folder of `base`.
    ///
    /// # Errors
    /// When `starling init` fails.
    pub fn new(base: &Path, name: &str) -> Result<Self> {
        let person = Self {
            name: name.to_owned(),
            dir: base.join(name),
            port: free_port()?,
            env: Vec::new(),
            place: None,
            binary: binary()?,
            node: None,
        };
        let said = person.run(&["init", "--name", name, "--no-passphrase"])?;
        if said.code != 0 {
            bail!("init: {said:?}");
        }
        Ok(person)
    }

    fn command(&self, dir: &Path) -> Command {
        let mut command = match &self.place {
            // `ip` becomes the program: the process id is the node's.
            Some(place) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", place]).arg(&self.binary);
                command
            }
            None => Command::new(&self.binary),
        };
        command.arg("--dir").arg(dir).envs(self.env.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Runs one command to its end.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn run(&self, args: &[&str]) -> Result<Said> {
        self.run_in(&self.dir, args)
    }

    /// Runs one command on another folder.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn run_in(&self, dir: &Path, args: &[&str]) -> Result<Said> {
        let output = self.command(dir).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
        Ok(Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Starts the node on loopback and waits until it takes calls.
    ///
    /// # Errors
    /// When it ends or says nothing in time; its standard error is in the message.
    pub fn start(&mut self) -> Result<Value> {
        self.start_with(&[])
    }

    /// The same with more arguments to `daemon`.
    ///
    /// # Errors
    /// As [`Person::start`].
    pub fn start_with(&mut self, args: &[&str]) -> Result<Value> {
        let quic = format!("/ip4/127.0.0.1/udp/{}/quic-v1", self.port);
        let tcp = format!("/ip4/127.0.0.1/tcp/{}", self.port);
        let mut all = vec!["--no-lan", "--listen", &quic, "--listen", &tcp];
        all.extend(args);
        self.launch(&all)
    }

    /// Starts the node with these arguments to `daemon` alone, and waits until it takes calls.
    ///
    /// # Errors
    /// As [`Person::start`].
    pub fn launch(&mut self, args: &[&str]) -> Result<Value> {
        let log = std::fs::File::create(self.dir.with_extension("log"))?;
        let mut child =
            self.command(&self.dir).arg("daemon").args(args).stdout(Stdio::piped()).stderr(log).spawn()?;
        let stdout = child.stdout.take().context("no stdout")?;
        let (say, hear) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut line = String::new();
            let mut reader = BufReader::new(stdout);
            let _ = reader.read_line(&mut line);
            let _ = say.send(line);
            // Keeps the pipe open for as long as the node lives.
            let _ = reader.read_to_string(&mut String::new());
        });
        let line = hear.recv_timeout(READY).unwrap_or_default();
        self.node = Some(child);
        serde_json::from_str(&line).with_context(|| {
            let log = std::fs::read_to_string(self.dir.with_extension("log")).unwrap_or_default();
            format!("{} did not get ready: {line:?}\n{log}", self.name)
        })
    }

    /// Starts the node on a machine, listening on all of it at their port, with more arguments to `daemon`.
    ///
    /// # Errors
    /// As [`Person::start`].
    pub fn start_at(&mut self, host: &Host, args: &[&str]) -> Result<Value> {
        self.place = Some(host.namespace.clone());
        let quic = format!("/ip4/0.0.0.0/udp/{}/quic-v1", self.port);
        let tcp = format!("/ip4/0.0.0.0/tcp/{}", self.port);
        let mut all = vec!["--listen", &quic, "--listen", &tcp];
        all.extend(args);
        self.launch(&all)
    }

    /// The node's process id.
    pub fn pid(&self) -> Option<u32> {
        self.node.as_ref().map(Child::id)
    }

    /// Pulls the plug: SIGKILL.
    ///
    /// # Errors
    /// The system's.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut node) = self.node.take() {
            node.kill()?;
            node.wait()?;
        }
        Ok(())
    }

    /// Asks the node to end with SIGTERM and says how long it took.
    ///
    /// # Errors
    /// When it does not end within 15 s.
    pub fn terminate(&mut self) -> Result<(ExitStatus, Duration)> {
        let mut node = self.node.take().context("no node runs")?;
        let begun = Instant::now();
        let done = Command::new("kill").args(["-TERM", &node.id().to_string()]).status()?;
        if !done.success() {
            bail!("kill failed");
        }
        while begun.elapsed() < Duration::from_secs(15) {
            if let Some(status) = node.try_wait()? {
                return Ok((status, begun.elapsed()));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        node.kill()?;
        bail!("the node did not end in 15 s")
    }

    /// A connection to the node's control socket.
    ///
    /// # Errors
    /// When no node runs.
    pub async fn client(&self) -> Result<Client> {
        Ok(Client::connect(&self.socket()).await?)
    }

    /// Where the node's control socket is.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("starling.sock")
    }

    /// The handle others know them by.
    pub fn handle(&self) -> String {
        format!("@{}", self.name)
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // The folder goes with the test; a node must not outlive it.
        let _ = self.kill();
        // What the last start said (STARLING_LOG says how much), for whoever looks for a fault.
        if let Some(folder) = std::env::var_os("STARLING_KEEP_LOGS") {
            let _ = std::fs::copy(self.dir.with_extension("log"), Path::new(&folder).join(&self.name));
        }
    }
}
