//! The screen in a pseudo terminal, read by a thread that notes when each piece of output came.

use anyhow::{Context as _, Result, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use starling_tests::live::binary;
use std::io::{Read as _, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// Columns and rows.
pub const SIZE: (u16, u16) = (120, 36);
/// What a frame begins with.
const FRAME: &[u8] = b"\x1b[?2026h";
/// The last of the questions a program asks a terminal when it starts, and what a terminal of today answers to all of
/// them at once: a dark ground, marks one column wide, its kind.
const ASKED: &[u8] = b"\x1b[c";
const ANSWER: &str = "\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[1;9R\x1b[?62;22c";
/// Time anything may take before the measurement has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The screen and its terminal.
pub struct Pty {
    output: Receiver<(Instant, Vec<u8>)>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    parser: vt100::Parser,
    /// When it was started.
    pub started: Instant,
    /// Bytes and frames so far.
    pub bytes: usize,
    pub frames: usize,
    _master: Box<dyn MasterPty + Send>,
}

impl Pty {
    /// Starts `starling` with arguments on a profile.
    pub fn start(dir: &Path, args: &[&str]) -> Result<Self> {
        let mut command = CommandBuilder::new(binary()?);
        command.arg("--dir");
        command.arg(dir);
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let size = PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut reader = pair.master.try_clone_reader()?;
        let (sender, output) = sync_channel(4_096);
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            while let Ok(count) = reader.read(&mut bytes) {
                let piece = bytes.get(..count).unwrap_or_default().to_vec();
                if count == 0 || sender.send((Instant::now(), piece)).is_err() {
                    break;
                }
            }
        });
        let writer = pair.master.take_writer()?;
        let (rows, cols) = (cells(SIZE.1)?, cells(SIZE.0)?);
        let started = Instant::now();
        let child = pair.slave.spawn_command(command)?;
        let parser = vt100::Parser::new(rows, cols, 0);
        Ok(Self { output, writer, child, parser, started, bytes: 0, frames: 0, _master: pair.master })
    }

    /// Types.
    pub fn send(&mut self, keys: &str) -> Result<()> {
        self.writer.write_all(keys.as_bytes())?;
        Ok(self.writer.flush()?)
    }

    /// The process.
    pub fn pid(&self) -> Result<u32> {
        self.child.process_id().context("the screen has no process")
    }

    /// Takes in one piece of output, if it comes in time; says when it came.
    fn piece(&mut self, limit: Duration) -> Option<Instant> {
        let (at, bytes) = self.output.recv_timeout(limit).ok()?;
        self.bytes += bytes.len();
        self.frames += bytes.windows(FRAME.len()).filter(|part| *part == FRAME).count();
        self.parser.process(&bytes);
        if bytes.windows(ASKED.len()).any(|part| part == ASKED) {
            self.send(ANSWER).ok()?;
        }
        Some(at)
    }

    /// Reads until the screen is as wanted; says when the output that made it so came.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> Result<Instant> {
        let end = Instant::now() + PATIENCE;
        loop {
            let at = self.piece(end.saturating_duration_since(Instant::now()));
            match at {
                Some(at) if wanted(self.parser.screen()) => return Ok(at),
                Some(_) => {}
                None => bail!("waited for {what}; the screen is:\n{}", self.parser.screen().contents()),
            }
        }
    }

    /// The same until a moment; nothing if it does not come to that.
    pub fn until_or(&mut self, end: Instant, wanted: impl Fn(&vt100::Screen) -> bool) -> Option<Instant> {
        while let Some(at) = self.piece(end.saturating_duration_since(Instant::now())) {
            if wanted(self.parser.screen()) {
                return Some(at);
            }
        }
        None
    }

    /// Reads for some time.
    pub fn listen(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while self.piece(end.saturating_duration_since(Instant::now())).is_some() {}
    }

    /// What is in the editor's line.
    pub fn editor(screen: &vt100::Screen) -> Option<String> {
        let rows: Vec<String> = screen.rows(0, SIZE.0).collect();
        let row = rows.get(usize::from(SIZE.1).checked_sub(2)?)?;
        Some(row.split_once("> ")?.1.to_owned())
    }

    /// Ends it as a person does.
    pub fn end(mut self) -> Result<()> {
        self.send("\x03\x03\x03")?;
        let end = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            self.listen(Duration::from_millis(5));
            if Instant::now() > end {
                self.child.kill()?;
                bail!("the screen did not end");
            }
        }
        Ok(())
    }
}

fn cells(number: u16) -> Result<NonZero<u16>> {
    NonZero::new(number).context("a terminal of no size")
}
