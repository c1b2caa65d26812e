//! A mailbox's link as text: `starling:` with kind 3 (docs/spec/08-mail.md, "Link").

use super::Grant;
use crate::identity::ed25519_is_usable;
use crate::ids::MailboxId;
use crate::invite::{LinkError, LinkKind, hints, link};
use crate::wire;

/// The version of links this crate writes.
const VERSION: u8 = 1;

/// Leave to have a box at a mailbox, and where that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxLink {
    /// Which.
    pub mailbox: MailboxId,
    /// The leave.
    pub grant: Grant,
    /// Where to start, at most [`crate::limits::INVITE_HINTS`].
    pub hints: Vec<String>,
}

impl MailboxLink {
    /// The link, in lower case. Whoever has it may use it.
    pub fn to_link(&self) -> String {
        let mut body = self.mailbox.0.to_vec();
        let grant = wire::encode(&self.grant).unwrap_or_default();
        body.push(u8::try_from(grant.len()).unwrap_or(0));
        body.extend_from_slice(&grant);
        body.extend_from_slice(&hints::encode(&self.hints));
        link::write(3, VERSION, &body)
    }

    /// Reads a link, in any case and with any white space.
    ///
    /// # Errors
    /// [`LinkError`], fit for showing to the user.
    pub fn from_link(text: &str) -> Result<Self, LinkError> {
        let (kind, version, body) = link::parse(text)?;
        if kind != LinkKind::Mailbox {
            return Err(LinkError::OtherKind { found: kind, wanted: LinkKind::Mailbox });
        }
        if version != VERSION {
            return Err(LinkError::Version { found: version });
        }
        let (id, rest) = body.split_first_chunk::<32>().ok_or(LinkError::Content)?;
        let (length, rest) = rest.split_first().ok_or(LinkError::Content)?;
        let (grant, rest) = rest.split_at_checked(usize::from(*length)).ok_or(LinkError::Content)?;
        if !ed25519_is_usable(id) {
            return Err(LinkError::Content);
        }
        let grant = wire::decode(grant).map_err(|_| LinkError::Content)?;
        let hints = hints::decode(rest).ok_or(LinkError::Content)?;
        Ok(Self { mailbox: MailboxId(*id), grant, hints })
    }
}
