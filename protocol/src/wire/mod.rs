//! The one codec (docs/spec/01-wire.md): serde + bincode 2, little endian, variable-length integers, always with a
//! limit. No other module names bincode, so the encoding can be changed here alone.
//!
//! Decoding is strict: bounded before allocating, the whole input consumed, and the value must encode back to the
//! very same bytes, so that one meaning has one encoding.

use crate::limits::{DECODE_BYTES, FRAME_BYTES};
use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

const CONFIG: Configuration<LittleEndian, Varint, Limit<DECODE_BYTES>> =
    bincode::config::standard().with_limit::<DECODE_BYTES>();

/// Why bytes are not a value of the type asked for. Always the peer's (or the disk's) fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// More bytes than the limit, or a length inside that promises more.
    #[error("larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// The limit that applied.
        limit_bytes: usize,
    },
    /// Not an encoding of this type.
    #[error("malformed")]
    Malformed,
    /// A second encoding of the same value, or bytes after it.
    #[error("not in canonical form")]
    NotCanonical,
}

/// Encodes a value.
///
/// # Errors
/// [`WireError::TooLarge`] over [`DECODE_BYTES`]; [`WireError::Malformed`] for a type the rules forbid.
#[allow(clippy::disallowed_methods)]
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, WireError> {
    let bytes = bincode::serde::encode_to_vec(value, CONFIG).map_err(|_| WireError::Malformed)?;
    if bytes.len() > DECODE_BYTES {
        Err(WireError::TooLarge { limit_bytes: DECODE_BYTES })
    } else {
        Ok(bytes)
    }
}

/// Decodes a value strictly from the whole of `bytes`.
///
/// # Errors
/// See [`WireError`]; nothing is allocated beyond the limit.
#[allow(clippy::disallowed_methods)]
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    if bytes.len() > DECODE_BYTES {
        return Err(WireError::TooLarge { limit_bytes: DECODE_BYTES });
    }
    let (value, used) =
        bincode::serde::decode_from_slice::<T, _>(bytes, CONFIG).map_err(|error| match error {
            bincode::error::DecodeError::LimitExceeded => WireError::TooLarge { limit_bytes: DECODE_BYTES },
            _ => WireError::Malformed,
        })?;
    if used != bytes.len() || encode(&value)? != bytes {
        return Err(WireError::NotCanonical);
    }
    Ok(value)
}

/// What every transport message is: a version, a kind, and a body whose meaning the kind gives. A kind that is not
/// known is kept or skipped, never an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Version of the frame format: 1.
    pub v: u8,
    /// One of the kinds of docs/spec/01-wire.md.
    pub kind: u16,
    /// The encoded body.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
}

impl Frame {
    /// The version this crate writes.
    pub const VERSION: u8 = 1;

    /// A frame around an encoded body.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] when the whole frame would be over [`FRAME_BYTES`].
    pub fn pack<T: Serialize>(kind: u16, body: &T) -> Result<Vec<u8>, WireError> {
        let bytes = encode(&Self { v: Self::VERSION, kind, body: encode(body)? })?;
        if bytes.len() > FRAME_BYTES {
            Err(WireError::TooLarge { limit_bytes: FRAME_BYTES })
        } else {
            Ok(bytes)
        }
    }

    /// A frame out of bytes.
    ///
    /// # Errors
    /// [`WireError`] as for [`decode`], with the limit [`FRAME_BYTES`].
    pub fn unpack(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > FRAME_BYTES {
            return Err(WireError::TooLarge { limit_bytes: FRAME_BYTES });
        }
        decode(bytes)
    }
}

/// A signed body as it travels: the signature is over the received bytes, never over a re-encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The encoded value.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
    /// Ed25519 over the domain and the body ([`crate::kdf::sign`]).
    #[serde(with = "serde_bytes")]
    pub sig: [u8; 64],
}

/// Room for growth at the end of a released struct: (id, bytes). Odd ids must be understood, even ones may be
/// ignored.
pub type Ext = Vec<(u16, Vec<u8>)>;

/// Whether every extension that must be understood is. This version understands none.
pub fn ext_understood(ext: &Ext) -> bool {
    ext.iter().all(|(id, _)| id % 2 == 0)
}
