//! Texts from records, made safe to show: a model id or session name is whatever a caller sent.

use crisguard_core::untrusted::hides;

/// Returns `text` without characters that could disguise it, shortened to `longest` characters.
///
/// Control characters could break lines or drive a terminal; invisible and direction-changing
/// ones could make an id look like another.
pub(crate) fn cleaned(text: &str, longest: usize) -> String {
    let mut characters = text.chars().filter(|character| !hides(*character));
    let mut kept: String = characters.by_ref().take(longest).collect();
    if characters.next().is_some() {
        kept.push('…');
    }
    kept
}

/// Returns `text` with nothing in it that a mail client or a chat makes a link of by itself: addresses
/// that begin with a scheme or with `www.`.
pub(crate) fn unlinked(text: &str) -> String {
    let mut unlinked = String::with_capacity(text.len());
    for part in text.replace("://", "[:]//").split_inclusive('.') {
        match part.strip_suffix('.') {
            Some(before) if ends_in_www(before) => {
                unlinked.push_str(before);
                unlinked.push_str("[.]");
            }
            _ => unlinked.push_str(part),
        }
    }
    unlinked
}

fn ends_in_www(text: &str) -> bool {
    let last = text.chars().rev().take(3);
    last.filter(|character| matches!(character, 'w' | 'W')).count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_disguises_is_removed_and_length_is_capped() {
        assert_eq!(cleaned("a\r\nb\u{202e}c\u{1b}[31m\u{200b}", 10), "abc[31m");
        assert_eq!(cleaned("日本語テキスト", 3), "日本語…");
        assert_eq!(cleaned("exact", 5), "exact");
        assert_eq!(cleaned("a\u{3164}b\u{fe0f}c\u{e0100}\u{ffff}が", 4), "abcが");
    }

    #[test]
    fn what_would_become_a_link_does_not_and_ids_stay() {
        let links = [
            ("https://evil.example/x", "https[:]//evil.example/x"),
            (
                "see Www.evil.example, FTP://www.x",
                "see Www[.]evil.example, FTP[:]//www[.]x",
            ),
            ("日本www.://.www.", "日本www[.][:]//.www[.]"),
        ];
        for (text, unlinked_text) in links {
            assert_eq!(unlinked(text), unlinked_text);
            assert_eq!(unlinked(unlinked_text), unlinked_text, "nothing is left to do");
        }
        for id in [
            "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/9f1d3c4e",
            "arn:aws:iam::111122223333:role/www/app.v1",
            "us.amazon.nova-lite-v1:0",
            "ap-northeast-1",
            "ww.",
            "",
        ] {
            assert_eq!(unlinked(id), id);
        }
    }
}
