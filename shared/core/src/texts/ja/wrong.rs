//! What is wrong with settings, and what cannot be told of them.

use super::settings::unseen;
use crate::{
    posture::{Problem, Resource, Unknown, Wrong},
    region::Region,
};

/// Tells one thing that is wrong in a sentence, without the full stop at its end.
pub(super) fn problem(Problem { of, wrong }: &Problem) -> String {
    let what = told(wrong);
    if of.is_empty() {
        return what;
    }
    let of: Vec<String> = of.iter().map(resource).collect();
    format!("{what}（{}）", of.join("、"))
}

/// Tells what cannot be told.
pub(super) fn unknown(unknown: &Unknown) -> String {
    match unknown {
        Unknown::NotReached => "時間内に確認が終わりませんでした".to_owned(),
        Unknown::NotObserved(not_observed) => unseen(not_observed),
        Unknown::ModalityUnstated { modality } => {
            format!("{modality} データを記録するかどうかが、ログ記録の設定に含まれていません")
        }
        Unknown::DataRetentionUnstated => "データ保持モードが、Bedrock の応答に含まれていません".to_owned(),
        Unknown::DestinationsNotListed { profile } => {
            format!("{profile} の送信先リージョンが、どの一覧にもありません")
        }
        Unknown::DependsOnTheCall { profiles, keys } => format!(
            "{} の呼び出しが可能かどうかは、呼び出しごとに異なる {} に依存します",
            profiles.join("、"),
            keys.join("、")
        ),
        Unknown::OtherAccounts { of } => {
            format!(
                "ほかのアカウントのものであるため、設定を確認できません（{}）",
                resource(of)
            )
        }
        Unknown::NotUnderstood { of, part } => format!("{part} の内容を解釈できません（{}）", resource(of)),
    }
}

fn resource(resource: &Resource) -> String {
    let kind = match resource {
        Resource::Bucket(_) => "バケット",
        Resource::LogGroup(_) => "ロググループ",
        Resource::Trail(_) => "証跡",
        Resource::Guardrail(_) => "ガードレール",
        Resource::Profile(_) => "推論プロファイル",
        Resource::CustomModel(_) => "カスタムモデル",
        Resource::ImportedModel(_) => "インポートしたモデル",
        Resource::KnowledgeBase(_) => "ナレッジベース",
        Resource::DataSource(_) => "データソース",
        Resource::Agent(_) => "エージェント",
        Resource::BatchJob(_) => "バッチ推論ジョブ",
        Resource::VpcEndpoint(_) => "VPC エンドポイント",
        Resource::Principal(_) => "プリンシパル",
        Resource::ApiKey(_) => "API キー",
    };
    format!("{kind} {}", resource.name())
}

