//! Each answer as the API reference of Bedrock's agents has it.

use super::*;
use crate::{
    Disposition,
    replay::{Replay, Reply, ok},
};

const HOST: &str = "https://bedrock-agent.eu-west-1.amazonaws.com";

fn agents(replies: impl IntoIterator<Item = Reply>) -> (Replay, Agents) {
    let replay = Replay::new(replies);
    let agents = Agents::new(&replay.configuration(), "eu-west-1");
    (replay, agents)
}

fn error(status: u16, code: &str) -> Reply {
    let code = format!("{code}:http://internal.amazon.com/coral/");
    Reply::new(status, r#"{"message":"m"}"#).header("x-amzn-errortype", &code)
}

#[tokio::test]
async fn every_page_of_agents_is_listed() {
    let page = |id: &str, rest: &str| {
        ok(format!(
            r#"{{"agentSummaries":[{{"agentId":"{id}","agentName":"n","agentStatus":"PREPARED"}}]{rest}}}"#
        ))
    };
    let (replay, listed) = agents([page("A", r#","nextToken":"2""#), page("B", r#","nextToken":null"#)]);
    assert_eq!(listed.agents().await.unwrap(), ["A", "B"]);
    assert_eq!(
        replay.lines(),
        [format!("POST {HOST}/agents/"), format!("POST {HOST}/agents/")]
    );
    assert_eq!(
        replay.bodies(),
        [r#"{"maxResults":1000}"#, r#"{"maxResults":1000,"nextToken":"2"}"#]
    );
    let authorization = &replay.headers("authorization")[0];
    assert!(
        authorization.contains("/eu-west-1/bedrock/aws4_request"),
        "{authorization}"
    );
}

#[tokio::test]
async fn an_agent_is_described_with_its_key_guardrail_and_model() {
    let (replay, own) = agents([
        ok(
            r#"{"agent":{"agentId":"A","agentArn":"arn:a","agentName":"n","agentVersion":"DRAFT","agentStatus":"PREPARED",
            "idleSessionTTLInSeconds":600,"customerEncryptionKeyArn":"arn:k","foundationModel":"eu.m",
            "guardrailConfiguration":{"guardrailIdentifier":"g","guardrailVersion":"1"}}}"#,
        ),
        ok(r#"{"agent":{"agentId":"A","agentName":"n","agentStatus":"NOT_PREPARED"}}"#),
        error(404, "ResourceNotFoundException"),
        ok("{}"),
    ]);
    let expected = Agent {
        id: "A".to_owned(),
        arn: Some("arn:a".to_owned()),
        name: "n".to_owned(),
        status: "PREPARED".to_owned(),
        key: Some("arn:k".to_owned()),
        guardrail: Some("g".to_owned()),
        guardrail_version: Some("1".to_owned()),
        model: Some("eu.m".to_owned()),
    };
    assert_eq!(own.agent("A").await.unwrap(), Some(expected));
    let plain = own.agent("A").await.unwrap().unwrap();
    assert_eq!((plain.key, plain.guardrail, plain.model), (None, None, None));
    assert_eq!(own.agent("A").await.unwrap(), None);
    assert!(own.agent("A").await.is_err(), "no agent is described");
    assert_eq!(replay.lines()[0], format!("GET {HOST}/agents/A/"));
}

#[tokio::test]
async fn knowledge_bases_are_listed_and_described() {
    let (replay, own) = agents([
        ok(r#"{"knowledgeBaseSummaries":[{"knowledgeBaseId":"K","name":"n","status":"ACTIVE"}]}"#),
        ok(
            r#"{"knowledgeBase":{"knowledgeBaseId":"K","knowledgeBaseArn":"arn:k","name":"n","status":"ACTIVE",
            "knowledgeBaseConfiguration":{"type":"VECTOR","vectorKnowledgeBaseConfiguration":{}},
            "storageConfiguration":{"type":"OPENSEARCH_SERVERLESS"}}}"#,
        ),
        ok(r#"{"knowledgeBase":{"knowledgeBaseId":"K","name":"n","status":"ACTIVE",
            "knowledgeBaseConfiguration":{"type":"MANAGED","managedKnowledgeBaseConfiguration":{
                "serverSideEncryptionConfiguration":{"kmsKeyArn":"arn:key"}}}}}"#),
        error(404, "ResourceNotFoundException"),
    ]);
    assert_eq!(own.knowledge_bases().await.unwrap(), ["K"]);
    let vector = own.knowledge_base("K").await.unwrap().unwrap();
    assert_eq!(
        (vector.kind.as_str(), vector.storage.as_deref()),
        ("VECTOR", Some("OPENSEARCH_SERVERLESS"))
    );
    assert_eq!((vector.arn.as_deref(), vector.key), (Some("arn:k"), None));
    let managed = own.knowledge_base("K").await.unwrap().unwrap();
    assert_eq!((managed.storage, managed.key.as_deref()), (None, Some("arn:key")));
    assert_eq!(own.knowledge_base("K").await.unwrap(), None);
    assert_eq!(
        replay.lines()[..2],
        [
            format!("POST {HOST}/knowledgebases/"),
            format!("GET {HOST}/knowledgebases/K")
        ]
    );
}

#[tokio::test]
async fn data_sources_are_listed_and_described() {
    let (replay, own) = agents([
        ok(
            r#"{"dataSourceSummaries":[{"knowledgeBaseId":"K","dataSourceId":"D","name":"n","status":"AVAILABLE"}],
            "nextToken":"2"}"#,
        ),
        ok(r#"{"dataSourceSummaries":[{"dataSourceId":"E"}]}"#),
        error(404, "ResourceNotFoundException"),
        ok(
            r#"{"dataSource":{"knowledgeBaseId":"K","dataSourceId":"D","name":"n","status":"AVAILABLE",
            "dataSourceConfiguration":{"type":"S3","s3Configuration":{"bucketArn":"arn:aws:s3:::b",
                "bucketOwnerAccountId":"111122223333"}},
            "serverSideEncryptionConfiguration":{"kmsKeyArn":"arn:key"}}}"#,
        ),
        ok(r#"{"dataSource":{"dataSourceId":"E","name":"n","status":"AVAILABLE",
            "dataSourceConfiguration":{"type":"WEB"},"serverSideEncryptionConfiguration":{}}}"#),
        error(404, "ResourceNotFoundException"),
    ]);
    assert_eq!(own.data_sources("K").await.unwrap().unwrap(), ["D", "E"]);
    assert_eq!(own.data_sources("K").await.unwrap(), None);
    let expected = DataSource {
        id: "D".to_owned(),
        name: "n".to_owned(),
        status: "AVAILABLE".to_owned(),
        kind: "S3".to_owned(),
        key: Some("arn:key".to_owned()),
        bucket: Some("arn:aws:s3:::b".to_owned()),
        bucket_owner: Some("111122223333".to_owned()),
    };
    assert_eq!(own.data_source("K", "D").await.unwrap(), Some(expected));
    let web = own.data_source("K", "E").await.unwrap().unwrap();
    assert_eq!((web.key, web.bucket), (None, None));
    assert_eq!(own.data_source("K", "E").await.unwrap(), None);
    let lines = replay.lines();
    assert_eq!(lines[0], format!("POST {HOST}/knowledgebases/K/datasources/"));
    assert_eq!(lines[3], format!("GET {HOST}/knowledgebases/K/datasources/D"));
}

