//! Finds where JSON values begin and end, so that one broken record does not hide its neighbours.
//!
//! This judges brackets, quotes and separators only; the parser judges each value by itself.

/// Where a value stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The offset of its first byte.
    pub(super) start: usize,
    /// The offset after its last byte.
    pub(super) end: usize,
    /// Whether its brackets and quotes close.
    pub(super) closed: bool,
}

/// One value of an object or array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Child {
    /// The key's place with its quotes, in an object.
    pub(super) key: Option<Span>,
    /// The value's place.
    pub(super) value: Span,
}

/// A place in the text, moving forward only.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Moves over what may stand between two documents; a comma is left over where an array was cut open.
    pub(super) fn skip_separators(&mut self) {
        self.skip_while(|byte| byte.is_ascii_whitespace() || byte == b',');
    }

    fn skip_while(&mut self, skipped: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&skipped) {
            self.at += 1;
        }
    }

    /// Moves to the next line that begins with an object or array, or to the end.
    pub(super) fn skip_to_next_document(&mut self) {
        loop {
            self.skip_while(|byte| byte != b'\n');
            self.at += 1;
            if matches!(self.peek(), None | Some(b'{' | b'[')) {
                self.at = self.at.min(self.bytes.len());
                return;
            }
        }
    }

    /// Moves behind the value that begins here.
    ///
    /// A bracket where none can stand ends the value unclosed: in records one a line, a line that
    /// was cut off must not swallow those below it.
    pub(super) fn value(&mut self) -> Span {
        let start = self.at;
        let mut open = Vec::new();
        let mut before = None;
        let closed = loop {
            let Some(byte) = self.peek() else {
                break open.is_empty() && self.at > start;
            };
            match byte {
                b'"' => {
                    if !self.string() {
                        break false;
                    }
                }
                b'{' | b'[' if may_open(open.last().copied(), before) => {
                    open.push(byte);
                    self.at += 1;
                }
                b'}' | b']' if open.last() == Some(&opened_by(byte)) => {
                    open.pop();
                    self.at += 1;
                }
                b',' | b':' if !open.is_empty() => self.at += 1,
                byte if byte.is_ascii_whitespace() && !open.is_empty() => {
                    self.at += 1;
                    continue;
                }
                b'{' | b'[' | b'}' | b']' | b',' | b':' => break open.is_empty() && self.at > start,
                byte if byte.is_ascii_whitespace() => break true,
                _ => {
                    self.skip_while(|byte| !byte.is_ascii_whitespace() && !b"\"{}[],:".contains(&byte));
                }
            }
            before = Some(byte);
            if open.is_empty() {
                break true;
            }
        };
        Span {
            start,
            end: self.at,
            closed,
        }
    }

    /// Moves behind the text that begins here; tells whether it ends before its line does.
    fn string(&mut self) -> bool {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return true,
                b'\\' => self.at += 1,
                b'\n' => {
                    self.at -= 1;
                    return false;
                }
                _ => {}
            }
        }
        self.at = self.bytes.len();
        false
    }
}

/// Tells whether an object or array can begin inside `context`, after the byte `before`.
fn may_open(context: Option<u8>, before: Option<u8>) -> bool {
    match context {
        None => before.is_none(),
        Some(b'{') => before == Some(b':'),
        Some(_) => matches!(before, Some(b'[' | b',')),
    }
}

fn opened_by(closing: u8) -> u8 {
    if closing == b'}' { b'{' } else { b'[' }
}

/// Returns the values of the object or array at `span`; the last may be unclosed.
pub(super) fn children(bytes: &[u8], span: Span) -> Vec<Child> {
    let in_object = bytes.get(span.start) == Some(&b'{');
    let mut cursor = Cursor::new(bytes.get(..span.end).unwrap_or(bytes), span.start + 1);
    let mut children = Vec::new();
    loop {
        cursor.skip_while(|byte| byte.is_ascii_whitespace() || byte == b',');
        if matches!(cursor.peek(), None | Some(b'}' | b']')) {
            return children;
        }
        let key = in_object.then(|| cursor.value());
        cursor.skip_while(|byte| byte.is_ascii_whitespace() || (in_object && byte == b':'));
        if cursor.peek().is_none() {
            return children;
        }
        let value = cursor.value();
        children.push(Child { key, value });
        if !value.closed {
            return children;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(text: &str, span: Span) -> &str {
        text.get(span.start..span.end).unwrap()
    }

    fn first(text: &str) -> (&str, bool) {
        let span = Cursor::new(text.as_bytes(), 0).value();
        (slice(text, span), span.closed)
    }

    #[test]
    fn values_end_where_their_brackets_and_quotes_close() {
        for (text, value, closed) in [
            (r#"{"a":"}"} x"#, r#"{"a":"}"}"#, true),
            (r#"{"a":"\"}"}"#, r#"{"a":"\"}"}"#, true),
            (r#"[1, {"b":[]}],"#, r#"[1, {"b":[]}]"#, true),
            ("12,", "12", true),
            ("\"a b\" c", "\"a b\"", true),
            (r#"{"a":1"#, r#"{"a":1"#, false),
            ("{\"a\":\"x}\n{}", "{\"a\":\"x}", false),
            ("{\"a\":{\"b\":1}\n{\"c\":1}", "{\"a\":{\"b\":1}\n", false),
            ("{\"a\":1,\n{\"c\":1}", "{\"a\":1,\n", false),
            ("{\"a\":]}", "{\"a\":", false),
            ("}", "", false),
            ("", "", false),
        ] {
            assert_eq!(first(text), (value, closed), "{text:?}");
        }
    }

    #[test]
    fn children_are_the_values_of_one_level() {
        let text = r#"{"a": [1, {"x": 2}], "b": "c"}"#;
        let span = Cursor::new(text.as_bytes(), 0).value();
        let found: Vec<_> = children(text.as_bytes(), span)
            .iter()
            .map(|child| (child.key.map(|key| slice(text, key)), slice(text, child.value)))
            .collect();
        assert_eq!(
            found,
            [(Some(r#""a""#), r#"[1, {"x": 2}]"#), (Some(r#""b""#), r#""c""#)]
        );
    }

    #[test]
    fn nothing_makes_the_scanner_stand_still() {
        for text in [
            "[,]",
            "[:]",
            "{:}",
            "[}",
            "{]",
            "[1 2]",
            "{\"a\" \"b\"}",
            "{1:2}",
            "[\"\\",
            "[[[[",
        ] {
            let span = Cursor::new(text.as_bytes(), 0).value();
            assert!(children(text.as_bytes(), span).len() <= 4, "{text}");
        }
    }
}
