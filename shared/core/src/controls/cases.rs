//! Reads the cases that stand in a control's folder, and puts what a case changes over what it changes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ControlId;

/// Returns the folder of a control.
pub(super) fn folder(control: ControlId) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/controls")
        .join(control.name().replace('-', "_"))
}

/// Reads every case of a control, file by file.
pub(super) fn of<Case: DeserializeOwned>(control: ControlId) -> Vec<Case> {
    let mut paths: Vec<_> = fs::read_dir(folder(control).join("cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .flat_map(|path| -> Vec<Case> {
            serde_json::from_str(&fs::read_to_string(path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

/// Puts `changes` over `base`, member by member; null removes a member.
pub(super) fn merge(base: &mut Value, changes: &Value) {
    match (base, changes) {
        (Value::Object(base), Value::Object(changes)) => {
            for (name, change) in changes {
                if change.is_null() {
                    base.remove(name);
                } else {
                    merge(base.entry(name).or_insert(Value::Null), change);
                }
            }
        }
        (base, changes) => *base = changes.clone(),
    }
}
