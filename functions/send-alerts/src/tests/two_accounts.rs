//! The same found in two accounts is two findings, each told of its own account.

use std::slice::from_ref;

use crisguard_core::{
    finding::{Finding, FindingKey, PostureFinding},
    policy::Language,
};
use serde_json::{Value, json};

use super::{
    fakes::{
        World, announced, at, counts, deliver, finding, message, observation, observe, published, records, review_at,
        rules, undecided, world,
    },
    scenarios::{counted, shortlist},
};
use crate::{
    lifecycle::{Standing, Transition},
    machines::{asff, event},
    memory::Record,
    notice::{LISTED, Notice},
    run,
    tell::ALERTS_AN_HOUR_OF_A_MEMBER,
    texts::Texts,
};

const HOME: &str = "111122223333";
const MEMBER: &str = "444455556666";
const HOUR: i64 = 60;

/// The finding as it is made of calls in an account by somebody whose name tells nothing of the account.
fn of_account(account: &str, finding: &Finding) -> Finding {
    let key = FindingKey {
        control: finding.control,
        account: account.parse().unwrap(),
        source_region: finding.source_region.clone(),
        destination_region: finding.destination_region.clone(),
        profile: finding.profile.clone(),
        model: finding.model.clone(),
        principal: "AIDAEXAMPLE".to_owned(),
    };
    Finding {
        id: key.id(),
        subject: key.subject(),
        account: key.account,
        principal: key.principal,
        ..finding.clone()
    }
}

/// The same calls in both accounts, down to their identities.
fn in_both() -> [Finding; 2] {
    let calls = finding("app", "us-east-1", &["a"]);
    [HOME, MEMBER].map(|account| of_account(account, &calls))
}

fn settings_of(account: &str, decision: &str, minutes: i64) -> PostureFinding {
    let of_home = observation("us-west-2", decision, at(minutes));
    PostureFinding::new(
        of_home.control,
        account.parse().unwrap(),
        of_home.region,
        of_home.observed_at,
        of_home.decision,
        "c0ffee",
    )
}

/// Returns the kind of each message that people got, and the accounts of the findings in it.
fn told(world: &World) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let notices = published(world);
    let accounts = |notice: &Value| {
        let findings = notice["findings"].as_array().unwrap();
        let mut accounts: Vec<String> = findings.iter().map(|line| text(&line["account"])).collect();
        accounts.sort();
        accounts
    };
    notices
        .iter()
        .map(|notice| (text(&notice["kind"]), accounts(notice)))
        .collect()
}

fn kind(kind: &str, accounts: &[&str]) -> (String, Vec<String>) {
    (
        kind.to_owned(),
        accounts.iter().map(|account| (*account).to_owned()).collect(),
    )
}

#[tokio::test(start_paused = true)]
async fn the_same_call_is_counted_and_alerted_in_each_and_neither_quietens_the_other() {
    let world = world();
    let [home, member] = in_both();
    deliver(&world, from_ref(&home), at(0)).await;
    deliver(&world, from_ref(&member), at(1)).await;
    assert_eq!(told(&world), [kind("alert", &[HOME]), kind("alert", &[MEMBER])]);
    let counted: Vec<(u64, bool)> = counts(&world).into_values().collect();
    assert_eq!(counted, [(1, false), (1, false)]);
    assert_eq!(announced(&world).len(), 2);

    // Delivered again they are known, each to its own account.
    deliver(&world, &[home, member], at(2)).await;
    assert_eq!((told(&world).len(), announced(&world).len()), (2, 2));
    assert_eq!(counts(&world).into_values().map(|(count, _)| count).sum::<u64>(), 2);

    let topic = world.topic.taken.borrow();
    for (publication, account) in topic.iter().zip([HOME, MEMBER]) {
        assert!(
            publication.subject.ends_with(&format!(", account {account}")),
            "{}",
            publication.subject
        );
    }
}

/// However much goes wrong in one account, and however bad it is.
#[tokio::test(start_paused = true)]
async fn one_account_does_not_take_every_alert_of_the_hour() {
    let world = world();
    let calls = |account: &str, n: usize| {
        let mut finding = of_account(account, &finding("app", "us-east-1", &["a"]));
        (finding.id, finding.subject) = (format!("{account}-{n}"), format!("subject-{account}-{n}"));
        finding
    };
    let storm: Vec<Finding> = (0..9).map(|n| calls(MEMBER, n)).collect();
    deliver(&world, &storm, at(0)).await;
    assert_eq!(told(&world), vec![kind("alert", &[MEMBER]); ALERTS_AN_HOUR_OF_A_MEMBER]);
    let others = ["555566667777", HOME].map(|account| calls(account, 0));
    for other in &others {
        deliver(&world, from_ref(other), at(1)).await;
    }
    assert_eq!(
        told(&world).split_off(ALERTS_AN_HOUR_OF_A_MEMBER),
        [kind("alert", &["555566667777"]), kind("alert", &[HOME])]
    );
    // Nothing is lost: the others of it are in the digest, and the next hour has alerts of its own.
    review_at(&world, at(2)).await;
    let listed: usize = told(&world).iter().map(|(_, accounts)| accounts.len()).sum();
    assert_eq!(listed, storm.len() + others.len());
    deliver(&world, &[calls(MEMBER, 9)], at(HOUR)).await;
    assert_eq!(told(&world).pop(), Some(kind("alert", &[MEMBER])));
}

