//! What is a change, of what, and what it can affect.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::posture::Seen;

fn event(source: &str, name: &str, parameters: &Value) -> Value {
    json!({
        "source": format!("aws.{}", source.split('.').next().unwrap()),
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": source, "eventName": name, "eventID": "e-1", "eventTime": "2026-11-22T03:00:00Z",
            "awsRegion": "eu-west-1", "recipientAccountId": "111122223333", "requestParameters": parameters,
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve"}
        }
    })
}

fn parsed(event: &Value) -> Option<Change> {
    parse(event.to_string().as_bytes()).unwrap()
}

fn change(source: &str, name: &str, parameters: &Value) -> Change {
    parsed(&event(source, name, parameters)).unwrap()
}

/// What a Region's logging rests on: the bucket `logs`, the log group `/logs` and the key `1`.
fn known() -> Evidence {
    let seen = json!({"logging": {
        "configuration": {"Ok": null}, "public_access": {"Ok": null}, "failed_deliveries": {"Ok": 0},
        "buckets": {"logs": {"Ok": "missing"}}, "log_groups": {"/logs": {"Ok": null}},
        "keys": {"arn:aws:kms:eu-west-1:111122223333:key/1": {"Ok": null}}
    }});
    let seen: Seen = serde_json::from_value(seen).unwrap();
    let mut evidence = Evidence::unknown();
    evidence.learn(&ireland(), Area::Logging, &seen, began());
    evidence
}

fn ireland() -> Region {
    "eu-west-1".parse().unwrap()
}

#[test]
fn every_listed_event_is_a_change_and_stands_once() {
    let mut seen = BTreeSet::new();
    for row in EVENTS {
        for name in row.names {
            assert!(seen.insert((row.source, name)), "{} {name} is listed twice", row.source);
            assert!(!change(row.source, name, &json!({})).areas.is_empty(), "{name}");
        }
    }
    assert!(seen.len() > 60);
}

/// Returns the pattern that a template deploys under a rule's name.
fn deployed(template: &str, rule: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../infra")
        .join(template);
    let text = std::fs::read_to_string(path).unwrap();
    let (_, from_rule) = text.split_once(&format!("Name: {rule}\n")).unwrap();
    let (_, from_pattern) = from_rule.split_once("EventPattern: >-\n").unwrap();
    let (pattern, _) = from_pattern.split_once("\n      Targets:").unwrap();
    serde_json::from_str(pattern).unwrap()
}

#[test]
fn the_rules_are_deployed_as_they_are_checked() {
    let same = |template: &str, rule: &str, pattern: &str| {
        let expected: Value = serde_json::from_str(pattern).unwrap();
        assert_eq!(deployed(template, rule), expected, "{rule}: {pattern}");
    };
    let everywhere = patterns("us-east-1");
    assert_eq!(everywhere.len(), 8);
    assert!(
        patterns("eu-west-1")
            .iter()
            .all(|forwarded| forwarded.rule != "crisguard-change-iam")
    );
    for Forwarded { rule, pattern } in everywhere {
        same("change-region.yaml", &rule, &pattern);
    }
    same("changes.yaml", "crisguard-changes", &bus_pattern());
}

#[test]
fn other_events_and_calls_that_failed_change_nothing() {
    assert_eq!(parsed(&event("s3.amazonaws.com", "GetBucketPolicy", &json!({}))), None);
    assert_eq!(parsed(&event("bedrock.amazonaws.com", "Converse", &json!({}))), None);
    let mut failed = event("s3.amazonaws.com", "DeleteBucket", &json!({"bucketName": "logs"}));
    failed["detail"]["errorCode"] = json!("AccessDenied");
    assert_eq!(parsed(&failed), None);
    let mut notification = event("s3.amazonaws.com", "DeleteBucket", &json!({}));
    notification["detail-type"] = json!("Object Created");
    assert_eq!(parsed(&notification), None);
}

