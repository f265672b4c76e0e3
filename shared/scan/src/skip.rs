//! Passes over a value that is too large to be held.

/// Where in a value one is.
pub(crate) struct Skip {
    depth: u64,
    in_text: bool,
    escaped: bool,
}

impl Skip {
    pub(crate) fn new() -> Self {
        Self {
            depth: 0,
            in_text: false,
            escaped: false,
        }
    }

    /// Goes on in the next part of the value, and returns how much of it belongs to the value if it ends there.
    pub(crate) fn over(&mut self, part: &[u8]) -> Option<usize> {
        for (at, byte) in part.iter().enumerate() {
            if self.escaped {
                self.escaped = false;
                continue;
            }
            match byte {
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text,
                b'{' | b'[' if !self.in_text => self.depth += 1,
                b'}' | b']' if !self.in_text => self.depth = self.depth.saturating_sub(1),
                _ => continue,
            }
            if self.depth == 0 && !self.in_text {
                return Some(at + 1);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_its_brackets_and_quotes_close_however_it_is_cut() {
        for value in [r#"{"a":["}",{"b":"\"\\"}]}"#, r#""a \" } text""#, "[[],[[]]]"] {
            let text = format!("{value},{{}}]");
            for cut in 0..text.len() {
                let mut skip = Skip::new();
                let end = match skip.over(&text.as_bytes()[..cut]) {
                    Some(end) => end,
                    None => cut + skip.over(&text.as_bytes()[cut..]).unwrap(),
                };
                assert_eq!(text.get(..end), Some(value));
            }
        }
    }
}
