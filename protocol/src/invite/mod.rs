//! Invites: the link that lets somebody ask, and the request they send with it (docs/spec/02-identity.md).
//!
//! An invite is a secret. It must not appear in a log, an error or a `Debug` output.

pub(crate) mod hints;
pub(crate) mod link;
mod request;
#[cfg(test)]
mod tests;

pub use link::{LinkError, LinkKind, link_kind};
pub use request::{Request, RequestError};

use crate::identity::{Card, CardError, Manifest};
use crate::ids::{AccountId, InviteId};
use crate::kdf;
use crate::wire::Signed;
use zeroize::Zeroizing;

/// What a person gives away so that another can ask them: whom to ask, a secret, and where to start.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// The inviter's account.
    pub root: AccountId,
    /// What the holder proves knowledge of.
    pub secret: [u8; 32],
    /// Multiaddr texts without `/p2p`, at most [`crate::limits::INVITE_HINTS`]; the best first.
    pub hints: Vec<String>,
}

/// Why the card met behind an invite is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InviterError {
    /// The card itself is refused.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The card is of another account than the invite.
    #[error("somebody else answered than the one who invited")]
    Account,
    /// The other end of the stream is not the card's device.
    #[error("the stream was not opened by the device of the card")]
    Device,
}

impl Invite {
    /// The invite's name, which gives nothing of its secret away.
    pub fn id(&self) -> InviteId {
        InviteId(kdf::derive_short("invite id", &[&self.secret]))
    }

    /// What the joiner writes first on an invite stream, so that the inviter finds the invite: it says nothing to
    /// anybody else and holds for this pair of peers only.
    pub fn tag(&self, joiner_peer: &[u8], inviter_peer: &[u8]) -> [u8; 16] {
        kdf::derive_short("invite tag", &[&self.secret, joiner_peer, inviter_peer])
    }

    /// What shows that the account `joiner` itself holds this invite.
    pub fn proof(&self, joiner: &AccountId) -> [u8; 32] {
        kdf::derive("invite proof", &[&self.secret, self.root.as_bytes(), joiner.as_bytes()])
    }

    /// The pre-shared key of the invite stream.
    pub fn stream_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(kdf::derive("invite stream", &[&self.secret]))
    }

    /// Reads the card the inviter sent on the invite stream: it must be of the account that invited, and of the
    /// device whose static key the stream has just proven.
    ///
    /// # Errors
    /// [`InviterError`]; the stream must be closed then.
    pub fn open_card(
        &self,
        card: &Signed,
        remote_static: &[u8; 32],
    ) -> Result<(Card, Manifest), InviterError> {
        let (card, manifest) = Card::open(card)?;
        if manifest.account != self.root {
            return Err(InviterError::Account);
        }
        let device = manifest.device(&card.device).ok_or(InviterError::Device)?;
        if device.noise != *remote_static {
            return Err(InviterError::Device);
        }
        Ok((card, manifest))
    }
}

impl std::fmt::Debug for Invite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invite").field("id", &self.id()).field("root", &self.root).finish_non_exhaustive()
    }
}
