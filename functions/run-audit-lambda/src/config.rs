//! The function's configuration.

use crisguard_aws::sts::Role;
use crisguard_core::region::Region;
use crisguard_lambda::{
    config::{ConfigurationError, Variables},
    logging::LogLevel,
};
use crisguard_scan::plan::Address;

use crate::audit::Places;

/// What the template tells the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CRISGUARD_ORGANIZATION_ROLE_ARN`: the role of the management account, or of a delegated administrator,
    /// that may read the organization, with `CRISGUARD_ORGANIZATION_EXTERNAL_ID`. Without it the function asks
    /// as itself.
    pub organization_role: Option<Role>,
    /// `CRISGUARD_REPORTS_BUCKET`: where audits keep their plans, tallies and reports, if they may; and
    /// `CRISGUARD_POLICY_BUCKET` with `CRISGUARD_POLICY_KEY`: the policy that decides where none is named.
    pub places: Places,
    /// `AWS_REGION`, set by Lambda: where the role is assumed.
    pub home: Region,
    /// `CRISGUARD_LOG_LEVEL`, `info` if it is not set.
    pub log_level: LogLevel,
}

impl Config {
    /// Reads every variable.
    ///
    /// # Errors
    ///
    /// Fails with one error that names every variable that is missing or wrong.
    pub fn read(mut variables: Variables<impl Fn(&str) -> Option<String>>) -> Result<Self, ConfigurationError> {
        let role = variables.with("CRISGUARD_ORGANIZATION_ROLE_ARN", "CRISGUARD_ORGANIZATION_EXTERNAL_ID");
        let reports = variables.optional("CRISGUARD_REPORTS_BUCKET");
        let policy = variables.together("CRISGUARD_POLICY_BUCKET", "CRISGUARD_POLICY_KEY");
        let home = variables.required("AWS_REGION");
        let log_level: Option<Option<LogLevel>> = variables.optional("CRISGUARD_LOG_LEVEL");
        let read = || {
            Some(Self {
                organization_role: role?.map(|(arn, external_id)| Role { arn, external_id }),
                places: Places {
                    reports: reports?,
                    policy: policy?.map(|(bucket, key)| Address { bucket, key }),
                },
                home: home?,
                log_level: log_level?.unwrap_or_else(LogLevel::info),
            })
        };
        read().ok_or_else(|| variables.into_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, ConfigurationError> {
        Config::read(Variables::new(|name: &str| {
            let mut set = set.iter();
            set.find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
        }))
    }

    #[test]
    fn without_a_role_it_asks_as_itself() {
        let region = ("AWS_REGION", "eu-west-1");
        let arn = "arn:aws:iam::444455556666:role/crisguard-organization";
        let role = ("CRISGUARD_ORGANIZATION_ROLE_ARN", arn);
        let external_id = ("CRISGUARD_ORGANIZATION_EXTERNAL_ID", "e");
        assert_eq!(read(&[region]).unwrap().organization_role, None);
        for (set, expected) in [(&[region, role][..], None), (&[region, role, external_id], Some("e"))] {
            let read = read(set).unwrap().organization_role.unwrap();
            assert_eq!((read.arn.as_str(), read.external_id.as_deref()), (arn, expected));
        }
        // Whoever gives an external id has forgotten the role, and would be asked about with the function's own.
        let error = read(&[region, external_id]).unwrap_err().to_string();
        assert!(
            error.contains("CRISGUARD_ORGANIZATION_EXTERNAL_ID has no effect without CRISGUARD_ORGANIZATION_ROLE_ARN"),
            "{error}"
        );
    }

    #[test]
    fn a_policy_has_a_bucket_and_a_key() {
        let region = ("AWS_REGION", "eu-west-1");
        let bucket = ("CRISGUARD_POLICY_BUCKET", "policies");
        let reports = ("CRISGUARD_REPORTS_BUCKET", "reports");
        let whole = read(&[region, bucket, reports, ("CRISGUARD_POLICY_KEY", "p.yaml")]).unwrap();
        assert_eq!(
            whole.places.policy.map(|policy| policy.to_string()).as_deref(),
            Some("s3://policies/p.yaml")
        );
        assert_eq!(whole.places.reports.as_deref(), Some("reports"));
        let neither = read(&[region]).unwrap();
        assert_eq!((neither.places.policy, neither.places.reports), (None, None));
        // Without its policy an audit decides nothing.
        for (half, missing) in [
            (bucket, "CRISGUARD_POLICY_KEY is not set"),
            (("CRISGUARD_POLICY_KEY", "p.yaml"), "CRISGUARD_POLICY_BUCKET is not set"),
        ] {
            let error = read(&[region, half]).unwrap_err().to_string();
            assert!(error.contains(missing), "{error}");
        }
    }

    #[test]
    fn one_error_names_every_problem() {
        let error = read(&[("CRISGUARD_LOG_LEVEL", "lo=ud=er")]).unwrap_err().to_string();
        assert!(
            error.contains("AWS_REGION is not set") && error.contains("CRISGUARD_LOG_LEVEL"),
            "{error}"
        );
    }
}
