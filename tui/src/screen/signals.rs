//! The signals that reach the screen: what ends it, what suspends it, what makes it read its settings again.

#[cfg(unix)]
use std::time::Duration;

/// How long the screen has to end in order once its terminal is gone: what its last calls and its node may take.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(13);

/// What a signal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The process is asked to end.
    Terminate,
    /// The terminal is gone.
    HungUp,
    /// The settings are to be read again.
    Reload,
    /// The shell wants its terminal back for a while.
    Suspend,
    /// The process goes on after it was stopped.
    Continue,
}

/// Listens for signals.
pub struct Ends {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 4],
}

#[cfg(unix)]
impl Ends {
    /// Begins to listen; from now on they do not end the process by themselves.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let suspend = SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
        let resume = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());
        let signals = [
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(suspend)?,
            signal(resume)?,
        ];
        Ok(Self { signals })
    }

    /// The next one.
    pub async fn next(&mut self) -> Sign {
        let [terminate, hangup, suspend, resume] = &mut self.signals;
        tokio::select! {
            _ = terminate.recv() => Sign::Terminate,
            _ = hangup.recv() => if has_terminal() { Sign::Reload } else { Sign::HungUp },
            _ = suspend.recv() => Sign::Suspend,
            _ = resume.recv() => Sign::Continue,
        }
    }
}

#[cfg(not(unix))]
impl Ends {
    /// Nothing to listen for.
    ///
    /// # Errors
    /// Never.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    /// Never comes.
    pub async fn next(&mut self) -> Sign {
        std::future::pending().await
    }
}

impl Ends {
    /// Waits until the process is to end.
    pub async fn wait(&mut self) {
        while !matches!(self.next().await, Sign::Terminate | Sign::HungUp) {}
    }
}

/// Ends the process by force some time after its terminal went away. crossterm reads a dead terminal in a circle that
/// never ends; if that happens on the screen's own thread, nothing there can end it any more.
#[cfg(unix)]
pub fn end_without_terminal() {
    let spawned = std::thread::Builder::new().name("hangup".to_owned()).spawn(|| {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let Ok(mut hangup) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
            else {
                return;
            };
            while hangup.recv().await.is_some() && has_terminal() {}
            tokio::time::sleep(GRACE).await;
            std::process::exit(i32::from(super::run::HUNG_UP));
        });
    });
    // Without the thread the usual way out is the only one.
    drop(spawned);
}

/// Nothing hangs up.
#[cfg(not(unix))]
pub fn end_without_terminal() {}

/// Whether the process still has a terminal: a shell's `kill -HUP` leaves it, a closed window takes it.
#[cfg(unix)]
fn has_terminal() -> bool {
    std::fs::OpenOptions::new().read(true).open("/dev/tty").is_ok()
}
