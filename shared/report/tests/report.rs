//! The documents as they come out, and that they come out of nothing but what they are given.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod sample;

use crisguard_core::{policy::Language, tally::Audit};
use crisguard_report::{Document, PolicyText, Report, ReportError, render};
use sample::Kind;
use serde_json::Value;

fn documents(kind: Kind, language: Language) -> Vec<Document> {
    let (posture, reach): (Value, Value) = (
        serde_json::from_str(sample::POSTURE).unwrap(),
        serde_json::from_str(sample::REACH).unwrap(),
    );
    let whole = kind == Kind::Violations;
    let audit = sample::audit(kind);
    let mut report = report(&audit, language);
    report.posture = whole.then_some(&posture);
    report.reach = whole.then_some(&reach);
    render(&report).unwrap()
}

fn report(audit: &Audit, language: Language) -> Report<'_> {
    Report {
        audit,
        policy: audit.policy_sha256.is_some().then_some(PolicyText {
            name: sample::POLICY_NAME,
            text: sample::POLICY,
            sha256: sample::POLICY_SHA256,
        }),
        posture: None,
        reach: None,
        generated_at: "2026-11-02T01:02:03Z".parse().unwrap(),
        language,
    }
}

fn text(documents: &[Document], name: &str) -> String {
    let document = documents.iter().find(|document| document.name == name).unwrap();
    String::from_utf8(document.bytes.clone()).unwrap()
}

#[test]
fn what_programs_read_is_a_published_form() {
    let documents = documents(Kind::Violations, Language::En);
    insta::assert_snapshot!("findings.csv", text(&documents, "findings.csv"));
    insta::assert_snapshot!("register.csv", text(&documents, "register.csv"));
    let events: Vec<Value> = serde_json::from_str(&text(&documents, "findings.ocsf.json")).unwrap();
    // One of each: a violation, what cannot be told, a setting.
    let is = |event: &&Value, class: u64, of_calls: bool| {
        event["class_uid"] == class && event.get("evidences").is_some() == of_calls
    };
    let each = [(2004, true), (2003, true), (2003, false)];
    let each = each.map(|(class, of_calls)| events.iter().find(|event| is(event, class, of_calls)).unwrap());
    insta::assert_snapshot!("findings.ocsf.json", serde_json::to_string_pretty(&each).unwrap());
}

#[test]
fn people_read_it_in_their_language() {
    for (language, name) in [(Language::En, "en"), (Language::Ja, "ja")] {
        let page = text(&documents(Kind::Violations, language), "report.html");
        insta::assert_snapshot!(format!("page.{name}"), words(&page));
    }
}

