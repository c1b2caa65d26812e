//! The screen: a model, messages in, effects out. `update` decides, `view` draws, `bridge` is the only part that knows
//! the node, `run` and `terminal` the only ones that touch the terminal.

mod bridge;
pub mod crash;
pub mod demo;
pub mod keymap;
pub mod model;
pub mod msg;
pub mod notify;
pub mod outside;
mod pace;
pub mod placed;
pub mod plain;
mod probe;
mod run;
pub mod settings;
mod signals;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
mod write;

use bridge::{Bridge, Node};
use demo::Player;
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
    /// A played conversation instead of the profile's.
    pub demo: Option<demo::Demo>,
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
    let ScreenOptions { profile, passphrase_file, chat, demo } = options;
    let folder = profile.dir().to_owned();
    let (sender, inbox) = mpsc::channel(bridge::INBOX);
    let (kind, bridge, zone, run) = match demo {
        Some(demo) => (None, Bridge::Demo(Player::start(demo, sender.clone())), demo::clock::zone(), 0),
        None => {
            let kind = bridge::profile_kind(&profile, passphrase_file.is_some()).await;
            let node = Node::new(profile, passphrase_file, sender.clone());
            (Some(kind), Bridge::Node(Box::new(node)), jiff::tz::TimeZone::system(), another_run())
        }
    };
    crash::reports_in(&folder);
    // The demo is the same for everybody.
    let loaded = kind.is_some().then(|| settings::load::load(&folder));
    let mut screen = Screen::enter()?;
    let answer = screen.ask();
    let known = theme::Terminal::from_environment();
    let terminal = theme::Terminal { dark: !answer.light(), wide: answer.wide(), ..known };
    let theme = theme::Theme::of(&settings::Settings::default(), &terminal, None);
    let mut model = Model::new(theme, zone, screen.size(), run, chat);
    model.terminal = terminal;
    if let Some(loaded) = loaded
        && let Some(mistake) = update::settings::take(&mut model, loaded)
    {
        model.notice = Some(model::Notice::Said(mistake));
    }
    match kind {
        Some(Ok(kind)) => sender.send(Msg::Profile(kind)).await?,
        Some(Err(trouble)) => model.place = Place::Broken(trouble),
        // The demo says it.
        None => {}
    }
    drop(sender);
    let result = run::run(&mut model, &mut screen, bridge, inbox).await;
    screen.leave();
    result
}

/// A number that no other run has.
fn another_run() -> u64 {
    let now = jiff::Timestamp::now().as_nanosecond().unsigned_abs();
    u64::try_from(now & u128::from(u64::MAX)).unwrap_or(0) ^ (u64::from(std::process::id()) << 40)
}
