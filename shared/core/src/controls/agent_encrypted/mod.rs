//! Agents are encrypted with a customer-managed key.

use super::{
    Metadata,
    judged::{asks, each},
    metadata::mapped,
};
use crate::{
    decision::Severity,
    posture::{AgentPosture, Place, PostureDecision, Resource},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "agent-encrypted",
    title: "Agents are encrypted with a customer-managed key",
    decides: "every agent's key works, and is the customer's own where the policy asks for that",
    broken: "agent's key wrong",
    severity: Severity::Medium,
    rationale: "An agent's instructions, action groups and sessions tell how a business works and what its users asked. Only a key of the customer's own says who may read them, shows in the logs who did, and can be taken away.",
    remedy: &[
        "Name the key: `aws bedrock-agent update-agent --region SOURCE --cli-input-json \"$(cat agent.json)\"` with customerEncryptionKeyArn, then `aws bedrock-agent prepare-agent --region SOURCE --agent-id AGENT` (in the console: Amazon Bedrock, Agents, Edit; in CloudFormation: CustomerEncryptionKeyArn of AWS::Bedrock::Agent)",
        "If a key is disabled or waits for its deletion, bring it back: `aws kms cancel-key-deletion --region SOURCE --key-id KEY`, then `aws kms enable-key --region SOURCE --key-id KEY` (in the console: Key Management Service, Customer managed keys)",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/encryption-agents-new.html",
    mapping: &[
        mapped("GDPR", "Art. 32(1)(a)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.24"),
        mapped("NIST SP 800-53 r5", "SC-12, SC-28(1)"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "エージェントをカスタマーマネージドキーで暗号化",
    decides: "すべてのエージェントのキーが使用でき、ポリシーが求める場合はカスタマーマネージドキーであること",
    broken: "エージェントの暗号化に問題",
    rationale: "エージェントの指示、アクショングループ、セッションからは、業務の進め方や利用者の質問の内容がわかります。それを読める利用者を定め、使用をログで確認し、使用を止めることができるのは、カスタマーマネージドキーだけです。",
    remedy: &[
        "キーを指定します: `aws bedrock-agent update-agent --region SOURCE --cli-input-json \"$(cat agent.json)\"`（customerEncryptionKeyArn を指定します）。続いて `aws bedrock-agent prepare-agent --region SOURCE --agent-id AGENT` を実行します（コンソールでは、Amazon Bedrock の「エージェント」の編集、CloudFormation では AWS::Bedrock::Agent の CustomerEncryptionKeyArn）",
        "キーが無効か、削除待ちの場合は、元に戻します: `aws kms cancel-key-deletion --region SOURCE --key-id KEY`、続いて `aws kms enable-key --region SOURCE --key-id KEY`（コンソールでは、Key Management Service の「カスタマー管理型のキー」）",
    ],
};

/// Decides about the agents of one Region.
pub(super) fn decide(seen: &AgentPosture, place: &Place<'_>) -> PostureDecision {
    let customers_own = asks(place, |rules| rules.customer_managed_key);
    each(&seen.agents, place, |judged, id, agent| {
        if let Some(agent) = judged.seen(agent) {
            let of = Resource::Agent(id.to_owned());
            judged.key(&of, agent.key.as_deref(), &seen.keys, customers_own);
        }
    })
}
