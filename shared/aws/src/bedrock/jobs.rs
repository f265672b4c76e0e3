//! Batches: model invocation jobs.

use aws_sdk_bedrock::{
    primitives::DateTime,
    types::{self, ModelInvocationJobInputDataConfig, ModelInvocationJobOutputDataConfig},
};

use super::{Bedrock, LARGEST_PAGE};
use crate::{Failure, pages::every_page};

const LIST: &str = "bedrock:ListModelInvocationJobs";

/// A batch of invocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvocationJob {
    /// Its ARN, which is its identifier.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The model or inference profile, as it was named.
    pub model: String,
    /// Its status, such as `Completed`.
    pub status: Option<String>,
    /// When it was submitted, in seconds since 1970.
    pub submitted: i64,
    /// The address of what it reads, if that is in S3.
    pub input: Option<String>,
    /// The account that owns the bucket it reads from, if it is named.
    pub input_owner: Option<String>,
    /// Where it writes, if that is in S3.
    pub output: Option<JobOutput>,
}

/// Where a batch writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobOutput {
    /// The address in S3.
    pub uri: String,
    /// The key that encrypts what is written, if one is named; else the bucket's own applies.
    pub key: Option<String>,
    /// The account that owns the bucket, if it is named; else it is the job's.
    pub owner: Option<String>,
}

impl Bedrock {
    /// Lists the batches that were submitted after a time, in seconds since 1970
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListModelInvocationJobs.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or lists a batch without its ARN or model.
    pub async fn invocation_jobs(&self, submitted_after: i64) -> Result<Vec<InvocationJob>, Failure> {
        every_page(LIST, &self.region, async |next| {
            let request = self.client.list_model_invocation_jobs();
            let request = request.submit_time_after(DateTime::from_secs(submitted_after));
            let page = request.max_results(LARGEST_PAGE).set_next_token(next).send().await;
            let page = page.map_err(|error| Failure::of(LIST, &self.region, &error))?;
            let jobs = page.invocation_job_summaries().iter();
            let jobs: Result<_, Failure> = jobs.map(|job| self.job(job)).collect();
            Ok((jobs?, page.next_token))
        })
        .await
    }

    fn job(&self, job: &types::ModelInvocationJobSummary) -> Result<InvocationJob, Failure> {
        let input = match job.input_data_config() {
            Some(ModelInvocationJobInputDataConfig::S3InputDataConfig(input)) => Some(input),
            _ => None,
        };
        let output = match job.output_data_config() {
            Some(ModelInvocationJobOutputDataConfig::S3OutputDataConfig(output)) => Some(output),
            _ => None,
        };
        Ok(InvocationJob {
            arn: self.sent(LIST, "job's ARN", job.job_arn())?,
            name: job.job_name().to_owned(),
            model: self.sent(LIST, "job's model", job.model_id())?,
            status: job.status().map(|status| status.as_str().to_owned()),
            submitted: job.submit_time().secs(),
            input: input.map(|input| input.s3_uri().to_owned()),
            input_owner: input.and_then(|input| input.s3_bucket_owner().map(str::to_owned)),
            output: output.map(|output| JobOutput {
                uri: output.s3_uri().to_owned(),
                key: output.s3_encryption_key_id().map(str::to_owned),
                owner: output.s3_bucket_owner().map(str::to_owned),
            }),
        })
    }
}
