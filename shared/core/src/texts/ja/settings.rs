//! Why settings are as they must be, or are not.

use crate::posture::{NotObserved, PostureBasis, PostureGap, PostureViolation, RuleProblem};

pub(in crate::texts) fn basis(basis: &PostureBasis) -> String {
    match basis {
        PostureBasis::RulesStand { region } => {
            format!("{region} の crisguard のルールは、適用中のポリシーのとおりに設定されています")
        }
        PostureBasis::RegionNotEnabled { region } => {
            format!("{region} は、このアカウントで有効になっていません")
        }
    }
}

pub(in crate::texts) fn violation(violation: &PostureViolation) -> String {
    match violation {
        PostureViolation::RulesDoNotReceive {
            region,
            problems,
            not_observed,
        } => {
            let problems = problems.iter().map(problem).collect::<Vec<_>>().join("、");
            let besides = if not_observed.is_empty() {
                String::new()
            } else {
                format!("（ほかに確認できない項目あり: {}）", unseen(not_observed))
            };
            format!("{region} の crisguard のルールに問題があります: {problems}{besides}")
        }
    }
}

pub(in crate::texts) fn gap(gap: &PostureGap) -> String {
    match gap {
        PostureGap::NotObserved { region, not_observed } => format!(
            "{region} の crisguard のルールに問題がないかどうかを確認できません: {}",
            unseen(not_observed)
        ),
        PostureGap::RegionsNotListed { region, not_observed } => format!(
            "アカウントで有効なリージョンの一覧を取得できないため、{region} とポリシーに記載された送信元リージョン以外では、\
             crisguard のルールに問題がないかどうかを確認できません: {}",
            unseen(not_observed)
        ),
    }
}

/// Names one thing that is wrong: these stand in a list, so they end in a noun.
fn problem(problem: &RuleProblem) -> String {
    let (what, which) = match problem {
        RuleProblem::Missing { rules } => ("存在しないルール".to_owned(), listed(rules)),
        RuleProblem::State { state, rules } => (
            format!("状態が ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS ではなく {state} のルール"),
            listed(rules),
        ),
        RuleProblem::Pattern { rules } => (
            "イベントパターンが crisguard のものと異なるルール".to_owned(),
            listed(rules),
        ),
        RuleProblem::OtherPolicy { policy_sha256, rules } => {
            let from = policy_sha256.as_deref().map_or_else(
                || "説明に記載のないポリシー".to_owned(),
                |sha256| format!("ポリシー {}… ", sha256.chars().take(12).collect::<String>()),
            );
            (
                format!("適用中のポリシーではなく、{from}から作成されたルール"),
                listed(rules),
            )
        }
        RuleProblem::TargetMissing { target, rules } => (format!("{target} に送信していないルール"), listed(rules)),
        RuleProblem::TargetUnknown { target, rules } => (
            format!("crisguard のものではないターゲット {target} に送信しているルール"),
            listed(rules),
        ),
        RuleProblem::TargetRewrites { rules } => ("イベントを書き換えて送信しているルール".to_owned(), listed(rules)),
        RuleProblem::BusMissing { bus } => ("存在しないイベントバス".to_owned(), bus.clone()),
        RuleProblem::BusPolicy { bus } => (
            "リソースポリシーが crisguard の設定と異なるイベントバス".to_owned(),
            bus.clone(),
        ),
        RuleProblem::NothingArrived { calls, hours } => {
            return format!("{hours} 時間以内に成功した Bedrock の呼び出し {calls} 件に対して、届いたイベントは 0 件");
        }
    };
    format!("{what}（{which}）")
}

fn unseen(not_observed: &[NotObserved]) -> String {
    let each = not_observed.iter().map(|item| {
        let NotObserved { action, cause } = item;
        format!("{action} の失敗（{cause}）")
    });
    each.collect::<Vec<_>>().join("、")
}

fn listed(rules: &[String]) -> String {
    rules.join("、")
}
