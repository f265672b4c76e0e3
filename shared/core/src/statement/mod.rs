//! IAM's policy language, as far as settings are judged by it
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>).

pub(crate) mod glob;

use std::collections::BTreeMap;

use serde::Deserialize;

use glob::{covers, matches, meets, names_none_of, widened};

/// A policy. An element that is not known makes it unreadable: it could turn the meaning around.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Document {
    #[serde(rename = "Version")]
    _version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<Statement>,
}

impl Document {
    /// Reads a policy's JSON, or returns `None` if it is not one.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Returns the statements with an effect.
    pub(crate) fn statements(&self, effect: Effect) -> impl Iterator<Item = &Statement> {
        let statements = self.statement.iter();
        statements.filter(move |statement| statement.effect == effect)
    }
}

/// A statement.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Statement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    principal: Option<Principals>,
    not_principal: Option<Principals>,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, OneOrMany<Scalar>>>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// Whom a statement is about.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Principals {
    All(String),
    Each(NamedPrincipals),
}

/// Principals by their kind. A kind that is not known makes the policy unreadable.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct NamedPrincipals {
    #[serde(rename = "AWS")]
    aws: Option<OneOrMany<String>>,
    service: Option<OneOrMany<String>>,
    #[serde(rename = "Federated")]
    _federated: Option<OneOrMany<String>>,
    #[serde(rename = "CanonicalUser")]
    _canonical_user: Option<OneOrMany<String>>,
}

/// One value, or a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

/// A value of a condition; `"true"` and `true` are the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Flag(bool),
    Number(serde_json::Number),
}

/// One condition: the operator, the key in lower case, for keys are told apart without case, and the
/// values, one of which must hold.
#[derive(Clone, Debug)]
pub(crate) struct Condition<'s> {
    pub(crate) operator: &'s str,
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

/// Which resources a statement is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Resources<'s> {
    /// Those that match one of these patterns.
    Only(&'s [String]),
    /// Those that match none of them.
    AllBut(&'s [String]),
}

impl Statement {
    /// Tells whether it is about everyone
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).
    pub(crate) fn is_about_everyone(&self) -> bool {
        self.not_principal.is_none() && self.principal.as_ref().is_some_and(Principals::everyone)
    }

    /// Tells whether it is about everyone, or everyone but a few.
    pub(crate) fn is_about_nearly_everyone(&self) -> bool {
        self.not_principal.is_some() || self.is_about_everyone()
    }

    /// Tells whether it is about a service, by its name or with everyone.
    pub(crate) fn is_about_service(&self, service: &str) -> bool {
        let principals = self.principal.as_ref().filter(|_| self.not_principal.is_none());
        principals.is_some_and(|principals| principals.everyone() || principals.has_service(service))
    }

    /// Tells whether it is about all the actions that match `set`, a pattern in lower case, by name.
    pub(crate) fn is_about_all_actions(&self, set: &str) -> bool {
        let named = self.action.as_ref().filter(|_| self.not_action.is_none());
        named.is_some_and(|named| named.iter().any(|pattern| covers(&pattern.to_ascii_lowercase(), set)))
    }

    /// Tells whether it is about an action; their names are told apart without case.
    pub(crate) fn is_about_action(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let any = |patterns: &OneOrMany<String>| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
        };
        match (&self.action, &self.not_action) {
            (Some(named), None) => any(named),
            (None, Some(but)) => !any(but),
            _ => false,
        }
    }

    /// Returns the resources that it is about; none if it names none, or names them in two ways.
    pub(crate) fn resources(&self) -> Resources<'_> {
        match (&self.resource, &self.not_resource) {
            (Some(named), None) => Resources::Only(named.as_slice()),
            (None, Some(but)) => Resources::AllBut(but.as_slice()),
            _ => Resources::Only(&[]),
        }
    }

    /// Returns its conditions, all of which must hold.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = Condition<'_>> {
        self.condition.iter().flat_map(|(operator, keys)| {
            keys.iter().map(move |(key, values)| Condition {
                operator,
                key: key.to_ascii_lowercase(),
                values: values.iter().map(Scalar::text).collect(),
            })
        })
    }

    /// Tells whether it always holds.
    pub(crate) fn is_unconditional(&self) -> bool {
        self.conditions().next().is_none()
    }
}

impl Resources<'_> {
    /// Tells whether it may be about some resource of a set, written as for [`covers`].
    pub(crate) fn meet(self, set: &str) -> bool {
        match self {
            Self::Only(patterns) => patterns.iter().any(|pattern| meets(&widened(pattern), set)),
            Self::AllBut(patterns) => !patterns.iter().any(|pattern| covers(pattern, set)),
        }
    }

    /// Tells whether it names none of a set's resources, but is about all of them or all but a few.
    pub(crate) fn name_none_of(self, set: &str) -> bool {
        match self {
            Self::Only(patterns) => patterns.iter().any(|pattern| names_none_of(&widened(pattern), set)),
            Self::AllBut(patterns) => !patterns.iter().any(|pattern| covers(pattern, set)),
        }
    }

    /// Tells whether it is surely about every resource of a set, written as for [`covers`].
    pub(crate) fn cover(self, set: &str) -> bool {
        match self {
            Self::Only(patterns) => patterns.iter().any(|pattern| covers(pattern, set)),
            Self::AllBut(patterns) => !patterns.iter().any(|pattern| meets(&widened(pattern), set)),
        }
    }
}

impl Principals {
    fn everyone(&self) -> bool {
        match self {
            Self::All(all) => all == "*",
            Self::Each(each) => each
                .aws
                .as_ref()
                .is_some_and(|names| names.iter().any(|name| name == "*")),
        }
    }

    fn has_service(&self, service: &str) -> bool {
        match self {
            Self::All(_) => false,
            Self::Each(each) => each
                .service
                .as_ref()
                .is_some_and(|names| names.iter().any(|name| name == service)),
        }
    }
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::Many(many) => many,
            Self::One(one) => std::slice::from_ref(one),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.as_slice().iter()
    }
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
