//! What is listed and taken of buckets as CloudTrail fills them.

use proptest::prelude::*;

use super::*;

const ONE: &str = "111122223333";
const OTHER: &str = "222233334444";

fn wanted(accounts: &[&str], regions: &[&str], from: Option<&str>, to: Option<&str>) -> Wanted {
    Wanted::of(&Scope {
        from: from.map(|time| time.parse().unwrap()),
        to: to.map(|time| time.parse().unwrap()),
        accounts: accounts.iter().map(|account| account.parse().unwrap()).collect(),
        regions: regions.iter().map(|region| region.parse().unwrap()).collect(),
    })
}

fn everything() -> Wanted {
    wanted(&[], &[], None, None)
}

/// A bucket's keys, and how it answers.
struct Bucket(BTreeSet<String>);

impl Bucket {
    /// Goes through the steps; returns what is found, and the steps.
    fn walked(&self, wanted: &Wanted, prefix: &str) -> (BTreeSet<String>, Vec<Step>) {
        let (mut found, mut steps) = (BTreeSet::new(), Vec::new());
        let mut next: Vec<Step> = wanted.start(prefix).into_iter().collect();
        while let Some(step) = next.pop() {
            let keys = self.0.iter().filter(|key| {
                key.starts_with(&step.prefix)
                    && (step.after.is_empty() || **key > step.after)
                    && (step.before.is_empty() || **key < step.before)
            });
            let mut folders = BTreeSet::new();
            for key in keys {
                let rest = key.strip_prefix(&step.prefix).unwrap();
                match rest.find('/').filter(|_| step.folders) {
                    Some(slash) => drop(folders.insert(key.split_at(step.prefix.len() + slash + 1).0)),
                    None => drop(wanted.takes(key).then(|| found.insert(key.clone()))),
                }
            }
            next.extend(folders.into_iter().filter_map(|folder| wanted.below(&step, folder)));
            steps.push(step);
        }
        (found, steps)
    }
}

fn log(account: &str, region: &str, day: &str) -> String {
    let name = day.replace('/', "");
    format!(
        "AWSLogs/o-a1b2c3d4e5/{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{name}T0005Z_x.json.gz"
    )
}

#[test]
fn days_are_taken_with_the_one_after() {
    let year = wanted(&[], &[], Some("2026-01-01T00:00:00Z"), Some("2026-10-01T00:00:00Z"));
    for (day, taken) in [
        ("2025/12/31", false),
        ("2026/01/01", true),
        ("2026/09/30", true),
        ("2026/10/01", true),
        ("2026/10/02", false),
    ] {
        assert_eq!(year.takes(&log(ONE, "eu-west-1", day)), taken, "{day}");
        // Where the folders do not tell, the name does.
        let name = log(ONE, "eu-west-1", day).rsplit('/').next().unwrap().to_owned();
        assert_eq!(year.takes(&format!("copied/{name}")), taken, "{day}");
    }
    let noon = wanted(&[], &[], None, Some("2026-10-01T12:00:00Z"));
    assert!(noon.takes(&log(ONE, "eu-west-1", "2026/10/02")));
}

#[test]
fn what_is_no_log_of_calls_is_left_out() {
    let account = format!("AWSLogs/{ONE}");
    for (key, taken) in [
        (format!("{account}/CloudTrail/eu-west-1/2026/10/01/x.json.gz"), true),
        (
            format!("{account}/BedrockModelInvocationLogs/eu-west-1/2026/10/01/05/x.json.gz"),
            true,
        ),
        // Prompts.
        (
            format!("{account}/BedrockModelInvocationLogs/eu-west-1/2026/10/01/05/data/x_input.json.gz"),
            false,
        ),
        (
            format!("{account}/BedrockModelInvocationLogs/amazon-bedrock-logs-permission-check"),
            false,
        ),
        (
            format!("{account}/CloudTrail-Digest/eu-west-1/2026/10/01/x.json.gz"),
            false,
        ),
        (
            format!("{account}/CloudTrail-Insight/eu-west-1/2026/10/01/x.json.gz"),
            false,
        ),
        (
            format!("{account}/elasticloadbalancing/eu-west-1/2026/10/01/x.log.gz"),
            false,
        ),
        (format!("{account}/CloudTrail/eu-west-1/2026/10/01/"), false),
        // Copied by somebody.
        (
            format!("{account}/{ONE}_CloudTrail_eu-west-1_20261001T0005Z_x.json.gz"),
            true,
        ),
        (
            format!("AWSLogs/{ONE}_CloudTrail_eu-west-1_20261001T0005Z_x.json.gz"),
            true,
        ),
        (
            format!("{account}/{ONE}_CloudTrail-Digest_eu-west-1_t_eu-west-1_20261001T000000Z.json.gz"),
            false,
        ),
        (format!("{account}/ELBAccessLogTestFile"), false),
        (format!("{account}/CloudTrail/mars-1/x.json.gz"), true),
        ("AWSLogs/WAFLogs/x.json.gz".to_owned(), false),
        (
            format!("copied/{ONE}_CloudTrail-Digest_eu-west-1_t_eu-west-1_20261001T000000Z.json.gz"),
            false,
        ),
        ("evidence/records.json".to_owned(), true),
        ("records.json".to_owned(), true),
        ("folder/".to_owned(), false),
    ] {
        assert_eq!(everything().takes(&key), taken, "{key}");
    }
}

