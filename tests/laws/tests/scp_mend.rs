//! The proposed change of published service control policies, where the samples stand beside the repository:
//! what it opens, tried by requests that the proposal itself was not tried by.

#![expect(clippy::unwrap_used, reason = "a sample that cannot be read fails the test")]

use std::{collections::BTreeMap, sync::Arc};

use crisguard_core::{
    catalog::Catalogue,
    region::SourceRegion,
    scp::{
        Context, Outcome, Policy, Request, Value, levels,
        mend::{Permit, Remedy, RemedyKind, Wish, remedies},
        organization::{Chain, Scp},
        reach::{Caller, INVOKE, Principal, Reach, Target},
    },
};
use crisguard_laws::samples;
use serde_json::{Value as Json, json};

const QUOTA: usize = 5_120;

fn published() -> Option<BTreeMap<String, Vec<u8>>> {
    let mut files = samples::read_all("scps").unwrap()?;
    files.remove("expected");
    files.remove("scenarios");
    Some(files)
}

/// A profile as it is called from a Region, and what is proposed for it.
fn proposed(
    (id, source): (&str, &str),
    chain: &Chain,
    caller: &Caller,
    catalogue: &Catalogue,
) -> (Target, Vec<Remedy>) {
    let target = Target::profile(id, &SourceRegion(source.parse().unwrap()), catalogue).unwrap();
    let wish = Wish {
        target: &target,
        chain,
        caller,
        catalogue,
        sources: &[],
        on_demand: None,
        quota: QUOTA,
    };
    let remedies = remedies(&wish).unwrap();
    (target, remedies)
}

fn wished() -> Vec<(&'static str, &'static str)> {
    vec![
        ("jp.anthropic.claude-sonnet-4-5-20250929-v1:0", "ap-northeast-1"),
        ("apac.anthropic.claude-sonnet-4-20250514-v1:0", "ap-northeast-1"),
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "eu-central-1"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us-east-1"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "ap-northeast-1"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "us-east-1"),
    ]
}

/// One request, and what it is about.
struct Probe {
    action: String,
    resource: &'static str,
    region: String,
    through: Option<String>,
    request: Request,
}

fn probe(caller: &Caller, action: &str, arn: &str, region: &str, through: Option<&str>) -> Probe {
    let mut context: Context = caller.context().clone();
    context.set("aws:RequestedRegion", Value::known(region));
    context.set(
        "bedrock:InferenceProfileArn",
        through.map_or(Value::Absent, Value::known),
    );
    let resource = match arn {
        arn if arn.contains(":inference-profile/") => "profile",
        arn if arn.contains("foundation-model/") => "foundation-model",
        _ => "*",
    };
    let id = through.or(Some(arn).filter(|_| resource == "profile" && action.starts_with("bedrock:InvokeModel")));
    Probe {
        action: action.to_owned(),
        resource,
        region: region.to_owned(),
        through: id.map(|arn| arn.rsplit_once('/').unwrap().1.to_owned()),
        request: Request::new(action.parse().unwrap(), arn, context),
    }
}

