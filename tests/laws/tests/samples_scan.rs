//! What a scan of real records comes to, where the samples stand beside the repository: exact counts, each explained.

#![expect(clippy::unwrap_used, reason = "a sample that cannot be read fails the test")]

use std::{collections::BTreeMap, ffi::OsString, num::NonZero};

use crisguard_core::{
    catalog::Catalogue,
    policy::PolicyDocument,
    tally::{Audit, Outcome, Question, Scope},
};
use crisguard_laws::samples;
use crisguard_scan::{Content, Scan, Scanned, Settings, Source, paths};
use serde_json::{Value, json};

/// Tells where a folder of samples is, if it is there.
fn folder(name: &str) -> Option<OsString> {
    samples::folder_of(name).map(Into::into)
}

fn scanned(sources: impl Iterator<Item = Source>) -> Scanned {
    let scan = Scan::start(Settings::with_threads(NonZero::new(2).unwrap()));
    sources.for_each(|source| scan.offer(source));
    scan.finish().unwrap()
}

fn concluded(scanned: Scanned, policy: Option<&PolicyDocument>) -> Audit {
    let question = Question {
        policy,
        places: &BTreeMap::new(),
        catalogue: &Catalogue::embedded().unwrap(),
        scope: Scope {
            from: None,
            to: None,
            accounts: [].into(),
            regions: [].into(),
        },
    };
    scanned.conclude(&question).unwrap()
}

/// The exits that are not empty.
fn exits(audit: &Audit) -> BTreeMap<String, u64> {
    let exits: BTreeMap<String, u64> = serde_json::from_value(serde_json::to_value(audit.exits).unwrap()).unwrap();
    assert_eq!(exits.values().sum::<u64>(), audit.read.records);
    exits.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// Files as they are. Four records are of calls: two of `InvokeModel`, one of bedrock-mantle's
/// `CreateInference`, and the end of a stream whose call is not there. The other records of Bedrock are `ApplyGuardrail` and
/// 20 of the control plane. Each of the 14 denial messages is a line that is no record.
#[test]
fn what_bedrock_wrote_is_counted_exactly() {
    let Some(folder) = folder("bedrock-cloudtrail") else {
        return;
    };
    let audit = concluded(scanned(paths(&[folder])), None);
    assert_eq!(
        exits(&audit),
        [("not_applicable", 21), ("rejected", 14), ("undecided", 4)]
            .map(|(exit, count)| (exit.to_owned(), count))
            .into()
    );
    assert_eq!((audit.read.files, audit.read.invocations), (4, 4));
    assert!(
        audit
            .rejected
            .iter()
            .all(|one| one.file.ends_with("error-messages.jsonl")),
        "{:?}",
        audit.rejected
    );
    assert!(audit.flows.iter().all(|flow| flow.outcome.is_none()));
    let left: Vec<_> = audit
        .routes
        .iter()
        .filter(|route| {
            route
                .destination
                .as_ref()
                .is_some_and(|destination| destination.0 != route.source.0)
        })
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((left[0].source.0.as_str(), left[0].invocations), ("us-west-2", 1));
}

/// Each line wraps a record in an object of another form. Where no word is of Bedrock, that is another service's; the 15 with
/// a record of Bedrock are named, for they are not in a form that anything writes. Of the
/// blocks of the documentation, ten wrap a whole list of records and six have none.
#[test]
fn lines_of_another_form_are_named() {
    let Some(folder) = folder("cloudtrail-generic") else {
        return;
    };
    let audit = concluded(scanned(paths(&[folder])), None);
    assert_eq!(
        exits(&audit),
        [("not_bedrock", 322), ("rejected", 31)]
            .map(|(exit, count)| (exit.to_owned(), count))
            .into()
    );
    let of = |name: &str| audit.rejected.iter().filter(|one| one.file.ends_with(name)).count();
    assert_eq!(of("stratus-red-team__detonation-logs.jsonl"), 15);
    assert_eq!(of("aws-docs__cloudtrail-userguide-blocks.jsonl"), 16);
}

/// The records that those lines wrap, as a log file has them: one of them is a call, and stays where it was made.
#[test]
fn records_of_all_services_are_counted_exactly() {
    let mut records: Vec<Value> = Vec::new();
    for (path, member) in [
        ("cloudtrail-generic/stratus-red-team__detonation-logs.jsonl", "record"),
        (
            "cloudtrail-generic/aws-docs__cloudtrail-userguide-blocks.jsonl",
            "content",
        ),
    ] {
        let Some(bytes) = samples::read(path).unwrap() else {
            return;
        };
        let lines = String::from_utf8(bytes).unwrap();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()[member].clone());
        records.extend(lines);
    }
    assert_eq!(records.len(), 353);
    let policy =
        json!({"version": 1, "regions": {"source": ["*"], "destination": ["*"]}, "profiles": {"global": "deny"}});
    let policy = PolicyDocument::parse(policy.to_string().as_bytes()).unwrap();
    let source = |bytes: Vec<u8>| Source {
        name: "all.json".to_owned(),
        content: Content::Bytes(bytes),
    };
    let whole = json!({ "Records": records }).to_string().into_bytes();
    let audit = concluded(scanned(std::iter::once(source(whole))), Some(&policy));
    // 14 of the 15 records of Bedrock manage models; of the blocks of the documentation ten are lists of records
    // themselves, which stand in no record's place, two are digests, and three are texts, no objects.
    assert_eq!(
        exits(&audit),
        [
            ("compliant", 1),
            ("not_applicable", 14),
            ("not_bedrock", 323),
            ("rejected", 15)
        ]
        .map(|(exit, count)| (exit.to_owned(), count))
        .into()
    );
    let rejected: Vec<_> = audit.rejected.iter().map(|one| one.record).collect();
    let expected = (333..=342).chain(348..=352).map(Some);
    assert_eq!(rejected, expected.collect::<Vec<_>>());
    // In pieces, from the last to the first: the same.
    let pieces = records
        .chunks(7)
        .rev()
        .map(|chunk| source(json!({ "Records": chunk }).to_string().into_bytes()));
    let again = concluded(scanned(pieces), Some(&policy));
    assert_eq!(
        (again.exits, &again.flows, &again.findings),
        (audit.exits, &audit.flows, &audit.findings)
    );
    assert_eq!(
        audit.flows.iter().map(|flow| flow.outcome).collect::<Vec<_>>(),
        [Some(Outcome::Compliant)]
    );
}
