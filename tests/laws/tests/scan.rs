//! However records are cut into files, ordered, written as JSON, and read by however many threads with however much
//! memory: the audit is the same, byte for byte but for what it says of the files themselves.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests panic where they fail"
)]

use std::{collections::BTreeMap, io::Cursor, num::NonZero};

use crisguard_core::{
    catalog::Catalogue,
    cloudtrail::{Record, parse_record},
    policy::PolicyDocument,
    tally::{Audit, Question, Rejected, Scope, Tally, Unread},
};
use crisguard_laws::generate::record as bedrock_record;
use crisguard_scan::{Content, Scan, Scanned, Settings, Source};
use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value, json};

const POLICY: &str = r#"{"version": 1, "regions": {"source": ["us-east-1", "us-west-2"], "destination": ["us-east-1"]}, "profiles": {"global": "deny"}}"#;

/// A record of Bedrock, of another service, or something that is no record.
fn element() -> impl Strategy<Value = Value> {
    let ids = prop::sample::select(vec![
        "0bd5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f",
        "1bd5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f",
        "2bd5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f",
        "an id of another form",
    ]);
    let programs = prop::sample::select(vec!["Boto3/1.40.18", "aws-cli/2.27.49", "\"", "\u{e9}"]);
    let with_ids = (bedrock_record(), ids.clone(), ids, programs).prop_map(|(mut record, event, request, program)| {
        record["eventID"] = json!(event);
        record["requestID"] = json!(request);
        in_order(&record, program)
    });
    let quoting = bedrock_record().prop_map(|record| {
        json!({"eventSource": "s3.amazonaws.com", "eventID": "s", "quoted": record.to_string(), "nested": [record]})
    });
    prop_oneof![
        6 => with_ids,
        2 => quoting,
        2 => Just(json!({"eventSource": "s3.amazonaws.com", "userAgent": "},{\"eventVersion\":\\\"[", "a": [[], {}]})),
        1 => prop::sample::select(vec![json!(null), json!(7), json!("bedrock"), json!(true), json!({})]),
    ]
}

