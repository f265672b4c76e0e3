//! Writes the report of a made-up audit, to look at: `cargo run -p crisguard-report --example report -- FOLDER en|ja`.

#[path = "../tests/sample/mod.rs"]
#[expect(clippy::unwrap_used, reason = "it is a test's; what it parses is written there")]
mod sample;

use std::{fs, path::PathBuf};

use crisguard_core::policy::Language;
use crisguard_report::{PolicyText, Report, render};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(language)) = (arguments.next().map(PathBuf::from), arguments.next()) else {
        return Err("usage: report FOLDER en|ja".into());
    };
    let audit = sample::audit(true);
    let (posture, reach) = (
        serde_json::from_str(sample::POSTURE)?,
        serde_json::from_str(sample::REACH)?,
    );
    let documents = render(&Report {
        audit: &audit,
        policy: Some(PolicyText {
            name: sample::POLICY_NAME,
            text: sample::POLICY,
            sha256: sample::POLICY_SHA256,
        }),
        posture: Some(&posture),
        reach: Some(&reach),
        generated_at: "2026-11-02T01:02:03Z".parse()?,
        language: if language == "ja" { Language::Ja } else { Language::En },
    })?;
    fs::create_dir_all(&folder)?;
    for document in documents {
        fs::write(folder.join(document.name), document.bytes)?;
    }
    Ok(())
}
