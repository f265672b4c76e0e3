//! Changing a statement's JSON, and leaving everything else as it was written.

use serde_json::{Map, Value, json};

use crate::scp::reach::INVOKE;

/// A statement that is being changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draft(Map<String, Value>);

/// What a statement does about the actions by which models are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// It names those, and others that remain when they are taken out.
    Named,
    /// It names nothing but those.
    Only,
    /// It is about everything but some, and those are not among the exceptions.
    NotExcepted,
    /// It names them by a pattern that stands for others too.
    ByPattern,
}

impl Draft {
    pub(super) fn new(statement: &Value) -> Option<Self> {
        statement.as_object().cloned().map(Self)
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    pub(super) fn calls(&self) -> Calls {
        let named = self.texts("Action");
        if named.is_empty() || named.iter().any(|pattern| pattern == "*") {
            return Calls::NotExcepted;
        }
        let is_call = |pattern: &String| INVOKE.iter().any(|action| action.eq_ignore_ascii_case(pattern));
        let (calls, others): (Vec<String>, Vec<String>) = named.into_iter().partition(is_call);
        let reaches = |pattern: &String| INVOKE.iter().any(|action| covers(pattern, action));
        if others.iter().any(reaches) {
            Calls::ByPattern
        } else if others.is_empty() && !calls.is_empty() {
            Calls::Only
        } else {
            Calls::Named
        }
    }

    /// Returns the actions by which models are called that the statement is about.
    pub(super) fn call_actions(&self) -> Vec<String> {
        let (named, excepted) = (self.texts("Action"), self.texts("NotAction"));
        let is_about = |action: &&str| {
            let hit = |patterns: &[String]| patterns.iter().any(|pattern| covers(pattern, action));
            if named.is_empty() { !hit(&excepted) } else { hit(&named) }
        };
        INVOKE.into_iter().filter(is_about).map(str::to_owned).collect()
    }

    /// Takes the calls of models out of what the statement is about. It must not be about them alone.
    pub(super) fn without_calls(mut self) -> Self {
        let calls = self.call_actions();
        let named = self.texts("Action");
        if named.iter().any(|pattern| pattern == "*") {
            self.rename("Action", "NotAction", list(&calls));
        } else if named.is_empty() {
            let mut excepted = self.texts("NotAction");
            excepted.extend(calls);
            self.0.insert("NotAction".to_owned(), list(&excepted));
        } else {
            let is_call = |pattern: &String| calls.iter().any(|action| action.eq_ignore_ascii_case(pattern));
            let left: Vec<String> = named.into_iter().filter(|pattern| !is_call(pattern)).collect();
            self.0.insert("Action".to_owned(), list(&left));
        }
        self
    }

    /// Makes it be about the calls of models alone.
    pub(super) fn of_calls(mut self) -> Self {
        let calls = list(&self.call_actions());
        if self.0.contains_key("NotAction") {
            self.rename("NotAction", "Action", calls);
        } else {
            self.0.insert("Action".to_owned(), calls);
        }
        self
    }

    /// Leaves a resource out of what it is about. Not if it names resources, of which none can be left out.
    pub(super) fn without_resource(mut self, arn: &str) -> Option<Self> {
        let named = self.texts("Resource");
        if named.is_empty() {
            let mut excepted = self.texts("NotResource");
            excepted.push(arn.to_owned());
            self.0.insert("NotResource".to_owned(), list(&excepted));
        } else if named.iter().any(|pattern| pattern == "*") {
            self.rename("Resource", "NotResource", json!([arn]));
        } else {
            return None;
        }
        Some(self)
    }

    /// Makes it be about everything but the calls of models, on one resource: what is left of a statement about
    /// all of Bedrock or all but some actions, on a profile that it lets be called. `None` of a statement that is
    /// about less.
    pub(super) fn but_calls_of(mut self, arn: &str) -> Option<Self> {
        let all = |pattern: &String| pattern == "*" || pattern.eq_ignore_ascii_case("bedrock:*");
        if self.0.contains_key("NotAction") {
            self = self.without_calls();
        } else if self.texts("Action").iter().any(all) {
            self.rename("Action", "NotAction", list(&INVOKE.map(str::to_owned)));
        } else {
            return None;
        }
        let resource = if self.0.contains_key("NotResource") {
            "NotResource"
        } else {
            "Resource"
        };
        self.rename(resource, "Resource", json!([arn]));
        Some(self)
    }

    /// Returns the patterns of actions that it names.
    pub(super) fn named_actions(&self) -> Vec<String> {
        self.texts("Action")
    }

    /// Adds values to a condition that exists, or the condition.
    pub(super) fn with_condition(mut self, operator: &str, key: &str, values: &[String]) -> Self {
        let conditions = self.0.entry("Condition").or_insert_with(|| json!({}));
        let Some(conditions) = conditions.as_object_mut() else {
            return self;
        };
        let keys = conditions.entry(operator).or_insert_with(|| json!({}));
        let Some(keys) = keys.as_object_mut() else { return self };
        let written = keys.keys().find(|written| written.eq_ignore_ascii_case(key)).cloned();
        let mut all = written
            .as_ref()
            .map_or_else(Vec::new, |written| texts(keys.get(written)));
        for value in values {
            if !all.contains(value) {
                all.push(value.clone());
            }
        }
        keys.insert(written.unwrap_or_else(|| key.to_owned()), list(&all));
        self
    }

    /// Returns the values of a condition, if it is there.
    pub(super) fn condition(&self, operator: &str, key: &str) -> Option<Vec<String>> {
        let keys = self.0.get("Condition")?.get(operator)?.as_object()?;
        let (_, values) = keys.iter().find(|(written, _)| written.eq_ignore_ascii_case(key))?;
        Some(texts(Some(values)))
    }

    /// Takes values out of a condition; tells whether any is left.
    pub(super) fn without_values(&mut self, operator: &str, key: &str, values: &[String]) -> bool {
        let left: Vec<String> = match self.condition(operator, key) {
            Some(all) => all.into_iter().filter(|value| !values.contains(value)).collect(),
            None => return false,
        };
        let keys = self
            .0
            .get_mut("Condition")
            .and_then(|conditions| conditions.get_mut(operator));
        if let Some(keys) = keys.and_then(Value::as_object_mut) {
            let written = keys.keys().find(|written| written.eq_ignore_ascii_case(key)).cloned();
            if let Some(written) = written {
                keys.insert(written, list(&left));
            }
        }
        !left.is_empty()
    }

    /// Tells whether it already lets some inference profiles through.
    pub(super) fn exempts_profiles(&self) -> bool {
        ["ArnNotLike", "ArnNotEquals", "StringNotLike", "StringNotEquals"]
            .iter()
            .any(|operator| self.condition(operator, PROFILE_ARN).is_some())
    }

    pub(super) fn with_sid(self, sid: &str) -> Self {
        let mut named = Map::new();
        named.insert("Sid".to_owned(), json!(sid));
        named.extend(self.0.into_iter().filter(|(name, _)| name != "Sid"));
        Self(named)
    }

    fn texts(&self, element: &str) -> Vec<String> {
        texts(self.0.get(element))
    }

    /// Puts another element in the place of one.
    fn rename(&mut self, from: &str, to: &str, value: Value) {
        let mut value = Some(value);
        let all = std::mem::take(&mut self.0);
        self.0 = all
            .into_iter()
            .filter_map(|(name, old)| {
                if name == from {
                    value.take().map(|value| (to.to_owned(), value))
                } else {
                    Some((name, old))
                }
            })
            .collect();
    }
}

/// The condition key that names the profile through which a model is called.
pub(super) const PROFILE_ARN: &str = "bedrock:InferenceProfileArn";
/// The condition key that names the Region.
pub(super) const REGION: &str = "aws:RequestedRegion";

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

fn list(texts: &[String]) -> Value {
    json!(texts)
}

/// Tells whether an action's pattern covers an action; neither is told apart by case.
pub(super) fn covers(pattern: &str, action: &str) -> bool {
    wildmatch::WildMatch::new(&pattern.to_ascii_lowercase()).matches(&action.to_ascii_lowercase())
}
