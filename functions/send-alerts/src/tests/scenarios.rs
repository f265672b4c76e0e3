//! Situations that people are told of: one for every kind of message, and every turn.

use crisguard_core::{
    change::ChangeMade,
    controls::ControlId,
    finding::{Finding, PostureFinding},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::fakes::{at, finding, observation, of_control, undecided};
use crate::{
    lifecycle::Transition,
    line::Expired,
    memory::{Record, Versioned},
    notice::Notice,
    shortlist::Shortlist,
};

/// A situation that people are told of, and how many of its findings find room.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) notice: Notice,
    pub(super) listed: usize,
}

pub(super) fn with(finding: &Finding, changes: Value) -> Finding {
    let mut json = serde_json::to_value(finding).unwrap();
    let Value::Object(changes) = changes else {
        panic!("members");
    };
    json.as_object_mut().unwrap().extend(changes);
    serde_json::from_value(json).unwrap()
}

pub(super) fn app() -> Finding {
    finding("app", "us-east-1", &["a"])
}

pub(super) fn profile_not_listed() -> Finding {
    with(
        &of_control(&app(), "profile-allowed", "high"),
        json!({"reason": {"kind": "profile_not_allowed", "profile": "us.amazon.nova-lite-v1:0"}}),
    )
}

pub(super) fn denied() -> Finding {
    let scp = "arn:aws:organizations::444455556666:policy/o-a1b2c3d4e5/service_control_policy/p-abcd1234";
    with(
        &of_control(&app(), "inference-denied-by-scp", "medium"),
        json!({"destination_region": null, "reason": {
            "kind": "denied_by_scp", "profile": "us.amazon.nova-lite-v1:0", "policy": scp, "explicit": true,
            "blocked": {"kind": "region", "name": "us-east-2"}
        }}),
    )
}

/// An undecided finding about something that named no profile.
pub(super) fn unnamed() -> Finding {
    with(
        &undecided(&finding("batch", "eu-west-1", &["e"])),
        json!({"reason": {"kind": "model_not_named"}, "profile": null, "model": null, "destination_region": null,
            "event_ids": []}),
    )
}

pub(super) fn expired() -> Value {
    json!({"expired_exceptions": [{"id": "research-2026", "owner": "dpo@example.com", "expires": "2026-10-31"}]})
}

pub(super) fn counted(finding: &Finding, count: usize) -> Record {
    let mut record = Record::of_invocations(finding, at(0));
    record.add(finding, count, true, at(0));
    record
}

pub(super) fn approximate(finding: &Finding) -> Record {
    let mut record = counted(finding, 1000);
    record.add(finding, 234, false, at(1));
    record
}

pub(super) fn told(record: &Record) -> Record {
    record.told_as(record.as_told(at(2)))
}

/// A finding that was closed, and came again.
pub(super) fn reopened(finding: &Finding) -> Record {
    let mut record = told(&counted(finding, 12)).closed(at(60 * 24 * 8));
    let again = json!({"first_seen": "2026-12-03T10:00:00Z", "last_seen": "2026-12-03T10:05:00Z"});
    record.add(&with(finding, again), 3, true, at(60 * 24 * 11));
    record
}

/// Settings that were observed, in this order, an hour apart.
pub(super) fn observed(region: &str, decisions: &[&str]) -> Record {
    let mut times = (0..).map(|n| at(60 * n));
    let mut each = decisions
        .iter()
        .map(|decision| observation(region, decision, times.next().unwrap()));
    let mut record = told(&Record::of_settings(&each.next().unwrap(), at(0)));
    for observation in each {
        record.observe(&observation, observation.observed_at);
        record = told(&record);
    }
    record
}

/// Logging that somebody switched off; where it is on again, somebody else did that.
pub(super) fn logging(region: &str, off: bool, observed_at: Timestamp) -> PostureFinding {
    let reason = if off {
        json!({"kind": "settings", "region": region, "problems": [{"kind": "logging_off"}]})
    } else {
        json!({"kind": "as_asked", "region": region})
    };
    let (name, who) = if off { ("Delete", "eve") } else { ("Put", "ops") };
    let decision = if off { "non-compliant" } else { "compliant" };
    let decision = serde_json::from_value(json!({"decision": decision, "reason": reason})).unwrap();
    let mut finding = PostureFinding::new(
        ControlId::InvocationLoggingEnabled,
        "111122223333".parse().unwrap(),
        region.parse().unwrap(),
        observed_at,
        decision,
        "c0ffee",
    );
    finding.changes.push(ChangeMade {
        time: observed_at - SignedDuration::from_secs(90),
        event_name: format!("{name}ModelInvocationLoggingConfiguration"),
        event_id: format!("7a9d8f4e-0000-4000-8000-00000000000{}", u8::from(off)),
        region: region.parse().unwrap(),
        principal: format!("arn:aws:iam::111122223333:role/{who}"),
    });
    finding
}

