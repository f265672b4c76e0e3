//! Statements, each taken apart once.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    action::ActionPattern,
    arn::ResourcePattern,
    error::{Path, PolicyError, Problem, Suggestion},
};
use crate::scp::{
    Truth,
    condition::{Condition, NotAnOperator, Operator},
    request::Request,
};

/// What the gaps name where not a key, but the way in which AWS reads the resources leaves it open.
const RESOURCE: &str = "Resource";

/// A statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    sid: Option<String>,
    index: usize,
    effect: Effect,
    actions: Named<ActionPattern>,
    resources: Named<ResourcePattern>,
    conditions: Box<[Condition]>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It lets requests through.
    Allow,
    /// It refuses requests, whatever lets them through.
    Deny,
}

/// What a statement is about: what it names, or everything but that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names<'s> {
    /// `Action`, `Resource`: what matches one of these.
    Only(&'s [String]),
    /// `NotAction`, `NotResource`: what matches none of them.
    AllBut(&'s [String]),
}

#[derive(Clone, Debug)]
struct Named<T> {
    but: bool,
    written: Box<[String]>,
    patterns: Box<[T]>,
}

impl Statement {
    /// Returns its name in the policy, if it has one.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Returns its place in the policy, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns what it does.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Returns the actions that it is about, as they are written.
    #[must_use]
    pub fn actions(&self) -> Names<'_> {
        self.actions.names()
    }

    /// Returns the resources that it is about, as they are written.
    #[must_use]
    pub fn resources(&self) -> Names<'_> {
        self.resources.names()
    }

    /// Returns those of its resources, as they are written, of which AWS does not document what they match.
    pub(crate) fn undocumented_resources(&self) -> impl Iterator<Item = &str> {
        let Named { written, patterns, .. } = &self.resources;
        let each = written.iter().zip(patterns);
        each.filter(|(_, pattern)| !pattern.is_documented())
            .map(|(written, _)| written.as_str())
    }

    /// Returns its conditions, all of which must hold.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Returns the keys of the variables in its resources, in lower case.
    pub fn resource_variables(&self) -> impl Iterator<Item = &str> {
        let patterns = self.resources.patterns.iter();
        patterns.flat_map(ResourcePattern::variables).map(|key| &**key)
    }

    /// Tells whether it is about a request and its conditions hold.
    #[must_use]
    pub fn matches(&self, request: &Request) -> Truth {
        let about = self.is_about(request);
        if about == Truth::False {
            return about;
        }
        about.and(Truth::all(
            self.conditions.iter().map(|condition| condition.holds(request)),
        ))
    }

    /// Tells whether it is about an action and a resource, whatever its conditions say.
    #[must_use]
    pub fn is_about(&self, request: &Request) -> Truth {
        let action = self
            .actions
            .match_any(|pattern| pattern.matches(&request.action, request));
        if action == Truth::False {
            return action;
        }
        action.and(self.match_resource(request))
    }

    /// Adds what leaves it open whether it matches a request.
    pub(crate) fn gaps(&self, request: &Request, gaps: &mut Vec<Arc<str>>) {
        if self.match_resource(request) == Truth::Unknown {
            let before = gaps.len();
            let variables = self.resources.patterns.iter().flat_map(ResourcePattern::variables);
            gaps.extend(
                variables
                    .filter(|key| request.value(key) == &crate::scp::Value::Unknown)
                    .cloned(),
            );
            if gaps.len() == before {
                gaps.push(RESOURCE.into());
            }
        }
        for condition in &self.conditions {
            if condition.holds(request) == Truth::Unknown {
                condition.gaps(request, gaps);
            }
        }
    }

    /// Returns the statement with other conditions.
    pub(super) fn with_conditions(&self, conditions: Box<[Condition]>) -> Self {
        Self {
            conditions,
            ..self.clone()
        }
    }

    fn match_resource(&self, request: &Request) -> Truth {
        self.resources
            .match_any(|pattern| pattern.matches(&request.resource, request))
    }

    pub(super) fn parse(json: &Value, index: usize, variables: bool, path: &Path<'_>) -> Result<Self, PolicyError> {
        let json = object(json, path)?;
        let mut sid = None;
        let mut effect = None;
        let mut conditions = Vec::new();
        for (name, value) in json {
            let path = &path.member(name);
            match name.as_str() {
                // Some tools write an empty one for none, and so in each statement.
                "Sid" => sid = Some(text(value, path)?.to_owned()).filter(|sid| !sid.is_empty()),
                "Effect" => effect = Some(Effect::parse(text(value, path)?, path)?),
                "Action" | "NotAction" | "Resource" | "NotResource" => {}
                "Condition" => conditions = parse_conditions(value, variables, path)?,
                other => return Err(unknown_element(other, &ELEMENTS, path)),
            }
        }
        let Some(effect) = effect else {
            return Err(PolicyError::new(path, Problem::Missing("Effect")));
        };
        let action = |text: &str| ActionPattern::parse(text).ok_or_else(|| Problem::Action(text.to_owned()));
        let resource = |text: &str| {
            let arn = text == "*" || text.starts_with("arn:") || text.starts_with('*');
            if arn {
                Ok(ResourcePattern::parse(text, variables))
            } else {
                Err(Problem::Resource(text.to_owned()))
            }
        };
        Ok(Self {
            sid,
            index,
            effect,
            actions: Named::parse(json, ["Action", "NotAction"], action, path)?,
            resources: Named::parse(json, ["Resource", "NotResource"], resource, path)?,
            conditions: conditions.into(),
        })
    }
}

