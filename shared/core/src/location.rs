//! Where AWS Regions are: the place and the country, as people and records of processing name them.

use crate::{policy::Language, region::Region};

/// Where a Region is.
///
/// What AWS has opened since, and what it keeps secret, is not known: nothing is guessed from a Region's name.
///
/// ```
/// use crisguard_core::{location::Location, policy::Language, region::Region};
/// let osaka: Region = "ap-northeast-3".parse()?;
/// let location = Location::of(&osaka).ok_or("a Region that is not listed")?;
/// assert_eq!(location.place(Language::En), "Osaka");
/// assert_eq!(location.country(Language::Ja), "日本");
/// assert_eq!(location.country_code(), "JP");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    code: &'static str,
    place: (&'static str, &'static str),
    country: (&'static str, &'static str),
}

impl Location {
    /// Returns where a Region is, if it is known.
    #[must_use]
    pub fn of(region: &Region) -> Option<Self> {
        let (_, code, en, ja) = *LISTED.iter().find(|(name, ..)| *name == region.as_str())?;
        let (_, country_en, country_ja) = *COUNTRIES.iter().find(|(listed, ..)| *listed == code)?;
        Some(Self {
            code,
            place: (en, ja),
            country: (country_en, country_ja),
        })
    }

    /// Returns the place by which AWS names the Region, such as `Tokyo`.
    #[must_use]
    pub const fn place(self, language: Language) -> &'static str {
        match language {
            Language::En => self.place.0,
            Language::Ja => self.place.1,
        }
    }

    /// Returns the country or territory.
    #[must_use]
    pub const fn country(self, language: Language) -> &'static str {
        match language {
            Language::En => self.country.0,
            Language::Ja => self.country.1,
        }
    }

    /// Returns the code of the country or territory by ISO 3166-1, such as `JP`.
    #[must_use]
    pub const fn country_code(self) -> &'static str {
        self.code
    }
}

/// Each Region with its country's code and its place in English and Japanese, by AWS's lists of Regions
/// (<https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>,
/// <https://docs.aws.amazon.com/ja_jp/global-infrastructure/latest/regions/aws-regions.html>,
/// <https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-differences.html>,
/// <https://docs.amazonaws.cn/en_us/aws/latest/userguide/endpoints-Beijing.html> and
/// <https://docs.aws.eu/esc/latest/userguide/what-is-esc.html>).
#[rustfmt::skip]
const LISTED: [(&str, &str, &str, &str); 39] = [
    ("af-south-1", "ZA", "Cape Town", "ケープタウン"),
    ("ap-east-1", "HK", "Hong Kong", "香港"),
    ("ap-east-2", "TW", "Taipei", "台北"),
    ("ap-northeast-1", "JP", "Tokyo", "東京"),
    ("ap-northeast-2", "KR", "Seoul", "ソウル"),
    ("ap-northeast-3", "JP", "Osaka", "大阪"),
    ("ap-south-1", "IN", "Mumbai", "ムンバイ"),
    ("ap-south-2", "IN", "Hyderabad", "ハイデラバード"),
    ("ap-southeast-1", "SG", "Singapore", "シンガポール"),
    ("ap-southeast-2", "AU", "Sydney", "シドニー"),
    ("ap-southeast-3", "ID", "Jakarta", "ジャカルタ"),
    ("ap-southeast-4", "AU", "Melbourne", "メルボルン"),
    ("ap-southeast-5", "MY", "Malaysia", "マレーシア"),
    ("ap-southeast-6", "NZ", "New Zealand", "ニュージーランド"),
    ("ap-southeast-7", "TH", "Thailand", "タイ"),
    ("ca-central-1", "CA", "Central", "中部"),
    ("ca-west-1", "CA", "Calgary", "カルガリー"),
    ("cn-north-1", "CN", "Beijing", "北京"),
    ("cn-northwest-1", "CN", "Ningxia", "寧夏"),
    ("eu-central-1", "DE", "Frankfurt", "フランクフルト"),
    ("eu-central-2", "CH", "Zurich", "チューリッヒ"),
    ("eu-north-1", "SE", "Stockholm", "ストックホルム"),
    ("eu-south-1", "IT", "Milan", "ミラノ"),
    ("eu-south-2", "ES", "Spain", "スペイン"),
    ("eu-west-1", "IE", "Ireland", "アイルランド"),
    ("eu-west-2", "GB", "London", "ロンドン"),
    ("eu-west-3", "FR", "Paris", "パリ"),
    ("eusc-de-east-1", "DE", "Brandenburg", "ブランデンブルク"),
    ("il-central-1", "IL", "Tel Aviv", "テルアビブ"),
    ("me-central-1", "AE", "UAE", "UAE"),
    ("me-south-1", "BH", "Bahrain", "バーレーン"),
    ("mx-central-1", "MX", "Central", "中部"),
    ("sa-east-1", "BR", "São Paulo", "サンパウロ"),
    ("us-east-1", "US", "N. Virginia", "バージニア北部"),
    ("us-east-2", "US", "Ohio", "オハイオ"),
    ("us-gov-east-1", "US", "GovCloud US-East", "GovCloud 米国東部"),
    ("us-gov-west-1", "US", "GovCloud US-West", "GovCloud 米国西部"),
    ("us-west-1", "US", "N. California", "北カリフォルニア"),
    ("us-west-2", "US", "Oregon", "オレゴン"),
];

