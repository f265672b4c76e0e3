//! What is too large, or made to cost much: it is read as far as it may be, and said to be.

use std::{
    io::{self, Read as _},
    num::NonZero,
};

use crisguard_core::{cloudtrail::Alike, tally::Tally};

use super::{RECORD, gzip, log, seen, seen_of, seen_with};
use crate::{Content, Settings, documents, judge::Judge, window::Window};

#[test]
fn a_file_is_read_as_far_as_it_may_be_large() {
    let text = log(&vec![RECORD; 1000]);
    let mut settings = Settings::with_threads(NonZero::<usize>::MIN);
    settings.largest = text.len() as u64;
    assert_eq!(
        seen_with(Content::Bytes(gzip(text.as_bytes())), &settings).bedrock,
        1000
    );
    settings.largest -= 1;
    for bytes in [gzip(text.as_bytes()), text.into_bytes()] {
        let seen = seen_with(Content::Bytes(bytes), &settings);
        assert!(
            seen.rejected.len() == 1 && seen.rejected[0].2.contains("larger than"),
            "{seen:?}"
        );
    }
}

/// Each line opens what never closes, so each could be read to the end of the input.
#[test]
fn reading_takes_a_bounded_effort() {
    for line in [
        "[\n",
        "{\"a\":\n",
        "{\"Records\":[\n",
        "[{\n",
        "{\"Events\":[\n",
        "{\"\n",
        "{\"a\":\"\n{\"b\":\"\\",
        "{\"eventVersion\":",
    ] {
        let text = line.repeat(40_000);
        let started = std::time::Instant::now();
        let seen = seen(text.as_bytes());
        assert!(!seen.rejected.is_empty(), "{line:?}");
        assert!(started.elapsed().as_secs() < 20, "{line:?}");
    }
}

/// What is broken at its end begins anew at every few bytes, and none of these beginnings comes to anything.
#[test]
fn what_is_read_in_vain_again_and_again_is_given_up() {
    for nested in ["{\"eventVersion\":[", "{\"eventVersion\":{\"a\":[\n"] {
        let text = format!("{RECORD}\n{}!", nested.repeat(60_000));
        let started = std::time::Instant::now();
        let seen = seen(text.as_bytes());
        assert!(started.elapsed().as_secs() < 60, "{nested}");
        assert_eq!(seen.bedrock, 1, "{nested}");
        let given_up = |(_, record, reason): &&(String, Option<u64>, String)| {
            record.is_none() && reason.contains("broken in too many places")
        };
        assert_eq!(seen.rejected.iter().filter(given_up).count(), 1, "{nested}");
    }
    // As often as records are really broken, the others are read.
    let broken = format!("{}\n{RECORD}\n", RECORD.get(..99).unwrap());
    let seen = seen(broken.repeat(5_000).as_bytes());
    assert_eq!((seen.bedrock, seen.rejected.len()), (5_000, 5_000));
}

#[test]
fn what_is_no_object_is_looked_at_once() {
    let text = format!("{{\"Records\":[{}{RECORD}]}}", "1,\"{\",".repeat(400_000));
    let started = std::time::Instant::now();
    assert_eq!(seen(text.as_bytes()).bedrock, 1);
    assert!(started.elapsed().as_secs() < 30);
}

/// Digits may be the beginning of more digits, and be read again with each that comes; no record has so many.
#[test]
fn a_number_ends() {
    let digits = format!("{{\"a\":{}}}\n{RECORD}", "1".repeat(5 << 20));
    let seen = seen_of(Content::Stream(Box::new(io::Cursor::new(digits))));
    assert_eq!(seen.bedrock, 1);
    assert!(
        matches!(&seen.rejected[..], [(_, Some(0), reason)] if reason.contains("not valid JSON")),
        "{seen:?}"
    );
}

/// White space may go on for as long as a file may be large, wherever it stands.
#[test]
fn white_space_is_not_held() {
    for (begun, kind) in [
        ("", b' '),
        ("[", b'\n'),
        ("{", b' '),
        ("{", b','),
        ("{\"a\"", b' '),
        ("{\"a\":", b' '),
        ("{\"a\":1", b' '),
        ("{\"Records\":[", b' '),
        ("{\"Records\":[{\"a\":1", b' '),
        ("{\"Events\":[{", b' '),
    ] {
        let mut file = io::Cursor::new(begun).chain(io::repeat(kind).take(12 << 20));
        let (mut held, mut tally, mut known) = (Vec::new(), Tally::new(), Alike::nothing());
        documents::read(
            &mut Window::stream(&mut held, &mut file),
            &mut Judge::new("f", &mut tally, &mut known),
        );
        let held = held.capacity();
        assert!(held <= 6 << 20, "{begun:?}: {held}");
    }
}
