//! Who called what, when, and what is wrong with it.

use crisguard_core::controls::ControlId::{
    self, DestinationRegionAllowed, GlobalProfileAllowed, InferenceDeniedByScp, ProfileAllowed,
};

use super::HOSTILE;

/// Calls that are alike: how many in which months, from where to where, how, and what is wrong with them.
#[derive(Clone, Copy)]
pub(super) struct Calls<'a> {
    pub(super) months: &'a [(&'a str, u64)],
    pub(super) account: &'a str,
    pub(super) source: &'a str,
    pub(super) destination: Option<&'a str>,
    pub(super) nowhere: bool,
    pub(super) profile: Option<&'a str>,
    pub(super) model: &'a str,
    pub(super) principal: &'a str,
    pub(super) broken: &'a [ControlId],
    pub(super) undecided: &'a [ControlId],
}

const JP: &str = "jp.anthropic.claude-sonnet-4-5-20250929-v1:0";
const APAC: &str = "apac.amazon.nova-pro-v1:0";
const GLOBAL: &str = "global.anthropic.claude-sonnet-4-5-20250929-v1:0";
const SONNET: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const CHAT: &str = "arn:aws:iam::111122223333:role/chat-backend";
const RESEARCH: &str = "arn:aws:iam::222233334444:role/research-notebook";

#[rustfmt::skip]
pub(super) const CALLS: [Calls<'static>; 9] = [
    Calls { months: &[("2026-01", 18_204), ("2026-02", 19_877), ("2026-03", 22_310), ("2026-04", 21_995), ("2026-05", 24_618), ("2026-06", 26_040), ("2026-07", 25_731), ("2026-08", 23_402), ("2026-09", 28_115), ("2026-10", 29_960)],
        account: "111122223333", source: "ap-northeast-1", destination: Some("ap-northeast-1"), nowhere: false, profile: Some(JP), model: SONNET, principal: CHAT, broken: &[], undecided: &[] },
    Calls { months: &[("2026-01", 9_120), ("2026-02", 9_480), ("2026-03", 11_002), ("2026-04", 10_777), ("2026-05", 12_050), ("2026-06", 12_991), ("2026-07", 12_840), ("2026-08", 11_377), ("2026-09", 13_873), ("2026-10", 14_804)],
        account: "111122223333", source: "ap-northeast-1", destination: Some("ap-northeast-3"), nowhere: false, profile: Some(JP), model: SONNET, principal: CHAT, broken: &[], undecided: &[] },
    Calls { months: &[("2026-04", 31), ("2026-05", 118), ("2026-06", 42), ("2026-09", 7)],
        account: "222233334444", source: "ap-northeast-1", destination: Some("ap-southeast-2"), nowhere: false, profile: Some(APAC), model: "amazon.nova-pro-v1:0", principal: RESEARCH, broken: &[DestinationRegionAllowed, ProfileAllowed], undecided: &[] },
    Calls { months: &[("2026-05", 64), ("2026-06", 12)],
        account: "222233334444", source: "ap-northeast-1", destination: Some("us-east-2"), nowhere: false, profile: Some(GLOBAL), model: SONNET, principal: RESEARCH, broken: &[DestinationRegionAllowed, GlobalProfileAllowed, ProfileAllowed], undecided: &[] },
    Calls { months: &[("2026-08", 1)],
        account: "333344445555", source: "ap-northeast-1", destination: Some("eu-west-1"), nowhere: false, profile: Some(HOSTILE), model: HOSTILE, principal: HOSTILE, broken: &[DestinationRegionAllowed, ProfileAllowed], undecided: &[] },
    Calls { months: &[("2026-07", 55), ("2026-08", 23)],
        account: "333344445555", source: "ap-northeast-1", destination: None, nowhere: false, profile: Some(APAC), model: "amazon.nova-pro-v1:0", principal: "arn:aws:iam::333344445555:user/batch", broken: &[], undecided: &[DestinationRegionAllowed] },
    Calls { months: &[("2026-10", 12)],
        account: "333344445555", source: "ap-northeast-3", destination: None, nowhere: true, profile: Some(JP), model: SONNET, principal: "arn:aws:iam::333344445555:role/pilot", broken: &[InferenceDeniedByScp], undecided: &[] },
    Calls { months: &[("2026-03", 410), ("2026-04", 388)],
        account: "333344445555", source: "ap-northeast-3", destination: Some("ap-northeast-3"), nowhere: false, profile: None, model: "amazon.titan-embed-text-v2:0", principal: "arn:aws:iam::333344445555:role/search", broken: &[], undecided: &[] },
    Calls { months: &[("2026-02", 3), ("2026-10", 2)],
        account: "222233334444", source: "ap-northeast-1", destination: None, nowhere: true, profile: None, model: "amazon.nova-lite-v1:0", principal: RESEARCH, broken: &[], undecided: &[] },
];

impl Calls<'_> {
    pub(super) fn is_kept(&self) -> bool {
        self.broken.is_empty() && self.undecided.is_empty() && !self.nowhere
    }
}

/// One of many violations, each of another account or route.
pub(super) fn many(index: usize) -> Calls<'static> {
    const REGIONS: [&str; 20] = [
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "ca-central-1",
        "sa-east-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-northeast-2",
        "me-central-1",
        "il-central-1",
    ];
    let months: &[(&str, u64)] = match index % 3 {
        0 => &[("2024-01", 7), ("2025-11", 2)],
        1 => &[("2025-06", 1)],
        _ => &[("2024-09", 3), ("2026-02", 11)],
    };
    Calls {
        months,
        account: format!("{:012}", 444_455_550_000 + index / 2).leak(),
        source: REGIONS.get(index % 19).unwrap(),
        destination: REGIONS.get((index * 7 + 3) % 20).copied(),
        principal: format!("arn:aws:iam::444455556666:role/team-{index}").leak(),
        broken: &[DestinationRegionAllowed],
        ..CALLS[3]
    }
}
