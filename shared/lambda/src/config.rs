//! Configuration from environment variables, read once at cold start.
//!
//! Nothing has a silent default: a required variable that is missing stops the cold start, and
//! one error names every variable that is missing or wrong, so that one deployment mends them all.

use std::{fmt::Display, str::FromStr};

use crate::{logging::LogLevel, policy_in_force::PolicySource};

/// What the templates tell every function.
#[derive(Clone, Debug)]
pub struct Common {
    /// `AWS_LAMBDA_FUNCTION_NAME`: the metrics' dimension, set by Lambda.
    pub function_name: String,
    /// Where the policy is, and for which account it is read.
    pub policy: PolicySource,
    /// `CRISGUARD_LOG_LEVEL`, `info` if it is not set.
    pub log_level: LogLevel,
}

impl Common {
    /// Reads every variable; `None` means that problems were noted.
    pub fn read(variables: &mut Variables<impl Fn(&str) -> Option<String>>) -> Option<Self> {
        let function_name = variables.required("AWS_LAMBDA_FUNCTION_NAME");
        let policy = PolicySource::read(variables);
        let log_level = variables.optional("CRISGUARD_LOG_LEVEL");
        Some(Self {
            function_name: function_name?,
            policy: policy?,
            log_level: log_level?.unwrap_or_else(LogLevel::info),
        })
    }
}

/// Reads variables and gathers what is wrong with them.
///
/// ```
/// use crisguard_lambda::config::Variables;
/// let mut variables = Variables::new(|name| (name == "PORT").then(|| "eighty".to_owned()));
/// let port: Option<u16> = variables.required("PORT");
/// let host: Option<String> = variables.required("HOST");
/// assert!(port.is_none() && host.is_none());
/// let error = variables.into_error().to_string();
/// assert!(error.contains("PORT") && error.contains("HOST"));
/// ```
#[derive(Debug)]
pub struct Variables<Lookup> {
    lookup: Lookup,
    problems: Vec<String>,
}

impl Variables<fn(&str) -> Option<String>> {
    /// Reads from the environment of the process.
    #[must_use]
    pub fn of_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the environment"
        )]
        // What is not Unicode is set, too, and is then told to be wrong.
        Self::new(|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))
    }
}

impl<Lookup: Fn(&str) -> Option<String>> Variables<Lookup> {
    /// Reads with `lookup`, which returns a variable's value if it is set.
    pub fn new(lookup: Lookup) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
        }
    }

    /// Reads a variable that must be set; `None` means that a problem was noted.
    pub fn required<T>(&mut self, name: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        if let Some(text) = self.set(name) {
            self.parsed(name, &text)
        } else {
            self.problems.push(format!("{name} is not set"));
            None
        }
    }

    /// Reads a variable that may be left out or empty: `Some(None)` then, and `None` if a problem
    /// was noted.
    pub fn optional<T>(&mut self, name: &str) -> Option<Option<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        match self.set(name) {
            Some(text) => self.parsed(name, &text).map(Some),
            None => Some(None),
        }
    }

    /// Reads two variables that say something together only: `Some(None)` if neither is set, and `None` if a problem was
    /// noted, as where one is set alone.
    pub fn together<A, B>(&mut self, one: &str, other: &str) -> Option<Option<(A, B)>>
    where
        A: FromStr<Err: Display>,
        B: FromStr<Err: Display>,
    {
        if self.set(one).is_none() && self.set(other).is_none() {
            return Some(None);
        }
        let (one, other) = (self.required(one), self.required(other));
        one.zip(other).map(Some)
    }

    /// Reads a variable that may be left out, and another that says something only beside it: `Some(None)` if neither is
    /// set, and `None` if a problem was noted, as where the other is set alone, which then would have no effect.
    pub fn with<A, B>(&mut self, one: &str, beside: &str) -> Option<Option<(A, Option<B>)>>
    where
        A: FromStr<Err: Display>,
        B: FromStr<Err: Display>,
    {
        let lone = self.set(one).is_none() && self.set(beside).is_some();
        if lone {
            self.problems
                .push(format!("{beside} has no effect without {one}, which is not set"));
        }
        let (one, beside) = (self.optional(one), self.optional(beside));
        let (one, beside) = (one?, beside?);
        (!lone).then(|| one.map(|one| (one, beside)))
    }

    /// Ends the reading with one error that names every problem.
    #[must_use]
    pub fn into_error(self) -> ConfigurationError {
        ConfigurationError {
            problems: self.problems,
        }
    }

    fn set(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|text| !text.is_empty())
    }

    fn parsed<T>(&mut self, name: &str, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        text.parse()
            .map_err(|error| self.problems.push(format!("{name}: {error}")))
            .ok()
    }
}

/// Tells every environment variable that is missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("the function's environment variables are not complete: {}", problems.join("; "))]
pub struct ConfigurationError {
    problems: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Common, ConfigurationError> {
        let mut variables = Variables::new(|name: &str| {
            let mut set = set.iter();
            set.find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
        });
        Common::read(&mut variables).ok_or_else(|| variables.into_error())
    }

    #[test]
    fn an_empty_path_is_one_that_was_not_given() {
        let common = read(&[
            ("AWS_LAMBDA_FUNCTION_NAME", "crisguard-watch-inference"),
            ("CRISGUARD_POLICY_BUCKET", "b"),
            ("CRISGUARD_POLICY_KEY", "policy.yaml"),
            ("CRISGUARD_ACCOUNT", "111122223333"),
            ("CRISGUARD_ORGANIZATION_PATH", ""),
        ])
        .unwrap();
        assert_eq!(common.policy.scope.organization_path, None);
        assert_eq!(common.log_level, LogLevel::info());
    }

    #[test]
    fn what_has_no_effect_alone_is_refused_alone() {
        let read = |set: &[&str]| {
            let mut variables = Variables::new(|name: &str| {
                let value = set.contains(&name).then(|| name.to_lowercase());
                Some(value.unwrap_or_default())
            });
            let read: Option<Option<(String, Option<String>)>> = variables.with("ROLE", "ID");
            read.ok_or_else(|| variables.into_error().to_string())
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["ROLE"]), Ok(Some(("role".to_owned(), None))));
        assert_eq!(
            read(&["ROLE", "ID"]),
            Ok(Some(("role".to_owned(), Some("id".to_owned()))))
        );
        let error = read(&["ID"]).unwrap_err();
        assert!(
            error.ends_with(": ID has no effect without ROLE, which is not set"),
            "{error}"
        );
    }

    #[test]
    fn one_error_names_every_problem() {
        let error = read(&[
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("CRISGUARD_POLICY_BUCKET", "b"),
            ("CRISGUARD_ACCOUNT", "1111"),
            ("CRISGUARD_ORGANIZATION_PATH", "ou-1"),
            ("CRISGUARD_LOG_LEVEL", "lo=ud=er"),
        ])
        .unwrap_err();
        insta::assert_snapshot!(error);
    }
}
