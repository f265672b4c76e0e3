//! Texts from records, made safe to show: a model's id, a session's or a file's name is whatever a caller chose.
//!
//! - In the page, everything is escaped by the template engine, after [`visible`] has shown what would hide.
//! - In CSV, [`cell`] also keeps spreadsheets from taking a cell for a formula.
//! - In JSON, texts stay as they are: programs compare them, and JSON escapes what it must.

use std::{borrow::Cow, fmt::Write as _};

use crisguard_core::untrusted::hides;

/// Returns a text in which every character can be seen that shows as nothing or changes how others are shown:
/// `⟨U+202E⟩` stands for a right-to-left override. Line breaks and tabs stay if `lines` says so.
#[must_use]
pub fn visible(text: &str, lines: bool) -> Cow<'_, str> {
    let stays = |character: char| !hides(character) || (lines && matches!(character, '\n' | '\t'));
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if stays(character) {
            shown.push(character);
        } else {
            // Writing to a string does not fail.
            write!(shown, "⟨U+{:04X}⟩", u32::from(character)).unwrap_or_default();
        }
    }
    Cow::Owned(shown)
}

/// Returns a text as a cell of a CSV file: [`visible`], and with an apostrophe before it where a spreadsheet would
/// take it for a formula, because it begins with `=`, `+`, `-` or `@`, also in their full widths
/// (<https://owasp.org/www-community/attacks/CSV_Injection>). A tab or a carriage return at its beginning is shown as
/// `⟨U+0009⟩`, and so begins nothing either. Where a comma divides what is behind the point of numbers, spreadsheets
/// divide cells by semicolons: what follows one is made safe in the same way.
#[must_use]
pub fn cell(text: &str) -> Cow<'_, str> {
    let shown = visible(text, false);
    if !shown.split(';').any(begins_a_formula) {
        return shown;
    }
    let parts = shown.split(';').map(|part| {
        let apostrophe = if begins_a_formula(part) { "'" } else { "" };
        format!("{apostrophe}{part}")
    });
    Cow::Owned(parts.collect::<Vec<_>>().join(";"))
}

/// Tells whether a spreadsheet would take a cell for a formula, quoted or not.
fn begins_a_formula(cell: &str) -> bool {
    let cell = cell.trim_start_matches(|character: char| character.is_whitespace() || "\"'".contains(character));
    cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_hide_is_seen() {
        assert_eq!(
            visible("a\u{202e}b\u{0}\u{1b}[31m", false),
            "a⟨U+202E⟩b⟨U+0000⟩⟨U+001B⟩[31m"
        );
        assert_eq!(visible("a\nb\tc\r", true), "a\nb\tc⟨U+000D⟩");
        assert_eq!(visible("a\nb", false), "a⟨U+000A⟩b");
        assert!(matches!(visible("日本語 é", false), Cow::Borrowed("日本語 é")));
    }

    #[test]
    fn no_cell_is_a_formula() {
        let cells = [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1", "' =1"),
            ("\u{3000}＝1", "'\u{3000}＝1"),
            ("a;=1;b; \"+1", "a;'=1;b;' \"+1"),
            ("a;b=1,=2", "a;b=1,=2"),
            ("\"=1", "'\"=1"),
            ("\t=1", "⟨U+0009⟩=1"),
            ("\r\n=1", "⟨U+000D⟩⟨U+000A⟩=1"),
            (
                "arn:aws:iam::111122223333:role/app",
                "arn:aws:iam::111122223333:role/app",
            ),
            ("", ""),
        ];
        for (text, expected) in cells {
            assert_eq!(cell(text), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_sent_begins_no_formula_and_hides_nothing(text in "\\PC*|[=+@;\\-\t\r\n \u{200b}\u{202e}]*.*") {
            let cell = cell(&text);
            for cell in cell.split(';') {
                let first = cell.trim_start().chars().next().unwrap_or('x');
                proptest::prop_assert!(!"=+-@\t\r\n".contains(first), "{cell:?}");
            }
            proptest::prop_assert!(!cell.chars().any(hides));
        }
    }
}
