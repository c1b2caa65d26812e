//! The kinds of body. Numbers are fixed for ever. A kind of 0x8000 and above may be ignored by who does not know
//! it; any other unknown kind is shown as a placeholder.

use super::room::{RoomAnswer, RoomInvite, RoomKey, RoomRead, RoomSecret, RoomWelcome};
use crate::ids::{AccountId, MessageId};
use crate::limits::{ACK_ITEMS, REACTION_BYTES, TEXT_BYTES};
use crate::wire::{self, Ext, Signed, WireError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// First kind that may be ignored silently.
const IGNORABLE: u16 = 0x8000;

/// A message somebody wrote, named by its author and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Who wrote it.
    pub author: AccountId,
    /// Its id.
    pub id: MessageId,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// At most [`TEXT_BYTES`].
    pub text: String,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// Room for growth.
    pub ext: Ext,
}

/// New text for one's own message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Which message; its author is the sender.
    pub id: MessageId,
    /// The new text.
    pub text: String,
    /// Room for growth.
    pub ext: Ext,
}

/// A reaction. One per person and message: a later one replaces it, an empty one takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// To which message.
    pub target: Target,
    /// One emoji or nothing, at most [`REACTION_BYTES`].
    pub emoji: String,
    /// Room for growth.
    pub ext: Ext,
}

/// A message is pinned in its chat, or is not any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Which message.
    pub target: Target,
    /// Whether it is pinned from now on.
    pub on: bool,
    /// Room for growth.
    pub ext: Ext,
}

/// "I accept you": what makes two people contacts (docs/spec/02-identity.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    /// The accepting person's display name.
    pub name: String,
    /// The rendezvous secret by which the accepted person finds the accepting one.
    pub rv_out: [u8; 32],
    /// The accepting device's card.
    pub card: Signed,
    /// Room for growth.
    pub ext: Ext,
}

/// "Shall we keep mail for each other?", and the answer (docs/spec/08-mail.md, "Friends").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepMail {
    /// A link to the sender's mailbox, with leave for one box; `None` declines, or takes back what was agreed.
    pub link: Option<String>,
    /// Whether this answers a question; otherwise it asks.
    pub answer: bool,
    /// Room for growth.
    pub ext: Ext,
}

/// What a moderator of an open channel says; it counts for who follows them (docs/spec/10-open-channels.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moderate {
    /// A message is not shown.
    pub hide: Option<Target>,
    /// Nothing of somebody is shown for so many seconds, at most a day.
    pub mute: Option<(AccountId, u32)>,
    /// Everybody is shown with one text in so many seconds, at most an hour; 0 ends it.
    pub slow_s: Option<u32>,
    /// Room for growth.
    pub ext: Ext,
}

impl Moderate {
    /// The longest time somebody is muted for: as long as messages are kept.
    pub const MUTE_S: u32 = 86_400;
    /// The longest time between two texts.
    pub const SLOW_S: u32 = 3_600;

    fn fits(&self) -> bool {
        self.mute.is_none_or(|(_, seconds)| seconds <= Self::MUTE_S)
            && self.slow_s.is_none_or(|seconds| seconds <= Self::SLOW_S)
            && wire::ext_understood(&self.ext)
    }
}

/// A decoded and bounded body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// 1: a text.
    Text(Text),
    /// 2: an edit.
    Edit(Edit),
    /// 3: delete one's own message.
    Delete(MessageId),
    /// 4: a reaction.
    Reaction(Reaction),
    /// 5: messages of the recipient that were read, at most [`ACK_ITEMS`].
    Read(Vec<MessageId>),
    /// 6: consent.
    Accept(Box<Accept>),
    /// 7: the sender's new display name.
    Name(String),
    /// 8: about keeping mail for each other.
    KeepMail(KeepMail),
    /// 9: a question whether to join a room.
    RoomInvite(RoomInvite),
    /// 10: the answer to it.
    RoomAnswer(RoomAnswer),
    /// 11: what a new member begins with.
    RoomWelcome(RoomWelcome),
    /// 12: the key of a device's messages in a room.
    RoomKey(RoomKey),
    /// 13: a new topic secret of a room.
    RoomSecret(RoomSecret),
    /// 14: messages of the recipient in a room that were read.
    RoomRead(RoomRead),
    /// 15: what a moderator of an open channel says.
    Moderate(Moderate),
    /// 16: a pin.
    Pin(Pin),
    /// Something of a newer version.
    Unknown {
        /// Its kind.
        kind: u16,
        /// Whether it may be ignored silently.
        ignorable: bool,
    },
}

