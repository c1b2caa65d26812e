//! The hybrid key encapsulation (docs/spec/03-live.md, "KEM"): one trait of three functions, so that the algorithm
//! can be changed here alone. The one implementation is X-Wing (X25519 and ML-KEM-768).

use super::NoiseError;
use crate::identity::x25519_is_usable;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use x_wing::kem::common::array::Array;
use x_wing::{
    DecapsulationKeyRejectNonContrib, Decapsulator as _, Encapsulate as _, EncapsulationKey, KeyExport as _,
    TryDecapsulate as _,
};
use zeroize::Zeroizing;

/// A shared secret.
pub type SharedSecret = Zeroizing<[u8; 32]>;

/// Bytes of an X-Wing encapsulation key.
pub const KEY_BYTES: usize = x_wing::ENCAPSULATION_KEY_SIZE;
/// Bytes of an X-Wing ciphertext.
pub const CIPHERTEXT_BYTES: usize = x_wing::CIPHERTEXT_SIZE;

/// What Starling needs of a hybrid KEM. Keys and ciphertexts are plain bytes of fixed lengths.
pub trait HybridKem {
    /// A new key pair: the secret, and the public key to send.
    ///
    /// # Errors
    /// [`NoiseError::Internal`] without random bytes.
    fn generate() -> Result<(Zeroizing<[u8; 32]>, Vec<u8>), NoiseError>;

    /// A new shared secret for the holder of `public`, and the ciphertext that takes it there.
    ///
    /// # Errors
    /// [`NoiseError::Key`] when `public` is no key; [`NoiseError::Internal`] without random bytes.
    fn encapsulate(public: &[u8]) -> Result<(Vec<u8>, SharedSecret), NoiseError>;

    /// The shared secret in `ciphertext`. A changed ciphertext of the right length gives another secret, not an
    /// error.
    ///
    /// # Errors
    /// [`NoiseError::Length`] or [`NoiseError::Key`] when it is no ciphertext.
    fn decapsulate(secret: &[u8; 32], ciphertext: &[u8]) -> Result<SharedSecret, NoiseError>;
}

/// X-Wing, draft 06, refusing results that do not depend on both sides.
#[derive(Debug, Clone, Copy)]
pub struct XWing;

impl HybridKem for XWing {
    fn generate() -> Result<(Zeroizing<[u8; 32]>, Vec<u8>), NoiseError> {
        let secret = entropy()?;
        let public = public_key(&secret);
        Ok((secret, public))
    }

    fn encapsulate(public: &[u8]) -> Result<(Vec<u8>, SharedSecret), NoiseError> {
        encapsulate_from(public, &*entropy()?)
    }

    fn decapsulate(secret: &[u8; 32], ciphertext: &[u8]) -> Result<SharedSecret, NoiseError> {
        let ciphertext: &[u8; CIPHERTEXT_BYTES] = ciphertext.try_into().map_err(|_| NoiseError::Length)?;
        let key = DecapsulationKeyRejectNonContrib::from(*secret);
        let shared = key.try_decapsulate(&Array(*ciphertext)).map_err(|_| NoiseError::Key)?;
        Ok(Zeroizing::new(shared.0))
    }
}

/// 32 bytes from the operating system.
fn entropy() -> Result<Zeroizing<[u8; 32]>, NoiseError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| NoiseError::Internal)?;
    Ok(bytes)
}

/// The public key of a secret one.
pub(crate) fn public_key(secret: &[u8; 32]) -> Vec<u8> {
    DecapsulationKeyRejectNonContrib::from(*secret).encapsulation_key().to_bytes().to_vec()
}

/// Encapsulation with given chance, which must never be used twice: for [`XWing::encapsulate`] and test vectors.
pub(crate) fn encapsulate_from(
    public: &[u8],
    seed: &[u8; 32],
) -> Result<(Vec<u8>, SharedSecret), NoiseError> {
    let point = public.last_chunk::<32>().filter(|_| public.len() == KEY_BYTES).ok_or(NoiseError::Key)?;
    if !x25519_is_usable(point) {
        return Err(NoiseError::Key);
    }
    let key = EncapsulationKey::try_from(public).map_err(|_| NoiseError::Key)?;
    let (ciphertext, shared) = key.encapsulate_with_rng(&mut ChaCha20Rng::from_seed(*seed));
    Ok((ciphertext.to_vec(), Zeroizing::new(shared.0)))
}
