//! What the terminal says of itself, asked once before the first frame: the colour of its ground, how wide it draws the
//! marks, whether it takes clusters of characters as one (mode 2027). One that does not answer in time is taken as the
//! usual one; what it says later is kept from the editor.

use crossterm::event::{Event, KeyCode, KeyModifiers};
use std::time::Duration;

/// How long the answers may take. Lower takes far terminals for silent ones; higher is felt at every start with one
/// that is silent.
const ANSWER: Duration = Duration::from_millis(100);
/// Bytes of answers; all of them together have about sixty.
const ANSWER_BYTES: usize = 1_024;
/// Keys a late answer may look like at most.
const LATE_KEYS: usize = 64;
/// Marks that are two columns wide where ambiguous characters are.
const MARKS: &str = "●◐○│─…•·";
/// How many there are.
const MARKS_COUNT: u16 = 8;

/// What was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answer {
    /// Red, green and blue of the ground.
    pub ground: Option<(u8, u8, u8)>,
    /// The column behind the marks, from 1.
    pub column: Option<u16>,
    /// Whether the terminal knows mode 2027 and has it off.
    pub clusters_off: bool,
    /// Whether the last question was answered, so that nothing comes later.
    pub whole: bool,
}

impl Answer {
    /// Whether the ground is light.
    pub fn light(&self) -> bool {
        // How bright the three look, in thousandths.
        let bright =
            |(red, green, blue)| 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
        self.ground.is_some_and(|ground| bright(ground) > 127_500)
    }

    /// Whether the marks are two columns wide.
    pub fn wide(&self) -> bool {
        self.column.is_some_and(|column| column > MARKS_COUNT + 1)
    }
}

/// The questions. The ground comes first and the kind of terminal last: every terminal answers that.
pub fn questions() -> String {
    format!("\x1b[H\x1b]11;?\x1b\\{MARKS}\x1b[6n\x1b[?2027$p\x1b[c")
}

/// Reads answers; what is none is left out.
pub fn read(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let mut answer = Answer::default();
    for part in text.split('\x1b') {
        if let Some(rest) = part.strip_prefix("]11;") {
            answer.ground = ground(rest.trim_end_matches('\x07'));
        } else if let Some(rest) = part.strip_prefix("[?").and_then(|rest| rest.strip_suffix("$y")) {
            answer.clusters_off = rest == "2027;2";
        } else if part.starts_with("[?") && part.ends_with('c') {
            answer.whole = true;
        } else if let Some(rest) = part.strip_prefix('[').and_then(|rest| rest.strip_suffix('R')) {
            answer.column = rest.split_once(';').and_then(|(_, column)| column.parse().ok());
        }
    }
    answer
}

/// `rgb:1e1e/2020/2626`, with one to four digits each, as X has it.
fn ground(text: &str) -> Option<(u8, u8, u8)> {
    let (_, values) = text.split_once(':').filter(|(kind, _)| ["rgb", "rgba"].contains(kind))?;
    let mut parts = values.split('/').map(|part| {
        let digits = u32::try_from(part.len()).ok().filter(|digits| (1..=4).contains(digits))?;
        let value = u32::from_str_radix(part, 16).ok()?;
        u8::try_from(value * 255 / (16_u32.pow(digits) - 1)).ok()
    });
    Some((parts.next()??, parts.next()??, parts.next()??))
}

/// Reads what the terminal answers, at most as long as answers may take.
#[cfg(unix)]
pub fn listen() -> Answer {
    use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
    let stdin = std::io::stdin();
    let Ok(before) = tcgetattr(&stdin) else { return Answer::default() };
    let mut patient = before.clone();
    // A read waits a tenth of a second for a byte, and no longer.
    patient.special_codes[SpecialCodeIndex::VMIN] = 0;
    patient.special_codes[SpecialCodeIndex::VTIME] = 1;
    if tcsetattr(&stdin, OptionalActions::Now, &patient).is_err() {
        return Answer::default();
    }
    let end = std::time::Instant::now() + ANSWER;
    let (mut bytes, mut part) = (Vec::new(), [0_u8; 256]);
    let mut answer = Answer::default();
    while !answer.whole && bytes.len() < ANSWER_BYTES && std::time::Instant::now() < end {
        match rustix::io::read(&stdin, &mut part) {
            Ok(count) if count > 0 => bytes.extend(part.iter().take(count)),
            _ => break,
        }
        answer = read(&bytes);
    }
    // It worked a moment ago; raw mode is set anew when the screen is left.
    let _ = tcsetattr(&stdin, OptionalActions::Now, &before);
    answer
}

