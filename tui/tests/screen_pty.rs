//! The real program in a pseudo terminal: first run, paste, resize, and every way out leaves the terminal as it was.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "screen_pty/casts.rs"]
mod casts;
#[path = "screen_pty/kit.rs"]
mod kit;
#[path = "screen_pty/stage.rs"]
mod stage;
#[path = "screen_pty/terminal.rs"]
mod terminal;

use kit::{Pty, starling};
use portable_pty::CommandBuilder;
use std::time::Duration;

/// Goes through the first run without a lock to the chats.
fn set_up(pty: &mut Pty) {
    pty.shows("What should people call you?");
    pty.send("Alice\r");
    pty.shows("How should Starling lock your keys");
    // Up to the choice, down to "no lock".
    pty.send("\x1b[A");
    pty.send("\x1b[B");
    pty.shows("(*) No lock");
    pty.send("\r");
    pty.shows("Write these 24 words");
    pty.send("l");
    pty.shows("Send this link");
    pty.shows("starling:");
    pty.send("\r");
    pty.shows("#lobby (open) >");
    // Behind the lobby, while there is nobody else.
    pty.send("\x1b2");
    pty.shows("> Note to self");
}

#[test]
fn first_run_paste_resize_and_quit() {
    let dir = tempfile::tempdir().unwrap();
    let mut pty = Pty::starling(&dir.path().join("p"));
    set_up(&mut pty);
    pty.shows("! write down words");
    pty.send("\x1b[200~a\n/quit\n\x1b[201~");
    pty.shows("> a");
    pty.shows("/quit");
    pty.resize((20, 5));
    pty.until("the small screen", |screen| {
        let rows: Vec<String> = screen.rows(0, 20).collect();
        rows[0].starts_with("Notes") && rows.iter().all(|row| !row.contains("Ctrl-K"))
    });
    pty.resize((80, 24));
    pty.shows("Ctrl-K go to");
    // The pasted text is still there, unsent. Ctrl-C clears it; a note is really sent and shown once stored.
    pty.shows("/quit");
    pty.send("\x03");
    pty.until("an empty editor", |screen| screen.contents().contains("> Note to self"));
    pty.send("remember the cable\r");
    pty.shows("kept on this device");
    pty.send("\x11");
    assert_eq!(pty.ended(), 0);

    // The second start opens it at once, with the note in it.
    let mut command = starling(&dir.path().join("p"));
    command.args(["chat", "me"]);
    let mut pty = Pty::start(command);
    pty.shows("remember the cable");
    pty.send("\x03\x03");
    assert_eq!(pty.ended(), 0);
}

#[test]
fn sigterm_gives_the_terminal_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut pty = Pty::starling(&dir.path().join("p"));
    pty.shows("What should people call you?");
    let pid = i32::try_from(pty.child.process_id().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(pty.ended(), 143);
}

/// The other half of the next test: run in a pseudo terminal of its own, it takes the terminal and panics.
#[test]
fn child_that_panics() {
    if std::env::var_os("SCREEN_TEST_CHILD").is_none() {
        return;
    }
    let _screen = starling_tui::screen::terminal::Screen::enter().unwrap();
    panic!("on purpose");
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_reported() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["child_that_panics", "--exact", "--nocapture", "--test-threads=1"]);
    command.env("SCREEN_TEST_CHILD", "1");
    command.env("TERM", "xterm-256color");
    let mut pty = Pty::start(command);
    pty.shows("on purpose");
    assert!(pty.raw.windows(8).any(|bytes| bytes == b"\x1b[?1049h"), "it was on the alternate screen");
    assert!(!pty.parser.screen().alternate_screen(), "the report must not be lost with the screen");
    assert_ne!(pty.ended(), 0);
}

/// Types as somebody does who looks at the keyboard.
fn type_slowly(pty: &mut Pty, text: &str) {
    for letter in text.chars() {
        pty.listen(Duration::from_millis(120));
        pty.send(&letter.to_string());
    }
}

