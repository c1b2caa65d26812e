//! The names of things: accounts, devices, messages, invites, mailboxes. Fixed-size byte strings with one text form each
//! (docs/spec/00-conventions.md, "Ids as text"): lower-case base32 without padding (RFC 4648), after a word that
//! says what it is. Parsing accepts exactly what printing gives, so one id never has two spellings.

use data_encoding::Specification;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// Lower-case base32 without padding, refusing non-zero trailing bits.
pub fn base32() -> &'static data_encoding::Encoding {
    static ENCODING: OnceLock<data_encoding::Encoding> = OnceLock::new();
    ENCODING.get_or_init(|| {
        let mut spec = Specification::new();
        spec.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
        match spec.encoding() {
            Ok(encoding) => encoding,
            // The alphabet above is a constant of 32 distinct symbols, which always makes an encoding.
            Err(_) => data_encoding::BASE32_NOPAD,
        }
    })
}

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}: {text:?}")]
pub struct IdError {
    /// What was looked for, with its article: "an account id".
    pub expected: &'static str,
    /// The first 80 characters of what was given.
    pub text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The bytes.
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// An id from a slice of exactly the right length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}{}", $prefix, base32().encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let text = base32().encode(&self.0);
                write!(f, "{}({})", stringify!($name), text.get(..8).unwrap_or(&text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix($prefix)
                    .and_then(|rest| base32().decode(rest.as_bytes()).ok())
                    .and_then(|bytes| Self::from_slice(&bytes))
                    .ok_or_else(|| IdError { expected: $what, text: text.chars().take(80).collect() })
            }
        }
    };
}

id!(
    /// A person: the account's Ed25519 root public key (32 bytes).
    AccountId, 32, "account:", "an account id"
);
id!(
    /// One device of an account: the first 16 bytes of KDF("device id"; its signing key).
    DeviceId, 16, "device:", "a device id"
);
id!(
    /// One message, chosen by its sender (16 random bytes, or derived from a client's own reference).
    MessageId, 16, "", "a message id"
);
id!(
    /// One invite: the first 16 bytes of KDF("invite id"; its secret).
    InviteId, 16, "invite:", "an invite id"
);
id!(
    /// One chat as both sides name it: the account of the other person, one's own account for the notes to
    /// oneself, or a room.
    ChatId, 32, "chat:", "a chat id"
);
id!(
    /// An Olm session, as vodozemac names it (SHA-256 over its three public keys).
    SessionId, 32, "", "a session id"
);

id!(
    /// A mailbox: its Ed25519 public key (32 bytes), which says nothing of the account that keeps it.
    MailboxId, 32, "mailbox:", "a mailbox id"
);

id!(
    /// A room: the hash of the signed operation that made it, or for an open channel of its name (32 bytes).
    RoomId, 32, "room:", "a room id"
);

impl From<RoomId> for ChatId {
    fn from(room: RoomId) -> Self {
        Self(room.0)
    }
}

impl From<AccountId> for ChatId {
    fn from(account: AccountId) -> Self {
        Self(account.0)
    }
}

impl ChatId {
    /// The account this chat is with, when it is a one-to-one chat.
    pub fn account(&self) -> AccountId {
        AccountId(self.0)
    }

    /// The room this chat is, when it is one.
    pub fn room(&self) -> RoomId {
        RoomId(self.0)
    }
}

impl MessageId {
    /// The id that a client's own reference stands for: the same for the same sender, chat and reference, so that a
    /// send that is tried again makes no second message (docs/spec/05-delivery.md, "Accepting").
    pub fn of_reference(sender: &AccountId, chat: &ChatId, reference: &str) -> Self {
        Self(crate::kdf::derive_short("client ref", &[&sender.0, &chat.0, reference.as_bytes()]))
    }
}
