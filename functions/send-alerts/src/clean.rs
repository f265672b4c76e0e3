//! Texts from records, made safe to show: a model id or session name is whatever a caller sent.

/// Returns `text` without characters that could disguise it, shortened to `longest` characters.
///
/// Control characters could break lines or drive a terminal; invisible and direction-changing
/// ones could make an id look like another.
pub(crate) fn cleaned(text: &str, longest: usize) -> String {
    let mut characters = text.chars().filter(|character| !disguises(*character));
    let mut kept: String = characters.by_ref().take(longest).collect();
    if characters.next().is_some() {
        kept.push('…');
    }
    kept
}

/// Tells whether a character is shown as nothing, or changes how others are: controls, line separators,
/// what is no character and Unicode's `Default_Ignorable_Code_Point`
/// (<https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt>).
fn disguises(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
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

/// Returns `text` if it can stand in a shell command as it is.
pub(crate) fn for_shell(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:/_-".contains(&byte);
    (!text.is_empty() && !text.starts_with('-') && text.bytes().all(plain)).then_some(text)
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

    #[test]
    fn nothing_that_a_shell_reads_stands_in_a_command() {
        assert!(for_shell("9f1d3c4e-0000-4aaa-8bbb-000000000001").is_some());
        assert!(for_shell("arn:aws:bedrock:us-east-1:1:application-inference-profile/x").is_some());
        for text in ["", "-x", "a b", "$(id)", "a;b", "a`b`", "é", "a'b"] {
            assert!(for_shell(text).is_none(), "{text}");
        }
    }
}
