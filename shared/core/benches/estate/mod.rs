//! A large organization as companies have them: Control Tower's Region deny in many forms, guardrails of other
//! services, allow-lists, exemptions by role, and some policies that name accounts.

#![expect(clippy::unwrap_used, reason = "a sample that cannot be read ends the benchmark")]

use crisguard_core::{
    catalog::Catalogue,
    region::SourceRegion,
    scp::{
        organization::{AccountNode, Content, Organization, OrganizationDocument, PolicyNode, RootNode, UnitNode},
        reach::Target,
    },
};
use serde_json::{Value, json};

/// How many accounts there are.
pub(crate) const ACCOUNTS: usize = 1_000;
/// How many units there are, in four levels.
pub(crate) const UNITS: usize = 80;
/// How many policies there are.
pub(crate) const POLICIES: usize = 60;

const FULL: &str = "p-FullAWSAccess";

/// Returns the organization.
pub(crate) fn organization() -> Organization {
    Organization::new(document()).unwrap()
}

/// Returns every profile from the five Regions.
pub(crate) fn targets() -> Vec<Target> {
    let sources = [
        "ap-northeast-1",
        "ap-southeast-2",
        "eu-central-1",
        "us-east-1",
        "us-west-2",
    ];
    let sources = sources.map(|name| SourceRegion(name.parse().unwrap()));
    Target::profiles("*", &sources, &Catalogue::embedded().unwrap())
}

/// Returns the organization as it would be exported.
pub(crate) fn document() -> OrganizationDocument {
    let attached = |places: &[usize]| {
        let mut ids = vec![FULL.to_owned()];
        ids.extend(places.iter().map(|place| id(place % POLICIES)));
        ids.dedup();
        ids
    };
    let parent = |place: usize| {
        if place < 5 {
            "r-ab12".to_owned()
        } else {
            unit((place - 5) / 4)
        }
    };
    OrganizationDocument {
        version: 1,
        id: Some("o-a1b2c3d4e5".to_owned()),
        management_account: "100000000000".parse().unwrap(),
        root: RootNode {
            id: "r-ab12".to_owned(),
            name: None,
            scps_enabled: true,
            policies: attached(&[0, 1]),
        },
        units: (0..UNITS)
            .map(|place| UnitNode {
                id: unit(place),
                name: None,
                parent: parent(place),
                policies: attached(&[place + 2, place * 7 + 11, place * 13 + 29]),
            })
            .collect(),
        accounts: (0..ACCOUNTS)
            .map(|place| AccountNode {
                id: format!("1{place:011}").parse().unwrap(),
                name: None,
                parent: unit(place * 31 % UNITS),
                // One in ten has a policy of its own.
                policies: attached(if place % 10 == 3 {
                    std::slice::from_ref(&place)
                } else {
                    &[]
                }),
            })
            .collect(),
        policies: (0..POLICIES)
            .map(|place| PolicyNode {
                id: id(place),
                name: None,
                content: Content(policy(place)),
            })
            .collect(),
    }
}

fn id(place: usize) -> String {
    format!("p-policy{place:02}")
}

fn unit(place: usize) -> String {
    format!("ou-ab12-{place:08}")
}

/// Six kinds in turn.
fn policy(place: usize) -> Value {
    let kind = place % 6;
    let statement = match kind {
        0 => region_deny(
            &[
                "ap-northeast-1",
                "ap-northeast-3",
                "us-east-1",
                "us-east-2",
                "us-west-2",
            ],
            place,
        ),
        1 => json!([
            { "Sid": "Leave", "Effect": "Deny", "Action": ["organizations:LeaveOrganization", "account:CloseAccount"], "Resource": "*" },
            { "Sid": "Trail", "Effect": "Deny", "Action": "cloudtrail:StopLogging", "Resource": "*",
              "Condition": { "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/AWSControlTowerExecution" } } }
        ]),
        2 => json!([
            { "Sid": "OnlyOurProfiles", "Effect": "Deny", "Action": ["bedrock:InvokeModel*"], "Resource": "*",
              "Condition": { "Null": { "bedrock:InferenceProfileArn": "false" }, "ArnNotLike": {
                "bedrock:InferenceProfileArn": [format!("arn:aws:bedrock:*:*:inference-profile/{}.*", if place % 4 == 2 { "us" } else { "apac" }),
                                                "arn:aws:bedrock:*:*:inference-profile/global.*"] } } }
        ]),
        3 => json!([
            { "Sid": "Tagged", "Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "arn:aws:ec2:*:*:instance/*",
              "Condition": { "Null": { "aws:RequestTag/owner": "true" } } },
            { "Sid": "Encrypted", "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*",
              "Condition": { "StringNotEqualsIfExists": { "s3:x-amz-server-side-encryption": "aws:kms" } } }
        ]),
        4 => json!([
            { "Sid": "NotGlobal", "Effect": "Deny", "Action": ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
              "Resource": "*", "Condition": { "StringEquals": { "aws:RequestedRegion": "unspecified" },
                "ArnNotLike": { "aws:PrincipalArn": format!("arn:aws:iam::*:role/research-{place}-*") } } }
        ]),
        // It names accounts, so it is judged for each.
        _ => json!([
            { "Sid": "Sandbox", "Effect": "Deny", "Action": "bedrock:*", "Resource": "*",
              "Condition": { "StringEquals": { "aws:PrincipalAccount": (place * 17..place * 17 + 3).map(|at| format!("1{at:011}")).collect::<Vec<_>>() } } }
        ]),
    };
    json!({ "Version": "2012-10-17", "Statement": statement })
}

/// Control Tower's Region deny, with its list of about ninety actions.
fn region_deny(regions: &[&str], place: usize) -> Value {
    let services = "a4b access-analyzer account acm activate artifact aws-marketplace-management aws-marketplace aws-portal \
        billing billingconductor budgets ce chatbot chime cloudfront compute-optimizer config consoleapp consolidatedbilling \
        cur devicefarm directconnect ecr-public fms freetier globalaccelerator health iam importexport invoicing iq kms \
        mobileanalytics networkmanager notifications-contacts notifications organizations payments pricing \
        resource-explorer-2 route53-recovery-cluster route53-recovery-control-config route53-recovery-readiness route53 \
        route53domains savingsplans shield sso sts support supportapp supportplans sustainability tax trustedadvisor \
        waf-regional waf wafv2";
    let mut actions: Vec<String> = services
        .split_whitespace()
        .map(|service| format!("{service}:*"))
        .collect();
    actions.extend((0..28).map(|number| format!("s3:GetSomething{number}")));
    json!([{
        "Sid": format!("Regions{place}"), "Effect": "Deny", "NotAction": actions, "Resource": "*",
        "Condition": {
            "StringNotEquals": { "aws:RequestedRegion": regions },
            "ArnNotLike": { "aws:PrincipalARN": ["arn:*:iam::*:role/AWSControlTowerExecution", "arn:*:iam::*:role/stacksets-exec-*"] }
        }
    }])
}
