//! Feeds bytes to the parser of records and envelopes, and decides what comes out.
#![no_main]

use std::sync::LazyLock;

use crisguard_core::{
    catalog::Catalogue,
    cloudtrail::{Record, parse_envelope, parse_record},
    controls::assess,
    finding::Findings,
    policy::{Policy, PolicyDocument},
};
use libfuzzer_sys::fuzz_target;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().expect("the embedded catalogue is whole"));
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let text = br#"{"version":1,"regions":{"source":["us-east-1"],"destination":["us-east-1"]},"profiles":{"global":"deny","allow":["us.*"]}}"#;
    let account = "111122223333".parse().expect("an account id");
    PolicyDocument::parse(text).expect("a sound policy").for_account(&account, None).expect("no unit's override")
});

fuzz_target!(|bytes: &[u8]| {
    for parsed in [parse_record(bytes), parse_envelope(bytes)] {
        if let Ok(Record::Inference(invocation)) = parsed {
            let mut findings = Findings::under(POLICY.sha256());
            for assessment in assess(&invocation, &POLICY, &CATALOGUE) {
                findings.add(&invocation, &assessment);
            }
            for finding in findings.into_messages() {
                assert_eq!(finding.count, 1);
            }
        }
    }
});
