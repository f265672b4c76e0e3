//! An explained message as people read it.

use std::io::{self, Write};

use crisguard_core::{
    policy::Language::{En, Ja},
    scp::denied::{DeniedResource, PolicyKind, Reason},
};

use super::{CallLine, Explanation};
use crate::command::{
    console::{BAD, BOLD, DIM, GOOD, OPEN},
    reach::words::Words,
    text::{harmless, wrapped},
};

/// How wide the column of names is.
const NAMES: usize = 12;

pub(super) fn write(explanation: &Explanation, words: &Words, out: &mut dyn Write, width: usize) -> io::Result<()> {
    let message = &explanation.message;
    writeln!(
        out,
        "{BAD}✗{BAD:#} {BOLD}{}{BOLD:#}\n",
        wrapped(&headline(explanation, words), width, 2)
    )?;
    let mut line = |en: &str, ja: &str, text: Option<&str>| match text {
        Some(text) => {
            let name = if words.language == En { en } else { ja };
            let pad = NAMES.saturating_sub(name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum());
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
    calls(&explanation.calls, words, out, width)?;
    if let Some(denied) = &explanation.denied {
        writeln!(
            out,
            "\n{BOLD}{}{BOLD:#}",
            told(words, "In the policies given", "指定されたポリシーでの該当箇所")
        )?;
        for one in denied {
            let by = words.statement(one.statement.as_deref(), &one.policy, &one.level);
            let text = words.denied(one.resource, &one.region, &by, one.kind);
            writeln!(out, "  {BAD}✗{BAD:#} {}", wrapped(&text, width, 4))?;
        }
        if denied.is_empty() {
            let none = told(
                words,
                "None of them denies this evaluation: the message is from other policies, or these have changed since.",
                "この評価を拒否するものはありません。メッセージは別のポリシーによるものか、その後変更されています。",
            );
            writeln!(out, "  {OPEN}?{OPEN:#} {}", wrapped(none, width, 4))?;
        }
    }
    writeln!(out, "\n{BOLD}{}{BOLD:#}", told(words, "What to do", "対応手順"))?;
    for (step, number) in explanation.advice.iter().zip(1..) {
        writeln!(out, "  {number}. {}", wrapped(step, width, 5))?;
    }
    Ok(())
}

fn calls(calls: &[CallLine], words: &Words, out: &mut dyn Write, width: usize) -> io::Result<()> {
    if calls.is_empty() {
        return Ok(());
    }
    let title = told(words, "Calls that can end so", "この結果になりうる呼び出し");
    writeln!(out, "\n{BOLD}{title}{BOLD:#}")?;
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
            let place = region.map_or_else(String::new, |region| format!(" in {region}"));
            format!("A statement of a {} denies {what}{place}", kind(*by, words))
        }
        (Reason::Implicit { by }, En) => {
            let place = region.map_or_else(String::new, |region| format!(" in {region}"));
            format!("No {} allows {what}{place}", kind(*by, words))
        }
        (Reason::Explicit { by, .. }, Ja) => {
            let place = region.map_or_else(String::new, |region| format!(" {region} の"));
            format!("{}のステートメントが{place}{what}を拒否しています", kind(*by, words))
        }
        (Reason::Implicit { by }, Ja) => {
            let place = region.map_or_else(String::new, |region| format!(" {region} の"));
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