#[test]
fn what_a_change_needs_is_named_where_it_is_absent() {
    for member in ["eventName", "eventID", "eventTime", "awsRegion", "recipientAccountId"] {
        let mut event = event("s3.amazonaws.com", "DeleteBucket", &json!({}));
        event["detail"].as_object_mut().unwrap().remove(member);
        if member == "recipientAccountId" {
            event["detail"]["userIdentity"] = json!({});
        }
        let error = parse(event.to_string().as_bytes()).unwrap_err();
        assert!(error.to_string().contains(member), "{error}");
    }
}

#[test]
fn a_change_is_one_of_the_account_that_its_event_came_from() {
    let mut event = event("s3.amazonaws.com", "DeleteBucket", &json!({"bucketName": "logs"}));
    event["account"] = json!("111122223333");
    assert!(parsed(&event).is_some());
    event["account"] = json!("444455556666");
    let error = parse(event.to_string().as_bytes()).unwrap_err();
    assert!(error.to_string().starts_with("`account` is not"), "{error}");
}

#[test]
fn a_change_of_what_is_no_evidence_affects_nothing() {
    let affected = |source, name, parameters| known().affected(&change(source, name, &parameters), &ireland());
    let logging = BTreeSet::from([Area::Logging]);
    let s3 = "s3.amazonaws.com";
    assert_eq!(
        affected(s3, "DeleteBucketPolicy", json!({"bucketName": "logs"})),
        logging
    );
    assert_eq!(
        affected(s3, "DeleteBucketPolicy", json!({"bucketName": "others"})),
        BTreeSet::new()
    );
    let logs = "logs.amazonaws.com";
    assert_eq!(
        affected(logs, "DeleteLogGroup", json!({"logGroupName": "/logs"})),
        logging
    );
    assert_eq!(
        affected(logs, "DeleteLogGroup", json!({"logGroupName": "/other"})),
        BTreeSet::new()
    );
    for name in ["1", "arn:aws:kms:eu-west-1:111122223333:key/1"] {
        let affected = affected("kms.amazonaws.com", "DisableKey", json!({"keyId": name}));
        assert!(affected.contains(&Area::Logging), "{name}");
    }
    // Nothing was ever learned of models and agents, so the key may be theirs.
    assert_eq!(
        affected("kms.amazonaws.com", "DisableKey", json!({"keyId": "2"})),
        BTreeSet::from([Area::Models, Area::Agents])
    );
}

#[test]
fn where_it_is_not_known_what_was_changed_or_what_is_evidence_all_is_affected() {
    let logging = BTreeSet::from([Area::Logging]);
    let unnamed = change("s3.amazonaws.com", "DeleteBucket", &json!({}));
    assert_eq!(known().affected(&unnamed, &ireland()), logging);
    let named = change("s3.amazonaws.com", "DeleteBucket", &json!({"bucketName": "others"}));
    assert_eq!(Evidence::unknown().affected(&named, &ireland()), logging);
    assert_eq!(known().affected(&named, &"us-east-1".parse().unwrap()), logging);

    let seen = json!({"logging": {
        "configuration": {"Err": {"action": "x:Y", "cause": "no"}}, "public_access": {"Ok": null},
        "failed_deliveries": {"Ok": 0}, "buckets": {}, "log_groups": {}, "keys": {}
    }});
    let mut evidence = known();
    evidence.learn(
        &ireland(),
        Area::Logging,
        &serde_json::from_value(seen).unwrap(),
        began(),
    );
    assert_eq!(evidence.affected(&named, &ireland()), logging);
}

fn began() -> Timestamp {
    "2026-11-22T03:00:00Z".parse().unwrap()
}

