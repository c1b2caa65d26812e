//! The desktop beside the terminal: its notices and its clipboard, only with the feature `desktop`. Calls may hang on a
//! desktop that does not answer, so they run on threads of their own and nobody waits for them.

use super::plain;
use crate::screen::notify::Notice;

/// Whether this build and this session have a desktop to talk to.
pub fn is_there() -> bool {
    cfg!(feature = "desktop")
        && ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some())
}

/// Whether there is a session bus to tell notices to.
pub fn has_bus() -> bool {
    cfg!(feature = "desktop")
        && (cfg!(target_os = "macos") || std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some())
}

/// A text for a notice whose body may be read as markup.
pub fn escaped(text: &str) -> String {
    plain(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Shows a notice; `failed` is called on another thread if that did not work.
#[cfg(feature = "desktop")]
pub fn notify(notice: &Notice, failed: impl FnOnce() + Send + 'static) {
    let (title, body) = (plain(&notice.title), escaped(&notice.body));
    let shown = std::thread::Builder::new().name("notice".to_owned()).spawn(move || {
        let shown = notify_rust::Notification::new()
            .appname("Starling")
            .summary(&title)
            .body(&body)
            .hint(notify_rust::Hint::Category("im.received".to_owned()))
            .show();
        if shown.is_err() {
            failed();
        }
    });
    // Without a thread there is no notice; the list says what is new.
    drop(shown);
}

/// Shows a notice; never without the feature.
#[cfg(not(feature = "desktop"))]
pub fn notify(_: &Notice, failed: impl FnOnce() + Send + 'static) {
    failed();
}

/// The desktop's clipboard, held as long as the screen runs: on X11 and Wayland what was copied is gone with who holds
/// it.
#[derive(Default)]
pub struct Copier {
    #[cfg(feature = "desktop")]
    queue: Option<std::sync::mpsc::SyncSender<String>>,
}

/// Texts waiting for the clipboard. A person copies one after another; a desktop that hangs is left alone.
#[cfg(feature = "desktop")]
const QUEUE: usize = 4;

impl Copier {
    /// Puts text on the desktop's clipboard; false if there is none.
    #[cfg(feature = "desktop")]
    pub fn copy(&mut self, text: &str) -> bool {
        let queue = self.queue.get_or_insert_with(|| {
            let (sender, texts) = std::sync::mpsc::sync_channel::<String>(QUEUE);
            let spawned = std::thread::Builder::new().name("clipboard".to_owned()).spawn(move || {
                let Ok(mut clipboard) = arboard::Clipboard::new() else { return };
                for text in texts {
                    // A clipboard that refuses is noticed by the next paste.
                    let _ = clipboard.set_text(text);
                }
            });
            drop(spawned);
            sender
        });
        queue.try_send(crate::screen::text::clean::block(text)).is_ok()
    }

    /// Never without the feature.
    #[cfg(not(feature = "desktop"))]
    pub fn copy(&mut self, _: &str) -> bool {
        false
    }
}