/// Countries and territories by their codes.
#[rustfmt::skip]
const COUNTRIES: [(&str, &str, &str); 28] = [
    ("AE", "United Arab Emirates", "アラブ首長国連邦"),
    ("AU", "Australia", "オーストラリア"),
    ("BH", "Bahrain", "バーレーン"),
    ("BR", "Brazil", "ブラジル"),
    ("CA", "Canada", "カナダ"),
    ("CH", "Switzerland", "スイス"),
    ("CN", "China", "中国"),
    ("DE", "Germany", "ドイツ"),
    ("ES", "Spain", "スペイン"),
    ("FR", "France", "フランス"),
    ("GB", "United Kingdom", "英国"),
    ("HK", "Hong Kong", "香港"),
    ("ID", "Indonesia", "インドネシア"),
    ("IE", "Ireland", "アイルランド"),
    ("IL", "Israel", "イスラエル"),
    ("IN", "India", "インド"),
    ("IT", "Italy", "イタリア"),
    ("JP", "Japan", "日本"),
    ("KR", "South Korea", "韓国"),
    ("MX", "Mexico", "メキシコ"),
    ("MY", "Malaysia", "マレーシア"),
    ("NZ", "New Zealand", "ニュージーランド"),
    ("SE", "Sweden", "スウェーデン"),
    ("SG", "Singapore", "シンガポール"),
    ("TH", "Thailand", "タイ"),
    ("TW", "Taiwan", "台湾"),
    ("US", "United States", "米国"),
    ("ZA", "South Africa", "南アフリカ"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalogue;

    #[test]
    fn every_listed_region_has_its_country_and_stands_once() {
        for (index, (name, ..)) in LISTED.iter().enumerate() {
            let region: Region = name.parse().unwrap();
            assert!(Location::of(&region).is_some(), "{name}");
            assert!(
                LISTED[index + 1..].iter().all(|(later, ..)| name < later),
                "{name} stands twice or out of order"
            );
        }
    }

    #[test]
    fn every_region_from_which_a_profile_can_be_called_has_its_location() {
        let catalogue = Catalogue::embedded().unwrap();
        let sources: std::collections::BTreeSet<_> = catalogue.profiles().flat_map(|(_, by)| by.keys()).collect();
        assert!(sources.len() > 20);
        for source in sources {
            assert!(Location::of(source).is_some(), "{source}");
        }
    }

    #[test]
    fn what_is_not_listed_is_not_guessed() {
        assert_eq!(Location::of(&"ap-northeast-9".parse().unwrap()), None);
    }
}
