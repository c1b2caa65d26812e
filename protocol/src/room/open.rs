//! Open channels (docs/spec/10-open-channels.md): what a name stands for, who says they write there, and what two nodes
//! say to each other about the channels both are in. Messages are [`super::Entry`], opened.
//!
//! This module must not decide what is taken, kept or shown: [`crate::engine`] does.

use super::entry::LAST_SEQ;
use super::have::RANGES as HEAD_RANGES;
use super::{Entry, EntryBody, Head, HeadRange};
use crate::identity::{DeviceKeys, Manifest, ManifestError};
use crate::ids::{AccountId, DeviceId, RoomId};
use crate::invite::Invite;
use crate::kdf;
use crate::text;
use crate::wire::{self, Ext, Frame, Signed, WireError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

const DOMAIN: &str = "open author";

const TAGS: u16 = 1;
const HEADS: u16 = 2;
const ASK: u16 = 3;
const GIVE: u16 = 4;
const NEAR: u16 = 5;

/// Open channels of an account, at most, and tags in a [`Words::Tags`]: always so many, so that their number says nothing.
pub const CHANNELS: usize = 32;
/// Bytes (UTF-8) of a text in an open channel. Anybody may write here, and everybody keeps it.
pub const TEXT_BYTES: usize = 4 * 1024;
/// Bytes of an entry's encoded head and its body, at most: the padded size of the largest text, and a full head.
pub const ENTRY_BYTES: usize = 11 * 1024;
/// Bytes of what an author says of themselves: the fullest manifest and a name.
pub const AUTHOR_BYTES: usize = 8 * 1024;
/// Bytes of the name in it, before cleaning.
const NAME_BYTES: usize = 1_024;
/// Devices in one [`Heads`], at most: with all their ranges they fit a frame. More are said in another.
pub const DEVICES: usize = 256;
/// Ranges in one [`Ask`], at most.
pub const ASK_RANGES: usize = 64;
/// Entries one [`Ask`] may ask for, and entries or authors in one [`Give`], at most.
pub const ITEMS: usize = 256;
/// Bytes of a frame, at most: a message of the transport takes 65,535.
const FRAME_BYTES: usize = 60 * 1024;
/// Bytes of what is put into one [`Give`].
const GIVE_BYTES: usize = 48 * 1024;
/// Bytes around an entry or an author in a [`Give`], at most.
const AROUND: usize = 128;
/// How long a message is kept for who comes later, in milliseconds, from when it was written.
pub const KEPT_MS: u64 = crate::time::DAY_MS;

/// What an open channel is called, as one types it: without the `#`, as handles are (docs/spec/06-text.md), so that who
/// types it so is in the same channel. `None` if nothing is left of it.
pub fn channel_name(typed: &str) -> Option<String> {
    let clean = text::clean_name(typed);
    let clean = clean.trim_start_matches(['#', ' ']);
    let name = text::handle(clean);
    // What has nothing to be called by gets a handle all the same: that one is no channel.
    let is_named = name != text::handle("") || clean.to_lowercase() == name;
    is_named.then_some(name)
}

/// The channel of a name that [`channel_name`] gave.
pub fn channel_of(name: &str) -> RoomId {
    RoomId(kdf::derive("open channel", &[name.as_bytes()]))
}

/// What `from` calls a channel towards `to`, both peer ids: who is not in it learns nothing by it.
pub fn tag(channel: &RoomId, from: &[u8], to: &[u8]) -> [u8; 8] {
    kdf::derive_short("open tag", &[&channel.0, from, to])
}

/// Who writes in a channel, by one of their devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAuthor {
    /// In which channel.
    pub channel: RoomId,
    /// By which device, one of the manifest's.
    pub device: DeviceId,
    /// Whose device it is: signed by the account's root.
    pub manifest: Signed,
    /// What they want to be called.
    pub name: String,
    /// When this was said, by the device's clock, in Unix seconds: of two the later one counts.
    pub at_s: u64,
    /// Room for growth.
    pub ext: Ext,
}

