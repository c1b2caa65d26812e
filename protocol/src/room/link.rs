//! A room's link as text: `starling:` with kind 2 (docs/spec/09-rooms.md, "Room links"). It is an ordinary invite of
//! one admin that says for which room it is; who comes by it is asked in by that admin.

use crate::ids::{AccountId, RoomId};
use crate::invite::{Invite, LinkError, LinkKind, hints, link};
use crate::{identity, text};

/// The version of links this crate writes.
const VERSION: u8 = 1;
const KIND: u8 = 2;

/// Leave to ask for a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomLink {
    /// Whom to ask, and with what.
    pub invite: Invite,
    /// For which room.
    pub room: RoomId,
    /// What the room is called, cleaned: shown before one asks.
    pub name: String,
}

impl RoomLink {
    /// The link, in lower case. Whoever has it may ask. A name that is not clean is cleaned.
    pub fn to_link(&self) -> String {
        let mut body = self.invite.root.as_bytes().to_vec();
        body.extend_from_slice(&self.invite.secret);
        body.extend_from_slice(self.room.as_bytes());
        let name = text::clean_name(&self.name);
        // A clean name has a few hundred bytes at most.
        body.extend_from_slice(&u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(&hints::encode(&self.invite.hints));
        link::write(KIND, VERSION, &body)
    }

    /// Reads a link, in any case and with any white space.
    ///
    /// # Errors
    /// [`LinkError`], fit for showing to the user.
    pub fn from_link(text: &str) -> Result<Self, LinkError> {
        let (kind, version, body) = link::parse(text)?;
        if kind != LinkKind::Room {
            return Err(LinkError::OtherKind { found: kind, wanted: LinkKind::Room });
        }
        if version != VERSION {
            return Err(LinkError::Version { found: version });
        }
        Self::read(&body).ok_or(LinkError::Content)
    }

    fn read(body: &[u8]) -> Option<Self> {
        let (root, rest) = body.split_first_chunk::<32>()?;
        let (secret, rest) = rest.split_first_chunk::<32>()?;
        let (room, rest) = rest.split_first_chunk::<32>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (name, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        let name = std::str::from_utf8(name).ok()?;
        if !identity::ed25519_is_usable(root) || text::clean_name(name) != name {
            return None;
        }
        let invite = Invite { root: AccountId(*root), secret: *secret, hints: hints::decode(rest)? };
        Some(Self { invite, room: RoomId(*room), name: name.to_owned() })
    }
}