#[tokio::test]
async fn each_refusal_names_its_permission() {
    let (_, denied) = agents(std::iter::repeat_n(error(403, "AccessDeniedException"), 6));
    assert_eq!(
        denied.agent("A").await.unwrap_err().to_string(),
        "bedrock:GetAgent on the agent A in eu-west-1 failed: AccessDeniedException (HTTP 403): m"
    );
    let actions = [
        denied.agents().await.unwrap_err().action,
        denied.knowledge_bases().await.unwrap_err().action,
        denied.knowledge_base("K").await.unwrap_err().action,
        denied.data_sources("K").await.unwrap_err().action,
        denied.data_source("K", "D").await.unwrap_err().action,
    ];
    assert_eq!(
        actions,
        [
            "bedrock:ListAgents",
            "bedrock:ListKnowledgeBases",
            "bedrock:GetKnowledgeBase",
            "bedrock:ListDataSources",
            "bedrock:GetDataSource"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_throttled_is_asked_again_and_what_cannot_be_read_fails() {
    let (replay, slow) = agents([error(429, "ThrottlingException"), ok(r#"{"agentSummaries":[]}"#)]);
    assert_eq!(slow.agents().await.unwrap(), [] as [&str; 0]);
    assert_eq!(replay.lines().len(), 2);
    let (_, never) = agents(std::iter::repeat_n(error(429, "ThrottlingException"), 3));
    assert_eq!(never.agents().await.unwrap_err().disposition, Disposition::MayPass);
    for answer in ["{}", r#"{"agentSummaries":[{}]}"#, "<html>"] {
        let (_, unclear) = agents([ok(answer)]);
        let failure = unclear.agents().await.unwrap_err();
        assert!(failure.cause.starts_with("the answer cannot be read"), "{failure}");
    }
}
