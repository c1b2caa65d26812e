//! Taking the terminal over and giving it back: on every way out (end, error, signal, panic, suspend) it is left as it
//! was found. Nothing else writes to it.

use anyhow::Context;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Stdout, Write};
use std::sync::{Mutex, PoisonError};

/// Alternate screen, bracketed paste, focus reports, a clean screen.
const ENTER: &str = "\x1b[?1049h\x1b[?2004h\x1b[?1004h\x1b[2J\x1b[H";
/// Everything entering and the mouse did, undone; the cursor is shown, colours are reset, a synchronized update
/// that was cut short is ended.
pub const LEAVE: &str = "\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h";
/// Button and wheel reports. No movement reports: they would wake the process for nothing.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";
/// A frame is shown at once, not while it is written, where the terminal can.
const FRAME_START: &str = "\x1b[?2026h";
const FRAME_END: &str = "\x1b[?2026l";
/// Bytes put on the clipboard at most. Some terminals drop longer sequences, others choke on them.
const CLIPBOARD_BYTES: usize = 48 * 1024;

/// What threads other than the screen's had to say when they broke; printed once the terminal is back.
static OTHERS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The terminal while the screen has it. Gives it back when dropped.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
    taken: bool,
}

impl Screen {
    /// Takes the terminal over and makes sure a panic gives it back.
    ///
    /// # Errors
    /// When it cannot be switched or measured.
    pub fn enter() -> anyhow::Result<Self> {
        install_panic_hook();
        enable_raw_mode().context("the terminal cannot be switched to single keys")?;
        write_now(ENTER);
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()));
        match terminal {
            Ok(terminal) => Ok(Self { terminal, mouse: false, taken: true }),
            Err(error) => {
                restore();
                Err(error).context("the terminal's size cannot be read")
            }
        }
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
        write_now(FRAME_START);
        let drawn = self.terminal.draw(|frame| {
            if let Some(caret) = super::view::draw(model, frame.buffer_mut()) {
                frame.set_cursor_position(caret);
            }
        });
        write_now(FRAME_END);
        drawn.map(|_| ())
    }

    /// Makes the next frame a whole one.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Puts text on the clipboard, by the terminal (OSC 52). False if it is too long for that.
    pub fn copy(&mut self, text: &str) -> bool {
        let clean = super::text::clean::block(text);
        if clean.len() > CLIPBOARD_BYTES {
            return false;
        }
        write_now(&format!("\x1b]52;c;{}\x07", base64(clean.as_bytes())));
        true
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
            let _ = rustix::process::kill_process(own, rustix::process::Signal::TSTP);
        }
        enable_raw_mode().context("the terminal cannot be switched to single keys")?;
        write_now(ENTER);
        self.taken = true;
        self.mouse = false;
        self.terminal.clear()?;
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
    write_now(LEAVE);
    let _ = disable_raw_mode();
    let others = std::mem::take(&mut *OTHERS.lock().unwrap_or_else(PoisonError::into_inner));
    let mut err = io::stderr().lock();
    for line in others {
        let _ = writeln!(err, "{line}");
    }
}

/// A panic of the screen's own thread gives the terminal back before it is reported; one of another thread is kept
/// until then, so that it does not tear the screen.
fn install_panic_hook() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    let own = std::thread::current().id();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == own {
                restore();
                before(info);
            } else if let Ok(mut others) = OTHERS.lock()
                && others.len() < 16
            {
                others.push(info.to_string());
            }
        }));
    });
}

/// Base64 with padding, for OSC 52.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |six: u32| LETTERS.get((six & 63) as usize).map_or('=', |letter| char::from(*letter));
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let part = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = part(0) << 16 | part(1) << 8 | part(2);
        out.push(letter(word >> 18));
        out.push(letter(word >> 12));
        out.push(if chunk.len() > 1 { letter(word >> 6) } else { '=' });
        out.push(if chunk.len() > 2 { letter(word) } else { '=' });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipboard_gets_standard_base64() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
    }

    #[test]
    fn leaving_undoes_every_mode_that_entering_sets() {
        for sequence in [ENTER, MOUSE_ON, FRAME_START] {
            for mode in sequence.split('\x1b').filter_map(|part| part.strip_prefix("[?")?.strip_suffix('h')) {
                assert!(LEAVE.contains(&format!("[?{mode}l")), "mode {mode} stays on");
            }
        }
        assert!(LEAVE.ends_with("[?25h"));
    }
}
