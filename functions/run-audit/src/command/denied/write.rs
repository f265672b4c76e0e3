//! An explained message as people read it.

use std::io::{self, Write};

use crisguard_core::{
    cloudtrail::BlockedRegion,
    policy::Language::{En, Ja},
    scp::{
        denied::{DeniedHere, DeniedResource, NotEvaluated, PolicyKind, Reason, UnderPolicies},
        reach::{DeniedBy, UNSPECIFIED},
    },
};

use super::{CallLine, Explanation, Told};
use crate::command::{
    console::{BAD, BOLD, DIM, GOOD, OPEN},
    reach::words::Words,
    text::{columns, harmless, wrapped},
};

/// How wide the column of names is.
const NAMES: usize = 12;

pub(super) fn write(
    explanation: &Explanation,
    no_calls: Option<&str>,
    words: &Words,
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    let message = &explanation.message;
    writeln!(
        out,
        "{BAD}✗{BAD:#} {BOLD}{}{BOLD:#}",
        wrapped(&headline(explanation, words), width, 2)
    )?;
    if message.caller.is_some() || message.action.is_some() || message.resource.is_some() {
        writeln!(out)?;
    }
    let mut line = |en: &str, ja: &str, text: Option<&str>| match text {
        Some(text) => {
            let name = if words.language == En { en } else { ja };
            let pad = NAMES.saturating_sub(columns(name));
            writeln!(out, "  {name}{:pad$}{}", "", wrapped(text, width, NAMES + 2))
        }
        None => Ok(()),
    };
    line("caller", "呼び出し元", message.caller.as_deref())?;
    line("action", "アクション", message.action.as_deref())?;
    let (resource, region) = match &message.resource {
        None => (None, None),
        Some(resource) => {
            let name = match resource {
                DeniedResource::FoundationModel { model, .. } => model.clone(),
                DeniedResource::Profile { id, .. } => id.clone(),
                DeniedResource::ApplicationProfile { arn } | DeniedResource::Other { arn } => arn.clone(),
            };
            (Some(name), resource.region())
        }
    };
    line("resource", "リソース", resource.as_deref())?;
    line("Region", "リージョン", region)?;
    line("policy", "ポリシー", message.policy_id())?;
    calls(&explanation.calls, no_calls, words, out, width)?;
    if let Some(evaluation) = &explanation.evaluation {
        under_policies(evaluation, &message.reason, words, out, width)?;
    }
    writeln!(out, "\n{BOLD}{}{BOLD:#}", told(words, "What to do", "対応手順"))?;
    for (step, number) in explanation.advice.iter().zip(1..) {
        writeln!(out, "  {number}. {}", wrapped(step, width, 5))?;
    }
    Ok(())
}

