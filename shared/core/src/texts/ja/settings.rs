//! Why settings are as they must be, or are not.

use super::wrong;
use crate::posture::{NotObserved, PostureBasis, PostureGap, PostureViolation, RuleProblem};

pub(in crate::texts) fn basis(basis: &PostureBasis) -> String {
    match basis {
        PostureBasis::RulesStand { region } => {
            format!("{region} の crisguard のルールは、適用中のポリシーのとおりに設定されています")
        }
        PostureBasis::AsAsked { region } => format!("{region} の設定に問題はありません"),
        PostureBasis::NotInUse { region, days } => format!(
            "{region} では Bedrock は使用されていません（過去 {days} 日間の呼び出しがなく、ポリシーにも記載がありません）"
        ),
        PostureBasis::NotAsked { region } => format!("{region} について、ポリシーはこの設定を求めていません"),
        PostureBasis::NothingThere { region } => format!("{region} には対象となるものがありません"),
        PostureBasis::ManagementAccount { region } => format!(
            "組織の管理アカウントにはサービスコントロールポリシー (SCP) が適用されないため、{region} のプロファイルが SCP により失敗することも、制限されることもありません"
        ),
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
            let problems = problems.iter().map(problem).collect::<Vec<_>>().join("。");
            let besides = besides(not_observed.iter().map(unseen));
            format!("{region} の crisguard のルールに問題があります: {problems}{besides}")
        }
        PostureViolation::Settings {
            region,
            problems,
            unknown,
        } => {
            let problems = problems.iter().map(wrong::problem).collect::<Vec<_>>().join("。");
            let besides = besides(unknown.iter().map(wrong::unknown));
            format!("{region} の設定に問題があります: {problems}{besides}")
        }
    }
}

pub(in crate::texts) fn gap(gap: &PostureGap) -> String {
    match gap {
        PostureGap::NotObserved { region, not_observed } => format!(
            "{region} の crisguard のルールに問題がないかどうかを確認できません: {}",
            listed_unseen(not_observed)
        ),
        PostureGap::Settings { region, unknown } => format!(
            "{region} の設定に問題がないかどうかを確認できません: {}",
            unknown.iter().map(wrong::unknown).collect::<Vec<_>>().join("、")
        ),
        PostureGap::RegionsNotListed { region, not_observed } => format!(
            "アカウントで有効なリージョンのすべては把握できないため、crisguard のルールを確認できたのは、\
             {region} を含む一部のリージョンだけです: {}",
            listed_unseen(not_observed)
        ),
    }
}

/// Tells one thing that is wrong in a sentence, without the full stop at its end.
fn problem(problem: &RuleProblem) -> String {
    let (what, which) = match problem {
        RuleProblem::Missing { rules } => ("ルールが存在しません".to_owned(), listed(rules)),
        RuleProblem::State { state, rules } => (
            format!("状態が ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS ではなく {state} です"),
            listed(rules),
        ),
        RuleProblem::Pattern { rules } => (
            "イベントパターンが crisguard のものと異なります".to_owned(),
            listed(rules),
        ),
        RuleProblem::OtherPolicy { policy_sha256, rules } => {
            let what = policy_sha256.as_deref().map_or_else(
                || {
                    "適用中のポリシーから作成されたものではなく、作成元のポリシーはルールの説明に記載されていません"
                        .to_owned()
                },
                |sha256| {
                    let from: String = sha256.chars().take(12).collect();
                    format!("適用中のポリシーではなく、ポリシー {from}… から作成されています")
                },
            );
            (what, listed(rules))
        }
        RuleProblem::TargetMissing { target, rules } => {
            (format!("イベントを {target} に送信していません"), listed(rules))
        }
        RuleProblem::TargetUnknown { target, rules } => (
            format!("crisguard のものではないターゲット {target} にイベントを送信しています"),
            listed(rules),
        ),
        RuleProblem::TargetRewrites { rules } => ("イベントを書き換えて送信しています".to_owned(), listed(rules)),
        RuleProblem::BusMissing { bus } => ("イベントバスが存在しません".to_owned(), bus.clone()),
        RuleProblem::BusPolicy { bus } => (
            "イベントバスのリソースポリシーが crisguard の設定と異なります".to_owned(),
            bus.clone(),
        ),
        RuleProblem::NothingArrived { calls, hours } => {
            return format!(
                "過去 {hours} 時間に Bedrock の呼び出しが {calls} 件成功していますが、イベントは 1 件も届いていません"
            );
        }
    };
    format!("{what}（{which}）")
}

/// Adds what cannot be told besides what is wrong.
fn besides(unknown: impl Iterator<Item = String>) -> String {
    let unknown: Vec<String> = unknown.collect();
    if unknown.is_empty() {
        String::new()
    } else {
        format!("（ほかに確認できない項目あり: {}）", unknown.join("、"))
    }
}

fn listed_unseen(not_observed: &[NotObserved]) -> String {
    not_observed.iter().map(unseen).collect::<Vec<_>>().join("、")
}

/// Tells what could not be looked at.
pub(super) fn unseen(NotObserved { action, cause, .. }: &NotObserved) -> String {
    format!("{action} に失敗（{cause}）")
}

fn listed(rules: &[String]) -> String {
    rules.join("、")
}
