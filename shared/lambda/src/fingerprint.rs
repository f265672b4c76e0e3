//! Fingerprints of texts, for ids that must come out the same each time.

use crisguard_core::digest;

/// Returns the SHA-256 of several texts in 64 hexadecimal digits.
///
/// Each text is preceded by its length, so that no two lists run together the same way.
///
/// ```
/// use crisguard_lambda::fingerprint;
/// assert_ne!(fingerprint::of(["ab", "c"]), fingerprint::of(["a", "bc"]));
/// ```
pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    digest::of_parts(&texts.into_iter().collect::<Vec<_>>(), 32)
}
