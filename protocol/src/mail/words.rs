//! The words of a mailbox stream (docs/spec/08-mail.md, "Stream"). Every request has one answer, in order, but `Fetch`
//! and `Read`, which have an `Item` for each envelope and then a `PageEnd` or `ReadEnd`; `News` comes unasked. Each is a
//! frame, cut into messages of the transport.

use super::envelope;
use super::keys::Grant;
use crate::kdf;
use crate::wire::{self, Frame, Signed, WireError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The name of a queue.
pub type QueueId = [u8; 16];

/// Bytes of the largest frame: an envelope of the largest size and what names its queue.
pub const MESSAGE_BYTES: usize = envelope::LARGEST + 1_024;
/// Entries, numbers or hashes in one request, at most. More would make one commit long; fewer cost round trips.
pub const BATCH: usize = 512;
/// Bytes of a card slot: the longest record of the DHT, which is what lies there.
pub const CARD_BYTES: usize = 8_192;
/// A queue as its owner registers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub queue: QueueId,
    /// `H(token)` of the token that allows a deposit.
    pub deposit: [u8; 32],
    /// Bytes of envelopes it may hold, so that one writer cannot fill the box for all others.
    pub limit_bytes: u64,
}

/// What is asked of a mailbox.
#[derive(Clone, PartialEq, Eq)]
pub enum Request {
    /// 1: first on every stream.
    Hello {
        /// Chance, to be signed.
        nonce: [u8; 32],
    },
    /// 2: the stream is the owner's of the box that has this token. Without such a box one is made under the grant.
    Open {
        /// Who knows it owns the box.
        token: [u8; 32],
        /// Leave to have a box, if none has this token.
        grant: Option<Grant>,
        /// Counts the owner's runs: one lower than the last shows the owner that its disk was set back.
        run: u64,
    },
    /// 3: queues that shall be there, at most [`BATCH`].
    Register(Vec<Entry>),
    /// 4: queues of the box that were not registered since this stream was opened or settled last go, with what is in
    /// them.
    Settle,
    /// 5: the envelopes of the box with higher numbers, oldest first.
    Fetch {
        /// Numbers up to this are known.
        after: u64,
        /// Stop when so many bytes are told.
        bytes: u32,
    },
    /// 6: these envelopes are safe elsewhere: they go. At most [`BATCH`].
    Ack(Vec<u64>),
    /// 7: what lies in a queue's card slot.
    PutCard {
        /// Which queue.
        queue: QueueId,
        /// At most [`CARD_BYTES`].
        card: Vec<u8>,
    },
    /// 8: the box goes, with everything in it.
    Leave,
    /// 9: an envelope for a queue. One that lies there already is promised again.
    Deposit {
        /// Which queue.
        queue: QueueId,
        /// The token that allows it.
        token: [u8; 32],
        /// The bytes.
        envelope: Vec<u8>,
    },
    /// 10: envelopes that are not wanted any more by who deposited them, by their hashes. At most [`BATCH`].
    Withdraw {
        /// Which queue.
        queue: QueueId,
        /// The token that allowed them.
        token: [u8; 32],
        /// `H(envelope)`.
        hashes: Vec<[u8; 32]>,
    },
    /// 11: what lies in a queue's card slot, for who may deposit.
    GetCard {
        /// Which queue.
        queue: QueueId,
        /// The token that allows deposits.
        token: [u8; 32],
    },
    /// 12: a box without an owner's stream: the box of this token has this queue; without such a box one is made under
    /// the grant. Without an entry the box goes, with everything in it.
    Keep {
        /// Who knows it owns the box.
        token: [u8; 32],
        /// Leave to have a box, if none has this token.
        grant: Option<Grant>,
        /// The queue.
        entry: Option<Entry>,
    },
    /// 13: the envelopes of a shared queue ([`shared_queue`]) with higher numbers, oldest first.
    Read {
        /// The token that allows deposits there, and names the queue.
        token: [u8; 32],
        /// Numbers up to this are known.
        after: u64,
        /// Stop when so many bytes are told.
        bytes: u32,
    },
}

/// The name of a queue that everybody who may deposit may read, and nobody may withdraw from: it follows from the token,
/// so that a queue is shared because its owner named it so, and no other can be.
pub fn shared_queue(token: &[u8; 32]) -> QueueId {
    kdf::derive_short("mailbox shared queue", &[token])
}

/// An envelope that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its number in the box: later ones are higher.
    pub number: u64,
    /// Where it lies.
    pub queue: QueueId,
    /// The bytes.
    #[serde(with = "serde_bytes")]
    pub envelope: Vec<u8>,
}

