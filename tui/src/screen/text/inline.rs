//! What stands inside a line: bold, italic, struck, code, links. The marks go, everything else stays; what is not
//! closed stays as it was typed. Linear in the length of the line but for a small factor: an end that was not found
//! once is not looked for again.

use super::link;
use super::markup::{Face, Span};
use std::ops::Range;

/// How deep marks stand inside each other. More is no emphasis but a puzzle.
const DEPTH: usize = 4;

/// Marks that stand on both sides: what they look like and what they mean; long ones first.
const PAIRS: [(&str, Face); 5] =
    [("**", Face::BOLD), ("__", Face::BOLD), ("~~", Face::STRIKE), ("*", Face::ITALIC), ("_", Face::ITALIC)];

/// The pieces of a cleaned line, `face` under all of them.
pub fn spans(line: &str, face: Face) -> Vec<Span> {
    let mut reader = Reader { line, links: link::places(line), out: Vec::new() };
    reader.read(0..line.len(), face, 0);
    reader.out
}

struct Reader<'a> {
    line: &'a str,
    links: Vec<Range<usize>>,
    out: Vec<Span>,
}

/// Ends that are not there in the rest of a piece.
#[derive(Default)]
struct Missing {
    pairs: [bool; PAIRS.len()],
    ticks: Vec<usize>,
    bracket: bool,
}

/// Something recognised: what is shown, how, and where it ends.
struct Found {
    inside: Range<usize>,
    face: Face,
    to: Option<Range<usize>>,
    end: usize,
}

impl Reader<'_> {
    fn text(&self, place: Range<usize>) -> &str {
        self.line.get(place).unwrap_or("")
    }

    fn put(&mut self, place: Range<usize>, face: Face) {
        let text = self.text(place).to_owned();
        self.add(text, face);
    }

    fn add(&mut self, text: String, face: Face) {
        match self.out.last_mut() {
            Some(last) if last.face == face => last.text.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.out.push(Span { text, face }),
        }
    }

    fn read(&mut self, part: Range<usize>, face: Face, depth: usize) {
        let mut missing = Missing::default();
        let mut plain = part.start;
        let mut at = part.start;
        while at < part.end {
            let rest = part.start.max(at)..part.end;
            let Some(found) = self.find(rest, part.start, depth, &mut missing) else {
                at += self.text(at..part.end).chars().next().map_or(1, char::len_utf8);
                // A run of the same mark is looked at once, from its start.
                while self.is_mark(at) && self.same_as_before(at) {
                    at += 1;
                }
                continue;
            };
            self.put(plain..at, face);
            let inner = face.with(found.face);
            if found.face == Face::CODE || found.face == Face::LINK {
                self.put(found.inside.clone(), inner);
            } else {
                self.read(found.inside.clone(), inner, depth + 1);
            }
            if let Some(to) = found.to {
                self.add(" (".to_owned(), face);
                self.put(to, face.with(Face::LINK));
                self.add(")".to_owned(), face);
            }
            at = found.end;
            plain = at;
        }
        self.put(plain..part.end, face);
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.line.as_bytes().get(at).copied()
    }

    fn is_mark(&self, at: usize) -> bool {
        matches!(self.byte(at), Some(b'*' | b'_' | b'~' | b'`'))
    }

    fn same_as_before(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| self.byte(before) == self.byte(at))
    }

    /// What begins at the start of `rest`, in a piece that begins at `start`.
    fn find(&self, rest: Range<usize>, start: usize, depth: usize, missing: &mut Missing) -> Option<Found> {
        match self.byte(rest.start)? {
            b'`' => self.code(rest, missing),
            b'[' => self.named_link(rest, missing),
            b'*' | b'_' | b'~' if depth < DEPTH => self.pair(rest, start, missing),
            _ => {
                let index = self.links.binary_search_by_key(&rest.start, |link| link.start).ok()?;
                let place = self.links.get(index).filter(|place| place.end <= rest.end)?.clone();
                Some(Found { end: place.end, inside: place, face: Face::LINK, to: None })
            }
        }
    }

    fn code(&self, rest: Range<usize>, missing: &mut Missing) -> Option<Found> {
        let ticks = self.text(rest.clone()).bytes().take_while(|byte| *byte == b'`').count();
        if missing.ticks.contains(&ticks) {
            return None;
        }
        let inside = rest.start + ticks;
        let mut at = inside;
        while let Some(next) = self.text(at..rest.end).find('`') {
            let run = self.text(at + next..rest.end).bytes().take_while(|byte| *byte == b'`').count();
            if run == ticks {
                let (end, face) = (at + next + run, Face::CODE);
                return Some(Found { inside: inside..at + next, face, to: None, end });
            }
            at += next + run;
        }
        missing.ticks.push(ticks);
        None
    }

    /// `[words](address)`: both are shown, so that the words cannot say something else than the address.
    fn named_link(&self, rest: Range<usize>, missing: &mut Missing) -> Option<Found> {
        if missing.bracket {
            return None;
        }
        let inside = rest.start + 1;
        let Some(length) = self.text(inside..rest.end).find([']', '[']) else {
            missing.bracket = true;
            return None;
        };
        let close = inside + length;
        let address = close + 2;
        if length == 0 || self.text(close..address.min(rest.end)) != "](" {
            return None;
        }
        let end = address + self.text(address..rest.end).find([')', ' ', '['])?;
        let to = self.text(address..end);
        if self.byte(end) != Some(b')') || !link::openable(to) {
            return None;
        }
        let same = self.text(inside..close) == to;
        let to = (!same).then_some(address..end);
        Some(Found { inside: inside..close, face: Face::LINK, to, end: end + 1 })
    }

    fn pair(&self, rest: Range<usize>, start: usize, missing: &mut Missing) -> Option<Found> {
        let text = self.text(rest.clone());
        let (nth, (mark, face)) = PAIRS.iter().enumerate().find(|(_, (mark, _))| text.starts_with(mark))?;
        let before = self.text(start..rest.start).chars().next_back();
        let inside = rest.start + mark.len();
        let after = self.text(inside..rest.end).chars().next()?;
        let inner = matches!(*mark, "**" | "~~");
        let touches = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || mark.starts_with(c));
        if after.is_whitespace() || mark.starts_with(after) || touches(before) && !inner {
            return None;
        }
        if missing.pairs.get(nth).copied().unwrap_or(true) {
            return None;
        }
        let mut at = inside;
        while let Some(next) = self.text(at..rest.end).find(mark) {
            let close = at + next;
            let end = close + mark.len();
            let last = self.text(inside..close).chars().next_back();
            let follows = self.text(end..rest.end).chars().next();
            let solid = last.is_some_and(|c| !c.is_whitespace() && !mark.starts_with(c));
            let closes =
                solid && !follows.is_some_and(|c| mark.starts_with(c)) && (inner || !touches(follows));
            if closes && !self.in_link(close) {
                return Some(Found { inside: inside..close, face: *face, to: None, end });
            }
            at = end;
        }
        if let Some(gone) = missing.pairs.get_mut(nth) {
            *gone = true;
        }
        None
    }

    fn in_link(&self, at: usize) -> bool {
        let after = self.links.partition_point(|link| link.start <= at);
        after.checked_sub(1).and_then(|before| self.links.get(before)).is_some_and(|link| at < link.end)
    }
}
