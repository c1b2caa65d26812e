//! Key derivation, hashing and signatures with domain separation (docs/spec/00-conventions.md, "Notation"):
//! `KDF(ctx; a, b, ..)` is BLAKE3's derive_key mode under the context `"starling v1 " + ctx` over the parts, each
//! preceded by its length (u64, little endian); `SIG(k, dom, b)` is Ed25519 over
//! `"starling v1 " + dom || 0x00 || b`, verified strictly (RFC 8032, no small-order keys, no malleable forms).

use crate::error::SignatureError;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

const PREFIX: &str = "starling v1 ";

/// 32 bytes derived from `parts` for the purpose `context`.
pub fn derive(context: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(&format!("{PREFIX}{context}"));
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// The first `N` (at most 32) bytes of [`derive()`].
pub fn derive_short<const N: usize>(context: &str, parts: &[&[u8]]) -> [u8; N] {
    const { assert!(N <= 32) };
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(derive(context, parts)) {
        *to = from;
    }
    out
}

/// Plain BLAKE3 of some bytes: ids and hash chains.
pub fn hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

fn signed_bytes(domain: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREFIX.len() + domain.len() + 1 + body.len());
    bytes.extend_from_slice(PREFIX.as_bytes());
    bytes.extend_from_slice(domain.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(body);
    bytes
}

/// Signs `body` for the purpose `domain`.
pub fn sign(key: &SigningKey, domain: &str, body: &[u8]) -> [u8; 64] {
    key.sign(&signed_bytes(domain, body)).to_bytes()
}

/// Checks a signature strictly.
///
/// # Errors
/// [`SignatureError`] when the key is not a point of full order or the signature does not hold.
pub fn verify(key: &[u8; 32], domain: &str, body: &[u8], sig: &[u8; 64]) -> Result<(), SignatureError> {
    let key = VerifyingKey::from_bytes(key).map_err(|_| SignatureError::Key)?;
    if key.is_weak() {
        return Err(SignatureError::Key);
    }
    key.verify_strict(&signed_bytes(domain, body), &Signature::from_bytes(sig))
        .map_err(|_| SignatureError::Mismatch)
}
