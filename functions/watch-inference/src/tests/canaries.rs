//! Canaries, real and forged.

use crisguard_core::cloudtrail::LARGEST_RECORD;

use super::*;

/// A canary with any record, as EventBridge hands it on.
fn canary(time: &str, detail: &str) -> String {
    format!(
        r#"{{"version": "0", "id": "1", "source": "crisguard.canary", "detail-type": "AWS API Call via CloudTrail",
        "account": "{ACCOUNT}", "time": "{time}", "region": "eu-west-1", "resources": [], "detail": {detail}}}"#
    )
}

/// The record of an event made by [`event`].
fn detail(event: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(event).unwrap();
    event["detail"].to_string()
}

#[tokio::test]
async fn a_canary_is_handed_on_as_one_and_becomes_no_finding() {
    let queue = FindingsQueue::refusing(&[]);
    let violation = detail(&event("a", ACCOUNT, "app", "us-east-1"));
    let outcome = run_with(
        &queue,
        vec![
            message("1", canary("2026-11-22T09:59:30Z", &violation)),
            message("2", event("b", ACCOUNT, "app", "us-east-1")),
        ],
    )
    .await;
    assert_eq!(ways_out(&outcome), [WayOut::Canary, WayOut::Exit(Exit::Violation)]);
    assert_eq!(outcome.findings_sent, 1);
    assert_eq!(findings(&queue)[0].event_ids, BTreeSet::from(["b".to_owned()]));
    let accepted = queue.accepted.borrow();
    assert_eq!(accepted[1].group, "canary-111122223333");
    insta::assert_snapshot!(accepted[1].body, @r#"{"kind":"canary","version":2,"account":"111122223333","region":"eu-west-1","at":"2026-11-22T09:59:30Z"}"#);
}

#[tokio::test]
async fn a_forged_canary_never_becomes_a_finding() {
    let violation = detail(&event("a", ACCOUNT, "app", "us-east-1"));
    let forgeries = [
        violation.clone(),
        violation.replace("us.amazon.nova-lite", "global.amazon.nova-2-lite"),
        violation.replace(ACCOUNT, "444455556666"),
        violation.replace("bedrock.amazonaws.com", "s3.amazonaws.com"),
        violation.replace("2026-11-22T09:59:00Z", "yesterday"),
        violation
            .replace("Converse", "ListFoundationModels")
            .replace("inferenceRegion", "x"),
        "{}".to_owned(),
        "7".to_owned(),
    ];
    for forgery in forgeries {
        let queue = FindingsQueue::refusing(&[]);
        let outcome = run_with(&queue, vec![message("1", canary("2026-11-22T10:00:00Z", &forgery))]).await;
        assert_eq!(ways_out(&outcome), [WayOut::Canary], "{forgery}");
        assert_eq!((outcome.findings_sent, findings(&queue).len()), (0, 0), "{forgery}");
    }
}

#[tokio::test]
async fn only_a_canary_that_was_decided_has_come_through_and_not_in_time_to_come() {
    let call = detail(&event("a", ACCOUNT, "app", "us-west-2"));
    let queue = FindingsQueue::refusing(&[]);
    let messages = vec![
        message("1", canary("2099-01-01T00:00:00Z", &call)),
        message("2", canary("2026-11-22T10:00:00Z", "{}")),
        message("3", canary("some day", &call)),
    ];
    let outcome = run_with(&queue, messages).await;
    assert_eq!(ways_out(&outcome), [WayOut::Canary; 3]);
    let accepted = queue.accepted.borrow();
    let arrivals: Vec<_> = accepted.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(
        arrivals,
        [r#"{"kind":"canary","version":2,"account":"111122223333","region":"eu-west-1","at":"2026-11-22T10:00:00Z"}"#]
    );
}

#[tokio::test]
async fn canaries_of_a_region_are_one_message_and_are_delivered_again_together() {
    let call = detail(&event("a", ACCOUNT, "app", "us-west-2"));
    let early = canary("2026-11-22T08:00:00Z", &call);
    let messages = || {
        vec![
            message("1", event("b", ACCOUNT, "app", "us-east-1")),
            message("2", canary("2026-11-22T09:00:00Z", &call)),
            message("3", early.clone()),
            message("4", early.replace("eu-west-1", "us-west-2")),
        ]
    };
    let queue = FindingsQueue::refusing(&[]);
    run_with(&queue, messages()).await;
    let sent: Vec<String> = queue
        .accepted
        .borrow()
        .iter()
        .skip(1)
        .map(|message| message.body.clone())
        .collect();
    assert_eq!(
        sent,
        [
            r#"{"kind":"canary","version":2,"account":"111122223333","region":"eu-west-1","at":"2026-11-22T09:00:00Z"}"#,
            r#"{"kind":"canary","version":2,"account":"111122223333","region":"us-west-2","at":"2026-11-22T08:00:00Z"}"#
        ]
    );

    let outcome = run_with(&FindingsQueue::refusing(&[1]), messages()).await;
    let exits = [
        WayOut::Exit(Exit::Violation),
        WayOut::Retried,
        WayOut::Retried,
        WayOut::Canary,
    ];
    assert_eq!(ways_out(&outcome), exits);
}

/// EventBridge writes which account's bus it was; what the record says of accounts is the sender's.
#[tokio::test]
async fn a_canary_speaks_for_the_account_on_whose_bus_it_was_put() {
    let call = |account: &str| detail(&event("a", account, "app", "us-west-2"));
    let member = |time: &str, detail: &str| canary(time, detail).replacen(ACCOUNT, "444455556666", 1);
    let shelf = Shelf::empty();
    let mut accounts = knowing(&shelf).await;
    shelf.asked();
    let policy = PolicyObject::holding(POLICY);
    let policy = PolicyInForce::read(&policy, scope(None), now()).await.unwrap();
    let queue = FindingsQueue::refusing(&[]);
    let messages = vec![
        message("1", member("2026-11-22T09:00:00Z", &call(ACCOUNT))),
        message("2", canary("2026-11-22T08:00:00Z", &call("777788889999"))),
        message("3", member("2026-11-22T09:30:00Z", &call("777788889999"))),
        message(
            "4",
            canary("2026-11-22T09:45:00Z", &call(ACCOUNT)).replacen(ACCOUNT, "../secrets", 1),
        ),
    ];
    let outcome = run(&queue, &policy, &mut accounts, messages, now()).await.unwrap();
    assert_eq!(ways_out(&outcome), [WayOut::Canary; 4]);
    let accepted = queue.accepted.borrow();
    let arrivals: Vec<(&str, &str)> = accepted.iter().map(|m| (m.group.as_str(), m.body.as_str())).collect();
    assert_eq!(
        arrivals,
        [
            (
                "canary-111122223333",
                r#"{"kind":"canary","version":2,"account":"111122223333","region":"eu-west-1","at":"2026-11-22T08:00:00Z"}"#
            ),
            (
                "canary-444455556666",
                r#"{"kind":"canary","version":2,"account":"444455556666","region":"eu-west-1","at":"2026-11-22T09:30:00Z"}"#
            ),
        ]
    );
    assert_eq!(shelf.asked(), Vec::<String>::new(), "nothing is read for a canary");
}

/// It is counted and goes to the dead-letter queue: nobody waits for it in vain without an alarm.
#[tokio::test]
async fn a_canary_that_is_too_large_is_rejected_like_any_other_message() {
    let call = detail(&event("a", ACCOUNT, "app", "us-west-2"));
    let large = canary("2026-11-22T10:00:00Z", &call) + &" ".repeat(LARGEST_RECORD);
    let outcome = run_with(&FindingsQueue::refusing(&[]), vec![message("1", large)]).await;
    assert_eq!(ways_out(&outcome), [WayOut::Exit(Exit::Rejected)]);
    assert!(outcome.exits[0].1.fails());
}
