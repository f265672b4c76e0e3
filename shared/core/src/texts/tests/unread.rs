//! Why something could not be read.

use std::fmt::Write as _;

use super::{LANGUAGES, commands, every, is_japanese};
use crate::{
    cloudtrail::{MemberProblem, Rejection},
    policy::Language,
    tally::Unread,
    texts::unread,
};

/// Returns a sample of the variant after `last`; a new variant does not compile until it has one.
fn problem_after(last: Option<MemberProblem>) -> Option<MemberProblem> {
    use MemberProblem as P;
    match last {
        None => Some(P::Absent),
        Some(P::Absent) => Some(P::Empty),
        Some(P::Empty) => Some(P::NoText),
        Some(P::NoText) => Some(P::NoRegion),
        Some(P::NoRegion) => Some(P::NoTime),
        Some(P::NoTime) => Some(P::NoAccount),
        Some(P::NoAccount) => Some(P::AnotherAccount),
        Some(P::AnotherAccount) => Some(P::NoInvocationLog),
        Some(P::NoInvocationLog) => None,
    }
}

/// Returns a sample of the variant after `last`; a new variant does not compile until it has one.
fn rejection_after(last: Option<&Rejection>) -> Option<Rejection> {
    let member = |problem| Rejection::Member {
        path: "eventTime",
        problem,
    };
    match last {
        None => Some(Rejection::NotJson { line: 3, column: 17 }),
        Some(Rejection::NotJson { .. }) => Some(Rejection::TooLarge { bytes: 1_048_577 }),
        Some(Rejection::TooLarge { .. }) => problem_after(None).map(member),
        Some(Rejection::Member { problem, .. }) => problem_after(Some(*problem)).map(member),
    }
}

/// Returns a sample of the variant after `last`; a new variant does not compile until it has one.
fn after(last: Option<&Unread>) -> Option<Unread> {
    use Unread as U;
    let error = || "Permission denied (os error 13)".to_owned();
    match last {
        None => rejection_after(None).map(U::Record),
        Some(U::Record(rejection)) => Some(rejection_after(Some(rejection)).map_or(U::Empty, U::Record)),
        Some(U::Empty) => Some(U::Blank),
        Some(U::Blank) => Some(U::NothingCame),
        Some(U::NothingCame) => Some(U::Utf16),
        Some(U::Utf16) => Some(U::NotJson),
        Some(U::NotJson) => Some(U::InvalidJson),
        Some(U::InvalidJson) => Some(U::BreaksOff),
        Some(U::BreaksOff) => Some(U::TooBroken),
        Some(U::TooBroken) => Some(U::TooDeep),
        Some(U::TooDeep) => Some(U::NoObject),
        Some(U::NoObject) => Some(U::RecordAndList),
        Some(U::RecordAndList) => Some(U::NotQuoted("CloudTrailEvent")),
        Some(U::NotQuoted(_)) => Some(U::NoRecord),
        Some(U::NoRecord) => Some(U::Digest),
        Some(U::Digest) => Some(U::AnotherEvent),
        Some(U::AnotherEvent) => Some(U::GzipBreaksOff),
        Some(U::GzipBreaksOff) => Some(U::GzipDamaged),
        Some(U::GzipDamaged) => Some(U::GzipFollowed),
        Some(U::GzipFollowed) => Some(U::TooLarge),
        Some(U::TooLarge) => Some(U::Failed(error())),
        Some(U::Failed(_)) => Some(U::NotOpened(error())),
        Some(U::NotOpened(_)) => Some(U::NoFileInFolder),
        Some(U::NoFileInFolder) => Some(U::NoSuchName),
        Some(U::NoSuchName) => Some(U::NoSuchPath),
        Some(U::NoSuchPath) => Some(U::Pattern(error())),
        Some(U::Pattern(_)) => Some(U::NotListed(error())),
        Some(U::NotListed(_)) => Some(U::NoTally(207)),
        Some(U::NoTally(_)) => Some(U::DamagedTally {
            batch: 207,
            cause: error(),
        }),
        Some(U::DamagedTally { .. }) => Some(U::RowsWithoutEvidence(207)),
        Some(U::RowsWithoutEvidence(_) | U::Said(_)) => None,
    }
}

#[test]
fn every_reason_why_something_could_not_be_read_is_told_in_every_language() {
    let mut lines = String::new();
    for why in every(after) {
        let [english, japanese] = LANGUAGES.map(|language| unread(&why, language));
        assert!(!is_japanese(&english) && is_japanese(&japanese), "{japanese}");
        assert_eq!(commands(&[&english]), commands(&[&japanese]));
        for value in ["Permission denied (os error 13)", "207", "1048577", "17"] {
            assert_eq!(english.contains(value), japanese.contains(value), "{japanese}");
        }
        assert!(!japanese.ends_with('。'), "{japanese}");
        writeln!(lines, "{english}\n{japanese}").unwrap();
    }
    insta::assert_snapshot!(lines);
    let answer = "s3:GetObject of s3://trail/x: AccessDenied (HTTP 403): no";
    let said = Unread::Said(answer.to_owned());
    assert_eq!(LANGUAGES.map(|language: Language| unread(&said, language)), [answer; 2]);
}
