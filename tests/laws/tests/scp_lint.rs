//! The traps of published service control policies, where the samples stand beside the repository: they carry
//! other projects' licences.

use crisguard_core::scp::{
    Policy,
    lint::{Trap, lint},
};
use crisguard_laws::samples;

const QUOTA: usize = 5_120;

#[test]
fn the_traps_of_published_policies_are_found() {
    let expected: [(&str, &[Trap]); 8] = [
        ("03-ct-multiservice-pv1-tokyo-osaka", &[Trap::ManagedByControlTower]),
        ("06-aws-blog-deny-us-east-2-allow-cri", &[Trap::DeniedRegionsMissGlobal]),
        ("10-aws-docs-region-allowlist-unspecified", &[Trap::AllowsGlobal]),
        ("12-aws-samples-bedrock-cris-tokyo-apac", &[Trap::KeyNotOnAction]),
        ("14-repost-notaction-bedrock", &[Trap::BedrockExemptFromRegions]),
        (
            "19-stringnotlike-no-null-guard",
            &[
                Trap::ExemptsEveryProfile,
                Trap::ProfileKeyWithoutNullGuard,
                Trap::MantleNotCovered,
            ],
        ),
        (
            "20-orgs-docs-permitted-models-notresource",
            &[Trap::NotResourceWithoutProfiles, Trap::MantleNotCovered],
        ),
        (
            "21-ct-multiservice-pv1-exempt-bedrock-invoke",
            &[
                Trap::InvokeWildcard,
                Trap::BedrockExemptFromRegions,
                Trap::ManagedByControlTower,
            ],
        ),
    ];
    for (name, traps) in expected {
        let Some(published) = samples::read(&format!("scps/{name}.json")).unwrap() else {
            return;
        };
        let policy = Policy::parse(&published).unwrap();
        let found: Vec<Trap> = lint(&policy, Some(QUOTA)).iter().map(|finding| finding.trap).collect();
        assert_eq!(found, traps, "{name}");
    }
}
