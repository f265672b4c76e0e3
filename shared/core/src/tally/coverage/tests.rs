use super::*;

const A: &str = "111122223333";
const B: &str = "444455556666";

/// Files of days in November 2026, and whether they could be read.
fn days(files: &[(&str, &str, i8, bool)]) -> Days {
    let mut days = Days::none();
    for (account, region, day, readable) in files {
        let name = LogFileName {
            account: account.parse().unwrap(),
            region: region.parse().unwrap(),
            day: Date::constant(2026, 11, *day),
        };
        days.add(&name, *readable);
    }
    days
}

fn scope(from: Option<&str>, to: Option<&str>, accounts: &[&str], regions: &[&str]) -> Scope {
    Scope {
        from: from.map(|from| from.parse().unwrap()),
        to: to.map(|to| to.parse().unwrap()),
        accounts: accounts.iter().map(|account| account.parse().unwrap()).collect(),
        regions: regions.iter().map(|region| region.parse().unwrap()).collect(),
    }
}

fn gaps(days: &Days, scope: &Scope) -> Vec<String> {
    let written = |gap: &Gap| {
        let Gap {
            account,
            region,
            from,
            to,
            reason,
        } = gap;
        format!("{account} {region} {}..{} {reason:?}", from.day(), to.day())
    };
    days.answer(scope, (0, 0), Called::new(), BTreeSet::new())
        .gaps
        .iter()
        .map(written)
        .collect()
}

#[test]
fn a_gap_is_a_run_of_days_between_the_first_and_the_last_that_were_seen() {
    let days = days(&[
        (A, "eu-west-1", 3, true),
        (A, "eu-west-1", 3, true),
        (A, "eu-west-1", 7, true),
        (A, "eu-west-1", 8, true),
        (B, "us-east-1", 9, true),
    ]);
    let everything = Scope::everything();
    assert_eq!(
        gaps(&days, &everything),
        [
            format!("{A} eu-west-1 4..6 NoLogFile"),
            format!("{A} eu-west-1 9..9 NoLogFile"),
            format!("{B} us-east-1 3..8 NoLogFile")
        ]
    );
    let answer = days.answer(&everything, (2, 0), Called::new(), BTreeSet::new());
    let covered: Vec<(u64, u64)> = answer
        .covered
        .iter()
        .map(|covered| (covered.days, covered.files))
        .collect();
    assert_eq!(
        (answer.placed_files, answer.unplaced_files, covered),
        (5, 2, vec![(3, 4), (1, 1)])
    );
}

#[test]
fn a_day_of_which_a_file_could_not_be_read_is_a_gap() {
    let days = days(&[
        (A, "eu-west-1", 3, false),
        (A, "eu-west-1", 4, true),
        (A, "eu-west-1", 4, false),
        (A, "eu-west-1", 6, false),
        (A, "eu-west-1", 7, true),
        (A, "eu-west-1", 8, false),
    ]);
    assert_eq!(
        gaps(&days, &Scope::everything()),
        [
            format!("{A} eu-west-1 3..4 NotRead"),
            format!("{A} eu-west-1 5..5 NoLogFile"),
            format!("{A} eu-west-1 6..6 NotRead"),
            format!("{A} eu-west-1 8..8 NotRead")
        ]
    );
}

#[test]
fn what_is_asked_for_is_looked_at_whether_anything_is_there_or_not() {
    let days = days(&[
        (A, "eu-west-1", 3, true),
        (A, "eu-west-1", 20, true),
        (B, "us-east-1", 5, true),
    ]);
    // To midnight is to the day before.
    let asked = scope(Some("2026-11-02T12:00:00Z"), Some("2026-11-05T00:00:00Z"), &[A], &[]);
    assert_eq!(
        gaps(&days, &asked),
        [
            format!("{A} eu-west-1 2..2 NoLogFile"),
            format!("{A} eu-west-1 4..4 NoLogFile"),
            format!("{A} us-east-1 2..4 NoLogFile")
        ]
    );
    let asked = scope(
        Some("2026-11-03T00:00:00Z"),
        Some("2026-11-04T00:00:00Z"),
        &[A, B],
        &["eu-west-1"],
    );
    assert_eq!(gaps(&days, &asked), [format!("{B} eu-west-1 3..3 NoLogFile")]);
    assert_eq!(
        days.answer(&asked, (0, 0), Called::new(), BTreeSet::new())
            .covered
            .len(),
        2
    );
    // From one end alone, at least that day.
    let asked = scope(Some("2026-11-25T00:00:00Z"), None, &[], &["us-east-1"]);
    assert_eq!(
        gaps(&days, &asked),
        [
            format!("{A} us-east-1 25..25 NoLogFile"),
            format!("{B} us-east-1 25..25 NoLogFile")
        ]
    );
    let asked = scope(None, Some("2026-11-02T00:00:00Z"), &[A], &["eu-west-1"]);
    assert_eq!(gaps(&days, &asked), [format!("{A} eu-west-1 1..1 NoLogFile")]);
}

#[test]
fn what_is_asked_for_and_lacks_every_file_is_missing_while_others_have_some() {
    let days = days(&[(A, "eu-west-1", 3, true), (A, "eu-west-1", 4, true)]);
    assert_eq!(
        gaps(&days, &scope(None, None, &[B], &[])),
        [format!("{B} eu-west-1 3..4 NoLogFile")]
    );
    assert_eq!(
        gaps(&days, &scope(None, None, &[], &["us-east-1"])),
        [format!("{A} us-east-1 3..4 NoLogFile")]
    );
}

