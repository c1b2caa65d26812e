//! Links as text (docs/spec/00-conventions.md, "Links"): `starling:` and base32 of kind, version, body and a
//! checksum. Reading says what a text is before anything is done with it, and never echoes it: it may be a secret.

use super::{Invite, hints};
use crate::identity::ed25519_is_usable;
use crate::ids::{AccountId, base32};
use crate::kdf;

/// What every link begins with.
const SCHEME: &str = "starling:";
/// Characters of the longest text looked at. The longest link has about 1,400.
const LINK_CHARS: usize = 4_096;
/// The version of links this crate writes.
const VERSION: u8 = 1;
/// Bytes of the checksum.
const CHECKSUM: usize = 4;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Asking a person to become contacts.
    Invite,
    /// Joining a room.
    Room,
    /// Using a mailbox.
    Mailbox,
    /// Something of a newer version, by number.
    Unknown(u8),
}

impl LinkKind {
    fn of(number: u8) -> Self {
        match number {
            1 => Self::Invite,
            2 => Self::Room,
            3 => Self::Mailbox,
            other => Self::Unknown(other),
        }
    }
}

impl std::fmt::Display for LinkKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Invite => f.write_str("an invite"),
            Self::Room => f.write_str("a room link"),
            Self::Mailbox => f.write_str("a mailbox link"),
            Self::Unknown(number) => write!(f, "a link of a kind this version does not know ({number})"),
        }
    }
}

/// Why a text is not the link asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It does not begin with `starling:`.
    #[error("this is not a Starling link: one begins with \"starling:\"")]
    NotALink,
    /// Longer than any link.
    #[error("this is too long for a Starling link")]
    TooLong,
    /// Characters are missing or wrong.
    #[error("the link is damaged or incomplete: copy all of it")]
    Damaged,
    /// A good link, for something else.
    #[error("this is {found}, not {wanted}")]
    OtherKind {
        /// What it is.
        found: LinkKind,
        /// What was asked for.
        wanted: LinkKind,
    },
    /// Written by a newer Starling.
    #[error("the link was made by a newer Starling (version {found} of links): update this one")]
    Version {
        /// The version it says.
        found: u8,
    },
    /// Whole, but what is in it makes no sense.
    #[error("what the link holds is not valid")]
    Content,
}

/// A link of a kind and version around a body.
pub(crate) fn write(kind: u8, version: u8, body: &[u8]) -> String {
    let mut bytes = vec![kind, version];
    bytes.extend_from_slice(body);
    let checksum = kdf::hash(&bytes);
    bytes.extend(checksum.iter().take(CHECKSUM));
    format!("{SCHEME}{}", base32().encode(&bytes))
}

/// The kind, version and body of a link whose checksum holds.
pub(crate) fn parse(text: &str) -> Result<(LinkKind, u8, Vec<u8>), LinkError> {
    if text.len() > LINK_CHARS {
        return Err(LinkError::TooLong);
    }
    // Terminals and mail programs break long lines, so white space inside is not the reader's fault.
    let text: String =
        text.chars().filter(|c| !c.is_ascii_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    let code = text.strip_prefix(SCHEME).ok_or(LinkError::NotALink)?;
    let bytes = base32().decode(code.as_bytes()).map_err(|_| LinkError::Damaged)?;
    let (content, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(LinkError::Damaged)?;
    if !kdf::hash(content).starts_with(checksum) {
        return Err(LinkError::Damaged);
    }
    let ([kind, version], body) = content.split_first_chunk::<2>().ok_or(LinkError::Damaged)?;
    Ok((LinkKind::of(*kind), *version, body.to_vec()))
}

/// What a text is a link to, so that a front end can name the action before it runs.
///
/// # Errors
/// [`LinkError`] when it is no whole link.
pub fn link_kind(text: &str) -> Result<LinkKind, LinkError> {
    parse(text).map(|(kind, _, _)| kind)
}

impl Invite {
    /// The invite as a link, in lower case; a QR code may hold it in upper case. At most
    /// [`crate::limits::INVITE_HINTS`] hints go in; one that is not printable ASCII of up to 255 bytes is left out.
    pub fn to_link(&self) -> String {
        let mut body = self.root.as_bytes().to_vec();
        body.extend_from_slice(&self.secret);
        body.extend_from_slice(&hints::encode(&self.hints));
        write(1, VERSION, &body)
    }

    /// Reads a link, in any case and with any white space.
    ///
    /// # Errors
    /// [`LinkError`], fit for showing to the user.
    pub fn from_link(text: &str) -> Result<Self, LinkError> {
        let (kind, version, body) = parse(text)?;
        if kind != LinkKind::Invite {
            return Err(LinkError::OtherKind { found: kind, wanted: LinkKind::Invite });
        }
        if version != VERSION {
            return Err(LinkError::Version { found: version });
        }
        let (root, rest) = body.split_first_chunk::<32>().ok_or(LinkError::Content)?;
        let (secret, rest) = rest.split_first_chunk::<32>().ok_or(LinkError::Content)?;
        if !ed25519_is_usable(root) {
            return Err(LinkError::Content);
        }
        let hints = hints::decode(rest).ok_or(LinkError::Content)?;
        Ok(Self { root: AccountId(*root), secret: *secret, hints })
    }
}