/// Why a mailbox does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Refused {
    /// No such queue, or not with this token; no such box. Which of them is not told.
    Unknown,
    /// The queue, the box or the disk is full.
    Full,
    /// Too much at once: later.
    Busy,
    /// Over a bound, or no request this mailbox understands.
    Malformed,
    /// The grant is not one of this mailbox, is used up or was taken back.
    Grant,
}

/// What a mailbox answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 1: to `Hello`: the signature of [`super::MailKey::greet`].
    Welcome([u8; 64]),
    /// 2: to `Open`.
    Opened {
        /// Bytes the box may hold.
        quota_bytes: u64,
        /// Bytes it holds.
        used_bytes: u64,
        /// How long an envelope is kept, in seconds.
        kept_s: u32,
        /// The highest run any stream of the owner told.
        last_run: u64,
    },
    /// 3: done, and committed.
    Done,
    /// 4: one envelope of a fetch.
    Item(Item),
    /// 5: the end of a fetch.
    PageEnd {
        /// Whether there is more.
        more: bool,
    },
    /// 6: to `Deposit`: a [`super::Promise`].
    Promise(Signed),
    /// 7: to `GetCard`.
    Card(Option<Vec<u8>>),
    /// 8: to anything.
    Refused(Refused),
    /// 9: unasked, on the owner's stream, or on one that read a shared queue: something came.
    News,
    /// 10: the end of a `Read`.
    ReadEnd {
        /// Whether there is more.
        more: bool,
        /// The highest number the box ever gave.
        last: u64,
    },
}

/// Why bytes are not words of this stream. The stream is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Not a frame of this kind, or over a bound.
    #[error("not a word of the mailbox stream: {0}")]
    Wire(#[from] WireError),
    /// A piece without a flag, or pieces over the bound.
    #[error("the pieces of a message are malformed")]
    Pieces,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Tokens are as good as what they open.
        f.write_str(match self {
            Self::Hello { .. } => "Hello",
            Self::Open { .. } => "Open",
            Self::Register(_) => "Register",
            Self::Settle => "Settle",
            Self::Fetch { .. } => "Fetch",
            Self::Ack(_) => "Ack",
            Self::PutCard { .. } => "PutCard",
            Self::Leave => "Leave",
            Self::Deposit { .. } => "Deposit",
            Self::Withdraw { .. } => "Withdraw",
            Self::GetCard { .. } => "GetCard",
            Self::Keep { .. } => "Keep",
            Self::Read { .. } => "Read",
        })
    }
}

impl Request {
    /// Its frame.
    ///
    /// # Errors
    /// [`WordsError`] over the bounds.
    pub fn encode(&self) -> Result<Vec<u8>, WordsError> {
        match self {
            Self::Hello { nonce } => pack(1, nonce),
            Self::Open { token, grant, run } => pack(2, &(token, grant, run)),
            Self::Register(entries) => pack(3, entries),
            Self::Settle => pack(4, &()),
            Self::Fetch { after, bytes } => pack(5, &(after, bytes)),
            Self::Ack(numbers) => pack(6, numbers),
            Self::PutCard { queue, card } => pack(7, &(queue, serde_bytes::Bytes::new(card))),
            Self::Leave => pack(8, &()),
            Self::Deposit { queue, token, envelope } => {
                pack(9, &(queue, token, serde_bytes::Bytes::new(envelope)))
            }
            Self::Withdraw { queue, token, hashes } => pack(10, &(queue, token, hashes)),
            Self::GetCard { queue, token } => pack(11, &(queue, token)),
            Self::Keep { token, grant, entry } => pack(12, &(token, grant, entry)),
            Self::Read { token, after, bytes } => pack(13, &(token, after, bytes)),
        }
    }

    /// A request out of a frame; `None` for a kind of a newer version.
    ///
    /// # Errors
    /// [`WordsError`] when it is none, or over a bound.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, WordsError> {
        let (kind, body) = unpack(bytes)?;
        let request = match kind {
            1 => Self::Hello { nonce: wire::decode(&body)? },
            2 => {
                let (token, grant, run) = wire::decode(&body)?;
                Self::Open { token, grant, run }
            }
            3 => Self::Register(batch(&body)?),
            4 => wire::decode::<()>(&body).map(|()| Self::Settle)?,
            5 => {
                let (after, bytes) = wire::decode(&body)?;
                Self::Fetch { after, bytes }
            }
            6 => Self::Ack(batch(&body)?),
            7 => {
                let (queue, card): (QueueId, serde_bytes::ByteBuf) = wire::decode(&body)?;
                if card.len() > CARD_BYTES {
                    return Err(WireError::TooLarge { limit_bytes: CARD_BYTES }.into());
                }
                Self::PutCard { queue, card: card.into_vec() }
            }
            8 => wire::decode::<()>(&body).map(|()| Self::Leave)?,
            9 => {
                let (queue, token, envelope): (_, _, serde_bytes::ByteBuf) = wire::decode(&body)?;
                Self::Deposit { queue, token, envelope: envelope.into_vec() }
            }
            10 => {
                let (queue, token, hashes): (_, _, Vec<[u8; 32]>) = wire::decode(&body)?;
                if hashes.len() > BATCH {
                    return Err(WireError::TooLarge { limit_bytes: BATCH }.into());
                }
                Self::Withdraw { queue, token, hashes }
            }
            11 => {
                let (queue, token) = wire::decode(&body)?;
                Self::GetCard { queue, token }
            }
            12 => {
                let (token, grant, entry) = wire::decode(&body)?;
                Self::Keep { token, grant, entry }
            }
            13 => {
                let (token, after, bytes) = wire::decode(&body)?;
                Self::Read { token, after, bytes }
            }
            _ => return Ok(None),
        };
        Ok(Some(request))
    }
}