/// More than two hundred requests, some of them made by the wished call itself.
fn probes(caller: &Caller, wished: &str, source: &str) -> Vec<Probe> {
    let regions = [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-southeast-1",
        "ap-south-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-2",
    ];
    let actions = [
        "athena:StartQueryExecution",
        "bedrock:CreateKnowledgeBase",
        "bedrock:CreateProvisionedModelThroughput",
        "bedrock:InvokeInlineAgent",
        "bedrock:ListInferenceProfiles",
        "ecs:CreateCluster",
        "ssm:PutParameter",
    ];
    let profiles = [
        wished,
        "jp.anthropic.claude-haiku-4-5-20251001-v1:0",
        "apac.amazon.nova-pro-v1:0",
        "eu.amazon.nova-lite-v1:0",
        "us.anthropic.claude-sonnet-4-6",
        "global.anthropic.claude-opus-4-5-20251101-v1:0",
        "us.deepseek.r1-v1:0",
    ];
    let model = wished.split_once('.').unwrap().1;
    let mut probes = Vec::new();
    for region in regions {
        for action in actions {
            probes.push(probe(caller, action, "*", region, None));
        }
        let fm = |model: &str| format!("arn:aws:bedrock:{region}::foundation-model/{model}");
        for action in INVOKE {
            for model in [model, "cohere.embed-v4:0"] {
                probes.push(probe(caller, action, &fm(model), region, None));
            }
            for id in profiles {
                for from in [source, region] {
                    let arn = format!("arn:aws:bedrock:{from}:111122223333:inference-profile/{id}");
                    let model = id.split_once('.').unwrap().1;
                    probes.push(probe(caller, action, &fm(model), region, Some(&arn)));
                    probes.push(probe(caller, action, &arn, from, None));
                    let nowhere = format!("arn:aws:bedrock:::foundation-model/{model}");
                    probes.push(probe(caller, action, &nowhere, "unspecified", Some(&arn)));
                }
            }
        }
    }
    let arn = format!("arn:aws:bedrock:{source}:111122223333:inference-profile/{wished}");
    for action in [
        "bedrock:GetInferenceProfile",
        "bedrock:ListTagsForResource",
        "bedrock:UntagResource",
    ] {
        probes.push(probe(caller, action, &arn, source, None));
    }
    probes
}

fn denied(policies: &[Vec<Policy>], request: &Request) -> bool {
    let judged: Vec<Vec<_>> = policies
        .iter()
        .map(|level| level.iter().map(|policy| policy.judge(request)).collect())
        .collect();
    let outcome = levels(
        judged
            .iter()
            .map(|level| level.iter().map(|judged| ((), judged)).collect::<Vec<_>>()),
    );
    matches!(outcome, Outcome::Deny(_))
}

fn policies(chain: &Chain) -> Vec<Vec<Policy>> {
    let level = |policies: &[Arc<Scp>]| policies.iter().map(|scp| scp.policy().clone()).collect();
    chain.levels().iter().map(|at| level(at.policies())).collect()
}

fn is_listed(permits: &[Permit], probe: &Probe) -> bool {
    let action = |patterns: &[String]| {
        patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => probe.action.starts_with(prefix),
            None => *pattern == probe.action,
        })
    };
    permits.iter().any(|permit| {
        action(&permit.actions)
            && permit.resource == probe.resource
            && permit.regions.contains(&probe.region)
            && probe
                .through
                .as_ref()
                .map_or(permit.through.is_empty(), |through| permit.through.contains(through))
    })
}

fn changed(chain: &Chain, remedy: &Remedy) -> Chain {
    remedy.changes.iter().fold(chain.clone(), |chain, change| {
        let policy = Policy::from_document(change.document.clone()).unwrap();
        chain.with(&change.policy, &Arc::new(Scp::new(&change.policy, policy)))
    })
}

