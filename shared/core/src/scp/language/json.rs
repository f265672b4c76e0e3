//! JSON whose objects have each member once.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use super::error::{PolicyError, Problem};

/// Begins what serde is told about a member that stands twice.
const TWICE: &str = "a member is written twice: ";

/// What some editors put before a text in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads JSON, and refuses an object that has a member twice: which one AWS takes is not documented.
pub(super) fn read(json: &[u8]) -> Result<Value, PolicyError> {
    let json = without_mark(json);
    let mut reader = serde_json::Deserializer::from_slice(json);
    let Once(value) = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner().to_string();
        let twice = inner.strip_prefix(TWICE).and_then(|rest| rest.rsplit_once(" at line "));
        match twice {
            Some((name, _)) => {
                // The path ends with the member itself where serde tells it.
                let path = path.strip_suffix(name).map_or(path.as_str(), |above| above);
                PolicyError::new(path.trim_matches('.'), Problem::Twice(name.to_owned()))
            }
            // Where the text ends early or is no JSON, there is no path to tell, but a line and a column.
            None => PolicyError::new(path.trim_matches(['.', '?']), Problem::NotJson(inner)),
        }
    })?;
    match reader.end() {
        Ok(()) => Ok(value),
        Err(error) => Err(PolicyError::new("", Problem::NotJson(error.to_string()))),
    }
}

/// Returns a text without the mark that some editors put before it.
pub(crate) fn without_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix(MARK).unwrap_or(json)
}

/// Reads a value within another document, and refuses an object that has a member twice, as [`read`] does.
pub(crate) fn once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Once::deserialize(deserializer).map(|Once(value)| value)
}

struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor).map(Self)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(Error::custom(format_args!("{TWICE}{name}")));
            }
            let Once(value) = members.next_value()?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}
