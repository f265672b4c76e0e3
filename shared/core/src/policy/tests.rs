use super::*;

const FULL: &str = r#"
version: 1
regions:
  source: [ap-northeast-1]
  destination: [ap-northeast-1, ap-northeast-3]
profiles:
  global: deny
  allow: ["jp.*"]
accounts:
  "111122223333": { profiles: { global: allow } }
  "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111": { regions: { destination: ["*"] } }
  "o-a1b2c3d4e5/r-ab12": { regions: { destination: [us-east-1], source: [us-east-1] } }
exceptions:
  - id: research-2026
    match: { principal: "arn:aws:iam::111122223333:role/research-*", destination: [us-west-2] }
    reason: "signed off by the DPO"
    owner: dpo@example.com
    expires: 2027-03-31
posture:
  invocation_logging: { modalities: [text, image, embedding], retention_days: 365, customer_managed_key: true }
  data_retention: [none, default]
alerts: { language: ja, minimum_severity: medium, remind_after: 24h }
"#;

fn parse(text: &str) -> PolicyDocument {
    PolicyDocument::parse(text.as_bytes()).unwrap()
}

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

#[test]
fn the_design_document_s_sketch_is_read_whole() {
    let document = parse(FULL);
    assert_eq!(document.sha256().len(), 64);
    assert!(document.alerts().unwrap().remind_after.is_some());
    assert_eq!(
        document
            .posture()
            .unwrap()
            .invocation_logging
            .as_ref()
            .unwrap()
            .retention_days,
        365
    );
}

#[test]
fn overrides_replace_field_by_field_and_the_nearest_wins() {
    let document = parse(FULL);
    let unit: OrganizationPath = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111".parse().unwrap();
    let elsewhere: OrganizationPath = "o-a1b2c3d4e5/r-ab12/ou-ab12-99999999".parse().unwrap();

    let inner = document.for_account(&account("111122223333"), Some(&unit)).unwrap();
    assert_eq!(*inner.destination_regions(), RegionSet::Every);
    assert_eq!(Vec::from(inner.source_regions().clone()), ["us-east-1"]);
    assert!(inner.permits_global_profiles());
    assert_eq!(
        inner.allow_list().unwrap().len(),
        1,
        "a field that is not written stays"
    );

    let outer = document
        .for_account(&account("444455556666"), Some(&elsewhere))
        .unwrap();
    assert_eq!(Vec::from(outer.destination_regions().clone()), ["us-east-1"]);
    assert!(!outer.permits_global_profiles());
}

#[test]
fn a_unit_s_override_without_the_account_s_path_is_unresolved() {
    let error = parse(FULL).for_account(&account("444455556666"), None).unwrap_err();
    assert!(error.to_string().contains("OrganizationPath"), "{error}");
}

/// Each part that is wrong, and what the error must say of it.
#[test]
fn errors_name_the_path_and_the_line() {
    let cases = [
        (
            "version: 2\n",
            "line 1, column 10, at `version`: version 2 is not known",
        ),
        (
            "version: 1\nregions:\n  source: []\n",
            "line 3, column 11, at `regions.source`: name at least one Region",
        ),
        (
            "version: 1\nregions: {source: [\"*\", us-east-1]}\n",
            "stands for every Region",
        ),
        (
            "version: 1\nregion: {}\n",
            "line 2, column 1, at `region`: unknown field `region`",
        ),
        (
            "version: 1\nregions: {source: [us-east-1], destination: [us-east-1]}\n",
            "missing field `profiles`",
        ),
        ("", "the document is empty"),
        (
            "version: 1\nversion: 1\n",
            "duplicate mapping key: version: keep one of the two",
        ),
        (
            "version: 1\nregions: {source: [us-east-1], destination: [us-east-1]}\nprofiles: {global: maybe}\n",
            "`profiles.global`",
        ),
    ];
    for (text, expected) in cases {
        let error = PolicyDocument::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?} gave {error:?}");
    }
    for (from, to, expected) in [
        ("expires: 2027-03-31", "", "missing field `expires`"),
        ("expires: 2027-03-31", "expires: soon", "exceptions[0].expires"),
        ("owner: dpo@example.com", "owner: ''", "this must not be empty"),
        (
            "\"arn:aws:iam::111122223333:role/research-*\"",
            "'*'",
            "leave the field out",
        ),
        ("[us-west-2]", "[]", "exceptions[0].match"),
        (
            "[us-west-2]",
            "[us-west-2], control: []",
            "an empty list covers nothing",
        ),
        ("\"111122223333\"", "\"1111\"", "neither a 12-digit account id"),
        ("24h", "5s", "shorter than an hour"),
        ("ou-ab12-11111111\"", "x\"", "is not an organization path"),
    ] {
        let text = FULL.replace(from, to);
        let error = PolicyDocument::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(
            error.contains(expected) && error.starts_with("line "),
            "{from} → {to} gave {error:?}"
        );
    }
}

