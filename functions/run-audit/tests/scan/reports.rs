//! Reports, and questions that are refused.

use std::fs;

use run_audit::Status;
use serde_json::Value;

use crate::support::{ORGANIZATION, POLICY, crisguard, folder, trail, write};

#[test]
fn a_report_overwrites_only_a_report() {
    let (trail, out) = (trail("reported"), folder("reports").join("out"));
    let (at, to) = (trail.to_str().unwrap(), out.to_str().unwrap());
    let arguments = ["scan", at, "--policy", POLICY, "--out", to];
    let first = crisguard(&arguments, b"");
    assert_eq!(first.status, Status::Findings, "{}", first.errors);
    assert!(
        first.output.contains(&format!("Report: {to}/report.html")),
        "{}",
        first.output
    );
    let body: Value = serde_json::from_slice(&fs::read(out.join("report.json")).unwrap()).unwrap();
    let printed = crisguard(&[&arguments[..], &["--format", "json", "--lang", "ja"]].concat(), b"");
    assert_eq!(body["exits"], printed.json()["exits"]);
    assert!(printed.errors.contains("レポート: "), "{}", printed.errors);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("lang=\"ja\""), "it was written anew");
    let left: Vec<String> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    // Somebody changed it, or it never was a report.
    fs::write(out.join("findings.csv"), "mine").unwrap();
    let refused = crisguard(&arguments, b"");
    assert_eq!((refused.status, refused.output.as_str()), (Status::Incomplete, ""));
    assert!(
        refused.errors.contains("findings.csv is there already"),
        "{}",
        refused.errors
    );
    assert_eq!(fs::read_to_string(out.join("findings.csv")).unwrap(), "mine");
    for name in ["report.html", "manifest.sha256"] {
        let other = folder("others");
        write(&other, name, "mine");
        let to = other.to_str().unwrap();
        assert_eq!(
            crisguard(&["scan", at, "--out", to], b"").status,
            Status::Incomplete,
            "{name}"
        );
        assert_eq!(fs::read_to_string(other.join(name)).unwrap(), "mine");
    }
    // What has another name is nobody's business.
    let beside = folder("beside");
    write(&beside, "notes.txt", "mine");
    let ended = crisguard(
        &["scan", at, "--policy", POLICY, "--out", beside.to_str().unwrap()],
        b"",
    );
    assert_eq!(ended.status, Status::Findings, "{}", ended.errors);
}

/// An earlier report stays whole until the new one is, and what lies beside it is not touched.
#[cfg(unix)]
#[test]
fn a_report_that_cannot_be_written_leaves_the_one_before() {
    let (trail, out) = (trail("exchanged"), folder("exchanges").join("out"));
    let (at, to) = (trail.to_str().unwrap(), out.to_str().unwrap());
    let arguments = ["scan", at, "--policy", POLICY, "--out", to];
    assert_eq!(crisguard(&arguments, b"").status, Status::Findings);
    let files = || -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(&out)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    };
    let before = files();
    assert_eq!(before.len(), 6);
    // The draft of the last document but one cannot be written.
    let draft = out.join(".register.csv.new");
    fs::create_dir_all(draft.join("x")).unwrap();
    let failed = crisguard(&[&arguments[..], &["--lang", "ja"]].concat(), b"");
    assert_eq!(failed.status, Status::Incomplete);
    assert!(failed.errors.contains("register.csv"), "{}", failed.errors);
    assert_eq!(files(), before);
    fs::remove_dir_all(&draft).unwrap();

    // Whoever may write into the folder is not to choose what else is written over.
    let precious = folder("precious");
    write(&precious, "precious", "mine");
    for name in [".report.html.new", ".manifest.sha256.new"] {
        std::os::unix::fs::symlink(precious.join("precious"), out.join(name)).unwrap();
    }
    assert_eq!(crisguard(&arguments, b"").status, Status::Findings);
    assert_eq!(fs::read_to_string(precious.join("precious")).unwrap(), "mine");
    assert!(fs::symlink_metadata(out.join("report.html")).unwrap().is_file());
    assert_eq!(files().len(), 6);

    // What cannot be written to is said before anything is read.
    let draft = out.join(".manifest.sha256.new");
    fs::create_dir_all(draft.join("x")).unwrap();
    let refused = crisguard(&["scan", "/nowhere", "--out", to], b"");
    assert_eq!(
        (refused.status, refused.output.as_str()),
        (Status::Incomplete, ""),
        "{}",
        refused.errors
    );
    // What a draft cannot be put in place of is told, not that it is there.
    let is_told = refused.errors.contains(to) && !refused.errors.contains("exists");
    assert!(is_told, "{}", refused.errors);
}

