//! Why a finding was made.

use std::collections::BTreeSet;

use crate::{
    cloudtrail::BlockedRegion,
    decision::{self, DenyingStatement, EvidenceGap, Violation},
    region::Region,
};

pub(in crate::texts) fn violation(violation: &Violation) -> String {
    match violation {
        Violation::DestinationNotAllowed { destination, allowed } => {
            let allowed = listed(allowed);
            format!("プロンプトが、ポリシーで許可されていない {destination} で処理されました（許可: {allowed}）")
        }
        Violation::SourceNotAllowed { source_region, allowed } => {
            let allowed = listed(allowed);
            format!(
                "ポリシーで送信元リージョンとして許可されていない {source_region} で Bedrock が呼び出されました（許可: {allowed}）"
            )
        }
        Violation::GlobalProfile { profile } => format!(
            "グローバル推論プロファイル {profile} が使用されました。プロンプトはどの商用リージョンでも処理される可能性があります"
        ),
        Violation::ProfileNotAllowed { profile } => {
            format!("ポリシーの許可リストにない推論プロファイル {profile} が使用されました")
        }
        Violation::DestinationNotListed {
            destination,
            profile,
            source_region,
            listed_at,
        } => format!(
            "送信元リージョン {source_region} の {profile} の送信先として AWS のリストにない {destination} で、\
            プロンプトが処理されました（リストの取得: {listed_at}）"
        ),
        Violation::DestinationNotListedForModel {
            destination,
            model,
            source_region,
            listed_at,
        } => format!(
            "送信元リージョン {source_region} にある {model} のどの推論プロファイルの送信先としても AWS のリストにない \
            {destination} で、プロンプトが処理されました（リストの取得: {listed_at}）"
        ),
        Violation::DeniedByScp {
            profile,
            blocked,
            policy,
            explicit: _,
            by,
        } => {
            let policy = policy.as_ref().map_or(
                "（名前はエラーメッセージに記載なし）".to_owned(),
                |policy| format!(" {policy} "),
            );
            let blocked = blocked_region(blocked);
            format!(
                "サービスコントロールポリシー (SCP){policy}が {profile} の{blocked}をブロックしているため、\
                このプロファイルを使用する呼び出しはすべて失敗します{}",
                by.iter().map(denying).collect::<String>()
            )
        }
    }
}

fn denying(by: &DenyingStatement) -> String {
    let DenyingStatement {
        policy,
        policy_name,
        statement,
        as_of,
    } = by;
    let name = policy_name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    format!("（{policy}{name} のステートメント {statement} による拒否、{as_of} 時点）")
}

pub(in crate::texts) fn evidence_gap(gap: &EvidenceGap) -> String {
    match gap {
        EvidenceGap::RegionNotReported { profile, not_allowed } => {
            let not_allowed = listed(not_allowed);
            format!(
                "処理されたリージョンが CloudTrail レコードに記載されていません。{profile} は、ポリシーで許可されていない \
                {not_allowed} にルーティングされる可能性があります"
            )
        }
        EvidenceGap::GlobalRegionNotReported { profile } => format!(
            "処理されたリージョンが CloudTrail レコードに記載されていません。{profile} は、どの商用リージョンにもルーティングされる可能性があります"
        ),
        EvidenceGap::StreamRegionNotReported => {
            "ストリーム終了時の CloudTrail レコードに、処理されたリージョンが記載されていません".to_owned()
        }
        EvidenceGap::RegionUnreadable { reported } => {
            format!("CloudTrail レコードの inferenceRegion がリージョン名ではありません: `{reported}`")
        }
        EvidenceGap::ProfileNotCatalogued {
            profile,
            source_region,
            as_of,
        } => format!(
            "{as_of} 時点のカタログには、送信元リージョン {source_region} の {profile} が記載されていないため、\
            送信先リージョンを特定できません"
        ),
        EvidenceGap::DestinationNotCatalogued {
            destination,
            profile,
            source_region,
            as_of,
        } => format!(
            "{destination} で処理されましたが、{as_of} 時点のカタログには、送信元リージョン {source_region} の {profile} の\
            送信先として記載されていません。呼び出しの前後 1 日以内に取得したアカウント自身のリストからも、このプロファイルの送信先はわかりません"
        ),
        EvidenceGap::DestinationNotCataloguedForModel {
            destination,
            model,
            source_region,
            as_of,
        } => format!(
            "{destination} で処理されましたが、{as_of} 時点のカタログには、送信元リージョン {source_region} にある {model} の\
            どの推論プロファイルの送信先としても記載されていません。呼び出しの前後 1 日以内に取得したアカウント自身のリストにも、このモデルのプロファイルはありません"
        ),
        EvidenceGap::UnknownModelId { id } => {
            format!("`{id}` は、既知のプロバイダー名と地域名のいずれでも始まらない ID です")
        }
        EvidenceGap::ApplicationProfileUnresolved { arn } => {
            format!(
                "{arn} はアプリケーション推論プロファイルであり、その作成元は CloudTrail レコードに記載されていません"
            )
        }
        EvidenceGap::IndirectTarget { arn } => {
            format!("{arn} が参照するモデルまたは推論プロファイルは、CloudTrail レコードに記載されていません")
        }
        EvidenceGap::ModelNotNamed => "CloudTrail レコードにモデルが記載されていません".to_owned(),
        EvidenceGap::BlockedRegionNotNamed { profile } => format!(
            "サービスコントロールポリシー (SCP) が {profile} を拒否しましたが、エラーメッセージにリージョンが記載されていません"
        ),
        EvidenceGap::DenialNotExplained { profile } => format!(
            "{profile} の呼び出しが拒否されましたが、何によって拒否されたかを示すメッセージが CloudTrail レコードにありません。\
            サービスコントロールポリシー (SCP) による可能性があります"
        ),
        EvidenceGap::PlaceNotKnown { account } => format!(
            "組織単位 (OU) によって適用されるポリシーが異なりますが、呼び出しの時点でアカウント {account} が組織内の\
            どこに属していたかが分かりません（夜間の確認で組織とアカウントを読み取れれば、記録されます）"
        ),
        EvidenceGap::PolicyUnresolved { account, reason } => {
            format!("アカウント {account} に適用されるポリシーを特定できません: {reason}")
        }
    }
}

fn blocked_region(blocked: &BlockedRegion) -> String {
    match blocked {
        BlockedRegion::Region(region) => format!("送信先リージョン {region} "),
        BlockedRegion::Unspecified => "送信先 `unspecified`（グローバル推論の送信先）".to_owned(),
        BlockedRegion::NotNamed => "送信先のうち、エラーメッセージに記載のないリージョン".to_owned(),
    }
}

/// Writes Regions as people list them, shortened as in English.
fn listed(regions: &BTreeSet<Region>) -> String {
    let (shown, more) = decision::shortened(regions);
    match (shown.is_empty(), more) {
        (true, _) => "なし".to_owned(),
        (false, 0) => shown.join("、"),
        (false, more) => format!("{} ほか {more} リージョン", shown.join("、")),
    }
}