impl OpenAuthor {
    /// Signs it.
    ///
    /// # Errors
    /// [`WireError::TooLarge`].
    pub fn sign(&self, device: &DeviceKeys) -> Result<Signed, WireError> {
        let body = wire::encode(self)?;
        within(body.len(), AUTHOR_BYTES)?;
        Ok(device.sign(DOMAIN, &body))
    }

    /// Reads it and its manifest, if the device it names signed it and the manifest lists that device.
    ///
    /// # Errors
    /// [`AuthorError`].
    pub fn open(signed: &Signed) -> Result<(Self, Manifest), AuthorError> {
        within(signed.body.len(), AUTHOR_BYTES)?;
        let author: Self = wire::decode(&signed.body)?;
        within(author.name.len(), NAME_BYTES)?;
        if !wire::ext_understood(&author.ext) {
            return Err(AuthorError::Malformed);
        }
        let manifest = Manifest::open(&author.manifest).map_err(|error| match error {
            ManifestError::Signature(_) => AuthorError::Signature,
            _ => AuthorError::Malformed,
        })?;
        let device = manifest.device(&author.device).ok_or(AuthorError::Signature)?;
        kdf::verify(&device.sig, DOMAIN, &signed.body, &signed.sig).map_err(|_| AuthorError::Signature)?;
        Ok((author, manifest))
    }
}

/// Why what an author says of themselves is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorError {
    /// Not in the one right form, over a bound, or of a version that must be understood and is not.
    #[error("what an author says is malformed or over a bound")]
    Malformed,
    /// Not said by that device, or not a device of that account. No honest node passes it on.
    #[error("what an author says is not signed by a device of theirs")]
    Signature,
}

impl From<WireError> for AuthorError {
    fn from(_: WireError) -> Self {
        Self::Malformed
    }
}

/// Whether an entry is one of an open channel: opened, by nobody's key or membership, and of a size that is taken.
pub fn is_open_entry(channel: RoomId, head: &Head, entry: &Entry) -> bool {
    head.room == channel
        && head.tips.is_empty()
        && head.session == [0; 32]
        && head.index == 0
        && matches!(entry.body, EntryBody::Opened(_))
        && entry.size() <= ENTRY_BYTES
}

/// What we have of a channel. Nothing follows from what is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// Of which channel.
    pub channel: RoomId,
    /// By device, at most [`DEVICES`]: numbers that can be asked for.
    pub heads: Vec<HeadRange>,
}

/// What we want of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Of which channel.
    pub channel: RoomId,
    /// Device, first and last number: at most [`ASK_RANGES`], with at most [`ITEMS`] numbers in all.
    pub ranges: Vec<(DeviceId, u64, u64)>,
}

/// An entry that is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// It.
    pub entry: Entry,
    /// How long ago it was written, as the giver knows, in milliseconds: at most [`KEPT_MS`].
    pub age_ms: u32,
}

/// What was asked for, or is news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Give {
    /// Of which channel.
    pub channel: RoomId,
    /// Who wrote the entries: signed [`OpenAuthor`]s, at most [`ITEMS`].
    pub authors: Vec<Signed>,
    /// At most [`ITEMS`].
    pub entries: Vec<Given>,
    /// Whether it ends the answer to an [`Ask`].
    pub done: bool,
}

/// Who wants to be seen by people of their local network, and how to ask them. Nothing of it is proven: who has the invite
/// finds that out by asking.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Near {
    /// What they want to be called.
    pub name: String,
    /// Whose invite it is.
    pub account: AccountId,
    /// Its secret. It carries no addresses: nobody is sent anywhere by it.
    pub secret: [u8; 32],
    /// Room for growth.
    pub ext: Ext,
}

impl Near {
    /// The invite to ask by.
    pub fn invite(&self) -> Invite {
        Invite { root: self.account, secret: self.secret, hints: Vec::new() }
    }