/// Files whose names tell nothing may be of what was asked for, or not: only records can tell.
#[test]
fn what_is_asked_for_and_nothing_is_known_to_be_of_cannot_be_told() {
    let unknown = |days: &Days, scope: &Scope, called: &[(&str, &str)]| {
        let called = called.iter();
        let called = called.map(|(account, region)| (account.parse().unwrap(), region.parse().unwrap()));
        let answer = days.answer(scope, (1, 0), called.collect(), BTreeSet::new());
        assert_eq!(answer.has_no_gap(), answer.gaps.is_empty() && answer.unknown.is_empty());
        let one = |place: &UnknownPlace| {
            let account = place.account.as_ref().map_or("-", AccountId::as_str);
            format!("{account} {}", place.region.as_ref().map_or("-", Region::as_str))
        };
        answer.unknown.iter().map(one).collect::<Vec<_>>()
    };
    let nothing = Days::none();
    let (west, both) = (["eu-west-1"], ["eu-west-1", "us-east-1"]);
    let called = [(A, "eu-west-1"), (B, "us-east-1")];
    let asked = |accounts: &[&str], regions: &[&str]| scope(None, None, accounts, regions);
    assert_eq!(unknown(&nothing, &asked(&[], &west), &[]), ["- eu-west-1"]);
    assert_eq!(unknown(&nothing, &asked(&[A], &[]), &[]), [format!("{A} -")]);
    assert_eq!(unknown(&nothing, &asked(&[], &both), &called[..1]), ["- us-east-1"]);
    assert_eq!(
        unknown(&nothing, &asked(&[A, B], &[]), &called[..1]),
        [format!("{B} -")]
    );
    // Both were met, and not together.
    assert_eq!(
        unknown(&nothing, &asked(&[B], &west), &called),
        [format!("{B} eu-west-1")]
    );
    assert_eq!(unknown(&nothing, &asked(&[A], &west), &called), [""; 0]);
    assert_eq!(unknown(&nothing, &Scope::everything(), &[]), [""; 0]);
    // Where days are looked at, it is told as days without a log file.
    let day = scope(Some("2026-11-03T00:00:00Z"), None, &[A], &west);
    assert_eq!(unknown(&nothing, &day, &[]), [""; 0]);
    let elsewhere = days(&[(B, "us-east-1", 3, true)]);
    assert_eq!(unknown(&elsewhere, &asked(&[A], &west), &[]), [""; 0]);
}

/// A record in another's file tells that there must be files of its own.
#[test]
fn whoever_calls_must_have_log_files() {
    let days = days(&[(A, "eu-west-1", 3, true), (A, "eu-west-1", 4, true)]);
    let called = |unplaced_files| {
        let called = [(A, "eu-west-1"), (B, "us-east-1")];
        let called = called.map(|(account, region)| (account.parse().unwrap(), region.parse().unwrap()));
        days.answer(
            &Scope::everything(),
            (unplaced_files, 7),
            called.into(),
            BTreeSet::new(),
        )
    };
    let answer = called(0);
    assert_eq!((answer.unplaced_files, answer.covered.len()), (0, 2));
    let [gap] = &answer.gaps[..] else {
        panic!("{:?}", answer.gaps);
    };
    assert_eq!((gap.account.as_str(), gap.from.day(), gap.to.day()), (B, 3, 4));
    // It may be in one of those that do not say of which they are.
    let answer = called(1);
    assert_eq!((answer.unplaced_files, answer.gaps.len()), (1, 0));
}

#[test]
fn files_of_another_kind_say_nothing_of_what_is_missing_without_log_files() {
    let logs = days(&[(A, "eu-west-1", 3, true)]).answer(&Scope::everything(), (0, 7), Called::new(), BTreeSet::new());
    assert_eq!((logs.unplaced_files, logs.gaps.len()), (0, 0));
    let alone = Days::none().answer(&Scope::everything(), (1, 7), Called::new(), BTreeSet::new());
    assert_eq!(alone.unplaced_files, 8);
}

#[test]
fn without_files_and_places_nothing_is_missing() {
    let nothing = Days::none();
    assert_eq!(
        nothing
            .answer(&Scope::everything(), (1, 0), Called::new(), BTreeSet::new())
            .to,
        None
    );
    let asked = scope(
        Some("2026-11-03T00:00:00Z"),
        Some("2026-11-02T00:00:00Z"),
        &[A],
        &["eu-west-1"],
    );
    assert_eq!(
        nothing.answer(&asked, (1, 0), Called::new(), BTreeSet::new()).from,
        None
    );
}

/// CloudTrail was asked itself, so no log file is missing; of another account it was not asked.
#[test]
fn whose_event_history_was_read_needs_no_log_files() {
    let history = LookedUp {
        account: A.parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        from: "2026-11-02T00:00:00Z".parse().unwrap(),
        to: "2026-11-05T00:00:00Z".parse().unwrap(),
    };
    let met = [(A.parse().unwrap(), "eu-west-1".parse().unwrap())];
    let of = |account: &str, called: &[(AccountId, Region)]| {
        let asked = scope(
            Some("2026-11-02T00:00:00Z"),
            Some("2026-11-05T00:00:00Z"),
            &[account],
            &[],
        );
        let looked_up = [history.clone()].into();
        Days::none().answer(&asked, (0, 0), called.iter().cloned().collect(), looked_up)
    };
    for called in [&met[..], &[]] {
        let answer = of(A, called);
        assert!(answer.has_no_gap(), "{answer:?}");
        assert_eq!(answer.looked_up, std::slice::from_ref(&history));
    }
    let another = of(B, &[]);
    assert_eq!(another.unknown.len(), 1, "{another:?}");
    let elsewhere = of(A, &[(A.parse().unwrap(), "us-east-1".parse().unwrap())]);
    assert_eq!(elsewhere.gaps.len(), 1, "{elsewhere:?}");
}
