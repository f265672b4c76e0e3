//! `crisguard scp template`: writes a policy to start from.

use crisguard_core::{
    catalog::Catalogue,
    policy::{Language, Policy, RegionSet},
    region::SourceRegion,
    scp::{
        reach::{Call, Target, leaves},
        templates::{Attachment, Template, TemplateError, Wanted},
    },
};

use crate::command::{
    Status,
    arguments::{Place, TemplateArguments},
    console::{Console, DIM},
    failure::Failure,
    policy_file::PolicyFile,
    text::wrapped,
};

/// Writes the policy to the output, and what is to be known about it to the errors.
pub(crate) fn run(arguments: &TemplateArguments, console: &mut Console<'_>) -> Result<Status, Failure> {
    let Some(template) = Template::named(&arguments.name) else {
        return Ok(Status::Incomplete);
    };
    let place = Place {
        account: arguments.account.clone(),
        organization_path: None,
    };
    let policy = match &arguments.policy {
        Some(path) => Some(PolicyFile::read(path, console.input)?.at(&place)?),
        None => None,
    };
    let catalogue = Catalogue::embedded()?;
    let sources = sources(arguments, policy.as_ref());
    let failure = |error: TemplateError| Failure::Template {
        name: template.name(),
        error: Box::new(error),
    };
    let wanted = Wanted {
        targets: targets(arguments, policy.as_ref(), &sources, &catalogue),
        sources,
        account: arguments.account.clone(),
        guardrails: arguments.guardrail.clone(),
    };
    let written = template.write(&wanted).map_err(failure)?;
    console.write_json(&written)?;
    for note in notes(template, &wanted, arguments.language.into()) {
        writeln!(console.errors, "{DIM}{}{DIM:#}", wrapped(&note, console.width, 2))?;
    }
    Ok(Status::Clean)
}

fn sources(arguments: &TemplateArguments, policy: Option<&Policy>) -> Vec<SourceRegion> {
    if !arguments.source.is_empty() {
        return arguments.source.iter().cloned().map(SourceRegion).collect();
    }
    match policy.map(Policy::source_regions) {
        Some(RegionSet::Only(regions)) => regions.iter().cloned().map(SourceRegion).collect(),
        Some(RegionSet::Every) | None => Vec::new(),
    }
}

/// Returns the calls that must work: those that the policy permits and that stay, or those that are named.
fn targets(
    arguments: &TemplateArguments,
    policy: Option<&Policy>,
    sources: &[SourceRegion],
    catalogue: &Catalogue,
) -> Vec<Target> {
    let mut globs: Vec<&str> = arguments.profile.iter().map(String::as_str).collect();
    if globs.is_empty() && policy.is_some() {
        globs.push("*");
    }
    let mut targets: Vec<Target> = Vec::new();
    for target in globs.iter().flat_map(|glob| Target::profiles(glob, sources, catalogue)) {
        let permitted = policy.is_none_or(|policy| match &target.call {
            Call::Profile(profile) => policy.permits_profile(profile) && leaves(&target, policy).is_empty(),
            _ => false,
        });
        if permitted && !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

/// Says where the policy goes, what was evaluated, and what to be careful about.
fn notes(template: Template, wanted: &Wanted, language: Language) -> Vec<String> {
    let count = wanted.targets.len();
    let attach = match (template.attachment(), language) {
        (Attachment::Organization, Language::En) => {
            "A service control policy: attach it to a unit, and try it on one account first. It lifts no deny of \
             another policy; `crisguard reach` shows what both together come to."
        }
        (Attachment::Organization, Language::Ja) => {
            "サービスコントロールポリシーです。まず 1 アカウントで試してから OU にアタッチしてください。他のポリシーの拒否は解除されません。\
             合わせた結果は `crisguard reach` で確認できます。"
        }
        (Attachment::Identity, Language::En) => {
            "A policy of a user or role. Service control policies above the account must let the calls through, too: \
             `crisguard reach`."
        }
        (Attachment::Identity, Language::Ja) => {
            "ユーザーまたはロールのポリシーです。上位のサービスコントロールポリシーでも許可されている必要があります（`crisguard reach`）。"
        }
        (Attachment::Endpoint, Language::En) => "The policy of a VPC endpoint for bedrock-runtime.",
        (Attachment::Endpoint, Language::Ja) => "bedrock-runtime 用 VPC エンドポイントのポリシーです。",
    };
    let mut notes = vec![attach.to_owned()];
    match (template, language) {
        (Template::RegionDeny, Language::En) => {
            notes.push(format!(
                "{count} calls through inference profiles were evaluated under it, and work. Take it in place of the \
                 Region deny that stands, and exempt the roles that must work everywhere with \
                 `ArnNotLike` `aws:PrincipalArn`."
            ));
        }
        (Template::RegionDeny, Language::Ja) => {
            notes.push(format!(
                "{count} 件の推論プロファイル呼び出しを評価し、動作することを確認しました。既存のリージョン拒否と置き換え、全リージョンで動くべきロールは \
                 `ArnNotLike` `aws:PrincipalArn` で除外してください。"
            ));
        }
        (Template::RequireGuardrail, Language::En) => notes.push(
            "Agents, knowledge bases and batch jobs call models without this key: they fail where it is attached."
                .to_owned(),
        ),
        (Template::RequireGuardrail, Language::Ja) => notes.push(
            "エージェント、ナレッジベース、バッチジョブはこのキーなしでモデルを呼び出すため、アタッチ先では失敗します。".to_owned(),
        ),
        _ => {}
    }
    notes
}
