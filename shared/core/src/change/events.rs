//! Every management event that changes settings, service by service, as CloudTrail names it.
//!
//! The forwarding rules of `infra/change-region.yaml` are made of this list, in its order.

use crate::posture::Area;

/// Some events that affect the same.
pub(super) struct Row {
    /// The event source.
    pub(super) source: &'static str,
    /// The events' names.
    pub(super) names: &'static [&'static str],
    /// What they can affect.
    pub(super) areas: &'static [Area],
    /// What they change, where only some of its kind are evidence, and the member of
    /// `requestParameters` that names it.
    pub(super) changed: Option<(Kind, &'static str)>,
    /// Whether other Regions are affected, too.
    pub(super) everywhere: bool,
}

/// What an event changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bucket,
    LogGroup,
    Key,
}

/// How likely an event is what made a setting wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Suspicion {
    /// It changes a bucket, log group or key on which a setting may rest.
    Remote,
    /// It changes the setting itself.
    Direct,
    /// It takes the setting away.
    Removal,
}

/// Tells how likely an event is what made a setting wrong.
pub(super) fn suspicion(name: &str) -> Suspicion {
    let mut rows = EVENTS.iter().filter(|row| row.names.contains(&name));
    if !rows.any(|row| row.changed.is_none()) {
        Suspicion::Remote
    } else if ["Delete", "Stop", "Disable"].iter().any(|verb| name.starts_with(verb)) {
        Suspicion::Removal
    } else {
        Suspicion::Direct
    }
}

/// The events, those of one service together.
pub(super) const EVENTS: &[Row] = &[
    // <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_PutModelInvocationLoggingConfiguration.html>
    Row {
        source: "bedrock.amazonaws.com",
        names: &[
            "PutModelInvocationLoggingConfiguration",
            "DeleteModelInvocationLoggingConfiguration",
        ],
        areas: &[Area::Logging],
        changed: None,
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/bedrock/latest/userguide/data-retention.html>
    Row {
        source: "bedrock.amazonaws.com",
        names: &["PutAccountDataRetention"],
        areas: &[Area::DataRetention],
        changed: None,
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock.html>
    Row {
        source: "bedrock.amazonaws.com",
        names: &[
            "CreateGuardrail",
            "CreateGuardrailVersion",
            "UpdateGuardrail",
            "DeleteGuardrail",
            "PutEnforcedGuardrailConfiguration",
            "DeleteEnforcedGuardrailConfiguration",
        ],
        areas: &[Area::Guardrails],
        changed: None,
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateInferenceProfile.html>
    Row {
        source: "bedrock.amazonaws.com",
        names: &["CreateInferenceProfile", "DeleteInferenceProfile"],
        areas: &[Area::Profiles, Area::Reach],
        changed: None,
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelInvocationJob.html>
    Row {
        source: "bedrock.amazonaws.com",
        names: &["CreateModelInvocationJob"],
        areas: &[Area::Batches],
        changed: None,
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock.html>
    Row {
        source: "bedrock.amazonaws.com",
        names: &[
            "CreateCustomModel",
            "CreateModelCopyJob",
            "CreateModelCustomizationJob",
            "DeleteCustomModel",
            "CreateModelImportJob",
            "DeleteImportedModel",
        ],
        areas: &[Area::Models],
        changed: None,
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Agents_for_Amazon_Bedrock.html>
    Row {
        source: "bedrock.amazonaws.com",
        names: &[
            "CreateAgent",
            "UpdateAgent",
            "DeleteAgent",
            "CreateKnowledgeBase",
            "UpdateKnowledgeBase",
            "DeleteKnowledgeBase",
            "CreateDataSource",
            "UpdateDataSource",
            "DeleteDataSource",
        ],
        areas: &[Area::Agents],
        changed: None,
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/logging_cw_api_calls_cwl.html>
    Row {
        source: "logs.amazonaws.com",
        names: &[
            "CreateLogGroup",
            "DeleteLogGroup",
            "PutRetentionPolicy",
            "DeleteRetentionPolicy",
            "AssociateKmsKey",
            "DisassociateKmsKey",
        ],
        areas: &[Area::Logging],
        changed: Some((Kind::LogGroup, "logGroupName")),
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>
    Row {
        source: "s3.amazonaws.com",
        names: &[
            "CreateBucket",
            "DeleteBucket",
            "PutBucketEncryption",
            "DeleteBucketEncryption",
            "PutBucketPolicy",
            "DeleteBucketPolicy",
            "PutBucketPublicAccessBlock",
            "DeleteBucketPublicAccessBlock",
            "PutBucketOwnershipControls",
            "DeleteBucketOwnershipControls",
            "PutBucketAcl",
            "PutBucketLifecycle",
            "DeleteBucketLifecycle",
        ],
        areas: &[Area::Logging],
        changed: Some((Kind::Bucket, "bucketName")),
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>
    Row {
        source: "s3.amazonaws.com",
        names: &["PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock"],
        areas: &[Area::Logging],
        changed: None,
        everywhere: true,
    },
    // <https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html>
    Row {
        source: "kms.amazonaws.com",
        names: &[
            "DisableKey",
            "EnableKey",
            "ScheduleKeyDeletion",
            "CancelKeyDeletion",
            "ImportKeyMaterial",
            "DeleteImportedKeyMaterial",
        ],
        areas: &[Area::Logging, Area::Models, Area::Agents],
        changed: Some((Kind::Key, "keyId")),
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html>
    Row {
        source: "cloudtrail.amazonaws.com",
        names: &[
            "CreateTrail",
            "DeleteTrail",
            "UpdateTrail",
            "StartLogging",
            "StopLogging",
            "PutEventSelectors",
        ],
        areas: &[Area::Trails],
        changed: None,
        everywhere: true,
    },
    // <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitor-with-cloudtrail.html>
    Row {
        source: "ec2.amazonaws.com",
        names: &["CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"],
        areas: &[Area::Endpoints],
        changed: None,
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/eventbridge/latest/userguide/logging-using-cloudtrail.html>
    Row {
        source: "events.amazonaws.com",
        names: &[
            "PutRule",
            "DeleteRule",
            "EnableRule",
            "DisableRule",
            "PutTargets",
            "RemoveTargets",
            "PutPermission",
            "RemovePermission",
            "CreateEventBus",
            "UpdateEventBus",
            "DeleteEventBus",
        ],
        areas: &[Area::Rules],
        changed: None,
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
    Row {
        source: "iam.amazonaws.com",
        names: &[
            "CreateServiceSpecificCredential",
            "UpdateServiceSpecificCredential",
            "ResetServiceSpecificCredential",
            "DeleteServiceSpecificCredential",
        ],
        areas: &[Area::Identity],
        changed: None,
        everywhere: false,
    },
    // <https://docs.aws.amazon.com/bedrock/latest/userguide/data-retention.html>
    Row {
        source: "bedrock-mantle.amazonaws.com",
        names: &["PutAccountDataRetention"],
        areas: &[Area::DataRetention],
        changed: None,
        everywhere: false,
    },
];
