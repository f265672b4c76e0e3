//! Each kind of message, in each language, for people and for chats.

use std::collections::BTreeSet;

use crisguard_core::policy::Language;
use serde_json::{Value, json};

use super::{
    fakes::of_control,
    scenarios::{Scenario, app, counted, denied, hostile, profile_not_listed, scenarios, shortlist, unnamed, with},
};
use crate::{
    lifecycle::Transition,
    memory::Record,
    notice::{Kind, Notice},
    texts::Texts,
};

const LANGUAGES: [(Language, &str); 2] = [(Language::En, "en"), (Language::Ja, "ja")];

/// Returns the kind after `last`; a new kind does not compile until it is asked for.
fn kind_after(last: Option<Kind>) -> Option<Kind> {
    match last {
        None => Some(Kind::Alert),
        Some(Kind::Alert) => Some(Kind::Resolved),
        Some(Kind::Resolved) => Some(Kind::Reminder),
        Some(Kind::Reminder) => Some(Kind::Digest),
        Some(Kind::Digest) => None,
    }
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, 'ぁ'..='ヺ' | '一'..='龠'))
}

#[test]
fn every_kind_is_told_in_every_language() {
    let texts = Texts::new().unwrap();
    let mut kinds: Vec<&str> = Vec::new();
    for Scenario { name, notice, listed } in scenarios() {
        let excerpt = notice.excerpt(listed);
        kinds.push(excerpt.kind.name());
        for (language, suffix) in LANGUAGES {
            let email = texts.email(&excerpt, language).unwrap();
            let chat: Value = serde_json::from_str(&texts.chat(&excerpt, language).unwrap()).unwrap();
            let subject = Texts::subject(&excerpt);
            assert!(
                subject.ends_with(", account 111122223333") || listed == 0,
                "cut off: {subject}"
            );
            for text in [
                &email,
                &chat["content"]["title"].to_string(),
                &chat["content"]["description"].to_string(),
            ] {
                assert_eq!(is_japanese(text), language == Language::Ja, "{name}: {text}");
            }
            assert!(!email.contains("\n\n\n"), "{name}: {email}");
            let chat = serde_json::to_string_pretty(&chat).unwrap();
            insta::with_settings!({snapshot_suffix => format!("{name}.{suffix}")}, {
                insta::assert_snapshot!("told", format!("Subject: {subject}\n\n{email}\n---\n{chat}"));
            });
        }
    }
    for kind in std::iter::successors(kind_after(None), |last| kind_after(Some(*last))) {
        assert!(kinds.contains(&kind.name()), "{kind:?} is never told");
    }
}