    fn is_possible(&self) -> Result<(), WireError> {
        within(self.name.len(), NAME_BYTES)
    }
}

impl std::fmt::Debug for Near {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Near({:?})", self.account)
    }
}

/// One frame of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// 1: [`tag`]s of our channels, among as many others: [`CHANNELS`] in all. Replaces what was said before.
    Tags(Vec<[u8; 8]>),
    /// 2.
    Heads(Heads),
    /// 3.
    Ask(Ask),
    /// 4.
    Give(Give),
    /// 5.
    Near(Near),
}

impl Words {
    /// Its frame, which is one message of the transport.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] over a bound.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        let frame = match self {
            Self::Tags(tags) => tags_fit(tags).and_then(|()| Frame::pack(TAGS, tags)),
            Self::Heads(heads) => heads.is_possible().and_then(|()| Frame::pack(HEADS, heads)),
            Self::Ask(ask) => ask.is_possible().and_then(|()| Frame::pack(ASK, ask)),
            Self::Give(give) => give.is_possible().and_then(|()| Frame::pack(GIVE, give)),
            Self::Near(near) => near.is_possible().and_then(|()| Frame::pack(NEAR, near)),
        }?;
        within(frame.len(), FRAME_BYTES).map(|()| frame)
    }

    /// The words in a message of the transport; `None` for a kind of a newer version.
    ///
    /// # Errors
    /// [`WireError`] when it is malformed or over a bound: who said it is at fault.
    pub fn decode(message: &[u8]) -> Result<Option<Self>, WireError> {
        within(message.len(), FRAME_BYTES)?;
        let Frame { v, kind, body } = Frame::unpack(message)?;
        if v != Frame::VERSION {
            return Err(WireError::Malformed);
        }
        Ok(Some(match kind {
            TAGS => Self::Tags(bounded(&body, |tags: &Vec<_>| tags_fit(tags))?),
            HEADS => Self::Heads(bounded(&body, Heads::is_possible)?),
            ASK => Self::Ask(bounded(&body, Ask::is_possible)?),
            GIVE => Self::Give(bounded(&body, Give::is_possible)?),
            NEAR => Self::Near(bounded(&body, Near::is_possible)?),
            _ => return Ok(None),
        }))
    }
}

impl Heads {
    fn is_possible(&self) -> Result<(), WireError> {
        within(self.heads.len(), DEVICES)?;
        let sound = self.heads.is_sorted_by(|a, b| a.device < b.device)
            && self.heads.iter().all(|head| head.is_possible() && head.beyond.len() <= HEAD_RANGES);
        if sound { Ok(()) } else { Err(WireError::Malformed) }
    }
}

impl Ask {
    fn is_possible(&self) -> Result<(), WireError> {
        within(self.ranges.len(), ASK_RANGES)?;
        let mut count = 0_u64;
        for (_, first, last) in &self.ranges {
            if *first == 0 || first > last || *last > LAST_SEQ {
                return Err(WireError::Malformed);
            }
            count = count.saturating_add(last.saturating_sub(*first).saturating_add(1));
        }
        within(usize::try_from(count).unwrap_or(usize::MAX), ITEMS)
    }
}

impl Give {
    fn is_possible(&self) -> Result<(), WireError> {
        within(self.authors.len(), ITEMS)?;
        within(self.entries.len(), ITEMS)?;
        self.authors.iter().try_for_each(|author| within(author.body.len(), AUTHOR_BYTES))?;
        let young = |given: &Given| u64::from(given.age_ms) <= KEPT_MS;
        self.entries.iter().try_for_each(|given| within(given.entry.size(), ENTRY_BYTES))?;
        if self.entries.iter().all(young) { Ok(()) } else { Err(WireError::Malformed) }
    }