/// A field without a value is not a field that was left out: for a list that limits something,
/// that would lift the limit.
#[test]
fn a_field_without_a_value_is_refused() {
    for (from, to, expected) in [
        ("allow: [\"jp.*\"]", "allow:", "at `profiles.allow`: a list is expected"),
        (
            "allow: [\"jp.*\"]",
            "allow: ~",
            "at `profiles.allow`: a list is expected",
        ),
        (
            "destination: [us-west-2] }",
            "destination: }",
            "at `exceptions[0].match.destination`: a list is expected",
        ),
        (
            "destination: [us-west-2] }",
            "control: }",
            "at `exceptions[0].match.control`: a list is expected",
        ),
        (
            "principal: \"arn:aws:iam::111122223333:role/research-*\"",
            "principal: ~",
            "at `exceptions[0].match.principal`",
        ),
        (
            "{ global: allow }",
            "{ global: }",
            "at `accounts.111122223333.profiles.global`",
        ),
        (
            "{ profiles: { global: allow } }",
            "{ profiles: }",
            "at `accounts.111122223333.profiles`: fields with names are expected",
        ),
        (
            "regions: { destination: [\"*\"] }",
            "regions: { destination: }",
            "regions.destination`: a list is expected",
        ),
        ("alerts: { language: ja", "alerts: { language: ", "at `alerts.language`"),
        (
            "data_retention: [none, default]",
            "data_retention:",
            "at `posture.data_retention`",
        ),
    ] {
        let text = FULL.replace(from, to);
        assert_ne!(text, FULL, "{from}");
        let error = PolicyDocument::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{from} → {to} gave {error:?}");
    }
}

/// To the YAML parser these are two keys each.
#[test]
fn two_overrides_for_one_account_or_unit_are_refused() {
    for (one, other) in [
        ("111122223333", "\"111122223333\""),
        ("o-a1b2c3d4e5/r-ab12", "o-a1b2c3d4e5/r-ab12/"),
    ] {
        let text = format!(
            "version: 1\nregions: {{source: [us-east-1], destination: [us-east-1]}}\nprofiles: {{global: deny}}\n\
             accounts:\n  {one}: {{profiles: {{global: deny}}}}\n  {other}: {{profiles: {{global: allow}}}}\n"
        );
        let error = PolicyDocument::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(
            error.starts_with("line 5") && error.contains("two overrides"),
            "{text} gave {error:?}"
        );
    }
}

/// What is quoted in YAML or not, and looks like a number or a truth value, is the text that stands there.
#[test]
fn scalars_are_read_as_they_are_written() {
    let document = parse(
        "version: 1\nregions: {source: [us-east-1], destination: [us-east-1]}\nprofiles: {global: deny}\n\
         accounts:\n  012345670123: {profiles: {global: allow}}\n",
    );
    let policy = document.for_account(&account("012345670123"), None).unwrap();
    assert!(policy.permits_global_profiles());
}

#[test]
fn ids_of_exceptions_are_their_own() {
    let exception = FULL
        .split("exceptions:\n")
        .nth(1)
        .unwrap()
        .split("posture:")
        .next()
        .unwrap();
    let text = FULL.replace(exception, &format!("{exception}{exception}"));
    let error = PolicyDocument::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("two exceptions have the id `research-2026`"), "{error}");
}

#[test]
fn json_is_read_too_and_what_is_not_text_is_refused() {
    let json = r#"{"version":1,"regions":{"source":["us-east-1"],"destination":["*"]},"profiles":{"global":"allow"}}"#;
    assert_eq!(
        *parse(json)
            .for_account(&account("111122223333"), None)
            .unwrap()
            .destination_regions(),
        RegionSet::Every
    );
    assert!(matches!(
        PolicyDocument::parse(b"version: \xff"),
        Err(PolicyError::NotText { offset: 9 })
    ));
    assert!(matches!(
        PolicyDocument::parse(&vec![b' '; LARGEST + 1]),
        Err(PolicyError::TooLarge { .. })
    ));
}