#[test]
fn every_proposed_change_works_and_opens_what_it_lists() {
    let Some(published) = published() else { return };
    let catalogue = Catalogue::embedded().unwrap();
    let caller = Caller::new("111122223333".parse().unwrap(), &Principal::Ordinary);
    let (mut mended, mut not) = (0, Vec::new());
    for (name, json) in &published {
        let original: Json = serde_json::from_slice(json).unwrap();
        let chain = Chain::of_files([("ou".to_owned(), Scp::parse(name, json).unwrap())]).unwrap();
        for (id, source) in wished() {
            let (target, remedies) = proposed((id, source), &chain, &caller, &catalogue);
            let works = |chain: &Chain| {
                let reach = Reach::of_account(chain, &caller, vec![target.clone()]).unwrap();
                reach.verdicts(caller.account()).all(|(_, verdict)| verdict.works())
            };
            if works(&chain) {
                assert!(remedies.is_empty(), "{name}: {id}");
                continue;
            }
            assert_eq!(remedies.len(), 5);
            let remedy = &remedies[0];
            assert_eq!(remedy.remedy, RemedyKind::ExemptProfile);
            if let Some(why) = &remedy.cannot {
                not.push(format!("{name}: {id} from {source}: {why}"));
                continue;
            }
            assert_eq!(remedy.works, Some(true), "{name}: {id}: {remedy:#?}");
            assert!(
                remedy.newly_denies.is_empty(),
                "{name}: {id}: {:#?}",
                remedy.newly_denies
            );
            let after = changed(&chain, remedy);
            assert!(works(&after), "{name}: {id}");
            for change in &remedy.changes {
                assert!(change.size <= QUOTA, "{name}: {id}: {}", change.size);
                let mut patched = original.clone();
                let diff: json_patch::Patch = serde_json::from_value(change.diff.clone()).unwrap();
                json_patch::patch(&mut patched, &diff).unwrap();
                assert_eq!(patched, change.document, "{name}: {id}");
            }
            let (before, after) = (policies(&chain), policies(&after));
            let probes = probes(&caller, id, source);
            assert!(probes.len() >= 200);
            for probe in &probes {
                match (denied(&before, &probe.request), denied(&after, &probe.request)) {
                    (true, false) => assert!(
                        is_listed(&remedy.newly_permits, probe),
                        "{name}: {id} from {source}: {} on {} in {} through {:?} is opened and not listed: {:#?}",
                        probe.action,
                        probe.request.resource,
                        probe.region,
                        probe.through,
                        remedy.newly_permits
                    ),
                    (false, true) => panic!("{name}: {id}: {} in {} is closed", probe.action, probe.region),
                    _ => {}
                }
            }
            mended += 1;
        }
    }
    println!("{mended} mended; not: {not:#?}");
    assert!(mended > 50 && not.is_empty(), "{mended}: {not:#?}");
}

/// Statements that deny, in every combination of the forms that their parts have.
fn combinations() -> Vec<Json> {
    let actions = [
        json!({"Action": "*"}),
        json!({"NotAction": ["iam:*", "sts:*"]}),
        json!({"NotAction": ["bedrock:InvokeModel"]}),
        json!({"Action": "bedrock:*"}),
        json!({"Action": ["bedrock:InvokeModel*", "bedrock:ApplyGuardrail"]}),
        json!({"Action": INVOKE}),
        json!({"Action": ["Bedrock:invokemodel", "ec2:*"]}),
    ];
    let resources = [
        json!({"Resource": "*"}),
        json!({"Resource": "arn:aws:bedrock:*:*:*"}),
        json!({"Resource": "arn:aws:bedrock:*::foundation-model/*"}),
        json!({"NotResource": ["arn:aws:bedrock:*::foundation-model/amazon.*"]}),
    ];
    let regions = [
        json!({}),
        json!({"StringNotEquals": {"aws:RequestedRegion": ["ap-northeast-1"]}}),
        json!({"StringNotEqualsIfExists": {"AWS:requestedregion": "us-east-1"}}),
        json!({"StringNotLike": {"aws:RequestedRegion": "eu-*"}}),
        json!({"StringEquals": {"aws:RequestedRegion": ["ap-northeast-3", "us-west-2", "unspecified"]}}),
        json!({"StringLike": {"aws:RequestedRegion": ["ap-*", "us-*"]}}),
    ];
    let us = "arn:aws:bedrock:*:*:inference-profile/us.anthropic.*";
    let profiles = [
        json!({}),
        json!({"ArnNotLike": {"bedrock:inferenceprofilearn": us}}),
        json!({"StringNotLikeIfExists": {"bedrock:InferenceProfileArn": [us]}}),
        json!({"Null": {"bedrock:InferenceProfileArn": "true"}}),
        json!({"Null": {"bedrock:InferenceProfileArn": false}}),
        json!({"StringNotEqualsIfExists": {"ec2:InstanceType": "t3.nano"}}),
    ];
    let mut all = Vec::new();
    for action in &actions {
        for resource in &resources {
            for region in &regions {
                for profile in &profiles {
                    let mut statement = json!({"Sid": "", "Effect": "Deny"});
                    let parts = [action, resource]
                        .into_iter()
                        .flat_map(|part| part.as_object().unwrap());
                    let members = statement.as_object_mut().unwrap();
                    members.extend(parts.map(|(name, value)| (name.clone(), value.clone())));
                    let conditions = [region, profile].into_iter().flat_map(|part| part.as_object().unwrap());
                    let conditions: serde_json::Map<String, Json> =
                        conditions.map(|(name, value)| (name.clone(), value.clone())).collect();
                    members.insert("Condition".to_owned(), Json::Object(conditions));
                    all.push(statement);
                }
            }
        }
    }
    all
}