/// Says why no call is known that can have ended so, where there should be one.
pub(super) fn no_calls(asked: &Told<'_>, words: &Words) -> Option<String> {
    if !asked.calls.is_empty() || !asked.is_invocation() {
        return None;
    }
    let (as_of, ja) = (asked.as_of, words.language == Ja);
    Some(match (asked.message.resource.as_ref()?, asked.source) {
        (DeniedResource::FoundationModel { model, region }, source) => {
            let (from_en, from_ja) = source.map_or_else(Default::default, |source| {
                (
                    format!(" when {} is called", source.0),
                    format!("{} から呼び出したときに ", source.0),
                )
            });
            let (to_en, to_ja) = match region {
                BlockedRegion::Region(region) => (format!(" in {region}"), format!("{region} の ")),
                BlockedRegion::Unspecified | BlockedRegion::NotNamed => Default::default(),
            };
            let (or_en, or_ja) = match source {
                Some(_) => (
                    "another Region was called (leave --source out), or ",
                    "別のリージョンから呼び出された（--source を外して確認）か、",
                ),
                None => Default::default(),
            };
            if ja {
                format!(
                    "{from_ja}{to_ja}{model} を評価する推論プロファイルは、{as_of} 時点の一覧にありません。{or_ja}アプリケーション\
                     推論プロファイルか、より新しいプロファイルが呼び出されています。"
                )
            } else {
                format!(
                    "No inference profile that is known (as of {as_of}) evaluates {model}{to_en}{from_en}: {or_en}an \
                     application profile was, or one that is newer."
                )
            }
        }
        (DeniedResource::Profile { id, source }, _) if ja => {
            format!("{source} の {id} は、{as_of} 時点の一覧にありません。")
        }
        (DeniedResource::Profile { id, source }, _) => {
            format!("{id} is not among the inference profiles that are known in {source} (as of {as_of}).")
        }
        (DeniedResource::ApplicationProfile { arn }, _) => {
            let region = asked.message.resource.as_ref().and_then(DeniedResource::region);
            let region = region.unwrap_or("REGION");
            let command =
                format!("aws bedrock get-inference-profile --region {region} --inference-profile-identifier {arn}");
            if ja {
                format!("アプリケーション推論プロファイルの到達先は次で確認できます: `{command}`")
            } else {
                format!("Where the application profile can go is told by: `{command}`")
            }
        }
        (DeniedResource::Other { .. }, _) => return None,
    })
}

fn calls(
    calls: &[CallLine],
    no_calls: Option<&str>,
    words: &Words,
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    if calls.is_empty() && no_calls.is_none() {
        return Ok(());
    }
    let title = told(words, "Calls that can end so", "この結果になりうる呼び出し");
    writeln!(out, "\n{BOLD}{title}{BOLD:#}")?;
    if let Some(why) = no_calls {
        writeln!(out, "  {OPEN}?{OPEN:#} {}", wrapped(why, width, 4))?;
    }
    // Of each profile once, with every Region that it can be called in.
    let mut told_of: Vec<(&CallLine, Vec<&CallLine>)> = Vec::new();
    for call in calls {
        let same = |known: &&mut (&CallLine, Vec<&CallLine>)| {
            (&known.0.profile, &known.0.destinations, known.0.verdict)
                == (&call.profile, &call.destinations, call.verdict)
        };
        match told_of.iter_mut().find(same) {
            Some((_, all)) => all.push(call),
            None => told_of.push((call, vec![call])),
        }
    }
    for (call, all) in told_of {
        let sources: Vec<&str> = all.iter().map(|call| call.source.as_str()).collect();
        let to = if call.destinations.iter().any(|region| region == "*") {
            words.anywhere.to_owned()
        } else {
            call.destinations.join(", ")
        };
        let (style, mark) = match call.verdict {
            None => (DIM, "·"),
            Some("works") => (GOOD, "✓"),
            Some("fails") => (BAD, "✗"),
            Some(_) => (OPEN, "?"),
        };
        let name = harmless(&call.profile);
        writeln!(out, "  {style}{mark}{style:#} {name}")?;
        writeln!(
            out,
            "      {}",
            wrapped(&format!("{} → {to}", sources.join(", ")), width, 8)
        )?;
    }
    Ok(())
}

