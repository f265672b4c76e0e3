//! The command as a process, and files for it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

pub(crate) const MODEL: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

pub(crate) fn crisguard(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crisguard"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"));
    for name in ["CRISGUARD_POLICY", "NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Runs a line of arguments; words in single quotes stay one.
pub(crate) fn line(arguments: &str) -> Output {
    let arguments: Vec<&str> = arguments
        .split_whitespace()
        .map(|word| word.trim_matches('\''))
        .collect();
    crisguard(&arguments)
}

pub(crate) fn text(ended: &Output) -> String {
    String::from_utf8(ended.stdout.clone()).unwrap()
}

pub(crate) fn errors(ended: &Output) -> String {
    String::from_utf8(ended.stderr.clone()).unwrap()
}

pub(crate) fn answer(arguments: &str) -> Value {
    let ended = line(&format!("{arguments} --format json"));
    assert_ne!(ended.status.code(), Some(2), "{}", errors(&ended));
    serde_json::from_str(&text(&ended)).unwrap()
}

pub(crate) fn verdicts(answer: &Value) -> BTreeMap<&str, &str> {
    let profiles = answer["profiles"].as_array().unwrap();
    profiles
        .iter()
        .map(|row| (row["profile"].as_str().unwrap(), row["verdict"].as_str().unwrap()))
        .collect()
}

/// Writes a file where the build puts what it makes.
pub(crate) fn write(name: &str, json: &Value) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, json.to_string()).unwrap();
    file
}
