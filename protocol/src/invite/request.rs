//! The request: what a joiner sends the one who invited (docs/spec/02-identity.md, "Request"). It carries everything
//! needed to answer, and proves that this very account holds the invite.

use super::Invite;
use crate::error::SignatureError;
use crate::identity::{Card, CardError, DeviceKeys, Manifest};
use crate::ids::{AccountId, InviteId};
use crate::kdf;
use crate::limits::{NAME_CHARS, NOTE_CHARS};
use crate::wire::{self, Ext, Signed, WireError, ext_understood};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// Why a request is refused. Always the peer's fault, unless it comes from [`Request::sign`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not a request.
    #[error("the request cannot be read: {0}")]
    Wire(#[from] WireError),
    /// The card inside is refused.
    #[error(transparent)]
    Card(#[from] CardError),
    /// For another invite or another inviter.
    #[error("the request is for another invite")]
    Invite,
    /// From the inviter's own account.
    #[error("the request comes from the account that invited")]
    Own,
    /// Not signed by the device of its card.
    #[error("the request is not signed by its device: {0}")]
    Signature(#[from] SignatureError),
    /// The account does not hold the invite.
    #[error("the request does not prove that its account was invited")]
    Proof,
    /// The name or the note is too long.
    #[error("the request is over a limit")]
    Limit,
    /// It needs a newer Starling.
    #[error("the request has parts this version does not understand")]
    Ext,
}

/// "May I?"
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Which invite is used.
    pub invite: InviteId,
    /// Who is asked.
    pub inviter: AccountId,
    /// The joiner's card, with its manifest inside.
    pub card: Signed,
    /// The joiner's name as they write it, at most 64 characters. Not cleaned yet.
    pub name: String,
    /// A note, at most 200 characters. Not cleaned yet.
    pub note: String,
    /// The rendezvous secret the inviter shall find the joiner with.
    pub rv_out: [u8; 32],
    /// [`Invite::proof`] of the joiner's account.
    pub proof: [u8; 32],
    /// Room for growth.
    pub ext: Ext,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("invite", &self.invite)
            .field("inviter", &self.inviter)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// The domain of the device's signature.
    pub const DOMAIN: &'static str = "request";

    /// Signs this request with the device of its card.
    ///
    /// # Errors
    /// [`RequestError`] over a limit.
    pub fn sign(&self, keys: &DeviceKeys) -> Result<Signed, RequestError> {
        self.check()?;
        Ok(keys.sign(Self::DOMAIN, &wire::encode(self)?))
    }

    /// Reads a request made with `invite` and everything it carries.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn open(signed: &Signed, invite: &Invite) -> Result<(Self, Card, Manifest), RequestError> {
        let request: Self = wire::decode(&signed.body)?;
        request.check()?;
        if request.invite != invite.id() || request.inviter != invite.root {
            return Err(RequestError::Invite);
        }
        let (card, manifest) = Card::open(&request.card)?;
        if manifest.account == invite.root {
            return Err(RequestError::Own);
        }
        let entry = manifest.device(&card.device).ok_or(CardError::Device)?;
        kdf::verify(&entry.sig, Self::DOMAIN, &signed.body, &signed.sig)?;
        if !bool::from(invite.proof(&manifest.account).ct_eq(&request.proof)) {
            return Err(RequestError::Proof);
        }
        Ok((request, card, manifest))
    }

    fn check(&self) -> Result<(), RequestError> {
        if !ext_understood(&self.ext) {
            return Err(RequestError::Ext);
        }
        if self.name.chars().count() > NAME_CHARS || self.note.chars().count() > NOTE_CHARS {
            return Err(RequestError::Limit);
        }
        Ok(())
    }
}
