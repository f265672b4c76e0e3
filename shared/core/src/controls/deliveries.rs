//! Where invocation logs are delivered to, as the controls on them look at it.

use std::collections::BTreeMap;

use super::judged::{Judged, nothing_there};
use crate::{
    account::AccountId,
    posture::{
        Bucket, BucketSettings, Delivery, InvocationLogging, LogGroup, LoggingPosture, Place, PostureBasis,
        PostureDecision, Resource, Unknown,
    },
};

/// One of the account's own buckets to which logs are delivered.
#[derive(Debug)]
pub(super) struct LogBucket<'s> {
    /// The bucket.
    pub(super) of: Resource,
    /// Its name.
    pub(super) name: &'s str,
    /// How it is set up.
    pub(super) settings: &'s BucketSettings,
    /// The places in it to which logs are delivered.
    pub(super) deliveries: Vec<&'s Delivery>,
}

/// Returns how the keys of everything begin that Bedrock writes to a place
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html>).
///
/// AWS shows no prefix that ends with a slash: with one there are two ways in which Bedrock may join it.
pub(super) fn keys_begin(delivery: &Delivery, account: &AccountId) -> Vec<String> {
    let below = format!("AWSLogs/{account}/BedrockModelInvocationLogs/");
    let prefix = delivery.prefix.as_str();
    match prefix.strip_suffix('/') {
        _ if prefix.is_empty() => vec![below],
        None => vec![format!("{prefix}/{below}")],
        Some(_) => vec![format!("{prefix}{below}"), format!("{prefix}/{below}")],
    }
}

/// Judges every bucket to which logs are delivered, the one for large data too.
///
/// One that does not exist is left to `invocation-logging-enabled`; what another account has set
/// nobody here can read.
pub(super) fn judge_buckets<'s>(
    seen: &'s LoggingPosture,
    place: &Place<'_>,
    mut judge: impl FnMut(&mut Judged<'_>, &LogBucket<'s>),
) -> PostureDecision {
    let mut judged = Judged::nothing_yet(place);
    let mut by_bucket: BTreeMap<&str, Vec<&Delivery>> = BTreeMap::new();
    for delivery in configured(seen, &mut judged)
        .into_iter()
        .flat_map(InvocationLogging::deliveries)
    {
        by_bucket.entry(&delivery.bucket).or_default().push(delivery);
    }
    let mut any = false;
    for (name, deliveries) in by_bucket {
        let of = Resource::Bucket(name.to_owned());
        match judged.named(&seen.buckets, &of, name) {
            Some(Bucket::Own(settings)) => {
                any = true;
                let bucket = LogBucket {
                    of,
                    name,
                    settings,
                    deliveries,
                };
                judge(&mut judged, &bucket);
            }
            Some(Bucket::Foreign) => judged.unknown(Unknown::OtherAccounts { of: Box::new(of) }),
            Some(Bucket::Missing) | None => {}
        }
    }
    decided(judged, any, place)
}

/// Judges the log group to which logs are delivered, if there is one. One that does not exist is left
/// to `invocation-logging-enabled`.
pub(super) fn judge_log_group(
    seen: &LoggingPosture,
    place: &Place<'_>,
    judge: impl FnOnce(&mut Judged<'_>, Resource, &LogGroup),
) -> PostureDecision {
    let mut judged = Judged::nothing_yet(place);
    let mut any = false;
    if let Some(name) = configured(seen, &mut judged).and_then(|logging| logging.log_group.as_ref()) {
        let of = Resource::LogGroup(name.clone());
        if let Some(Some(group)) = judged.named(&seen.log_groups, &of, name) {
            any = true;
            judge(&mut judged, of, group);
        }
    }
    decided(judged, any, place)
}

/// Returns the configuration of logging, if it is on; that it was not seen is added to what is unknown.
pub(super) fn configured<'s>(seen: &'s LoggingPosture, judged: &mut Judged<'_>) -> Option<&'s InvocationLogging> {
    judged.seen(&seen.configuration).and_then(Option::as_ref)
}

/// Decides; where nothing was there to be judged, that is said.
pub(super) fn decided(judged: Judged<'_>, any: bool, place: &Place<'_>) -> PostureDecision {
    match judged.decision() {
        PostureDecision::Compliant(PostureBasis::AsAsked { .. }) if !any => nothing_there(place),
        decision => decision,
    }
}
