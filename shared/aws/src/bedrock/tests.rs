//! Each answer as Bedrock's API reference has it, read by the SDK from the wire.

use super::*;
use crate::{
    Disposition,
    replay::{Replay, Reply, ok},
};

const HOST: &str = "https://bedrock.eu-west-1.amazonaws.com";

fn bedrock(replies: impl IntoIterator<Item = Reply>) -> (Replay, Bedrock) {
    let replay = Replay::new(replies);
    let bedrock = Bedrock::new(&replay.configuration(), "eu-west-1");
    (replay, bedrock)
}

fn refused(action: &str) -> Reply {
    let message = format!("User: x is not authorized to perform: {action}");
    Reply::new(403, format!(r#"{{"message":"{message}"}}"#)).header("x-amzn-errortype", "AccessDeniedException")
}

fn missing() -> Reply {
    Reply::new(404, r#"{"message":"not there"}"#).header("x-amzn-errortype", "ResourceNotFoundException")
}

#[tokio::test]
async fn logging_is_read_with_every_destination_and_flag() {
    let (replay, bedrock) = bedrock([ok(r#"{"loggingConfig":{
        "cloudWatchConfig":{"logGroupName":"g","roleArn":"arn:role",
            "largeDataDeliveryS3Config":{"bucketName":"large","keyPrefix":"p"}},
        "s3Config":{"bucketName":"b"},
        "textDataDeliveryEnabled":true,"imageDataDeliveryEnabled":false,"embeddingDataDeliveryEnabled":true,
        "videoDataDeliveryEnabled":false}}"#)]);
    let prefix = |bucket: &str, prefix: Option<&str>| Prefix {
        bucket: bucket.to_owned(),
        prefix: prefix.map(str::to_owned),
    };
    let expected = Logging {
        log_group: Some(LogGroup {
            name: "g".to_owned(),
            role: "arn:role".to_owned(),
            large_bodies: Some(prefix("large", Some("p"))),
        }),
        bucket: Some(prefix("b", None)),
        text: Some(true),
        image: Some(false),
        embedding: Some(true),
        video: Some(false),
        audio: None,
    };
    assert_eq!(bedrock.logging().await.unwrap(), Some(expected));
    assert_eq!(replay.lines(), [format!("GET {HOST}/logging/modelinvocations")]);
    let [authorization] = &replay.headers("authorization")[..] else {
        panic!("one request is made");
    };
    assert!(
        authorization.contains("/eu-west-1/bedrock/aws4_request"),
        "{authorization}"
    );
}

#[tokio::test]
async fn logging_that_is_off_is_told_from_logging_that_may_not_be_read() {
    let (_, off) = bedrock([ok("{}")]);
    assert_eq!(off.logging().await.unwrap(), None);

    let (_, denied) = bedrock([refused(logging_action())]);
    let failure = denied.logging().await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        format!(
            "{0} on eu-west-1 failed: AccessDeniedException (HTTP 403): User: x is not authorized to perform: {0}",
            logging_action()
        )
    );
    assert_eq!(failure.disposition, Disposition::WillNotPass);
}

fn logging_action() -> &'static str {
    "bedrock:GetModelInvocationLoggingConfiguration"
}

#[tokio::test]
async fn a_destination_without_a_name_is_no_destination_that_could_be_checked() {
    for answer in [
        r#"{"loggingConfig":{"s3Config":{}}}"#,
        r#"{"loggingConfig":{"cloudWatchConfig":{"roleArn":"r"}}}"#,
        r#"{"loggingConfig":{"cloudWatchConfig":{"logGroupName":"g","roleArn":"r","largeDataDeliveryS3Config":{}}}}"#,
    ] {
        let (_, bedrock) = bedrock([ok(answer)]);
        let failure = bedrock.logging().await.unwrap_err();
        assert!(failure.cause.ends_with("name"), "{failure}");
    }
}

#[tokio::test]
async fn the_mode_of_data_retention_is_kept_as_it_is_written() {
    let (replay, known) = bedrock([ok(
        r#"{"mode":"provider_data_share","updatedAt":"2026-10-01T00:00:00Z"}"#,
    )]);
    assert_eq!(known.data_retention().await.unwrap(), "provider_data_share");
    assert_eq!(replay.lines(), [format!("GET {HOST}/data-retention")]);
    let (_, new) = bedrock([ok(r#"{"mode":"another"}"#)]);
    assert_eq!(new.data_retention().await.unwrap(), "another");
    let (_, absent) = bedrock([ok("{}")]);
    assert_eq!(
        absent.data_retention().await.unwrap_err().cause,
        "the answer has no mode"
    );
}

const LISTED: &str = r#"{"id":"g1","arn":"arn:g1","name":"n","version":"DRAFT","status":"READY",
    "createdAt":"2026-10-01T00:00:00Z","updatedAt":"2026-10-01T00:00:00Z",
    "crossRegionDetails":{"guardrailProfileId":"eu.guardrail.v1:0","guardrailProfileArn":"arn:p"}}"#;

#[tokio::test]
async fn every_page_of_guardrails_is_read() {
    let first = format!(r#"{{"guardrails":[{LISTED}],"nextToken":"2"}}"#);
    let second = LISTED
        .replace("g1", "g2")
        .replace("\"crossRegionDetails\":", "\"other\":");
    let (replay, listed) = bedrock([ok(first), ok(format!(r#"{{"guardrails":[{second}]}}"#))]);
    let guardrails = listed.guardrails().await.unwrap();
    assert_eq!(
        replay.lines(),
        [
            format!("GET {HOST}/guardrails?maxResults=1000"),
            format!("GET {HOST}/guardrails?maxResults=1000&nextToken=2")
        ]
    );
    assert_eq!(guardrails[0].version, "DRAFT");
    let profiles: Vec<_> = guardrails.iter().map(|g| g.cross_region.clone()).collect();
    let profile = CrossRegion {
        id: Some("eu.guardrail.v1:0".to_owned()),
        arn: Some("arn:p".to_owned()),
    };
    assert_eq!(profiles, [Some(profile), None]);

    let nameless = LISTED.replace("\"id\":\"g1\",", "");
    let (_, unclear) = bedrock([ok(format!(r#"{{"guardrails":[{nameless}]}}"#))]);
    let failure = unclear.guardrails().await.unwrap_err();
    assert_eq!(failure.cause, "the answer has no guardrail's id");
}

#[tokio::test]
async fn versions_of_a_guardrail_are_listed_unless_it_is_gone() {
    let (replay, standing) = bedrock([ok(format!(r#"{{"guardrails":[{LISTED}]}}"#))]);
    let versions = standing.guardrail_versions("g1").await.unwrap().unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(
        replay.lines(),
        [format!("GET {HOST}/guardrails?guardrailIdentifier=g1&maxResults=1000")]
    );
    let (_, gone) = bedrock([missing()]);
    assert_eq!(gone.guardrail_versions("g1").await.unwrap(), None);
    let (_, denied) = bedrock([refused("bedrock:ListGuardrails")]);
    assert_eq!(
        denied.guardrail_versions("g1").await.unwrap_err().action,
        "bedrock:ListGuardrails"
    );
}

#[tokio::test]
async fn a_guardrail_is_described_with_its_key_profile_and_tiers() {
    let answer = r#"{"guardrailId":"g1","guardrailArn":"arn:g1","name":"n","version":"3","status":"READY",
        "kmsKeyArn":"arn:key","crossRegionDetails":{"guardrailProfileArn":"arn:p"},
        "contentPolicy":{"filters":[],"tier":{"tierName":"STANDARD"}},
        "topicPolicy":{"topics":[],"tier":{"tierName":"CLASSIC"}},
        "contextualGroundingPolicy":{"filters":[]},
        "createdAt":"2026-10-01T00:00:00Z","updatedAt":"2026-10-01T00:00:00Z",
        "blockedInputMessaging":"no","blockedOutputsMessaging":"no"}"#;
    let (replay, standing) = bedrock([ok(answer)]);
    let expected = Guardrail {
        id: "g1".to_owned(),
        arn: "arn:g1".to_owned(),
        name: "n".to_owned(),
        version: "3".to_owned(),
        status: "READY".to_owned(),
        key: Some("arn:key".to_owned()),
        cross_region: Some(CrossRegion {
            id: None,
            arn: Some("arn:p".to_owned()),
        }),
        content_tier: Some("STANDARD".to_owned()),
        topic_tier: Some("CLASSIC".to_owned()),
        grounding_tier: None,
    };
    assert_eq!(standing.guardrail("g1", "3").await.unwrap(), Some(expected));
    assert_eq!(replay.lines(), [format!("GET {HOST}/guardrails/g1?guardrailVersion=3")]);

    let (_, gone) = bedrock([missing()]);
    assert_eq!(gone.guardrail("g1", "3").await.unwrap(), None);
    let (_, denied) = bedrock([refused("bedrock:GetGuardrail")]);
    let failure = denied.guardrail("g1", "3").await.unwrap_err();
    assert!(
        failure
            .to_string()
            .starts_with("bedrock:GetGuardrail on the guardrail g1 in eu-west-1"),
        "{failure}"
    );
}

#[tokio::test]
async fn enforced_guardrails_say_what_they_are_enforced_for() {
    let (_, bedrock) = bedrock([
        ok(
            r#"{"guardrailsConfig":[{"configId":"c","guardrailArn":"arn:g","guardrailId":"g","guardrailVersion":"1",
            "selectiveContentGuarding":{"system":"SELECTIVE","messages":"COMPREHENSIVE"},"owner":"ACCOUNT",
            "modelEnforcement":{"includedModels":["ALL"],"excludedModels":["m"]}}],"nextToken":"2"}"#,
        ),
        ok(r#"{"guardrailsConfig":[{}]}"#),
    ]);
    let enforced = bedrock.enforced_guardrails().await.unwrap();
    assert_eq!(enforced.len(), 2);
    assert_eq!(enforced[0].version.as_deref(), Some("1"));
    assert_eq!(enforced[0].system_prompts.as_deref(), Some("SELECTIVE"));
    assert_eq!(enforced[0].messages.as_deref(), Some("COMPREHENSIVE"));
    assert_eq!(enforced[0].included_models.as_deref(), Some(&["ALL".to_owned()][..]));
    assert_eq!(enforced[0].excluded_models.as_deref(), Some(&["m".to_owned()][..]));
    assert_eq!(enforced[1].included_models, None, "nothing is said of models");
}

const PROFILE: &str = r#"{"inferenceProfileName":"n","inferenceProfileArn":"arn:p","inferenceProfileId":"eu.m",
    "models":[{"modelArn":"arn:m1"},{"modelArn":"arn:m2"}],"status":"ACTIVE","type":"SYSTEM_DEFINED"}"#;

#[tokio::test]
async fn profiles_of_each_type_are_listed_with_all_their_models() {
    let page = format!(r#"{{"inferenceProfileSummaries":[{PROFILE}]}}"#);
    let (replay, listed) = bedrock([ok(page.replace("]}", "],\"nextToken\":\"2\"}")), ok(page)]);
    let profiles = listed.inference_profiles(ProfileType::Application).await.unwrap();
    assert_eq!(
        replay.lines(),
        [
            format!("GET {HOST}/inference-profiles?maxResults=1000&type=APPLICATION"),
            format!("GET {HOST}/inference-profiles?maxResults=1000&nextToken=2&type=APPLICATION")
        ]
    );
    assert_eq!(profiles.len(), 2);
    assert_eq!(profiles[0].models, ["arn:m1", "arn:m2"]);
    assert_eq!(profiles[0].profile_type, "SYSTEM_DEFINED");

    for models in ["[]", r#"[{"modelArn":"arn:m1"},{}]"#] {
        let profile = PROFILE.replace(r#"[{"modelArn":"arn:m1"},{"modelArn":"arn:m2"}]"#, models);
        let (_, unclear) = bedrock([ok(format!(r#"{{"inferenceProfileSummaries":[{profile}]}}"#))]);
        let failure = unclear
            .inference_profiles(ProfileType::SystemDefined)
            .await
            .unwrap_err();
        assert_eq!(
            failure.cause,
            "the answer does not name each model of the profile arn:p"
        );
    }
}

#[tokio::test]
async fn models_are_listed_and_described_with_their_keys() {
    let (replay, own) = bedrock([
        ok(
            r#"{"modelSummaries":[{"modelArn":"arn:c","modelName":"c","creationTime":"2026-10-01T00:00:00Z",
            "baseModelArn":"arn:b","baseModelName":"b","ownerAccountId":"111122223333"}]}"#,
        ),
        ok(r#"{"modelArn":"arn:c","modelName":"c","creationTime":"2026-10-01T00:00:00Z","modelKmsKeyArn":"arn:k"}"#),
        missing(),
        ok(
            r#"{"modelSummaries":[{"modelArn":"arn:i","modelName":"i","creationTime":"2026-10-01T00:00:00Z"}],
            "nextToken":"2"}"#,
        ),
        ok(r#"{"modelSummaries":[]}"#),
        ok(r#"{"modelArn":"arn:i"}"#),
        missing(),
        ok("{}"),
    ]);
    let custom = own.custom_models().await.unwrap();
    assert_eq!(custom[0].owner.as_deref(), Some("111122223333"));
    let key = Some("arn:k".to_owned());
    assert_eq!(own.custom_model("arn:c").await.unwrap(), Some(ModelKey { key }));
    assert_eq!(own.custom_model("arn:c").await.unwrap(), None);
    assert_eq!(own.imported_models().await.unwrap().len(), 1);
    assert_eq!(own.imported_model("arn:i").await.unwrap(), Some(ModelKey { key: None }));
    assert_eq!(own.imported_model("arn:i").await.unwrap(), None);
    assert!(own.imported_model("arn:i").await.is_err(), "no model is described");
    assert_eq!(replay.lines()[1], format!("GET {HOST}/custom-models/arn%3Ac"));

    let (_, denied) = bedrock([refused("bedrock:GetCustomModel"), refused("bedrock:GetImportedModel")]);
    let actions = [
        denied.custom_model("m").await.unwrap_err().action,
        denied.imported_model("m").await.unwrap_err().action,
    ];
    assert_eq!(actions, ["bedrock:GetCustomModel", "bedrock:GetImportedModel"]);
}

#[tokio::test]
async fn batches_since_a_time_are_listed_with_where_they_write() {
    let (replay, listed) = bedrock([ok(r#"{"invocationJobSummaries":[
        {"jobArn":"arn:j","jobName":"j","modelId":"eu.m","roleArn":"arn:r","status":"Completed",
         "submitTime":"2026-10-01T00:00:00Z",
         "inputDataConfig":{"s3InputDataConfig":{"s3Uri":"s3://in/","s3BucketOwner":"111122223333"}},
         "outputDataConfig":{"s3OutputDataConfig":{"s3Uri":"s3://out/","s3EncryptionKeyId":"k",
            "s3BucketOwner":"444455556666"}}}]}"#)]);
    let jobs = listed.invocation_jobs(1_790_812_800).await.unwrap();
    assert_eq!(
        replay.lines(),
        [format!(
            "GET {HOST}/model-invocation-jobs?submitTimeAfter=2026-10-01T00%3A00%3A00Z&maxResults=1000"
        )]
    );
    let expected = InvocationJob {
        arn: "arn:j".to_owned(),
        name: "j".to_owned(),
        model: "eu.m".to_owned(),
        status: Some("Completed".to_owned()),
        submitted: 1_790_812_800,
        input: Some("s3://in/".to_owned()),
        input_owner: Some("111122223333".to_owned()),
        output: Some(JobOutput {
            uri: "s3://out/".to_owned(),
            key: Some("k".to_owned()),
            owner: Some("444455556666".to_owned()),
        }),
    };
    assert_eq!(jobs, [expected]);
}

#[tokio::test(start_paused = true)]
async fn what_is_throttled_is_asked_again_and_what_cannot_be_read_fails() {
    let throttled = Reply::new(429, r#"{"message":"slow"}"#).header("x-amzn-errortype", "ThrottlingException");
    let (replay, again) = bedrock([throttled.clone(), ok(r#"{"guardrails":[]}"#)]);
    assert_eq!(again.guardrails().await.unwrap(), []);
    assert_eq!(replay.lines().len(), 2);

    let (_, never) = bedrock([throttled.clone(), throttled.clone(), throttled]);
    assert_eq!(never.guardrails().await.unwrap_err().disposition, Disposition::MayPass);

    let (_, torn) = bedrock([
        ok(r#"{"guardrails":[{"#),
        ok(r#"{"guardrails":[{"#),
        ok(r#"{"guardrails":[{"#),
    ]);
    let failure = torn.guardrails().await.unwrap_err();
    assert_eq!(
        (failure.action, failure.disposition),
        ("bedrock:ListGuardrails", Disposition::MayPass)
    );
    assert!(failure.cause.contains("failed to parse JSON"), "{failure}");
}
