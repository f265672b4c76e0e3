//! Texts that are whatever a caller chose, such as a model's id or a session's name: what of them may be shown.

/// Tells whether a character is shown as nothing, or changes how others are: controls, line separators,
/// what is no character and Unicode's `Default_Ignorable_Code_Point`
/// (<https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt>).
///
/// It could break lines, drive a terminal or make one id look like another.
///
/// ```
/// use crisguard_core::untrusted::hides;
/// assert!(hides('\u{202e}'));
/// assert!(!"日本語 é".contains(hides));
/// ```
#[must_use]
pub fn hides(character: char) -> bool {
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

/// Returns `text` if it can stand in a shell command as it is.
#[must_use]
pub fn for_shell(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:/_-".contains(&byte);
    (!text.is_empty() && !text.starts_with('-') && text.bytes().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_as_nothing_or_changes_others_hides() {
        let hidden = "\0\u{1b}\u{7f}\u{9b}\r\n\u{ad}\u{200b}\u{202e}\u{2066}\u{3164}\u{fe0f}\u{ffff}\u{e0100}";
        assert!(hidden.chars().all(hides));
        assert!(!"日本語 é が = …".contains(hides));
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
