//! Text for a terminal: wrapped, and without anything that could drive the terminal.

/// Replaces what could move the cursor, change colours or reorder the line.
///
/// Callers choose much of what stands in a record (session names, model ids); none of it may act.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if acts(c) { '\u{fffd}' } else { c }).collect()
}

/// Escapes in JSON what could drive a terminal: outside its texts, only line ends could, and stay.
pub(crate) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if acts(c) && c != '\n' {
            text.push_str("\\u");
            text.extend([12, 8, 4, 0].map(|shift| char::from_digit((u32::from(c) >> shift) & 0xf, 16).unwrap_or('0')));
        } else {
            text.push(c);
        }
    }
    text
}

/// Tells whether a character acts on the terminal or on the order of others.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Breaks a text into lines of at most `width` columns at its spaces, all but the first indented.
///
/// What is longer than a line stays whole, and so does what stands in backticks: ARNs and commands
/// can be copied.
pub(crate) fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(24);
    let mut lines: Vec<String> = vec![String::new()];
    let mut used = 0;
    for word in words(&harmless(text)) {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(&word);
            used += length;
        }
    }
    lines.join(&format!("\n{:indent$}", ""))
}

/// Splits a text at its spaces, but for those between backticks.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '`';
        match words.last_mut() {
            Some(word) if c != ' ' || quoted => word.push(c),
            _ => words.push(String::new()),
        }
    }
    words
}

/// Writes a count with its noun, in the plural where it must be.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Writes a number with commas between its thousands.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
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
    fn nothing_drives_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\u{202e}c\n"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
    }

    #[test]
    fn json_drives_no_terminal_and_says_the_same() {
        let text = "a\u{9b}2J\u{202e}\u{61c}\u{7f}\u{1b}é\n";
        let json = serde_json::to_string_pretty(&[text]).unwrap();
        let escaped = escaped(&json);
        assert!(escaped.chars().all(|c| c == '\n' || !acts(c)), "{escaped}");
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
