//! Where services answer, as the SDKs' rules for endpoints have it
//! (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>).

use aws_config::SdkConfig;

/// A partition of AWS (<https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Its name in ARNs.
    pub(crate) name: &'static str,
    /// What its Regions' names begin with.
    prefix: &'static str,
    /// The domain of its services.
    pub(crate) suffix: &'static str,
    /// The domain of those that are reached over IPv6, too.
    dual_stack: &'static str,
}

const AWS: Partition = Partition {
    name: "aws",
    prefix: "",
    suffix: "amazonaws.com",
    dual_stack: "api.aws",
};

const OTHERS: [Partition; 7] = [
    Partition {
        name: "aws-cn",
        prefix: "cn-",
        suffix: "amazonaws.com.cn",
        dual_stack: "api.amazonwebservices.com.cn",
    },
    Partition {
        name: "aws-us-gov",
        prefix: "us-gov-",
        suffix: "amazonaws.com",
        dual_stack: "api.aws",
    },
    Partition {
        name: "aws-eusc",
        prefix: "eusc-",
        suffix: "amazonaws.eu",
        dual_stack: "api.amazonwebservices.eu",
    },
    Partition {
        name: "aws-iso",
        prefix: "us-iso-",
        suffix: "c2s.ic.gov",
        dual_stack: "api.aws.ic.gov",
    },
    Partition {
        name: "aws-iso-b",
        prefix: "us-isob-",
        suffix: "sc2s.sgov.gov",
        dual_stack: "api.aws.scloud",
    },
    Partition {
        name: "aws-iso-e",
        prefix: "eu-isoe-",
        suffix: "cloud.adc-e.uk",
        dual_stack: "api.cloud-aws.adc-e.uk",
    },
    Partition {
        name: "aws-iso-f",
        prefix: "us-isof-",
        suffix: "csp.hci.ic.gov",
        dual_stack: "api.aws.hci.ic.gov",
    },
];

impl Partition {
    /// Returns a Region's partition.
    pub(crate) fn of(region: &str) -> Self {
        let known = OTHERS.iter().find(|partition| region.starts_with(partition.prefix));
        known.copied().unwrap_or(AWS)
    }
}

/// A service's host names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host {
    /// What they begin with.
    pub(crate) name: &'static str,
    /// Which of those in AWS GovCloud (US) are FIPS endpoints without being called so.
    pub(crate) fips_in_gov: FipsInGov,
}

/// Which host names in AWS GovCloud (US) are FIPS endpoints without being called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FipsInGov {
    /// None.
    Named,
    /// All but those that are reached over IPv6, too.
    Plain,
    /// All.
    AllPlain,
}

impl Host {
    /// Returns the service's address in a Region.
    pub(crate) fn endpoint(self, region: &str, configuration: &SdkConfig) -> String {
        let partition = Partition::of(region);
        let dual = configuration.use_dual_stack() == Some(true);
        let named = partition.name != "aws-us-gov"
            || match self.fips_in_gov {
                FipsInGov::Named => true,
                FipsInGov::Plain => dual,
                FipsInGov::AllPlain => false,
            };
        let fips = if configuration.use_fips() == Some(true) && named {
            "-fips"
        } else {
            ""
        };
        let suffix = if dual { partition.dual_stack } else { partition.suffix };
        format!("https://{}{fips}.{region}.{suffix}", self.name)
    }
}
