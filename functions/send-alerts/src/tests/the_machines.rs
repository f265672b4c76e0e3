//! What machines are told: real announcements of each transition, as events and as findings.

use std::{cell::RefCell, rc::Rc};

use crisguard_aws::{
    Failure,
    put_events::{Event, NotPut},
    securityhub::{Finding, NotImported, ProductArn},
};
use serde_json::{Value, json};

use super::fakes::{Memory, Topic, at, everything, failure, finding, message, observation, undecided, world};
use crate::{
    Ports,
    lifecycle::Transition::{self, Closed, First, Reopened, Resolved, Worsened},
    machines::{ImportFindings, Machines, PutEvents, asff, event},
    ports::{Announce, Announcement},
    review::review,
    run,
};

const DAY: i64 = 24 * 60;
const PRODUCT: &str = "arn:aws:securityhub:us-west-2:111122223333:product/111122223333/default";
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/finding-event.schema.json");

fn product() -> ProductArn {
    PRODUCT.parse().unwrap()
}

/// Plays the whole life of a finding on invocations and of one on settings.
async fn play<Told: Announce>(ports: &Ports<Memory, Topic, Told>) {
    let rules = everything();
    for (id, finding, minute) in [
        ("1", undecided(&finding("app", "us-east-1", &["a"])), 0),
        ("2", finding("app", "us-east-1", &["b", "c"]), 1),
    ] {
        run(ports, &rules, vec![message(id, &finding)], at(minute)).await;
    }
    review(ports, &rules, at(8 * DAY)).await.unwrap();
    let again = finding("app", "us-east-1", &["d"]);
    run(ports, &rules, vec![message("3", &again)], at(9 * DAY)).await;
    for (day, decision) in ["non-compliant", "compliant", "undecided", "non-compliant", "compliant"]
        .into_iter()
        .enumerate()
    {
        let now = at(i64::try_from(day).unwrap() * DAY);
        let observed = observation("ap-northeast-1", decision, now);
        let mut observed_message = message("4", &again);
        observed_message.body = crisguard_core::finding::Message::Posture(Box::new(observed))
            .to_json()
            .unwrap();
        run(ports, &rules, vec![observed_message], now).await;
    }
}

/// Returns what a whole life announces: of invocations, then of settings.
async fn announcements() -> Vec<Announcement> {
    let world = world();
    play(&world).await;
    world.machines.taken.into_inner()
}

fn detail(announcement: &Announcement) -> Value {
    serde_json::from_str(&event::of(announcement).unwrap().detail).unwrap()
}

