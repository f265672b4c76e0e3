//! What there is evidence of, and what could not be read.

use crisguard_core::{
    cloudtrail::{MemberProblem, Rejection},
    tally::{CoverageAnswer, Covered, Gap, GapReason, Rejected, Unread},
};

use super::{HOSTILE, Kind};

pub(super) fn rejected() -> Vec<Rejected> {
    let folder = "AWSLogs/333344445555/CloudTrail/ap-northeast-1/2026/08/14";
    let no_time = Rejection::Member {
        path: "eventTime",
        problem: MemberProblem::NoTime,
    };
    vec![
        Rejected::new(
            format!("{folder}/333344445555_CloudTrail_ap-northeast-1_20260814T0905Z_a1B2c3D4e5F6g7H8.json.gz"),
            None,
            &Unread::GzipBreaksOff,
        ),
        Rejected::new(format!("{folder}/{HOSTILE}.json"), Some(17), &no_time.into()),
        Rejected::new("inbox/notes.txt", None, &Unread::NotJson),
    ]
}

pub(super) fn coverage(kind: Kind) -> CoverageAnswer {
    let covered = |account: &str, region: &str, days, files| Covered {
        account: account.parse().unwrap(),
        region: region.parse().unwrap(),
        days,
        files,
    };
    if kind == Kind::Nothing {
        return CoverageAnswer {
            from: None,
            to: None,
            placed_files: 0,
            unplaced_files: 3,
            looked_up: Vec::new(),
            covered: Vec::new(),
            gaps: Vec::new(),
            unknown: Vec::new(),
        };
    }
    let complete = kind == Kind::Kept;
    CoverageAnswer {
        from: Some("2026-01-01".parse().unwrap()),
        to: Some("2026-10-31".parse().unwrap()),
        placed_files: if complete { 43_210 } else { 43_209 },
        unplaced_files: u64::from(!complete),
        looked_up: Vec::new(),
        covered: vec![
            covered("111122223333", "ap-northeast-1", 304, 21_540),
            covered("222233334444", "ap-northeast-1", 296, 11_007),
            covered("333344445555", "ap-northeast-1", 304, 8_112),
            covered("333344445555", "ap-northeast-3", 304, 2_550),
        ],
        gaps: if complete { Vec::new() } else { gaps() },
        unknown: Vec::new(),
    }
}

fn gaps() -> Vec<Gap> {
    let gap = |account: &str, region: &str, from: &str, to: &str, reason| Gap {
        account: account.parse().unwrap(),
        region: region.parse().unwrap(),
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        reason,
    };
    vec![
        gap(
            "222233334444",
            "ap-northeast-1",
            "2026-07-28",
            "2026-08-04",
            GapReason::NoLogFile,
        ),
        gap(
            "333344445555",
            "ap-northeast-1",
            "2026-08-14",
            "2026-08-14",
            GapReason::NotRead,
        ),
    ]
}
