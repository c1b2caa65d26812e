//! The loop of line mode: a message in, lines and effects out. It decides nothing.

use super::read::{Ask, Heard, Out, Terminal};
use super::{NOTHING_ASKED, Plain, Said};
use crate::screen::bridge::{self, Bridge};
use crate::screen::demo::{self, Player};
use crate::screen::model::{Model, Place};
use crate::screen::msg::{Effect, Msg, Typed};
use crate::screen::settings::Settings;
use crate::screen::text::clean;
use crate::screen::theme::{ASCII, Theme};
use crate::screen::update::{Moment, update};
use crate::screen::{ScreenOptions, another_run};
use starling_node::api::trouble::{FAILED, LOCKED};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Columns and rows the model thinks there are: no panes beside the chat, and everything that is loaded in sight.
const SIZE: (u16, u16) = (59, 60_000);
/// Messages handled before lines are written.
const BATCH: usize = 256;
/// Time the last calls have to reach the node when leaving.
const LAST_CALLS: Duration = Duration::from_secs(2);
/// Milliseconds between two looks whether what was asked of the node is answered.
const ANSWER_MS: u64 = 20;
/// Milliseconds an answer may take before a person may type the next line. Longer keeps them waiting.
const PERSON_MS: u64 = 400;
/// Milliseconds it may take before the next line of a pipe is read: its lines come one after another.
const PIPE_MS: u64 = 10_000;
/// Milliseconds in which a second Ctrl-C leaves.
const TWICE_MS: u64 = 2_000;
/// Messages of line mode's own that may follow from one look. More would be a mistake in it.
const STEPS: usize = 64;

/// Opens line mode and runs it until it is left. Attaches to the running node, or runs one itself.
///
/// # Errors
/// When its threads cannot be started.
pub fn open(options: ScreenOptions) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(begin(options));
    runtime.shutdown_background();
    code
}

async fn begin(options: ScreenOptions) -> anyhow::Result<ExitCode> {
    let ScreenOptions { profile, passphrase_file, chat, demo } = options;
    let settings = Settings::read(&profile.config());
    let (sender, inbox) = mpsc::channel(bridge::INBOX);
    let mut kind = None;
    let (bridge, zone, run) = match demo {
        Some(demo) => (Bridge::Demo(Player::start(demo, sender.clone())), demo::clock::zone(), 0),
        None => {
            kind = Some(bridge::profile_kind(&profile, passphrase_file.is_some()).await);
            let node = bridge::Node::new(profile, passphrase_file, sender.clone());
            (Bridge::Node(Box::new(node)), jiff::tz::TimeZone::system(), another_run())
        }
    };
    let mut model = Model::new(Theme::new(ASCII, false), zone, SIZE, run, chat.clone());
    let mut mistake = Vec::new();
    match settings {
        // What was told stays in the terminal, so that locking here would hide nothing.
        Ok(settings) => model.settings = Settings { lock_after_min: 0, ..settings },
        Err(fault) => mistake.push(format!("problem: {fault}. The standard settings are used.")),
    }
    match kind {
        Some(Ok(kind)) => sender.send(Msg::Profile(kind)).await?,
        Some(Err(trouble)) => model.place = Place::Broken(trouble),
        None => {}
    }
    drop(sender);
    let terminal = Terminal::start()?;
    terminal.write(Out::Lines(mistake.iter().map(|line| clean::line(line)).collect())).await;
    let mut runner = Loop {
        model,
        plain: Plain::new(chat),
        bridge,
        terminal,
        started: Instant::now(),
        asked: None,
        since_ms: 0,
        ended: false,
        interrupted: None,
        question: String::new(),
        quit: None,
    };
    let code = runner.turn(inbox).await?;
    if runner.asked.is_some() {
        runner.terminal.leave_line().await;
    }
    runner.bridge.finish(LAST_CALLS).await;
    runner.terminal.finish().await;
    Ok(ExitCode::from(code))
}

struct Loop {
    model: Model,
    plain: Plain,
    bridge: Bridge,
    terminal: Terminal,
    started: Instant,
    /// Whether a line is being read, and whether it is a secret.
    asked: Option<bool>,
    /// Since when the next line is waited for.
    since_ms: u64,
    /// Stdin has ended.
    ended: bool,
    interrupted: Option<u64>,
    /// The question a pipe was told last.
    question: String,
    quit: Option<u8>,
}