    /// Entries, each with who wrote it, as frames: an author goes before the first of their entries in each.
    pub fn batches(channel: RoomId, all: Vec<(Given, Signed)>, done: bool) -> Vec<Self> {
        let empty = || Self { channel, authors: Vec::new(), entries: Vec::new(), done: false };
        let (mut batches, mut last, mut bytes) = (Vec::new(), empty(), 0_usize);
        for (given, author) in all {
            let entry = given.entry.size().saturating_add(AROUND);
            let author_bytes = author.body.len().saturating_add(AROUND);
            if bytes.saturating_add(entry).saturating_add(author_bytes) > GIVE_BYTES
                || last.entries.len() >= ITEMS
            {
                batches.push(std::mem::replace(&mut last, empty()));
                bytes = 0;
            }
            if !last.authors.contains(&author) {
                last.authors.push(author);
                bytes = bytes.saturating_add(author_bytes);
            }
            last.entries.push(given);
            bytes = bytes.saturating_add(entry);
        }
        last.done = done;
        batches.push(last);
        batches
    }
}

fn tags_fit(tags: &[[u8; 8]]) -> Result<(), WireError> {
    if tags.len() == CHANNELS { Ok(()) } else { Err(WireError::Malformed) }
}

fn within(count: usize, limit: usize) -> Result<(), WireError> {
    if count <= limit { Ok(()) } else { Err(WireError::TooLarge { limit_bytes: limit }) }
}

fn bounded<T: Serialize + DeserializeOwned>(
    body: &[u8],
    is_possible: impl Fn(&T) -> Result<(), WireError>,
) -> Result<T, WireError> {
    let value = wire::decode::<T>(body)?;
    is_possible(&value).map(|()| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_typed_alike_are_one_channel() {
        for typed in ["lobby", "#lobby", " #Lobby ", "LOBBY"] {
            assert_eq!(channel_name(typed).as_deref(), Some("lobby"), "{typed}");
        }
        assert_eq!(channel_name("#Roof  garden").as_deref(), Some("roof-garden"));
        assert_eq!(channel_name("someone").as_deref(), Some("someone"));
        for typed in ["", "#", " # ", "\u{200b}"] {
            assert_eq!(channel_name(typed), None, "{typed:?}");
        }
        assert_ne!(channel_of("lobby"), channel_of("lobbу"), "the last letter is another one");
    }

    #[test]
    fn a_tag_says_who_speaks_to_whom() {
        let channel = channel_of("lobby");
        assert_ne!(tag(&channel, b"a", b"b"), tag(&channel, b"b", b"a"));
        assert_ne!(tag(&channel, b"a", b"b"), tag(&channel_of("roof"), b"a", b"b"));
    }

    #[test]
    fn frames_over_a_bound_are_refused() {
        let channel = channel_of("lobby");
        let ask = |ranges| Words::Ask(Ask { channel, ranges }).encode();
        let device = DeviceId([1; 16]);
        assert!(ask(vec![(device, 1, ITEMS as u64)]).is_ok());
        assert!(ask(vec![(device, 1, ITEMS as u64 + 1)]).is_err());
        assert!(ask(vec![(device, 0, 1)]).is_err() && ask(vec![(device, 2, 1)]).is_err());
        assert!(ask(vec![(device, 1, u64::MAX)]).is_err());
        assert!(Words::Tags(vec![[0; 8]; CHANNELS - 1]).encode().is_err());
        let full = HeadRange { device, upto: 1, beyond: (0..8).map(|n| (9 + n * 3, 9 + n * 3)).collect() };
        let heads: Vec<HeadRange> = (0..DEVICES)
            .map(|n| HeadRange { device: DeviceId((n as u128).to_be_bytes()), ..full.clone() })
            .collect();
        assert!(Words::Heads(Heads { channel, heads: heads.clone() }).encode().is_ok());
        let twice = [heads[0].clone(), heads[0].clone()].to_vec();
        assert!(Words::Heads(Heads { channel, heads: twice }).encode().is_err());
    }
}
