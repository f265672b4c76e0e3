//! Text for a terminal: wrapped, and without anything that could drive the terminal.

use crisguard_core::{texts, untrusted::hides};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm, core::Word};

/// Replaces what could move the cursor, change colours, reorder the line or pass unseen.
///
/// Callers choose much of what stands in a record (session names, model ids); none of it may act.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if hides(c) { '\u{fffd}' } else { c }).collect()
}

/// Escapes in JSON what could drive a terminal or pass unseen: outside its texts, only line ends could, and stay.
pub(crate) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if hides(c) && c != '\n' {
            // A character beyond the first 65,536 is two.
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str("\\u");
                text.extend(
                    [12, 8, 4, 0].map(|shift| char::from_digit(u32::from(*unit >> shift) & 0xf, 16).unwrap_or('0')),
                );
            }
        } else {
            text.push(c);
        }
    }
    text
}

/// Breaks a text into lines of at most `width` columns at its spaces and between the signs of Japanese, all lines
/// but the first indented.
///
/// What is longer than a line stays whole, and so does what stands in backticks: ARNs and commands
/// can be copied.
pub(crate) fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(24);
    let options = Options::new(room)
        .break_words(false)
        .word_separator(WordSeparator::Custom(words))
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(&harmless(text), options).join(&format!("\n{:indent$}", ""))
}

/// Returns how many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// Splits a text where a line may break: where Unicode lets it (<https://www.unicode.org/reports/tr14/>), but
/// neither between backticks nor within what is copied, such as an ARN, in which it would after a slash.
fn words(text: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let (mut words, mut start, mut end) = (Vec::new(), 0, 0);
    let mut quoted = false;
    for piece in WordSeparator::UnicodeBreakProperties.find_words(text) {
        end += piece.word.len() + piece.whitespace.len();
        quoted ^= piece.matches('`').count() % 2 == 1;
        let is_wide = |sign: Option<char>| sign.is_some_and(|sign| columns(sign.encode_utf8(&mut [0; 4])) > 1);
        let next = text.get(end..).and_then(|rest| rest.chars().next());
        let breaks = !piece.whitespace.is_empty() || is_wide(piece.chars().next_back()) || is_wide(next);
        if breaks && !quoted {
            words.extend(text.get(start..end).map(Word::from));
            start = end;
        }
    }
    words.extend(text.get(start..end).filter(|rest| !rest.is_empty()).map(Word::from));
    Box::new(words.into_iter())
}

/// Writes a count with its noun, in the plural where it must be.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Writes a number with commas between its thousands.
pub(crate) fn grouped(number: usize) -> String {
    texts::grouped(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_words_stay_whole() {
        assert_eq!(
            wrapped("a long-word-that-is-longer-than-the-line b", 26, 2),
            "a\n  long-word-that-is-longer-than-the-line\n  b"
        );
        assert_eq!(wrapped("one two", 80, 4), "one two");
        assert_eq!(
            wrapped("run `aws sns publish --message hello`, then wait", 28, 0),
            "run\n`aws sns publish --message hello`,\nthen wait"
        );
    }

    #[test]
    fn japanese_breaks_between_its_signs_and_no_line_is_too_wide() {
        let text = "拒否しているステートメントを変更し、`ArnNotLike` でプロファイルを除外したうえで、到達先リージョンを固定します。\
                    arn:aws:bedrock:us-east-1::foundation-model/a は一語";
        let lines = wrapped(text, 60, 4);
        let lines: Vec<&str> = lines.split("\n    ").collect();
        assert_eq!(
            lines,
            [
                "拒否しているステートメントを変更し、`ArnNotLike` でプロ",
                "ファイルを除外したうえで、到達先リージョンを固定します。",
                "arn:aws:bedrock:us-east-1::foundation-model/a は一語",
            ]
        );
        assert_eq!(columns("呼び出し元 a"), 12);
    }

    #[test]
    fn no_line_begins_with_what_ends_a_sentence_and_commands_stay_whole() {
        for width in 24..60 {
            let text = "該当ステートメントを表示します。`crisguard reach --scp 'ポリシー 一.json'`（検証済み）、以上。";
            let lines = wrapped(text, width, 0);
            assert!(lines.contains("`crisguard reach --scp 'ポリシー 一.json'`"), "{lines}");
            for line in lines.lines() {
                assert!(!line.starts_with(['。', '、', '）']), "{lines}");
            }
        }
    }

    #[test]
    fn nothing_drives_the_terminal_or_passes_unseen() {
        assert_eq!(harmless("a\u{1b}[31mb\u{202e}c\n"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
        assert_eq!(harmless("ap\u{200b}-role\u{e0041}"), "ap\u{fffd}-role\u{fffd}");
    }

    #[test]
    fn json_drives_no_terminal_and_says_the_same() {
        let text = "a\u{9b}2J\u{202e}\u{61c}\u{7f}\u{1b}é\u{200b}\u{e0041}\n";
        let json = serde_json::to_string_pretty(&[text]).unwrap();
        let escaped = escaped(&json);
        assert!(escaped.chars().all(|c| c == '\n' || !hides(c)), "{escaped}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&escaped).unwrap(), [text]);
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            (grouped(7), grouped(1_234), grouped(1_234_567)),
            ("7".into(), "1,234".into(), "1,234,567".into())
        );
        assert_eq!(counted(1, "warning"), "1 warning");
    }
}
