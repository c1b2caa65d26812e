//! When the program breaks: the terminal is given back, a report is written, and a person is told in words. The report
//! has where it broke and what was logged of late, and nothing anybody wrote. Must work without the rest of the program.

use super::terminal::restore;
use starling_node::logs::{Level, Logs};
use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Lines of the log in a report.
const LOG_LINES: usize = 50;
/// Breaks told of in one run; a thread that breaks again and again says nothing new.
const TOLD: usize = 16;

/// Where reports go, and what threads other than the screen's had to say when they broke, for when the terminal is
/// back.
static STATE: Mutex<State> = Mutex::new(State { folder: None, told: Vec::new() });

struct State {
    folder: Option<PathBuf>,
    told: Vec<String>,
}

fn state() -> std::sync::MutexGuard<'static, State> {
    // Whole after every statement.
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says where reports go. Without a folder that exists there is none, only the words.
pub fn reports_in(folder: &Path) {
    state().folder = Some(folder.to_owned());
}

/// What threads had to say while the terminal was taken.
pub fn told() -> Vec<String> {
    std::mem::take(&mut state().told)
}

/// A panic of the screen's own thread gives the terminal back before it is reported; one of another thread is kept
/// until then, so that it does not tear the screen.
pub fn install() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    let own = std::thread::current().id();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == own {
                restore();
                let words = report(info);
                // There is nowhere to say that this failed.
                let _ = writeln!(io::stderr().lock(), "{words}");
            } else if state().told.len() < TOLD {
                let words = report(info);
                state().told.push(words);
            }
        }));
    });
}

/// Writes the report; gives back what is said.
fn report(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current().name().unwrap_or("without a name").to_owned();
    let reason = reason(info);
    let now = jiff::Timestamp::now();
    let mut text = format!(
        "Starling {} on {} {}, {now}\nbroke at {place}, in the thread \"{thread}\"{reason}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        Backtrace::force_capture(),
    );
    let lines = Logs::present().lines(0, Level::Trace);
    for line in lines.iter().rev().take(LOG_LINES).rev() {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{} {}: {}", line.level.word(), line.part, line.text);
    }
    let folder = state().folder.clone();
    let file = folder.and_then(|folder| {
        let path = folder.join(format!("crash-{}.txt", now.strftime("%Y%m%d-%H%M%S")));
        write(&path, &text).ok().map(|()| path)
    });
    let whereto = match file {
        Some(path) => format!("A report without message text is in {}.", path.display()),
        None => "No report could be written.".to_owned(),
    };
    format!(
        "Starling stopped because of a mistake in it, at {place}{reason}. What was sent and received before is stored. \
         {whereto} Start again with `starling`."
    )
}

/// Why, if the program itself says it: words put together while it ran may have somebody's text in them.
fn reason(info: &PanicHookInfo<'_>) -> String {
    info.payload().downcast_ref::<&'static str>().map(|words| format!(": {words}")).unwrap_or_default()
}

/// Writes a file that only its owner may read and that was not there before.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(text.as_bytes())
}
