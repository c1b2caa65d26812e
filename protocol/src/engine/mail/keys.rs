//! Keys that mail to us is sealed to: one for each reader of our card and day (docs/spec/08-mail.md, "Seal keys").

use super::super::Engine;
use crate::identity::SealKey;

/// All of them.
#[derive(Default)]
pub(in super::super) struct Keys {}

impl Engine {
    /// The key of today for whoever finds us by `rv`, made if there is none; `None` while we have no mailbox.
    pub(in super::super) fn seal_key_for(&mut self, rv: &[u8; 32]) -> Option<SealKey> {
        let _ = rv;
        None
    }
}
