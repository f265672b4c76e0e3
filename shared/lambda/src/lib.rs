//! What every function of crisguard shares at the edge of AWS Lambda.
//!
//! A function reads its configuration once ([`config`]), takes its messages apart so that one
//! bad message fails alone ([`batch`]), counts every exit ([`metrics`]), writes structured logs
//! ([`logging`]) and tells the Lambda service about errors with their whole chain ([`report`]).
//! The policy is read by [`policy_in_force`]; functions that cannot do without one keep it in
//! [`grounds`], one keeps what else it knows of profiles in [`known_profiles`], and they hand what they
//! decide on to the [`findings_queue`]. Whoever reads the organization puts it together by [`organization`].
//! What a function *does* is not here: each has a `run(ports, input)` that knows nothing of Lambda.

pub mod batch;
pub mod clock;
pub mod config;
pub mod findings_queue;
pub mod fingerprint;
pub mod grounds;
pub mod known_membership;
pub mod known_profiles;
pub mod logging;
pub mod metrics;
pub mod organization;
pub mod policy_in_force;
pub mod report;
pub mod runtime;
#[cfg(any(test, feature = "test-support"))]
pub mod test_support;
