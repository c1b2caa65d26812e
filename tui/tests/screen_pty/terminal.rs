//! Every way the terminal is left and taken again: suspended, hung up, taken away, broken in the middle of it.

use crate::kit::{PATIENCE, Pty, starling};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

const ASKS: &str = "What should people call you?";

fn pid(pty: &Pty) -> Pid {
    Pid::from_raw(i32::try_from(pty.child.process_id().unwrap()).unwrap()).unwrap()
}

/// Waits for something that happens outside the terminal.
fn becomes(what: &str, wanted: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !wanted() {
        assert!(Instant::now() < end, "waited for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process is stopped, as the system says it.
fn is_stopped(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap();
    stat.rsplit(')').next().unwrap().trim_start().starts_with('T')
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn suspended_the_shell_has_its_terminal_and_what_was_typed_is_still_there_after() {
    let dir = tempfile::tempdir().unwrap();
    let mut pty = Pty::starling(&dir.path().join("p"));
    pty.shows(ASKS);
    pty.send("Ali");
    pty.shows("> Ali");
    let pid = pid(&pty);
    for by_key in [true, false] {
        if by_key {
            pty.send("\x1a");
        } else {
            kill_process(pid, Signal::TSTP).unwrap();
        }
        pty.until("the shell's screen", |screen| !screen.alternate_screen() && !screen.bracketed_paste());
        becomes("stopped", || is_stopped(pid));
        kill_process(pid, Signal::CONT).unwrap();
        pty.until("its own screen", |screen| {
            screen.alternate_screen() && screen.bracketed_paste() && screen.contents().contains("> Ali")
        });
    }
    pty.send("ce");
    pty.shows("> Alice");
    pty.send("\x03");
    assert_eq!(pty.ended(), 130);
}

#[test]
fn a_hangup_with_the_terminal_still_there_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut pty = Pty::starling(&dir.path().join("p"));
    pty.shows(ASKS);
    kill_process(pid(&pty), Signal::HUP).unwrap();
    pty.send("Alice");
    pty.shows("> Alice");
    pty.send("\x03");
    assert_eq!(pty.ended(), 130);
}

#[test]
fn a_window_that_is_closed_ends_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut child = pair.slave.spawn_command(starling(&dir.path().join("p"))).unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut seen = String::new();
    let mut bytes = [0; 4_096];
    while !seen.contains("people") {
        let count = reader.read(&mut bytes).unwrap();
        seen.push_str(&text_of(&bytes[..count]));
    }
    drop(reader);
    drop(pair);
    let end = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < end, "it runs without a terminal");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.exit_code(), 129);
}

#[test]
fn the_window_is_named_and_has_its_own_name_again_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut pty = Pty::starling(&dir.path().join("p"));
    pty.shows(ASKS);
    pty.send("A");
    pty.shows("> A");
    let before = text_of(&pty.raw);
    let named = before.find("\x1b]2;Starling\x1b\\").expect("it is named");
    assert!(before.find("\x1b[22;2t").expect("the name there was is kept") < named);
    assert!(!before.contains("\x1b[23;2t"));
    pty.send("\x1a");
    pty.until("the shell's screen", |screen| !screen.alternate_screen());
    assert!(text_of(&pty.raw).contains("\x1b[23;2t"));
    let child = pid(&pty);
    becomes("stopped", || is_stopped(child));
    kill_process(pid(&pty), Signal::CONT).unwrap();
    pty.until("its own screen", vt100::Screen::alternate_screen);
    pty.send("\x03");
    assert_eq!(pty.ended(), 130);
}

#[test]
fn a_frame_is_one_synchronized_piece_and_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let frames = dir.path().join("frames");
    let mut command = starling(&dir.path().join("p"));
    command.env("STARLING_FRAMES", frames.to_str().unwrap());
    let mut pty = Pty::start(command);
    pty.shows(ASKS);
    for letter in "Alice".chars() {
        pty.send(&letter.to_string());
        pty.shows(&format!("{letter}"));
    }
    pty.send("\x03");
    becomes("ended", || pty.output.try_recv().is_err());
    pty.listen(Duration::from_millis(300));
    let text = text_of(&pty.raw);
    let (begun, ended) = (text.matches("\x1b[?2026h").count(), text.matches("\x1b[?2026l").count());
    // Leaving ends one that may have been cut short.
    assert_eq!(begun + 1, ended);
    let counted: usize = std::fs::read_to_string(&frames).unwrap().trim().parse().unwrap();
    assert_eq!(counted, begun);
    assert_eq!(pty.ended(), 130);
}

/// The other half of the next test: takes the terminal and breaks over somebody's words.
#[test]
fn child_that_breaks_over_a_message() {
    let Some(folder) = std::env::var_os("SCREEN_CRASH_CHILD") else { return };
    starling_tui::screen::crash::reports_in(Path::new(&folder));
    let _screen = starling_tui::screen::terminal::Screen::enter().unwrap();
    let message = std::env::var("SCREEN_CRASH_MESSAGE").unwrap();
    panic!("cannot draw {message}");
}

#[test]
fn a_crash_leaves_a_report_that_only_its_owner_reads_and_that_has_no_message_in_it() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args([
        "terminal::child_that_breaks_over_a_message",
        "--exact",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env("SCREEN_CRASH_CHILD", dir.path());
    command.env("SCREEN_CRASH_MESSAGE", "meet-me-at-nine");
    command.env("TERM", "xterm-256color");
    let mut pty = Pty::sized(command, (200, 24));
    pty.shows("because of a mistake in it");
    pty.shows("Start again with `starling`.");
    let shown = pty.screen();
    assert_ne!(pty.ended(), 0);
    let report = std::fs::read_dir(dir.path()).unwrap().next().expect("a report").unwrap().path();
    assert!(shown.replace('\n', "").contains(report.to_str().unwrap()), "{shown}");
    assert_eq!(std::fs::metadata(&report).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&report).unwrap();
    assert!(text.contains("screen_pty/terminal.rs") && text.contains("Starling 0."), "{text}");
    assert!(!text.contains("meet-me-at-nine") && !shown.contains("meet-me-at-nine"), "{shown}\n{text}");
}
