//! Taking the terminal over and giving it back: on every way out (end, error, signal, panic, suspend) it is left as it
//! was found. Nothing else writes to it.

use super::crash;
use super::msg::Copied;
use super::notify::Notice;
use super::outside::{self, desktop};
use super::placed::Placed;
use super::probe::{self, Answer, Late};
use super::settings::Clipboard;
use anyhow::Context;
use crossterm::event::Event;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use std::fs::File;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Alternate screen, bracketed paste, focus reports, a clean screen. The title is kept before it, once.
const ENTER: &str = "\x1b[?1049h\x1b[?2004h\x1b[?1004h\x1b[2J\x1b[H";
/// Everything entering and the mouse did, undone; the cursor is shown, colours are reset, a synchronized update
/// that was cut short is ended, the title is the one that was there.
pub const LEAVE: &str =
    "\x1b[?2026l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[23;2t\x1b[?25h";
/// Button and wheel reports, and movement while a button is held. No other movement: it would wake the process for
/// nothing.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// A frame is shown at once, not while it is written, where the terminal can.
const FRAME_START: &str = "\x1b[?2026h";
const FRAME_END: &str = "\x1b[?2026l";

/// Clusters of characters are one (mode 2027), where the terminal can and had it off.
const CLUSTERS_ON: &str = "\x1b[?2027h";
const CLUSTERS_OFF: &str = "\x1b[?2027l";
/// Whether it was set by us.
static CLUSTERS: AtomicBool = AtomicBool::new(false);
/// Nothing on the screen.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// What a frame is put together in: written as a whole, or, after a panic in the middle of it, not at all.
#[derive(Debug, Default)]
struct Whole(Vec<u8>);

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let written = out.write_all(&self.0).and_then(|()| out.flush());
        self.0.clear();
        written
    }
}

/// How many frames were drawn, for tests and measurements: in the file that STARLING_FRAMES names.
#[derive(Debug, Default)]
struct Frames {
    file: Option<File>,
    count: u64,
}

impl Frames {
    fn of_environment() -> Self {
        let file = std::env::var_os("STARLING_FRAMES").and_then(|path| File::create(path).ok());
        Self { file, count: 0 }
    }

    fn drawn(&mut self) {
        self.count += 1;
        #[cfg(unix)]
        if let Some(file) = &self.file {
            use std::os::unix::fs::FileExt;
            // Always the same length, so that a reader never sees half a number. A full disk spoils a measurement.
            let _ = file.write_at(format!("{:>20}\n", self.count).as_bytes(), 0);
        }
    }
}

/// The terminal while the screen has it. Gives it back when dropped.
pub struct Screen {
    terminal: Terminal<Placed<CrosstermBackend<Whole>>>,
    mouse: bool,
    taken: bool,
    frames: Frames,
    outside: outside::Terminal,
    /// What the window is called by us; empty: as it was.
    title: String,
    /// Whether tmux passes sequences on; asked once, in the background.
    passes: Arc<AtomicBool>,
    copier: desktop::Copier,
    late: Late,
}

impl Screen {
    /// Takes the terminal over and makes sure a panic gives it back.
    ///
    /// # Errors
    /// When it cannot be switched or measured.
    pub fn enter() -> anyhow::Result<Self> {
        crash::install();
        enable_raw_mode().context("the terminal cannot be switched to single keys")?;
        write_now(outside::TITLE_PUSH);
        write_now(ENTER);
        let terminal = Terminal::new(Placed(CrosstermBackend::new(Whole::default())));
        match terminal {
            Ok(terminal) => Ok(Self::on(terminal)),
            Err(error) => {
                restore();
                Err(error).context("the terminal's size cannot be read")
            }
        }
    }

    fn on(terminal: Terminal<Placed<CrosstermBackend<Whole>>>) -> Self {
        let outside = outside::Terminal::of(|name| std::env::var(name).ok());
        let passes = Arc::new(AtomicBool::new(false));
        if outside.tmux {
            ask_tmux(Arc::clone(&passes));
        }
        let frames = Frames::of_environment();
        Self {
            terminal,
            mouse: false,
            taken: true,
            frames,
            outside,
            title: String::new(),
            passes,
            copier: desktop::Copier::default(),
            late: Late::default(),
        }
    }

    /// Asks the terminal about itself; before the first frame, and before anything else reads from it.
    pub fn ask(&mut self) -> Answer {
        write_now(&probe::questions());
        let answer = probe::listen();
        write_now(CLEAR);
        self.late = Late::after(&answer);
        if answer.clusters_off {
            CLUSTERS.store(true, Ordering::Relaxed);
            write_now(CLUSTERS_ON);
        }
        answer
    }

    /// Whether an event is no key but an answer that came late.
    pub fn swallows(&mut self, event: &Event) -> bool {
        self.late.swallows(event)
    }

    /// The size.
    pub fn size(&self) -> (u16, u16) {
        self.terminal.size().map_or((80, 24), |size| (size.width, size.height))
    }

