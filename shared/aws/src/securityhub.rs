//! AWS Security Hub: findings in the AWS Security Finding Format (ASFF), in batches of which every
//! refusal is read.
//!
//! This is one signed call on the parts that the SDKs are made of, not `aws-sdk-securityhub`: that
//! crate types every resource that any product may report, costs 64 seconds of CPU and 2.4 GB of
//! memory to compile even without optimisation (version 1.137, measured), and makes 195 MB of it,
//! for one operation and one document. Retries, time-outs, credentials, endpoint overrides and the
//! HTTP client are the SDK's own here, too: see `call`.

mod call;
mod product;

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;

use crate::{Disposition, Failure};
use call::{Answer, FailedFinding, Import};
pub use product::{NotAProduct, ProductArn};

const ACTION: &str = "securityhub:BatchImportFindings";
/// The most findings in one request
/// (<https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>).
const LARGEST_BATCH: usize = 100;
/// The most bytes of one finding: 240 Kb, on the same page, read as the smaller of its meanings.
const LARGEST_FINDING: usize = 240_000;

/// A finding to be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its `Id`, by which the answer names it.
    pub id: String,
    /// The ASFF document: a JSON object.
    pub document: String,
}

/// A finding that Security Hub did not take.
#[derive(Clone, Debug)]
pub struct NotImported {
    /// The finding's position among those that were to be imported, from 0.
    pub position: usize,
    /// Why.
    pub failure: Failure,
}

/// The Security Hub of a product's account and Region.
#[derive(Clone, Debug)]
pub struct SecurityHub {
    import: Import,
    product: String,
}

impl SecurityHub {
    /// Names the hub by the ARN of the product whose findings it takes.
    #[must_use]
    pub fn new(configuration: &SdkConfig, product: &ProductArn) -> Self {
        Self {
            import: call::import(configuration, product),
            product: product.to_string(),
        }
    }

    /// Imports every finding, in as few requests as the quotas allow, and returns those that were
    /// not taken. A finding whose fate the answer leaves open counts as not taken.
    ///
    /// Two findings with the same id are two states of one finding: of one request, Security Hub
    /// reads only the first (<https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-custom-providers.html>).
    pub async fn import(&self, findings: &[Finding]) -> Vec<NotImported> {
        let (fitting, oversized): (Vec<_>, Vec<_>) = findings
            .iter()
            .enumerate()
            .partition(|(_, finding)| finding.document.len() <= LARGEST_FINDING);
        let mut not_imported: Vec<NotImported> = oversized
            .into_iter()
            .map(|(position, finding)| NotImported {
                position,
                failure: self.failure(
                    format!(
                        "the finding {} has {} bytes, and Security Hub takes {LARGEST_FINDING}",
                        finding.id,
                        finding.document.len()
                    ),
                    Disposition::WillNotPass,
                ),
            })
            .collect();
        for batch in fitting.chunks(LARGEST_BATCH) {
            not_imported.extend(self.import_batch(batch).await);
        }
        not_imported.sort_by_key(|finding| finding.position);
        not_imported
    }

    async fn import_batch(&self, batch: &[(usize, &Finding)]) -> Vec<NotImported> {
        let documents: Vec<&str> = batch.iter().map(|(_, finding)| finding.document.as_str()).collect();
        let fate = match self.import.invoke(call::body(&documents)).await {
            Err(error) => Err(Failure::of(ACTION, &self.product, &error)),
            Ok(answer) => self.fate(batch, &answer),
        };
        batch
            .iter()
            .filter_map(|(position, finding)| {
                let failure = match &fate {
                    Err(failure) => failure,
                    Ok(refused) => refused.get(finding.id.as_str())?,
                };
                Some(NotImported {
                    position: *position,
                    failure: failure.clone(),
                })
            })
            .collect()
    }

    /// Returns which findings were refused; an answer that does not account for each of the batch is
    /// an error, for it leaves open which ones were taken.
    fn fate(&self, batch: &[(usize, &Finding)], answer: &Answer) -> Result<BTreeMap<String, Failure>, Failure> {
        let sent: BTreeSet<&str> = batch.iter().map(|(_, finding)| finding.id.as_str()).collect();
        let known = answer.failed.iter().all(|failed| sent.contains(failed.id.as_str()));
        let (listed, counted, taken) = (answer.failed.len(), answer.failed_count, answer.success_count);
        if !known || listed != counted || counted.checked_add(taken) != Some(batch.len()) {
            return Err(self.failure(
                format!(
                    "the answer to {} findings counts {taken} taken and {counted} refused, and lists {listed} refused{}",
                    batch.len(),
                    if known { "" } else { ", of which some were not sent" }
                ),
                Disposition::MayPass,
            ));
        }
        Ok(answer
            .failed
            .iter()
            .map(|failed| (failed.id.clone(), self.refusal(failed)))
            .collect())
    }

    fn refusal(&self, failed: &FailedFinding) -> Failure {
        // The codes are not listed anywhere; those of the operation itself are `InternalException`,
        // `InvalidAccessException`, `InvalidInputException` and `LimitExceededException`.
        const PASSING: [&str; 3] = ["Internal", "LimitExceeded", "Throttl"];
        let disposition = if PASSING.iter().any(|passing| failed.error_code.starts_with(passing)) {
            Disposition::MayPass
        } else {
            Disposition::WillNotPass
        };
        self.failure(
            format!(
                "{}: {} (finding {})",
                failed.error_code, failed.error_message, failed.id
            ),
            disposition,
        )
    }

    fn failure(&self, cause: String, disposition: Disposition) -> Failure {
        Failure {
            action: ACTION,
            resource: self.product.clone(),
            cause,
            disposition,
        }
    }
}

#[cfg(test)]
mod tests;
