//! The command as a process: exit codes, colours, and a reader that goes away.
#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

fn crisguard() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crisguard"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"));
    command
        .env_remove("CRISGUARD_POLICY")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE");
    command
}

fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn exit_codes_tell_how_it_ended() {
    for (arguments, code) in [
        (vec!["policy", "example"], 0),
        (vec!["policy", "check", "policy.yaml"], 1),
        (vec!["policy", "check", "wrong.yaml"], 2),
        (vec!["explain", "stayed.json", "--policy", "policy.yaml"], 0),
        (vec!["explain", "log-file.json", "--policy", "policy.yaml"], 1),
        (vec!["explain", "policy.yaml"], 2),
        (vec![], 2),
        (vec!["reach", "--schema"], 0),
        (vec!["reach"], 2),
        (vec!["--help"], 0),
        (vec!["unknown"], 2),
    ] {
        assert_eq!(
            output(crisguard().args(&arguments)).status.code(),
            Some(code),
            "{arguments:?}"
        );
    }
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let arguments = ["explain", "stayed.json"];
    let plain = output(crisguard().args(arguments));
    assert!(!plain.stdout.contains(&0x1b));
    let coloured = output(crisguard().args(arguments).env("CLICOLOR_FORCE", "1"));
    assert!(coloured.stdout.contains(&0x1b));
    let refused = output(
        crisguard()
            .args(arguments)
            .env("NO_COLOR", "1")
            .env("CLICOLOR_FORCE", "0"),
    );
    assert!(!refused.stdout.contains(&0x1b));
}

#[test]
fn the_policy_can_come_from_the_environment() {
    let ended = output(
        crisguard()
            .args(["explain", "log-file.json"])
            .env("CRISGUARD_POLICY", "policy.yaml"),
    );
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn records_are_read_from_standard_input() {
    let mut child = crisguard()
        .args(["explain", "-", "--policy", "policy.yaml"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(include_bytes!("fixtures/stayed.json"))
        .unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert!(
        String::from_utf8(ended.stdout)
            .unwrap()
            .contains("ap-northeast-1 → ap-northeast-3")
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = crisguard()
        .args(["profiles"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap()),
        (Some(0), String::new())
    );
}

/// On a terminal, which util-linux's `script` stands in for, a scan shows how far it is, and comes to its end.
#[test]
fn a_scan_on_a_terminal_shows_its_progress_and_ends() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("progress");
    fs::create_dir_all(&folder).unwrap();
    let record = include_str!("fixtures/stayed.json");
    // Enough for some looks at the clock.
    for number in 0..40 {
        fs::write(folder.join(format!("{number}.json")), format!("{record}\n").repeat(250)).unwrap();
    }
    let scan = format!(
        "{} scan {} --threads 1",
        env!("CARGO_BIN_EXE_crisguard"),
        folder.display()
    );
    let terminal = Command::new("script")
        .args(["--quiet", "--return", "--command", &scan, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut terminal) = terminal else {
        eprintln!("skipped: there is no command `script`");
        return;
    };
    let mut shown = terminal.stdout.take().unwrap();
    let reading = thread::spawn(move || {
        let mut text = String::new();
        shown.read_to_string(&mut text).map(|_| text)
    });
    let begun = Instant::now();
    while terminal.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_mins(1) {
            terminal.kill().unwrap();
            panic!("it does not end");
        }
        thread::sleep(Duration::from_millis(20));
    }
    let text = reading.join().unwrap().unwrap();
    assert!(text.contains("left") && text.contains("of Bedrock"), "{text:?}");
    assert!(text.contains("10,000 records"), "{text:?}");
}

#[test]
fn every_option_is_completed() {
    for shell in ["bash", "zsh", "fish"] {
        let script = output(crisguard().args(["completion", shell]));
        assert_eq!(script.status.code(), Some(0), "{shell}");
        let script = String::from_utf8(script.stdout).unwrap();
        for option in [
            "organization",
            "account",
            "what-if",
            "schema",
            "inference-profiles",
            "strict",
            "organization-path",
        ] {
            assert!(script.contains(option), "{shell}: {option}");
        }
    }
}

/// An error sends its reader to what is named above it, so that has to stand there, where both go to one place.
#[test]
fn what_an_error_speaks_of_stands_above_it() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("both.txt");
    let both = fs::File::create(&place).unwrap();
    let ended = crisguard()
        .args(["scan", "not-there.json"])
        .stdin(Stdio::null())
        .stdout(both.try_clone().unwrap())
        .stderr(both)
        .status()
        .unwrap();
    assert_eq!(ended.code(), Some(2));
    let told = fs::read_to_string(&place).unwrap();
    let named = told.find("not-there.json: there is no such file").unwrap();
    assert!(
        named < told.find("check the paths that are named above").unwrap(),
        "{told}"
    );
}

/// What is only counted is counted in the singular, too.
#[test]
fn what_is_not_named_is_counted() {
    let explained = |records: usize| {
        let record = r#"{"eventSource":"s3.amazonaws.com","eventName":"GetObject"}"#;
        let mut command = crisguard();
        let mut child = command
            .args(["explain", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = vec![record; records].join("\n");
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    assert!(explained(21).contains("and 1 more that is no inference request\n"));
    assert!(explained(22).contains("and 2 more that are no inference requests\n"));
    assert!(!explained(20).contains(" more that"));
}

/// A pattern, and a file that is like it, are of the folder that the command is run in.
#[cfg(unix)]
#[test]
fn what_cannot_be_read_here_is_told_by_its_name() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("here");
    fs::create_dir_all(&folder).unwrap();
    let link = folder.join("broken.json");
    if link.symlink_metadata().is_err() {
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
    }
    fs::write(folder.join("whole.json"), r#"{"Records": []}"#).unwrap();
    let ended = output(crisguard().current_dir(&folder).args(["scan", "*.json"]));
    let told = String::from_utf8(ended.stdout).unwrap();
    assert!(told.contains("! broken.json: it cannot be looked into"), "{told}");
}