/// Returns what a page says, without its style, pictures and marks: a line for each that breaks one.
fn words(page: &str) -> String {
    let body = page.split_once("<main").unwrap().1;
    let mut lines = Vec::new();
    let (mut line, mut inside) = (String::new(), "");
    for part in body.split('<').skip(1) {
        let (tag, said) = part.split_once('>').unwrap();
        let tag = tag.split([' ', '\n']).next().unwrap();
        match tag {
            "svg" | "style" => inside = "picture",
            "/svg" | "/style" => inside = "",
            "span" | "/span" | "a" | "/a" | "code" | "/code" => line.push(' '),
            _ => lines.push(std::mem::take(&mut line)),
        }
        if inside.is_empty() {
            line.push_str(said);
        }
    }
    let lines = lines
        .iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_same_report_comes_out_byte_for_byte_the_same() {
    for language in [Language::En, Language::Ja] {
        assert_eq!(documents(Kind::Large, language), documents(Kind::Large, language));
    }
}

#[test]
fn the_json_is_the_audit_and_what_else_was_given() {
    let audit = sample::audit(Kind::Violations);
    let json: Value = serde_json::from_str(&text(&documents(Kind::Violations, Language::Ja), "report.json")).unwrap();
    let read: Audit = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(read, audit, "whoever reads the command's JSON can read this");
    assert_eq!(json["language"], "ja");
    assert_eq!(json["policy"]["text"], sample::POLICY);
    assert_eq!(json["posture"], serde_json::from_str::<Value>(sample::POSTURE).unwrap());
    assert_eq!(json["reach"], serde_json::from_str::<Value>(sample::REACH).unwrap());
}

#[test]
fn nothing_that_a_caller_sends_is_markup() {
    for kind in [Kind::Violations, Kind::NoPolicy] {
        for language in [Language::En, Language::Ja] {
            let page = text(&documents(kind, language), "report.html");
            assert!(!page.contains("<script"), "{kind:?}");
            assert!(
                page.contains("&lt;script&gt;alert(1)&lt;"),
                "it is shown nevertheless: {kind:?}"
            );
            assert!(!page.contains(['\u{202e}', '\0']), "{kind:?}");
        }
    }
}

/// A record may say that it is of any year, and a caller's text may have any length.
#[test]
fn a_page_is_no_longer_for_what_somebody_made_up() {
    let whole = sample::audit(Kind::Violations);
    let mut audit = whole.clone();
    let template = audit.flows[0].clone();
    let region = |number: usize| format!("xx-made-{number}").parse().unwrap();
    audit
        .flows
        .extend((1..=3_000).map(|number| crisguard_core::tally::Flow {
            destination: Some(crisguard_core::region::DestinationRegion(region(number))),
            month: format!("{number:04}-01"),
            ..template.clone()
        }));
    for finding in &mut audit.findings {
        finding.principal = "x".repeat(1_000_000);
    }
    let of = |audit: &Audit| text(&render(&report(audit, Language::En)).unwrap(), "report.html");
    let (plain, long) = (of(&whole), of(&audit));
    assert!(long.len() < plain.len() + 300_000, "{} {}", plain.len(), long.len());
    let more = long.matches("more are in report.json").count();
    assert_eq!(
        more - plain.matches("more are in report.json").count(),
        2,
        "months and flows"
    );
}

/// Five hundred findings are a hundred screens: most are folded, and of each control one at least lies open.
#[test]
fn most_of_many_findings_are_folded() {
    let page = text(&documents(Kind::Large, Language::En), "report.html");
    let findings = |part: &str| part.matches("<article class=\"finding\"").count();
    let folded = |part: &str| -> usize {
        let folds = part.split("<details>").skip(1);
        folds
            .map(|fold| findings(fold.split("</details>").next().unwrap()))
            .sum()
    };
    assert_eq!((findings(&page), folded(&page)), (500, 400));
    for group in page.split("<div class=\"group ").skip(1) {
        assert!(findings(group) > folded(group), "{group}");
    }
    let few = text(&documents(Kind::Violations, Language::En), "report.html");
    assert!(findings(&few) > 0 && folded(&few) == 0);
}

#[test]
fn a_report_under_another_policy_is_refused() {
    let audit = sample::audit(Kind::Violations);
    let mut without = report(&audit, Language::En);
    without.policy = None;
    assert!(matches!(render(&without), Err(ReportError::AnotherPolicy { .. })));
    let audit = sample::audit(Kind::NoPolicy);
    let mut with = report(&audit, Language::En);
    with.policy = Some(PolicyText {
        name: "policy.yaml",
        text: "",
        sha256: "00",
    });
    let error = render(&with).unwrap_err().to_string();
    assert!(error.contains("SHA-256 of none") && error.contains("00"), "{error}");
}

#[test]
fn what_is_no_posture_or_reach_is_refused() {
    let audit = sample::audit(Kind::Kept);
    let what_if = serde_json::json!({"catalogue_as_of": "2026-10-27", "changes": []});
    for nonsense in [serde_json::json!({}), serde_json::json!([]), what_if] {
        let mut posture = report(&audit, Language::En);
        posture.posture = Some(&nonsense);
        assert!(matches!(render(&posture), Err(ReportError::Posture(_))), "{nonsense}");
        let mut reach = report(&audit, Language::En);
        reach.reach = Some(&nonsense);
        assert!(matches!(render(&reach), Err(ReportError::Reach(_))), "{nonsense}");
    }
}

/// What stands over the sentence.
fn verdict(audit: &Audit, posture: Option<&Value>) -> String {
    let mut report = report(audit, Language::En);
    report.posture = posture;
    let page = text(&render(&report).unwrap(), "report.html");
    let (_, label) = page.split_once("class=\"pill\">").unwrap();
    label.split('<').next().unwrap().to_owned()
}

#[test]
fn anything_missing_forbids_the_word_compliant() {
    let kept = sample::audit(Kind::Kept);
    assert_eq!(verdict(&kept, None), "Compliant");

    let with = |change: &dyn Fn(&mut Audit)| {
        let mut audit = kept.clone();
        change(&mut audit);
        verdict(&audit, None)
    };
    let whole = sample::audit(Kind::Violations);
    assert_eq!(with(&|audit| audit.exits.rejected = 1), "Evidence incomplete");
    assert_eq!(with(&|audit| audit.coverage.unplaced_files = 1), "Evidence incomplete");
    assert_eq!(with(&|audit| audit.read.paths_without_file = 1), "Evidence incomplete");
    assert_eq!(
        with(&|audit| audit.coverage.gaps.clone_from(&whole.coverage.gaps)),
        "Evidence incomplete"
    );
    let unknown = |audit: &mut Audit| {
        audit.coverage.unknown = vec![crisguard_core::tally::UnknownPlace {
            account: None,
            region: Some("us-east-1".parse().unwrap()),
        }];
    };
    assert_eq!(with(&unknown), "Evidence incomplete");
    assert_eq!(with(&|audit| audit.flows[0].outcome = None), "Undecided");
    assert_eq!(with(&|audit| audit.exits.undecided = 1), "Undecided");
    assert_eq!(with(&|audit| audit.exits.violation = 1), "Violations");
    let none = |audit: &mut Audit| {
        audit.flows.clear();
        audit.read.invocations = 0;
    };
    assert_eq!(with(&none), "No invocations");
    // A file was read, and there was no record in it.
    let empty = |audit: &mut Audit| {
        none(audit);
        audit.read.records = 0;
    };
    assert_eq!(with(&empty), "No invocations");
    assert_eq!(
        with(&|audit| {
            empty(audit);
            audit.coverage.unplaced_files = 1;
        }),
        "Evidence incomplete"
    );
    assert_eq!(
        with(&|audit| {
            empty(audit);
            (audit.read.files, audit.read.paths_without_file) = (0, 1);
        }),
        "Nothing was read"
    );
    assert_eq!(
        with(&|audit| {
            none(audit);
            audit.exits.rejected = 1;
        }),
        "Evidence incomplete"
    );
    assert_eq!(
        with(&|audit| {
            for flow in &mut audit.flows {
                flow.outcome = Some(crisguard_core::tally::Outcome::NotApplicable);
            }
        }),
        "Nothing to decide"
    );
    assert_eq!(verdict(&sample::audit(Kind::NoPolicy), None), "Not decided: no policy");
    assert_eq!(verdict(&sample::audit(Kind::Nothing), None), "Nothing was read");
}

/// What could not be read may be listed nowhere, where too much of it is of others than were asked for.
#[test]
fn what_could_not_be_read_is_told_though_it_is_not_listed() {
    let mut audit = sample::audit(Kind::Kept);
    let page = |audit: &Audit| text(&render(&report(audit, Language::En)).unwrap(), "report.html");
    assert!(page(&audit).contains("Everything could be read."));
    (audit.exits.rejected, audit.rejected_not_listed) = (12, 12);
    let told = page(&audit);
    assert!(!told.contains("Everything could be read."));
    assert!(told.contains("12 more are counted, and named nowhere"));
    let documents = render(&report(&audit, Language::En)).unwrap();
    assert!(text(&documents, "register.csv").contains("12 records or files could not be read"));
    assert!(text(&documents, "register.csv").contains("report.json lists 0 of them"));
}

/// CloudTrail was asked itself: nothing is missing of what it tells, and what it never tells is said.
#[test]
fn what_the_event_history_cannot_tell_is_said_and_is_no_gap() {
    let mut audit = sample::audit(Kind::Kept);
    (audit.read.files, audit.read.pages) = (0, 12);
    (audit.coverage.placed_files, audit.coverage.covered) = (0, Vec::new());
    audit.coverage.looked_up = vec![crisguard_core::tally::LookedUp {
        account: "111122223333".parse().unwrap(),
        region: "ap-northeast-1".parse().unwrap(),
        from: "2026-08-04T00:00:00Z".parse().unwrap(),
        to: "2026-11-02T00:00:00Z".parse().unwrap(),
    }];
    assert_eq!(verdict(&audit, None), "Compliant");
    for (language, place, limit) in [
        (
            Language::En,
            "111122223333 ap-northeast-1 Tokyo, Japan 2026-08-04 00:00 UTC to 2026-11-02 00:00 UTC",
            "data events, such as those of bedrock-mantle, are not in it",
        ),
        (
            Language::Ja,
            "111122223333 ap-northeast-1 東京、日本 2026-08-04 00:00 UTC ～ 2026-11-02 00:00 UTC",
            "bedrock-mantle などのデータイベントは含まれず",
        ),
    ] {
        let documents = render(&report(&audit, language)).unwrap();
        let page = words(&text(&documents, "report.html"));
        assert!(page.contains(place), "{page}");
        // Beneath the verdict, and where the evidence is told.
        assert_eq!(page.matches(limit).count(), 2, "{page}");
        let log_files = ["every Region that has any", "ログファイルのあるすべてのリージョン"];
        assert!(!log_files.iter().any(|said| page.contains(said)), "{page}");
        // A month without a row is none without calls.
        let register = text(&documents, "register.csv");
        let row = register
            .lines()
            .find(|row| row.starts_with("unknown_coverage"))
            .unwrap();
        assert!(
            row.contains("111122223333,ap-northeast-1") && row.contains("by its event history"),
            "{row}"
        );
    }
    audit.exits.rejected = 1;
    assert_eq!(verdict(&audit, None), "Evidence incomplete");
}

/// Whoever adds up where violations were processed comes to all of them.
#[test]
fn violations_of_which_no_region_is_known_are_told_beside_the_others() {
    let mut audit = sample::audit(Kind::Violations);
    for flow in &mut audit.flows {
        if flow.outcome == Some(crisguard_core::tally::Outcome::Violation) {
            (flow.destination, flow.processed_nowhere) = (None, false);
        }
    }
    let told = sentences(&audit, Language::En);
    let expected = format!("{} in Regions that the evidence does not name", audit.exits.violation);
    assert!(told.contains(&expected), "{told:?}");
}

/// Returns what the page says in its first sentence, and what limits that.
fn sentences(audit: &Audit, language: Language) -> Vec<String> {
    let page = words(&text(&render(&report(audit, language)).unwrap(), "report.html"));
    let heading = if language == Language::En {
        "Key numbers"
    } else {
        "主要な数値"
    };
    page.lines()
        .skip(1)
        .take_while(|line| *line != heading)
        .map(str::to_owned)
        .collect()
}

/// None, one and many of whatever is counted.
#[test]
fn sentences_are_right_for_none_one_and_many() {
    let mut told = String::new();
    let kept = sample::audit(Kind::Kept);
    for (invocations, outcome) in [
        (0, None),
        (1, None),
        (2, None),
        (1, Some(1)),
        (2, Some(1)),
        (3, Some(2)),
    ] {
        for missing in 0..3 {
            let mut audit = kept.clone();
            let mut flows = kept.flows.clone();
            flows.truncate(usize::from(invocations > 0));
            let mut rest = flows.clone();
            for flow in &mut flows {
                flow.invocations = invocations - outcome.unwrap_or(0);
            }
            for flow in &mut rest {
                flow.invocations = outcome.unwrap_or(0);
                flow.outcome = Some(crisguard_core::tally::Outcome::Violation);
            }
            audit.flows = flows
                .into_iter()
                .chain(rest)
                .filter(|flow| flow.invocations > 0)
                .collect();
            audit.read.invocations = invocations;
            audit.read.records = invocations;
            audit.exits.rejected = 0;
            audit.excepted.invocations = missing.min(invocations - outcome.unwrap_or(0));
            let gaps = sample::audit(Kind::Violations).coverage.gaps;
            let one_day = |gap: &crisguard_core::tally::Gap| gap.from == gap.to;
            let gaps = gaps.into_iter().filter(|gap| missing == 2 || one_day(gap));
            audit.coverage.gaps = gaps.take(usize::try_from(missing).unwrap()).collect();
            audit.coverage.unplaced_files = missing;
            audit.read.paths_without_file = missing;
            audit.exits.rejected = missing;
            audit.read.records += missing;
            audit.findings.clear();
            for language in [Language::En, Language::Ja] {
                told.push_str(&sentences(&audit, language).join("\n"));
                told.push('\n');
            }
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn settings_that_are_open_forbid_it_too() {
    let kept = sample::audit(Kind::Kept);
    let posture = |compliant, non_compliant, undecided| {
        serde_json::json!({
            "observed_at": "2026-11-01T00:00:00Z", "policy_sha256": sample::POLICY_SHA256, "assessments": [],
            "coverage": {"compliant": compliant, "non_compliant": non_compliant, "undecided": undecided},
        })
    };
    assert_eq!(verdict(&kept, Some(&posture(3, 0, 0))), "Compliant");
    for open in [posture(3, 1, 0), posture(3, 0, 1), posture(0, 0, 0)] {
        assert_eq!(verdict(&kept, Some(&open)), "Settings open", "{open}");
    }
    // What it counts and what it lists are not the same, and what another policy asks proves nothing of this one.
    let (mut listed, mut other) = (posture(3, 0, 0), posture(3, 0, 0));
    listed["assessments"] = serde_json::json!([{"control": "c", "decision": "non-compliant"}]);
    other["policy_sha256"] = "00".into();
    for open in [listed, other] {
        assert_eq!(verdict(&kept, Some(&open)), "Settings open", "{open}");
    }
}
