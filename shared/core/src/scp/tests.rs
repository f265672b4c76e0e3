//! Laws of the policy language, for all policies and requests.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value as Json, json};

use super::*;

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const PROFILE: &str = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.x-v1:0";
const MODEL: &str = "arn:aws:bedrock:us-east-1::foundation-model/x-v1:0";
const ROLE: &str = "arn:aws:iam::111122223333:role/app-1";

/// Keys that a request may have, with values.
const KEYS: [(&str, [&str; 3]); 6] = [
    ("aws:RequestedRegion", ["us-east-1", "unspecified", "eu-west-1"]),
    ("aws:PrincipalArn", [ROLE, "arn:aws:iam::111122223333:role/admin", "x"]),
    ("bedrock:InferenceProfileArn", [PROFILE, MODEL, "*"]),
    ("aws:PrincipalTag/team", ["us-east-1", "", "12"]),
    ("aws:SourceIp", ["203.0.113.7", "2001:db8::1", "true"]),
    ("aws:TagKeys", ["us-east-1", "x", "2025-01-01"]),
];

const VALUES: [&str; 22] = [
    "*",
    "us-*",
    "us-east-1",
    "unspecified",
    "",
    "?",
    "${aws:PrincipalTag/team}",
    "us-${aws:RequestedRegion, 'x'}",
    "${",
    "arn:aws:iam::*:role/app-*",
    "arn:aws:iam::111122223333:role/*",
    "arn:aws:iam::${aws:PrincipalTag/team}:role/*",
    "arn:aws:iam::*",
    "arn:aws:bedrock:*:*:inference-profile/us.*",
    "arn:aws:bedrock:us-east-1:1111????3333:*",
    "10",
    "12.0",
    "2025-01-01",
    "2025-06-01T00:00:00Z",
    "203.0.113.0/24",
    "true",
    "false",
];

const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:bedrock:*",
    "arn:aws:bedrock:*:*:inference-profile/*",
    "arn:aws:bedrock:*::foundation-model/x*",
    "arn:aws:bedrock:us-*:111122223333:*",
    "arn:aws:bedrock:us-*-1:inference-profile/*",
    "arn:aws:bedrock:*:*:inference-profile/${aws:PrincipalTag/team}*",
    "arn:aws:bedrock:*:*333:*",
    "arn:aws:bedrock",
];

fn operators() -> impl Strategy<Value = String> {
    let names: Vec<&str> = condition::COMPARISONS.into_iter().map(|(name, _)| name).collect();
    (
        select(vec!["", "ForAnyValue:", "ForAllValues:"]),
        select(names),
        select(vec!["", "IfExists"]),
    )
        .prop_map(|(quantifier, name, exists)| {
            if name == "Null" {
                name.to_owned()
            } else {
                format!("{quantifier}{name}{exists}")
            }
        })
}

