//! The use case with fakes for its ports.

mod accounts;
mod canaries;
mod shelf;

use crisguard_core::{decision::EvidenceGap, finding::Verdict};
use crisguard_lambda::{
    policy_in_force::Scope,
    test_support::{FindingsQueue, PolicyObject},
};
use jiff::Timestamp;

use super::*;
use shelf::{PROFILES, SCPS, Shelf};

const POLICY: &str =
    "version: 1\nregions: { source: [us-west-2], destination: [us-west-2] }\nprofiles: { global: deny }\n";
const ACCOUNT: &str = "111122223333";

/// Returns the findings that the queue took.
fn findings(queue: &FindingsQueue) -> Vec<Finding> {
    let read = |message: &OutgoingMessage| match finding::Message::from_json(&message.body).unwrap() {
        finding::Message::Invocations(finding) => Some(*finding),
        finding::Message::Posture(_) | finding::Message::Canary(_) => None,
    };
    queue.accepted.borrow().iter().filter_map(read).collect()
}

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn scope(path: Option<&str>) -> Scope {
    Scope {
        account: ACCOUNT.parse().unwrap(),
        organization_path: path.map(|path| path.parse().unwrap()),
    }
}

fn message(id: &str, body: String) -> Message {
    Message {
        id: MessageId::new(id.to_owned()).unwrap(),
        body,
        group: None,
    }
}

/// An event of a call by `role` that was processed in `region`.
fn event(event_id: &str, account: &str, role: &str, region: &str) -> String {
    format!(
        r#"{{"source": "aws.bedrock", "detail-type": "AWS API Call via CloudTrail", "detail": {{
        "eventSource": "bedrock.amazonaws.com", "eventName": "Converse", "eventID": "{event_id}",
        "eventTime": "2026-11-22T09:59:00Z", "awsRegion": "us-west-2", "recipientAccountId": "{account}",
        "userIdentity": {{"type": "IAMUser", "arn": "arn:aws:iam::{account}:user/{role}"}},
        "requestParameters": {{"modelId": "us.amazon.nova-lite-v1:0"}},
        "additionalEventData": {{"inferenceRegion": "{region}"}}}}}}"#
    )
}

async fn run_with(queue: &FindingsQueue, messages: Vec<Message>) -> Outcome {
    let policy = PolicyInForce::read(&PolicyObject::holding(POLICY), scope(None), now())
        .await
        .unwrap();
    let mut accounts = knowing(&Shelf::empty()).await;
    run(queue, &policy, &mut accounts, messages, now()).await.unwrap()
}

/// Starts with what is kept on a shelf.
async fn knowing(shelf: &Shelf) -> Accounts<Shelf> {
    let catalogue = Catalogue::embedded().unwrap();
    Accounts::start(shelf.clone(), ACCOUNT.parse().unwrap(), catalogue, now()).await
}

fn ways_out(outcome: &Outcome) -> Vec<WayOut> {
    outcome.exits.iter().map(|(_, way_out)| *way_out).collect()
}

#[tokio::test]
async fn every_message_leaves_through_one_exit() {
    let queue = FindingsQueue::refusing(&[]);
    let listing = event("e", ACCOUNT, "app", "us-west-2").replace("Converse", "ListFoundationModels");
    let outcome = run_with(
        &queue,
        vec![
            message("1", event("a", ACCOUNT, "app", "us-west-2")),
            message("2", event("b", ACCOUNT, "app", "us-east-1")),
            message("3", "not JSON".to_owned()),
            message(
                "4",
                r#"{"source": "aws.s3", "detail-type": "x", "detail": {}}"#.to_owned(),
            ),
            message(
                "5",
                listing.replace(
                    r#""additionalEventData": {"inferenceRegion": "us-west-2"}"#,
                    r#""x": 1"#,
                ),
            ),
        ],
    )
    .await;
    let exits = [
        Exit::Compliant,
        Exit::Violation,
        Exit::Rejected,
        Exit::NotBedrock,
        Exit::NotApplicable,
    ];
    assert_eq!(ways_out(&outcome), exits.map(WayOut::Exit));
    assert_eq!((outcome.findings_sent, findings(&queue).len()), (1, 1));
}

#[tokio::test]
async fn the_same_violation_is_one_finding_and_the_same_event_counts_once() {
    let queue = FindingsQueue::refusing(&[]);
    let events = ["a", "b", "a"].map(|event_id| event(event_id, ACCOUNT, "app", "us-east-1"));
    run_with(&queue, events.into_iter().map(|event| message("m", event)).collect()).await;
    assert_eq!(
        findings(&queue).iter().map(|finding| finding.count).collect::<Vec<_>>(),
        [2]
    );
    let accepted = queue.accepted.borrow();
    assert_eq!(accepted[0].group, findings(&queue)[0].subject);
    assert_eq!(accepted[0].deduplication_id.len(), 64);
}

