//! Every template is evaluated: what it is for works, and what it is against does not.

use super::*;
use crate::{
    catalog::Catalogue,
    scp::{Context, Judged, Matched, Request, Value as Known, reach::evaluations},
};

const ACCOUNT: &str = "111122223333";

fn catalogue() -> Catalogue {
    Catalogue::embedded().unwrap()
}

fn region(name: &str) -> SourceRegion {
    SourceRegion(name.parse().unwrap())
}

fn wanted(sources: &[&str], globs: &[&str]) -> Wanted {
    let sources: Vec<SourceRegion> = sources.iter().map(|name| region(name)).collect();
    let targets = globs
        .iter()
        .flat_map(|glob| Target::profiles(glob, &sources, &catalogue()));
    Wanted {
        targets: targets.collect(),
        sources,
        account: Some(ACCOUNT.parse().unwrap()),
        guardrails: Vec::new(),
    }
}

fn caller() -> Caller {
    Caller::new(ACCOUNT.parse().unwrap(), &Principal::Ordinary)
}

/// Returns which of the calls work under a service control policy, by name and source.
fn working(policy: &Value, targets: Vec<Target>) -> Vec<String> {
    let policy = Policy::from_document(policy.clone()).unwrap();
    let chain = Chain::of_files([("ou".to_owned(), Scp::new("template", policy))]).unwrap();
    let caller = caller();
    let reach = Reach::of_account(&chain, &caller, targets).unwrap();
    let verdicts = reach.verdicts(caller.account());
    let works = verdicts.filter(|(_, verdict)| verdict.works());
    works
        .map(|(target, _)| format!("{}@{}", target.call.name(), target.source))
        .collect()
}

fn judged(policy: &Value, action: &str, resource: &str, keys: &[(&str, &str)]) -> Judged {
    let mut context = Context::new();
    for (key, value) in keys {
        let value = if value.is_empty() {
            Known::Absent
        } else {
            Known::known(*value)
        };
        context.set(key, value);
    }
    let policy = Policy::from_document(policy.clone()).unwrap();
    policy.judge(&Request::new(action.parse().unwrap(), resource, context))
}

fn denied(policy: &Value, action: &str, resource: &str, keys: &[(&str, &str)]) -> bool {
    match judged(policy, action, resource, keys).denies {
        Matched::Yes(_) => true,
        Matched::No => false,
        Matched::Unknown { .. } => panic!("{action} on {resource} with {keys:?} is not decided"),
    }
}

/// Tells whether a policy that grants allows everything that a call evaluates.
fn grants(policy: &Value, target: &Target) -> bool {
    let policy = Policy::from_document(policy.clone()).unwrap();
    INVOKE.iter().all(|action| {
        let asked = evaluations(target, &caller(), &action.parse().unwrap());
        asked
            .iter()
            .all(|evaluation| matches!(policy.judge(&evaluation.request).allows, Matched::Yes(_)))
    })
}

#[test]
fn a_region_deny_lets_the_wanted_profiles_through_and_no_others() {
    let every = ["ap-northeast-1", "ap-northeast-3", "us-east-1", "eu-central-1"];
    let all: Vec<Target> = Target::profiles("*", &every.map(region), &catalogue());
    for (sources, globs) in [
        (vec!["ap-northeast-1"], vec!["jp.*"]),
        (
            vec!["ap-northeast-1", "ap-northeast-3"],
            vec!["jp.anthropic.claude-sonnet-4-5*"],
        ),
        (vec!["eu-central-1"], vec!["eu.anthropic.*"]),
        (
            vec!["us-east-1"],
            vec!["global.anthropic.claude-sonnet-4-5*", "us.amazon.nova-lite-v1:0"],
        ),
        (vec!["ap-northeast-1"], vec![]),
    ] {
        let wanted = wanted(&sources, &globs);
        let policy = Template::RegionDeny.write(&wanted).unwrap();
        let mut expected = working(
            &document([json!({
                "Effect": "Allow", "Action": "*", "Resource": "*"
            })]),
            wanted.targets.clone(),
        );
        // Where a profile stays in the source Regions, a Region deny has nothing to say about it.
        for target in &all {
            let inside = match &target.destinations {
                Destinations::EveryCommercialRegion => false,
                Destinations::Regions(regions) => regions.iter().all(|region| sources.contains(&region.as_str())),
            };
            if inside && sources.contains(&target.source.0.as_str()) {
                expected.push(format!("{}@{}", target.call.name(), target.source));
            }
        }
        expected.sort_unstable();
        expected.dedup();
        let mut works = working(&policy, all.clone());
        works.sort_unstable();
        assert_eq!(works, expected, "{sources:?} {globs:?}");
        let there = [("aws:RequestedRegion", sources[0])];
        let elsewhere = [("aws:RequestedRegion", "sa-east-1")];
        assert!(!denied(&policy, "ec2:RunInstances", "*", &there));
        assert!(denied(&policy, "ec2:RunInstances", "*", &elsewhere));
        assert!(!denied(
            &policy,
            "iam:CreateRole",
            "*",
            &[("aws:RequestedRegion", "us-east-1")]
        ));
        assert!(denied(&policy, "bedrock:ListFoundationModels", "*", &elsewhere));
        let direct = [
            ("aws:RequestedRegion", "sa-east-1"),
            ("bedrock:InferenceProfileArn", ""),
        ];
        assert!(denied(
            &policy,
            "bedrock:InvokeModel",
            "arn:aws:bedrock:sa-east-1::foundation-model/m",
            &direct
        ));
        assert!(size(&policy) <= Template::QUOTA);
    }
}

