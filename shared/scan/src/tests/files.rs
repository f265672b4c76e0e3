//! Files as wholes: records wherever they lie in one, one file after another, and which of them are evidence of a day.

use std::{io, num::NonZero};

use crisguard_core::tally::Unread;
use serde_json::Value;

use super::{OTHER, RECORD, gzip, log, seen, seen_of};
use crate::{Content, Scan, Settings, Source};

/// A file is looked at part by part, and records may lie across parts, or be larger than one.
#[test]
fn records_are_found_wherever_they_lie() {
    let (mut records, mut too_large) = (Vec::new(), 0);
    for number in 0..35 {
        let length: usize = [300, 70_000, 150_000, 250_000, 262_150, 1_048_000, 1_049_000][number % 7];
        let record = if number % 3 == 0 { RECORD } else { OTHER };
        let padding = length.saturating_sub(record.len());
        records.push(record.replacen('{', &format!(r#"{{"x":"{}","#, "{\\\"".repeat(padding / 3 + 1)), 1));
        too_large += usize::from(records.last().unwrap().len() > 1024 * 1024);
    }
    let list: Vec<&str> = records.iter().map(String::as_str).collect();
    let text = log(&list);
    let expected = seen(text.as_bytes());
    assert_eq!(expected.rejected.len(), too_large);
    assert_eq!(expected.bedrock + expected.not_bedrock, 35 - too_large as u64);
    assert_eq!(seen(&gzip(text.as_bytes())), expected);
    let (one, two) = text.as_bytes().split_at(text.len() / 2);
    assert_eq!(seen(&[gzip(one), gzip(two)].concat()), expected);
    assert_eq!(seen_of(Content::Stream(Box::new(io::Cursor::new(text)))), expected);
}

/// One thread reads files into the same memory: what is behind the end of a file is of another.
#[test]
fn files_are_read_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let scan = Scan::start(Settings::with_threads(NonZero::<usize>::MIN));
    for number in 0..200_usize {
        let text = log(&vec![RECORD; 200 - number]);
        let bytes = match number % 4 {
            0 => text.into_bytes(),
            1 => gzip(text.as_bytes()),
            2 => gzip(text.as_bytes())[..60].to_vec(),
            _ => Vec::new(),
        };
        let path = folder.path().join(number.to_string());
        std::fs::write(&path, bytes).unwrap();
        scan.offer(Source {
            name: number.to_string(),
            content: Content::File(path),
        });
    }
    let mut scanned = scan.finish().unwrap();
    let head: Value = serde_json::to_value(scanned.tally()).unwrap();
    let records: usize = (0..200)
        .filter(|number| number % 4 < 2)
        .map(|number| 200 - number)
        .sum();
    assert_eq!(scanned.tally().rows(), records);
    assert_eq!(
        (&head["counts"]["files"], &head["counts"]["rejected"]),
        (&200.into(), &100.into())
    );
}

/// A day is covered by what could be read of it: a file that is cut off, or is something else, is no evidence that
/// nothing happened.
#[test]
fn a_file_that_is_not_whole_leaves_its_day_uncovered() {
    let whole = log(&[RECORD, OTHER]);
    let not_read = |bytes: &[u8]| {
        let scan = Scan::start(Settings::with_threads(NonZero::<usize>::MIN));
        scan.offer(Source {
            name: "AWSLogs/111122223333/CloudTrail/us-west-2/2026/11/21/f.json".to_owned(),
            content: Content::Bytes(bytes.to_vec()),
        });
        let head: Value = serde_json::to_value(scan.finish().unwrap().tally()).unwrap();
        head["days"]["111122223333"]["us-west-2"]["2026-11-21"]["not_read"]
            .as_u64()
            .unwrap()
    };
    for read in [whole.as_str(), &log(&[]), &log(&["null", RECORD])] {
        assert_eq!(not_read(read.as_bytes()), 0, "{read}");
    }
    for lost in [
        whole.get(..whole.len() - 9).unwrap(),
        &format!("{{\"Records\":[{OTHER},{{x,{RECORD}]}}"),
        "<html>",
        "{}",
        "{\"Records\":[null]}",
        " ",
        "",
    ] {
        assert_eq!(not_read(lost.as_bytes()), 1, "{lost}");
    }
}

/// A bucket has other files beside log files, whose keys say what they are: they leave no day in doubt.
#[test]
fn files_of_other_kinds_are_counted_apart() {
    let scan = Scan::start(Settings::with_threads(NonZero::<usize>::MIN));
    let folders = [
        "CloudTrail",
        "CloudTrail-Digest",
        "CloudTrail-Insight",
        "BedrockModelInvocationLogs",
        "Other",
    ];
    for folder in folders {
        scan.offer(Source {
            name: format!("AWSLogs/111122223333/{folder}/us-west-2/2026/11/21/x.json"),
            content: Content::Bytes(log(&[]).into_bytes()),
        });
    }
    let mut scanned = scan.finish().unwrap();
    let head: Value = serde_json::to_value(scanned.tally()).unwrap();
    let counts = ["files", "other_files", "unplaced_files"].map(|name| head["counts"][name].as_u64().unwrap());
    assert_eq!(counts, [5, 3, 1]);
}

/// What is no file counts as none, and neither does a page of the event history, whose place is known otherwise.
#[test]
fn what_is_no_file_is_counted_as_what_it_is() {
    let scan = Scan::start(Settings::with_threads(NonZero::<usize>::MIN));
    let page = log(&[RECORD, OTHER]).into_bytes();
    for content in [
        Content::NoFile(Unread::NoSuchPath),
        Content::Page(Ok(page.clone())),
        Content::Page(Err(Unread::Said("no".to_owned()))),
        Content::Unreadable(Unread::Said("no".to_owned())),
    ] {
        let name = "x".to_owned();
        scan.offer(Source { name, content });
    }
    let watch = scan.watch();
    let mut scanned = scan.finish().unwrap();
    let head: Value = serde_json::to_value(scanned.tally()).unwrap();
    let counted = |name: &str| head["counts"][name].as_u64().unwrap();
    let names = [
        "files",
        "unplaced_files",
        "pages",
        "paths_without_file",
        "rejected",
        "bytes",
    ];
    assert_eq!(names.map(counted), [1, 1, 2, 1, 2, page.len() as u64]);
    assert_eq!(head["rejected"].as_array().unwrap().len(), 3);
    assert_eq!(scanned.tally().rows(), 1);
    assert_eq!(watch.progress().files, 3);
}
