//! Reads a bucket's policy, as far as this control asks about it
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>).

use std::collections::BTreeMap;

use serde::Deserialize;
use wildmatch::WildMatch;

use crate::arn::Arn;

/// A policy. An element that is not known makes it unreadable: it could turn the meaning around.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Document {
    #[serde(rename = "Version")]
    _version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<Statement>,
}

impl Document {
    /// Reads a policy's JSON.
    pub(super) fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Returns the statements with an effect.
    pub(super) fn statements(&self, effect: Effect) -> impl Iterator<Item = &Statement> {
        let statements = self.statement.iter();
        statements.filter(move |statement| statement.effect == effect)
    }
}

/// A statement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Statement {
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
pub(super) enum Effect {
    Allow,
    Deny,
}

/// Whom a statement is about.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Principals {
    All(String),
    Each(BTreeMap<String, OneOrMany<String>>),
}

impl Principals {
    /// Tells whether it is everyone
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).
    fn everyone(&self) -> bool {
        match self {
            Self::All(all) => all == "*",
            Self::Each(each) => each
                .get("AWS")
                .is_some_and(|names| names.iter().any(|name| name == "*")),
        }
    }

    fn has_service(&self, service: &str) -> bool {
        match self {
            Self::All(_) => false,
            Self::Each(each) => each
                .get("Service")
                .is_some_and(|names| names.iter().any(|name| name == service)),
        }
    }
}

/// One value, or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn iter(&self) -> impl Iterator<Item = &T> {
        match self {
            Self::Many(many) => many.iter(),
            Self::One(one) => std::slice::from_ref(one).iter(),
        }
    }
}

/// A value of a condition; `"true"` and `true` are the same.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Flag(bool),
    Number(serde_json::Number),
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

/// One condition: an operator, the key in lower case, for keys are told apart without case, and the
/// values, one of which must hold.
#[derive(Debug)]
pub(super) struct Condition<'s> {
    pub(super) operator: &'s str,
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

impl Statement {
    /// Tells whether it is about everyone.
    pub(super) fn is_about_everyone(&self) -> bool {
        self.not_principal.is_none() && self.principal.as_ref().is_some_and(Principals::everyone)
    }

    /// Tells whether it is about a service, by its name or with everyone.
    pub(super) fn is_about_service(&self, service: &str) -> bool {
        let named = self.principal.as_ref().is_some_and(|named| named.has_service(service));
        self.not_principal.is_none() && named || self.is_about_everyone()
    }

    /// Tells whether it can be about a service: `NotPrincipal` means everyone but a few.
    pub(super) fn may_be_about_service(&self, service: &str) -> bool {
        self.not_principal.is_some() || self.is_about_service(service)
    }

    /// Tells whether it is about every action of S3.
    pub(super) fn is_about_every_action(&self) -> bool {
        let actions = self.action.iter().flat_map(OneOrMany::iter);
        self.not_action.is_none()
            && actions
                .into_iter()
                .any(|action| matches!(action.to_lowercase().as_str(), "*" | "s3:*"))
    }

    /// Tells whether it is about an action.
    pub(super) fn is_about_action(&self, action: &str) -> bool {
        let any = |patterns: &OneOrMany<String>| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| WildMatch::new(&pattern.to_lowercase()).matches(&action.to_lowercase()))
        };
        match (&self.action, &self.not_action) {
            (Some(named), None) => any(named),
            (None, Some(but)) => !any(but),
            _ => false,
        }
    }

    /// Tells whether it is about a bucket itself.
    pub(super) fn is_about_bucket(&self, partition: &str, bucket: &str) -> bool {
        self.resources(partition)
            .any(|pattern| WildMatch::new(pattern).matches(bucket))
    }

    /// Tells whether it is about every object of a bucket whose key begins with `keys`.
    ///
    /// A pattern that matches the beginning and ends with `*` matches whatever follows, too.
    pub(super) fn is_about_objects(&self, partition: &str, bucket: &str, keys: &str) -> bool {
        let begins = format!("{bucket}/{keys}");
        self.resources(partition)
            .any(|pattern| pattern.ends_with('*') && WildMatch::new(pattern).matches(&begins))
    }

    /// Returns the last part of each ARN of S3 that it names; none where it names all but a few.
    fn resources<'s>(&'s self, partition: &'s str) -> impl Iterator<Item = &'s str> {
        let named = self.resource.as_ref().filter(|_| self.not_resource.is_none());
        let of_s3 = move |pattern: &'s String| {
            if pattern == "*" {
                return Some("*");
            }
            let arn = Arn::parse(pattern)?;
            let matches = |pattern: &str, text: &str| WildMatch::new(pattern).matches(text);
            let parts = [
                (arn.partition, partition),
                (arn.service, "s3"),
                (arn.region, ""),
                (arn.account, ""),
            ];
            let all = parts.into_iter().all(|(pattern, text)| matches(pattern, text));
            all.then_some(arn.resource)
        };
        named.into_iter().flat_map(OneOrMany::iter).filter_map(of_s3)
    }

    /// Returns its conditions, all of which must hold.
    pub(super) fn conditions(&self) -> impl Iterator<Item = Condition<'_>> {
        self.condition.iter().flat_map(|(operator, keys)| {
            keys.iter().map(move |(key, values)| Condition {
                operator,
                key: key.to_lowercase(),
                values: values.iter().map(Scalar::text).collect(),
            })
        })
    }
}
