//! Where an object is asked for.

use aws_config::SdkConfig;
use aws_types::region::Region;

/// An object's address, as requests have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Scheme and host.
    pub(super) endpoint: String,
    /// The path, encoded.
    pub(super) path: String,
    /// The Region to sign for.
    pub(super) region: Region,
}

impl Address {
    /// Returns an object's address: with the bucket as part of the host name, or as part of the
    /// path where the environment names a server or the name would not fit a certificate
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>).
    pub(super) fn of(given: Option<String>, configuration: &SdkConfig, bucket: &str, key: &str) -> Self {
        let region = configuration
            .region()
            .cloned()
            .unwrap_or_else(|| Region::from_static("us-east-1"));
        let as_host = bucket
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let server = server(configuration, region.as_ref());
        let key = encoded(key);
        let (endpoint, path) = match given {
            None if as_host => (format!("https://{bucket}.{server}"), format!("/{key}")),
            given => (
                given.unwrap_or_else(|| format!("https://{server}")),
                format!("/{}/{key}", encoded(bucket)),
            ),
        };
        Self { endpoint, path, region }
    }
}

/// Returns a Region's server (<https://docs.aws.amazon.com/general/latest/gr/s3.html>).
fn server(configuration: &SdkConfig, region: &str) -> String {
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
    format!("s3{fips}{dual}.{region}.{}", suffix(region))
}

/// Returns the domain of a Region's partition, as the SDKs' table of partitions has it
/// (<https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>).
fn suffix(region: &str) -> &'static str {
    const SUFFIXES: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
    ];
    SUFFIXES
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// Encodes a key for a path: all but slashes and the characters that are never encoded.
fn encoded(key: &str) -> String {
    let mut path = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 0xf].map(|digit| char::from_digit(digit.into(), 16));
            path.push('%');
            path.extend(digits.into_iter().flatten().map(|digit| digit.to_ascii_uppercase()));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(region: &'static str, bucket: &str, key: &str) -> String {
        let configuration = SdkConfig::builder().region(Region::from_static(region)).build();
        let Address { endpoint, path, .. } = Address::of(None, &configuration, bucket, key);
        format!("{endpoint}{path}")
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
        let configuration = SdkConfig::builder().region(Region::from_static("eu-west-1")).build();
        let address = Address::of(
            Some("http://127.0.0.1:4566".to_owned()),
            &configuration,
            "policies",
            "p.yaml",
        );
        assert_eq!(address.endpoint, "http://127.0.0.1:4566");
        assert_eq!(address.path, "/policies/p.yaml");
    }

    #[test]
    fn fips_and_dual_stack_have_servers_of_their_own() {
        let configuration = SdkConfig::builder()
            .region(Region::from_static("us-gov-west-1"))
            .use_fips(true)
            .use_dual_stack(true)
            .build();
        let address = Address::of(None, &configuration, "policies", "p.yaml");
        assert_eq!(
            address.endpoint,
            "https://policies.s3-fips.dualstack.us-gov-west-1.amazonaws.com"
        );
    }
}
