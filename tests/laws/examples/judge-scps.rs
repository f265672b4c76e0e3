//! Judges requests by service control policies, one JSON object a line, for the differential test
//! (`tests/scps/README.md`).
//!
//! In: `{"levels": [[policy, …], …], "action": "…", "resource": "…", "context": {key: [value, …], …}}`.
//! Out: `allow`, `explicit`, `implicit`, `unknown KEY …` or `error …`. A key that a policy asks for and the
//! context does not have is absent.

#![expect(clippy::print_stdout, reason = "the answers")]

use std::io::{self, BufRead};

use crisguard_core::scp::{Context, DenialKind, Outcome, Policy, Request, Value, levels};
use serde_json::Value as Json;

fn main() -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        println!("{}", judge(&line?).unwrap_or_else(|error| format!("error {error}")));
    }
    Ok(())
}

fn judge(line: &str) -> Result<String, String> {
    let case: Json = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let mut policies = Vec::new();
    for level in list(member(&case, "levels")) {
        let level = level.as_array().into_iter().flatten();
        let level: Result<Vec<Policy>, _> = level.map(|policy| Policy::from_document(policy.clone())).collect();
        policies.push(level.map_err(|error| error.to_string())?);
    }
    let action = text(member(&case, "action"))
        .parse()
        .map_err(|error| format!("{error}"))?;
    let mut context = Context::new();
    for statement in policies.iter().flatten().flat_map(Policy::statements) {
        let conditions = statement.conditions().iter();
        let keys = conditions.flat_map(|condition| std::iter::once(condition.key()).chain(condition.variables()));
        for key in keys.chain(statement.resource_variables()) {
            context.set(key, Value::Absent);
        }
    }
    for (key, values) in member(&case, "context").as_object().into_iter().flatten() {
        let values = list(values).map(|value| text(value).to_owned());
        context.set(key, Value::Known(values.collect()));
    }
    let request = Request::new(action, text(member(&case, "resource")), context);
    let judged: Vec<Vec<_>> = policies
        .iter()
        .map(|level| level.iter().map(|policy| ((), policy.judge(&request))).collect())
        .collect();
    let each = judged.iter().map(|level| level.iter().map(|((), judged)| ((), judged)));
    Ok(match levels(each) {
        Outcome::Allow => "allow".to_owned(),
        Outcome::Deny(denials) if denials.iter().any(|denial| denial.kind == DenialKind::Explicit) => {
            "explicit".to_owned()
        }
        Outcome::Deny(_) => "implicit".to_owned(),
        Outcome::Unknown(keys) => format!("unknown {}", keys.join(" ")),
    })
}

fn member<'j>(json: &'j Json, name: &str) -> &'j Json {
    json.get(name).unwrap_or(&Json::Null)
}

fn list(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}