fn told(wrong: &Wrong) -> String {
    match wrong {
        Wrong::LoggingOff => "モデル呼び出しのログ記録が無効です".to_owned(),
        Wrong::NoDestination => "ログ記録の設定に、バケットもロググループも指定されていません".to_owned(),
        Wrong::Missing => "存在しません".to_owned(),
        Wrong::OtherAccount => "ほかのアカウントのものです".to_owned(),
        Wrong::OtherRegion { region } => format!("別のリージョン {region} にあります"),
        Wrong::ModalityOff { modality } => format!("{modality} データが記録されません"),
        Wrong::LargeDataLost => {
            "バイナリデータと 100 KB を超えるデータは記録できず、それらを配信するバケットも指定されていません"
                .to_owned()
        }
        Wrong::WithoutCustomerKey => "カスタマーマネージドキーで暗号化されていません".to_owned(),
        Wrong::KeyNotByArn { key } => {
            format!("キーが ARN ではなく {key} で指定されています（サービスによる書き込みには ARN が必要です）")
        }
        Wrong::KeyMissing => "暗号化に使用するキーが存在しません".to_owned(),
        Wrong::KeyNotEnabled { state } => {
            format!("暗号化に使用するキーの状態が {state} のため、書き込みも読み取りもできません")
        }
        Wrong::PublicAccessNotBlocked => {
            "パブリックアクセスのブロックの 4 項目すべてが有効になってはいません".to_owned()
        }
        Wrong::AclsOn => "アクセスコントロールリスト（ACL）が有効です".to_owned(),
        Wrong::PlainHttpAllowed => "バケットポリシーが、TLS を使用しないリクエストを拒否していません".to_owned(),
        Wrong::BedrockMayNotWrite => {
            "バケットポリシーが、このアカウントのログを Bedrock が書き込むことを許可していません".to_owned()
        }
        Wrong::BedrockMayWriteForOthers => {
            "バケットポリシーが、ほかのアカウントのログを Bedrock が書き込むことも許可しています".to_owned()
        }
        Wrong::DeletedEarly { days, asked } => {
            format!("ログが {days} 日で削除されます（ポリシーが求める期間は {asked} 日）")
        }
        Wrong::DeletedOnADay => "指定された日に、新しいログも含めてすべて削除されます".to_owned(),
        Wrong::DeliveriesFailed { failures } => format!("過去 24 時間に、ログの配信が {failures} 件失敗しています"),
        Wrong::NoTrail => "イベントを記録する証跡がありません".to_owned(),
        Wrong::TrailStopped => "ログ記録が停止しています".to_owned(),
        Wrong::TrailNotDelivering { error } => format!("バケットに配信できていません（{error}）"),
        Wrong::TrailOfOneRegion { region } => format!("{region} だけを記録しています"),
        Wrong::TrailWithoutReads => {
            "Bedrock の読み取り専用の管理イベント（モデルの呼び出し）を記録していません".to_owned()
        }
        Wrong::TrailRecordsSome => "イベントセレクターにより、モデルの呼び出しの一部が記録されません".to_owned(),
        Wrong::RetentionNotAllowed { mode } => format!("データ保持モードが {mode} です"),
        Wrong::GuardrailLeaves { profile, regions } => {
            format!(
                "検査する内容が、{profile} を通じて {} に送られることがあります",
                listed(regions)
            )
        }
        Wrong::NoEnforcedGuardrail => "すべての呼び出しに強制されるガードレールがありません".to_owned(),
        Wrong::ModelsWithoutGuardrail { models } => {
            format!("次のモデルにはガードレールが強制されていません: {}", models.join("、"))
        }
        Wrong::GuardrailForSome { models } => {
            format!(
                "ガードレールが強制されているのは次のモデルだけです: {}",
                models.join("、")
            )
        }
        Wrong::Reaches { regions } => format!("{} に送られることがあります", listed(regions)),
        Wrong::ReachesEverywhere => "すべての商用リージョンに送られることがあります".to_owned(),
        Wrong::DeniedByStatement { .. }
        | Wrong::AllowedByNoStatement { .. }
        | Wrong::LetLeave { .. }
        | Wrong::LetLeaveEverywhere => under_scps(wrong),
        Wrong::WithoutGuardrail => "ガードレールが設定されていません".to_owned(),
        Wrong::OutputLeaves { bucket, region } => format!("出力先のバケット {bucket} が {region} にあります"),
        Wrong::NoVpcEndpoint => "bedrock-runtime の VPC エンドポイントがありません".to_owned(),
        Wrong::EndpointNotAvailable { state } => format!("状態が {state} です"),
        Wrong::EndpointUnrestricted => {
            "エンドポイントポリシーが、すべてのプリンシパルにすべての操作を許可しています".to_owned()
        }
        Wrong::InvokesEverything { policy } => {
            format!("{policy} で指定されていないモデルや推論プロファイルの呼び出しが許可されています")
        }
        Wrong::ManagesAndInvokes { action } => {
            format!("モデルの呼び出しと {action} の両方が許可されています")
        }
        Wrong::NeverExpires => "有効期限がありません".to_owned(),
        Wrong::ExpiresLate { expires, days } => format!("有効期限が {expires} で、有効期間が {days} 日を超えています"),
    }
}

/// Tells what service control policies do to a profile; of anything else, nothing.
fn under_scps(wrong: &Wrong) -> String {
    match wrong {
        Wrong::DeniedByStatement {
            policy,
            policy_name,
            statement,
            regions,
        } => {
            let name = policy_name.as_ref().map_or(" ".to_owned(), |name| format!("（{name}）"));
            format!(
                "サービスコントロールポリシー (SCP) {policy}{name}のステートメント {statement} により {} で拒否され、呼び出しが失敗します",
                regions.join("、")
            )
        }
        Wrong::AllowedByNoStatement {
            level,
            policies,
            regions,
        } => format!(
            "{level} のサービスコントロールポリシー (SCP)（{policies}）のいずれにも {} での許可がなく、呼び出しが失敗します",
            regions.join("、")
        ),
        Wrong::LetLeave { regions } => format!(
            "呼び出しが可能で、サービスコントロールポリシー (SCP) で制限されておらず、{} で処理されることがあります",
            listed(regions)
        ),
        Wrong::LetLeaveEverywhere => {
            "呼び出しが可能で、サービスコントロールポリシー (SCP) で制限されておらず、すべての商用リージョンで処理されることがあります".to_owned()
        }
        _ => String::new(),
    }
}

fn listed(regions: &[Region]) -> String {
    regions.iter().map(Region::as_str).collect::<Vec<_>>().join("、")
}
