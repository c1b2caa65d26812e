//! The demo without a terminal and without a clock: model, view and played node as the program has them, driven by a
//! script, with every frame's bytes and their time. The same script gives the same bytes.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use starling_tui::screen::demo::{Demo, World, clock};
use starling_tui::screen::model::Model;
use starling_tui::screen::msg::{Copied, Effect, Msg, OutsideNews};
use starling_tui::screen::placed::Placed;
use starling_tui::screen::theme::{Theme, UNICODE};
use starling_tui::screen::update::{Moment, update};
use starling_tui::screen::view;
use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

/// Milliseconds between two frames, as in the program.
const FRAME_MS: u64 = 16;
/// Milliseconds of play after which a script that waits for something has failed.
const PATIENCE_MS: u64 = 60_000;

/// A step of a script.
#[derive(Debug, Clone, Copy)]
pub enum Do {
    /// Look for some milliseconds.
    Look(u64),
    /// Type a text, as a person does.
    Type(&'static str),
    /// Press a key.
    Press(KeyCode),
    /// Press a key with Ctrl.
    Ctrl(char),
    /// Wait until this is on the screen.
    Until(&'static str),
    /// A place of the recording where the screen is compared.
    Mark(&'static str),
}

/// Milliseconds before the `nth` key of a text.
pub fn pause_ms(nth: usize, letter: char) -> u64 {
    let uneven = [70, 110, 90, 60, 130, 80, 100];
    uneven[nth % uneven.len()] + if letter == ' ' { 60 } else { 0 }
}

/// What a key sends to a program in a terminal.
pub fn bytes_of(step: Do) -> String {
    match step {
        Do::Press(KeyCode::Enter) => "\r".into(),
        Do::Press(KeyCode::Esc) => "\x1b".into(),
        Do::Press(KeyCode::Tab) => "\t".into(),
        Do::Press(KeyCode::Up) => "\x1b[A".into(),
        Do::Press(KeyCode::Down) => "\x1b[B".into(),
        Do::Press(KeyCode::F(5)) => "\x1b[15~".into(),
        Do::Press(KeyCode::Char(letter)) => letter.into(),
        Do::Ctrl(letter) => char::from(letter as u8 - b'a' + 1).into(),
        other => panic!("{other:?} is no key of the scripts"),
    }
}

/// A frame and what else is written, with its time in milliseconds.
pub enum Taken {
    Frame(u64, String),
    Mark(u64, &'static str),
}

#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The demo on a stage.
pub struct Stage {
    model: Model,
    world: World,
    ms: u64,
    drawn: Option<u64>,
    terminal: Terminal<Placed<CrosstermBackend<Sink>>>,
    sink: Sink,
    pub taken: Vec<Taken>,
    pub parser: vt100::Parser,
}

impl Stage {
    pub fn new(demo: Demo, size: (u16, u16)) -> Self {
        crossterm::style::force_color_output(true);
        let sink = Sink::default();
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, size.0, size.1)) };
        let terminal = Terminal::with_options(Placed(CrosstermBackend::new(sink.clone())), options).unwrap();
        let model = Model::new(Theme::new(UNICODE, true), clock::zone(), size, 0, None);
        let parser = vt100::Parser::new(super::kit::cells(size.1), super::kit::cells(size.0), 0);
        Self { model, world: World::new(demo), ms: 0, drawn: None, terminal, sink, taken: Vec::new(), parser }
    }

    pub fn play(&mut self, script: &[Do]) {
        for step in script {
            self.step(*step);
        }
    }

    pub fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    fn step(&mut self, step: Do) {
        match step {
            Do::Look(ms) => self.pass(ms),
            Do::Type(text) => {
                for (nth, letter) in text.chars().enumerate() {
                    self.pass(pause_ms(nth, letter));
                    self.key(KeyCode::Char(letter), KeyModifiers::NONE);
                }
            }
            Do::Press(code) => {
                self.pass(400);
                self.key(code, KeyModifiers::NONE);
            }
            Do::Ctrl(letter) => {
                self.pass(400);
                self.key(KeyCode::Char(letter), KeyModifiers::CONTROL);
            }
            Do::Until(text) => {
                let end = self.ms + PATIENCE_MS;
                while !self.screen().contains(text) {
                    assert!(self.ms < end, "waited for {text:?}; the screen is:\n{}", self.screen());
                    self.pass(50);
                }
            }
            Do::Mark(name) => self.taken.push(Taken::Mark(self.ms, name)),
        }
    }

    fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.msg(Msg::Term(Event::Key(KeyEvent::new(code, modifiers))));
        self.draw();
    }

    /// Lets time pass, as the program's loop would.
    fn pass(&mut self, ms: u64) {
        let end = self.ms + ms;
        loop {
            self.draw();
            let frame = self.model.dirty.then(|| self.drawn.map_or(0, |drawn| drawn + FRAME_MS));
            let wake = self.model.next_wake().map(|at| at.max(self.ms + 1));
            let next = [frame, wake, self.world.next_ms()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.ms = next.max(self.ms);
            for msg in self.world.due(self.ms) {
                self.msg(msg);
            }
            if wake == Some(next) {
                self.msg(Msg::Tick);
            }
        }
        self.ms = end;
    }

    fn msg(&mut self, msg: Msg) {
        let now = Moment { ms: self.ms, wall: clock::at(self.ms) };
        for effect in update(&mut self.model, msg, now) {
            match effect {
                Effect::Copy { .. } => self.msg(Msg::Outside(OutsideNews::Copied(Copied::ByTerminal))),
                Effect::Suspend | Effect::Redraw | Effect::Quit { .. } => {}
                effect => self.world.perform(effect, self.ms),
            }
        }
    }

    /// Draws if something changed and a frame is due.
    fn draw(&mut self) {
        let due = self.drawn.is_none_or(|drawn| drawn + FRAME_MS <= self.ms);
        if !self.model.dirty || !due {
            return;
        }
        self.terminal
            .draw(|frame| {
                if let Some(caret) = view::draw(&self.model, frame.buffer_mut()) {
                    frame.set_cursor_position(caret);
                }
            })
            .unwrap();
        self.model.dirty = false;
        self.drawn = Some(self.ms);
        let bytes = std::mem::take(&mut *self.sink.0.borrow_mut());
        self.parser.process(&bytes);
        self.taken.push(Taken::Frame(self.ms, String::from_utf8(bytes).unwrap()));
    }
}
