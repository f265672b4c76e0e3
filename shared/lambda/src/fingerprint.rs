//! Fingerprints of texts, for ids that must come out the same each time.

use sha2::{Digest as _, Sha256};

/// Returns the SHA-256 of several texts in 64 hexadecimal digits.
///
/// Each text is preceded by its length, so that no two lists run together the same way.
///
/// ```
/// use crisguard_lambda::fingerprint;
/// assert_ne!(fingerprint::of(["ab", "c"]), fingerprint::of(["a", "bc"]));
/// ```
pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    let digits = hasher.finalize().into_iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
