//! What each profile can do under published service control policies, as three other evaluators have it,
//! where the samples stand beside the repository: they carry other projects' licences.

#![expect(clippy::unwrap_used, reason = "a sample that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{
    catalog::{Catalogue, Live, LiveList},
    policy::PolicyDocument,
    posture::ListedProfile,
    region::SourceRegion,
    scp::{
        organization::{Chain, Scp},
        reach::{Caller, Denied, DeniedBy, Principal, Reach, Resource, Target, leaves},
    },
};
use crisguard_laws::samples;
use serde_json::{Value, json};

fn sample(name: &str) -> Option<Vec<u8>> {
    samples::read(&format!("scps/{name}")).unwrap()
}

const MODEL: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

/// The application profile of the samples, which was made from a global profile.
fn catalogue() -> Catalogue {
    let arn = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abcd1234wxyz";
    let models = vec![
        format!("arn:aws:bedrock:us-east-1::foundation-model/{MODEL}"),
        format!("arn:aws:bedrock:::foundation-model/{MODEL}"),
    ];
    let profile = ListedProfile {
        arn: arn.to_owned(),
        application: true,
        models,
    };
    let mut live = Live::nothing();
    let list = LiveList {
        observed_at: "2026-11-21T17:00:00Z".parse().unwrap(),
        profiles: [("abcd1234wxyz".to_owned(), profile)].into(),
    };
    live.learn("us-east-1".parse().unwrap(), list);
    Catalogue::embedded().unwrap().with_live(live)
}

fn target(scenario: &Value, catalogue: &Catalogue) -> Target {
    let source = SourceRegion(scenario["source_region"].as_str().unwrap().parse().unwrap());
    match scenario["profile_arn"].as_str() {
        None => Target::model(MODEL, &source),
        Some(arn) => {
            let id = arn.rsplit_once('/').unwrap().1;
            let targets = Target::profiles(id, &[source], catalogue);
            assert_eq!(targets.len(), 1, "{arn}");
            targets.into_iter().next().unwrap()
        }
    }
}

fn evaluation(denied: &Denied) -> String {
    let resource = match denied.resource {
        Resource::Profile => "profile",
        Resource::FoundationModel => "fm",
        Resource::GuardrailProfile => "guardrail",
    };
    assert_eq!(denied.action, None, "both ways to call a model are denied alike");
    format!("{resource}@{}", denied.region)
}

/// What is said to leave, measured against the Regions that are open to other services.
fn outside(target: &Target, allowed: &[&str]) -> Value {
    let policy =
        json!({"version": 1, "regions": {"source": ["*"], "destination": allowed}, "profiles": {"global": "allow"}});
    let policy = PolicyDocument::parse(policy.to_string().as_bytes()).unwrap();
    let policy = policy.for_account(&"111122223333".parse().unwrap(), None).unwrap();
    match leaves(target, &policy) {
        all if all == ["*"] => json!("any commercial Region"),
        some => json!(some),
    }
}

#[test]
fn every_verdict_of_the_samples_comes_out_as_expected() {
    let Some(expected) = sample("expected.json") else {
        return;
    };
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&expected).unwrap();
    let scenarios: Value = serde_json::from_slice(&sample("scenarios.json").unwrap()).unwrap();
    let principal = Principal::Arn(scenarios["principal"].as_str().unwrap().to_owned());
    let caller = Caller::new(scenarios["account"].as_str().unwrap().parse().unwrap(), &principal);
    let catalogue = catalogue();
    let mut verdicts = 0;
    for (name, expected) in &expected {
        let scp = Scp::parse(name, &sample(&format!("{name}.json")).unwrap()).unwrap();
        let chain = Chain::of_files([("ou".to_owned(), scp)]).unwrap();
        for scenario in scenarios["scenarios"].as_array().unwrap() {
            let label = scenario["label"].as_str().unwrap();
            let target = target(scenario, &catalogue);
            let expected_here = &expected["scenarios"][label];
            let reach = Reach::of_account(&chain, &caller, vec![target]).unwrap();
            let (target, verdict) = reach.verdicts(caller.account()).next().unwrap();

            let named = if verdict.works() { "works" } else { "will_fail" };
            assert_eq!(named, expected_here["verdict"], "{name}: {label}: {verdict}");
            let denied: BTreeSet<String> = verdict.denied().iter().map(evaluation).collect();
            let expected_denied: BTreeSet<String> = serde_json::from_value(expected_here["denied"].clone()).unwrap();
            assert_eq!(denied, expected_denied, "{name}: {label}");
            for denied in verdict.denied() {
                let explicit = denied.kind == DeniedBy::Explicit;
                let kind = if explicit { "explicitDeny" } else { "implicitDeny" };
                assert_eq!(
                    kind,
                    expected_here["evaluations"][evaluation(denied)],
                    "{name}: {label}"
                );
                assert_eq!((&*denied.policy, &*denied.level), (name.as_str(), "ou"));
            }
            let allowed = expected["other_services_allowed_regions"].as_array();
            if let Some(allowed) = allowed.filter(|_| !expected_here["leaves_allowed_regions"].is_null()) {
                let allowed: Vec<&str> = allowed.iter().map(|region| region.as_str().unwrap()).collect();
                let outside = outside(target, &allowed);
                assert_eq!(outside, expected_here["leaves_allowed_regions"], "{name}: {label}");
            }
            verdicts += 1;
        }
    }
    assert_eq!(verdicts, 165);
}
