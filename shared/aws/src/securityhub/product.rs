//! The product in whose name findings are imported.

use std::{fmt, str::FromStr};

/// The ARN of a Security Hub product, which says in which account and Region its findings are kept.
///
/// Each account with Security Hub has a product of its own for findings such as crisguard's
/// (<https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-custom-providers.html>):
///
/// ```
/// use crisguard_aws::securityhub::ProductArn;
/// let product: ProductArn = "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default".parse()?;
/// assert_eq!(product.account(), "111122223333");
/// assert!("arn:aws:sns:eu-west-1:111122223333:alerts".parse::<ProductArn>().is_err());
/// # Ok::<(), crisguard_aws::securityhub::NotAProduct>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductArn {
    text: String,
    partition: String,
    region: String,
    account: String,
}

/// Tells that a text is not the ARN of a product in whose name an account imports findings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not of the form arn:aws:securityhub:REGION:ACCOUNT:product/ACCOUNT/default")]
pub struct NotAProduct(String);

impl ProductArn {
    /// Returns the account's id.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns the partition, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// Returns the Region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns where Security Hub is called
    /// (<https://docs.aws.amazon.com/general/latest/gr/sechub.html>).
    pub(super) fn endpoint(&self, fips: bool) -> String {
        let service = if fips { "securityhub-fips" } else { "securityhub" };
        let suffix = if self.partition == "aws-cn" {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        format!("https://{service}.{}.{suffix}", self.region)
    }
}

impl FromStr for ProductArn {
    type Err = NotAProduct;

    fn from_str(text: &str) -> Result<Self, NotAProduct> {
        let parts: Vec<&str> = text.split(':').collect();
        match *parts.as_slice() {
            [
                "arn",
                partition @ ("aws" | "aws-cn" | "aws-us-gov"),
                "securityhub",
                region,
                account,
                product,
            ] if is_name(region) && is_account(account) && product.starts_with("product/") => Ok(Self {
                text: text.to_owned(),
                partition: partition.to_owned(),
                region: region.to_owned(),
                account: account.to_owned(),
            }),
            _ => Err(NotAProduct(text.to_owned())),
        }
    }
}

/// Tells whether a text can stand in a host name: nothing in an ARN may lead the call elsewhere.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for ProductArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_endpoint() {
        for (partition, region, endpoint) in [
            ("aws", "eu-west-1", "https://securityhub.eu-west-1.amazonaws.com"),
            (
                "aws-cn",
                "cn-north-1",
                "https://securityhub.cn-north-1.amazonaws.com.cn",
            ),
            (
                "aws-us-gov",
                "us-gov-west-1",
                "https://securityhub.us-gov-west-1.amazonaws.com",
            ),
        ] {
            let arn = format!("arn:{partition}:securityhub:{region}:111122223333:product/111122223333/default");
            let product: ProductArn = arn.parse().unwrap();
            assert_eq!(product.endpoint(false), endpoint);
            assert_eq!(product.to_string(), arn);
        }
        let product: ProductArn = "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default"
            .parse()
            .unwrap();
        assert_eq!(
            product.endpoint(true),
            "https://securityhub-fips.us-east-1.amazonaws.com"
        );
    }

    #[test]
    fn what_is_not_a_product_of_an_account_is_refused() {
        for text in [
            "",
            "default",
            "arn:aws:securityhub:eu-west-1:111122223333:hub/default",
            "arn:aws:securityhub:eu-west-1::product/aws/guardduty",
            "arn:aws:securityhub::111122223333:product/111122223333/default",
            "arn:aws:securityhub:evil.example/:111122223333:product/111122223333/default",
            "arn:aws-x:securityhub:eu-west-1:111122223333:product/111122223333/default",
            "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default:more",
        ] {
            assert!(text.parse::<ProductArn>().is_err(), "{text}");
        }
    }
}
