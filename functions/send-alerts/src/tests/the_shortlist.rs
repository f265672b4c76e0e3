//! A digest or reminder lists what comes first and counts the rest.

use crisguard_core::decision::Severity;
use proptest::prelude::*;

use super::fakes::{at, finding, of_control};
use crate::{
    memory::{Record, Versioned},
    notice::{LISTED, Notice},
    shortlist::Shortlist,
};

/// A finding of this severity, count and time of telling.
fn record(n: usize, critical: bool, count: usize, told: i64) -> Record {
    let finding = finding(&format!("app-{n}"), "us-east-1", &["a"]);
    let finding = if critical {
        finding
    } else {
        of_control(&finding, "profile-allowed", "high")
    };
    let mut record = Record::of_invocations(&finding, at(0));
    record.add(&finding, count, true, at(0));
    record.told_as(record.as_told(at(told)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn the_first_are_kept_in_whatever_order_they_come(
        many in prop::collection::vec((any::<bool>(), 1..4_usize, 0..4_i64), 0..200),
    ) {
        let mut shortlist = Shortlist::new();
        let mut expected = Vec::new();
        for (n, (critical, count, told)) in many.into_iter().enumerate() {
            let record = record(n, critical, count, told);
            expected.push(((!critical, told, 4 - count), record.id().to_owned()));
            shortlist.add(Versioned { value: record, version: 1 });
        }
        expected.sort();
        let first = |one: &Versioned<Record>| one.value.id().to_owned();
        let kept: Vec<String> = shortlist.first().map(first).collect();
        let ids: Vec<String> = expected.iter().map(|(_, id)| id.clone()).take(LISTED).collect();
        prop_assert_eq!(&kept, &ids);
        prop_assert_eq!(shortlist.total(), expected.len());

        let notice = Notice::digest(&shortlist, Vec::new());
        let excerpt = notice.excerpt(7);
        prop_assert_eq!(excerpt.total, expected.len());
        prop_assert_eq!(excerpt.more, expected.len().saturating_sub(7));
        let listed: Vec<&str> = excerpt.findings.iter().map(|line| line.id.as_str()).collect();
        prop_assert_eq!(listed, ids.iter().map(String::as_str).take(7).collect::<Vec<_>>());
        let critical = expected.first().is_some_and(|((high, ..), _)| !high);
        prop_assert!(!critical || excerpt.severity == Severity::Critical);
    }
}
