//! Why something could not be read.

use crate::{
    cloudtrail::{LARGEST_RECORD, MemberProblem, Rejection},
    tally::Unread,
};

pub(in crate::texts) fn unread(why: &Unread) -> String {
    let told = match why {
        Unread::Record(rejection) => return self::rejection(rejection),
        Unread::Empty => "空です。ファイルを取得し直してください",
        Unread::Blank => "空白とコンマのほかに何もありません。書き出したプログラムを確認してください",
        Unread::NothingCame => {
            "入力がありません。書き込むはずのプログラムが何も出力していないため、そのメッセージを確認してください"
        }
        Unread::Utf16 => {
            "UTF-16 です。UTF-8 に変換し（`iconv -f UTF-16 -t UTF-8 FILE`）、変換したものをスキャンしてください"
        }
        Unread::NotJson => "JSON ではありません。ログファイルかどうかを確認し、そうでなければ対象から外してください",
        Unread::InvalidJson => "JSON として正しくありません。次に見分けられるレコードから読み取りを続けています",
        Unread::BreaksOff => {
            "途中で切れています。閉じていない括弧か引用符があり、何かが欠けています。取得し直してください"
        }
        Unread::TooBroken => "壊れている箇所が多すぎるため、残りは読み取っていません。取得し直してください",
        Unread::TooDeep => "リストの入れ子が深すぎます。分割してください",
        Unread::NoObject => {
            "JSON オブジェクトではないため、レコードではありません。ファイルを書き出したプログラムに、ここで問題が起きています"
        }
        Unread::RecordAndList => {
            "レコードの形式ですが、ほかのレコードのリストを含んでいます。読み取ったのはそのリストだけです"
        }
        Unread::NotQuoted(member) => return format!("文字列の `{member}` がありません"),
        Unread::NoRecord => {
            "CloudTrail のレコードでも、そのリストでもありません。ログファイルかどうかを確認し、そうでなければ対象から外してください"
        }
        Unread::Digest => {
            "ログファイルのダイジェストで、レコードはありません（`aws cloudtrail validate-logs` が読み取るものです）。対象から外してください"
        }
        Unread::AnotherEvent => {
            "Bedrock のレコードを含むイベントですが、CloudTrail のイベントとは種類が異なります。レコードそのものをスキャンしてください"
        }
        Unread::GzipBreaksOff => {
            "gzip データが途中で切れています。その前までは読み取りました。ファイルを取得し直してください"
        }
        Unread::GzipDamaged => "gzip データが壊れています。その前までは読み取りました。ファイルを取得し直してください",
        Unread::GzipFollowed => {
            "gzip データの後ろに別のものがあり、それは読み取っていません。ファイルを取得し直すか、その部分を取り除いてください"
        }
        Unread::TooLarge => {
            "展開後の大きさが 1 ファイルの上限を超えており、超えた部分は読み取っていません。分割してください"
        }
        Unread::Failed(error) => {
            return format!("読み取りに失敗しました。その前までは読み取りました: {error}");
        }
        Unread::NotOpened(error) => return format!("読み取れません: {error}"),
        Unread::NoFileInFolder => "このフォルダーにはログファイルがありません",
        Unread::NoSuchName => "この名前に当てはまるファイルはありません",
        Unread::NoSuchPath => "このようなファイルやフォルダーはありません",
        Unread::Pattern(error) => return format!("パターンを解釈できません: {error}"),
        Unread::NotListed(error) => return format!("フォルダーの中を読み取れません: {error}"),
        Unread::NoTally(batch) => {
            return format!("バッチ {batch} の読み取りが失敗し、集計が残っていません。監査をもう一度実行してください");
        }
        Unread::DamagedTally { batch, cause } => {
            return format!("バッチ {batch} の集計を読み取れません。監査をもう一度実行してください: {cause}");
        }
        Unread::RowsWithoutEvidence(rows) => {
            return format!("証跡のない集計の行が {rows} 件あります。元のファイルをもう一度スキャンしてください");
        }
        Unread::Said(text) => text,
    };
    told.to_owned()
}

fn rejection(rejection: &Rejection) -> String {
    match rejection {
        Rejection::NotJson { line, column } => {
            format!("想定された形式の JSON オブジェクトではありません（{line} 行 {column} 列）")
        }
        Rejection::TooLarge { bytes } => {
            format!("{bytes} バイトあります。レコードは最大 {LARGEST_RECORD} バイトです")
        }
        Rejection::Member { path, problem } => {
            let problem = match problem {
                MemberProblem::Absent => "がありません",
                MemberProblem::Empty => "が空です",
                MemberProblem::NoText => "が文字列ではありません",
                MemberProblem::NoRegion => "がリージョン名ではありません",
                MemberProblem::NoTime => "が RFC 3339 形式の時刻ではありません",
                MemberProblem::NoAccount => "が 12 桁のアカウント ID ではありません",
                MemberProblem::AnotherAccount => "が、イベントに含まれるレコードのアカウントと異なります",
                MemberProblem::NoInvocationLog => "が `ModelInvocationLog` ではありません",
            };
            format!("`{path}` {problem}")
        }
    }
}
