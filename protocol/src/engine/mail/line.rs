//! One stream to each mailbox we use or write to (docs/spec/08-mail.md, "Stream").

use super::super::Engine;
use super::super::net::{ConnId, LinkId};
use super::{Ask, Place};
use crate::mail::Request;

/// All streams to mailboxes.
#[derive(Default)]
pub(in super::super) struct Lines {}

impl Engine {
    /// Asks a mailbox, on the stream that stands or on one that is made for it. Every ask comes back once: answered
    /// (`mail_answered`) or failed (`mail_failed`). False: too much is asked of it already, and nothing comes back.
    pub(in super::super) fn ask_mailbox(&mut self, place: &Place, ask: Ask, request: Request) -> bool {
        let _ = (place, ask, request);
        false
    }

    /// A stream to a mailbox that we opened is ready.
    pub(in super::super) fn mail_link_opened(&mut self, link: LinkId, conn: ConnId) {
        let _ = (link, conn);
    }

    /// A message on a stream to a mailbox. `None` closes it.
    pub(in super::super) fn mail_link_data(&mut self, link: LinkId, message: &[u8]) -> Option<()> {
        let _ = (link, message);
        None
    }

    /// A stream to a mailbox ended.
    pub(in super::super) fn mail_link_closed(&mut self, link: LinkId) {
        let _ = link;
    }
}
