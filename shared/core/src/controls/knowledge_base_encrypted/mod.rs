//! The data sources of knowledge bases are encrypted with a customer-managed key.

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
    name: "knowledge-base-encrypted",
    title: "Knowledge bases ingest with a customer-managed key",
    decides: "every data source's key works, and is the customer's own where the policy asks for that",
    broken: "knowledge base's key wrong",
    severity: Severity::Medium,
    rationale: "While a knowledge base takes in documents, their text is kept for a time by AWS. Only a key of the customer's own says who may read it, shows in the logs who did, and can be taken away.",
    remedy: &[
        "Name the key: `aws bedrock-agent update-data-source --region SOURCE --cli-input-json \"$(cat source.json)\"` with serverSideEncryptionConfiguration (in the console: Amazon Bedrock, Knowledge Bases, the data source, Edit; in CloudFormation: ServerSideEncryptionConfiguration of AWS::Bedrock::DataSource)",
        "If a key is disabled or waits for its deletion, bring it back: `aws kms cancel-key-deletion --region SOURCE --key-id KEY`, then `aws kms enable-key --region SOURCE --key-id KEY` (in the console: Key Management Service, Customer managed keys)",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/encryption-kb.html",
    mapping: &[
        mapped("GDPR", "Art. 32(1)(a)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.24"),
        mapped("NIST SP 800-53 r5", "SC-12, SC-28(1)"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "ナレッジベースの取り込みをカスタマーマネージドキーで暗号化",
    decides: "ナレッジベースのすべてのデータソースのキーが使用でき、ポリシーが求める場合はカスタマーマネージドキーであること",
    broken: "ナレッジベースの暗号化に問題",
    rationale: "ナレッジベースがドキュメントを取り込む間、その内容は AWS 側に一時的に保持されます。それを読める利用者を定め、使用をログで確認し、使用を止めることができるのは、カスタマーマネージドキーだけです。",
    remedy: &[
        "キーを指定します: `aws bedrock-agent update-data-source --region SOURCE --cli-input-json \"$(cat source.json)\"`（serverSideEncryptionConfiguration を指定します。コンソールでは、Amazon Bedrock の「ナレッジベース」のデータソースの編集、CloudFormation では AWS::Bedrock::DataSource の ServerSideEncryptionConfiguration）",
        "キーが無効か、削除待ちの場合は、元に戻します: `aws kms cancel-key-deletion --region SOURCE --key-id KEY`、続いて `aws kms enable-key --region SOURCE --key-id KEY`（コンソールでは、Key Management Service の「カスタマー管理型のキー」）",
    ],
};

/// Decides about the knowledge bases of one Region, data source by data source.
pub(super) fn decide(seen: &AgentPosture, place: &Place<'_>) -> PostureDecision {
    let customers_own = asks(place, |rules| rules.customer_managed_key);
    each(&seen.knowledge_bases, place, |judged, knowledge_base, sources| {
        for (source, key) in judged.seen(sources).into_iter().flatten() {
            let of = Resource::DataSource(format!("{knowledge_base}/{source}"));
            judged.encrypted(&of, key, &seen.keys, customers_own);
        }
    })
}