impl Answer {
    /// Its frame.
    ///
    /// # Errors
    /// [`WordsError`] over the bounds.
    pub fn encode(&self) -> Result<Vec<u8>, WordsError> {
        match self {
            Self::Welcome(sig) => pack(1, &serde_bytes::Bytes::new(sig)),
            Self::Opened { quota_bytes, used_bytes, kept_s, last_run } => {
                pack(2, &(quota_bytes, used_bytes, kept_s, last_run))
            }
            Self::Done => pack(3, &()),
            Self::Item(item) => pack(4, item),
            Self::PageEnd { more } => pack(5, more),
            Self::Promise(promise) => pack(6, promise),
            Self::Card(card) => pack(7, &card.as_ref().map(|card| serde_bytes::Bytes::new(card))),
            Self::Refused(why) => pack(8, why),
            Self::News => pack(9, &()),
            Self::ReadEnd { more, last } => pack(10, &(more, last)),
        }
    }

    /// An answer out of a frame; `None` for a kind of a newer version.
    ///
    /// # Errors
    /// [`WordsError`] when it is none, or over a bound.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, WordsError> {
        let (kind, body) = unpack(bytes)?;
        let answer = match kind {
            1 => {
                let sig: serde_bytes::ByteBuf = wire::decode(&body)?;
                Self::Welcome(sig.as_slice().try_into().map_err(|_| WireError::Malformed)?)
            }
            2 => {
                let (quota_bytes, used_bytes, kept_s, last_run) = wire::decode(&body)?;
                Self::Opened { quota_bytes, used_bytes, kept_s, last_run }
            }
            3 => wire::decode::<()>(&body).map(|()| Self::Done)?,
            4 => Self::Item(wire::decode(&body)?),
            5 => Self::PageEnd { more: wire::decode(&body)? },
            6 => Self::Promise(wire::decode(&body)?),
            7 => {
                let card: Option<serde_bytes::ByteBuf> = wire::decode(&body)?;
                if card.as_ref().is_some_and(|card| card.len() > CARD_BYTES) {
                    return Err(WireError::TooLarge { limit_bytes: CARD_BYTES }.into());
                }
                Self::Card(card.map(serde_bytes::ByteBuf::into_vec))
            }
            8 => Self::Refused(wire::decode(&body)?),
            9 => wire::decode::<()>(&body).map(|()| Self::News)?,
            10 => {
                let (more, last) = wire::decode(&body)?;
                Self::ReadEnd { more, last }
            }
            _ => return Ok(None),
        };
        Ok(Some(answer))
    }
}

fn pack<T: Serialize>(kind: u16, body: &T) -> Result<Vec<u8>, WordsError> {
    let bytes = wire::encode(&Frame { v: Frame::VERSION, kind, body: wire::encode(body)? })?;
    if bytes.len() > MESSAGE_BYTES {
        return Err(WireError::TooLarge { limit_bytes: MESSAGE_BYTES }.into());
    }
    Ok(bytes)
}

fn unpack(bytes: &[u8]) -> Result<(u16, Vec<u8>), WordsError> {
    if bytes.len() > MESSAGE_BYTES {
        return Err(WireError::TooLarge { limit_bytes: MESSAGE_BYTES }.into());
    }
    let frame: Frame = wire::decode(bytes)?;
    // A newer way of saying things is a kind that is not known.
    Ok((if frame.v == Frame::VERSION { frame.kind } else { u16::MAX }, frame.body))
}

fn batch<T: Serialize + DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, WordsError> {
    let items: Vec<T> = wire::decode(body)?;
    if items.len() > BATCH { Err(WireError::TooLarge { limit_bytes: BATCH }.into()) } else { Ok(items) }
}
