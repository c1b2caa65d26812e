//! `starling --demo`: a played conversation in place of a node. Nothing is read from the disk, nothing is sent, nobody
//! is there; the screen is the real one. It is for looking at, for recordings, and for tests.

mod answers;
mod cast;
pub mod clock;
mod story;
mod turns;
mod wishes;
mod world;

use super::msg::{Effect, Msg};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
pub use world::{Demo, World};

/// Effects on their way to the played node. It is never busy; full can only mean that it is over.
const EFFECTS: usize = 256;

/// A played node, as `run` holds it.
pub struct Player {
    effects: mpsc::Sender<Effect>,
    task: JoinHandle<()>,
    started: Instant,
}

impl Player {
    /// Begins to play; what happens goes into `inbox`.
    pub fn start(demo: Demo, inbox: mpsc::Sender<Msg>) -> Self {
        let (effects, queue) = mpsc::channel(EFFECTS);
        let started = Instant::now();
        let task = tokio::spawn(play(World::new(demo), started, queue, inbox));
        Self { effects, task, started }
    }

    /// Takes an effect in.
    pub fn perform(&self, effect: Effect) {
        // Full or closed: there is nothing to lose here.
        let _ = self.effects.try_send(effect);
    }

    /// The played time of day.
    pub fn now(&self) -> jiff::Timestamp {
        clock::at(passed(self.started))
    }

    /// Ends it.
    pub fn finish(self) {
        self.task.abort();
    }
}

fn passed(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

async fn play(
    mut world: World,
    started: Instant,
    mut effects: mpsc::Receiver<Effect>,
    inbox: mpsc::Sender<Msg>,
) {
    loop {
        for msg in world.due(passed(started)) {
            if inbox.send(msg).await.is_err() {
                return;
            }
        }
        let next = world.next_ms();
        tokio::select! {
            effect = effects.recv() => match effect {
                Some(effect) => world.perform(effect, passed(started)),
                None => return,
            },
            () = until(started, next) => {}
        }
    }
}

async fn until(started: Instant, ms: Option<u64>) {
    match ms {
        Some(ms) => tokio::time::sleep_until((started + Duration::from_millis(ms)).into()).await,
        None => std::future::pending().await,
    }
}
