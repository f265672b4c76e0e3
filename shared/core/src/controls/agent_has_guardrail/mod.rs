//! Every agent has a guardrail, where the policy asks for it.

use super::{
    Metadata,
    judged::{asks, each, not_asked},
    metadata::mapped,
};
use crate::{
    decision::Severity,
    posture::{AgentPosture, Place, PostureDecision, Resource, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "agent-has-guardrail",
    title: "Every agent has a guardrail",
    decides: "every agent has a guardrail, where the policy asks for it",
    broken: "agent without guardrail",
    severity: Severity::Medium,
    rationale: "An agent acts on what it reads: documents, tools, users. Without a guardrail, nothing checks what goes in and what comes out.",
    remedy: &[
        "Give the agent a guardrail: `aws bedrock-agent update-agent --region SOURCE --cli-input-json \"$(cat agent.json)\"` with guardrailConfiguration, then `aws bedrock-agent prepare-agent --region SOURCE --agent-id AGENT` (in the console: Amazon Bedrock, Agents, Edit, Guardrail details; in CloudFormation: GuardrailConfiguration of AWS::Bedrock::Agent)",
        "Point the aliases at a version that was made since: `aws bedrock-agent update-agent-alias --region SOURCE --agent-id AGENT --agent-alias-id ALIAS --agent-alias-name NAME` makes one",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/agents-guardrail.html",
    mapping: &[
        mapped("GDPR", "Art. 25 (protection by design), Art. 32"),
        mapped("ISMAP / ISO 27001:2022", "A.8.9, A.8.12, A.8.26"),
        mapped("NIST SP 800-53 r5", "CM-6, SI-10, SI-15"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "すべてのエージェントにガードレールを設定",
    decides: "ポリシーが求める場合に、すべてのエージェントにガードレールが設定されていること",
    broken: "ガードレールのないエージェント",
    rationale: "エージェントは、ドキュメント、ツール、利用者から読み取った内容に従って動作します。ガードレールがなければ、入力も出力も検査されません。",
    remedy: &[
        "エージェントにガードレールを設定します: `aws bedrock-agent update-agent --region SOURCE --cli-input-json \"$(cat agent.json)\"`（guardrailConfiguration を指定します）。続いて `aws bedrock-agent prepare-agent --region SOURCE --agent-id AGENT` を実行します（コンソールでは、Amazon Bedrock の「エージェント」の編集、CloudFormation では AWS::Bedrock::Agent の GuardrailConfiguration）",
        "エイリアスを、その後に作成したバージョンに向けます: `aws bedrock-agent update-agent-alias --region SOURCE --agent-id AGENT --agent-alias-id ALIAS --agent-alias-name NAME`（新しいバージョンが作成されます）",
    ],
};

/// Decides about the agents of one Region.
pub(super) fn decide(seen: &AgentPosture, place: &Place<'_>) -> PostureDecision {
    if !asks(place, |rules| rules.guardrail.is_some_and(|guardrail| guardrail.agents)) {
        return not_asked(place);
    }
    each(&seen.agents, place, |judged, id, agent| {
        if judged.seen(agent).is_some_and(|agent| agent.guardrail.is_none()) {
            judged.wrong(Resource::Agent(id.to_owned()), Wrong::WithoutGuardrail);
        }
    })
}