#[tokio::test(start_paused = true)]
async fn one_account_s_settings_are_mended_without_those_of_the_other() {
    let world = world();
    let look = async |account: &str, decision: &str, minutes: i64| {
        observe(&world, &[settings_of(account, decision, minutes)], at(minutes)).await;
    };
    look(HOME, "non-compliant", 0).await;
    look(MEMBER, "non-compliant", 1).await;
    look(MEMBER, "compliant", 2).await;
    assert_eq!(
        told(&world),
        [
            kind("alert", &[HOME]),
            kind("alert", &[MEMBER]),
            kind("resolved", &[MEMBER])
        ]
    );
    let standing = |account: &str| {
        let records = records(&world);
        let record = records.iter().find(|record| record.account().as_str() == account);
        record.unwrap().standing()
    };
    assert_eq!(
        (standing(HOME), standing(MEMBER)),
        (Standing::NonCompliant, Standing::Resolved)
    );
    // Only what is still wrong is reminded of.
    review_at(&world, at(25 * HOUR)).await;
    assert_eq!(told(&world)[3], kind("reminder", &[HOME]));
}

#[tokio::test(start_paused = true)]
async fn an_exception_for_one_account_does_not_mute_the_other() {
    let exceptions = json!([{
        "id": "trial", "match": {"account": [MEMBER]},
        "reason": "a trial", "owner": "dpo@example.com", "expires": "2026-11-30"
    }]);
    let world = world();
    let messages = in_both().iter().map(|finding| message(&finding.id, finding)).collect();
    let outcome = run(&world, &rules(&json!({}), &exceptions), messages, at(0)).await;
    assert_eq!((outcome.alerts_published, outcome.muted), (1, 1));
    assert_eq!(told(&world), [kind("alert", &[HOME])]);
}

#[tokio::test(start_paused = true)]
async fn a_digest_lists_the_gaps_of_both() {
    let world = world();
    deliver(&world, &in_both().map(|finding| undecided(&finding)), at(0)).await;
    review_at(&world, at(1)).await;
    assert_eq!(told(&world), [kind("digest", &[HOME, MEMBER])]);
    let topic = world.topic.taken.borrow();
    assert_eq!(topic[0].subject, "[crisguard] DIGEST: 2 undecided findings, 2 accounts");
}

/// Of a digest's findings only those of one account may find room: it is not about that account alone.
#[test]
fn a_message_names_one_account_only_if_all_its_findings_are_of_it() {
    let texts = Texts::new().unwrap();
    // The home account's come first, for they are more.
    let of = |account: &str, n: usize, count: usize| {
        let record = counted(&of_account(account, &finding("app", "us-east-1", &["a"])), count);
        with_id(&record, n)
    };
    let records: Vec<Record> = (0..LISTED).map(|n| of(HOME, n, 9)).collect();
    let all_home: Vec<&Record> = records.iter().collect();
    let notices = [Notice::digest, |list: &_, _| Notice::reminder(list)];
    for notice in notices {
        let (publication, _) = notice(&shortlist(&all_home), Vec::new())
            .fitted(&texts, Language::Ja)
            .unwrap();
        assert!(
            publication.subject.ends_with(", account 111122223333"),
            "{}",
            publication.subject
        );
        let member = of(MEMBER, LISTED, 1);
        let mut both = all_home.clone();
        both.push(&member);
        let (publication, listed) = notice(&shortlist(&both), Vec::new())
            .fitted(&texts, Language::Ja)
            .unwrap();
        assert!(!listed.contains(member.id()));
        assert!(publication.subject.ends_with(", 2 accounts"), "{}", publication.subject);
        assert!(publication.bodies.contains("、2 アカウント"), "{}", publication.bodies);
    }
}

/// The record under another id, so that many of one caller can be told apart.
fn with_id(record: &Record, n: usize) -> Record {
    let mut json = serde_json::to_value(record).unwrap();
    json["matter"]["finding"]["id"] = json!(format!("{n:032}"));
    serde_json::from_value(json).unwrap()
}

/// Security Hub takes findings in the name of the account that sends them only, and ids are its own.
#[tokio::test(start_paused = true)]
async fn machines_can_tell_the_accounts_apart() {
    let world = world();
    deliver(&world, &in_both(), at(0)).await;
    for account in [HOME, MEMBER] {
        observe(&world, &[settings_of(account, "non-compliant", 0)], at(0)).await;
    }
    let announcements = world.machines.taken.borrow();
    let product = "arn:aws:securityhub:us-west-2:111122223333:product/111122223333/default"
        .parse()
        .unwrap();
    let documents: Vec<Value> = announcements
        .iter()
        .map(|told| serde_json::from_str(&asff::of(told, &product).unwrap().document).unwrap())
        .collect();
    assert!(documents.iter().all(|document| document["AwsAccountId"] == HOME));
    let ids: std::collections::BTreeSet<String> = documents.iter().map(|document| document["Id"].to_string()).collect();
    assert_eq!(ids.len(), 4);
    for (document, announcement) in documents.iter().zip(announcements.iter()) {
        assert_eq!(announcement.transition, Transition::First);
        let account = announcement.line.account.as_str();
        assert_eq!(document["ProductFields"]["crisguard/account"], account);
        let detail: Value = serde_json::from_str(&event::of(announcement).unwrap().detail).unwrap();
        assert_eq!(detail["finding"]["account"], account);
        let resources = document["Resources"].as_array().unwrap();
        let names_it = resources
            .iter()
            .any(|resource| resource["Id"] == format!("AWS::::Account:{account}"));
        let title = document["Title"].as_str().unwrap();
        let by_settings = announcement.line.principal.is_none();
        assert_eq!(names_it, by_settings || account == MEMBER, "{resources:?}");
        assert_eq!(title.contains(MEMBER), account == MEMBER, "{title}");
        assert!(title.ends_with(')') && !title.contains(HOME), "{title}");
    }
}