/// Whatever is wrong is said before anything is read.
#[test]
fn wrong_questions_are_refused_at_once() {
    let wrong = folder("wrong");
    write(&wrong, "posture.json", r#"{"not": "a report"}"#);
    write(
        &wrong,
        "organization.json",
        fs::read_to_string(ORGANIZATION)
            .unwrap()
            .replace(r#""id": "o-a1b2c3d4e5","#, ""),
    );
    let at = |name: &str| wrong.join(name).display().to_string();
    let out = at("out");
    let posture = format!("posture={}", at("posture.json"));
    for (arguments, reason) in [
        (
            vec!["--from", "2026-11-21", "--to", "2026-11-20"],
            "--from 2026-11-21 is not before --to 2026-11-20, so there is no time in between\n\
             next: exchange them: --from 2026-11-20 --to 2026-11-21 (",
        ),
        (
            vec!["--from", "2026-11-21T09:00:00+09:00", "--to", "2026-11-21T00:00:00Z"],
            "--from 2026-11-21T09:00:00+09:00 is not before --to 2026-11-21T00:00:00Z, so there is no time in between\n\
             next: name a later --to",
        ),
        (vec!["--from", "yesterday"], "write a date such as 2026-11-21"),
        (
            vec!["--organization", &at("organization.json")],
            "does not have the organization's `id`",
        ),
        (vec!["--organization-path", "o-a1b2c3d4e5/r-ab12"], "--account"),
        (vec!["--with", &posture], "--out"),
        (
            vec!["--out", &out, "--with", &posture],
            "the posture is not a report of check-posture",
        ),
        (
            vec!["--out", &out, "--with", &format!("reach={POLICY}")],
            "is not what `crisguard reach --format json` prints",
        ),
        (
            vec!["--out", &out, "--with", &posture, "--with", &posture],
            "--with names posture more than once",
        ),
        (vec!["--policy", &at("missing.yaml")], "cannot be read"),
        (vec!["--threads", "0"], "--threads"),
        (
            vec!["--threads", &usize::MAX.to_string()],
            "write a number from 1 to 1024",
        ),
    ] {
        let ended = crisguard(&[&["scan", "/nowhere"], &arguments[..]].concat(), b"");
        assert_eq!(
            (ended.status, ended.output.as_str()),
            (Status::Incomplete, ""),
            "{arguments:?}"
        );
        assert!(ended.errors.contains(reason), "{arguments:?}: {}", ended.errors);
    }
    write(&wrong, "report", "mine");
    for (out, name) in [("report", "report"), ("report/2026", "report")] {
        let ended = crisguard(&["scan", "/nowhere", "--out", &at(out)], b"");
        assert_eq!(ended.status, Status::Incomplete);
        let said = format!("{} is a file, and a report is a folder of several", at(name));
        assert!(
            ended.errors.contains(&said) && ended.errors.contains("name a folder"),
            "{}",
            ended.errors
        );
    }
    let ended = crisguard(&["scan", "-"], b"");
    assert_eq!(ended.status, Status::Incomplete);
    assert!(
        ended.output.contains("standard input: nothing came") && !ended.output.contains("fetch"),
        "{}",
        ended.output
    );
    for (from, reason) in [
        ("2026-01-01", "CloudTrail keeps 90 days, since 2026-08-23T12:00:00Z"),
        ("2026-11-22", "--from 2026-11-22T00:00:00Z is still to come"),
    ] {
        let ended = crisguard(&["lookup", "--from", from, "--to", "2026-11-30"], b"");
        assert_eq!(ended.status, Status::Incomplete);
        assert!(ended.errors.contains(reason), "{}", ended.errors);
    }
    let ended = crisguard(&["lookup", "--to", "2026-01-01"], b"");
    assert_eq!(ended.status, Status::Incomplete);
    let reason = "since 2026-08-23T12:00:00Z, and --to ends before, at 2026-01-02T00:00:00Z";
    assert!(ended.errors.contains(reason), "{}", ended.errors);
}
