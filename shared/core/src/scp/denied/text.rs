//! A pasted text, read regardless of how its lines are broken.
//!
//! Neither ARNs nor names of actions have spaces, so the words around them are looked for in the text without any.

/// A text without white space, quotes and the marks of quoted lines, with where its words ended.
pub(super) struct Pasted {
    signs: Vec<char>,
    lower: Vec<char>,
    /// Whether there was white space before the sign, and whether it broke the line.
    gaps: Vec<Gap>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Space,
    Line,
}

/// What stands after a mark.
pub(super) struct Rest<'p> {
    pasted: &'p Pasted,
    at: usize,
}

/// The signs of ARNs, ids and names of actions.
fn is_name(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || "-_.:/*+=,@$".contains(sign)
}

impl Pasted {
    pub(super) fn new(text: &str) -> Self {
        let mut pasted = Self {
            signs: Vec::new(),
            lower: Vec::new(),
            gaps: Vec::new(),
        };
        let text = text.replace("\\n", "\n").replace("\\\"", "\"").replace('\u{2019}', "'");
        let mut gap = Gap::Line;
        for sign in text.chars() {
            match sign {
                '\n' | '\r' => gap = Gap::Line,
                // The margins of quoted mail and of tables begin a line.
                '>' | '|' | '│' | '┃' if gap == Gap::Line => {}
                sign if sign.is_whitespace() => {
                    if gap == Gap::None {
                        gap = Gap::Space;
                    }
                }
                '"' | '`' | '\\' | '\u{201c}' | '\u{201d}' => {}
                sign => {
                    pasted.signs.push(sign);
                    pasted.lower.push(sign.to_ascii_lowercase());
                    pasted.gaps.push(gap);
                    gap = Gap::None;
                }
            }
        }
        pasted
    }

    /// Returns the first message alone, where the text has several: what one says of the reason is none of another.
    pub(super) fn first_message(self) -> Self {
        let (caller, words) = ("user:", "isnotauthorizedtoperform:");
        let Some(first) = self.find(words, 0) else { return self };
        let begin = self.find_last(caller, 0, first).unwrap_or(0);
        let after = first + words.len();
        let end = self.find(words, after).map_or(self.signs.len(), |next| {
            self.find_last(caller, after, next).unwrap_or(next)
        });
        let of = |signs: &[char]| signs.get(begin..end).unwrap_or_default().to_vec();
        Self {
            signs: of(&self.signs),
            lower: of(&self.lower),
            gaps: self.gaps.get(begin..end).unwrap_or_default().to_vec(),
        }
    }

    /// Tells whether the text has these words, given in lower case and without spaces.
    pub(super) fn says(&self, words: &str) -> bool {
        self.find(words, 0).is_some()
    }

    /// Returns what stands after these words.
    pub(super) fn after(&self, words: &str) -> Option<Rest<'_>> {
        let at = self.find(words, 0)? + words.chars().count();
        Some(Rest { pasted: self, at })
    }

    /// Returns what stands between some words and the first of others, or the one word after them if none of
    /// those follows.
    pub(super) fn between(&self, words: &str, ends: &[&str]) -> Option<String> {
        let Rest { at, .. } = self.after(words)?;
        let end = ends.iter().filter_map(|end| self.find(end, at)).min();
        let whole = end.and_then(|end| self.signs.get(at..end));
        let whole = whole.filter(|signs| signs.iter().all(|sign| is_name(*sign)));
        match whole {
            Some(signs) => tidy(signs),
            None => Rest { pasted: self, at }.word(),
        }
    }

    fn find(&self, words: &str, from: usize) -> Option<usize> {
        let words: Vec<char> = words.chars().collect();
        let found = self
            .lower
            .get(from..)?
            .windows(words.len())
            .position(|signs| signs == words);
        found.map(|found| found + from)
    }

    fn find_last(&self, words: &str, from: usize, to: usize) -> Option<usize> {
        let words: Vec<char> = words.chars().collect();
        let found = self
            .lower
            .get(from..to)?
            .windows(words.len())
            .rposition(|signs| signs == words);
        found.map(|found| found + from)
    }
}

impl Rest<'_> {
    /// Returns where it begins.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// Returns the word that stands here.
    fn word(&self) -> Option<String> {
        tidy(self.signs(self.end(self.at)))
    }

    /// Returns the ARN or id after a colon, if there is one. One that looks cut off goes on in the next line.
    pub(super) fn name(&self) -> Option<String> {
        if self.pasted.signs.get(self.at) != Some(&':') {
            return None;
        }
        let rest = Rest {
            pasted: self.pasted,
            at: self.at + 1,
        };
        let mut end = rest.end(rest.at);
        while !is_whole(rest.signs(end)) && self.pasted.gaps.get(end) == Some(&Gap::Line) {
            let next = rest.end(end);
            if next == end {
                break;
            }
            end = next;
        }
        tidy(rest.signs(end))
    }

    fn signs(&self, end: usize) -> &[char] {
        self.pasted.signs.get(self.at..end).unwrap_or_default()
    }

    /// Returns where the word ends that stands at a place.
    fn end(&self, from: usize) -> usize {
        let signs = self.pasted.signs.iter().zip(&self.pasted.gaps).enumerate().skip(from);
        let mut end = from;
        for (place, (sign, gap)) in signs {
            if !is_name(*sign) || (place > from && *gap != Gap::None) {
                break;
            }
            end = place + 1;
        }
        end
    }
}

/// Tells whether a name is as long as a policy's is: an id of an organization's policy has eight signs or more
/// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_Policy.html>).
fn is_whole(signs: &[char]) -> bool {
    let name: String = signs.iter().collect();
    let last = name.rsplit('/').next().unwrap_or_default();
    match last.strip_prefix("p-") {
        Some(id) => id.chars().count() >= 8,
        None => name.contains(":iam:") && name.contains(":policy/"),
    }
}

/// Takes the end of a sentence off, and cuts what no ARN is as long as.
fn tidy(signs: &[char]) -> Option<String> {
    let text: String = signs.iter().take(2048).collect();
    let text = text.trim_end_matches(['.', ',', ':']);
    (!text.is_empty() && text != "...").then(|| text.to_owned())
}
