//! Writes the report of a made-up audit, to look at: `cargo run -p crisguard-report --example report -- FOLDER en|ja
//! violations|no-policy|kept|large|nothing`.

#[path = "../tests/sample/mod.rs"]
#[expect(clippy::unwrap_used, reason = "what it parses is written there")]
mod sample;

use std::{fs, path::PathBuf};

use crisguard_core::policy::Language;
use crisguard_report::{PolicyText, Report, render};
use sample::Kind;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(language), Some(kind)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: report FOLDER en|ja violations|no-policy|kept|large|nothing".into());
    };
    let folder = PathBuf::from(folder);
    let kind = match kind.as_str() {
        "violations" => Kind::Violations,
        "no-policy" => Kind::NoPolicy,
        "kept" => Kind::Kept,
        "large" => Kind::Large,
        "nothing" => Kind::Nothing,
        _ => return Err("there is no such kind".into()),
    };
    let audit = sample::audit(kind);
    // What stands beside an audit, stands beside one of these.
    let whole = kind == Kind::Violations;
    let (posture, reach) = (
        serde_json::from_str(sample::POSTURE)?,
        serde_json::from_str(sample::REACH)?,
    );
    let documents = render(&Report {
        audit: &audit,
        policy: kind.has_policy().then_some(PolicyText {
            name: sample::POLICY_NAME,
            text: sample::POLICY,
            sha256: sample::POLICY_SHA256,
        }),
        posture: whole.then_some(&posture),
        reach: whole.then_some(&reach),
        generated_at: "2026-11-02T01:02:03Z".parse()?,
        language: if language == "ja" { Language::Ja } else { Language::En },
    })?;
    fs::create_dir_all(&folder)?;
    for document in documents {
        fs::write(folder.join(document.name), document.bytes)?;
    }
    Ok(())
}
