//! A guardrail is enforced for every call of a model, where the policy asks for it.

mod organization;

use std::collections::BTreeSet;

use super::{
    Metadata,
    judged::{Judged, asks, not_asked},
    metadata::mapped,
};
use crate::{
    decision::Severity,
    posture::{EnforcedGuardrail, GuardrailPosture, Place, PostureDecision, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "guardrail-enforced",
    title: "A guardrail is enforced for all model calls",
    decides: "where the policy asks for it and Bedrock is in use, the account or the organization enforces a guardrail for calls of every model",
    broken: "no guardrail enforced",
    severity: Severity::Medium,
    rationale: "A guardrail that each application must name itself checks only the calls of those that do. One that \
        is enforced checks every call, whoever makes it, and is set for each Region by itself.",
    remedy: &[
        "Enforce a version for the account: `aws bedrock put-enforced-guardrail-configuration --region SOURCE --guardrail-inference-config guardrailIdentifier=ID,guardrailVersion=1` (in the console: Amazon Bedrock, Guardrails, Account-level enforcement configurations; in CloudFormation: AWS::Bedrock::EnforcedGuardrailConfiguration)",
        "Or enforce one for the organization by a Bedrock policy that names SOURCE: `aws organizations create-policy --type BEDROCK_POLICY --name guardrail --description guardrail --content \"$(cat policy.json)\"`, then attach it",
        "Leave no models out: included models empty or `ALL`, excluded models empty",
        "See what the organization enforces here: `aws organizations describe-effective-policy --policy-type BEDROCK_POLICY`",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-enforcements.html",
    mapping: &[
        mapped("GDPR", "Art. 25 (protection by design), Art. 32"),
        mapped("ISMAP / ISO 27001:2022", "A.8.9, A.8.12, A.8.26"),
        mapped("NIST SP 800-53 r5", "CM-6, SI-10, SI-15"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "すべてのモデル呼び出しにガードレールを強制",
    decides: "ポリシーが求めていて Bedrock を使用しているリージョンで、アカウントまたは組織が、すべてのモデルの呼び出しにガードレールを強制していること",
    broken: "ガードレールがすべてのモデル呼び出しには強制されていない",
    rationale: "アプリケーションがそれぞれ指定するガードレールで検査されるのは、指定した呼び出しだけです。\
        強制されたガードレールは、呼び出し元を問わず、すべての呼び出しを検査します。この設定はリージョンごとに行います。",
    remedy: &[
        "アカウントに対してガードレールのバージョンを強制します: `aws bedrock put-enforced-guardrail-configuration --region SOURCE --guardrail-inference-config guardrailIdentifier=ID,guardrailVersion=1`（コンソールでは、Amazon Bedrock の「ガードレール」のアカウントレベルの強制設定、CloudFormation では AWS::Bedrock::EnforcedGuardrailConfiguration）",
        "または、SOURCE を含む Bedrock ポリシーで組織に対して強制し、対象にアタッチします: `aws organizations create-policy --type BEDROCK_POLICY --name guardrail --description guardrail --content \"$(cat policy.json)\"`",
        "対象から外れるモデルがないようにします（対象モデルは空か `ALL`、除外モデルは空にします）",
        "組織がこのリージョンで強制しているガードレールを確認します: `aws organizations describe-effective-policy --policy-type BEDROCK_POLICY`",
    ],
};

/// Decides about one Region: what is enforced must cover every model.
pub(super) fn decide(seen: &GuardrailPosture, place: &Place<'_>) -> PostureDecision {
    if !asks(place, |rules| {
        rules.guardrail.is_some_and(|guardrail| guardrail.enforced)
    }) {
        return not_asked(place);
    }
    let organization = organization::enforced(&seen.organization, place.region);
    let observed = [&seen.enforced, &organization];
    let covered = Covered::by(observed.into_iter().flatten().flatten());
    let mut judged = Judged::nothing_yet(place);
    if let Some(wrong) = covered.wrong() {
        // What was not seen may cover what the rest leaves out.
        let all_seen = observed.map(|enforced| judged.seen(enforced).is_some());
        if all_seen.into_iter().all(|seen| seen) {
            judged.wrong_here(wrong);
        }
    }
    judged.decision()
}

/// For which models some guardrail is enforced.
struct Covered<'a> {
    /// Where one is enforced for all models: those that every such one leaves out.
    all_but: Option<BTreeSet<&'a str>>,
    /// Those for which one is enforced by name.
    named: BTreeSet<&'a str>,
}

impl<'a> Covered<'a> {
    fn by(enforced: impl Iterator<Item = &'a EnforcedGuardrail>) -> Self {
        let mut covered = Self {
            all_but: None,
            named: BTreeSet::new(),
        };
        for EnforcedGuardrail {
            included_models: included,
            excluded_models: excluded,
            ..
        } in enforced
        {
            // Leaves every model out, those that it names, too.
            if excluded.contains(EVERY_MODEL) {
                continue;
            }
            if included.is_empty() || included.contains(EVERY_MODEL) {
                let excluded = excluded.iter().map(String::as_str);
                covered.all_but = Some(match covered.all_but {
                    None => excluded.collect(),
                    Some(others) => excluded.filter(|model| others.contains(model)).collect(),
                });
            } else {
                covered.named.extend(included.difference(excluded).map(String::as_str));
            }
        }
        covered
    }

    fn wrong(&self) -> Option<Wrong> {
        let owned = |models: &mut dyn Iterator<Item = &&str>| models.map(|model| (*model).to_owned()).collect();
        match &self.all_but {
            None if self.named.is_empty() => Some(Wrong::NoEnforcedGuardrail),
            None => Some(Wrong::GuardrailForSome {
                models: owned(&mut self.named.iter()),
            }),
            Some(excluded) if excluded.is_subset(&self.named) => None,
            Some(excluded) => Some(Wrong::ModelsWithoutGuardrail {
                models: owned(&mut excluded.difference(&self.named)),
            }),
        }
    }
}

/// The word that stands for every model, in the account's list as in the organization's policy.
const EVERY_MODEL: &str = "ALL";