impl Body {
    /// The kind of a text.
    pub const TEXT: u16 = 1;

    /// Kind and encoded body.
    ///
    /// # Errors
    /// [`WireError`] over the limits, or for [`Body::Unknown`], which is never written.
    pub fn encode(&self) -> Result<(u16, Vec<u8>), WireError> {
        Ok(match self {
            Self::Text(text) => (Self::TEXT, wire::encode(text)?),
            Self::Edit(edit) => (2, wire::encode(edit)?),
            Self::Delete(id) => (3, wire::encode(id)?),
            Self::Reaction(reaction) => (4, wire::encode(reaction)?),
            Self::Read(ids) => (5, wire::encode(ids)?),
            Self::Accept(accept) => (6, wire::encode(accept.as_ref())?),
            Self::Name(name) => (7, wire::encode(name)?),
            Self::KeepMail(keep) => (8, wire::encode(keep)?),
            Self::RoomInvite(invite) => (9, wire::encode(invite)?),
            Self::RoomAnswer(answer) => (10, wire::encode(answer)?),
            Self::RoomWelcome(welcome) => (11, wire::encode(welcome)?),
            Self::RoomKey(key) => (12, wire::encode(key)?),
            Self::RoomSecret(secret) => (13, wire::encode(secret)?),
            Self::RoomRead(read) => (14, wire::encode(read)?),
            Self::Moderate(said) => (15, wire::encode(said)?),
            Self::Pin(pin) => (16, wire::encode(pin)?),
            Self::Unknown { .. } => return Err(WireError::Malformed),
        })
    }

    /// Whether it is about a room: what is taken of who is in one with us, and no contact.
    pub fn is_of_room(&self) -> bool {
        matches!(
            self,
            Self::RoomInvite(_)
                | Self::RoomAnswer(_)
                | Self::RoomWelcome(_)
                | Self::RoomKey(_)
                | Self::RoomSecret(_)
                | Self::RoomRead(_)
        )
    }

    /// The body of a kind.
    ///
    /// # Errors
    /// [`WireError`] for a known kind whose body is malformed or over its bound.
    pub fn decode(kind: u16, bytes: &[u8]) -> Result<Self, WireError> {
        Ok(match kind {
            Self::TEXT => Self::Text(bounded::<Text>(bytes, |t| {
                t.text.len() <= TEXT_BYTES && wire::ext_understood(&t.ext)
            })?),
            2 => Self::Edit(bounded::<Edit>(bytes, |e| {
                e.text.len() <= TEXT_BYTES && wire::ext_understood(&e.ext)
            })?),
            3 => Self::Delete(wire::decode(bytes)?),
            4 => Self::Reaction(bounded::<Reaction>(bytes, |r| {
                r.emoji.len() <= REACTION_BYTES && wire::ext_understood(&r.ext)
            })?),
            5 => Self::Read(bounded::<Vec<MessageId>>(bytes, |ids| ids.len() <= ACK_ITEMS)?),
            6 => Self::Accept(Box::new(bounded::<Accept>(bytes, |a| {
                a.name.len() <= 1024 && wire::ext_understood(&a.ext)
            })?)),
            7 => Self::Name(bounded::<String>(bytes, |name| name.len() <= 1024)?),
            8 => Self::KeepMail(bounded::<KeepMail>(bytes, |k| {
                k.link.as_ref().is_none_or(|link| link.len() <= 1024) && wire::ext_understood(&k.ext)
            })?),
            9 => Self::RoomInvite(bounded(bytes, RoomInvite::fits)?),
            10 => Self::RoomAnswer(bounded(bytes, RoomAnswer::fits)?),
            11 => Self::RoomWelcome(bounded(bytes, RoomWelcome::fits)?),
            12 => Self::RoomKey(bounded(bytes, RoomKey::fits)?),
            13 => Self::RoomSecret(bounded(bytes, RoomSecret::fits)?),
            14 => Self::RoomRead(bounded(bytes, RoomRead::fits)?),
            15 => Self::Moderate(bounded(bytes, Moderate::fits)?),
            16 => Self::Pin(bounded::<Pin>(bytes, |p| wire::ext_understood(&p.ext))?),
            kind => Self::Unknown { kind, ignorable: kind >= IGNORABLE },
        })
    }
}

fn bounded<T: Serialize + DeserializeOwned>(bytes: &[u8], fits: impl Fn(&T) -> bool) -> Result<T, WireError> {
    let value = wire::decode::<T>(bytes)?;
    if fits(&value) { Ok(value) } else { Err(WireError::TooLarge { limit_bytes: TEXT_BYTES }) }
}
