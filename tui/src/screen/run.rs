//! The loop: one message in, effects out, at most one frame every 16 ms, and sleep when there is nothing to do. It
//! decides nothing.

use super::bridge::Bridge;
use super::model::Model;
use super::msg::{Effect, Msg, OutsideNews, OutsideWish, PlaceNews, PlaceWish};
use super::pace::Pace;
use super::signals::{Ends, Sign, end_without_terminal};
use super::terminal::Screen;
use super::update::{Moment, update};
use super::view;
use super::write;
use crossterm::event::{Event, EventStream, MouseButton, MouseEventKind};
use futures::StreamExt;
use std::io;
use std::process::ExitCode;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Milliseconds between two frames. Less only heats terminals; more is felt while reading what comes.
const FRAME_MS: u64 = 16;
/// Milliseconds between two frames when a key asks for one: what is typed is shown at once, and a paste that comes as
/// keys is still not a frame a letter.
const KEY_FRAME_MS: u64 = 3;
/// How long messages of the node are handled before keys are looked for again and a frame may be drawn. Longer is felt
/// while typing during a flood.
const SLICE: Duration = Duration::from_millis(2);
/// Messages handled between two looks at the clock and the keys.
const STEP: usize = 8;
/// Exit code when the terminal was taken away, as a shell reports SIGHUP.
pub(super) const HUNG_UP: u8 = 129;
/// Time the last calls (drafts) have to reach the node when leaving.
const LAST_CALLS: Duration = Duration::from_secs(2);

/// Runs the screen until it is left.
pub async fn run(
    model: &mut Model,
    screen: &mut Screen,
    mut bridge: Bridge,
    inbox: mpsc::Receiver<Msg>,
) -> anyhow::Result<ExitCode> {
    end_without_terminal();
    let mut runner = Loop {
        model,
        screen,
        bridge: &mut bridge,
        started: Instant::now(),
        drawn: None,
        typed: false,
        pace: Pace::default(),
        quit: None,
        write: None,
    };
    let result = runner.turn(inbox).await;
    // The shell is back at once; the node may take a moment to end.
    screen.leave();
    bridge.finish(LAST_CALLS).await;
    result
}

struct Loop<'a> {
    model: &'a mut Model,
    screen: &'a mut Screen,
    bridge: &'a mut Bridge,
    started: Instant,
    drawn: Option<u64>,
    /// Whether what is to be drawn is the answer to a key.
    typed: bool,
    pace: Pace,
    quit: Option<u8>,
    /// A text the person's own editor is to have.
    write: Option<String>,
}