/// Says what the policies that were given come to.
fn under_policies(
    evaluation: &UnderPolicies,
    reason: &Reason,
    words: &Words,
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    let title = told(words, "In the policies given", "指定されたポリシーでの該当箇所");
    writeln!(out, "\n{BOLD}{title}{BOLD:#}")?;
    let mut open = |text: &str| writeln!(out, "  {OPEN}?{OPEN:#} {}", wrapped(text, width, 4));
    match evaluation {
        UnderPolicies::Denied { by } => {
            for one in by {
                writeln!(out, "  {BAD}✗{BAD:#} {}", wrapped(&denied_by(one, words), width, 4))?;
            }
            Ok(())
        }
        UnderPolicies::Allowed => {
            let scp = PolicyKind::ServiceControlPolicy;
            let of_scp = matches!(reason, Reason::Explicit { by, .. } | Reason::Implicit { by } if *by == scp);
            open(if of_scp {
                told(
                    words,
                    "None of them denies this evaluation: the message is from other policies, or these have changed \
                     since.",
                    "この評価を拒否するものはありません。メッセージは別のポリシーによるものか、その後変更されています。",
                )
            } else {
                told(
                    words,
                    "None of them denies this evaluation: as the message says, it was not a service control policy.",
                    "この評価を拒否するものはありません。メッセージのとおり、サービスコントロールポリシーによる拒否ではありません。",
                )
            })
        }
        UnderPolicies::Undecided { by, depends_on } => {
            let keys = depends_on.join(", ");
            open(&match words.language {
                En => format!("It depends on what the message does not tell ({keys}) whether they deny it."),
                Ja => format!("拒否するかどうかは、メッセージから分からない条件キー（{keys}）によります。"),
            })?;
            let asked = |key: &str| depends_on.iter().any(|known| &**known == key);
            if asked("aws:requestedregion") {
                open(told(
                    words,
                    "Name the Region that was called: --source REGION.",
                    "呼び出したリージョンを --source REGION で指定してください。",
                ))?;
            }
            if asked("bedrock:inferenceprofilearn") {
                open(told(
                    words,
                    "It matters which profile was called, and the message does not name it.",
                    "どのプロファイルを呼び出したかによりますが、メッセージには含まれません。",
                ))?;
            }
            by.iter().try_for_each(|one| {
                let text = denied_by(one, words);
                open(&match words.language {
                    En => format!("Perhaps: {text}"),
                    Ja => format!("可能性あり: {text}"),
                })
            })
        }
        UnderPolicies::Exempt { why } => open(words.exempt(*why)),
        UnderPolicies::NotEvaluated {
            why: NotEvaluated::NoAction,
        } => open(told(
            words,
            "This cannot be evaluated: the message names no action.",
            "メッセージにアクションがないため、評価できません。",
        )),
        UnderPolicies::NotEvaluated {
            why: NotEvaluated::NoResource,
        } => open(told(
            words,
            "This cannot be evaluated: the message names no resource, or none that can be read.",
            "メッセージにリソースがないか読み取れないため、評価できません。",
        )),
    }
}

fn denied_by(one: &DeniedHere, words: &Words) -> String {
    let by = words.statement(one.statement.as_deref(), &one.policy, &one.level);
    let what = match (one.resource, words.language) {
        ("foundation-model", En) => "the model",
        ("foundation-model", Ja) => "モデル",
        ("profile", En) => "the inference profile itself",
        ("profile", Ja) => "推論プロファイル自体",
        ("guardrail-profile", En) => "the guardrail's profile",
        ("guardrail-profile", Ja) => "ガードレールプロファイル",
        (_, En) => "the action",
        (_, Ja) => "アクション",
    };
    let region = match (one.region.as_deref(), words.language) {
        (None, _) => String::new(),
        (Some(UNSPECIFIED), En) => "without a Region: ".to_owned(),
        (Some(UNSPECIFIED), Ja) => "リージョンなし: ".to_owned(),
        (Some(region), _) => format!("{region}: "),
    };
    match (one.kind, words.language) {
        (DeniedBy::Explicit, En) => format!("{region}{what} is denied by {by}"),
        (DeniedBy::Implicit, En) => format!("{region}{what} is allowed by no statement of {by}"),
        (DeniedBy::Explicit, Ja) => format!("{region}{by}が{what}を拒否"),
        (DeniedBy::Implicit, Ja) => format!("{region}{by}に{what}を許可するステートメントがない"),
    }
}