pub(super) fn hostile() -> Finding {
    let text =
        "us.x`*b* <!channel> @here <https://evil.example|click> & ~y~ [z](https://evil.example) www.evil.example";
    with(
        &app(),
        json!({"profile": text, "principal": format!("{text}\r\n{text}"), "event_ids": ["$(id)"],
            "reason": {"kind": "global_profile", "profile": text}}),
    )
}

/// Findings that are to be told together.
pub(super) fn shortlist(records: &[&Record]) -> Shortlist {
    let mut shortlist = Shortlist::new();
    for record in records {
        let value = (*record).clone();
        shortlist.add(Versioned { value, version: 1 });
    }
    shortlist
}

pub(super) fn alert(
    name: &'static str,
    transition: Transition,
    findings: &[(&Record, Option<Transition>)],
) -> Scenario {
    Scenario {
        name,
        notice: Notice::alert(transition, findings),
        listed: findings.len(),
    }
}

/// Returns a situation for every kind and turn that there is.
pub(super) fn scenarios() -> Vec<Scenario> {
    use Transition as T;
    let first = Some(T::First);
    let switched_off = Record::of_settings(&logging("eu-west-1", true, at(0)), at(0));
    let mut switched_on = told(&switched_off);
    switched_on.observe(&logging("eu-west-1", false, at(10)), at(10));
    let one = counted(&with(&app(), expired()), 1);
    let (two, three) = (counted(&profile_not_listed(), 3), counted(&denied(), 2));
    let again = reopened(&app());
    let many = approximate(&app());
    let known = told(&two);
    let (osaka, tokyo) = (
        observed("ap-northeast-3", &["non-compliant"]),
        observed("ap-northeast-1", &["undecided", "non-compliant"]),
    );
    let broken_again = observed("ap-northeast-3", &["non-compliant", "compliant", "non-compliant"]);
    let resolved = observed("ap-northeast-3", &["non-compliant", "compliant"]);
    let also_resolved = observed("ap-northeast-1", &["undecided", "compliant"]);
    let (gap, cannot_tell) = (counted(&unnamed(), 7), observed("eu-west-1", &["undecided"]));
    let going_on = {
        let mut record = told(&counted(&app(), 5));
        record.add(&app(), 52, false, at(60 * 25));
        record
    };
    let bad = counted(&hostile(), 1);
    let run_out = || {
        vec![Expired::new(
            "research-2026",
            "dpo@example.com",
            "2026-10-31".parse().unwrap(),
        )]
    };
    vec![
        alert(
            "alert_first",
            T::First,
            &[(&one, first), (&two, first), (&three, first)],
        ),
        alert("alert_reopened", T::Reopened, &[(&again, Some(T::Reopened))]),
        alert(
            "alert_worsened",
            T::Worsened,
            &[(&many, Some(T::Worsened)), (&known, None)],
        ),
        alert("alert_hostile", T::First, &[(&bad, first)]),
        alert(
            "alert_settings",
            T::First,
            &[(&osaka, first), (&tokyo, Some(T::Worsened))],
        ),
        alert(
            "alert_settings_reopened",
            T::Reopened,
            &[(&broken_again, Some(T::Reopened))],
        ),
        alert("alert_change", T::First, &[(&switched_off, first)]),
        Scenario {
            name: "resolved_change",
            notice: Notice::resolved(&[&switched_on]),
            listed: 1,
        },
        Scenario {
            listed: 1,
            ..alert("alert_more", T::First, &[(&one, first), (&two, first), (&three, first)])
        },
        Scenario {
            name: "resolved",
            notice: Notice::resolved(&[&resolved, &also_resolved]),
            listed: 2,
        },
        Scenario {
            name: "resolved_more",
            notice: Notice::resolved(&[&resolved, &also_resolved]),
            listed: 1,
        },
        Scenario {
            name: "reminder",
            notice: Notice::reminder(&shortlist(&[&going_on, &osaka, &cannot_tell])),
            listed: 3,
        },
        Scenario {
            name: "reminder_more",
            notice: Notice::reminder(&shortlist(&[&going_on, &osaka])),
            listed: 1,
        },
        Scenario {
            name: "digest",
            notice: Notice::digest(&shortlist(&[&one, &gap, &cannot_tell]), run_out()),
            listed: 3,
        },
        Scenario {
            name: "digest_more",
            notice: Notice::digest(&shortlist(&[&one, &gap]), Vec::new()),
            listed: 1,
        },
        Scenario {
            name: "digest_exceptions",
            notice: Notice::digest(&shortlist(&[]), run_out()),
            listed: 0,
        },
    ]
}