fn document(announcement: &Announcement) -> Value {
    serde_json::from_str(&asff::of(announcement, &product()).unwrap().document).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_transition_is_announced_with_rising_ids_and_times() {
    let announcements = announcements().await;
    let transitions: Vec<(bool, Transition, u64)> = announcements
        .iter()
        .map(|told| (told.line.principal.is_some(), told.transition, told.sequence))
        .collect();
    assert_eq!(
        transitions,
        [
            (true, First, 1),
            (true, Worsened, 2),
            (true, Closed, 4),
            (true, Reopened, 6),
            (false, First, 2),
            (false, Resolved, 3),
            (false, Reopened, 5),
            (false, Worsened, 6),
            (false, Resolved, 7),
        ]
    );
}

/// `CRISGUARD_WRITE_SCHEMA=1 cargo test -p send-alerts the_published_schema` writes it anew.
#[test]
fn the_published_schema_is_current() {
    let generated = format!("{}\n", serde_json::to_string_pretty(&event::schema()).unwrap());
    #[expect(clippy::disallowed_methods, reason = "the one who runs the test asks for the file")]
    if std::env::var_os("CRISGUARD_WRITE_SCHEMA").is_some() {
        std::fs::write(SCHEMA, &generated).unwrap();
    }
    assert!(
        std::fs::read_to_string(SCHEMA).unwrap() == generated,
        "docs/finding-event.schema.json is not what the code writes: see the comment of this test, and whether \
         the version must rise"
    );
}

#[tokio::test(start_paused = true)]
async fn every_event_is_of_the_published_form() {
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(SCHEMA).unwrap()).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    for announcement in announcements().await {
        let detail = detail(&announcement);
        let wrong: Vec<String> = validator
            .iter_errors(&detail)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{wrong:?} {detail:#}");
        // No member is there of which the form does not speak.
        for (object, described) in [(&detail, "/properties"), (&detail["finding"], "/$defs/Line/properties")] {
            let described = schema.pointer(described).unwrap();
            for name in object.as_object().unwrap().keys() {
                assert!(described.get(name).is_some(), "{name}");
            }
        }
        // What the form refuses is not of it: the validator does look.
        for (path, value) in [
            ("/version", json!(2)),
            ("/transition", json!("improved")),
            ("/at", json!("yesterday")),
            ("/finding/severity", json!("fatal")),
            ("/finding/count", json!("many")),
        ] {
            let mut changed = detail.clone();
            *changed.pointer_mut(path).unwrap() = value;
            assert!(!validator.is_valid(&changed), "{path}");
        }
        let mut changed = detail.clone();
        changed["finding"].as_object_mut().unwrap().remove("principal");
        assert!(!validator.is_valid(&changed), "what is always written is promised");
    }
}

#[tokio::test(start_paused = true)]
async fn events_and_findings_as_machines_read_them() {
    let announcements = announcements().await;
    let worsened = announcements.iter().find(|told| told.transition == Worsened).unwrap();
    let resolved = announcements.iter().find(|told| told.transition == Resolved).unwrap();
    insta::with_settings!({sort_maps => true}, {
        insta::assert_json_snapshot!("the_event_of_a_finding_on_invocations", detail(worsened));
        insta::assert_json_snapshot!("the_event_of_a_finding_on_settings", detail(resolved));
        insta::assert_json_snapshot!("asff_of_a_finding_on_invocations", document(worsened));
        insta::assert_json_snapshot!("asff_of_a_finding_on_settings", document(resolved));
    });
    let states: Vec<Value> = announcements
        .iter()
        .map(|told| {
            let document = document(told);
            json!([
                told.transition,
                document["Compliance"]["Status"],
                document["RecordState"],
                document["UpdatedAt"]
            ])
        })
        .collect();
    insta::assert_snapshot!(states.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"));
}

#[tokio::test(start_paused = true)]
async fn an_update_is_later_even_if_both_were_noticed_at_once() {
    let mut announcements = announcements().await;
    let (first, worsened) = announcements.split_at_mut(1);
    worsened[0].at = first[0].at;
    let updated_at = |told: &Announcement| document(told)["UpdatedAt"].as_str().unwrap().to_owned();
    assert_eq!(updated_at(&first[0]), "2026-11-22T10:00:00.001Z");
    assert_eq!(updated_at(&worsened[0]), "2026-11-22T10:00:00.002Z");
}

#[tokio::test(start_paused = true)]
async fn whatever_a_caller_sent_fits_into_the_format() {
    let mut announcement = announcements().await.remove(0);
    let line = &mut announcement.line;
    line.explanation = "é".repeat(2000);
    line.principal = Some(format!("arn:aws:iam::111122223333:user/{}", "x".repeat(300)));
    line.profile = Some(" ".to_owned());
    line.sessions = vec!["s".repeat(600); 5];
    line.source_region = "xx-very-long-region-1".to_owned();
    let document = document(&announcement);
    let length = |pointer: &str| document.pointer(pointer).unwrap().as_str().unwrap().chars().count();
    assert_eq!((length("/Title"), length("/Description")), (256, 1024));
    assert_eq!(length("/ProductFields/crisguard~1sessions"), 2048);
    assert!(document["ProductFields"].get("crisguard/profile").is_none());
    let resources = document["Resources"].as_array().unwrap();
    assert_eq!(resources.len(), 1, "a blank id is none");
    assert_eq!(resources[0]["Type"], "AwsIamUser");
    assert!(resources[0].get("Region").is_none(), "Security Hub takes 16 characters");

    for (principal, id, kind) in [
        ("\u{3000}", "AWS::::Account:111122223333", "AwsAccount"),
        (
            "arn:aws:sts::111122223333:assumed-role/app",
            "arn:aws:sts::111122223333:assumed-role/app",
            "Other",
        ),
        ("identity-center-user/94d0", "identity-center-user/94d0", "Other"),
    ] {
        announcement.line.principal = Some(principal.to_owned());
        let document = self::document(&announcement);
        assert_eq!(
            (&document["Resources"][0]["Id"], &document["Resources"][0]["Type"]),
            (&json!(id), &json!(kind))
        );
    }
}

#[test]
fn every_control_has_a_recommendation_of_its_own() {
    for control in crisguard_core::controls::ControlId::ALL {
        let text = asff::recommendation(control.metadata(), "ap-northeast-1");
        assert!(
            (40..=512).contains(&text.chars().count()) && text.ends_with('.'),
            "{control}: {text}"
        );
    }
}

/// A machine that refuses what stands at some positions, and keeps the rest.
#[derive(Debug)]
struct Refusing<Item> {
    positions: Vec<usize>,
    action: &'static str,
    taken: Rc<RefCell<Vec<Item>>>,
}

impl<Item: Clone> Refusing<Item> {
    fn at(positions: &[usize], action: &'static str) -> Self {
        Self {
            positions: positions.to_vec(),
            action,
            taken: Rc::default(),
        }
    }

    fn take(&self, items: &[Item]) -> Vec<(usize, Failure)> {
        let (refused, taken): (Vec<_>, Vec<_>) = items
            .iter()
            .enumerate()
            .partition(|(position, _)| self.positions.contains(position));
        self.taken
            .borrow_mut()
            .extend(taken.into_iter().map(|(_, item)| item.clone()));
        refused
            .into_iter()
            .map(|(position, _)| (position, failure(self.action)))
            .collect()
    }
}

impl PutEvents for Refusing<Event> {
    async fn put(&self, events: &[Event]) -> Vec<NotPut> {
        let refused = self.take(events).into_iter();
        refused
            .map(|(position, failure)| NotPut { position, failure })
            .collect()
    }
}

impl ImportFindings for Refusing<Finding> {
    async fn import(&self, findings: &[Finding]) -> Vec<NotImported> {
        let refused = self.take(findings).into_iter();
        refused
            .map(|(position, failure)| NotImported { position, failure })
            .collect()
    }
}

fn refusals(answers: &[Option<Failure>]) -> Vec<&'static str> {
    answers
        .iter()
        .map(|answer| answer.as_ref().map_or("taken", |failure| failure.action))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_announcement_is_taken_once_every_machine_has_taken_it() {
    let announcements = announcements().await;
    // Of three findings: the last state of each is what Security Hub gets, in the order of their ids.
    let mut third = announcements[0].clone();
    third.line.id = "another".to_owned();
    let told = [
        announcements[0].clone(),
        announcements[4].clone(),
        third,
        announcements[1].clone(),
    ];
    let machines = Machines::of(
        Refusing::<Event>::at(&[1], "events:PutEvents"),
        Some((
            product(),
            Refusing::<Finding>::at(&[1], "securityhub:BatchImportFindings"),
        )),
    );
    assert_eq!(
        refusals(&machines.announce(&told).await),
        ["taken", "events:PutEvents", "securityhub:BatchImportFindings", "taken"]
    );
    let machines = Machines::of(
        Refusing::<Event>::at(&[], "events:PutEvents"),
        Some((
            product(),
            Refusing::<Finding>::at(&[2], "securityhub:BatchImportFindings"),
        )),
    );
    assert_eq!(
        refusals(&machines.announce(&told).await),
        [
            "securityhub:BatchImportFindings",
            "taken",
            "taken",
            "securityhub:BatchImportFindings"
        ],
        "both states of a finding that was refused"
    );
}

#[tokio::test(start_paused = true)]
async fn of_several_states_of_a_finding_security_hub_gets_the_last() {
    let announcements = announcements().await;
    let bus = Refusing::<Event>::at(&[], "events:PutEvents");
    let hub = Refusing::<Finding>::at(&[], "securityhub:BatchImportFindings");
    let (events, findings) = (Rc::clone(&bus.taken), Rc::clone(&hub.taken));
    let machines = Machines::of(bus, Some((product(), hub)));
    let told = [announcements[1].clone(), announcements[0].clone()];
    assert_eq!(refusals(&machines.announce(&told).await), ["taken", "taken"]);
    assert_eq!(events.borrow().len(), 2);
    assert_eq!(*findings.borrow(), [asff::of(&announcements[1], &product()).unwrap()]);
}

#[tokio::test(start_paused = true)]
async fn where_security_hub_is_off_events_are_enough() {
    let machines: Machines<_, Refusing<Finding>> = Machines::of(Refusing::<Event>::at(&[0], "events:PutEvents"), None);
    let answers = machines.announce(&announcements().await[..2]).await;
    assert_eq!(refusals(&answers), ["events:PutEvents", "taken"]);
}

/// Plays against the servers that the environment names: `make test-machines` starts them.
#[tokio::test]
#[ignore = "needs servers: make test-machines"]
async fn against_servers() {
    let aws = crisguard_aws::client::configuration().await.unwrap();
    let variables = crisguard_lambda::config::Variables::new(|name: &str| match name {
        "CRISGUARD_EVENT_BUS" => Some("default".to_owned()),
        "CRISGUARD_SECURITY_HUB_PRODUCT_ARN" => Some(PRODUCT.to_owned()),
        "CRISGUARD_ACCOUNT" => Some("111122223333".to_owned()),
        "CRISGUARD_ORGANIZATION_PATH" | "CRISGUARD_LOG_LEVEL" => None,
        other => Some(other.to_lowercase()),
    });
    let config = crate::config::Config::read(variables).unwrap();
    let Ports {
        home,
        memory,
        topic,
        texts,
        ..
    } = world();
    let ports = Ports {
        home,
        memory,
        topic,
        machines: Taking(Machines::new(&aws, &config)),
        texts,
    };
    play(&ports).await;
}

/// The real machines, of which nothing is expected but that they take everything.
#[derive(Debug)]
struct Taking(Machines);

impl Announce for Taking {
    async fn announce(&self, announcements: &[Announcement]) -> Vec<Option<Failure>> {
        let answers = self.0.announce(announcements).await;
        assert_eq!(answers, vec![None; announcements.len()]);
        answers
    }
}