/// A nightly look that has read the evidence long before it ends must not make people forget what a look at a change
/// has seen meanwhile.
#[test]
fn what_a_later_run_saw_is_not_forgotten_by_one_that_began_before_it() {
    let seen = |bucket: &str| {
        let seen = json!({"logging": {
            "configuration": {"Ok": null}, "public_access": {"Ok": null}, "failed_deliveries": {"Ok": 0},
            "buckets": {bucket: {"Ok": "missing"}}, "log_groups": {}, "keys": {}
        }});
        serde_json::from_value(seen).unwrap()
    };
    let deleted = |bucket: &str| change("s3.amazonaws.com", "DeleteBucket", &json!({"bucketName": bucket}));
    let minute = SignedDuration::from_mins(1);
    let mut evidence = Evidence::unknown();
    let affected = |evidence: &Evidence, bucket: &str| !evidence.affected(&deleted(bucket), &ireland()).is_empty();
    evidence.learn(&ireland(), Area::Logging, &seen("new"), began() + minute);
    evidence.learn(&ireland(), Area::Logging, &seen("old"), began());
    assert!(affected(&evidence, "new") && affected(&evidence, "old"));
    evidence.learn(&ireland(), Area::Logging, &seen("newest"), began() + minute + minute);
    assert!(!affected(&evidence, "new") && !affected(&evidence, "old") && affected(&evidence, "newest"));
}

#[test]
fn evidence_is_kept_as_json() {
    let json = serde_json::to_string(&known()).unwrap();
    assert_eq!(serde_json::from_str::<Evidence>(&json).unwrap(), known());
}

/// A bucket of one Region to which another delivers: what changes it affects the other.
#[test]
fn what_rests_on_a_change_is_known_wherever_the_change_was_made() {
    let mut elsewhere = change("s3.amazonaws.com", "DeleteBucketPolicy", &json!({"bucketName": "logs"}));
    elsewhere.region = "us-east-1".parse().unwrap();
    let resting = |evidence: &Evidence| evidence.resting_on(&elsewhere).cloned().collect::<Vec<_>>();
    assert_eq!(resting(&known()), [ireland()]);
    let mut evidence = known();
    evidence.forget(&ireland(), Area::Logging);
    assert_eq!(resting(&evidence), []);
    assert_eq!(
        evidence.affected(&elsewhere, &ireland()),
        BTreeSet::from([Area::Logging])
    );
}

/// A bucket whose encryption could not be read may have any key.
#[test]
fn a_bucket_whose_key_was_not_seen_rests_on_every_key() {
    let bucket = json!({"own": {
        "region": "eu-west-1", "encryption": {"Err": {"action": "x:Y", "cause": "no"}}, "public_access": {"Ok": null},
        "ownership": {"Ok": null}, "policy": {"Ok": null}, "lifecycle": {"Ok": []}
    }});
    let seen = json!({"logging": {
        "configuration": {"Ok": null}, "public_access": {"Ok": null}, "failed_deliveries": {"Ok": 0},
        "buckets": {"logs": {"Ok": bucket}}, "log_groups": {}, "keys": {}
    }});
    let mut evidence = Evidence::unknown();
    evidence.learn(
        &ireland(),
        Area::Logging,
        &serde_json::from_value(seen).unwrap(),
        began(),
    );
    let disabled = change("kms.amazonaws.com", "DisableKey", &json!({"keyId": "9"}));
    assert!(evidence.affected(&disabled, &ireland()).contains(&Area::Logging));
}

/// Whoever switched logging off is named, however many buckets are touched after it.
#[test]
fn what_changes_the_setting_itself_is_told_first() {
    let event = |name: &str, minute: i8, who: &str| ChangeMade {
        time: format!("2026-11-22T03:{minute:02}:00Z").parse().unwrap(),
        event_name: name.to_owned(),
        event_id: format!("{name}-{who}"),
        region: ireland(),
        principal: who.to_owned(),
    };
    let off = event("DeleteModelInvocationLoggingConfiguration", 0, "eve");
    let others = (1..9).map(|minute| event("PutBucketPolicy", minute, &format!("role-{minute}")));
    let puts = (1..4).map(|minute| {
        event(
            "PutModelInvocationLoggingConfiguration",
            minute,
            &format!("role-{minute}"),
        )
    });
    let told = ChangeMade::latest(others.chain([off.clone()]).chain(puts));
    assert_eq!(told.len(), 5);
    assert_eq!(told.first(), Some(&off));
    assert_eq!(told.last().map(|change| change.principal.as_str()), Some("role-8"));
}
