//! The words of the page in each language: `templates/words.*.json`, with `{name}` for a value.

use std::{collections::BTreeMap, fmt::Write as _};

use crisguard_core::{policy::Language, texts::grouped};
use minijinja::{Error, ErrorKind, value::Value};

/// The words of one language by their keys.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) language: Language,
    by_key: BTreeMap<String, String>,
}

impl Words {
    pub(crate) fn of(language: Language) -> Result<Self, Error> {
        let json = match language {
            Language::En => include_str!("../../templates/words.en.json"),
            Language::Ja => include_str!("../../templates/words.ja.json"),
        };
        let by_key = serde_json::from_str(json)
            .map_err(|error| Error::new(ErrorKind::BadSerialization, "the page's words").with_source(error))?;
        Ok(Self { language, by_key })
    }

    /// Says what `key` stands for. If `n` is 1 and the language has a word for one, it is that.
    pub(crate) fn say(&self, key: &str, values: &[(&str, Value)]) -> Result<String, Error> {
        let one = values
            .iter()
            .any(|(name, value)| *name == "n" && value.as_i64() == Some(1));
        let one = one.then(|| self.by_key.get(&format!("{key}.one"))).flatten();
        let Some(text) = one.or_else(|| self.by_key.get(key)) else {
            return Err(Error::new(
                ErrorKind::UndefinedError,
                format!("the page has no words for `{key}`"),
            ));
        };
        // One pass over the text: a value that contains `{…}` is not filled again.
        let mut said = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            said.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return Err(Error::new(ErrorKind::SyntaxError, format!("`{key}` has an open brace")));
            };
            let Some((_, value)) = values.iter().find(|(given, _)| *given == name) else {
                return Err(Error::new(
                    ErrorKind::MissingArgument,
                    format!("`{key}` lacks `{name}`"),
                ));
            };
            match value.as_i64() {
                Some(number) => said.push_str(&grouped(number.unsigned_abs())),
                None => said.push_str(&value.to_string()),
            }
            rest = after;
        }
        said.push_str(rest);
        Ok(said)
    }

    #[cfg(test)]
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.by_key.keys().map(String::as_str)
    }
}

/// Writes a share in percent, rounded, but never as 0 or 100 what is not.
pub(crate) fn percent(part: u64, of: u64) -> String {
    let mut text = String::new();
    let (part, of) = (u128::from(part), u128::from(of));
    let tenths = (part * 1000 + of / 2).checked_div(of).unwrap_or(0);
    // Writing to a string does not fail.
    match tenths {
        _ if part > 0 && part * 1000 < of => text.push_str("<0.1%"),
        1000.. if part < of => text.push_str("99.9%"),
        1000 => text.push_str("100%"),
        _ => write!(text, "{}.{}%", tenths / 10, tenths % 10).unwrap_or_default(),
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        let [english, japanese] = [Language::En, Language::Ja].map(|language| Words::of(language).unwrap());
        let plain = |words: &Words| -> BTreeSet<String> {
            words
                .keys()
                .map(|key| key.trim_end_matches(".one").to_owned())
                .collect()
        };
        assert_eq!(plain(&english), plain(&japanese));
        for key in plain(&english) {
            let names = |words: &Words| -> BTreeSet<String> {
                let text = &words.by_key[&key];
                text.split('{')
                    .skip(1)
                    .map(|part| part.split('}').next().unwrap().to_owned())
                    .collect()
            };
            assert_eq!(names(&english), names(&japanese), "{key}");
        }
    }

    #[test]
    fn no_word_is_without_use() {
        let used = concat!(
            include_str!("../../templates/page.html"),
            include_str!("../../templates/summary.html"),
            include_str!("../../templates/pictures.html"),
            include_str!("../../templates/findings.html"),
            include_str!("../../templates/exceptions.html"),
            include_str!("../../templates/evidence.html"),
            include_str!("../../templates/settings.html"),
            include_str!("../../templates/about.html"),
            include_str!("pictures/flow.rs"),
            include_str!("pictures/months.rs"),
        );
        let words = Words::of(Language::En).unwrap();
        let composed = [
            "verdict_",
            "label_",
            "against_",
            "outcome_",
            "reason_",
            "exit_",
            "verdict_of_",
        ];
        for key in words.keys() {
            let key = key.trim_end_matches(".one");
            let composed = composed.iter().any(|start| key.starts_with(start));
            assert!(composed || used.contains(&format!("\"{key}\"")), "{key}");
        }
    }

    #[test]
    fn a_value_is_not_taken_for_words() {
        let words = Words {
            language: Language::En,
            by_key: [("key".to_owned(), "{a} and {n}".to_owned())].into(),
        };
        let said = words.say("key", &[("a", "{n}".into()), ("n", 1234.into())]).unwrap();
        assert_eq!(said, "{n} and 1,234");
    }

    #[test]
    fn shares_read_well() {
        assert_eq!(percent(1, 1_000_000), "<0.1%");
        assert_eq!(percent(999_999, 1_000_000), "99.9%");
        assert_eq!([percent(1, 3), percent(3, 3), percent(0, 0)], ["33.3%", "100%", "0.0%"]);
        assert_eq!([percent(10, 485), percent(475, 485)], ["2.1%", "97.9%"]);
    }
}
