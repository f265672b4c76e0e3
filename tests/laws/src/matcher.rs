//! A matcher of EventBridge event patterns, for tests.
//!
//! It follows <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
//! and what `TestEventPattern` was seen to answer where that page is silent: `anything-but` matches
//! `null` and numbers, `exists` looks at leaves only. It knows the operators that crisguard's
//! patterns use and a few more; another operator is an error, never a match or a miss.

use serde_json::{Map, Value};

/// Tells why a pattern cannot be matched by this matcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported(pub String);

/// Tells whether `event` matches `pattern`.
///
/// # Errors
///
/// Fails if the pattern is malformed, or uses an operator that this matcher does not know.
pub fn matches(pattern: &Value, event: &Value) -> Result<bool, Unsupported> {
    object(&nested(pattern), Some(&nested(event)))
}

/// Takes names with dots apart: EventBridge joins the names on the way to a leaf by dots, so
/// `{"a.b": 1}` and `{"a": {"b": 1}}` are the same to it.
fn nested(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(nested).collect(),
        Value::Object(members) => {
            let mut apart = Map::new();
            for (name, member) in members {
                let mut names = name.rsplit('.');
                let last = names.next().unwrap_or(name).to_owned();
                let member = names.fold((last, nested(member)), |(name, member), outer| {
                    (outer.to_owned(), Value::Object(Map::from_iter([(name, member)])))
                });
                apart.extend([member]);
            }
            Value::Object(apart)
        }
        leaf => leaf.clone(),
    }
}

fn object(pattern: &Value, event: Option<&Value>) -> Result<bool, Unsupported> {
    let Value::Object(fields) = pattern else {
        return Err(Unsupported(format!("not an object: {pattern}")));
    };
    if fields.is_empty() {
        return Err(Unsupported("an empty object".to_owned()));
    }
    for (name, pattern) in fields {
        let matched = match pattern {
            Value::Array(alternatives) if name == "$or" => any(alternatives, |pattern| object(pattern, event))?,
            Value::Array(alternatives) if alternatives.is_empty() => {
                return Err(Unsupported(format!("an empty list at {name}")));
            }
            Value::Array(alternatives) => field(alternatives, event.and_then(|event| event.get(name)))?,
            nested => descend(nested, event.and_then(|event| event.get(name)))?,
        };
        if !matched {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Goes one level down; of a list of objects, one must match.
fn descend(pattern: &Value, value: Option<&Value>) -> Result<bool, Unsupported> {
    match value {
        Some(Value::Array(items)) => any(items, |item| object(pattern, Some(item))),
        value => object(pattern, value),
    }
}

/// Matches one field: a leaf, the leaves of a list, or nothing.
fn field(alternatives: &[Value], value: Option<&Value>) -> Result<bool, Unsupported> {
    let leaves: Vec<&Value> = match value {
        None | Some(Value::Object(_)) => Vec::new(),
        Some(Value::Array(items)) => items.iter().filter(|item| !item.is_object()).collect(),
        Some(leaf) => vec![leaf],
    };
    any(alternatives, |alternative| match alternative.get("exists") {
        Some(Value::Bool(wanted)) => Ok(*wanted != leaves.is_empty()),
        Some(_) => Err(Unsupported(alternative.to_string())),
        None => any(&leaves, |leaf| one(alternative, leaf)),
    })
}

/// Matches one leaf against a literal or one operator.
fn one(alternative: &Value, leaf: &Value) -> Result<bool, Unsupported> {
    let Value::Object(operator) = alternative else {
        return match alternative {
            Value::Array(_) => Err(Unsupported(alternative.to_string())),
            literal => Ok(equal(literal, leaf)),
        };
    };
    let mut operators = operator.iter();
    let (Some((name, argument)), None) = (operators.next(), operators.next()) else {
        return Err(Unsupported(alternative.to_string()));
    };
    match name.as_str() {
        "anything-but" => excluded(argument, leaf).map(|excluded| !excluded),
        _ => operator_matches(name, argument, leaf),
    }
}

/// Tells whether `anything-but` names the leaf.
fn excluded(argument: &Value, leaf: &Value) -> Result<bool, Unsupported> {
    match argument {
        Value::Array(literals) if literals.iter().all(Value::is_string) || literals.iter().all(Value::is_number) => {
            Ok(literals.iter().any(|literal| equal(literal, leaf)))
        }
        Value::String(_) | Value::Number(_) => Ok(equal(argument, leaf)),
        Value::Object(operator) if operator.len() == 1 => any(
            &operator.iter().collect::<Vec<_>>(),
            |(name, argument)| match argument {
                Value::Array(texts) if !texts.is_empty() => any(texts, |text| operator_matches(name, text, leaf)),
                argument => operator_matches(name, argument, leaf),
            },
        ),
        _ => Err(Unsupported(argument.to_string())),
    }
}

fn operator_matches(name: &str, argument: &Value, leaf: &Value) -> Result<bool, Unsupported> {
    if let (Value::Object(inner), "prefix" | "suffix") = (argument, name)
        && let Some(Value::String(text)) = inner.get("equals-ignore-case")
    {
        let (text, leaf) = (text.to_lowercase(), leaf.as_str().unwrap_or_default().to_lowercase());
        return Ok(if name == "prefix" {
            leaf.starts_with(&text)
        } else {
            leaf.ends_with(&text)
        });
    }
    let Value::String(text) = argument else {
        return Err(Unsupported(format!("{name}: {argument}")));
    };
    let leaf = leaf.as_str();
    match name {
        "prefix" => Ok(leaf.is_some_and(|leaf| leaf.starts_with(text))),
        "suffix" => Ok(leaf.is_some_and(|leaf| leaf.ends_with(text))),
        "equals-ignore-case" => Ok(leaf.is_some_and(|leaf| leaf.to_lowercase() == text.to_lowercase())),
        "wildcard" if text.contains("**") => Err(Unsupported(format!("consecutive wildcards: {text}"))),
        "wildcard" if text.contains('\\') => Err(Unsupported(format!("an escape: {text}"))),
        "wildcard" => Ok(leaf.is_some_and(|leaf| wildcard(text.as_bytes(), leaf.as_bytes()))),
        _ => Err(Unsupported(name.to_owned())),
    }
}

/// Matches `*` as any run of bytes; the last star tried is the only one that must be revisited.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == text.get(t) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, t) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|b| *b == b'*')
}

fn equal(literal: &Value, leaf: &Value) -> bool {
    match (literal.as_f64(), leaf.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() < f64::EPSILON,
        _ => literal == leaf,
    }
}

/// Like `Iterator::any`, with errors.
fn any<T>(items: &[T], test: impl Fn(&T) -> Result<bool, Unsupported>) -> Result<bool, Unsupported> {
    for item in items {
        if test(item)? {
            return Ok(true);
        }
    }
    Ok(false)
}
