//! Where a bucket is asked for.

use aws_config::SdkConfig;

use crate::signed::{endpoint::Partition, text::encoded};

/// What stands in a path as it is: all but slashes is never encoded anywhere.
const KEPT: &[u8] = b"-._~/";

/// A bucket's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Scheme and host.
    pub(super) endpoint: String,
    /// What paths begin with: nothing, or a slash and the bucket.
    root: String,
}

impl Address {
    /// Returns a bucket's address: as part of the host name, or as part of the path where the
    /// environment names a server or the name would not fit a certificate
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>).
    pub(super) fn of(given: Option<String>, configuration: &SdkConfig, region: &str, bucket: &str) -> Self {
        let as_host = bucket
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let server = server("s3", configuration, region);
        match given {
            None if as_host => Self {
                endpoint: format!("https://{bucket}.{server}"),
                root: String::new(),
            },
            given => Self {
                endpoint: given.unwrap_or_else(|| format!("https://{server}")),
                root: format!("/{}", encoded(bucket, KEPT)),
            },
        }
    }

    /// Returns the path of the bucket, or of one of its settings.
    pub(super) fn path(&self, query: &str) -> String {
        let root = if self.root.is_empty() { "/" } else { &self.root };
        format!("{root}{query}")
    }

    /// Returns an object's path, encoded.
    pub(super) fn object(&self, key: &str) -> String {
        format!("{}/{}", self.root, encoded(key, KEPT))
    }
}

/// Returns a Region's server, of `s3` or `s3-control`
/// (<https://docs.aws.amazon.com/general/latest/gr/s3.html>).
pub(super) fn server(service: &str, configuration: &SdkConfig, region: &str) -> String {
    let fips = if configuration.use_fips() == Some(true) {
        "-fips"
    } else {
        ""
    };
    let dual = if configuration.use_dual_stack() == Some(true) {
        ".dualstack"
    } else {
        ""
    };
    format!("{service}{fips}{dual}.{region}.{}", Partition::of(region).suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(region: &'static str, bucket: &str, key: &str) -> String {
        let configuration = SdkConfig::builder().build();
        let address = Address::of(None, &configuration, region, bucket);
        format!("{}{}", address.endpoint, address.object(key))
    }

    #[test]
    fn a_bucket_is_a_host_where_a_certificate_fits_it() {
        assert_eq!(
            address("eu-west-1", "policies-1", "a/policy.yaml"),
            "https://policies-1.s3.eu-west-1.amazonaws.com/a/policy.yaml"
        );
        assert_eq!(
            address("cn-north-1", "company.policies", "policy.yaml"),
            "https://s3.cn-north-1.amazonaws.com.cn/company.policies/policy.yaml"
        );
    }

    #[test]
    fn a_key_may_have_any_characters() {
        assert_eq!(
            address("eu-west-1", "policies", "日本 1+2%.yaml"),
            "https://policies.s3.eu-west-1.amazonaws.com/%E6%97%A5%E6%9C%AC%201%2B2%25.yaml"
        );
    }

    #[test]
    fn a_server_that_the_environment_names_takes_the_bucket_in_the_path() {
        let given = Some("http://127.0.0.1:4566".to_owned());
        let address = Address::of(given, &SdkConfig::builder().build(), "eu-west-1", "policies");
        assert_eq!(address.endpoint, "http://127.0.0.1:4566");
        assert_eq!(address.object("p.yaml"), "/policies/p.yaml");
        assert_eq!(address.path("?encryption"), "/policies?encryption");
    }

    #[test]
    fn fips_and_dual_stack_have_servers_of_their_own() {
        let configuration = SdkConfig::builder().use_fips(true).use_dual_stack(true).build();
        let address = Address::of(None, &configuration, "us-gov-west-1", "policies");
        assert_eq!(
            address.endpoint,
            "https://policies.s3-fips.dualstack.us-gov-west-1.amazonaws.com"
        );
        assert_eq!(address.path("?encryption"), "/?encryption");
    }
}
