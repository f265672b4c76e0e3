//! What is asked of Organizations, where, how often, and what is made of the answers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::*;
use crate::{
    Disposition,
    replay::{Replay, Reply, ok},
};

fn organization(region: &str, replies: impl IntoIterator<Item = Reply>) -> (Replay, Organization) {
    let replay = Replay::new(replies);
    let organization = Organization::new(&replay.configuration(), region);
    (replay, organization)
}

#[tokio::test]
async fn the_effective_policy_is_asked_for_in_the_one_place_of_the_partition() {
    let answer = r#"{"EffectivePolicy":{"PolicyContent":"{\"bedrock\":{}}","TargetId":"111122223333",
        "PolicyType":"BEDROCK_POLICY","LastUpdatedTimestamp":1.7e9}}"#;
    for (region, host) in [
        ("eu-west-1", "us-east-1.amazonaws.com"),
        ("us-gov-east-1", "us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "cn-northwest-1.amazonaws.com.cn"),
    ] {
        let (replay, organization) = organization(region, [ok(answer)]);
        let policy = organization.bedrock_policy().await.unwrap();
        assert_eq!(policy.as_deref(), Some(r#"{"bedrock":{}}"#));
        assert_eq!(replay.lines(), [format!("POST https://organizations.{host}/")]);
        assert_eq!(replay.bodies(), [r#"{"PolicyType":"BEDROCK_POLICY"}"#]);
        assert_eq!(
            replay.headers("x-amz-target"),
            ["AWSOrganizationsV20161128.DescribeEffectivePolicy"]
        );
        let (signed_for, _) = host.split_once('.').unwrap();
        let authorization = &replay.headers("authorization")[0];
        assert!(
            authorization.contains(&format!("/{signed_for}/organizations/aws4_request")),
            "{authorization}"
        );
    }
}

#[tokio::test]
async fn no_policy_is_told_from_one_that_may_not_be_read() {
    for code in ["EffectivePolicyNotFoundException", "AWSOrganizationsNotInUseException"] {
        let error = Reply::new(400, format!(r#"{{"__type":"{code}","Message":"m"}}"#));
        let (_, none) = organization("eu-west-1", [error]);
        assert_eq!(none.bedrock_policy().await.unwrap(), None);
    }
    let denied = Reply::new(400, r#"{"__type":"AccessDeniedException","Message":"m"}"#);
    let (_, denied) = organization("eu-west-1", [denied]);
    assert_eq!(
        denied.bedrock_policy().await.unwrap_err().to_string(),
        "organizations:DescribeEffectivePolicy on BEDROCK_POLICY failed: AccessDeniedException (HTTP 400): m"
    );
    let (_, unclear) = organization("eu-west-1", [ok("{}")]);
    assert!(unclear.bedrock_policy().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_is_throttled_is_asked_again() {
    let throttled = Reply::new(400, r#"{"__type":"TooManyRequestsException","Message":"m"}"#);
    let answer = ok(r#"{"EffectivePolicy":{"PolicyContent":"{}"}}"#);
    let (_, never) = organization("eu-west-1", [throttled.clone(), throttled.clone(), throttled.clone()]);
    let failure = never.bedrock_policy().await.unwrap_err();
    assert_eq!(failure.disposition, Disposition::MayPass);
    let (replay, slow) = organization("eu-west-1", [throttled, answer]);
    assert_eq!(slow.bedrock_policy().await.unwrap().as_deref(), Some("{}"));
    assert_eq!(replay.lines().len(), 2);
}

/// An organization with two units under its root, one under the other, and an account in each place, that
/// answers one item a page and counts what it is asked.
#[derive(Clone, Debug)]
struct Server {
    enabled: bool,
    asked: Arc<Mutex<BTreeMap<(String, String), usize>>>,
    under_way: Arc<Mutex<(usize, usize)>>,
    refuses: Option<&'static str>,
}

/// Each node with its parent and what is attached to it.
const NODES: [(&str, &str, &[&str]); 6] = [
    ("r-ab12", "", &["p-FullAWSAccess"]),
    ("ou-ab12-1", "r-ab12", &["p-FullAWSAccess", "p-regions1"]),
    ("ou-ab12-2", "ou-ab12-1", &["p-FullAWSAccess", "p-keys0001"]),
    ("100000000000", "r-ab12", &["p-FullAWSAccess"]),
    ("111122223333", "ou-ab12-2", &["p-FullAWSAccess", "p-regions1"]),
    ("222233334444", "ou-ab12-2", &["p-FullAWSAccess"]),
];

impl Server {
    fn new() -> Self {
        Self {
            enabled: true,
            asked: Arc::default(),
            under_way: Arc::default(),
            refuses: None,
        }
    }

    fn organization(&self) -> Organization {
        let connector = SharedHttpConnector::new(self.clone());
        let configuration = Replay::new([]).configuration().to_builder();
        let configuration = configuration.http_client(http_client_fn(move |_, _| connector.clone()));
        Organization::new(&configuration.build(), "eu-west-1")
    }

    /// Returns how often each was asked, and of what.
    fn asked(&self) -> BTreeMap<(String, String), usize> {
        self.asked.lock().unwrap().clone()
    }

    fn times(&self, operation: &str) -> Vec<usize> {
        let asked = self.asked();
        let of = asked.into_iter().filter(|((asked, _), _)| asked == operation);
        of.map(|(_, times)| times).collect()
    }

    fn answer(&self, operation: &str, question: &Value) -> Value {
        let below = |what: fn(&str) -> bool| {
            let parent = &question["ParentId"];
            let nodes = NODES.iter().filter(move |(id, above, _)| what(id) && above == parent);
            nodes
                .map(|(id, ..)| json!({"Id": id, "Name": format!("named {id}")}))
                .collect::<Vec<_>>()
        };
        let is_unit = |id: &str| id.starts_with("ou-");
        let is_account = |id: &str| id.starts_with(char::is_numeric);
        let (list, items) = match operation {
            "ListRoots" => {
                let types = [json!({"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"})];
                let types = if self.enabled { &types[..] } else { &[] };
                (
                    "Roots",
                    vec![json!({"Id": "r-ab12", "Name": "Root", "PolicyTypes": types})],
                )
            }
            "ListParents" => {
                let child = &question["ChildId"];
                let Some((_, parent, _)) = NODES.iter().find(|(id, ..)| id == child) else {
                    return json!({"__type": "ChildNotFoundException", "Message": "no"});
                };
                let kind = if is_unit(parent) { "ORGANIZATIONAL_UNIT" } else { "ROOT" };
                ("Parents", vec![json!({"Id": parent, "Type": kind})])
            }
            "ListOrganizationalUnitsForParent" => ("OrganizationalUnits", below(is_unit)),
            "ListAccountsForParent" => ("Accounts", below(is_account)),
            "ListPoliciesForTarget" => {
                let target = &question["TargetId"];
                let (.., attached) = NODES.iter().find(|(id, ..)| id == target).unwrap();
                ("Policies", attached.iter().map(|id| json!({"Id": id})).collect())
            }
            "DescribePolicy" => {
                let id = question["PolicyId"].as_str().unwrap();
                let summary = json!({"Id": id, "Name": format!("named {id}")});
                return json!({"Policy": {"PolicySummary": summary, "Content": format!("what {id} says")}});
            }
            _ => panic!("{operation} is not asked"),
        };
        let at: usize = question["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
        let next = (at + 1 < items.len()).then(|| (at + 1).to_string());
        json!({list: items.get(at..=at).unwrap_or_default(), "NextToken": next})
    }
}

impl HttpConnector for Server {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let operation = target.split_once('.').unwrap().1.to_owned();
        let question = String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned();
        let body: Value = serde_json::from_str(&question).unwrap();
        let (server, refused) = (self.clone(), self.refuses == Some(&*operation));
        *self
            .asked
            .lock()
            .unwrap()
            .entry((operation.clone(), question))
            .or_default() += 1;
        let mut under_way = self.under_way.lock().unwrap();
        under_way.0 += 1;
        under_way.1 = under_way.1.max(under_way.0);
        drop(under_way);
        HttpConnectorFuture::new(async move {
            tokio::task::yield_now().await;
            let answer = if refused {
                json!({"__type": "AccessDeniedException", "Message": "You don't have permissions"})
            } else {
                server.answer(&operation, &body)
            };
            server.under_way.lock().unwrap().0 -= 1;
            let status: u16 = if answer.get("__type").is_some() { 400 } else { 200 };
            Ok(HttpResponse::new(
                status.try_into().unwrap(),
                SdkBody::from(answer.to_string()),
            ))
        })
    }
}

fn node(id: &str, name: Option<&str>) -> Node {
    let (_, parent, attached) = NODES.iter().find(|(known, ..)| *known == id).unwrap();
    Node {
        id: id.to_owned(),
        name: name.map(str::to_owned),
        parent: (*parent).to_owned(),
        policies: attached.iter().map(|id| (*id).to_owned()).collect(),
        closed: false,
    }
}

fn policy(id: &str) -> Policy {
    Policy {
        id: id.to_owned(),
        name: Some(format!("named {id}")),
        content: format!("what {id} says"),
    }
}

fn root(scps_enabled: bool, policies: &[&str]) -> Root {
    Root {
        id: "r-ab12".to_owned(),
        name: Some("Root".to_owned()),
        scps_enabled,
        policies: policies.iter().map(|id| (*id).to_owned()).collect(),
    }
}

#[tokio::test]
async fn above_an_account_every_level_and_every_policy_is_read_once() {
    let server = Server::new();
    let tree = server.organization().above("111122223333").await.unwrap();
    let expected = Tree {
        root: root(true, &["p-FullAWSAccess"]),
        units: vec![node("ou-ab12-2", None), node("ou-ab12-1", None)],
        accounts: vec![node("111122223333", None)],
        policies: vec![policy("p-keys0001"), policy("p-regions1")],
    };
    assert_eq!(tree, expected);
    // Pages differ by their tokens, so each question is asked once.
    assert!(server.asked().values().all(|times| *times == 1), "{:?}", server.asked());
    assert_eq!(server.times("ListRoots").len(), 1);
    assert_eq!(server.times("ListParents").len(), 3);
    assert_eq!(server.times("DescribePolicy").len(), 2);
    // One page a policy.
    assert_eq!(server.times("ListPoliciesForTarget").len(), 1 + 2 + 2 + 2);
}

#[tokio::test]
async fn of_the_whole_organization_every_node_and_every_policy_is_read_once() {
    let server = Server::new();
    let tree = server.organization().whole().await.unwrap();
    let named = |id: &str| node(id, Some(&format!("named {id}")));
    let expected = Tree {
        root: root(true, &["p-FullAWSAccess"]),
        units: ["ou-ab12-1", "ou-ab12-2"].map(named).to_vec(),
        accounts: ["100000000000", "111122223333", "222233334444"].map(named).to_vec(),
        policies: vec![policy("p-keys0001"), policy("p-regions1")],
    };
    assert_eq!(tree, expected);
    assert!(server.asked().values().all(|times| *times == 1), "{:?}", server.asked());
    assert_eq!(server.times("DescribePolicy").len(), 2);
    assert_eq!(server.times("ListOrganizationalUnitsForParent").len(), 3);
    assert_eq!(server.times("ListPoliciesForTarget").len(), 9);
    let at_once = server.under_way.lock().unwrap().1;
    assert!((2..=4).contains(&at_once), "{at_once}");
}

#[tokio::test]
async fn while_policies_are_not_enabled_none_is_asked_for() {
    let server = Server {
        enabled: false,
        ..Server::new()
    };
    let tree = server.organization().above("111122223333").await.unwrap();
    assert_eq!(tree.root, root(false, &[]));
    assert!(tree.accounts[0].policies.is_empty() && tree.policies.is_empty());
    assert!(server.times("ListPoliciesForTarget").is_empty());
}

#[tokio::test]
async fn whatever_is_refused_the_reason_names_the_permission() {
    for (refuses, whole) in [
        ("ListRoots", false),
        ("ListParents", false),
        ("ListPoliciesForTarget", false),
        ("DescribePolicy", false),
        ("ListOrganizationalUnitsForParent", true),
        ("ListAccountsForParent", true),
    ] {
        let server = Server {
            refuses: Some(refuses),
            ..Server::new()
        };
        let organization = server.organization();
        let failure = if whole {
            organization.whole().await.unwrap_err()
        } else {
            organization.above("111122223333").await.unwrap_err()
        };
        assert_eq!(failure.action, format!("organizations:{refuses}"));
        assert!(failure.cause.contains("AccessDeniedException"), "{failure}");
        assert_eq!(failure.disposition, Disposition::WillNotPass);
    }
    let strange = Server::new().organization().above("999999999999").await.unwrap_err();
    assert!(
        strange
            .to_string()
            .starts_with("organizations:ListParents on 999999999999 failed: ChildNotFound"),
        "{strange}"
    );
}

#[tokio::test]
async fn an_account_in_no_organization_is_told_from_one_that_may_not_ask() {
    let error = |code: &str| Reply::new(400, format!(r#"{{"__type":"{code}","Message":"m"}}"#));
    let (_, none) = organization("eu-west-1", [error("AWSOrganizationsNotInUseException")]);
    assert_eq!(none.membership().await.unwrap(), None);
    let (_, denied) = organization("eu-west-1", [error("AccessDeniedException")]);
    let failure = denied.membership().await.unwrap_err();
    assert_eq!(failure.action, "organizations:DescribeOrganization");
    let (_, unclear) = organization("eu-west-1", [ok(r#"{"Organization":{"Id":"o-a1b2c3d4e5"}}"#)]);
    assert!(unclear.membership().await.is_err());
}

#[tokio::test]
async fn an_organization_without_a_root_is_none_that_was_read() {
    let (_, rootless) = organization("eu-west-1", [ok(r#"{"Roots":[]}"#)]);
    assert!(rootless.root().await.unwrap_err().to_string().contains("no root"));
    let (_, lost) = organization("eu-west-1", [ok(r#"{"Parents":[]}"#)]);
    assert!(
        lost.parent("111122223333")
            .await
            .unwrap_err()
            .to_string()
            .contains("no parent")
    );
}

#[tokio::test]
async fn parents_that_go_round_in_a_circle_come_to_an_end() {
    let root = ok(r#"{"Roots":[{"Id":"r-ab12"}]}"#);
    let round = ok(r#"{"Parents":[{"Id":"ou-ab12-1","Type":"ORGANIZATIONAL_UNIT"}]}"#);
    let (replay, circle) = organization("eu-west-1", std::iter::once(root).chain((0..16).map(|_| round.clone())));
    assert!(circle.above("111122223333").await.is_err());
    assert_eq!(replay.lines().len(), 17);
}

#[tokio::test]
async fn only_an_account_that_is_said_to_be_out_of_use_is_closed() {
    let account = |id: u64, rest: Value| {
        let mut account = json!({"Id": format!("11112222333{id}"), "Name": "n"});
        account
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        account
    };
    let accounts = [
        account(0, json!({"State": "ACTIVE", "Status": "ACTIVE"})),
        account(1, json!({"State": "CLOSED", "Status": "SUSPENDED"})),
        account(2, json!({"Status": "SUSPENDED"})),
        account(3, json!({"State": "PENDING_ACTIVATION"})),
        account(4, json!({"State": "PENDING_CLOSURE", "Status": "PENDING_CLOSURE"})),
        account(5, json!({})),
    ];
    let (_, organization) = organization("eu-west-1", [ok(json!({ "Accounts": accounts }).to_string())]);
    let nodes = organization.accounts("r-ab12").await.unwrap();
    let closed: Vec<bool> = nodes.iter().map(|node| node.closed).collect();
    assert_eq!(closed, [false, true, true, true, false, false]);
}

#[tokio::test]
async fn how_an_organization_is_built_is_read_without_a_call_for_each_account() {
    let server = Server::new();
    let organization = server.organization();
    let structure = organization.structure().await.unwrap();
    assert_eq!(structure.accounts.len(), 3);
    assert_eq!(server.times("ListPoliciesForTarget").len(), 0);
    let whole = organization.with_what_is_attached(structure).await.unwrap();
    assert_eq!(whole, server.organization().whole().await.unwrap());
}