fn one_or_many(values: &[&'static str]) -> Json {
    match values {
        [value] => json!(value),
        values => json!(values),
    }
}

fn statements() -> impl Strategy<Value = Json> {
    let condition = (operators(), select(KEYS.to_vec()), vec(select(VALUES.to_vec()), 0..3));
    let actions = vec(select(vec!["*", "bedrock:Invoke*", "bedrock:*Model", "ec2:*"]), 1..3);
    let resources = vec(select(RESOURCES.to_vec()), 1..3);
    let elements = (
        any::<bool>(),
        any::<bool>(),
        actions,
        any::<bool>(),
        resources,
        vec(condition, 0..3),
    );
    elements.prop_map(|(allow, not_action, actions, not_resource, resources, conditions)| {
        let mut condition = Map::new();
        for (operator, (key, _), values) in conditions {
            let keys = condition.entry(operator).or_insert_with(|| json!({}));
            keys.as_object_mut()
                .unwrap()
                .insert(key.to_owned(), one_or_many(&values));
        }
        json!({
            if not_action { "NotAction" } else { "Action" }: one_or_many(&actions),
            "Effect": if allow { "Allow" } else { "Deny" },
            "Condition": condition,
            if not_resource { "NotResource" } else { "Resource" }: one_or_many(&resources),
        })
    })
}

fn documents() -> impl Strategy<Value = Json> {
    vec(statements(), 1..4).prop_map(|statements| match statements.as_slice() {
        [statement] => json!({ "Statement": statement, "Version": "2012-10-17" }),
        statements => json!({ "Version": "2012-10-17", "Statement": statements }),
    })
}

/// What can be known of a key: values of it, or that it is absent.
fn known(values: [&'static str; 3]) -> impl Strategy<Value = Value> {
    let values = vec(select(values.to_vec()), 1..3);
    option::of(values).prop_map(|values| match values {
        Some(values) => Value::Known(values.into_iter().map(str::to_owned).collect()),
        None => Value::Absent,
    })
}

/// What is known of every key, and which of the keys are hidden.
fn contexts() -> impl Strategy<Value = (Vec<Value>, Vec<bool>)> {
    let all: Vec<_> = KEYS.into_iter().map(|(_, values)| known(values)).collect();
    (all, vec(any::<bool>(), KEYS.len()))
}

fn request(resource: &str, known: &[Value], hidden: impl Fn(usize) -> bool) -> Request {
    let mut context = Context::new();
    for (place, ((key, _), value)) in KEYS.iter().zip(known).enumerate() {
        context.set(key, if hidden(place) { Value::Unknown } else { value.clone() });
    }
    Request::new("bedrock:InvokeModel".parse().unwrap(), resource, context)
}

fn truth(matched: &Matched) -> Truth {
    match matched {
        Matched::No => Truth::False,
        Matched::Yes(_) => Truth::True,
        Matched::Unknown { .. } => Truth::Unknown,
    }
}

fn judge(documents: &[Json], request: &Request) -> Outcome<usize> {
    let policies = documents
        .iter()
        .map(|document| Policy::from_document(document.clone()).unwrap());
    let judged: Vec<Judged> = policies.map(|policy| policy.judge(request)).collect();
    levels(
        judged
            .chunks(2)
            .map(|level| level.iter().enumerate().collect::<Vec<_>>()),
    )
}

/// Conditions about the caller and the account, and such that name an account in an ARN or beside one.
fn about_accounts() -> impl Strategy<Value = Json> {
    let keys = vec![
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgPaths",
        "aws:PrincipalOrgID",
        "aws:ResourceAccount",
        "bedrock:InferenceProfileArn",
    ];
    let values = vec![
        "111122223333",
        "1111*",
        "*",
        "o-a1/r-ab12/ou-1/",
        "o-a1/*",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::*:role/*",
        "arn:aws:iam::????22223333:*",
        "*2222????:inference-profile/*",
        "??????????????????????????????????3333:*",
        "*3333:*",
        "${aws:PrincipalAccount}",
        "arn:*:${aws:PrincipalAccount}:*",
        "${aws:ResourceAccount}",
    ];
    let condition = (operators(), select(keys), vec(select(values), 1..3));
    let resources = vec![
        "*",
        "arn:aws:bedrock:*:111122223333:*",
        "arn:aws:bedrock:*:*:inference-profile/*",
        "arn:aws:bedrock:*:????????3333:*",
        "arn:aws:bedrock:us-east-1:*",
    ];
    (select(resources), vec(condition, 0..3)).prop_map(|(resource, conditions)| {
        let mut condition = Map::new();
        for (operator, key, values) in conditions {
            let keys = condition.entry(operator).or_insert_with(|| json!({}));
            keys.as_object_mut().unwrap().insert(key.to_owned(), json!(values));
        }
        json!({"Effect": "Deny", "Action": "*", "Resource": resource, "Condition": condition})
    })
}

/// Read once: the catalogue is large.
static TARGETS: std::sync::LazyLock<Vec<reach::Target>> = std::sync::LazyLock::new(|| {
    let catalogue = crate::catalog::Catalogue::embedded().unwrap();
    let source = crate::region::SourceRegion("us-east-1".parse().unwrap());
    let profile = reach::Target::profile("us.amazon.nova-lite-v1:0", &source, &catalogue);
    vec![profile.unwrap(), reach::Target::model("x-v1:0", &source)]
});

fn organization_of(policies: &[Vec<Json>]) -> organization::Organization {
    let ids: Vec<String> = (0..policies.len()).map(|place| format!("p-{place}")).collect();
    let at = |places: &[usize]| -> Vec<&str> {
        let own = places.iter().filter_map(|place| ids.get(*place)).map(String::as_str);
        std::iter::once("p-FullAWSAccess").chain(own).collect()
    };
    let account =
        |id: &str, parent: &str, places: &[usize]| json!({"id": id, "parent": parent, "policies": at(places)});
    let contents: Vec<Json> = ids
        .iter()
        .zip(policies)
        .map(|(id, statements)| json!({"id": id, "content": {"Version": "2012-10-17", "Statement": statements}}))
        .collect();
    let document = json!({
        "version": 1, "id": "o-a1", "management_account": "999988887777",
        "root": {"id": "r-ab12", "scps_enabled": true, "policies": at(&[0])},
        "units": [{"id": "ou-1", "parent": "r-ab12", "policies": at(&[1])}, {"id": "ou-2", "parent": "r-ab12", "policies": at(&[1])}],
        "accounts": [account("111122223333", "ou-1", &[2]), account("444455556666", "ou-1", &[2]), account("444455553333", "ou-2", &[]),
            account("222222223333", "ou-2", &[]), account("111122220000", "ou-1", &[])],
        "policies": contents
    });
    organization::Organization::parse(document.to_string().as_bytes()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn accounts_that_are_judged_together_are_judged_as_each_alone(policies in vec(vec(about_accounts(), 1..3), 1..4)) {
        use reach::{Caller, Principal, Reach};
        let organization = organization_of(&policies);
        let targets = &*TARGETS;
        for principal in [Principal::Ordinary, Principal::Unknown, Principal::Arn("arn:aws:iam::*:user/u".to_owned())] {
            let together = Reach::of_organization(&organization, &principal, targets.clone()).unwrap();
            for account in organization.accounts() {
                let caller = Caller::new(account.clone(), &principal).in_organization("o-a1", organization.path(account).as_ref());
                let alone = Reach::of_account(&organization.chain(account).unwrap(), &caller, targets.clone()).unwrap();
                let verdicts = |reach: &Reach| reach.verdicts(account).map(|(_, verdict)| verdict.clone()).collect::<Vec<_>>();
                prop_assert_eq!(verdicts(&together), verdicts(&alone), "{} {:?}", account, principal);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_decided_stays_so_whatever_else_becomes_known(
        documents in vec(documents(), 1..5),
        (known, hidden) in contexts(),
        still in vec(any::<bool>(), KEYS.len()),
        resource in select(vec![PROFILE, MODEL, "*"]),
    ) {
        let less = request(resource, &known, |place| hidden[place]);
        let more = request(resource, &known, |place| hidden[place] && still[place]);
        for document in &documents {
            let policy = Policy::from_document(document.clone()).unwrap();
            let (before, after) = (policy.judge(&less), policy.judge(&more));
            for (before, after) in [(&before.denies, &after.denies), (&before.allows, &after.allows)] {
                prop_assert!(truth(before) == Truth::Unknown || truth(before) == truth(after));
                if let Matched::Unknown { keys, .. } = before {
                    prop_assert!(!keys.is_empty());
                }
            }
        }
        match (judge(&documents, &less), judge(&documents, &more)) {
            (Outcome::Unknown(keys), _) => prop_assert!(!keys.is_empty()),
            (Outcome::Allow, after) => prop_assert_eq!(after, Outcome::Allow),
            (Outcome::Deny(before), Outcome::Deny(after)) => {
                // A statement may come to deny surely before the one that did, in the same policy.
                let of = |denials: &[Denial<usize>]| denials.iter().map(|one| (one.kind, one.policy)).collect::<Vec<_>>();
                prop_assert!(of(&before).iter().all(|denial| of(&after).contains(denial)));
            }
            (Outcome::Deny(_), after) => prop_assert!(false, "{after:?}"),
        }
    }

    #[test]
    fn a_policy_is_printed_as_it_was_read(document in documents()) {
        let pretty = serde_json::to_string_pretty(&document).unwrap();
        let policy = Policy::parse(pretty.as_bytes()).unwrap();
        prop_assert_eq!(policy.to_string(), document.to_string());
        prop_assert_eq!(&Policy::parse(policy.to_string().as_bytes()).unwrap(), &policy);
        prop_assert_eq!(policy.size().written, pretty.chars().count());
        prop_assert_eq!(policy.size().minified, document.to_string().chars().count());
    }

    #[test]
    fn what_does_not_depend_on_the_account_is_the_same_in_another(
        document in documents(),
        (known, hidden) in contexts(),
        resource in select(vec![PROFILE, MODEL, "*"]),
    ) {
        let policy = Policy::from_document(document).unwrap();
        let elsewhere = |text: &str| text.replace(ACCOUNTS[0], ACCOUNTS[1]);
        let moved: Vec<Value> = known.iter().map(|value| match value {
            Value::Known(values) => Value::Known(values.iter().map(|value| elsewhere(value)).collect()),
            other => other.clone(),
        }).collect();
        let here = policy.judge(&request(resource, &known, |place| hidden[place]));
        let there = policy.judge(&request(&elsewhere(resource), &moved, |place| hidden[place]));
        prop_assert!(policy.depends_on_account() || here == there, "{here:?} {there:?}");
    }

    #[test]
    fn the_opposite_is_the_opposite_of_a_value_that_is_there(
        (name, opposite) in select(vec![
            ("StringEquals", "StringNotEquals"),
            ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
            ("StringLike", "StringNotLike"),
            ("ArnLike", "ArnNotLike"),
            ("ArnEquals", "ArnNotEquals"),
            ("NumericEquals", "NumericNotEquals"),
            ("DateEquals", "DateNotEquals"),
            ("IpAddress", "NotIpAddress"),
        ]),
        (key, sent) in select(KEYS.to_vec()),
        place in 0..3_usize,
        values in vec(select(VALUES.to_vec()), 0..3),
    ) {
        let context = Context::new().with(key, Value::known(sent[place])).with("aws:PrincipalTag/team", Value::Unknown);
        let request = Request::new("bedrock:InvokeModel".parse().unwrap(), MODEL, context);
        let of = |operator: &str| {
            let condition = json!({ operator: { key: values } });
            let statement = json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition });
            let policy = json!({ "Version": "2012-10-17", "Statement": statement });
            truth(&Policy::from_document(policy).unwrap().judge(&request).denies)
        };
        prop_assert_eq!(of(name), of(opposite).negated());
    }

    #[test]
    fn reading_anything_ends_in_a_policy_or_in_an_error_with_its_place(
        json in "(\\{|\\}|\\[|\\]|,|:|\"|Statement|Effect|Allow|Action|Resource|\\*|null|1| |\\\\u0041){0,24}",
    ) {
        if let Err(error) = Policy::parse(json.as_bytes()) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
