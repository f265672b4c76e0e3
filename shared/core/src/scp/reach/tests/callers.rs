//! What is known of a caller and of what is called, and what is not.

use super::*;

#[test]
fn a_session_does_not_tell_its_roles_path() {
    let execution = "arn:aws:sts::111122223333:assumed-role/AWSControlTowerExecution/session".to_owned();
    let caller = Caller::new(ACCOUNT.parse().unwrap(), &Principal::Arn(execution));
    let jp = profile(&format!("jp.{SONNET}"), "ap-northeast-1");
    assert_eq!(
        verdict_of(&chain(&only(&["ap-northeast-1"])), &caller, jp.clone()).to_string(),
        "undecided: it depends on aws:principalarn",
        "the policy exempts the role, of which the session's ARN is another"
    );
    assert!(verdict_of(&chain(&only(&["ap-northeast-1", "ap-northeast-3"])), &caller, jp).works());
}

#[test]
fn an_ordinary_role_is_in_the_partition_of_what_it_calls_and_has_a_name_that_no_pattern_means() {
    let target = || profile("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "us-gov-east-1");
    let named = |pattern: &str| json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": pattern}}});
    assert!(verdict_on(&named("arn:aws-us-gov:iam::*:role/*"), target()).starts_with("fails"));
    assert_eq!(verdict_on(&named("arn:aws:iam::*:role/*"), target()), "works");
    for pattern in ["*-role-*", "any*", "*policy*", "*"] {
        let verdict = verdict_on(
            &named(&format!("arn:aws:iam::*:role/{pattern}")),
            Target::model(SONNET, &source("us-east-1")),
        );
        assert_eq!(verdict.starts_with("fails"), pattern == "*", "{pattern}: {verdict}");
    }
}

#[test]
fn what_is_evaluated_nowhere_does_not_work() {
    let guardrail = Target {
        source: source("us-east-1"),
        call: Call::Guardrail("global.guardrail.v1:0".to_owned()),
        destinations: crate::catalog::Destinations::EveryCommercialRegion,
    };
    let verdict = verdict_on(&only(&["us-east-1"]), guardrail);
    assert!(verdict.starts_with("undecided: AWS does not list"), "{verdict}");
}

#[test]
fn a_listed_profile_of_an_unknown_geography_is_evaluated_and_not_left_out() {
    let arn = "arn:aws:bedrock:eu-west-2:111122223333:inference-profile/uk.amazon.nova-next-v1:0";
    let models = ["eu-west-2", "eu-west-1"]
        .map(|region| format!("arn:aws:bedrock:{region}::foundation-model/amazon.nova-next-v1:0"));
    let listed = ListedProfile {
        arn: arn.to_owned(),
        application: false,
        models: models.to_vec(),
    };
    let list = LiveList {
        observed_at: "2026-11-21T17:00:00Z".parse().unwrap(),
        profiles: [("uk.amazon.nova-next-v1:0".to_owned(), listed)].into(),
    };
    let mut live = Live::nothing();
    live.learn("eu-west-2".parse().unwrap(), list);
    let catalogue = Catalogue::embedded().unwrap().with_live(live);
    let targets = Target::profiles("uk.*", &[source("eu-west-2")], &catalogue);
    let [target] = targets.as_slice() else {
        panic!("{targets:?}")
    };
    assert!(target.call.is_inferred());
    assert!(verdict_on(&only(&["eu-west-2"]), target.clone()).starts_with("fails: the foundation model in eu-west-1"));
    assert_eq!(verdict_on(&only(&["eu-west-1", "eu-west-2"]), target.clone()), "works");
}

/// A `?` may stand for a colon where texts are compared, and so bring the account into any part of a pattern.
#[test]
fn accounts_that_a_pattern_without_colons_tells_apart_are_judged_apart() {
    let before = "arn:aws:bedrock:us-east-1:10000000000".len();
    let after = format!(":inference-profile/global.{SONNET}").len();
    for pattern in [format!("{}3*", "?".repeat(before)), format!("*3{}", "?".repeat(after))] {
        let sandbox = json!({"Effect": "Deny", "Action": "bedrock:*", "Resource": "*",
            "Condition": {"StringLike": {"bedrock:InferenceProfileArn": pattern}}});
        let organization = organization(&sandbox);
        let targets = vec![profile(&format!("global.{SONNET}"), "us-east-1")];
        let reach = Reach::of_organization(&organization, &Principal::Ordinary, targets.clone()).unwrap();
        for account in ["100000000002", "100000000003", "100000000004"] {
            let account: AccountId = account.parse().unwrap();
            let caller = Caller::new(account.clone(), &Principal::Ordinary);
            let chain = organization.chain(&account).unwrap();
            let alone = Reach::of_account(&chain, &caller, targets.clone()).unwrap();
            let verdict = |reach: &Reach| reach.verdicts(&account).next().unwrap().1.clone();
            assert_eq!(verdict(&alone), verdict(&reach), "{account} {pattern}");
        }
    }
}
