//! SHA-256 in hexadecimal: of documents, and over several parts for ids that must come out the same everywhere.

use sha2::{Digest as _, Sha256};

/// Returns the first `bytes` bytes (at most 32) of the SHA-256 of `parts`, in lower-case hexadecimal.
///
/// Each part is preceded by its length, so that no two lists of parts run together the same way.
#[must_use]
pub fn of_parts(parts: &[&str], bytes: usize) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hexadecimal(hasher.finalize().iter().take(bytes).copied())
}

/// Returns the whole SHA-256 of `bytes` in lower-case hexadecimal.
///
/// ```
/// use crisguard_core::digest;
/// assert!(digest::of_bytes(b"").starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
/// ```
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes).iter().copied())
}

fn hexadecimal(bytes: impl Iterator<Item = u8>) -> String {
    bytes.fold(String::new(), |mut text, byte| {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
        text.extend([digit(byte >> 4), digit(byte & 0xf)]);
        text
    })
}