impl Loop {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn turn(&mut self, mut inbox: mpsc::Receiver<Msg>) -> anyhow::Result<u8> {
        let mut ends = crate::screen::signals::Ends::new()?;
        let said = self.plain.look(&self.model);
        self.said(said).await;
        loop {
            if let Some(code) = self.quit {
                return Ok(code);
            }
            let deadline = self.ask().await;
            if self.quit.is_some() {
                continue;
            }
            tokio::select! {
                biased;
                () = ends.wait() => self.handle(vec![Msg::Terminate]).await,
                Some(msg) = inbox.recv() => {
                    let mut msgs = vec![msg];
                    while let Ok(msg) = inbox.try_recv() && msgs.len() < BATCH {
                        msgs.push(msg);
                    }
                    self.handle(msgs).await;
                }
                heard = self.terminal.heard(), if self.asked.is_some() => self.heard(heard).await,
                result = tokio::signal::ctrl_c() => {
                    result?;
                    self.interrupt().await;
                }
                () = crate::screen::run::sleep_until(self.started, deadline) => self.handle(vec![Msg::Tick]).await,
            }
        }
    }

    /// Asks for the next line if it is time for it; says when the loop must wake.
    async fn ask(&mut self) -> Option<u64> {
        let mut deadline = [self.model.next_wake(), self.plain.wake(&self.model)].into_iter().flatten().min();
        if self.asked.is_some() {
            return deadline;
        }
        let now = self.now_ms();
        let patience = if self.terminal.person { PERSON_MS } else { PIPE_MS };
        let prompt = self.plain.prompt(&self.model);
        if !self.bridge.idle() && now < self.since_ms + patience {
            deadline = Some(deadline.map_or(now + ANSWER_MS, |at| at.min(now + ANSWER_MS)));
        } else if self.ended {
            self.leave_at_the_end().await;
        } else if let Some(prompt) = prompt {
            if !self.terminal.person && prompt.question && prompt.text != self.question {
                let question = prompt.text.trim_end_matches("> ").to_owned();
                self.terminal.write(Out::Lines(vec![question])).await;
            }
            self.question = if prompt.question { prompt.text.clone() } else { String::new() };
            self.plain.listen();
            self.asked = Some(prompt.secret);
            let names = self.plain.names(&self.model);
            self.terminal.ask(Ask { prompt: prompt.text, secret: prompt.secret, names }).await;
        }
        deadline
    }

    async fn heard(&mut self, heard: Heard) {
        let secret = self.asked.take().unwrap_or(false);
        self.since_ms = self.now_ms();
        self.terminal.write(Out::Typed(secret && self.terminal.person)).await;
        let said = match heard {
            Heard::Line(line) => self.plain.heard(&self.model, &line),
            Heard::TooLong => {
                let lines =
                    vec!["problem: That line is longer than a message can be. Nothing was sent.".to_owned()];
                Said { lines, ..Said::default() }
            }
            Heard::Interrupt => return self.interrupt().await,
            Heard::End => {
                self.ended = true;
                return;
            }
        };
        self.interrupted = None;
        self.said(said).await;
        self.look().await;
    }

    async fn interrupt(&mut self) {
        let now = self.now_ms();
        let twice = self.interrupted.is_some_and(|at| now < at + TWICE_MS);
        self.interrupted = Some(now);
        if twice && matches!(self.model.place, Place::Main) && !Plain::asks_to_leave(&self.model) {
            return self.handle(vec![Msg::Typed(Typed::Leave)]).await;
        }
        let said = self.plain.interrupted(twice);
        self.said(said).await;
    }

    /// Nothing more is typed, and what was typed is done.
    async fn leave_at_the_end(&mut self) {
        let lines = self.plain.goodbye(&self.model);
        self.terminal.write(Out::Lines(lines)).await;
        let code = match &self.model.place {
            Place::Main if self.model.log().is_some_and(|log| !log.pending.is_empty()) => FAILED,
            Place::Main => 0,
            Place::Unlock(_) => LOCKED,
            Place::Broken(trouble) => trouble.exit,
            Place::Starting | Place::Setup(_) => NOTHING_ASKED,
        };
        self.quit = Some(code);
    }

    async fn handle(&mut self, msgs: Vec<Msg>) {
        self.update(msgs);
        self.look().await;
    }

    async fn look(&mut self) {
        let said = self.plain.look(&self.model);
        self.said(said).await;
    }

    /// Writes what is said and does what follows from it.
    async fn said(&mut self, said: Said) {
        let mut said = said;
        for _ in 0..STEPS {
            if !self.terminal.write(Out::Lines(said.lines)).await {
                self.quit = Some(FAILED);
                return;
            }
            if let Some(code) = said.leave {
                self.quit = Some(code);
                return;
            }
            if said.msgs.is_empty() {
                return;
            }
            self.update(said.msgs);
            said = self.plain.look(&self.model);
        }
    }

    fn update(&mut self, msgs: Vec<Msg>) {
        for msg in msgs {
            let now = Moment { ms: self.now_ms(), wall: self.bridge.now() };
            for effect in update(&mut self.model, msg, now) {
                match effect {
                    Effect::Quit { code } => self.quit = Some(code),
                    // Without a screen there is nothing to draw, to stop or to copy to.
                    Effect::Redraw | Effect::Suspend | Effect::Copy { .. } => {}
                    other => self.bridge.perform(other),
                }
            }
        }
    }
}