#[test]
fn a_region_deny_for_very_many_profiles_names_their_geography() {
    let wanted = wanted(&["us-east-1", "us-east-2", "us-west-2"], &["us.*"]);
    assert!(wanted.targets.len() > 60);
    let policy = Template::RegionDeny.write(&wanted).unwrap();
    let arns = &policy["Statement"][1]["Condition"]["ArnNotLike"]["bedrock:InferenceProfileArn"];
    assert_eq!(arns[0], "arn:aws:bedrock:us-east-1:*:inference-profile/us.*");
    assert_eq!(working(&policy, wanted.targets.clone()).len(), wanted.targets.len());
}

#[test]
fn one_global_profile_beside_very_many_others_stays_the_only_one() {
    let sources = ["us-east-1", "us-east-2", "us-west-2"];
    let global = "global.anthropic.claude-sonnet-4-5-20250929-v1:0";
    let policy = Template::RegionDeny
        .write(&wanted(&sources, &["us.*", global]))
        .unwrap();
    let others = Target::profiles("global.*", &sources.map(region), &catalogue());
    let works = working(&policy, others);
    assert!(
        !works.is_empty() && works.iter().all(|name| name.starts_with(global)),
        "{works:?}"
    );
}

#[test]
fn global_profiles_are_denied_even_behind_application_profiles() {
    let wanted = wanted(&["ap-northeast-1"], &["*"]);
    let policy = Template::DenyGlobal.write(&wanted).unwrap();
    let works = working(&policy, wanted.targets.clone());
    let expected = wanted
        .targets
        .iter()
        .filter(|target| !target.call.name().starts_with("global."));
    assert_eq!(works.len(), expected.count());
    let own = "arn:aws:bedrock:ap-northeast-1:111122223333:application-inference-profile/a1b2c3";
    let models = [
        "arn:aws:bedrock:ap-northeast-1::foundation-model/m",
        "arn:aws:bedrock:::foundation-model/m",
    ];
    let application = Target::application(own, &models.map(str::to_owned), &region("ap-northeast-1")).unwrap();
    assert_eq!(working(&policy, vec![application]), Vec::<String>::new());
}

#[test]
fn calls_without_a_guardrail_are_denied() {
    let mut wanted = wanted(&["ap-northeast-1"], &[]);
    let key = "bedrock:GuardrailIdentifier";
    let model = "arn:aws:bedrock:::foundation-model/m";
    let of = |id: &str| format!("arn:aws:bedrock:ap-northeast-1:111122223333:guardrail/{id}");
    let any = Template::RequireGuardrail.write(&wanted).unwrap();
    assert!(denied(&any, "bedrock:InvokeModel", model, &[(key, "")]));
    assert!(!denied(&any, "bedrock:InvokeModel", model, &[(key, &of("other1"))]));

    wanted.guardrails = vec!["abc123".to_owned()];
    let one = Template::RequireGuardrail.write(&wanted).unwrap();
    for (value, expected) in [
        ("", true),
        ("other1:1", true),
        ("abc123", true),
        ("abc123:1", false),
        ("abc123:12", false),
    ] {
        let value = if value.is_empty() { String::new() } else { of(value) };
        for action in INVOKE {
            assert_eq!(denied(&one, action, model, &[(key, &value)]), expected, "{value}");
        }
    }
    // What reads the answer of whether profile evaluations have the key must not depend on it.
    let profile = "arn:aws:bedrock:ap-northeast-1:111122223333:inference-profile/jp.m";
    assert!(!denied(&one, "bedrock:InvokeModel", profile, &[(key, "")]));
    assert!(!denied(&one, "bedrock:ApplyGuardrail", &of("abc123"), &[]));

    wanted.guardrails = vec!["not a guardrail".to_owned()];
    assert!(matches!(
        Template::RequireGuardrail.write(&wanted),
        Err(TemplateError::Guardrail(_))
    ));
}

