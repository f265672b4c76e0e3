//! What people and machines read.

use crisguard_aws::{
    Failure,
    s3::Fetched,
    sns::{Attribute, Publication},
};
use crisguard_lambda::policy_in_force::ReadPolicy;

use super::fakes::{
    Machines, Memory, Topic, World, at, deliver, digest, failure, finding, message, of_control, undecided, world,
};
use crate::{function::SendAlerts, memory};

fn email(publication: &Publication) -> String {
    let bodies: serde_json::Value = serde_json::from_str(&publication.bodies).unwrap();
    format!(
        "Subject: {}\n\n{}",
        publication.subject,
        bodies["email"].as_str().unwrap()
    )
}

fn machine(publication: &Publication) -> serde_json::Value {
    let bodies: serde_json::Value = serde_json::from_str(&publication.bodies).unwrap();
    let body: serde_json::Value = serde_json::from_str(bodies["default"].as_str().unwrap()).unwrap();
    let attributes: serde_json::Map<String, serde_json::Value> = publication
        .attributes
        .iter()
        .map(|(name, attribute)| match attribute {
            Attribute::Text(text) => ((*name).to_owned(), text.as_str().into()),
            Attribute::Texts(json) => ((*name).to_owned(), serde_json::from_str(json).unwrap()),
        })
        .collect();
    serde_json::json!({"attributes": attributes, "body": body})
}

fn taken(world: &World, index: usize) -> Publication {
    world.topic.taken.borrow()[index].clone()
}

async fn alerted() -> World {
    let world = world();
    let mut first = finding("app", "us-east-1", &["a", "b", "c"]);
    let expired = r#"[{"id": "research-2026", "owner": "dpo@example.com", "expires": "2026-10-31"}]"#;
    first.expired_exceptions = serde_json::from_str(expired).unwrap();
    let second = of_control(&finding("app", "us-east-1", &["a"]), "profile-allowed", "high");
    deliver(&world, &[first, second], at(0)).await;
    world
}

#[tokio::test(start_paused = true)]
async fn an_alert_as_people_read_it() {
    insta::assert_snapshot!(email(&taken(&alerted().await, 0)));
}

#[tokio::test(start_paused = true)]
async fn an_alert_as_machines_read_it() {
    let notice = machine(&taken(&alerted().await, 0));
    // Sorted, for whether JSON objects keep their order depends on what else is built.
    insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(notice) });
}

#[tokio::test(start_paused = true)]
async fn a_digest_as_people_read_it() {
    let world = alerted().await;
    deliver(
        &world,
        &[
            finding("app", "us-east-1", &["d"]),
            undecided(&finding("app", "eu-west-1", &["e"])),
        ],
        at(5),
    )
    .await;
    digest(&world).await;
    insta::assert_snapshot!(email(&taken(&world, 1)));
}

#[tokio::test(start_paused = true)]
async fn a_subject_is_one_short_ascii_line_and_ids_cannot_disguise_themselves() {
    let world = world();
    let mut hostile = finding("app", "us-east-1", &["a"]);
    hostile.principal = "role\r\nSubject: urgent\u{202e}".to_owned();
    hostile.profile = Some("us.x; rm -rf /".to_owned());
    hostile.event_ids = ["$(id)".to_owned()].into();
    hostile.explanation = "é\n".repeat(1000);
    deliver(&world, &[hostile], at(0)).await;
    let publication = taken(&world, 0);
    assert!(publication.subject.len() <= 99 && publication.subject.bytes().all(|byte| (32..127).contains(&byte)));
    let email = email(&publication);
    assert!(email.contains("  Who          roleSubject: urgent\n"), "{email}");
    let commands: Vec<&str> = email.lines().filter(|line| line.contains("aws ")).collect();
    assert!(
        commands
            .iter()
            .all(|command| !command.contains("$(id)") && !command.contains("rm -rf")),
        "{commands:?}"
    );
}

fn function(world: World) -> SendAlerts<Memory, Topic, Machines, NoPolicy> {
    let variables = crisguard_lambda::config::Variables::new(|name: &str| {
        Some(match name {
            "CRISGUARD_LOG_LEVEL" => "info".to_owned(),
            "CRISGUARD_ACCOUNT" => "111122223333".to_owned(),
            "CRISGUARD_ORGANIZATION_PATH" | "CRISGUARD_SECURITY_HUB_PRODUCT_ARN" => String::new(),
            name => name.to_lowercase(),
        })
    });
    let config = crate::config::Config::read(variables).unwrap();
    SendAlerts::start(config, world.memory, world.topic, world.machines, NoPolicy).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_review_that_cannot_be_finished_counts_what_it_has_done_and_looks_for_canaries() {
    let world = world();
    deliver(&world, &[undecided(&finding("app", "us-east-1", &["a"]))], at(0)).await;
    let canary = memory::canary(None, "us-west-2", at(0)).unwrap();
    world.memory.documents.borrow_mut().insert(canary.key.clone(), canary);
    world.topic.refuses.set(true);
    let function = function(world);
    let week = 7 * 24 * 60;
    for (minutes, closed, late) in [(week - 1, 0, 1), (week, 1, 0)] {
        let mut out = Vec::new();
        let review = r#"{"crisguard": "review"}"#;
        function.handle(review, at(minutes), &mut out).await.unwrap_err();
        let metrics: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let counts = ["Closed", "Announced", "CanaryLate", "Reviews"].map(|name| metrics[name].as_u64().unwrap());
        assert_eq!(counts, [closed, closed, late, 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_handler_takes_batches_and_the_schedule_and_counts_exits() {
    let function = function(world());
    let body = message("m-1", &undecided(&finding("app", "us-east-1", &["a"]))).body;
    let batch = serde_json::json!({"Records": [
        {"messageId": "m-1", "body": body, "attributes": {"MessageGroupId": "g"}},
        {"messageId": "m-2", "body": "poison", "attributes": {"MessageGroupId": "h"}},
    ]});
    let mut out = Vec::new();
    let mut answers = Vec::new();
    for event in [batch.to_string(), r#"{"crisguard": "review"}"#.to_owned()] {
        let answer = function.handle(&event, at(0), &mut out).await.unwrap();
        answers.push(serde_json::to_string(&answer).unwrap());
    }
    assert_eq!(
        answers,
        [
            r#"{"batchItemFailures":[{"itemIdentifier":"m-2"}]}"#,
            r#"{"digested":1,"reminded":0,"closed":0,"announced":0,"expired_exceptions":0,"muted":0,"published":0,"failed":0,"left":0,"late_canaries":[]}"#
        ]
    );
    assert!(
        function
            .handle(r#"{"crisguard": "unknown"}"#, at(0), &mut out)
            .await
            .is_err()
    );
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

/// A bucket in which no policy is.
struct NoPolicy;

impl ReadPolicy for NoPolicy {
    fn address(&self) -> String {
        "s3://nowhere/policy.yaml".to_owned()
    }

    async fn read(&self, _: Option<&str>) -> Result<Fetched, Failure> {
        Err(failure("s3:GetObject"))
    }
}
