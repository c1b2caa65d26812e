//! Errors shared by more than one module. Each module with errors of its own keeps them beside its operations.

/// A signature that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key is not a valid point, or one of small order.
    #[error("the signing key is not usable")]
    Key,
    /// The key is fine, the signature is not over these bytes.
    #[error("the signature does not match")]
    Mismatch,
}
