//! Amazon S3: objects that are read again only when they have changed, and how buckets are set up.
//!
//! These are signed calls on the parts that the SDKs are made of, not `aws-sdk-s3`: that crate
//! makes each function that reads a policy 1.3 MB larger (docs/performance.md), for directory
//! buckets, access points, checksums and streams that nothing here needs.

mod address;
mod answer;
mod bucket;
mod buckets;
mod lifecycle;
mod objects;

use aws_config::{Region, SdkConfig};
use aws_runtime::auth::SigningOptions;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::{box_error::BoxError, client::orchestrator::HttpRequest};
use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};

use crate::{Disposition, Failure, signed::Service};
use address::Address;
pub use answer::Fetched;
pub use bucket::{Bucket, Encryption, Head, PublicAccessBlock};
pub use buckets::{Buckets, ListedBucket};
pub use lifecycle::LifecycleRule;
pub use objects::{Keys, KeysPage, ListedObject};

const ACTION: &str = "s3:GetObject";
pub(crate) const SERVICE: Service = Service {
    id: "S3",
    signs_as: "s3",
    version: "2006-03-01",
};

/// One object of one bucket, up to a size.
#[derive(Clone, Debug)]
pub struct Object {
    /// The call: the tag of the version that is known in, what was found out.
    read: Operation<Option<String>, Fetched, ErrorMetadata>,
    bucket: String,
    key: String,
    largest: usize,
}

impl Object {
    /// Names an object; content of more than `largest` bytes is refused.
    #[must_use]
    pub fn new(configuration: &SdkConfig, bucket: &str, key: &str, largest: usize) -> Self {
        let region = configuration.region().cloned();
        let region = region.unwrap_or_else(|| Region::from_static("us-east-1"));
        let given = SERVICE.endpoint_given(configuration);
        let address = Address::of(given, configuration, region.as_ref(), bucket);
        let path = address.object(key);
        // One byte more than may be there, to tell that there is more.
        let range = format!("bytes=0-{largest}");
        let read = SERVICE
            .at("GetObject", &address.endpoint, region, as_s3_signs(), configuration)
            .serializer(move |known| request(&path, &range, known))
            .deserializer(answer::read)
            .build();
        Self {
            read,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            largest,
        }
    }

    /// Returns the object's address, for people.
    #[must_use]
    pub fn address(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// Reads the object unless it is still the version with the tag `known`.
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses, cannot be reached, or the object is too large.
    pub async fn fetch(&self, known: Option<&str>) -> Result<Fetched, Failure> {
        match self.read.invoke(known.map(str::to_owned)).await {
            Ok(Fetched::Content { bytes, .. }) if bytes.len() > self.largest => Err(Failure {
                action: ACTION,
                resource: self.address(),
                cause: format!("the object has more than {} bytes", self.largest),
                disposition: Disposition::WillNotPass,
            }),
            Ok(fetched) => Ok(fetched),
            Err(error) => {
                let mut failure = Failure::of(ACTION, &self.address(), &error);
                if failure.cause.starts_with("AccessDenied") {
                    failure
                        .cause
                        .push_str(" (S3 answers so, too, if the object does not exist)");
                }
                Err(failure)
            }
        }
    }
}

/// Returns how S3 is signed, unlike other services: the path as it is sent, and the body's digest as
/// a header (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>).
fn as_s3_signs() -> SigningOptions {
    let mut signing = SigningOptions::default();
    signing.double_uri_encode = false;
    signing.normalize_uri_path = false;
    signing.content_sha256_header = true;
    signing
}

fn request(path: &str, range: &str, known: Option<String>) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_method("GET")?;
    request.set_uri(path)?;
    let headers = request.headers_mut();
    headers.insert("range", range.to_owned());
    if let Some(known) = known {
        headers.try_insert("if-none-match", known)?;
    }
    Ok(request)
}

#[cfg(test)]
mod tests;
