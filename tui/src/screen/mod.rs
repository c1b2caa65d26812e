//! The screen: a model, messages in, effects out. `update` decides, `view` draws, `bridge` is the only part that knows
//! the node, `run` and `terminal` the only ones that touch the terminal.

mod bridge;
pub mod keymap;
pub mod model;
pub mod msg;
mod run;
pub mod settings;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;

use bridge::Bridge;
use model::{Model, Place};
use msg::Msg;
use starling_node::profile::Profile;
use std::path::PathBuf;
use std::process::ExitCode;
use terminal::Screen;
use tokio::sync::mpsc;

/// How the screen is opened.
pub struct ScreenOptions {
    /// The profile.
    pub profile: Profile,
    /// A file with the passphrase of a locked profile; it is asked for without one.
    pub passphrase_file: Option<PathBuf>,
    /// The chat to open: `@name`, `me`, or an id.
    pub chat: Option<String>,
}

/// Opens the screen and runs it until it is left. Attaches to the running node of the profile, or runs one itself;
/// without a profile it begins with the guided first run.
///
/// # Errors
/// When the terminal cannot be used, or goes away.
pub fn run(options: ScreenOptions) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(open(options));
    // A blocking call may still run (making keys); nothing waits for it.
    runtime.shutdown_background();
    code
}

async fn open(options: ScreenOptions) -> anyhow::Result<ExitCode> {
    let ScreenOptions { profile, passphrase_file, chat } = options;
    let kind = bridge::profile_kind(&profile, passphrase_file.is_some()).await;
    let (sender, inbox) = mpsc::channel(bridge::INBOX);
    let bridge = Bridge::new(profile, passphrase_file, sender.clone());
    let mut screen = Screen::enter()?;
    let zone = jiff::tz::TimeZone::system();
    let run = jiff::Timestamp::now().as_nanosecond().unsigned_abs();
    let run = u64::try_from(run & u128::from(u64::MAX)).unwrap_or(0) ^ (u64::from(std::process::id()) << 40);
    let mut model = Model::new(theme::Theme::from_environment(), zone, screen.size(), run, chat);
    match kind {
        Ok(kind) => sender.send(Msg::Profile(kind)).await?,
        Err(trouble) => model.place = Place::Broken(trouble),
    }
    drop(sender);
    let result = run::run(&mut model, &mut screen, bridge, inbox).await;
    screen.leave();
    result
}