#[test]
fn the_schema_accepts_what_the_parser_accepts_and_refuses_the_rest() {
    let schema = PolicyDocument::json_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let as_json = |text: &str| serde_json::to_value(parse(text).document).unwrap();
    assert!(
        validator.is_valid(&as_json(FULL)),
        "{:?}",
        validator.iter_errors(&as_json(FULL)).collect::<Vec<_>>()
    );
    for broken in [
        serde_json::json!({"version": 2}),
        serde_json::json!({"version": 1, "regions": {"source": ["Tokyo"], "destination": ["*"]}, "profiles": {"global": "deny"}}),
        serde_json::json!({"version": 1, "regions": {"source": [], "destination": ["*"]}, "profiles": {"global": "deny"}}),
        serde_json::json!({"version": 1, "regions": {"source": ["*"], "destination": ["*"]}, "profiles": {"global": "deny"}, "x": 1}),
    ] {
        assert!(!validator.is_valid(&broken), "{broken}");
    }
}

#[test]
fn warnings_name_contradictions() {
    let catalogue = Catalogue::embedded().unwrap();
    let today = jiff::civil::date(2027, 4, 1);
    let texts: Vec<String> = parse(FULL)
        .warnings(&catalogue, today)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        texts
            .iter()
            .any(|text| text.contains("exceptions[0].expires") && text.contains("expired on 2027-03-31")),
        "{texts:#?}"
    );
    assert!(
        texts
            .iter()
            .any(|text| text.contains("accounts.111122223333.profiles.global")),
        "{texts:#?}"
    );

    let wide = FULL
        .replace(
            "\"jp.*\"",
            "\"apac.*\", \"xx.*\", \"global.*\", \"arn:aws:bedrock:*:*:inference-profile/jp.x\"",
        )
        .replace("[ap-northeast-1, ap-northeast-3]", "[ap-northeast-1, ap-nowhere-9]");
    let texts: Vec<String> = parse(&wide)
        .warnings(&catalogue, jiff::civil::date(2027, 3, 15))
        .iter()
        .map(ToString::to_string)
        .collect();
    for expected in [
        "can leave the allowed Regions",
        "`xx.*` matches no inference profile",
        "which profiles.global denies",
        "at `profiles.allow[3]`: `arn:aws:bedrock:*:*:inference-profile/jp.x` matches nothing: write the profile's id alone, `jp.x`",
        "ap-nowhere-9",
        "runs out on 2027-03-31",
    ] {
        assert!(
            texts.iter().any(|text| text.contains(expected)),
            "{expected}: {texts:#?}"
        );
    }
}

#[test]
fn an_exception_that_can_never_cover_a_setting_is_warned_about() {
    let catalogue = Catalogue::embedded().unwrap();
    for (covers, warned) in [
        ("account: [\"111122223333\"], control: [trail-records-inference]", false),
        ("source: [us-west-2], control: [trail-records-inference]", false),
        ("destination: [us-west-2], control: [trail-records-inference]", true),
        (
            "profile: [\"jp.*\"], account: [\"111122223333\"], control: [trail-records-inference]",
            true,
        ),
        ("destination: [us-west-2], control: [destination-region-allowed]", false),
        ("destination: [us-west-2]", false),
    ] {
        let text = FULL.replace(
            "principal: \"arn:aws:iam::111122223333:role/research-*\", destination: [us-west-2]",
            covers,
        );
        let warnings = parse(&text).warnings(&catalogue, jiff::civil::date(2027, 1, 1));
        let found = warnings
            .iter()
            .any(|text| text.to_string().contains("trail-records-inference is about settings"));
        assert_eq!(found, warned, "{covers}: {warnings:#?}");
    }
}

#[test]
fn an_exception_holds_through_its_last_day() {
    let document = parse(FULL);
    let policy = document
        .for_account(&account("111122223333"), Some(&"o-x/r-y".parse().unwrap()))
        .unwrap();
    let exception = &policy.exceptions()[0];
    assert!(exception.holds_at("2027-03-31T23:59:59Z".parse().unwrap()));
    assert!(!exception.holds_at("2027-04-01T00:00:00Z".parse().unwrap()));
}
