//! A program in a pseudo terminal and what it shows there.
#![allow(dead_code)]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// Making keys with debug code on a busy machine takes seconds.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn cells(number: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(number).unwrap()
}

/// The program on a profile.
pub fn starling(dir: &std::path::Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_starling"));
    command.args(["--dir", dir.to_str().unwrap()]);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    for name in ["NO_COLOR", "STARLING_ASCII", "LC_ALL", "LC_CTYPE"] {
        command.env_remove(name);
    }
    command
}

/// A program and its terminal.
pub struct Pty {
    pub master: Box<dyn MasterPty + Send>,
    pub writer: Box<dyn Write + Send>,
    pub output: Receiver<Vec<u8>>,
    pub child: Box<dyn Child + Send + Sync>,
    pub parser: vt100::Parser,
    pub raw: Vec<u8>,
}

impl Pty {
    pub fn start(command: CommandBuilder) -> Self {
        Self::sized(command, (80, 24))
    }

    /// Starts a program in a terminal of a size (columns, rows).
    pub fn sized(command: CommandBuilder, (cols, rows): (u16, u16)) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
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
            parser: vt100::Parser::new(cells(rows), cells(cols), 0),
            raw: Vec::new(),
        }
    }

    pub fn starling(dir: &std::path::Path) -> Self {
        Self::start(starling(dir))
    }

    pub fn send(&mut self, bytes: &str) {
        self.writer.write_all(bytes.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    pub fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Reads output until the screen is as wanted.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
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

    /// Takes in what comes for some time; gives back how many bytes that were.
    pub fn listen(&mut self, time: Duration) -> usize {
        let (end, before) = (Instant::now() + time, self.raw.len());
        while let Ok(bytes) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.parser.process(&bytes);
            self.raw.extend_from_slice(&bytes);
        }
        self.raw.len() - before
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, (cols, rows): (u16, u16)) {
        self.parser.screen_mut().set_size(cells(rows), cells(cols));
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    pub fn shows(&mut self, text: &str) {
        let wanted = text.to_owned();
        self.until(text, move |screen| screen.contents().contains(&wanted));
    }

    /// Reads to the end and checks that the terminal is as it was.
    pub fn ended(mut self) -> u32 {
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
