//! The seeded simulator: real engines in a test world, a list of seeded actions and faults, a healing, and the laws
//! every run is judged by. One seed is one run: the same actions, the same trace.
//!
//! It must not use time, threads or chance of its own.

mod actions;
pub mod finding;
pub mod heavy;
mod laws;
pub mod mail;
mod many;
pub mod rooms;

use starling_protocol::testing::World;

pub use actions::Scenario;
pub use many::run_all;

/// What one run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// Machines in it.
    pub machines: usize,
    /// Turns all engines took.
    pub turns: u64,
    /// Texts accepted by an engine and on its disk.
    pub accepted: usize,
    /// Of those, shown at the recipient.
    pub shown: usize,
    /// Of those, not shown, though the sender was not told of a failure.
    pub lost: usize,
    /// Shown more than once.
    pub doubled: usize,
    /// Gaps that were shown on the way.
    pub gaps: usize,
    /// Places in ratchet sessions that were used.
    pub places: usize,
    /// Simulated time in milliseconds.
    pub simulated_ms: u64,
    /// Envelopes that mailboxes were given, repeats too.
    pub mailed: u64,
    /// Milliseconds from the healing until nothing waited any more.
    pub drained_ms: u64,
    /// The running hash of everything the engines did, without key bytes.
    pub trace: [u8; 32],
    /// Laws that were broken, in words. Empty is a pass.
    pub faults: Vec<String>,
}

/// Runs one seed with everything the simulator can do.
pub fn run(seed: u64) -> Outcome {
    run_as(&Scenario::default(), seed)
}

/// Runs one seed of a scenario: befriend, act, heal, drain, judge.
pub fn run_as(scenario: &Scenario, seed: u64) -> Outcome {
    let mut run = actions::Run::new(scenario, seed);
    for _ in 0..scenario.steps {
        run.step();
    }
    run.heal();
    let healed_ms = run.world.now_ms;
    let drained = drain(&mut run.world);
    let drained_ms = run.world.now_ms.saturating_sub(healed_ms);
    let mut outcome = laws::judge(&run.world);
    if !drained {
        outcome.faults.push("something still waits three hours after the healing".to_owned());
    }
    outcome.faults.extend(laws::canaries(&mut run.world));
    Outcome {
        seed,
        drained_ms,
        turns: run.world.turns,
        trace: run.world.trace,
        simulated_ms: run.world.now_ms,
        ..outcome
    }
}

/// Lets the world run until nothing waits. At most three hours: a new session may have to wait one.
fn drain(world: &mut World) -> bool {
    for _ in 0..(3 * 60 * 12) {
        world.run(5_000);
        if laws::all_quiet(world) {
            // What waits behind a hole is shown after ten seconds.
            world.run(15_000);
            return true;
        }
    }
    false
}
