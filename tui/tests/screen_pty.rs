//! The real program in a pseudo terminal: first run, paste, resize, and every way out leaves the terminal as it was.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// Making keys with debug code on a busy machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

fn cells(number: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(number).unwrap()
}

struct Pty {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    child: Box<dyn Child + Send + Sync>,
    parser: vt100::Parser,
    raw: Vec<u8>,
}

impl Pty {
    fn start(command: CommandBuilder) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = sync_channel(1_024);
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count) = reader.read(&mut bytes) {
                if count == 0 || sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self {
            master: pair.master,
            writer,
            output,
            child,
            parser: vt100::Parser::new(cells(24), cells(80), 0),
            raw: Vec::new(),
        }
    }

    fn starling(dir: &std::path::Path) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_starling"));
        command.args(["--dir", dir.to_str().unwrap()]);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("NO_COLOR");
        Self::start(command)
    }

    fn send(&mut self, bytes: &str) {
        self.writer.write_all(bytes.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Reads output until the screen is as wanted.
    fn until(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(self.parser.screen()) {
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    self.raw.extend_from_slice(&bytes);
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited for {what}; the screen is:\n{}", self.screen())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    assert!(wanted(self.parser.screen()), "ended before {what}:\n{}", self.screen());
                }
            }
        }
    }

    fn shows(&mut self, text: &str) {
        let wanted = text.to_owned();
        self.until(text, move |screen| screen.contents().contains(&wanted));
    }

    /// Reads to the end and checks that the terminal is as it was.
    fn ended(mut self) -> u32 {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            match self.output.recv_timeout(Duration::from_millis(50)) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    self.raw.extend_from_slice(&bytes);
                }
                Err(_) => assert!(Instant::now() < end, "still running:\n{}", self.screen()),
            }
        };
        // The slave is closed: what is left comes at once, then the reader ends.
        drop(self.writer);
        drop(self.master);
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_secs(5)) {
            self.parser.process(&bytes);
            self.raw.extend_from_slice(&bytes);
        }
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        status.exit_code()
    }
}

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
    pty.shows("Notes to self");
}

#[test]
fn first_run_paste_resize_and_quit() {
    let dir = tempfile::tempdir().unwrap();
    let mut pty = Pty::starling(&dir.path().join("p"));
    set_up(&mut pty);
    pty.shows("Nobody else is here yet");
    pty.shows("! write down words");
    pty.send("\x1b[200~a\n/quit\n\x1b[201~");
    pty.shows("> a");
    pty.shows("/quit");
    pty.master.resize(PtySize { rows: 5, cols: 20, pixel_width: 0, pixel_height: 0 }).unwrap();
    pty.parser.screen_mut().set_size(cells(5), cells(20));
    pty.until("the small screen", |screen| {
        let rows: Vec<String> = screen.rows(0, 20).collect();
        rows[0].starts_with("Notes") && rows.iter().all(|row| !row.contains("Ctrl-K"))
    });
    pty.parser.screen_mut().set_size(cells(24), cells(80));
    pty.master.resize(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
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
    let mut pty = Pty::starling(&dir.path().join("p"));
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