/// Puts the members of a record in CloudTrail's order, as far as it matters to how records are read.
fn in_order(record: &Value, program: &str) -> Value {
    let mut ordered = Map::new();
    for name in [
        "eventVersion",
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
    ] {
        if let Some(value) = record.get(name) {
            ordered.insert(name.to_owned(), value.clone());
        }
    }
    ordered.insert("sourceIPAddress".to_owned(), json!("10.0.0.1"));
    ordered.insert("userAgent".to_owned(), json!(program));
    for (name, value) in record.as_object().unwrap() {
        ordered.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Value::Object(ordered)
}

/// How the same JSON is written.
#[derive(Clone, Copy, Debug)]
enum Written {
    Plain,
    Pretty,
    /// Every text with all of its signs as escapes, keys too.
    Escaped,
    Sorted,
}

fn written(value: &Value, how: Written) -> String {
    match how {
        Written::Plain => value.to_string(),
        Written::Pretty => serde_json::to_string_pretty(value).unwrap(),
        Written::Escaped => escaped(value),
        Written::Sorted => sorted(value).to_string(),
    }
}

fn escaped(value: &Value) -> String {
    let text = |text: &str| {
        let units: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let units = units.concat();
        format!("\"{units}\"")
    };
    match value {
        Value::String(value) => text(value),
        Value::Array(values) => format!("[{}]", values.iter().map(escaped).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| format!("{}:{}", text(key), escaped(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(sorted).collect(),
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members
                .iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect();
            members.into_iter().collect()
        }
        plain => plain.clone(),
    }
}

fn how() -> impl Strategy<Value = Written> {
    prop::sample::select(vec![
        Written::Plain,
        Written::Plain,
        Written::Pretty,
        Written::Escaped,
        Written::Sorted,
    ])
}

/// Concludes, and leaves out what is said of files.
fn concluded(scanned: Scanned) -> String {
    plain(ask(|question| scanned.conclude(question).unwrap()))
}

fn ask(conclude: impl FnOnce(&Question<'_>) -> Audit) -> Audit {
    let policy = PolicyDocument::parse(POLICY.as_bytes()).unwrap();
    let catalogue = Catalogue::embedded().unwrap();
    conclude(&Question {
        policy: Some(&policy),
        places: &BTreeMap::new(),
        catalogue: &catalogue,
        scope: Scope::everything(),
    })
}

/// Something that could not be read, wherever and why.
fn somewhere() -> Rejected {
    Rejected::new("", None, &Unread::NoObject)
}

fn plain(mut audit: Audit) -> String {
    audit.read.files = 0;
    audit.read.bytes = 0;
    audit.coverage.unplaced_files = 0;
    for rejected in &mut audit.rejected {
        *rejected = somewhere();
    }
    serde_json::to_string(&audit).unwrap()
}

/// The same by a parser of all of JSON, and the parser of records: nothing is found, passed over or remembered.
fn by_the_parser(elements: &[Value]) -> String {
    let mut tally = Tally::new();
    for element in elements {
        if !element.is_object() {
            tally.reject(somewhere());
            continue;
        }
        match parse_record(element.to_string().as_bytes()) {
            // What does not say whose record it is may be anything.
            Ok(Record::NotBedrock) if element["eventSource"].is_string() => tally.count_not_bedrock(1),
            Ok(Record::NotInference { .. }) => tally.count_not_inference(1),
            Ok(Record::Inference(invocation)) => tally.add(&invocation),
            Ok(Record::NotBedrock) | Err(_) => tally.reject(somewhere()),
        }
    }
    plain(ask(|question| {
        let none: [Result<_, std::convert::Infallible>; 0] = [];
        match tally.conclude(none, question) {
            Ok(audit) => audit,
            Err(never) => match never {},
        }
    }))
}

fn scanned(files: Vec<Vec<u8>>, streamed: bool, settings: &Settings) -> Scanned {
    let scan = Scan::start(settings.clone());
    for bytes in files {
        scan.offer(Source {
            name: "f".to_owned(),
            content: if streamed {
                Content::Stream(Box::new(Cursor::new(bytes)))
            } else {
                Content::Bytes(bytes)
            },
        });
    }
    scan.finish().unwrap()
}

fn settings(threads: usize, rows_in_memory: usize) -> Settings {
    let mut settings = Settings::with_threads(NonZero::new(threads).unwrap());
    settings.rows_in_memory = rows_in_memory;
    settings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_audit_does_not_depend_on_how_its_records_were_read(
        elements in prop::collection::vec(element(), 1..25),
        order in any::<Index>(),
        cuts in prop::collection::vec((any::<Index>(), how()), 0..6),
        threads in 1..5_usize,
        rows in prop_oneof![Just(0), Just(3), Just(100_000)],
        streamed: bool,
    ) {
        let expected = by_the_parser(&elements);
        let mut turned = elements.clone();
        turned.rotate_left(order.index(elements.len()));
        let mut places: Vec<(usize, Written)> = cuts.iter().map(|(cut, how)| (cut.index(turned.len()), *how)).collect();
        places.push((turned.len(), Written::Plain));
        places.sort_by_key(|(place, _)| *place);
        let mut start = 0;
        let mut files = Vec::new();
        for (end, how) in places {
            let part = json!({"Records": turned[start..end]});
            files.push(written(&part, how).into_bytes());
            start = end;
        }
        files.reverse();
        let audit = concluded(scanned(files.clone(), streamed, &settings(threads, rows)));
        prop_assert_eq!(&audit, &expected);

        // In parts that are stored, and merged by another.
        let (one, two) = files.split_at(files.len() / 2);
        let mut all = Scanned::nothing(&settings(1, rows));
        for part in [two, one] {
            let mut stored = Vec::new();
            scanned(part.to_vec(), streamed, &settings(threads, rows)).write("a part", &mut stored).unwrap();
            all.merge(Scanned::read(stored.as_slice(), "a part", &settings(1, 2)).unwrap()).unwrap();
        }
        prop_assert_eq!(&concluded(all), &expected);
    }

    #[test]
    fn a_stored_tally_that_was_damaged_is_never_read(
        elements in prop::collection::vec(element(), 1..8), at: Index, change in 1..=255_u8, cut: bool,
    ) {
        let file = json!({"Records": elements}).to_string().into_bytes();
        let mut stored = Vec::new();
        scanned(vec![file], false, &settings(1, 0)).write("a part", &mut stored).unwrap();
        prop_assert!(Scanned::read(stored.as_slice(), "a part", &settings(1, 0)).is_ok());
        let at = at.index(stored.len());
        if cut {
            stored.truncate(at);
        } else {
            stored[at] ^= change;
        }
        prop_assert!(Scanned::read(stored.as_slice(), "a part", &settings(1, 0)).is_err());
    }
}