/// Returns what a reader of any language needs as it is: ids, ARNs, Regions, commands.
fn facts(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.:/@".contains(c)))
        .map(|word| word.trim_matches(['.', ':']))
        .filter(|word| word.len() > 8 && word.contains(['-', ':', '@']) && !word.contains("://"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_language_leaves_a_fact_out() {
    let texts = Texts::new().unwrap();
    for Scenario { name, notice, listed } in scenarios() {
        let excerpt = notice.excerpt(listed);
        let write = |language| {
            let chat: Value = serde_json::from_str(&texts.chat(&excerpt, language).unwrap()).unwrap();
            let description = chat["content"]["description"].as_str().unwrap().to_owned();
            [texts.email(&excerpt, language).unwrap(), description]
        };
        for (english, japanese) in write(Language::En).iter().zip(write(Language::Ja)) {
            // Times and words of English prose differ; what else differs was forgotten.
            let differs: Vec<String> = facts(english)
                .symmetric_difference(&facts(&japanese))
                .filter(|fact| fact.contains(|c: char| c.is_ascii_digit()) && !fact.starts_with("2026-"))
                .cloned()
                .collect();
            let clock = |fact: &String| fact.len() == 8 && fact.split(':').count() == 3;
            assert!(differs.iter().all(clock), "{name}: {differs:?}");
        }
    }
}

/// An alert of fifty findings, of which every value is as long as it can be and grows by being escaped.
fn crowded() -> Notice {
    let wide = "<&>`".repeat(75);
    let records: Vec<Record> = (0..50)
        .map(|n| {
            let changes = json!({"id": format!("{n:032}"), "principal": wide, "profile": wide, "model": wide,
                "reason": {"kind": "global_profile", "profile": wide}, "event_ids": ["a".repeat(300)]});
            counted(&with(&app(), changes), n + 1)
        })
        .collect();
    let findings: Vec<_> = records.iter().map(|record| (record, Some(Transition::First))).collect();
    Notice::alert(Transition::First, &findings)
}

#[test]
fn chats_get_what_they_are_documented_to_take() {
    let schema: Value = serde_json::from_str(include_str!("custom-notification.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let texts = Texts::new().unwrap();
    let crowded = Scenario {
        name: "crowded",
        notice: crowded(),
        listed: 50,
    };
    for Scenario { name, notice, listed } in scenarios().into_iter().chain([crowded]) {
        for (language, suffix) in LANGUAGES {
            let chat: Value = serde_json::from_str(&texts.chat(&notice.excerpt(listed), language).unwrap()).unwrap();
            let problems: Vec<String> = schema.iter_errors(&chat).map(|error| error.to_string()).collect();
            assert!(problems.is_empty(), "{name}.{suffix}: {problems:?}");
        }
    }
    assert!(!schema.is_valid(&json!({"version": "1.0", "source": "custom", "content": {}})));
}

#[test]
fn a_chat_gets_as_many_findings_as_it_takes_and_hears_of_the_rest() {
    let texts = Texts::new().unwrap();
    let notice = crowded();
    for (language, _) in LANGUAGES {
        let chat: Value = serde_json::from_str(&texts.chat(&notice.excerpt(50), language).unwrap()).unwrap();
        let description = chat["content"]["description"].as_str().unwrap();
        let length = description.chars().count();
        assert!((4000..=8000).contains(&length), "{length}");
        let listed = description.matches("destination-region-allowed").count();
        assert!(
            description.ends_with(&format!("{} more found no room here.", 50 - listed)) || language == Language::Ja
        );
        assert!(description.contains(&(50 - listed).to_string()), "{description}");
        let steps = chat["content"]["nextSteps"].as_array().unwrap();
        assert!(
            !steps.is_empty()
                && steps
                    .iter()
                    .all(|step| !step.as_str().unwrap().contains("lookup-events"))
        );
    }
}

/// `<` is longer when escaped, so the explanation is cut off inside the value.
#[test]
fn a_value_that_is_cut_off_lets_no_other_out_of_its_marks() {
    let texts = Texts::new().unwrap();
    let long = "<".repeat(300);
    let changes =
        json!({"reason": {"kind": "global_profile", "profile": long}, "principal": "[win](https://x.example)"});
    let record = counted(&with(&app(), changes), 1);
    for (language, _) in LANGUAGES {
        let notice = Notice::alert(Transition::First, &[(&record, Some(Transition::First))]);
        let chat: Value = serde_json::from_str(&texts.chat(&notice.excerpt(1), language).unwrap()).unwrap();
        let description = chat["content"]["description"].as_str().unwrap();
        let (before, _) = description.split_once("[win]").unwrap();
        assert_eq!(before.matches('`').count() % 2, 1, "{description}");
    }
}

/// Mail clients and chats make links of what looks like one, and this one could stand in a command.
#[test]
fn nothing_that_a_caller_sent_becomes_a_link_for_people() {
    let texts = Texts::new().unwrap();
    let link = "https://www.evil.example/x";
    let reason = json!({"kind": "global_profile", "profile": link});
    let plain = with(
        &app(),
        json!({"profile": link, "model": link, "principal": link, "sessions": [link],
        "event_ids": [link], "reason": reason, "expired_exceptions": [{"id": link, "owner": link, "expires": "2026-10-31"}]}),
    );
    for record in [counted(&plain, 1), counted(&hostile(), 1)] {
        let notice = Notice::alert(Transition::First, &[(&record, Some(Transition::First))]);
        let excerpt = notice.excerpt(1);
        for (language, _) in LANGUAGES {
            let email = texts.email(&excerpt, language).unwrap();
            let chat = texts.chat(&excerpt, language).unwrap();
            assert!(
                email.contains("evil.example") && chat.contains("evil.example"),
                "{email} {chat}"
            );
            for text in [email, chat] {
                let own = text.replace("https://docs.aws.amazon.com/", "");
                assert!(!own.contains("://") && !own.contains("www."), "{own}");
                assert!(!own.contains("[[") && !own.contains("]]"), "twice: {own}");
            }
        }
        assert!(
            serde_json::to_string(&excerpt).unwrap().contains("https://"),
            "machines get it as it is"
        );
    }
}

#[test]
fn one_subject_comes_in_one_thread() {
    let texts = Texts::new().unwrap();
    let thread = |notice: &Notice| {
        let chat: Value = serde_json::from_str(&texts.chat(&notice.excerpt(9), Language::En).unwrap()).unwrap();
        chat["metadata"].get("threadId").cloned()
    };
    let (one, same) = (counted(&app(), 1), counted(&profile_not_listed(), 1));
    let other = counted(&unnamed(), 1);
    let subject = Some(json!("subject-app"));
    assert_eq!(
        thread(&Notice::alert(Transition::First, &[(&one, None), (&same, None)])),
        subject
    );
    assert_eq!(thread(&Notice::reminder(&shortlist(&[&one]))), subject);
    assert_eq!(thread(&Notice::digest(&shortlist(&[&one, &other]), Vec::new())), None);
}

/// What is undecided is of the control's severity only once it is decided.
#[test]
fn only_violations_have_a_severity_in_a_headline() {
    let (violation, other) = (counted(&app(), 1), counted(&profile_not_listed(), 1));
    let (gap, same) = (counted(&unnamed(), 1), counted(&unnamed(), 2));
    for (records, tally) in [
        (vec![&gap], "1 undecided finding"),
        (vec![&other], "1 violation (HIGH)"),
        (vec![&other, &violation], "2 violations (highest CRITICAL)"),
        (vec![&gap, &other], "1 violation (HIGH), 1 undecided"),
    ] {
        let shortlist = shortlist(&records);
        for (notice, kind) in [
            (Notice::digest(&shortlist, Vec::new()), "DIGEST"),
            (Notice::reminder(&shortlist), "REMINDER"),
        ] {
            let subject = Texts::subject(&notice.excerpt(9));
            assert_eq!(subject, format!("[crisguard] {kind}: {tally}, account 111122223333"));
        }
    }
    let notice = Notice::digest(&shortlist(&[&gap, &same]), Vec::new());
    assert!(
        Texts::subject(&notice.excerpt(1)).contains(": 2 undecided findings, "),
        "listed or not"
    );
}

#[test]
fn what_all_findings_share_is_said_once() {
    let texts = Texts::new().unwrap();
    let source = of_control(&app(), "source-region-allowed", "high");
    let (one, same, more) = (counted(&app(), 4), counted(&source, 4), counted(&source, 5));
    let write = |records: &[&Record], language| {
        let findings: Vec<_> = records.iter().map(|record| (*record, None)).collect();
        let notice = Notice::alert(Transition::First, &findings);
        texts.email(&notice.excerpt(9), language).unwrap()
    };
    for (language, place, times, step) in [
        (Language::En, "   Where  ", "4 times", "Find the calls"),
        (
            Language::Ja,
            "   送信元リージョン: ",
            "4 回",
            "該当する呼び出しを特定します",
        ),
    ] {
        let count = |text: &str, word| text.matches(word).count();
        let (shared, not_shared) = (write(&[&one, &same], language), write(&[&one, &more], language));
        assert_eq!((count(&shared, place), count(&shared, times)), (1, 1), "{shared}");
        assert_eq!(
            (count(&not_shared, place), count(&not_shared, times)),
            (1, 2),
            "{not_shared}"
        );
        assert_eq!(count(&shared, step), 1, "{shared}");
        assert!(
            shared.contains("\nsource-region-allowed\n   1) "),
            "its other steps stand: {shared}"
        );
    }
}

#[test]
fn a_step_is_left_out_where_the_finding_lacks_what_it_names() {
    let texts = Texts::new().unwrap();
    let (named, nameless) = (counted(&app(), 1), counted(&unnamed(), 1));
    for (language, _) in LANGUAGES {
        let write = |records: &[&Record]| {
            let notice = Notice::digest(&shortlist(records), Vec::new());
            texts.email(&notice.excerpt(9), language).unwrap()
        };
        let without = write(&[&nameless]);
        assert!(
            !without.contains("PROFILE") && !without.contains("EVENT_ID"),
            "{without}"
        );
        assert!(
            !without.contains("get-inference-profile") && without.contains("   1) "),
            "{without}"
        );
        // One finding that has them is enough, wherever it stands in the list.
        let with = write(&[&nameless, &named]);
        assert!(
            with.contains("--inference-profile-identifier us.amazon.nova-lite-v1:0"),
            "{with}"
        );
        let denied = write(&[&counted(&denied(), 1)]);
        assert!(denied.contains("describe-policy --policy-id p-abcd1234"), "{denied}");
    }
}
