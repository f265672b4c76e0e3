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
    text::{counted, wrapped},
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
        targets: targets(arguments, policy.as_ref(), &sources, &catalogue, template.name())?,
        sources,
        account: arguments.account.clone(),
        guardrails: arguments.guardrail.clone(),
    };
    let written = template.write(&wanted).map_err(|error| match (error, &policy) {
        (TemplateError::NoProfile(kind), Some(policy)) if arguments.profile.is_empty() => {
            unpermitted(kind, policy, &wanted.sources, &catalogue, template.name())
        }
        (error, _) => failure(error),
    })?;
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

/// Returns the calls that must work: those that the policy permits and that stay, or those of them that are named.
///
/// A pattern of which nothing comes is refused: the policy that was asked for would be written without it.
fn targets(
    arguments: &TemplateArguments,
    policy: Option<&Policy>,
    sources: &[SourceRegion],
    catalogue: &Catalogue,
    name: &'static str,
) -> Result<Vec<Target>, Failure> {
    let mut targets: Vec<Target> = Vec::new();
    let globs = arguments.profile.iter().map(String::as_str);
    let all = ["*"]
        .into_iter()
        .filter(|_| arguments.profile.is_empty() && policy.is_some());
    for glob in globs.chain(all) {
        let known = Target::profiles(glob, sources, catalogue);
        let (permitted, not): (Vec<Target>, Vec<Target>) = known
            .into_iter()
            .partition(|target| policy.is_none_or(|policy| against(policy, target).is_none()));
        if permitted.is_empty() && !arguments.profile.is_empty() && !sources.is_empty() {
            let asked = glob.to_owned();
            return Err(match policy.zip(not.first()) {
                Some((policy, target)) => Failure::NotPermitted {
                    name,
                    asked,
                    why: against(policy, target).unwrap_or_default(),
                },
                None => Failure::NoSuchProfile {
                    name,
                    asked,
                    sources: sources
                        .iter()
                        .map(|source| source.0.as_str())
                        .collect::<Vec<_>>()
                        .join(", "),
                },
            });
        }
        for target in permitted {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    Ok(targets)
}

/// Says by what a policy does not permit a call; nothing if it permits it, and the call stays.
fn against(policy: &Policy, target: &Target) -> Option<&'static str> {
    let Call::Profile(profile) = &target.call else {
        return Some("it is not a profile of AWS's");
    };
    if profile.is_global() && !policy.permits_global_profiles() {
        return Some("`profiles.global` is deny");
    }
    if !policy.permits_profile(profile) {
        return Some("`profiles.allow` does not list it");
    }
    (!leaves(target, policy).is_empty()).then_some("it can leave `regions.destination`")
}

/// Says why a policy permits no profile of a kind.
fn unpermitted(
    kind: &'static str,
    policy: &Policy,
    sources: &[SourceRegion],
    catalogue: &Catalogue,
    name: &'static str,
) -> Failure {
    let known = Target::profiles("*", sources, catalogue);
    let of_kind = known.iter().find(|target| match &target.call {
        Call::Profile(profile) => kind.split(" or ").any(|kind| (kind == "global") == profile.is_global()),
        _ => false,
    });
    match of_kind.and_then(|target| against(policy, target)) {
        Some(why) => Failure::NotPermitted {
            name,
            asked: format!("any {kind} inference profile"),
            why,
        },
        None => Failure::Template {
            name,
            error: Box::new(TemplateError::NoProfile(kind)),
        },
    }
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
            notes.push(if count == 0 {
                "No inference profile is exempt: calls through those that reach other Regions fail under it. Name those \
                 that must work, such as --profile 'jp.*'."
                    .to_owned()
            } else {
                format!(
                    "{} through inference profiles {} evaluated under it, and work.",
                    counted(count, "call"),
                    if count == 1 { "was" } else { "were" }
                )
            });
            notes.push(
                "Take it in place of the Region deny that stands, and exempt the roles that must work everywhere with \
                 `ArnNotLike` `aws:PrincipalArn`."
                    .to_owned(),
            );
        }
        (Template::RegionDeny, Language::Ja) => {
            notes.push(if count == 0 {
                "除外する推論プロファイルがないため、他のリージョンに到達するプロファイル経由の呼び出しは失敗します。動作させるものを \
                 --profile 'jp.*' のように指定してください。"
                    .to_owned()
            } else {
                format!("{count} 件の推論プロファイル呼び出しを評価し、動作することを確認しました。")
            });
            notes.push(
                "既存のリージョン拒否と置き換え、全リージョンで動くべきロールは `ArnNotLike` `aws:PrincipalArn` で除外してください。"
                    .to_owned(),
            );
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
