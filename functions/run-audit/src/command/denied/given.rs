//! The options by which policies were given, for a command that is given them again.

use std::fmt::Write;

use crisguard_core::scp::denied::DeniedMessage;

use crate::command::arguments::{InputPath, MessageArguments};

/// Returns the options, or `None` if no policies were given.
pub(super) fn policies(arguments: &MessageArguments, message: &DeniedMessage) -> Option<String> {
    let mut options = String::new();
    if let Some(file) = &arguments.organization {
        let account = arguments.account.as_ref().map(ToString::to_string);
        let account = account.or_else(|| message.account().map(str::to_owned))?;
        return Some(format!("--organization {} --account {account}", path(file)));
    }
    for (place, scp) in arguments.scp.iter().enumerate() {
        let gap = if place > 0 { " " } else { "" };
        let file = path(&scp.file);
        // Without a level the first `=` of a path would end one.
        let named = if scp.level == "ou" && !file.contains('=') {
            file
        } else {
            format!("{}={file}", scp.level)
        };
        write!(options, "{gap}--scp {named}").ok()?;
    }
    (!options.is_empty()).then_some(options)
}

/// Returns a path as a shell takes it. What was read from standard input is gone.
fn path(file: &InputPath) -> String {
    let InputPath::File(path) = file else {
        return "FILE".to_owned();
    };
    let path = path.display().to_string();
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_./=+:,@%".contains(sign);
    if !path.is_empty() && path.chars().all(plain) {
        return path;
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}