/// Elsewhere nothing is asked.
#[cfg(not(unix))]
pub fn listen() -> Answer {
    Answer { whole: true, ..Answer::default() }
}

/// Keeps an answer that comes late from the editor: it looks like Alt-] and letters.
#[derive(Debug, Default)]
pub struct Late {
    /// An answer may still come.
    awaited: bool,
    /// Keys of it that were kept away; none = it has not begun.
    inside: Option<usize>,
}

impl Late {
    /// After what was answered in time.
    pub fn after(answer: &Answer) -> Self {
        Self { awaited: !answer.whole && answer.ground.is_none(), inside: None }
    }

    /// Whether an event is a part of the answer.
    pub fn swallows(&mut self, event: &Event) -> bool {
        let (true, Event::Key(key)) = (self.awaited, event) else { return false };
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match self.inside {
            None if alt && key.code == KeyCode::Char(']') => self.inside = Some(0),
            None => return false,
            Some(count) => {
                let last = alt && key.code == KeyCode::Char('\\') || ctrl && key.code == KeyCode::Char('g');
                self.awaited = !last && count < LATE_KEYS;
                self.inside = Some(count + 1);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::text::columns;
    use crossterm::event::KeyEvent;

    #[test]
    fn answers_are_read_and_everything_else_is_not() {
        let answer = read(b"\x1b]11;rgb:fafa/f0f0/e6e6\x1b\\\x1b[1;9R\x1b[?2027;2$y\x1b[?62;22c");
        let whole =
            Answer { ground: Some((250, 240, 230)), column: Some(9), clusters_off: true, whole: true };
        assert_eq!(answer, whole);
        assert!(answer.light() && !answer.wide());
        let answer = read(b"x\x1b]11;rgb:1/2/3\x07\x1b[1;17R\x1b[?2027;0$y");
        assert_eq!((answer.ground, answer.whole, answer.clusters_off), (Some((17, 34, 51)), false, false));
        assert!(answer.wide() && !answer.light());
        for odd in [
            "\x1b]11;rgb:\x1b\\",
            "\x1b]11;rgb:fffff/0/0\x07",
            "\x1b]11;?\x1b\\",
            "\x1b[R",
            "\x1b[;R",
            "\u{1b}[1;999999R",
            "ä\x1b[?",
        ] {
            assert_eq!(read(odd.as_bytes()), Answer::default(), "{odd:?}");
        }
    }

    #[test]
    fn the_marks_are_as_many_as_they_are_said_to_be() {
        assert_eq!(columns(MARKS), usize::from(MARKS_COUNT));
    }

    fn keys(late: &mut Late, text: &str, alt: bool) -> usize {
        let modifiers = if alt { KeyModifiers::ALT } else { KeyModifiers::NONE };
        let event = |c| Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers));
        text.chars().filter(|c| late.swallows(&event(*c))).count()
    }

    #[test]
    fn a_late_answer_does_not_reach_the_editor_and_typing_does() {
        let mut late = Late::after(&Answer::default());
        assert_eq!(keys(&mut late, "hello", false), 0);
        assert_eq!(keys(&mut late, "]", true), 1);
        assert_eq!(keys(&mut late, "11;rgb:0000/0000/0000", false), 21);
        assert_eq!(keys(&mut late, "\\", true), 1);
        assert_eq!(keys(&mut late, "]", true) + keys(&mut late, "hello", false), 0);
        // Somebody who only pressed Alt-] gets the keyboard back.
        let mut late = Late::after(&Answer::default());
        assert_eq!(keys(&mut late, "]", true), 1);
        assert!(keys(&mut late, &"x".repeat(200), false) < 70);
        assert_eq!(keys(&mut Late::after(&Answer { whole: true, ..Answer::default() }), "]", true), 0);
    }
}