#[test]
fn long_term_keys_are_denied_and_short_term_ones_are_not() {
    let policy = Template::DenyLongTermKeys.write(&wanted(&[], &[])).unwrap();
    for service in ["bedrock", "bedrock-mantle"] {
        let (action, key) = (
            format!("{service}:CallWithBearerToken"),
            format!("{service}:BearerTokenType"),
        );
        assert!(denied(&policy, &action, "*", &[(&key, "LONG_TERM")]));
        assert!(!denied(&policy, &action, "*", &[(&key, "SHORT_TERM")]));
    }
    let (action, key) = (
        "iam:CreateServiceSpecificCredential",
        "iam:ServiceSpecificCredentialServiceName",
    );
    assert!(denied(&policy, action, "*", &[(key, "bedrock.amazonaws.com")]));
    assert!(!denied(&policy, action, "*", &[(key, "codecommit.amazonaws.com")]));
}

#[test]
fn what_a_caller_needs_is_granted_and_no_more() {
    let all = Target::profiles("*", &["ap-northeast-1", "us-east-1"].map(region), &catalogue());
    for (template, globs) in [
        (Template::InvokeGeographic, vec!["jp.anthropic.claude-sonnet-4-5*"]),
        (
            Template::InvokeGeographic,
            vec!["jp.anthropic.claude-sonnet-4-5*", "apac.amazon.nova-lite*"],
        ),
        (Template::InvokeGlobal, vec!["global.anthropic.claude-sonnet-4-5*"]),
    ] {
        let wanted = wanted(&["ap-northeast-1"], &globs);
        assert_eq!(wanted.targets.len(), globs.len());
        let policy = template.write(&wanted).unwrap();
        for target in &all {
            assert_eq!(
                grants(&policy, target),
                wanted.targets.contains(target),
                "{template:?}: {target:?}"
            );
        }
        let direct = Target::model("anthropic.claude-sonnet-4-5-20250929-v1:0", &region("ap-northeast-1"));
        assert!(
            !grants(&policy, &direct),
            "without its profile, the model is not granted"
        );
    }
    let global = Template::InvokeGlobal.write(&wanted(&["ap-northeast-1"], &["global.anthropic.claude-sonnet-4-5*"]));
    assert_eq!(global.unwrap()["Statement"].as_array().unwrap().len(), 3);
}

#[test]
fn an_endpoint_lets_the_wanted_profiles_of_its_account_through() {
    let wanted = wanted(
        &["ap-northeast-1"],
        &["jp.anthropic.claude-sonnet-4-5*", "global.amazon.*"],
    );
    let mut policy = Template::VpcEndpoint.write(&wanted).unwrap();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        // The language of organizations has no principals, which are the same here for all.
        assert_eq!(statement.as_object_mut().unwrap().remove("Principal"), Some(json!("*")));
    }
    for target in Target::profiles("*", &[region("ap-northeast-1")], &catalogue()) {
        assert_eq!(grants(&policy, &target), wanted.targets.contains(&target), "{target:?}");
    }
    let other = Caller::new("444455556666".parse().unwrap(), &Principal::Ordinary);
    let document = Policy::from_document(policy).unwrap();
    let asked = evaluations(&wanted.targets[0], &other, &INVOKE[0].parse().unwrap());
    assert!(
        asked
            .iter()
            .all(|evaluation| document.judge(&evaluation.request).allows == Matched::No)
    );
}

#[test]
fn what_cannot_be_written_says_what_is_missing() {
    let mut problems = Vec::new();
    let mut of = |template: Template, wanted: &Wanted| {
        problems.push(format!("{}: {}", template.name(), template.write(wanted).unwrap_err()));
    };
    of(Template::RegionDeny, &wanted(&[], &[]));
    of(Template::InvokeGeographic, &wanted(&["ap-northeast-1"], &["global.*"]));
    of(Template::InvokeGlobal, &wanted(&["ap-northeast-1"], &["jp.*"]));
    of(
        Template::VpcEndpoint,
        &wanted(&["ap-northeast-1", "us-east-1"], &["us.*"]),
    );
    of(Template::InvokeGeographic, &wanted(&["us-east-1"], &["us.*"]));
    let nobody = Wanted {
        account: None,
        ..wanted(&["ap-northeast-1"], &["jp.*"])
    };
    of(Template::InvokeGeographic, &nobody);
    insta::assert_snapshot!(problems.join("\n"));
}

#[test]
fn every_template_is_found_by_its_name() {
    for template in Template::ALL {
        assert_eq!(Template::named(template.name()), Some(template));
    }
    assert_eq!(Template::named("region"), None);
}