    /// Draws one frame.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, model: &super::model::Model) -> io::Result<()> {
        let wanted = model.wants_mouse();
        if wanted != self.mouse {
            self.mouse = wanted;
            write_now(if wanted { MOUSE_ON } else { MOUSE_OFF });
        }
        self.terminal.backend_mut().0.write_all(FRAME_START.as_bytes())?;
        self.terminal.draw(|frame| {
            if let Some(caret) = super::view::draw(model, frame.buffer_mut()) {
                frame.set_cursor_position(caret);
            }
        })?;
        self.frames.drawn();
        let backend = &mut self.terminal.backend_mut().0;
        backend.write_all(FRAME_END.as_bytes())?;
        Write::flush(backend)
    }

    /// Makes the next frame a whole one.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn redraw(&mut self) -> io::Result<()> {
        // Not `clear`: that asks the terminal where its cursor is, and the answer would be taken for keys.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    fn around(&self) -> outside::Terminal {
        outside::Terminal { passes: self.passes.load(Ordering::Relaxed), ..self.outside }
    }

    /// Puts text on the clipboard; says how.
    pub fn copy(&mut self, text: &str, wanted: Clipboard) -> Copied {
        if wanted == Clipboard::Off {
            return Copied::Off;
        }
        let (terminal, on_desktop) = self.around().copies(wanted, desktop::is_there());
        let sequence = if terminal { self.around().copy(text) } else { None };
        if let Some(sequence) = &sequence {
            write_now(sequence);
        }
        match (sequence.is_some(), on_desktop && self.copier.copy(text)) {
            (true, true) => Copied::ByBoth,
            (false, true) => Copied::ByDesktop,
            (true, false) => Copied::ByTerminal,
            (false, false) => Copied::TooLong,
        }
    }

    /// Tells the person although they look elsewhere; rings only if that is wanted.
    pub fn notify(&mut self, notice: &Notice, bell: bool) {
        let sequence = self.around().notice(notice);
        let sequence = if sequence == outside::BELL && !bell { String::new() } else { sequence };
        if desktop::has_bus() && !self.outside.remote {
            desktop::notify(notice, move || write_now(&sequence));
        } else {
            write_now(&sequence);
        }
    }

    /// Names the window; an empty name is the one it had.
    pub fn title(&mut self, words: &str) {
        words.clone_into(&mut self.title);
        if words.is_empty() {
            write_now(&format!("{}{}", outside::TITLE_POP, outside::TITLE_PUSH));
        } else {
            write_now(&outside::title(words));
        }
    }

    /// Gives the terminal back, stops the process until the shell wakes it, takes the terminal again.
    ///
    /// # Errors
    /// When it cannot be taken again.
    pub fn suspend(&mut self) -> anyhow::Result<()> {
        self.leave();
        #[cfg(unix)]
        {
            let own = rustix::process::getpid();
            // If it cannot be stopped, going on at once is all there is to do.
            // TSTP is listened for here and would only come back.
            let _ = rustix::process::kill_process(own, rustix::process::Signal::STOP);
        }
        self.take()
    }

    /// Takes the terminal again after [`Screen::leave`].
    ///
    /// # Errors
    /// When it cannot be switched.
    pub fn take(&mut self) -> anyhow::Result<()> {
        enable_raw_mode().context("the terminal cannot be switched to single keys")?;
        // Woken after the shell had it, or only stopped by force: then the title is kept already.
        if !self.taken {
            write_now(outside::TITLE_PUSH);
        }
        write_now(ENTER);
        if !self.title.is_empty() {
            write_now(&outside::title(&self.title));
        }
        if CLUSTERS.load(Ordering::Relaxed) {
            write_now(CLUSTERS_ON);
        }
        self.taken = true;
        self.mouse = false;
        self.redraw()?;
        Ok(())
    }

    /// Gives the terminal back.
    pub fn leave(&mut self) {
        if std::mem::take(&mut self.taken) {
            restore();
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Writes to the terminal at once. A terminal that is gone is noticed by the next frame.
fn write_now(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Gives the terminal back, whatever state it is in.
pub fn restore() {
    if CLUSTERS.load(Ordering::Relaxed) {
        write_now(CLUSTERS_OFF);
    }
    write_now(LEAVE);
    let _ = disable_raw_mode();
    let mut err = io::stderr().lock();
    for line in crash::told() {
        let _ = writeln!(err, "{line}");
    }
}

/// Asks tmux whether it passes sequences on to the terminal. One that does not answer counts as no.
fn ask_tmux(passes: Arc<AtomicBool>) {
    let asked = std::thread::Builder::new().name("tmux".to_owned()).spawn(move || {
        let mut command = Command::new("tmux");
        command.args(["display-message", "-p", "#{allow-passthrough}"]);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        let answer = command.output().map(|output| output.stdout).unwrap_or_default();
        let answer = String::from_utf8_lossy(&answer);
        passes.store(matches!(answer.trim(), "1" | "2" | "on" | "all"), Ordering::Relaxed);
    });
    // Without a thread the answer is no.
    drop(asked);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_undoes_every_mode_that_entering_sets() {
        for sequence in [ENTER, MOUSE_ON, FRAME_START] {
            for mode in sequence.split('\x1b').filter_map(|part| part.strip_prefix("[?")?.strip_suffix('h')) {
                assert!(LEAVE.contains(&format!("[?{mode}l")), "mode {mode} stays on");
            }
        }
        assert!(LEAVE.contains(outside::TITLE_POP));
        assert!(LEAVE.ends_with("[?25h"));
    }
}
