//! Two real nodes, each with line mode on pipes: they meet, talk and react, and leave at the end of their input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// How long a line may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

fn starling(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starling"));
    command
        .arg("--dir")
        .arg(dir)
        .env_remove("STARLING_DIR")
        .env_remove("STARLING_PLAIN")
        .stderr(Stdio::null());
    command
}

/// A profile whose node listens on this machine alone.
fn profile(root: &Path, name: &str) -> PathBuf {
    let dir = root.join(name);
    let made = starling(&dir).args(["init", "--name", name, "--no-passphrase"]).output().unwrap();
    assert!(made.status.success());
    let config = "lan = false\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\n";
    std::fs::write(dir.join("config.toml"), config).unwrap();
    dir
}

/// Line mode on pipes. Ended with its test.
struct Lines {
    child: Child,
    stdin: Option<ChildStdin>,
    told: Receiver<String>,
    all: Vec<String>,
}

impl Lines {
    fn start(dir: &Path) -> Self {
        let mut child = starling(dir)
            .args(["chat", "me", "--plain"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (tell, told) = sync_channel(1_024);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                if line.map(|line| tell.send(line)).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, told, all: Vec::new() }
    }

    fn type_line(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next line with a text in it.
    fn line_with(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.told.recv_timeout(left) {
                Ok(line) => {
                    self.all.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("no line with {text:?} in {:#?}", self.all)
                }
            }
        }
    }

    fn leave(mut self) -> Option<i32> {
        drop(self.stdin.take());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_people_talk_in_lines() {
    let root = tempfile::tempdir().unwrap();
    let mut alice = Lines::start(&profile(root.path(), "Alice"));
    let mut bob = Lines::start(&profile(root.path(), "Bob"));
    alice.line_with("Notes to self.");
    bob.line_with("Notes to self.");
    alice.type_line("/invite");
    alice.line_with("invite:");
    let link = alice.line_with("starling:");
    bob.type_line(&link);
    bob.line_with("question: this is an invite.");
    bob.type_line("yes");
    bob.line_with("note: Asked");
    let asked = alice.line_with("request: ");
    assert!(asked.contains("Bob asks to be your contact"), "{asked}");
    alice.type_line("/requests");
    alice.line_with("1 Bob asks");
    alice.type_line("1");
    alice.line_with("Chat with Bob.");
    bob.line_with("contact: Alice is among your people.");
    alice.type_line("hello\tBob");
    alice.line_with("sent: message 1 ");
    let got = bob.line_with("Alice: hello");
    assert!(got.ends_with("(1)"), "{got}");
    alice.line_with("1 delivered to Bob");
    bob.type_line("/reply 1 hello yourself");
    bob.line_with("sent: message 2 ");
    alice.line_with("Bob answers \"hello");
    alice.type_line("/react 2 :tada:");
    bob.line_with("Alice reacted with party popper to \"hello yourself\" (2)");
    // The end of the input leaves when what was typed is on the disk.
    bob.type_line("bye");
    assert_eq!(bob.leave(), Some(0));
    alice.type_line("/quit");
    assert_eq!(alice.leave(), Some(0));
    let log = starling(&root.path().join("Bob")).args(["log", "@alice", "--start"]).output().unwrap();
    assert!(String::from_utf8_lossy(&log.stdout).contains("bye"), "{log:?}");
}

#[test]
fn what_is_no_terminal_and_not_plain_is_one_message() {
    let root = tempfile::tempdir().unwrap();
    let dir = profile(root.path(), "Alice");
    let chat = |words: &[&str], text: &str| {
        let mut child =
            starling(&dir).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    assert_eq!(chat(&["chat", "me"], "one\n").status.code(), Some(3), "as send: no node runs");
    assert_eq!(chat(&["chat"], "one\n").status.code(), Some(2));
    assert_eq!(chat(&["chat", "me", "--start"], "two lines\n/quit\n").status.code(), Some(0));
    assert_eq!(chat(&["chat", "@nobody", "--plain"], "hello\n").status.code(), Some(4));
    let told = chat(&["chat", "me", "--plain"], "/last 9\n");
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("You: two lines\n      /quit (1)") && !told.contains("hello"), "{told}");
    let missing = root.path().join("nobody");
    let mut first = starling(&missing)
        .args(["chat", "--plain"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(2));
    assert!(!missing.join("keys").exists());
}
