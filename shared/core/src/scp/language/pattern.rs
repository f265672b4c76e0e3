//! Texts with wildcards and policy variables, taken apart once
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).

use std::sync::Arc;

use crate::scp::{Truth, request::Known};

/// A text of a policy, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pieces: Box<[Piece]>,
    /// Whether a piece stands for what only the request tells.
    variable: bool,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(Box<str>),
    /// `?`: any one character.
    One,
    /// `*`: any run of characters.
    Run,
    /// `${key}` or `${key, 'default'}`.
    Variable {
        key: Arc<str>,
        default: Option<Box<str>>,
    },
    /// A `${` that is not a variable; nobody knows what AWS takes it for.
    Unreadable,
}

/// How a text is taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syntax {
    /// Whether `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// Whether `${…}` is a variable: in policies of version 2012-10-17 alone.
    pub(crate) variables: bool,
}

/// What a piece stands for in one request.
enum Meaning<'p> {
    Text(&'p str),
    One,
    Run,
    /// A variable without a value: nothing matches.
    Nothing,
}

impl Pattern {
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(sign) = rest.chars().next() {
            let piece = match sign {
                '$' if syntax.variables && rest.starts_with("${") => {
                    let (piece, after) = variable(rest.get(2..).unwrap_or_default());
                    rest = after;
                    match piece {
                        Piece::Text(sign) => {
                            literal.push_str(&sign);
                            continue;
                        }
                        piece => Some(piece),
                    }
                }
                '*' | '?' if syntax.wildcards => {
                    rest = rest.get(1..).unwrap_or_default();
                    Some(if sign == '*' { Piece::Run } else { Piece::One })
                }
                _ => {
                    literal.push(sign);
                    rest = rest.get(sign.len_utf8()..).unwrap_or_default();
                    None
                }
            };
            if let Some(piece) = piece {
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal).into_boxed_str()));
                }
                // Two stars are one.
                if !(matches!(piece, Piece::Run) && matches!(pieces.last(), Some(Piece::Run))) {
                    pieces.push(piece);
                }
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal.into_boxed_str()));
        }
        let variable = |piece: &Piece| matches!(piece, Piece::Variable { .. } | Piece::Unreadable);
        Self {
            variable: pieces.iter().any(variable),
            pieces: pieces.into_boxed_slice(),
        }
    }

    /// Tells whether every text matches.
    pub(crate) fn is_anything(&self) -> bool {
        matches!(self.pieces.as_ref(), [Piece::Run])
    }

    /// Tells whether a `*` is its end.
    pub(crate) fn ends_open(&self) -> bool {
        matches!(self.pieces.last(), Some(Piece::Run))
    }

    /// Tells whether it depends on the request what it stands for.
    pub(crate) fn is_variable(&self) -> bool {
        self.variable
    }

    /// Returns the keys of the variables in it.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Arc<str>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(key),
            _ => None,
        })
    }

    /// Tells whether a text matches it, with or without regard to case.
    pub(crate) fn matches(&self, text: &str, ignore_case: bool, known: &impl Known) -> Truth {
        // Most patterns are one of these.
        match self.pieces.as_ref() {
            [Piece::Run] => return Truth::True,
            [Piece::Text(literal)] if !ignore_case => return (text == &**literal).into(),
            [Piece::Text(literal), Piece::Run] if !ignore_case => return text.starts_with(&**literal).into(),
            _ => {}
        }
        let strip = if ignore_case { strip_folded } else { strip };
        if !self.variable {
            return run(&self.pieces, text, strip, plain).into();
        }
        let mut sure = true;
        for piece in &self.pieces {
            sure &= match piece {
                Piece::Variable { key, .. } => !known.is_unknown(key),
                Piece::Unreadable => false,
                _ => true,
            };
        }
        let matched = run(&self.pieces, text, strip, |piece| match piece {
            Piece::Variable { key, default } => {
                if known.is_unknown(key) {
                    return Meaning::Run;
                }
                let value = known.single(key).or(default.as_deref());
                value.map_or(Meaning::Nothing, Meaning::Text)
            }
            other => plain(other),
        });
        match (matched, sure) {
            (false, _) => Truth::False,
            (true, true) => Truth::True,
            (true, false) => Truth::Unknown,
        }
    }
}

/// Reads a variable after its `${`, and returns what comes after it.
fn variable(text: &str) -> (Piece, &str) {
    let Some((inside, after)) = text.split_once('}') else {
        return (Piece::Unreadable, "");
    };
    // `${*}`, `${?}` and `${$}` are the signs themselves.
    if matches!(inside, "*" | "?" | "$") {
        return (Piece::Text(inside.into()), after);
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim())),
        None => (inside, None),
    };
    let default = match default {
        None => None,
        Some(quoted) => match quoted.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
            Some(default) => Some(default.into()),
            None => return (Piece::Unreadable, after),
        },
    };
    let key = key.trim();
    if key.is_empty() || key.contains(['$', '{', '*', '?']) {
        return (Piece::Unreadable, after);
    }
    let key = key.to_ascii_lowercase().into();
    (Piece::Variable { key, default }, after)
}

/// What a piece stands for in every request.
fn plain(piece: &Piece) -> Meaning<'_> {
    match piece {
        Piece::Text(text) => Meaning::Text(text),
        Piece::One => Meaning::One,
        Piece::Run | Piece::Variable { .. } | Piece::Unreadable => Meaning::Run,
    }
}

/// Matches pieces against a text; only the last `*` is ever tried again, for it can take whatever an
/// earlier one could.
fn run<'p>(
    pieces: &'p [Piece],
    text: &str,
    strip: fn(&str, &str) -> Option<usize>,
    meaning: impl Fn(&'p Piece) -> Meaning<'p>,
) -> bool {
    let (mut ahead, mut text) = (pieces, text);
    let mut star: Option<(&[Piece], &str)> = None;
    loop {
        let went_on = match ahead.split_first() {
            None if text.is_empty() => return true,
            None => None,
            Some((piece, after)) => match meaning(piece) {
                Meaning::Nothing => return false,
                Meaning::Run if after.is_empty() => return true,
                Meaning::Run => {
                    star = Some((after, text));
                    Some((after, text))
                }
                Meaning::One => shortened(text).map(|rest| (after, rest)),
                Meaning::Text(literal) => strip(text, literal)
                    .and_then(|length| text.get(length..))
                    .map(|rest| (after, rest)),
            },
        };
        if let Some(next) = went_on {
            (ahead, text) = next;
            continue;
        }
        let Some((after, from)) = star else { return false };
        let Some(from) = shortened(from) else { return false };
        star = Some((after, from));
        (ahead, text) = (after, from);
    }
}

/// Returns a text without its first character.
fn shortened(text: &str) -> Option<&str> {
    let mut signs = text.chars();
    signs.next().map(|_| signs.as_str())
}

/// Returns how much of a text a literal at its beginning takes.
fn strip(text: &str, literal: &str) -> Option<usize> {
    text.starts_with(literal).then_some(literal.len())
}

/// The same without regard to case.
fn strip_folded(text: &str, literal: &str) -> Option<usize> {
    let mut signs = text.chars();
    let mut length = 0_usize;
    for wanted in literal.chars() {
        let sign = signs.next()?;
        if sign != wanted && !sign.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
        length = length.saturating_add(sign.len_utf8());
    }
    Some(length)
}