#[test]
fn somebody_slow_gets_from_nothing_to_a_first_message() {
    let dir = tempfile::tempdir().unwrap();
    let mut pty = Pty::starling(&dir.path().join("p"));
    // 50 letters, and time to read four pages: about fifteen seconds of a person.
    let reads = Duration::from_millis(1_200);
    pty.shows("What should people call you?");
    pty.listen(reads);
    type_slowly(&mut pty, "Mara\r");
    pty.shows("How should Starling lock your keys");
    pty.listen(reads);
    type_slowly(&mut pty, "long enough\r");
    type_slowly(&mut pty, "long enough\r");
    pty.shows("Write these 24 words");
    pty.listen(reads);
    type_slowly(&mut pty, "l");
    pty.shows("starling:");
    pty.listen(reads);
    type_slowly(&mut pty, "\r");
    pty.shows("#lobby (open) >");
    // Not to whoever else is on this network.
    pty.send("\x1b2");
    pty.shows("> Note to self");
    pty.listen(reads);
    type_slowly(&mut pty, "bread, tape, tea\r");
    pty.shows("kept on this device");
    assert!(pty.screen().contains("bread, tape, tea"));
    pty.send("\x03\x03");
    assert_eq!(pty.ended(), 0);
}

/// The demo, at a place where nothing is going to happen by itself.
fn quiet() -> (tempfile::TempDir, Pty) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = starling(&dir.path().join("p"));
    command.arg("--demo=new");
    let mut pty = Pty::start(command);
    pty.shows("What should people call you?");
    pty.send("Mara\r");
    pty.shows("How should Starling lock your keys");
    pty.send("\x1b[A");
    pty.send("\x1b[B");
    pty.shows("(*) No lock");
    pty.send("\r");
    pty.shows("Write these 24 words");
    pty.send("l");
    pty.shows("starling:");
    pty.send("\r");
    // Ilse asks, and is dropped.
    pty.shows("! 1 request");
    pty.send("\r");
    pty.shows("It is me, from the allotment.");
    pty.send("d");
    pty.shows("Dropped");
    (dir, pty)
}

#[test]
fn nothing_is_drawn_while_nothing_happens() {
    let (_dir, mut pty) = quiet();
    // What was under way (the state of the network is told after ten seconds) is over.
    while pty.listen(Duration::from_secs(4)) > 0 {}
    assert_eq!(pty.listen(Duration::from_secs(10)), 0, "{}", pty.screen());
    pty.send("\x03\x03");
    assert_eq!(pty.ended(), 0);
}

#[test]
fn a_storm_of_sizes_ends_with_a_whole_screen() {
    let (_dir, mut pty) = quiet();
    pty.send("kept");
    pty.shows("> kept");
    let mut size = 7_u32;
    for _ in 0..150 {
        size = size.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (cols, rows) = (1 + (size >> 8) % 160, 1 + (size >> 20) % 50);
        pty.resize((u16::try_from(cols).unwrap(), u16::try_from(rows).unwrap()));
    }
    pty.resize((80, 24));
    // A terminal that was resized shows what it likes of the frames before: Ctrl-L draws all of it.
    pty.send("\x0c");
    pty.until("all of it", |screen| {
        let text = screen.contents();
        ["Chats", "Ctrl-Q quit", "> kept"].iter().all(|part| text.contains(part))
    });
    pty.send("\x03\x03\x03");
    assert_eq!(pty.ended(), 0);
}

#[test]
fn wide_pictures_do_not_shift_what_stands_behind_them() {
    let (_dir, mut pty) = quiet();
    let at = |screen: &vt100::Screen, letter: &str| {
        (20..80).find(|x| screen.cell(22, *x).is_some_and(|cell| cell.contents() == letter))
    };
    pty.send("A👩‍👩‍👧B❤️C🇩🇪D你Ω");
    pty.until("all of it", |screen| at(screen, "Ω").is_some());
    let letters = ["A", "B", "C", "D", "Ω"];
    let places = letters.map(|letter| at(pty.parser.screen(), letter));
    let first = places[0].unwrap();
    assert_eq!(places, [0, 3, 6, 9, 12].map(|by| Some(first + by)), "{}", pty.screen());
    pty.send("\x03\x03\x03");
    assert_eq!(pty.ended(), 0);
}

#[test]
fn without_a_terminal_ten_lines_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_starling"))
        .arg("--dir")
        .arg(dir.path().join("p"))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), text.lines().count()), (Some(2), 10), "{text}");
    assert!(output.stderr.is_empty() && !text.contains('\x1b'));
}

#[test]
fn a_dumb_terminal_gets_lines_and_no_escapes() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = starling(&dir.path().join("p"));
    command.env("TERM", "dumb");
    let mut pty = Pty::start(command);
    pty.shows("what should people call you?");
    assert!(!pty.raw.contains(&0x1b), "{:?}", String::from_utf8_lossy(&pty.raw));
    pty.send("\x04");
    pty.ended();
}