/// Says in one sentence what denied what.
fn headline(explanation: &Explanation, words: &Words) -> String {
    let message = &explanation.message;
    let region = message.resource.as_ref().and_then(DeniedResource::region);
    let what = match (&message.resource, words.language) {
        (Some(DeniedResource::FoundationModel { .. }), En) => "the model",
        (Some(DeniedResource::FoundationModel { .. }), Ja) => "モデル",
        (Some(DeniedResource::Profile { .. } | DeniedResource::ApplicationProfile { .. }), En) => {
            "the inference profile itself"
        }
        (Some(DeniedResource::Profile { .. } | DeniedResource::ApplicationProfile { .. }), Ja) => {
            "推論プロファイル自体"
        }
        (_, En) => "the call",
        (_, Ja) => "呼び出し",
    };
    match (&message.reason, words.language) {
        (Reason::Explicit { by, .. }, En) => {
            let place = place_en(region);
            format!("A statement of a {} denies {what}{place}", kind(*by, words))
        }
        (Reason::Implicit { by }, En) => {
            let place = place_en(region);
            format!("No {} allows {what}{place}", kind(*by, words))
        }
        (Reason::Explicit { by, .. }, Ja) => {
            let place = place_ja(region);
            format!("{}のステートメントが{place}{what}を拒否しています", kind(*by, words))
        }
        (Reason::Implicit { by }, Ja) => {
            let place = place_ja(region);
            format!("{}で{place}{what}が許可されていません", kind(*by, words))
        }
        (Reason::ModelAccess, En) => "The account has no access to the model".to_owned(),
        (Reason::ModelAccess, Ja) => "アカウントがモデルを利用できません".to_owned(),
        (Reason::Subscription, En) => "The caller may not subscribe to the model in AWS Marketplace".to_owned(),
        (Reason::Subscription, Ja) => "呼び出し元に AWS Marketplace でのサブスクライブ権限がありません".to_owned(),
        (Reason::Legacy, En) => "The model is a legacy one".to_owned(),
        (Reason::Legacy, Ja) => "レガシーモデルです".to_owned(),
        (Reason::Unexplained, En) => "The call was denied, and the message does not say by what".to_owned(),
        (Reason::Unexplained, Ja) => "呼び出しは拒否されましたが、メッセージに理由がありません".to_owned(),
    }
}

/// Global profiles need the model without a Region.
fn place_en(region: Option<&str>) -> String {
    match region {
        None => String::new(),
        Some(UNSPECIFIED) => " without a Region, which a global profile needs".to_owned(),
        Some(region) => format!(" in {region}"),
    }
}

fn place_ja(region: Option<&str>) -> String {
    match region {
        None => String::new(),
        Some(UNSPECIFIED) => "、グローバルプロファイルに必要なリージョン指定のない".to_owned(),
        Some(region) => format!(" {region} の"),
    }
}

fn kind(by: PolicyKind, words: &Words) -> &'static str {
    match (by, words.language) {
        (PolicyKind::ServiceControlPolicy, En) => "service control policy",
        (PolicyKind::ServiceControlPolicy, Ja) => "サービスコントロールポリシー",
        (PolicyKind::ResourceControlPolicy, En) => "resource control policy",
        (PolicyKind::ResourceControlPolicy, Ja) => "リソースコントロールポリシー",
        (PolicyKind::IdentityBased, En) => "policy of the user or role",
        (PolicyKind::IdentityBased, Ja) => "ユーザーまたはロールのポリシー",
        (PolicyKind::ResourceBased, En) => "policy of the resource",
        (PolicyKind::ResourceBased, Ja) => "リソースのポリシー",
        (PolicyKind::PermissionsBoundary, En) => "permissions boundary",
        (PolicyKind::PermissionsBoundary, Ja) => "アクセス許可の境界",
        (PolicyKind::Session, En) => "session policy",
        (PolicyKind::Session, Ja) => "セッションポリシー",
        (PolicyKind::VpcEndpoint, En) => "VPC endpoint policy",
        (PolicyKind::VpcEndpoint, Ja) => "VPC エンドポイントのポリシー",
    }
}

fn told(words: &Words, en: &'static str, ja: &'static str) -> &'static str {
    match words.language {
        En => en,
        Ja => ja,
    }
}
