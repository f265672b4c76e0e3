use super::*;
use crate::policy::PolicyDocument;

fn policy(text: &str) -> Policy {
    PolicyDocument::parse(text.as_bytes())
        .unwrap()
        .for_account(&account(), None)
        .unwrap()
}

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn compiled(text: &str) -> Compiled {
    compile(&policy(text), &Catalogue::embedded().unwrap(), Some(&account())).unwrap()
}

#[test]
fn a_policy_for_japan_compiles_to_readable_patterns() {
    let compiled = compiled(
        "version: 1\nregions: {source: [ap-northeast-1], destination: [ap-northeast-1, ap-northeast-3]}\n\
         profiles: {global: deny, allow: ['jp.*']}\n",
    );
    let readable: Vec<String> = compiled
        .patterns
        .iter()
        .map(|pattern| {
            format!(
                "# {} ({} characters)\n{}",
                pattern.name,
                pattern.json.len(),
                pattern.json
            )
        })
        .collect();
    insta::assert_snapshot!(readable.join("\n\n"));
    assert!(compiled.widened.is_empty(), "{:?}", compiled.widened);
}

#[test]
fn no_pattern_is_too_long_however_wide_the_policy() {
    let everywhere: Vec<String> = Catalogue::embedded()
        .unwrap()
        .profiles()
        .flat_map(|(_, sources)| sources.keys().map(ToString::to_string).collect::<Vec<_>>())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    for (source, destination) in [
        (
            "[us-east-1, us-east-2, us-west-2]".to_owned(),
            "[us-east-1, us-east-2, us-west-2]".to_owned(),
        ),
        (
            format!("[{}]", everywhere.join(", ")),
            format!("[{}]", everywhere.join(", ")),
        ),
        ("['*']".to_owned(), "[us-east-1]".to_owned()),
    ] {
        let compiled = compiled(&format!(
            "version: 1\nregions: {{source: {source}, destination: {destination}}}\nprofiles: {{global: deny}}\n"
        ));
        assert!(compiled.patterns.iter().all(|pattern| pattern.json.len() <= LONGEST));
        assert!(compiled.patterns.len() <= 8);
    }
}

#[test]
fn what_does_not_fit_is_named_as_widened() {
    let compiled = compiled(
        "version: 1\nregions: {source: [us-east-1], destination: [us-east-1, us-east-2, us-west-2]}\nprofiles: {global: deny}\n",
    );
    assert!(!compiled.widened.is_empty());
    let unreported = compiled
        .patterns
        .iter()
        .find(|pattern| pattern.name == "destination not reported")
        .unwrap();
    assert!(
        compiled
            .widened
            .iter()
            .all(|id| !unreported.json.contains(&format!("\"{id}\"")))
    );
}

#[test]
fn everything_allowed_leaves_only_denials() {
    let compiled = compiled("version: 1\nregions: {source: ['*'], destination: ['*']}\nprofiles: {global: allow}\n");
    assert_eq!(
        compiled.patterns.iter().map(|pattern| pattern.name).collect::<Vec<_>>(),
        [WITH_THE_CANARY]
    );
}

/// Counts the combinations that `$or` multiplies out to
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>).
fn combinations(pattern: &Value) -> usize {
    let fields = pattern.as_object().unwrap().iter();
    fields
        .map(|(name, value)| match value {
            Value::Array(alternatives) if name == "$or" => alternatives.iter().map(combinations).sum(),
            Value::Array(alternatives) => alternatives.len(),
            nested => combinations(nested),
        })
        .product()
}

#[test]
fn no_pattern_has_more_combinations_than_eventbridge_takes() {
    for text in [
        "version: 1\nregions: {source: [ap-northeast-1], destination: [ap-northeast-1]}\nprofiles: {global: deny, allow: ['jp.*']}\n",
        "version: 1\nregions: {source: [eu-central-1, eu-west-1, eu-west-3], destination: [eu-central-1, eu-west-1, eu-west-3]}\nprofiles: {global: deny}\n",
    ] {
        for pattern in compiled(text).patterns {
            let combinations = combinations(&serde_json::from_str(&pattern.json).unwrap());
            assert!(combinations <= 1000, "{}: {combinations}", pattern.name);
        }
    }
}

/// The pattern of a rule, as infra/source-region.yaml writes it: folded over lines.
fn deployed(rule: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/source-region.yaml");
    let template = std::fs::read_to_string(path).unwrap();
    let lines = template
        .lines()
        .skip_while(|line| line.trim() != format!("Name: {rule}"))
        .skip_while(|line| line.trim() != "EventPattern: >-")
        .skip(1)
        .take_while(|line| !line.trim().is_empty());
    let pattern: Vec<&str> = lines.map(str::trim).collect();
    serde_json::from_str(&pattern.join(" ")).unwrap()
}

#[test]
fn the_rules_that_count_are_deployed_as_they_are_checked() {
    for (rule, pattern) in [
        ("crisguard-seen-calls", seen_calls()),
        ("crisguard-seen-completions", seen_completions()),
    ] {
        assert_eq!(
            deployed(rule),
            serde_json::from_str::<Value>(&pattern).unwrap(),
            "{rule}"
        );
    }
}