impl Loop<'_> {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn turn(&mut self, mut inbox: mpsc::Receiver<Msg>) -> anyhow::Result<ExitCode> {
        let mut terminal = EventStream::new();
        let mut ends = Ends::new()?;
        loop {
            if let Some(code) = self.quit {
                return Ok(ExitCode::from(code));
            }
            if let Some(text) = self.write.take() {
                // Its reader would take the editor's keys.
                drop(terminal);
                self.write(text).await?;
                terminal = EventStream::new();
            }
            let deadline = self.draw_or_deadline()?;
            if deadline.is_some_and(|at| at <= self.now_ms()) {
                self.handle(Msg::Tick)?;
                tokio::task::yield_now().await;
            }
            tokio::select! {
                biased;
                event = terminal.next() => self.on_terminal(event)?,
                sign = ends.next() => self.on_sign(sign)?,
                Some(msg) = inbox.recv() => self.handle(msg)?,
                () = sleep_until(self.started, deadline) => self.handle(Msg::Tick)?,
            }
            self.slice(&mut terminal, &mut inbox).await?;
        }
    }

    /// Handles what else has come, keys first, for a short time. Keys are asked for with this task's own waker: crossterm
    /// remembers only one, and a borrowed one would never wake this loop again.
    async fn slice(
        &mut self,
        terminal: &mut EventStream,
        inbox: &mut mpsc::Receiver<Msg>,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + SLICE;
        while self.quit.is_none() && self.write.is_none() {
            while let Poll::Ready(event) = futures::poll!(terminal.next()) {
                self.on_terminal(event)?;
                if self.quit.is_some() || self.write.is_some() || Instant::now() >= end {
                    return Ok(());
                }
            }
            for _ in 0..STEP {
                let Ok(msg) = inbox.try_recv() else { return Ok(()) };
                self.handle(msg)?;
            }
            if Instant::now() >= end {
                return Ok(());
            }
        }
        Ok(())
    }

    fn on_terminal(&mut self, event: Option<io::Result<Event>>) -> anyhow::Result<()> {
        match event {
            Some(Ok(event)) if self.screen.swallows(&event) => Ok(()),
            Some(Ok(event)) => {
                // A window being drawn larger sends sizes faster than anybody reads.
                self.typed |= !matches!(event, Event::Resize(..));
                self.handle(self.meant(event))
            }
            Some(Err(_)) | None => self.lost(),
        }
    }

    /// A press on an entry of a list is told as such: only the view knows where they are.
    fn meant(&self, event: Event) -> Msg {
        let Event::Mouse(mouse) = event else { return Msg::Term(event) };
        let pressed = matches!(mouse.kind, MouseEventKind::Down(MouseButton::Left));
        let entry = if pressed { view::entry_at(self.model, mouse.column, mouse.row) } else { None };
        entry.map_or(Msg::Term(event), |entry| Msg::Pressed { mouse, entry })
    }

    fn on_sign(&mut self, sign: Sign) -> anyhow::Result<()> {
        match sign {
            Sign::Terminate => self.handle(Msg::Terminate),
            Sign::HungUp => self.lost(),
            Sign::Suspend => self.perform(Effect::Suspend),
            // A terminal that went away makes the system wake the process as well.
            Sign::Continue if self.screen.take().is_err() => self.lost(),
            Sign::Continue => {
                self.resized();
                Ok(())
            }
            Sign::Reload => self.handle(Msg::Reload),
        }
    }

    /// The terminal is gone: the draft is kept, nothing is drawn any more.
    fn lost(&mut self) -> anyhow::Result<()> {
        self.handle(Msg::Terminate)?;
        self.quit = Some(HUNG_UP);
        Ok(())
    }

    fn resized(&mut self) {
        self.model.size = self.screen.size();
        self.model.dirty = true;
    }

    /// Draws if something changed and a frame is due; says when the loop must wake.
    fn draw_or_deadline(&mut self) -> anyhow::Result<Option<u64>> {
        let now = self.now_ms();
        for effect in self.pace.due(now) {
            self.bridge.perform(effect);
        }
        let mut deadline = self.model.next_wake();
        let mut at = |time: u64| deadline = Some(deadline.map_or(time, |known| known.min(time)));
        if let Some(time) = self.pace.next_ms() {
            at(time);
        }
        if self.model.dirty {
            let between = if self.typed { KEY_FRAME_MS } else { FRAME_MS };
            let due = self.drawn.map_or(now, |drawn| drawn + between);
            if due <= now {
                (self.model.dirty, self.typed, self.drawn) = (false, false, Some(now));
                if self.screen.draw(self.model).is_err() {
                    self.lost()?;
                }
            } else {
                at(due);
            }
        }
        Ok(deadline)
    }

    fn handle(&mut self, msg: Msg) -> anyhow::Result<()> {
        // A page of a chat is what a key asked for.
        self.typed |= matches!(msg, Msg::Log { .. });
        let now = Moment { ms: self.now_ms(), wall: self.bridge.now() };
        for effect in update(self.model, msg, now) {
            self.perform(effect)?;
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> anyhow::Result<()> {
        match effect {
            Effect::Quit { code } => self.quit = Some(code),
            Effect::Redraw => self.screen.redraw()?,
            Effect::Suspend => {
                self.screen.suspend()?;
                self.resized();
            }
            Effect::Copy { text } => {
                let copied = self.screen.copy(&text, self.model.settings.clipboard);
                self.handle(Msg::Outside(OutsideNews::Copied(copied)))?;
            }
            Effect::Outside(OutsideWish::Notify(notice)) => {
                self.screen.notify(&notice, self.model.settings.bell);
            }
            Effect::Outside(OutsideWish::Title(words)) => self.screen.title(&words),
            Effect::Place(PlaceWish::Write { text }) => self.write = Some(text),
            other => {
                let now = self.now_ms();
                if let Some(effect) = self.pace.pass(other, now) {
                    self.bridge.perform(effect);
                }
            }
        }
        Ok(())
    }

    /// Gives the terminal to the person's own editor and takes it back when that ends. What the node says waits.
    async fn write(&mut self, text: String) -> anyhow::Result<()> {
        // Ctrl-C in an editor is for the editor; once heard here, it no longer ends this process.
        #[cfg(unix)]
        let _heard = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
        let editor = write::editor(&self.model.settings.editor);
        let folder = self.bridge.folder();
        self.screen.leave();
        let written = tokio::task::spawn_blocking(move || write::write(&folder, &editor, &text)).await;
        self.screen.take()?;
        self.model.size = self.screen.size();
        self.model.dirty = true;
        match written {
            Ok(result) => self.handle(Msg::Place(PlaceNews::Written(result))),
            Err(error) => Err(error.into()),
        }
    }
}

pub(super) async fn sleep_until(started: Instant, deadline: Option<u64>) {
    match deadline {
        Some(ms) => tokio::time::sleep_until((started + Duration::from_millis(ms)).into()).await,
        None => std::future::pending().await,
    }
}