#[tokio::test]
async fn the_worst_finding_of_a_subject_is_sent_first() {
    for role in ["app", "web", "job", "bot", "dev", "ops"] {
        let queue = FindingsQueue::refusing(&[]);
        let global = event("a", ACCOUNT, role, "us-east-1").replace("us.amazon.nova-lite", "global.amazon.nova-2-lite");
        run_with(&queue, vec![message("m", global)]).await;
        let severities: Vec<String> = findings(&queue).iter().map(|f| f.severity.to_string()).collect();
        assert_eq!(severities, ["critical", "high"], "{role}");
    }
}

#[tokio::test]
async fn exactly_the_messages_of_an_unsent_finding_fail() {
    let events = [("a", "first"), ("b", "second"), ("c", "first")];
    let messages = || {
        let message = |(id, role)| message(id, event(id, ACCOUNT, role, "us-east-1"));
        events.into_iter().map(message).collect::<Vec<_>>()
    };
    for refused in [0, 1] {
        let queue = FindingsQueue::refusing(&[refused]);
        let outcome = run_with(&queue, messages()).await;
        let sent = &findings(&queue)[0].event_ids;
        let failed: BTreeSet<String> = outcome
            .exits
            .iter()
            .filter(|(_, way_out)| *way_out == WayOut::Retried)
            .map(|(id, _)| id.as_str().to_owned())
            .collect();
        assert!(
            failed.is_disjoint(sent) && failed.len() + sent.len() == events.len(),
            "{failed:?} {sent:?}"
        );
    }
}

#[tokio::test]
async fn only_the_part_of_a_large_finding_that_was_not_sent_fails() {
    let messages = (0..100)
        .map(|n| message(&n.to_string(), event(&format!("{n:03}"), ACCOUNT, "app", "us-east-1")))
        .collect();
    let outcome = run_with(&FindingsQueue::refusing(&[1]), messages).await;
    assert_eq!(ways_out(&outcome).iter().filter(|way_out| way_out.fails()).count(), 10);
    assert_eq!(outcome.findings_sent, 1);
}

fn config() -> config::Config {
    let variables = crisguard_lambda::config::Variables::new(|name: &str| {
        Some(match name {
            "CRISGUARD_ACCOUNT" => ACCOUNT.to_owned(),
            "CRISGUARD_ORGANIZATION_PATH" | "CRISGUARD_LOG_LEVEL" => String::new(),
            name => name.to_lowercase(),
        })
    });
    config::Config::read(variables).unwrap()
}

/// What the account was answered in the evening about the one profile that events call.
const LISTS: &str = r#"{"regions": {"us-west-2": {"observed_at": "2026-11-21T17:00:00Z", "profiles": {
    "us.amazon.nova-lite-v1:0": {
        "arn": "arn:aws:bedrock:us-west-2:111122223333:inference-profile/us.amazon.nova-lite-v1:0",
        "application": false,
        "models": ["arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-lite-v1:0"]
    },
    "a1b2c3": {
        "arn": "arn:aws:bedrock:us-west-2:111122223333:application-inference-profile/a1b2c3",
        "application": true,
        "models": ["arn:aws:bedrock:::foundation-model/amazon.nova-lite-v1:0"]
    }
}}}}"#;

type Function = WatchInference<PolicyObject, Shelf, FindingsQueue>;

/// Starts the function with a policy and what is kept on a shelf.
async fn started(policy: &str, shelf: &Shelf) -> Function {
    let (policy, queue) = (PolicyObject::holding(policy), FindingsQueue::refusing(&[]));
    WatchInference::start(config(), policy, shelf.clone(), queue, now())
        .await
        .unwrap()
}

