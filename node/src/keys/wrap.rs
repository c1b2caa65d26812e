//! Stretching a passphrase (Argon2id) and wrapping 32 bytes (XChaCha20-Poly1305).

use super::KeyError;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use starling_protocol::kdf;
use std::io;
use zeroize::{Zeroize as _, Zeroizing};

/// Most memory a file may ask for, in KiB: 1 GiB. Higher lets a made-up file take the machine down.
const MOST_KIB: u32 = 1024 * 1024;
/// Most passes and lanes a file may ask for, for the same reason.
const MOST_PASSES: u32 = 64;

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, KeyError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| KeyError::Io(io::Error::other(error.to_string())))?;
    Ok(bytes)
}

/// How a passphrase is stretched. Frozen: it is in files.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Argon {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; 16],
}

impl Argon {
    /// Memory in KiB, passes, lanes of new files: 64 MiB, 3, 4; about 0.12 s. Less makes guessing cheaper; more makes
    /// every start slower on small machines.
    pub const COST: (u32, u32, u32) = (64 * 1024, 3, 4);

    /// A new salt for a cost.
    pub fn new((memory_kib, passes, lanes): (u32, u32, u32)) -> Result<Self, KeyError> {
        Ok(Self { memory_kib, passes, lanes, salt: *random()? })
    }

    /// Whether computing it is something a computer can be asked to do.
    pub fn is_sane(&self) -> bool {
        self.memory_kib <= MOST_KIB
            && self.passes <= MOST_PASSES
            && self.lanes <= MOST_PASSES
            && self.params().is_some()
    }

    fn params(&self) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()
    }

    /// The key a passphrase gives.
    pub fn stretch(&self, passphrase: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let params = self.params().ok_or(KeyError::Damaged { what: "it makes no sense" })?;
        let count = params.block_count();
        let mut memory: Vec<Block> = Vec::new();
        memory.try_reserve_exact(count).map_err(|_| KeyError::Memory)?;
        memory.resize(count, Block::default());
        let mut key = Zeroizing::new([0; 32]);
        let outcome = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(passphrase, &self.salt, key.as_mut_slice(), &mut memory);
        memory.iter_mut().for_each(Block::zeroize);
        outcome.map_err(|_| KeyError::Damaged { what: "it makes no sense" })?;
        Ok(key)
    }
}

/// 32 wrapped bytes. Frozen: it is in files.
#[derive(Clone, Serialize, Deserialize)]
pub struct Wrapped {
    nonce: [u8; 24],
    sealed: Vec<u8>,
}

impl Wrapped {
    fn cipher(key: &[u8; 32], what: &str) -> XChaCha20Poly1305 {
        let own = Zeroizing::new(kdf::derive("key wrap", &[key.as_slice(), what.as_bytes()]));
        XChaCha20Poly1305::new(&Key::from(*own))
    }

    /// Wraps `secret` for the purpose `what`, bound to `about`.
    pub fn seal(key: &[u8; 32], what: &str, about: &[u8], secret: &[u8; 32]) -> Result<Self, KeyError> {
        let nonce = *random::<24>()?;
        let sealed = Self::cipher(key, what)
            .encrypt(&XNonce::from(nonce), Payload { msg: secret.as_slice(), aad: about })
            .map_err(|_| KeyError::Damaged { what: "it cannot be written" })?;
        Ok(Self { nonce, sealed })
    }

    /// Opens it, if the key, the purpose and the surroundings are those it was wrapped with.
    pub fn open(&self, key: &[u8; 32], what: &str, about: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let payload = Payload { msg: self.sealed.as_slice(), aad: about };
        let plain =
            Self::cipher(key, what).decrypt(&XNonce::from(self.nonce), payload).map(Zeroizing::new).ok()?;
        plain.as_slice().try_into().map(Zeroizing::new).ok()
    }
}
