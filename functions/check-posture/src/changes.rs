//! The messages of the changes queue, each through one exit.

use std::collections::BTreeMap;

use crisguard_core::{
    account::AccountId,
    change::{self, Change},
};
use crisguard_lambda::{
    batch::{BatchResponse, Message, MessageId},
    metrics::Counts,
    report::Report,
};
use futures_util::stream::{self, StreamExt as _};

use crate::{
    function::Shared,
    metric,
    organization::{ACCOUNTS_AT_ONCE, Whereabouts},
    ports,
};

/// What a batch asks for.
#[derive(Debug)]
struct Batch {
    /// Each change with the message that brought it, account by account.
    changes: BTreeMap<AccountId, (Vec<MessageId>, Vec<Change>)>,
    /// The messages that could not be read; they are failed alone.
    rejected: Vec<MessageId>,
}

impl Batch {
    /// Reads every message, and counts those that are no change of settings of an account that is looked at.
    fn read(messages: Vec<Message>, is_looked_at: impl Fn(&AccountId) -> bool, counts: &mut Counts) -> Self {
        let mut batch = Self {
            changes: BTreeMap::new(),
            rejected: Vec::new(),
        };
        counts.add(metric::CHANGES, messages.len());
        for message in messages {
            match change::parse(message.body.as_bytes()) {
                Ok(Some(change)) if is_looked_at(&change.account) => {
                    let (ids, changes) = batch.changes.entry(change.account.clone()).or_default();
                    ids.push(message.id);
                    changes.push(change);
                }
                Ok(_) => counts.add(metric::CHANGES_NOT_APPLICABLE, 1),
                Err(rejection) => {
                    tracing::warn!(message_id = message.id.as_str(), error = %rejection, "a change cannot be read");
                    counts.add(metric::CHANGES_REJECTED, 1);
                    batch.rejected.push(message.id);
                }
            }
        }
        batch
    }
}

/// Looks at what the changes of a batch can affect, each in its account. An account that cannot be done with fails its
/// own messages; if that is every account, the invocation.
pub(crate) async fn look<Ports: ports::Ports>(
    shared: &Shared<'_, Ports>,
    messages: Vec<Message>,
    counts: &mut Counts,
) -> Result<BatchResponse, Report> {
    let is_looked_at = |account: &AccountId| shared.hub.is_of(account) || shared.ports.looks_at_members();
    let Batch { changes, rejected } = Batch::read(messages, is_looked_at, counts);
    let accounts = changes.len();
    let each = changes.into_iter().map(async |(account, (messages, changes))| {
        let mut counts = metric::counts();
        let session = shared.open(&account, &Whereabouts::Asked).await;
        let again = session.after(&changes, &mut counts).await;
        (account, messages, again, counts)
    });
    let each: Vec<_> = stream::iter(each).buffer_unordered(ACCOUNTS_AT_ONCE).collect().await;
    let (mut failed, mut reports) = (rejected, Vec::new());
    for (account, messages, again, of_one) in each {
        metric::add(counts, &of_one);
        match again {
            Ok(false) => {}
            Ok(true) => failed.extend(messages),
            Err(report) => {
                tracing::error!(%account, error = %report, "an account's changes could not be done with");
                failed.extend(messages);
                reports.push(report);
            }
        }
    }
    match reports.pop() {
        Some(report) if reports.len() + 1 == accounts => Err(report),
        _ => Ok(BatchResponse::failing(failed)),
    }
}