/// Hands one event over at a time, and returns what was found about it, by control.
async fn found(function: &Function, event: &str, at: Timestamp) -> BTreeMap<String, bool> {
    function.queue.accepted.borrow_mut().clear();
    let body = serde_json::to_string(event).unwrap();
    let batch = format!(r#"{{"Records": [{{"messageId": "m", "body": {body}}}]}}"#);
    function.handle(&batch, at, Vec::new()).await.unwrap();
    let found = findings(&function.queue).into_iter();
    found
        .map(|finding| (finding.control.to_string(), finding.verdict.is_violation()))
        .collect()
}

#[tokio::test]
async fn the_account_s_own_lists_are_decided_by_as_soon_as_there_are_any() {
    let shelf = Shelf::empty();
    let function = started(POLICY, &shelf).await;
    let elsewhere = event("a", ACCOUNT, "app", "us-east-1");
    let arn = "arn:aws:bedrock:us-west-2:111122223333:application-inference-profile/a1b2c3";
    let behind = event("b", ACCOUNT, "app", "us-west-2").replace("us.amazon.nova-lite-v1:0", arn);
    let by = |control: &str, violation| (control.to_owned(), violation);
    let left = by("destination-region-allowed", true);

    assert_eq!(found(&function, &elsewhere, now()).await, [left.clone()].into());
    let undecided = ["global-profile-allowed", "profile-destinations-known"].map(|control| by(control, false));
    assert_eq!(found(&function, &behind, now()).await, undecided.into());

    shelf.put(ACCOUNT, PROFILES, LISTS);
    let later = now() + std::time::Duration::from_mins(5);
    let unlisted = by("profile-destinations-known", true);
    assert_eq!(found(&function, &elsewhere, later).await, [left, unlisted].into());
    let global = by("global-profile-allowed", true);
    assert_eq!(found(&function, &behind, later).await, [global].into());
}

#[tokio::test]
async fn the_handler_answers_with_failures_and_writes_metrics_that_add_up() {
    let function = WatchInference::start(
        config(),
        PolicyObject::holding(POLICY),
        Shelf::empty(),
        FindingsQueue::refusing(&[0]),
        now(),
    )
    .await
    .unwrap();
    let bodies = [
        event("a", ACCOUNT, "app", "us-east-1"),
        "poison".to_owned(),
        event("b", ACCOUNT, "app", "us-west-2"),
    ];
    let records: Vec<String> = bodies
        .iter()
        .zip(1..)
        .map(|(body, n)| {
            format!(
                r#"{{"messageId": "m-{n}", "body": {}}}"#,
                serde_json::to_string(body).unwrap()
            )
        })
        .collect();
    let batch = format!(r#"{{"Records": [{}]}}"#, records.join(","));
    let mut out = Vec::new();
    let answer = function.handle(&batch, now(), &mut out).await.unwrap();
    let failed: Vec<&str> = answer.failures().map(MessageId::as_str).collect();
    assert_eq!(failed, ["m-1", "m-2"]);
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

#[tokio::test]
async fn a_gap_does_not_hide_a_violation_of_the_same_calls() {
    let queue = FindingsQueue::refusing(&[]);
    run_with(&queue, vec![message("1", event("a", ACCOUNT, "app", "us-east-1"))]).await;
    let violation = findings(&queue).remove(0);
    let gap = Finding {
        verdict: Verdict::Undecided(EvidenceGap::ModelNotNamed),
        ..violation.clone()
    };
    let id = |finding| outgoing(finding).unwrap().deduplication_id;
    assert_ne!(id(&violation), id(&gap));
    assert_eq!(id(&violation), id(&violation.clone()));
}

#[tokio::test]
async fn a_finding_has_only_characters_that_the_queue_takes_whatever_a_caller_sent() {
    let queue = FindingsQueue::refusing(&[]);
    let sent = "us.\u{fffe}nova\u{ffff}\u{7f}\u{10ffff}日本";
    let event = event("a", ACCOUNT, "app", "us-east-1").replace("us.amazon.nova-lite-v1:0", sent);
    run_with(&queue, vec![message("1", event)]).await;
    for message in &*queue.accepted.borrow() {
        let taken = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        assert!(message.body.chars().all(taken), "{:?}", message.body);
    }
    let profile = findings(&queue).remove(0).profile;
    assert_eq!(profile.as_deref(), Some("us.\u{fffe}nova\u{ffff}\u{10ffff}日本"));
}

/// An account under a policy that denies every Region but us-west-2.
const ABOVE: &str = r#"{"observed_at": "2026-11-22T01:00:00Z", "membership": {"member": {"Ok": {
    "version": 1, "id": "o-a1b2c3d4e5", "management_account": "444455556666",
    "root": {"id": "r-ab12", "scps_enabled": true, "policies": ["p-FullAWSAccess", "p-regions1"]},
    "accounts": [{"id": "111122223333", "parent": "r-ab12", "policies": ["p-FullAWSAccess"]}],
    "policies": [{"id": "p-regions1", "name": "Regions", "content": {"Statement": {"Sid": "OnlyOregon",
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-west-2"}}}}}]}}}}"#;

/// A call through a profile that the policy permits, denied in a Region that the policy allows.
fn denied(event_id: &str) -> String {
    let message = "User: arn:aws:iam::111122223333:user/app is not authorized to perform: bedrock:InvokeModel on \
        resource: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0 with an explicit deny in a \
        service control policy";
    let error = format!(r#""errorCode": "AccessDeniedException", "errorMessage": "{message}", "recipientAccountId""#);
    event(event_id, ACCOUNT, "app", "").replace(r#""recipientAccountId""#, &error)
}

#[tokio::test]
async fn a_denial_names_the_statement_once_what_stands_above_is_kept() {
    let policy = POLICY.replace(
        "destination: [us-west-2]",
        "destination: [us-east-1, us-east-2, us-west-2]",
    );
    let shelf = Shelf::empty();
    let function = started(&policy, &shelf).await;
    found(&function, &event("a", ACCOUNT, "app", "us-west-2"), now()).await;
    // Nobody was denied, so it was not asked for, and what is kept now is read at once.
    shelf.put(ACCOUNT, SCPS, ABOVE);

    found(&function, &denied("b"), now()).await;
    let text = match findings(&function.queue).remove(0).verdict {
        Verdict::NonCompliant(violation) => violation.to_string(),
        Verdict::Undecided(gap) => panic!("{gap}"),
    };
    assert!(
        text.ends_with("(the statement OnlyOregon of p-regions1 Regions denies it, as read on 2026-11-22T01:00:00Z)"),
        "{text}"
    );
}
