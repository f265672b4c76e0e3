//! Configuration from environment variables, read once at cold start.
//!
//! Nothing has a silent default: a required variable that is missing stops the cold start, and
//! one error names every variable that is missing or wrong, so that one deployment mends them all.

use std::{fmt::Display, str::FromStr};

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
        Self::new(|name| std::env::var(name).ok())
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