#[test]
fn accounts_and_regions_out_of_scope_are_not_even_listed() {
    let accounts = [ONE, OTHER, "333344445555"];
    let regions = ["ap-northeast-1", "eu-west-1", "us-east-1"];
    let keys = accounts
        .iter()
        .flat_map(|account| regions.iter().map(move |region| log(account, region, "2026/10/01")));
    let bucket = Bucket(keys.collect());
    let narrow = wanted(
        &[OTHER],
        &["eu-west-1"],
        Some("2026-10-01T00:00:00Z"),
        Some("2026-10-02T00:00:00Z"),
    );
    let (found, steps) = bucket.walked(&narrow, "");
    assert_eq!(found, BTreeSet::from([log(OTHER, "eu-west-1", "2026/10/01")]));
    // The bucket, AWSLogs, the organization, the account, CloudTrail and the Region.
    assert_eq!(steps.len(), 6, "{steps:?}");
    let last = steps.last().unwrap();
    let root = format!("AWSLogs/o-a1b2c3d4e5/{OTHER}/CloudTrail/eu-west-1/");
    assert_eq!(
        (last.after.as_str(), last.before.as_str()),
        (
            format!("{root}2026/10/01/").as_str(),
            format!("{root}2026/10/03/").as_str()
        )
    );
    assert_eq!(narrow.start(&format!("AWSLogs/{ONE}/CloudTrail/")), None);
    assert_eq!(
        narrow.start(&format!("AWSLogs/{OTHER}/CloudTrail/us-east-1/2026/")),
        None
    );
}

#[test]
fn a_prefix_may_be_anywhere_and_end_anywhere() {
    let bucket = Bucket(BTreeSet::from([
        format!("trails/prod/{}", log(ONE, "eu-west-1", "2026/10/01")),
        format!("trails/prod/{}", log(OTHER, "eu-west-1", "2026/10/01")),
        format!("a/b/c/d/e/f/{}", log(ONE, "eu-west-1", "2026/10/01")),
        "evidence/records.json".to_owned(),
    ]));
    for (prefix, count) in [
        ("", 4),
        ("t", 2),
        ("trails/pr", 2),
        ("trails/prod/AWSLogs/o-a1b2c3d4e5/1111", 1),
        (
            "trails/prod/AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/eu-west-1/2026/1",
            1,
        ),
        (
            "trails/prod/AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/eu-west-1/2026/11",
            0,
        ),
        ("a/", 1),
        ("evidence/records.json", 1),
        ("nothing", 0),
    ] {
        assert_eq!(bucket.walked(&everything(), prefix).0.len(), count, "{prefix}");
    }
}

fn key() -> impl Strategy<Value = String> {
    let prefix = prop_oneof![
        "",
        "AWSLogs/",
        "p/AWSLogs/",
        "p/q/r/s/t/AWSLogs/o-a1b2c3d4e5/",
        "p/",
        "AWSLogs/o-a1b2c3d4e5/"
    ];
    let account = prop_oneof![Just(ONE), Just(OTHER), Just("x")];
    let kind = prop_oneof![
        Just("CloudTrail"),
        Just("CloudTrail-Digest"),
        Just("BedrockModelInvocationLogs"),
        Just("Config")
    ];
    let region = prop_oneof![Just("eu-west-1"), Just("us-east-1"), Just("x")];
    let day = prop_oneof![
        Just("2025/12/31"),
        Just("2026/01/01"),
        Just("2026/01/02"),
        Just("2026/01/03"),
        Just("2026"),
        Just("data")
    ];
    let copied = format!("{OTHER}_CloudTrail_us-east-1_20260102T0005Z_x.json.gz");
    let name = prop_oneof![4 => "[a-c]{1,2}", 1 => Just(copied)];
    (prefix, account, kind, region, day, 0_usize..7, name).prop_map(
        |(prefix, account, kind, region, day, parts, name)| {
            let parts = [account, kind, region, day].into_iter().take(parts);
            let parts: Vec<&str> = parts.chain([name.as_str()]).collect();
            format!("{prefix}{}", parts.join("/"))
        },
    )
}

proptest! {
    /// What is not listed would not have been taken: the steps only save time.
    #[test]
    fn every_object_that_is_wanted_is_found(
        keys in proptest::collection::btree_set(key(), 0..40),
        accounts in proptest::sample::subsequence(vec![ONE, OTHER], 0..=2),
        regions in proptest::sample::subsequence(vec!["eu-west-1", "us-east-1"], 0..=2),
        from in proptest::option::of(Just("2026-01-01T00:00:00Z")),
        to in proptest::option::of(prop_oneof![Just("2026-01-01T12:00:00Z"), Just("2026-01-02T00:00:00Z")]),
        prefix in prop_oneof!["", "p", "AWSLogs/1", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/0"],
    ) {
        let wanted = wanted(&accounts, &regions, from, to);
        let expected: BTreeSet<String> =
            keys.iter().filter(|key| key.starts_with(prefix.as_str()) && wanted.takes(key)).cloned().collect();
        let (found, _) = Bucket(keys).walked(&wanted, &prefix);
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_folder_that_names_no_region_may_hold_any() {
    let tokyo = wanted(&[], &["ap-northeast-1"], None, None);
    for (folder, is_wanted) in [("ap-northeast-1", true), ("eu-west-1", false), ("Archive", true)] {
        assert_eq!(tokyo.wants_region(folder), is_wanted, "{folder}");
    }
}
