//! The command line against a real node of one profile: start, second start, send, receive with a cursor file over
//! a hard stop, signals, locks. Two nodes and the network between them are the tests crate's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn starling(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starling"));
    command.arg("--dir").arg(dir.join("alice")).env_remove("STARLING_DIR").stdin(Stdio::null());
    command
}

fn run(dir: &Path, words: &[&str]) -> Output {
    starling(dir).args(words).output().unwrap()
}

fn ok(dir: &Path, words: &[&str]) -> String {
    let output = run(dir, words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn code(dir: &Path, words: &[&str]) -> (i32, String) {
    let output = run(dir, words);
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn signal(child: &Child, name: &str) {
    let pid = i32::try_from(child.id()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    let signal = match name {
        "TERM" => rustix::process::Signal::TERM,
        "INT" => rustix::process::Signal::INT,
        "HUP" => rustix::process::Signal::HUP,
        _ => rustix::process::Signal::KILL,
    };
    rustix::process::kill_process(pid, signal).unwrap();
}

/// A daemon that is killed with its test.
struct Daemon {
    child: Child,
    ready: Value,
}

impl Daemon {
    fn start(dir: &Path, more: &[&str]) -> Self {
        let mut child = starling(dir)
            .args(["daemon", "--no-lan", "--listen", "/ip4/127.0.0.1/tcp/0"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, ready: serde_json::from_str(&line).expect("a ready line") }
    }

    fn end(mut self, name: &str) -> Option<i32> {
        signal(&self.child, name);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn profile(dir: &Path) {
    ok(dir, &["init", "--name", "Alice", "--no-passphrase"]);
}

#[test]
fn a_node_starts_once_and_ends_in_order() {
    let dir = tempfile::tempdir().unwrap();
    profile(dir.path());
    let daemon = Daemon::start(dir.path(), &[]);
    assert_eq!((&daemon.ready["type"], &daemon.ready["v"]), (&Value::from("ready"), &Value::from(1)));
    assert!(daemon.ready["listen"][0].as_str().unwrap().starts_with("/ip4/127.0.0.1/tcp/"));
    let (exit, said) = code(dir.path(), &["daemon"]);
    assert!(exit == 1 && said.contains(&format!("process {}", daemon.child.id())), "{exit} {said}");
    // Nobody else can look in.
    for entry in std::fs::read_dir(dir.path().join("alice")).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.path());
    }
    signal(&daemon.child, "HUP");
    let status: Value = serde_json::from_str(&ok(dir.path(), &["status", "--json"])).unwrap();
    assert_eq!(status["pid"], daemon.child.id());
    assert_eq!(daemon.end("TERM"), Some(0));
    assert_eq!(code(dir.path(), &["status"]).0, 3);
    let daemon = Daemon::start(dir.path(), &[]);
    assert_eq!(daemon.end("INT"), Some(0));
    let mut daemon = Daemon::start(dir.path(), &[]);
    ok(dir.path(), &["stop"]);
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_message_is_sent_changed_found_and_exported() {
    let dir = tempfile::tempdir().unwrap();
    profile(dir.path());
    let _daemon = Daemon::start(dir.path(), &[]);
    let id = ok(dir.path(), &["send", "me", "one", "two"]);
    let id = id.trim();
    assert_eq!(
        ok(dir.path(), &["send", "me", "same", "--client-ref", "r"]),
        ok(dir.path(), &["send", "me", "same", "--client-ref", "r"])
    );
    let mut child = starling(dir.path()).args(["send", "me", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"--json \x1b[2J\nlast\n").unwrap();
    assert!(child.wait().unwrap().success());
    ok(dir.path(), &["edit", id, "one three"]);
    ok(dir.path(), &["react", id, "👍"]);
    let log = ok(dir.path(), &["log", "me", "--json"]);
    let log: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(log.len(), 3);
    assert_eq!((&log[0]["text"], &log[0]["edited"]), (&Value::from("one three"), &Value::from(true)));
    assert!(log[2]["text"].as_str().unwrap().starts_with("--json"));
    for words in [&["log", "me"][..], &["export", "me", "--format", "md"], &["find", "last"], &["recv"]] {
        let text = ok(dir.path(), words);
        assert!(text.contains("last") && !text.contains('\x1b'), "{text:?}");
    }
    assert_eq!(ok(dir.path(), &["log", "me", "--grep", "^same$", "--json"]).lines().count(), 1);
    assert_eq!(ok(dir.path(), &["export", "me"]).lines().count(), 3);
    ok(dir.path(), &["delete", id]);
    assert_eq!(code(dir.path(), &["edit", "aaaaaaaaaaaaaaaaaaaaaaaaaa", "x"]).0, 4);
    assert_eq!(code(dir.path(), &["send", "@nobody", "x"]).0, 4);
    assert_eq!(code(dir.path(), &["send", "#roof", "x"]).0, 4);
    assert_eq!(code(dir.path(), &["rpc", "no.such"]).0, 2);
    assert_eq!(code(dir.path(), &["add", "starling:broken"]).0, 1);
}

#[test]
fn a_cursor_file_misses_nothing_over_a_hard_stop() {
    let dir = tempfile::tempdir().unwrap();
    profile(dir.path());
    let mut daemon = Daemon::start(dir.path(), &[]);
    let cursor = dir.path().join("cursor");
    let cursor = cursor.to_str().unwrap();
    let mut texts = Vec::new();
    for round in 0..3 {
        let mut reader = starling(dir.path())
            .args(["recv", "--follow", "--json", "--type", "message", "--cursor-file", cursor])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        for n in 0..5 {
            ok(dir.path(), &["send", "me", &format!("{round}.{n}")]);
        }
        let mut lines = BufReader::new(reader.stdout.take().unwrap()).lines();
        let wanted = format!("{round}.3");
        loop {
            let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            let text = event["text"].as_str().unwrap().to_owned();
            texts.push(text.clone());
            if text == wanted {
                break;
            }
        }
        reader.kill().unwrap();
        reader.wait().unwrap();
        // What it had printed before it was killed counts as taken; a line cut in the middle comes again.
        texts.extend(
            lines
                .map_while(Result::ok)
                .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
                .filter_map(|event| event["text"].as_str().map(str::to_owned)),
        );
        // The node, too: what it accepted is on the disk.
        assert_eq!(daemon.end("KILL"), None);
        daemon = Daemon::start(dir.path(), &[]);
    }
    let rest = ok(dir.path(), &["recv", "--json", "--type", "message", "--cursor-file", cursor]);
    for line in rest.lines() {
        texts.push(serde_json::from_str::<Value>(line).unwrap()["text"].as_str().unwrap().to_owned());
    }
    let once: std::collections::BTreeSet<String> = texts.iter().cloned().collect();
    let all: std::collections::BTreeSet<String> =
        (0..3).flat_map(|round| (0..5).map(move |n| format!("{round}.{n}"))).collect();
    assert_eq!(once, all, "{texts:?}");
}

#[test]
fn signals_end_a_reader_with_their_codes_and_a_closed_pipe_quietly() {
    let dir = tempfile::tempdir().unwrap();
    profile(dir.path());
    let _daemon = Daemon::start(dir.path(), &[]);
    for (name, exit) in [("TERM", 143), ("INT", 130)] {
        let mut reader = starling(dir.path())
            .args(["recv", "--follow", "--json", "--since", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        ok(dir.path(), &["send", "me", "go"]);
        let mut line = String::new();
        let mut stdout = BufReader::new(reader.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        signal(&reader, name);
        assert_eq!(reader.wait().unwrap().code(), Some(exit));
    }
    let mut reader = starling(dir.path())
        .args(["recv", "--follow", "--since", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(reader.stdout.take());
    ok(dir.path(), &["send", "me", "more"]);
    let output = reader.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(141), 0));
}

#[test]
fn a_locked_profile_opens_with_its_passphrase_only() {
    let dir = tempfile::tempdir().unwrap();
    let (good, bad, words) = (dir.path().join("good"), dir.path().join("bad"), dir.path().join("words"));
    std::fs::write(&good, "correct horse\n").unwrap();
    std::fs::write(&bad, "battery\n").unwrap();
    let (good, bad, words) = (good.to_str().unwrap(), bad.to_str().unwrap(), words.to_str().unwrap());
    ok(dir.path(), &["init", "--name", "Alice", "--passphrase-file", good, "--words-to", words]);
    assert_eq!(std::fs::metadata(words).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(code(dir.path(), &["daemon"]).0, 5);
    let (exit, said) = code(dir.path(), &["daemon", "--passphrase-file", bad]);
    assert!(exit == 5 && !said.contains("battery"), "{exit} {said}");
    assert_eq!(code(dir.path(), &["words"]).0, 5);
    let shown = ok(dir.path(), &["words", "--passphrase-file", good]);
    assert_eq!(
        (shown.clone(), shown.split_whitespace().count()),
        (std::fs::read_to_string(words).unwrap(), 24)
    );
    assert_eq!(code(dir.path(), &["init", "--name", "Alice", "--no-passphrase"]).0, 1);
    let sent = ok(dir.path(), &["send", "--start", "me", "hello", "--passphrase-file", good]);
    assert_eq!(sent.trim().len(), 26);
    let _daemon = Daemon::start(dir.path(), &["--passphrase-file", good]);
    assert_eq!(ok(dir.path(), &["log", "me", "--json"]).lines().count(), 1);
    assert_eq!(code(dir.path(), &["words", "--passphrase-file", bad]).0, 5);
    assert_eq!(ok(dir.path(), &["words", "--passphrase-file", good]), shown);
}

#[test]
fn restoring_gives_the_same_account_and_wrong_words_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let words = dir.path().join("words");
    let words = words.to_str().unwrap();
    let account = ok(dir.path(), &["init", "--name", "Alice", "--no-passphrase", "--words-to", words]);
    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    assert_eq!(ok(&other, &["restore", "--words-from", words, "--no-passphrase"]), account);
    let third = dir.path().join("third");
    std::fs::create_dir(&third).unwrap();
    std::fs::write(dir.path().join("wrong"), "abandon abandon\n").unwrap();
    let wrong = dir.path().join("wrong");
    assert_eq!(code(&third, &["restore", "--words-from", wrong.to_str().unwrap(), "--no-passphrase"]).0, 2);
    assert!(!third.join("alice").join("keys").exists());
}

#[test]
fn a_node_says_what_it_serves_and_that_it_is_invisible() {
    let dir = tempfile::tempdir().unwrap();
    profile(dir.path());
    let json = |words: &[&str]| -> Value { serde_json::from_str(&ok(dir.path(), words)).unwrap() };
    let daemon = Daemon::start(dir.path(), &["--serve", "relay,bootstrap"]);
    assert_eq!(daemon.ready["serving"], serde_json::json!(["relay", "bootstrap"]));
    let net = json(&["net", "--json"]);
    assert_eq!((&net["type"], &net["serving"][0]), (&Value::from("net"), &Value::from("relay")));
    assert_eq!(net["listen"], daemon.ready["listen"]);
    assert!(ok(dir.path(), &["net"]).contains("relay, bootstrap"));
    ok(dir.path(), &["presence", "invisible"]);
    assert_eq!(json(&["status", "--json"])["invisible"], true);
    assert_eq!(daemon.end("TERM"), Some(0));
    // It stays so; the configuration says what is served, unless the command line does.
    ok(dir.path(), &["config", "set", "serve", "bootstrap"]);
    let daemon = Daemon::start(dir.path(), &[]);
    assert_eq!(daemon.ready["serving"], serde_json::json!(["bootstrap"]));
    assert_eq!(json(&["net", "--json"])["invisible"], true);
    ok(dir.path(), &["presence", "online"]);
    assert_eq!(json(&["status", "--json"])["invisible"], false);
    assert_eq!(code(dir.path(), &["doctor", "store"]).0, 2);
    assert_eq!(code(dir.path(), &["presence", "offline"]).0, 2);
}

#[test]
fn a_room_is_made_named_and_left() {
    let dir = tempfile::tempdir().unwrap();
    profile(dir.path());
    let _daemon = Daemon::start(dir.path(), &[]);
    let at = dir.path();
    let made: Value = serde_json::from_str(&ok(at, &["room", "new", "Roof \u{1b}[2J", "--json"])).unwrap();
    assert_eq!((&made["type"], &made["change"]), (&Value::from("room"), &Value::from("member")));
    assert_eq!((&made["role"], &made["members"]), (&Value::from("creator"), &Value::from(1)));
    ok(at, &["room", "rename", made["room"].as_str().unwrap(), "roof"]);
    ok(at, &["room", "topic", "roof", "the", "relay"]);
    ok(at, &["room", "history", "#roof", "last", "50"]);
    assert_eq!(ok(at, &["room", "topic", "roof"]), "the relay\n");
    assert_eq!(ok(at, &["room", "history", "roof"]), "last 50\n");
    let lobby = "#lobby  open, not private, 0 people wrote in the last day, nobody is here now";
    assert_eq!(ok(at, &["room"]), format!("{lobby}\n#roof  1 person, 1 here, creator  the relay\n"));
    let member: Value = serde_json::from_str(&ok(at, &["room", "members", "roof", "--json"])).unwrap();
    assert_eq!((&member["type"], &member["me"]), (&Value::from("member"), &Value::from(true)));
    let link: Value = serde_json::from_str(&ok(at, &["invite", "#roof", "--uses", "2", "--json"])).unwrap();
    assert_eq!(link["uses"], 2);
    let link = link["link"].as_str().unwrap();
    ok(at, &["send", "#roof", "--wait", "queued", "up?"]);
    let log = ok(at, &["log", "#roof"]);
    assert!(log.contains("you: up?") && log.contains("* "), "{log}");
    for (words, exit) in [
        (&["room", "ignore", "roof", "@bob"][..], 4),
        (&["room", "history", "roof", "some"], 2),
        (&["room", "join", "roof", "--note", "x"], 2),
        (&["room", "members", "#wall"], 4),
        (&["room", "remove", "roof", "@nobody"], 4),
        (&["room", "invite", "roof", "@nobody"], 4),
        (&["send", "#wall", "x"], 4),
        (&["add", link], 1),
        (&["room", "join", "starling:broken"], 1),
        (&["invite", "#roof", "--private"], 2),
    ] {
        assert_eq!(code(at, words).0, exit, "{words:?}");
    }
    ok(at, &["room", "leave", "roof"]);
    assert_eq!(code(at, &["send", "#roof", "x"]).0, 6);
    assert!(ok(at, &["log", "#roof"]).contains("up?"));
}

#[test]
fn an_open_channel_is_joined_written_in_moderated_and_left() {
    let dir = tempfile::tempdir().unwrap();
    profile(dir.path());
    let _daemon = Daemon::start(dir.path(), &[]);
    let at = dir.path();
    let made: Value = serde_json::from_str(&ok(at, &["room", "new", "Town", "--open", "--json"])).unwrap();
    assert_eq!((&made["open"], &made["name"]), (&Value::from(true), &Value::from("#town")));
    let joined: Value = serde_json::from_str(&ok(at, &["room", "join", "#Street", "--json"])).unwrap();
    assert_eq!((&joined["open"], &joined["change"]), (&Value::from(true), &Value::from("member")));
    ok(at, &["send", "#town", "--wait", "queued", "anybody?"]);
    assert!(ok(at, &["log", "#town"]).contains("you: anybody?  (queued)"));
    let listed = ok(at, &["room"]);
    assert!(listed.contains("#town  open, not private, 1 person wrote in the last day"), "{listed}");
    assert!(ok(at, &["room", "members", "town"]).contains("you"));
    ok(at, &["room", "slow", "town", "30s"]);
    let event = ok(at, &["recv", "#town", "--since", "0", "--type", "room", "--json"]);
    assert!(event.contains("\"open\":true"), "{event}");
    for (words, exit) in [
        (&["room", "invite", "town", "@nobody"][..], 4),
        (&["room", "ignore", "town", "@nobody"], 4),
        (&["room", "hide", "town", "nothing"], 4),
        (&["room", "slow", "town"], 2),
        (&["room", "slow", "town", "2h"], 2),
        (&["room", "topic", "town", "x"], 6),
        (&["room", "new", "#", "--open"], 2),
    ] {
        assert_eq!(code(at, words).0, exit, "{words:?}");
    }
    ok(at, &["room", "leave", "town"]);
    assert_eq!(code(at, &["send", "#town", "x"]).0, 6);
}

#[test]
fn settings_are_written_without_a_node_and_read_again_by_a_running_one() {
    let dir = tempfile::tempdir().unwrap();
    ok(dir.path(), &["init", "--name", "Alice", "--no-passphrase"]);
    ok(dir.path(), &["config", "set", "screen.theme", "dark"]);
    ok(dir.path(), &["config", "set", "lan", "false"]);
    let file = dir.path().join("alice/config.toml");
    assert_eq!(ok(dir.path(), &["config", "path"]).trim(), file.to_str().unwrap());
    let told = ok(dir.path(), &["config", "get", "lan", "--origin"]);
    assert_eq!(told.trim(), format!("false (file {})", file.display()));
    let output =
        starling(dir.path()).env("STARLING_LAN", "true").args(["config", "get", "lan", "--json"]).output();
    let line: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!((&line["value"], &line["from"]), (&"true".into(), &"STARLING_LAN".into()));
    let daemon = Daemon::start(dir.path(), &[]);
    assert_eq!(ok(dir.path(), &["reload"]).trim(), "Read again; nothing changed.");
    ok(dir.path(), &["config", "set", "read_receipts", "false"]);
    ok(dir.path(), &["config", "set", "upnp", "false"]);
    ok(dir.path(), &["config", "set", "mail_disk_mib", "7"]);
    let told = ok(dir.path(), &["reload"]);
    assert_eq!(
        told.trim(),
        "Read again; changed now: read_receipts, upnp; at the next start: mail_disk_mib."
    );
    let line: Value = serde_json::from_str(&ok(dir.path(), &["reload", "--json"])).unwrap();
    assert_eq!(
        (&line["type"], &line["now"], &line["later"]),
        (&"reload".into(), &serde_json::json!([]), &serde_json::json!(["mail_disk_mib"]))
    );
    // A mistake changes nothing and is named with its place; a signal does not end the node.
    std::fs::write(&file, "lan = false\nupnp = 3\n").unwrap();
    let (exit, told) = code(dir.path(), &["reload"]);
    assert_eq!(exit, 1);
    assert!(told.contains("line 2, column 8") && told.contains("Nothing was changed"), "{told}");
    std::fs::write(&file, "lan = true\n").unwrap();
    signal(&daemon.child, "HUP");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !ok(dir.path(), &["logs"]).contains("SIGHUP: Read again; changed now: lan") {
        assert!(std::time::Instant::now() < end, "{}", ok(dir.path(), &["logs"]));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn messages_are_pinned_and_hidden_and_chats_say_how_they_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    profile(at);
    let _daemon = Daemon::start(at, &[]);
    let ids: Vec<String> =
        (1..=5).map(|n| ok(at, &["send", "me", &format!("note {n}")]).trim().to_owned()).collect();
    ok(at, &["pin", &ids[3]]);
    ok(at, &["pin", &ids[0]]);
    let pins = ok(at, &["pins", "me"]);
    assert!(pins.find("note 1").unwrap() < pins.find("note 4").unwrap(), "{pins}");
    ok(at, &["pin", &ids[0], "--off"]);
    assert!(!ok(at, &["pins", "me"]).contains("note 1"));
    assert!(ok(at, &["delete", &ids[1], "--local"]).is_empty());
    let log = ok(at, &["log", "me"]);
    assert!(!log.contains("note 2") && log.contains("note 3"), "{log}");
    assert!(ok(at, &["recv", "--since", "0", "--type", "hidden", "--json"]).contains(&ids[1]));
    assert_eq!(code(at, &["again", &ids[1]]).0, 4);
    assert_eq!(code(at, &["again", &ids[2]]).0, 6);
    let texts = |words: &[&str]| {
        let lines = ok(at, words);
        lines.lines().filter_map(|line| line.split("note ").nth(1)).collect::<String>()
    };
    assert_eq!(texts(&["log", "me", "--around", &ids[3], "--limit", "3"]), "345");
    assert_eq!(texts(&["log", "me", "--after", &ids[2], "--limit", "1"]), "4");
    ok(at, &["room", "new", "roof"]);
    for (words, told) in [
        (&["chats", "mute", "roof", "8h"][..], "muted until"),
        (&["chats", "mute", "roof", "mentions"], "muted but for mentions"),
        (&["chats", "pin", "roof"], "pinned"),
        (&["chats", "notify", "roof", "something"], "notices say: something"),
        (&["chats", "archive", "roof"], "put away"),
    ] {
        let line = ok(at, words);
        assert!(line.starts_with("#roof") && line.contains(told), "{line}");
    }
    ok(at, &["send", "#roof", "up?"]);
    let chats = ok(at, &["chats"]);
    assert!(chats.contains("#roof") && !chats.contains("put away") && chats.starts_with("me"), "{chats}");
    assert!(!ok(at, &["chats", "mute", "roof", "off"]).contains("muted"));
    assert_eq!(code(at, &["chats", "mute", "roof", "sometimes"]).0, 2);
}
