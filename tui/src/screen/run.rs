//! The loop: one message in, effects out, at most one frame every 16 ms, and sleep when there is nothing to do. It
//! decides nothing.

use super::bridge::Bridge;
use super::model::Model;
use super::msg::{Effect, Msg};
use super::terminal::Screen;
use super::update::{Moment, update};
use crossterm::event::EventStream;
use futures::StreamExt;
use jiff::Timestamp;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Milliseconds between two frames. Less only heats terminals; more is felt while typing.
const FRAME_MS: u64 = 16;
/// Messages from the node handled before a frame is drawn, so that a flood of them cannot freeze the screen.
const BATCH: usize = 256;
/// Time the last calls (drafts) have to reach the node when leaving.
const LAST_CALLS: Duration = Duration::from_secs(2);

/// Runs the screen until it is left.
pub async fn run(
    model: &mut Model,
    screen: &mut Screen,
    mut bridge: Bridge,
    inbox: mpsc::Receiver<Msg>,
) -> anyhow::Result<ExitCode> {
    let mut runner =
        Loop { model, screen, bridge: &mut bridge, started: Instant::now(), drawn: None, quit: None };
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
    quit: Option<u8>,
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
            let deadline = self.draw_or_deadline()?;
            let msg = tokio::select! {
                event = terminal.next() => match event {
                    Some(Ok(event)) => Msg::Term(event),
                    // The terminal is gone.
                    Some(Err(_)) | None => Msg::Terminate,
                },
                Some(msg) = inbox.recv() => msg,
                () = ends.wait() => Msg::Terminate,
                () = sleep_until(self.started, deadline) => Msg::Tick,
            };
            self.handle(msg)?;
            for _ in 0..BATCH {
                let Ok(msg) = inbox.try_recv() else { break };
                self.handle(msg)?;
            }
        }
    }

    /// Draws if something changed and a frame is due; says when the loop must wake.
    fn draw_or_deadline(&mut self) -> anyhow::Result<Option<u64>> {
        let now = self.now_ms();
        let mut deadline = self.model.next_wake();
        if self.model.dirty {
            let due = self.drawn.map_or(now, |drawn| drawn + FRAME_MS);
            if due <= now {
                self.screen.draw(self.model)?;
                self.model.dirty = false;
                self.drawn = Some(now);
            } else {
                deadline = Some(deadline.map_or(due, |known| known.min(due)));
            }
        }
        Ok(deadline)
    }

    fn handle(&mut self, msg: Msg) -> anyhow::Result<()> {
        let now = Moment { ms: self.now_ms(), wall: Timestamp::now() };
        for effect in update(self.model, msg, now) {
            match effect {
                Effect::Quit { code } => self.quit = Some(code),
                Effect::Redraw => self.screen.redraw()?,
                Effect::Suspend => {
                    self.screen.suspend()?;
                    self.model.size = self.screen.size();
                    self.model.dirty = true;
                }
                Effect::Copy { text } => {
                    if !self.screen.copy(&text) {
                        let words = "That is too long for the clipboard of a terminal.".to_owned();
                        self.model.notice = Some(super::model::Notice::Said(words));
                    }
                }
                other => self.bridge.perform(other),
            }
        }
        Ok(())
    }
}

async fn sleep_until(started: Instant, deadline: Option<u64>) {
    match deadline {
        Some(ms) => tokio::time::sleep_until((started + Duration::from_millis(ms)).into()).await,
        None => std::future::pending().await,
    }
}

/// The signals that end the process.
struct Ends {
    #[cfg(unix)]
    term: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl Ends {
    #[cfg(unix)]
    fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { term: signal(SignalKind::terminate())?, hangup: signal(SignalKind::hangup())? })
    }

    #[cfg(not(unix))]
    fn new() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        std::future::pending().await
    }
}
