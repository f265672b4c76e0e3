//! What the two commands that ask AWS share: a runtime, and credentials as the AWS CLI finds them.

use crisguard_aws::client::{self, Configuration};

use crate::command::failure::Failure;

/// Runs what asks AWS to its end, on this thread.
pub(super) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::Runtime)?.block_on(work)
}

/// Finds credentials and the Region, and says so if there are none before anything is asked.
pub(super) async fn configuration() -> Result<Configuration, Failure> {
    client::by_default_chain()
        .await
        .map_err(|error| Failure::Credentials(Box::new(error)))
}