#[test]
fn what_is_proposed_for_a_policy_of_any_form_does_what_it_says() {
    let catalogue = Catalogue::embedded().unwrap();
    let caller = Caller::new("111122223333".parse().unwrap(), &Principal::Ordinary);
    let (mut mended, mut not, mut wrong) = (0, 0, Vec::new());
    let all = combinations();
    for (place, statement) in all.iter().enumerate() {
        // One in five, so that a run takes seconds.
        if place % 5 != 0 {
            continue;
        }
        let (id, source) = wished()[place % wished().len()];
        let other = &all[(place * 31 + 7) % all.len()];
        let statements = if place % 2 == 0 {
            json!([statement])
        } else {
            json!([statement, other])
        };
        let json = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let chain = Chain::of_files([("ou".to_owned(), Scp::parse("scp", json.as_bytes()).unwrap())]).unwrap();
        let (target, remedies) = proposed((id, source), &chain, &caller, &catalogue);
        for remedy in &remedies {
            if remedy.changes.is_empty() {
                not += 1;
                continue;
            }
            let after = changed(&chain, remedy);
            let reach = Reach::of_account(&after, &caller, vec![target.clone()]).unwrap();
            let works = reach.verdicts(caller.account()).all(|(_, verdict)| verdict.works());
            if remedy.works != Some(works) {
                wrong.push(format!(
                    "{:?} {id}: works {:?} {works}: {statements}",
                    remedy.remedy, remedy.works
                ));
                continue;
            }
            if !works {
                not += 1;
                continue;
            }
            let (before, after) = (policies(&chain), policies(&after));
            for probe in &probes(&caller, id, source) {
                let (was, is) = (freedom(&before, &probe.request), freedom(&after, &probe.request));
                let listed = match is.cmp(&was) {
                    std::cmp::Ordering::Equal => true,
                    std::cmp::Ordering::Greater => {
                        remedy.remedy != RemedyKind::ExemptProfile || is_listed(&remedy.newly_permits, probe)
                    }
                    std::cmp::Ordering::Less => is_listed(&remedy.newly_denies, probe),
                };
                if !listed {
                    wrong.push(format!("{:?} {id} from {source}: {} on {} in {} through {:?}: {was} to {is}: {statements}\n   => {:?}\n  permits {:?}", remedy.remedy, probe.action, probe.request.resource, probe.region, probe.through, remedy.changes.iter().map(|c| c.document.to_string()).collect::<Vec<_>>(), remedy.newly_permits));
                    break;
                }
            }
            mended += 1;
        }
    }
    println!("{mended} mended, {not} not");
    assert!(mended > 100 && wrong.is_empty(), "{mended}: {wrong:#?}");
}

/// How free a request is: denied, perhaps, or let through.
fn freedom(policies: &[Vec<Policy>], request: &Request) -> u8 {
    let judged: Vec<Vec<_>> = policies
        .iter()
        .map(|level| level.iter().map(|policy| policy.judge(request)).collect())
        .collect();
    let each = judged
        .iter()
        .map(|level| level.iter().map(|judged| ((), judged)).collect::<Vec<_>>());
    match levels(each) {
        Outcome::Deny(_) => 0,
        Outcome::Unknown(_) => 1,
        Outcome::Allow => 2,
    }
}