/// The elements of a statement.
const ELEMENTS: [&str; 7] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl Effect {
    fn parse(text: &str, path: &Path<'_>) -> Result<Self, PolicyError> {
        match text {
            "Allow" => Ok(Self::Allow),
            "Deny" => Ok(Self::Deny),
            other => Err(PolicyError::new(path, Problem::Effect(other.to_owned()))),
        }
    }
}

impl<T> Named<T> {
    fn parse(
        json: &Map<String, Value>,
        [only, all_but]: [&'static str; 2],
        pattern: impl Fn(&str) -> Result<T, Problem>,
        path: &Path<'_>,
    ) -> Result<Self, PolicyError> {
        let (name, value) = match (json.get(only), json.get(all_but)) {
            (Some(value), None) => (only, value),
            (None, Some(value)) => (all_but, value),
            (Some(_), Some(_)) => return Err(PolicyError::new(path, Problem::Both(only, all_but))),
            (None, None) => return Err(PolicyError::new(path, Problem::Missing(only))),
        };
        let path = path.member(name);
        let mut written = Vec::new();
        let mut patterns = Vec::new();
        each(value, &path, |value, path| {
            let text = text(value, path)?;
            patterns.push(pattern(text).map_err(|problem| PolicyError::new(path, problem))?);
            written.push(text.to_owned());
            Ok(())
        })?;
        if patterns.is_empty() {
            return Err(PolicyError::new(path, Problem::Empty));
        }
        Ok(Self {
            but: name == all_but,
            written: written.into(),
            patterns: patterns.into(),
        })
    }

    fn names(&self) -> Names<'_> {
        if self.but {
            Names::AllBut(&self.written)
        } else {
            Names::Only(&self.written)
        }
    }

    fn match_any(&self, matches: impl Fn(&T) -> Truth) -> Truth {
        let any = Truth::any(self.patterns.iter().map(matches));
        if self.but { any.negated() } else { any }
    }
}

fn parse_conditions(json: &Value, variables: bool, path: &Path<'_>) -> Result<Vec<Condition>, PolicyError> {
    let mut conditions = Vec::new();
    for (written, keys) in object(json, path)? {
        let path = path.member(written);
        let operator = Operator::parse(written).map_err(|wrong| {
            let problem = match wrong {
                NotAnOperator::Null => Problem::Null(written.clone()),
                NotAnOperator::Name(similar) => Problem::Operator(written.clone(), Suggestion(similar)),
            };
            PolicyError::new(path, problem)
        })?;
        for (key, value) in object(keys, &path)? {
            let path = path.member(key);
            let mut values = Vec::new();
            each(value, &path, |value, path| {
                values.push(scalar(value, path)?);
                Ok(())
            })?;
            conditions.push(Condition::new(operator, key, values, variables));
        }
    }
    Ok(conditions)
}

/// Calls a function with each item of a list, or with a value that stands alone.
pub(super) fn each(
    json: &Value,
    path: &Path<'_>,
    mut item: impl FnMut(&Value, &Path<'_>) -> Result<(), PolicyError>,
) -> Result<(), PolicyError> {
    match json {
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, value)| item(value, &path.item(index)))
        }
        single => item(single, path),
    }
}

pub(super) fn object<'j>(json: &'j Value, path: &Path<'_>) -> Result<&'j Map<String, Value>, PolicyError> {
    json.as_object().ok_or_else(|| wrong_type("an object", json, path))
}

pub(super) fn text<'j>(json: &'j Value, path: &Path<'_>) -> Result<&'j str, PolicyError> {
    json.as_str().ok_or_else(|| wrong_type("a text", json, path))
}

/// Returns a condition's value as a text: `"true"` and `true` are the same.
fn scalar(json: &Value, path: &Path<'_>) -> Result<String, PolicyError> {
    match json {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(wrong_type("a text, a number, `true` or `false`", json, path)),
    }
}

fn wrong_type(expected: &'static str, json: &Value, path: &Path<'_>) -> PolicyError {
    let found = match json {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    PolicyError::new(path, Problem::Type { expected, found })
}

pub(super) fn unknown_element(name: &str, known: &[&'static str], path: &Path<'_>) -> PolicyError {
    let problem = match name {
        "Principal" => Problem::Principal("Principal"),
        "NotPrincipal" => Problem::Principal("NotPrincipal"),
        other => {
            let similar = known.iter().find(|known| known.eq_ignore_ascii_case(other));
            Problem::Element(other.to_owned(), Suggestion(similar.copied()))
        }
    };
    PolicyError::new(path, problem)
}
